//! `requestContext` of the events that functions get (rest-api.md, section 4.8).

use serde::{Serialize, Serializer, ser::SerializeMap};
use towergate_core::{Context, Identity, ResourceInfo, StageInfo};

use crate::pairs::Pairs;

/// The `requestContext` of an event: the part of `$context` that functions see.
#[derive(Debug, Clone, Copy)]
pub struct RequestContext<'a> {
    context: &'a Context,
    operation_name: Option<&'a str>,
}

impl<'a> RequestContext<'a> {
    /// Creates what functions see of `context`.
    #[must_use]
    pub fn new(context: &'a Context) -> Self {
        Self {
            context,
            operation_name: None,
        }
    }

    /// Names the operation.
    #[must_use]
    pub fn with_operation_name(mut self, name: Option<&'a str>) -> Self {
        self.operation_name = name;
        self
    }
}

impl Serialize for RequestContext<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let context = self.context;
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
        map.serialize_entry(
            "resourceId",
            context.resource().map_or("", ResourceInfo::id),
        )?;
        map.serialize_entry(
            "resourcePath",
            context.resource().map_or("", ResourceInfo::path),
        )?;
        let received_at = context.received_at();
        map.serialize_entry(
            "requestTime",
            &format_args!("{}", received_at.request_time()),
        )?;
        map.serialize_entry("requestTimeEpoch", &received_at.as_unix_millis())?;
        if let Some(name) = self.operation_name {
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
        if let Some(key) = context.api_key() {
            map.serialize_entry("apiKey", &key.value)?;
            map.serialize_entry("apiKeyId", &key.id)?;
        }
        map.end()
    }
}
