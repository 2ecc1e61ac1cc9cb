//! Requests that the guard of a canary counts.

use std::{
    future::{Future, poll_fn},
    pin::pin,
};

use towergate_core::Body;
use towergate_stages::{WatchedBody, Watching};

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
    Body::new(WatchedBody::new(body, Some(Box::new(watching))))
}
