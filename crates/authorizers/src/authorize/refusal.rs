//! Why an authorizer refuses a request, and what it tells the client.

use std::fmt;

use bytes::Bytes;
use http::{HeaderValue, Response, header};
use towergate_core::{Rejection, ResponseType, Step, Style};

/// A refusal: the rejection, and the header `www-authenticate` where there is one to answer with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    rejection: Rejection,
    www_authenticate: Option<HeaderValue>,
}

impl Refusal {
    /// Creates the 401 `Unauthorized`; the client is not told `detail`.
    #[must_use]
    pub fn unauthorized(detail: impl Into<String>) -> Self {
        Self::of(ResponseType::Unauthorized, detail)
    }

    /// Creates the 403 of a request that no policy allows; the client is not told `detail`.
    #[must_use]
    pub fn access_denied(detail: impl Into<String>) -> Self {
        Self::of(ResponseType::AccessDenied, detail)
    }

    /// Creates the 500 of an authorizer that is set up wrongly, or whose function answers what it must not.
    #[must_use]
    pub fn configuration(detail: impl Into<String>) -> Self {
        Self::of(ResponseType::AuthorizerConfigurationError, detail)
    }

    /// Creates the 500 of an authorizer that could not be asked.
    #[must_use]
    pub fn failure(detail: impl Into<String>) -> Self {
        Self::of(ResponseType::AuthorizerFailure, detail)
    }

    fn of(response_type: ResponseType, detail: impl Into<String>) -> Self {
        Rejection::new(response_type, Step::Authorizer)
            .with_detail(detail)
            .into()
    }

    /// Answers with the header `www-authenticate`.
    #[must_use]
    pub fn with_www_authenticate(mut self, value: HeaderValue) -> Self {
        self.www_authenticate = Some(value);
        self
    }

    /// Returns the rejection.
    #[must_use]
    pub fn rejection(&self) -> &Rejection {
        &self.rejection
    }

    /// Returns the header `www-authenticate`.
    #[must_use]
    pub fn www_authenticate(&self) -> Option<&HeaderValue> {
        self.www_authenticate.as_ref()
    }

    /// Turns the refusal into its default response, which carries the rejection in its extensions.
    #[must_use]
    pub fn into_response<B: From<Bytes>>(self, style: Style) -> Response<B> {
        let mut response = self.rejection.into_response(style);
        if let Some(value) = self.www_authenticate {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, value);
        }
        response
    }
}

impl From<Rejection> for Refusal {
    fn from(rejection: Rejection) -> Self {
        Self {
            rejection,
            www_authenticate: None,
        }
    }
}

impl From<std::convert::Infallible> for Refusal {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}

impl From<Refusal> for Rejection {
    fn from(refusal: Refusal) -> Self {
        refusal.rejection
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rejection.fmt(f)
    }
}

impl std::error::Error for Refusal {}
