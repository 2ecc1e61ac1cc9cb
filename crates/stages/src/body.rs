//! The body of a response, which keeps the release that makes it.

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
        body: B,
        held: Option<Held<S>>,
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
        Self { body, held }
    }

    /// Returns the snapshot, until the body has ended.
    pub fn snapshot(&self) -> Option<&Arc<StageSnapshot<S>>> {
        self.held.as_ref().map(|held| &held.snapshot)
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
        let polled = match Held::watching(this.held) {
            None => this.body.poll_frame(cx),
            // Which is to know if the body panics.
            Some(watching) => watching.run(|| this.body.poll_frame(cx)),
        };
        let frame = ready!(polled);
        match &frame {
            Some(Ok(_)) => {}
            None => *this.held = None,
            Some(Err(_)) => {
                if let Some(mut held) = this.held.take()
                    && let Some(watching) = &mut held.watching
                {
                    watching.body_failed();
                }
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

impl<B: Default, S> Default for StageBody<B, S> {
    /// Creates the body of no release.
    fn default() -> Self {
        Self::new(B::default(), None)
    }
}

impl<B: fmt::Debug, S> fmt::Debug for StageBody<B, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StageBody")
            .field("body", &self.body)
            .finish_non_exhaustive()
    }
}
