//! What the tests of this folder share: gateways on sockets, backends whose every byte a test chooses, and a client
//! that hides nothing.

#[cfg(doctest)]
mod documents;

mod backend;
pub mod bare_document;
mod client;
mod recorder;
mod server;

use std::{future::Future, time::Duration};

use towergate::{ApiSource, Backends, Body, Gateway, RestApi, RestApiBuilder, StageSettings};

pub use backend::{Answer, Backend, Received};
pub use client::{KeptConnection, Reply, exchange, fetch, read_to_the_end, request};
pub use recorder::Recorder;
pub use server::{serve, serve_one, serve_one_with};

/// The body of every 500, to the byte.
pub const INTERNAL_SERVER_ERROR: &str = r#"{"message": "Internal server error"}"#;

/// Waits for what is about to happen, and fails where it does not.
///
/// # Panics
///
/// Panics after ten seconds.
pub async fn soon<F: Future>(future: F) -> F::Output {
    let limit = Duration::from_secs(10);
    tokio::time::timeout(limit, future)
        .await
        .expect("what a test waits for happens within ten seconds")
}

/// Lets other tasks run until `condition` holds.
pub async fn until(condition: impl Fn() -> bool) {
    let wait = async {
        while !condition() {
            tokio::task::yield_now().await;
        }
    };
    soon(wait).await;
}

/// Puts an API on the stage `prod`, with API id `api`.
///
/// # Panics
///
/// Panics if the API is refused.
pub fn gateway(api: impl Into<ApiSource>) -> Gateway {
    gateway_with(Backends::new(), api)
}

/// Puts an API on the stage `prod`, with backends of a test's own.
///
/// # Panics
///
/// Panics if the API is refused.
pub fn gateway_with(backends: Backends, api: impl Into<ApiSource>) -> Gateway {
    let built = Gateway::builder()
        .backends(backends)
        .api("api", api)
        .stage("api", StageSettings::new("prod"))
        .build();
    built.expect("the gateway is built")
}

/// Returns a builder of an API, which closes methods that cannot be served.
pub fn api() -> RestApiBuilder {
    RestApi::builder("api").lenient()
}

/// Makes a request without headers and body.
///
/// # Panics
///
/// Panics if `target` is no request target.
pub fn get(target: &str) -> http::Request<Body> {
    get_with(target, &[])
}

/// Makes a request without a body.
///
/// # Panics
///
/// Panics if a part of it is not what its name says.
pub fn get_with(target: &str, headers: &[(&str, &str)]) -> http::Request<Body> {
    let builder = http::Request::get(target);
    let builder = headers.iter().fold(builder, |builder, (name, value)| {
        builder.header(*name, *value)
    });
    builder.body(Body::empty()).expect("a request")
}

/// Asks a gateway without a socket, and returns the whole answer.
///
/// # Panics
///
/// Panics if the answer breaks off.
pub async fn ask(gateway: &Gateway, request: http::Request<Body>) -> Reply {
    let (head, body) = gateway.answer(request).await.into_parts();
    let body = body
        .collect(usize::MAX)
        .await
        .expect("a body that does not break off");
    Reply {
        status: head.status.as_u16(),
        headers: head.headers,
        body: body.to_vec(),
        is_complete: true,
    }
}
