//! What outlives every compile: backends, time, chance, the observer.

use std::{fmt, sync::Arc};

use towergate_core::{Observer, TrustedHops};
use towergate_integrations::Backends;
use towergate_throttling::{BucketRegistry, LimitName, Rate, Throttle, UsagePlans};

/// What the APIs of a gateway share.
#[derive(Clone)]
pub(crate) struct Runtime {
    pub(crate) backends: Backends,
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) trusted_hops: TrustedHops,
    /// The API keys, the usage plans, and what was used of them.
    pub(crate) plans: UsagePlans,
    /// The buckets of accounts and stages.
    pub(crate) buckets: BucketRegistry,
}

impl Runtime {
    /// Returns the limit of an account, if it has one.
    pub(crate) fn account_throttle(&self, rate: Option<Rate>, account: &str) -> Option<Throttle> {
        let bucket = |rate| {
            let name = LimitName::Account(account);
            Throttle::new(rate, self.buckets.bucket(name))
        };
        rate.map(bucket)
    }
}

impl Default for Runtime {
    fn default() -> Self {
        Self {
            backends: Backends::new(),
            observer: Arc::new(()),
            trusted_hops: TrustedHops::default(),
            plans: UsagePlans::default(),
            buckets: BucketRegistry::default(),
        }
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime")
            .field("backends", &self.backends)
            .field("trusted_hops", &self.trusted_hops)
            .finish_non_exhaustive()
    }
}
