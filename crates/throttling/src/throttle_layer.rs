//! The layer that holds each caller to a rate.

mod caller;
mod missing;
mod policy_name;
mod rate_fields;
mod rate_handle;
mod shared;

use std::{
    fmt, mem,
    num::NonZeroU32,
    sync::Arc,
    task::{self, Poll},
    time::Duration,
};

use http::{Request, Response, request};
use tower_layer::Layer;
use tower_service::Service;
use towergate_core::{
    ClientAddress, Clock, Context, Rejection, ResponseBody, ResponseType, Step, Style, SystemClock,
    Timestamp, TrustedHops,
};

pub(crate) use self::rate_fields::{RateFields, set_retry_after};
use self::{
    missing::Missing,
    shared::{Shared, Unreachable},
};
use crate::{
    DEFAULT_MAX_KEYS, KeyedBuckets, OutagePolicy, Rate, ResponseFuture, SharedLimits, WouldRefuse,
};

pub use self::{
    caller::{ByApiKey, ByHeader, ByPrincipal, ByRoute, CallerKey, KeyBytes, SourceIp},
    missing::OnMissing,
    policy_name::{InvalidPolicyName, PolicyName},
    rate_handle::RateHandle,
};

/// Holds each caller to a rate: 429 `Too Many Requests` above it.
///
/// Callers are told apart by their source address unless [`by`](Self::by) says otherwise; [`KeyedBuckets`] has a bucket for
/// each, up to a bound. A request is refused as it is called, never by readiness: one caller's storm holds up nobody else.
/// Clones of the layer, and all services of it, share the buckets.
///
/// # Examples
///
/// ```
/// use http::{Request, Response};
/// use tower::{Layer, Service, service_fn};
/// use towergate_throttling::{ByHeader, Rate, ThrottleLayer};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let layer = ThrottleLayer::new(Rate::per_second(0.001).burst(1)).by(ByHeader("x-tenant".parse()?));
/// let mut app = layer.layer(service_fn(async |_: Request<String>| Ok::<_, &str>(Response::new(String::new()))));
/// for (tenant, status) in [("a", 200), ("a", 429), ("b", 200)] {
///     let request = Request::get("/").header("x-tenant", tenant).body(String::new())?;
///     assert_eq!(app.call(request).await?.status(), status, "{tenant}");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use]
pub struct ThrottleLayer {
    rate: RateHandle,
    by: Arc<dyn CallerKey>,
    buckets: Arc<KeyedBuckets>,
    missing: Missing,
    /// Only where the layer was told: a context in front knows better than a default.
    trusted_hops: Option<TrustedHops>,
    shared: Option<Shared>,
    outage: OutagePolicy,
    nodes: NonZeroU32,
    clock: Arc<dyn Clock>,
    style: Style,
    headers: bool,
    policy_name: PolicyName,
    enabled: bool,
    report_only: bool,
}

impl ThrottleLayer {
    /// Creates a layer that holds each source address to this rate.
    pub fn new(rate: Rate) -> Self {
        Self {
            rate: RateHandle::new(rate),
            by: Arc::new(SourceIp::default()),
            buckets: Arc::new(KeyedBuckets::new(DEFAULT_MAX_KEYS)),
            missing: Missing::default(),
            trusted_hops: None,
            shared: None,
            outage: OutagePolicy::Local,
            nodes: NonZeroU32::MIN,
            clock: Arc::new(SystemClock),
            style: Style::Rest,
            headers: false,
            policy_name: PolicyName::default(),
            enabled: true,
            report_only: false,
        }
    }

    /// Sets what tells one caller from another.
    pub fn by(mut self, by: impl CallerKey) -> Self {
        self.by = Arc::new(by);
        self
    }

    /// Tells one caller from another by what `key` makes of the head of a request.
    pub fn by_fn<K: Into<Vec<u8>>>(
        self,
        key: impl Fn(&request::Parts) -> Option<K> + Send + Sync + 'static,
    ) -> Self {
        self.by(caller::ByFn(key))
    }

    /// Sets what happens to requests of which nothing tells the caller: they share one bucket unless this says otherwise.
    pub fn on_missing(mut self, on_missing: OnMissing) -> Self {
        self.missing.on_missing = on_missing;
        self
    }

    /// Has `warn` hear of the first request of which nothing tells the caller, and of no further one of this layer and its
    /// clones. Mostly the host does not tell the address, and all callers are one. Nobody hears of it unless this says who.
    pub fn on_first_missing(
        mut self,
        warn: impl Fn(&request::Parts) + Send + Sync + 'static,
    ) -> Self {
        self.missing.warn_by(warn);
        self
    }

    /// Sets how many callers are told apart at a time, [`DEFAULT_MAX_KEYS`] unless this says otherwise. Further ones share
    /// a bucket. [`KeyedBuckets::new`] has what that takes.
    pub fn max_keys(mut self, max_keys: usize) -> Self {
        self.buckets = Arc::new(KeyedBuckets::new(max_keys));
        self
    }

    /// Believes so many proxies in front about the source address. Unless this says how many, the address is that of the
    /// request's [`Context`] if there is one, and without one no proxy is believed.
    pub fn trusted_hops(mut self, trusted_hops: TrustedHops) -> Self {
        self.trusted_hops = Some(trusted_hops);
        self
    }

    /// Keeps the buckets in a store that nodes share, under a name of this layer's own. The store is asked about each
    /// request: nothing is borrowed for a caller. While it is out of reach, each node by itself holds callers to the rate
    /// unless [`on_outage`](Self::on_outage) says otherwise.
    pub fn shared(mut self, store: Arc<dyn SharedLimits>, name: impl Into<Arc<str>>) -> Self {
        self.shared = Some(Shared {
            store,
            name: name.into(),
        });
        self
    }

    /// Sets what happens while the [shared](Self::shared) store is out of reach, and among how many nodes a rate is then
    /// divided. Without such a store it means nothing.
    pub fn on_outage(mut self, policy: OutagePolicy, nodes: NonZeroU32) -> Self {
        (self.outage, self.nodes) = (policy, nodes);
        self
    }

    /// Sets the clock; the system's unless this says otherwise.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Answers in the words of another kind of API than REST APIs.
    pub fn style(mut self, style: Style) -> Self {
        self.style = style;
        self
    }

    /// Sets whether answers tell of the limit: `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10)
    /// where this node counts, and `Retry-After` (RFC 9110, section 10.2.3) with a 429. API Gateway tells nothing.
    pub fn headers(mut self, headers: bool) -> Self {
        self.headers = headers;
        self
    }

    /// Sets what the limit is called in [these](Self::headers) fields, `default` unless this says otherwise. Where two layers
    /// hold for a request, clients tell their limits apart by it.
    pub fn policy_name(mut self, name: PolicyName) -> Self {
        self.policy_name = name;
        self
    }

    /// Sets whether the layer does anything at all: if not, every request goes to the inner service as it is.
    pub fn enabled(mut self, enabled: bool) -> Self {
        self.enabled = enabled;
        self
    }

    /// Sets whether the layer only says what it would have refused, in [`WouldRefuse`], and refuses nothing.
    pub fn report_only(mut self, report_only: bool) -> Self {
        self.report_only = report_only;
        self
    }

    /// Returns the rate, to be changed later.
    pub fn rate(&self) -> RateHandle {
        self.rate.clone()
    }

    /// Decides by this node's own bucket, at this rate.
    fn decide(&self, key: Option<&[u8]>, rate: Rate, now: Timestamp) -> Decision {
        let taken = match key {
            Some(key) => self.buckets.take(key, &rate, now),
            None => self.missing.take(&rate, now),
        };
        let state = || match key {
            Some(key) => Some(self.buckets.state(key, &rate, now)),
            None => self.missing.state(&rate, now),
        };
        let state = if self.headers { state() } else { None };
        let fields = state.map(|state| RateFields::new(&self.policy_name, &rate, state));
        Decision {
            retry_after: taken.err(),
            fields,
        }
    }

    /// Decides as long as the store is out of reach.
    fn decide_without(&self, key: &[u8], rate: Rate, now: Timestamp) -> Decision {
        match self.outage {
            OutagePolicy::Local => self.decide(Some(key), rate.share_of(self.nodes), now),
            OutagePolicy::Open => Decision::GRANTED,
            OutagePolicy::Closed => Decision::REFUSED,
        }
    }

    /// Finds the source address of a request.
    fn source(&self, context: Option<&Context>, parts: &request::Parts) -> Option<ClientAddress> {
        let told = |hops: TrustedHops| hops.client_address(&parts.headers, &parts.extensions);
        let known = || context.and_then(Context::source_ip).map(ClientAddress);
        match self.trusted_hops {
            Some(hops) => told(hops).or_else(known),
            None => known().or_else(|| told(TrustedHops::default())),
        }
    }

    /// Lets a request in, or returns the answer to it.
    fn settle<B>(
        &self,
        context: Option<&Context>,
        parts: &mut request::Parts,
        decision: &Decision,
    ) -> Option<Response<ResponseBody<B>>> {
        let retry_after = decision.retry_after?;
        let rejection = Rejection::new(ResponseType::Throttled, Step::Throttle);
        if self.report_only {
            parts.extensions.insert(WouldRefuse(rejection));
            return None;
        }
        if let Some(context) = context {
            context.note_rejection(rejection.clone());
        }
        let mut response = rejection.into_response(self.style);
        if self.headers {
            set_retry_after(response.headers_mut(), retry_after);
        }
        if let Some(fields) = &decision.fields {
            fields.set(response.headers_mut());
        }
        Some(response)
    }
}

/// Whether a request gets in.
struct Decision {
    /// If not, when it might; [`Duration::MAX`] if never.
    retry_after: Option<Duration>,
    fields: Option<RateFields>,
}

impl Decision {
    const GRANTED: Self = Self {
        retry_after: None,
        fields: None,
    };

    const REFUSED: Self = Self {
        retry_after: Some(Duration::MAX),
        fields: None,
    };
}

impl<S> Layer<S> for ThrottleLayer {
    type Service = ThrottleService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ThrottleService {
            inner,
            layer: self.clone(),
        }
    }
}

impl fmt::Debug for ThrottleLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThrottleLayer")
            .field("rate", &self.rate)
            .field("buckets", &self.buckets)
            .field("on_missing", &self.missing.on_missing)
            .field("is_shared", &self.shared.is_some())
            .field("enabled", &self.enabled)
            .field("report_only", &self.report_only)
            .finish_non_exhaustive()
    }
}

/// The service of a [`ThrottleLayer`].
#[derive(Debug, Clone)]
pub struct ThrottleService<S> {
    inner: S,
    layer: ThrottleLayer,
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for ThrottleService<S>
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

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let layer = &self.layer;
        if !layer.enabled {
            return ResponseFuture::pass(self.inner.call(request));
        }
        let (mut parts, body) = request.into_parts();
        // A layer that needs none makes no context.
        let context = Context::get(&parts.extensions).cloned();
        let (rate, now) = (layer.rate.get(), layer.clock.now());
        let source = || layer.source(context.as_ref(), &parts);
        let key = layer.by.key(&parts, &source);
        if key.is_none() {
            layer.missing.note(&parts);
        }
        let decision = match (&key, &layer.shared) {
            (Some(key), Some(shared)) => match shared.decide_now(key.as_ref(), rate, now) {
                Some(Ok(decision)) => decision,
                Some(Err(Unreachable)) => layer.decide_without(key.as_ref(), rate, now),
                None => {
                    let clone = self.inner.clone();
                    let mut inner = mem::replace(&mut self.inner, clone);
                    let (layer, shared) = (layer.clone(), shared.clone());
                    let key = key.as_ref().to_vec();
                    return ResponseFuture::wait(Box::pin(async move {
                        let decision = shared.decide(&key, rate, now).await;
                        let decision = decision.unwrap_or_else(|Unreachable| {
                            // The wait was time in which buckets filled.
                            layer.decide_without(&key, rate, layer.clock.now())
                        });
                        let context = context.as_ref();
                        if let Some(response) = layer.settle(context, &mut parts, &decision) {
                            return Ok(response);
                        }
                        let mut response = inner.call(Request::from_parts(parts, body)).await?;
                        if let Some(fields) = decision.fields {
                            fields.set(response.headers_mut());
                        }
                        Ok(response.map(ResponseBody::inner))
                    }));
                }
            },
            (key, _) => layer.decide(key.as_ref().map(AsRef::as_ref), rate, now),
        };
        drop(key);
        match layer.settle(context.as_ref(), &mut parts, &decision) {
            Some(response) => ResponseFuture::refuse(response),
            None => {
                let future = self.inner.call(Request::from_parts(parts, body));
                ResponseFuture::pass_with(future, decision.fields)
            }
        }
    }
}

#[cfg(test)]
mod tests;
