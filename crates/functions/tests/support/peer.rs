//! A peer whose every byte a test chooses.

use std::{
    collections::VecDeque,
    future::Future,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::Notify,
};

/// What a peer does once it has read a request.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// Writes bytes, and reads the next request.
    Keep(Vec<u8>),
    /// Writes bytes, and resets the connection.
    Reset(Vec<u8>),
    /// Writes bytes, and waits for the other side to close the connection.
    Stall(Vec<u8>),
    /// Writes chunks until the other side closes the connection.
    Endless,
}

impl Answer {
    /// Answers with a status line and header lines, each with its line break.
    pub(crate) fn new(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        let length = body.len();
        let head = format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n");
        Self::Keep([head.as_bytes(), body].concat())
    }
}

#[derive(Debug, Default)]
struct State {
    answers: VecDeque<Answer>,
    heads: Vec<String>,
    bodies: Vec<Vec<u8>>,
    connections: usize,
}

/// A server on a socket of its own, which gives its answers in order.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    state: Arc<Mutex<State>>,
    arrival: Arc<Notify>,
    hang_up: Arc<Notify>,
}

impl Peer {
    pub(crate) async fn answering(answers: impl IntoIterator<Item = Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let state = State {
            answers: answers.into_iter().collect(),
            ..State::default()
        };
        let peer = Self {
            address: listener.local_addr().expect("a bound listener"),
            state: Arc::new(Mutex::new(state)),
            arrival: Arc::default(),
            hang_up: Arc::default(),
        };
        let server = peer.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                server.state().connections += 1;
                tokio::spawn(server.clone().converse(socket));
            }
        });
        peer
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The request line and headers of each request so far.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.state().heads.clone()
    }

    pub(crate) fn bodies(&self) -> Vec<Vec<u8>> {
        self.state().bodies.clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.state().connections
    }

    /// Waits for a request.
    pub(crate) async fn arrival(&self) {
        soon(self.arrival.notified()).await;
    }

    /// Waits until the other side has closed a connection.
    pub(crate) async fn hang_up(&self) {
        soon(self.hang_up.notified()).await;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn converse(self, socket: TcpStream) {
        let mut socket = BufReader::new(socket);
        while let Some((head, body)) = read_request(&mut socket).await {
            let answer = {
                let mut state = self.state();
                state.heads.push(head);
                state.bodies.push(body);
                state.answers.pop_front()
            };
            self.arrival.notify_one();
            match answer.expect("an answer for each request") {
                Answer::Keep(bytes) => {
                    if socket.write_all(&bytes).await.is_err() {
                        break;
                    }
                }
                Answer::Reset(bytes) => {
                    let _ = socket.write_all(&bytes).await;
                    let _ = socket.get_ref().set_zero_linger();
                    return;
                }
                Answer::Stall(bytes) => {
                    let _ = socket.write_all(&bytes).await;
                    let mut rest = [0; 1024];
                    while socket.read(&mut rest).await.is_ok_and(|bytes| bytes > 0) {}
                    break;
                }
                Answer::Endless => {
                    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
                    let _ = socket.write_all(head.as_bytes()).await;
                    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
                    while socket.write_all(chunk.as_bytes()).await.is_ok() {}
                    break;
                }
            }
        }
        self.hang_up.notify_one();
    }
}

async fn read_request(socket: &mut BufReader<TcpStream>) -> Option<(String, Vec<u8>)> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if socket.read_line(&mut head).await.ok()? == 0 {
            return None;
        }
    }
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |length| length.parse().expect("a length"));
    let mut body = vec![0; length];
    socket.read_exact(&mut body).await.ok()?;
    Some((head, body))
}

/// Waits for what is about to happen, and fails where it does not.
pub(crate) async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(10), future)
        .await
        .expect("what a test waits for happens within ten seconds")
}
