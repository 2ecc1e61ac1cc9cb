//! What is too large, over real sockets: bodies of known and unknown length, headers, targets.

use std::{net::SocketAddr, time::Duration};

use http::{Request, Response};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use towergate::{Backends, Body, BodyError, GatewayResponse, InProcess, Integration};
use towergate_testing::FakeClock;
use towergate_tests::{
    Answer, Backend, Reply, api, exchange, gateway, gateway_with, read_to_the_end, request, serve,
    serve_one_with, soon, until,
};

const MAX: usize = 10 * 1024 * 1024;

/// Serves a proxy of `backend` at `/`, one that reads bodies at `/read`, a service that does at `/service`, and a mock
/// at `/mock`.
async fn serve_with(backends: Backends, backend: &Backend) -> SocketAddr {
    let restyled = GatewayResponse::new()
        .status_code(599)
        .header("x-restyled", "'yes'");
    let api = api()
        .any("/", Integration::http_proxy(backend.url("/")))
        .any(
            "/read",
            Integration::http_proxy(backend.url("/"))
                .request_parameter("integration.request.header.x-a", "method.request.body.a"),
        )
        .any("/mock", Integration::mock(200))
        .any("/service", InProcess::new(tower::service_fn(upload)))
        .gateway_response("REQUEST_TOO_LARGE", restyled.clone())
        .gateway_response("DEFAULT_4XX", restyled);
    serve(&gateway_with(backends, api.build().expect("an API"))).await
}

/// A service that reads the whole body, and fails where that fails.
async fn upload(request: Request<Body>) -> Result<Response<Body>, BodyError> {
    let bytes = request.into_body().collect(usize::MAX).await?;
    Ok(Response::new(Body::from(bytes.len().to_string())))
}

fn with_length(path: &str, length: usize) -> Vec<u8> {
    request(&format!("POST {path}"), &[], &"x".repeat(length))
}

/// A request in chunks of 64 KiB whose body has `length` bytes.
fn in_chunks(path: &str, length: usize) -> Vec<u8> {
    let chunked = [("transfer-encoding", "chunked")];
    let mut bytes = request(&format!("POST {path}"), &chunked, "");
    for chunk in vec![b'x'; length].chunks(64 * 1024) {
        bytes.extend(format!("{:x}\r\n", chunk.len()).bytes());
        bytes.extend(chunk);
        bytes.extend(b"\r\n");
    }
    bytes.extend(b"0\r\n\r\n");
    bytes
}

fn assert_is_413(reply: &Reply, max: usize, name: &str) {
    let body = format!("HTTP content length exceeded {max} bytes.");
    assert_eq!((reply.status, reply.text()), (413, &*body), "{name}");
    let content_type = reply.header("content-type");
    assert_eq!(content_type, Some("text; charset=utf-8"), "{name}");
    let mut names = reply.headers.keys().map(http::HeaderName::as_str);
    let added = names.find(|name| name.starts_with("x-"));
    assert_eq!(added, None, "{name}: no id, no error type, no restyling");
}

#[tokio::test]
async fn a_body_at_the_limit_passes_and_one_above_is_a_413() {
    let raised = || Backends::new().with_max_request_bytes(MAX + 1);
    let small = || Backends::new().with_max_request_bytes(5);
    // Name, backends, request, the limit it goes over, and what of it reaches the backend.
    let cases = [
        (
            "at the limit",
            Backends::new(),
            with_length("/prod", MAX),
            None,
        ),
        (
            "at the limit, in chunks",
            Backends::new(),
            in_chunks("/prod", MAX),
            None,
        ),
        (
            "at the limit, read",
            Backends::new(),
            in_chunks("/prod/read", MAX),
            None,
        ),
        (
            "above it",
            Backends::new(),
            with_length("/prod", MAX + 1),
            Some(MAX),
        ),
        (
            "above it, read",
            Backends::new(),
            with_length("/prod/read", MAX + 1),
            Some(MAX),
        ),
        (
            "above it, read in chunks",
            Backends::new(),
            in_chunks("/prod/read", MAX + 1),
            Some(MAX),
        ),
        (
            "above it, for a service, in chunks",
            Backends::new(),
            in_chunks("/prod/service", MAX + 1),
            Some(MAX),
        ),
        (
            "above it, for a mock",
            Backends::new(),
            with_length("/prod/mock", MAX + 1),
            Some(MAX),
        ),
        (
            "above it, for no route",
            Backends::new(),
            with_length("/prod/none", MAX + 1),
            Some(MAX),
        ),
        (
            "above it, for no stage",
            Backends::new(),
            with_length("/none", MAX + 1),
            Some(MAX),
        ),
        (
            "at a raised limit",
            raised(),
            with_length("/prod", MAX + 1),
            None,
        ),
        (
            "above a raised limit",
            raised(),
            with_length("/prod", MAX + 2),
            Some(MAX + 1),
        ),
        ("at a small limit", small(), with_length("/prod", 5), None),
        (
            "above a small limit",
            small(),
            with_length("/prod", 6),
            Some(5),
        ),
    ];
    for (name, backends, bytes, over) in cases {
        let backend = Backend::answering(|_| Answer::ok("fine")).await;
        let gateway = serve_with(backends, &backend).await;
        let reply = exchange(gateway, &bytes).await;
        let received = backend.take();
        match over {
            None => {
                assert_eq!((reply.status, reply.text()), (200, "fine"), "{name}");
                assert!(bytes.len() - received[0].body.len() < 2000, "{name}");
            }
            Some(max) => {
                assert_is_413(&reply, max, name);
                assert!(received.is_empty(), "{name}: the backend is not called");
            }
        }
    }
}

#[tokio::test]
async fn a_body_in_chunks_that_grows_too_large_breaks_the_call() {
    let backend = Backend::answering(|_| Answer::ok("fine")).await;
    let gateway = serve_with(Backends::new(), &backend).await;
    for length in [MAX + 1, 2 * MAX] {
        let bytes = in_chunks("/prod", length);
        let reply = exchange(gateway, &bytes).await;
        assert_is_413(&reply, MAX, &length.to_string());
        let received = backend.next().await;
        assert!(
            !received.is_complete,
            "the backend sees that the body broke off"
        );
        assert!(received.body.len() <= MAX, "and never a byte too much");
        let next = exchange(gateway, &with_length("/prod", 3)).await;
        assert_eq!(next.text(), "fine");
        assert_eq!(backend.next().await.body, b"xxx");
    }
}

#[tokio::test]
async fn once_the_answers_head_is_out_a_body_that_grows_too_large_cuts_the_connection() {
    let backend = Backend::serving(|mut socket: TcpStream| async move {
        let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nearly\r\n";
        let _ = socket.read(&mut [0; 4096]).await;
        let _ = socket.write_all(head).await;
        let mut rest = vec![0; 64 * 1024];
        while socket.read(&mut rest).await.is_ok_and(|bytes| bytes > 0) {}
    })
    .await;
    let gateway = serve_with(Backends::new(), &backend).await;
    let mut socket = TcpStream::connect(gateway).await.unwrap();
    let bytes = in_chunks("/prod", 2 * MAX);
    let (start, rest) = bytes.split_at(200_000);
    socket.write_all(start).await.unwrap();
    let mut early = Vec::new();
    while !early.ends_with(b"early\r\n") {
        assert_ne!(soon(socket.read_buf(&mut early)).await.unwrap(), 0);
    }
    let _ = socket.write_all(rest).await;
    let mut late = Vec::new();
    let _ = soon(socket.read_to_end(&mut late)).await;
    let head = String::from_utf8(early).unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK"), "{head}");
    assert_eq!(
        late, b"",
        "no last chunk, so that the client sees that it broke off"
    );
}

#[tokio::test]
async fn a_client_that_waits_for_leave_is_refused_before_it_sends() {
    let backend = Backend::answering(|_| Answer::ok("fine")).await;
    let gateway = serve_with(Backends::new(), &backend).await;
    let mut socket = TcpStream::connect(gateway).await.unwrap();
    let length = (MAX + 1).to_string();
    let headers = [("expect", "100-continue"), ("content-length", &*length)];
    socket
        .write_all(&request("POST /prod", &headers, ""))
        .await
        .unwrap();
    let reply = soon(read_to_the_end(&mut socket, false)).await.unwrap();
    assert_is_413(&reply, MAX, "no 100 before it");
}

#[tokio::test]
async fn a_body_that_is_read_has_five_minutes_to_arrive() {
    let clock = FakeClock::default();
    let backend = Backend::answering(|_| Answer::ok("fine")).await;
    let backends = Backends::new().with_time(clock.clone(), clock.clone());
    let read = Integration::http_proxy(backend.url("/"))
        .request_parameter("integration.request.header.x-a", "method.request.body.a");
    let gateway = serve_one_with(backends, read).await;
    let cases = [
        ("by length", with_length("/prod", 10)),
        ("in chunks", in_chunks("/prod", 10)),
    ];
    for (name, bytes) in cases {
        let (sent, _) = bytes.split_at(bytes.len() - 6);
        let mut socket = TcpStream::connect(gateway).await.unwrap();
        socket.write_all(sent).await.unwrap();
        until(|| clock.sleepers() > 0).await;
        let reply = tokio::spawn(async move { read_to_the_end(&mut socket, false).await });
        clock.advance(Duration::from_millis(299_999));
        tokio::task::yield_now().await;
        assert_eq!(clock.sleepers(), 1, "{name}: not a millisecond early");
        clock.advance(Duration::from_millis(1));
        let reply = soon(reply).await.unwrap().expect("an answer");
        assert_eq!(
            (reply.status, reply.text()),
            (408, r#"{"message": "Request timed out"}"#),
            "{name}"
        );
        assert!(backend.take().is_empty(), "{name}: no call");
    }
    let whole = exchange(gateway, &with_length("/prod", 10)).await;
    assert_eq!(whole.text(), "fine", "the gateway goes on");
}

#[tokio::test]
async fn a_request_has_one_host() {
    let gateway = gateway(api().get("/", Integration::mock(200)).build().unwrap());
    let gateway = serve(&gateway).await;
    let cases = [
        ("one", "/prod", &[][..], 200),
        ("two", "/prod", &[("host", "other")], 400),
        ("one twice", "/prod", &[("Host", "gateway")], 400),
        ("two, for no stage", "/none", &[("host", "other")], 400),
    ];
    for (name, path, headers, status) in cases {
        let reply = exchange(gateway, &request(&format!("GET {path}"), headers, "")).await;
        assert_eq!(reply.status, status, "{name}");
    }
}

#[tokio::test]
async fn long_headers_and_targets_are_refused() {
    let gateway = gateway(api().get("/", Integration::mock(200)).build().unwrap());
    let gateway = serve(&gateway).await;
    // What the client's own `host` and `connection` take of the headers.
    let others = "gatewayclose".len();
    let query = |length: usize| format!("GET /prod?{}", "q".repeat(length - "/prod?".len()));
    let path = |length: usize| format!("GET /prod/{}", "p".repeat(length - "/prod/".len()));
    let plain = || "GET /prod".to_owned();
    let cases = [
        ("headers at the limit", plain(), 10_240 - others, 200),
        ("headers above it", plain(), 10_241 - others, 431),
        ("a query at the limit", query(10_240), 0, 200),
        ("a query above it", query(10_241), 0, 414),
        ("a path at the limit", path(10_240), 0, 403),
        ("a path above it", path(10_241), 0, 414),
    ];
    for (name, line, header_bytes, status) in cases {
        let (half, rest) = (header_bytes / 2, header_bytes - header_bytes / 2);
        let values = ["a".repeat(half), "b".repeat(rest)];
        let headers = [("x-a", &*values[0]), ("x-b", &*values[1])];
        let reply = exchange(gateway, &request(&line, &headers, "")).await;
        assert_eq!(reply.status, status, "{name}");
        assert!(reply.header("x-amzn-requestid").is_some(), "{name}");
    }
}
