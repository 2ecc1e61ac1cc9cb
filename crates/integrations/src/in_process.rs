//! Backends that are services of this process.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use http::{Request, Response};
use tower_service::Service;
use towergate_core::{Body, BodyError, BoxError, BoxFuture, Rejection, Step};
use towergate_functions::{CatchPanic, oneshot};

use crate::backends::chain;

type Answer = Result<Response<Body>, Rejection>;

/// Any tower service as a backend: an axum router, a handler, a stack of layers.
///
/// Each request is answered by a clone of its own, and carries the request's
/// [`Context`](towergate_core::Context) in its extensions. If the service fails or panics the client gets a 500;
/// if it fails because the request's body grew too large, a 413.
#[derive(Clone)]
pub struct InProcess(Arc<dyn Call>);

impl InProcess {
    /// Wraps a service.
    pub fn new<S, B>(service: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
        S::Future: Send,
        S::Error: Into<BoxError>,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self(Arc::new(Shared(service)))
    }

    /// Returns whether both are clones of one.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Calls the service with a request whose body may have `max_request_bytes`.
    pub(crate) fn call(
        &self,
        request: Request<Body>,
        max_request_bytes: usize,
    ) -> BoxFuture<'static, Answer> {
        self.0.call(request, max_request_bytes)
    }
}

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InProcess")
    }
}

/// A service that many requests call at once.
trait Call: Send + Sync {
    fn call(&self, request: Request<Body>, max_request_bytes: usize) -> BoxFuture<'static, Answer>;
}

struct Shared<S>(S);

impl<S, B> Call for Shared<S>
where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    fn call(&self, request: Request<Body>, max_request_bytes: usize) -> BoxFuture<'static, Answer> {
        let answer = oneshot(self.0.clone(), request);
        let internal = |detail: String| Rejection::internal(Step::Integration, detail);
        Box::pin(async move {
            match CatchPanic::new(answer).await {
                Ok(Ok(response)) => Ok(response.map(Body::new)),
                Ok(Err(error)) => {
                    let error = error.into();
                    // The service is not to blame for a body that grew too large as it was read.
                    Err(if BodyError::is_too_large(&*error) {
                        Rejection::too_large(max_request_bytes)
                    } else {
                        internal(chain(&*error))
                    })
                }
                Err(_) => Err(internal("the backend panicked".to_owned())),
            }
        })
    }
}
