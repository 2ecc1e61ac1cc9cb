//! The limits of the transport: checked before any other step may refuse a request.

use std::{pin::pin, task::Poll, time::Duration};

use http::{StatusCode, header};
use http_body::Body as _;
use towergate_core::{Body, Context, Rejection, ResponseType, Step};
use towergate_integrations::Backends;

/// The most bytes that the values of all headers may have together.
const MAX_HEADER_BYTES: usize = 10_240;

/// The longest request target, in bytes.
const MAX_URI_BYTES: usize = 10_240;

/// How long the rest of a refused body is read for.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);

/// Refuses what is too large, and returns a body that fails once it grows too large.
pub(crate) async fn check(
    context: &Context,
    body: Body,
    backends: &Backends,
) -> Result<Body, Rejection> {
    let (uri, headers) = (context.uri(), context.headers());
    if uri.path().len() + uri.query().map_or(0, |query| query.len() + 1) > MAX_URI_BYTES {
        return Err(refused(StatusCode::URI_TOO_LONG, "Request URI too long"));
    }
    let (mut bytes, mut hosts) = (0, 0);
    for (name, value) in headers {
        bytes += value.len();
        hosts += usize::from(name == header::HOST);
    }
    if bytes > MAX_HEADER_BYTES {
        return Err(refused(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "Request header fields too large",
        ));
    }
    // RFC 9112, section 3.2: of two hosts, somebody in front may have believed the other one.
    if hosts > 1 {
        return Err(refused(StatusCode::BAD_REQUEST, "Bad request"));
    }
    let max = backends.max_request_bytes();
    let fits = |bytes: u64| usize::try_from(bytes).is_ok_and(|bytes| bytes <= max);
    let size = body.size_hint();
    if !fits(size.lower()) {
        // A client that waits for `100 Continue` is told at once, and sends nothing.
        if !headers.contains_key(header::EXPECT) {
            Box::pin(drain(body, max, backends)).await;
        }
        return Err(Rejection::too_large(max));
    }
    Ok(if size.upper().is_some_and(fits) {
        body
    } else {
        body.limited(max)
    })
}

fn refused(status: StatusCode, message: &'static str) -> Rejection {
    Rejection::new(ResponseType::Default4xx, Step::Limits)
        .with_status(status)
        .with_message(message)
}

/// Reads the rest of a refused body, within bounds: a client that only writes would otherwise find its connection
/// reset, and never read why.
async fn drain(body: Body, max: usize, backends: &Backends) {
    let deadline = backends.clock().now().saturating_add(DRAIN_TIMEOUT);
    let mut sleep = backends.timer().sleep_until(deadline);
    let mut rest = pin!(body);
    let mut budget = max.saturating_mul(2);
    std::future::poll_fn(|cx| {
        loop {
            match rest.as_mut().poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => {
                    let bytes = frame.data_ref().map_or(1, |data| data.len().max(1));
                    match budget.checked_sub(bytes) {
                        Some(left) => budget = left,
                        None => return Poll::Ready(()),
                    }
                }
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => return sleep.as_mut().poll(cx),
            }
        }
    })
    .await;
}
