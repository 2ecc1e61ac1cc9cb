//! `MOCK`: no backend; the request template says which integration response answers.

use std::time::Duration;

use http::{HeaderMap, Response};
use towergate_core::{Body, Context, Rejection, Step, Timestamp};
use towergate_definition::{self as definition, Diagnostic, Method, PassthroughBehavior, Place};
use towergate_mapping_templates::{ParseError, Template};

use crate::{
    backends::Backends,
    body_template::{self, BodyTemplate},
    content_handling::BinaryMediaTypes,
    integration_responses::{IntegrationResponses, Reply, Selected},
    mock_status::mock_status,
    request_mappings::{self, unsupported_media_type},
    template::{TemplateChoice, Templates},
};

/// A compiled `MOCK` integration.
#[derive(Debug)]
pub(crate) struct MockIntegration {
    /// What each request template asks for.
    requests: Templates<MockRequest>,
    passthrough_behavior: PassthroughBehavior,
    responses: IntegrationResponses,
}

/// A request template of a mock. One that is the same for every request was read once.
#[derive(Debug)]
enum MockRequest {
    Fixed(Outcome),
    Rendered(Box<Template>),
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
        let parse = |source: &str| {
            let request = match (BodyTemplate::parse(source)?, &responses) {
                (BodyTemplate::Fixed(text), Some(responses)) => {
                    MockRequest::Fixed(outcome(responses, &String::from_utf8_lossy(&text)))
                }
                (BodyTemplate::Fixed(_), None) => MockRequest::Fixed(Outcome::Unreadable),
                (BodyTemplate::Rendered(template), _) => MockRequest::Rendered(template),
            };
            Ok::<_, ParseError>(request)
        };
        let templates = place.key("requestTemplates");
        let requests = Templates::compile(
            &integration.request_templates,
            &templates,
            diagnostics,
            parse,
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
        let mut overrides = None;
        let choice = self
            .requests
            .for_request(context.headers(), self.passthrough_behavior);
        let outcome = match choice {
            TemplateChoice::Template(MockRequest::Fixed(outcome)) => *outcome,
            TemplateChoice::Template(MockRequest::Rendered(template)) => {
                // Boxed, so that mocks whose answer is fixed do not carry the room for it.
                let body = Box::pin(request_mappings::collect(body, backends)).await?;
                let step = Step::IntegrationRequest;
                let text = body_template::render(template, body, context, &mut overrides, step)?;
                outcome(&self.responses, &text)
            }
            TemplateChoice::Unsupported => return Err(unsupported_media_type()),
            // Without any template the default response answers, whatever the body is.
            TemplateChoice::Passthrough if self.requests.is_empty() => {
                Outcome::Status(self.responses.select_default())
            }
            TemplateChoice::Passthrough => {
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
            overrides,
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
