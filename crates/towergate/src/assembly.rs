//! From what a builder was told to what a gateway serves with.
//!
//! What a gateway had before and is told again is taken over as it is: compiled definitions, authorizers with what they
//! keep, buckets and counts.

mod by_hand;
mod limits;
mod stages;

pub(crate) use self::stages::Placing;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use towergate_authorizers::policy::ApiArn;
use towergate_definition::{Diagnostic, Place, Severity};
use towergate_integrations::{Backends, FunctionArn};

use crate::{
    ApiSource, BuildError, Gateway, GatewayBuilder, RestApi,
    access::{Access, Means},
    control::{Control, Histories, ServedApi},
    deployment::CompiledMethod,
    domains::{self, Domains},
    policy_scope::report_foreign_statements,
    serving::Serving,
    stage::ServedStage,
    stage_table::StageTable,
};

/// What a gateway serves with, and what its next change goes by.
#[derive(Debug)]
pub(crate) struct Assembled {
    pub(crate) serving: Serving,
    pub(crate) control: Control,
}

/// An API that a running gateway is to serve, and what its backends and keys are with it.
pub(crate) struct Joined {
    pub(crate) api: Arc<ServedApi>,
    pub(crate) told: GatewayBuilder,
}

/// What there was before, and what is said of what there will be.
struct Assembly<'a> {
    previous: Option<&'a Control>,
    /// The ids of all APIs, those that are refused included.
    told_apis: BTreeSet<String>,
    diagnostics: Vec<Diagnostic>,
}

impl GatewayBuilder {
    /// Puts everything together, and takes over what stays from what was there before.
    pub(crate) fn assemble(
        self,
        gateway: &Gateway,
        previous: Option<&Control>,
    ) -> Result<Assembled, BuildError> {
        let told_apis = self.apis.iter().map(|(id, _)| id).chain(&self.refused);
        let assembly = Assembly {
            previous,
            told_apis: told_apis.cloned().collect(),
            diagnostics: Vec::new(),
        };
        assembly.finish(self, gateway)
    }

    /// Joins one more API with what there is.
    pub(crate) fn join(mut self, id: &str, source: ApiSource) -> Result<Joined, BuildError> {
        let mut assembly = Assembly {
            previous: None,
            told_apis: BTreeSet::new(),
            diagnostics: Vec::new(),
        };
        let compiled = assembly.compile(source, self.strict, None, &place_of(id, None));
        let compiled: BTreeMap<_, _> = compiled
            .map(|api| (id.to_owned(), api))
            .into_iter()
            .collect();
        assembly.register(&mut self, &compiled, &BTreeMap::new());
        let api = compiled.into_values().next();
        let api = api.map(|api| assembly.join(&mut self, id, None, api));
        match api.filter(|_| !assembly.has_errors()) {
            Some(api) => Ok(Joined {
                api: Arc::new(ServedApi {
                    found: assembly.diagnostics,
                    ..api
                }),
                told: self,
            }),
            None => Err(BuildError::new(assembly.diagnostics)),
        }
    }

    /// Returns all that is wrong, and what else there is to say.
    #[cfg(feature = "config")]
    pub(crate) fn problems(self) -> Vec<Diagnostic> {
        match self.build() {
            Ok(gateway) => gateway.diagnostics(),
            Err(error) => error.diagnostics().to_vec(),
        }
    }
}

impl Assembly<'_> {
    fn finish(
        mut self,
        mut told: GatewayBuilder,
        gateway: &Gateway,
    ) -> Result<Assembled, BuildError> {
        let apis = self.compile_apis(&mut told);
        let canaries = self.compile_canaries(&mut told);
        self.register(&mut told, &apis, &canaries);
        let before = gateway.serving();
        let mut histories = self.histories(&before.histories);
        let backends = told.runtime.backends.clone();
        register_deployed(&mut told.runtime.backends, &histories);
        let apis = self.serve_apis(&mut told, apis);
        let canaries = self.serve_canaries(&mut told, canaries);
        let stages = self.serve_stages(gateway, &told, &apis, &canaries, &mut histories);
        let plans = self.usage_plans(&told, &stages, &before.runtime.plans);
        let domains = self.domains(&told);

        let table = StageTable::of(stages.values());
        self.diagnostics.extend(table.overlaps());
        let (false, Some(plans), Some(domains)) = (self.has_errors(), plans, domains) else {
            return Err(BuildError::new(self.diagnostics));
        };
        let mut runtime = told.runtime;
        runtime.plans = plans;
        let control = Control {
            region: told.region,
            account_id: told.account_id,
            strict: told.strict,
            trusted_hops: runtime.trusted_hops,
            services: told.services,
            functions: told.functions,
            apis,
            stages,
            canaries,
            backends,
            throttle: told.throttle,
            api_keys: told.api_keys,
            usage_plans: told.usage_plans,
            domains: told.domains,
            #[cfg(feature = "jwt")]
            keys: told.keys,
        };
        let serving = Serving {
            runtime,
            stages: table,
            domains: Arc::new(domains),
            histories,
            diagnostics: self.diagnostics.into(),
            in_flight: Arc::default(),
        };
        Ok(Assembled { serving, control })
    }

    fn has_errors(&self) -> bool {
        let mut severities = self.diagnostics.iter().map(|found| found.severity);
        severities.any(|severity| severity == Severity::Error)
    }

    fn error(&mut self, place: Place, message: impl Into<String>) {
        self.diagnostics.push(Diagnostic::error(place, message));
    }

    /// Returns the deployments of the APIs that stay.
    fn histories(&self, known: &Histories) -> Histories {
        let mut histories = known.clone();
        histories.retain(|id, _| self.told_apis.contains(id));
        histories
    }

    fn compile_apis(&mut self, told: &mut GatewayBuilder) -> BTreeMap<String, RestApi> {
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

    fn compile_canaries(&mut self, told: &mut GatewayBuilder) -> BTreeMap<StageKey, RestApi> {
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
    fn compile(
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
    fn register(
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
    fn serve_apis(
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

    fn serve_canaries(
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
    fn join(
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

/// An API's id and the name of a stage.
type StageKey = (String, String);

/// The stages of a gateway.
type Stages = BTreeMap<StageKey, Arc<ServedStage>>;

/// The place of an API, or of the canary of one of its stages.
fn place_of(api_id: &str, canary_of: Option<&str>) -> Place {
    let api = Place::from_iter(["apis", api_id]);
    match canary_of {
        Some(stage) => api.key("stages").key(stage).key("canarySettings"),
        None => api,
    }
}

impl Assembly<'_> {
    /// Checks the domain names.
    fn domains(&mut self, told: &GatewayBuilder) -> Option<Domains> {
        let mut known: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for id in &self.told_apis {
            known.insert(id, Vec::new());
        }
        for (api, settings) in &told.stages {
            known.entry(api).or_default().push(&settings.name);
        }
        domains::compile(&told.domains, &known, &mut self.diagnostics)
    }
}
