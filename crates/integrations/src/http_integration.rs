//! `HTTP` and `HTTP_PROXY`: a backend behind a URL.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method as Verb, Request, Response, Uri, header};
use towergate_client::Client;
use towergate_core::{Body, Context, Rejection, Step, TRACE_ID};
use towergate_definition::{
    self as definition, ConnectionType, Diagnostic, IntegrationType, Method, Place,
};
use towergate_expressions::UriTemplate;

use crate::{
    backends::Backends,
    content_handling::BinaryMediaTypes,
    deadline::IdleTimeout,
    header_rules::{forwarded, proxied_response, remove_before_http},
    integration_request::IntegrationRequest,
    integration_responses::{IntegrationResponses, Reply},
    request_mappings::Mapped,
    timeout::compile_timeout,
};

const API_ID: HeaderName = HeaderName::from_static("x-amzn-apigateway-api-id");

/// A compiled `HTTP` or `HTTP_PROXY` integration.
#[derive(Debug)]
pub(crate) struct HttpIntegration {
    /// The verb towards the backend; `None` is the client's own.
    verb: Option<Verb>,
    uri: UriTemplate,
    /// The URI, if it is the same for every request.
    fixed_uri: Option<Uri>,
    request: IntegrationRequest,
    timeout: Duration,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// The backend sees the whole request, and the client the whole answer.
    Proxy,
    /// Only what is mapped crosses, in either direction.
    Mapped(Box<IntegrationResponses>),
}

impl HttpIntegration {
    pub(crate) fn compile(
        method: &Method,
        integration: &definition::Integration,
        binary: &BinaryMediaTypes,
        place: &Place,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<Self> {
        report_unserved(integration, place, diagnostics);
        let request = IntegrationRequest::compile(integration, binary, place, diagnostics);
        let kind = Kind::compile(method, integration, binary, place, diagnostics);
        let uri = compile_uri(integration, request.as_ref(), place, diagnostics);
        let verb = compile_verb(integration, place, diagnostics);
        let timeout = compile_timeout(integration, place, diagnostics);
        let uri = uri?;
        let fixed_uri = uri.as_static().filter(|uri| !uri.contains(['{', '}']));
        let fixed_uri = fixed_uri.and_then(|uri| uri.parse().ok());
        Some(Self {
            verb: verb?,
            fixed_uri: fixed_uri.filter(is_served),
            uri,
            request: request?,
            timeout,
            kind: kind?,
        })
    }

    /// Whether the client gets a trace header: a proxied backend's own answer has none added.
    pub(crate) fn adds_trace(&self) -> bool {
        matches!(self.kind, Kind::Mapped(_))
    }

    pub(crate) async fn call(
        &self,
        context: &Context,
        body: Body,
        backends: &Backends,
    ) -> Result<Response<Body>, Rejection> {
        let prepared = self.request.prepare(context, body, backends).await?;
        let verb = self.verb.as_ref().unwrap_or(context.method());
        let body = if takes_body(verb) {
            prepared.body
        } else {
            Body::empty()
        };

        let mut request = Request::new(body);
        *request.method_mut() = verb.clone();
        *request.uri_mut() = self.uri(context, &prepared.mapped)?;
        *request.headers_mut() = self.headers(context, prepared.mapped.headers, backends);

        let deadline = backends.clock().now().saturating_add(self.timeout);
        let response = backends.send(context, request, self.timeout).await?;
        let (parts, body) = response.into_parts();
        match &self.kind {
            Kind::Proxy => {
                let body = IdleTimeout::wrap(body, self.timeout, backends);
                let mut response = Response::new(body);
                *response.status_mut() = parts.status;
                *response.headers_mut() = proxied_response(&parts.headers);
                Ok(response)
            }
            Kind::Mapped(responses) => {
                let selected = responses.select(parts.status.as_str());
                let reply = Reply {
                    headers: parts.headers,
                    body,
                    deadline,
                    idle_limit: self.timeout,
                    overrides: prepared.overrides,
                };
                responses.respond(selected, context, reply, backends).await
            }
        }
    }

    /// The backend's URI: the template, then the client's query, then what is mapped.
    fn uri(&self, context: &Context, mapped: &Mapped) -> Result<Uri, Rejection> {
        let client_query = match self.kind {
            Kind::Proxy => context.uri().query().unwrap_or_default(),
            Kind::Mapped(_) => "",
        };
        let mapped_query = mapped.query();
        if let Some(uri) = &self.fixed_uri
            && client_query.is_empty()
            && mapped_query.is_empty()
        {
            return Ok(uri.clone());
        }
        let misconfigured = |detail| Rejection::configuration(Step::IntegrationRequest, detail);
        let path = |name: &str| mapped.path(name);
        let rendered = self.uri.render(path, |name| context.stage_variable(name));
        let mut uri = rendered.map_err(|error| misconfigured(error.to_string()))?;
        // A fragment is for readers, not for servers, and would swallow the queries.
        uri.truncate(uri.find('#').unwrap_or(uri.len()));
        // A placeholder that nothing was mapped to is still there, and breaks the call.
        let is_complete = !uri.contains(['{', '}']);
        append_query(&mut uri, client_query);
        append_query(&mut uri, &mapped_query);
        match uri.parse::<Uri>() {
            Ok(parsed) if is_complete && is_served(&parsed) => Ok(parsed),
            _ => Err(misconfigured(format!("`{uri}` is not a URI to call"))),
        }
    }

    /// The backend's headers, in the order of rest-api.md, section 4.4.
    fn headers(&self, context: &Context, mapped: HeaderMap, backends: &Backends) -> HeaderMap {
        let mut headers = match self.kind {
            Kind::Proxy => forwarded(context.headers()),
            Kind::Mapped(_) => HeaderMap::with_capacity(mapped.len() + 6),
        };
        for name in self.request.of_caller() {
            headers.remove(name);
        }
        for (name, value) in &mapped {
            headers.insert(name, value.clone());
        }
        remove_before_http(&mut headers);

        headers
            .entry(header::ACCEPT)
            .or_insert(HeaderValue::from_static("application/json"));
        if let Some(content_type) = context.headers().get(header::CONTENT_TYPE)
            && takes_body(context.method())
        {
            headers
                .entry(header::CONTENT_TYPE)
                .or_insert_with(|| content_type.clone());
        }
        let api_id = context.stage().map_or("", |stage| &stage.api_id);
        let text = |text: &str| HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""));
        headers
            .entry(header::USER_AGENT)
            .or_insert_with(|| text(&format!("AmazonAPIGateway_{api_id}")));
        headers.insert(API_ID, text(api_id));
        headers.insert(TRACE_ID, text(context.trace(backends.random())));
        headers
    }
}

impl Kind {
    fn compile(
        method: &Method,
        integration: &definition::Integration,
        binary: &BinaryMediaTypes,
        place: &Place,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<Self> {
        if integration.integration_type == IntegrationType::HttpProxy {
            return Some(Self::Proxy);
        }
        let responses = IntegrationResponses::compile(
            &integration.integration_responses,
            method,
            binary,
            &place.key("responses"),
            diagnostics,
        );
        Some(Self::Mapped(Box::new(responses?)))
    }
}

fn append_query(uri: &mut String, query: &str) {
    if query.is_empty() {
        return;
    }
    let separator = match uri.contains('?') {
        false => "?",
        true if uri.ends_with(['?', '&']) => "",
        true => "&",
    };
    uri.extend([separator, query]);
}

fn is_served(uri: &Uri) -> bool {
    uri.scheme_str().is_some_and(Client::serves_scheme)
}

fn takes_body(verb: &Verb) -> bool {
    !matches!(*verb, Verb::GET | Verb::HEAD | Verb::OPTIONS)
}

fn compile_verb(
    integration: &definition::Integration,
    place: &Place,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Option<Verb>> {
    match integration.http_method.as_deref() {
        None => Some(None),
        Some(verb) if verb.eq_ignore_ascii_case("ANY") => Some(None),
        Some(verb) => match Verb::from_bytes(verb.to_ascii_uppercase().as_bytes()) {
            Ok(verb) => Some(Some(verb)),
            Err(_) => {
                let message = format!("`{verb}` is not an HTTP method");
                diagnostics.push(Diagnostic::error(place.key("httpMethod"), message));
                None
            }
        },
    }
}

fn compile_uri(
    integration: &definition::Integration,
    request: Option<&IntegrationRequest>,
    place: &Place,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<UriTemplate> {
    let place = place.key("uri");
    let Some(uri) = integration.uri.as_deref() else {
        diagnostics.push(Diagnostic::error(
            place,
            "an HTTP integration needs a `uri`",
        ));
        return None;
    };
    // The scheme may itself be a stage variable.
    let scheme = uri.split_once("://").map_or(uri, |(scheme, _)| scheme);
    if !scheme.contains(['$', '{']) && !Client::serves_scheme(scheme) {
        let message = if scheme.eq_ignore_ascii_case("https") {
            "backends behind `https` need the feature `rustls`".to_owned()
        } else {
            format!("`{uri}` does not begin with `http://` or `https://`")
        };
        diagnostics.push(Diagnostic::error(place, message));
        return None;
    }
    let template = UriTemplate::parse(uri);
    // A template may yet say what no mapping does.
    let has_template = !integration.request_templates.is_empty();
    let unmapped = template
        .path_names()
        .find(|name| request.is_some_and(|request| !request.maps_path(name)));
    if let Some(name) = unmapped.filter(|_| !has_template) {
        let message = format!(
            "`{{{name}}}` has no value, so this method answers 500: map `integration.request.path.{name}`"
        );
        diagnostics.push(Diagnostic::fault(place, message));
        return None;
    }
    Some(template)
}

/// Reports what the integration asks for and does not get.
fn report_unserved(
    integration: &definition::Integration,
    place: &Place,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let mut unserved = |key: &str, message: &str| {
        diagnostics.push(Diagnostic::unsupported(place.key(key), message));
    };
    if integration.connection_type == Some(ConnectionType::VpcLink) {
        unserved(
            "connectionType",
            "VPC links are not served; the URI is called directly",
        );
    }
    if integration
        .tls_config
        .as_ref()
        .is_some_and(|tls| tls.insecure_skip_verification)
    {
        unserved("tlsConfig", "certificates are always verified");
    }
    if !integration.cache_key_parameters.is_empty() {
        unserved("cacheKeyParameters", "responses are not cached");
    }
    if integration.credentials.is_some() {
        unserved("credentials", "calls to HTTP backends are not signed");
    }
}
