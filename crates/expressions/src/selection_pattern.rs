//! Selection patterns: which integration response answers.

use std::{fmt, str::FromStr};

use crate::java_regex::{JavaRegex, JavaRegexError};

/// A Java regular expression that selects an integration response by matching the *whole* of a status code or an
/// error message. `.` does not match the end of a line, so messages of several lines need `(\n|.)+`.
///
/// Patterns run in linear time. Look-around, back-references, possessive quantifiers and atomic groups need the
/// feature `java-regex`; a value on which such a pattern takes more than 100 000 steps does not match.
///
/// # Examples
///
/// ```
/// use towergate_expressions::SelectionPattern;
///
/// let client_error = SelectionPattern::parse(r"4\d{2}")?;
/// assert!(client_error.matches("404"));
/// assert!(!client_error.matches("4041"));
/// # Ok::<(), towergate_expressions::JavaRegexError>(())
/// ```
#[derive(Clone)]
pub struct SelectionPattern {
    source: Box<str>,
    regex: JavaRegex,
}

impl SelectionPattern {
    /// The longest pattern, in bytes, that is parsed.
    pub const MAX_BYTES: usize = JavaRegex::MAX_BYTES;

    /// Parses a pattern.
    ///
    /// # Errors
    ///
    /// Returns an error if `source` is not a Java regular expression, or uses what cannot be honoured.
    pub fn parse(source: &str) -> Result<Self, JavaRegexError> {
        Ok(Self {
            regex: JavaRegex::parse(source, false)?,
            source: source.into(),
        })
    }

    /// Returns whether the whole of `value` matches.
    #[must_use]
    pub fn matches(&self, value: &str) -> bool {
        self.regex.matches(value)
    }

    /// Returns the pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.source
    }
}

impl fmt::Debug for SelectionPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SelectionPattern")
            .field(&self.source)
            .finish()
    }
}

impl FromStr for SelectionPattern {
    type Err = JavaRegexError;

    fn from_str(source: &str) -> Result<Self, Self::Err> {
        Self::parse(source)
    }
}
