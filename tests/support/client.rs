//! A client, and HTTP/1.1 read by hand, so that a test sees how a message ended.

use std::net::SocketAddr;

use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::{
    io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

use crate::soon;

/// An answer.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, without the framing of chunks.
    pub body: Vec<u8>,
    /// Whether the body came to its end, as its framing says.
    pub is_complete: bool,
}

impl Reply {
    /// Returns the value of a header, `None` unless it is there just once.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next().filter(|_| values.next().is_none())?;
        value.to_str().ok()
    }

    /// Returns the body as text.
    ///
    /// # Panics
    ///
    /// Panics if it is none.
    #[must_use]
    pub fn text(&self) -> &str {
        str::from_utf8(&self.body).expect("a body in UTF-8")
    }
}

/// Writes a request whose body, if there is one, has a `Content-Length`.
#[must_use]
pub fn request(line: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let mut text = format!("{line} HTTP/1.1\r\nhost: gateway\r\nconnection: close\r\n");
    for (name, value) in headers {
        text.extend([name, ": ", value, "\r\n"]);
    }
    if !body.is_empty() {
        text.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    text.extend(["\r\n", body]);
    text.into_bytes()
}

/// Opens a connection, writes `bytes`, then reads the answer.
///
/// # Panics
///
/// Panics if there is none.
pub async fn exchange(address: SocketAddr, bytes: &[u8]) -> Reply {
    let answer = async {
        let mut socket = TcpStream::connect(address)
            .await
            .expect("a listening gateway");
        // A server that refuses a request need not read it to its end.
        let _ = socket.write_all(bytes).await;
        read_to_the_end(&mut socket, bytes.starts_with(b"HEAD ")).await
    };
    soon(answer).await.expect("an answer")
}

/// Asks for a path with GET, on a connection of its own.
///
/// # Panics
///
/// Panics if there is no answer.
pub async fn fetch(address: SocketAddr, target: &str) -> Reply {
    exchange(address, &request(&format!("GET {target}"), &[], "")).await
}

/// Reads an answer, `None` if the connection ends before its head does.
pub async fn read_to_the_end(
    socket: &mut (impl AsyncRead + Unpin),
    is_head: bool,
) -> Option<Reply> {
    let message = read_message(&mut BufReader::new(socket), is_head).await?;
    Some(Reply {
        status: message.start.split(' ').nth(1)?.parse().ok()?,
        headers: message.headers,
        body: message.body,
        is_complete: message.is_complete,
    })
}

/// A connection that asks one thing after the other.
#[derive(Debug)]
pub struct KeptConnection(BufReader<TcpStream>);

impl KeptConnection {
    /// Opens a connection.
    ///
    /// # Panics
    ///
    /// Panics if nobody listens.
    pub async fn open(address: SocketAddr) -> Self {
        let socket = TcpStream::connect(address)
            .await
            .expect("a listening gateway");
        Self(BufReader::new(socket))
    }

    /// Asks for a path with GET, and returns the answer.
    ///
    /// # Panics
    ///
    /// Panics if there is none, or not all of one.
    pub async fn get(&mut self, target: &str) -> Reply {
        let bytes = format!("GET {target} HTTP/1.1\r\nhost: gateway\r\n\r\n");
        self.0
            .get_mut()
            .write_all(bytes.as_bytes())
            .await
            .expect("an open connection");
        let message = soon(read_message(&mut self.0, false))
            .await
            .expect("an answer");
        assert!(message.is_complete, "an answer to its end");
        let status = message.start.split(' ').nth(1).map(str::parse);
        Reply {
            status: status.expect("a status").expect("a number"),
            headers: message.headers,
            body: message.body,
            is_complete: true,
        }
    }
}

/// A request or an answer.
pub(crate) struct Message {
    pub(crate) start: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    pub(crate) is_complete: bool,
}

/// Reads a message, `None` if the connection ends before its head does.
pub(crate) async fn read_message(
    socket: &mut (impl AsyncBufRead + Unpin),
    has_no_body: bool,
) -> Option<Message> {
    let start = line(socket).await?;
    let mut headers = HeaderMap::new();
    loop {
        let line = line(socket).await?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':')?;
        headers.append(
            HeaderName::try_from(name).ok()?,
            HeaderValue::try_from(value.trim()).ok()?,
        );
    }
    let is_answer = start.starts_with("HTTP/");
    let mut body = Vec::new();
    let length = headers.get("content-length").map(|length| {
        let length = length.to_str().expect("a length in ASCII");
        length.parse::<u64>().expect("a length that is a number")
    });
    let is_complete = if has_no_body {
        true
    } else if headers.contains_key("transfer-encoding") {
        read_chunks(socket, &mut body).await.is_some()
    } else if let Some(length) = length {
        let _ = socket.take(length).read_to_end(&mut body).await;
        body.len() as u64 == length
    } else if is_answer {
        socket.read_to_end(&mut body).await.is_ok()
    } else {
        true
    };
    Some(Message {
        start,
        headers,
        body,
        is_complete,
    })
}

async fn read_chunks(socket: &mut (impl AsyncBufRead + Unpin), body: &mut Vec<u8>) -> Option<()> {
    loop {
        let size = usize::from_str_radix(&line(socket).await?, 16).ok()?;
        if size == 0 {
            while !line(socket).await?.is_empty() {}
            return Some(());
        }
        let start = body.len();
        body.resize(start + size, 0);
        socket.read_exact(&mut body[start..]).await.ok()?;
        line(socket).await?;
    }
}

async fn line(socket: &mut (impl AsyncBufRead + Unpin)) -> Option<String> {
    let mut line = String::new();
    socket.read_line(&mut line).await.ok()?;
    line.strip_suffix("\r\n").map(str::to_owned)
}
