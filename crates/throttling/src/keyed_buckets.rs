//! Buckets for callers that nobody has listed: a table that does not grow past its bound.

use std::{
    fmt,
    hash::{Hash, Hasher},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use dashmap::DashMap;
use towergate_core::Timestamp;

use crate::{
    Rate, TokenBucket,
    digest::{AsHash, DigestKey},
};

/// How many callers a [`ThrottleLayer`](crate::ThrottleLayer) tells apart unless it is told otherwise.
pub const DEFAULT_MAX_KEYS: usize = 100_000;

/// A token bucket for each caller, up to a number of callers at a time.
///
/// Callers are told apart by a keyed 128-bit hash of whatever tells them apart: nobody can choose keys that share a bucket,
/// and a long key takes no more room than a short one. A bucket that is full is the same as none: with each new caller, a few that are full make room, so that
/// there is nothing to clean up at other times. Where all are in use, further callers share one bucket until there is room;
/// those who have one keep it.
///
/// With room for a thousand or more, a caller takes at most 128 bytes of it, and about 70. A decision on a caller that is
/// known takes a hash, a look-up and an atomic, and allocates nothing.
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
    buckets: DashMap<Fingerprint, TokenBucket, AsHash>,
    /// Each has its part of the callers, by their hash.
    stripes: Box<[Mutex<Stripe>]>,
    places: Places,
    /// What callers share that find no room.
    overflow: TokenBucket,
}

/// The hash of a caller, as two halves for the alignment of the smaller: it is kept twice, in the map and in a ring. Either
/// half is as good as random.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Fingerprint([u64; 2]);

impl Hash for Fingerprint {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self([hash, _]) = self;
        state.write_u64(*hash);
    }
}

/// The callers that there is room for, and how many there are.
#[derive(Debug)]
struct Places {
    taken: AtomicUsize,
    max: usize,
}

/// A part of the callers, in a ring: a hand goes round and looks whose bucket is full.
#[derive(Debug, Default)]
struct Stripe {
    callers: Vec<Fingerprint>,
    hand: usize,
}

/// How many callers the hand looks at for a new one: more than one, so that the ring gets emptier as long as it can.
const PROBES: usize = 2;

/// How many it looks at where there is no room.
const PROBES_AT_BOUND: usize = 8;

/// How many callers a shard of the map has about, at most: what is moved at once as it grows.
const CALLERS_PER_SHARD: usize = 256;

/// How many callers a stripe has about, at least.
const CALLERS_PER_STRIPE: usize = 64;

const MIN_SHARDS: usize = 16;
const MAX_SHARDS: usize = 4_096;

impl KeyedBuckets {
    /// Creates a table for so many callers at a time, at least one.
    #[must_use]
    pub fn new(max_keys: usize) -> Self {
        let max_keys = max_keys.max(1);
        let shards = (max_keys / CALLERS_PER_SHARD)
            .clamp(MIN_SHARDS, MAX_SHARDS)
            .next_power_of_two();
        // With so many callers in each, none has only newcomers while others have the idle ones.
        let stripes = (max_keys / CALLERS_PER_STRIPE).clamp(1, MAX_SHARDS);
        Self {
            digest: DigestKey::random(),
            buckets: DashMap::with_capacity_and_hasher_and_shard_amount(0, AsHash, shards),
            stripes: (0..stripes).map(|_| Mutex::default()).collect(),
            places: Places {
                taken: AtomicUsize::new(0),
                max: max_keys,
            },
            overflow: TokenBucket::new(),
        }
    }

    /// Takes a token of the bucket of the caller that `key` tells.
    ///
    /// # Errors
    ///
    /// Returns after how long there will be one; [`Duration::MAX`] if never. Nothing was taken then.
    pub fn take(&self, key: &[u8], rate: &Rate, now: Timestamp) -> Result<(), Duration> {
        let fingerprint = self.fingerprint(key);
        match self.buckets.get(&fingerprint) {
            Some(bucket) => bucket.take(rate, now),
            None => self.take_first(fingerprint, rate, now),
        }
    }

    /// Returns how many tokens the bucket of a caller has, and when it is full.
    pub(crate) fn state(&self, key: &[u8], rate: &Rate, now: Timestamp) -> (u64, Duration) {
        match self.buckets.get(&self.fingerprint(key)) {
            Some(bucket) => bucket.state(rate, now),
            None => self.overflow.state(rate, now),
        }
    }

    fn fingerprint(&self, key: &[u8]) -> Fingerprint {
        let digest = self.digest.of(key);
        Fingerprint([digest as u64, (digest >> 64) as u64])
    }

    /// Returns for how many callers there is a bucket.
    #[must_use]
    pub fn len(&self) -> usize {
        self.buckets.len()
    }

    /// Returns whether there is no bucket.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.buckets.is_empty()
    }

    /// Takes a token of a new bucket, if there is room for one.
    #[cold]
    fn take_first(
        &self,
        fingerprint: Fingerprint,
        rate: &Rate,
        now: Timestamp,
    ) -> Result<(), Duration> {
        let Some(mut stripe) = self.stripe(fingerprint) else {
            return self.overflow.take(rate, now);
        };
        // Another request of the caller may have been here before.
        if let Some(bucket) = self.buckets.get(&fingerprint) {
            return bucket.take(rate, now);
        }
        let is_idle = |caller: &Fingerprint| {
            let removed = self
                .buckets
                .remove_if(caller, |_, bucket| bucket.is_full(now));
            removed.is_some()
        };
        if !stripe.admit(fingerprint, &self.places, is_idle) {
            return self.overflow.take(rate, now);
        }
        let bucket = TokenBucket::new();
        let taken = bucket.take(rate, now);
        self.buckets.insert(fingerprint, bucket);
        taken
    }

    fn stripe(&self, Fingerprint([_, hash]): Fingerprint) -> Option<MutexGuard<'_, Stripe>> {
        let stripes = self.stripes.len() as u64;
        let index = usize::try_from(hash.checked_rem(stripes)?).ok()?;
        // No write to it panics: what a panicking thread left is whole.
        let stripe = self.stripes.get(index)?;
        Some(stripe.lock().unwrap_or_else(PoisonError::into_inner))
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

    fn give_back(&self) {
        self.taken.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Stripe {
    /// Finds a place for a caller: that of one whom `is_idle` has removed, or a new one. Returns whether there is one.
    fn admit(
        &mut self,
        caller: Fingerprint,
        places: &Places,
        is_idle: impl Fn(&Fingerprint) -> bool,
    ) -> bool {
        let probes = match places.is_full() {
            true => PROBES_AT_BOUND,
            false => PROBES,
        };
        let mut place = None;
        for _ in 0..probes {
            let Some(known) = self.callers.get(self.hand) else {
                break;
            };
            if is_idle(known) {
                match place {
                    None => {
                        place = Some(self.hand);
                        self.advance();
                    }
                    // A second one leaves the ring, and the hand looks at who takes its place.
                    Some(_) => {
                        self.callers.swap_remove(self.hand);
                        places.give_back();
                        // The last one, in whose place the new caller was to come, may have moved.
                        place = place.map(|place| {
                            if place == self.callers.len() {
                                self.hand
                            } else {
                                place
                            }
                        });
                        self.hand = self.hand.checked_rem(self.callers.len()).unwrap_or(0);
                    }
                }
            } else {
                self.advance();
            }
        }
        match place.and_then(|place| self.callers.get_mut(place)) {
            Some(place) => *place = caller,
            None if places.take() => self.push(caller),
            None => return false,
        }
        true
    }

    /// Adds a caller. Rings grow by an eighth: many are as full as they will be.
    fn push(&mut self, caller: Fingerprint) {
        let len = self.callers.len();
        if len == self.callers.capacity() {
            self.callers.reserve_exact((len / 8).max(4));
        }
        self.callers.push(caller);
    }

    fn advance(&mut self) {
        let next = self.hand.saturating_add(1);
        self.hand = next.checked_rem(self.callers.len()).unwrap_or(0);
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
