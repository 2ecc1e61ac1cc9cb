//! `MOCK`: no backend; the request template says which integration response answers.

use std::time::Duration;

use http::{HeaderMap, Response};
use towergate_core::{Body, Context, Rejection, Step, Timestamp};
use towergate_definition::{self as definition, Diagnostic, Method, PassthroughBehavior, Place};

use crate::{
    backends::Backends,
    content_handling::BinaryMediaTypes,
    integration_responses::{IntegrationResponses, Reply, Selected},
    mock_status::mock_status,
    request_mappings::{self, unsupported_media_type},
    template::{TemplateChoice, Templates},
};

/// A compiled `MOCK` integration.
#[derive(Debug)]
pub(crate) struct MockIntegration {
    /// What each request template chooses; its text is read once.
    requests: Templates<Outcome>,
    passthrough_behavior: PassthroughBehavior,
    responses: IntegrationResponses,
}

/// What a request asks a mock for.
#[derive(Debug, Clone, Copy)]
enum Outcome {
    /// The integration response for its `statusCode`, if there is one.
    Status(Option<Selected>),
    /// It has no integer `statusCode`.
    Unreadable,
}

impl MockIntegration {
    pub(crate) fn compile(
        method: &Method,
        integration: &definition::Integration,
        binary: &BinaryMediaTypes,
        place: &Place,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<Self> {
        let responses = &integration.integration_responses;
        let responses = IntegrationResponses::compile(
            responses,
            method,
            binary,
            &place.key("responses"),
            diagnostics,
        );
        let outcome = |body: &str| {
            responses
                .as_ref()
                .map_or(Outcome::Unreadable, |responses| outcome(responses, body))
        };
        let templates = place.key("requestTemplates");
        let requests = Templates::compile(
            &integration.request_templates,
            &templates,
            diagnostics,
            outcome,
        );
        Some(Self {
            requests: requests?,
            passthrough_behavior: integration.passthrough_behavior,
            responses: responses?,
        })
    }

    pub(crate) async fn call(
        &self,
        context: &Context,
        body: Body,
        backends: &Backends,
    ) -> Result<Response<Body>, Rejection> {
        let outcome = match self
            .requests
            .for_request(context.headers(), self.passthrough_behavior)
        {
            TemplateChoice::Template(outcome) => *outcome,
            TemplateChoice::Unsupported => return Err(unsupported_media_type()),
            // Without any template the default response answers, whatever the body is.
            TemplateChoice::Passthrough if self.requests.is_empty() => {
                Outcome::Status(self.responses.select_default())
            }
            TemplateChoice::Passthrough => {
                // Boxed, so that mocks with a template do not carry the room for it.
                let body = Box::pin(request_mappings::collect(body, backends)).await?;
                outcome(&self.responses, &String::from_utf8_lossy(&body))
            }
        };
        let Outcome::Status(selected) = outcome else {
            return Err(Rejection::internal(
                Step::Integration,
                "the request of the mock has no integer `statusCode`",
            ));
        };
        let reply = Reply {
            headers: HeaderMap::new(),
            body: Body::empty(),
            deadline: Timestamp::MAX,
            idle_limit: Duration::ZERO,
        };
        self.responses
            .respond(selected, context, reply, backends)
            .await
    }
}

fn outcome(responses: &IntegrationResponses, body: &str) -> Outcome {
    match mock_status(body) {
        Some(status) => Outcome::Status(responses.select(&status.to_string())),
        None => Outcome::Unreadable,
    }
}
