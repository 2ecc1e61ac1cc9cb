//! Who is asked whether a caller may call.

use serde::{Deserialize, Serialize};

/// The kind of an authorizer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum AuthorizerType {
    /// A function that gets one header.
    Token,
    /// A function that gets the request.
    Request,
    /// The tokens of Cognito user pools.
    CognitoUserPools,
}

/// An authorizer of a REST API. Methods name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Authorizer {
    /// Its kind.
    #[serde(rename = "type")]
    pub authorizer_type: AuthorizerType,
    /// The URI of its function: `arn:aws:apigateway:REGION:lambda:path/2015-03-31/functions/ARN/invocations`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorizer_uri: Option<String>,
    /// The role that AWS would assume to call the function.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorizer_credentials: Option<String>,
    /// What a request is known by, such as `method.request.header.Authorization`; of a `REQUEST` authorizer several,
    /// with commas between them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity_source: Option<String>,
    /// The regular expression that a token must match as a whole before it is looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity_validation_expression: Option<String>,
    /// How long an answer is kept, in seconds: 0 to 3600; absent is 300.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorizer_result_ttl_in_seconds: Option<u32>,
    /// The ARNs of the user pools.
    #[serde(
        default,
        rename = "providerARNs",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub provider_arns: Vec<String>,
}

impl Authorizer {
    /// How long an answer is kept unless the definition says otherwise, in seconds.
    pub const DEFAULT_RESULT_TTL_IN_SECONDS: u32 = 300;

    /// The longest that an answer is kept, in seconds.
    pub const MAX_RESULT_TTL_IN_SECONDS: u32 = 3600;

    /// Creates an authorizer of a kind, with API Gateway's defaults.
    #[must_use]
    pub fn new(authorizer_type: AuthorizerType) -> Self {
        Self {
            authorizer_type,
            authorizer_uri: None,
            authorizer_credentials: None,
            identity_source: None,
            identity_validation_expression: None,
            authorizer_result_ttl_in_seconds: None,
            provider_arns: Vec::new(),
        }
    }
}
