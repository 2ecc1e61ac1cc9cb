//! What can be wrong with a mapping, and with its evaluation.

use crate::{FindError, JsonPathError, excerpt::excerpt};

/// Why a text is not a mapping's source or target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MappingParseError {
    /// The JSONPath after `.body.` is wrong.
    #[error("the mapping `{expression}` has no readable path")]
    JsonPath {
        /// The whole expression.
        expression: Box<str>,
        /// What is wrong with the path.
        #[source]
        error: JsonPathError,
    },
    /// The name is empty or holds other characters than letters, digits and `._$-`.
    #[error(
        "`{name}` in `{expression}` is not a parameter name: use letters, digits, `.`, `_`, `$` and `-`"
    )]
    Name {
        /// The whole expression.
        expression: Box<str>,
        /// The name.
        name: Box<str>,
    },
    /// The static value has no closing quote.
    #[error("the static value {expression} has no closing quote")]
    Static {
        /// The whole expression.
        expression: Box<str>,
    },
    /// No such source or target can be used here.
    #[error("`{expression}` cannot be used here: use one of {allowed}")]
    Unknown {
        /// The whole expression.
        expression: Box<str>,
        /// What can be used.
        allowed: &'static str,
    },
}

impl MappingParseError {
    /// How much of an offending expression is kept for the message, in bytes.
    const MAX_QUOTED_BYTES: usize = 200;

    pub(super) fn unknown(expression: &str, allowed: &'static str) -> Self {
        Self::Unknown {
            expression: quoted(expression),
            allowed,
        }
    }

    pub(super) fn name(expression: &str, name: &str) -> Self {
        Self::Name {
            expression: quoted(expression),
            name: quoted(name),
        }
    }

    pub(super) fn unquoted(expression: &str) -> Self {
        Self::Static {
            expression: quoted(expression),
        }
    }

    pub(super) fn json_path(expression: &str, error: JsonPathError) -> Self {
        Self::JsonPath {
            expression: quoted(expression),
            error,
        }
    }
}

/// The start of an expression, for a message.
fn quoted(expression: &str) -> Box<str> {
    excerpt(expression, MappingParseError::MAX_QUOTED_BYTES).into()
}

/// Why a mapping has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MappingError {
    /// The search in the JSON body was given up.
    #[error("the body cannot be searched")]
    Find(#[source] FindError),
    /// A body that starts like JSON is not JSON, or nests deeper than 127 levels.
    ///
    /// On the request side this is a 400, on the response side a 500.
    #[error("the body is not JSON: line {line}, column {column}")]
    InvalidJson {
        /// The line of the mistake, from 1.
        line: usize,
        /// The column of the mistake, from 1.
        column: usize,
    },
}
