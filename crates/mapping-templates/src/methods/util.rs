//! `$util`.

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use crate::{
    json::write_unicode,
    render::{Render, Result, throw},
    value::Value,
};

/// As Java's decoder: padding may be missing, and bits that are left over do not matter.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl Render<'_> {
    pub(super) fn call_util(&mut self, name: &str, arguments: &[Value]) -> Result<Value> {
        let [argument] = arguments else {
            return Ok(Value::Null);
        };
        if name == "escapeJavaScript" {
            let Some(text) = self.printed(argument)? else {
                return Ok(Value::Null);
            };
            let escaped = escape_javascript(&text);
            self.spend_text(escaped.len())?;
            return Ok(Value::text(escaped));
        }
        let Value::Text(text) = argument else {
            return match (name, argument) {
                (
                    "parseJson" | "urlEncode" | "urlDecode" | "base64Encode" | "base64Decode",
                    Value::Null,
                ) => throw(format!("`$util.{name}` is given null")),
                _ => Ok(Value::Null),
            };
        };
        let result = match name {
            "parseJson" => return self.parse_json(text),
            "urlEncode" => url_encode(text),
            "urlDecode" => match url_decode(text) {
                Some(decoded) => decoded,
                None => return throw("`$util.urlDecode` is given a bad `%` sequence"),
            },
            "base64Encode" => BASE64.encode(text.as_bytes()),
            "base64Decode" => match BASE64.decode(text.as_bytes()) {
                Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
                Err(error) => return throw(format!("`$util.base64Decode`: {error}")),
            },
            _ => return Ok(Value::Null),
        };
        self.spend_text(result.len())?;
        Ok(Value::text(result))
    }
}

fn escape_javascript(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\\' | '"' | '\'' | '/' => out.extend(['\\', c]),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            ' '..='\u{7f}' => out.push(c),
            _ => write_unicode(c, &mut out),
        }
    }
    out
}

/// Form encoding, as Java's `URLEncoder`.
fn url_encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for byte in text.bytes() {
        match byte {
            b' ' => out.push('+'),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'*' | b'_' => {
                out.push(byte.into());
            }
            _ => out.push_str(percent_encoding::percent_encode_byte(byte)),
        }
    }
    out
}

/// Form decoding; `None` if a `%` is not followed by two hexadecimal digits.
fn url_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digits = std::str::from_utf8(after.get(..2)?).ok()?;
                // `from_str_radix` alone would take a sign.
                if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                    return None;
                }
                bytes.push(u8::from_str_radix(digits, 16).ok()?);
                rest = after.get(2..)?;
            }
            byte => bytes.push(*byte),
        }
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
