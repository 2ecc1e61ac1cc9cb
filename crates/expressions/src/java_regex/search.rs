//! Java regular expressions that are searched for, as `java.util.regex.Matcher` does.

use super::{JavaRegexError, translate};

/// A compiled Java regular expression that is searched for in a text.
///
/// Patterns that an automaton cannot match need the feature `java-regex`.
///
/// ```
/// use towergate_expressions::JavaPattern;
///
/// let pattern = JavaPattern::parse(r"(\d+)-(?<last>\d+)")?;
/// let found = pattern.find("12-34", 0).ok().flatten().unwrap_or_default();
/// assert_eq!(found, [Some((0, 5)), Some((0, 2)), Some((3, 5))]);
/// assert_eq!(pattern.group_index("last"), Some(2));
/// # Ok::<(), towergate_expressions::JavaRegexError>(())
/// ```
#[derive(Debug, Clone)]
pub struct JavaPattern {
    search: Engine,
    whole: Engine,
    reads_ahead: bool,
}

#[derive(Debug, Clone)]
enum Engine {
    Automaton(regex::Regex),
    #[cfg(feature = "java-regex")]
    Backtracking(Box<fancy_regex::Regex>),
}

/// A backtracking search took too many steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the regular expression takes too many steps")]
pub struct SearchError;

/// Where each group of a match stands in the text, in bytes. The first is the whole match.
pub type Groups = Vec<Option<(usize, usize)>>;

impl JavaPattern {
    /// Compiles `pattern`.
    ///
    /// # Errors
    ///
    /// Returns why `pattern` cannot be honoured.
    pub fn parse(pattern: &str) -> Result<Self, JavaRegexError> {
        let limit = super::JavaRegex::MAX_BYTES;
        if pattern.len() > limit {
            return Err(JavaRegexError::TooLong { limit });
        }
        let translated = translate::translate(pattern)?;
        let backtracking = translated.needs_backtracking;
        let whole = format!(r"\A(?:{})\z", translated.pattern);
        Ok(Self {
            search: Engine::parse(&translated.pattern, pattern, backtracking)?,
            whole: Engine::parse(&whole, pattern, backtracking)?,
            reads_ahead: reads_ahead(pattern),
        })
    }

    /// Returns whether a search may read far beyond the end of the match that it finds, as that for `a*b|a` does in
    /// a long run of `a`: finding every match then takes up to the square of the text's length.
    ///
    /// ```
    /// use towergate_expressions::JavaPattern;
    ///
    /// assert!(JavaPattern::parse("a*b|a")?.reads_ahead());
    /// assert!(!JavaPattern::parse(r",\s*")?.reads_ahead());
    /// # Ok::<(), towergate_expressions::JavaRegexError>(())
    /// ```
    #[must_use]
    pub fn reads_ahead(&self) -> bool {
        self.reads_ahead || self.backtracks()
    }

    /// Returns whether the pattern needs the engine that backtracks, whose searches may take 100 000 steps each.
    #[must_use]
    pub fn backtracks(&self) -> bool {
        match &self.search {
            Engine::Automaton(_) => false,
            #[cfg(feature = "java-regex")]
            Engine::Backtracking(_) => true,
        }
    }

    /// Finds the first match at or after byte `start` of `text`.
    ///
    /// # Errors
    ///
    /// Returns an error if a backtracking search is given up.
    pub fn find(&self, text: &str, start: usize) -> Result<Option<Groups>, SearchError> {
        self.search.find(text, start)
    }

    /// Returns whether the whole of `text` matches.
    ///
    /// # Errors
    ///
    /// Returns an error if a backtracking match is given up.
    pub fn matches(&self, text: &str) -> Result<bool, SearchError> {
        match &self.whole {
            Engine::Automaton(regex) => Ok(regex.is_match(text)),
            #[cfg(feature = "java-regex")]
            Engine::Backtracking(regex) => regex.is_match(text).map_err(|_| SearchError),
        }
    }

    /// Returns the index of a named group.
    #[must_use]
    pub fn group_index(&self, name: &str) -> Option<usize> {
        match &self.search {
            Engine::Automaton(regex) => regex.capture_names().position(|group| group == Some(name)),
            #[cfg(feature = "java-regex")]
            Engine::Backtracking(regex) => {
                regex.capture_names().position(|group| group == Some(name))
            }
        }
    }
}

/// Whether anything is repeated before the end of a pattern. A repetition at the end is itself part of the match.
fn reads_ahead(pattern: &str) -> bool {
    let start = pattern.trim_end_matches(['*', '+', '?']);
    start.contains(['*', '+', '{'])
}

impl Engine {
    fn parse(
        translated: &str,
        pattern: &str,
        backtracking: Option<&'static str>,
    ) -> Result<Self, JavaRegexError> {
        if let Some(construct) = backtracking {
            return Self::backtracking(translated, pattern, construct);
        }
        regex::RegexBuilder::new(translated)
            .size_limit(super::JavaRegex::MAX_COMPILED_BYTES)
            .nest_limit(64)
            .build()
            .map(Self::Automaton)
            .map_err(|error| JavaRegexError::syntax(pattern, &error))
    }

    #[cfg(feature = "java-regex")]
    fn backtracking(
        translated: &str,
        pattern: &str,
        _: &'static str,
    ) -> Result<Self, JavaRegexError> {
        fancy_regex::RegexBuilder::new(translated)
            .backtrack_limit(super::JavaRegex::MAX_BACKTRACKS)
            .delegate_size_limit(super::JavaRegex::MAX_COMPILED_BYTES)
            .build()
            .map(|regex| Self::Backtracking(Box::new(regex)))
            .map_err(|error| JavaRegexError::syntax(pattern, &error))
    }

    #[cfg(not(feature = "java-regex"))]
    fn backtracking(
        _: &str,
        pattern: &str,
        construct: &'static str,
    ) -> Result<Self, JavaRegexError> {
        Err(JavaRegexError::NeedsFeature {
            pattern: pattern.into(),
            construct,
        })
    }

    fn find(&self, text: &str, start: usize) -> Result<Option<Groups>, SearchError> {
        if start > text.len() {
            return Ok(None);
        }
        match self {
            Self::Automaton(regex) => Ok(regex.captures_at(text, start).map(|captures| {
                let groups = captures.iter();
                groups
                    .map(|group| group.map(|group| (group.start(), group.end())))
                    .collect()
            })),
            #[cfg(feature = "java-regex")]
            Self::Backtracking(regex) => {
                let captures = regex
                    .captures_from_pos(text, start)
                    .map_err(|_| SearchError)?;
                Ok(captures.map(|captures| {
                    let groups = captures.iter();
                    groups
                        .map(|group| group.map(|group| (group.start(), group.end())))
                        .collect()
                }))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_are_found_one_after_the_other() {
        type Case = (&'static str, &'static str, &'static [(usize, usize)]);
        let cases: [Case; 5] = [
            ("a+", "baac", &[(1, 3)]),
            ("a*", "ba", &[(0, 0), (1, 2), (2, 2)]),
            ("^a", "aa", &[(0, 1)]),
            (r"\bb", "ab b", &[(3, 4)]),
            ("é", "eéé", &[(1, 3), (3, 5)]),
        ];
        for (pattern, text, expected) in cases {
            let regex = JavaPattern::parse(pattern).unwrap();
            let mut found = Vec::new();
            let mut start = 0;
            while let Some((from, to)) = regex
                .find(text, start)
                .unwrap()
                .and_then(|groups| groups[0])
            {
                found.push((from, to));
                start = if to == from { to + 1 } else { to };
            }
            assert_eq!(found, expected, "{pattern} in {text}");
        }
    }

    #[test]
    fn the_whole_text_matches_or_not() {
        let regex = JavaPattern::parse("a|ab").unwrap();
        for (text, expected) in [("a", true), ("ab", true), ("abc", false)] {
            assert_eq!(regex.matches(text), Ok(expected), "{text}");
        }
    }

    #[cfg(feature = "java-regex")]
    #[test]
    fn a_runaway_search_is_given_up() {
        let regex = JavaPattern::parse(r"^(?:(a+)\1?)+b(?=c)").unwrap();
        assert_eq!(
            regex.find(&format!("{}bd", "a".repeat(64)), 0),
            Err(SearchError)
        );
    }
}
