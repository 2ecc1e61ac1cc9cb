//! Regular expressions as Java writes them, matched against whole values.

mod fixed;
mod search;
mod translate;

use self::fixed::FixedLength;
pub use self::{
    search::{Groups, JavaPattern, SearchError},
    translate::JavaRegexError,
};

/// A compiled Java regular expression that must match the whole of a text.
#[derive(Debug, Clone)]
pub(crate) struct JavaRegex(Engine);

#[derive(Debug, Clone)]
enum Engine {
    /// A text without metacharacters.
    Literal(Box<str>),
    /// Characters and `\d` only, such as `4\d{2}`.
    Fixed(FixedLength),
    Automaton(regex::Regex),
    #[cfg(feature = "java-regex")]
    Backtracking(Box<fancy_regex::Regex>),
}

impl JavaRegex {
    /// The longest pattern, in bytes.
    pub(crate) const MAX_BYTES: usize = 4 * 1024;

    /// The most memory, in bytes, that one compiled pattern may take.
    const MAX_COMPILED_BYTES: usize = 1024 * 1024;

    /// The steps after which a backtracking match is given up.
    #[cfg(feature = "java-regex")]
    const MAX_BACKTRACKS: usize = 100_000;

    pub(crate) fn parse(pattern: &str, ignore_case: bool) -> Result<Self, JavaRegexError> {
        if pattern.len() > Self::MAX_BYTES {
            return Err(JavaRegexError::TooLong {
                limit: Self::MAX_BYTES,
            });
        }
        if !ignore_case && let Some(fixed) = FixedLength::parse(pattern) {
            return Ok(Self(match fixed.literal() {
                Some(literal) => Engine::Literal(literal),
                None => Engine::Fixed(fixed),
            }));
        }
        let translated = translate::translate(pattern)?;
        let flags = if ignore_case { "(?i)" } else { "" };
        let anchored = format!(r"\A(?:{flags}{})\z", translated.pattern);
        match translated.needs_backtracking {
            None => Self::automaton(&anchored, pattern),
            Some(construct) => Self::backtracking(&anchored, pattern, construct),
        }
    }

    fn automaton(anchored: &str, pattern: &str) -> Result<Self, JavaRegexError> {
        regex::RegexBuilder::new(anchored)
            .size_limit(Self::MAX_COMPILED_BYTES)
            .nest_limit(64)
            .build()
            .map(|regex| Self(Engine::Automaton(regex)))
            .map_err(|error| JavaRegexError::syntax(pattern, &error))
    }

    #[cfg(feature = "java-regex")]
    fn backtracking(
        anchored: &str,
        pattern: &str,
        _: &'static str,
    ) -> Result<Self, JavaRegexError> {
        fancy_regex::RegexBuilder::new(anchored)
            .backtrack_limit(Self::MAX_BACKTRACKS)
            .delegate_size_limit(Self::MAX_COMPILED_BYTES)
            .build()
            .map(|regex| Self(Engine::Backtracking(Box::new(regex))))
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

    /// Returns whether the whole of `text` matches. A backtracking match that is given up does not match.
    pub(crate) fn matches(&self, text: &str) -> bool {
        match &self.0 {
            Engine::Literal(literal) => **literal == *text,
            Engine::Fixed(fixed) => fixed.matches(text),
            Engine::Automaton(regex) => regex.is_match(text),
            #[cfg(feature = "java-regex")]
            Engine::Backtracking(regex) => regex.is_match(text).unwrap_or(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pattern, texts that match it whole, texts that do not.
    type Case = (
        &'static str,
        &'static [&'static str],
        &'static [&'static str],
    );

    fn assert_cases(cases: &[Case]) {
        for (pattern, matching, others) in cases {
            let regex = JavaRegex::parse(pattern, false).unwrap_or_else(|error| panic!("{error}"));
            for text in *matching {
                assert!(regex.matches(text), "{pattern} should match {text:?}");
            }
            for text in *others {
                assert!(!regex.matches(text), "{pattern} should not match {text:?}");
            }
        }
    }

    #[test]
    fn the_whole_text_must_match_as_java_would_match_it() {
        assert_cases(&[
            ("200", &["200"], &["2000", "1200", ""]),
            ("", &[""], &["a"]),
            (r"4\d{2}", &["400", "499"], &["40", "4000", "4xx", "4٣٣"]),
            (r"5\d\d", &["503"], &["50", "5033"]),
            (r"4..", &["404"], &["40", "4\n4"]),
            ("[45]\\d{2}", &["404", "500"], &["200"]),
            ("400|500", &["400", "500"], &["4005", "400|500"]),
            ("a|ab", &["a", "ab"], &["abb"]),
            (".*Error.*", &["An Error!"], &["An\nError", "Error\u{2028}"]),
            ("(?s).*Error.*", &["An\nError\n"], &["error"]),
            (r"(\n|.)+", &["a\nb"], &["", "a\rb"]),
            (r"Bad\.", &["Bad."], &["Bad!"]),
            (r"\QBad [input].\E.*", &["Bad [input]. x"], &["Bad i. x"]),
            (r"\Qa*b", &["a*b"], &["aab"]),
            ("(?i)bad request", &["BAD Request"], &["bad"]),
            (r"\w+\s\S", &["ab_1 x"], &["é x"]),
            (r"\d+?", &["123"], &["12x"]),
            (r"[\d-]+", &["1-2"], &["1_2"]),
            (r"[^\d]+", &["ab"], &["a1"]),
            (r"[+--]+", &["+,-"], &["*"]),
            (r"[a-z&&[^b]]+", &["acd"], &["abc"]),
            (r"[[:x]]", &[":", "x"], &["y"]),
            (r"\p{Alpha}\p{Punct}\P{Digit}", &["a!b"], &["1!b", "a!1"]),
            (r"\p{Lu}\p{IsAlphabetic}", &["Éé"], &["é1"]),
            (r"a\Rb\h\e", &["a\r\nb\t\u{1b}"], &["a b\t\u{1b}"]),
            (r"\x{41}+\u0042+", &["AABB"], &["AB C"]),
            ("a{2}b{1,}", &["aabb"], &["ab"]),
            (r"\/v1\<x\>", &["/v1<x>"], &["v1"]),
        ]);
    }

    #[test]
    fn what_cannot_be_honoured_says_so() {
        let cases = [
            ("(", "is not a regular expression"),
            ("*a", "is not a regular expression"),
            ("[a", "is not a regular expression"),
            ("\\", "is not a regular expression"),
            (r"\p{javaLowerCase}", r"uses `\p{javaLowerCase}`"),
            (r"\p{Nonsense}", "is not a regular expression"),
            (r"a\G", r"uses `\G`"),
            ("(?U)a", "uses the flag `U`"),
            ("(?:a{1000}){1000}", "is not a regular expression"),
        ];
        for (pattern, message) in cases {
            let error = JavaRegex::parse(pattern, false).unwrap_err().to_string();
            assert!(error.contains(message), "{pattern}: {error}");
        }
        let longest = "a".repeat(JavaRegex::MAX_BYTES);
        assert!(JavaRegex::parse(&longest, false).unwrap().matches(&longest));
        let longer = JavaRegex::parse(&(longest + "a"), false).unwrap_err();
        assert_eq!(
            longer,
            JavaRegexError::TooLong {
                limit: JavaRegex::MAX_BYTES
            }
        );
    }

    /// Each with the construct that needs backtracking.
    const BACKTRACKING: [(&str, &str); 8] = [
        ("(?!4)\\d+", "look-around"),
        ("a(?=b).*", "look-around"),
        (".*(?<=b)", "look-around"),
        ("(?<!a)b", "look-around"),
        (r"(a)\1", "a back-reference"),
        ("a++", "a possessive quantifier"),
        ("a{2}+b", "a possessive quantifier"),
        ("(?>a|ab)c", "an atomic group"),
    ];

    #[cfg(not(feature = "java-regex"))]
    #[test]
    fn backtracking_patterns_name_the_feature_that_they_need() {
        for (pattern, construct) in BACKTRACKING {
            let error = JavaRegex::parse(pattern, false).unwrap_err().to_string();
            assert!(
                error.contains(construct) && error.contains("`java-regex`"),
                "{pattern}: {error}"
            );
        }
    }

    #[cfg(feature = "java-regex")]
    #[test]
    fn backtracking_patterns_match_as_java_would_match_them() {
        for (pattern, _) in BACKTRACKING {
            assert!(JavaRegex::parse(pattern, false).is_ok(), "{pattern}");
        }
        assert_cases(&[
            ("(?!4)\\d+", &["500"], &["404"]),
            (r"(a)\1", &["aa"], &["ab"]),
            ("a++a", &[], &["aaa"]),
            ("(?>a|ab)c", &["ac"], &["abc"]),
            (r"^(?!.*\Q[ok]\E).*$", &["bad"], &["all [ok] here"]),
        ]);
    }

    #[cfg(feature = "java-regex")]
    #[test]
    fn a_runaway_match_is_given_up() {
        let regex = JavaRegex::parse(r"((a+)+)\1?b(?=c)", false).unwrap();
        assert!(!regex.matches(&"a".repeat(64)));
    }
}
