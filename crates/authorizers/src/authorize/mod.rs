//! What every authorizer is: something that lets a request in, and says who calls, or refuses it.

mod all_of;
mod any_of;
mod authorized;
mod from_fn;
mod from_service;
mod refusal;
mod request;

use std::sync::Arc;

use towergate_core::BoxFuture;

pub(crate) use self::authorized::Findings;
pub use self::{
    all_of::AllOf,
    any_of::AnyOf,
    authorized::Authorized,
    from_fn::{FnAuthorizer, authorize_fn},
    from_service::{ServiceAuthorizer, authorize_service},
    refusal::Refusal,
    request::{AuthorizeRequest, MAX_ARN_BYTES},
};

/// What an authorizer says of a request.
pub type Decision = Result<Authorized, Refusal>;

/// Decides who may call.
///
/// Most answers are at hand: a remembered token, a cached policy. [`authorize_now`](Self::authorize_now) gives them
/// without a future; where it has none, [`authorize`](Self::authorize) is to be asked, which may wait.
///
/// ```
/// use http::Request;
/// use towergate_authorizers::{Authorize, AuthorizeRequest, Authorized, Refusal, authorize_fn};
/// use towergate_core::Context;
///
/// let authorizer = authorize_fn(|request: &AuthorizeRequest<'_>| match request.headers().get("x-tenant") {
///     Some(_) => Ok(Authorized::by_host().with_principal_id("tenant")),
///     None => Err(Refusal::unauthorized("there is no tenant")),
/// });
///
/// let mut request = Request::get("/pets").header("x-tenant", "a").body(()).unwrap();
/// let context = Context::of(&mut request);
/// let decision = authorizer.authorize_now(&AuthorizeRequest::new(&context, request.headers()));
/// assert_eq!(decision.unwrap().unwrap().principal_id(), Some("tenant"));
/// ```
pub trait Authorize: Send + Sync + 'static {
    /// Decides at once; `None` if the answer is not at hand. It has no effect then, and the same request may be put to
    /// [`authorize`](Self::authorize).
    fn authorize_now(&self, request: &AuthorizeRequest<'_>) -> Option<Decision>;

    /// Decides, and waits if it must.
    fn authorize<'a>(&'a self, request: &'a AuthorizeRequest<'_>) -> BoxFuture<'a, Decision>;
}

impl<A: Authorize + ?Sized> Authorize for Arc<A> {
    fn authorize_now(&self, request: &AuthorizeRequest<'_>) -> Option<Decision> {
        A::authorize_now(self, request)
    }

    fn authorize<'a>(&'a self, request: &'a AuthorizeRequest<'_>) -> BoxFuture<'a, Decision> {
        A::authorize(self, request)
    }
}

impl<A: Authorize + ?Sized> Authorize for Box<A> {
    fn authorize_now(&self, request: &AuthorizeRequest<'_>) -> Option<Decision> {
        A::authorize_now(self, request)
    }

    fn authorize<'a>(&'a self, request: &'a AuthorizeRequest<'_>) -> BoxFuture<'a, Decision> {
        A::authorize(self, request)
    }
}

/// Asks an authorizer, without a future where it has its answer at hand.
pub(crate) async fn decide<A: Authorize + ?Sized>(
    authorizer: &A,
    request: &AuthorizeRequest<'_>,
) -> Decision {
    match authorizer.authorize_now(request) {
        Some(decision) => decision,
        None => authorizer.authorize(request).await,
    }
}

#[cfg(test)]
mod tests;
