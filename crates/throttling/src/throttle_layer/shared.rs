//! The part of a layer that asks a store which nodes share.

use std::{sync::Arc, time::Duration};

use towergate_core::Timestamp;

use super::Decision;
use crate::{
    Charge, ChargedThrottle, LimitName, OutagePolicy, Rate, Refusal, RefusedBy, SharedLimits,
    TokenBucket, digest::DigestKey,
};

/// A store that nodes share, and the name of the layer there.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) store: Arc<dyn SharedLimits>,
    pub(super) name: Arc<str>,
}

/// The store is out of reach.
pub(super) struct Unreachable;

impl Shared {
    /// Decides on a caller if that needs no waiting.
    pub(super) fn decide_now(
        &self,
        key: &[u8],
        rate: Rate,
        now: Timestamp,
    ) -> Option<Result<Decision, Unreachable>> {
        let unused = TokenBucket::new();
        let charge = self.charge(key, rate, &unused);
        self.store.decide_now(&charge, now).map(decision)
    }

    /// Asks the store.
    pub(super) async fn decide(
        &self,
        key: &[u8],
        rate: Rate,
        now: Timestamp,
    ) -> Result<Decision, Unreachable> {
        let unused = TokenBucket::new();
        let charge = self.charge(key, rate, &unused);
        decision(self.store.decide(&charge, now).await)
    }

    fn charge<'a>(&'a self, key: &[u8], rate: Rate, unused: &'a TokenBucket) -> Charge<'a> {
        let throttle = ChargedThrottle {
            name: LimitName::Caller {
                layer: &self.name,
                hash: DigestKey::SAME_EVERYWHERE.of(key),
            },
            rate,
            bucket: unused,
            slot: None,
        };
        Charge {
            throttles: [Some(throttle), None, None],
            quota: None,
            // So that an outage is told from a limit. The layer itself has the buckets that hold then.
            outage: Some(OutagePolicy::Closed),
        }
    }
}

fn decision(decided: Result<(), Refusal>) -> Result<Decision, Unreachable> {
    match decided {
        Ok(()) => Ok(Decision::GRANTED),
        Err(refusal) if refusal.by == RefusedBy::Outage => Err(Unreachable),
        Err(refusal) => Ok(Decision {
            retry_after: Some(refusal.retry_after.unwrap_or(Duration::MAX)),
            fields: None,
        }),
    }
}
