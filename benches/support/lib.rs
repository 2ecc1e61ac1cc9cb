//! What the benches share: the same API of 100 routes on towergate and on axum, a way to call either, mapping
//! templates, and how time is taken.

pub mod templates;
pub mod timing;

use std::{
    convert::Infallible,
    pin::pin,
    task::{Context, Poll, Waker},
};

use axum::{Router, middleware, routing::get};
use http::{Request, Response};
use tower_service::Service;
use towergate::{Gateway, Integration, IntegrationResponse, RestApi, StageSettings};

/// How many routes each side has.
pub const ROUTES: usize = 100;

const BODY: &str = r#"{"message": "ok"}"#;

/// The gateway: every route is a `MOCK` with a response template.
///
/// # Panics
///
/// Panics if the API cannot be built.
#[must_use]
pub fn gateway() -> Gateway {
    let mock = || {
        let response = IntegrationResponse::new(200).template("application/json", BODY);
        Integration::mock(200).response(response)
    };
    let api = paths().fold(RestApi::builder("bench"), |api, path| {
        api.get(&path, mock())
    });
    let api = api.build().expect("the API is well formed");
    let gateway = Gateway::builder().api("bench", api);
    let gateway = gateway.stage("bench", StageSettings::new("prod")).build();
    gateway.expect("the gateway is well formed")
}

/// The same routes on a bare axum router, each with a static handler.
pub fn router() -> Router {
    paths().fold(Router::new(), |router, path| {
        router.route(
            &path,
            get(async || ([("content-type", "application/json")], BODY)),
        )
    })
}

/// The bare router beneath three layers that do nothing.
pub fn layered_router() -> Router {
    let noop =
        || middleware::from_fn(async |request, next: middleware::Next| next.run(request).await);
    router().layer(noop()).layer(noop()).layer(noop())
}

/// A request for one of the routes, with the headers that a client sends; `stage` is put before its path.
///
/// # Panics
///
/// Panics if `stage` cannot stand in a path.
#[must_use]
pub fn request(stage: &str) -> Request<axum::body::Body> {
    Request::get(format!("{stage}/orders57/17/lines"))
        .header("host", "api.example.com")
        .header("user-agent", "bench/1.0")
        .header("accept", "*/*")
        .body(axum::body::Body::empty())
        .expect("the request is well formed")
}

/// Calls a service whose answer is at hand.
///
/// # Panics
///
/// Panics if the service waits.
pub fn call<S, B>(service: &mut S, request: Request<axum::body::Body>) -> Response<B>
where
    S: Service<Request<axum::body::Body>, Response = Response<B>, Error = Infallible>,
{
    let mut answer = pin!(service.call(request));
    match answer
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        Poll::Ready(Ok(response)) => response,
        Poll::Pending => panic!("the answer is not at hand"),
    }
}

fn paths() -> impl Iterator<Item = String> {
    (0..ROUTES).map(|number| match number % 4 {
        0 => format!("/customers{number}"),
        1 => format!("/orders{number}/{{id}}/lines"),
        2 => format!("/pets{number}/{{id}}"),
        _ => format!("/reports{number}/daily/summary"),
    })
}
