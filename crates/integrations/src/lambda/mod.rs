//! Lambda: functions of this process, or behind the Invoke API.

mod arn;
mod call;
mod custom;
mod error_document;
mod event_headers;
mod functions;
mod http_answer;
mod http_event;
mod http_function;
mod in_process;
mod invoke_api;
mod json_function;
mod pairs;
mod payload_limits;
mod proxy;
mod proxy_event;
mod proxy_result;
#[cfg(feature = "lambda-runtime")]
mod runtime_function;

use std::{fmt, sync::Arc};

use bytes::Bytes;
use towergate_core::{BoxFuture, Function, FunctionError, Invocation};

pub use arn::{FunctionArn, FunctionArnError};
pub(crate) use custom::LambdaIntegration;
pub(crate) use functions::Functions;
pub use http_event::ProxyRequestContext;
pub use invoke_api::InvokeUrlError;
pub(crate) use proxy::LambdaProxyIntegration;

/// A function that integrations and authorizers call by its ARN. Cloning is cheap.
#[derive(Clone)]
pub struct Lambda(Arc<dyn Function>);

impl Lambda {
    /// Wraps a function of any kind.
    #[must_use]
    pub fn new(function: impl Function) -> Self {
        Self(Arc::new(function))
    }

    /// Whether both are clones of one.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Function for Lambda {
    fn invoke<'a>(
        &'a self,
        invocation: Invocation<'a>,
    ) -> BoxFuture<'a, Result<Bytes, FunctionError>> {
        self.0.invoke(invocation)
    }
}

impl fmt::Debug for Lambda {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lambda")
    }
}
