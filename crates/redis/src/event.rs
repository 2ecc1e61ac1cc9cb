//! What a host may want to count or log of the store.

use std::sync::Arc;

use crate::StoreError;

/// A change of the store that a host may want to count or log.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreEvent {
    /// The store is out of reach: requests follow the policy of their charge until [`Recovered`](Self::Recovered).
    Degraded {
        /// What was seen last.
        cause: StoreError,
    },
    /// The store is in reach again, and knows what nodes granted meanwhile.
    Recovered,
}

/// What is called with each event.
pub(crate) type Observer = Arc<dyn Fn(&StoreEvent) + Send + Sync>;
