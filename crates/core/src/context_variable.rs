//! `$context` by name: names are read once, when an expression is compiled.

use std::{borrow::Cow, fmt::Display};

use crate::{Context, Identity};

/// The name of a `$context` variable, ready to be looked up (rest-api.md, section 13).
///
/// A name that there is no variable of is accepted, as API Gateway accepts it, and has no value.
#[derive(Debug, Clone)]
pub struct ContextVariable(Name);

#[derive(Debug, Clone)]
enum Name {
    Known(Read),
    Authorizer(Box<str>),
    Unknown,
}

type Read = for<'a> fn(&'a Context) -> Option<Cow<'a, str>>;

impl ContextVariable {
    /// Reads a name without its `$context.`, such as `identity.sourceIp`.
    #[must_use]
    pub fn parse(name: &str) -> Self {
        if let Some(key) = name.strip_prefix("authorizer.") {
            return Self(Name::Authorizer(key.into()));
        }
        let known = TABLE.iter().find(|(known, _)| *known == name);
        Self(known.map_or(Name::Unknown, |(_, read)| Name::Known(*read)))
    }

    /// Returns the names of all variables, sorted, but for those that authorizers add.
    pub fn names() -> impl Iterator<Item = &'static str> {
        TABLE.iter().map(|(name, _)| *name)
    }

    /// Returns whether there is a variable of this name.
    #[must_use]
    pub fn is_known(&self) -> bool {
        !matches!(self.0, Name::Unknown)
    }
}

impl Context {
    /// Returns the value of a `$context` variable, if it has one.
    #[must_use]
    pub fn variable(&self, variable: &ContextVariable) -> Option<Cow<'_, str>> {
        match &variable.0 {
            Name::Known(read) => read(self),
            Name::Authorizer(key) => authorizer(self.identity()?, key).map(Cow::Borrowed),
            Name::Unknown => None,
        }
    }
}

fn authorizer<'a>(identity: &'a Identity, key: &str) -> Option<&'a str> {
    match key {
        "principalId" => identity.principal_id.as_deref(),
        _ => identity.authorizer.get(key).map(String::as_str),
    }
}

fn borrowed(value: Option<&str>) -> Option<Cow<'_, str>> {
    value.map(Cow::Borrowed)
}

fn shown<'a>(value: impl Display) -> Option<Cow<'a, str>> {
    Some(Cow::Owned(value.to_string()))
}

fn identity(context: &Context, read: fn(&Identity) -> &Option<String>) -> Option<Cow<'_, str>> {
    borrowed(
        context
            .identity()
            .and_then(|identity| read(identity).as_deref()),
    )
}

const TABLE: &[(&str, Read)] = &[
    ("accountId", |c| {
        borrowed(c.stage().map(|stage| stage.account_id.as_str()))
    }),
    ("apiId", |c| {
        borrowed(c.stage().map(|stage| stage.api_id.as_str()))
    }),
    ("deploymentId", |c| {
        borrowed(c.stage().map(|stage| stage.deployment_id.as_str()))
    }),
    ("domainName", |c| borrowed(c.domain_name())),
    ("domainPrefix", |c| {
        borrowed(c.domain_name().and_then(|name| name.split('.').next()))
    }),
    ("error.message", |c| {
        borrowed(c.rejection().and_then(|rejection| rejection.message()))
    }),
    ("error.messageString", |c| {
        shown(c.rejection()?.message_string())
    }),
    ("error.responseType", |c| {
        borrowed(c.rejection().map(|r| r.response_type().name()))
    }),
    ("error.validationErrorString", |c| {
        borrowed(
            c.rejection()
                .filter(|r| r.step() == crate::Step::Validation)?
                .detail(),
        )
    }),
    ("extendedRequestId", |c| {
        borrowed(Some(c.extended_request_id().as_str()))
    }),
    ("httpMethod", |c| borrowed(Some(c.method().as_str()))),
    ("identity.accessKey", |c| identity(c, |i| &i.access_key)),
    ("identity.accountId", |c| identity(c, |i| &i.account_id)),
    ("identity.apiKey", |c| {
        borrowed(c.api_key().map(|key| &*key.value))
    }),
    ("identity.apiKeyId", |c| {
        borrowed(c.api_key().map(|key| &*key.id))
    }),
    ("identity.caller", |c| identity(c, |i| &i.caller)),
    ("identity.cognitoAuthenticationProvider", |c| {
        identity(c, |i| &i.cognito_authentication_provider)
    }),
    ("identity.cognitoAuthenticationType", |c| {
        identity(c, |i| &i.cognito_authentication_type)
    }),
    ("identity.cognitoIdentityId", |c| {
        identity(c, |i| &i.cognito_identity_id)
    }),
    ("identity.cognitoIdentityPoolId", |c| {
        identity(c, |i| &i.cognito_identity_pool_id)
    }),
    ("identity.principalOrgId", |c| {
        identity(c, |i| &i.principal_org_id)
    }),
    ("identity.sourceIp", |c| shown(c.source_ip()?)),
    ("identity.user", |c| identity(c, |i| &i.user)),
    ("identity.userAgent", |c| borrowed(c.user_agent())),
    ("identity.userArn", |c| identity(c, |i| &i.user_arn)),
    ("integration.integrationStatus", |c| {
        shown(c.integration()?.0)
    }),
    ("integration.latency", |c| {
        shown(c.integration()?.1.as_millis())
    }),
    ("integration.status", |c| shown(c.integration()?.0)),
    ("integrationLatency", |c| {
        shown(c.integration()?.1.as_millis())
    }),
    ("integrationStatus", |c| shown(c.integration()?.0)),
    ("isCanaryRequest", |c| shown(c.stage()?.is_canary?)),
    ("path", |c| borrowed(Some(c.path()))),
    // HTTP/2 is logged as HTTP/1.1 too.
    ("protocol", |_| borrowed(Some("HTTP/1.1"))),
    ("requestId", |c| borrowed(Some(c.request_id().as_str()))),
    ("requestTime", |c| shown(c.received_at().request_time())),
    ("requestTimeEpoch", |c| {
        shown(c.received_at().as_unix_millis())
    }),
    ("resourceId", |c| {
        borrowed(c.resource().map(crate::ResourceInfo::id))
    }),
    ("resourcePath", |c| {
        borrowed(c.resource().map(crate::ResourceInfo::path))
    }),
    ("stage", |c| {
        borrowed(c.stage().map(|stage| stage.stage.as_str()))
    }),
    ("status", |c| shown(c.status()?)),
    ("xrayTraceId", |c| borrowed(c.known_trace())),
];

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use http::Request;

    use super::*;
    use crate::{ApiKeyInfo, ClientAddress, Rejection, ResponseType, StageInfo, StagePath, Step};

    fn context() -> Context {
        let mut request = Request::post("/prod/pets?x=1")
            .header("host", "abc.execute-api.eu-west-1.amazonaws.com")
            .header("user-agent", "probe/1")
            .header("x-amzn-requestid", "3f0c1d1e-7a52-4f6e-9b0e-0d6a3c1f2b4a")
            .extension(ClientAddress([203, 0, 113, 7].into()))
            .body(())
            .unwrap();
        Context::of(&mut request)
    }

    #[test]
    fn every_variable_is_read_by_its_name() {
        let context = context();
        context.note_stage(StagePath {
            info: Arc::new(StageInfo {
                account_id: "123456789012".to_owned(),
                api_id: "abc".to_owned(),
                stage: "prod".to_owned(),
                is_canary: Some(false),
                ..StageInfo::default()
            }),
            path_start: 0,
            resource_start: 5,
        });
        context.note_identity(Identity {
            principal_id: Some("user|1".to_owned()),
            authorizer: [("tier".to_owned(), "gold".to_owned())].into(),
            ..Identity::default()
        });
        context.note_api_key(Arc::new(ApiKeyInfo::new("k1", "a-key-of-a-partner")));
        context.note_integration(201, Duration::from_millis(12));
        context.note_rejection(
            Rejection::new(ResponseType::BadRequestBody, Step::Validation)
                .with_message("a \"b\"")
                .with_detail("[why]"),
        );
        let cases = [
            ("accountId", Some("123456789012")),
            ("apiId", Some("abc")),
            ("authorizer.principalId", Some("user|1")),
            ("authorizer.tier", Some("gold")),
            ("authorizer.other", None),
            ("domainPrefix", Some("abc")),
            ("error.message", Some("a \"b\"")),
            ("error.messageString", Some(r#""a \"b\"""#)),
            ("error.responseType", Some("BAD_REQUEST_BODY")),
            ("error.validationErrorString", Some("[why]")),
            ("httpMethod", Some("POST")),
            ("identity.apiKey", Some("a-key-of-a-partner")),
            ("identity.apiKeyId", Some("k1")),
            ("identity.sourceIp", Some("203.0.113.7")),
            ("identity.user", None),
            ("identity.userAgent", Some("probe/1")),
            ("integration.status", Some("201")),
            ("integrationLatency", Some("12")),
            ("isCanaryRequest", Some("false")),
            ("path", Some("/prod/pets")),
            ("protocol", Some("HTTP/1.1")),
            ("requestId", Some("3f0c1d1e-7a52-4f6e-9b0e-0d6a3c1f2b4a")),
            ("resourcePath", None),
            ("stage", Some("prod")),
            ("status", None),
            ("no.such", None),
        ];
        for (name, expected) in cases {
            assert_eq!(
                context.variable(&ContextVariable::parse(name)).as_deref(),
                expected,
                "{name}"
            );
        }
    }

    #[test]
    fn unknown_names_are_told_apart() {
        assert!(ContextVariable::parse("stage").is_known());
        assert!(!ContextVariable::parse("stages").is_known());
    }
}
