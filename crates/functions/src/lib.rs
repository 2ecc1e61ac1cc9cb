//! Lambda functions: of this process, or behind the Invoke API.
//!
//! A function is called by its [ARN](FunctionArn) with an [`Invocation`](towergate_core::Invocation), wherever it runs.
//! [`Functions`] says which one an ARN means:
//!
//! ```
//! use serde_json::{Value, json};
//! use towergate_core::{Context, Function, Invocation};
//! use towergate_functions::{FunctionArn, Functions, Lambda};
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let greet = Lambda::from_fn(async |event: Value| Ok::<_, String>(json!({"hello": event["name"]})));
//! let arn = FunctionArn::parse("arn:aws:lambda:us-east-1:123456789012:function:greet")?;
//! let mut functions = Functions::default();
//! functions.insert(&arn, greet);
//!
//! let live = FunctionArn::parse("arn:aws:lambda:us-east-1:123456789012:function:greet:live")?;
//! let function = functions.find(&live).expect("one without an alias stands for all of its aliases");
//! let context = Context::of(&mut http::Request::new(()));
//! let invocation = Invocation::new(&context, live.as_str(), r#"{"name": "Kim"}"#);
//! assert_eq!(function.invoke(invocation).await?, r#"{"hello":"Kim"}"#);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```

mod arn;
mod catch_panic;
mod error_document;
mod event_headers;
mod function_reference;
mod functions;
mod http_answer;
mod http_event;
mod http_function;
mod in_process;
mod invoke_api;
mod json_function;
mod lambda;
mod oneshot;
mod pairs;
mod payload_limits;
mod proxy_event;
mod request_context;
#[cfg(feature = "lambda-runtime")]
mod runtime_function;

pub use arn::{FunctionArn, FunctionArnError};
pub use catch_panic::{CatchPanic, Panicked};
pub use event_headers::EventHeaders;
pub use function_reference::{FunctionReference, FunctionReferenceError};
pub use functions::Functions;
pub use http_event::ProxyRequestContext;
pub use invoke_api::InvokeUrlError;
pub use lambda::Lambda;
pub use oneshot::oneshot;
pub use payload_limits::{check_payload, check_result};
pub use proxy_event::{EventTooLarge, ProxyEvent};
pub use request_context::RequestContext;
