//! What holds for the whole API: its name and the extensions at the root.

use std::collections::BTreeMap;

use serde_json::Value;
use towergate_definition::{ApiKeySource, GatewayResponse, RestApi};

use super::spot::{Findings, Spot};

/// The largest minimum compression size, in bytes.
const MAX_MINIMUM_COMPRESSION_SIZE: u32 = 10_485_760;

/// Reads the API without its paths.
pub(super) fn settings(root: &Spot<'_>, findings: &mut Findings) -> RestApi {
    let mut api = RestApi::new("");
    info(root, &mut api, findings);
    if let Some(spot) = findings.extension(root, "api-key-source") {
        let sources = [
            ("HEADER", ApiKeySource::Header),
            ("AUTHORIZER", ApiKeySource::Authorizer),
        ];
        api.api_key_source = findings.choice(&spot, &sources).unwrap_or_default();
    }
    if let Some(spot) = findings.extension(root, "binary-media-types") {
        api.binary_media_types = findings.texts(spot);
    }
    if let Some(spot) = findings.extension(root, "minimum-compression-size") {
        api.minimum_compression_size = findings.integer(&spot, 0, MAX_MINIMUM_COMPRESSION_SIZE);
    }
    if let Some(spot) = findings.extension(root, "policy") {
        api.policy = policy(&spot, findings);
    }
    if let Some(spot) = findings.extension(root, "gateway-responses") {
        api.gateway_responses = gateway_responses(spot, findings);
    }
    api.disable_execute_api_endpoint = execute_api_endpoint_is_disabled(root, findings);
    models(root, findings);
    api
}

fn info(root: &Spot<'_>, api: &mut RestApi, findings: &mut Findings) {
    let info = root.get("info").and_then(|spot| findings.object(spot));
    let mut text = |key| {
        let spot = info.as_ref()?.get(key)?;
        findings.scalar(&spot).map(str::to_owned)
    };
    let title = text("title");
    api.description = text("description");
    api.version = text("version");
    if title.is_none() {
        findings.warning(
            &root.place.key("info").key("title"),
            "the attribute is missing: the API has no name",
        );
    }
    api.name = title.unwrap_or_default();
}

/// Reads a policy document, which may be text that holds one.
fn policy(spot: &Spot<'_>, findings: &mut Findings) -> Option<String> {
    // Text is kept as it is: whoever reads the policy sees what is in it twice.
    let policy = match spot.node.as_str() {
        Some(text) => text.to_owned(),
        None => spot.node.to_json().to_string(),
    };
    let is_object = serde_json::from_str::<Value>(&policy).is_ok_and(|policy| policy.is_object());
    if !is_object {
        findings.error(
            &spot.place,
            "a policy document is expected here, an object with `Version` and `Statement`",
        );
        return None;
    }
    Some(policy)
}

fn gateway_responses(spot: Spot<'_>, findings: &mut Findings) -> BTreeMap<String, GatewayResponse> {
    let mut responses = BTreeMap::new();
    let types = findings.object(spot);
    for (response_type, spot) in types.iter().flat_map(Spot::members) {
        let Some(spot) = findings.object(spot) else {
            continue;
        };
        let mut response = GatewayResponse::new();
        response.status_code = spot
            .get("statusCode")
            .and_then(|code| findings.status_code(&code));
        if let Some(parameters) = spot.get("responseParameters") {
            response.response_parameters = findings.text_map(parameters);
        }
        if let Some(templates) = spot.get("responseTemplates") {
            response.response_templates = findings.text_map(templates);
        }
        findings.only(
            &spot,
            &["statusCode", "responseParameters", "responseTemplates"],
        );
        responses.insert(response_type.to_owned(), response);
    }
    responses
}

/// Reads the endpoint configuration: at the root in Swagger 2.0, beside a server in OpenAPI 3.0.
fn execute_api_endpoint_is_disabled(root: &Spot<'_>, findings: &mut Findings) -> bool {
    let servers = root.get("servers").and_then(|spot| findings.list(spot));
    let owners: Vec<_> = std::iter::once(root.clone())
        .chain(servers.iter().flat_map(Spot::items))
        .collect();
    let mut disabled = false;
    for owner in owners {
        let configuration = findings
            .extension(&owner, "endpoint-configuration")
            .and_then(|spot| findings.object(spot));
        let Some(configuration) = configuration else {
            continue;
        };
        if let Some(spot) = configuration.get("disableExecuteApiEndpoint") {
            disabled |= findings.truth(&spot).unwrap_or_default();
        }
        for (key, spot) in configuration.members() {
            if key != "disableExecuteApiEndpoint" {
                findings.unsupported(
                    &spot.place,
                    format!("`{key}` has no effect: the endpoint is the host's own server"),
                );
            }
        }
    }
    disabled
}

/// Returns the names of the request validators. What each of them checks is not carried.
pub(super) fn request_validators<'a>(root: &Spot<'a>, findings: &mut Findings) -> Vec<&'a str> {
    let validators = findings
        .extension(root, "request-validators")
        .and_then(|spot| findings.object(spot));
    let mut names = Vec::new();
    for (name, spot) in validators.iter().flat_map(Spot::members) {
        let Some(spot) = findings.object(spot) else {
            continue;
        };
        for key in ["validateRequestBody", "validateRequestParameters"] {
            if let Some(truth) = spot.get(key) {
                findings.truth(&truth);
            }
        }
        findings.unsupported(
            &spot.place,
            format!("what the request validator `{name}` checks is not read: methods only name it"),
        );
        names.push(name);
    }
    names
}

/// Says which models are known by their names only.
fn models(root: &Spot<'_>, findings: &mut Findings) {
    let nested = root
        .get("components")
        .and_then(|components| components.get("schemas"));
    for models in [nested, root.get("definitions")].into_iter().flatten() {
        let names: Vec<_> = models.members().map(|(name, _)| name).collect();
        if !names.is_empty() {
            findings.unsupported(
                &models.place,
                format!(
                    "models are read by name only, their schemas have no effect: {}",
                    names.join(", ")
                ),
            );
        }
    }
}
