//! Reads the `statusCode` of a `MOCK` integration's request, as leniently as API Gateway does.
//!
//! `{statusCode: 200}`, single quotes, doubled and trailing commas and garbage behind the pair are accepted; a
//! status in quotes is not (rest-api.md, section 4.7).

use serde_json::Value;

/// How deep values beside `statusCode` may nest.
const MAX_DEPTH: usize = 64;

/// Returns the integer that `body` gives for `statusCode`, `None` if it does not.
pub(crate) fn mock_status(body: &str) -> Option<i64> {
    if let Ok(value) = serde_json::from_str::<Value>(body) {
        return value.as_object()?.get("statusCode")?.as_i64();
    }
    let mut scanner = Scanner { rest: body.trim() };
    let object = scanner.rest.strip_prefix('{')?.strip_suffix('}')?;
    scanner.rest = object;
    scanner.status()
}

struct Scanner<'a> {
    rest: &'a str,
}

impl<'a> Scanner<'a> {
    fn status(&mut self) -> Option<i64> {
        let mut status = None;
        loop {
            self.skip(|character| character.is_whitespace() || character == ',');
            if self.rest.is_empty() {
                return status;
            }
            let key = self.key()?;
            self.skip(char::is_whitespace);
            self.rest = self.rest.strip_prefix(':')?;
            self.skip(char::is_whitespace);
            let value = self.value()?;
            if key == "statusCode" {
                status = Some(value.trim().parse().ok()?);
            }
        }
    }

    /// A name in quotes of either kind, or a bare one.
    fn key(&mut self) -> Option<&'a str> {
        match self.rest.chars().next()? {
            quote @ ('"' | '\'') => self.quoted(quote),
            '{' | '[' => None,
            _ => {
                let end = self
                    .rest
                    .find(|c: char| c == ':' || c.is_whitespace() || c == '"' || c == '\'')?;
                self.take(end)
            }
        }
    }

    /// A value up to the comma behind it; what follows a bare word up to there belongs to nobody.
    fn value(&mut self) -> Option<&'a str> {
        let text = match self.rest.chars().next()? {
            quote @ ('"' | '\'') => {
                // The quotes stay in the text, so that `"200"` is not taken for an integer.
                let before = self.rest;
                self.quoted(quote)?;
                before.get(..before.len() - self.rest.len())?
            }
            '{' | '[' => {
                let end = balanced(self.rest)?;
                self.take(end)?
            }
            _ => {
                let end = self
                    .rest
                    .find(|c: char| c == ',' || c.is_whitespace())
                    .unwrap_or(self.rest.len());
                self.take(end)?
            }
        };
        let end = self.rest.find(',').unwrap_or(self.rest.len());
        let garbage = self.take(end)?;
        (!garbage.contains(['{', '}', '[', ']'])).then_some(text)
    }

    fn quoted(&mut self, quote: char) -> Option<&'a str> {
        let inner = self.rest.strip_prefix(quote)?;
        let mut escaped = false;
        let end = inner.find(|character| {
            let ends = character == quote && !escaped;
            escaped = character == '\\' && !escaped;
            ends
        })?;
        self.rest = inner.get(end + quote.len_utf8()..)?;
        inner.get(..end)
    }

    fn take(&mut self, end: usize) -> Option<&'a str> {
        let (taken, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        Some(taken)
    }

    fn skip(&mut self, skipped: impl Fn(char) -> bool) {
        self.rest = self.rest.trim_start_matches(skipped);
    }
}

/// Where the braces and brackets that open at the start of `text` are closed again.
fn balanced(text: &str) -> Option<usize> {
    let mut open = Vec::new();
    for (index, character) in text.char_indices() {
        match character {
            '{' => open.push('}'),
            '[' => open.push(']'),
            '}' | ']' if open.pop() != Some(character) => return None,
            _ => {}
        }
        if open.is_empty() {
            return Some(index + character.len_utf8());
        }
        if open.len() > MAX_DEPTH {
            return None;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parser_is_as_lenient_as_api_gateway() {
        let cases = [
            (r#"{"statusCode": 200}"#, Some(200)),
            ("{statusCode: 200}", Some(200)),
            ("{ statusCode : 404 }", Some(404)),
            ("{'statusCode': 200, '': ''}", Some(200)),
            (r#"{"statusCode": 200 , }"#, Some(200)),
            (r#"{"statusCode": 200 ,, }"#, Some(200)),
            (r#"{"a": {"b": [1]}, "statusCode": 202}"#, Some(202)),
            ("{a: {b: [1]}, statusCode: 202}", Some(202)),
            ("{statusCode: 200 garbage}", Some(200)),
            (r#"{"statusCode": 200 "x": 1}"#, Some(200)),
            ("\n {statusCode: 200}\n", Some(200)),
            (r#"{"statusCode": 0}"#, Some(0)),
            (r#"{"statusCode": "200"}"#, None),
            ("{statusCode: '200'}", None),
            (r#"{"statusCode": 200.5}"#, None),
            (r#"{"statusCode": true}"#, None),
            ("{statusCode: }", None),
            (r#"{"statusCode": 200"#, None),
            (r#""statusCode": 200}"#, None),
            (r#"{"statusCode': 200}"#, None),
            ("{{statusCode: 200}}", None),
            ("{[statusCode: 200}", None),
            ("{statusCode: 200}}", None),
            ("{}", None),
            ("[]", None),
            ("200", None),
            ("", None),
        ];
        for (body, expected) in cases {
            assert_eq!(mock_status(body), expected, "{body}");
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |depth: usize| {
            format!(
                "{{x: {}1{}, statusCode: 200}}",
                "[".repeat(depth),
                "]".repeat(depth)
            )
        };
        assert_eq!(mock_status(&nested(MAX_DEPTH)), Some(200));
        assert_eq!(mock_status(&nested(MAX_DEPTH + 1)), None);
    }
}
