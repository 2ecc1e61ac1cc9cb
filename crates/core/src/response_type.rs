//! The types of gateway responses.

use std::{fmt, str::FromStr};

use http::StatusCode;

/// Why a request was refused, in API Gateway's own list (rest-api.md, section 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
#[allow(
    missing_docs,
    reason = "each is named as in API Gateway, and `facts` says the rest"
)]
pub enum ResponseType {
    AccessDenied,
    ApiConfigurationError,
    AuthorizerConfigurationError,
    AuthorizerFailure,
    BadRequestBody,
    BadRequestParameters,
    Default4xx,
    Default5xx,
    ExpiredToken,
    IntegrationFailure,
    IntegrationTimeout,
    InvalidApiKey,
    InvalidSignature,
    MissingAuthenticationToken,
    QuotaExceeded,
    RequestTooLarge,
    ResourceNotFound,
    Throttled,
    Unauthorized,
    UnsupportedMediaType,
    WafFiltered,
}

struct Facts {
    name: &'static str,
    status: StatusCode,
    error_type: &'static str,
    message: Option<&'static str>,
}

impl ResponseType {
    /// Every type, in the order of their names.
    pub const ALL: [Self; 21] = [
        Self::AccessDenied,
        Self::ApiConfigurationError,
        Self::AuthorizerConfigurationError,
        Self::AuthorizerFailure,
        Self::BadRequestBody,
        Self::BadRequestParameters,
        Self::Default4xx,
        Self::Default5xx,
        Self::ExpiredToken,
        Self::IntegrationFailure,
        Self::IntegrationTimeout,
        Self::InvalidApiKey,
        Self::InvalidSignature,
        Self::MissingAuthenticationToken,
        Self::QuotaExceeded,
        Self::RequestTooLarge,
        Self::ResourceNotFound,
        Self::Throttled,
        Self::Unauthorized,
        Self::UnsupportedMediaType,
        Self::WafFiltered,
    ];

    /// Returns the name in definitions, such as `MISSING_AUTHENTICATION_TOKEN`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.facts().name
    }

    /// Returns the status unless an API says otherwise.
    #[must_use]
    pub fn default_status(self) -> StatusCode {
        self.facts().status
    }

    /// Returns the value of `x-amzn-ErrorType`; empty where there is none.
    #[must_use]
    pub fn error_type(self) -> &'static str {
        self.facts().error_type
    }

    /// Returns the message unless the refusal has one of its own; `None` prints as `null`.
    #[must_use]
    pub fn default_message(self) -> Option<&'static str> {
        self.facts().message
    }

    fn facts(self) -> Facts {
        const INTERNAL: &str = "InternalServerErrorException";
        let (name, status, error_type, message) = match self {
            Self::AccessDenied => (
                "ACCESS_DENIED",
                StatusCode::FORBIDDEN,
                "AccessDeniedException",
                Some(
                    "User is not authorized to access this resource because no identity-based policy \
                     allows the execute-api:Invoke action",
                ),
            ),
            Self::ApiConfigurationError => (
                "API_CONFIGURATION_ERROR",
                StatusCode::INTERNAL_SERVER_ERROR,
                INTERNAL,
                Some("Internal server error"),
            ),
            Self::AuthorizerConfigurationError => (
                "AUTHORIZER_CONFIGURATION_ERROR",
                StatusCode::INTERNAL_SERVER_ERROR,
                "AuthorizerConfigurationException",
                None,
            ),
            Self::AuthorizerFailure => (
                "AUTHORIZER_FAILURE",
                StatusCode::INTERNAL_SERVER_ERROR,
                "AuthorizerFailureException",
                None,
            ),
            Self::BadRequestBody => (
                "BAD_REQUEST_BODY",
                StatusCode::BAD_REQUEST,
                "BadRequestException",
                Some("Invalid request body"),
            ),
            Self::BadRequestParameters => (
                "BAD_REQUEST_PARAMETERS",
                StatusCode::BAD_REQUEST,
                "BadRequestException",
                Some("Missing required request parameters: []"),
            ),
            Self::Default4xx => (
                "DEFAULT_4XX",
                StatusCode::BAD_REQUEST,
                "BadRequestException",
                Some("Bad request"),
            ),
            Self::Default5xx => (
                "DEFAULT_5XX",
                StatusCode::INTERNAL_SERVER_ERROR,
                INTERNAL,
                Some("Internal server error"),
            ),
            Self::ExpiredToken => (
                "EXPIRED_TOKEN",
                StatusCode::FORBIDDEN,
                "ExpiredTokenException",
                Some("The security token included in the request is expired"),
            ),
            Self::IntegrationFailure => (
                "INTEGRATION_FAILURE",
                StatusCode::GATEWAY_TIMEOUT,
                INTERNAL,
                Some("Network error communicating with endpoint"),
            ),
            Self::IntegrationTimeout => (
                "INTEGRATION_TIMEOUT",
                StatusCode::GATEWAY_TIMEOUT,
                INTERNAL,
                Some("Endpoint request timed out"),
            ),
            Self::InvalidApiKey => (
                "INVALID_API_KEY",
                StatusCode::FORBIDDEN,
                "ForbiddenException",
                Some("Forbidden"),
            ),
            Self::InvalidSignature => (
                "INVALID_SIGNATURE",
                StatusCode::FORBIDDEN,
                "InvalidSignatureException",
                Some(
                    "The request signature we calculated does not match the signature you provided. \
                     Check your AWS Secret Access Key and signing method. Consult the service \
                     documentation for details.",
                ),
            ),
            Self::MissingAuthenticationToken => (
                "MISSING_AUTHENTICATION_TOKEN",
                StatusCode::FORBIDDEN,
                "MissingAuthenticationTokenException",
                Some("Missing Authentication Token"),
            ),
            Self::QuotaExceeded => (
                "QUOTA_EXCEEDED",
                StatusCode::TOO_MANY_REQUESTS,
                "LimitExceededException",
                Some("Limit Exceeded"),
            ),
            Self::RequestTooLarge => (
                "REQUEST_TOO_LARGE",
                StatusCode::PAYLOAD_TOO_LARGE,
                "",
                Some("Request Entity Too Large"),
            ),
            Self::ResourceNotFound => (
                "RESOURCE_NOT_FOUND",
                StatusCode::NOT_FOUND,
                "NotFoundException",
                Some("Not Found"),
            ),
            Self::Throttled => (
                "THROTTLED",
                StatusCode::TOO_MANY_REQUESTS,
                "TooManyRequestsException",
                Some("Too Many Requests"),
            ),
            Self::Unauthorized => (
                "UNAUTHORIZED",
                StatusCode::UNAUTHORIZED,
                "UnauthorizedException",
                Some("Unauthorized"),
            ),
            Self::UnsupportedMediaType => (
                "UNSUPPORTED_MEDIA_TYPE",
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "BadRequestException",
                Some("Unsupported Media Type"),
            ),
            Self::WafFiltered => (
                "WAF_FILTERED",
                StatusCode::FORBIDDEN,
                "ForbiddenException",
                Some("Forbidden"),
            ),
        };
        Facts {
            name,
            status,
            error_type,
            message,
        }
    }
}

impl fmt::Display for ResponseType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no type of gateway response.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a gateway response type")]
pub struct UnknownResponseType(String);

impl FromStr for ResponseType {
    type Err = UnknownResponseType;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|response_type| response_type.name() == name)
            .ok_or_else(|| UnknownResponseType(name.to_owned()))
    }
}
