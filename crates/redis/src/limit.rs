//! The limits of a charge, one like the other.

use std::num::NonZeroU32;

use towergate_throttling::{Charge, ChargedQuota, ChargedThrottle, RefusedBy, Slot};

use crate::{
    key_names::KeyNames, lending, limits::give_back::GiveBack, quota_arguments::QuotaArguments,
};

/// A bucket or a quota of a charge.
#[derive(Clone, Copy)]
pub(crate) enum Limit<'a> {
    Throttle(&'a ChargedThrottle<'a>),
    Quota(&'a ChargedQuota<'a>),
}

/// Returns the limits of a charge, in the order in which they refuse.
pub(crate) fn limits_of<'a>(charge: &'a Charge<'a>) -> [Option<Limit<'a>>; 4] {
    let [first, second, third] = &charge.throttles;
    [
        first.as_ref().map(Limit::Throttle),
        second.as_ref().map(Limit::Throttle),
        third.as_ref().map(Limit::Throttle),
        charge.quota.as_ref().map(Limit::Quota),
    ]
}

/// Names the limit at a place of [`limits_of`].
pub(crate) fn refused_by(place: usize) -> RefusedBy {
    match place {
        0..3 => RefusedBy::Throttle(place),
        _ => RefusedBy::Quota,
    }
}

impl<'a> Limit<'a> {
    pub(crate) fn slot(self) -> Option<&'a Slot> {
        match self {
            Self::Throttle(throttle) => throttle.slot,
            Self::Quota(quota) => quota.slot,
        }
    }

    /// Returns how much a node borrows at once; one means that each decision is asked for.
    pub(crate) fn lease_size(self, nodes: NonZeroU32) -> u64 {
        match self {
            Self::Throttle(throttle) => lending::tokens(&throttle.rate, nodes),
            Self::Quota(quota) => lending::requests(quota.quota, nodes),
        }
    }

    /// Returns how what was borrowed and not spent is given back.
    pub(crate) fn give_back(self, keys: &KeyNames) -> GiveBack {
        match self {
            Self::Throttle(throttle) => GiveBack::tokens(keys.bucket(&throttle.name)),
            Self::Quota(quota) => {
                let kind = QuotaArguments::new(quota.quota).kind;
                GiveBack::requests(keys.quota(&quota.name), kind)
            }
        }
    }
}
