//! From the method's request to the backend's: parameter mappings, and the body they may read.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::Value;
use towergate_core::{Body, BodyError, Context, Rejection, ResponseType, Step, is_dropped_header};
use towergate_definition::{Diagnostic, Integration, IntegrationType, Place};
use towergate_expressions::{
    MappedValue, MappingError, MethodRequest, QueryString, RequestMapping, RequestTarget,
};
use towergate_mapping_templates::{Overrides, override_text};

use crate::{
    backends::Backends,
    deadline::{Deadline, Elapsed},
    header_rules::is_illegal_target,
    header_source::HeaderSource,
};

/// How long a client may take to send a body that a step reads.
const MAX_COLLECT_TIME: Duration = Duration::from_secs(300);

/// The request parameters of an integration, by where they go.
#[derive(Debug, Default)]
pub(crate) struct RequestMappings {
    headers: Vec<(HeaderName, HeaderSource<RequestMapping>)>,
    query: Vec<(String, RequestMapping)>,
    path: Vec<(String, RequestMapping)>,
    /// The headers that tell the backend who calls: a client's own of these names never reach it.
    of_caller: Vec<HeaderName>,
    needs_body: bool,
}

/// What the mappings of one request came to.
#[derive(Debug, Default)]
pub(crate) struct Mapped {
    pub(crate) headers: HeaderMap,
    query: Vec<(String, String)>,
    path: Vec<(String, String)>,
}

impl Mapped {
    /// Returns the query parameters, encoded and joined.
    pub(crate) fn query(&self) -> String {
        let mut query = String::new();
        for (name, value) in &self.query {
            QueryString::append(name, value, &mut query);
        }
        query
    }

    /// Returns what was mapped to the path parameter `name`.
    pub(crate) fn path(&self, name: &str) -> Option<&str> {
        let mut path = self.path.iter();
        path.find_map(|(known, value)| (known == name).then_some(value.as_str()))
    }

    /// Replaces what was mapped to the same names. What cannot stand in a header is refused.
    pub(crate) fn override_with(
        &mut self,
        overrides: Option<&Overrides>,
        integration_type: IntegrationType,
    ) -> Result<(), Rejection> {
        let Some(overrides) = overrides else {
            return Ok(());
        };
        for (name, value) in overrides.request_group("header") {
            let Ok(name) = HeaderName::try_from(name) else {
                continue;
            };
            if is_illegal_target(integration_type, &name) {
                let detail = format!("no template may set `{name}`");
                return Err(Rejection::internal(Step::IntegrationRequest, detail));
            }
            let Some(text) = override_text(value) else {
                continue;
            };
            let value = HeaderValue::try_from(text).map_err(|_| not_a_header_value(&name))?;
            self.headers.insert(name, value);
        }
        for (name, value) in overrides.request_group("path") {
            self.path.retain(|(known, _)| known != name);
            self.path
                .extend(override_text(value).map(|text| (name.to_owned(), text)));
        }
        for (name, value) in overrides.request_group("querystring") {
            self.query.retain(|(known, _)| known != name);
            let values = match value {
                Value::Array(values) => values.as_slice(),
                value => std::slice::from_ref(value),
            };
            let texts = values.iter().filter_map(override_text);
            self.query.extend(texts.map(|text| (name.to_owned(), text)));
        }
        Ok(())
    }
}

impl RequestMappings {
    /// Compiles the mappings of `integration`. Returns `None` if one of them can never work.
    pub(crate) fn compile(
        integration: &Integration,
        place: &Place,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<Self> {
        let place = place.key("requestParameters");
        let mut mappings = Self::default();
        let mut works = true;
        for (key, source) in &integration.request_parameters {
            let mut report = |diagnostic: fn(Place, String) -> Diagnostic, message: String| {
                diagnostics.push(diagnostic(place.key(key), message));
            };
            match (RequestTarget::parse(key), RequestMapping::parse(source)) {
                (Err(error), _) | (_, Err(error)) => {
                    report(Diagnostic::error, error.to_string());
                    works = false;
                }
                (Ok(RequestTarget::Header(header)), _)
                    if is_illegal_target(integration.integration_type, header.name()) =>
                {
                    let message = format!(
                        "no mapping may set `{}`; this method answers 500",
                        header.spelling()
                    );
                    report(Diagnostic::fault, message);
                    works = false;
                }
                _ if reads_dropped_header(source) => {
                    let message = format!(
                        "`{source}` has no value: the gateway drops this header of every request"
                    );
                    report(Diagnostic::warning, message);
                }
                (Ok(target), Ok(mapping)) => {
                    if let RequestTarget::Header(header) = &target
                        && tells_the_caller(source)
                    {
                        mappings.of_caller.push(header.name().clone());
                    }
                    mappings.push(target, mapping);
                }
            }
        }
        works.then_some(mappings)
    }

    fn push(&mut self, target: RequestTarget, mapping: RequestMapping) {
        self.needs_body |= mapping.needs_body();
        match target {
            RequestTarget::Header(header) => {
                let source = HeaderSource::new(mapping, RequestMapping::as_static);
                self.headers.push((header.name().clone(), source));
            }
            RequestTarget::Query(name) => self.query.push((name.into(), mapping)),
            RequestTarget::Path(name) => self.path.push((name.into(), mapping)),
        }
    }

    /// Returns the headers that tell the backend who calls, whether or not that is known of a request.
    pub(crate) fn of_caller(&self) -> &[HeaderName] {
        &self.of_caller
    }

    /// Returns whether a path parameter of this name is mapped.
    pub(crate) fn maps_path(&self, name: &str) -> bool {
        self.path.iter().any(|(known, _)| known == name)
    }

    /// Evaluates the mappings, and hands the body back: collected if one of them reads it.
    pub(crate) async fn evaluate(
        &self,
        context: &Context,
        body: Body,
        backends: &Backends,
    ) -> Result<(Mapped, Body), Rejection> {
        let view = MethodRequest::new(context, context.headers());
        if !self.needs_body {
            return Ok((self.map(&view)?, body));
        }
        let bytes = collect(body, backends).await?;
        let mapped = self.map(&view.with_body(&bytes))?;
        Ok((mapped, Body::from(bytes)))
    }

    fn map<'m>(&'m self, request: &'m MethodRequest<'_>) -> Result<Mapped, Rejection> {
        let mut mapped = Mapped::default();
        let value_of = |mapping: &'m RequestMapping| {
            let value = mapping.evaluate(request);
            value.map_err(|error| unreadable(&error))
        };
        for (name, source) in &self.headers {
            let text = |mapping| Ok(value_of(mapping)?.map(MappedValue::into_joined));
            if let Some(value) = source.value(text, || not_a_header_value(name))? {
                mapped.headers.insert(name, value);
            }
        }
        for (name, mapping) in &self.query {
            let Some(values) = value_of(mapping)? else {
                continue;
            };
            for value in values.iter() {
                mapped.query.push((name.clone(), value.to_owned()));
            }
        }
        for (name, mapping) in &self.path {
            let Some(value) = value_of(mapping)? else {
                continue;
            };
            let value = value.into_joined().into_owned();
            mapped.path.push((name.clone(), value));
        }
        Ok(mapped)
    }
}

/// Collects a client's body because a step reads it.
pub(crate) async fn collect(body: Body, backends: &Backends) -> Result<Bytes, Rejection> {
    let max = backends.max_request_bytes();
    let deadline = backends.clock().now().saturating_add(MAX_COLLECT_TIME);
    let collected = Deadline::new(body.collect(max), backends.timer(), deadline).await;
    let refused = Rejection::new(ResponseType::Default4xx, Step::IntegrationRequest);
    match collected {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(BodyError::TooLarge)) => Err(Rejection::too_large(max)),
        Ok(Err(error)) => Err(refused.with_detail(error.to_string())),
        Err(Elapsed) => Err(refused
            .with_status(StatusCode::REQUEST_TIMEOUT)
            .with_message("Request timed out")),
    }
}

/// The 415 of a body that no template takes and that may not pass.
pub(crate) fn unsupported_media_type() -> Rejection {
    Rejection::new(ResponseType::UnsupportedMediaType, Step::IntegrationRequest)
}

/// Whether a source is what authorizers found out.
fn tells_the_caller(source: &str) -> bool {
    source.starts_with("context.authorizer.") || source.starts_with("context.identity.")
}

/// Whether a source is a header that no mapping sees.
fn reads_dropped_header(source: &str) -> bool {
    let name = source.strip_prefix("method.request.").and_then(|rest| {
        rest.strip_prefix("header.")
            .or_else(|| rest.strip_prefix("multivalueheader."))
    });
    name.and_then(|name| HeaderName::try_from(name).ok())
        .is_some_and(|name| is_dropped_header(&name))
}

/// What is told when a mapping reads JSON and the body is not JSON (rest-api.md, section 4.3).
fn unreadable(error: &MappingError) -> Rejection {
    Rejection::new(ResponseType::Default4xx, Step::IntegrationRequest)
        .with_message("Invalid JSON in request body")
        .with_detail(error.to_string())
}

fn not_a_header_value(name: &HeaderName) -> Rejection {
    Rejection::new(ResponseType::Default4xx, Step::IntegrationRequest)
        .with_message("Invalid header value")
        .with_detail(format!("what is mapped to `{name}` is not a header value"))
}
