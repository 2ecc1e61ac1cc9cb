//! The atomics of buckets, which a model checker replaces by its own.

#[cfg(towergate_loom)]
pub(crate) use loom::sync::atomic::{AtomicU64, Ordering};
#[cfg(not(towergate_loom))]
pub(crate) use std::sync::atomic::{AtomicU64, Ordering};
