//! The event of a Lambda proxy integration, format 1.0 (rest-api.md, section 4.8).

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::{
    Serialize, Serializer,
    ser::{SerializeMap, SerializeSeq},
};
use towergate_core::{Context, ContextVariable, Identity};
use towergate_expressions::QueryString;

use super::event_headers::EventHeaders;

/// What a function gets of a request to a REST API.
///
/// ```
/// use http::Request;
/// use towergate_integrations::{Context, ProxyEvent};
///
/// let mut request = Request::get("/pets?tag=a&tag=b").body(()).unwrap();
/// let context = Context::of(&mut request);
/// let event = ProxyEvent::new(&context, "Root=1-67891233-abcdef012345678912345678", b"").to_json();
/// let event: serde_json::Value = serde_json::from_slice(&event).unwrap();
/// assert_eq!(event["queryStringParameters"]["tag"], "b");
/// assert_eq!(event["multiValueQueryStringParameters"]["tag"], serde_json::json!(["a", "b"]));
/// ```
#[derive(Debug)]
pub struct ProxyEvent<'a> {
    context: &'a Context,
    headers: EventHeaders<'a>,
    query: QueryString<'a>,
    body: Cow<'a, str>,
    is_base64_encoded: bool,
    operation_name: Option<&'a str>,
}

impl<'a> ProxyEvent<'a> {
    /// Creates the event of a request with the trace header `trace`. A body that is not UTF-8 is in it as base64.
    #[must_use]
    pub fn new(context: &'a Context, trace: &'a str, body: &'a [u8]) -> Self {
        let text = str::from_utf8(body).ok().map(Cow::Borrowed);
        Self {
            context,
            headers: EventHeaders::new(context, trace),
            query: QueryString::parse(context.uri().query().unwrap_or_default()),
            is_base64_encoded: text.is_none(),
            body: text.unwrap_or_else(|| STANDARD.encode(body).into()),
            operation_name: None,
        }
    }

    /// Creates the event of a request whose body is bytes: it is in the event as base64, unless it is empty.
    #[must_use]
    pub fn of_bytes(context: &'a Context, trace: &'a str, body: &[u8]) -> Self {
        Self {
            is_base64_encoded: true,
            body: STANDARD.encode(body).into(),
            ..Self::new(context, trace, b"")
        }
    }

    /// Names the operation, which is then in the request context.
    #[must_use]
    pub fn with_operation_name(mut self, name: Option<&'a str>) -> Self {
        self.operation_name = name;
        self
    }

    /// Writes the event as JSON.
    #[must_use]
    pub fn to_json(&self) -> Bytes {
        // A tenth more than the body, for what is escaped in it, and about as much as everything else takes.
        let mut json = Vec::with_capacity(self.body.len() / 10 * 11 + 4_096);
        // Only a map whose keys are no strings could fail, and there is none.
        let _ = serde_json::to_writer(&mut json, self);
        json.into()
    }

    /// The path without the stage, the slashes at its beginning collapsed into one.
    fn path(&self) -> &'a str {
        let path = self.context.resource_path();
        let slashes = path.bytes().take_while(|byte| *byte == b'/').count();
        path.get(slashes.saturating_sub(1)..).unwrap_or(path)
    }

    fn resource(&self) -> &'a str {
        self.context
            .resource()
            .map_or("", |resource| resource.path())
    }
}

impl Serialize for ProxyEvent<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let context = self.context;
        let parameters = || context.path_parameters();
        let has_parameters = parameters().next().is_some();
        let variables = context.stage().map_or(&[][..], |stage| &stage.variables);
        let mut query: Vec<_> = self.query.iter().collect();
        query.sort_by_key(|(name, _)| *name);
        let query = (!query.is_empty()).then_some(Groups(&query));

        let mut event = serializer.serialize_map(Some(12))?;
        event.serialize_entry("resource", self.resource())?;
        event.serialize_entry("path", self.path())?;
        event.serialize_entry("httpMethod", context.method().as_str())?;
        event.serialize_entry("headers", &self.headers.last())?;
        event.serialize_entry("multiValueHeaders", &self.headers.all())?;
        event.serialize_entry("queryStringParameters", &query.as_ref().map(Last))?;
        event.serialize_entry("multiValueQueryStringParameters", &query.as_ref().map(All))?;
        event.serialize_entry(
            "pathParameters",
            &has_parameters.then_some(Pairs(parameters)),
        )?;
        let variables = (!variables.is_empty()).then_some(Pairs(|| {
            variables.iter().map(|(name, value)| (&**name, &**value))
        }));
        event.serialize_entry("stageVariables", &variables)?;
        event.serialize_entry("requestContext", &RequestContext(self))?;
        let body = (!self.body.is_empty()).then_some(&self.body);
        event.serialize_entry("body", &body)?;
        let is_base64_encoded = self.is_base64_encoded && body.is_some();
        event.serialize_entry("isBase64Encoded", &is_base64_encoded)?;
        event.end()
    }
}

/// `requestContext`: the part of `$context` that functions see.
struct RequestContext<'a>(&'a ProxyEvent<'a>);

/// The variables that are in every request context, in the order of their names.
const VARIABLES: [&str; 5] = [
    "accountId",
    "apiId",
    "deploymentId",
    "domainName",
    "domainPrefix",
];

impl Serialize for RequestContext<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(event) = self;
        let context = event.context;
        let stage = context.stage();
        let mut map = serializer.serialize_map(None)?;
        for name in VARIABLES {
            let value = context.variable(&ContextVariable::parse(name));
            map.serialize_entry(name, value.as_deref().unwrap_or_default())?;
        }
        map.serialize_entry("stage", stage.map_or("", |stage| &stage.stage))?;
        map.serialize_entry("requestId", context.request_id().as_str())?;
        map.serialize_entry("extendedRequestId", context.extended_request_id().as_str())?;
        map.serialize_entry("httpMethod", context.method().as_str())?;
        map.serialize_entry("path", context.path())?;
        // HTTP/2 is told as HTTP/1.1 too.
        map.serialize_entry("protocol", "HTTP/1.1")?;
        map.serialize_entry("resourceId", context.resource().map_or("", |r| r.id()))?;
        map.serialize_entry("resourcePath", event.resource())?;
        let received_at = context.received_at();
        map.serialize_entry(
            "requestTime",
            &format_args!("{}", received_at.request_time()),
        )?;
        map.serialize_entry("requestTimeEpoch", &received_at.as_unix_millis())?;
        if let Some(name) = event.operation_name {
            map.serialize_entry("operationName", name)?;
        }
        if let Some(is_canary) = stage.and_then(|stage| stage.is_canary) {
            map.serialize_entry("isCanaryRequest", &is_canary)?;
        }
        if let Some(identity) = context
            .identity()
            .filter(|identity| is_authorized(identity))
        {
            map.serialize_entry("authorizer", &Authorizer(identity))?;
        }
        map.serialize_entry("identity", &Caller(context))?;
        map.end()
    }
}

fn is_authorized(identity: &Identity) -> bool {
    identity.principal_id.is_some() || !identity.authorizer.is_empty()
}

/// `requestContext.authorizer`: what the authorizer found out, the claims of a token in a map of their own.
struct Authorizer<'a>(&'a Identity);

impl Serialize for Authorizer<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(identity) = self;
        let claims = || {
            let added = identity.authorizer.iter();
            added.filter_map(|(key, value)| Some((key.strip_prefix("claims.")?, value.as_str())))
        };
        let mut map = serializer.serialize_map(None)?;
        if let Some(principal) = &identity.principal_id {
            map.serialize_entry("principalId", principal)?;
        }
        for (key, value) in &identity.authorizer {
            if !key.starts_with("claims.") {
                map.serialize_entry(key, value)?;
            }
        }
        if claims().next().is_some() {
            map.serialize_entry("claims", &Pairs(claims))?;
        }
        map.end()
    }
}

/// `requestContext.identity`: twelve facts that are null where they are not known, and the API key where one counts.
struct Caller<'a>(&'a Context);

impl Serialize for Caller<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(context) = self;
        let nobody = Identity::default();
        let identity = context.identity().unwrap_or(&nobody);
        let source_ip = context.source_ip().map(|address| address.to_string());
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in [
            ("accessKey", identity.access_key.as_deref()),
            ("accountId", identity.account_id.as_deref()),
            ("caller", identity.caller.as_deref()),
            (
                "cognitoAuthenticationProvider",
                identity.cognito_authentication_provider.as_deref(),
            ),
            (
                "cognitoAuthenticationType",
                identity.cognito_authentication_type.as_deref(),
            ),
            ("cognitoIdentityId", identity.cognito_identity_id.as_deref()),
            (
                "cognitoIdentityPoolId",
                identity.cognito_identity_pool_id.as_deref(),
            ),
            ("principalOrgId", identity.principal_org_id.as_deref()),
            ("sourceIp", source_ip.as_deref()),
            ("user", identity.user.as_deref()),
            ("userAgent", context.user_agent()),
            ("userArn", identity.user_arn.as_deref()),
        ] {
            map.serialize_entry(name, &value)?;
        }
        for (name, value) in [
            ("apiKey", &identity.api_key),
            ("apiKeyId", &identity.api_key_id),
        ] {
            if let Some(value) = value {
                map.serialize_entry(name, value)?;
            }
        }
        map.end()
    }
}

/// A map of the pairs that a closure lists.
struct Pairs<F>(F);

impl<'p, F, I> Serialize for Pairs<F>
where
    F: Fn() -> I,
    I: Iterator<Item = (&'p str, &'p str)>,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map((self.0)())
    }
}

/// Parameters, sorted by name.
struct Groups<'a>(&'a [(&'a str, &'a str)]);

impl Groups<'_> {
    /// Returns the parameters of each name.
    fn iter(&self) -> impl Iterator<Item = &[(&str, &str)]> {
        self.0.chunk_by(|(one, _), (other, _)| one == other)
    }
}

/// Of each name the last value.
struct Last<'a>(&'a Groups<'a>);

impl Serialize for Last<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().filter_map(|group| group.last().copied()))
    }
}

/// Of each name all values.
struct All<'a>(&'a Groups<'a>);

impl Serialize for All<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let groups = self.0.iter();
        serializer.collect_map(groups.filter_map(|group| Some((group.first()?.0, Values(group)))))
    }
}

struct Values<'a>(&'a [(&'a str, &'a str)]);

impl Serialize for Values<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut values = serializer.serialize_seq(Some(self.0.len()))?;
        for (_, value) in self.0 {
            values.serialize_element(value)?;
        }
        values.end()
    }
}
