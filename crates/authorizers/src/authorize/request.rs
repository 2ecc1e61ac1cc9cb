//! What an authorizer sees of a request.

use std::{borrow::Cow, fmt, sync::OnceLock};

use http::{HeaderMap, Request};
use towergate_core::{ClientScheme, Context};
use towergate_expressions::QueryString;

use crate::policy::GlobalKeys;

/// The longest ARN of a method that is authorized, in bytes.
pub const MAX_ARN_BYTES: usize = 1_600;

/// What an authorizer sees of a request: everything but the body.
///
/// The ARN and the query string are made when they are first asked for.
#[derive(Clone)]
pub struct AuthorizeRequest<'a> {
    context: &'a Context,
    headers: &'a HeaderMap,
    resource: Option<&'a (dyn Fn() -> String + Sync)>,
    route_key: Option<&'a str>,
    connection_id: Option<&'a str>,
    arn: OnceLock<String>,
    query: OnceLock<QueryString<'a>>,
}

impl<'a> AuthorizeRequest<'a> {
    /// Creates what an authorizer sees of the request with this context and these headers.
    #[must_use]
    pub fn new(context: &'a Context, headers: &'a HeaderMap) -> Self {
        Self {
            context,
            headers,
            resource: None,
            route_key: None,
            connection_id: None,
            arn: OnceLock::new(),
            query: OnceLock::new(),
        }
    }

    /// Makes the ARN of the request's method or route by other means than from its context.
    #[must_use]
    pub fn with_resource(mut self, resource: &'a (dyn Fn() -> String + Sync)) -> Self {
        self.resource = Some(resource);
        self
    }

    /// Tells the key of the route of an HTTP or WebSocket API, such as `GET /pets/{id}` or `$connect`.
    #[must_use]
    pub fn with_route_key(mut self, route_key: &'a str) -> Self {
        self.route_key = Some(route_key);
        self
    }

    /// Tells the id of the connection that a client of a WebSocket API is about to open.
    #[must_use]
    pub fn with_connection_id(mut self, connection_id: &'a str) -> Self {
        self.connection_id = Some(connection_id);
        self
    }

    /// Returns the context.
    #[must_use]
    pub fn context(&self) -> &'a Context {
        self.context
    }

    /// Returns the headers.
    #[must_use]
    pub fn headers(&self) -> &'a HeaderMap {
        self.headers
    }

    /// Returns the key of the route: the one that was told, or what it would be for the method and resource, such as
    /// `GET /pets/{id}`, or `$default` where no resource is known.
    #[must_use]
    pub fn route_key(&self) -> Cow<'a, str> {
        let context = self.context;
        match (self.route_key, context.resource()) {
            (Some(key), _) => key.into(),
            (None, Some(resource)) => format!("{} {}", context.method(), resource.path()).into(),
            (None, None) => "$default".into(),
        }
    }

    /// Returns the id of the connection, if it was told.
    #[must_use]
    pub fn connection_id(&self) -> Option<&'a str> {
        self.connection_id
    }

    /// Returns the parameters of the query string.
    #[must_use]
    pub fn query(&self) -> &QueryString<'a> {
        let context = self.context;
        self.query
            .get_or_init(|| QueryString::parse(context.uri().query().unwrap_or_default()))
    }

    /// Returns the ARN of the method or route that is called. Without a stage that served the request it is
    /// `arn:aws:execute-api:local:000000000000:app/default/{METHOD}{path}`.
    #[must_use]
    pub fn resource(&self) -> &str {
        self.arn.get_or_init(|| match self.resource {
            Some(resource) => resource(),
            None => default_arn(self.context),
        })
    }

    /// Returns the condition keys that need no authentication.
    #[must_use]
    pub fn condition_keys(&self) -> GlobalKeys<'a> {
        let text = |name| self.headers.get(name)?.to_str().ok();
        let mut keys = GlobalKeys::new(self.context.received_at());
        keys.referer = text(http::header::REFERER);
        keys.user_agent = text(http::header::USER_AGENT);
        keys.secure_transport = Some(self.context.scheme() == ClientScheme::Https);
        keys.source_ip = self.context.source_ip();
        keys
    }

    /// Returns the values of a header, joined with commas; `None` if there is none, or one is not UTF-8.
    pub(crate) fn header(&self, name: &http::HeaderName) -> Option<Cow<'a, str>> {
        let mut values = self.headers.get_all(name).iter();
        let text = |value: &'a http::HeaderValue| str::from_utf8(value.as_bytes()).ok();
        let first = text(values.next()?)?;
        let mut joined = Cow::Borrowed(first);
        for value in values {
            let joined = joined.to_mut();
            joined.push(',');
            joined.push_str(text(value)?);
        }
        Some(joined)
    }

    /// A request that owns what authorizers see.
    pub(crate) fn to_head(&self) -> Request<()> {
        let mut head = Request::new(());
        *head.method_mut() = self.context.method().clone();
        *head.uri_mut() = self.context.uri().clone();
        *head.version_mut() = self.context.version();
        *head.headers_mut() = self.headers.clone();
        head.extensions_mut().insert(self.context.clone());
        head
    }
}

impl fmt::Debug for AuthorizeRequest<'_> {
    /// Shows what is called; headers and query string may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizeRequest")
            .field("resource", &self.resource())
            .finish_non_exhaustive()
    }
}

/// Returns the path as it is routed: slashes at its beginning are one, and those at its end do not count. Else a policy
/// that speaks of `/a` would not hold for `//a` and `/a/`, which lead to the same method.
fn routed_path(context: &Context) -> &str {
    match context.event_path().trim_end_matches('/') {
        "" => "/",
        path => path,
    }
}

fn default_arn(context: &Context) -> String {
    let (method, path) = (context.method(), context.resource_path());
    match context.stage() {
        Some(stage) => format!(
            "arn:aws:execute-api:{}:{}:{}/{}/{method}{}",
            stage.region,
            stage.account_id,
            stage.api_id,
            stage.stage,
            routed_path(context)
        ),
        None => format!("arn:aws:execute-api:local:000000000000:app/default/{method}{path}"),
    }
}
