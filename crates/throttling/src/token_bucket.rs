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
/// down lowers the burst with the rate. Requests whose times are up to a second out of order get no more than rate and burst
/// together; where time goes back further, an emptied bucket is empty as of then, and fills once more as time goes on.
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
    /// One atomic is all there is, and no other memory is published through it. Each call that writes replaces exactly the
    /// value that it decided by, or decides again.
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
        let mut full_at = self.full_at.load(Ordering::Relaxed);
        loop {
            let Outcome { next, taken } = take_one(full_at, rate, now);
            // What a refusal changes is mended here too: where all look before they take, nobody else would.
            if taken.is_ok() || next == full_at {
                return taken;
            }
            match self.swap(full_at, next) {
                Ok(()) => return taken,
                Err(changed) => full_at = changed,
            }
        }
    }

    /// Takes a token.
    ///
    /// # Errors
    ///
    /// Returns after how long there will be one; [`Duration::MAX`] if never. Nothing was taken then.
    pub fn take(&self, rate: &Rate, now: Timestamp) -> Result<(), Duration> {
        take_while(&self.full_at, rate, now, |_| true).unwrap_or(Err(Duration::MAX))
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
        self.state(rate, now).tokens
    }

    /// Returns what there is to tell of the bucket.
    pub(crate) fn state(&self, rate: &Rate, now: Timestamp) -> State {
        state_of(self.full_at.load(Ordering::Relaxed), rate, now)
    }

    /// Returns whether the bucket is full: as one that was never used.
    #[must_use]
    pub fn is_full(&self, now: Timestamp) -> bool {
        self.full_at.load(Ordering::Relaxed) <= now.as_unix_nanos()
    }

    fn swap(&self, full_at: u64, next: u64) -> Result<(), u64> {
        let swapped =
            self.full_at
                .compare_exchange(full_at, next, Ordering::Relaxed, Ordering::Relaxed);
        swapped.map(|_| ())
    }
}

/// Takes a token of the bucket that is full at a moment, unless it is not to count: `counts` is asked before each attempt,
/// and sees what was written before that moment was.
#[inline]
pub(crate) fn take_while(
    full_at: &AtomicU64,
    rate: &Rate,
    now: Timestamp,
    counts: impl Fn(u64) -> bool,
) -> Option<Result<(), Duration>> {
    let mut seen = full_at.load(Ordering::Acquire);
    loop {
        if !counts(seen) {
            return None;
        }
        let Outcome { next, taken } = take_one(seen, rate, now);
        if next == seen {
            return Some(taken);
        }
        match full_at.compare_exchange(seen, next, Ordering::Relaxed, Ordering::Acquire) {
            Ok(_) => return Some(taken),
            Err(changed) => seen = changed,
        }
    }
}

/// What becomes of a bucket as a token is taken from it.
pub(crate) struct Outcome {
    /// When it is full then: later than never, if a token was taken.
    pub(crate) next: u64,
    /// Whether there was a token, or after how long there is one.
    pub(crate) taken: Result<(), Duration>,
}

/// Takes a token of a bucket that is full at a moment, zero if it was never used.
#[inline]
pub(crate) fn take_one(full_at: u64, rate: &Rate, now: Timestamp) -> Outcome {
    let Some(interval) = rate.interval_nanos() else {
        return Outcome {
            next: full_at,
            taken: Err(Duration::MAX),
        };
    };
    let now = now.as_unix_nanos();
    let empty = now.saturating_add(rate.capacity_nanos());
    let next = full_at.max(now).saturating_add(interval);
    match next.checked_sub(empty) {
        None | Some(0) => Outcome {
            next,
            taken: Ok(()),
        },
        Some(missing) => refuse(full_at, empty, interval, missing),
    }
}

#[cold]
fn refuse(full_at: u64, empty: u64, interval: u64, missing: u64) -> Outcome {
    let is_emptier = full_at > empty.saturating_add(SLACK);
    let (next, after) = match is_emptier {
        true => (empty, interval),
        false => (full_at, missing),
    };
    Outcome {
        next,
        taken: Err(Duration::from_nanos(after)),
    }
}

/// What there is to tell of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct State {
    /// How many tokens it has.
    pub(crate) tokens: u64,
    /// After how long it has one more: zero if it is full, `None` if it never has any.
    pub(crate) one_more: Option<Duration>,
}

/// Returns what there is to tell of a bucket that is full at a moment.
pub(crate) fn state_of(full_at: u64, rate: &Rate, now: Timestamp) -> State {
    let Some(interval) = rate.interval_nanos() else {
        return State {
            tokens: 0,
            one_more: None,
        };
    };
    let (capacity, missing) = (
        rate.capacity_nanos(),
        full_at.saturating_sub(now.as_unix_nanos()),
    );
    let tokens = capacity.saturating_sub(missing) / interval;
    // So much may be missing of a bucket with one token more.
    let then = capacity.saturating_sub(tokens.saturating_add(1).saturating_mul(interval));
    State {
        tokens,
        one_more: Some(Duration::from_nanos(missing.saturating_sub(then))),
    }
}

#[cfg(test)]
mod tests;
