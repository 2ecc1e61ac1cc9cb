//! Functions that were written for the official runtime.

use std::{future::Future, marker::PhantomData, sync::Arc};

use bytes::Bytes;
use lambda_http::{Adapter, IntoResponse};
use lambda_runtime::{Config, Context, Diagnostic, LambdaEvent};
use serde::{Serialize, de::DeserializeOwned};
use tower_service::Service;
use towergate_core::Invocation;

use crate::{
    FunctionArn, Lambda,
    error_document::ErrorDocument,
    in_process::{Handler, InProcessFunction},
    json_function::serialize,
    oneshot,
};

impl Lambda {
    /// Wraps a handler that was written for `lambda_runtime::run`: what it takes is a `LambdaEvent`, often one of
    /// `aws_lambda_events`.
    ///
    /// The event's `lambda_runtime::Context` has the API's request id, the caller's deadline, the ARN that was called
    /// and the trace id; of the configuration the function's name and version. Environment variables are not set.
    ///
    /// ```
    /// use lambda_runtime::{Error, LambdaEvent, service_fn};
    /// use serde_json::{Value, json};
    /// use towergate_core::{Context, Function, Invocation};
    /// use towergate_functions::Lambda;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// async fn handler(event: LambdaEvent<Value>) -> Result<Value, Error> {
    ///     Ok(json!({"hello": event.payload["name"]}))
    /// }
    /// let greet = Lambda::lambda_runtime(service_fn(handler));
    ///
    /// let context = Context::of(&mut http::Request::new(()));
    /// let arn = "arn:aws:lambda:us-east-1:123456789012:function:greet";
    /// let result = greet.invoke(Invocation::new(&context, arn, r#"{"name": "Kim"}"#)).await?;
    /// assert_eq!(result, r#"{"hello":"Kim"}"#);
    /// # Ok::<(), towergate_core::FunctionError>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn lambda_runtime<S, E>(service: S) -> Self
    where
        S: Service<LambdaEvent<E>> + Clone + Send + Sync + 'static,
        S::Future: Send,
        S::Response: Serialize,
        S::Error: Into<Diagnostic>,
        E: DeserializeOwned + Send + 'static,
    {
        Self::new(InProcessFunction::new(RuntimeHandler {
            service,
            event: PhantomData,
        }))
    }

    /// Wraps a handler that was written for `lambda_http::run`: it takes a `lambda_http::Request` and returns what is
    /// a response. That crate makes the request and the result, so they are the same as in Lambda.
    ///
    /// ```
    /// use lambda_http::{Error, IntoResponse, Request, RequestExt, service_fn};
    /// use towergate_functions::Lambda;
    ///
    /// async fn handler(request: Request) -> Result<impl IntoResponse, Error> {
    ///     let parameters = request.path_parameters();
    ///     Ok(format!("pet {}", parameters.first("id").unwrap_or("?")))
    /// }
    /// let pets = Lambda::lambda_http(service_fn(handler));
    /// ```
    #[must_use]
    pub fn lambda_http<S>(service: S) -> Self
    where
        S: Service<lambda_http::Request> + Clone + Send + Sync + 'static,
        S::Future: Send,
        S::Response: IntoResponse + Send + Sync + 'static,
        S::Error: Into<Diagnostic> + 'static,
    {
        Self::lambda_runtime(Adapter::from(service))
    }
}

struct RuntimeHandler<S, E> {
    service: S,
    event: PhantomData<fn(E)>,
}

impl<S, E> Handler for RuntimeHandler<S, E>
where
    S: Service<LambdaEvent<E>> + Clone + Send + Sync + 'static,
    S::Future: Send,
    S::Response: Serialize,
    S::Error: Into<Diagnostic>,
    E: DeserializeOwned + Send + 'static,
{
    fn run(
        &self,
        invocation: &Invocation<'_>,
    ) -> impl Future<Output = Result<Bytes, ErrorDocument>> + Send + 'static {
        let (service, payload) = (self.service.clone(), invocation.payload.clone());
        let context = runtime_context(invocation);
        async move {
            let mut json = serde_json::Deserializer::from_slice(&payload);
            let event = serde_path_to_error::deserialize(&mut json).map_err(unreadable)?;
            drop(payload);
            match oneshot(service, LambdaEvent::new(event, context)).await {
                Ok(result) => serialize(&result),
                Err(error) => Err(failed(error.into())),
            }
        }
    }
}

fn runtime_context(invocation: &Invocation<'_>) -> Context {
    let function = FunctionArn::parse(invocation.arn).ok();
    let (name, version) = match &function {
        Some(function) => (function.name(), function.qualifier()),
        None => (invocation.arn, None),
    };
    let mut context = Context::default();
    context.request_id = invocation.context.request_id().as_str().to_owned();
    context.deadline = invocation.deadline.as_unix_millis();
    context.invoked_function_arn = invocation.arn.to_owned();
    context.xray_trace_id = invocation.context.known_trace().map(str::to_owned);
    context.env_config = Arc::new(Config {
        function_name: name.to_owned(),
        version: version.unwrap_or("$LATEST").to_owned(),
        ..Config::default()
    });
    context
}

/// The path to what cannot be read stands in brackets, and once more before the reason.
fn unreadable(error: serde_path_to_error::Error<serde_json::Error>) -> ErrorDocument {
    let path = error.path().to_string();
    ErrorDocument::of_unreadable_event(match path.as_str() {
        "." => error.to_string(),
        path => format!("[{path}] {error}"),
    })
}

fn failed(diagnostic: Diagnostic) -> ErrorDocument {
    ErrorDocument {
        error_type: diagnostic.error_type,
        error_message: diagnostic.error_message,
    }
}
