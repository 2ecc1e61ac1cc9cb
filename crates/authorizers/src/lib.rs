//! Who may call an API: tokens, Lambda authorizers and IAM policies, as engines and as tower layers.
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

mod authorize;
mod cached;
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
