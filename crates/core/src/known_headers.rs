//! The headers that the gateway itself knows.

use http::HeaderName;

/// The header that says whether the caller of a function waits for its result: an
/// [`InvocationType`](crate::InvocationType).
pub const INVOCATION_TYPE: HeaderName = HeaderName::from_static("x-amz-invocation-type");

/// The header that carries a request's id, from a client that has one and to every client.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// The header that carries a request's trace.
pub const TRACE_ID: HeaderName = HeaderName::from_static("x-amzn-trace-id");

/// The header in which proxies write whom they had a request from.
pub const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The header in which proxies write the port that the client used.
pub const X_FORWARDED_PORT: HeaderName = HeaderName::from_static("x-forwarded-port");

/// The header in which proxies write the scheme that the client used.
pub const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Returns whether a client's header is dropped as the request is read: no template, no mapping and no backend sees it
/// (rest-api.md, section 4.4).
///
/// `keep-alive` and `proxy-connection` are not in API Gateway's list; like the others they speak of one hop only.
///
/// ```
/// use http::header;
/// use towergate_core::is_dropped_header;
///
/// assert!(is_dropped_header(&header::CONNECTION));
/// assert!(!is_dropped_header(&header::CONTENT_TYPE));
/// ```
#[must_use]
pub fn is_dropped_header(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "connection"
            | "content-length"
            | "content-md5"
            | "expect"
            | "keep-alive"
            | "max-forwards"
            | "proxy-authenticate"
            | "proxy-connection"
            | "server"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
            | "www-authenticate"
    )
}
