//! tower services as authorizers.

use std::{fmt, future::poll_fn};

use http::Request;
use tower_service::Service;
use towergate_core::BoxFuture;

use super::{Authorize, AuthorizeRequest, Authorized, Decision, Refusal};

/// Makes an authorizer of a tower service. It gets the head of a request, with its [`Context`](towergate_core::Context)
/// in the extensions, and its error is the refusal.
///
/// ```
/// use http::Request;
/// use towergate_authorizers::{Authorize, AuthorizeRequest, Authorized, Refusal, authorize_service};
/// use towergate_core::Context;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let authorizer = authorize_service(tower::service_fn(async |head: Request<()>| {
///     // Ask a database, another service …
///     match head.headers().contains_key("x-session") {
///         true => Ok(Authorized::by_host()),
///         false => Err(Refusal::unauthorized("there is no session")),
///     }
/// }));
/// let mut request = Request::get("/pets").body(()).unwrap();
/// let context = Context::of(&mut request);
/// let request = AuthorizeRequest::new(&context, request.headers());
/// assert!(authorizer.authorize(&request).await.is_err());
/// # }
/// ```
pub fn authorize_service<S>(service: S) -> ServiceAuthorizer<S> {
    ServiceAuthorizer(service)
}

/// The authorizer that [`authorize_service`] makes.
#[derive(Clone)]
pub struct ServiceAuthorizer<S>(S);

impl<S> Authorize for ServiceAuthorizer<S>
where
    S: Service<Request<()>, Response = Authorized> + Clone + Send + Sync + 'static,
    S::Error: Into<Refusal>,
    S::Future: Send,
{
    fn authorize_now(&self, _: &AuthorizeRequest<'_>) -> Option<Decision> {
        None
    }

    fn authorize<'a>(&'a self, request: &'a AuthorizeRequest<'_>) -> BoxFuture<'a, Decision> {
        Box::pin(async move {
            let mut service = self.0.clone();
            poll_fn(|cx| service.poll_ready(cx))
                .await
                .map_err(Into::into)?;
            service.call(request.to_head()).await.map_err(Into::into)
        })
    }
}

impl<S> fmt::Debug for ServiceAuthorizer<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServiceAuthorizer")
    }
}
