//! Decides whether a token counts.

use std::{sync::Arc, time::Duration};

use serde_json::{Map, Value};
use towergate_core::{Clock, Timestamp};

use super::{
    CompactJws, Issuer, JwtVerifierBuilder, RememberedTokens, TokenError, VerifiedToken,
    issuer::Found,
    verified::{Origin, Validity},
};
use crate::{
    keys::{Algorithm, KeyFetch},
    strict_json,
};

/// Decides whether tokens count: the checks of a JWT authorizer, but for scopes, which are the route's.
///
/// In this order: the form of the token, its algorithm, its key and signature; and only then what it claims: `iss`, `aud` (or
/// `client_id` without it), `exp`, `nbf` and `iat`, and the claims of the issuer's own rules. With several issuers the one
/// whose name is the token's `iss` is asked for the key. A token that names no issuer never causes a fetch.
///
/// # Examples
///
/// ```
/// use towergate_authorizers::{jwt::{Issuer, JwtVerifier, TokenError}, keys::KeySet};
/// use towergate_core::{Clock, SystemClock};
///
/// let keys = KeySet::parse(br#"{"keys": []}"#)?;
/// let verifier = JwtVerifier::builder()
///     .issuer(Issuer::new("https://id.example.com", keys).audience("orders"))
///     .build()?;
/// let answer = verifier.verify_now("a.b", SystemClock.now());
/// assert_eq!(answer.unwrap().unwrap_err(), TokenError::Segments);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct JwtVerifier {
    issuers: Vec<Issuer>,
    algorithms: Vec<Algorithm>,
    leeway: Duration,
    remembered: RememberedTokens,
}

type Outcome = Result<Arc<VerifiedToken>, TokenError>;

enum Attempt {
    Done(Outcome),
    Wait(KeyFetch),
}

impl JwtVerifier {
    /// Begins a verifier that believes nobody.
    pub fn builder() -> JwtVerifierBuilder {
        JwtVerifierBuilder::new()
    }

    pub(super) fn new(builder: JwtVerifierBuilder) -> Self {
        Self {
            issuers: builder.issuers,
            algorithms: builder.algorithms,
            leeway: builder.leeway,
            remembered: builder.remembered,
        }
    }

    /// Decides at once; `None` if keys must be fetched first, and [`verify`](Self::verify) is to be asked.
    #[must_use]
    pub fn verify_now(&self, token: &str, now: Timestamp) -> Option<Outcome> {
        match self.attempt(token, now) {
            Attempt::Done(outcome) => Some(outcome),
            Attempt::Wait(_) => None,
        }
    }

    /// Decides, and waits for keys if they must be fetched first.
    ///
    /// # Errors
    ///
    /// Returns a [`TokenError`] if the token counts for nothing.
    ///
    /// # Cancel safety
    ///
    /// The future may be dropped; others who wait for the same keys still get them.
    pub async fn verify(&self, token: &str, clock: &dyn Clock) -> Outcome {
        match self.attempt(token, clock.now()) {
            Attempt::Done(outcome) => return outcome,
            Attempt::Wait(fetch) => fetch.await,
        }
        match self.attempt(token, clock.now()) {
            Attempt::Done(outcome) => outcome,
            // Enough time has passed for another fetch. One is what a request waits for.
            Attempt::Wait(_) => Err(TokenError::Key),
        }
    }

    fn attempt(&self, token: &str, now: Timestamp) -> Attempt {
        let still_valid = |verified: &VerifiedToken| self.is_still_valid(verified, now);
        if let Some(verified) = self.remembered.get(token, now, still_valid) {
            return Attempt::Done(Ok(verified));
        }
        match self.check(token, now) {
            Ok(Checked::Verified(verified)) => {
                let verified = Arc::new(verified);
                let until = verified.validity.until.saturating_add(self.leeway);
                self.remembered.insert(token, &verified, until, now);
                Attempt::Done(Ok(verified))
            }
            Ok(Checked::Wait(fetch)) => Attempt::Wait(fetch),
            Err(error) => Attempt::Done(Err(error)),
        }
    }

    /// What may have changed since a token was verified: the time, and the keys.
    fn is_still_valid(&self, verified: &VerifiedToken, now: Timestamp) -> bool {
        let Origin { issuer, keys } = &verified.origin;
        let issuer = self.issuers.get(*issuer);
        self.check_validity(verified.validity, now).is_ok()
            && issuer.is_some_and(|issuer| issuer.keys.is_current(keys, now))
    }

    fn check(&self, token: &str, now: Timestamp) -> Result<Checked, TokenError> {
        let jws = CompactJws::parse(token)?;
        let claims = strict_json::parse_object(jws.payload())
            .map_err(|_| TokenError::Malformed("payload"))?;
        if !self.algorithms.contains(&jws.algorithm()) {
            return Err(TokenError::Algorithm(Some(jws.algorithm().as_str().into())));
        }
        let kid = jws.kid().ok_or(TokenError::Key)?;
        let (index, issuer) = self.issuer(&claims)?;
        let named = names(&claims, issuer);
        let keys = match issuer.keys.at_hand(kid, now) {
            Some(keys) => keys,
            // Whatever key it is: the token would be refused for its issuer.
            None if !named => return Err(TokenError::Issuer),
            None => match issuer.keys.lookup(kid, now)? {
                Found::Here(keys) => keys,
                Found::Fetch(fetch) => return Ok(Checked::Wait(fetch)),
            },
        };
        jws.verify(keys.get(kid).ok_or(TokenError::Key)?)?;
        if !named {
            return Err(TokenError::Issuer);
        }
        issuer.check_audience(&claims)?;
        let validity = validity(&claims)?;
        self.check_validity(validity, now)?;
        issuer
            .claims
            .iter()
            .try_for_each(|rule| rule.check(&claims))?;
        let origin = Origin {
            issuer: index,
            keys,
        };
        Ok(Checked::Verified(VerifiedToken::new(
            claims, validity, origin,
        )))
    }

    /// Returns whose keys to ask: the only issuer's, or those of the one that the token names.
    fn issuer(&self, claims: &Map<String, Value>) -> Result<(usize, &Issuer), TokenError> {
        let mut issuers = self.issuers.iter().enumerate();
        let found = if self.issuers.len() == 1 {
            issuers.next()
        } else {
            issuers.find(|(_, issuer)| names(claims, issuer))
        };
        found.ok_or(TokenError::Issuer)
    }

    fn check_validity(&self, validity: Validity, now: Timestamp) -> Result<(), TokenError> {
        if now >= validity.until.saturating_add(self.leeway) {
            Err(TokenError::Expired)
        } else if validity.from > now.saturating_add(self.leeway) {
            Err(TokenError::NotYetValid)
        } else {
            Ok(())
        }
    }
}

enum Checked {
    Verified(VerifiedToken),
    Wait(KeyFetch),
}

fn names(claims: &Map<String, Value>, issuer: &Issuer) -> bool {
    claims.get("iss").and_then(Value::as_str) == Some(&*issuer.name)
}

fn validity(claims: &Map<String, Value>) -> Result<Validity, TokenError> {
    let not_before = time(claims, "nbf")?.unwrap_or_default();
    let issued_at = time(claims, "iat")?.unwrap_or_default();
    Ok(Validity {
        from: not_before.max(issued_at),
        until: time(claims, "exp")?.ok_or(TokenError::Time("exp"))?,
    })
}

/// Seconds since the epoch, maybe with a fraction. A time before the epoch counts as the epoch.
fn time(claims: &Map<String, Value>, name: &'static str) -> Result<Option<Timestamp>, TokenError> {
    let Some(value) = claims.get(name) else {
        return Ok(None);
    };
    let seconds = value
        .as_f64()
        .filter(|seconds| seconds.is_finite())
        .ok_or(TokenError::Time(name))?;
    let millis = match value.as_u64() {
        Some(seconds) => seconds.saturating_mul(1_000),
        // Saturates at both ends.
        None => (seconds * 1e3) as u64,
    };
    Ok(Some(Timestamp::from_unix_millis(millis)))
}
