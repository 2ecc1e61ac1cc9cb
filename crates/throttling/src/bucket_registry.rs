//! Buckets by what they are for, so that they outlive a compile.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use crate::{LimitName, Slot, TokenBucket};

/// A bucket that knows what it is for.
#[derive(Debug)]
pub struct NamedBucket {
    name: OwnedName,
    bucket: TokenBucket,
    slot: Slot,
}

impl NamedBucket {
    /// Creates a full bucket.
    #[must_use]
    pub fn new(name: LimitName<'_>) -> Self {
        Self {
            name: OwnedName::from(name),
            bucket: TokenBucket::default(),
            slot: Slot::default(),
        }
    }

    /// Returns what the bucket is for.
    #[must_use]
    pub fn name(&self) -> LimitName<'_> {
        self.name.borrowed()
    }

    /// Returns the bucket itself.
    #[must_use]
    pub fn bucket(&self) -> &TokenBucket {
        &self.bucket
    }

    /// Returns the room for what a shared store keeps of the limit.
    #[must_use]
    pub fn slot(&self) -> &Slot {
        &self.slot
    }
}

/// The buckets of stages and accounts. Clones share them.
///
/// A bucket stays for as long as anybody holds it: a new configuration that asks for it by name before the old one is
/// dropped goes on where the old one was. Asking takes a lock: do it when methods are compiled, not for each request.
///
/// ```
/// use std::sync::Arc;
/// use towergate_throttling::{BucketRegistry, LimitName};
///
/// let buckets = BucketRegistry::default();
/// let before = buckets.bucket(LimitName::Account("123456789012"));
/// let after = buckets.bucket(LimitName::Account("123456789012"));
/// assert!(Arc::ptr_eq(&before, &after));
/// ```
#[derive(Clone, Default)]
pub struct BucketRegistry(Arc<Mutex<Registry>>);

#[derive(Default)]
struct Registry {
    buckets: HashMap<Box<str>, Weak<NamedBucket>>,
    /// How many buckets were held when those that nobody holds were last dropped.
    held: usize,
}

/// So many buckets that nobody holds may wait to be dropped, or as many as are held.
const MIN_UNUSED: usize = 64;

impl BucketRegistry {
    /// Returns the bucket of this name, a full one if nobody holds one.
    #[must_use]
    pub fn bucket(&self, name: LimitName<'_>) -> Arc<NamedBucket> {
        let key = name.to_string().into_boxed_str();
        let mut registry = self.lock();
        if let Some(bucket) = registry.buckets.get(&key).and_then(Weak::upgrade) {
            return bucket;
        }
        registry.make_room();
        let bucket = Arc::new(NamedBucket::new(name));
        registry.buckets.insert(key, Arc::downgrade(&bucket));
        bucket
    }

    /// Returns how many buckets are kept, at most twice as many as were ever held at once and a few more.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().buckets.len()
    }

    /// Returns whether no bucket is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn lock(&self) -> MutexGuard<'_, Registry> {
        // Nothing panics between two writes, so what a panicking thread left is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Registry {
    /// Drops buckets that nobody holds once they may be as many as the others: that is rare enough to cost nothing.
    fn make_room(&mut self) {
        if self.buckets.len() >= self.held.saturating_add(self.held.max(MIN_UNUSED)) {
            self.buckets.retain(|_, bucket| bucket.strong_count() > 0);
            self.held = self.buckets.len();
        }
    }
}

impl fmt::Debug for BucketRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BucketRegistry")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

/// A [`LimitName`] that owns its parts.
#[derive(Debug)]
enum OwnedName {
    Account(Box<str>),
    Stage([Box<str>; 3]),
    Plan([Box<str>; 2]),
    PlanMethod(Box<[Box<str>; 5]>),
    Caller(Box<str>, u128),
}

impl From<LimitName<'_>> for OwnedName {
    fn from(name: LimitName<'_>) -> Self {
        match name {
            LimitName::Account(account) => Self::Account(account.into()),
            LimitName::Stage { api, stage, method } => {
                Self::Stage([api, stage, method].map(Into::into))
            }
            LimitName::Plan { plan, key } => Self::Plan([plan, key].map(Into::into)),
            LimitName::PlanMethod {
                plan,
                key,
                api,
                stage,
                method,
            } => Self::PlanMethod(Box::new([plan, key, api, stage, method].map(Into::into))),
            LimitName::Caller { layer, hash } => Self::Caller(layer.into(), hash),
        }
    }
}

impl OwnedName {
    fn borrowed(&self) -> LimitName<'_> {
        match self {
            Self::Account(account) => LimitName::Account(account),
            Self::Stage([api, stage, method]) => LimitName::Stage { api, stage, method },
            Self::Plan([plan, key]) => LimitName::Plan { plan, key },
            Self::PlanMethod(parts) => {
                let [plan, key, api, stage, method] = &**parts;
                LimitName::PlanMethod {
                    plan,
                    key,
                    api,
                    stage,
                    method,
                }
            }
            Self::Caller(layer, hash) => LimitName::Caller { layer, hash: *hash },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_name_is_kept() {
        let names = [
            LimitName::Account("a"),
            LimitName::Stage {
                api: "a",
                stage: "s",
                method: "pets/GET",
            },
            LimitName::Plan {
                plan: "p",
                key: "k",
            },
            LimitName::PlanMethod {
                plan: "p",
                key: "k",
                api: "a",
                stage: "s",
                method: "/GET",
            },
            LimitName::Caller {
                layer: "l",
                hash: 7,
            },
        ];
        for name in names {
            assert_eq!(NamedBucket::new(name).name(), name);
        }
    }

    #[test]
    fn a_bucket_stays_while_it_is_held() {
        let buckets = BucketRegistry::default();
        let held = buckets.bucket(LimitName::Account("1"));
        let other = Arc::downgrade(&buckets.bucket(LimitName::Account("2")));
        assert!(Arc::ptr_eq(&held, &buckets.bucket(LimitName::Account("1"))));
        assert!(other.upgrade().is_none(), "nobody holds it");
        assert_eq!(
            buckets.bucket(LimitName::Account("2")).name(),
            LimitName::Account("2")
        );
    }

    #[test]
    fn buckets_that_nobody_holds_are_dropped() {
        let buckets = BucketRegistry::default();
        let held: Vec<_> = (0..100)
            .map(|index| buckets.bucket(LimitName::Account(&format!("held-{index}"))))
            .collect();
        for index in 0..10_000 {
            let _ = buckets.bucket(LimitName::Account(&index.to_string()));
            assert!(buckets.len() <= 2 * held.len() + MIN_UNUSED, "{index}");
        }
        for bucket in &held {
            assert!(Arc::ptr_eq(bucket, &buckets.bucket(bucket.name())));
        }
    }
}
