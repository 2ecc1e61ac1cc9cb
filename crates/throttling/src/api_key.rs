//! API keys, as data.

use std::fmt;

use crate::UsagePlanError;

/// The shortest value of an API key, in characters.
pub const MIN_KEY_VALUE: usize = 20;
/// The longest value of an API key, in characters.
pub const MAX_KEY_VALUE: usize = 128;
/// The longest name of an API key, in characters.
pub(crate) const MAX_NAME: usize = 1024;
/// The longest description of an API key, in characters, as other implementations have it.
pub(crate) const MAX_DESCRIPTION: usize = 125_000;

/// An API key: what clients send in `x-api-key`, and who they are then.
///
/// The value is a secret, and in no `Debug`.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApiKey {
    /// The id, which tells the key from all others; it is what usage is kept by. Not empty.
    pub id: String,
    /// The name, at most 1024 characters; it may be empty.
    pub name: String,
    /// What clients send, 20 to 128 characters.
    pub value: String,
    /// What it is for.
    pub description: String,
    /// Whether requests with it are let in.
    pub enabled: bool,
}

impl ApiKey {
    /// Creates a key without a name, enabled.
    #[must_use]
    pub fn new(id: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            name: String::new(),
            value: value.into(),
            description: String::new(),
            enabled: true,
        }
    }

    /// Sets the name.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Sets the description.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// Sets whether requests with it are let in.
    #[must_use]
    pub fn enabled(mut self, enabled: bool) -> Self {
        self.enabled = enabled;
        self
    }

    /// Checks what can be told of the key alone.
    pub(crate) fn check(&self) -> Result<(), UsagePlanError> {
        if self.id.is_empty() {
            return Err(UsagePlanError::EmptyId);
        }
        let value = self.value.chars().count();
        if value < MIN_KEY_VALUE {
            return Err(UsagePlanError::KeyValueTooShort);
        }
        if value > MAX_KEY_VALUE {
            return Err(UsagePlanError::KeyValueTooLong);
        }
        if self.name.chars().count() > MAX_NAME {
            return Err(UsagePlanError::KeyName);
        }
        if self.description.chars().count() > MAX_DESCRIPTION {
            return Err(UsagePlanError::KeyDescription);
        }
        Ok(())
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKey")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("description", &self.description)
            .field("enabled", &self.enabled)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_checked_at_their_bounds_and_refused_in_the_words_of_api_gateway() {
        let value = |length: usize| ApiKey::new("k1", "ä".repeat(length));
        let valid = || value(20);
        let cases = [
            ("shortest value", valid(), None),
            ("longest value", value(128), None),
            (
                "value too short",
                value(19),
                Some("API Key value should be at least 20 characters"),
            ),
            (
                "value too long",
                value(129),
                Some("API Key value exceeds maximum size of 128 characters"),
            ),
            ("longest name", valid().name("ä".repeat(1024)), None),
            (
                "name too long",
                valid().name("ä".repeat(1025)),
                Some("Invalid API Key name, can be at most 1024 characters."),
            ),
            (
                "longest description",
                valid().description("a".repeat(125_000)),
                None,
            ),
            (
                "description too long",
                valid().description("a".repeat(125_001)),
                Some("Invalid API Key description specified."),
            ),
            (
                "no id",
                ApiKey::new("", "a".repeat(20)),
                Some("an id must not be empty"),
            ),
        ];
        for (name, key, expected) in cases {
            let found = key.check().err().map(|error| error.to_string());
            assert_eq!(found.as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn the_value_is_not_in_debug() {
        let key = ApiKey::new("k1", "a-very-secret-value-of-a-key");
        assert!(!format!("{key:?}").contains("secret"));
    }
}
