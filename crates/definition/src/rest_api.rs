//! A REST API: a tree of resources and what holds for all of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Authorizer, GatewayResponse, HttpMethod, Method};

/// Where the API key of a request is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[non_exhaustive]
pub enum ApiKeySource {
    /// The header `x-api-key`.
    #[default]
    Header,
    /// What the authorizer names.
    Authorizer,
}

/// One path of an API, with the verbs it has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Resource {
    /// The methods, by verb.
    pub methods: BTreeMap<HttpMethod, Method>,
}

/// A REST API.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct RestApi {
    /// Its name.
    pub name: String,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its version, in its author's own terms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Where API keys are.
    pub api_key_source: ApiKeySource,
    /// The media types whose bodies are bytes, not text.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub binary_media_types: Vec<String>,
    /// From how many bytes on a response is compressed; absent is never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum_compression_size: Option<u32>,
    /// The resource policy: the text of its JSON document, as API Gateway keeps it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// Whether `{apiId}.execute-api.*` is refused.
    pub disable_execute_api_endpoint: bool,
    /// The resources by path, those without methods included.
    pub resources: BTreeMap<String, Resource>,
    /// The authorizers by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub authorizers: BTreeMap<String, Authorizer>,
    /// The restyled refusals, by response type (`DEFAULT_4XX`).
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub gateway_responses: BTreeMap<String, GatewayResponse>,
}

impl RestApi {
    /// Creates an API that has only its root resource.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            resources: BTreeMap::from([("/".to_owned(), Resource::default())]),
            ..Self::default()
        }
    }

    /// Adds a method; one with the same path and verb is replaced. Resources above it come into being with it.
    #[must_use]
    pub fn method(mut self, path: &str, method: Method) -> Self {
        self.resource_mut(path)
            .methods
            .insert(method.http_method, method);
        self
    }

    /// Adds a media type whose bodies are bytes: `image/png`, `image/*` or `*/*`.
    #[must_use]
    pub fn binary_media_type(mut self, media_type: impl Into<String>) -> Self {
        self.binary_media_types.push(media_type.into());
        self
    }

    /// Adds an authorizer under a name that methods may give; one of the same name is replaced.
    #[must_use]
    pub fn authorizer(mut self, name: impl Into<String>, authorizer: Authorizer) -> Self {
        self.authorizers.insert(name.into(), authorizer);
        self
    }

    /// Restyles one type of refusal, such as `DEFAULT_4XX` or `THROTTLED`.
    #[must_use]
    pub fn gateway_response(
        mut self,
        response_type: impl Into<String>,
        response: GatewayResponse,
    ) -> Self {
        self.gateway_responses
            .insert(response_type.into(), response);
        self
    }

    /// Returns the resource at `path`, which comes into being with all those above it if it does not exist.
    pub fn resource_mut(&mut self, path: &str) -> &mut Resource {
        for (end, _) in path.match_indices('/').skip(1) {
            let parent = &path[..end];
            if !self.resources.contains_key(parent) {
                self.resources
                    .insert(parent.to_owned(), Resource::default());
            }
        }
        self.resources.entry("/".to_owned()).or_default();
        self.resources.entry(path.to_owned()).or_default()
    }
}
