//! What handlers of axum learn from an [`AuthorizeLayer`](crate::AuthorizeLayer) in front of them.

#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
use std::sync::Arc;
use std::{convert::Infallible, fmt};

use axum_core::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    response::{IntoResponse, Response},
};
use http::request::Parts;
use towergate_core::{Context, Identity, Rejection, ResponseType, Step, Style};

#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
use crate::{Authorized, jwt::VerifiedToken};

/// Who calls, as the authorizer found out.
///
/// Where no authorizer let the request in, the handler is not called: a [`MissingAuthorizer`], 500. `Option<Caller>` is
/// for handlers that serve strangers too, as behind a layer with
/// [`report_only`](crate::AuthorizeLayer::report_only).
///
/// ```
/// use axum::{Router, body::Body, routing::get};
/// use http::Request;
/// use tower::ServiceExt;
/// use towergate_authorizers::{AuthorizeLayer, AuthorizeRequest, Authorized, Refusal, authorize_fn, extract::Caller};
///
/// async fn hello(Caller(identity): Caller) -> String {
///     format!("Hello, {}", identity.principal_id.unwrap_or_default())
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let layer = AuthorizeLayer::new(authorize_fn(|request: &AuthorizeRequest<'_>| {
///     match request.headers().get("x-session") {
///         Some(value) if value == "7" => Ok(Authorized::by_host().with_principal_id("Kim")),
///         _ => Err(Refusal::unauthorized("there is no session")),
///     }
/// }));
/// let app = Router::new().route("/", get(hello));
/// let request = || Request::get("/").header("x-session", "7").body(Body::empty());
///
/// assert_eq!(app.clone().layer(layer).oneshot(request()?).await?.status(), 200);
/// assert_eq!(app.oneshot(request()?).await?.status(), 500, "the layer is missing");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller(pub Identity);

/// The token that a [`JwtAuthorizer`](crate::jwt::JwtAuthorizer) or another authorizer of tokens verified, with its
/// claims and scopes.
///
/// Where none was verified, the handler is not called: a [`MissingAuthorizer`], 500.
///
/// ```
/// use towergate_authorizers::extract::Claims;
///
/// async fn handler(Claims(token): Claims) -> String {
///     let subject = token.claims().get("sub").and_then(|subject| subject.as_str());
///     format!("{subject:?} may {:?}", token.scopes().collect::<Vec<_>>())
/// }
/// ```
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
#[derive(Debug, Clone)]
pub struct Claims(pub Arc<VerifiedToken>);

/// The 500 of a handler that asks who calls where no authorizer found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MissingAuthorizer(&'static str);

const NO_LAYER: &str = "no authorizer let this request in: is there an `AuthorizeLayer`?";
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
const NO_TOKEN: &str = "no authorizer verified a token of this request";

fn caller(parts: &Parts) -> Option<Caller> {
    let identity = Context::get(&parts.extensions)?.identity()?;
    Some(Caller(identity.clone()))
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = MissingAuthorizer;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, MissingAuthorizer> {
        caller(parts).ok_or(MissingAuthorizer(NO_LAYER))
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        Ok(caller(parts))
    }
}

#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
impl<S: Sync> FromRequestParts<S> for Claims {
    type Rejection = MissingAuthorizer;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, MissingAuthorizer> {
        let authorized = parts.extensions.get::<Authorized>();
        let authorized = authorized.ok_or(MissingAuthorizer(NO_LAYER))?;
        let token = authorized.shared_token();
        token.map(Claims).ok_or(MissingAuthorizer(NO_TOKEN))
    }
}

#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
impl<S: Sync> OptionalFromRequestParts<S> for Claims {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        let authorized = parts.extensions.get::<Authorized>();
        Ok(authorized.and_then(Authorized::shared_token).map(Claims))
    }
}

impl IntoResponse for MissingAuthorizer {
    fn into_response(self) -> Response {
        Rejection::new(ResponseType::AuthorizerConfigurationError, Step::Authorizer)
            .with_message(self.0)
            .with_detail(self.0)
            .into_response(Style::Rest)
    }
}

impl fmt::Display for MissingAuthorizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for MissingAuthorizer {}

#[cfg(test)]
mod tests;
