//! Who may issue tokens, to whom, and what they must say.

use std::{fmt, sync::Arc};

use serde_json::{Map, Value};
use towergate_core::Timestamp;

use super::TokenError;
use crate::keys::{CachedKeys, KeyFetch, KeyLookup, KeySet};

/// Someone whose tokens are believed.
///
/// # Examples
///
/// ```
/// use towergate_authorizers::{jwt::{ClaimRule, Issuer}, keys::KeySet};
///
/// let issuer = Issuer::new("https://id.example.com", KeySet::parse(br#"{"keys": []}"#)?)
///     .audience("orders")
///     .claim(ClaimRule::required("tier").one_of(["gold", "silver"]));
/// # Ok::<(), towergate_authorizers::keys::KeySetError>(())
/// ```
#[derive(Debug)]
pub struct Issuer {
    pub(super) name: Box<str>,
    /// Those who the tokens are meant for.
    pub(super) audiences: Vec<Box<str>>,
    pub(super) any_audience: bool,
    pub(super) claims: Vec<ClaimRule>,
    pub(super) keys: IssuerKeys,
}

impl Issuer {
    /// Creates an issuer whose tokens have this `iss`, byte for byte, and are signed with these keys.
    pub fn new(name: impl Into<String>, keys: impl Into<IssuerKeys>) -> Self {
        Self {
            name: name.into().into(),
            audiences: Vec::new(),
            any_audience: false,
            claims: Vec::new(),
            keys: keys.into(),
        }
    }

    /// Believes tokens that are meant for `audience`: their `aud`, or their `client_id` if they have no `aud`.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into().into());
        self
    }

    /// Believes tokens that are meant for others, too. An Amazon Cognito authorizer does.
    #[must_use]
    pub fn any_audience(mut self) -> Self {
        self.any_audience = true;
        self
    }

    /// Demands something of another claim.
    #[must_use]
    pub fn claim(mut self, rule: ClaimRule) -> Self {
        self.claims.push(rule);
        self
    }

    pub(super) fn check_audience(&self, claims: &Map<String, Value>) -> Result<(), TokenError> {
        let is_ours = |value: &Value| {
            value
                .as_str()
                .is_some_and(|value| self.audiences.iter().any(|own| **own == *value))
        };
        let valid = match claims.get("aud") {
            _ if self.any_audience => true,
            Some(Value::Array(audiences)) => audiences.iter().any(is_ours),
            Some(audience) => is_ours(audience),
            None => claims.get("client_id").is_some_and(is_ours),
        };
        if valid {
            Ok(())
        } else {
            Err(TokenError::Audience)
        }
    }
}

/// What a token must say besides.
#[derive(Debug, Clone)]
pub struct ClaimRule {
    pub(super) name: Box<str>,
    required: bool,
    /// Empty: whatever it says.
    pub(super) one_of: Vec<Box<str>>,
}

impl ClaimRule {
    /// Demands a claim of this name, a text.
    pub fn required(name: impl Into<String>) -> Self {
        Self {
            name: name.into().into(),
            required: true,
            one_of: Vec::new(),
        }
    }

    /// Demands that a claim of this name, if there is one, is a text.
    pub fn optional(name: impl Into<String>) -> Self {
        Self {
            required: false,
            ..Self::required(name)
        }
    }

    /// Demands that the claim is one of these texts, byte for byte.
    #[must_use]
    pub fn one_of(mut self, values: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let values = values.into_iter().map(|value| value.into().into());
        self.one_of.extend(values);
        self
    }

    pub(super) fn check(&self, claims: &Map<String, Value>) -> Result<(), TokenError> {
        let matches = match claims.get(&*self.name) {
            Some(Value::String(text)) => {
                self.one_of.is_empty() || self.one_of.iter().any(|value| **value == **text)
            }
            Some(_) => false,
            None => !self.required,
        };
        if matches {
            Ok(())
        } else {
            Err(TokenError::Claim(self.name.clone()))
        }
    }
}

/// Where an issuer's keys come from: a [`KeySet`] that never changes, or [`CachedKeys`].
pub struct IssuerKeys(Keys);

enum Keys {
    Cached(Arc<CachedKeys>),
    Fixed(Arc<KeySet>),
}

/// Where a key is.
pub(super) enum Found {
    /// In this set.
    Here(Arc<KeySet>),
    /// Perhaps in what this fetch brings.
    Fetch(KeyFetch),
}

impl IssuerKeys {
    /// Looks for the set that has a key; without a fetch if there need not be one.
    pub(super) fn lookup(&self, kid: &str, now: Timestamp) -> Result<Found, TokenError> {
        match &self.0 {
            Keys::Fixed(keys) if keys.get(kid).is_some() => Ok(Found::Here(Arc::clone(keys))),
            Keys::Fixed(_) => Err(TokenError::Key),
            Keys::Cached(cached) => match cached.lookup(kid, now) {
                KeyLookup::Found(keys) => Ok(Found::Here(keys)),
                KeyLookup::Fetch(fetch) => Ok(Found::Fetch(fetch)),
                KeyLookup::NotFound => Err(TokenError::Key),
                KeyLookup::Unavailable(cause) => Err(TokenError::Keys(cause)),
            },
        }
    }

    /// Returns the set that has a key if that needs no fetch.
    pub(super) fn at_hand(&self, kid: &str, now: Timestamp) -> Option<Arc<KeySet>> {
        let keys = match &self.0 {
            Keys::Fixed(keys) => Arc::clone(keys),
            Keys::Cached(cached) => cached.current(now)?,
        };
        keys.get(kid).is_some().then_some(keys)
    }

    /// Returns whether tokens that were verified with `keys` still would be.
    pub(super) fn is_current(&self, keys: &Arc<KeySet>, now: Timestamp) -> bool {
        match &self.0 {
            Keys::Fixed(own) => Arc::ptr_eq(own, keys),
            Keys::Cached(cached) => cached.is_current(keys, now),
        }
    }
}

impl fmt::Debug for IssuerKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Keys::Cached(keys) => keys.fmt(f),
            Keys::Fixed(keys) => keys.fmt(f),
        }
    }
}

impl From<CachedKeys> for IssuerKeys {
    fn from(keys: CachedKeys) -> Self {
        Arc::new(keys).into()
    }
}

impl From<Arc<CachedKeys>> for IssuerKeys {
    /// Several authorizers may share what one issuer publishes.
    fn from(keys: Arc<CachedKeys>) -> Self {
        Self(Keys::Cached(keys))
    }
}

impl From<KeySet> for IssuerKeys {
    fn from(keys: KeySet) -> Self {
        Arc::new(keys).into()
    }
}

impl From<Arc<KeySet>> for IssuerKeys {
    fn from(keys: Arc<KeySet>) -> Self {
        Self(Keys::Fixed(keys))
    }
}
