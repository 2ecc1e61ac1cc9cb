//! The layer that holds callers to their usage plan.

use std::{
    fmt, mem,
    sync::Arc,
    task::{self, Poll},
};

use http::{Request, Response, request};
use tower_layer::Layer;
use tower_service::Service;
use towergate_core::{Clock, Context, Rejection, ResponseBody, SystemClock};

use crate::{
    Refusal, ResponseFuture, Subscription, UsagePlans,
    key_check::{KeyCheck, key_check_setters},
    set_retry_after,
};

/// Lets requests through that have an API key, as long as its usage plan allows it: its rate, and its quota.
///
/// Without a key that is in a plan of the stage a request is refused with 403 `Forbidden`, above the rate with 429
/// `Too Many Requests`, after the quota with 429 `Limit Exceeded`. A request that is refused costs nothing. The [`Context`] of
/// one that is let in knows the key. If the plans have a [shared store](UsagePlans::with_shared), it decides.
///
/// # Examples
///
/// ```
/// use http::{Request, Response};
/// use tower::{Layer, Service, service_fn};
/// use towergate_throttling::{ApiKey, ApiStage, Rate, UsagePlan, UsagePlanLayer, UsagePlans};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let plans = UsagePlans::new();
/// plans.create_key(ApiKey::new("k1", "a-key-of-twenty-chars-or-more"))?;
/// let gold = UsagePlan::new("p1", "gold").api_stage(ApiStage::new("app", "default"));
/// plans.create_plan(gold.throttle(Rate::per_second(0.001).burst(1)).key("k1"))?;
///
/// let inner = service_fn(async |_: Request<String>| Ok::<_, &str>(Response::new(String::new())));
/// let mut app = UsagePlanLayer::new(plans).layer(inner);
/// for status in [200, 429] {
///     let request = Request::get("/").header("x-api-key", "a-key-of-twenty-chars-or-more").body(String::new())?;
///     assert_eq!(app.call(request).await?.status(), status);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use]
pub struct UsagePlanLayer {
    check: KeyCheck,
    clock: Arc<dyn Clock>,
    headers: bool,
}

impl UsagePlanLayer {
    /// Creates a layer that holds callers to these plans.
    pub fn new(plans: UsagePlans) -> Self {
        Self {
            check: KeyCheck::new(plans),
            clock: Arc::new(SystemClock),
            headers: false,
        }
    }

    key_check_setters!();

    /// Sets the clock; the system's unless this says otherwise.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Sets whether a 429 says in `Retry-After` after how many seconds to come again, if there is such a time. API Gateway
    /// does not.
    pub fn headers(mut self, headers: bool) -> Self {
        self.headers = headers;
        self
    }

    /// Lets a request in, or returns the answer to it.
    fn settle<B>(
        &self,
        context: &Context,
        parts: &mut request::Parts,
        decision: Decision,
    ) -> Option<Response<ResponseBody<B>>> {
        let (rejection, refusal) = decision.err()?;
        let rejection = self.check.note(context, parts, rejection)?;
        let mut response = rejection.into_response(self.check.style);
        let wait = refusal.and_then(|refusal| refusal.retry_after);
        if let Some(wait) = wait.filter(|_| self.headers) {
            set_retry_after(response.headers_mut(), wait);
        }
        Some(response)
    }
}

type Decision = Result<(), (Rejection, Option<Refusal>)>;

fn refused(subscription: &Subscription, refusal: Refusal) -> (Rejection, Option<Refusal>) {
    (subscription.rejection(&refusal), Some(refusal))
}

impl<S> Layer<S> for UsagePlanLayer {
    type Service = UsagePlanService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        UsagePlanService {
            inner,
            layer: self.clone(),
        }
    }
}

impl fmt::Debug for UsagePlanLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UsagePlanLayer")
            .field("check", &self.check)
            .field("headers", &self.headers)
            .finish_non_exhaustive()
    }
}

/// The service of a [`UsagePlanLayer`].
#[derive(Debug, Clone)]
pub struct UsagePlanService<S> {
    inner: S,
    layer: UsagePlanLayer,
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for UsagePlanService<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone + Send + 'static,
    S::Future: Send,
    ReqBody: Send + 'static,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, S::Error, ResBody>;

    fn poll_ready(&mut self, cx: &mut task::Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let layer = &self.layer;
        if !layer.check.enabled {
            return ResponseFuture::pass(self.inner.call(request));
        }
        let context = Context::of(&mut request);
        let (mut parts, body) = request.into_parts();
        let now = layer.clock.now();
        let decision = match layer.check.find(&context, &parts) {
            Err(rejection) => Err((rejection, None)),
            Ok(subscription) => match layer.check.plans.decide_now(&subscription.charge(), now) {
                Some(decided) => decided.map_err(|refusal| refused(&subscription, refusal)),
                None => {
                    let clone = self.inner.clone();
                    let mut inner = mem::replace(&mut self.inner, clone);
                    let layer = layer.clone();
                    return ResponseFuture::wait(Box::pin(async move {
                        let charge = subscription.charge();
                        let decision = layer.check.plans.ask(&charge, now).await;
                        let decision = decision.map_err(|refusal| refused(&subscription, refusal));
                        if let Some(response) = layer.settle(&context, &mut parts, decision) {
                            return Ok(response);
                        }
                        let response = inner.call(Request::from_parts(parts, body)).await?;
                        Ok(response.map(ResponseBody::inner))
                    }));
                }
            },
        };
        match layer.settle(&context, &mut parts, decision) {
            Some(response) => ResponseFuture::refuse(response),
            None => ResponseFuture::pass(self.inner.call(Request::from_parts(parts, body))),
        }
    }
}

#[cfg(test)]
mod tests;
