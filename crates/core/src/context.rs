//! What is known of a request: written once by the step that finds it out, read by all that follow.

use std::{
    borrow::Cow,
    fmt,
    net::IpAddr,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU16, AtomicU64, Ordering},
    },
    time::Duration,
};

use http::{Extensions, HeaderMap, HeaderName, Method, Request, Uri, Version, header};

use crate::{
    ClientScheme, Clock, ExtendedRequestId, Identity, OriginalHeaderNames, Params, REQUEST_ID,
    Random, Rejection, RequestId, ResourceInfo, StageInfo, StagePath, SystemClock, SystemRandom,
    TRACE_ID, Timestamp, TrustedHops,
    ids::{draw_ids, trace_header},
    original_header_names,
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
    trace: OnceLock<Box<str>>,
    rejection: OnceLock<Box<Rejection>>,
    integration_status: AtomicU16,
    integration_micros: AtomicU64,
    status: AtomicU16,
}

/// The resource that a request was routed to, and its path parameters as spans of [`Context::resource_path`].
#[derive(Debug, Clone)]
pub struct Route {
    /// The resource.
    pub resource: Arc<ResourceInfo>,
    /// The parameters.
    pub params: Params,
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

    /// Returns how the client spelled the name of a header. Where that is not known, each of its words has a capital, as
    /// in `Content-Type`.
    #[must_use]
    pub fn header_spelling(&self, name: &HeaderName) -> Cow<'_, str> {
        let names = self.original_header_names();
        match names.and_then(|names| names.spelling(name)) {
            Some(spelling) => Cow::Borrowed(spelling),
            None => Cow::Owned(original_header_names::canonical(name)),
        }
    }

    /// Returns whether an expression that says `spelling` means the header `name`: the client must have spelled it so,
    /// as far as that is known.
    #[must_use]
    pub fn allows_spelling(&self, name: &HeaderName, spelling: &str) -> bool {
        let names = self.original_header_names();
        names.is_none_or(|names| names.allows(name, spelling))
    }

    /// Returns the host that was asked for, with its port if that was written.
    #[must_use]
    pub fn authority(&self) -> Option<&str> {
        match self.0.uri.authority() {
            Some(authority) => authority.as_str().rsplit('@').next(),
            None => str::from_utf8(self.0.headers.get(header::HOST)?.as_bytes()).ok(),
        }
    }

    /// Returns the host that was asked for, without its port: `$context.domainName`.
    #[must_use]
    pub fn domain_name(&self) -> Option<&str> {
        let host = split_port(self.authority()?).0;
        (!host.is_empty()).then_some(host)
    }

    /// Returns the scheme that the client used, `http` or `https`: what the host says in [`ClientScheme`], what believed
    /// proxies say, or from HTTP/2 on what the request says. In HTTP/1 a client may write any scheme into its target.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        self.client_scheme().as_str()
    }

    fn client_scheme(&self) -> ClientScheme {
        self.0
            .scheme
            .or_else(|| self.0.trusted_hops.told_scheme(self.headers()))
            .or_else(|| match self.version() {
                Version::HTTP_09 | Version::HTTP_10 | Version::HTTP_11 => None,
                _ => ClientScheme::parse(self.uri().scheme_str()?),
            })
            .unwrap_or_default()
    }

    /// Returns which proxies are believed about the client.
    #[must_use]
    pub fn trusted_hops(&self) -> TrustedHops {
        self.0.trusted_hops
    }

    /// Returns the port that the client used: what believed proxies say, or that of the [authority](Self::authority),
    /// or that of the [scheme](Self::scheme).
    #[must_use]
    pub fn port(&self) -> u16 {
        self.0
            .trusted_hops
            .told_port(self.headers())
            .or_else(|| split_port(self.authority()?).1?.parse().ok())
            .unwrap_or_else(|| self.client_scheme().default_port())
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

    /// Returns the stage that serves the request.
    #[must_use]
    pub fn stage(&self) -> Option<&StageInfo> {
        self.0.stage.get().map(|stage| &*stage.info)
    }

    /// Returns the value of a stage variable.
    #[must_use]
    pub fn stage_variable(&self, name: &str) -> Option<&str> {
        self.stage()?.variable(name)
    }

    /// Returns the path from its stage on, as the client wrote it: `$context.path`.
    #[must_use]
    pub fn path(&self) -> &str {
        self.path_from(self.0.stage.get().map_or(0, |stage| stage.path_start))
    }

    /// Returns the path without stage or base path: what resources are matched against.
    #[must_use]
    pub fn resource_path(&self) -> &str {
        self.path_from(self.0.stage.get().map_or(0, |stage| stage.resource_start))
    }

    fn path_from(&self, start: usize) -> &str {
        match self.0.uri.path().get(start..) {
            Some("") | None => "/",
            Some(path) => path,
        }
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

/// `example.com:80` and `[::1]:80` as host and port.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
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
    fn the_domain_is_the_authority_or_the_host_header_without_its_port() {
        let cases = [
            ("http://a.example:80/", "b.example", Some("a.example")),
            ("http://user:pass@a.example:80/", "", Some("a.example")),
            ("http://user@[::1]/", "", Some("[::1]")),
            ("/", "b.example:8080", Some("b.example")),
            ("/", "[::1]:80", Some("[::1]")),
            ("/", "[::1]", Some("[::1]")),
            ("/", "", None),
        ];
        for (uri, host, expected) in cases {
            assert_eq!(context(uri, host).domain_name(), expected, "{uri} {host}");
        }
    }

    #[test]
    fn stage_and_resource_are_spans_of_the_original_path() {
        let context = context("//prod/pets/7?x=1", "");
        assert_eq!(
            (context.path(), context.resource_path()),
            ("//prod/pets/7", "//prod/pets/7")
        );
        let info = Arc::new(StageInfo {
            stage: "prod".to_owned(),
            ..StageInfo::default()
        });
        context.note_stage(StagePath {
            info,
            path_start: 1,
            resource_start: 6,
        });
        assert_eq!(
            (context.path(), context.resource_path()),
            ("/prod/pets/7", "/pets/7")
        );

        let mut params = Params::default();
        params.push(6..7);
        let resource = Arc::new(ResourceInfo::new("/pets/{id}", ["id"]));
        context.note_route(Route { resource, params });
        assert_eq!(context.path_parameter("id"), Some("7"));
        assert_eq!(context.path_parameter("other"), None);
    }

    #[test]
    fn a_stage_without_a_path_behind_it_is_the_root() {
        let context = context("/prod", "");
        context.note_stage(StagePath {
            info: Arc::default(),
            path_start: 0,
            resource_start: 5,
        });
        assert_eq!(context.resource_path(), "/");
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
