//! How each kind of API writes claims into `$context`.

use std::{borrow::Cow, fmt::Write as _};

use serde_json::Value;
use towergate_core::Timestamp;

/// The kinds of API that take tokens. They write claims and refusals each in their own way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JwtStyle {
    /// A REST API with an Amazon Cognito authorizer.
    Cognito,
    /// An HTTP API with a JWT authorizer.
    HttpApi,
    /// A REST API with a JWT authorizer.
    RestJwt,
}

impl JwtStyle {
    /// Returns the text of a claim in `$context.authorizer.claims` (in `requestContext.authorizer.jwt.claims` of an HTTP
    /// API); `None` if it is left out.
    ///
    /// | claim | Cognito | HTTP API | REST API, JWT |
    /// |---|---|---|---|
    /// | `"a"` | `a` | `a` | `"a"`, non-ASCII as `\u00E9` |
    /// | `1.5`, `true` | `1.5`, `true` | `1.5`, `true` | `1.5`, `true` |
    /// | `["a", 1]` | `a,1` | `[a 1]` | `["a",1]` |
    /// | `{"a": 1}` | `{"a":1}` | `{"a":1}` | `{"a":1}` |
    /// | `null` | left out | left out | `null` |
    /// | `exp`, `iat` | `Mon Jun 10 17:37:39 UTC 2019` | seconds | seconds |
    ///
    /// The claim `identities` of Cognito, a list of objects, is JSON.
    #[must_use]
    pub fn claim_text<'v>(self, name: &str, value: &'v Value) -> Option<Cow<'v, str>> {
        match (self, value) {
            (Self::RestJwt, _) => Some(ascii_json(value).into()),
            (_, Value::Null) => None,
            (_, Value::String(text)) => Some(text.into()),
            (Self::Cognito, Value::Number(_)) if matches!(name, "exp" | "iat") => {
                Some(calendar_time(value).into())
            }
            (Self::Cognito, Value::Array(items)) if name != "identities" => {
                Some(join(items, ",").into())
            }
            (Self::HttpApi, Value::Array(items)) => Some(format!("[{}]", join(items, " ")).into()),
            _ => Some(value.to_string().into()),
        }
    }
}

fn join(items: &[Value], separator: &str) -> String {
    let texts: Vec<_> = items
        .iter()
        .map(|item| match item {
            Value::String(text) => Cow::from(text),
            _ => Cow::from(item.to_string()),
        })
        .collect();
    texts.join(separator)
}

/// A fraction of a second is dropped; a time before 1970 stays a number.
fn calendar_time(value: &Value) -> String {
    match value.as_f64() {
        Some(seconds) if seconds >= 0.0 => {
            let millis = value.as_u64().map_or((seconds * 1e3) as u64, |seconds| {
                seconds.saturating_mul(1_000)
            });
            Timestamp::from_unix_millis(millis)
                .calendar_time()
                .to_string()
        }
        _ => value.to_string(),
    }
}

/// JSON in which every character beyond ASCII is escaped, in upper-case hexadecimals.
fn ascii_json(value: &Value) -> String {
    let json = value.to_string();
    if json.is_ascii() {
        return json;
    }
    let mut ascii = String::with_capacity(json.len() * 2);
    for character in json.chars() {
        if character.is_ascii() {
            ascii.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                let _ = write!(ascii, "\\u{unit:04X}");
            }
        }
    }
    ascii
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn claims_are_written_as_each_kind_of_api_does() {
        let identities = json!([{"providerName": "X", "userId": "1"}]);
        let identities_json = r#"[{"providerName":"X","userId":"1"}]"#;
        let date = "Mon Jun 10 17:37:39 UTC 2019";
        let cases = [
            ("sub", json!("a"), Some("a"), Some("a"), r#""a""#),
            (
                "name",
                json!("é\"😀"),
                Some("é\"😀"),
                Some("é\"😀"),
                r#""\u00E9\"\uD83D\uDE00""#,
            ),
            ("n", json!("42"), Some("42"), Some("42"), r#""42""#),
            ("n", json!(42), Some("42"), Some("42"), "42"),
            ("n", json!(12.5), Some("12.5"), Some("12.5"), "12.5"),
            ("n", json!(true), Some("true"), Some("true"), "true"),
            ("n", json!(null), None, None, "null"),
            (
                "g",
                json!(["a", "b"]),
                Some("a,b"),
                Some("[a b]"),
                r#"["a","b"]"#,
            ),
            ("g", json!([]), Some(""), Some("[]"), "[]"),
            (
                "g",
                json!([1, [true]]),
                Some("1,[true]"),
                Some("[1 [true]]"),
                "[1,[true]]",
            ),
            (
                "identities",
                identities,
                Some(identities_json),
                Some(r#"[{"providerName":"X","userId":"1"}]"#),
                identities_json,
            ),
            (
                "o",
                json!({"b": 1, "a": "ü"}),
                Some(r#"{"b":1,"a":"ü"}"#),
                Some(r#"{"b":1,"a":"ü"}"#),
                r#"{"b":1,"a":"\u00FC"}"#,
            ),
            (
                "exp",
                json!(1_560_188_259),
                Some(date),
                Some("1560188259"),
                "1560188259",
            ),
            (
                "iat",
                json!(1_560_188_259.75),
                Some(date),
                Some("1560188259.75"),
                "1560188259.75",
            ),
            (
                "auth_time",
                json!(1_560_188_259),
                Some("1560188259"),
                Some("1560188259"),
                "1560188259",
            ),
            ("exp", json!(-1), Some("-1"), Some("-1"), "-1"),
            (
                "exp",
                json!("soon"),
                Some("soon"),
                Some("soon"),
                r#""soon""#,
            ),
        ];
        for (name, value, cognito, http_api, rest_jwt) in cases {
            for (style, expected) in [
                (JwtStyle::Cognito, cognito),
                (JwtStyle::HttpApi, http_api),
                (JwtStyle::RestJwt, Some(rest_jwt)),
            ] {
                let text = style.claim_text(name, &value);
                assert_eq!(text.as_deref(), expected, "{style:?} {name} {value}");
            }
        }
    }
}
