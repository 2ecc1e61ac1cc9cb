//! Who may call an API: tokens, Lambda authorizers and IAM policies, as engines and as tower layers.
//!
//! | who decides | type |
//! |---|---|
//! | the issuer of a token | [`jwt::JwtAuthorizer`], [`jwt::CognitoAuthorizer`] |
//! | your own code | [`authorize_fn`], [`authorize_service`] |
//! | several of them | [`AllOf`], [`AnyOf`] |
//! | the API's policy | [`resource_policy::ResourcePolicy`] |
//!
//! Each is an [`Authorize`], and [`AuthorizeLayer`] asks it in front of any app.

mod authorize;
mod identity_source;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
pub mod jwt;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
pub mod keys;
mod layer;
pub mod policy;
pub mod resource_policy;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod strict_json;

pub use self::{
    authorize::{
        AllOf, AnyOf, Authorize, AuthorizeRequest, Authorized, Decision, FnAuthorizer,
        MAX_ARN_BYTES, Refusal, ServiceAuthorizer, authorize_fn, authorize_service,
    },
    identity_source::{IdentitySource, IdentitySourceError},
    layer::{AuthorizeLayer, AuthorizeService, ResponseFuture, WouldRefuse},
};
pub use towergate_core::{Context, Identity, ResponseBody, Style};
