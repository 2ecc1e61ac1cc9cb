//! From the backend's answer to the method's: which integration response applies, and what it makes of the answer.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use http_body::Body as _;
use towergate_core::{Body, BodyError, Context, Rejection, Step, Timestamp};
use towergate_definition::{
    ContentHandling, Diagnostic, IntegrationResponse, Method, Place, Severity,
};
use towergate_expressions::{
    HeaderTarget, IntegrationReply, MappedValue, MappingError, ResponseMapping, SelectionPattern,
};
use towergate_mapping_templates::{Overrides, override_text};

use crate::{
    backends::{Backends, network_failure, timed_out},
    body_template::{self, BodyTemplate},
    content_handling::{BinaryMediaTypes, Conversion, NotBase64},
    deadline::{Deadline, Elapsed, IdleTimeout},
    header_rules::mapped_response_name,
    header_source::HeaderSource,
    template::Templates,
};

/// The largest answer that is collected because a mapping reads it, in bytes.
const MAX_BUFFERED_BYTES: usize = 10 * 1024 * 1024;

/// Room for the headers that the gateway adds to every answer.
const RESERVED_HEADERS: usize = 4;

/// The integration responses of a method, in ascending order of status.
#[derive(Debug)]
pub(crate) struct IntegrationResponses {
    entries: Vec<Entry>,
    default: Option<usize>,
    binary: BinaryMediaTypes,
}

#[derive(Debug)]
struct Entry {
    status: StatusCode,
    pattern: Option<SelectionPattern>,
    headers: Vec<(HeaderName, HeaderSource<ResponseMapping>)>,
    templates: Templates<BodyTemplate>,
    content_handling: Option<ContentHandling>,
    /// Whether a mapping reads the backend's body.
    needs_body: bool,
    /// Whether the method has a response for the status.
    is_declared: bool,
}

/// An entry that was chosen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Selected(usize);

/// The answer of a backend.
pub(crate) struct Reply {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
    /// When the last byte must have come, if the answer is collected.
    pub(crate) deadline: Timestamp,
    /// How long it may pause, if it is not.
    pub(crate) idle_limit: Duration,
    /// What the request template wrote, if one was rendered.
    pub(crate) overrides: Option<Box<Overrides>>,
}

impl IntegrationResponses {
    /// Compiles the integration responses of `method`. Returns `None` if one of them was reported as wrong.
    pub(crate) fn compile(
        responses: &BTreeMap<String, IntegrationResponse>,
        method: &Method,
        binary: &BinaryMediaTypes,
        place: &Place,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<Self> {
        let count = responses.len();
        let compiled = responses.values().map(|response| {
            let key = response
                .selection_pattern
                .as_deref()
                .filter(|pattern| !pattern.is_empty());
            let place = place.key(key.unwrap_or("default"));
            Entry::compile(response, method, &place, diagnostics)
        });
        let mut entries: Vec<_> = compiled.collect::<Vec<_>>().into_iter().flatten().collect();
        entries.sort_by_key(|entry| entry.status);
        let default = entries.iter().position(|entry| entry.pattern.is_none());
        let binary = binary.clone();
        (entries.len() == count).then_some(Self {
            entries,
            default,
            binary,
        })
    }

    /// Chooses the first entry whose pattern matches the whole of `value`, else the default one.
    pub(crate) fn select(&self, value: &str) -> Option<Selected> {
        let matches = |entry: &Entry| {
            entry
                .pattern
                .as_ref()
                .is_some_and(|pattern| pattern.matches(value))
        };
        self.entries
            .iter()
            .position(matches)
            .or(self.default)
            .map(Selected)
    }

    /// Chooses the default entry.
    pub(crate) fn select_default(&self) -> Option<Selected> {
        self.default.map(Selected)
    }

    /// Makes the method's response of the backend's answer, which is collected only if a mapping or a conversion reads
    /// its body.
    pub(crate) async fn respond(
        &self,
        selected: Option<Selected>,
        context: &Context,
        mut reply: Reply,
        backends: &Backends,
    ) -> Result<Response<Body>, Rejection> {
        let entry = self.entry(selected)?;
        let client = context.headers();
        let conversion = self
            .binary
            .of_response(&reply.headers, client, entry.content_handling);
        let template = entry.templates.for_response(client);
        let is_empty = reply.body.is_end_stream();
        if template.is_some() && conversion.yields_bytes() && !is_empty {
            let detail = "a template cannot read an answer that is bytes";
            return Err(Rejection::internal(Step::IntegrationResponse, detail));
        }
        let passes = match template {
            None => conversion == Conversion::Keep || is_empty,
            Some(BodyTemplate::Fixed(_)) => true,
            Some(BodyTemplate::Rendered(_)) => is_empty,
        };
        // Boxed, so that answers that are not collected do not carry the room for it.
        let collected = match entry.needs_body || !passes {
            true => Some(Box::pin(collect(&mut reply, backends)).await?),
            false => None,
        };
        let view = IntegrationReply::new(context, &reply.headers);
        let view = match &collected {
            Some(body) => view.with_body(body),
            None => view,
        };
        let mut headers = HeaderMap::with_capacity(entry.headers.len() + RESERVED_HEADERS);
        entry.map_headers(&view, &mut headers)?;

        let body = match (template, collected) {
            (Some(BodyTemplate::Fixed(text)), _) => Body::from(text.clone()),
            (Some(BodyTemplate::Rendered(template)), body) => {
                let body = convert(conversion, body.unwrap_or_default())?;
                let step = Step::IntegrationResponse;
                body_template::render(template, body, context, &mut reply.overrides, step)?.into()
            }
            (None, Some(body)) => convert(conversion, body)?.into(),
            (None, None) => IdleTimeout::wrap(reply.body, reply.idle_limit, backends),
        };
        let mut response = Response::new(body);
        *response.status_mut() = entry.status;
        *response.headers_mut() = headers;
        if let Some(overrides) = &reply.overrides {
            override_response(overrides, &mut response)?;
        }
        Ok(response)
    }

    fn entry(&self, selected: Option<Selected>) -> Result<&Entry, Rejection> {
        let entry = selected.and_then(|Selected(index)| self.entries.get(index));
        let entry = entry.ok_or_else(|| {
            let detail = "no integration response matches the backend's answer";
            Rejection::configuration(Step::IntegrationResponse, detail)
        })?;
        if entry.is_declared {
            return Ok(entry);
        }
        let detail = format!("the method has no response for status {}", entry.status);
        Err(Rejection::configuration(Step::MethodResponse, detail))
    }
}

impl Entry {
    fn compile(
        response: &IntegrationResponse,
        method: &Method,
        place: &Place,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<Self> {
        let found = diagnostics.len();
        let status = compile_status(&response.status_code, place, diagnostics);
        let pattern = compile_pattern(response.selection_pattern.as_deref(), place, diagnostics);
        let headers_place = place.key("responseParameters");
        let headers = compile_headers(&response.response_parameters, &headers_place, diagnostics);
        let templates_place = place.key("responseTemplates");
        let templates = &response.response_templates;
        let templates = Templates::compile(
            templates,
            &templates_place,
            diagnostics,
            BodyTemplate::parse,
        );
        let reads_body = |source: &HeaderSource<ResponseMapping>| matches!(source, HeaderSource::Mapped(mapping) if mapping.needs_body());
        let entry = Self {
            status: status?,
            pattern,
            needs_body: headers.iter().any(|(_, source)| reads_body(source)),
            headers,
            templates: templates?,
            content_handling: response.content_handling,
            is_declared: method.method_responses.contains_key(&response.status_code),
        };
        let mut reported = diagnostics.iter().skip(found);
        let is_broken = reported.any(|found| found.severity > Severity::Unsupported);
        entry.report_undeclared(place, diagnostics);
        (!is_broken).then_some(entry)
    }

    fn report_undeclared(&self, place: &Place, diagnostics: &mut Vec<Diagnostic>) {
        if !self.is_declared {
            let status = self.status.as_str();
            let message = format!(
                "the method declares no response {status}, so that this one is a 500; declare it"
            );
            diagnostics.push(Diagnostic::warning(place.key("statusCode"), message));
        }
    }

    fn map_headers<'r>(
        &'r self,
        reply: &'r IntegrationReply<'_>,
        headers: &mut HeaderMap,
    ) -> Result<(), Rejection> {
        let text = |mapping: &'r ResponseMapping| {
            let value = mapping
                .evaluate(reply)
                .map_err(|error| unreadable(&error))?;
            Ok(value.map(MappedValue::into_joined))
        };
        for (name, source) in &self.headers {
            if let Some(value) = source.value(text, || not_a_header_value(name))? {
                headers.insert(name, value);
            }
        }
        Ok(())
    }
}

/// Collects an answer that a step reads, within its deadline and 10 MiB.
async fn collect(reply: &mut Reply, backends: &Backends) -> Result<Bytes, Rejection> {
    let body = std::mem::take(&mut reply.body).collect(MAX_BUFFERED_BYTES);
    let collected = Deadline::new(body, backends.timer(), reply.deadline).await;
    match collected.map_err(|Elapsed| timed_out())? {
        Ok(bytes) => Ok(bytes),
        Err(BodyError::TooLarge) => Err(Rejection::internal(
            Step::IntegrationResponse,
            "the backend's answer is over 10 MiB",
        )),
        Err(error) => Err(network_failure(error.to_string())),
    }
}

fn convert(conversion: Conversion, body: Bytes) -> Result<Bytes, Rejection> {
    let refused =
        |error: NotBase64| Rejection::configuration(Step::IntegrationResponse, error.to_string());
    conversion.apply(body).map_err(refused)
}

/// Replaces the status, and what was mapped to the same headers. Their names follow the same rules.
fn override_response(
    overrides: &Overrides,
    response: &mut Response<Body>,
) -> Result<(), Rejection> {
    let status = overrides.status().map(StatusCode::from_u16);
    if let Some(Ok(status)) = status
        && !status.is_informational()
    {
        *response.status_mut() = status;
    }
    for (name, value) in overrides.response_headers() {
        let name = HeaderName::try_from(name).ok();
        let Some(name) = name.and_then(|name| mapped_response_name(&name)) else {
            continue;
        };
        let Some(text) = override_text(value) else {
            continue;
        };
        let value = HeaderValue::try_from(text).map_err(|_| not_a_header_value(&name))?;
        response.headers_mut().insert(name, value);
    }
    Ok(())
}

fn compile_status(
    text: &str,
    place: &Place,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<StatusCode> {
    let status = text.parse::<StatusCode>().ok();
    let status = status.filter(|status| !status.is_informational());
    if status.is_none() {
        let message = format!("`{text}` is not a status code from 200 to 999");
        diagnostics.push(Diagnostic::error(place.key("statusCode"), message));
    }
    status
}

fn compile_pattern(
    pattern: Option<&str>,
    place: &Place,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<SelectionPattern> {
    let pattern = pattern.filter(|pattern| !pattern.is_empty())?;
    let report = |error| {
        let message = format!("{error}; this method answers 500");
        diagnostics.push(Diagnostic::fault(place.clone(), message));
    };
    SelectionPattern::parse(pattern).map_err(report).ok()
}

fn compile_headers(
    parameters: &BTreeMap<String, String>,
    place: &Place,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<(HeaderName, HeaderSource<ResponseMapping>)> {
    let mut headers = Vec::with_capacity(parameters.len());
    for (target, source) in parameters {
        match (
            HeaderTarget::method_response(target),
            ResponseMapping::parse(source),
        ) {
            (Ok(target), Ok(mapping)) => {
                // A header that never reaches the client is not even evaluated.
                let source = HeaderSource::new(mapping, ResponseMapping::as_static);
                headers.extend(mapped_response_name(target.name()).map(|name| (name, source)));
            }
            (Err(error), _) | (_, Err(error)) => {
                diagnostics.push(Diagnostic::error(place.key(target), error.to_string()));
            }
        }
    }
    headers
}

/// What is told when a mapping reads JSON and the body is not JSON (rest-api.md, section 4.3).
fn unreadable(error: &MappingError) -> Rejection {
    Rejection::internal(Step::IntegrationResponse, error.to_string())
        .with_error_type("InternalFailureException")
}

fn not_a_header_value(name: &HeaderName) -> Rejection {
    let detail = format!("what is mapped to `{name}` is not a header value");
    Rejection::internal(Step::IntegrationResponse, detail)
}
