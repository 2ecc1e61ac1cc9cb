use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    sync::oneshot,
};
use towergate_integrations::InProcess;

use super::*;
use crate::{RestApi, StageSettings};

const REQUEST: &[u8] = b"GET /prod/x HTTP/1.1\r\nhost: a\r\n\r\n";

/// What is answered at once, with a 403 and an object as its body.
const NO_STAGE: &[u8] = b"GET /none HTTP/1.1\r\nhost: a\r\n\r\n";

/// A gateway whose `/prod/x` is never answered.
fn silent() -> Gateway {
    let never = tower::service_fn(|_: Request<Body>| {
        std::future::pending::<Result<http::Response<Body>, Infallible>>()
    });
    let api = RestApi::builder("silent").get("/x", InProcess::new(never));
    Gateway::builder()
        .api("silent", api.build().unwrap())
        .stage("silent", StageSettings::new("prod"))
        .build()
        .unwrap()
}

/// Serves within limits; the server stops on what is returned.
async fn start(limits: Limits) -> (SocketAddr, oneshot::Sender<()>, impl Future<Output = ()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let shutdown = async { drop(stopped.await) };
    let server = tokio::spawn(serve_within(limits, listener, Plain, silent(), shutdown));
    (address, stop, async { server.await.unwrap() })
}

/// Reads one response, up to the end of the object that is its body, and returns its status.
async fn status(stream: &mut TcpStream) -> String {
    let mut response = Vec::new();
    while !response.ends_with(b"}") {
        response.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8_lossy(&response[..12]).into_owned()
}

/// Reads until the connection ends, in whatever way.
async fn rest(mut stream: TcpStream) -> Vec<u8> {
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
    rest
}

#[tokio::test]
async fn a_request_that_does_not_end_is_cut_after_the_drain() {
    let drain = Duration::from_millis(10);
    let (address, stop, ended) = start(Limits { drain, ..LIMITS }).await;
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(REQUEST).await.unwrap();
    stop.send(()).unwrap();
    ended.await;
    assert_eq!(rest(client).await, b"");
}

#[tokio::test]
async fn a_head_that_does_not_end_is_not_waited_for() {
    let head = Duration::from_millis(10);
    let (address, _stop, _ended) = start(Limits { head, ..LIMITS }).await;
    for (name, sent) in [("nothing", &b""[..]), ("half a head", &REQUEST[..20])] {
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(sent).await.unwrap();
        let rest = String::from_utf8(rest(client).await).unwrap();
        assert!(
            rest.is_empty() || rest.starts_with("HTTP/1.1 408 "),
            "{name}: {rest}"
        );
    }
}

#[tokio::test]
async fn more_connections_than_allowed_wait_for_their_turn() {
    let limits = Limits {
        connections: 1,
        ..LIMITS
    };
    let (address, _stop, _ended) = start(limits).await;
    let mut first = TcpStream::connect(address).await.unwrap();
    let mut second = TcpStream::connect(address).await.unwrap();
    second.write_all(NO_STAGE).await.unwrap();
    for _ in 0..3 {
        first.write_all(NO_STAGE).await.unwrap();
        assert_eq!(status(&mut first).await, "HTTP/1.1 403");
    }
    let early = second.try_read(&mut [0; 1]);
    assert_eq!(early.unwrap_err().kind(), io::ErrorKind::WouldBlock);

    drop(first);
    assert_eq!(status(&mut second).await, "HTTP/1.1 403");
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused_by_hyper() {
    let (address, _stop, _ended) = start(LIMITS).await;
    let long = "x".repeat(MAX_BUFFER_BYTES);
    let many = "a: b\r\n".repeat(101);
    for (name, headers) in [("long", format!("a: {long}\r\n")), ("many", many)] {
        let mut client = TcpStream::connect(address).await.unwrap();
        let request = format!("GET /prod/x HTTP/1.1\r\nhost: a\r\n{headers}\r\n");
        // The server may have answered and closed before all of it is sent.
        let _ = client.write_all(request.as_bytes()).await;
        let answer = rest(client).await;
        assert!(answer.starts_with(b"HTTP/1.1 431 "), "{name}");
    }
}
