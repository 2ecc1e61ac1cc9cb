//! The way of one request through a REST API, step by step (rest-api.md, section 1).
//!
//! [`begin`] and [`handle`] are the whole of it: read them from top to bottom.

use std::sync::Arc;

use http::{HeaderName, HeaderValue, Method, Response, header, request::Parts};
use towergate_core::{
    Body, Context, REQUEST_ID, Rejection, ResponseType, Route, StagePath, Step, Style, TRACE_ID,
};

use towergate_routing::DomainMatch;
use towergate_stages::Watching;

use crate::{
    access::{Access, Guard},
    limiting::Demands,
    limits,
    runtime::Runtime,
    serving::Serving,
    stage::{Release, Served, ServedStage},
    watched,
};

const METHOD_OVERRIDE: HeaderName = HeaderName::from_static("x-http-method-override");
const EXTENDED_REQUEST_ID: HeaderName = HeaderName::from_static("x-amz-apigw-id");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Collects what is known of a request before the first step. From here on its head is the context's.
pub(crate) fn begin(runtime: &Runtime, mut head: Parts) -> Context {
    // `X-HTTP-Method-Override` replaces the verb before anything is looked up by it. What was sent as CONNECT stays
    // one: its success would make a tunnel of the connection.
    if let Some(verb) = head.headers.get(METHOD_OVERRIDE)
        && head.method != Method::CONNECT
        && let Ok(verb) = Method::from_bytes(verb.as_bytes())
    {
        head.method = verb;
    }
    let backends = &runtime.backends;
    let now = backends.clock().now();
    Context::new(head, runtime.trusted_hops, now, backends.random())
}

/// Answers a request. Whatever refuses it is restyled by the gateway responses of its API.
pub(crate) async fn handle(serving: &Serving, context: Context, body: Body) -> Response<Body> {
    let runtime = &serving.runtime;
    let release = match resolve(serving, &context) {
        Resolved::Release(stage, release) => {
            if let Some(watching) = stage.snapshot.watch(release) {
                // Boxed, so that requests that no guard counts do not carry the room for it.
                return Box::pin(watched(runtime, release, &context, body, watching)).await;
            }
            Some(release)
        }
        Resolved::Nothing => None,
        Resolved::HealthCheck => return finish(runtime, &context, Response::new(Body::empty())),
    };
    let answer = walk(runtime, release, &context, body).await;
    end(runtime, release, &context, answer)
}

/// Answers a request that the guard of a canary counts.
async fn watched(
    runtime: &Runtime,
    release: &Release,
    context: &Context,
    body: Body,
    mut watching: Watching,
) -> Response<Body> {
    let walk = walk(runtime, Some(release), context, body);
    let answer = watched::answer(&mut watching, walk).await;
    let response = watching.run(|| end(runtime, Some(release), context, answer));
    watching.answered(response.status().is_server_error());
    response.map(|body| watched::body(body, watching))
}

#[inline]
fn end(
    runtime: &Runtime,
    release: Option<&Release>,
    context: &Context,
    answer: Result<Response<Body>, Rejection>,
) -> Response<Body> {
    let response = match answer {
        Ok(response) => response,
        Err(rejection) => refuse(runtime, release, context, rejection),
    };
    finish(runtime, context, response)
}

/// The steps that may refuse a request, in their order.
async fn walk(
    runtime: &Runtime,
    release: Option<&Release>,
    context: &Context,
    body: Body,
) -> Result<Response<Body>, Rejection> {
    let body = limits::check(context, body, &runtime.backends).await?;

    let Served { api, demands } = release.ok_or_else(no_stage)?.service();
    let deployment = &api.api.deployment;
    let found = deployment
        .routes
        .find(context.method(), context.resource_path())
        .ok_or_else(no_route)?;
    context.note_route(Route {
        resource: found.resource.clone(),
        params: found.params,
    });

    let method = deployment.method(*found.value)?;
    let integration = method.integration()?;
    let demands = found.value.of(demands);
    if demands.is_some() || api.access.guards(method.guard()) {
        // Boxed, so that methods that are open to anybody do not carry the room for it.
        Box::pin(admit(
            runtime,
            &api.access,
            method.guard(),
            demands,
            context,
        ))
        .await?;
    }
    let mut response = integration.call(context, body, &runtime.backends).await?;

    if integration.adds_trace()
        && let Ok(trace) = HeaderValue::from_str(context.trace(runtime.backends.random()))
    {
        response.headers_mut().insert(TRACE_ID, trace);
    }
    Ok(response)
}

/// Asks who calls, then whether they may call so often.
async fn admit(
    runtime: &Runtime,
    access: &Access,
    guard: Option<&Guard>,
    demands: Option<&Demands>,
    context: &Context,
) -> Result<(), Rejection> {
    let mut now = context.received_at();
    if access.guards(guard) {
        access.admit(context, guard).await?;
        // Whoever was asked may have taken a while.
        now = runtime.backends.clock().now();
    }
    match demands {
        Some(demands) => demands.admit(&runtime.plans, context, now).await,
        None => Ok(()),
    }
}

fn no_stage() -> Rejection {
    Rejection::forbidden("no API has this host, path and stage")
}

fn no_route() -> Rejection {
    Rejection::new(ResponseType::MissingAuthenticationToken, Step::Route)
}

/// What a request is for.
enum Resolved<'a> {
    /// A stage, and the release that was chosen.
    Release(&'a ServedStage, &'a Release),
    /// A domain: whether it is well.
    HealthCheck,
    /// Nothing: no API has its host, path and stage.
    Nothing,
}

/// Finds the stage by host and path, draws between it and its canary, and notes where in the path it stands.
fn resolve<'a>(serving: &'a Serving, context: &Context) -> Resolved<'a> {
    let (host, path) = (context.authority(), context.uri().path());
    let address = match serving.domains.find(host, path, context.headers()) {
        DomainMatch::NotADomain => serving.stages.find(host, path),
        DomainMatch::Found(found) => serving.stages.mapped(&found, path),
        DomainMatch::Reserved => return Resolved::HealthCheck,
        _ => None,
    };
    let Some(address) = address else {
        return Resolved::Nothing;
    };
    let random = serving.runtime.backends.random();
    let release = address.stage.choose(context, random);
    context.note_stage(StagePath {
        info: Arc::clone(release.info()),
        path_start: address.path_start,
        resource_start: address.resource_start,
    });
    Resolved::Release(address.stage, release)
}

/// Adds what every answer carries, and tells the observer.
fn finish(runtime: &Runtime, context: &Context, mut response: Response<Body>) -> Response<Body> {
    // The transport refuses bodies that are too large: its answer is fixed, and has no ids.
    if !is_too_large(context.rejection()) {
        let headers = response.headers_mut();
        headers.entry(header::CONTENT_TYPE).or_insert(JSON);
        headers.insert(REQUEST_ID, context.request_id().header_value());
        headers.insert(
            EXTENDED_REQUEST_ID,
            context.extended_request_id().header_value(),
        );
    }
    context.note_status(response.status().as_u16());
    runtime.observer.on_response(context);
    response
}

/// Turns a rejection into the API's own words, unless it comes from the transport or belongs to no API.
fn refuse(
    runtime: &Runtime,
    release: Option<&Release>,
    context: &Context,
    rejection: Rejection,
) -> Response<Body> {
    runtime.observer.on_rejection(context, &rejection);
    context.note_rejection(rejection.clone());
    match release.filter(|_| !is_too_large(Some(&rejection))) {
        Some(release) => {
            let api = &release.service().api.api;
            let gateway_responses = &api.deployment.gateway_responses;
            gateway_responses.respond(context, rejection)
        }
        None => rejection.into_response(Style::Rest),
    }
}

fn is_too_large(rejection: Option<&Rejection>) -> bool {
    rejection.is_some_and(|rejection| rejection.response_type() == ResponseType::RequestTooLarge)
}
