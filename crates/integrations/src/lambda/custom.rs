//! `AWS` with a function behind it: mappings and templates make the payload, and choose by the error message.

use std::{borrow::Cow, fmt};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use serde::{Deserialize, de::IgnoredAny};
use towergate_core::{
    Body, Context, FunctionError, INVOCATION_TYPE, InvocationType, Rejection, ResponseType, Step,
    Timestamp,
};
use towergate_definition::{Diagnostic, Integration, Method, Place};

use super::function_target::{CallError, FunctionTarget};
use crate::{
    FunctionArn,
    backends::Backends,
    content_handling::BinaryMediaTypes,
    integration_request::IntegrationRequest,
    integration_responses::{IntegrationResponses, Reply},
    request_mappings,
};

/// A compiled `AWS` integration of a function.
#[derive(Debug)]
pub(crate) struct LambdaIntegration {
    function: FunctionTarget,
    request: IntegrationRequest,
    responses: IntegrationResponses,
}

impl LambdaIntegration {
    pub(crate) fn compile(
        method: &Method,
        integration: &Integration,
        binary: &BinaryMediaTypes,
        place: &Place,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<Self> {
        let function = FunctionTarget::compile(integration, place, diagnostics);
        let request = IntegrationRequest::compile(integration, binary, place, diagnostics);
        let responses = IntegrationResponses::compile(
            &integration.integration_responses,
            method,
            binary,
            &place.key("responses"),
            diagnostics,
        );
        Some(Self {
            function: function?,
            request: request?,
            responses: responses?,
        })
    }

    /// Returns the function, if it is the same on every stage.
    pub(crate) fn function(&self) -> Option<&FunctionArn> {
        self.function.fixed()
    }

    pub(crate) async fn call(
        &self,
        context: &Context,
        body: Body,
        backends: &Backends,
    ) -> Result<Response<Body>, Rejection> {
        let prepared = self.request.prepare(context, body, backends).await?;
        let function = self.function.resolve(context)?;
        let invocation_type = invocation_type(&prepared.mapped.headers)?;
        let body = request_mappings::collect(prepared.body, backends).await?;
        let payload = payload(body)?;
        let answer = function.call(context, payload, invocation_type, backends);
        let answer = match answer.await {
            Ok(answer) | Err(CallError::Function(FunctionError::Failed(answer))) => answer,
            Err(error) => return Err(error.into_rejection(StatusCode::INTERNAL_SERVER_ERROR)),
        };
        let selected = self.responses.select(&error_message(&answer));
        let json = HeaderValue::from_static("application/json");
        let reply = Reply {
            headers: HeaderMap::from_iter([(header::CONTENT_TYPE, json)]),
            body: Body::from(answer),
            deadline: Timestamp::MAX,
            idle_limit: self.function.timeout(),
            overrides: prepared.overrides,
        };
        self.responses
            .respond(selected, context, reply, backends)
            .await
    }
}

/// Returns whether the caller waits for the function, as a mapped header says.
fn invocation_type(headers: &HeaderMap) -> Result<InvocationType, Rejection> {
    let Some(value) = headers.get(INVOCATION_TYPE) else {
        return Ok(InvocationType::RequestResponse);
    };
    let invocation_type = value.to_str().ok().and_then(InvocationType::parse);
    invocation_type.ok_or_else(|| {
        Rejection::configuration(
            Step::IntegrationRequest,
            format!("{value:?} is not an invocation type: `Event` or `RequestResponse`"),
        )
    })
}

/// Returns what the function gets: a body, or an empty object. What is not JSON is refused in the service's own words.
fn payload(body: Bytes) -> Result<Bytes, Rejection> {
    if body.is_empty() {
        return Ok(Bytes::from_static(b"{}"));
    }
    let unreadable = |error: &dyn fmt::Display| {
        Rejection::new(ResponseType::Default4xx, Step::Integration)
            .with_message(format!("Could not parse request body into json: {error}"))
    };
    let text = str::from_utf8(&body).map_err(|error| unreadable(&error))?;
    serde_json::from_str::<IgnoredAny>(text).map_err(|error| unreadable(&error))?;
    Ok(body)
}

/// Returns the `errorMessage` of an object, which responses are chosen by; without one it is empty.
fn error_message(answer: &[u8]) -> Cow<'_, str> {
    #[derive(Deserialize)]
    struct ErrorDocument<'a> {
        #[serde(borrow, rename = "errorMessage")]
        message: Option<Cow<'a, str>>,
    }
    let is_object = answer.trim_ascii_start().first() == Some(&b'{');
    let document = is_object.then(|| serde_json::from_slice::<ErrorDocument<'_>>(answer).ok());
    let message = document.flatten().and_then(|document| document.message);
    message.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_message_of_an_answer() {
        let cases = [
            (r#"{"errorMessage": "boom", "errorType": "Error"}"#, "boom"),
            (r#" {"errorMessage": "a\nb"}"#, "a\nb"),
            (r#"{"errorMessage": null}"#, ""),
            (r#"{"errorMessage": {"a": 1}}"#, ""),
            (r#"{"message": "boom"}"#, ""),
            (r#"["boom"]"#, ""),
            (r#""Pass""#, ""),
            ("", ""),
        ];
        for (answer, expected) in cases {
            assert_eq!(error_message(answer.as_bytes()), expected, "{answer}");
        }
    }

    #[test]
    fn payloads_are_json() {
        assert_eq!(payload(Bytes::new()).unwrap(), "{}");
        assert_eq!(payload(Bytes::from_static(b"[1]")).unwrap(), "[1]");
        let refused = payload(Bytes::from_static(b"<a/>")).unwrap_err();
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
        let message = refused.message().unwrap_or_default();
        assert!(
            message.starts_with("Could not parse request body into json: "),
            "{message}"
        );
    }

    #[test]
    fn invocation_types_are_those_of_the_service() {
        let of = |value| {
            let value = HeaderValue::from_static(value);
            invocation_type(&HeaderMap::from_iter([(INVOCATION_TYPE, value)]))
        };
        assert_eq!(of("Event"), Ok(InvocationType::Event));
        assert_eq!(of("RequestResponse"), Ok(InvocationType::RequestResponse));
        assert!(of("event").is_err());
        assert_eq!(
            invocation_type(&HeaderMap::new()),
            Ok(InvocationType::RequestResponse)
        );
    }
}
