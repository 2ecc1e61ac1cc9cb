//! Functions of this process: what they share, whatever their handlers take.

use std::{
    future::{Future, ready},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use http::StatusCode;
use tokio::{runtime::Handle, sync::Semaphore, time::timeout};
use towergate_core::{BoxFuture, Function, FunctionError, Invocation, InvocationType};

use crate::{
    CatchPanic,
    error_document::ErrorDocument,
    payload_limits::{MAX_RESULT_BYTES, check_payload},
};

/// How many events of one function run at a time.
const MAX_EVENTS: usize = 1_000;

/// How long an event may run: as long as any run of Lambda's.
const EVENT_TIMEOUT: Duration = Duration::from_secs(15 * 60);

/// What turns an event into a result, in a form that a function of this process can run.
pub(crate) trait Handler: Send + Sync + 'static {
    /// Starts a run, which holds on to nothing of the invocation.
    fn run(
        &self,
        invocation: &Invocation<'_>,
    ) -> impl Future<Output = Result<Bytes, ErrorDocument>> + Send + 'static;
}

/// A function of this process.
#[derive(Debug)]
pub(crate) struct InProcessFunction<H> {
    handler: H,
    /// A permit for each event that may still be accepted.
    events: Arc<Semaphore>,
}

impl<H: Handler> InProcessFunction<H> {
    pub(crate) fn new(handler: H) -> Self {
        Self {
            handler,
            events: Arc::new(Semaphore::new(MAX_EVENTS)),
        }
    }

    /// Accepts an event, and runs it beside the caller.
    fn accept(&self, invocation: &Invocation<'_>) -> Result<Bytes, FunctionError> {
        let runtime =
            Handle::try_current().map_err(|error| FunctionError::Unreachable(error.into()))?;
        let Ok(permit) = Arc::clone(&self.events).try_acquire_owned() else {
            return Err(FunctionError::Refused {
                status: StatusCode::TOO_MANY_REQUESTS,
                message: "Rate Exceeded.".to_owned(),
            });
        };
        // The caller's own deadline ends with the call's acceptance.
        let received_at = invocation.context.received_at();
        let invocation = invocation
            .clone()
            .with_deadline(received_at.saturating_add(EVENT_TIMEOUT));
        let run = self.handler.run(&invocation);
        runtime.spawn(async move {
            let _ = CatchPanic::new(async { timeout(EVENT_TIMEOUT, run).await }).await;
            drop(permit);
        });
        Ok(Bytes::new())
    }
}

impl<H: Handler> Function for InProcessFunction<H> {
    fn invoke<'a>(
        &'a self,
        mut invocation: Invocation<'a>,
    ) -> BoxFuture<'a, Result<Bytes, FunctionError>> {
        if let Err(refusal) = check_payload(&invocation) {
            return Box::pin(ready(Err(refusal)));
        }
        if invocation.payload.is_empty() {
            // Lambda makes an empty object of an empty payload.
            invocation.payload = Bytes::from_static(b"{}");
        }
        match invocation.invocation_type {
            InvocationType::Event => Box::pin(ready(self.accept(&invocation))),
            _ => Box::pin(result_of(self.handler.run(&invocation))),
        }
    }
}

async fn result_of(
    run: impl Future<Output = Result<Bytes, ErrorDocument>>,
) -> Result<Bytes, FunctionError> {
    let result = CatchPanic::new(run).await;
    let result = result.unwrap_or_else(|panic| Err(ErrorDocument::of_panic(&panic)));
    let (payload, has_failed) = match result {
        Ok(payload) => (payload, false),
        Err(document) => (document.to_json(), true),
    };
    if payload.len() > MAX_RESULT_BYTES {
        Err(ErrorDocument::of_large_result().into())
    } else if has_failed {
        Err(FunctionError::Failed(payload))
    } else {
        Ok(payload)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::pending,
        sync::atomic::{AtomicUsize, Ordering},
    };

    use tokio::sync::Notify;
    use towergate_core::Context;

    use super::*;

    /// A handler that counts its runs, which last until they are let go.
    #[derive(Clone, Default)]
    struct Held {
        running: Arc<AtomicUsize>,
        ended: Arc<AtomicUsize>,
        let_go: Arc<Notify>,
    }

    impl Handler for Held {
        fn run(
            &self,
            invocation: &Invocation<'_>,
        ) -> impl Future<Output = Result<Bytes, ErrorDocument>> + Send + 'static {
            let (held, payload) = (self.clone(), invocation.payload.clone());
            async move {
                held.running.fetch_add(1, Ordering::SeqCst);
                match &payload[..] {
                    b"panic" => panic!("on purpose"),
                    b"hang" => pending::<()>().await,
                    _ => held.let_go.notified().await,
                }
                held.ended.fetch_add(1, Ordering::SeqCst);
                Ok(payload)
            }
        }
    }

    fn event(
        function: &InProcessFunction<Held>,
        payload: &'static str,
    ) -> Result<Bytes, FunctionError> {
        let context = Context::of(&mut http::Request::new(()));
        let event =
            Invocation::new(&context, "f", payload).with_invocation_type(InvocationType::Event);
        function.accept(&event)
    }

    async fn until(condition: impl Fn() -> bool) {
        while !condition() {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_function_runs_a_bounded_number_of_events_and_leaks_none() {
        let held = Held::default();
        let function = InProcessFunction::new(held.clone());
        for _ in 0..MAX_EVENTS {
            assert_eq!(event(&function, "wait").unwrap(), "");
        }
        let Err(FunctionError::Refused { status, message }) = event(&function, "wait") else {
            panic!("not refused");
        };
        assert_eq!((status.as_u16(), &*message), (429, "Rate Exceeded."));
        until(|| held.running.load(Ordering::SeqCst) == MAX_EVENTS).await;

        held.let_go.notify_one();
        until(|| function.events.available_permits() == 1).await;
        assert!(event(&function, "panic").is_ok());
        until(|| function.events.available_permits() == 1).await;
        held.let_go.notify_waiters();
        until(|| function.events.available_permits() == MAX_EVENTS).await;
        assert_eq!(held.ended.load(Ordering::SeqCst), MAX_EVENTS);
        assert_eq!(Arc::strong_count(&held.running), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn an_event_ends_after_a_while_even_if_its_handler_does_not() {
        let function = InProcessFunction::new(Held::default());
        assert!(event(&function, "hang").is_ok());
        assert_eq!(function.events.available_permits(), MAX_EVENTS - 1);
        tokio::time::sleep(EVENT_TIMEOUT + Duration::from_secs(1)).await;
        assert_eq!(function.events.available_permits(), MAX_EVENTS);
    }

    #[test]
    fn an_event_needs_a_runtime() {
        let function = InProcessFunction::new(Held::default());
        assert!(matches!(
            event(&function, "wait"),
            Err(FunctionError::Unreachable(_))
        ));
    }
}
