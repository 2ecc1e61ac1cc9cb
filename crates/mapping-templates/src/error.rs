//! What can be wrong with a template, and with rendering it.

use std::{fmt, ops::Range};

/// Why a text is not a template, and where.
///
/// Its `Display` is one line. [`ParseError::excerpt`] shows the place in the template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    line: usize,
    column: usize,
    found: Box<str>,
    hint: Box<str>,
    excerpt: Box<str>,
}

impl ParseError {
    /// How many characters are kept of what was found.
    const MAX_FOUND: usize = 120;

    pub(crate) fn new(
        source: &str,
        position: usize,
        found: &str,
        hint: impl Into<Box<str>>,
    ) -> Self {
        let before = source.get(..position).unwrap_or(source);
        let start = before.rfind('\n').map_or(0, |index| index + 1);
        let line = before.matches('\n').count() + 1;
        let column = before.get(start..).unwrap_or_default().chars().count() + 1;
        Self {
            line,
            column,
            found: found.chars().take(Self::MAX_FOUND).collect(),
            hint: hint.into(),
            excerpt: excerpt(source, line, column),
        }
    }

    /// Moves an error within a quoted text to where that text stands: from its opening to its closing quote.
    pub(crate) fn within(mut self, source: &str, quotation: Range<usize>) -> Self {
        let opening = Self::new(source, quotation.start, "", "");
        let closing = Self::new(source, quotation.end, "", "");
        if self.line == 1 {
            self.column += opening.column;
        }
        self.line += opening.line - 1;
        // A text is parsed with a blank behind it.
        if (self.line, self.column) > (closing.line, closing.column) {
            (self.line, self.column) = (closing.line, closing.column);
        }
        self.excerpt = excerpt(source, self.line, self.column);
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

    /// Returns the line of the template with a caret below the place; of a long line, the part around it.
    ///
    /// ```
    /// use towergate_mapping_templates::Template;
    ///
    /// let error = Template::parse("#set($x = 3-1)").unwrap_err();
    /// assert_eq!(error.excerpt(), "#set($x = 3-1)\n           ^");
    /// ```
    #[must_use]
    pub fn excerpt(&self) -> &str {
        &self.excerpt
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
///
/// Its `Display` is one line. [`RenderError::excerpt`] shows the place in the template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {kind}")]
pub struct RenderError {
    line: u32,
    column: u32,
    #[source]
    kind: RenderErrorKind,
    excerpt: Box<str>,
}

impl RenderError {
    pub(crate) fn new(source: &str, place: crate::ast::Place, kind: RenderErrorKind) -> Self {
        // Text alone can be too long, before any place is reached.
        let (line, column) = (place.line.max(1), place.column.max(1));
        Self {
            line,
            column,
            kind,
            excerpt: excerpt(source, line as usize, column as usize),
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

    /// Returns the line of the template with a caret below the place; of a long line, the part around it.
    ///
    /// ```
    /// use towergate_mapping_templates::{Payload, Scope, Template};
    ///
    /// let template = Template::parse("#set($l = [1])\nlast: $l.get(1)")?;
    /// let error = template.render(&mut Scope::new(Payload::default(), &())).unwrap_err();
    /// assert_eq!(error.excerpt(), "last: $l.get(1)\n      ^");
    /// # Ok::<(), towergate_mapping_templates::ParseError>(())
    /// ```
    #[must_use]
    pub fn excerpt(&self) -> &str {
        &self.excerpt
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

/// How many characters of a line an excerpt shows, and how many of them before the caret if the line is cut there.
const MAX_EXCERPT: usize = 120;
const BEFORE_CARET: usize = 80;

/// Quotes a line of a template with a caret below the column; `…` stands where the line is cut.
fn excerpt(source: &str, line: usize, column: usize) -> Box<str> {
    let text = source.split('\n').nth(line.saturating_sub(1));
    let text = text.unwrap_or_default().trim_end_matches('\r');
    let caret = column.saturating_sub(1);
    let skipped = match caret < MAX_EXCERPT {
        true => 0,
        false => caret - BEFORE_CARET,
    };
    let mut rest = text.chars().skip(skipped);
    let mut shown = String::from(if skipped > 0 { "…" } else { "" });
    shown.extend(rest.by_ref().take(MAX_EXCERPT));
    // Tabs stay, so that the caret stands below its column.
    let before = shown
        .chars()
        .take(caret - skipped + usize::from(skipped > 0));
    let indent: String = before.map(|c| if c == '\t' { c } else { ' ' }).collect();
    if rest.next().is_some() {
        shown.push('…');
    }
    format!("{shown}\n{indent}^").into()
}

#[cfg(test)]
mod tests {
    use super::excerpt;

    #[test]
    fn excerpts_have_the_caret_below_the_column() {
        let long = "0123456789".repeat(30);
        let numbers = |from: usize, to: usize| &long[from..to];
        let cases = [
            ("one line", "ab", 1, 2, "ab".to_owned(), 1),
            ("the end of a line", "ab\ncd", 1, 3, "ab".to_owned(), 2),
            ("a later line", "ab\ncd\r\nef", 2, 1, "cd".to_owned(), 0),
            ("no line", "ab\n", 2, 1, String::new(), 0),
            (
                "the last column of the start",
                &long,
                1,
                120,
                format!("{}…", numbers(0, 120)),
                119,
            ),
            (
                "the first column behind it",
                &long,
                1,
                121,
                format!("…{}…", numbers(40, 160)),
                81,
            ),
            (
                "far behind",
                &long,
                1,
                200,
                format!("…{}", numbers(119, 239)) + "…",
                81,
            ),
            (
                "the end of a long line",
                &long,
                1,
                301,
                format!("…{}", numbers(220, 300)),
                81,
            ),
            (
                "characters of several bytes",
                "ééé",
                1,
                3,
                "ééé".to_owned(),
                2,
            ),
        ];
        for (name, source, line, column, shown, caret) in cases {
            let expected = format!("{shown}\n{}^", " ".repeat(caret));
            assert_eq!(&*excerpt(source, line, column), expected, "{name}");
        }
        assert_eq!(&*excerpt("a\tb", 1, 3), "a\tb\n \t^", "a tab");
    }
}
