//! What can be wrong with a template, and with rendering it.

use std::fmt;

/// Why a text is not a template, and where.
///
/// Its `Display` is one line. [`ParseError::excerpt`] shows the place in the template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    line: usize,
    column: usize,
    found: Box<str>,
    hint: Box<str>,
    source_line: Box<str>,
}

impl ParseError {
    /// How many characters of the template's line are kept, and of what was found.
    const MAX_QUOTED: usize = 120;

    pub(crate) fn new(
        source: &str,
        position: usize,
        found: &str,
        hint: impl Into<Box<str>>,
    ) -> Self {
        let before = source.get(..position).unwrap_or(source);
        let start = before.rfind('\n').map_or(0, |index| index + 1);
        let line_text = source.get(start..).unwrap_or_default();
        let line_text = line_text.lines().next().unwrap_or_default();
        Self {
            line: before.matches('\n').count() + 1,
            column: before.get(start..).unwrap_or_default().chars().count() + 1,
            found: found.chars().take(Self::MAX_QUOTED).collect(),
            hint: hint.into(),
            source_line: line_text.chars().take(Self::MAX_QUOTED).collect(),
        }
    }

    /// Moves an error within a quoted text to where that text stands.
    pub(crate) fn within(mut self, source: &str, position: usize) -> Self {
        let outer = Self::new(source, position, "", "");
        self.column = if self.line == 1 {
            self.column + outer.column
        } else {
            self.column
        };
        self.line += outer.line - 1;
        self
    }

    /// Returns the line of the template, from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    /// Returns the column of the template in characters, from 1.
    #[must_use]
    pub fn column(&self) -> usize {
        self.column
    }

    /// Returns the text that makes no sense there; empty at the end of the template.
    #[must_use]
    pub fn found(&self) -> &str {
        &self.found
    }

    /// Returns what is wrong and how to mend it.
    #[must_use]
    pub fn hint(&self) -> &str {
        &self.hint
    }

    /// Returns the line of the template with a caret below the place.
    ///
    /// ```
    /// use towergate_mapping_templates::Template;
    ///
    /// let error = Template::parse("#set($x = 3-1)").unwrap_err();
    /// assert_eq!(error.excerpt(), "#set($x = 3-1)\n           ^");
    /// ```
    #[must_use]
    pub fn excerpt(&self) -> String {
        let indent: String = self
            .source_line
            .chars()
            .take(self.column.saturating_sub(1))
            .map(|c| if c == '\t' { '\t' } else { ' ' })
            .collect();
        format!("{}\n{indent}^", self.source_line)
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: ", self.line, self.column)?;
        if self.found.is_empty() {
            write!(f, "the template ends too early: {}", self.hint)
        } else {
            write!(f, "unexpected {:?}: {}", self.found, self.hint)
        }
    }
}

impl std::error::Error for ParseError {}

/// Why rendering was given up, and where. Nothing of the output and of the overrides is kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {kind}")]
pub struct RenderError {
    line: u32,
    column: u32,
    #[source]
    kind: RenderErrorKind,
}

impl RenderError {
    pub(crate) fn new(place: crate::ast::Place, kind: RenderErrorKind) -> Self {
        Self {
            line: place.line,
            column: place.column,
            kind,
        }
    }

    /// Returns the line of the template, from 1.
    #[must_use]
    pub fn line(&self) -> u32 {
        self.line
    }

    /// Returns the column of the template in characters, from 1.
    #[must_use]
    pub fn column(&self) -> u32 {
        self.column
    }

    /// Returns what happened.
    #[must_use]
    pub fn kind(&self) -> &RenderErrorKind {
        &self.kind
    }
}

/// What made rendering fail.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RenderErrorKind {
    /// The output would be longer than [`Limits::max_output_bytes`](crate::Limits::max_output_bytes).
    #[error("the output is longer than {limit} bytes")]
    ExceedOutput {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The work exceeds [`Limits::max_steps`](crate::Limits::max_steps).
    #[error("the template takes more than {limit} steps")]
    ExceedSteps {
        /// The limit.
        limit: u64,
    },
    /// A path of `$input.path` or `$input.json`, or a pattern of a string's method, is not one.
    #[error("{0}")]
    InvalidArgument(Box<str>),
    /// Blocks, values or documents nest deeper than what is followed.
    #[error("{what} nests too deep")]
    NestTooDeep {
        /// What nests.
        what: &'static str,
    },
    /// A number has more digits than what is calculated with.
    #[error("a number is too large")]
    NumberTooLarge,
    /// A method or directive refuses what it is given, as it would throw in API Gateway.
    #[error("{0}")]
    Throw(Box<str>),
}
