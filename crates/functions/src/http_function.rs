//! Functions that answer proxy events as an HTTP service answers requests.

use std::{fmt::Display, future::Future};

use bytes::Bytes;
use http::{Request, Response};
use tower_service::Service;
use towergate_core::{Body, BodyError, BoxError, Context, Invocation};

use crate::{
    Lambda,
    error_document::ErrorDocument,
    http_answer::ProxyAnswer,
    http_event::IncomingEvent,
    in_process::{Handler, InProcessFunction},
    json_function::serialize,
    oneshot,
    payload_limits::MAX_RESULT_BYTES,
};

impl Lambda {
    /// Wraps an HTTP service, such as an axum router, as a function that answers the events of proxy integrations.
    ///
    /// The request has the path, query, headers and body of the event, and in its extensions the
    /// [`Context`](towergate_core::Context) and the [`ProxyRequestContext`](crate::ProxyRequestContext). The response's
    /// body is collected. If it is not UTF-8, or has a `content-encoding`, the result carries it in base64, which API
    /// Gateway decodes for clients that accept one of the API's binary media types.
    ///
    /// Events are of payload format 1.0, that of REST APIs.
    ///
    /// ```
    /// use http::{Request, Response};
    /// use towergate_core::{Body, Context, Function, Invocation};
    /// use towergate_functions::Lambda;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let echo = Lambda::http(tower::service_fn(async |request: Request<Body>| {
    ///     Ok::<_, std::convert::Infallible>(Response::new(request.into_body()))
    /// }));
    ///
    /// let context = Context::of(&mut Request::new(()));
    /// let event = r#"{"httpMethod": "POST", "path": "/pets", "body": "Rex"}"#;
    /// let result = echo.invoke(Invocation::new(&context, "echo", event)).await?;
    /// assert_eq!(result, r#"{"statusCode":200,"multiValueHeaders":{},"body":"Rex","isBase64Encoded":false}"#);
    /// # Ok::<(), towergate_core::FunctionError>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn http<S, B>(service: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
        S::Future: Send,
        S::Error: Display,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self::new(InProcessFunction::new(HttpHandler(service)))
    }
}

struct HttpHandler<S>(S);

impl<S, B> Handler for HttpHandler<S>
where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Future: Send,
    S::Error: Display,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    fn run(
        &self,
        invocation: &Invocation<'_>,
    ) -> impl Future<Output = Result<Bytes, ErrorDocument>> + Send + 'static {
        let (service, context) = (self.0.clone(), invocation.context.clone());
        let payload = invocation.payload.clone();
        async move {
            let request = read(&payload, context)?;
            drop(payload);
            let response = oneshot(service, request).await;
            answer(response.map_err(ErrorDocument::of_error)?.map(Body::new)).await
        }
    }
}

fn read(payload: &Bytes, context: Context) -> Result<Request<Body>, ErrorDocument> {
    let event: IncomingEvent =
        serde_json::from_slice(payload).map_err(ErrorDocument::of_unreadable_event)?;
    let mut request = event
        .into_request()
        .map_err(ErrorDocument::of_unreadable_event)?;
    request.extensions_mut().insert(context);
    Ok(request)
}

async fn answer(response: Response<Body>) -> Result<Bytes, ErrorDocument> {
    let (head, body) = response.into_parts();
    match body.collect(MAX_RESULT_BYTES).await {
        Ok(body) => serialize(&ProxyAnswer::new(&head, &body)),
        Err(BodyError::TooLarge) => Err(ErrorDocument::of_large_result()),
        Err(error) => Err(ErrorDocument::of_error(error)),
    }
}
