//! The backends of an API: `HTTP`, `HTTP_PROXY`, `MOCK`, Lambda functions and any tower service in this process.
//!
//! An integration is compiled once from its [definition](towergate_definition::Integration), and then called with what
//! is known of a request:
//!
//! ```
//! use http::{Request, Response};
//! use towergate_definition::{HttpMethod, Integration, Method, Place};
//! use towergate_integrations::{Backends, BinaryMediaTypes, Body, CompiledIntegration, Context, InProcess};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! let pets = InProcess::new(tower::service_fn(async |request: Request<Body>| {
//!     Ok::<_, std::convert::Infallible>(Response::new(Body::from(request.uri().path().to_owned())))
//! }));
//! let backends = Backends::new().with_service("http://pets.internal", pets)?;
//!
//! let method = Method::new(HttpMethod::Get, Integration::http_proxy("http://pets.internal/all"));
//! let mut diagnostics = Vec::new();
//! let binary = BinaryMediaTypes::default();
//! let integration = CompiledIntegration::compile(&method, &binary, &Place::root(), &mut diagnostics);
//! let integration = integration.expect("the definition is well formed");
//!
//! let mut request = Request::get("/pets").body(Body::empty())?;
//! let context = Context::of(&mut request);
//! let response = integration.call(&context, request.into_body(), &backends).await?;
//! assert_eq!(response.into_body().collect(100).await?, "/all");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```

mod backends;
mod body_template;
mod compiled_integration;
mod content_handling;
mod deadline;
mod header_rules;
mod header_source;
mod http_integration;
mod in_process;
mod integration_request;
mod integration_responses;
mod lambda;
mod mock_integration;
mod mock_status;
mod request_mappings;
mod template;
mod timeout;

pub use backends::{Backends, FunctionTaken, ServiceError};
pub use compiled_integration::CompiledIntegration;
pub use content_handling::BinaryMediaTypes;
pub use in_process::InProcess;
pub use lambda::function_of;
pub use towergate_client::{Client, TokioTimer};
pub use towergate_core::{Body, Context, Rejection};
pub use towergate_functions::{
    FunctionArn, FunctionArnError, FunctionReference, InvokeUrlError, Lambda, ProxyRequestContext,
};
