//! Tokens that were verified already.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use towergate_core::Timestamp;

use super::VerifiedToken;

/// How much of a token's end is hashed: its signature, of which nobody can choose the bytes and have it verify.
const HASHED_BYTES: usize = 64;

/// Fewer entries than this are kept under one lock.
const SHARDED_FROM: usize = 1024;
const SHARDS: usize = 16;

/// What one entry costs beside its token, in bytes: the table, and the claims of a small one.
const ENTRY_BYTES: usize = 512;

/// How many times its length a token with its claims costs.
const COST_PER_BYTE: usize = 4;

const DEFAULT_ENTRIES: usize = 10_000;
const DEFAULT_BYTES: usize = 32 * 1024 * 1024;
const DEFAULT_TTL: Duration = Duration::from_secs(60 * 60);

/// Bounds on the tokens that a verifier remembers, so that a token is verified once and not with each request.
///
/// A token is found by a hash that nobody else can compute, and then compared whole. It is forgotten when it expires,
/// when its issuer's keys change, and after a time of its own; the oldest make way for new ones. Refusals are never
/// remembered. Should the clock go back, nothing comes alive again.
///
/// Default: 10 000 tokens, 32 MiB, an hour.
pub struct RememberedTokens {
    hasher: RandomState,
    shards: Box<[Mutex<Shard>]>,
    max_entries_per_shard: usize,
    max_bytes_per_shard: usize,
    ttl: Duration,
}

#[derive(Default)]
struct Shard {
    entries: HashMap<u64, Entry, BuildHasherDefault<IsHash>>,
    /// The hashes of the entries, each once, the oldest first.
    order: VecDeque<u64>,
    bytes: usize,
    /// The latest time that was seen.
    latest: Timestamp,
}

struct Entry {
    token: Box<str>,
    verified: Arc<VerifiedToken>,
    until: Timestamp,
}

impl RememberedTokens {
    /// Remembers at most `max_entries` tokens, none if it is 0, of together about `max_bytes` in memory, each for at most
    /// `ttl`.
    #[must_use]
    pub fn new(max_entries: usize, max_bytes: usize, ttl: Duration) -> Self {
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
            ttl,
        }
    }

    /// Returns what a token says, if it is remembered and `is_valid` still.
    pub(super) fn get(
        &self,
        token: &str,
        now: Timestamp,
        is_valid: impl FnOnce(&VerifiedToken) -> bool,
    ) -> Option<Arc<VerifiedToken>> {
        if self.max_entries_per_shard == 0 {
            return None;
        }
        let hash = self.hash(token);
        let found = {
            let mut shard = self.shard(hash);
            let latest = shard.see(now);
            let entry = shard.entries.get(&hash)?;
            let is_live = latest < entry.until && *entry.token == *token;
            is_live.then(|| Arc::clone(&entry.verified))
        };
        found.filter(|verified| is_valid(verified))
    }

    /// Remembers what a token says until `until` at the latest.
    pub(super) fn insert(
        &self,
        token: &str,
        verified: &Arc<VerifiedToken>,
        until: Timestamp,
        now: Timestamp,
    ) {
        if self.max_entries_per_shard == 0 || cost(token) > self.max_bytes_per_shard {
            return;
        }
        let hash = self.hash(token);
        let mut shard = self.shard(hash);
        shard.see(now);
        let entry = Entry {
            token: token.into(),
            verified: Arc::clone(verified),
            until: until.min(now.saturating_add(self.ttl)),
        };
        shard.insert(hash, entry);
        while shard.entries.len() > self.max_entries_per_shard
            || shard.bytes > self.max_bytes_per_shard
        {
            shard.remove_oldest();
        }
    }

    fn hash(&self, token: &str) -> u64 {
        let token = token.as_bytes();
        let end = token.len().saturating_sub(HASHED_BYTES);
        self.hasher.hash_one(token.get(end..).unwrap_or(token))
    }

    fn shard(&self, hash: u64) -> MutexGuard<'_, Shard> {
        // The tables use the low bits.
        let index = (hash >> 32) as usize % self.shards.len();
        let shard = self.shards.get(index).unwrap_or(&self.shards[0]);
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for RememberedTokens {
    fn default() -> Self {
        Self::new(DEFAULT_ENTRIES, DEFAULT_BYTES, DEFAULT_TTL)
    }
}

impl fmt::Debug for RememberedTokens {
    /// Shows the bounds; what is remembered stays hidden.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RememberedTokens")
            .field(
                "max_entries",
                &(self.max_entries_per_shard * self.shards.len()),
            )
            .field("max_bytes", &(self.max_bytes_per_shard * self.shards.len()))
            .field("ttl", &self.ttl)
            .finish_non_exhaustive()
    }
}

impl Shard {
    /// Notes the time, and returns the latest that was noted: what has expired once, has expired.
    fn see(&mut self, now: Timestamp) -> Timestamp {
        self.latest = self.latest.max(now);
        self.latest
    }

    fn insert(&mut self, hash: u64, entry: Entry) {
        self.bytes += cost(&entry.token);
        match self.entries.insert(hash, entry) {
            Some(former) => self.bytes -= cost(&former.token),
            None => self.order.push_back(hash),
        }
    }

    fn remove_oldest(&mut self) {
        let oldest = self.order.pop_front();
        if let Some(entry) = oldest.and_then(|hash| self.entries.remove(&hash)) {
            self.bytes -= cost(&entry.token);
        }
    }
}

fn cost(token: &str) -> usize {
    ENTRY_BYTES + COST_PER_BYTE * token.len()
}

/// Hashes numbers that are hashes.
#[derive(Default)]
struct IsHash(u64);

impl Hasher for IsHash {
    fn write(&mut self, _: &[u8]) {}

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests;
