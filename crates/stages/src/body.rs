//! The body of a response, which keeps the release that makes it, and is watched where a guard does.

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{self, Poll, ready},
};

use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::{StageSnapshot, Watching};

pin_project! {
    /// The body of a release's response. The snapshot that the request resolved lives until it ends or is dropped.
    pub struct StageBody<B, S> {
        #[pin]
        body: WatchedBody<B>,
        snapshot: Option<Arc<StageSnapshot<S>>>,
    }
}

pin_project! {
    /// The body of a response that a guard may watch: the request counts as this ends or is dropped, as failed if it breaks off
    /// or panics. Without a guard it is the body alone.
    #[derive(Debug, Default)]
    pub struct WatchedBody<B> {
        #[pin]
        body: B,
        watching: Option<Box<Watching>>,
    }
}

impl<B> WatchedBody<B> {
    /// Watches a body to its end.
    #[must_use]
    pub fn new(body: B, watching: Option<Box<Watching>>) -> Self {
        Self { body, watching }
    }
}

/// What a request holds from its start to the end of its response.
pub(crate) struct Held<S> {
    /// Counts the request as it is dropped.
    pub(crate) watching: Option<Box<Watching>>,
    pub(crate) snapshot: Arc<StageSnapshot<S>>,
}

impl<S> Held<S> {
    /// Returns what counts the request, where a guard does.
    #[inline]
    pub(crate) fn watching(held: &mut Option<Self>) -> Option<&mut Watching> {
        held.as_mut()?.watching.as_deref_mut()
    }
}

impl<B, S> StageBody<B, S> {
    pub(crate) fn new(body: B, held: Option<Held<S>>) -> Self {
        let held = held.map(|held| (held.watching, Some(held.snapshot)));
        let (watching, snapshot) = held.unwrap_or_default();
        Self {
            body: WatchedBody::new(body, watching),
            snapshot,
        }
    }

    /// Returns the snapshot, until the body has ended.
    pub fn snapshot(&self) -> Option<&Arc<StageSnapshot<S>>> {
        self.snapshot.as_ref()
    }
}

impl<B: Body> Body for WatchedBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut task::Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.project();
        let Some(watching) = this.watching else {
            return this.body.poll_frame(cx);
        };
        // Which is to know if the body panics.
        let frame = ready!(watching.run(|| this.body.poll_frame(cx)));
        match &frame {
            Some(Ok(_)) => {}
            None => *this.watching = None,
            Some(Err(_)) => {
                watching.body_failed();
                *this.watching = None;
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B: Body, S> Body for StageBody<B, S> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut task::Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.project();
        let frame = ready!(this.body.poll_frame(cx));
        if !matches!(frame, Some(Ok(_))) {
            *this.snapshot = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B: Default, S> Default for StageBody<B, S> {
    /// Creates the body of no release.
    fn default() -> Self {
        Self::new(B::default(), None)
    }
}

impl<B: fmt::Debug, S> fmt::Debug for StageBody<B, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StageBody")
            .field("body", &self.body.body)
            .finish_non_exhaustive()
    }
}
