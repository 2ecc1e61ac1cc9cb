//! Proxy events as the HTTP requests that they tell of.

use std::{collections::BTreeMap, fmt};

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Deserialize;
use serde_json::Value;
use towergate_core::{Body, BoxError};
use towergate_expressions::QueryString;

/// What a path of an event may hold that a request target may not.
const ENCODED_IN_PATHS: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The `requestContext` of the event that a request was made of, in the extensions of requests to
/// [`Lambda::http`](crate::Lambda::http).
#[derive(Clone, PartialEq)]
pub struct ProxyRequestContext(pub Value);

/// Shows nothing: keys and claims are in it.
impl fmt::Debug for ProxyRequestContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProxyRequestContext")
    }
}

/// An event of payload format 1.0, as REST APIs send it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IncomingEvent {
    http_method: String,
    path: String,
    #[serde(default)]
    headers: Single,
    #[serde(default)]
    multi_value_headers: Multi,
    #[serde(default)]
    query_string_parameters: Single,
    #[serde(default)]
    multi_value_query_string_parameters: Multi,
    #[serde(default)]
    request_context: Value,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

type Single = Option<BTreeMap<String, String>>;
type Multi = Option<BTreeMap<String, Vec<String>>>;

impl IncomingEvent {
    /// Makes the request, whose target is in origin form.
    pub(crate) fn into_request(self) -> Result<Request<Body>, BoxError> {
        let query = all_values(
            self.multi_value_query_string_parameters,
            self.query_string_parameters,
        );
        let mut request = Request::new(Body::empty());
        *request.method_mut() = Method::from_bytes(self.http_method.as_bytes())?;
        *request.uri_mut() = target(&self.path, &query).parse::<Uri>()?;
        for (name, value) in all_values(self.multi_value_headers, self.headers) {
            let name = HeaderName::try_from(name)?;
            let value = HeaderValue::try_from(value)?;
            request.headers_mut().append(name, value);
        }
        *request.body_mut() = match self.body {
            Some(text) if self.is_base64_encoded => {
                Bytes::from(BASE64_STANDARD.decode(text)?).into()
            }
            Some(text) => text.into(),
            None => Body::empty(),
        };
        let context = ProxyRequestContext(self.request_context);
        request.extensions_mut().insert(context);
        Ok(request)
    }
}

/// Every value of every name, and the single value of names that have no others.
fn all_values(multi: Multi, single: Single) -> Vec<(String, String)> {
    let mut values = multi.unwrap_or_default();
    for (name, value) in single.unwrap_or_default() {
        values.entry(name).or_insert_with(|| vec![value]);
    }
    let pairs = values.into_iter().flat_map(|(name, values)| {
        let name = move |value| (name.clone(), value);
        values.into_iter().map(name)
    });
    pairs.collect()
}

fn target(path: &str, query: &[(String, String)]) -> String {
    let slash = if path.starts_with('/') { "" } else { "/" };
    let mut target = format!("{slash}{}", utf8_percent_encode(path, ENCODED_IN_PATHS));
    let mut text = String::new();
    for (name, value) in query {
        QueryString::append(name, value, &mut text);
    }
    if !text.is_empty() {
        target.push('?');
        target.push_str(&text);
    }
    target
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn request(event: Value) -> Result<Request<Body>, BoxError> {
        serde_json::from_value::<IncomingEvent>(event)?.into_request()
    }

    #[test]
    fn the_target_is_the_path_with_every_value_of_the_query() {
        let cases = [
            (json!({"path": "/"}), "/"),
            (json!({"path": ""}), "/"),
            (json!({"path": "a/b"}), "/a/b"),
            (json!({"path": "/a%2Fb+c"}), "/a%2Fb+c"),
            (json!({"path": "/a b/\u{e9}?#"}), "/a%20b/%C3%A9%3F%23"),
            (
                json!({"path": "/", "queryStringParameters": null, "multiValueQueryStringParameters": null}),
                "/",
            ),
            (
                json!({"path": "/", "queryStringParameters": {"a": "2", "b": ""}}),
                "/?a=2&b=",
            ),
            (
                json!({
                    "path": "/",
                    "queryStringParameters": {"a": "2", "c": "&"},
                    "multiValueQueryStringParameters": {"a": ["1", "2"], "b": [" +\u{e9}"]},
                }),
                "/?a=1&a=2&b=%20%2B%C3%A9&c=%26",
            ),
        ];
        for (mut event, expected) in cases {
            event["httpMethod"] = json!("GET");
            let target = request(event.clone()).unwrap().uri().to_string();
            assert_eq!(target, expected, "{event}");
        }
    }

    #[test]
    fn every_value_of_a_header_counts() {
        let cases = [
            (json!({"headers": null, "multiValueHeaders": null}), &[][..]),
            (json!({"headers": {"X-A": "2"}}), &["2"]),
            (
                json!({"headers": {"X-A": "2"}, "multiValueHeaders": {"X-A": ["1", "2"]}}),
                &["1", "2"],
            ),
            (
                json!({"headers": {"X-A": "3"}, "multiValueHeaders": {"X-B": ["1"]}}),
                &["3"],
            ),
        ];
        for (mut event, expected) in cases {
            event["httpMethod"] = json!("PATCH");
            event["path"] = json!("/");
            let request = request(event.clone()).unwrap();
            let values: Vec<_> = request.headers().get_all("x-a").iter().collect();
            assert_eq!(values, expected, "{event}");
            assert_eq!(request.method(), "PATCH");
        }
    }

    #[test]
    fn a_body_is_text_or_base64() {
        let cases = [
            (json!({"body": null}), &b""[..]),
            (json!({"body": "aGk="}), b"aGk="),
            (json!({"body": "aGk=", "isBase64Encoded": true}), b"hi"),
            (json!({"body": "/w==", "isBase64Encoded": true}), b"\xff"),
        ];
        for (mut event, expected) in cases {
            event["httpMethod"] = json!("POST");
            event["path"] = json!("/");
            let request = request(event.clone()).unwrap();
            assert_eq!(request.body().as_ready(), Some(expected), "{event}");
        }
    }

    #[test]
    fn an_event_that_is_no_request_is_an_error() {
        let cases = [
            json!({}),
            json!([]),
            json!({"httpMethod": "GET"}),
            json!({"httpMethod": "G T", "path": "/"}),
            json!({"httpMethod": "GET", "path": "/", "headers": {"a b": "c"}}),
            json!({"httpMethod": "GET", "path": "/", "headers": {"a": "\n"}}),
            json!({"httpMethod": "GET", "path": "/", "body": "?", "isBase64Encoded": true}),
            json!({"httpMethod": "GET", "path": format!("/{}", "a".repeat(70_000))}),
        ];
        for event in cases {
            assert!(request(event.clone()).is_err(), "{event}");
        }
    }

    #[test]
    fn the_context_of_the_event_goes_with_the_request() {
        let event = json!({"httpMethod": "GET", "path": "/", "requestContext": {"stage": "prod"}});
        let request = request(event).unwrap();
        let context = request.extensions().get::<ProxyRequestContext>().unwrap();
        assert_eq!(context.0["stage"], "prod");
    }
}
