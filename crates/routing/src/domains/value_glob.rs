//! The value that a header condition asks for: a literal with a wildcard at either end or both.

use super::error::DomainFault;

/// The most characters of a value glob.
pub(crate) const MAX_VALUE_GLOB_CHARS: usize = 127;

/// A literal, `abc*`, `*abc`, `*abc*` or `*`.
#[derive(Debug)]
pub(crate) struct ValueGlob {
    literal: Box<[u8]>,
    has_any_start: bool,
    has_any_end: bool,
}

impl ValueGlob {
    pub(crate) fn parse(glob: &str) -> Result<Self, DomainFault> {
        let value_glob = || glob.to_owned();
        if glob.is_empty() {
            return Err(DomainFault::EmptyValueGlob);
        }
        if glob.chars().count() > MAX_VALUE_GLOB_CHARS {
            return Err(DomainFault::ValueGlobTooLong {
                value_glob: value_glob(),
            });
        }
        if let Some(character) = glob.chars().find(|character| !is_in_a_glob(*character)) {
            return Err(DomainFault::BadValueGlobCharacter {
                value_glob: value_glob(),
                character,
            });
        }
        let rest = glob.strip_prefix('*');
        let has_any_start = rest.is_some();
        let rest = rest.unwrap_or(glob);
        let before_end = rest.strip_suffix('*');
        let literal = before_end.unwrap_or(rest);
        // What is left of `**` is empty, yet it is no form that the guide knows.
        if literal.contains('*') || glob == "**" {
            return Err(DomainFault::MisplacedValueWildcard {
                value_glob: value_glob(),
            });
        }
        Ok(Self {
            literal: literal.as_bytes().into(),
            has_any_start,
            has_any_end: before_end.is_some(),
        })
    }

    /// Returns whether the glob covers the whole of `value`. Case matters.
    pub(crate) fn is_match(&self, value: &[u8]) -> bool {
        let literal = &*self.literal;
        match (self.has_any_start, self.has_any_end) {
            _ if literal.is_empty() => true,
            (false, false) => value == literal,
            (false, true) => value.starts_with(literal),
            (true, false) => value.ends_with(literal),
            (true, true) => value.windows(literal.len()).any(|part| part == literal),
        }
    }
}

fn is_in_a_glob(character: char) -> bool {
    character.is_ascii_alphanumeric() || "*?-!#$%&'.^_`|~".contains(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glob_covers_the_whole_value() {
        let cases: &[(&str, &[&str], &[&str])] = &[
            ("abc", &["abc"], &["", "ab", "abcd", "xabc", "ABC"]),
            (
                "abc*",
                &["abc", "abcd", "abc abc"],
                &["", "ab", "xabc", "Abc"],
            ),
            (
                "*abc",
                &["abc", "xabc", "abcabc"],
                &["", "bc", "abcx", "abC"],
            ),
            (
                "*abc*",
                &["abc", "xabc", "abcx", "ababcc"],
                &["", "ab", "abxc", "aBc"],
            ),
            ("*", &["", "a", "a, b"], &[]),
            ("a?c", &["a?c"], &["abc", "ac"]),
            ("a?*", &["a?", "a?x"], &["ab"]),
        ];
        for (glob, covered, others) in cases {
            let parsed = ValueGlob::parse(glob).unwrap();
            for value in *covered {
                assert!(parsed.is_match(value.as_bytes()), "{glob} covers {value:?}");
            }
            for value in *others {
                assert!(
                    !parsed.is_match(value.as_bytes()),
                    "{glob} is not for {value:?}"
                );
            }
        }
    }

    #[test]
    fn a_value_need_not_be_text() {
        let value = b"\xffabc\xff";
        for (glob, expected) in [
            ("*abc*", true),
            ("*", true),
            ("abc*", false),
            ("abc", false),
        ] {
            assert_eq!(
                ValueGlob::parse(glob).unwrap().is_match(value),
                expected,
                "{glob}"
            );
        }
    }

    #[test]
    fn a_star_elsewhere_is_refused() {
        for glob in ["a*b", "**", "***", "a**", "**a", "*a*b", "*a*b*"] {
            let fault = ValueGlob::parse(glob).unwrap_err();
            let value_glob = glob.to_owned();
            assert_eq!(
                fault,
                DomainFault::MisplacedValueWildcard { value_glob },
                "{glob}"
            );
        }
    }

    #[test]
    fn characters_and_length_are_those_of_the_template_reference() {
        for character in "azAZ09?-!#$%&'.^_`|~".chars() {
            assert!(
                ValueGlob::parse(&character.to_string()).is_ok(),
                "{character}"
            );
        }
        for character in " \"()+,/:;<=>@[\\]{}\t\u{7f}é".chars() {
            let value_glob = format!("a{character}");
            let fault = ValueGlob::parse(&value_glob).unwrap_err();
            let expected = DomainFault::BadValueGlobCharacter {
                value_glob,
                character,
            };
            assert_eq!(fault, expected, "{character:?}");
        }
        let longest = "a".repeat(MAX_VALUE_GLOB_CHARS);
        assert!(ValueGlob::parse(&longest).is_ok_and(|glob| glob.is_match(longest.as_bytes())));
        assert!(ValueGlob::parse(&format!("{longest}*")).is_err());
        assert_eq!(
            ValueGlob::parse("").unwrap_err(),
            DomainFault::EmptyValueGlob
        );
    }
}
