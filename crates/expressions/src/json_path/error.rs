//! What can be wrong with a path, and with a search.

use std::borrow::Cow;

use crate::excerpt::excerpt;

/// Why a text is not a JSONPath expression, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid JSONPath `{path}` at byte {position}: {hint}")]
pub struct JsonPathError {
    path: Box<str>,
    position: usize,
    hint: Cow<'static, str>,
}

impl JsonPathError {
    /// How much of an offending expression is kept for the message, in bytes.
    const MAX_QUOTED_BYTES: usize = 200;

    pub(super) fn new(path: &str, position: usize, hint: impl Into<Cow<'static, str>>) -> Self {
        Self {
            path: excerpt(path, Self::MAX_QUOTED_BYTES).into(),
            position,
            hint: hint.into(),
        }
    }

    /// Returns the byte offset in the expression at which it stops making sense.
    #[must_use]
    pub fn position(&self) -> usize {
        self.position
    }

    /// Returns what is wrong there and how to mend it.
    #[must_use]
    pub fn hint(&self) -> &str {
        &self.hint
    }
}

/// Why a search was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FindError {
    /// The search cost more than its [`Budget`](super::Budget).
    #[error("the JSONPath search exceeds its budget")]
    ExhaustBudget,
    /// A value to copy or compare nests deeper than
    /// [`Budget::MAX_DOCUMENT_DEPTH`](super::Budget::MAX_DOCUMENT_DEPTH).
    #[error("the JSON document nests too deep")]
    NestTooDeep,
}
