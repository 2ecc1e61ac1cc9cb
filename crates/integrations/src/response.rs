//! From the backend's answer to the method's: which integration response applies, and what it makes of the answer.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, request};
use towergate_core::{Body, BodyError, Context, Rejection, Step, Timestamp};
use towergate_definition::{Diagnostic, IntegrationResponse, Method, Place};
use towergate_expressions::{
    HeaderTarget, IntegrationReply, MappingError, ResponseMapping, SelectionPattern,
};

use crate::{
    backends::{Backends, network_failure, timed_out},
    deadline::{Deadline, Elapsed},
    header_rules::mapped_response_name,
    template::{self, Templates},
};

/// The largest answer that is collected because a mapping reads it, in bytes.
const MAX_BUFFERED_BYTES: usize = 10 * 1024 * 1024;

/// The integration responses of a method, in ascending order of status.
#[derive(Debug)]
pub(crate) struct Responses {
    entries: Vec<Entry>,
    default: Option<usize>,
}

#[derive(Debug)]
struct Entry {
    status: StatusCode,
    pattern: Option<SelectionPattern>,
    headers: Vec<(HeaderName, ResponseMapping)>,
    templates: Templates,
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
}

impl Responses {
    /// Compiles the integration responses of `method`. Returns `None` if one of them was reported as wrong.
    pub(crate) fn compile(
        responses: &BTreeMap<String, IntegrationResponse>,
        method: &Method,
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
        (entries.len() == count).then_some(Self { entries, default })
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

    /// Makes the method's response of the backend's answer.
    pub(crate) async fn respond(
        &self,
        selected: Option<Selected>,
        context: &Context,
        head: &request::Parts,
        reply: Reply,
        backends: &Backends,
    ) -> Result<Response<Body>, Rejection> {
        let entry = selected
            .and_then(|Selected(index)| self.entries.get(index))
            .ok_or_else(|| {
                Rejection::configuration(
                    Step::IntegrationResponse,
                    "no integration response matches the backend's answer",
                )
            })?;
        if !entry.is_declared {
            let detail = format!("the method has no response for status {}", entry.status);
            return Err(Rejection::configuration(Step::MethodResponse, detail));
        }
        entry.respond(context, head, reply, backends).await
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
        let status = response
            .status_code
            .parse::<StatusCode>()
            .ok()
            .filter(|status| !status.is_informational());
        if status.is_none() {
            let message = format!(
                "`{}` is not a status code from 200 to 999",
                response.status_code
            );
            diagnostics.push(Diagnostic::error(place.key("statusCode"), message));
        }
        let is_declared = method.method_responses.contains_key(&response.status_code);
        let pattern = response
            .selection_pattern
            .as_deref()
            .filter(|pattern| !pattern.is_empty());
        let pattern = pattern
            .map(SelectionPattern::parse)
            .transpose()
            .unwrap_or_else(|error| {
                let message = format!("{error}; this method answers 500");
                diagnostics.push(Diagnostic::fault(place.clone(), message));
                None
            });
        let headers = compile_headers(
            &response.response_parameters,
            &place.key("responseParameters"),
            diagnostics,
        );
        let templates = &response.response_templates;
        let templates = Templates::compile(
            templates,
            &place.key("responseTemplates"),
            diagnostics,
            template::text,
        );
        if response.content_handling.is_some() {
            let message =
                "conversions between text and bytes are not served; the body passes as it is";
            diagnostics.push(Diagnostic::unsupported(
                place.key("contentHandling"),
                message,
            ));
        }
        let entry = Self {
            status: status?,
            pattern,
            headers,
            templates: templates?,
            is_declared,
        };
        let broken = diagnostics
            .iter()
            .skip(found)
            .any(|d| d.severity > towergate_definition::Severity::Unsupported);
        if !is_declared {
            let message = format!(
                "the method declares no response {}, so that this one is a 500; declare it",
                response.status_code
            );
            diagnostics.push(Diagnostic::warning(place.key("statusCode"), message));
        }
        (!broken).then_some(entry)
    }

    async fn respond(
        &self,
        context: &Context,
        head: &request::Parts,
        reply: Reply,
        backends: &Backends,
    ) -> Result<Response<Body>, Rejection> {
        let template = self.templates.for_response(&head.headers);
        let mut headers = HeaderMap::with_capacity(self.headers.len() + 4);
        let body = if self.headers.iter().any(|(_, mapping)| mapping.needs_body()) {
            let body = collect(reply.body, reply.deadline, backends).await?;
            let view = IntegrationReply::new(context, &reply.headers).with_body(&body);
            self.map_headers(&view, &mut headers)?;
            Body::from(body)
        } else {
            self.map_headers(
                &IntegrationReply::new(context, &reply.headers),
                &mut headers,
            )?;
            reply.body
        };
        let mut response = Response::new(match template {
            Some(text) => Body::from(text.clone()),
            None => body,
        });
        *response.status_mut() = self.status;
        *response.headers_mut() = headers;
        Ok(response)
    }

    fn map_headers(
        &self,
        reply: &IntegrationReply<'_>,
        headers: &mut HeaderMap,
    ) -> Result<(), Rejection> {
        for (name, mapping) in &self.headers {
            let Some(value) = mapping
                .evaluate(reply)
                .map_err(|error| unreadable(&error))?
            else {
                continue;
            };
            let value = HeaderValue::from_bytes(value.into_joined().as_bytes()).map_err(|_| {
                Rejection::internal(
                    Step::IntegrationResponse,
                    format!("what is mapped to `{name}` is no header value"),
                )
            })?;
            headers.insert(name, value);
        }
        Ok(())
    }
}

/// Collects an answer that a step reads, within its deadline and 10 MiB.
async fn collect(
    body: Body,
    deadline: Timestamp,
    backends: &Backends,
) -> Result<bytes::Bytes, Rejection> {
    let collected =
        Deadline::new(body.collect(MAX_BUFFERED_BYTES), backends.timer(), deadline).await;
    match collected.map_err(|Elapsed| timed_out())? {
        Ok(bytes) => Ok(bytes),
        Err(BodyError::TooLarge) => Err(Rejection::internal(
            Step::IntegrationResponse,
            "the backend's answer is over 10 MiB",
        )),
        Err(error) => Err(network_failure(error.to_string())),
    }
}

fn compile_headers(
    parameters: &BTreeMap<String, String>,
    place: &Place,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<(HeaderName, ResponseMapping)> {
    let mut headers = Vec::with_capacity(parameters.len());
    for (target, source) in parameters {
        match (
            HeaderTarget::method_response(target),
            ResponseMapping::parse(source),
        ) {
            (Ok(target), Ok(mapping)) => {
                // A header that never reaches the client is not even evaluated.
                headers.extend(mapped_response_name(target.name()).map(|name| (name, mapping)));
            }
            (Err(error), _) | (_, Err(error)) => {
                diagnostics.push(Diagnostic::error(place.key(target), error.to_string()));
            }
        }
    }
    headers
}

/// What is told when a mapping reads JSON that is none (rest-api.md, section 4.3).
fn unreadable(error: &MappingError) -> Rejection {
    Rejection::internal(Step::IntegrationResponse, error.to_string())
        .with_error_type("InternalFailureException")
}
