//! What is known of a request: written once by the step that finds it out, read by all that follow.

use std::{
    fmt,
    net::IpAddr,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU16, AtomicU64, Ordering},
    },
    time::Duration,
};

use http::{Extensions, HeaderMap, Method, Request, Uri, Version, header};

use crate::{
    ApiKeyInfo, ClientScheme, Clock, ExtendedRequestId, Identity, OriginalHeaderNames, REQUEST_ID,
    Random, Rejection, RequestId, ResourceInfo, Route, StageInfo, StagePath, SystemClock,
    SystemRandom, TRACE_ID, Timestamp, TrustedHops,
    ids::{draw_ids, trace_header},
};

/// What is known of one request, shared by every step and by what outlives the response.
///
/// Each fact has one owner that writes it once; later writes change nothing, but for the statuses and the latency, where
/// the last one counts. Cloning is cheap and shares the facts.
///
/// ```
/// use http::Request;
/// use towergate_core::{Context, ContextVariable};
///
/// let mut request = Request::get("https://api.example.com/pets").body(()).unwrap();
/// let context = Context::of(&mut request);
/// assert_eq!(context.variable(&ContextVariable::parse("domainPrefix")).as_deref(), Some("api"));
/// assert_eq!(Context::of(&mut request).request_id(), context.request_id());
/// ```
#[derive(Clone)]
pub struct Context(Arc<Inner>);

struct Inner {
    request_id: RequestId,
    extended_request_id: ExtendedRequestId,
    received_at: Timestamp,
    method: Method,
    uri: Uri,
    version: Version,
    headers: HeaderMap,
    header_names: Option<OriginalHeaderNames>,
    trusted_hops: TrustedHops,
    source_ip: Option<IpAddr>,
    scheme: Option<ClientScheme>,
    stage: OnceLock<StagePath>,
    route: OnceLock<Route>,
    identity: OnceLock<Box<Identity>>,
    api_key: OnceLock<Arc<ApiKeyInfo>>,
    trace: OnceLock<Box<str>>,
    rejection: OnceLock<Box<Rejection>>,
    integration_status: AtomicU16,
    integration_micros: AtomicU64,
    status: AtomicU16,
}

impl Context {
    /// Creates the context of a request that arrived at `received_at`, and keeps its head.
    ///
    /// Of its extensions it keeps what they tell of the client: address, scheme and the spelling of header names. The id
    /// that a client sent in `x-amzn-RequestId` is adopted if it is a UUID.
    #[must_use]
    pub fn new(
        mut head: http::request::Parts,
        trusted_hops: TrustedHops,
        received_at: Timestamp,
        random: &dyn Random,
    ) -> Self {
        let extensions = std::mem::take(&mut head.extensions);
        Self::assemble(head, &extensions, trusted_hops, received_at, random)
    }

    fn assemble(
        head: http::request::Parts,
        extensions: &Extensions,
        trusted_hops: TrustedHops,
        received_at: Timestamp,
        random: &dyn Random,
    ) -> Self {
        let id = head
            .headers
            .get(REQUEST_ID)
            .and_then(|id| RequestId::adopt(id.as_bytes()));
        let (drawn, extended_request_id) = draw_ids(random);
        let client = trusted_hops.client_address(&head.headers, extensions);
        Self(Arc::new(Inner {
            request_id: id.unwrap_or(drawn),
            extended_request_id,
            received_at,
            method: head.method,
            uri: head.uri,
            version: head.version,
            headers: head.headers,
            header_names: extensions.get().cloned(),
            trusted_hops,
            source_ip: client.map(|client| client.0),
            scheme: extensions.get().copied(),
            stage: OnceLock::new(),
            route: OnceLock::new(),
            identity: OnceLock::new(),
            api_key: OnceLock::new(),
            trace: OnceLock::new(),
            rejection: OnceLock::new(),
            integration_status: AtomicU16::new(0),
            integration_micros: AtomicU64::new(0),
            status: AtomicU16::new(0),
        }))
    }

    /// Returns the context in a request's extensions, made on the spot if there is none.
    ///
    /// One that is made on the spot keeps those [headers](Self::headers) alone that its variables read.
    pub fn of<B>(request: &mut Request<B>) -> Self {
        if let Some(context) = request.extensions().get::<Self>() {
            return context.clone();
        }
        let (mut head, ()) = Request::new(()).into_parts();
        head.method = request.method().clone();
        head.uri = request.uri().clone();
        head.version = request.version();
        for name in [header::HOST, header::USER_AGENT, REQUEST_ID, TRACE_ID] {
            if let Some(value) = request.headers().get(&name) {
                head.headers.insert(name, value.clone());
            }
        }
        let context = Self::assemble(
            head,
            request.extensions(),
            TrustedHops::default(),
            SystemClock.now(),
            &SystemRandom,
        );
        request.extensions_mut().insert(context.clone());
        context
    }

    /// Returns the context in a request's or response's extensions.
    #[must_use]
    pub fn get(extensions: &Extensions) -> Option<&Self> {
        extensions.get()
    }

    /// Returns the request's id.
    #[must_use]
    pub fn request_id(&self) -> &RequestId {
        &self.0.request_id
    }

    /// Returns the request's second id.
    #[must_use]
    pub fn extended_request_id(&self) -> &ExtendedRequestId {
        &self.0.extended_request_id
    }

    /// Returns when the request arrived.
    #[must_use]
    pub fn received_at(&self) -> Timestamp {
        self.0.received_at
    }

    /// Returns the client's verb.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.0.method
    }

    /// Returns the original request target.
    #[must_use]
    pub fn uri(&self) -> &Uri {
        &self.0.uri
    }

    /// Returns the protocol's version.
    #[must_use]
    pub fn version(&self) -> Version {
        self.0.version
    }

    /// Returns the client's headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.0.headers
    }

    /// Returns the names of the client's headers as it spelled them, if whoever read them has told.
    #[must_use]
    pub fn original_header_names(&self) -> Option<&OriginalHeaderNames> {
        self.0.header_names.as_ref()
    }

    /// Returns the scheme that the host says the client used.
    pub(crate) fn noted_scheme(&self) -> Option<ClientScheme> {
        self.0.scheme
    }

    /// Returns which proxies are believed about the client.
    #[must_use]
    pub fn trusted_hops(&self) -> TrustedHops {
        self.0.trusted_hops
    }

    /// Returns the client's user agent.
    #[must_use]
    pub fn user_agent(&self) -> Option<&str> {
        self.0.headers.get(header::USER_AGENT)?.to_str().ok()
    }

    /// Returns the client's address.
    #[must_use]
    pub fn source_ip(&self) -> Option<IpAddr> {
        self.0.source_ip
    }

    /// Notes the stage that serves the request.
    pub fn note_stage(&self, stage: StagePath) {
        let _ = self.0.stage.set(stage);
    }

    pub(crate) fn stage_path(&self) -> Option<&StagePath> {
        self.0.stage.get()
    }

    /// Returns the stage that serves the request.
    #[must_use]
    pub fn stage(&self) -> Option<&StageInfo> {
        self.stage_path().map(|stage| &*stage.info)
    }

    /// Returns the value of a stage variable.
    #[must_use]
    pub fn stage_variable(&self, name: &str) -> Option<&str> {
        self.stage()?.variable(name)
    }

    /// Notes the resource that the request was routed to.
    pub fn note_route(&self, route: Route) {
        let _ = self.0.route.set(route);
    }

    /// Returns the resource that the request was routed to.
    #[must_use]
    pub fn resource(&self) -> Option<&ResourceInfo> {
        self.0.route.get().map(|route| &*route.resource)
    }

    /// Returns a path parameter as it stands in the path, percent-encoded if the client encoded it.
    #[must_use]
    pub fn path_parameter(&self, name: &str) -> Option<&str> {
        self.path_parameters()
            .find_map(|(key, value)| (key == name).then_some(value))
    }

    /// Returns every path parameter with its name, in the order of the path.
    pub fn path_parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        let path = self.resource_path();
        self.0.route.get().into_iter().flat_map(move |route| {
            let names = route.resource.parameters().iter().enumerate();
            names.filter_map(move |(index, name)| Some((&**name, route.params.get(path, index)?)))
        })
    }

    /// Notes who calls.
    pub fn note_identity(&self, identity: Identity) {
        let _ = self.0.identity.set(Box::new(identity));
    }

    /// Returns who calls, once that is known.
    #[must_use]
    pub fn identity(&self) -> Option<&Identity> {
        self.0.identity.get().map(|identity| &**identity)
    }

    /// Notes the API key that let the request in.
    pub fn note_api_key(&self, key: Arc<ApiKeyInfo>) {
        let _ = self.0.api_key.set(key);
    }

    /// Returns the API key that let the request in, once one did.
    #[must_use]
    pub fn api_key(&self) -> Option<&ApiKeyInfo> {
        self.0.api_key.get().map(|key| &**key)
    }

    /// Returns the trace header of this request: what the client sent, completed where it left something out.
    pub fn trace(&self, random: &dyn Random) -> &str {
        self.0.trace.get_or_init(|| {
            let client = self.headers().get(TRACE_ID);
            let client = client.and_then(|value| value.to_str().ok());
            trace_header(client, self.received_at().as_unix_seconds(), random).into_boxed_str()
        })
    }

    /// Returns the trace header, if a step made one.
    #[must_use]
    pub fn known_trace(&self) -> Option<&str> {
        self.0.trace.get().map(|trace| &**trace)
    }

    /// Notes why the request was refused.
    pub fn note_rejection(&self, rejection: Rejection) {
        let _ = self.0.rejection.set(Box::new(rejection));
    }

    /// Returns why the request was refused.
    #[must_use]
    pub fn rejection(&self) -> Option<&Rejection> {
        self.0.rejection.get().map(|rejection| &**rejection)
    }

    /// Notes what the backend answered, and how long that took.
    pub fn note_integration(&self, status: u16, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        self.0.integration_micros.store(micros, Ordering::Relaxed);
        self.0.integration_status.store(status, Ordering::Relaxed);
    }

    /// Returns the backend's status and how long it took, once it answered.
    #[must_use]
    pub fn integration(&self) -> Option<(u16, Duration)> {
        let status = self.0.integration_status.load(Ordering::Relaxed);
        let latency = Duration::from_micros(self.0.integration_micros.load(Ordering::Relaxed));
        (status != 0).then_some((status, latency))
    }

    /// Notes the status that the client gets.
    pub fn note_status(&self, status: u16) {
        self.0.status.store(status, Ordering::Relaxed);
    }

    /// Returns the status that the client gets, once it is known.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        let status = self.0.status.load(Ordering::Relaxed);
        (status != 0).then_some(status)
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("request_id", &self.request_id().as_str())
            .field("method", self.method())
            .field("path", &self.path())
            .field("stage", &self.stage().map(|stage| &stage.stage))
            .field("resource", &self.resource().map(ResourceInfo::path))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(uri: &str, host: &'static str) -> Context {
        let mut request = Request::get(uri).header("host", host).body(()).unwrap();
        Context::of(&mut request)
    }

    #[test]
    fn the_first_note_stays() {
        let context = context("/", "");
        for status in ["a", "b"] {
            context.note_identity(Identity {
                user: Some(status.to_owned()),
                ..Identity::default()
            });
        }
        assert_eq!(
            context
                .identity()
                .and_then(|identity| identity.user.as_deref()),
            Some("a")
        );
    }
}
