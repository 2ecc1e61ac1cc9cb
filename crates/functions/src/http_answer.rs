//! HTTP responses as the results that proxy integrations read.

use std::borrow::Cow;

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header, response};
use serde::{Serialize, Serializer, ser::SerializeMap};

/// A result of payload format 1.0. All headers are in the multi-value map, the only one that loses none.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProxyAnswer<'a> {
    status_code: u16,
    multi_value_headers: MultiValueHeaders<'a>,
    body: Cow<'a, str>,
    is_base64_encoded: bool,
}

impl<'a> ProxyAnswer<'a> {
    /// Tells of a response. A body that is text goes as text, anything else in base64.
    pub(crate) fn new(head: &'a response::Parts, body: &'a Bytes) -> Self {
        let text = str::from_utf8(body).ok();
        let text = text.filter(|_| !is_encoded(&head.headers));
        Self {
            status_code: head.status.as_u16(),
            multi_value_headers: MultiValueHeaders(&head.headers),
            body: text.map_or_else(|| BASE64_STANDARD.encode(body).into(), Cow::Borrowed),
            is_base64_encoded: text.is_none(),
        }
    }
}

fn is_encoded(headers: &HeaderMap) -> bool {
    let codings = headers.get_all(header::CONTENT_ENCODING);
    codings
        .iter()
        .any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

/// The headers but for those of the framing, which the result does not have.
#[derive(Debug)]
struct MultiValueHeaders<'a>(&'a HeaderMap);

impl Serialize for MultiValueHeaders<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for name in self.0.keys() {
            if *name != header::CONTENT_LENGTH && *name != header::TRANSFER_ENCODING {
                let values: Vec<_> = self.0.get_all(name).iter().map(text).collect();
                map.serialize_entry(name.as_str(), &values)?;
            }
        }
        map.end()
    }
}

/// The text of a header: UTF-8, or else Latin-1.
fn text(value: &HeaderValue) -> Cow<'_, str> {
    let bytes = value.as_bytes();
    str::from_utf8(bytes).map_or_else(
        |_| bytes.iter().map(|byte| char::from(*byte)).collect(),
        Cow::Borrowed,
    )
}

#[cfg(test)]
mod tests {
    use http::Response;
    use serde_json::{Value, json};

    use super::*;

    fn answer(response: Response<&'static [u8]>) -> Value {
        let (head, body) = response.into_parts();
        serde_json::to_value(ProxyAnswer::new(&head, &Bytes::from_static(body))).unwrap()
    }

    #[test]
    fn a_body_is_text_where_it_can_be() {
        let cases = [
            ("nothing", &b""[..], None, json!(["", false])),
            ("text", b"caf\xc3\xa9", None, json!(["caf\u{e9}", false])),
            ("bytes", b"\xff", None, json!(["/w==", true])),
            ("encoded", b"text", Some("gzip"), json!(["dGV4dA==", true])),
            (
                "not encoded",
                b"text",
                Some("Identity"),
                json!(["text", false]),
            ),
        ];
        for (name, body, coding, expected) in cases {
            let mut response = Response::new(body);
            if let Some(coding) = coding {
                let coding = HeaderValue::from_static(coding);
                response.headers_mut().insert("content-encoding", coding);
            }
            let answer = answer(response);
            let body = json!([answer["body"], answer["isBase64Encoded"]]);
            assert_eq!(body, expected, "{name}");
        }
    }

    #[test]
    fn every_header_has_all_its_values() {
        let response = Response::builder()
            .status(201)
            .header("x-a", "1")
            .header("set-cookie", "a=1")
            .header("x-latin", HeaderValue::from_bytes(b"caf\xe9").unwrap())
            .header("x-utf8", HeaderValue::from_bytes(b"caf\xc3\xa9").unwrap())
            .header("content-length", "9")
            .header("transfer-encoding", "chunked")
            .header("set-cookie", "b=2")
            .body(&b"ok"[..]);
        let expected = json!({
            "statusCode": 201,
            "multiValueHeaders": {
                "x-a": ["1"],
                "set-cookie": ["a=1", "b=2"],
                "x-latin": ["caf\u{e9}"],
                "x-utf8": ["caf\u{e9}"],
            },
            "body": "ok",
            "isBase64Encoded": false,
        });
        assert_eq!(answer(response.unwrap()), expected);
    }
}
