//! A function of any kind.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use towergate_core::{BoxFuture, Function, FunctionError, Invocation};

/// A function that integrations and authorizers call by its ARN. Cloning is cheap.
///
/// | constructor | what it takes |
/// |---|---|
/// | [`from_fn`](Self::from_fn) | a closure or `async fn` from one type of the host's to another |
/// | [`function`](Self::function) | the same as a tower service |
/// | [`bytes`](Self::bytes) | a tower service from JSON text to JSON text |
/// | [`http`](Self::http) | an HTTP service, such as an axum router, which answers the events of proxy integrations |
/// | `lambda_runtime` | what `lambda_runtime::run` takes; needs the feature `lambda-runtime` |
/// | `lambda_http` | what `lambda_http::run` takes; needs the feature `lambda-runtime` |
/// | [`invoke_api`](Self::invoke_api) | the URL of a local Lambda, or of whatever speaks its protocol |
/// | [`new`](Self::new) | anything with the trait [`Function`] |
///
/// ```
/// use serde_json::{Value, json};
/// use towergate_core::{Context, Function, Invocation};
/// use towergate_functions::Lambda;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let greet = Lambda::from_fn(async |event: Value| match event["name"].as_str() {
///     Some(name) => Ok(json!({"hello": name})),
///     None => Err("who?"),
/// });
///
/// let context = Context::of(&mut http::Request::new(()));
/// let result = greet.invoke(Invocation::new(&context, "greet", r#"{"name": "Kim"}"#)).await?;
/// assert_eq!(result, r#"{"hello":"Kim"}"#);
/// # Ok::<(), towergate_core::FunctionError>(())
/// # }).unwrap();
/// ```
///
/// # Functions of this process
///
/// **Cancellation.** A handler runs within the request that calls it: when the client leaves or the integration's timeout
/// ends, it is dropped.
///
/// **Failures.** What a handler returns as an error is the function's error document (`errorType`, `errorMessage`), as
/// the Rust runtime of Lambda writes it; so is a panic, which ends there, and an event that cannot be read.
///
/// **Limits.** Payloads have those of Lambda: 6 MB for an event that is waited for and for a result, 1 MiB for an
/// asynchronous one.
///
/// **Asynchronous calls** ([`InvocationType::Event`](towergate_core::InvocationType::Event)) need a runtime of tokio, and
/// cannot reach the function without one. Each is accepted at once and runs as a task for at most 15 minutes. A function
/// runs at most 1,000 of them at a time and refuses the next with 429. What they return is dropped, and unlike Lambda,
/// which retries twice, one that fails is not run again.
#[derive(Clone)]
pub struct Lambda(Arc<dyn Function>);

impl Lambda {
    /// Wraps a function of any kind.
    #[must_use]
    pub fn new(function: impl Function) -> Self {
        Self(Arc::new(function))
    }

    /// Returns whether both are clones of one.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
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
