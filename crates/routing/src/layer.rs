//! The layer that routes: it finds the resource and tells the inner service about it.

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{self, Poll, ready},
};

use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;
use towergate_core::{Context, Rejection, ResponseType, Route, Step, Style};

use crate::{ResponseBody, RouteTable};

/// Routes requests with a [`RouteTable`].
///
/// A request that matches carries the route's value as [`Matched`] in its extensions, and its [`Context`] knows
/// resource and path parameters. The path is [`Context::resource_path`]: without a stage that an outer layer noted.
/// Any other request goes to the inner service as it is, unless a route is [`required`](Self::required).
///
/// # Examples
///
/// ```
/// use http::{Method, Request, Response};
/// use tower::{Layer, Service, service_fn};
/// use towergate_routing::{Context, Matched, RouteLayer, RouteTable};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let table = RouteTable::builder().route(Method::GET, "/pets/{id}", "a pet").build()?;
/// let inner = service_fn(async |request: Request<String>| {
///     let context = Context::get(request.extensions()).ok_or("no context")?;
///     let Matched(name) = request.extensions().get::<Matched<&str>>().ok_or("no route")?;
///     assert_eq!((*name, context.path_parameter("id")), ("a pet", Some("7")));
///     Ok::<_, &str>(Response::new(String::new()))
/// });
/// let mut app = RouteLayer::new(table).required(true).layer(inner);
///
/// assert_eq!(app.call(Request::get("/pets/7").body(String::new())?).await?.status(), 200);
/// assert_eq!(app.call(Request::get("/cats/7").body(String::new())?).await?.status(), 403);
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct RouteLayer<T> {
    table: Arc<RouteTable<T>>,
    required: bool,
    enabled: bool,
}

/// The value of the route that a request was routed to, in the request's extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Matched<T>(pub T);

impl<T> RouteLayer<T> {
    /// Creates a layer that lets requests without a route through.
    pub fn new(table: impl Into<Arc<RouteTable<T>>>) -> Self {
        Self {
            table: table.into(),
            required: false,
            enabled: true,
        }
    }

    /// Sets whether a request without a route is refused, as a REST API does: 403 `Missing Authentication Token`.
    pub fn required(mut self, required: bool) -> Self {
        self.required = required;
        self
    }

    /// Sets whether the layer does anything at all: if not, every request goes to the inner service as it is.
    pub fn enabled(mut self, enabled: bool) -> Self {
        self.enabled = enabled;
        self
    }
}

impl<S, T> Layer<S> for RouteLayer<T> {
    type Service = RouteService<S, T>;

    fn layer(&self, inner: S) -> Self::Service {
        RouteService {
            inner,
            layer: self.clone(),
        }
    }
}

impl<T> Clone for RouteLayer<T> {
    fn clone(&self) -> Self {
        Self {
            table: Arc::clone(&self.table),
            required: self.required,
            enabled: self.enabled,
        }
    }
}

impl<T> fmt::Debug for RouteLayer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RouteLayer")
            .field("table", &self.table)
            .field("required", &self.required)
            .field("enabled", &self.enabled)
            .finish()
    }
}

/// The service of a [`RouteLayer`].
pub struct RouteService<S, T> {
    inner: S,
    layer: RouteLayer<T>,
}

impl<S: Clone, T> Clone for RouteService<S, T> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            layer: self.layer.clone(),
        }
    }
}

impl<S: fmt::Debug, T> fmt::Debug for RouteService<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RouteService")
            .field("inner", &self.inner)
            .field("layer", &self.layer)
            .finish()
    }
}

impl<S, T, ReqBody, ResBody> Service<Request<ReqBody>> for RouteService<S, T>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    T: Clone + Send + Sync + 'static,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut task::Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let RouteLayer {
            required, enabled, ..
        } = self.layer;
        let matched = enabled && note_match(&self.layer.table, &mut request);
        let kind = if enabled && required && !matched {
            Kind::Refuse
        } else {
            Kind::Pass {
                future: self.inner.call(request),
            }
        };
        ResponseFuture { kind }
    }
}

/// Notes what `table` finds for the request, and returns whether it found anything.
fn note_match<T, B>(table: &RouteTable<T>, request: &mut Request<B>) -> bool
where
    T: Clone + Send + Sync + 'static,
{
    // A context is only made for a request that needs one.
    let path = match Context::get(request.extensions()) {
        Some(context) => context.resource_path(),
        None => request.uri().path(),
    };
    let Some(found) = table.find(request.method(), path) else {
        return false;
    };
    Context::of(request).note_route(Route {
        resource: Arc::clone(found.resource),
        params: found.params,
    });
    request
        .extensions_mut()
        .insert(Matched(found.value.clone()));
    true
}

pin_project! {
    /// The response of a [`RouteService`].
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        kind: Kind<F>,
    }
}

pin_project! {
    #[derive(Debug)]
    #[project = KindProjection]
    enum Kind<F> {
        Pass { #[pin] future: F },
        Refuse,
    }
}

impl<F, E, ResBody> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<ResBody>, E>>,
{
    type Output = Result<Response<ResponseBody<ResBody>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Self::Output> {
        let response = match self.project().kind.project() {
            KindProjection::Pass { future } => ready!(future.poll(cx))?.map(ResponseBody::inner),
            KindProjection::Refuse => {
                Rejection::new(ResponseType::MissingAuthenticationToken, Step::Route)
                    .into_response(Style::Rest)
            }
        };
        Poll::Ready(Ok(response))
    }
}

#[cfg(test)]
mod tests;
