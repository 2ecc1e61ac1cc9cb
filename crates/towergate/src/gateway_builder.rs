//! Puts APIs on stages.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

use towergate_authorizers::policy::ApiArn;
use towergate_core::{Observer, StageInfo, TrustedHops};
use towergate_definition::{self as definition, Diagnostic, Place, Severity};
use towergate_integrations::{Backends, FunctionArn, InProcess, Lambda};

#[cfg(feature = "jwt")]
use crate::access::IssuerKeyRing;
use crate::{
    BuildError, Gateway, RestApi, StageSettings,
    access::{Access, Means},
    deployment::CompiledMethod,
    policy_scope::report_foreign_statements,
    runtime::Runtime,
    stage::StageSnapshot,
    stage_table::StageTable,
};

/// Puts APIs on stages.
#[derive(Default)]
#[must_use = "a builder makes no gateway until `build` is called"]
pub struct GatewayBuilder {
    runtime: Runtime,
    region: Option<String>,
    account_id: Option<String>,
    strict: bool,
    apis: Vec<(String, ApiSource)>,
    stages: Vec<(String, StageSettings)>,
    services: Vec<(String, InProcess)>,
    functions: Vec<(String, Lambda)>,
    #[cfg(feature = "jwt")]
    keys: IssuerKeyRing,
}

impl GatewayBuilder {
    /// Adds an API under an id of its own: one that was built in code, a definition, or one that was imported.
    pub fn api(mut self, id: impl Into<String>, api: impl Into<ApiSource>) -> Self {
        self.apis.push((id.into(), api.into()));
        self
    }

    /// Puts an API on a stage.
    pub fn stage(mut self, api_id: impl Into<String>, stage: StageSettings) -> Self {
        self.stages.push((api_id.into(), stage));
        self
    }

    /// Answers what definitions send to `origin`, such as `http://pets.internal`, with a service of this process.
    /// Each origin has one service.
    pub fn service(mut self, origin: impl Into<String>, service: InProcess) -> Self {
        self.services.push((origin.into(), service));
        self
    }

    /// Calls a function where definitions name `arn`: `arn:aws:lambda:REGION:ACCOUNT:function:NAME`, with an alias or a
    /// version behind the name if it stands for that one alone. A bare `NAME` means every function of that name.
    pub fn function(mut self, arn: impl Into<String>, function: Lambda) -> Self {
        self.functions.push((arn.into(), function));
        self
    }

    /// Takes the keys of an issuer, such as `https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEfGhI`, from `source`.
    /// Those of other user pools are fetched from the pools, over `https` and from public addresses alone.
    /// Of several sources of one issuer, the last counts.
    #[cfg(feature = "jwt")]
    pub fn key_source(
        mut self,
        issuer: impl Into<String>,
        source: impl towergate_core::KeySource,
    ) -> Self {
        self.keys.insert(issuer.into(), source);
        self
    }

    /// Refuses definitions with parts that would fail at run time or are not served, instead of closing the methods
    /// concerned. APIs that were built in code have decided this for themselves.
    pub fn strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    /// Uses these backends: another client, other time and chance, another limit for request bodies.
    pub fn backends(mut self, backends: Backends) -> Self {
        self.runtime.backends = backends;
        self
    }

    /// Tells `observer` what happens to requests.
    pub fn observer(mut self, observer: impl Observer) -> Self {
        self.runtime.observer = Arc::new(observer);
        self
    }

    /// Believes so many proxies in front about the client's address, scheme and port; none by default.
    pub fn trusted_hops(mut self, trusted_hops: TrustedHops) -> Self {
        self.runtime.trusted_hops = trusted_hops;
        self
    }

    /// Sets `$context.accountId` and the account of ARNs; `000000000000` by default.
    pub fn account_id(mut self, account_id: impl Into<String>) -> Self {
        self.account_id = Some(account_id.into());
        self
    }

    /// Sets the region of ARNs; `us-east-1` by default.
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// Compiles every API and puts it on its stages.
    ///
    /// # Errors
    ///
    /// Returns everything that is wrong at once.
    pub fn build(mut self) -> Result<Gateway, BuildError> {
        let mut diagnostics = Vec::new();
        let apis = self.compile(&mut diagnostics);
        self.register(&mut diagnostics);
        self.register_functions(&apis, &mut diagnostics);
        self.check_functions(&apis, &mut diagnostics);
        let accesses = self.accesses(&apis, &mut diagnostics);
        let stages = self.address(&apis, &accesses, &mut diagnostics);
        if diagnostics
            .iter()
            .any(|found| found.severity == Severity::Error)
        {
            return Err(BuildError::new(diagnostics));
        }
        diagnostics.extend(stages.overlaps());
        Ok(Gateway::new(self.runtime, stages, diagnostics))
    }

    fn compile(&mut self, diagnostics: &mut Vec<Diagnostic>) -> BTreeMap<String, RestApi> {
        let mut apis = BTreeMap::new();
        for (id, source) in std::mem::take(&mut self.apis) {
            let place = Place::from_iter(["apis", &id]);
            let (api, found) = source.compile(self.strict);
            diagnostics.extend(found.into_iter().map(|found| found.within(&place)));
            self.services
                .extend(api.iter().flat_map(|api| api.services.iter().cloned()));
            if apis.contains_key(&id) {
                diagnostics.push(Diagnostic::error(
                    place,
                    "there is an API of this id already",
                ));
            }
            apis.extend(api.map(|api| (id, api)));
        }
        apis
    }

    fn register(&mut self, diagnostics: &mut Vec<Diagnostic>) {
        for (origin, service) in std::mem::take(&mut self.services) {
            let backends = self.runtime.backends.clone();
            match backends.with_service(&origin, service) {
                Ok(backends) => self.runtime.backends = backends,
                Err(error) => {
                    let place = Place::from_iter(["services", &origin]);
                    diagnostics.push(Diagnostic::error(place, error.to_string()));
                }
            }
        }
    }

    fn register_functions(
        &mut self,
        apis: &BTreeMap<String, RestApi>,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let backends = &mut self.runtime.backends;
        let mut report = |text: &str, message: String| {
            let place = Place::from_iter(["functions", text]);
            diagnostics.push(Diagnostic::error(place, message));
        };
        let mut register = |arn: &FunctionArn, function| {
            if let Err(error) = backends.insert_function(arn, function) {
                report(arn.as_str(), error.to_string());
            }
        };
        for (arn, function) in apis.values().flat_map(|api| api.functions.iter().cloned()) {
            register(&arn, function);
        }
        let mut invalid = Vec::new();
        for (text, function) in std::mem::take(&mut self.functions) {
            match FunctionArn::parse(&text) {
                Ok(arn) => register(&arn, function),
                Err(error) => invalid.push((text, error.to_string())),
            }
        }
        for (text, message) in invalid {
            report(&text, message);
        }
    }

    /// Reports the functions that an API calls and nobody stands for.
    fn check_functions(&self, apis: &BTreeMap<String, RestApi>, diagnostics: &mut Vec<Diagnostic>) {
        for (id, api) in apis {
            let root = Place::from_iter(["apis", id]);
            let unknown = api.deployment.unknown_functions(&self.runtime.backends);
            diagnostics.extend(unknown.map(|found| found.within(&root)));
        }
    }

    /// Joins what each API says of who may call with the functions and keys of the gateway.
    fn accesses(
        &mut self,
        apis: &BTreeMap<String, RestApi>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> BTreeMap<String, Arc<Access>> {
        let mut accesses = BTreeMap::new();
        for (id, api) in apis {
            let arn = ApiArn::new(self.region_of_arns(), self.account_of_arns(), id);
            let mut found = Vec::new();
            let mut means = Means {
                backends: &self.runtime.backends,
                #[cfg(feature = "jwt")]
                keys: &mut self.keys,
            };
            let methods = api.deployment.methods.iter();
            let guards = methods.filter_map(CompiledMethod::guard).collect();
            let rules = &api.deployment.access;
            if let Some(policy) = rules.policy() {
                report_foreign_statements(policy, &arn, &mut found);
            }
            let access = Access::build(rules, &guards, &arn, &mut means, &mut found);
            let root = Place::from_iter(["apis", id]);
            diagnostics.extend(found.into_iter().map(|found| found.within(&root)));
            accesses.insert(id.clone(), Arc::new(access));
        }
        accesses
    }

    fn account_of_arns(&self) -> &str {
        self.account_id.as_deref().unwrap_or("000000000000")
    }

    fn region_of_arns(&self) -> &str {
        self.region.as_deref().unwrap_or("us-east-1")
    }

    fn address(
        &self,
        apis: &BTreeMap<String, RestApi>,
        accesses: &BTreeMap<String, Arc<Access>>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> StageTable {
        let mut stages = StageTable::default();
        let mut seen = BTreeSet::new();
        for (api_id, stage) in &self.stages {
            let place = Place::from_iter(["apis", api_id, "stages", &stage.name]);
            stage.check(&place, diagnostics);
            if !seen.insert((api_id, &stage.name)) {
                diagnostics.push(Diagnostic::error(place, "the API has this stage already"));
            } else if let Some((api, access)) = apis.get(api_id).zip(accesses.get(api_id)) {
                stages.insert(Arc::new(self.snapshot(api_id, stage, api, access)));
            } else {
                diagnostics.push(Diagnostic::error(
                    place,
                    format!("there is no API `{api_id}`; add it with `api`"),
                ));
            }
        }
        stages
    }

    fn snapshot(
        &self,
        api_id: &str,
        stage: &StageSettings,
        api: &RestApi,
        access: &Arc<Access>,
    ) -> StageSnapshot {
        let mut info = StageInfo::default();
        self.account_of_arns().clone_into(&mut info.account_id);
        self.region_of_arns().clone_into(&mut info.region);
        api_id.clone_into(&mut info.api_id);
        info.stage.clone_from(&stage.name);
        info.variables.clone_from(&stage.variables);
        StageSnapshot {
            deployment: Arc::clone(&api.deployment),
            info: Arc::new(info),
            access: Arc::clone(access),
        }
    }
}

impl fmt::Debug for GatewayBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GatewayBuilder")
            .field("apis", &self.apis)
            .field("stages", &self.stages)
            .finish_non_exhaustive()
    }
}

/// Where an API comes from.
#[derive(Debug)]
pub struct ApiSource(Source);

#[derive(Debug)]
enum Source {
    Compiled(Box<RestApi>),
    Definition(Box<definition::RestApi>, Vec<Diagnostic>),
}

impl ApiSource {
    /// Compiles the API, and returns what there is to say about it.
    fn compile(self, strict: bool) -> (Option<RestApi>, Vec<Diagnostic>) {
        let (definition, mut diagnostics) = match self.0 {
            Source::Compiled(api) => {
                let diagnostics = api.diagnostics.clone();
                return (Some(*api), diagnostics);
            }
            Source::Definition(definition, diagnostics) => (definition, diagnostics),
        };
        if strict {
            diagnostics.iter_mut().for_each(Diagnostic::escalate);
        }
        match RestApi::compile(&definition, strict) {
            Ok(api) => {
                diagnostics.extend(api.diagnostics.iter().cloned());
                (Some(api), diagnostics)
            }
            Err(error) => {
                diagnostics.extend(error.diagnostics().iter().cloned());
                (None, diagnostics)
            }
        }
    }
}

impl From<RestApi> for ApiSource {
    fn from(api: RestApi) -> Self {
        Self(Source::Compiled(Box::new(api)))
    }
}

impl From<definition::RestApi> for ApiSource {
    /// Parts that cannot be served close their methods, unless the gateway is strict.
    fn from(definition: definition::RestApi) -> Self {
        Self(Source::Definition(Box::new(definition), Vec::new()))
    }
}

#[cfg(feature = "openapi")]
impl From<towergate_openapi::Imported> for ApiSource {
    /// Parts that cannot be served close their methods, unless the gateway is strict.
    fn from(imported: towergate_openapi::Imported) -> Self {
        Self(Source::Definition(
            Box::new(imported.definition),
            imported.diagnostics,
        ))
    }
}
