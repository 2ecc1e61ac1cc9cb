//! The contract of `poll_ready`, as a service that minds when it is broken.

use std::{
    future::{Ready, ready},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
};

use tower_layer::Layer;
use tower_service::Service;

/// A service that has to be polled ready once for every call, and whose clones start unready.
///
/// A layer that calls a clone of its inner service, or calls it twice for one readiness, is noticed: the call
/// [`broke_the_contract`](Self::broke_the_contract).
#[derive(Debug)]
pub struct ReadinessProbe<F> {
    respond: F,
    ready: bool,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    calls: AtomicUsize,
    broken: AtomicBool,
    pending: AtomicBool,
}

impl<F> ReadinessProbe<F> {
    /// Creates a probe that answers with what `respond` makes of a request.
    pub fn new(respond: F) -> Self {
        Self {
            respond,
            ready: false,
            shared: Arc::default(),
        }
    }

    /// Returns how often the probe and its clones were called.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.shared.calls.load(Ordering::SeqCst)
    }

    /// Returns whether any clone was called without having been ready.
    #[must_use]
    pub fn broke_the_contract(&self) -> bool {
        self.shared.broken.load(Ordering::SeqCst)
    }

    /// Makes the probe and its clones pending, or ready again.
    pub fn set_pending(&self, pending: bool) {
        self.shared.pending.store(pending, Ordering::SeqCst);
    }
}

impl<F: Clone> Clone for ReadinessProbe<F> {
    fn clone(&self) -> Self {
        Self {
            respond: self.respond.clone(),
            ready: false,
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<F, Request, Response> Service<Request> for ReadinessProbe<F>
where
    F: FnMut(Request) -> Response,
{
    type Response = Response;
    type Error = std::convert::Infallible;
    type Future = Ready<Result<Response, Self::Error>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        if self.shared.pending.load(Ordering::SeqCst) {
            return Poll::Pending;
        }
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        self.shared.calls.fetch_add(1, Ordering::SeqCst);
        if !std::mem::take(&mut self.ready) {
            self.shared.broken.store(true, Ordering::SeqCst);
        }
        ready(Ok((self.respond)(request)))
    }
}

/// Checks that what `layer` makes keeps the contract of `poll_ready`: it is ready when its inner service is, and
/// calls the one that was polled. `requests` are sent one after the other through one service and through a clone.
///
/// # Panics
///
/// Panics, with the reason, if the contract is broken.
pub async fn assert_readiness<L, F, Request, Response>(
    layer: L,
    respond: F,
    requests: impl Fn() -> Vec<Request>,
) where
    L: Layer<ReadinessProbe<F>>,
    L::Service: Service<Request> + Clone,
    F: FnMut(Request) -> Response + Clone,
{
    let probe = ReadinessProbe::new(respond);
    let mut service = layer.layer(probe.clone());

    probe.set_pending(true);
    let mut cx = Context::from_waker(Waker::noop());
    let pending = service.poll_ready(&mut cx).is_pending();
    assert!(
        pending,
        "the layer says it is ready while its inner service is not"
    );
    probe.set_pending(false);

    for mut service in [service.clone(), service] {
        for request in requests() {
            let ready = std::future::poll_fn(|cx| service.poll_ready(cx)).await;
            assert!(ready.is_ok(), "the layer failed to become ready");
            // The response itself is the business of other tests.
            let _ = service.call(request).await;
            assert!(
                !probe.broke_the_contract(),
                "the layer called a service that was not ready"
            );
        }
    }
}
