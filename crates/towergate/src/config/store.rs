//! Where limits are kept: on this node, or in Redis for many.

#[cfg(feature = "redis")]
use std::sync::atomic::Ordering;
use std::{
    num::NonZeroU32,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use towergate_definition::{Diagnostic, Place};
use towergate_openapi::document::Node;
use towergate_throttling::{OutagePolicy, SharedLimits};

use super::{fields::Fields, secrets::Secrets, usage_plans::outage_policy};

pub(super) const REDIS_KEYS: &[&str] = &["deadlineMs", "mode", "nodes", "onOutage", "url"];

/// A Redis that many nodes keep their limits in.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct RedisSettings {
    /// It may hold a password.
    pub(super) url: String,
    pub(super) is_exact: bool,
    pub(super) deadline: Option<Duration>,
    pub(super) on_outage: Option<OutagePolicy>,
    pub(super) nodes: Option<NonZeroU32>,
    pub(super) place: Place,
}

/// A store that nodes share, and what it was made of.
#[derive(Clone)]
pub(super) struct SharedStore {
    pub(super) settings: RedisSettings,
    pub(super) limits: Arc<dyn SharedLimits>,
    /// Whether the server is out of reach.
    pub(super) degraded: Arc<AtomicBool>,
}

impl RedisSettings {
    /// Makes the store. Whether the server answers shows when limits are asked for.
    #[cfg(feature = "redis")]
    pub(super) fn connect(&self, account_id: Option<&str>) -> Result<SharedStore, String> {
        use towergate_redis::{Mode, RedisLimits, StoreEvent};

        let degraded = Arc::<AtomicBool>::default();
        let told = Arc::clone(&degraded);
        let mut builder = RedisLimits::builder(&self.url)
            .mode(match self.is_exact {
                true => Mode::Exact,
                false => Mode::Leased,
            })
            .observer(move |event| {
                let is_degraded = matches!(event, StoreEvent::Degraded { .. });
                told.store(is_degraded, Ordering::Relaxed);
            });
        if let Some(account_id) = account_id {
            builder = builder.account(account_id);
        }
        if let Some(deadline) = self.deadline {
            builder = builder.deadline(deadline);
        }
        if let Some(policy) = self.on_outage {
            builder = builder.on_outage(policy);
        }
        if let Some(nodes) = self.nodes {
            builder = builder.nodes(nodes);
        }
        let limits = builder.build().map_err(|error| error.to_string())?;
        Ok(SharedStore {
            settings: self.clone(),
            limits: Arc::new(limits),
            degraded,
        })
    }

    /// Says that there is no such store.
    #[cfg(not(feature = "redis"))]
    pub(super) fn connect(&self, _: Option<&str>) -> Result<SharedStore, String> {
        Err("limits are not kept in Redis: switch on the feature `redis`".to_owned())
    }
}

impl std::fmt::Debug for RedisSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisSettings")
            .field("is_exact", &self.is_exact)
            .finish_non_exhaustive()
    }
}

/// Reads the store, `None` where limits are kept on this node.
pub(super) fn store(
    file: &Fields<'_>,
    secrets: &mut Secrets,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<RedisSettings> {
    let (node, place) = file.get("store")?;
    if node.as_text() == Some("memory") {
        return None;
    }
    if node.as_map().is_none() {
        let message = "a store is `memory` or `{redis: {url: …}}`";
        diagnostics.push(Diagnostic::error(place, message));
        return None;
    }
    let store = Fields::known(node, place, &["redis"], diagnostics)?;
    let Some((node, place)) = store.get("redis") else {
        let message = "a store is `memory` or `{redis: {url: …}}`";
        diagnostics.push(Diagnostic::error(file.place("store"), message));
        return None;
    };
    redis(node, place, secrets, diagnostics)
}

fn redis(
    node: &Node,
    place: Place,
    secrets: &mut Secrets,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<RedisSettings> {
    let fields = Fields::known(node, place.clone(), REDIS_KEYS, diagnostics)?;
    let url = fields.required("url", "Redis has a URL", diagnostics);
    let url = url.and_then(|url| {
        let refused = |message| diagnostics.push(Diagnostic::error(fields.place("url"), message));
        secrets.resolve(url).map_err(refused).ok()
    });
    let wanted = "a mode: `leased` or `exact`";
    let is_exact = fields.parse("mode", wanted, diagnostics, |text| match text {
        "exact" => Some(true),
        "leased" => Some(false),
        _ => None,
    });
    let wanted = "a number of milliseconds from 1 to 60000";
    let deadline = fields.parse("deadlineMs", wanted, diagnostics, |text| {
        text.parse()
            .ok()
            .filter(|millis| (1..=60_000).contains(millis))
    });
    let wanted = "a number of nodes, at least 1";
    let nodes = fields.parse("nodes", wanted, diagnostics, |text| text.parse().ok());
    let on_outage = outage_policy(&fields, diagnostics);
    Some(RedisSettings {
        url: url?.into_owned(),
        is_exact: is_exact.unwrap_or(false),
        deadline: deadline.map(Duration::from_millis),
        on_outage,
        nodes,
        place,
    })
}
