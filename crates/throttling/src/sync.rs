//! What buckets are shared by, which a model checker replaces by its own.

#[cfg(towergate_loom)]
pub(crate) use loom::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};
#[cfg(not(towergate_loom))]
pub(crate) use std::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

/// Makes so many zeros, of memory that the system hands out as it is used.
pub(crate) fn zeros(len: usize) -> Box<[AtomicU64]> {
    #[cfg(not(towergate_loom))]
    if let Ok(zeros) = zerocopy::FromZeros::new_box_zeroed_with_elems(len) {
        return zeros;
    }
    // Where there is no memory this ends as other allocations do.
    (0..len).map(|_| AtomicU64::new(0)).collect()
}
