//! Waits that end: one for an answer as a whole, one between the pieces of a streamed body.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use towergate_core::{Body, BoxError, BoxFuture, Clock, Timer, Timestamp};

use crate::backends::Backends;

pin_project_lite::pin_project! {
    /// A future that gives up when `sleep` ends.
    pub(crate) struct Deadline<F> {
        #[pin]
        inner: F,
        sleep: BoxFuture<'static, ()>,
    }
}

/// The deadline passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the backend took too long")]
pub(crate) struct Elapsed;

impl<F> Deadline<F> {
    pub(crate) fn new(inner: F, timer: &dyn Timer, deadline: Timestamp) -> Self {
        Self {
            inner,
            sleep: timer.sleep_until(deadline),
        }
    }
}

impl<F: Future> Future for Deadline<F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Poll::Ready(output) = this.inner.poll(cx) {
            return Poll::Ready(Ok(output));
        }
        this.sleep.as_mut().poll(cx).map(|()| Err(Elapsed))
    }
}

/// A body that fails when nothing of it arrives for a while.
pub(crate) struct IdleTimeout {
    inner: Body,
    limit: Duration,
    last_frame: Timestamp,
    sleep: Option<BoxFuture<'static, ()>>,
    clock: Arc<dyn Clock>,
    timer: Arc<dyn Timer>,
}

impl IdleTimeout {
    /// Wraps a body; one that is ready needs no timeout.
    pub(crate) fn wrap(inner: Body, limit: Duration, backends: &Backends) -> Body {
        if inner.as_ready().is_some() {
            return inner;
        }
        let (clock, timer) = (Arc::clone(&backends.clock), Arc::clone(&backends.timer));
        Body::new(Self {
            inner,
            limit,
            last_frame: clock.now(),
            sleep: None,
            clock,
            timer,
        })
    }

    /// Waits for the rest of the idle limit. The sleep is made only once a frame is late, and kept over frames that
    /// arrive in time: a timer is touched at most once a limit, not once a frame.
    fn poll_idle(&mut self, cx: &mut Context<'_>) -> Poll<Elapsed> {
        loop {
            let deadline = self.last_frame.saturating_add(self.limit);
            let sleep = self
                .sleep
                .get_or_insert_with(|| self.timer.sleep_until(deadline));
            ready!(sleep.as_mut().poll(cx));
            self.sleep = None;
            if self.clock.now() >= deadline {
                return Poll::Ready(Elapsed);
            }
        }
    }
}

impl http_body::Body for IdleTimeout {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.inner).poll_frame(cx) {
            self.last_frame = self.clock.now();
            return Poll::Ready(frame);
        }
        self.poll_idle(cx).map(|elapsed| Some(Err(elapsed.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::VecDeque, future::pending, sync::Mutex, task::Waker};

    use http_body::Body as _;

    use towergate_testing::FakeClock;

    use super::*;

    const LIMIT: Duration = Duration::from_millis(100);

    fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
        Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn a_deadline_ends_a_future_that_never_would() {
        let clock = FakeClock::default();
        let deadline = clock.now().saturating_add(LIMIT);
        let mut waiting = Box::pin(Deadline::new(pending::<()>(), &clock, deadline));
        assert!(poll(&mut waiting).is_pending());
        clock.advance(LIMIT);
        assert_eq!(poll(&mut waiting), Poll::Ready(Err(Elapsed)));
    }

    /// A body whose frames a test hands in.
    #[derive(Clone, Default)]
    struct Fed(Arc<Mutex<VecDeque<Bytes>>>);

    impl http_body::Body for Fed {
        type Data = Bytes;
        type Error = BoxError;

        fn poll_frame(
            self: Pin<&mut Self>,
            _cx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
            match self.0.lock().unwrap().pop_front() {
                Some(bytes) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
                None => Poll::Pending,
            }
        }
    }

    #[test]
    fn a_streamed_body_may_pause_for_less_than_its_limit_any_number_of_times() {
        let clock = FakeClock::default();
        let backends = Backends::new().with_time(clock.clone(), clock.clone());
        let fed = Fed::default();
        let mut body = IdleTimeout::wrap(Body::new(fed.clone()), LIMIT, &backends);
        let mut frame = || Pin::new(&mut body).poll_frame(&mut Context::from_waker(Waker::noop()));
        for _ in 0..5 {
            assert!(frame().is_pending());
            clock.advance(LIMIT - Duration::from_millis(1));
            assert!(frame().is_pending());
            fed.0.lock().unwrap().push_back(Bytes::from_static(b"x"));
            assert!(matches!(frame(), Poll::Ready(Some(Ok(_)))));
        }
        assert!(frame().is_pending());
        clock.advance(LIMIT);
        assert!(matches!(frame(), Poll::Ready(Some(Err(_)))));
    }
}
