//! What authorizers were answered, bounded, and who is being asked right now.

use std::{
    borrow::Cow,
    collections::{HashMap, VecDeque},
    fmt,
    hash::{BuildHasher, RandomState},
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{
    FutureExt,
    future::{Shared, WeakShared},
};
use towergate_core::{BoxFuture, Clock, Timestamp};

use crate::Refusal;

/// Fewer entries than this are kept under one lock.
const SHARDED_FROM: usize = 1_024;
const SHARDS: usize = 16;
/// What one entry costs besides its key and its answer, in bytes.
const ENTRY_BYTES: usize = 256;
const DEFAULT_ENTRIES: usize = 10_000;
const DEFAULT_BYTES: usize = 32 * 1024 * 1024;

/// Answers of authorizers, for as long as each may be kept; the oldest make way for new ones.
///
/// An API should have a store of its own, so that nobody else's identities can crowd out its answers. Default: 10 000
/// answers, 32 MiB.
pub struct AnswerStore<T> {
    hasher: RandomState,
    shards: Box<[Mutex<Shard<T>>]>,
    max_entries_per_shard: usize,
    max_bytes_per_shard: usize,
}

/// What an answer is kept under: never one joined text, in which two identities could look the same.
#[derive(Hash)]
pub(super) struct KeyRef<'k> {
    pub(super) api: &'k str,
    pub(super) stage: &'k str,
    pub(super) authorizer: &'k str,
    pub(super) identity: &'k [Cow<'k, str>],
}

struct Key {
    api: Box<str>,
    stage: Box<str>,
    authorizer: Box<str>,
    identity: Box<[Box<str>]>,
}

type Outcome<T> = Result<Arc<T>, Refusal>;
type Flight<T> = BoxFuture<'static, Outcome<T>>;

struct Shard<T> {
    entries: HashMap<u64, Entry<T>>,
    /// The hashes of the entries, each once, the oldest first.
    order: VecDeque<u64>,
    bytes: usize,
    /// The latest time that was seen: what has expired once, has expired.
    latest: Timestamp,
    /// How often answers were thrown away: one that was asked for before comes too late.
    generation: u64,
    flights: HashMap<u64, (Key, WeakShared<Flight<T>>)>,
}

struct Entry<T> {
    key: Key,
    answer: Arc<T>,
    until: Timestamp,
    cost: usize,
}

impl<T: Send + Sync + 'static> AnswerStore<T> {
    /// Creates a store of at most `max_entries` answers of together about `max_bytes` in memory.
    #[must_use]
    pub fn new(max_entries: usize, max_bytes: usize) -> Self {
        let shards = if max_entries < SHARDED_FROM {
            1
        } else {
            SHARDS
        };
        Self {
            hasher: RandomState::new(),
            shards: (0..shards).map(|_| Mutex::default()).collect(),
            max_entries_per_shard: max_entries / shards,
            max_bytes_per_shard: max_bytes / shards,
        }
    }

    /// Throws away the answers for a stage of an API.
    pub fn flush(&self, api_id: &str, stage: &str) {
        for shard in &self.shards {
            let mut shard = lock(shard);
            shard.generation += 1;
            shard.flights.clear();
            shard.remove_if(|key| *key.api == *api_id && *key.stage == *stage);
        }
    }

    /// Returns how many answers are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shards
            .iter()
            .map(|shard| lock(shard).entries.len())
            .sum()
    }

    /// Returns whether no answers are kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn get(&self, key: &KeyRef<'_>, now: Timestamp) -> Option<Arc<T>> {
        let hash = self.hasher.hash_one(key);
        self.shard(hash).get(hash, key, now)
    }

    /// Waits for the answer to `inquiry`, or to the same one that is under way already, and keeps it.
    pub(super) async fn join(
        self: &Arc<Self>,
        key: &KeyRef<'_>,
        inquiry: BoxFuture<'static, Result<T, Refusal>>,
        ttl: Duration,
        clock: Arc<dyn Clock>,
        bytes: fn(&T) -> usize,
    ) -> Outcome<T> {
        let hash = self.hasher.hash_one(key);
        let now = clock.now();
        let waiter = {
            let mut shard = self.shard(hash);
            // It may have come since the request looked.
            if let Some(answer) = shard.get(hash, key, now) {
                return Ok(answer);
            }
            let flight = match shard.flight(hash, key) {
                Some(flight) => flight,
                None => {
                    let flight = Arc::clone(self).fly(
                        key.to_key(),
                        hash,
                        shard.generation,
                        inquiry,
                        ttl,
                        clock,
                        bytes,
                    );
                    let flight: Shared<Flight<T>> = flight.shared();
                    if let Some(weak) = flight.downgrade() {
                        shard.flights.insert(hash, (key.to_key(), weak));
                    }
                    flight
                }
            };
            Waiter {
                flight: Some(flight),
                hash,
                store: self,
            }
        };
        match &waiter.flight {
            Some(flight) => flight.clone().await,
            None => Err(Refusal::failure("nobody was asked")),
        }
    }

    #[allow(clippy::too_many_arguments, reason = "they are what one flight is")]
    fn fly(
        self: Arc<Self>,
        key: Key,
        hash: u64,
        generation: u64,
        inquiry: BoxFuture<'static, Result<T, Refusal>>,
        ttl: Duration,
        clock: Arc<dyn Clock>,
        bytes: fn(&T) -> usize,
    ) -> Flight<T> {
        Box::pin(async move {
            // A panic must not reach those who only wait for the same answer.
            let answer = AssertUnwindSafe(inquiry).catch_unwind().await;
            let answer =
                answer.unwrap_or_else(|_| Err(Refusal::failure("the authorizer panicked")));
            let answer = Arc::new(answer?);
            let cost = ENTRY_BYTES + key.bytes() + bytes(&answer);
            let now = clock.now();
            let entry = Entry {
                key,
                answer: Arc::clone(&answer),
                until: now.saturating_add(ttl),
                cost,
            };
            self.insert(hash, entry, generation, now);
            Ok(answer)
        })
    }

    fn insert(&self, hash: u64, entry: Entry<T>, generation: u64, now: Timestamp) {
        let mut shard = self.shard(hash);
        shard.latest = shard.latest.max(now);
        if shard.generation != generation || entry.cost > self.max_bytes_per_shard {
            return;
        }
        shard.insert(hash, entry);
        while shard.entries.len() > self.max_entries_per_shard
            || shard.bytes > self.max_bytes_per_shard
        {
            shard.remove_oldest();
        }
    }

    fn shard(&self, hash: u64) -> MutexGuard<'_, Shard<T>> {
        // The tables use the low bits.
        let index = (hash >> 32) as usize % self.shards.len();
        lock(self.shards.get(index).unwrap_or(&self.shards[0]))
    }
}

fn lock<T>(shard: &Mutex<Shard<T>>) -> MutexGuard<'_, Shard<T>> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T: Send + Sync + 'static> Default for AnswerStore<T> {
    fn default() -> Self {
        Self::new(DEFAULT_ENTRIES, DEFAULT_BYTES)
    }
}

impl<T> fmt::Debug for AnswerStore<T> {
    /// Shows the bounds; what is kept stays hidden.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnswerStore")
            .field(
                "max_entries",
                &(self.max_entries_per_shard * self.shards.len()),
            )
            .field("max_bytes", &(self.max_bytes_per_shard * self.shards.len()))
            .finish_non_exhaustive()
    }
}

/// One who waits for a flight; the last to go takes an unfinished flight along.
struct Waiter<'s, T: Send + Sync + 'static> {
    flight: Option<Shared<Flight<T>>>,
    hash: u64,
    store: &'s AnswerStore<T>,
}

impl<T: Send + Sync + 'static> Drop for Waiter<'_, T> {
    fn drop(&mut self) {
        drop(self.flight.take());
        let mut shard = self.store.shard(self.hash);
        let flight = shard.flights.get(&self.hash);
        if flight.is_some_and(|(_, flight)| flight.upgrade().is_none()) {
            shard.flights.remove(&self.hash);
        }
    }
}

impl<T> Default for Shard<T> {
    fn default() -> Self {
        Self {
            entries: HashMap::new(),
            order: VecDeque::new(),
            bytes: 0,
            latest: Timestamp::default(),
            generation: 0,
            flights: HashMap::new(),
        }
    }
}

impl<T> Shard<T> {
    fn get(&mut self, hash: u64, key: &KeyRef<'_>, now: Timestamp) -> Option<Arc<T>> {
        self.latest = self.latest.max(now);
        let entry = self.entries.get(&hash)?;
        let is_live = self.latest < entry.until && entry.key.is(key);
        is_live.then(|| Arc::clone(&entry.answer))
    }

    /// Returns a flight for the same key that has not ended yet: how one ended is not for those who come after.
    fn flight(&self, hash: u64, key: &KeyRef<'_>) -> Option<Shared<Flight<T>>> {
        let (other, flight) = self.flights.get(&hash)?;
        let flight = flight.upgrade().filter(|flight| flight.peek().is_none())?;
        other.is(key).then_some(flight)
    }

    fn insert(&mut self, hash: u64, entry: Entry<T>) {
        self.bytes += entry.cost;
        match self.entries.insert(hash, entry) {
            Some(former) => self.bytes -= former.cost,
            None => self.order.push_back(hash),
        }
    }

    fn remove_oldest(&mut self) {
        let oldest = self.order.pop_front();
        if let Some(entry) = oldest.and_then(|hash| self.entries.remove(&hash)) {
            self.bytes -= entry.cost;
        }
    }

    fn remove_if(&mut self, is_stale: impl Fn(&Key) -> bool) {
        let removed = self.entries.extract_if(|_, entry| is_stale(&entry.key));
        self.bytes -= removed.map(|(_, entry)| entry.cost).sum::<usize>();
        let entries = &self.entries;
        self.order.retain(|hash| entries.contains_key(hash));
    }
}

impl KeyRef<'_> {
    fn to_key(&self) -> Key {
        Key {
            api: self.api.into(),
            stage: self.stage.into(),
            authorizer: self.authorizer.into(),
            identity: self
                .identity
                .iter()
                .map(|value| (&**value).into())
                .collect(),
        }
    }
}

impl Key {
    fn is(&self, other: &KeyRef<'_>) -> bool {
        let identity = self.identity.iter().map(|value| &**value);
        *self.api == *other.api
            && *self.stage == *other.stage
            && *self.authorizer == *other.authorizer
            && identity.eq(other.identity.iter().map(|value| &**value))
    }

    fn bytes(&self) -> usize {
        let identity: usize = self.identity.iter().map(|value| value.len()).sum();
        self.api.len() + self.stage.len() + self.authorizer.len() + identity
    }
}
