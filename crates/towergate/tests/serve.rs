//! A gateway behind a real socket: requests, the client's address, and the end.
#![cfg(feature = "serve")]

use std::{convert::Infallible, net::SocketAddr, sync::Arc};

use http::{Request, Response};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, oneshot},
    task::JoinHandle,
};
use towergate::{Body, Context, Gateway, InProcess, RestApi, StageSettings, serve::serve};

/// A server whose `/prod/slow` waits for a permit of `gate`, and which stops on `stop`.
struct Server {
    address: SocketAddr,
    called: Arc<Semaphore>,
    gate: Arc<Semaphore>,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
}

impl Server {
    async fn start() -> Self {
        let (called, gate) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let who = tower::service_fn(async |request: Request<Body>| {
            let client = Context::get(request.extensions()).and_then(Context::source_ip);
            let body = client.map_or_else(String::new, |client| client.to_string());
            Ok::<_, Infallible>(Response::new(Body::from(body)))
        });
        let spelled = tower::service_fn(async |request: Request<Body>| {
            let names = Context::get(request.extensions()).and_then(Context::original_header_names);
            let names: Vec<_> = names.iter().flat_map(|names| names.iter()).collect();
            Ok::<_, Infallible>(Response::new(Body::from(names.join(","))))
        });
        let (call, open) = (Arc::clone(&called), Arc::clone(&gate));
        let slow = tower::service_fn(move |_: Request<Body>| {
            let (call, open) = (Arc::clone(&call), Arc::clone(&open));
            async move {
                call.add_permits(1);
                open.acquire().await.expect("never closed").forget();
                Ok::<_, Infallible>(Response::new(Body::from("at last")))
            }
        });
        let api = RestApi::builder("clients")
            .get("/who", InProcess::new(who))
            .get("/slow", InProcess::new(slow))
            .post("/spelled", InProcess::new(spelled))
            .build()
            .expect("a good API");
        let gateway = Gateway::builder()
            .api("clients", api)
            .stage("clients", StageSettings::new("prod"))
            .build()
            .expect("a good gateway");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async { drop(stopped.await) };
        Self {
            address,
            called,
            gate,
            stop,
            ended: tokio::spawn(serve(listener, gateway, shutdown)),
        }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address)
            .await
            .expect("a connection")
    }

    /// Waits until a request to `/prod/slow` is in flight.
    async fn slow_is_called(&self) {
        self.called.acquire().await.expect("never closed").forget();
    }
}

async fn send(stream: &mut TcpStream, path: &str) {
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("sent");
}

/// Reads one response, whose body has a stated length.
async fn receive(stream: &mut TcpStream) -> (String, String) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("a whole head"));
    }
    let head = String::from_utf8(head).expect("text").to_ascii_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .expect("a length");
    let mut body = vec![0; length.parse().expect("a number")];
    stream.read_exact(&mut body).await.expect("a whole body");
    (head, String::from_utf8(body).expect("text"))
}

#[tokio::test]
async fn a_connection_serves_requests_in_turn_and_knows_its_client() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    for round in 1..=3 {
        send(&mut client, "/prod/who").await;
        let (head, body) = receive(&mut client).await;
        assert!(
            head.starts_with("http/1.1 200 ok\r\n"),
            "round {round}: {head}"
        );
        assert_eq!(body, "127.0.0.1", "round {round}");
    }
    send(&mut client, "/prod/nowhere").await;
    let (head, body) = receive(&mut client).await;
    assert!(head.starts_with("http/1.1 403 "), "{head}");
    assert_eq!(body, r#"{"message":"Missing Authentication Token"}"#);
}

#[tokio::test]
async fn a_connection_knows_how_each_request_spells_its_headers() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    let post =
        |headers: &str, body: &str| format!("POST /prod/spelled HTTP/1.1\r\n{headers}\r\n{body}");
    let many: Vec<_> = (0..99).map(|number| format!("x-{number}")).collect();
    let fake = post("HOST: b\r\nTRANSFER-ENCODING: chunked\r\n", "");
    let cases = [
        (
            "one",
            post("hOST: a\r\nX-Tag: 1\r\n", ""),
            vec!["hOST,X-Tag".to_owned()],
        ),
        (
            "another spelling",
            post("Host: a\r\nx-tag: 1\r\n", ""),
            vec!["Host,x-tag".to_owned()],
        ),
        (
            "pipelined",
            [
                post("Host: a\r\n", ""),
                post("host: a\r\n", ""),
                post("HosT: a\r\n", ""),
            ]
            .concat(),
            ["Host", "host", "HosT"].map(str::to_owned).to_vec(),
        ),
        (
            "a head in a chunked body, and one behind it",
            post(
                "Host: a\r\nTransfer-Encoding: chunked\r\n",
                &format!(
                    "{:x}\r\n{fake}\r\n0\r\n\r\n{}",
                    fake.len(),
                    post("HosT: a\r\n", "")
                ),
            ),
            vec!["Host,Transfer-Encoding".to_owned(), "HosT".to_owned()],
        ),
        (
            "100 headers",
            post(&format!("Host: a\r\n{}: 1\r\n", many.join(": 1\r\n")), ""),
            vec![format!("Host,{}", many.join(","))],
        ),
    ];
    for (name, sent, expected) in cases {
        client.write_all(sent.as_bytes()).await.expect("sent");
        for expected in expected {
            assert_eq!(receive(&mut client).await.1, expected, "{name}");
        }
    }
}

#[tokio::test]
async fn requests_in_flight_are_answered_before_the_end() {
    let server = Server::start().await;
    let (mut idle, mut busy) = (server.connect().await, server.connect().await);
    send(&mut idle, "/prod/who").await;
    receive(&mut idle).await;
    send(&mut busy, "/prod/slow").await;
    server.slow_is_called().await;

    server.stop.send(()).expect("the server waits for it");
    let mut rest = Vec::new();
    idle.read_to_end(&mut rest).await.expect("closed in peace");
    assert!(rest.is_empty(), "an idle connection is closed at once");
    let refused = TcpStream::connect(server.address).await;
    assert!(refused.is_err(), "no connection is accepted any more");

    server.gate.add_permits(1);
    let (head, body) = receive(&mut busy).await;
    assert!(head.contains("connection: close"), "{head}");
    assert_eq!(body, "at last");
    server.ended.await.expect("the server ends");
}

#[tokio::test]
async fn dropping_the_server_cuts_every_connection() {
    let server = Server::start().await;
    let mut busy = server.connect().await;
    send(&mut busy, "/prod/slow").await;
    server.slow_is_called().await;

    server.ended.abort();
    let mut rest = Vec::new();
    // Whether the end is orderly or a reset is up to the system.
    let _ = busy.read_to_end(&mut rest).await;
    assert!(rest.is_empty(), "no answer any more");
}
