//! What a token says, once it is known to be true.

use std::{borrow::Cow, fmt, sync::Arc};

use serde_json::{Map, Value};
use towergate_core::Timestamp;

use super::{JwtStyle, TokenError};
use crate::keys::KeySet;

/// What a token says. Only a [`JwtVerifier`](super::JwtVerifier) makes one.
pub struct VerifiedToken {
    claims: Map<String, Value>,
    scopes: Box<[Box<str>]>,
    pub(super) validity: Validity,
    pub(super) origin: Origin,
}

/// When a token counts, without leeway.
#[derive(Debug, Clone, Copy)]
pub(super) struct Validity {
    /// The later of `nbf` and `iat`.
    pub(super) from: Timestamp,
    /// `exp`.
    pub(super) until: Timestamp,
}

/// What a token was verified with: which of the verifier's issuers, and its keys at the time.
#[derive(Clone)]
pub(super) struct Origin {
    pub(super) issuer: usize,
    pub(super) keys: Arc<KeySet>,
}

impl VerifiedToken {
    pub(super) fn new(claims: Map<String, Value>, validity: Validity, origin: Origin) -> Self {
        Self {
            scopes: scopes(&claims),
            claims,
            validity,
            origin,
        }
    }

    /// Returns the claims as the token has them, in its order.
    #[must_use]
    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// Returns the claims as an API of this kind writes them into `$context`, in the token's order. Those that it leaves
    /// out are left out.
    pub fn claim_texts(&self, style: JwtStyle) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
        self.claims
            .iter()
            .filter_map(move |(name, value)| Some((name.as_str(), style.claim_text(name, value)?)))
    }

    /// Returns the scopes in the claims `scp` and `scope`.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        self.scopes.iter().map(|scope| &**scope)
    }

    /// Checks that the token has one of these scopes, if there are any.
    ///
    /// # Errors
    ///
    /// Returns [`TokenError::Scope`] if it has none of them.
    pub fn check_scopes(&self, any_of: &[impl AsRef<str>]) -> Result<(), TokenError> {
        let has = |wanted: &str| self.scopes().any(|scope| scope == wanted);
        if any_of.is_empty() || any_of.iter().any(|scope| has(scope.as_ref())) {
            Ok(())
        } else {
            Err(TokenError::Scope)
        }
    }

    /// Returns when the token expires: `exp`.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.validity.until
    }
}

impl fmt::Debug for VerifiedToken {
    /// Names the claims; what they say stays hidden.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.claims.keys().collect();
        f.debug_struct("VerifiedToken")
            .field("claims", &names)
            .field("validity", &self.validity)
            .finish_non_exhaustive()
    }
}

/// Only a space separates scopes in a text; each item of a list is one.
fn scopes(claims: &Map<String, Value>) -> Box<[Box<str>]> {
    let split = |text: &str| -> Vec<Box<str>> {
        let scopes = text.split(' ').filter(|scope| !scope.is_empty());
        scopes.map(Into::into).collect()
    };
    let mut scopes = match claims.get("scp") {
        Some(Value::String(text)) => split(text),
        Some(Value::Array(items)) => {
            let items = items.iter().filter_map(Value::as_str);
            items.map(Into::into).collect()
        }
        _ => Vec::new(),
    };
    if let Some(text) = claims.get("scope").and_then(Value::as_str) {
        scopes.extend(split(text));
    }
    scopes.into()
}
