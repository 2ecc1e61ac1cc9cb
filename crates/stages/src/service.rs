//! A stage as a tower service.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{self, Poll, Waker, ready},
};

use http::{HeaderMap, Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;
use towergate_core::{Context, StagePath};

use crate::{Release, StageBody, StageHandle, StageSnapshot, Sticky, Watching, body::Held};

/// Serves the requests of a stage with the release that each of them gets.
///
/// A request resolves the stage once: one atomic load, and one draw if there is a canary with a share of some. It is
/// served by that release to the end of its response, whatever happens to the stage meanwhile. Its [`Context`] is told
/// the stage, unless something further out told it another; one is made if there is none.
///
/// The service is always ready. Which release a request gets is known with the request alone, so a clone of that release's
/// service is called at once if it is ready, and its future waits for it otherwise.
///
/// # Examples
///
/// ```
/// use http::{Request, Response};
/// use tower::{Service, service_fn};
/// use towergate_stages::{CanarySettings, Percent, StageHandle, StageService};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let version = |status: u16| {
///     let answer = move || Response::builder().status(status).body(String::new());
///     service_fn(move |_: Request<String>| std::future::ready(answer()))
/// };
/// let prod = StageHandle::new("prod", version(200))?;
/// let mut app = StageService::new(prod.clone());
/// let request = || Request::get("/pets").body(String::new());
/// assert_eq!(app.call(request()?).await?.status(), 200);
///
/// prod.deploy_canary(version(201), CanarySettings::new(Percent::ALL))?;
/// assert_eq!(app.call(request()?).await?.status(), 201);
/// # Ok(())
/// # }
/// ```
pub struct StageService<S> {
    handle: StageHandle<S>,
    sticky: Option<Arc<Sticky>>,
}

impl<S> StageService<S> {
    /// Creates the service of a stage, which draws for each request anew.
    #[must_use]
    pub fn new(handle: StageHandle<S>) -> Self {
        Self {
            handle,
            sticky: None,
        }
    }

    /// Gives the same caller the same release.
    #[must_use]
    pub fn sticky(mut self, sticky: Sticky) -> Self {
        let random = &*self.handle.stages().0.random;
        self.sticky = Some(Arc::new(sticky.keyed(random)));
        self
    }

    /// Returns the release for a request, which is told the stage.
    fn resolve<'a>(
        &self,
        snapshot: &'a StageSnapshot<S>,
        context: &Context,
        headers: &HeaderMap,
    ) -> &'a Release<S> {
        let release = snapshot.choose(|| {
            let sticky = self.sticky.as_ref();
            let sticky = sticky.and_then(|sticky| sticky.draw(context, headers));
            sticky.unwrap_or_else(|| self.handle.stages().0.random.next_u64())
        });
        context.note_stage(StagePath {
            info: Arc::clone(release.info()),
            path_start: 0,
            resource_start: 0,
        });
        release
    }

    /// Returns the stage.
    #[must_use]
    pub fn handle(&self) -> &StageHandle<S> {
        &self.handle
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for StageService<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
{
    type Response = Response<StageBody<ResBody, S>>;
    type Error = S::Error;
    type Future = ResponseFuture<S, S::Future, ReqBody, S::Error>;

    fn poll_ready(&mut self, _cx: &mut task::Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    #[inline]
    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let snapshot = self.handle.current();
        let made;
        let context = match Context::get(request.extensions()) {
            Some(context) => context,
            None => {
                made = Context::of(&mut request);
                &made
            }
        };
        let release = self.resolve(&snapshot, context, request.headers());
        let service = release.service().clone();
        match snapshot.watch(release) {
            None => {
                let watching = None;
                begin(service, request, Held { watching, snapshot })
            }
            Some(watching) => begin_watched(service, request, Box::new(watching), snapshot),
        }
    }
}

/// Calls a service that is ready at once, as most are: then the request need not move into the future.
#[inline]
fn begin<S: Service<Request<B>>, B>(
    mut service: S,
    request: Request<B>,
    held: Held<S>,
) -> ResponseFuture<S, S::Future, B, S::Error> {
    let mut no_one = task::Context::from_waker(Waker::noop());
    match service.poll_ready(&mut no_one) {
        Poll::Ready(Ok(())) => {
            let future = service.call(request);
            ResponseFuture {
                state: State::Calling { future },
                held: Some(held),
            }
        }
        poll => begin_later(service, request, held, poll),
    }
}

/// Leaves a service that is not ready to the future, which has a waker that wakes.
#[cold]
fn begin_later<S: Service<Request<B>>, B>(
    service: S,
    request: Request<B>,
    held: Held<S>,
    poll: Poll<Result<(), S::Error>>,
) -> ResponseFuture<S, S::Future, B, S::Error> {
    let state = match poll {
        Poll::Ready(Err(error)) => State::Failed { error: Some(error) },
        _ => State::Readying {
            waiting: Box::new((service, Some(request))),
        },
    };
    let held = Some(held);
    ResponseFuture { state, held }
}

/// As [`begin`], with a guard that is to know if the service panics.
#[inline(never)]
fn begin_watched<S: Service<Request<B>>, B>(
    service: S,
    request: Request<B>,
    mut watching: Box<Watching>,
    snapshot: Arc<StageSnapshot<S>>,
) -> ResponseFuture<S, S::Future, B, S::Error> {
    let held = Held {
        watching: None,
        snapshot,
    };
    let mut response = watching.run(|| begin(service, request, held));
    if let Some(held) = &mut response.held {
        held.watching = Some(watching);
    }
    response
}

impl<S> Clone for StageService<S> {
    fn clone(&self) -> Self {
        Self {
            handle: self.handle.clone(),
            sticky: self.sticky.clone(),
        }
    }
}

impl<S> fmt::Debug for StageService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StageService")
            .field("handle", &self.handle)
            .field("sticky", &self.sticky)
            .finish()
    }
}

pin_project! {
    /// The response of a [`StageService`].
    pub struct ResponseFuture<S, F, B, E> {
        #[pin]
        state: State<S, F, B, E>,
        held: Option<Held<S>>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S, F, B, E> {
        // Boxed because it is rare: requests that need not wait are not moved about with room for it.
        Readying { waiting: Box<(S, Option<Request<B>>)> },
        Calling { #[pin] future: F },
        Failed { error: Option<E> },
    }
}

impl<S, ReqBody, ResBody> Future for ResponseFuture<S, S::Future, ReqBody, S::Error>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
{
    type Output = Result<Response<StageBody<ResBody, S>>, S::Error>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let polled = match Held::watching(this.held) {
            None => match this.state.as_mut().project() {
                StateProjection::Calling { future } => future.poll(cx),
                _ => this.state.poll_rarely(cx),
            },
            Some(watching) => watching.run(|| this.state.poll_rarely(cx)),
        };
        let response = ready!(polled);
        let mut held = this.held.take();
        if let Some(watching) = Held::watching(&mut held) {
            let is_failure = |response: &Response<_>| response.status().is_server_error();
            watching.answered(response.as_ref().map_or(true, is_failure));
        }
        Poll::Ready(match response {
            Ok(response) => {
                let (head, body) = response.into_parts();
                Ok(Response::from_parts(head, StageBody::new(body, held)))
            }
            Err(error) => Err(error),
        })
    }
}

impl<S, ReqBody> State<S, S::Future, ReqBody, S::Error>
where
    S: Service<Request<ReqBody>>,
{
    /// Polls in whichever state this is. Out of line, because it is large and most requests are being answered already.
    #[inline(never)]
    fn poll_rarely(
        mut self: Pin<&mut Self>,
        cx: &mut task::Context<'_>,
    ) -> Poll<Result<S::Response, S::Error>> {
        if let StateProjection::Readying { waiting } = self.as_mut().project() {
            let (service, request) = &mut **waiting;
            let is_ready = ready!(service.poll_ready(cx));
            // There is a request until the state changes, which it does here.
            let next = match (is_ready, request.take()) {
                (Ok(()), Some(request)) => Self::Calling {
                    future: service.call(request),
                },
                (Ok(()), None) => return Poll::Pending,
                (Err(error), _) => Self::Failed { error: Some(error) },
            };
            self.set(next);
        }
        match self.project() {
            StateProjection::Calling { future } => future.poll(cx),
            StateProjection::Failed { error } => match error.take() {
                Some(error) => Poll::Ready(Err(error)),
                None => Poll::Pending,
            },
            StateProjection::Readying { .. } => Poll::Pending,
        }
    }
}

impl<S, F, B, E> fmt::Debug for ResponseFuture<S, F, B, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
