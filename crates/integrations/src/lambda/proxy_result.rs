//! What a function of a Lambda proxy integration returns (rest-api.md, section 4.9).

use std::{borrow::Cow, fmt};

use base64::Engine as _;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Unexpected, Visitor},
};
use towergate_core::Body;

use crate::{content_handling::BASE64, header_rules::proxied_response_name};

/// Why what a function returned is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProxyResultError {
    #[error("malformed Lambda proxy response: {0}")]
    Malformed(String),
    #[error("the body that the function returned is not base64")]
    NotBase64,
}

/// Reads the client's answer. A body that is base64 is decoded if `decodes`.
pub(crate) fn read_proxy_result(
    payload: &Bytes,
    decodes: impl FnOnce() -> bool,
) -> Result<Response<Body>, ProxyResultError> {
    let malformed = |error: &dyn fmt::Display| ProxyResultError::Malformed(error.to_string());
    // An array of five would pass for an object.
    if payload.trim_ascii_start().first() != Some(&b'{') {
        return Err(malformed(&"not a JSON object"));
    }
    let result: ProxyResult<'_> =
        serde_json::from_slice(payload).map_err(|error| malformed(&error))?;
    let status = result
        .status_code
        .as_ref()
        .map_or(StatusCode::OK, |status| status.0);
    let headers = result.header_map().map_err(|error| malformed(&error))?;
    let text = result.body.unwrap_or_default().0;
    let body = if result.is_base64_encoded.unwrap_or(false) && decodes() {
        let decoded = BASE64.decode(&*text);
        decoded.map_err(|_| ProxyResultError::NotBase64)?.into()
    } else {
        match text {
            // Text without escapes stands in what the function returned as it is.
            Cow::Borrowed(text) => payload.slice_ref(text.as_bytes()),
            Cow::Owned(text) => Bytes::from(text),
        }
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok(response)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ProxyResult<'a> {
    status_code: Option<Status>,
    #[serde(borrow)]
    headers: Option<Pairs<Text<'a>>>,
    #[serde(borrow)]
    multi_value_headers: Option<Pairs<Vec<Text<'a>>>>,
    #[serde(borrow)]
    body: Option<StrictText<'a>>,
    is_base64_encoded: Option<bool>,
}

impl ProxyResult<'_> {
    /// Merges the two maps: of a header that is in both, the values of the multi map come first.
    fn header_map(&self) -> Result<HeaderMap, String> {
        let single = self.headers.iter().flat_map(|pairs| &pairs.0);
        let multi = self.multi_value_headers.iter().flat_map(|pairs| &pairs.0);
        let single = single.map(|(name, value)| (name, value));
        let multi = multi.flat_map(|(name, values)| values.iter().map(move |value| (name, value)));
        let mut headers = HeaderMap::new();
        for (name, value) in multi.chain(single) {
            let name = HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| format!("`{name}` is not the name of a header"))?;
            if let Some(sent) = proxied_response_name(&name) {
                let value = HeaderValue::from_bytes(value.0.as_bytes())
                    .map_err(|_| format!("the value of `{name}` is not one of a header"))?;
                headers
                    .try_append(sent, value)
                    .map_err(|_| "too many headers".to_owned())?;
            }
        }
        Ok(headers)
    }
}

/// A status, as a number or in digits.
struct Status(StatusCode);

impl<'de> Deserialize<'de> for Status {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct StatusVisitor;

        impl Visitor<'_> for StatusVisitor {
            type Value = Status;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a status from 200 to 999")
            }

            fn visit_u64<E: Error>(self, status: u64) -> Result<Status, E> {
                let status = u16::try_from(status).ok().map(StatusCode::from_u16);
                match status {
                    Some(Ok(status)) if !status.is_informational() => Ok(Status(status)),
                    _ => Err(E::invalid_value(Unexpected::Other("another number"), &self)),
                }
            }

            fn visit_str<E: Error>(self, digits: &str) -> Result<Status, E> {
                match digits.trim().parse() {
                    Ok(status) => self.visit_u64(status),
                    Err(_) => Err(E::invalid_value(Unexpected::Str(digits), &self)),
                }
            }
        }

        deserializer.deserialize_any(StatusVisitor)
    }
}

/// The entries of an object, in their order.
struct Pairs<V>(Vec<(String, V)>);

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Pairs<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PairsVisitor<V>(std::marker::PhantomData<V>);

        impl<'de, V: Deserialize<'de>> Visitor<'de> for PairsVisitor<V> {
            type Value = Pairs<V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of headers")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<V>, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }

        deserializer.deserialize_map(PairsVisitor(std::marker::PhantomData))
    }
}

/// The value of a header: a string, or a boolean, which is written in letters.
struct Text<'a>(Cow<'a, str>);

/// A string.
#[derive(Default)]
struct StrictText<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_any(TextVisitor {
                takes_booleans: true,
            })
            .map(Self)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for StrictText<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_any(TextVisitor {
                takes_booleans: false,
            })
            .map(Self)
    }
}

/// Borrows text that has no escapes.
struct TextVisitor {
    takes_booleans: bool,
}

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        match (self.takes_booleans, value) {
            (false, _) => Err(E::invalid_type(Unexpected::Bool(value), &self)),
            (true, true) => Ok("true".into()),
            (true, false) => Ok("false".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The status, the headers and the body of an answer.
    type Answer = (u16, Vec<(String, String)>, String);

    fn read(payload: &'static str) -> Option<Answer> {
        let response = read_proxy_result(&payload.into(), || true).ok()?;
        let headers = response.headers().iter();
        let headers =
            headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
        let body = response.body().as_ready().unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        Some((response.status().as_u16(), headers.collect(), body))
    }

    #[test]
    fn what_a_function_may_return() {
        type Headers = &'static [(&'static str, &'static str)];
        let cases: &[(&str, u16, Headers, &str)] = &[
            ("{}", 200, &[], ""),
            (r#" {"statusCode": 201} "#, 201, &[], ""),
            (r#"{"statusCode": "201"}"#, 201, &[], ""),
            (
                r#"{"statusCode": null, "body": null, "headers": null}"#,
                200,
                &[],
                "",
            ),
            (
                r#"{"multiValueHeaders": null, "isBase64Encoded": null}"#,
                200,
                &[],
                "",
            ),
            (r#"{"body": "a\nb"}"#, 200, &[], "a\nb"),
            (
                r#"{"headers": {"X-A": "1", "x-b": true}}"#,
                200,
                &[("x-a", "1"), ("x-b", "true")],
                "",
            ),
            (
                r#"{"multiValueHeaders": {"X-A": ["1", "2"], "x-none": []}}"#,
                200,
                &[("x-a", "1"), ("x-a", "2")],
                "",
            ),
            (
                r#"{"headers": {"x-a": "solo"}, "multiValueHeaders": {"X-A": ["multi"]}}"#,
                200,
                &[("x-a", "multi"), ("x-a", "solo")],
                "",
            ),
            (
                r#"{"headers": {"Date": "d", "transfer-encoding": "chunked", "www-authenticate": "w"}}"#,
                200,
                &[("x-amzn-remapped-date", "d"), ("www-authenticate", "w")],
                "",
            ),
            (
                r#"{"body": "aGk", "isBase64Encoded": true}"#,
                200,
                &[],
                "hi",
            ),
            (
                r#"{"body": "aGk=", "isBase64Encoded": true}"#,
                200,
                &[],
                "hi",
            ),
            (
                r#"{"body": "aGk=", "isBase64Encoded": false}"#,
                200,
                &[],
                "aGk=",
            ),
        ];
        for (payload, status, headers, body) in cases {
            let headers: Vec<_> = headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect();
            assert_eq!(
                read(payload),
                Some((*status, headers, (*body).to_owned())),
                "{payload}"
            );
        }
    }

    #[test]
    fn what_is_no_answer() {
        for payload in [
            "",
            "null",
            "3",
            r#""text""#,
            "[200, null, null, null, null]",
            "{",
            r#"{"statusCode": 200} trailing"#,
            r#"{"statusCode": 200, "other": 1}"#,
            r#"{"errorMessage": "boom"}"#,
            r#"{"statusCode": "test"}"#,
            r#"{"statusCode": 99}"#,
            r#"{"statusCode": 101}"#,
            r#"{"statusCode": 1000}"#,
            r#"{"statusCode": -1}"#,
            r#"{"statusCode": 200.5}"#,
            r#"{"body": {"a": 1}}"#,
            r#"{"body": true}"#,
            r#"{"headers": {"x-a": 1}}"#,
            r#"{"headers": {"x-a": null}}"#,
            r#"{"headers": ["x-a"]}"#,
            r#"{"headers": {"x a": "1"}}"#,
            r#"{"headers": {"x-a": "1\r\nx-b: 2"}}"#,
            r#"{"multiValueHeaders": {"x-a": "1"}}"#,
            r#"{"isBase64Encoded": "true"}"#,
        ] {
            assert!(read(payload).is_none(), "{payload}");
        }
    }

    #[test]
    fn more_headers_than_a_map_holds_are_no_answer() {
        let headers = (0..40_000).map(|number| format!(r#""a{number}": """#));
        let headers = headers.collect::<Vec<_>>().join(",");
        let payload = Bytes::from(format!(r#"{{"headers": {{{headers}}}}}"#));
        let read = read_proxy_result(&payload, || true);
        assert!(matches!(read, Err(ProxyResultError::Malformed(_))));
    }

    #[test]
    fn base64_that_is_none_is_told_apart_and_read_only_where_it_is_decoded() {
        let payload = Bytes::from(r#"{"body": "\u00e8", "isBase64Encoded": true}"#);
        let decoded = read_proxy_result(&payload, || true);
        assert!(matches!(decoded, Err(ProxyResultError::NotBase64)));
        let kept = read_proxy_result(&payload, || false).unwrap();
        assert_eq!(kept.body().as_ready(), Some("\u{e8}".as_bytes()));
    }
}
