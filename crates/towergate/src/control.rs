//! What a change of a gateway goes by: what it was told last, and what became of that.

use std::{collections::BTreeMap, num::NonZeroUsize, sync::Arc};

use towergate_core::TrustedHops;
use towergate_definition::{Diagnostic, Place};
use towergate_integrations::{Backends, InProcess, Lambda};
use towergate_routing::Domain;
use towergate_stages::{Deployment, DeploymentError, Deployments, MethodKey};
use towergate_throttling::{ApiKey, Rate, UsagePlan};

#[cfg(feature = "jwt")]
use crate::access::IssuerKeyRing;
use crate::{
    ChangeKind, Changes, DomainTarget, RestApi, access::Access, runtime::Runtime,
    stage::ServedStage,
};

/// An API that was compiled, and joined with what its gateway has.
#[derive(Debug)]
pub(crate) struct ServedApi {
    pub(crate) api: RestApi,
    pub(crate) access: Access,
    /// What was found as it was joined.
    pub(crate) joined: Vec<Diagnostic>,
    /// What else was found as it was deployed, if that was by hand. Of what a gateway is told, that is among what it serves
    /// with.
    pub(crate) by_hand: Option<Vec<Diagnostic>>,
}

impl ServedApi {
    /// Returns what was found as it was deployed by hand, if it was.
    pub(crate) fn found_by_hand(&self) -> impl Iterator<Item = &Diagnostic> {
        let found = self.by_hand.iter();
        found.flat_map(|found| found.iter().chain(&self.joined))
    }

    /// Returns whether the API has a method.
    pub(crate) fn has_method(&self, key: &MethodKey) -> bool {
        let mut methods = self.api.methods();
        methods.any(|((path, verb), _)| MethodKey::method(path, verb.as_str()) == *key)
    }
}

/// What a gateway was told, beside what it serves with.
#[derive(Debug, Default)]
pub(crate) struct Control {
    pub(crate) region: Option<String>,
    pub(crate) account_id: Option<String>,
    pub(crate) strict: bool,
    pub(crate) trusted_hops: TrustedHops,
    pub(crate) services: Vec<(String, InProcess)>,
    pub(crate) functions: Vec<(String, Lambda)>,
    pub(crate) apis: BTreeMap<String, Arc<ServedApi>>,
    /// By the API's id and the stage's name.
    pub(crate) stages: BTreeMap<(String, String), Arc<ServedStage>>,
    /// What canaries serve that have a definition of their own.
    pub(crate) canaries: BTreeMap<(String, String), Arc<ServedApi>>,
    /// The backends as they were told, without the services and functions that came with other deployments.
    pub(crate) backends: Backends,
    pub(crate) throttle: Option<Rate>,
    pub(crate) api_keys: Vec<ApiKey>,
    pub(crate) usage_plans: Vec<UsagePlan>,
    pub(crate) domains: Vec<Domain<DomainTarget>>,
    #[cfg(feature = "jwt")]
    pub(crate) keys: IssuerKeyRing,
}

/// The deployments of an API that are kept.
pub(crate) type History = Deployments<Arc<ServedApi>>;

/// The deployments that are kept, by the API's id.
pub(crate) type Histories = BTreeMap<String, Arc<History>>;

/// How many deployments of an API are kept.
pub(crate) const MAX_DEPLOYMENTS: NonZeroUsize = NonZeroUsize::new(32).expect("it is not zero");

impl Control {
    /// Returns the deployment of an API: the one there is, or a new one.
    pub(crate) fn deployment(
        history: &mut History,
        api: &Arc<ServedApi>,
        runtime: &Runtime,
        in_use: impl Fn(&str) -> bool,
    ) -> Result<Arc<Deployment<Arc<ServedApi>>>, DeploymentError> {
        let is_known = |kept: &&Arc<Deployment<_>>| Arc::ptr_eq(kept.service(), api);
        if let Some(known) = history.iter().find(is_known) {
            return Ok(Arc::clone(known));
        }
        let backends = &runtime.backends;
        let id = history.draw_id(backends.random());
        let created = backends.clock().now();
        history.insert(Deployment::new(id, created, Arc::clone(api)), in_use)
    }

    /// Returns whether a stage of an API points at a deployment.
    pub(crate) fn points_at(&self, api_id: &str, deployment_id: &str) -> bool {
        let mut stages = self.stages.iter();
        stages.any(|((api, _), stage)| api == api_id && stage.snapshot.points_at(deployment_id))
    }
}

impl Control {
    /// Compares what is told now with what was told before.
    pub(crate) fn changes_since(&self, old: &Self, has_same_store: bool) -> Changes {
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
                if old.api.strict != new.api.strict {
                    let place = Place::from_iter(["apis", id, "strict"]);
                    changes.note(ChangeKind::Changed, place);
                }
            }
        }
        changes.compare(
            &old.stages,
            &self.stages,
            |(api, stage)| Place::from_iter(["apis", api, "stages", stage]),
            |old, new| new.continues(old),
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
        self.note_changes_of_the_whole(old, has_same_store, &mut changes);
        changes.sorted()
    }

    /// Notes what is another for all APIs: services, functions and settings of the whole.
    fn note_changes_of_the_whole(&self, old: &Self, has_same_store: bool, changes: &mut Changes) {
        changes.compare(
            old.services.iter().map(|(origin, told)| (origin, told)),
            self.services.iter().map(|(origin, told)| (origin, told)),
            |origin| Place::from_iter(["services", origin]),
            |old, new| old.is_same(new),
        );
        changes.compare(
            old.functions.iter().map(|(arn, told)| (arn, told)),
            self.functions.iter().map(|(arn, told)| (arn, told)),
            |arn| Place::from_iter(["functions", arn]),
            |old, new| old.is_same(new),
        );
        let whole = [
            ("region", old.region == self.region),
            ("accountId", old.account_id == self.account_id),
            ("throttle", old.throttle == self.throttle),
            ("strict", old.strict == self.strict),
            ("trustedHops", old.trusted_hops == self.trusted_hops),
            ("store", has_same_store),
        ];
        for (key, is_same) in whole {
            if !is_same {
                changes.note(ChangeKind::Changed, Place::root().key(key));
            }
        }
    }

    /// Returns what the canary of a stage serves, if that has a definition of its own.
    pub(crate) fn canary(&self, api_id: &str, stage: &str) -> Option<&Arc<ServedApi>> {
        self.canaries.get(&(api_id.to_owned(), stage.to_owned()))
    }
}
