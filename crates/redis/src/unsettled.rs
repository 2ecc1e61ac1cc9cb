//! What nodes granted of quotas while the store was out of reach, until the store knows.

use std::{
    collections::{HashMap, hash_map::RandomState},
    hash::BuildHasher,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::{
    quota_arguments::QuotaArguments,
    script::{Call, SETTLE},
};

#[cfg(test)]
mod tests;

/// How many quotas and days are kept at most; what would be more is not counted.
const MAX_COUNTS: usize = 65_536;

const SHARDS: usize = 16;

/// How many counts one call settles.
const BATCH: usize = 128;

/// Counts by quota and day.
#[derive(Debug)]
pub(crate) struct Unsettled {
    shards: [Mutex<HashMap<Entry, Count>>; SHARDS],
    max_per_shard: usize,
    hasher: RandomState,
}

/// The key of a quota, and a day since 1 January 1970 by the server's clock.
type Entry = (String, u64);

#[derive(Debug, Clone, Copy)]
struct Count {
    quota: QuotaArguments,
    count: u64,
}

/// Some of the counts, taken out. Those that did not arrive are [put back](Unsettled::put_back).
#[derive(Debug)]
pub(crate) struct Batch(Vec<(Entry, Count)>);

impl Default for Unsettled {
    fn default() -> Self {
        Self::with_capacity(MAX_COUNTS)
    }
}

impl Unsettled {
    fn with_capacity(counts: usize) -> Self {
        Self {
            shards: Default::default(),
            max_per_shard: counts / SHARDS,
            hasher: RandomState::new(),
        }
    }

    /// Counts one request.
    pub(crate) fn add(&self, key: String, day: u64, quota: QuotaArguments) {
        self.add_count((key, day), Count { quota, count: 1 });
    }

    /// Takes some of the counts, `None` if there are none.
    pub(crate) fn take(&self) -> Option<Batch> {
        let mut batch = Vec::new();
        for shard in &self.shards {
            let mut counts = lock(shard);
            let room = BATCH.saturating_sub(batch.len());
            batch.extend(counts.extract_if(|_, _| true).take(room));
        }
        (!batch.is_empty()).then_some(Batch(batch))
    }

    pub(crate) fn put_back(&self, batch: Batch) {
        for (entry, count) in batch.0 {
            self.add_count(entry, count);
        }
    }

    fn add_count(&self, entry: Entry, count: Count) {
        let hash = self.hasher.hash_one(&entry) as usize;
        let Some(shard) = self.shards.get(hash % SHARDS) else {
            return;
        };
        let mut counts = lock(shard);
        if let Some(known) = counts.get_mut(&entry) {
            known.count = known.count.saturating_add(count.count);
            known.quota = count.quota;
        } else if counts.len() < self.max_per_shard {
            counts.insert(entry, count);
        }
    }
}

impl Batch {
    pub(crate) fn call(&self) -> Call {
        let mut call = Call::new(&SETTLE);
        for ((key, day), count) in &self.0 {
            call.key(key.clone());
            count.quota.add_to(&mut call);
            call.argument(*day);
            call.argument(count.count);
        }
        call
    }
}

fn lock(shard: &Mutex<HashMap<Entry, Count>>) -> MutexGuard<'_, HashMap<Entry, Count>> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}
