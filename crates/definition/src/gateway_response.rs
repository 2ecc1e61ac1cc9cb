//! The answers an API gives in its own words when it refuses a request.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How an API restyles one type of refusal (`spec` of API Gateway: `GatewayResponse`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct GatewayResponse {
    /// The status, if it is not the refusal's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_code: Option<String>,
    /// `gatewayresponse.header.NAME` to a mapping expression.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub response_parameters: BTreeMap<String, String>,
    /// Content type to text with `$context`, `$stageVariables` and `$method.request` substitutions.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub response_templates: BTreeMap<String, String>,
}

impl GatewayResponse {
    /// Creates an entry that changes nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers with `status_code`.
    #[must_use]
    pub fn status_code(mut self, status_code: u16) -> Self {
        self.status_code = Some(status_code.to_string());
        self
    }

    /// Adds a header: `name` without its prefix, `expression` a mapping such as `'*'` or `context.requestId`.
    #[must_use]
    pub fn header(mut self, name: &str, expression: impl Into<String>) -> Self {
        self.response_parameters
            .insert(format!("gatewayresponse.header.{name}"), expression.into());
        self
    }

    /// Sets the body for one content type.
    #[must_use]
    pub fn template(mut self, content_type: impl Into<String>, text: impl Into<String>) -> Self {
        self.response_templates
            .insert(content_type.into(), text.into());
        self
    }
}
