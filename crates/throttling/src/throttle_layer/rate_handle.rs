//! A rate that changes while requests come.

use std::{fmt, sync::Arc};

use arc_swap::ArcSwap;

use crate::Rate;

/// The rate of a layer, to be changed while requests come.
#[derive(Clone)]
pub struct RateHandle(Arc<ArcSwap<Rate>>);

impl RateHandle {
    pub(super) fn new(rate: Rate) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(rate)))
    }

    /// Sets the rate: every request from now on goes by it. Buckets stay as full as they are.
    pub fn set(&self, rate: Rate) {
        self.0.store(Arc::new(rate));
    }

    /// Returns the rate.
    #[must_use]
    pub fn get(&self) -> Rate {
        **self.0.load()
    }
}

impl fmt::Debug for RateHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RateHandle").field(&self.get()).finish()
    }
}
