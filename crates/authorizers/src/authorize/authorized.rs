//! The proof that an authorizer let a request in, with what it found out.

use std::{collections::BTreeMap, fmt, sync::Arc};

use serde_json::{Map, Value};
use towergate_core::Identity;

#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
use crate::jwt::{JwtStyle, VerifiedToken};

/// The proof that an authorizer let a request in, with what it found out of the caller.
///
/// Only a check that succeeded makes one, and a host that says so in as many words: [`Authorized::by_host`]. Cloning is
/// cheap.
#[derive(Clone)]
#[must_use]
pub struct Authorized {
    findings: Option<Arc<Findings>>,
    #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
    token: Option<(Arc<VerifiedToken>, JwtStyle)>,
}

/// What is known of a caller besides a token.
#[derive(Clone, Default)]
pub(crate) struct Findings {
    pub(crate) principal_id: Option<String>,
    pub(crate) entries: BTreeMap<String, String>,
    pub(crate) usage_identifier_key: Option<String>,
    /// The entries as the function returned them, where their types count.
    pub(crate) typed: Map<String, Value>,
}

impl Authorized {
    /// Lets a request in on the host's own word.
    pub fn by_host() -> Self {
        Self::nothing_found()
    }

    /// No `Default`: a value that lets a request in is never made by the way.
    pub(crate) fn nothing_found() -> Self {
        Self {
            findings: None,
            #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
            token: None,
        }
    }

    pub(crate) fn found(findings: Arc<Findings>) -> Self {
        Self {
            findings: Some(findings),
            #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
            token: None,
        }
    }

    #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
    pub(crate) fn token_holder(token: Arc<VerifiedToken>, style: JwtStyle) -> Self {
        Self {
            token: Some((token, style)),
            ..Self::nothing_found()
        }
    }

    /// Names the caller: `$context.authorizer.principalId`.
    pub fn with_principal_id(mut self, principal_id: impl Into<String>) -> Self {
        self.findings_mut().principal_id = Some(principal_id.into());
        self
    }

    /// Adds `$context.authorizer.KEY`.
    pub fn with_entry(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        let entries = &mut self.findings_mut().entries;
        entries.insert(key.into(), value.into());
        self
    }

    /// Sets the API key that the caller's usage plan goes by, where the API takes it from its authorizers.
    pub fn with_usage_identifier_key(mut self, key: impl Into<String>) -> Self {
        self.findings_mut().usage_identifier_key = Some(key.into());
        self
    }

    fn findings_mut(&mut self) -> &mut Findings {
        Arc::make_mut(self.findings.get_or_insert_default())
    }

    /// Adds what another authorizer found, where this one found nothing.
    pub(crate) fn and(self, other: Self) -> Self {
        let findings = match (self.findings, other.findings) {
            (Some(mut ours), Some(theirs)) => {
                let merged = Arc::make_mut(&mut ours);
                let theirs = Arc::unwrap_or_clone(theirs);
                merged.principal_id = merged.principal_id.take().or(theirs.principal_id);
                merged.usage_identifier_key = merged
                    .usage_identifier_key
                    .take()
                    .or(theirs.usage_identifier_key);
                for (key, value) in theirs.entries {
                    merged.entries.entry(key).or_insert(value);
                }
                for (key, value) in theirs.typed {
                    merged.typed.entry(key).or_insert(value);
                }
                Some(ours)
            }
            (ours, theirs) => ours.or(theirs),
        };
        Self {
            findings,
            #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
            token: self.token.or(other.token),
        }
    }

    /// Returns who calls: `$context.authorizer.principalId`.
    #[must_use]
    pub fn principal_id(&self) -> Option<&str> {
        self.findings.as_ref()?.principal_id.as_deref()
    }

    /// Returns `$context.authorizer.KEY`, but for claims, which are in the [token](Self::token).
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&str> {
        self.findings.as_ref()?.entries.get(key).map(String::as_str)
    }

    /// Returns the API key that the caller's usage plan goes by.
    #[must_use]
    pub fn usage_identifier_key(&self) -> Option<&str> {
        self.findings.as_ref()?.usage_identifier_key.as_deref()
    }

    /// Returns the context of a Lambda authorizer with the types that the function gave:
    /// `requestContext.authorizer.lambda` in format 2.0 of an HTTP API.
    #[must_use]
    pub fn typed_context(&self) -> Option<&Map<String, Value>> {
        let findings = self.findings.as_ref()?;
        (!findings.typed.is_empty()).then_some(&findings.typed)
    }

    /// Returns the token that was verified.
    #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
    #[must_use]
    pub fn token(&self) -> Option<&VerifiedToken> {
        self.token.as_ref().map(|(token, _)| &**token)
    }

    #[cfg(all(feature = "axum", any(feature = "aws-lc-rs", feature = "rust-crypto")))]
    pub(crate) fn shared_token(&self) -> Option<Arc<VerifiedToken>> {
        self.token.as_ref().map(|(token, _)| Arc::clone(token))
    }

    /// Writes what was found into the identity of a request; claims become entries `claims.NAME`.
    pub fn write_to(&self, identity: &mut Identity) {
        if let Some(findings) = &self.findings {
            if let Some(principal_id) = &findings.principal_id {
                identity.principal_id = Some(principal_id.clone());
            }
            if let Some(key) = &findings.usage_identifier_key {
                identity.usage_identifier_key = Some(key.clone());
            }
            let entries = findings.entries.iter();
            let entries = entries.map(|(key, value)| (key.clone(), value.clone()));
            identity.authorizer.extend(entries);
        }
        #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
        if let Some((token, style)) = &self.token {
            let claims = token.claim_texts(*style);
            let claims = claims.map(|(name, text)| (format!("claims.{name}"), text.into_owned()));
            identity.authorizer.extend(claims);
        }
    }

    /// Returns what was found as the identity of a request.
    #[must_use]
    pub fn to_identity(&self) -> Identity {
        let mut identity = Identity::default();
        self.write_to(&mut identity);
        identity
    }
}

impl fmt::Debug for Authorized {
    /// Names the caller; what else was found stays hidden.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorized")
            .field("principal_id", &self.principal_id())
            .finish_non_exhaustive()
    }
}
