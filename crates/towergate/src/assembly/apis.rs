//! APIs as they are told: compiled, and joined with the functions and keys of their gateway.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use towergate_authorizers::policy::ApiArn;
use towergate_definition::Place;
use towergate_integrations::{Backends, FunctionArn};

use super::{Assembly, StageKey, place_of};
use crate::{
    ApiSource, GatewayBuilder, RestApi,
    access::{Access, Means},
    control::{Histories, ServedApi},
    deployment::CompiledMethod,
    policy_scope::report_foreign_statements,
};

impl Assembly<'_> {
    pub(super) fn compile_apis(&mut self, told: &mut GatewayBuilder) -> BTreeMap<String, RestApi> {
        let mut apis = BTreeMap::new();
        for (id, source) in std::mem::take(&mut told.apis) {
            let place = Place::from_iter(["apis", &id]);
            let known = self.previous.and_then(|previous| previous.apis.get(&id));
            let api = self.compile(source, told.strict, known, &place);
            if apis.contains_key(&id) {
                self.error(place, "there is an API of this id already");
            }
            apis.extend(api.map(|api| (id, api)));
        }
        apis
    }

    pub(super) fn compile_canaries(
        &mut self,
        told: &mut GatewayBuilder,
    ) -> BTreeMap<StageKey, RestApi> {
        let mut canaries = BTreeMap::new();
        for (key, source) in std::mem::take(&mut told.canaries) {
            let (api_id, stage) = &key;
            let place = Place::from_iter(["apis", api_id, "stages", stage, "canarySettings"]);
            let previous = self.previous;
            let known = previous.and_then(|previous| previous.canary(api_id, stage));
            let api = self.compile(source, told.strict, known, &place);
            let has_canary = told.stages.iter().any(|(told_api, settings)| {
                told_api == api_id && settings.name == *stage && settings.canary.is_some()
            });
            if !has_canary {
                self.error(place, "the stage has no canary: set one with `canary`");
            } else if canaries.contains_key(&key) {
                self.error(place, "the canary of the stage has an API already");
            }
            canaries.extend(api.map(|api| (key, api)));
        }
        canaries
    }

    /// Compiles an API, unless it is the one that is known.
    pub(super) fn compile(
        &mut self,
        source: ApiSource,
        strict: bool,
        known: Option<&Arc<ServedApi>>,
        place: &Place,
    ) -> Option<RestApi> {
        let (api, found) = source.compile(strict, known.map(|known| &known.api));
        let found = found.into_iter().map(|found| found.within(place));
        self.diagnostics.extend(found);
        api
    }

    /// Tells the backends which services and functions there are, and reports the functions that are called and nobody
    /// stands for.
    pub(super) fn register(
        &mut self,
        told: &mut GatewayBuilder,
        apis: &BTreeMap<String, RestApi>,
        canaries: &BTreeMap<StageKey, RestApi>,
    ) {
        let backends = &mut told.runtime.backends;
        let all = || apis.values().chain(canaries.values());
        let services = all().flat_map(|api| api.services.iter().cloned());
        for (origin, service) in told.services.iter().cloned().chain(services) {
            if let Err(error) = backends.insert_service(&origin, service) {
                self.error(Place::from_iter(["services", &origin]), error.to_string());
            }
        }
        let functions = all().flat_map(|api| api.functions.iter().cloned());
        let mut functions: Vec<_> = functions.collect();
        for (text, function) in &told.functions {
            match FunctionArn::parse(text) {
                Ok(arn) => functions.push((arn, function.clone())),
                Err(error) => {
                    self.error(Place::from_iter(["functions", text]), error.to_string());
                }
            }
        }
        for (arn, function) in functions {
            if let Err(error) = backends.insert_function(&arn, function) {
                let place = Place::from_iter(["functions", arn.as_str()]);
                self.error(place, error.to_string());
            }
        }
        let places = apis.iter().map(|(id, api)| (place_of(id, None), api));
        let canaries = canaries.iter();
        let canaries = canaries.map(|((id, stage), api)| (place_of(id, Some(stage)), api));
        for (place, api) in places.chain(canaries) {
            let unknown = api.deployment.unknown_functions(backends);
            let unknown = unknown.map(|found| found.within(&place));
            self.diagnostics.extend(unknown);
        }
    }

    /// Joins what each API says of who may call with the functions and keys of the gateway.
    pub(super) fn serve_apis(
        &mut self,
        told: &mut GatewayBuilder,
        apis: BTreeMap<String, RestApi>,
    ) -> BTreeMap<String, Arc<ServedApi>> {
        let served = apis.into_iter().map(|(id, api)| {
            let known = self.previous.and_then(|previous| previous.apis.get(&id));
            let served = self.serve_api(told, known, &id, None, api);
            (id, served)
        });
        served.collect()
    }

    pub(super) fn serve_canaries(
        &mut self,
        told: &mut GatewayBuilder,
        canaries: BTreeMap<StageKey, RestApi>,
    ) -> BTreeMap<StageKey, Arc<ServedApi>> {
        let served = canaries.into_iter().map(|((id, stage), api)| {
            let known = self
                .previous
                .and_then(|previous| previous.canary(&id, &stage));
            let served = self.serve_api(told, known, &id, Some(&stage), api);
            ((id, stage), served)
        });
        served.collect()
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
        if let Some(known) = known.filter(|known| self.is_same(told, known, &api)) {
            return Arc::clone(known);
        }
        Arc::new(self.join(told, id, canary_of, api))
    }

    /// Joins an API with what the gateway has.
    pub(super) fn join(
        &mut self,
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
        let found = found.into_iter().map(|found| found.within(&place));
        self.diagnostics.extend(found);
        ServedApi {
            api,
            access,
            found: Vec::new(),
        }
    }

    /// Returns whether the same would be made of an API as before.
    fn is_same(&self, told: &GatewayBuilder, known: &ServedApi, api: &RestApi) -> bool {
        let Some(previous) = self.previous else {
            return false;
        };
        let is_same = Arc::ptr_eq(&known.api.deployment, &api.deployment)
            && previous.region == told.region
            && previous.account_id == told.account_id
            && known
                .access
                .fits(&known.api.deployment.access, &told.runtime.backends);
        #[cfg(feature = "jwt")]
        let is_same = is_same && told.keys.continues(&previous.keys);
        is_same
    }
}

/// Tells the backends of the services and functions of deployments that stay, which stages may point at or be rolled back to.
/// Where another function is told for the same ARN, that is the one.
pub(crate) fn register_deployed(backends: &mut Backends, histories: &Histories) {
    let deployments = histories.values().flat_map(|history| history.iter());
    for api in deployments.map(|deployment| &deployment.service().api) {
        // Whether another was told is no error here.
        for (origin, service) in &api.services {
            let _ = backends.insert_service(origin, service.clone());
        }
        for (arn, function) in &api.functions {
            let _ = backends.insert_function(arn, function.clone());
        }
    }
}
