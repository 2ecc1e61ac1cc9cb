//! One token bucket on one atomic.

use std::time::Duration;

use towergate_core::Timestamp;

use crate::{
    Rate,
    sync::{AtomicU64, Ordering},
};

/// A token bucket: full at first, filled at a [`Rate`], emptied by a token a request.
///
/// It keeps the moment at which it is full again (the generic cell rate algorithm), in eight bytes and without a lock. The
/// rate comes with each call, so that it may change at any time: a bucket is then full as soon as before, but no emptier than
/// a second beneath empty. So a bucket that a slower rate finds empty holds nearly its burst at once: whoever slows a caller
/// down lowers the burst with the rate. Time that goes back, or leaps, does no more harm than that.
///
/// ```
/// use std::time::Duration;
/// use towergate_core::Timestamp;
/// use towergate_throttling::{Rate, TokenBucket};
///
/// let (bucket, rate) = (TokenBucket::new(), Rate::per_second(1.0).burst(2));
/// let now = Timestamp::from_unix_millis(0);
/// assert!(bucket.take(&rate, now).is_ok() && bucket.take(&rate, now).is_ok());
/// assert_eq!(bucket.take(&rate, now), Err(Duration::from_secs(1)));
/// assert!(bucket.take(&rate, now.saturating_add(Duration::from_secs(1))).is_ok());
/// ```
#[derive(Debug, Default)]
pub struct TokenBucket {
    /// When the bucket is full, in nanoseconds since the Unix epoch.
    ///
    /// One atomic is all there is, and no other memory is published through it: relaxed ordering is enough. Each call
    /// that writes replaces exactly the value that it decided by, or decides again.
    full_at: AtomicU64,
}

/// How far beneath empty a bucket may be, in nanoseconds, before it counts as empty.
///
/// Two requests may look at the clock in one order and at the bucket in the other. To the one whose time is earlier, a
/// bucket that was just emptied is emptier than empty: it must not be filled up by that. A bucket that is emptier by more
/// than this was emptied at another rate, or by another time.
const SLACK: u64 = 1_000_000_000;

impl TokenBucket {
    /// Creates a full bucket.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Says whether there is a token, and takes none.
    ///
    /// # Errors
    ///
    /// Returns after how long there will be one; [`Duration::MAX`] if never.
    pub fn peek(&self, rate: &Rate, now: Timestamp) -> Result<(), Duration> {
        let full_at = self.load(rate, now);
        after_one(full_at, rate, now).map(|_| ())
    }

    /// Takes a token.
    ///
    /// # Errors
    ///
    /// Returns after how long there will be one; [`Duration::MAX`] if never. Nothing was taken then.
    pub fn take(&self, rate: &Rate, now: Timestamp) -> Result<(), Duration> {
        let mut full_at = self.load(rate, now);
        loop {
            let next = after_one(full_at, rate, now)?;
            match self.swap(full_at, next) {
                Ok(()) => return Ok(()),
                Err(changed) => full_at = changed,
            }
        }
    }

    /// Gives back a token that was taken at this rate.
    pub fn give_back(&self, rate: &Rate) {
        let Some(interval) = rate.interval_nanos() else {
            return;
        };
        let mut full_at = self.full_at.load(Ordering::Relaxed);
        // A moment that has passed is a full bucket, whichever it is.
        while let Err(changed) = self.swap(full_at, full_at.saturating_sub(interval)) {
            full_at = changed;
        }
    }

    /// Returns how many tokens there are.
    #[must_use]
    pub fn tokens(&self, rate: &Rate, now: Timestamp) -> u64 {
        let Some(interval) = rate.interval_nanos() else {
            return 0;
        };
        let missing = self.nanos_to_full(now).min(rate.capacity_nanos());
        (rate.capacity_nanos() - missing) / interval
    }

    /// Returns how many tokens there are, and when the bucket is full.
    pub(crate) fn state(&self, rate: &Rate, now: Timestamp) -> (u64, Duration) {
        let full_after = Duration::from_nanos(self.nanos_to_full(now));
        (self.tokens(rate, now), full_after)
    }

    /// Returns whether the bucket is full: as one that was never used.
    #[must_use]
    pub fn is_full(&self, now: Timestamp) -> bool {
        self.nanos_to_full(now) == 0
    }

    /// Returns when the bucket is full, once it is no emptier than empty.
    fn load(&self, rate: &Rate, now: Timestamp) -> u64 {
        let full_at = self.full_at.load(Ordering::Relaxed);
        let empty = now.as_unix_nanos().saturating_add(rate.capacity_nanos());
        match full_at > empty.saturating_add(SLACK) {
            true => self
                .swap(full_at, empty)
                .map_or_else(|changed| changed, |()| empty),
            false => full_at,
        }
    }

    fn swap(&self, full_at: u64, next: u64) -> Result<(), u64> {
        let swapped =
            self.full_at
                .compare_exchange(full_at, next, Ordering::Relaxed, Ordering::Relaxed);
        swapped.map(|_| ())
    }

    fn nanos_to_full(&self, now: Timestamp) -> u64 {
        let full_at = self.full_at.load(Ordering::Relaxed);
        full_at.saturating_sub(now.as_unix_nanos())
    }
}

/// Returns when a bucket will be full once a token is taken from it, or after how long there is one.
fn after_one(full_at: u64, rate: &Rate, now: Timestamp) -> Result<u64, Duration> {
    let Some(interval) = rate.interval_nanos() else {
        return Err(Duration::MAX);
    };
    let now = now.as_unix_nanos();
    let empty = now.saturating_add(rate.capacity_nanos());
    let next = full_at.max(now).saturating_add(interval);
    match next.checked_sub(empty) {
        None | Some(0) => Ok(next),
        Some(missing) => Err(Duration::from_nanos(missing)),
    }
}

#[cfg(test)]
mod tests;
