//! The layer that transforms: templates for what goes in and what comes out of any service.

use std::{
    mem,
    sync::Arc,
    task::{self, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use tower_layer::Layer;
use tower_service::Service;
use towergate_core::{Body, BoxError, Context, MAX_REQUEST_BYTES, Rejection, ResponseType, Step};

use self::{
    templates::{RequestChoice, Templates},
    transform::Transform,
};
use crate::{Limits, Template};

mod future;
mod overriding;
mod request_variables;
mod templates;
mod transform;

pub use self::{
    future::ResponseFuture, overriding::override_text, request_variables::RequestVariables,
    templates::PassthroughBehavior,
};
pub use towergate_core::ResponseBody;

/// Transforms requests and responses with [`Template`]s, chosen by content type.
///
/// | of | the template is the one for | without one |
/// |---|---|---|
/// | a request | its `Content-Type` (`application/json` if there is none), then `$default` | [`PassthroughBehavior`] |
/// | a response | the first type in the request's `Accept`, then `application/json`, then the first | it passes |
///
/// A template sees the request's [`Context`], its query and its headers; a body that it reads is collected up to
/// [`max_body_bytes`](Self::max_body_bytes). What it makes replaces the body, with the headers that spoke of the old
/// one; a response is of the type that its template is for. Then the headers of `$context.requestOverride`, and headers
/// and status of `$context.responseOverride` are set, those of a request template too. Headers that frame a message or
/// speak of one hop are not overridden, and nor are path and query.
///
/// A request body over the bound is refused with 413, one that breaks off with 400. A body that is not UTF-8, a
/// template that fails, and a response over the bound are a 500 whose cause is the [`Rejection::detail`] in the
/// response's extensions. Refusals of towergate's layers further in, and informational responses, pass as they are.
/// How long a body takes is left to a timeout.
///
/// # Examples
///
/// ```
/// use http::{Request, Response};
/// use tower::{Layer, Service, service_fn};
/// use towergate_core::Body;
/// use towergate_mapping_templates::{Template, TransformLayer};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// let layer = TransformLayer::new()
///     .request_template("application/json", Template::parse(r#"{"name": $input.json('$.pet.name')}"#)?)
///     .response_template(
///         "application/json",
///         Template::parse(r#"#set($context.responseOverride.status = 201){"created": $input.body}"#)?,
///     );
/// let echo = service_fn(async |request: Request<Body>| {
///     Ok::<_, std::convert::Infallible>(Response::new(request.into_body()))
/// });
/// let mut app = layer.layer(echo);
///
/// let request = Request::post("/pets").body(Body::from(r#"{"pet": {"name": "Rex"}}"#))?;
/// let response = app.call(request).await?;
/// assert_eq!(response.status(), 201);
/// let body = Body::new(response.into_body()).collect(1024).await?;
/// assert_eq!(body, r#"{"created": {"name": "Rex"}}"#);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct TransformLayer {
    requests: Arc<Templates>,
    responses: Arc<Templates>,
    passthrough_behavior: PassthroughBehavior,
    max_body_bytes: usize,
    limits: Limits,
    enabled: bool,
}

impl TransformLayer {
    /// Creates a layer without templates, which lets everything through.
    pub fn new() -> Self {
        Self {
            requests: Arc::default(),
            responses: Arc::default(),
            passthrough_behavior: PassthroughBehavior::default(),
            max_body_bytes: MAX_REQUEST_BYTES,
            limits: Limits::default(),
            enabled: true,
        }
    }

    /// Adds the template of requests with this content type, such as `application/json`, or of all others: `$default`.
    /// One that was there is replaced.
    pub fn request_template(mut self, content_type: &str, template: Template) -> Self {
        Arc::make_mut(&mut self.requests).insert(content_type, template);
        self
    }

    /// Adds the template of responses to clients that accept this content type. One that was there is replaced.
    ///
    /// An empty template for `application/json` lets the response pass as it is.
    pub fn response_template(mut self, content_type: &str, template: Template) -> Self {
        Arc::make_mut(&mut self.responses).insert(content_type, template);
        self
    }

    /// Sets what becomes of a request without a template. Default: [`PassthroughBehavior::WhenNoMatch`].
    pub fn passthrough_behavior(mut self, behavior: PassthroughBehavior) -> Self {
        self.passthrough_behavior = behavior;
        self
    }

    /// Sets the largest body that is collected for a template, in bytes. Default: 10 MiB.
    pub fn max_body_bytes(mut self, max_body_bytes: usize) -> Self {
        self.max_body_bytes = max_body_bytes;
        self
    }

    /// Sets how much one rendering may do and make.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets whether the layer does anything at all: if not, every request and response passes as it is.
    pub fn enabled(mut self, enabled: bool) -> Self {
        self.enabled = enabled;
        self
    }

    /// Finds what is to be done with a request and its response; `None` is nothing.
    fn transform(&self, request: &mut Request<Body>) -> Result<Option<Transform>, Rejection> {
        if !self.enabled {
            return Ok(None);
        }
        let headers = request.headers();
        let on_request = match self
            .requests
            .for_request(headers, self.passthrough_behavior)
        {
            RequestChoice::Template(template) => Some(template),
            RequestChoice::Passthrough => None,
            RequestChoice::Unsupported => {
                let unsupported = ResponseType::UnsupportedMediaType;
                return Err(Rejection::new(unsupported, Step::IntegrationRequest));
            }
        };
        let on_response = self.responses.for_response(headers);
        if on_request.is_none() && on_response.is_none() {
            return Ok(None);
        }
        Ok(Some(Transform {
            // The context may keep a few headers only.
            headers: headers.clone(),
            context: Context::of(request),
            on_request,
            on_response,
            max_body_bytes: self.max_body_bytes,
            limits: self.limits,
        }))
    }
}

impl Default for TransformLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for TransformLayer {
    type Service = TransformService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        TransformService {
            inner,
            layer: self.clone(),
        }
    }
}

/// The service of a [`TransformLayer`].
#[derive(Debug, Clone)]
pub struct TransformService<S> {
    inner: S,
    layer: TransformLayer,
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for TransformService<S>
where
    S: Service<Request<Body>, Response = Response<ResBody>> + Clone + Send + 'static,
    S::Future: Send,
    ReqBody: http_body::Body<Data = Bytes> + Send + 'static,
    ReqBody::Error: Into<BoxError>,
    ResBody: http_body::Body<Data = Bytes> + Send + 'static,
    ResBody::Error: Into<BoxError>,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, ResBody, S::Error>;

    fn poll_ready(&mut self, cx: &mut task::Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let mut request = request.map(Body::new);
        match self.layer.transform(&mut request) {
            Ok(None) => ResponseFuture::pass(self.inner.call(request)),
            Ok(Some(transform)) => {
                // The future takes the service that was polled ready and leaves its clone.
                let clone = self.inner.clone();
                let inner = mem::replace(&mut self.inner, clone);
                ResponseFuture::transform(Box::pin(transform.run(inner, request)))
            }
            Err(rejection) => ResponseFuture::refuse(rejection),
        }
    }
}

#[cfg(test)]
mod tests;
