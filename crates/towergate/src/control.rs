//! What a change of a gateway goes by: what it was told last, and what became of that.

use std::{collections::BTreeMap, sync::Arc};

use towergate_definition::Place;
use towergate_routing::Domain;
use towergate_throttling::{ApiKey, Rate, UsagePlan};

#[cfg(feature = "jwt")]
use crate::access::IssuerKeyRing;
use crate::{
    ChangeKind, Changes, DomainTarget, RestApi, RouteInfo, StageSettings, access::Access, routes,
    stage::StageSnapshot,
};

/// An API that was compiled, and joined with what its gateway has.
#[derive(Debug)]
pub(crate) struct ServedApi {
    pub(crate) api: RestApi,
    pub(crate) access: Arc<Access>,
}

/// What a gateway was told, beside what it serves with.
#[derive(Debug, Default)]
pub(crate) struct Control {
    pub(crate) region: Option<String>,
    pub(crate) account_id: Option<String>,
    pub(crate) strict: bool,
    pub(crate) apis: BTreeMap<String, Arc<ServedApi>>,
    /// By the API's id and the stage's name.
    pub(crate) stages: BTreeMap<(String, String), ServedStage>,
    /// What canaries serve that have a definition of their own.
    pub(crate) canaries: BTreeMap<(String, String), Arc<ServedApi>>,
    pub(crate) throttle: Option<Rate>,
    pub(crate) api_keys: Vec<ApiKey>,
    pub(crate) usage_plans: Vec<UsagePlan>,
    pub(crate) domains: Vec<Domain<DomainTarget>>,
    #[cfg(feature = "jwt")]
    pub(crate) keys: IssuerKeyRing,
}

/// A stage as it was told, and what became of it.
#[derive(Debug, Clone)]
pub(crate) struct ServedStage {
    pub(crate) settings: StageSettings,
    pub(crate) snapshot: Arc<StageSnapshot>,
}

impl Control {
    /// Compares what is told now with what was told before.
    pub(crate) fn changes_since(&self, old: &Self) -> Changes {
        let mut changes = Changes::default();
        changes.compare(
            &old.apis,
            &self.apis,
            |id| Place::from_iter(["apis", id]),
            |_, _| true,
        );
        for (id, new) in &self.apis {
            if let Some(old) = old.apis.get(id) {
                changes.compare_definitions(id, &old.api.definition, &new.api.definition);
            }
        }
        changes.compare(
            &old.stages,
            &self.stages,
            |(api, stage)| Place::from_iter(["apis", api, "stages", stage]),
            |old, new| old.settings == new.settings,
        );
        changes.compare(
            &old.canaries,
            &self.canaries,
            |(api, stage)| {
                Place::from_iter(["apis", api, "stages", stage, "canarySettings", "definition"])
            },
            |old, new| old.api.definition == new.api.definition,
        );
        changes.compare(
            old.api_keys.iter().map(|key| (&key.id, key)),
            self.api_keys.iter().map(|key| (&key.id, key)),
            |id| Place::from_iter(["apiKeys", id]),
            |old, new| old == new,
        );
        changes.compare(
            old.usage_plans.iter().map(|plan| (&plan.id, plan)),
            self.usage_plans.iter().map(|plan| (&plan.id, plan)),
            |id| Place::from_iter(["usagePlans", id]),
            |old, new| old == new,
        );
        changes.compare(
            old.domains.iter().map(|domain| (domain.name(), domain)),
            self.domains.iter().map(|domain| (domain.name(), domain)),
            |name| Place::from_iter(["domainNames", name]),
            |old, new| old == new,
        );
        let accounts = [
            ("region", old.region == self.region),
            ("accountId", old.account_id == self.account_id),
            ("throttle", old.throttle == self.throttle),
        ];
        for (key, is_same) in accounts {
            if !is_same {
                changes.note(ChangeKind::Changed, Place::root().key(key));
            }
        }
        changes.sorted()
    }

    /// Returns what the canary of a stage serves, if that has a definition of its own.
    pub(crate) fn canary(&self, api_id: &str, stage: &str) -> Option<&Arc<ServedApi>> {
        self.canaries.get(&(api_id.to_owned(), stage.to_owned()))
    }

    /// Lists every method of every stage.
    pub(crate) fn routes(&self) -> Vec<RouteInfo> {
        let releases = self
            .stages
            .values()
            .flat_map(|stage| stage.snapshot.releases());
        releases.flat_map(routes::of_release).collect()
    }
}
