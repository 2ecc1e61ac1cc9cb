//! What an API *is*, as plain data in the terms of Amazon API Gateway.
//!
//! A definition has no behaviour and does no I/O. The builder of the facade and the OpenAPI importer only *write*
//! definitions; `compile` of the facade reads them. The field names, once serialised, are those of API Gateway's
//! own answers, so a [`Method`] prints as `GetMethod` does.
//!
//! ```
//! use towergate_definition::{HttpMethod, Integration, Method, RestApi};
//!
//! let pets = RestApi::new("pets")
//!     .method("/pets/{id}", Method::new(HttpMethod::Get, Integration::http_proxy("http://pets.internal/{id}")
//!         .request_parameter("integration.request.path.id", "method.request.path.id")));
//! assert!(pets.resources["/pets/{id}"].methods.contains_key(&HttpMethod::Get));
//! ```

mod authorizer;
mod diagnostic;
mod gateway_response;
mod integration;
mod method;
mod rest_api;

pub use authorizer::{Authorizer, AuthorizerType};
pub use diagnostic::{Diagnostic, Place, Severity};
pub use gateway_response::GatewayResponse;
pub use integration::{
    ConnectionType, ContentHandling, Integration, IntegrationResponse, IntegrationType,
    PassthroughBehavior, ResponseTransferMode, TlsConfig,
};
pub use method::{AuthorizationType, HttpMethod, Method, MethodResponse, UnknownHttpMethod};
pub use rest_api::{ApiKeySource, Resource, RestApi};
