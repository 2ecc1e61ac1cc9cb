//! APIs as they are told, compiled, and the services and functions that they bring.

use std::{collections::BTreeMap, sync::Arc};

use towergate_definition::Place;
use towergate_integrations::{Backends, FunctionArn};

use super::{Assembly, StageKey, place_of};
use crate::{
    ApiSource, GatewayBuilder, RestApi,
    control::{Histories, ServedApi},
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
