//! Closures as authorizers.

use std::fmt;

use towergate_core::BoxFuture;

use super::{Authorize, AuthorizeRequest, Decision};

/// Makes an authorizer of a closure that decides at once.
///
/// Beside an authorizer that has to wait, in [`AllOf`](super::AllOf) or [`AnyOf`](super::AnyOf), it may be asked twice
/// about a request.
pub fn authorize_fn<F>(decide: F) -> FnAuthorizer<F>
where
    F: Fn(&AuthorizeRequest<'_>) -> Decision + Send + Sync + 'static,
{
    FnAuthorizer(decide)
}

/// The authorizer that [`authorize_fn`] makes.
#[derive(Clone)]
pub struct FnAuthorizer<F>(F);

impl<F> Authorize for FnAuthorizer<F>
where
    F: Fn(&AuthorizeRequest<'_>) -> Decision + Send + Sync + 'static,
{
    fn authorize_now(&self, request: &AuthorizeRequest<'_>) -> Option<Decision> {
        Some((self.0)(request))
    }

    fn authorize<'a>(&'a self, request: &'a AuthorizeRequest<'_>) -> BoxFuture<'a, Decision> {
        Box::pin(std::future::ready((self.0)(request)))
    }
}

impl<F> fmt::Debug for FnAuthorizer<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FnAuthorizer")
    }
}
