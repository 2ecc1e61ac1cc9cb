//! One decision over all that a request is charged, by this node alone.

use std::{num::NonZeroU32, time::Duration};

use towergate_core::Timestamp;

use crate::{Charge, Rate, Refusal, RefusedBy, TokenBucket};

impl Charge<'_> {
    /// Returns whether nothing is charged, so that every request is granted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.quota.is_none() && self.throttles.iter().all(Option::is_none)
    }

    /// Decides by this node's own buckets and count.
    ///
    /// # Errors
    ///
    /// Returns the first limit that refuses; nothing is taken then.
    pub fn decide_locally(&self, now: Timestamp) -> Result<(), Refusal> {
        self.decide_by(|rate| rate, now)
    }

    /// Decides by this node's own buckets and count, as one of so many nodes that share each rate.
    ///
    /// # Errors
    ///
    /// Returns the first limit that refuses; nothing is taken then.
    pub fn decide_as_one_of(&self, nodes: NonZeroU32, now: Timestamp) -> Result<(), Refusal> {
        match nodes.get() {
            1 => self.decide_locally(now),
            _ => self.decide_by(|rate| rate.share_of(nodes), now),
        }
    }

    /// All is looked at before anything is taken, so that a refused request leaves no trace. A bucket that another thread
    /// empties in between makes what was taken so far go back; for that moment the buckets before it are emptier by a token
    /// than they should be. The quota is held from the look at it until it is counted, which is last: it never goes back.
    fn decide_by(&self, of: impl Fn(Rate) -> Rate, now: Timestamp) -> Result<(), Refusal> {
        let by_throttle = |index| {
            move |after: Duration| Refusal {
                by: RefusedBy::Throttle(index),
                retry_after: (after < Duration::MAX).then_some(after),
            }
        };
        let by_quota = |after: Duration| Refusal {
            by: RefusedBy::Quota,
            retry_after: Some(after),
        };
        let throttles = || {
            let all = self.throttles.iter().enumerate();
            all.filter_map(|(index, throttle)| Some((index, throttle.as_ref()?)))
        };
        for (index, throttle) in throttles() {
            let peeked = throttle.bucket.peek(&of(throttle.rate), now);
            peeked.map_err(by_throttle(index))?;
        }
        let quota = self.quota.as_ref();
        let quota = quota.map(|quota| quota.counter.hold(quota.quota, now));
        let quota = quota.transpose().map_err(by_quota)?;
        let mut taken = Taken::default();
        for (index, throttle) in throttles() {
            let rate = of(throttle.rate);
            let took = throttle.bucket.take(&rate, now);
            took.map_err(by_throttle(index))?;
            taken.note(index, throttle.bucket, rate);
        }
        if let Some(quota) = quota {
            quota.count();
        }
        taken.keep();
        Ok(())
    }
}

/// The tokens that were taken so far: they go back unless they are kept.
#[derive(Default)]
struct Taken<'a>([Option<(&'a TokenBucket, Rate)>; 3]);

impl<'a> Taken<'a> {
    fn note(&mut self, index: usize, bucket: &'a TokenBucket, rate: Rate) {
        if let Some(slot) = self.0.get_mut(index) {
            *slot = Some((bucket, rate));
        }
    }

    fn keep(mut self) {
        self.0 = [None; 3];
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        for (bucket, rate) in self.0.iter().flatten() {
            bucket.give_back(rate);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ChargedQuota, ChargedThrottle, LimitName, Period, Quota, QuotaCounter};

    const NOW: Timestamp = Timestamp::from_unix_millis(1_000);

    fn throttle(bucket: &TokenBucket, burst: u64) -> Option<ChargedThrottle<'_>> {
        Some(ChargedThrottle {
            name: LimitName::Account("1"),
            rate: Rate::per_second(1.0).burst(burst),
            bucket,
            slot: None,
        })
    }

    #[test]
    fn the_first_limit_that_refuses_is_reported_and_nothing_is_taken() {
        let cases = [
            ("all are free", [2, 2, 2], 2, None),
            (
                "the plan refuses",
                [0, 2, 2],
                2,
                Some(RefusedBy::Throttle(0)),
            ),
            (
                "the stage refuses",
                [2, 0, 2],
                2,
                Some(RefusedBy::Throttle(1)),
            ),
            (
                "the account refuses",
                [2, 2, 0],
                2,
                Some(RefusedBy::Throttle(2)),
            ),
            ("the quota refuses", [2, 2, 2], 0, Some(RefusedBy::Quota)),
            (
                "the stage before the account",
                [2, 0, 0],
                2,
                Some(RefusedBy::Throttle(1)),
            ),
            (
                "a throttle before the quota",
                [2, 2, 0],
                0,
                Some(RefusedBy::Throttle(2)),
            ),
        ];
        for (name, bursts, limit, expected) in cases {
            let buckets: [TokenBucket; 3] = std::array::from_fn(|_| TokenBucket::new());
            let (counter, quota) = (QuotaCounter::default(), Quota::new(limit, Period::Day));
            let [plan, stage, account] = &buckets;
            let charge = Charge {
                throttles: [
                    throttle(plan, bursts[0]),
                    throttle(stage, bursts[1]),
                    throttle(account, bursts[2]),
                ],
                quota: Some(ChargedQuota {
                    name: LimitName::Account("1"),
                    quota: &quota,
                    counter: &counter,
                    slot: None,
                }),
                outage: None,
            };
            let refused = charge.decide_locally(NOW).err().map(|refusal| refusal.by);
            assert_eq!(refused, expected, "{name}");
            let taken = u64::from(expected.is_none());
            for (bucket, burst) in buckets.iter().zip(bursts) {
                let rate = Rate::per_second(1.0).burst(burst);
                assert_eq!(
                    bucket.tokens(&rate, NOW),
                    burst.saturating_sub(taken),
                    "{name}"
                );
            }
            assert_eq!(
                counter.remaining(&quota, NOW),
                limit.saturating_sub(taken),
                "{name}"
            );
        }
    }

    #[test]
    fn one_of_several_nodes_holds_its_share() {
        let nodes = NonZeroU32::new(4).unwrap();
        let bucket = TokenBucket::new();
        let charge = Charge {
            throttles: [throttle(&bucket, 10), None, None],
            ..Charge::default()
        };
        let granted = (0..10).filter(|_| charge.decide_as_one_of(nodes, NOW).is_ok());
        assert_eq!(granted.count(), 3, "a quarter of ten, rounded up");
        let refusal = charge.decide_as_one_of(nodes, NOW).unwrap_err();
        assert_eq!(refusal.retry_after, Some(Duration::from_secs(4)));
    }

    #[test]
    fn tokens_go_back_where_the_last_limit_is_lost_to_another() {
        let bucket = TokenBucket::new();
        let rate = Rate::per_second(1.0).burst(1);
        bucket.take(&rate, NOW).unwrap();
        let mut taken = Taken::default();
        taken.note(0, &bucket, rate);
        drop(taken);
        assert_eq!(bucket.tokens(&rate, NOW), 1);
    }

    #[test]
    fn nothing_charged_is_granted() {
        assert!(Charge::default().is_empty());
        assert_eq!(Charge::default().decide_locally(NOW), Ok(()));
    }
}
