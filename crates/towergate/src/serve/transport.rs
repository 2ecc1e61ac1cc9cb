//! What connections are served over: a socket as it is, or TLS on it.

use std::io;

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use towergate_core::ClientScheme;

use super::write_timeout::WriteTimeout;

/// An accepted socket.
pub(super) type Socket = WriteTimeout<TcpStream>;

/// Makes of an accepted socket what a connection is served over.
pub(super) trait Transport: Clone + Send + 'static {
    type Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static;

    /// The scheme that clients use, where that is certain: what comes without TLS may come from a proxy that speaks it.
    const SCHEME: Option<ClientScheme>;

    fn open(&self, socket: Socket) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

/// A socket as it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plain;

impl Transport for Plain {
    type Stream = Socket;

    const SCHEME: Option<ClientScheme> = None;

    async fn open(&self, socket: Socket) -> io::Result<Socket> {
        Ok(socket)
    }
}
