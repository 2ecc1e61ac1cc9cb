//! Buckets for callers that nobody has listed: a table that does not grow past its bound.

mod table;

use std::{fmt, time::Duration};

use towergate_core::Timestamp;

use self::table::Table;
use crate::{
    Rate, TokenBucket,
    digest::DigestKey,
    sync::{AtomicUsize, Ordering},
    token_bucket::{Outcome, State, take_one},
};

/// How many callers a [`ThrottleLayer`](crate::ThrottleLayer) tells apart unless it is told otherwise.
pub const DEFAULT_MAX_KEYS: usize = 100_000;

/// A token bucket for each caller, up to a number of callers at a time.
///
/// Callers are told apart by a keyed 128-bit hash of whatever tells them apart: nobody can choose keys that share a bucket,
/// and a long key takes no more room than a short one. A bucket that is full is the same as none: with each new caller, a
/// few that are full make room, so that there is nothing to clean up at other times. Where there is no room and those few are all
/// in use, further callers share one bucket; those who have one keep it until it is full. Whoever shared and then finds room has
/// his burst once more.
///
/// The table never grows: it is made at once, of 38 bytes for each caller that there is room for, which most systems hand out
/// only as they are used. A decision on a caller that is known takes a hash, one atomic and no lock, and allocates nothing.
///
/// ```
/// use towergate_core::Timestamp;
/// use towergate_throttling::{KeyedBuckets, Rate};
///
/// let (buckets, rate) = (KeyedBuckets::new(1_000), Rate::per_second(1.0).burst(1));
/// let now = Timestamp::from_unix_millis(0);
/// assert!(buckets.take(b"203.0.113.7", &rate, now).is_ok());
/// assert!(buckets.take(b"203.0.113.7", &rate, now).is_err());
/// assert!(buckets.take(b"203.0.113.8", &rate, now).is_ok());
/// ```
pub struct KeyedBuckets {
    digest: DigestKey,
    table: Table,
    places: Places,
}

/// The hash of a caller, as two halves. Either is as good as random, and the first is not zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Fingerprint([u64; 2]);

/// The callers that there is room for, how many there are, and what others do. It is on lines of the cache of its own: a storm
/// of strangers, who write here, takes from nobody what all read.
#[derive(Debug)]
#[repr(align(128))]
struct Places {
    taken: AtomicUsize,
    max: usize,
    /// What callers share that find no room.
    overflow: TokenBucket,
}

/// How many sets of callers are looked at for a new one, so that the table gets emptier as long as it can.
const PROBES: usize = 1;

/// How many are looked at where there is no room.
const PROBES_AT_BOUND: usize = 4;

impl KeyedBuckets {
    /// Creates a table for so many callers at a time, at least one. Its memory is asked for at once: a number that stands for
    /// "without end" ends as any allocation does that is too large.
    #[must_use]
    pub fn new(max_keys: usize) -> Self {
        let max_keys = max_keys.max(1);
        Self {
            digest: DigestKey::random(),
            table: Table::new(max_keys),
            places: Places {
                taken: AtomicUsize::new(0),
                max: max_keys,
                overflow: TokenBucket::new(),
            },
        }
    }

    /// Takes a token of the bucket of the caller that `key` tells.
    ///
    /// # Errors
    ///
    /// Returns after how long there will be one; [`Duration::MAX`] if never. Nothing was taken then.
    #[inline]
    pub fn take(&self, key: &[u8], rate: &Rate, now: Timestamp) -> Result<(), Duration> {
        let caller = self.fingerprint(key);
        match self.table.take(caller, rate, now) {
            Some(taken) => taken,
            None => self.take_first(caller, rate, now),
        }
    }

    /// Returns what there is to tell of the bucket of a caller.
    pub(crate) fn state(&self, key: &[u8], rate: &Rate, now: Timestamp) -> State {
        let state = self.table.state(self.fingerprint(key), rate, now);
        state.unwrap_or_else(|| self.places.overflow.state(rate, now))
    }

    #[inline]
    fn fingerprint(&self, key: &[u8]) -> Fingerprint {
        let digest = self.digest.of(key);
        Fingerprint([(digest as u64).max(1), (digest >> 64) as u64])
    }

    /// Returns for how many callers there is a bucket, at most as many as there is room for; some of them may be full.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.taken.load(Ordering::Relaxed)
    }

    /// Returns whether there is no bucket.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes a token of a new bucket, if there is room for one.
    #[cold]
    fn take_first(&self, caller: Fingerprint, rate: &Rate, now: Timestamp) -> Result<(), Duration> {
        // Who gets nothing of a full bucket needs none, and waits for nobody.
        let Outcome { next, taken } = take_one(0, rate, now);
        taken?;
        let Some(mut region) = self.table.lock(caller) else {
            return self.places.overflow.take(rate, now);
        };
        // Another request of the caller may have been here before.
        if let Some(taken) = self.table.take(caller, rate, now) {
            return taken;
        }
        let probes = match self.places.is_full() {
            true => PROBES_AT_BOUND,
            false => PROBES,
        };
        self.places.give_back(region.reclaim(probes, now));
        if !self.places.take() {
            return self.places.overflow.take(rate, now);
        }
        if !region.insert(caller, next) {
            self.places.give_back(1);
            return self.places.overflow.take(rate, now);
        }
        Ok(())
    }
}

impl Places {
    fn is_full(&self) -> bool {
        self.taken.load(Ordering::Relaxed) >= self.max
    }

    /// Takes a place, if there is one.
    fn take(&self) -> bool {
        let next = |taken| (taken < self.max).then_some(taken + 1);
        let taken = (self.taken).fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
        taken.is_ok()
    }

    fn give_back(&self, places: usize) {
        self.taken.fetch_sub(places, Ordering::Relaxed);
    }
}

impl fmt::Debug for KeyedBuckets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyedBuckets")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
