//! A gateway: APIs on their stages, as one tower service.

use std::{
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
use towergate_core::{Body, BoxError, BoxFuture};
use towergate_definition::Diagnostic;

use crate::{GatewayBuilder, pipeline, runtime::Runtime, stage_table::StageTable};

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
    stages: StageTable,
    diagnostics: Vec<Diagnostic>,
}

impl Gateway {
    /// Returns a builder without APIs.
    pub fn builder() -> GatewayBuilder {
        GatewayBuilder::default()
    }

    pub(crate) fn new(runtime: Runtime, stages: StageTable, diagnostics: Vec<Diagnostic>) -> Self {
        Self(Arc::new(Inner {
            runtime,
            stages,
            diagnostics,
        }))
    }

    /// Returns what was found as the APIs were compiled. The place of a finding in the definition of an API begins
    /// with `apis` and the API's id.
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
    /// Makes the context outside the future, which is smaller without the request's head.
    fn answer<B>(
        self: Arc<Self>,
        request: Request<B>,
    ) -> impl Future<Output = Response<Body>> + Send + use<B>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        #[cfg(feature = "axum")]
        let request = crate::axum::with_peer(request);
        let (head, body) = request.into_parts();
        let context = pipeline::begin(&self.runtime, head);
        let body = Body::new(body);
        async move { pipeline::handle(&self.runtime, &self.stages, context, body).await }
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
