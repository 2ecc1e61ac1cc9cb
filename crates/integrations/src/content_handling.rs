//! Conversions between text and bytes (rest-api.md, section 4.6).
//!
//! A body is *binary* if its media type is one of the API's binary media types, and text otherwise. Text is UTF-8: what
//! is not becomes U+FFFD.

use std::sync::Arc;

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, header};
use towergate_core::first_media_type;
use towergate_definition::ContentHandling;

/// Base64, with or without its padding.
pub(crate) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The media types of an API whose bodies are bytes. Cloning is cheap.
///
/// An entry is a media type, `type/*`, or `*/*` for everything. A header that itself names a range, such as
/// `Accept: image/*`, is no binary type unless an entry is `*/*`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BinaryMediaTypes(Arc<[String]>);

impl BinaryMediaTypes {
    /// Creates the list as it is in a definition.
    #[must_use]
    pub fn new(entries: &[String]) -> Self {
        Self(entries.into())
    }

    /// Tells whether the first media type of a header is binary.
    fn contains(&self, headers: &HeaderMap, name: &HeaderName) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let Some(media_type) = first_media_type(headers, name) else {
            return false;
        };
        let is_range = media_type.contains('*');
        self.0.iter().any(|entry| match entry.strip_suffix("/*") {
            Some("*") => true,
            _ if is_range => false,
            Some(kind) => media_type
                .split_once('/')
                .is_some_and(|(found, _)| found.eq_ignore_ascii_case(kind)),
            None => media_type.eq_ignore_ascii_case(entry),
        })
    }

    /// Tells whether the client takes bytes: its first `Accept` alone counts.
    pub(crate) fn accepts(&self, client: &HeaderMap) -> bool {
        self.contains(client, &header::ACCEPT)
    }

    /// Returns what happens to a request's body.
    pub(crate) fn of_request(
        &self,
        headers: &HeaderMap,
        handling: Option<ContentHandling>,
    ) -> Conversion {
        match (self.contains(headers, &header::CONTENT_TYPE), handling) {
            (true, Some(ContentHandling::ConvertToText)) => Conversion::Encode,
            (true, _) => Conversion::Keep,
            (false, Some(ContentHandling::ConvertToBinary)) => Conversion::Decode,
            (false, _) => Conversion::Text,
        }
    }

    /// Returns what happens to the body of a backend's answer for a client with these headers.
    pub(crate) fn of_response(
        &self,
        answer: &HeaderMap,
        client: &HeaderMap,
        handling: Option<ContentHandling>,
    ) -> Conversion {
        use ContentHandling::{ConvertToBinary, ConvertToText};
        let is_accepted = || self.accepts(client);
        match (self.contains(answer, &header::CONTENT_TYPE), handling) {
            (true, Some(ConvertToBinary)) => Conversion::Keep,
            (true, Some(ConvertToText)) => Conversion::Encode,
            (true, _) if is_accepted() => Conversion::Keep,
            (true, _) => Conversion::Encode,
            (false, Some(ConvertToBinary)) => Conversion::Decode,
            (false, Some(ConvertToText)) => Conversion::Text,
            (false, _) if is_accepted() => Conversion::Decode,
            (false, _) => Conversion::Text,
        }
    }
}

/// What happens to a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Conversion {
    /// Bytes stay as they are.
    Keep,
    /// Text stays text.
    Text,
    /// Base64 text becomes the bytes it stands for.
    Decode,
    /// Bytes become base64 text.
    Encode,
}

/// A body that is to be decoded is not base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the body is not base64")]
pub(crate) struct NotBase64;

impl Conversion {
    /// Tells whether the result is bytes, which no template can read.
    pub(crate) fn yields_bytes(self) -> bool {
        matches!(self, Self::Keep | Self::Decode)
    }

    /// Converts a body. Text that is UTF-8 is not copied.
    pub(crate) fn apply(self, body: Bytes) -> Result<Bytes, NotBase64> {
        match self {
            Self::Keep => Ok(body),
            Self::Text => Ok(match String::from_utf8_lossy(&body) {
                std::borrow::Cow::Borrowed(_) => body,
                std::borrow::Cow::Owned(text) => text.into(),
            }),
            Self::Decode => BASE64.decode(&body).map(Bytes::from).map_err(|_| NotBase64),
            Self::Encode => Ok(BASE64.encode(&body).into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(name: HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    fn types(entries: &[&str]) -> BinaryMediaTypes {
        BinaryMediaTypes(entries.iter().map(|entry| (*entry).to_owned()).collect())
    }

    #[test]
    fn the_first_media_type_decides_whether_a_body_is_binary() {
        let cases = [
            (&["image/png"][..], "image/png", true),
            (&["image/png"], "image/png;q=1, text/html", true),
            (&["image/png"], "IMAGE/PNG", true),
            (&["image/png"], "text/html, image/png", false),
            (&["image/png"], "image/*", false),
            (&["image/png"], "*/*", false),
            (&["image/*"], "image/png", true),
            (&["image/*"], "image/*", false),
            (&["image/*"], "imagery/png", false),
            (&["*/*"], "text/html", true),
            (&["*/png"], "image/png", false),
            (&["*/png"], "*/png", false),
            (&["image/png"], "", false),
            (&[], "image/png", false),
        ];
        for (entries, value, expected) in cases {
            let found = types(entries).contains(&headers(header::ACCEPT, value), &header::ACCEPT);
            assert_eq!(found, expected, "{entries:?} {value}");
        }
    }

    #[test]
    fn a_request_is_converted_by_its_type_and_the_content_handling() {
        use ContentHandling::{ConvertToBinary, ConvertToText};
        let cases = [
            ("text/plain", None, Conversion::Text),
            ("text/plain", Some(ConvertToText), Conversion::Text),
            ("text/plain", Some(ConvertToBinary), Conversion::Decode),
            ("image/png", None, Conversion::Keep),
            ("image/png", Some(ConvertToBinary), Conversion::Keep),
            ("image/png", Some(ConvertToText), Conversion::Encode),
        ];
        for (content_type, handling, expected) in cases {
            let headers = headers(header::CONTENT_TYPE, content_type);
            let found = types(&["image/png"]).of_request(&headers, handling);
            assert_eq!(found, expected, "{content_type} {handling:?}");
        }
    }

    #[test]
    fn a_response_is_converted_by_its_type_what_is_accepted_and_the_content_handling() {
        use ContentHandling::{ConvertToBinary, ConvertToText};
        const TEXT: &str = "text/plain";
        const PNG: &str = "image/png";
        let cases = [
            (TEXT, TEXT, None, Conversion::Text),
            (TEXT, TEXT, Some(ConvertToText), Conversion::Text),
            (TEXT, PNG, None, Conversion::Decode),
            (TEXT, TEXT, Some(ConvertToBinary), Conversion::Decode),
            (TEXT, PNG, Some(ConvertToBinary), Conversion::Decode),
            (TEXT, PNG, Some(ConvertToText), Conversion::Text),
            (PNG, TEXT, None, Conversion::Encode),
            (PNG, PNG, None, Conversion::Keep),
            (PNG, TEXT, Some(ConvertToBinary), Conversion::Keep),
            (PNG, PNG, Some(ConvertToBinary), Conversion::Keep),
            (PNG, TEXT, Some(ConvertToText), Conversion::Encode),
            (PNG, PNG, Some(ConvertToText), Conversion::Encode),
        ];
        for (payload, accept, handling, expected) in cases {
            let answer = headers(header::CONTENT_TYPE, payload);
            let client = headers(header::ACCEPT, accept);
            let found = types(&[PNG]).of_response(&answer, &client, handling);
            assert_eq!(found, expected, "{payload} for {accept}, {handling:?}");
        }
    }

    #[test]
    fn conversions_are_exact() {
        let cases = [
            (Conversion::Keep, &b"a\xff"[..], Ok(&b"a\xff"[..])),
            (Conversion::Text, b"a\xffb", Ok("a\u{fffd}b".as_bytes())),
            (Conversion::Text, "é".as_bytes(), Ok("é".as_bytes())),
            (Conversion::Encode, b"a\xff", Ok(b"Yf8=")),
            (Conversion::Decode, b"Yf8=", Ok(b"a\xff")),
            (Conversion::Decode, b"Yf8", Ok(b"a\xff")),
            (Conversion::Decode, b"", Ok(b"")),
            (Conversion::Decode, b"Y f8=", Err(NotBase64)),
            (Conversion::Decode, b"a\xff", Err(NotBase64)),
        ];
        for (conversion, body, expected) in cases {
            let found = conversion.apply(Bytes::from_static(body));
            assert_eq!(
                found.as_deref(),
                expected.as_deref(),
                "{conversion:?} {body:?}"
            );
        }
    }
}
