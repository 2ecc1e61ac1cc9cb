//! Integrations of Lambda functions.

mod custom;
mod function_target;
mod function_uri;
mod proxy;
mod proxy_result;

pub(crate) use custom::LambdaIntegration;
pub use function_uri::function_of;
pub(crate) use proxy::LambdaProxyIntegration;
