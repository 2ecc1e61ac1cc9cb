//! Requests that the guard of a canary counts.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use towergate_core::{Body, BoxError};
use towergate_stages::Watching;

/// Answers a request of a release that is watched.
pub(crate) async fn answer<F: Future>(watching: &mut Watching, future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|cx| watching.run(|| future.as_mut().poll(cx))).await
}

/// Watches a body to its end, which is when the request counts. One whose bytes are ready has ended.
pub(crate) fn body(body: Body, watching: Watching) -> Body {
    if body.as_ready().is_some() {
        return body;
    }
    Body::new(WatchedBody {
        body,
        watching: Some(watching),
    })
}

struct WatchedBody {
    body: Body,
    watching: Option<Watching>,
}

impl http_body::Body for WatchedBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let Self { body, watching } = &mut *self;
        let mut poll = || Pin::new(&mut *body).poll_frame(cx);
        let frame = ready!(match watching {
            Some(watching) => watching.run(poll),
            None => poll(),
        });
        if !matches!(frame, Some(Ok(_)))
            && let Some(mut watching) = watching.take()
            && frame.is_some()
        {
            watching.body_failed();
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
