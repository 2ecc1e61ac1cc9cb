//! The backend of a method, and what is sent to and taken from it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The kind of a backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum IntegrationType {
    /// An AWS service action or a Lambda function, with templates.
    Aws,
    /// A Lambda function that sees the whole request.
    AwsProxy,
    /// An HTTP backend, with mappings and templates: nothing else is forwarded.
    Http,
    /// An HTTP backend that sees the whole request.
    HttpProxy,
    /// No backend: the request template says which response is chosen.
    Mock,
}

/// How the gateway reaches the backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum ConnectionType {
    /// Through the public network.
    Internet,
    /// Through a VPC link.
    VpcLink,
}

/// What happens to a request body whose content type has no template.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum PassthroughBehavior {
    /// The body passes as it is.
    #[default]
    WhenNoMatch,
    /// The body passes only where the method has no templates at all; else 415.
    WhenNoTemplates,
    /// The request is refused with 415.
    Never,
}

/// A conversion between text and bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum ContentHandling {
    /// Base64 text is decoded.
    ConvertToBinary,
    /// Bytes are encoded as base64 text.
    ConvertToText,
}

/// Whether a response is collected before it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum ResponseTransferMode {
    /// Collected first.
    Buffered,
    /// Sent as it arrives.
    Stream,
}

/// How the backend's certificate is checked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct TlsConfig {
    /// Accepts certificates that no trusted authority signed.
    pub insecure_skip_verification: bool,
}

/// The backend of a method.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Integration {
    /// The kind of backend.
    #[serde(rename = "type")]
    pub integration_type: IntegrationType,
    /// The verb towards the backend; absent or `ANY` is the client's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_method: Option<String>,
    /// The backend's URI, with `{name}` and `${stageVariables.name}` in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// How the backend is reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_type: Option<ConnectionType>,
    /// The VPC link, if the connection is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_id: Option<String>,
    /// The role that AWS would assume.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials: Option<String>,
    /// `integration.request.{header,path,querystring}.NAME` to a mapping expression.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub request_parameters: BTreeMap<String, String>,
    /// Content type to request template.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub request_templates: BTreeMap<String, String>,
    /// What happens to a body without a template.
    #[serde(default)]
    pub passthrough_behavior: PassthroughBehavior,
    /// A conversion of the request body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_handling: Option<ContentHandling>,
    /// How long the backend may take, in milliseconds: 50 to 29 000 on API Gateway, more by quota.
    pub timeout_in_millis: u32,
    /// The namespace of cached responses; absent is the resource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_namespace: Option<String>,
    /// The parameters that tell cached responses apart.
    #[serde(default)]
    pub cache_key_parameters: Vec<String>,
    /// How the backend's certificate is checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_config: Option<TlsConfig>,
    /// Whether the response is collected first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_transfer_mode: Option<ResponseTransferMode>,
    /// Status code to integration response. Each status has one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub integration_responses: BTreeMap<String, IntegrationResponse>,
}

impl Integration {
    /// How long a backend may take unless the definition says otherwise, in milliseconds.
    pub const DEFAULT_TIMEOUT_IN_MILLIS: u32 = 29_000;

    /// Creates an integration of a kind, with API Gateway's defaults.
    #[must_use]
    pub fn new(integration_type: IntegrationType) -> Self {
        let http = matches!(
            integration_type,
            IntegrationType::Http | IntegrationType::HttpProxy
        );
        Self {
            integration_type,
            http_method: None,
            uri: None,
            connection_type: http.then_some(ConnectionType::Internet),
            connection_id: None,
            credentials: None,
            request_parameters: BTreeMap::new(),
            request_templates: BTreeMap::new(),
            passthrough_behavior: PassthroughBehavior::default(),
            content_handling: None,
            timeout_in_millis: Self::DEFAULT_TIMEOUT_IN_MILLIS,
            cache_namespace: None,
            cache_key_parameters: Vec::new(),
            tls_config: None,
            response_transfer_mode: None,
            integration_responses: BTreeMap::new(),
        }
    }

    /// Creates an `HTTP` integration: only what is mapped reaches the backend.
    #[must_use]
    pub fn http(uri: impl Into<String>) -> Self {
        Self {
            uri: Some(uri.into()),
            ..Self::new(IntegrationType::Http)
        }
    }

    /// Creates an `HTTP_PROXY` integration: the backend sees the whole request.
    #[must_use]
    pub fn http_proxy(uri: impl Into<String>) -> Self {
        Self {
            uri: Some(uri.into()),
            ..Self::new(IntegrationType::HttpProxy)
        }
    }

    /// Creates an `AWS_PROXY` integration: the function `arn` sees the whole request.
    #[must_use]
    pub fn lambda_proxy(arn: impl AsRef<str>) -> Self {
        Self::function(IntegrationType::AwsProxy, arn.as_ref())
    }

    /// Creates an `AWS` integration of the function `arn`: mappings and templates make what it gets.
    #[must_use]
    pub fn lambda(arn: impl AsRef<str>) -> Self {
        Self::function(IntegrationType::Aws, arn.as_ref())
    }

    fn function(integration_type: IntegrationType, arn: &str) -> Self {
        // The region of the call is that of the function, and matters only to AWS.
        let region = arn.split(':').nth(3).unwrap_or("us-east-1");
        let uri = format!(
            "arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/{arn}/invocations"
        );
        Self {
            uri: Some(uri),
            http_method: Some("POST".to_owned()),
            ..Self::new(integration_type)
        }
    }

    /// Creates a `MOCK` integration that answers `status_code`, with an empty body unless a
    /// [`response`](Self::response) for it says more.
    #[must_use]
    pub fn mock(status_code: u16) -> Self {
        let body = format!("{{\"statusCode\": {status_code}}}");
        Self::new(IntegrationType::Mock)
            .request_template("application/json", body)
            .response(IntegrationResponse::new(status_code))
    }

    /// Sets the verb towards the backend.
    #[must_use]
    pub fn http_method(mut self, http_method: impl Into<String>) -> Self {
        self.http_method = Some(http_method.into());
        self
    }

    /// Maps a request parameter: `integration.request.header.x-user` from `method.request.header.x-client`.
    #[must_use]
    pub fn request_parameter(
        mut self,
        target: impl Into<String>,
        source: impl Into<String>,
    ) -> Self {
        self.request_parameters.insert(target.into(), source.into());
        self
    }

    /// Sets the request template for one content type.
    #[must_use]
    pub fn request_template(
        mut self,
        content_type: impl Into<String>,
        template: impl Into<String>,
    ) -> Self {
        self.request_templates
            .insert(content_type.into(), template.into());
        self
    }

    /// Sets what happens to a body without a template.
    #[must_use]
    pub fn passthrough_behavior(mut self, behavior: PassthroughBehavior) -> Self {
        self.passthrough_behavior = behavior;
        self
    }

    /// Converts the request's body.
    #[must_use]
    pub fn content_handling(mut self, content_handling: ContentHandling) -> Self {
        self.content_handling = Some(content_handling);
        self
    }

    /// Sets how long the backend may take, in milliseconds.
    #[must_use]
    pub fn timeout_in_millis(mut self, timeout_in_millis: u32) -> Self {
        self.timeout_in_millis = timeout_in_millis;
        self
    }

    /// Adds an integration response; one that has the same status code is replaced.
    #[must_use]
    pub fn response(mut self, response: IntegrationResponse) -> Self {
        self.integration_responses
            .insert(response.status_code.clone(), response);
        self
    }
}

/// One way a backend's answer becomes the method's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct IntegrationResponse {
    /// The status of the method response.
    pub status_code: String,
    /// The regular expression that chooses this entry; absent or empty is the default entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selection_pattern: Option<String>,
    /// `method.response.header.NAME` to a mapping expression.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub response_parameters: BTreeMap<String, String>,
    /// Content type to response template.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub response_templates: BTreeMap<String, String>,
    /// A conversion of the response body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_handling: Option<ContentHandling>,
}

impl IntegrationResponse {
    /// Creates the default entry for a status.
    #[must_use]
    pub fn new(status_code: u16) -> Self {
        Self {
            status_code: status_code.to_string(),
            ..Self::default()
        }
    }

    /// Chooses this entry where the backend's status matches `pattern` as a whole.
    #[must_use]
    pub fn selection_pattern(mut self, pattern: impl Into<String>) -> Self {
        self.selection_pattern = Some(pattern.into());
        self
    }

    /// Adds a header: `name` without its prefix, `expression` a mapping such as `'*'`.
    #[must_use]
    pub fn header(mut self, name: &str, expression: impl Into<String>) -> Self {
        self.response_parameters
            .insert(format!("method.response.header.{name}"), expression.into());
        self
    }

    /// Converts the backend's body.
    #[must_use]
    pub fn content_handling(mut self, content_handling: ContentHandling) -> Self {
        self.content_handling = Some(content_handling);
        self
    }

    /// Sets the response template for one content type.
    #[must_use]
    pub fn template(
        mut self,
        content_type: impl Into<String>,
        template: impl Into<String>,
    ) -> Self {
        self.response_templates
            .insert(content_type.into(), template.into());
        self
    }
}
