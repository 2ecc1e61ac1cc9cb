//! The backend of a method.

use std::collections::BTreeMap;

use towergate_definition::{
    ConnectionType, ContentHandling, HttpMethod, Integration, IntegrationResponse, IntegrationType,
    PassthroughBehavior, ResponseTransferMode, TlsConfig,
};

use super::{
    references,
    spot::{Findings, Spot},
};

const TYPES: [(&str, IntegrationType); 5] = [
    ("aws", IntegrationType::Aws),
    ("aws_proxy", IntegrationType::AwsProxy),
    ("http", IntegrationType::Http),
    ("http_proxy", IntegrationType::HttpProxy),
    ("mock", IntegrationType::Mock),
];

const CONNECTION_TYPES: [(&str, ConnectionType); 2] = [
    ("INTERNET", ConnectionType::Internet),
    ("VPC_LINK", ConnectionType::VpcLink),
];

const PASSTHROUGH_BEHAVIORS: [(&str, PassthroughBehavior); 3] = [
    ("when_no_match", PassthroughBehavior::WhenNoMatch),
    ("when_no_templates", PassthroughBehavior::WhenNoTemplates),
    ("never", PassthroughBehavior::Never),
];

const CONTENT_HANDLINGS: [(&str, ContentHandling); 2] = [
    ("CONVERT_TO_BINARY", ContentHandling::ConvertToBinary),
    ("CONVERT_TO_TEXT", ContentHandling::ConvertToText),
];

const TRANSFER_MODES: [(&str, ResponseTransferMode); 2] = [
    ("BUFFERED", ResponseTransferMode::Buffered),
    ("STREAM", ResponseTransferMode::Stream),
];

/// The shortest and, where responses are streamed, the longest time a backend may be given, in milliseconds.
const TIMEOUT_IN_MILLIS: (u32, u32) = (50, 900_000);

const MEMBERS: [&str; 21] = [
    "cacheKeyParameters",
    "cacheNamespace",
    "connectionId",
    "connectionType",
    "contentHandling",
    "credentials",
    "description",
    "httpMethod",
    "integrationSubtype",
    "integrationTarget",
    "passthroughBehavior",
    "payloadFormatVersion",
    "requestParameters",
    "requestTemplates",
    "responseParameters",
    "responseTransferMode",
    "responses",
    "timeoutInMillis",
    "tlsConfig",
    "type",
    "uri",
];

/// Reads the integration of the method `http_method` on `path`.
pub(super) fn read<'a>(
    spot: Spot<'a>,
    root: &Spot<'a>,
    path: &str,
    http_method: HttpMethod,
    findings: &mut Findings,
) -> Option<Integration> {
    let spot = findings.object(spot)?;
    let spot = if spot.get("$ref").is_some() {
        shared(spot, root, findings)?
    } else {
        spot
    };
    let Some(type_spot) = spot.get("type") else {
        findings.error(
            &spot.place,
            "an integration needs `type`: aws, aws_proxy, http, http_proxy or mock",
        );
        return None;
    };
    let integration_type = findings.choice(&type_spot, &TYPES)?;
    let mut integration = Integration::new(integration_type);
    backend(&spot, &mut integration, findings);
    let of = MethodName { path, http_method };
    if let Some(parameters) = spot.get("requestParameters") {
        integration.request_parameters = of.texts_only(parameters, "requestParameters", findings);
        request_parameter_names(&spot, findings);
    }
    if let Some(templates) = spot.get("requestTemplates") {
        integration.request_templates = findings.text_map(templates);
    }
    if let Some(responses) = spot.get("responses") {
        integration.integration_responses = integration_responses(responses, &of, findings);
    }
    not_carried(&spot, findings);
    findings.only(&spot, &MEMBERS);
    Some(integration)
}

/// Returns the integration that is referred to.
fn shared<'a>(spot: Spot<'a>, root: &Spot<'a>, findings: &mut Findings) -> Option<Spot<'a>> {
    let shared = references::follow(spot, root, findings)?;
    if let Some(components) = root.get("components") {
        findings.extension(&components, "integrations");
    }
    findings.object(shared)
}

/// Reads how the backend is reached and what for.
fn backend(spot: &Spot<'_>, integration: &mut Integration, findings: &mut Findings) {
    let mock = integration.integration_type == IntegrationType::Mock;
    let mut text = |key: &str| {
        let member = spot.get(key)?;
        findings.scalar(&member).map(str::to_owned)
    };
    integration.uri = text("uri");
    integration.credentials = text("credentials");
    integration.connection_id = text("connectionId");
    integration.cache_namespace = text("cacheNamespace");
    if !mock && integration.uri.is_none() {
        findings.error(&spot.place, "an integration of this type needs `uri`");
    }
    if let Some(member) = spot.get("httpMethod").filter(|_| !mock) {
        let verb = findings.text(&member);
        match verb.map(str::parse::<HttpMethod>) {
            Some(Ok(verb)) => integration.http_method = Some(verb.to_string()),
            Some(Err(why)) => findings.error(&member.place, why.to_string()),
            None => {}
        }
    }
    if let Some(member) = spot.get("connectionType") {
        integration.connection_type = findings
            .choice(&member, &CONNECTION_TYPES)
            .or(integration.connection_type);
    }
    if let Some(member) = spot.get("passthroughBehavior") {
        integration.passthrough_behavior = findings
            .choice(&member, &PASSTHROUGH_BEHAVIORS)
            .unwrap_or_default();
    }
    if let Some(member) = spot.get("contentHandling") {
        integration.content_handling = findings.choice(&member, &CONTENT_HANDLINGS);
    }
    if let Some(member) = spot.get("timeoutInMillis") {
        let (least, most) = TIMEOUT_IN_MILLIS;
        integration.timeout_in_millis = findings
            .integer(&member, least, most)
            .unwrap_or(Integration::DEFAULT_TIMEOUT_IN_MILLIS);
    }
    if let Some(member) = spot.get("cacheKeyParameters") {
        integration.cache_key_parameters = findings.texts(member);
    }
    if let Some(member) = spot.get("responseTransferMode") {
        integration.response_transfer_mode = findings.choice(&member, &TRANSFER_MODES);
    }
    if let Some(member) = spot.get("tlsConfig") {
        integration.tls_config = tls_config(member, findings);
    }
}

fn tls_config(spot: Spot<'_>, findings: &mut Findings) -> Option<TlsConfig> {
    let spot = findings.object(spot)?;
    let mut tls = TlsConfig::default();
    if let Some(skip) = spot.get("insecureSkipVerification") {
        tls.insecure_skip_verification = findings.truth(&skip).unwrap_or_default();
    }
    if let Some(name) = spot.get("serverNameToVerify") {
        let why = "`serverNameToVerify` is for HTTP APIs and has no effect in a REST API";
        findings.unsupported(&name.place, why);
    }
    findings.only(&spot, &["insecureSkipVerification", "serverNameToVerify"]);
    Some(tls)
}

/// Names the members that mean something to API Gateway and nothing here.
fn not_carried(spot: &Spot<'_>, findings: &mut Findings) {
    for key in ["integrationSubtype", "responseParameters"] {
        if let Some(member) = spot.get(key) {
            let why = format!("`{key}` is for HTTP APIs and has no effect in a REST API");
            findings.unsupported(&member.place, why);
        }
    }
    if let Some(member) = spot.get("payloadFormatVersion") {
        let why = "`payloadFormatVersion` is for HTTP APIs: functions behind a REST API always get format 1.0";
        findings.warning(&member.place, why);
    }
    if let Some(member) = spot.get("integrationTarget") {
        findings.unsupported(
            &member.place,
            "`integrationTarget` is not supported and has no effect",
        );
    }
}

/// Refuses targets that are not a REST API's.
fn request_parameter_names(spot: &Spot<'_>, findings: &mut Findings) {
    let parameters = spot.get("requestParameters");
    for (name, parameter) in parameters.iter().flat_map(Spot::members) {
        if !name.starts_with("integration.request.") {
            let why = format!(
                "`{name}` is no request parameter: in a REST API they are called `integration.request.header.NAME`, \
                 `integration.request.querystring.NAME` or `integration.request.path.NAME`"
            );
            findings.error(&parameter.place, why);
        }
    }
}

/// The method that findings are about.
struct MethodName<'a> {
    path: &'a str,
    http_method: HttpMethod,
}

impl MethodName<'_> {
    /// Reads mappings; values that are not text are dropped in the words of API Gateway.
    fn texts_only(
        &self,
        spot: Spot<'_>,
        what: &str,
        findings: &mut Findings,
    ) -> BTreeMap<String, String> {
        let Self { path, http_method } = self;
        let object = findings.object(spot);
        let mut texts = BTreeMap::new();
        for (key, value) in object.iter().flat_map(Spot::members) {
            match value.node.as_str() {
                Some(text) => {
                    texts.insert(key.to_owned(), text.to_owned());
                }
                None => findings.warning(
                    &value.place,
                    format!(
                        "Invalid format for '{what}'. Expected type string for property '{key}' of resource '{path}' \
                         and method '{http_method}' but got '{}'",
                        value.node.to_json()
                    ),
                ),
            }
        }
        texts
    }
}

/// Reads the responses: each status code has one, so a later one replaces an earlier.
fn integration_responses(
    spot: Spot<'_>,
    of: &MethodName<'_>,
    findings: &mut Findings,
) -> BTreeMap<String, IntegrationResponse> {
    let mut responses: BTreeMap<String, IntegrationResponse> = BTreeMap::new();
    let object = findings.object(spot);
    for (pattern, spot) in object.iter().flat_map(Spot::members) {
        let place = spot.place.clone();
        let Some(response) = integration_response(pattern, spot, of, findings) else {
            continue;
        };
        if let Some(earlier) = responses.get(&response.status_code) {
            let why = format!(
                "the response `{}` has the status code {} too: API Gateway keeps one of each, this one",
                earlier.selection_pattern.as_deref().unwrap_or("default"),
                response.status_code
            );
            findings.warning(&place, why);
        }
        responses.insert(response.status_code.clone(), response);
    }
    responses
}

fn integration_response(
    pattern: &str,
    spot: Spot<'_>,
    of: &MethodName<'_>,
    findings: &mut Findings,
) -> Option<IntegrationResponse> {
    let spot = findings.object(spot)?;
    let Some(code) = spot.get("statusCode") else {
        findings.error(&spot.place, "an integration response needs `statusCode`");
        return None;
    };
    let mut response = IntegrationResponse::default();
    response.status_code = findings.status_code(&code)?;
    response.selection_pattern = (pattern != "default").then(|| pattern.to_owned());
    if let Some(parameters) = spot.get("responseParameters") {
        response.response_parameters = of.texts_only(parameters, "responseParameters", findings);
    }
    if let Some(templates) = spot.get("responseTemplates") {
        response.response_templates = findings.text_map(templates);
    }
    if let Some(handling) = spot.get("contentHandling") {
        response.content_handling = findings.choice(&handling, &CONTENT_HANDLINGS);
    }
    findings.only(
        &spot,
        &[
            "contentHandling",
            "responseParameters",
            "responseTemplates",
            "statusCode",
        ],
    );
    Some(response)
}
