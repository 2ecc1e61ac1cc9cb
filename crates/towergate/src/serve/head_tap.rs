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
mod tests;
