//! What the context tells of an API key.

use std::fmt;

/// An API key, as the [`Context`](crate::Context) tells of it.
///
/// It has a place of its own beside the [`Identity`](crate::Identity): an authorizer writes that before the key is known.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApiKeyInfo {
    /// `identity.apiKeyId`: the key's id.
    pub id: Box<str>,
    /// `identity.apiKey`: the key itself. It is a secret.
    pub value: Box<str>,
}

impl ApiKeyInfo {
    /// Creates what is told of a key.
    #[must_use]
    pub fn new(id: impl Into<Box<str>>, value: impl Into<Box<str>>) -> Self {
        Self {
            id: id.into(),
            value: value.into(),
        }
    }
}

impl fmt::Debug for ApiKeyInfo {
    /// Names the key by its id; the value stays hidden.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKeyInfo")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_is_not_in_debug() {
        let shown = format!("{:?}", ApiKeyInfo::new("k1", "a-secret-value"));
        assert_eq!(shown, r#"ApiKeyInfo { id: "k1", .. }"#);
    }
}
