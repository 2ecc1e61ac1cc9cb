//! A gateway: APIs on their stages, as one tower service.

mod canary_guard;
mod stage_change;

use std::{
    convert::Infallible,
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context as TaskContext, Poll},
    time::Duration,
};

use arc_swap::{ArcSwap, ArcSwapOption};
use bytes::Bytes;
use http::{Request, Response};
use tower_service::Service;
use towergate_core::{Body, BoxError, BoxFuture, Timestamp};
use towergate_definition::Diagnostic;

#[cfg(feature = "config")]
use towergate_integrations::Backends;
use towergate_throttling::UsagePlans;

#[cfg(feature = "config")]
use crate::RestApi;

use self::canary_guard::OnDecision;
pub(crate) use self::stage_change::StageChange;
use crate::{
    Admin, BuildError, Changes, DeploymentInfo, GatewayBuilder, ReleaseError, RouteInfo,
    StageHandle, assembly::Assembled, control::Control, in_flight::Visit, pipeline, routes,
    serving::Serving, stage::ServedStage,
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

#[derive(Debug, Default)]
struct Inner {
    /// What requests are answered with: each resolves it once, and a change replaces it as a whole.
    serving: ArcSwap<Serving>,
    /// What changes go by. No request waits for it.
    control: Mutex<Control>,
    on_canary_decision: ArcSwapOption<OnDecision>,
}

impl Gateway {
    /// Returns a builder without APIs.
    pub fn builder() -> GatewayBuilder {
        GatewayBuilder::default()
    }

    /// Builds a gateway: an empty one, which is told what to serve.
    pub(crate) fn of(told: GatewayBuilder) -> Result<Self, BuildError> {
        let gateway = Self(Arc::default());
        let Assembled { serving, control } = told.assemble(&gateway, None)?;
        *gateway.control() = control;
        gateway.0.serving.store(Arc::new(serving));
        Ok(gateway)
    }

    /// Returns a builder for what this gateway is to serve [next](Self::reload): it keeps clients, time, chance, observer,
    /// stores, keys of issuers, account, region, the account's rate, strictness and trusted hops, and knows no APIs, stages,
    /// services, functions, API keys, usage plans and domain names.
    pub fn successor(&self) -> GatewayBuilder {
        let control = self.control();
        let mut next = self.continued(&control);
        drop(control);
        let backends = next.runtime.backends;
        next.runtime.backends = backends.emptied();
        next
    }

    /// Returns a builder with all that this gateway has beside APIs.
    fn continued(&self, control: &Control) -> GatewayBuilder {
        GatewayBuilder {
            runtime: self.serving().runtime.clone(),
            region: control.region.clone(),
            account_id: control.account_id.clone(),
            strict: control.strict,
            throttle: control.throttle,
            #[cfg(feature = "jwt")]
            keys: control.keys.clone(),
            ..GatewayBuilder::default()
        }
    }

    /// Serves what `next` says from now on, whole: each request is answered by the old or by the new, those in flight by
    /// the old to their end. What `next` says again goes on as it is, with its counts, buckets, authorizers and what they
    /// keep. Where an authorizer's function or an issuer's keys are others now, they are so for deployments that are kept,
    /// too; a deployment whose policy is refused in another account or region is kept no longer.
    ///
    /// ```
    /// use towergate::{Gateway, Integration, RestApi, StageSettings};
    ///
    /// let api = RestApi::builder("pets").get("/pets", Integration::mock(200)).build()?;
    /// let gateway = Gateway::builder().api("pets", api.clone()).stage("pets", StageSettings::new("prod")).build()?;
    ///
    /// let beta = StageSettings::new("beta").variable("backend", "10.0.0.8:8080");
    /// let next = gateway.successor().api("pets", api).stage("pets", StageSettings::new("prod")).stage("pets", beta);
    /// assert_eq!(gateway.reload(next)?.to_string(), "added apis.pets.stages.beta");
    /// # Ok::<(), towergate::BuildError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns everything that is wrong with `next` at once; nothing has changed then.
    pub fn reload(&self, next: GatewayBuilder) -> Result<Changes, BuildError> {
        let mut control = self.control();
        let Assembled {
            mut serving,
            control: new,
        } = next.assemble(self, Some(&control))?;
        let before = self.serving();
        serving.in_flight = Arc::clone(&before.in_flight);
        let store = before.runtime.plans.shared();
        let has_same_store = serving.runtime.plans.is_shared_by(store);
        let changes = new.changes_since(&control, has_same_store);
        let replaced_control = std::mem::replace(&mut *control, new);
        let replaced = self.0.serving.swap(Arc::new(serving));
        // What goes with them may take its time to go: no one should wait for that.
        drop(control);
        drop((replaced_control, replaced));
        Ok(changes)
    }

    /// Returns a stage, to be changed while it serves.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no such stage.
    pub fn stage(&self, api_id: &str, stage: &str) -> Result<StageHandle, ReleaseError> {
        let key = (api_id.to_owned(), stage.to_owned());
        let handle = StageHandle::new(self.clone(), key);
        handle.current().map(|_| handle)
    }

    pub(crate) fn deployments(&self, api_id: &str) -> Vec<DeploymentInfo> {
        let serving = self.serving();
        let history = serving.histories.get(api_id);
        let kept = history.into_iter().flat_map(|history| history.iter());
        kept.map(|kept| DeploymentInfo {
            id: kept.id().to_owned(),
            created: kept.created(),
        })
        .collect()
    }

    pub(crate) fn served_stage(&self, key: &(String, String)) -> Option<Arc<ServedStage>> {
        let (api_id, stage) = key;
        self.serving().stages.get(api_id, stage).cloned()
    }

    /// Returns the API keys and usage plans, to be changed while the gateway runs. A [reload](Self::reload) leaves such
    /// changes of a key or a plan as they are where it says the same of it as the one before; where it says something else
    /// of any, what was returned before changes nothing any more: ask again.
    #[must_use]
    pub fn usage_plans(&self) -> UsagePlans {
        self.serving().runtime.plans.clone()
    }

    /// Returns every method of every stage, and what is said of it.
    #[must_use]
    pub fn routes(&self) -> Vec<RouteInfo> {
        let serving = self.serving();
        let stages = serving.stages.iter();
        let releases = stages.flat_map(|stage| stage.snapshot.releases());
        releases.flat_map(routes::of_release).collect()
    }

    /// Returns a service for operators and their probes.
    #[must_use]
    pub fn admin(&self) -> Admin {
        Admin(self.clone())
    }

    /// Says that the gateway is to end, and waits until no request is in flight, but not past `deadline`. Returns whether
    /// there is none.
    ///
    /// Requests that still come are answered. [`Admin`] tells probes to send no more.
    pub async fn drain(&self, deadline: Duration) -> bool {
        let serving = self.0.serving.load_full();
        let backends = &serving.runtime.backends;
        let deadline = backends.clock().now().saturating_add(deadline);
        let sleep = backends.timer().sleep_until(deadline);
        serving.in_flight.drain(sleep).await
    }

    /// Says that the gateway is to end, and waits for `delay`, so that load balancers may learn from [`Admin`] that it
    /// is no longer ready before its listener closes. Requests are answered as ever; without a delay it returns at
    /// once.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # async fn run(gateway: towergate::Gateway, ctrl_c: impl Future<Output = ()>) {
    /// let shutdown = async { // of the server
    ///     ctrl_c.await;
    ///     gateway.withdraw(Duration::from_secs(5)).await;
    /// };
    /// # shutdown.await;
    /// # }
    /// ```
    pub async fn withdraw(&self, delay: Duration) {
        let serving = self.0.serving.load_full();
        serving.in_flight.withdraw();
        if !delay.is_zero() {
            let backends = &serving.runtime.backends;
            let deadline = backends.clock().now().saturating_add(delay);
            backends.timer().sleep_until(deadline).await;
        }
    }

    /// Returns whether the gateway was told to end.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.serving().in_flight.is_draining()
    }

    /// Returns how many requests are in flight: of which the answer has not ended.
    #[must_use]
    pub fn requests_in_flight(&self) -> usize {
        self.serving().in_flight.requests()
    }

    /// Returns an API as it was compiled.
    #[cfg(feature = "config")]
    pub(crate) fn known_api(&self, id: &str) -> Option<RestApi> {
        self.control().apis.get(id).map(|known| known.api.clone())
    }

    /// Returns what the canary of a stage serves, as it was compiled.
    #[cfg(feature = "config")]
    pub(crate) fn known_canary(&self, api_id: &str, stage: &str) -> Option<RestApi> {
        self.control()
            .canary(api_id, stage)
            .map(|known| known.api.clone())
    }

    /// Returns what the APIs call.
    #[cfg(feature = "config")]
    pub(crate) fn backends(&self) -> Backends {
        self.serving().runtime.backends.clone()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.serving().runtime.backends.clock().now()
    }

    pub(crate) fn serving(&self) -> arc_swap::Guard<Arc<Serving>> {
        self.0.serving.load()
    }

    fn control(&self) -> MutexGuard<'_, Control> {
        // It is replaced whole or not at all: what a panicking thread left is good.
        self.0
            .control
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns what was found as the APIs were compiled, those included that were deployed by hand and are kept. The place of
    /// a finding in the definition of an API begins with `apis` and the API's id.
    #[must_use]
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        let serving = self.serving();
        let deployed = serving
            .histories
            .values()
            .flat_map(|history| history.iter());
        let by_hand = deployed.flat_map(|deployment| deployment.service().found_by_hand());
        serving.diagnostics.iter().chain(by_hand).cloned().collect()
    }

    /// Returns what was found in what the gateway was told last, without what was deployed by hand since.
    #[cfg(feature = "config")]
    pub(crate) fn told_diagnostics(&self) -> Arc<[Diagnostic]> {
        Arc::clone(&self.serving().diagnostics)
    }

    /// Answers a request. A gateway never fails: what goes wrong is a response.
    pub async fn answer(&self, request: Request<Body>) -> Response<Body> {
        self.0.answer(request).await
    }
}

impl Inner {
    /// Makes the context outside the future, which is smaller without the request's head.
    fn answer<B>(&self, request: Request<B>) -> impl Future<Output = Response<Body>> + Send + use<B>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        #[cfg(feature = "axum")]
        let request = crate::axum::with_peer(request);
        let (head, body) = request.into_parts();
        let visit = Visit::new(self.serving.load_full());
        let context = pipeline::begin(&visit.runtime, head);
        let body = Body::new(body);
        async move {
            let mut response = pipeline::handle(&visit, context, body).await;
            let body = response.body_mut();
            if body.as_ready().is_none() {
                *body = std::mem::take(body).holding(visit);
            }
            response
        }
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
        ResponseFuture(Box::pin(self.0.answer(request)))
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
