//! What becomes of a request whose backend fails, and that the next one works.

use std::time::Duration;

use towergate::{Backends, Gateway, Integration, IntegrationResponse, StageSettings};
use towergate_testing::FakeClock;
use towergate_tests::{
    Answer, Backend, INTERNAL_SERVER_ERROR, api, exchange, fetch, gateway_with, serve, serve_one,
};

const NETWORK_ERROR: &str = r#"{"message": "Network error communicating with endpoint"}"#;
const TIMED_OUT: &str = r#"{"message": "Endpoint request timed out"}"#;

#[tokio::test]
async fn a_backend_that_fails_fails_one_request_alone() {
    let absent = Backend::absent().await;
    let backend = Backend::answering(|request| match &*request.target {
        "/reset" => Answer::Reset,
        "/nothing" => Answer::close(""),
        "/garbage" => Answer::close("what?\r\n\r\n"),
        "/half" => Answer::close("HTTP/1.1 200 OK\r\ncontent-"),
        "/switch" => Answer::stall(
            "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
        ),
        _ => Answer::ok("fine"),
    })
    .await;
    let uri = backend.url("/{p}");
    let to = |uri: String| {
        Integration::http_proxy(uri)
            .request_parameter("integration.request.path.p", "method.request.path.p")
    };
    let api = api()
        .get("/to/{p}", to(uri))
        .get("/absent", to(format!("http://{absent}/")))
        .get("/variable", to("http://${stageVariables.none}/".to_owned()))
        .get(
            "/known",
            to("http://${stageVariables.backend}/known".to_owned()),
        );
    let built = Gateway::builder().api("api", api.build().unwrap()).stage(
        "api",
        StageSettings::new("prod").variable("backend", backend.authority()),
    );
    let gateway = serve(&built.build().unwrap()).await;
    let cases = [
        ("/absent", 500, INTERNAL_SERVER_ERROR),
        ("/variable", 500, INTERNAL_SERVER_ERROR),
        ("/to/reset", 504, NETWORK_ERROR),
        ("/to/nothing", 504, NETWORK_ERROR),
        ("/to/garbage", 504, NETWORK_ERROR),
        ("/to/half", 504, NETWORK_ERROR),
        ("/to/switch", 504, NETWORK_ERROR),
    ];
    assert_eq!(fetch(gateway, "/prod/known").await.text(), "fine");
    for (path, status, body) in cases {
        let reply = fetch(gateway, &format!("/prod{path}")).await;
        assert_eq!((reply.status, reply.text()), (status, body), "{path}");
        assert_eq!(
            reply.header("x-amzn-errortype"),
            Some("InternalServerErrorException"),
            "{path}"
        );
        let next = fetch(gateway, "/prod/to/fine").await;
        assert_eq!((next.status, next.text()), (200, "fine"), "after {path}");
    }
}

#[tokio::test]
async fn a_slow_backend_times_out() {
    let clock = FakeClock::default();
    let backend = Backend::answering(|request| match &*request.target {
        "/silent" => Answer::stall(""),
        "/head" => Answer::stall("HTTP/1.1 200 OK\r\ncontent-le"),
        "/body" => Answer::stall("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"),
        _ => Answer::ok("fine"),
    })
    .await;
    let read = || IntegrationResponse::new(200).header("x-a", "integration.response.body.a");
    let api = api()
        .get("/default", Integration::http_proxy(backend.url("/silent")))
        .get(
            "/own",
            Integration::http_proxy(backend.url("/silent")).timeout_in_millis(50),
        )
        .get("/head", Integration::http_proxy(backend.url("/head")))
        .get(
            "/body",
            Integration::http(backend.url("/body")).response(read()),
        )
        .get("/fine", Integration::http_proxy(backend.url("/fine")));
    let backends = Backends::new().with_time(clock.clone(), clock.clone());
    let gateway = serve(&gateway_with(backends, api.build().unwrap())).await;
    for (path, millis) in [
        ("/default", 29_000),
        ("/own", 50),
        ("/head", 29_000),
        ("/body", 29_000),
    ] {
        let reply = tokio::spawn(async move { fetch(gateway, &format!("/prod{path}")).await });
        backend.next().await;
        clock.advance(Duration::from_millis(millis - 1));
        tokio::task::yield_now().await;
        assert!(!reply.is_finished(), "{path}: not a millisecond early");
        clock.advance(Duration::from_millis(1));
        let reply = reply.await.unwrap();
        assert_eq!((reply.status, reply.text()), (504, TIMED_OUT), "{path}");
        backend.hang_up().await;
        assert_eq!(
            fetch(gateway, "/prod/fine").await.text(),
            "fine",
            "after {path}"
        );
        backend.next().await;
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_breaks_the_clients_connection() {
    let cases = [
        (
            "by length",
            "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf",
        ),
        (
            "in chunks",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        ),
    ];
    for (name, bytes) in cases {
        let backend = Backend::answering(move |_| Answer::close(bytes)).await;
        let gateway = serve_one(Integration::http_proxy(backend.url("/"))).await;
        let reply = fetch(gateway, "/prod").await;
        assert_eq!((reply.status, reply.is_complete), (200, false), "{name}");
        assert!(b"half".starts_with(&reply.body), "{name}");
    }
}

#[tokio::test]
async fn a_request_body_that_breaks_off_is_not_the_backends_fault() {
    let backend = Backend::answering(|_| Answer::stall("")).await;
    let gateway = serve_one(Integration::http_proxy(backend.url("/"))).await;
    let broken =
        b"POST /prod HTTP/1.1\r\nhost: gateway\r\ntransfer-encoding: chunked\r\n\r\nno number\r\n";
    let reply = exchange(gateway, broken).await;
    assert_eq!(
        (reply.status, reply.text()),
        (400, r#"{"message": "Bad request"}"#)
    );
    assert_eq!(
        fetch(gateway, "/nowhere").await.status,
        403,
        "the gateway goes on"
    );
}
