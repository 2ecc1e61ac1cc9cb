//! Which headers cross the gateway, in each direction (rest-api.md, sections 4.4 and 4.5).
//!
//! Names are compared in lower case, as [`http`] keeps them.

use http::{HeaderMap, HeaderName, HeaderValue, header};
use towergate_core::is_dropped_header;
use towergate_definition::IntegrationType;

/// Whether mapping to this header is a configuration error.
pub(crate) fn is_illegal_target(integration_type: IntegrationType, name: &HeaderName) -> bool {
    let aws = matches!(
        integration_type,
        IntegrationType::Aws | IntegrationType::AwsProxy
    );
    match name.as_str() {
        "content-length" | "transfer-encoding" | "x-amzn-apigateway-api-id" | "x-amzn-trace-id" => {
            true
        }
        "authorization" | "connection" | "expect" | "proxy-authenticate" | "te" => aws,
        _ => false,
    }
}

/// Whether a header is removed from a request to an HTTP backend after all mappings.
fn is_removed_before_http(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "connection" | "expect" | "proxy-authenticate" | "te" | "via"
    )
}

/// The client's headers that an `HTTP_PROXY` backend gets.
///
/// `Host` is the backend's own. A signature (`Authorization: AWS4-…`) was made for the gateway and stays here.
pub(crate) fn forwarded(headers: &HeaderMap) -> HeaderMap {
    let mut forwarded = HeaderMap::with_capacity(headers.len() + 4);
    for (name, value) in headers {
        let stays = is_dropped_header(name)
            || name == header::HOST
            || (name == header::AUTHORIZATION && is_signature(value));
        if !stays {
            forwarded.append(name, value.clone());
        }
    }
    forwarded
}

/// Removes what never reaches an HTTP backend, wherever it came from.
pub(crate) fn remove_before_http(headers: &mut HeaderMap) {
    let removed: Vec<_> = headers
        .keys()
        .filter(|name| is_removed_before_http(name))
        .cloned()
        .collect();
    for name in removed {
        headers.remove(name);
    }
}

/// What a method's mapped response header is called when it reaches the client; `None` if it does not.
pub(crate) fn mapped_response_name(name: &HeaderName) -> Option<HeaderName> {
    match name.as_str() {
        "authorization" | "content-md5" | "expect" | "host" | "max-forwards"
        | "proxy-authenticate" | "trailer" | "upgrade" | "user-agent" | "www-authenticate" => {
            remapped(name)
        }
        _ => proxied_response_name(name),
    }
}

/// What a header of a proxied or mock response is called when it reaches the client; `None` if it does not.
pub(crate) fn proxied_response_name(name: &HeaderName) -> Option<HeaderName> {
    match name.as_str() {
        "connection" | "content-length" | "date" | "server" => remapped(name),
        "keep-alive" | "proxy-connection" | "transfer-encoding" => None,
        _ => Some(name.clone()),
    }
}

/// The headers of an `HTTP_PROXY` backend's answer, as the client gets them.
///
/// `Content-Encoding` is kept, since the bytes it describes are not touched.
pub(crate) fn proxied_response(headers: &HeaderMap) -> HeaderMap {
    let mut kept = HeaderMap::with_capacity(headers.len() + 2);
    for (name, value) in headers {
        let name = match name.as_str() {
            "via" => None,
            "x-amzn-requestid" => remapped(name),
            _ => proxied_response_name(name),
        };
        if let Some(name) = name {
            kept.append(name, value.clone());
        }
    }
    kept
}

fn remapped(name: &HeaderName) -> Option<HeaderName> {
    HeaderName::try_from(format!("x-amzn-remapped-{name}")).ok()
}

fn is_signature(value: &HeaderValue) -> bool {
    value.as_bytes().starts_with(b"AWS4-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(headers: &[(&'static str, &'static str)]) -> HeaderMap {
        headers
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect()
    }

    #[test]
    fn a_proxied_request_keeps_all_but_the_headers_of_one_hop() {
        let client = map(&[
            ("accept", "*/*"),
            ("authorization", "Bearer t"),
            ("connection", "close"),
            ("content-length", "3"),
            ("content-md5", "x"),
            ("expect", "100-continue"),
            ("host", "gateway"),
            ("max-forwards", "1"),
            ("te", "deflate"),
            ("trailer", "x"),
            ("via", "p"),
            ("x-own", "1"),
            ("www-authenticate", "Basic"),
        ]);
        let mut sent = forwarded(&client);
        remove_before_http(&mut sent);
        assert_eq!(
            sent,
            map(&[
                ("accept", "*/*"),
                ("authorization", "Bearer t"),
                ("x-own", "1")
            ])
        );
    }

    #[test]
    fn a_signature_is_not_forwarded() {
        let client = map(&[("authorization", "AWS4-HMAC-SHA256 Credential=x")]);
        assert!(forwarded(&client).is_empty());
    }

    #[test]
    fn response_headers_are_kept_renamed_or_dropped() {
        let cases = [
            ("content-type", Some("content-type"), Some("content-type")),
            (
                "connection",
                Some("x-amzn-remapped-connection"),
                Some("x-amzn-remapped-connection"),
            ),
            (
                "content-length",
                Some("x-amzn-remapped-content-length"),
                Some("x-amzn-remapped-content-length"),
            ),
            (
                "date",
                Some("x-amzn-remapped-date"),
                Some("x-amzn-remapped-date"),
            ),
            (
                "server",
                Some("x-amzn-remapped-server"),
                Some("x-amzn-remapped-server"),
            ),
            (
                "authorization",
                Some("x-amzn-remapped-authorization"),
                Some("authorization"),
            ),
            (
                "www-authenticate",
                Some("x-amzn-remapped-www-authenticate"),
                Some("www-authenticate"),
            ),
            (
                "user-agent",
                Some("x-amzn-remapped-user-agent"),
                Some("user-agent"),
            ),
            ("via", Some("via"), None),
            (
                "x-amzn-requestid",
                Some("x-amzn-requestid"),
                Some("x-amzn-remapped-x-amzn-requestid"),
            ),
            ("transfer-encoding", None, None),
            ("te", Some("te"), Some("te")),
        ];
        for (name, mapped, proxied) in cases {
            let header = HeaderName::from_static(name);
            assert_eq!(
                mapped_response_name(&header)
                    .as_ref()
                    .map(HeaderName::as_str),
                mapped,
                "{name} mapped"
            );
            let headers = proxied_response(&map(&[(name, "v")]));
            assert_eq!(
                headers.keys().next().map(HeaderName::as_str),
                proxied,
                "{name} proxied"
            );
        }
    }

    #[test]
    fn illegal_targets_depend_on_the_integration_type() {
        let cases = [
            ("content-length", true, true),
            ("x-amzn-trace-id", true, true),
            ("authorization", false, true),
            ("te", false, true),
            ("x-own", false, false),
        ];
        for (name, http, aws) in cases {
            let header = HeaderName::from_static(name);
            assert_eq!(
                is_illegal_target(IntegrationType::HttpProxy, &header),
                http,
                "{name}"
            );
            assert_eq!(
                is_illegal_target(IntegrationType::Aws, &header),
                aws,
                "{name}"
            );
        }
    }
}
