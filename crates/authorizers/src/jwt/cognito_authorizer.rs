//! Amazon Cognito authorizers of REST APIs.

use std::{fmt, sync::Arc};

use http::header;
use towergate_core::{BoxFuture, Clock, SystemClock};

use super::{
    CognitoVerifier, JwtStyle, TokenError, VerifiedToken, authorizer::missing, bearer_token,
};
use crate::{
    AuthorizeRequest, Authorized, Decision, IdentitySource, Refusal, authorize::Authorize,
};

/// Lets in who brings a token of a user pool: an Amazon Cognito authorizer of a REST API.
///
/// Without scopes it takes ID tokens; with scopes, access tokens that have one of them.
#[derive(Clone)]
#[must_use]
pub struct CognitoAuthorizer {
    verifier: Arc<CognitoVerifier>,
    source: IdentitySource,
    scopes: Box<[Box<str>]>,
    clock: Arc<dyn Clock>,
}

impl CognitoAuthorizer {
    /// Creates an authorizer that takes the token from `Authorization`.
    pub fn new(verifier: impl Into<Arc<CognitoVerifier>>) -> Self {
        Self {
            verifier: verifier.into(),
            source: IdentitySource::header(header::AUTHORIZATION),
            scopes: Box::default(),
            clock: Arc::new(SystemClock),
        }
    }

    /// Takes the token from elsewhere.
    pub fn source(mut self, source: IdentitySource) -> Self {
        self.source = source;
        self
    }

    /// Demands an access token with one of the scopes of the method. Cloning the authorizer for each method is cheap:
    /// clones share the verifier.
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = impl Into<Box<str>>>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Tells the time by another clock than the system's.
    pub fn with_clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    fn without_token(&self, request: &AuthorizeRequest<'_>) -> Decision {
        Err(missing(&self.source, request, JwtStyle::Cognito).into())
    }
}

fn conclude(outcome: Result<Arc<VerifiedToken>, TokenError>) -> Decision {
    outcome
        .map(|token| Authorized::token_holder(token, JwtStyle::Cognito))
        .map_err(|error| Refusal::from(error.rejection(JwtStyle::Cognito)))
}

impl Authorize for CognitoAuthorizer {
    fn authorize_now(&self, request: &AuthorizeRequest<'_>) -> Option<Decision> {
        let value = self.source.resolve(request);
        let Some(token) = value.as_deref().and_then(bearer_token) else {
            return Some(self.without_token(request));
        };
        let now = self.clock.now();
        let outcome = self.verifier.verify_now(token, &self.scopes, now)?;
        Some(conclude(outcome))
    }

    fn authorize<'a>(&'a self, request: &'a AuthorizeRequest<'_>) -> BoxFuture<'a, Decision> {
        Box::pin(async move {
            let value = self.source.resolve(request);
            let Some(token) = value.as_deref().and_then(bearer_token) else {
                return self.without_token(request);
            };
            let verifier = &self.verifier;
            conclude(verifier.verify(token, &self.scopes, &*self.clock).await)
        })
    }
}

impl fmt::Debug for CognitoAuthorizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CognitoAuthorizer")
            .field("verifier", &self.verifier)
            .field("source", &self.source)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}
