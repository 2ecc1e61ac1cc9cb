//! What one request is charged: a token of each bucket that holds for it, and one request of a quota.

use std::{fmt, time::Duration};

use towergate_core::{Rejection, ResponseType, Step};

use crate::{Quota, QuotaCounter, Rate, Slot, TokenBucket};

/// What one request is charged. All of it is granted, or nothing is taken.
///
/// The buckets stand in the order in which they refuse: the usage plan's (of the method, or else of the plan), the
/// stage's for the method, the account's. The quota comes last, so that throttled requests do not count.
#[derive(Debug, Clone, Default)]
pub struct Charge<'a> {
    /// The buckets, in the order in which they refuse.
    pub throttles: [Option<ChargedThrottle<'a>>; 3],
    /// The quota.
    pub quota: Option<ChargedQuota<'a>>,
    /// What happens while a shared store cannot be reached; `None` leaves it to the store.
    pub outage: Option<OutagePolicy>,
}

/// A token of one bucket.
#[derive(Debug, Clone)]
pub struct ChargedThrottle<'a> {
    /// What the bucket is for: the same text on every node means the same bucket.
    pub name: LimitName<'a>,
    /// How fast it fills.
    pub rate: Rate,
    /// This node's own bucket, which holds where there is no shared store or it is out of reach.
    pub bucket: &'a TokenBucket,
    /// Room for what a shared store keeps of the limit on this node; without it each decision is asked for.
    pub slot: Option<&'a Slot>,
}

/// One request of a quota.
#[derive(Debug, Clone)]
pub struct ChargedQuota<'a> {
    /// What the quota is for: the same text on every node means the same count.
    pub name: LimitName<'a>,
    /// How many requests there are in a period.
    pub quota: &'a Quota,
    /// This node's own count, which holds where there is no shared store or it is out of reach.
    pub counter: &'a QuotaCounter,
    /// Room for what a shared store keeps of the limit on this node; without it each decision is asked for.
    pub slot: Option<&'a Slot>,
}

/// What a limit is for. Displayed, it is a text that no other limit has, the same on every node: `plan/p1/k1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LimitName<'a> {
    /// All requests of an account.
    Account(&'a str),
    /// A method of a stage.
    Stage {
        /// The API's id.
        api: &'a str,
        /// The stage's name.
        stage: &'a str,
        /// The method, as `pets/{id}/GET`.
        method: &'a str,
    },
    /// What a key may do by a usage plan.
    Plan {
        /// The plan's id.
        plan: &'a str,
        /// The key's id.
        key: &'a str,
    },
    /// What a key may do on one method by a usage plan.
    PlanMethod {
        /// The plan's id.
        plan: &'a str,
        /// The key's id.
        key: &'a str,
        /// The API's id.
        api: &'a str,
        /// The stage's name.
        stage: &'a str,
        /// The method, as `pets/{id}/GET`.
        method: &'a str,
    },
    /// A caller of a [`ThrottleLayer`](crate::ThrottleLayer) with a shared store.
    Caller {
        /// The layer's name.
        layer: &'a str,
        /// A hash of what tells the caller.
        hash: u128,
    },
}

impl fmt::Display for LimitName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Account(account) => write!(f, "account/{}", Part(account)),
            Self::Stage { api, stage, method } => {
                write!(f, "stage/{}/{}/{method}", Part(api), Part(stage))
            }
            Self::Plan { plan, key } => write!(f, "plan/{}/{}", Part(plan), Part(key)),
            Self::PlanMethod {
                plan,
                key,
                api,
                stage,
                method,
            } => {
                let (plan, key) = (Part(plan), Part(key));
                write!(
                    f,
                    "plan-method/{plan}/{key}/{}/{}/{method}",
                    Part(api),
                    Part(stage)
                )
            }
            Self::Caller { layer, hash } => write!(f, "caller/{}/{hash:032x}", Part(layer)),
        }
    }
}

/// A part of a name: `/` and `%` in it, which could end it, are escaped.
struct Part<'a>(&'a str);

impl fmt::Display for Part<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for piece in self.0.split_inclusive(['/', '%']) {
            match piece.strip_suffix(['/', '%']) {
                None => f.write_str(piece)?,
                Some(rest) if piece.ends_with('/') => write!(f, "{rest}%2F")?,
                Some(rest) => write!(f, "{rest}%25")?,
            }
        }
        Ok(())
    }
}

/// Which limit refused a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RefusedBy {
    /// A bucket, by its number in the [`Charge`].
    Throttle(usize),
    /// The quota.
    Quota,
    /// Nobody: the shared store is out of reach, and the policy is [`OutagePolicy::Closed`].
    Outage,
}

/// Why a request was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// The limit that refused first.
    pub by: RefusedBy,
    /// After how long a request may be granted at the earliest, if that is known and there is such a time.
    pub retry_after: Option<Duration>,
}

impl Refusal {
    /// Returns the rejection that clients see: 429 `Too Many Requests` or `Limit Exceeded`.
    #[must_use]
    pub fn rejection(&self) -> Rejection {
        let response_type = match self.by {
            RefusedBy::Quota => ResponseType::QuotaExceeded,
            RefusedBy::Throttle(_) | RefusedBy::Outage => ResponseType::Throttled,
        };
        Rejection::new(response_type, Step::Throttle)
    }
}

/// What happens to requests while a shared store cannot be reached.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OutagePolicy {
    /// Each node holds its share of each rate, and the whole quota, by itself.
    #[default]
    Local,
    /// Every request is granted.
    Open,
    /// Every request is refused, as throttled.
    Closed,
}
