//! A flat table of callers and their buckets: whoever is known is found without a lock.
//!
//! A caller's hash says in which set of the table its place is, or else in which of the sets after it: each set counts the
//! callers that it had no place for, and a search ends at the first that counts none. Callers never move.
//!
//! Places change hands under the lock of their region. What is found without it is vouched for by the bucket, which is
//! [`CLOSED`] while it is nobody's: a place is closed before its caller is replaced, and opened afterwards. So whoever looks at
//! the bucket first and at the caller next, and then replaces exactly what the bucket held, has the bucket of that caller.
//!
//! Two requests may slip through nevertheless. One that stands still while its caller's place becomes another's, and then finds
//! in the bucket the very nanosecond that it saw there, takes that caller's token: of the requests that came between, a later
//! one must have had an earlier time, or another rate. And a refusal replaces nothing: a request of the new caller may be
//! refused by the bucket of the old one, if its time is from before that bucket was full.

use std::{iter, ops::Range, sync::PoisonError, time::Duration};

use towergate_core::Timestamp;

use super::Fingerprint;
use crate::{
    Rate,
    sync::{AtomicU64, Mutex, MutexGuard, Ordering, zeros},
    token_bucket::{State, state_of, take_while},
};

/// How many callers a set has places for.
const WAYS: usize = 5;

/// How many words a set has: two lines of the cache, which processors fetch together.
const WORDS: usize = 16;

/// How many sets a region has; the last one may have nearly twice as many.
const SETS_PER_REGION: usize = 1_024;

/// What the bucket of nobody holds, and the hash of a place without a caller.
const CLOSED: u64 = 0;

/// Places for callers.
pub(super) struct Table {
    words: Box<[AtomicU64]>,
    /// The words of the sets: the first begins two lines of the cache.
    used: Range<usize>,
    sets: usize,
    /// What guards the places of a region, and how far into it its hand points.
    regions: Box<[Mutex<usize>]>,
}

/// Places that a caller's can be found in at once.
struct Set<'a> {
    hashes: &'a [AtomicU64; WAYS],
    /// The other halves of the hashes.
    checks: &'a [AtomicU64; WAYS],
    /// When the buckets are full.
    full_at: &'a [AtomicU64; WAYS],
    /// How many callers found no place here, and went on to the next set.
    gone_on: &'a AtomicU64,
}

struct Place<'a> {
    hash: &'a AtomicU64,
    check: &'a AtomicU64,
    full_at: &'a AtomicU64,
}

/// A region whose places are given and taken.
pub(super) struct Region<'a> {
    table: &'a Table,
    number: usize,
    hand: MutexGuard<'a, usize>,
}

impl Table {
    /// Creates a table for so many callers: with three places for two, so that most are in the first set that they are looked
    /// for in.
    pub(super) fn new(callers: usize) -> Self {
        let sets = callers.saturating_mul(3).div_ceil(2 * WAYS).max(1);
        let len = sets.saturating_mul(WORDS);
        let words = zeros(len.saturating_add(WORDS));
        let first = words.as_ptr().align_offset(WORDS * size_of::<AtomicU64>());
        let first = if first < WORDS { first } else { 0 };
        let regions = (sets / SETS_PER_REGION).max(1);
        Self {
            words,
            used: first..first.saturating_add(len),
            sets,
            regions: (0..regions).map(|_| Mutex::default()).collect(),
        }
    }

    /// Takes a token of the bucket of a caller, if it has one.
    #[inline]
    pub(super) fn take(
        &self,
        caller: Fingerprint,
        rate: &Rate,
        now: Timestamp,
    ) -> Option<Result<(), Duration>> {
        let mut at = self.home(caller);
        while let Some(set) = self.set(at) {
            if let Some(place) = set.guess(caller) {
                if let Some(taken) = place.take(caller, rate, now) {
                    return Some(taken);
                }
                break;
            }
            if !set.has_more() {
                return None;
            }
            at += 1;
            if at.is_multiple_of(SETS_PER_REGION) {
                break;
            }
        }
        self.take_elsewhere(caller, rate, now)
    }

    /// As [`take`](Self::take), where the place is not that which was guessed, or at the beginning of the region.
    #[cold]
    fn take_elsewhere(
        &self,
        caller: Fingerprint,
        rate: &Rate,
        now: Timestamp,
    ) -> Option<Result<(), Duration>> {
        self.find(caller)?.take(caller, rate, now)
    }

    /// Returns what there is to tell of the bucket of a caller, if it has one.
    pub(super) fn state(&self, caller: Fingerprint, rate: &Rate, now: Timestamp) -> Option<State> {
        let place = self.find(caller)?;
        let full_at = place.full_at.load(Ordering::Acquire);
        let is_found = place.vouches_for(caller, full_at);
        is_found.then(|| state_of(full_at, rate, now))
    }

    /// Locks the places of the region of a caller.
    pub(super) fn lock(&self, caller: Fingerprint) -> Option<Region<'_>> {
        let number = self.region_of(self.home(caller));
        // It is written once it is known: what a panicking thread left is whole.
        let hand = self.regions.get(number)?.lock();
        Some(Region {
            table: self,
            number,
            hand: hand.unwrap_or_else(PoisonError::into_inner),
        })
    }

    fn find(&self, caller: Fingerprint) -> Option<Place<'_>> {
        for at in self.sets_from(self.home(caller)) {
            let set = self.set(at)?;
            let place = set.places().find(|place| place.is_of(caller));
            if place.is_some() || !set.has_more() {
                return place;
            }
        }
        None
    }

    /// Returns the set in which a caller is looked for first: the hash is a fraction of all of them. The half of it that is
    /// there first will do.
    #[inline]
    fn home(&self, Fingerprint([hash, _]): Fingerprint) -> usize {
        ((u128::from(hash) * self.sets as u128) >> u64::BITS) as usize
    }

    #[inline]
    fn set(&self, at: usize) -> Option<Set<'_>> {
        let (sets, _) = self.words.get(self.used.clone())?.as_chunks::<WORDS>();
        let (hashes, rest) = sets.get(at)?.split_first_chunk()?;
        let (checks, rest) = rest.split_first_chunk()?;
        let (full_at, rest) = rest.split_first_chunk()?;
        let [gone_on] = rest else {
            return None;
        };
        Some(Set {
            hashes,
            checks,
            full_at,
            gone_on,
        })
    }

    fn region_of(&self, at: usize) -> usize {
        (at / SETS_PER_REGION).min(self.regions.len() - 1)
    }

    /// Returns the sets of the region of one, from that one on and round.
    fn sets_from(&self, at: usize) -> impl Iterator<Item = usize> + use<> {
        let region = self.region_of(at);
        let first = region * SETS_PER_REGION;
        let end = match region + 1 < self.regions.len() {
            true => first + SETS_PER_REGION,
            false => self.sets,
        };
        (at..end).chain(first..at)
    }
}

impl<'a> Set<'a> {
    /// Returns the place of a caller, or of one whose hash has the same half. Which place it is cannot be foretold: so it is
    /// found without branches.
    #[inline]
    fn guess(&self, Fingerprint([hash, _]): Fingerprint) -> Option<Place<'a>> {
        let mut found = WAYS;
        for (way, known) in self.hashes.iter().enumerate() {
            let is_known = known.load(Ordering::Relaxed) == hash;
            found = if is_known { way } else { found };
        }
        Some(Place {
            hash: self.hashes.get(found)?,
            check: self.checks.get(found)?,
            full_at: self.full_at.get(found)?,
        })
    }

    fn places(&self) -> impl Iterator<Item = Place<'a>> + use<'a> {
        let places = iter::zip(self.hashes, self.checks).zip(self.full_at);
        places.map(|((hash, check), full_at)| Place {
            hash,
            check,
            full_at,
        })
    }

    /// Returns whether callers may be in the sets after this one.
    #[inline]
    fn has_more(&self) -> bool {
        self.gone_on.load(Ordering::Relaxed) > 0
    }
}

impl Place<'_> {
    /// Takes a token if the bucket is this caller's.
    #[inline]
    fn take(
        &self,
        caller: Fingerprint,
        rate: &Rate,
        now: Timestamp,
    ) -> Option<Result<(), Duration>> {
        let is_vouched_for = |full_at| self.vouches_for(caller, full_at);
        take_while(self.full_at, rate, now, is_vouched_for)
    }

    #[inline]
    fn is_of(&self, Fingerprint([hash, check]): Fingerprint) -> bool {
        self.hash.load(Ordering::Relaxed) == hash && self.check.load(Ordering::Relaxed) == check
    }

    /// Returns whether what the bucket held just before is of this caller.
    #[inline]
    fn vouches_for(&self, caller: Fingerprint, full_at: u64) -> bool {
        full_at != CLOSED && self.is_of(caller)
    }

    /// Takes the place of a caller whose bucket is full, and returns who that was.
    fn close_idle(&self, now: Timestamp) -> Option<Fingerprint> {
        let full_at = self.full_at.load(Ordering::Relaxed);
        if full_at == CLOSED || full_at > now.as_unix_nanos() {
            return None;
        }
        let closed =
            self.full_at
                .compare_exchange(full_at, CLOSED, Ordering::Relaxed, Ordering::Relaxed);
        closed.ok()?;
        let hash = self.hash.swap(CLOSED, Ordering::Relaxed);
        Some(Fingerprint([hash, self.check.load(Ordering::Relaxed)]))
    }

    /// Gives the place to a caller, if it is nobody's.
    fn open(&self, Fingerprint([hash, check]): Fingerprint, full_at: u64) -> bool {
        if self.full_at.load(Ordering::Relaxed) != CLOSED {
            return false;
        }
        self.check.store(check, Ordering::Relaxed);
        self.hash.store(hash, Ordering::Relaxed);
        // Whoever sees this sees the caller.
        self.full_at.store(full_at, Ordering::Release);
        true
    }
}

impl Region<'_> {
    /// Moves the hand on by so many sets, takes the places of callers whose buckets are full, and returns how many those were.
    pub(super) fn reclaim(&mut self, sets: usize, now: Timestamp) -> usize {
        let first = self.number * SETS_PER_REGION;
        let mut reclaimed = 0;
        let mut round = self.table.sets_from(first + *self.hand);
        for at in round.by_ref().take(sets) {
            let Some(set) = self.table.set(at) else { break };
            for gone in set.places().filter_map(|place| place.close_idle(now)) {
                for passed in self.passed(gone, at) {
                    passed.gone_on.fetch_sub(1, Ordering::Relaxed);
                }
                reclaimed += 1;
            }
        }
        *self.hand = round.next().map_or(0, |next| next - first);
        reclaimed
    }

    /// Gives a caller that has none a place, if there is one in the region.
    pub(super) fn insert(&mut self, caller: Fingerprint, full_at: u64) -> bool {
        for at in self.table.sets_from(self.table.home(caller)) {
            let Some(set) = self.table.set(at) else { break };
            // Whoever looks for the caller meanwhile and does not get as far waits for the lock of the region.
            if set.places().any(|place| place.open(caller, full_at)) {
                for passed in self.passed(caller, at) {
                    passed.gone_on.fetch_add(1, Ordering::Relaxed);
                }
                return true;
            }
        }
        false
    }

    /// Returns the sets that had no place for a caller that has one in another.
    fn passed(&self, caller: Fingerprint, at: usize) -> impl Iterator<Item = Set<'_>> {
        let sets = self.table.sets_from(self.table.home(caller));
        sets.take_while(move |passed| *passed != at)
            .filter_map(|passed| self.table.set(passed))
    }
}

#[cfg(test)]
impl Table {
    /// Looks for every caller and counts them, and checks what the sets count.
    pub(super) fn check(&self) -> usize {
        let first = self.words[self.used.clone()].as_ptr();
        assert_eq!(
            first.addr() % (WORDS * size_of::<u64>()),
            0,
            "lines of the cache"
        );
        let mut callers = 0;
        let mut gone_on = vec![0; self.sets];
        for at in 0..self.sets {
            for place in self.set(at).unwrap().places() {
                let caller = [&place.hash, &place.check].map(|half| half.load(Ordering::Relaxed));
                let caller = Fingerprint(caller);
                if place.full_at.load(Ordering::Relaxed) == CLOSED {
                    assert_eq!(place.hash.load(Ordering::Relaxed), CLOSED);
                    continue;
                }
                let found = self.find(caller).unwrap();
                assert!(std::ptr::eq(found.full_at, place.full_at), "{caller:?}");
                let sets = self.sets_from(self.home(caller));
                sets.take_while(|passed| *passed != at)
                    .for_each(|passed| gone_on[passed] += 1);
                callers += 1;
            }
        }
        for (at, gone_on) in gone_on.into_iter().enumerate() {
            let counted = self.set(at).unwrap().gone_on.load(Ordering::Relaxed);
            assert_eq!(counted, gone_on, "{at}");
        }
        callers
    }
}
