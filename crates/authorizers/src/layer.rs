//! The layer that asks an authorizer before the inner service.

use std::{
    fmt, mem,
    pin::Pin,
    sync::Arc,
    task::{self, Poll, ready},
};

use http::{Request, Response, request};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;
use towergate_core::{BoxFuture, Context, Rejection, ResponseBody, Style};

use crate::{Authorize, AuthorizeRequest, Authorized, Decision, Refusal};

/// Lets requests through to the inner service that an authorizer lets in, and refuses the others.
///
/// A request that is let in has [`Authorized`] in its extensions, and its [`Context`] knows who calls.
///
/// # Examples
///
/// ```
/// use http::{Request, Response};
/// use tower::{Layer, Service, service_fn};
/// use towergate_authorizers::{AuthorizeLayer, AuthorizeRequest, Authorized, Context, Refusal, authorize_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let layer = AuthorizeLayer::new(authorize_fn(|request: &AuthorizeRequest<'_>| {
///     match request.headers().get("authorization") {
///         Some(value) if value == "sesame" => Ok(Authorized::by_host().with_principal_id("ali")),
///         _ => Err(Refusal::unauthorized("the word is wrong")),
///     }
/// }));
/// let mut app = layer.layer(service_fn(async |request: Request<String>| {
///     let identity = Context::get(request.extensions()).and_then(Context::identity);
///     let principal = identity.and_then(|identity| identity.principal_id.clone());
///     Ok::<_, &str>(Response::new(principal.ok_or("nobody")?))
/// }));
///
/// let request = Request::get("/").header("authorization", "sesame").body(String::new())?;
/// assert_eq!(app.call(request).await?.status(), 200);
/// assert_eq!(app.call(Request::get("/").body(String::new())?).await?.status(), 401);
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct AuthorizeLayer<A> {
    authorizer: Arc<A>,
    resource: Option<Arc<Resource>>,
    style: Style,
    enabled: bool,
    report_only: bool,
}

type Resource = dyn Fn(&request::Parts) -> String + Send + Sync;

/// Why a request would have been refused, in the extensions of one that a layer with
/// [`report_only`](AuthorizeLayer::report_only) let through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WouldRefuse(pub Rejection);

impl<A> AuthorizeLayer<A> {
    /// Creates a layer that asks `authorizer`.
    pub fn new(authorizer: A) -> Self {
        Self {
            authorizer: Arc::new(authorizer),
            resource: None,
            style: Style::Rest,
            enabled: true,
            report_only: false,
        }
    }

    /// Makes the ARN that policies are asked about from the head of the request, where an authorizer asks for it.
    ///
    /// Otherwise it is `arn:aws:execute-api:local:000000000000:app/default/{METHOD}{path}`, or that of the stage and
    /// path in the request's [`Context`].
    pub fn resource(
        mut self,
        resource: impl Fn(&request::Parts) -> String + Send + Sync + 'static,
    ) -> Self {
        self.resource = Some(Arc::new(resource));
        self
    }

    /// Answers in the words of another kind of API than REST APIs.
    pub fn style(mut self, style: Style) -> Self {
        self.style = style;
        self
    }

    /// Sets whether the layer does anything at all: if not, every request goes to the inner service as it is.
    pub fn enabled(mut self, enabled: bool) -> Self {
        self.enabled = enabled;
        self
    }

    /// Sets whether the layer only says what it would have refused, in [`WouldRefuse`], and refuses nothing.
    pub fn report_only(mut self, report_only: bool) -> Self {
        self.report_only = report_only;
        self
    }

    /// Lets a request in, or returns why not.
    fn settle(&self, parts: &mut request::Parts, decision: Decision) -> Result<(), Refusal> {
        match decision {
            Ok(authorized) => {
                note(parts, authorized);
                Ok(())
            }
            Err(refusal) if self.report_only => {
                parts.extensions.insert(WouldRefuse(refusal.into()));
                Ok(())
            }
            Err(refusal) => {
                if let Some(context) = Context::get(&parts.extensions) {
                    context.note_rejection(refusal.rejection().clone());
                }
                Err(refusal)
            }
        }
    }
}

fn note(parts: &mut request::Parts, authorized: Authorized) {
    if let Some(context) = Context::get(&parts.extensions) {
        context.note_identity(authorized.to_identity());
    }
    parts.extensions.insert(authorized);
}

/// Puts a question to an authorizer about the request with this head.
macro_rules! ask {
    ($layer:expr, $context:expr, $parts:expr, |$request:ident| $ask:expr) => {{
        let resource = || match &$layer.resource {
            Some(resource) => resource($parts),
            None => String::new(),
        };
        let $request = AuthorizeRequest::new($context, &$parts.headers);
        let $request = match &$layer.resource {
            Some(_) => $request.with_resource(&resource),
            None => $request,
        };
        $ask
    }};
}

impl<S, A> Layer<S> for AuthorizeLayer<A> {
    type Service = AuthorizeService<S, A>;

    fn layer(&self, inner: S) -> Self::Service {
        AuthorizeService {
            inner,
            layer: self.clone(),
        }
    }
}

impl<A> Clone for AuthorizeLayer<A> {
    fn clone(&self) -> Self {
        Self {
            authorizer: Arc::clone(&self.authorizer),
            resource: self.resource.clone(),
            ..*self
        }
    }
}

impl<A: fmt::Debug> fmt::Debug for AuthorizeLayer<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizeLayer")
            .field("authorizer", &self.authorizer)
            .field("style", &self.style)
            .field("enabled", &self.enabled)
            .field("report_only", &self.report_only)
            .finish_non_exhaustive()
    }
}

/// The service of an [`AuthorizeLayer`].
#[derive(Debug)]
pub struct AuthorizeService<S, A> {
    inner: S,
    layer: AuthorizeLayer<A>,
}

impl<S: Clone, A> Clone for AuthorizeService<S, A> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            layer: self.layer.clone(),
        }
    }
}

impl<S, A, ReqBody, ResBody> Service<Request<ReqBody>> for AuthorizeService<S, A>
where
    A: Authorize,
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone + Send + 'static,
    S::Future: Send,
    ReqBody: Send + 'static,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, S::Error, ResBody>;

    fn poll_ready(&mut self, cx: &mut task::Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        if !self.layer.enabled {
            let future = self.inner.call(request);
            return Kind::Pass { future }.into();
        }
        let context = Context::of(&mut request);
        let (mut parts, body) = request.into_parts();
        let layer = &self.layer;
        let decision = ask!(layer, &context, &parts, |request| {
            layer.authorizer.authorize_now(&request)
        });
        let Some(decision) = decision else {
            let clone = self.inner.clone();
            let mut inner = mem::replace(&mut self.inner, clone);
            let layer = layer.clone();
            let future = Box::pin(async move {
                let decision = ask!(layer, &context, &parts, |request| {
                    layer.authorizer.authorize(&request).await
                });
                match layer.settle(&mut parts, decision) {
                    Ok(()) => {
                        let response = inner.call(Request::from_parts(parts, body)).await?;
                        Ok(response.map(ResponseBody::inner))
                    }
                    Err(refusal) => Ok(refusal.into_response(layer.style)),
                }
            });
            return Kind::Wait { future }.into();
        };
        match layer.settle(&mut parts, decision) {
            Ok(()) => {
                let future = self.inner.call(Request::from_parts(parts, body));
                Kind::Pass { future }.into()
            }
            Err(refusal) => {
                let style = layer.style;
                Kind::Refuse { refusal, style }.into()
            }
        }
    }
}

pin_project! {
    /// The response of an [`AuthorizeService`].
    pub struct ResponseFuture<F, E, B> {
        #[pin]
        kind: Kind<F, E, B>,
    }
}

pin_project! {
    #[project = KindProjection]
    enum Kind<F, E, B> {
        Pass { #[pin] future: F },
        Wait { future: BoxFuture<'static, Result<Response<ResponseBody<B>>, E>> },
        Refuse { refusal: Refusal, style: Style },
    }
}

impl<F, E, B> From<Kind<F, E, B>> for ResponseFuture<F, E, B> {
    fn from(kind: Kind<F, E, B>) -> Self {
        Self { kind }
    }
}

impl<F, E, B> Future for ResponseFuture<F, E, B>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<ResponseBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Self::Output> {
        match self.project().kind.project() {
            KindProjection::Pass { future } => {
                let response = ready!(future.poll(cx))?;
                Poll::Ready(Ok(response.map(ResponseBody::inner)))
            }
            KindProjection::Wait { future } => future.as_mut().poll(cx),
            KindProjection::Refuse { refusal, style } => {
                Poll::Ready(Ok(refusal.clone().into_response(*style)))
            }
        }
    }
}

impl<F, E, B> fmt::Debug for ResponseFuture<F, E, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
