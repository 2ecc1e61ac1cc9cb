//! A refusal: one type from the check that fails to the response that the client sees.

use std::{borrow::Cow, fmt};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};

use crate::ResponseType;

/// The header that names the kind of a refusal.
pub const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

/// The largest request body that API Gateway takes, in bytes.
pub const MAX_REQUEST_BYTES: usize = 10 * 1024 * 1024;

/// The steps of a request in their order (rest-api.md, section 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each is the step it is called after")]
pub enum Step {
    Limits,
    Stage,
    Route,
    Firewall,
    ResourcePolicy,
    Authorizer,
    ApiKey,
    Throttle,
    Validation,
    Cache,
    IntegrationRequest,
    Integration,
    IntegrationResponse,
    MethodResponse,
}

/// Which APIs' words a refusal is told in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Style {
    /// REST APIs: `{"message":"Missing Authentication Token"}` with `x-amzn-ErrorType`.
    #[default]
    Rest,
    /// HTTP APIs: `{"message":"Not Found"}`.
    Http,
}

/// Why a request was refused: the type, the step that refused it, and what the client is told.
///
/// Inside, steps return `Result<_, Rejection>`. At the edge it becomes a finished response that carries the
/// rejection in its extensions, so that outer layers see the cause without reading bodies.
///
/// ```
/// use towergate_core::{Body, Rejection, ResponseType, Step, Style};
///
/// let rejection = Rejection::new(ResponseType::Throttled, Step::Throttle);
/// let response = rejection.into_response::<Body>(Style::Rest);
/// assert_eq!(response.status(), 429);
/// assert_eq!(response.body().as_ready(), Some(&br#"{"message":"Too Many Requests"}"#[..]));
/// assert_eq!(response.extensions().get::<Rejection>().unwrap().step(), Step::Throttle);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    response_type: ResponseType,
    step: Step,
    status: StatusCode,
    error_type: &'static str,
    message: Option<Cow<'static, str>>,
    detail: Option<Box<str>>,
}

impl Rejection {
    /// Creates a rejection with the status and message of its type.
    #[must_use]
    pub fn new(response_type: ResponseType, step: Step) -> Self {
        Self {
            response_type,
            step,
            status: response_type.default_status(),
            error_type: response_type.error_type(),
            message: response_type.default_message().map(Cow::Borrowed),
            detail: None,
        }
    }

    /// Creates the 500 of something that is wrong with the API itself, such as a mapping that cannot work.
    #[must_use]
    pub fn configuration(step: Step, detail: impl Into<String>) -> Self {
        Self::new(ResponseType::ApiConfigurationError, step).with_detail(detail)
    }

    /// Creates the 500 of something that broke inside.
    #[must_use]
    pub fn internal(step: Step, detail: impl Into<String>) -> Self {
        Self::new(ResponseType::Default5xx, step).with_detail(detail)
    }

    /// Creates the 403 of a host, API or stage that there is none of.
    #[must_use]
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(ResponseType::Default4xx, Step::Stage)
            .with_status(StatusCode::FORBIDDEN)
            .with_error_type("ForbiddenException")
            .with_message("Forbidden")
            .with_detail(detail)
    }

    /// Creates the 413 of a request body over `max_bytes`.
    #[must_use]
    pub fn too_large(max_bytes: usize) -> Self {
        Self::new(ResponseType::RequestTooLarge, Step::Limits)
            .with_message(format!("HTTP content length exceeded {max_bytes} bytes."))
    }

    /// Answers with another status than that of the type.
    #[must_use]
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// Answers with another `x-amzn-ErrorType` than that of the type.
    #[must_use]
    pub fn with_error_type(mut self, error_type: &'static str) -> Self {
        self.error_type = error_type;
        self
    }

    /// Tells the client `message`.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        self.message = Some(message.into());
        self
    }

    /// Notes what the client is not told, for logs: `$context.error.validationErrorString` for a validator.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into().into_boxed_str());
        self
    }

    /// Returns the type: `$context.error.responseType`.
    #[must_use]
    pub fn response_type(&self) -> ResponseType {
        self.response_type
    }

    /// Returns the step that refused the request.
    #[must_use]
    pub fn step(&self) -> Step {
        self.step
    }

    /// Returns the status unless an API's gateway responses say otherwise.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the value of `x-amzn-ErrorType`; empty where there is none.
    #[must_use]
    pub fn error_type(&self) -> &'static str {
        self.error_type
    }

    /// Returns what the client is told: `$context.error.message`.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// Returns what the client is not told.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// Returns the message as JSON: `$context.error.messageString`.
    #[must_use]
    pub fn message_string(&self) -> String {
        json_string(self.message())
    }

    /// Returns the default body.
    ///
    /// REST APIs write a space after the colon from validation on, and none before it; a body that is too large
    /// is told in plain text.
    #[must_use]
    pub fn body(&self, style: Style) -> String {
        match (style, self.response_type) {
            (Style::Http, _) => format!(
                r#"{{"message":{}}}"#,
                json_string(Some(self.http_message()))
            ),
            (Style::Rest, ResponseType::RequestTooLarge) => {
                self.message().unwrap_or_default().to_owned()
            }
            (Style::Rest, ResponseType::AccessDenied) => {
                format!(r#"{{"Message":{}}}"#, self.message_string())
            }
            (Style::Rest, _) if self.step <= Step::Throttle => {
                format!(r#"{{"message":{}}}"#, self.message_string())
            }
            (Style::Rest, _) => format!(r#"{{"message": {}}}"#, self.message_string()),
        }
    }

    /// Returns the default text frame for the client of a WebSocket connection.
    #[must_use]
    pub fn frame(&self, connection_id: &str, request_id: &str) -> String {
        let message = match self.response_type {
            ResponseType::MissingAuthenticationToken => Some("Forbidden"),
            ResponseType::BadRequestBody => Some("Bad request body"),
            _ => self.message(),
        };
        let id = if self.response_type == ResponseType::BadRequestBody {
            "messageId"
        } else {
            "requestId"
        };
        format!(
            r#"{{"message":{},"connectionId":{},"{id}":{}}}"#,
            json_string(message),
            json_string(Some(connection_id)),
            json_string(Some(request_id))
        )
    }

    /// Turns the rejection into its default response, which carries it in its extensions.
    #[must_use]
    pub fn into_response<B: From<Bytes>>(self, style: Style) -> Response<B> {
        let mut response = Response::new(B::from(Bytes::from(self.body(style))));
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static(self.content_type(style)),
        );
        if style == Style::Rest && !self.error_type.is_empty() {
            headers.insert(ERROR_TYPE, HeaderValue::from_static(self.error_type));
        }
        *response.status_mut() = match style {
            Style::Rest => self.status,
            Style::Http => self.http_status(),
        };
        response.extensions_mut().insert(self);
        response
    }

    fn content_type(&self, style: Style) -> &'static str {
        match (style, self.response_type) {
            (Style::Rest, ResponseType::RequestTooLarge) => "text; charset=utf-8",
            _ => "application/json",
        }
    }

    /// HTTP APIs tell a missing route with 404 and a slow backend with 503.
    fn http_status(&self) -> StatusCode {
        match self.response_type {
            ResponseType::MissingAuthenticationToken => StatusCode::NOT_FOUND,
            ResponseType::IntegrationTimeout => StatusCode::SERVICE_UNAVAILABLE,
            _ => self.status,
        }
    }

    /// HTTP APIs tell nothing but the status in words.
    fn http_message(&self) -> &'static str {
        match self.http_status() {
            // `http` calls it by its newer name.
            StatusCode::PAYLOAD_TOO_LARGE => "Request Entity Too Large",
            status => status.canonical_reason().unwrap_or("Internal Server Error"),
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.response_type, self.status)?;
        match self.detail.as_deref().or(self.message()) {
            Some(text) => write!(f, ": {text}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Rejection {}

/// A JSON string, or `null`.
fn json_string(text: Option<&str>) -> String {
    let Some(text) = text else {
        return "null".to_owned();
    };
    let mut json = String::with_capacity(text.len() + 2);
    json.push('"');
    for character in text.chars() {
        match character {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            control if control < ' ' => json.push_str(&format!("\\u{:04x}", u32::from(control))),
            other => json.push(other),
        }
    }
    json.push('"');
    json
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Body;

    #[test]
    fn default_bodies_are_exact() {
        let cases = [
            (
                ResponseType::MissingAuthenticationToken,
                Step::Route,
                403,
                r#"{"message":"Missing Authentication Token"}"#,
            ),
            (
                ResponseType::InvalidApiKey,
                Step::ApiKey,
                403,
                r#"{"message":"Forbidden"}"#,
            ),
            (
                ResponseType::Throttled,
                Step::Throttle,
                429,
                r#"{"message":"Too Many Requests"}"#,
            ),
            (
                ResponseType::QuotaExceeded,
                Step::Throttle,
                429,
                r#"{"message":"Limit Exceeded"}"#,
            ),
            (
                ResponseType::AuthorizerFailure,
                Step::Authorizer,
                500,
                r#"{"message":null}"#,
            ),
            (
                ResponseType::BadRequestBody,
                Step::Validation,
                400,
                r#"{"message": "Invalid request body"}"#,
            ),
            (
                ResponseType::UnsupportedMediaType,
                Step::IntegrationRequest,
                415,
                r#"{"message": "Unsupported Media Type"}"#,
            ),
            (
                ResponseType::ApiConfigurationError,
                Step::IntegrationRequest,
                500,
                r#"{"message": "Internal server error"}"#,
            ),
            (
                ResponseType::IntegrationTimeout,
                Step::Integration,
                504,
                r#"{"message": "Endpoint request timed out"}"#,
            ),
        ];
        for (response_type, step, status, body) in cases {
            let response = Rejection::new(response_type, step).into_response::<Body>(Style::Rest);
            assert_eq!(response.status(), status, "{response_type}");
            assert_eq!(
                response.body().as_ready(),
                Some(body.as_bytes()),
                "{response_type}"
            );
            assert_eq!(
                response.headers()["content-type"],
                "application/json",
                "{response_type}"
            );
            assert_eq!(
                response.headers()[ERROR_TYPE],
                response_type.error_type(),
                "{response_type}"
            );
        }
    }

    #[test]
    fn access_denied_has_a_capital_letter() {
        let rejection =
            Rejection::new(ResponseType::AccessDenied, Step::Authorizer).with_message("no \"way\"");
        assert_eq!(rejection.body(Style::Rest), r#"{"Message":"no \"way\""}"#);
    }

    #[test]
    fn a_body_that_is_too_large_is_told_in_plain_text() {
        let response = Rejection::too_large(MAX_REQUEST_BYTES).into_response::<Body>(Style::Rest);
        assert_eq!(response.status(), 413);
        assert_eq!(response.headers()["content-type"], "text; charset=utf-8");
        assert!(!response.headers().contains_key(ERROR_TYPE));
        let body = response.body().as_ready().unwrap();
        assert_eq!(body, b"HTTP content length exceeded 10485760 bytes.");
    }

    #[test]
    fn http_apis_and_websockets_have_their_own_words() {
        let cases = [
            (
                ResponseType::MissingAuthenticationToken,
                404,
                r#"{"message":"Not Found"}"#,
                "Forbidden",
            ),
            (
                ResponseType::Default5xx,
                500,
                r#"{"message":"Internal Server Error"}"#,
                "Internal server error",
            ),
            (
                ResponseType::IntegrationTimeout,
                503,
                r#"{"message":"Service Unavailable"}"#,
                "Endpoint request timed out",
            ),
            (
                ResponseType::Throttled,
                429,
                r#"{"message":"Too Many Requests"}"#,
                "Too Many Requests",
            ),
            (
                ResponseType::RequestTooLarge,
                413,
                r#"{"message":"Request Entity Too Large"}"#,
                "Request Entity Too Large",
            ),
        ];
        for (response_type, status, body, frame) in cases {
            let rejection = Rejection::new(response_type, Step::Integration);
            let response = rejection.clone().into_response::<Body>(Style::Http);
            assert_eq!(response.status(), status, "{response_type}");
            assert_eq!(
                response.body().as_ready(),
                Some(body.as_bytes()),
                "{response_type}"
            );
            let expected =
                format!(r#"{{"message":"{frame}","connectionId":"c=","requestId":"r="}}"#);
            assert_eq!(rejection.frame("c=", "r="), expected, "{response_type}");
        }
    }

    #[test]
    fn names_read_back() {
        for response_type in ResponseType::ALL {
            assert_eq!(response_type.name().parse(), Ok(response_type));
        }
        assert!("DEFAULT".parse::<ResponseType>().is_err());
    }
}
