//! A verb on a resource: who may call it, what it takes, what answers.

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::Integration;

/// The verbs a method may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[allow(missing_docs, reason = "each is the verb it is called after")]
pub enum HttpMethod {
    /// Every verb below that the resource has no method for.
    Any,
    Delete,
    Get,
    Head,
    Options,
    Patch,
    Post,
    Put,
}

impl HttpMethod {
    /// Every verb, `ANY` first.
    pub const ALL: [Self; 8] = [
        Self::Any,
        Self::Delete,
        Self::Get,
        Self::Head,
        Self::Options,
        Self::Patch,
        Self::Post,
        Self::Put,
    ];

    /// Returns the key of a method with this verb in a definition: `get`, or `x-amazon-apigateway-any-method`.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Any => "x-amazon-apigateway-any-method",
            Self::Delete => "delete",
            Self::Get => "get",
            Self::Head => "head",
            Self::Options => "options",
            Self::Patch => "patch",
            Self::Post => "post",
            Self::Put => "put",
        }
    }

    /// Returns the verb in capitals.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Any => "ANY",
            Self::Delete => "DELETE",
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Options => "OPTIONS",
            Self::Patch => "PATCH",
            Self::Post => "POST",
            Self::Put => "PUT",
        }
    }
}

impl fmt::Display for HttpMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A verb that API Gateway has no method for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownHttpMethod(String);

impl fmt::Display for UnknownHttpMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is not ANY, DELETE, GET, HEAD, OPTIONS, PATCH, POST or PUT",
            self.0
        )
    }
}

impl std::error::Error for UnknownHttpMethod {}

impl FromStr for HttpMethod {
    type Err = UnknownHttpMethod;

    /// Reads a verb in any case.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|method| method.as_str().eq_ignore_ascii_case(text))
            .ok_or_else(|| UnknownHttpMethod(text.to_owned()))
    }
}

/// Who may call a method.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum AuthorizationType {
    /// Anybody.
    #[default]
    None,
    /// Callers who sign with Signature Version 4.
    AwsIam,
    /// Those whom a Lambda authorizer lets in.
    Custom,
    /// Those with a token of a Cognito user pool.
    CognitoUserPools,
}

/// A verb on a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Method {
    /// The verb.
    pub http_method: HttpMethod,
    /// The name of the operation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation_name: Option<String>,
    /// Who may call it.
    #[serde(default)]
    pub authorization_type: AuthorizationType,
    /// The authorizer's name, where the type needs one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorizer: Option<String>,
    /// The scopes a token must have one of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authorization_scopes: Vec<String>,
    /// Whether callers need an API key.
    #[serde(default)]
    pub api_key_required: bool,
    /// The request validator's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_validator: Option<String>,
    /// `method.request.{header,path,querystring}.NAME` to whether it is required.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub request_parameters: BTreeMap<String, bool>,
    /// Content type to model name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub request_models: BTreeMap<String, String>,
    /// Status code to method response.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub method_responses: BTreeMap<String, MethodResponse>,
    /// What answers; without one the method answers 500.
    #[serde(
        rename = "methodIntegration",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub integration: Option<Integration>,
}

impl Method {
    /// Creates an open method answered by `integration`.
    #[must_use]
    pub fn new(http_method: HttpMethod, integration: Integration) -> Self {
        Self {
            integration: Some(integration),
            ..Self::without_integration(http_method)
        }
    }

    /// Creates an open method that nothing answers yet.
    #[must_use]
    pub fn without_integration(http_method: HttpMethod) -> Self {
        Self {
            http_method,
            operation_name: None,
            authorization_type: AuthorizationType::None,
            authorizer: None,
            authorization_scopes: Vec::new(),
            api_key_required: false,
            request_validator: None,
            request_parameters: BTreeMap::new(),
            request_models: BTreeMap::new(),
            method_responses: BTreeMap::new(),
            integration: None,
        }
    }

    /// Names the operation.
    #[must_use]
    pub fn operation_name(mut self, name: impl Into<String>) -> Self {
        self.operation_name = Some(name.into());
        self
    }

    /// Adds a method response; one that has the same status code is replaced.
    #[must_use]
    pub fn response(mut self, response: MethodResponse) -> Self {
        self.method_responses
            .insert(response.status_code.clone(), response);
        self
    }
}

/// What a method may answer with one status.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct MethodResponse {
    /// The status.
    pub status_code: String,
    /// `method.response.header.NAME` to whether it is required (API Gateway always says `false`).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub response_parameters: BTreeMap<String, bool>,
    /// Content type to model name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub response_models: BTreeMap<String, String>,
}

impl MethodResponse {
    /// Creates a response that declares no headers.
    #[must_use]
    pub fn new(status_code: u16) -> Self {
        Self {
            status_code: status_code.to_string(),
            ..Self::default()
        }
    }

    /// Declares a header.
    #[must_use]
    pub fn header(mut self, name: &str) -> Self {
        self.response_parameters
            .insert(format!("method.response.header.{name}"), false);
        self
    }
}
