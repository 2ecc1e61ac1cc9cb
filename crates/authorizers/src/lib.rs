//! Who may call an API: tokens, Lambda authorizers and IAM policies, as engines and as tower layers.
//!
//! ```
//! use http::{Request, Response};
//! use tower::{Layer, Service, service_fn};
//! use towergate_authorizers::{AnyOf, AuthorizeLayer, AuthorizeRequest, Authorized, Refusal, authorize_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let header = |name: &'static str| {
//!     authorize_fn(move |request: &AuthorizeRequest<'_>| match request.headers().contains_key(name) {
//!         true => Ok(Authorized::by_host().with_principal_id(name)),
//!         false => Err(Refusal::unauthorized("the header is missing")),
//!     })
//! };
//! let layer = AuthorizeLayer::new(AnyOf::new().or(header("x-session")).or(header("x-robot")));
//! let mut app = layer.layer(service_fn(async |_| Ok::<_, &str>(Response::new(String::new()))));
//!
//! let request = Request::get("/").header("x-robot", "7").body(String::new())?;
//! assert_eq!(app.call(request).await?.status(), 200);
//! assert_eq!(app.call(Request::get("/").body(String::new())?).await?.status(), 401);
//! # Ok(())
//! # }
//! ```
//!
//! | who decides | type |
//! |---|---|
//! | the issuer of a token | [`jwt::JwtAuthorizer`], [`jwt::CognitoAuthorizer`] |
//! | a function | [`LambdaAuthorizer`], [`Cached`] |
//! | your own code | [`authorize_fn`], [`authorize_service`] |
//! | several of them | [`AllOf`], [`AnyOf`] |
//! | the API's policy | [`resource_policy::ResourcePolicy`] |
//!
//! Each is an [`Authorize`], and [`AuthorizeLayer`] asks it in front of any app.
//!
//! | feature | adds |
//! |---|---|
//! | `aws-lc-rs` (default) | tokens, their signatures checked by AWS-LC: [`jwt`], [`keys`] |
//! | `rust-crypto` | the same by the pure Rust crates of RustCrypto, without P-521, where `aws-lc-rs` is off |
//! | `oidc` | key sets fetched over HTTP, found through OpenID Connect discovery |
//! | `axum` | the extractors `extract::Caller` and `extract::Claims` |

mod authorize;
mod cached;
#[cfg(feature = "axum")]
pub mod extract;
mod identity_source;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
pub mod jwt;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
pub mod keys;
mod lambda;
mod layer;
pub mod policy;
pub mod resource_policy;
mod strict_json;

pub use self::{
    authorize::{
        AllOf, AnyOf, Authorize, AuthorizeRequest, Authorized, Decision, FnAuthorizer,
        MAX_ARN_BYTES, Refusal, ServiceAuthorizer, authorize_fn, authorize_service,
    },
    cached::{AnswerStore, Cached, CachedError, Inquire},
    identity_source::{IdentitySource, IdentitySourceError},
    lambda::{
        LambdaAnswer, LambdaAuthorizer, LambdaAuthorizerBuilder, LambdaAuthorizerError,
        LambdaFormat, MAX_ANSWER_BYTES,
    },
    layer::{AuthorizeLayer, AuthorizeService, ResponseFuture, WouldRefuse},
};
pub use towergate_core::{Context, Identity, ResponseBody, Style};
