//! Everything Amazon API Gateway does, as tower layers inside your own process.

mod addressing;
#[cfg(feature = "axum")]
mod axum;
mod compile;
mod deployment;
mod error;
mod gateway;
mod gateway_responses;
mod limits;
mod pipeline;
mod rest_api;
mod runtime;
mod stage;

pub use error::BuildError;
pub use gateway::{ApiSource, Gateway, GatewayBuilder, ResponseFuture};
pub use rest_api::{Backend, RestApi, RestApiBuilder};
pub use stage::StageSettings;
pub use towergate_core::{
    Body, BodyError, BoxError, ClientAddress, Clock, Context, ContextVariable, Identity, Observer,
    PeerAddress, Random, Rejection, ResponseType, Step, Style, Timer, Timestamp, TrustedHops,
};
pub use towergate_definition::{
    self as definition, Diagnostic, GatewayResponse, HttpMethod, Integration, IntegrationResponse,
    Place, Severity,
};
pub use towergate_integrations::{Backends, Client, InProcess};
#[cfg(feature = "openapi")]
pub use towergate_openapi as openapi;
pub use towergate_routing as routing;
