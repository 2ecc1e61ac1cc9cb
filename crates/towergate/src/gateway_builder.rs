//! Puts APIs on stages.

use std::{fmt, sync::Arc};

use towergate_core::{Observer, TrustedHops};
use towergate_integrations::{Backends, InProcess, Lambda};
use towergate_routing::Domain;
use towergate_throttling::{ApiKey, Rate, SharedLimits, UsagePlan, UsagePlans};

#[cfg(feature = "jwt")]
use crate::access::IssuerKeyRing;
use crate::{ApiSource, BuildError, DomainTarget, Gateway, StageSettings, runtime::Runtime};

/// Puts APIs on stages.
#[derive(Default)]
#[must_use = "a builder makes no gateway until `build` is called"]
pub struct GatewayBuilder {
    pub(crate) runtime: Runtime,
    pub(crate) region: Option<String>,
    pub(crate) account_id: Option<String>,
    pub(crate) strict: bool,
    pub(crate) apis: Vec<(String, ApiSource)>,
    pub(crate) stages: Vec<(String, StageSettings)>,
    /// The ids of APIs that were refused already, of which nothing more is said.
    pub(crate) refused: Vec<String>,
    /// What canaries serve that have a definition of their own, by API and stage.
    pub(crate) canaries: Vec<((String, String), ApiSource)>,
    pub(crate) services: Vec<(String, InProcess)>,
    pub(crate) functions: Vec<(String, Lambda)>,
    pub(crate) throttle: Option<Rate>,
    pub(crate) api_keys: Vec<ApiKey>,
    pub(crate) usage_plans: Vec<UsagePlan>,
    pub(crate) domains: Vec<Domain<DomainTarget>>,
    #[cfg(feature = "jwt")]
    pub(crate) keys: IssuerKeyRing,
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

    /// Gives the canary of a stage an API of its own, such as the next version. Without one it serves that of the stage, with
    /// other variables.
    ///
    /// ```
    /// use towergate::{Gateway, Integration, RestApi, StageSettings, stages::{CanarySettings, Percent}};
    ///
    /// let version = |status| RestApi::builder("pets").get("/pets", Integration::mock(status)).build();
    /// let canary = CanarySettings::new(Percent::new(10.0)?);
    /// let gateway = Gateway::builder()
    ///     .api("pets", version(200)?)
    ///     .stage("pets", StageSettings::new("prod").canary(canary))
    ///     .canary_api("pets", "prod", version(201)?)
    ///     .build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn canary_api(
        mut self,
        api_id: impl Into<String>,
        stage: impl Into<String>,
        api: impl Into<ApiSource>,
    ) -> Self {
        let key = (api_id.into(), stage.into());
        self.canaries.push((key, api.into()));
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

    /// Holds all requests of the gateway together to a rate: the throttle of the account. There is none by default.
    pub fn throttle(mut self, rate: Rate) -> Self {
        self.throttle = Some(rate);
        self
    }

    /// Adds an API key, for the methods that require one.
    pub fn api_key(mut self, key: ApiKey) -> Self {
        self.api_keys.push(key);
        self
    }

    /// Adds a usage plan, which says what its keys may call, how fast and how often.
    pub fn usage_plan(mut self, plan: UsagePlan) -> Self {
        self.usage_plans.push(plan);
        self
    }

    /// Keeps every limit in a store that nodes share.
    pub fn shared_limits(mut self, store: Arc<dyn SharedLimits>) -> Self {
        self.runtime.plans = UsagePlans::with_shared(store);
        self
    }

    /// Keeps every limit in this store, or on this node.
    #[cfg(feature = "config")]
    pub(crate) fn store(mut self, shared: Option<Arc<dyn SharedLimits>>) -> Self {
        self.runtime.plans = shared.map_or_else(UsagePlans::new, UsagePlans::with_shared);
        self
    }

    /// Adds a domain name, whose requests go where its mappings and routing rules say and nowhere else.
    ///
    /// ```
    /// use towergate::{Gateway, DomainTarget, routing::Domain};
    ///
    /// let domain = Domain::new("api.example.com").base_path_mapping("v1", DomainTarget::new("pets", "prod"));
    /// let builder = Gateway::builder().domain_name(domain);
    /// # let _ = builder;
    /// ```
    pub fn domain_name(mut self, domain: Domain<DomainTarget>) -> Self {
        self.domains.push(domain);
        self
    }

    pub(crate) fn account_of_arns(&self) -> &str {
        self.account_id.as_deref().unwrap_or("000000000000")
    }

    pub(crate) fn region_of_arns(&self) -> &str {
        self.region.as_deref().unwrap_or("us-east-1")
    }

    /// Compiles every API and puts it on its stages.
    ///
    /// # Errors
    ///
    /// Returns everything that is wrong at once.
    pub fn build(self) -> Result<Gateway, BuildError> {
        Gateway::of(self)
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
