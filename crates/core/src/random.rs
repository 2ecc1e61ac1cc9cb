//! Random numbers, injected.

use std::hash::{BuildHasher, Hasher, RandomState};

/// Gives random numbers, for ids and for draws between a stage and its canary.
///
/// They must be hard to repeat by accident. They need not be hard to guess: nothing secret is made of them.
pub trait Random: Send + Sync + 'static {
    /// Returns 64 random bits.
    fn next_u64(&self) -> u64;
}

/// Chance from the keys that the standard library draws from the system once a thread.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn next_u64(&self) -> u64 {
        // Each `RandomState` has a key of its own, so hashing nothing gives a new number.
        RandomState::new().build_hasher().finish()
    }
}
