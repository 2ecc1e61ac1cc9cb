//! The media type that a header names first.

use http::{HeaderMap, HeaderName};

/// Returns the first media type of `Accept` or `Content-Type`, without its parameters; `None` if there is none.
///
/// ```
/// use http::{HeaderMap, HeaderValue, header::ACCEPT};
///
/// let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("text/html;q=0.9, */*"))]);
/// assert_eq!(towergate_core::first_media_type(&headers, &ACCEPT), Some("text/html"));
/// ```
#[must_use]
pub fn first_media_type<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let value = headers.get(name)?.to_str().ok()?;
    let first = value.split([',', ';']).next()?.trim();
    (!first.is_empty()).then_some(first)
}
