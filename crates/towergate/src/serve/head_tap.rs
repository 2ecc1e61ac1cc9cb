//! Listens in on a connection for the heads of its requests, since hyper keeps no spelling of header names.
//!
//! The place in the stream is always known: each head begins where the body before it ended, and how long that is hyper
//! says as it hands over the request. So nothing that a body or a later request holds is ever taken for a head.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
};

use bytes::{Buf as _, BytesMut};
use http::Request;
use http_body::Body;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use towergate_core::OriginalHeaderNames;

use super::{MAX_BUFFER_BYTES, body_framing::BodyFraming};

/// A socket on which [`Heads`] listen in.
pub(super) struct HeadTap<S> {
    inner: S,
    heads: Heads,
}

/// The heads of a connection's requests, as they are read from its socket.
///
/// It holds what was read of a head and came with it: at most 64 KiB, or what a single read brought. While a connection
/// waits for a request, or takes the body of one, that is nothing.
#[derive(Clone)]
pub(super) struct Heads(Arc<Mutex<Position>>);

/// Where in the stream the next byte is.
enum Position {
    /// In a head, and this was read since its beginning.
    Head(BytesMut),
    /// In a body.
    Body(BodyFraming),
    /// Behind a head that could not be read. There is no way back.
    Lost,
}

impl<S> HeadTap<S> {
    pub(super) fn new(inner: S) -> Self {
        Self {
            inner,
            heads: Heads(Arc::new(Mutex::new(Position::Head(BytesMut::new())))),
        }
    }

    pub(super) fn heads(&self) -> Heads {
        self.heads.clone()
    }
}

impl Heads {
    /// Returns the names of a request that hyper hands over, before anything more is read.
    pub(super) fn names<B: Body>(&self, request: &Request<B>) -> Option<OriginalHeaderNames> {
        self.with(|position| {
            let Position::Head(mut read) = std::mem::replace(position, Position::Lost) else {
                return None;
            };
            let (names, rest) = OriginalHeaderNames::read(&read, request)?;
            let mut framing = BodyFraming::of(request.body());
            *position = match framing.skip(rest).map(<[u8]>::len) {
                Some(0) => Position::Head(BytesMut::new()),
                Some(left) => {
                    read.advance(read.len() - left);
                    Position::Head(read)
                }
                None => Position::Body(framing),
            };
            Some(names)
        })
    }

    /// How many bytes may be read at once so that a head is not lost for what follows it.
    fn room(&self) -> usize {
        self.with(|position| match position {
            Position::Head(read) => MAX_BUFFER_BYTES.saturating_sub(read.len()),
            Position::Body(_) | Position::Lost => usize::MAX,
        })
    }

    fn with<T>(&self, use_it: impl FnOnce(&mut Position) -> T) -> T {
        use_it(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Position {
    fn advance(&mut self, bytes: &[u8]) {
        match self {
            Self::Head(read) if read.len() + bytes.len() <= MAX_BUFFER_BYTES => {
                read.extend_from_slice(bytes);
            }
            Self::Body(framing) => {
                if let Some(rest) = framing.skip(bytes) {
                    *self = Self::Head(rest.into());
                }
            }
            Self::Head(_) => *self = Self::Lost,
            Self::Lost => {}
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for HeadTap<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let room = self.heads.room();
        if (1..buffer.remaining()).contains(&room) {
            let mut part = ReadBuf::new(buffer.initialize_unfilled_to(room));
            ready!(Pin::new(&mut self.inner).poll_read(cx, &mut part))?;
            let read = part.filled().len();
            buffer.advance(read);
        } else {
            ready!(Pin::new(&mut self.inner).poll_read(cx, buffer))?;
        }
        let read = buffer.filled().get(before..).unwrap_or_default();
        self.heads.with(|position| position.advance(read));
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for HeadTap<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
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
}
