//! The way of one request through a REST API, step by step (rest-api.md, section 1).
//!
//! [`handle`] is the whole of it: read it from top to bottom.

use http::{HeaderName, HeaderValue, Method, Response, header, request::Parts};
use towergate_core::{Body, Context, Rejection, ResponseType, Route, StagePath, Step, TRACE_ID};

use crate::{limits, runtime::Runtime, stage::StageSnapshot};

const METHOD_OVERRIDE: HeaderName = HeaderName::from_static("x-http-method-override");
const EXTENDED_REQUEST_ID: HeaderName = HeaderName::from_static("x-amz-apigw-id");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Where a request's path was found to belong: the stage, and its spans of the original path.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Address<'a> {
    pub(crate) stage: &'a StageSnapshot,
    pub(crate) path_start: usize,
    pub(crate) resource_start: usize,
}

/// Answers a request for a stage. Whatever refuses it is restyled by the API's own gateway responses.
pub(crate) async fn handle(
    runtime: &Runtime,
    address: Address<'_>,
    mut head: Parts,
    body: Body,
) -> Response<Body> {
    override_method(&mut head);
    let context = begin(runtime, address, &head);
    let response = match walk(runtime, address.stage, &context, &head, body).await {
        Ok(response) => finish(&context, response),
        Err(rejection) => refuse(runtime, address.stage, &context, &head, rejection),
    };
    context.note_status(response.status().as_u16());
    runtime.observer.on_response(&context);
    response
}

/// The steps that may refuse a request, in their order.
async fn walk(
    runtime: &Runtime,
    stage: &StageSnapshot,
    context: &Context,
    head: &Parts,
    body: Body,
) -> Result<Response<Body>, Rejection> {
    let body = limits::check(head, body, &runtime.backends).await?;

    let found = stage
        .deployment
        .routes
        .find(&head.method, context.resource_path());
    let found = found
        .ok_or_else(|| Rejection::new(ResponseType::MissingAuthenticationToken, Step::Route))?;
    context.note_route(Route {
        resource: found.resource.clone(),
        params: found.params,
    });

    let method = stage.deployment.method(*found.value)?;
    let mut response = method
        .integration()?
        .call(context, head, body, &runtime.backends)
        .await?;

    if method.adds_trace() {
        let trace = context.trace(&head.headers, runtime.backends.random());
        if let Ok(trace) = HeaderValue::from_str(trace) {
            response.headers_mut().insert(TRACE_ID, trace);
        }
    }
    Ok(response)
}

/// `X-HTTP-Method-Override` replaces the verb before anything is looked up by it.
fn override_method(head: &mut Parts) {
    if let Some(value) = head.headers.get(METHOD_OVERRIDE)
        && let Ok(method) = Method::from_bytes(value.as_bytes())
    {
        head.method = method;
    }
}

/// Collects what is known before the first step.
fn begin(runtime: &Runtime, address: Address<'_>, head: &Parts) -> Context {
    let client = runtime
        .trusted_hops
        .client_address(&head.headers, &head.extensions);
    let backends = &runtime.backends;
    let context = Context::new(
        head,
        client.map(|client| client.0),
        backends.clock().now(),
        backends.random(),
    );
    context.note_stage(StagePath {
        info: address.stage.info.clone(),
        path_start: address.path_start,
        resource_start: address.resource_start,
    });
    context
}

/// Adds what every answer carries.
fn finish(context: &Context, mut response: Response<Body>) -> Response<Body> {
    let headers = response.headers_mut();
    headers.entry(header::CONTENT_TYPE).or_insert(JSON);
    headers.insert(
        towergate_core::REQUEST_ID,
        context.request_id().header_value(),
    );
    headers.insert(
        EXTENDED_REQUEST_ID,
        context.extended_request_id().header_value(),
    );
    response
}

/// Turns a rejection into the API's own words.
fn refuse(
    runtime: &Runtime,
    stage: &StageSnapshot,
    context: &Context,
    head: &Parts,
    rejection: Rejection,
) -> Response<Body> {
    runtime.observer.on_rejection(context, &rejection);
    context.note_rejection(rejection.clone());
    // The transport refuses bodies that are too large, so no id and no restyling: its answer is fixed.
    if rejection.response_type() == ResponseType::RequestTooLarge {
        return rejection.into_response(towergate_core::Style::Rest);
    }
    finish(
        context,
        stage
            .deployment
            .gateway_responses
            .respond(context, &head.headers, rejection),
    )
}
