//! What holds for a method of a stage, whoever calls.

use std::sync::Arc;

use crate::{
    Charge, ChargedThrottle, LimitName, NamedBucket, Rate, Subscription,
    method_key::{MethodRef, StageRef, canonical_method},
};

/// A limit of a stage or an account: a bucket that all callers share, and how fast it fills.
#[derive(Debug, Clone)]
pub struct Throttle {
    /// How fast the bucket fills.
    pub rate: Rate,
    /// The bucket, from a [`BucketRegistry`](crate::BucketRegistry).
    pub bucket: Arc<NamedBucket>,
}

impl Throttle {
    /// Creates a limit.
    #[must_use]
    pub fn new(rate: Rate, bucket: Arc<NamedBucket>) -> Self {
        Self { rate, bucket }
    }

    #[inline]
    fn charge(&self) -> ChargedThrottle<'_> {
        ChargedThrottle {
            name: self.bucket.name(),
            rate: self.rate,
            bucket: self.bucket.bucket(),
            slot: Some(self.bucket.slot()),
        }
    }
}

/// The limits of one method of a stage, made once when the stage is: whoever calls is held to them, and what the usage plan
/// of a key adds is found by them.
///
/// ```
/// use towergate_core::Timestamp;
/// use towergate_throttling::{BucketRegistry, LimitName, MethodLimits, Rate, Throttle};
///
/// let buckets = BucketRegistry::default();
/// let name = LimitName::Stage { api: "pets", stage: "prod", method: "pets/{id}/GET" };
/// let stage = Throttle::new(Rate::per_second(1.0).burst(1), buckets.bucket(name));
/// let limits = MethodLimits::new("pets", "prod", "/pets/{id}/GET").stage_throttle(stage);
///
/// let now = Timestamp::from_unix_millis(0);
/// assert!(limits.charge(None).decide_locally(now).is_ok());
/// assert!(limits.charge(None).decide_locally(now).is_err());
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct MethodLimits {
    api: Box<str>,
    stage: Box<str>,
    method: Box<str>,
    stage_id: u64,
    method_id: u64,
    stage_throttle: Option<Throttle>,
    account_throttle: Option<Throttle>,
}

impl MethodLimits {
    /// Creates the limits of a method, such as `pets/{id}/GET` with or without a leading slash; so far there are none.
    pub fn new(api: impl Into<Box<str>>, stage: impl Into<Box<str>>, method: &str) -> Self {
        let (api, stage) = (api.into(), stage.into());
        let method = canonical_method(method).into_boxed_str();
        Self {
            stage_id: StageRef::new(&api, &stage).id,
            method_id: MethodRef::new(&method).id,
            api,
            stage,
            method,
            stage_throttle: None,
            account_throttle: None,
        }
    }

    /// Sets the limit of the stage's method settings.
    pub fn stage_throttle(mut self, throttle: impl Into<Option<Throttle>>) -> Self {
        self.stage_throttle = throttle.into();
        self
    }

    /// Sets the limit of the account.
    pub fn account_throttle(mut self, throttle: impl Into<Option<Throttle>>) -> Self {
        self.account_throttle = throttle.into();
        self
    }

    /// Returns the method in the spelling that names and plans have: `pets/{id}/GET`, and `/GET` on the root.
    #[must_use]
    pub fn method(&self) -> &str {
        &self.method
    }

    /// Returns the name of the bucket of the stage's method settings.
    #[must_use]
    pub fn stage_name(&self) -> LimitName<'_> {
        LimitName::Stage {
            api: &self.api,
            stage: &self.stage,
            method: &self.method,
        }
    }

    /// Returns what a request is charged: by the plan, if it has a key, then by the stage, then by the account.
    #[must_use]
    #[inline]
    pub fn charge<'a>(&'a self, subscription: Option<&'a Subscription>) -> Charge<'a> {
        // Written in one go: a charge is large, and moving it costs more than deciding by it.
        Charge {
            throttles: [
                subscription.and_then(Subscription::throttle),
                self.stage_throttle.as_ref().map(Throttle::charge),
                self.account_throttle.as_ref().map(Throttle::charge),
            ],
            quota: subscription.and_then(Subscription::quota),
            outage: subscription.and_then(Subscription::outage),
        }
    }

    pub(crate) fn stage_ref(&self) -> StageRef<'_> {
        StageRef {
            id: self.stage_id,
            api: &self.api,
            stage: &self.stage,
        }
    }

    pub(crate) fn method_ref(&self) -> MethodRef<'_> {
        MethodRef {
            id: self.method_id,
            key: &self.method,
        }
    }
}

/// The tokens a second that an account has unless it says otherwise.
const ACCOUNT_RATE: f64 = 10_000.0;
/// The burst that an account has unless it says otherwise.
const ACCOUNT_BURST: u64 = 5_000;

/// Returns the rate of an account that says nothing else: 10 000 requests a second, with a burst of 5 000.
#[must_use]
pub fn account_rate() -> Rate {
    Rate::per_second(ACCOUNT_RATE).burst(ACCOUNT_BURST)
}

/// Returns the rate of method settings or a plan: `throttlingRateLimit` and `throttlingBurstLimit`.
///
/// What is absent or negative is not set (stages.md, section 3.2): if neither is, there is no limit; if one is, the other
/// is the [account's](account_rate). Zero lets nothing through.
#[must_use]
pub fn throttle_rate(rate_limit: Option<f64>, burst_limit: Option<i64>) -> Option<Rate> {
    // What is not a number is a limit of zero, as for `Rate`: it must not open what was to be limited.
    let rate_limit = rate_limit.filter(|rate| *rate >= 0.0 || rate.is_nan());
    let burst_limit = burst_limit.and_then(|burst| u64::try_from(burst).ok());
    if rate_limit.is_none() && burst_limit.is_none() {
        return None;
    }
    let rate = Rate::per_second(rate_limit.unwrap_or(ACCOUNT_RATE));
    Some(rate.burst(burst_limit.unwrap_or(ACCOUNT_BURST)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_are_not_set_are_the_accounts() {
        let cases = [
            ("nothing", None, None, None),
            ("both negative", Some(-1.0), Some(-1), None),
            ("both", Some(0.5), Some(7), Some((0.5, 7))),
            ("rate alone", Some(2.0), None, Some((2.0, 5_000))),
            ("burst alone", None, Some(3), Some((10_000.0, 3))),
            ("burst negative", Some(2.0), Some(-1), Some((2.0, 5_000))),
            ("rate negative", Some(-1.0), Some(3), Some((10_000.0, 3))),
            ("zero", Some(0.0), Some(0), Some((0.0, 0))),
            ("not a number", Some(f64::NAN), None, Some((0.0, 5_000))),
        ];
        for (name, rate, burst, expected) in cases {
            let found = throttle_rate(rate, burst);
            let found = found.map(|rate| (rate.tokens_per_second(), rate.tokens()));
            assert_eq!(found, expected, "{name}");
        }
        assert_eq!(account_rate().tokens(), 5_000);
    }

    #[test]
    fn limits_are_charged_in_their_order() {
        let buckets = crate::BucketRegistry::default();
        let limits = MethodLimits::new("pets", "prod", "/~1pets/GET");
        let name = LimitName::Stage {
            api: "pets",
            stage: "prod",
            method: "pets/GET",
        };
        assert_eq!(limits.stage_name(), name);
        let account = LimitName::Account("1");
        let cases = [
            ("none", None, None),
            ("stage", Some(name), None),
            ("account", None, Some(account)),
            ("both", Some(name), Some(account)),
        ];
        for (case, stage, account) in cases {
            let throttle = |name: Option<LimitName<'_>>| {
                name.map(|name| Throttle::new(account_rate(), buckets.bucket(name)))
            };
            let limits = limits.clone().stage_throttle(throttle(stage));
            let limits = limits.account_throttle(throttle(account));
            let charge = limits.charge(None);
            let names = charge
                .throttles
                .map(|throttle| throttle.map(|throttle| throttle.name));
            assert_eq!(names, [None, stage, account], "{case}");
            assert!(charge.quota.is_none(), "{case}");
        }
    }
}
