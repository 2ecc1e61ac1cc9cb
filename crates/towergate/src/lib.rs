//! An embeddable API gateway: the APIs of Amazon API Gateway, as tower services inside your own process.
//!
//! A [`RestApi`] is written in code or compiled from a [definition], a [`Gateway`] puts APIs on stages and is a tower
//! service: serve it with hyper, or with axum through the feature `axum`.
//!
//! ```
//! use http::Request;
//! use towergate::{Body, Gateway, Integration, IntegrationResponse, RestApi, StageSettings};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! let hello = IntegrationResponse::new(200).template("application/json", r#"{"hello": "world"}"#);
//! let api = RestApi::builder("hello").get("/hello", Integration::mock(200).response(hello)).build()?;
//! let gateway = Gateway::builder().api("hello", api).stage("hello", StageSettings::new("prod")).build()?;
//!
//! let response = gateway.answer(Request::get("/prod/hello").body(Body::empty())?).await;
//! assert_eq!(response.into_body().collect(1_000).await?, r#"{"hello": "world"}"#);
//!
//! let response = gateway.answer(Request::get("/prod/goodbye").body(Body::empty())?).await;
//! assert_eq!(response.into_body().collect(1_000).await?, r#"{"message":"Missing Authentication Token"}"#);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```
//!
//! | feature | switches on |
//! |---|---|
//! | `openapi` (default) | definitions in the OpenAPI and Swagger dialect of API Gateway, in JSON |
//! | `yaml` | definitions in YAML |
//! | `axum` | [`Gateway`] as an axum router |
//! | `config` | `gateway.yaml`: everything a gateway serves, in one file |
//! | `serve` | a server for a `gateway.yaml` |
//! | `jwt` | Amazon Cognito authorizers; their keys are fetched over `https` |
//! | `rustls` | backends behind `https`, and with `serve` a server that speaks TLS |
//! | `lambda-runtime` | functions written for `lambda_runtime` and `lambda_http` |
//! | `java-regex` | selection patterns with look-around and back-references |

mod access;
mod admin;
mod api_source;
mod assembly;
#[cfg(feature = "axum")]
mod axum;
mod changes;
mod compile;
#[cfg(feature = "config")]
pub mod config;
mod control;
mod deployment;
mod domains;
mod error;
mod gateway;
mod gateway_builder;
mod gateway_responses;
mod in_flight;
mod limiting;
mod limits;
mod pipeline;
mod policy_scope;
mod rest_api;
mod routes;
mod runtime;
#[cfg(feature = "serve")]
pub mod serve;
mod serving;
mod stage;
mod stage_handle;
mod stage_table;
#[cfg(feature = "rustls")]
pub mod tls;
mod watched;

pub use admin::Admin;
pub use api_source::ApiSource;
pub use changes::{Change, ChangeKind, Changes};
pub use domains::DomainTarget;
pub use error::BuildError;
pub use gateway::{Gateway, ResponseFuture};
pub use gateway_builder::GatewayBuilder;
pub use rest_api::{MethodBackend, RestApi, RestApiBuilder};
pub use routes::RouteInfo;
pub use stage::StageSettings;
pub use stage_handle::{DeploymentInfo, ReleaseError, StageHandle};
pub use towergate_core::{
    Body, BodyError, BoxError, BoxFuture, ClientAddress, ClientScheme, Clock, Context,
    ContextVariable, ExtendedRequestId, Function, FunctionError, Identity, Invocation,
    InvocationType, KeySource, KeySourceError, Observer, OriginalHeaderNames, PeerAddress, Random,
    Rejection, RequestId, ResourceInfo, ResponseType, StageInfo, Step, Style, SystemClock,
    SystemRandom, Timer, Timestamp, TrustedHops,
};
pub use towergate_definition::{
    self as definition, ContentHandling, Diagnostic, GatewayResponse, HttpMethod, Integration,
    IntegrationResponse, PassthroughBehavior, Place, Severity,
};
pub use towergate_integrations::{
    Backends, Client, FunctionArn, FunctionArnError, FunctionTaken, InProcess, InvokeUrlError,
    Lambda, ProxyRequestContext, ServiceError, TokioTimer,
};
pub use towergate_mapping_templates as mapping_templates;
#[cfg(feature = "openapi")]
pub use towergate_openapi as openapi;
#[cfg(feature = "redis")]
pub use towergate_redis as redis;
pub use towergate_routing as routing;
pub use towergate_stages as stages;
pub use towergate_throttling as throttling;
