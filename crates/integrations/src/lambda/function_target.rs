//! Which function an integration calls, and the call.

use std::{borrow::Cow, time::Duration};

use bytes::Bytes;
use http::StatusCode;
use towergate_core::{
    Context, Function as _, FunctionError, Invocation, InvocationType, Rejection, ResponseType,
    Step,
};
use towergate_definition::{Diagnostic, Integration, Place, ResponseTransferMode};
use towergate_functions::{FunctionReference, check_payload, check_result};

use super::function_uri::function_of;
use crate::{
    FunctionArn,
    backends::{Backends, chain, timed_out},
    deadline::{Deadline, Elapsed},
    timeout::compile_timeout,
};

/// The function of an integration, and how long it may take.
#[derive(Debug)]
pub(super) struct FunctionTarget {
    function: FunctionReference,
    timeout: Duration,
}

/// The function to call on the stage of one request.
#[derive(Debug)]
pub(super) struct ResolvedTarget<'a> {
    arn: Cow<'a, FunctionArn>,
    timeout: Duration,
}

/// Why a function gave no answer.
#[derive(Debug)]
pub(super) enum CallError {
    TimedOut,
    Function(FunctionError),
}

impl FunctionTarget {
    /// Reads function and timeout of an integration, and reports a function that cannot be called.
    pub(super) fn compile(
        integration: &Integration,
        place: &Place,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<Self> {
        report_unserved(integration, place, diagnostics);
        let function = compile_function(integration, place, diagnostics);
        let timeout = compile_timeout(integration, place, diagnostics);
        Some(Self {
            function: function?,
            timeout,
        })
    }

    /// Returns the function, if it is the same on every stage.
    pub(super) fn fixed(&self) -> Option<&FunctionArn> {
        self.function.fixed()
    }

    /// Returns how long the function may take.
    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Returns what to call on the stage of this request.
    pub(super) fn resolve(&self, context: &Context) -> Result<ResolvedTarget<'_>, Rejection> {
        let arn = self.function.resolve(context).map_err(|error| {
            Rejection::configuration(Step::IntegrationRequest, error.to_string())
        })?;
        Ok(ResolvedTarget {
            arn,
            timeout: self.timeout,
        })
    }
}

/// Reads the function of an integration, and reports one that cannot be called.
fn compile_function(
    integration: &Integration,
    place: &Place,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<FunctionReference> {
    let method = integration.http_method.as_deref();
    if !method.is_some_and(|method| method.eq_ignore_ascii_case("POST")) {
        let message =
            "functions are called with POST; this method answers 500: set `httpMethod` to `POST`";
        diagnostics.push(Diagnostic::fault(place.key("httpMethod"), message));
        return None;
    }
    let uri = integration.uri.as_deref().unwrap_or_default();
    let Some(function) = function_of(uri) else {
        let message = format!(
            "`{uri}` is not the invocation of a function (arn:aws:apigateway:REGION:lambda:path/2015-03-31/functions/ARN/invocations), and nothing else is served; this method answers 500"
        );
        diagnostics.push(Diagnostic::unsupported(place.key("uri"), message));
        return None;
    };
    let refused = |error| {
        let message = format!("{error}; this method answers 500");
        diagnostics.push(Diagnostic::fault(place.key("uri"), message));
    };
    FunctionReference::parse(function).map_err(refused).ok()
}

/// Reports what the integration asks for and does not get.
fn report_unserved(integration: &Integration, place: &Place, diagnostics: &mut Vec<Diagnostic>) {
    if integration.credentials.is_some() {
        let message = "no role is assumed: who calls the function decides what it may do";
        diagnostics.push(Diagnostic::warning(place.key("credentials"), message));
    }
    if !integration.cache_key_parameters.is_empty() {
        let message = "responses are not cached";
        diagnostics.push(Diagnostic::unsupported(
            place.key("cacheKeyParameters"),
            message,
        ));
    }
    if integration.response_transfer_mode == Some(ResponseTransferMode::Stream) {
        let message = "what functions return is collected before it is sent";
        diagnostics.push(Diagnostic::unsupported(
            place.key("responseTransferMode"),
            message,
        ));
    }
}

impl ResolvedTarget<'_> {
    /// Calls the function, and notes how long it took.
    pub(super) async fn call(
        &self,
        context: &Context,
        payload: Bytes,
        invocation_type: InvocationType,
        backends: &Backends,
    ) -> Result<Bytes, CallError> {
        let Some(lambda) = backends.function(&self.arn) else {
            return Err(CallError::Function(FunctionError::Refused {
                status: StatusCode::NOT_FOUND,
                message: format!("Function not found: {}", self.arn),
            }));
        };
        // Whoever runs the function passes it on, as the client's answer does.
        context.trace(backends.random());
        let started = backends.clock().now();
        let deadline = started.saturating_add(self.timeout);
        let invocation = Invocation::new(context, self.arn.as_str(), payload)
            .with_invocation_type(invocation_type)
            .with_deadline(deadline);
        check_payload(&invocation).map_err(CallError::Function)?;
        let answer = Deadline::new(lambda.invoke(invocation), backends.timer(), deadline).await;
        let answer = answer.map_err(|Elapsed| CallError::TimedOut)?;
        let answer = answer.and_then(check_result);
        let status = match (&answer, invocation_type) {
            (Err(FunctionError::Refused { status, .. }), _) => status.as_u16(),
            (Err(FunctionError::Unreachable(_)), _) => return answer.map_err(CallError::Function),
            (_, InvocationType::Event) => 202,
            _ => 200,
        };
        let latency = backends.clock().now().saturating_since(started);
        context.note_integration(status, latency);
        answer.map_err(CallError::Function)
    }
}

impl CallError {
    /// Returns what the client gets. A function that does not answer is a 502 to a proxy, and a 500 to the others.
    pub(super) fn into_rejection(self, status: StatusCode) -> Rejection {
        let failed =
            |detail: String| Rejection::internal(Step::Integration, detail).with_status(status);
        match self {
            Self::TimedOut => timed_out(),
            Self::Function(FunctionError::Refused { status, message }) => match status {
                StatusCode::PAYLOAD_TOO_LARGE => request_too_long(message),
                // The gateway may not call the function, which is nobody's fault but the API's.
                StatusCode::FORBIDDEN => Rejection::configuration(Step::Integration, message),
                status => failed(format!("the function was not run ({status}): {message}")),
            },
            Self::Function(FunctionError::Failed(document)) => {
                let document = String::from_utf8_lossy(&document);
                failed(format!("the function failed: {}", excerpt(&document)))
            }
            Self::Function(error) => failed(chain(&error)),
        }
    }
}

/// The 413 of a payload over what functions take.
pub(super) fn request_too_long(detail: String) -> Rejection {
    Rejection::new(ResponseType::Default4xx, Step::Integration)
        .with_status(StatusCode::PAYLOAD_TOO_LARGE)
        .with_message("Request Too Long")
        .with_detail(detail)
}

/// As much of a text as belongs in a log line.
fn excerpt(text: &str) -> &str {
    const MAX_CHARS: usize = 500;
    let end = text.char_indices().nth(MAX_CHARS);
    end.and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}
