//! What a limit is called in header fields.

use std::{fmt, str::FromStr, sync::Arc};

/// What a limit is called in the fields `RateLimit-Policy` and `RateLimit`, by which clients tell it from others
/// (draft-ietf-httpapi-ratelimit-headers-10, section 3): printable ASCII, as a String of RFC 9651, section 3.3.3.
///
/// ```
/// use towergate_throttling::PolicyName;
///
/// let name: PolicyName = "per address".parse()?;
/// assert_eq!(name.to_string(), r#""per address""#);
/// assert!("pro Adreß".parse::<PolicyName>().is_err());
/// # Ok::<(), towergate_throttling::InvalidPolicyName>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PolicyName {
    /// As it is written in a field: in quotes, with quotes and backslashes in it escaped.
    quoted: Arc<str>,
}

/// A text is no name of a limit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is no name of a limit: use at least one character, all of printable ASCII", .0.escape_debug())]
pub struct InvalidPolicyName(String);

impl FromStr for PolicyName {
    type Err = InvalidPolicyName;

    fn from_str(name: &str) -> Result<Self, InvalidPolicyName> {
        let is_printable = name.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        if name.is_empty() || !is_printable {
            return Err(InvalidPolicyName(name.to_owned()));
        }
        let escaped = name.replace('\\', r"\\").replace('"', r#"\""#);
        Ok(Self {
            quoted: format!(r#""{escaped}""#).into(),
        })
    }
}

/// The name of a limit that has been given none: `default`.
impl Default for PolicyName {
    fn default() -> Self {
        Self {
            quoted: r#""default""#.into(),
        }
    }
}

/// Writes the name as it is in a field: in quotes.
impl fmt::Display for PolicyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.quoted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_strings_of_structured_fields() {
        let cases = [
            ("a word", "edge", Some(r#""edge""#)),
            (
                "every kind",
                "Per-IP v6 (/64), 50%",
                Some(r#""Per-IP v6 (/64), 50%""#),
            ),
            ("first and last", " ~", Some(r#"" ~""#)),
            ("quotes", r#"a"b"#, Some(r#""a\"b""#)),
            ("backslashes", r"a\b", Some(r#""a\\b""#)),
            ("both", r#"\""#, Some(r#""\\\"""#)),
            ("nothing", "", None),
            ("a line", "a\r\nset-cookie: x", None),
            ("a tab", "a\tb", None),
            ("delete", "a\u{7f}", None),
            ("not ASCII", "grün", None),
        ];
        for (case, name, expected) in cases {
            let parsed = name.parse::<PolicyName>();
            let written = parsed.as_ref().map(ToString::to_string).ok();
            assert_eq!(written.as_deref(), expected, "{case}");
            if let Err(error) = parsed {
                let message = error.to_string();
                assert!(
                    message.bytes().all(|byte| byte >= b' '),
                    "{case}: {message}"
                );
            }
        }
        assert_eq!("default".parse(), Ok(PolicyName::default()));
    }
}
