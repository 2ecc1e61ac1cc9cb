//! A gateway: APIs on their stages, as one tower service.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context as TaskContext, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use tower_service::Service;
use towergate_core::{Body, BoxError, BoxFuture, Observer, StageInfo, TrustedHops};
use towergate_definition::{self as definition, Diagnostic, Place, Severity};
use towergate_integrations::{Backends, InProcess};

use crate::{
    BuildError, RestApi, StageSettings, addressing::Addressing, pipeline, runtime::Runtime,
    stage::StageSnapshot,
};

/// APIs on their stages. A clone is cheap and serves the same.
///
/// Which API and stage answers is found in this order: the host `{apiId}.execute-api.*` with the path
/// `/{stage}/…`; the path `/{apiId}/{stage}/…`; the path `/{stage}/…` where exactly one API has that stage. Anything
/// else is a 403.
///
/// ```
/// use http::{Request, Response};
/// use towergate::{Body, Gateway, InProcess, RestApi, StageSettings};
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let rex = tower::service_fn(async |_: Request<Body>| {
///     Ok::<_, std::convert::Infallible>(Response::new(Body::from("Rex")))
/// });
/// let pets = RestApi::builder("pets").get("/pets/{id}", InProcess::new(rex)).build()?;
/// let gateway = Gateway::builder().api("pets", pets).stage("pets", StageSettings::new("prod")).build()?;
///
/// let response = gateway.answer(Request::get("/prod/pets/7").body(Body::empty())?).await;
/// assert_eq!(response.into_body().collect(100).await?, "Rex");
/// # Ok(())
/// # }
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(run()).unwrap();
/// ```
#[derive(Debug, Clone)]
pub struct Gateway(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    runtime: Runtime,
    addressing: Addressing,
    diagnostics: Vec<Diagnostic>,
}

impl Gateway {
    /// Returns a builder without APIs.
    pub fn builder() -> GatewayBuilder {
        GatewayBuilder::default()
    }

    /// Returns what was found as the APIs were compiled.
    #[must_use]
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.0.diagnostics
    }

    /// Answers a request. A gateway never fails: what goes wrong is a response.
    pub async fn answer(&self, request: Request<Body>) -> Response<Body> {
        Arc::clone(&self.0).answer(request).await
    }
}

impl Inner {
    /// The context is made before the future, which so has room for its steps alone.
    fn answer<B>(
        self: Arc<Self>,
        request: Request<B>,
    ) -> impl Future<Output = Response<Body>> + Send + use<B>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let (head, body) = request.into_parts();
        let context = pipeline::begin(&self.runtime, head);
        let body = Body::new(body);
        async move { pipeline::handle(&self.runtime, &self.addressing, context, body).await }
    }
}

impl<B> Service<Request<B>> for Gateway
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _cx: &mut TaskContext<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> ResponseFuture {
        ResponseFuture(Box::pin(Arc::clone(&self.0).answer(request)))
    }
}

/// The answer of a [`Gateway`].
pub struct ResponseFuture(BoxFuture<'static, Response<Body>>);

impl Future for ResponseFuture {
    type Output = Result<Response<Body>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx).map(Ok)
    }
}

impl fmt::Debug for ResponseFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseFuture")
    }
}

/// Puts APIs on stages.
#[derive(Default)]
#[must_use = "a builder makes no gateway until `build` is called"]
pub struct GatewayBuilder {
    runtime: Runtime,
    region: Option<String>,
    account_id: Option<String>,
    apis: BTreeMap<String, ApiSource>,
    stages: Vec<(String, StageSettings)>,
    services: Vec<(String, InProcess)>,
}

impl GatewayBuilder {
    /// Adds an API under an id: one that was built in code, a definition, or one that was imported.
    ///
    /// An API of the same id is replaced.
    pub fn api(mut self, id: impl Into<String>, api: impl Into<ApiSource>) -> Self {
        self.apis.insert(id.into(), api.into());
        self
    }

    /// Puts an API on a stage.
    pub fn stage(mut self, api_id: impl Into<String>, stage: StageSettings) -> Self {
        self.stages.push((api_id.into(), stage));
        self
    }

    /// Answers what definitions send to `origin`, such as `http://pets.internal`, with a service of this process.
    pub fn service(mut self, origin: impl Into<String>, service: InProcess) -> Self {
        self.services.push((origin.into(), service));
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

    /// Believes so many proxies in front about the client's address; none by default.
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
        let mut compiled = BTreeMap::new();
        for (id, source) in std::mem::take(&mut self.apis) {
            match source.compile() {
                Ok(api) => {
                    diagnostics.extend(api.diagnostics.iter().cloned());
                    self.services.extend(api.services.iter().cloned());
                    compiled.insert(id, api);
                }
                Err(error) => diagnostics.extend(error.diagnostics().iter().cloned()),
            }
        }
        for (origin, service) in std::mem::take(&mut self.services) {
            match self.runtime.backends.clone().with_service(&origin, service) {
                Ok(backends) => self.runtime.backends = backends,
                Err(error) => diagnostics.push(Diagnostic::error(
                    Place::root().key("services"),
                    error.to_string(),
                )),
            }
        }
        let addressing = self.address(&compiled, &mut diagnostics);
        if diagnostics
            .iter()
            .any(|diagnostic| diagnostic.severity == Severity::Error)
        {
            return Err(BuildError::new(diagnostics));
        }
        diagnostics.extend(addressing.overlaps());
        Ok(Gateway(Arc::new(Inner {
            runtime: self.runtime,
            addressing,
            diagnostics,
        })))
    }

    fn address(
        &self,
        apis: &BTreeMap<String, RestApi>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Addressing {
        let mut addressing = Addressing::default();
        let mut seen = std::collections::BTreeSet::new();
        for (api_id, stage) in &self.stages {
            let place = Place::from_iter(["apis", api_id, "stages", &stage.name]);
            stage.check(&place, diagnostics);
            if !seen.insert((api_id, &stage.name)) {
                diagnostics.push(Diagnostic::error(place, "the API has this stage already"));
            } else if let Some(api) = apis.get(api_id) {
                addressing.insert(Arc::new(self.snapshot(api_id, stage, api)));
            } else {
                diagnostics.push(Diagnostic::error(
                    place,
                    format!("there is no API `{api_id}`; add it with `api`"),
                ));
            }
        }
        addressing
    }

    fn snapshot(&self, api_id: &str, stage: &StageSettings, api: &RestApi) -> StageSnapshot {
        let mut info = StageInfo::default();
        info.account_id = self
            .account_id
            .clone()
            .unwrap_or_else(|| "000000000000".to_owned());
        info.region = self
            .region
            .clone()
            .unwrap_or_else(|| "us-east-1".to_owned());
        api_id.clone_into(&mut info.api_id);
        info.stage.clone_from(&stage.name);
        info.variables.clone_from(&stage.variables);
        StageSnapshot {
            deployment: Arc::clone(&api.deployment),
            info: Arc::new(info),
        }
    }
}

impl fmt::Debug for GatewayBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GatewayBuilder")
            .field("apis", &self.apis.keys())
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
    fn compile(self) -> Result<RestApi, BuildError> {
        match self.0 {
            Source::Compiled(api) => Ok(*api),
            Source::Definition(definition, mut diagnostics) => {
                match RestApi::compile(&definition, false) {
                    Ok(mut api) => {
                        diagnostics.append(&mut api.diagnostics);
                        api.diagnostics = diagnostics;
                        Ok(api)
                    }
                    Err(error) => {
                        diagnostics.extend(error.diagnostics().iter().cloned());
                        Err(BuildError::new(diagnostics))
                    }
                }
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
    /// Parts that cannot be served close their methods.
    fn from(definition: definition::RestApi) -> Self {
        Self(Source::Definition(Box::new(definition), Vec::new()))
    }
}

#[cfg(feature = "openapi")]
impl From<towergate_openapi::Imported> for ApiSource {
    /// Parts that cannot be served close their methods.
    fn from(imported: towergate_openapi::Imported) -> Self {
        Self(Source::Definition(
            Box::new(imported.definition),
            imported.diagnostics,
        ))
    }
}
