//! Functions whose events and results are types of the host's, or bytes.

use std::{
    fmt::Display,
    future::Future,
    marker::PhantomData,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};
use tower_service::Service;
use towergate_core::Invocation;

use crate::{
    Lambda,
    error_document::ErrorDocument,
    in_process::{Handler, InProcessFunction},
    oneshot,
};

impl Lambda {
    /// Wraps a tower service that takes a deserialised event and returns a result to serialise.
    ///
    /// ```
    /// use serde_json::{Value, json};
    /// use towergate_core::{Context, Function, Invocation};
    /// use towergate_functions::Lambda;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let greet = Lambda::function(tower::service_fn(async |event: Value| match event["name"].as_str() {
    ///     Some(name) => Ok(json!({"hello": name})),
    ///     None => Err("who?"),
    /// }));
    ///
    /// let context = Context::of(&mut http::Request::new(()));
    /// let result = greet.invoke(Invocation::new(&context, "greet", r#"{"name": "Kim"}"#)).await?;
    /// assert_eq!(result, r#"{"hello":"Kim"}"#);
    /// # Ok::<(), towergate_core::FunctionError>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn function<S, E>(service: S) -> Self
    where
        S: Service<E> + Clone + Send + Sync + 'static,
        S::Future: Send,
        S::Response: Serialize,
        S::Error: Display,
        E: DeserializeOwned + Send + 'static,
    {
        Self::new(InProcessFunction::new(JsonHandler {
            service,
            event: PhantomData,
        }))
    }

    /// Wraps a closure or an `async fn`, as [`function`](Self::function) wraps a service.
    #[must_use]
    pub fn from_fn<F, Fut, E, R, Error>(handler: F) -> Self
    where
        F: Fn(E) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<R, Error>> + Send + 'static,
        E: DeserializeOwned + Send + 'static,
        R: Serialize + 'static,
        Error: Display + 'static,
    {
        Self::function(Closure(Arc::new(handler)))
    }

    /// Wraps a tower service that takes and returns JSON text.
    #[must_use]
    pub fn bytes<S>(service: S) -> Self
    where
        S: Service<Bytes, Response = Bytes> + Clone + Send + Sync + 'static,
        S::Future: Send,
        S::Error: Display,
    {
        Self::new(InProcessFunction::new(BytesHandler(service)))
    }
}

struct JsonHandler<S, E> {
    service: S,
    event: PhantomData<fn(E)>,
}

impl<S, E> Handler for JsonHandler<S, E>
where
    S: Service<E> + Clone + Send + Sync + 'static,
    S::Future: Send,
    S::Response: Serialize,
    S::Error: Display,
    E: DeserializeOwned + Send + 'static,
{
    fn run(
        &self,
        invocation: &Invocation<'_>,
    ) -> impl Future<Output = Result<Bytes, ErrorDocument>> + Send + 'static {
        let (service, payload) = (self.service.clone(), invocation.payload.clone());
        async move {
            let event =
                serde_json::from_slice(&payload).map_err(ErrorDocument::of_unreadable_event)?;
            drop(payload);
            let result = oneshot(service, event)
                .await
                .map_err(ErrorDocument::of_error)?;
            serialize(&result)
        }
    }
}

/// Writes what a handler returned.
pub(crate) fn serialize(result: &impl Serialize) -> Result<Bytes, ErrorDocument> {
    let json = serde_json::to_vec(result);
    json.map(Bytes::from).map_err(ErrorDocument::of_error)
}

struct BytesHandler<S>(S);

impl<S> Handler for BytesHandler<S>
where
    S: Service<Bytes, Response = Bytes> + Clone + Send + Sync + 'static,
    S::Future: Send,
    S::Error: Display,
{
    fn run(
        &self,
        invocation: &Invocation<'_>,
    ) -> impl Future<Output = Result<Bytes, ErrorDocument>> + Send + 'static {
        let (service, payload) = (self.0.clone(), invocation.payload.clone());
        async move {
            let result = oneshot(service, payload).await;
            result.map_err(ErrorDocument::of_error)
        }
    }
}

/// A closure as a service.
struct Closure<F>(Arc<F>);

impl<F> Clone for Closure<F> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<F, Fut, E, R, Error> Service<E> for Closure<F>
where
    F: Fn(E) -> Fut,
    Fut: Future<Output = Result<R, Error>>,
{
    type Response = R;
    type Error = Error;
    type Future = Fut;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, event: E) -> Fut {
        (self.0)(event)
    }
}
