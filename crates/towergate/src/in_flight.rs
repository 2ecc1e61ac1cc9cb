//! How many requests are in flight, and waiting until there is none.

use std::{
    future::Future,
    pin::pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
};

use crate::serving::Serving;

/// The requests of a gateway that are in flight, and whether it is to end.
#[derive(Debug, Default)]
pub(crate) struct InFlight {
    requests: AtomicUsize,
    draining: AtomicBool,
    waiting: Mutex<Vec<Waker>>,
}

impl InFlight {
    /// Returns the number of requests in flight.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    /// Returns whether the gateway was told to end.
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::SeqCst)
    }

    /// Says that the gateway is to end.
    pub(crate) fn withdraw(&self) {
        self.draining.store(true, Ordering::SeqCst);
    }

    /// Waits until no request is in flight, or `deadline` ends. Returns whether there is none.
    pub(crate) async fn drain(&self, deadline: impl Future<Output = ()>) -> bool {
        self.withdraw();
        let mut deadline = pin!(deadline);
        std::future::poll_fn(|cx| {
            if self.poll_idle(cx).is_ready() {
                return Poll::Ready(true);
            }
            deadline.as_mut().poll(cx).map(|()| self.requests() == 0)
        })
        .await
    }

    /// Whoever counts the last request out looks for those who wait after it has counted; so the count is looked at
    /// again once the waker is there.
    fn poll_idle(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.requests() > 0 {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            if !waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
                waiting.push(cx.waker().clone());
            }
        }
        match self.requests() {
            0 => Poll::Ready(()),
            _ => Poll::Pending,
        }
    }

    fn leave(&self) {
        if self.requests.fetch_sub(1, Ordering::SeqCst) == 1 && self.is_draining() {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            let woken = std::mem::take(&mut *waiting);
            drop(waiting);
            woken.into_iter().for_each(Waker::wake);
        }
    }
}

/// A request in flight: what it is answered with stays until its answer has ended.
#[derive(Debug)]
pub(crate) struct Visit(Arc<Serving>);

impl Visit {
    pub(crate) fn new(serving: Arc<Serving>) -> Self {
        serving.in_flight.requests.fetch_add(1, Ordering::SeqCst);
        Self(serving)
    }
}

impl std::ops::Deref for Visit {
    type Target = Serving;

    fn deref(&self) -> &Serving {
        &self.0
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.0.in_flight.leave();
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::{pending, ready},
        pin::Pin,
    };

    use super::*;

    fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn drain_ends_with_the_last_request_or_at_the_deadline() {
        let serving = Arc::new(Serving::default());
        let in_flight = Arc::clone(&serving.in_flight);
        let visits = [Visit::new(Arc::clone(&serving)), Visit::new(serving)];
        assert_eq!(in_flight.requests(), 2);
        assert!(!in_flight.is_draining());

        let mut drain = pin!(in_flight.drain(pending()));
        assert!(poll(drain.as_mut()).is_pending());
        assert!(in_flight.is_draining());
        let [first, second] = visits;
        drop(first);
        assert!(poll(drain.as_mut()).is_pending());
        let late = pin!(in_flight.drain(ready(())));
        assert_eq!(
            poll(late),
            Poll::Ready(false),
            "one request is left at the deadline"
        );
        drop(second);
        assert_eq!(poll(drain), Poll::Ready(true));
    }
}
