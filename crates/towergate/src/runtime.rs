//! What outlives every compile: backends, time, chance, the observer.

use std::{fmt, sync::Arc};

use towergate_core::{Observer, TrustedHops};
use towergate_integrations::Backends;

/// What the APIs of a gateway share.
#[derive(Clone)]
pub(crate) struct Runtime {
    pub(crate) backends: Backends,
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) trusted_hops: TrustedHops,
}

impl Default for Runtime {
    fn default() -> Self {
        Self {
            backends: Backends::new(),
            observer: Arc::new(()),
            trusted_hops: TrustedHops::default(),
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
