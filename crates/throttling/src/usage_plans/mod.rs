//! The keys and plans of a gateway, and what each key has used.

mod admin;
mod changes;
mod error;
mod import;
mod rebuilt;
mod report;
mod rules;
mod subscription;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use dashmap::DashMap;
use towergate_core::{Rejection, ResponseType, Step, Timestamp};

use self::{admin::Admin, rules::Attachment};
pub use self::{
    error::{ConfigurationError, ConfigurationPlace, UsagePlanError},
    subscription::Subscription,
};
use crate::{
    Charge, MethodLimits, Refusal, SharedLimits,
    digest::{AsHash, DigestKey},
    method_key::{MethodRef, StageRef},
};

/// The longest value that is looked for, in bytes: 128 characters of at most four bytes.
const MAX_VALUE_BYTES: usize = 4 * crate::MAX_KEY_VALUE;

/// API keys and usage plans, and what each key has used of its plans. Clones share everything.
///
/// Every change is whole and effective at once: a request sees all of it or nothing. Finding a key takes one hash and one
/// look-up, however many there are; changing a plan is one swap, however many keys it has.
///
/// ```
/// use towergate_core::Timestamp;
/// use towergate_throttling::{ApiKey, ApiStage, MethodLimits, Rate, UsagePlan, UsagePlans};
///
/// let plans = UsagePlans::new();
/// plans.create_key(ApiKey::new("k1", "a-key-of-twenty-chars-or-more"))?;
/// let gold = UsagePlan::new("p1", "gold").api_stage(ApiStage::new("pets", "prod"));
/// plans.create_plan(gold.throttle(Rate::per_second(1.0).burst(1)).key("k1"))?;
///
/// let limits = MethodLimits::new("pets", "prod", "/pets/GET");
/// let subscription = plans.find(Some(b"a-key-of-twenty-chars-or-more"), &limits).expect("the key is known");
/// let now = Timestamp::from_unix_millis(0);
/// assert!(limits.charge(Some(&subscription)).decide_locally(now).is_ok());
/// assert!(limits.charge(Some(&subscription)).decide_locally(now).is_err());
/// # Ok::<(), towergate_throttling::UsagePlanError>(())
/// ```
#[derive(Clone)]
pub struct UsagePlans(Arc<Inner>);

struct Inner {
    digest: DigestKey,
    /// By the digest of the value: what requests look at.
    keys: DashMap<u128, KeyRecord, AsHash>,
    /// By id: what changes look at. Its lock is taken before one of `keys`.
    admin: Mutex<Admin>,
    shared: Option<Arc<dyn SharedLimits>>,
}

/// A key as requests see it.
struct KeyRecord {
    id: Arc<str>,
    enabled: bool,
    /// Most keys have one plan: it takes no further step to it.
    first: Option<Arc<Attachment>>,
    others: Box<[Arc<Attachment>]>,
}

impl UsagePlans {
    /// Creates a registry without keys and plans, whose limits are those of this node.
    #[must_use]
    pub fn new() -> Self {
        Self::with(None)
    }

    /// Creates a registry without keys and plans, whose limits are kept in a store that nodes share.
    #[must_use]
    pub fn with_shared(store: Arc<dyn SharedLimits>) -> Self {
        Self::with(Some(store))
    }

    fn with(shared: Option<Arc<dyn SharedLimits>>) -> Self {
        Self(Arc::new(Inner {
            digest: DigestKey::random(),
            keys: DashMap::default(),
            admin: Mutex::default(),
            shared,
        }))
    }

    /// Returns whether limits are kept in this store, or on this node if there is none.
    #[must_use]
    pub fn is_shared_by(&self, store: Option<&Arc<dyn SharedLimits>>) -> bool {
        match (self.shared(), store) {
            (Some(known), Some(store)) => Arc::ptr_eq(known, store),
            (known, store) => known.is_none() && store.is_none(),
        }
    }

    /// Returns the store that nodes share, if there is one.
    #[must_use]
    pub fn shared(&self) -> Option<&Arc<dyn SharedLimits>> {
        self.0.shared.as_ref()
    }

    /// Decides where that needs no waiting: on this node, or by what it knows of the store. Otherwise
    /// [`ask`](Self::ask) decides.
    #[must_use]
    pub fn decide_now(&self, charge: &Charge<'_>, now: Timestamp) -> Option<Result<(), Refusal>> {
        match self.shared() {
            Some(store) => store.decide_now(charge, now),
            None => Some(charge.decide_locally(now)),
        }
    }

    /// Decides by the store that nodes share, or on this node if there is none.
    ///
    /// # Errors
    ///
    /// Returns the first limit that refuses; nothing is taken then.
    pub async fn ask(&self, charge: &Charge<'_>, now: Timestamp) -> Result<(), Refusal> {
        match self.shared() {
            Some(store) => store.decide(charge, now).await,
            None => charge.decide_locally(now),
        }
    }

    /// Returns what a request with this key is held to on a method, and counts nothing.
    ///
    /// # Errors
    ///
    /// Returns [`ResponseType::InvalidApiKey`], 403 `Forbidden`, if there is no key, it is unknown or disabled, or no plan
    /// of it has the stage. The detail says which, and names the key by its id alone.
    pub fn find(
        &self,
        value: Option<&[u8]>,
        limits: &MethodLimits,
    ) -> Result<Subscription, Rejection> {
        self.find_at(value, limits.stage_ref(), || Some(limits.method_ref()))
    }

    /// As [`find`](Self::find); the method is asked for only if the plan has limits of methods.
    pub(crate) fn find_at<'m>(
        &self,
        value: Option<&[u8]>,
        stage: StageRef<'_>,
        method: impl FnOnce() -> Option<MethodRef<'m>>,
    ) -> Result<Subscription, Rejection> {
        let value = value.ok_or_else(|| refuse("the request has no API key"))?;
        let unknown = || refuse("the API key is unknown");
        if value.len() > MAX_VALUE_BYTES {
            return Err(unknown());
        }
        let key = self.0.keys.get(&self.0.digest.of(value));
        let key = key.ok_or_else(unknown)?;
        if !key.enabled {
            return Err(refuse(format!("API key {} is disabled", key.id)));
        }
        for attachment in key.first.iter().chain(&key.others) {
            let rules = attachment.plan.rules.load();
            if let Some(found) = rules.stage(stage) {
                if self.0.shared.is_some() {
                    attachment.usage.make_rooms();
                }
                let method = match found.methods.is_empty() {
                    true => None,
                    false => method(),
                };
                return Ok(Subscription::new(attachment, &rules, found, method));
            }
        }
        let (id, StageRef { api, stage, .. }) = (&key.id, stage);
        Err(refuse(format!(
            "API key {id} is in no usage plan of stage {api}/{stage}"
        )))
    }

    fn admin(&self) -> MutexGuard<'_, Admin> {
        // Changes are checked before the first write, and no write panics: what a panicking thread left is whole.
        self.0.admin.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn refuse(detail: impl Into<String>) -> Rejection {
    Rejection::new(ResponseType::InvalidApiKey, Step::ApiKey).with_detail(detail)
}

impl Default for UsagePlans {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for UsagePlans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (keys, plans) = self.admin().counts();
        f.debug_struct("UsagePlans")
            .field("keys", &keys)
            .field("plans", &plans)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
