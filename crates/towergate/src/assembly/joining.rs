//! APIs joined with what their gateway has: the functions and keys that their authorizers ask, region and account.
//!
//! A gateway may come to have others while an API stays: the API is joined anew then, and goes on as it is with all that
//! points at it. So do the deployments that are kept: whoever rolls back to one asks no function that is no more.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use towergate_authorizers::policy::ApiArn;
use towergate_definition::{Diagnostic, Severity};

use super::{Assembly, ServedApis, StageKey, place_of};
use crate::{
    GatewayBuilder, RestApi,
    access::{Access, Means},
    control::{Histories, ServedApi},
    deployment::CompiledMethod,
    policy_scope::report_foreign_statements,
};

/// APIs that were joined anew, by what they were before.
#[derive(Default)]
pub(super) struct Renewed(HashMap<*const ServedApi, Arc<ServedApi>>);

impl Renewed {
    fn insert(&mut self, before: &Arc<ServedApi>, now: &Arc<ServedApi>) {
        self.0.insert(Arc::as_ptr(before), Arc::clone(now));
    }

    fn get(&self, before: &Arc<ServedApi>) -> Option<&Arc<ServedApi>> {
        self.0.get(&Arc::as_ptr(before))
    }

    /// Returns whether an API is what became of `before`.
    pub(super) fn continues(&self, before: &Arc<ServedApi>, now: &Arc<ServedApi>) -> bool {
        Arc::ptr_eq(self.get(before).unwrap_or(before), now)
    }
}

impl Assembly<'_> {
    /// Joins every API that is told with what the gateway has, and every deployment that is kept.
    pub(super) fn serve_apis(
        &mut self,
        told: &mut GatewayBuilder,
        apis: BTreeMap<String, RestApi>,
        canaries: BTreeMap<StageKey, RestApi>,
        histories: &mut Histories,
    ) -> ServedApis {
        let apis = apis.into_iter().map(|(id, api)| {
            let known = self.previous.and_then(|previous| previous.apis.get(&id));
            let served = self.serve_api(told, known, &id, None, api);
            (id, served)
        });
        let apis = apis.collect();
        let canaries = canaries.into_iter().map(|((id, stage), api)| {
            let previous = self.previous;
            let known = previous.and_then(|previous| previous.canary(&id, &stage));
            let served = self.serve_api(told, known, &id, Some(&stage), api);
            ((id, stage), served)
        });
        let canaries = canaries.collect();
        self.renew(told, histories);
        ServedApis { apis, canaries }
    }

    /// Joins an API with what the gateway has, unless what is known was made of the same.
    fn serve_api(
        &mut self,
        told: &mut GatewayBuilder,
        known: Option<&Arc<ServedApi>>,
        id: &str,
        canary_of: Option<&str>,
        api: RestApi,
    ) -> Arc<ServedApi> {
        let known = known.filter(|known| Arc::ptr_eq(&known.api.deployment, &api.deployment));
        let served = match known {
            Some(known) if known.api.imported == api.imported && self.fits(told, known) => {
                Arc::clone(known)
            }
            _ => Arc::new(join(told, id, canary_of, api)),
        };
        if let Some(known) = known {
            self.renewed.insert(known, &served);
        }
        self.diagnostics.extend(served.joined.iter().cloned());
        served
    }

    /// Joins the deployments that are kept anew, where that makes others of them. One that cannot be joined any more is kept
    /// no longer.
    fn renew(&mut self, told: &mut GatewayBuilder, histories: &mut Histories) {
        for (id, history) in histories {
            let is_same =
                |api: &Arc<ServedApi>| self.renewed.continues(api, api) && self.fits(told, api);
            if history.iter().all(|kept| is_same(kept.service())) {
                continue;
            }
            *history = Arc::new(history.filter_map(|api| self.renewed(told, id, api)));
        }
    }

    /// Returns what becomes of an API of a deployment that is kept.
    fn renewed(
        &mut self,
        told: &mut GatewayBuilder,
        id: &str,
        known: &Arc<ServedApi>,
    ) -> Option<Arc<ServedApi>> {
        if let Some(renewed) = self.renewed.get(known) {
            return Some(Arc::clone(renewed));
        }
        if self.fits(told, known) {
            return Some(Arc::clone(known));
        }
        let served = ServedApi {
            by_hand: known.by_hand.clone(),
            ..join(told, id, None, known.api.clone())
        };
        (!has_errors(&served.joined)).then(|| Arc::new(served))
    }

    /// Returns whether the same would be made of an API as before.
    fn fits(&self, told: &GatewayBuilder, known: &ServedApi) -> bool {
        let is_there = |access: &Access| {
            access.fits(
                &known.api.deployment.access,
                &told.runtime.backends,
                #[cfg(feature = "jwt")]
                &told.keys,
            )
        };
        self.is_where_it_was(told) && is_there(&known.access)
    }

    /// Returns whether region and account are those from before.
    pub(super) fn is_where_it_was(&self, told: &GatewayBuilder) -> bool {
        self.previous.is_some_and(|previous| {
            previous.region == told.region && previous.account_id == told.account_id
        })
    }
}

/// Joins an API with what the gateway has.
pub(super) fn join(
    told: &mut GatewayBuilder,
    id: &str,
    canary_of: Option<&str>,
    api: RestApi,
) -> ServedApi {
    let arn = ApiArn::new(told.region_of_arns(), told.account_of_arns(), id);
    let mut found = Vec::new();
    let mut means = Means {
        backends: &told.runtime.backends,
        #[cfg(feature = "jwt")]
        keys: &mut told.keys,
    };
    let methods = api.deployment.methods.iter();
    let guards: BTreeSet<_> = methods.filter_map(CompiledMethod::guard).collect();
    let rules = &api.deployment.access;
    if let Some(policy) = rules.policy() {
        report_foreign_statements(policy, &arn, &mut found);
    }
    let access = Access::build(rules, &guards, &arn, &mut means, &mut found);
    let place = place_of(id, canary_of);
    let joined = found.into_iter().map(|found| found.within(&place));
    ServedApi {
        joined: joined.collect(),
        api,
        access,
        by_hand: None,
    }
}

pub(super) fn has_errors(found: &[Diagnostic]) -> bool {
    let mut severities = found.iter().map(|found| found.severity);
    severities.any(|severity| severity == Severity::Error)
}
