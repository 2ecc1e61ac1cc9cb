//! What a verifier believes, put together and checked.

use std::time::Duration;

use super::{Issuer, JwtVerifier, RememberedTokens};
use crate::keys::Algorithm;

const MAX_ISSUERS: usize = 10;
const MAX_AUDIENCES: usize = 50;
const MAX_CLAIMS: usize = 10;
const MAX_LEEWAY: Duration = Duration::from_secs(300);

/// Claims that have rules of their own.
const RESERVED_CLAIMS: [&str; 7] = ["iss", "aud", "exp", "nbf", "iat", "scope", "scp"];

/// Puts a [`JwtVerifier`] together.
#[derive(Debug)]
#[must_use]
pub struct JwtVerifierBuilder {
    pub(super) issuers: Vec<Issuer>,
    pub(super) algorithms: Vec<Algorithm>,
    pub(super) leeway: Duration,
    pub(super) remembered: RememberedTokens,
}

impl JwtVerifierBuilder {
    pub(super) fn new() -> Self {
        Self {
            issuers: Vec::new(),
            algorithms: Algorithm::HTTP_API.to_vec(),
            leeway: Duration::ZERO,
            remembered: RememberedTokens::default(),
        }
    }

    /// Believes an issuer, too; at most 10.
    pub fn issuer(mut self, issuer: Issuer) -> Self {
        self.issuers.push(issuer);
        self
    }

    /// Accepts these algorithms alone; `RS256`, `RS384` and `RS512` by default. Of these, a token's key settles which it
    /// may be.
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.algorithms = algorithms.into_iter().collect();
        self
    }

    /// Forgives clocks that differ by as much, at most five minutes; not at all by default, as API Gateway.
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// Sets how many verified tokens are remembered.
    pub fn remember(mut self, remembered: RememberedTokens) -> Self {
        self.remembered = remembered;
        self
    }

    /// Makes the verifier.
    ///
    /// # Errors
    ///
    /// Returns a [`JwtVerifierError`] if something is missing, contradicts itself or is over a limit.
    pub fn build(self) -> Result<JwtVerifier, JwtVerifierError> {
        if self.issuers.is_empty() {
            return Err(JwtVerifierError::NoIssuer);
        }
        if self.algorithms.is_empty() {
            return Err(JwtVerifierError::NoAlgorithm);
        }
        limit("issuers", self.issuers.len(), MAX_ISSUERS)?;
        if self.leeway > MAX_LEEWAY {
            return Err(JwtVerifierError::Leeway(self.leeway));
        }
        let mut names: Vec<&str> = Vec::new();
        for issuer in &self.issuers {
            check(issuer)?;
            if names.contains(&&*issuer.name) {
                return Err(JwtVerifierError::Duplicate(issuer.name.to_string()));
            }
            names.push(&issuer.name);
        }
        Ok(JwtVerifier::new(self))
    }
}

fn check(issuer: &Issuer) -> Result<(), JwtVerifierError> {
    // A forgotten audience must not let in the tokens of everybody else's applications.
    if issuer.name.is_empty() || (issuer.audiences.is_empty() && !issuer.any_audience) {
        return Err(JwtVerifierError::NoAudience(issuer.name.to_string()));
    }
    let audiences = issuer.audiences.iter();
    let values = issuer.claims.iter().flat_map(|rule| &rule.one_of);
    if audiences.chain(values).any(|value| value.is_empty()) {
        return Err(JwtVerifierError::Empty(issuer.name.to_string()));
    }
    limit("audiences", issuer.audiences.len(), MAX_AUDIENCES)?;
    limit("claims", issuer.claims.len(), MAX_CLAIMS)?;
    let mut names: Vec<&str> = RESERVED_CLAIMS.to_vec();
    for rule in &issuer.claims {
        if rule.name.is_empty() || names.contains(&&*rule.name) {
            return Err(JwtVerifierError::Claim(rule.name.to_string()));
        }
        names.push(&rule.name);
    }
    Ok(())
}

fn limit(what: &'static str, count: usize, limit: usize) -> Result<(), JwtVerifierError> {
    if count > limit {
        return Err(JwtVerifierError::TooMany { what, count, limit });
    }
    Ok(())
}

/// Why a verifier cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JwtVerifierError {
    /// Two rules are about this claim, or it has rules of its own.
    #[error("the claim `{0}` cannot have a rule, or has two")]
    Claim(String),
    /// Two issuers have this name.
    #[error("the issuer `{0}` is there twice")]
    Duplicate(String),
    /// An audience or an expected value of this issuer is empty.
    #[error("the issuer `{0}` has an empty audience or an empty value of a claim")]
    Empty(String),
    /// Clocks may not differ by as much.
    #[error("a leeway of {0:?} is over five minutes")]
    Leeway(Duration),
    /// There is no algorithm to sign with.
    #[error("there is no algorithm")]
    NoAlgorithm,
    /// This issuer has no name, or nobody who its tokens are meant for.
    #[error("the issuer `{0}` has no name or no audience")]
    NoAudience(String),
    /// There is nobody to believe.
    #[error("there is no issuer")]
    NoIssuer,
    /// There are more than API Gateway allows.
    #[error("there are {count} {what}, and {limit} are allowed")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there are.
        count: usize,
        /// How many are allowed.
        limit: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{jwt::ClaimRule, keys::KeySet};

    #[test]
    fn what_contradicts_itself_is_no_verifier() {
        let issuer = |name: &str| Issuer::new(name, KeySet::default()).audience("a");
        let with = |issuer: Issuer| JwtVerifier::builder().issuer(issuer);
        let many = |count: usize, add: fn(Issuer, usize) -> Issuer| {
            with((0..count).fold(issuer("x"), add))
        };
        let audience = |issuer: Issuer, number: usize| issuer.audience(number.to_string());
        let claim =
            |issuer: Issuer, number: usize| issuer.claim(ClaimRule::required(number.to_string()));
        let issuers = |count: usize| {
            let add =
                |builder: JwtVerifierBuilder, n: usize| builder.issuer(issuer(&n.to_string()));
            (0..count).fold(JwtVerifier::builder(), add)
        };
        let too_many = |what, count, limit| Some(JwtVerifierError::TooMany { what, count, limit });
        let leeway = |seconds| with(issuer("x")).leeway(Duration::from_secs(seconds));
        let rule = |rule: ClaimRule| with(issuer("x").claim(rule));
        let reserved = |name: &str| Some(JwtVerifierError::Claim(name.to_owned()));
        let empty = || Some(JwtVerifierError::Empty("x".to_owned()));
        let no_audience = |name: &str| Some(JwtVerifierError::NoAudience(name.to_owned()));
        let cases = [
            (with(issuer("x")), None),
            (JwtVerifier::builder(), Some(JwtVerifierError::NoIssuer)),
            (
                with(issuer("x")).algorithms([]),
                Some(JwtVerifierError::NoAlgorithm),
            ),
            (with(issuer("")), no_audience("")),
            (with(Issuer::new("x", KeySet::default())), no_audience("x")),
            (
                with(Issuer::new("x", KeySet::default()).any_audience()),
                None,
            ),
            (with(issuer("x").audience("")), empty()),
            (
                with(issuer("x")).issuer(issuer("x")),
                Some(JwtVerifierError::Duplicate("x".to_owned())),
            ),
            (issuers(10), None),
            (issuers(11), too_many("issuers", 11, 10)),
            (many(49, audience), None),
            (many(50, audience), too_many("audiences", 51, 50)),
            (many(10, claim), None),
            (many(11, claim), too_many("claims", 11, 10)),
            (rule(ClaimRule::required("exp")), reserved("exp")),
            (rule(ClaimRule::optional("")), reserved("")),
            (rule(ClaimRule::required("a").one_of([""])), empty()),
            (
                with(
                    issuer("x")
                        .claim(ClaimRule::required("a"))
                        .claim(ClaimRule::optional("a")),
                ),
                reserved("a"),
            ),
            (leeway(300), None),
            (
                leeway(301),
                Some(JwtVerifierError::Leeway(Duration::from_secs(301))),
            ),
        ];
        for (number, (builder, expected)) in cases.into_iter().enumerate() {
            assert_eq!(builder.build().err(), expected, "{number}");
        }
    }
}
