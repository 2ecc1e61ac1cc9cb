//! From what a builder was told to what a gateway serves with.
//!
//! What a gateway had before and is told again is taken over as it is: compiled definitions, authorizers with what they
//! keep, buckets and counts.

mod apis;
mod by_hand;
mod joining;
mod limits;
mod stages;

use self::joining::{Renewed, has_errors, join};
pub(crate) use self::{apis::register_deployed, stages::Placing};

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use towergate_definition::{Diagnostic, Place};
use towergate_stages::MethodKey;

use crate::{
    ApiSource, BuildError, Gateway, GatewayBuilder,
    control::{Control, Histories, ServedApi},
    domains::{self, Domains},
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
    renewed: Renewed,
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
            renewed: Renewed::default(),
            diagnostics: Vec::new(),
        };
        assembly.finish(self, gateway)
    }

    /// Joins one more API with what there is.
    pub(crate) fn join(mut self, id: &str, source: ApiSource) -> Result<Joined, BuildError> {
        let mut assembly = Assembly {
            previous: None,
            told_apis: BTreeSet::new(),
            renewed: Renewed::default(),
            diagnostics: Vec::new(),
        };
        let compiled = assembly.compile(source, self.strict, None, &place_of(id, None));
        let compiled: BTreeMap<_, _> = compiled
            .map(|api| (id.to_owned(), api))
            .into_iter()
            .collect();
        assembly.register(&mut self, &compiled, &BTreeMap::new());
        let api = compiled.into_values().next();
        let api = api.map(|api| join(&mut self, id, None, api));
        let mut found = assembly.diagnostics;
        match api {
            Some(api) if !has_errors(&found) && !has_errors(&api.joined) => Ok(Joined {
                api: Arc::new(ServedApi {
                    by_hand: Some(found),
                    ..api
                }),
                told: self,
            }),
            api => {
                found.extend(api.into_iter().flat_map(|api| api.joined));
                Err(BuildError::new(found))
            }
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
        #[cfg(feature = "jwt")]
        if let Some(previous) = self.previous {
            told.keys.take_over(&previous.keys);
        }
        let before = gateway.serving();
        let mut histories = self.histories(&before.histories);
        let backends = told.runtime.backends.clone();
        register_deployed(&mut told.runtime.backends, &histories);
        let served = self.serve_apis(&mut told, apis, canaries, &mut histories);
        let stages = self.serve_stages(gateway, &told, &served, &mut histories);
        let plans = self.usage_plans(&told, &served, &stages, &before.runtime.plans);
        let domains = self.domains(&told);

        let table = StageTable::of(stages.values());
        self.diagnostics.extend(table.overlaps());
        let has_errors = has_errors(&self.diagnostics);
        let (false, Some(plans), Some(domains)) = (has_errors, plans, domains) else {
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
            apis: served.apis,
            stages,
            canaries: served.canaries,
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

    fn error(&mut self, place: Place, message: impl Into<String>) {
        self.diagnostics.push(Diagnostic::error(place, message));
    }

    /// Returns the deployments of the APIs that stay.
    fn histories(&self, known: &Histories) -> Histories {
        let mut histories = known.clone();
        histories.retain(|id, _| self.told_apis.contains(id));
        histories
    }

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

/// An API's id and the name of a stage.
type StageKey = (String, String);

/// The stages of a gateway.
type Stages = BTreeMap<StageKey, Arc<ServedStage>>;

/// The APIs that are told, and those of canaries that have one of their own.
struct ServedApis {
    apis: BTreeMap<String, Arc<ServedApi>>,
    canaries: BTreeMap<StageKey, Arc<ServedApi>>,
}

/// The API that a stage is told to serve, and that of its canary if it is another.
type ToldApis<'a> = (&'a Arc<ServedApi>, Option<&'a Arc<ServedApi>>);

impl ServedApis {
    /// Returns what a stage is told to serve, unless its API is refused.
    fn of_stage(&self, key: &StageKey) -> Option<ToldApis<'_>> {
        let api = self.apis.get(&key.0)?;
        Some((api, self.canaries.get(key)))
    }

    /// Returns whether a stage is told to have a method, or its canary is.
    fn has_method(&self, key: &StageKey, method: &MethodKey) -> bool {
        self.of_stage(key).is_some_and(|(api, canary)| {
            let mut told = std::iter::once(api).chain(canary);
            told.any(|api| api.has_method(method))
        })
    }
}

/// The place of an API, or of the canary of one of its stages.
fn place_of(api_id: &str, canary_of: Option<&str>) -> Place {
    let api = Place::from_iter(["apis", api_id]);
    match canary_of {
        Some(stage) => api.key("stages").key(stage).key("canarySettings"),
        None => api,
    }
}
