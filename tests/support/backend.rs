//! A backend that records what it is asked, and answers the very bytes it is told to.

use std::{
    collections::VecDeque,
    future::Future,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::Notify,
};

use crate::{
    client::{Message, read_message},
    soon,
};

/// A backend on a socket of its own.
#[derive(Debug, Clone)]
pub struct Backend {
    address: SocketAddr,
    log: Arc<Log>,
}

#[derive(Debug, Default)]
struct Log {
    received: Mutex<VecDeque<Received>>,
    arrival: Notify,
    hang_up: Notify,
}

impl Log {
    fn received(&self) -> MutexGuard<'_, VecDeque<Received>> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that a backend got.
#[derive(Debug, Clone)]
pub struct Received {
    /// The verb.
    pub method: String,
    /// The request target.
    pub target: String,
    /// The headers.
    pub headers: http::HeaderMap,
    /// The body, without the framing of chunks.
    pub body: Vec<u8>,
    /// Whether the body came to its end.
    pub is_complete: bool,
}

impl Received {
    /// Returns the value of a header, `None` unless it is there just once.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next().filter(|_| values.next().is_none())?;
        value.to_str().ok()
    }
}

/// What a backend does once it has read a request.
#[derive(Debug, Clone)]
pub enum Answer {
    /// Writes bytes, and closes the connection.
    Close(Vec<u8>),
    /// Writes bytes, and reads the next request.
    Keep(Vec<u8>),
    /// Resets the connection.
    Reset,
    /// Writes bytes, and waits for the other side to close the connection.
    Stall(Vec<u8>),
}

impl Answer {
    /// Answers 200 with a body, and keeps the connection.
    #[must_use]
    pub fn ok(body: &str) -> Self {
        Self::new("200 OK", "", body)
    }

    /// Answers with a status line and header lines, each with its line break, and keeps the connection.
    #[must_use]
    pub fn new(status: &str, headers: &str, body: &str) -> Self {
        let length = body.len();
        let text = format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n{body}");
        Self::Keep(text.into_bytes())
    }

    /// Writes bytes, and waits.
    #[must_use]
    pub fn stall(bytes: &str) -> Self {
        Self::Stall(bytes.as_bytes().to_vec())
    }

    /// Writes bytes, and closes the connection.
    #[must_use]
    pub fn close(bytes: &str) -> Self {
        Self::Close(bytes.as_bytes().to_vec())
    }
}

impl Backend {
    /// Starts a backend that answers each request as `answer` says.
    pub async fn answering(answer: impl Fn(&Received) -> Answer + Send + Sync + 'static) -> Self {
        let log = Arc::new(Log::default());
        let (answer, shared) = (Arc::new(answer), Arc::clone(&log));
        let address =
            listen(move |socket| converse(socket, Arc::clone(&answer), Arc::clone(&shared)));
        Self {
            address: address.await,
            log,
        }
    }

    /// Starts a backend that hands every connection to `serve`; it records nothing.
    pub async fn serving<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self {
            address: listen(serve).await,
            log: Arc::default(),
        }
    }

    /// Returns an address where nobody listens.
    ///
    /// # Panics
    ///
    /// Panics if there is no free port.
    pub async fn absent() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        listener.local_addr().expect("a bound listener")
    }

    /// Returns the URL of a path on this backend.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Returns `host:port`.
    #[must_use]
    pub fn authority(&self) -> String {
        self.address.to_string()
    }

    /// Takes the requests so far.
    #[must_use]
    pub fn take(&self) -> Vec<Received> {
        self.log.received().drain(..).collect()
    }

    /// Waits for the next request, and takes it.
    pub async fn next(&self) -> Received {
        let next = async {
            loop {
                if let Some(received) = self.log.received().pop_front() {
                    return received;
                }
                self.log.arrival.notified().await;
            }
        };
        soon(next).await
    }

    /// Waits until the other side closes a connection that is stalled.
    pub async fn hang_up(&self) {
        soon(self.log.hang_up.notified()).await;
    }
}

async fn listen<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> SocketAddr
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("a bound listener");
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(serve(socket));
        }
    });
    address
}

async fn converse<A>(socket: TcpStream, answer: Arc<A>, log: Arc<Log>)
where
    A: Fn(&Received) -> Answer,
{
    let mut socket = BufReader::new(socket);
    while let Some(message) = read_message(&mut socket, false).await {
        let received = receive(message);
        let answer = answer(&received);
        log.received().push_back(received);
        log.arrival.notify_one();
        match answer {
            Answer::Keep(bytes) => {
                if socket.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            Answer::Close(bytes) => {
                let _ = socket.write_all(&bytes).await;
                return;
            }
            Answer::Reset => {
                let _ = socket.get_ref().set_zero_linger();
                return;
            }
            Answer::Stall(bytes) => {
                let _ = socket.write_all(&bytes).await;
                let mut rest = [0; 1024];
                while socket.read(&mut rest).await.is_ok_and(|bytes| bytes > 0) {}
                log.hang_up.notify_one();
                return;
            }
        }
    }
}

fn receive(message: Message) -> Received {
    let mut words = message.start.split(' ').map(str::to_owned);
    Received {
        method: words.next().unwrap_or_default(),
        target: words.next().unwrap_or_default(),
        headers: message.headers,
        body: message.body,
        is_complete: message.is_complete,
    }
}
