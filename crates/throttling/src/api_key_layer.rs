//! The layer that requires an API key.

use std::task::{self, Poll};

use http::{Request, Response};
use tower_layer::Layer;
use tower_service::Service;
use towergate_core::{Context, ResponseBody};

use crate::{
    ResponseFuture, UsagePlans,
    key_check::{KeyCheck, key_check_setters},
};

/// Lets requests through whose API key is in a usage plan of the stage, and refuses the others: 403 `Forbidden`.
///
/// Nothing is counted and nobody is throttled: that is what [`UsagePlanLayer`](crate::UsagePlanLayer) is for. The
/// [`Context`] of a request that is let in knows the key.
///
/// # Examples
///
/// ```
/// use http::{Request, Response};
/// use tower::{Layer, Service, service_fn};
/// use towergate_throttling::{ApiKey, ApiKeyLayer, ApiStage, UsagePlan, UsagePlans};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let plans = UsagePlans::new();
/// plans.create_key(ApiKey::new("k1", "a-key-of-twenty-chars-or-more"))?;
/// plans.create_plan(UsagePlan::new("p1", "gold").api_stage(ApiStage::new("app", "default")).key("k1"))?;
///
/// let inner = service_fn(async |_: Request<String>| Ok::<_, &str>(Response::new(String::new())));
/// let mut app = ApiKeyLayer::new(plans).layer(inner);
/// let request = Request::get("/").header("x-api-key", "a-key-of-twenty-chars-or-more").body(String::new())?;
/// assert_eq!(app.call(request).await?.status(), 200);
/// assert_eq!(app.call(Request::get("/").body(String::new())?).await?.status(), 403);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct ApiKeyLayer {
    check: KeyCheck,
}

impl ApiKeyLayer {
    /// Creates a layer that requires a key of these.
    pub fn new(plans: UsagePlans) -> Self {
        Self {
            check: KeyCheck::new(plans),
        }
    }

    key_check_setters!();
}

impl<S> Layer<S> for ApiKeyLayer {
    type Service = ApiKeyService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ApiKeyService {
            inner,
            check: self.check.clone(),
        }
    }
}

/// The service of an [`ApiKeyLayer`].
#[derive(Debug, Clone)]
pub struct ApiKeyService<S> {
    inner: S,
    check: KeyCheck,
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for ApiKeyService<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, S::Error, ResBody>;

    fn poll_ready(&mut self, cx: &mut task::Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let check = &self.check;
        if !check.enabled {
            return ResponseFuture::pass(self.inner.call(request));
        }
        let context = Context::of(&mut request);
        let (mut parts, body) = request.into_parts();
        let rejection = check.find(&context, &parts).err();
        match rejection.and_then(|rejection| check.note(&context, &mut parts, rejection)) {
            Some(rejection) => ResponseFuture::refuse(rejection.into_response(check.style)),
            None => ResponseFuture::pass(self.inner.call(Request::from_parts(parts, body))),
        }
    }
}
