//! The event of a Lambda proxy integration, format 1.0 (rest-api.md, section 4.8).

use std::{borrow::Cow, io};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::{Serialize, Serializer, ser::SerializeMap};
use towergate_core::{Context, Identity, StageInfo};
use towergate_expressions::QueryString;

use super::{event_headers::EventHeaders, pairs::Pairs, payload_limits::MAX_REQUEST_BYTES};

/// What a function gets of a request to a REST API.
pub(super) struct ProxyEvent<'a> {
    context: &'a Context,
    headers: EventHeaders<'a>,
    query: QueryString<'a>,
    body: Cow<'a, str>,
    is_base64_encoded: bool,
    operation_name: Option<&'a str>,
}

/// The event is over what functions take.
#[derive(Debug, thiserror::Error)]
#[error("the event is over {MAX_REQUEST_BYTES} bytes")]
pub(super) struct EventTooLarge;

impl<'a> ProxyEvent<'a> {
    /// Creates the event of a request with the trace header `trace`. A body that is not UTF-8 is in it as base64, and so
    /// is one of a binary type.
    pub(super) fn new(
        context: &'a Context,
        trace: &'a str,
        body: &'a [u8],
        is_binary: bool,
    ) -> Result<Self, EventTooLarge> {
        // What cannot fit is not even encoded.
        let text = str::from_utf8(body).ok().filter(|_| !is_binary);
        let length = match text {
            Some(text) => text.len(),
            None => body.len().div_ceil(3).saturating_mul(4),
        };
        if length > MAX_REQUEST_BYTES {
            return Err(EventTooLarge);
        }
        Ok(Self {
            context,
            headers: EventHeaders::new(context, trace),
            query: QueryString::parse(context.uri().query().unwrap_or_default()),
            is_base64_encoded: text.is_none() && !body.is_empty(),
            body: text.map_or_else(|| STANDARD.encode(body).into(), Cow::Borrowed),
            operation_name: None,
        })
    }

    /// Names the operation, which is then in the request context.
    pub(super) fn with_operation_name(mut self, name: Option<&'a str>) -> Self {
        self.operation_name = name;
        self
    }

    /// Writes the event as JSON.
    pub(super) fn to_json(&self) -> Result<Bytes, EventTooLarge> {
        // A tenth more than the body, for what is escaped in it, and about as much as everything else takes.
        let mut json = BoundedJson(Vec::with_capacity(self.body.len() / 10 * 11 + 4_096));
        // Only a map whose keys are no strings could fail otherwise, and there is none.
        serde_json::to_writer(&mut json, self).map_err(|_| EventTooLarge)?;
        Ok(json.0.into())
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

/// Text that is refused once it is over what functions take: control characters grow to six times their size.
struct BoundedJson(Vec<u8>);

impl io::Write for BoundedJson {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_REQUEST_BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
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
        let groups = || query.chunk_by(|(one, _), (other, _)| one == other);
        let last = Pairs(|| groups().filter_map(|group| group.last().copied()));
        let all = Pairs(|| {
            groups().filter_map(|group| {
                let values = group.iter().map(|(_, value)| *value);
                Some((group.first()?.0, values.collect::<Vec<_>>()))
            })
        });
        let has_query = !query.is_empty();

        let mut event = serializer.serialize_map(Some(12))?;
        event.serialize_entry("resource", self.resource())?;
        event.serialize_entry("path", self.path())?;
        event.serialize_entry("httpMethod", context.method().as_str())?;
        event.serialize_entry("headers", &self.headers.last())?;
        event.serialize_entry("multiValueHeaders", &self.headers.all())?;
        event.serialize_entry("queryStringParameters", &has_query.then_some(last))?;
        event.serialize_entry("multiValueQueryStringParameters", &has_query.then_some(all))?;
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
        event.serialize_entry("isBase64Encoded", &self.is_base64_encoded)?;
        event.end()
    }
}

/// `requestContext`: the part of `$context` that functions see.
struct RequestContext<'a>(&'a ProxyEvent<'a>);

impl Serialize for RequestContext<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(event) = self;
        let context = event.context;
        let stage = context.stage();
        let of_stage = |read: fn(&StageInfo) -> &String| stage.map_or("", |stage| read(stage));
        let domain = context.domain_name().unwrap_or_default();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("accountId", of_stage(|stage| &stage.account_id))?;
        map.serialize_entry("apiId", of_stage(|stage| &stage.api_id))?;
        map.serialize_entry("deploymentId", of_stage(|stage| &stage.deployment_id))?;
        map.serialize_entry("domainName", domain)?;
        map.serialize_entry("domainPrefix", domain.split('.').next().unwrap_or(domain))?;
        map.serialize_entry("stage", of_stage(|stage| &stage.stage))?;
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
