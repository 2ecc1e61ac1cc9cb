//! Panics as values, around code that is not ours.

use std::{
    any::Any,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

pin_project! {
    /// A future whose panic is an answer, as a thread's is to who joins it.
    ///
    /// Polling it again after a panic may panic once more.
    ///
    /// ```
    /// use towergate_functions::CatchPanic;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let panicked = CatchPanic::new(async { panic!("no pets") }).await.unwrap_err();
    /// assert_eq!(panicked.message.as_deref(), Some("no pets"));
    /// # });
    /// ```
    #[derive(Debug)]
    #[must_use = "futures do nothing unless they are polled"]
    pub struct CatchPanic<F> {
        #[pin]
        future: F,
    }
}

impl<F> CatchPanic<F> {
    /// Wraps a future.
    pub fn new(future: F) -> Self {
        Self { future }
    }
}

impl<F: Future> Future for CatchPanic<F> {
    type Output = Result<F::Output, Panicked>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let future = self.project().future;
        // The future is not polled again after a panic, so nobody sees what the panic left half done.
        match catch_unwind(AssertUnwindSafe(|| future.poll(cx))) {
            Ok(poll) => poll.map(Ok),
            Err(payload) => Poll::Ready(Err(Panicked::new(&*payload))),
        }
    }
}

/// A panic.
#[derive(Debug)]
#[non_exhaustive]
pub struct Panicked {
    /// What was panicked with, if that is text.
    pub message: Option<String>,
}

impl Panicked {
    fn new(payload: &(dyn Any + Send)) -> Self {
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        Self {
            message: text.map(str::to_owned),
        }
    }
}
