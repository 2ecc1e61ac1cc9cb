use std::convert::Infallible;

use http::Response;
use http_body_util::{BodyExt as _, Empty};
use hyper::{
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use proptest::{collection::vec, prelude::*};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

use super::*;

/// What one and the same request might be taken for, if its place were not known.
const FAKE: &str = "POST / HTTP/1.1\r\nHOST: fake\r\nTRANSFER-ENCODING: chunked\r\n\r\n";

/// Lets hyper serve `requests`, which arrive in pieces of at most `piece` bytes, and returns the names of each.
async fn served(requests: &[u8], piece: usize, reads_bodies: bool) -> Vec<Option<Vec<String>>> {
    let (client, server) = duplex(piece);
    let (mut answers, mut sender) = tokio::io::split(client);
    let socket = HeadTap::new(server);
    let heads = socket.heads();
    let seen = Mutex::new(Vec::new());
    let service = service_fn(|mut request: Request<Incoming>| {
        let names = heads.names(&request);
        let names = names.map(|names| names.iter().map(str::to_owned).collect());
        seen.lock().unwrap().push(names);
        async move {
            if reads_bodies {
                request.body_mut().collect().await.unwrap();
            }
            Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
        }
    });
    let connection = http1::Builder::new()
        .max_buf_size(MAX_BUFFER_BYTES)
        .serve_connection(TokioIo::new(socket), service);
    let send = async {
        // The connection may end early: hyper reads on only where little is left of a body.
        let _ = sender.write_all(requests).await;
        let _ = sender.shutdown().await;
    };
    let mut taken = Vec::new();
    let (served, (), read) = tokio::join!(connection, send, answers.read_to_end(&mut taken));
    // How a connection fails is tested where it is served.
    drop((served, read));
    seen.into_inner().unwrap()
}

fn spelled(names: &[&str]) -> Option<Vec<String>> {
    Some(names.iter().map(|name| (*name).to_owned()).collect())
}

#[tokio::test]
async fn heads_are_found_between_long_bodies() {
    let body = FAKE.repeat(2 * MAX_BUFFER_BYTES / FAKE.len());
    let requests = format!(
        "POST / HTTP/1.1\r\nhOST: a\r\nContent-LENGTH: {}\r\n\r\n{body}\
         POST / HTTP/1.1\r\nHosT: a\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n\
         \r\nGET / HTTP/1.1\r\nHOst: a\r\n\r\n",
        body.len(),
        body.len()
    );
    let expected = [
        spelled(&["hOST", "Content-LENGTH"]),
        spelled(&["HosT", "Transfer-Encoding"]),
        spelled(&["HOst"]),
    ];
    for piece in [1000, MAX_BUFFER_BYTES, 4 * MAX_BUFFER_BYTES] {
        assert_eq!(
            served(requests.as_bytes(), piece, true).await,
            expected,
            "{piece}"
        );
    }
}

#[tokio::test]
async fn a_head_of_100_headers_is_kept_and_one_that_is_too_long_is_not() {
    let many: Vec<_> = (0..100).map(|number| format!("X-{number}")).collect();
    let lines: String = many.iter().map(|name| format!("{name}: a\r\n")).collect();
    let requests = format!("GET / HTTP/1.1\r\n{lines}\r\n").repeat(2);
    assert_eq!(
        served(requests.as_bytes(), 100, true).await,
        [Some(many.clone()), Some(many)]
    );

    let value = "x".repeat(MAX_BUFFER_BYTES - 24);
    let fits = format!("GET / HTTP/1.1\r\nA: {value}\r\n\r\n");
    assert_eq!(fits.len(), MAX_BUFFER_BYTES - 1);
    let next = "GET / HTTP/1.1\r\nB: b\r\n\r\n";
    let requests = format!("{fits}{next}");
    let expected = [spelled(&["A"]), spelled(&["B"])];
    assert_eq!(served(requests.as_bytes(), 100, true).await, expected);

    let mut position = Position::Head(BytesMut::new());
    position.advance(&[b'x'; MAX_BUFFER_BYTES]);
    assert!(matches!(&position, Position::Head(read) if read.len() == MAX_BUFFER_BYTES));
    position.advance(b"x");
    assert!(matches!(position, Position::Lost));
}

#[test]
fn a_connection_between_two_requests_holds_nothing() {
    let heads = HeadTap::new(()).heads();
    heads.with(|position| position.advance(b"GET / HTTP/1.1\r\nA: b\r\n\r\n"));
    let request = Request::get("/").header("a", "b");
    let request = request.body(Empty::<Bytes>::new()).unwrap();
    assert!(heads.names(&request).is_some());
    assert!(
        heads.with(|position| matches!(position, Position::Head(read) if read.capacity() == 0))
    );
    assert!(size_of::<Mutex<Position>>() <= 64);
}

#[derive(Debug, Clone)]
enum Sent {
    Nothing,
    Length(String),
    Chunks(Vec<String>),
}

fn sent() -> impl Strategy<Value = Sent> {
    let text = prop_oneof![Just(FAKE.to_owned()), "[a0\r\n]{1,12}"];
    prop_oneof![
        Just(Sent::Nothing),
        text.clone().prop_map(Sent::Length),
        vec(text, 0..3).prop_map(Sent::Chunks),
    ]
}

fn request(host: &str, sent: &Sent) -> (String, Vec<String>) {
    let (name, value, body) = match sent {
        Sent::Nothing => ("Content-length", "0".to_owned(), String::new()),
        Sent::Length(text) => ("content-Length", text.len().to_string(), text.clone()),
        Sent::Chunks(chunks) => {
            let chunks = chunks
                .iter()
                .map(|text| format!("{:X};a\r\n{text}\r\n", text.len()));
            let body = format!("{}0\r\n\r\n", chunks.collect::<String>());
            ("transfer-Encoding", "chunked".to_owned(), body)
        }
    };
    let request = format!("POST / HTTP/1.1\r\n{host}: a\r\n{name}: {value}\r\n\r\n{body}");
    (request, vec![host.to_owned(), name.to_owned()])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_request_has_its_own_names(
        requests in vec(("[hH][oO][sS][tT]", sent()), 1..5),
        piece in 1..400_usize,
        reads_bodies: bool,
    ) {
        let (bytes, expected): (String, Vec<_>) =
            requests.iter().map(|(host, sent)| request(host, sent)).unzip();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let seen = runtime.block_on(served(bytes.as_bytes(), piece, reads_bodies));
        // hyper may give up a connection on which a body was left unread.
        let count = if reads_bodies { expected.len() } else { seen.len() };
        let expected: Vec<_> = expected.into_iter().take(count).map(Some).collect();
        prop_assert_eq!(seen, expected);
    }
}
