//! Chance that a test chooses.

use std::sync::atomic::{AtomicU64, Ordering};

use towergate_core::Random;

/// Numbers that count up from a seed, the same in every run.
#[derive(Debug, Default)]
pub struct FixedRandom(AtomicU64);

impl FixedRandom {
    /// Creates a source whose first number is `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }
}

impl Random for FixedRandom {
    fn next_u64(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}
