//! JWT authorizers of HTTP APIs and REST APIs.

use std::{fmt, sync::Arc};

use http::header;
use towergate_core::{BoxFuture, Clock, Rejection, SystemClock, Timestamp};

use super::{JwtStyle, JwtVerifier, TokenError, VerifiedToken, bearer_token};
use crate::{
    AuthorizeRequest, Authorized, Decision, IdentitySource, Refusal, authorize::Authorize,
};

/// Lets in who brings a token that counts: a JWT authorizer of an HTTP API or of a REST API.
///
/// ```
/// use http::Request;
/// use towergate_authorizers::{Authorize, AuthorizeRequest, jwt::{Issuer, JwtAuthorizer, JwtVerifier}, keys::KeySet};
/// use towergate_core::Context;
///
/// let keys = KeySet::parse(br#"{"keys": []}"#)?;
/// let verifier = JwtVerifier::builder()
///     .issuer(Issuer::new("https://id.example.com", keys).audience("orders"))
///     .build()?;
/// let authorizer = JwtAuthorizer::http_api(verifier).scopes(["orders.read"]);
///
/// let mut request = Request::get("/orders").body(())?;
/// let context = Context::of(&mut request);
/// let decision = authorizer.authorize_now(&AuthorizeRequest::new(&context, request.headers()));
/// let refusal = decision.unwrap().unwrap_err();
/// assert_eq!(refusal.www_authenticate().unwrap(), "Bearer");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct JwtAuthorizer {
    verifier: Arc<JwtVerifier>,
    source: IdentitySource,
    scopes: Box<[Box<str>]>,
    style: JwtStyle,
    clock: Arc<dyn Clock>,
}

impl JwtAuthorizer {
    /// Creates an authorizer of an HTTP API, which takes the token from `Authorization`.
    pub fn http_api(verifier: impl Into<Arc<JwtVerifier>>) -> Self {
        Self::new(verifier.into(), JwtStyle::HttpApi)
    }

    /// Creates an authorizer of a REST API, which takes the token from `Authorization`.
    pub fn rest_api(verifier: impl Into<Arc<JwtVerifier>>) -> Self {
        Self::new(verifier.into(), JwtStyle::RestJwt)
    }

    fn new(verifier: Arc<JwtVerifier>, style: JwtStyle) -> Self {
        Self {
            verifier,
            source: IdentitySource::header(header::AUTHORIZATION),
            scopes: Box::default(),
            style,
            clock: Arc::new(SystemClock),
        }
    }

    /// Takes the token from elsewhere.
    pub fn source(mut self, source: IdentitySource) -> Self {
        self.source = source;
        self
    }

    /// Demands one of the scopes of the route. Cloning the authorizer for each route is cheap: clones share the verifier.
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = impl Into<Box<str>>>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Tells the time by another clock than the system's.
    pub fn with_clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    fn verify_now(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Option<Result<Arc<VerifiedToken>, TokenError>> {
        let outcome = self.verifier.verify_now(token, now)?;
        Some(outcome.and_then(|token| self.check(token)))
    }

    fn check(&self, token: Arc<VerifiedToken>) -> Result<Arc<VerifiedToken>, TokenError> {
        token.check_scopes(&self.scopes)?;
        Ok(token)
    }

    fn conclude(&self, outcome: Result<Arc<VerifiedToken>, TokenError>) -> Decision {
        outcome
            .map(|token| Authorized::token_holder(token, self.style))
            .map_err(|error| self.refusal(&error, error.rejection(self.style)))
    }

    fn refusal(&self, error: &TokenError, rejection: Rejection) -> Refusal {
        let refusal = Refusal::from(rejection);
        match self.style {
            JwtStyle::HttpApi => {
                refusal.with_www_authenticate(error.www_authenticate(&self.scopes))
            }
            JwtStyle::Cognito | JwtStyle::RestJwt => refusal,
        }
    }

    /// What to say to a request without a token.
    fn without_token(&self, request: &AuthorizeRequest<'_>) -> Decision {
        let error = TokenError::Missing;
        let rejection = missing(&self.source, request, self.style);
        Err(self.refusal(&error, rejection))
    }
}

/// The rejection of a request in which no token was found, or several.
pub(super) fn missing(
    source: &IdentitySource,
    request: &AuthorizeRequest<'_>,
    style: JwtStyle,
) -> Rejection {
    let rejection = TokenError::Missing.rejection(style);
    if source.is_repeated(request) {
        return rejection.with_detail(format!("`{source}` is there more than once"));
    }
    rejection
}

impl Authorize for JwtAuthorizer {
    fn authorize_now(&self, request: &AuthorizeRequest<'_>) -> Option<Decision> {
        let value = self.source.resolve(request);
        let Some(token) = value.as_deref().and_then(bearer_token) else {
            return Some(self.without_token(request));
        };
        let outcome = self.verify_now(token, self.clock.now())?;
        Some(self.conclude(outcome))
    }

    fn authorize<'a>(&'a self, request: &'a AuthorizeRequest<'_>) -> BoxFuture<'a, Decision> {
        Box::pin(async move {
            let value = self.source.resolve(request);
            let Some(token) = value.as_deref().and_then(bearer_token) else {
                return self.without_token(request);
            };
            let outcome = self.verifier.verify(token, &*self.clock).await;
            self.conclude(outcome.and_then(|token| self.check(token)))
        })
    }
}

impl fmt::Debug for JwtAuthorizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtAuthorizer")
            .field("verifier", &self.verifier)
            .field("source", &self.source)
            .field("scopes", &self.scopes)
            .field("style", &self.style)
            .finish_non_exhaustive()
    }
}
