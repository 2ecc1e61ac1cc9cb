//! One body type for the answers of a whole API.

use std::{
    any::Any,
    fmt,
    future::poll_fn,
    pin::Pin,
    task::{self, Poll},
};

use bytes::{Bytes, BytesMut};
use http_body::{Frame, SizeHint};
use http_body_util::{BodyExt, LengthLimitError, Limited};

/// An error of unknown origin.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A body: bytes that are ready, or a stream of them.
#[derive(Default)]
pub struct Body(Kind);

#[derive(Default)]
enum Kind {
    #[default]
    Empty,
    Ready(Bytes),
    Stream(Stream),
}

type Stream = Pin<Box<dyn http_body::Body<Data = Bytes, Error = BoxError> + Send>>;

impl Body {
    /// Creates a body without bytes.
    #[must_use]
    pub const fn empty() -> Self {
        Self(Kind::Empty)
    }

    /// Wraps any body. One that has already ended costs nothing, and a `Body` is not wrapped again.
    pub fn new<B>(body: B) -> Self
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let mut slot = Some(body);
        if let Some(same) = (&mut slot as &mut dyn Any).downcast_mut::<Option<Self>>() {
            return same.take().unwrap_or_default();
        }
        match slot {
            Some(body) if !body.is_end_stream() => {
                Self(Kind::Stream(Box::pin(body.map_err(Into::into))))
            }
            _ => Self::empty(),
        }
    }

    /// Returns the bytes, if they are ready.
    #[must_use]
    pub fn as_ready(&self) -> Option<&[u8]> {
        match &self.0 {
            Kind::Empty => Some(&[]),
            Kind::Ready(bytes) => Some(bytes),
            Kind::Stream(_) => None,
        }
    }

    /// Lets at most `max_bytes` through; reading on is an error that [`BodyError::is_too_large`] knows.
    #[must_use]
    pub fn limited(self, max_bytes: usize) -> Self {
        match self.as_ready() {
            Some(bytes) if bytes.len() <= max_bytes => self,
            _ => Self(Kind::Stream(Box::pin(Limited::new(self, max_bytes)))),
        }
    }

    /// Keeps `guard` until the body ends or is dropped. One whose bytes are ready lets it go at once.
    #[must_use]
    pub fn holding<G: Send + 'static>(self, guard: G) -> Self {
        match self.0 {
            Kind::Stream(stream) => Self(Kind::Stream(Box::pin(Holding {
                stream,
                guard: Some(guard),
            }))),
            _ => self,
        }
    }

    /// Collects the whole body.
    ///
    /// # Errors
    ///
    /// Returns [`BodyError::TooLarge`] once there are more than `max_bytes`, and [`BodyError::Read`] if the body
    /// breaks off.
    pub async fn collect(self, max_bytes: usize) -> Result<Bytes, BodyError> {
        match self.0 {
            Kind::Empty => Ok(Bytes::new()),
            Kind::Ready(bytes) if bytes.len() > max_bytes => Err(BodyError::TooLarge),
            Kind::Ready(bytes) => Ok(bytes),
            // Boxed, so that callers whose bodies are ready do not carry the room for waiting.
            Kind::Stream(stream) => Box::pin(collect_stream(stream, max_bytes)).await,
        }
    }
}

/// A stream, and what is kept until its end.
struct Holding<G> {
    stream: Stream,
    guard: Option<G>,
}

// Nothing in it is pinned but the stream, which is boxed.
impl<G> Unpin for Holding<G> {}

impl<G> http_body::Body for Holding<G> {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut task::Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = task::ready!(self.stream.as_mut().poll_frame(cx));
        if !matches!(frame, Some(Ok(_))) {
            self.guard = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.stream.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.stream.size_hint()
    }
}

async fn collect_stream(mut stream: Stream, max_bytes: usize) -> Result<Bytes, BodyError> {
    // A body of one frame, as most are, is not copied.
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    while let Some(frame) = poll_fn(|cx| stream.as_mut().poll_frame(cx)).await {
        let Ok(data) = frame.map_err(BodyError::from)?.into_data() else {
            continue;
        };
        if data.len() > max_bytes - first.len().max(all.len()) {
            return Err(BodyError::TooLarge);
        }
        if all.is_empty() && first.is_empty() {
            first = data;
        } else {
            if all.is_empty() {
                all.extend_from_slice(&first);
            }
            all.extend_from_slice(&data);
        }
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}

/// Why a body could not be collected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BodyError {
    /// The body broke off.
    #[error("the body cannot be read to its end")]
    Read(#[source] BoxError),
    /// The body is longer than allowed.
    #[error("the body is larger than allowed")]
    TooLarge,
}

impl BodyError {
    /// Returns whether `error`, or one of its causes, is that a body went over its limit.
    #[must_use]
    pub fn is_too_large(error: &(dyn std::error::Error + 'static)) -> bool {
        std::iter::successors(Some(error), |error| error.source()).any(|error| {
            error.is::<LengthLimitError>() || matches!(error.downcast_ref(), Some(Self::TooLarge))
        })
    }
}

impl From<BoxError> for BodyError {
    fn from(error: BoxError) -> Self {
        if Self::is_too_large(&*error) {
            Self::TooLarge
        } else {
            Self::Read(error)
        }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut task::Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut self.0 {
            Kind::Empty => Poll::Ready(None),
            Kind::Ready(bytes) => {
                let bytes = std::mem::take(bytes);
                self.0 = Kind::Empty;
                Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
            }
            Kind::Stream(stream) => stream.as_mut().poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Empty => true,
            Kind::Ready(bytes) => bytes.is_empty(),
            Kind::Stream(stream) => stream.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Empty => SizeHint::with_exact(0),
            Kind::Ready(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Stream(stream) => stream.size_hint(),
        }
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self(Kind::Ready(bytes))
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Self(Kind::Ready(text.into()))
    }
}

impl From<&'static str> for Body {
    fn from(text: &'static str) -> Self {
        Self(Kind::Ready(Bytes::from_static(text.as_bytes())))
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.as_ready() {
            Some(bytes) => write!(f, "Body({} bytes)", bytes.len()),
            None => f.write_str("Body(stream)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use http_body::Body as _;
    use http_body_util::{Empty, Full};

    use super::*;

    fn now<F: Future>(future: F) -> F::Output {
        let mut future = std::pin::pin!(future);
        match future
            .as_mut()
            .poll(&mut task::Context::from_waker(task::Waker::noop()))
        {
            Poll::Ready(output) => output,
            Poll::Pending => panic!("the future waits"),
        }
    }

    fn stream(text: &'static str) -> Body {
        Body::new(Full::new(Bytes::from_static(text.as_bytes())))
    }

    #[test]
    fn reading_stops_at_the_bound() {
        for body in [|| Body::from("abc"), || stream("abc")] {
            assert_eq!(now(body().collect(3)).unwrap(), "abc");
            assert!(matches!(now(body().collect(2)), Err(BodyError::TooLarge)));
            assert_eq!(now(body().limited(3).collect(9)).unwrap(), "abc");
            let error = now(body().limited(2).collect(9)).unwrap_err();
            assert!(BodyError::is_too_large(&error));
        }
    }

    #[test]
    fn a_guard_stays_until_a_stream_ends_or_is_dropped() {
        let guard = std::sync::Arc::new(());
        let held = || std::sync::Arc::strong_count(&guard) > 1;
        let ready = Body::from("abc").holding(guard.clone());
        assert!(!held() && ready.as_ready() == Some(b"abc"));

        let mut ended = stream("abc").holding(guard.clone());
        assert_eq!(ended.size_hint().exact(), Some(3));
        for frames_left in [true, false] {
            assert!(held());
            let frame = now(poll_fn(|cx| Pin::new(&mut ended).poll_frame(cx)));
            assert_eq!(frame.is_some(), frames_left);
        }
        assert!(!held());

        let dropped = stream("abc").holding(guard.clone());
        assert!(held());
        drop(dropped);
        assert!(!held());
    }

    #[test]
    fn wrapping_is_free_where_it_can_be() {
        assert!(Body::new(Empty::<Bytes>::new()).is_end_stream());
        assert_eq!(Body::new(Body::from("abc")).as_ready(), Some(&b"abc"[..]));
        assert_eq!(Body::from("abc").size_hint().exact(), Some(3));
    }
}
