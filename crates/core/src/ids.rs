//! The ids that a request is known by.

use std::{fmt, str};

use http::HeaderValue;

use crate::Random;

const HEX: &[u8; 16] = b"0123456789abcdef";

/// A request id: `$context.requestId`, a random UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestId([u8; 36]);

impl RequestId {
    /// Draws an id.
    #[must_use]
    pub fn random(random: &dyn Random) -> Self {
        let bits = u128::from(random.next_u64()) << 64 | u128::from(random.next_u64());
        // RFC 9562, section 5.4: version 4, variant 10.
        let bits = bits & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62;
        let mut text = [b'-'; 36];
        let mut shift = 128;
        for (index, byte) in text.iter_mut().enumerate() {
            if !matches!(index, 8 | 13 | 18 | 23) {
                shift -= 4;
                *byte = hex_digit(bits >> shift);
            }
        }
        Self(text)
    }

    /// Adopts a client's id if it is a UUID in the usual 36 characters.
    #[must_use]
    pub fn adopt(text: &[u8]) -> Option<Self> {
        let text: [u8; 36] = text.try_into().ok()?;
        let is_uuid = text.iter().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        });
        is_uuid.then_some(Self(text))
    }

    /// Returns the id's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Returns the id as the value of `x-amzn-RequestId`.
    #[must_use]
    pub fn header_value(&self) -> HeaderValue {
        header_value(&self.0)
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The second id of a request: `$context.extendedRequestId`, 16 characters that end in `=`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ExtendedRequestId([u8; 16]);

impl ExtendedRequestId {
    /// Draws an id.
    #[must_use]
    pub fn random(random: &dyn Random) -> Self {
        const BASE64: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let bits = u128::from(random.next_u64()) << 64 | u128::from(random.next_u64());
        let mut text = [b'='; 16];
        for (index, byte) in text.iter_mut().take(15).enumerate() {
            let digit = usize::try_from(bits >> (6 * index) & 0x3f).unwrap_or(0);
            *byte = BASE64.get(digit).copied().unwrap_or(b'A');
        }
        Self(text)
    }

    /// Returns the id's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Returns the id as the value of `x-amz-apigw-id`.
    #[must_use]
    pub fn header_value(&self) -> HeaderValue {
        header_value(&self.0)
    }
}

impl fmt::Display for ExtendedRequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The value of `X-Amzn-Trace-Id`: `Root=1-{8 hex}-{24 hex};Parent={16 hex};Sampled={0,1}`.
///
/// What the client sent is kept; what it left out is made. `Sampled` is 1 where the client named a parent, else 0.
#[must_use]
pub(crate) fn trace_header(client: Option<&str>, unix_seconds: u64, random: &dyn Random) -> String {
    let part = |name: &str| {
        client
            .into_iter()
            .flat_map(|text| text.split(';'))
            .find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='))
            .filter(|value| !value.is_empty())
    };
    let parent = part("Parent");
    let sampled = part("Sampled").unwrap_or(if parent.is_some() { "1" } else { "0" });
    let mut header = match part("Root") {
        Some(root) => format!("Root={root}"),
        None => {
            let (high, low) = (random.next_u64() >> 32, random.next_u64());
            format!(
                "Root=1-{:08x}-{high:08x}{low:016x}",
                unix_seconds & 0xffff_ffff
            )
        }
    };
    match parent {
        Some(parent) => header.extend([";Parent=", parent]),
        None => header.push_str(&format!(";Parent={:016x}", random.next_u64())),
    }
    header.extend([";Sampled=", sampled]);
    header
}

fn hex_digit(bits: u128) -> u8 {
    let digit = usize::try_from(bits & 0xf).unwrap_or(0);
    HEX.get(digit).copied().unwrap_or(b'0')
}

fn header_value(text: &[u8]) -> HeaderValue {
    HeaderValue::from_bytes(text).unwrap_or_else(|_| HeaderValue::from_static("-"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemRandom;

    struct Ones;

    impl Random for Ones {
        fn next_u64(&self) -> u64 {
            u64::MAX
        }
    }

    #[test]
    fn ids_have_their_shapes() {
        assert_eq!(
            RequestId::random(&Ones).as_str(),
            "ffffffff-ffff-4fff-bfff-ffffffffffff"
        );
        assert_eq!(
            ExtendedRequestId::random(&Ones).as_str(),
            "///////////////="
        );
        assert_ne!(
            RequestId::random(&SystemRandom),
            RequestId::random(&SystemRandom)
        );
    }

    #[test]
    fn only_a_uuid_is_adopted() {
        let cases: [(&str, bool); 4] = [
            ("3f0c1d1e-7a52-4f6e-9b0e-0d6a3c1f2b4a", true),
            ("3F0C1D1E-7A52-4F6E-9B0E-0D6A3C1F2B4A", true),
            ("3f0c1d1e-7a52-4f6e-9b0e-0d6a3c1f2b4", false),
            ("3f0c1d1e-7a52-4f6e-9b0e_0d6a3c1f2b4a", false),
        ];
        for (text, adopted) in cases {
            assert_eq!(
                RequestId::adopt(text.as_bytes()).is_some(),
                adopted,
                "{text}"
            );
        }
    }

    #[test]
    fn a_trace_keeps_what_the_client_sent() {
        const ROOT: &str = "Root=1-3152b799-8954dae64eda91bc9a23a7e8";
        let made = "Root=1-00000007-ffffffffffffffffffffffff;Parent=ffffffffffffffff;Sampled=0";
        let cases = [
            (None, made.to_owned()),
            (Some("Root=;nonsense"), made.to_owned()),
            (
                Some(ROOT),
                format!("{ROOT};Parent=ffffffffffffffff;Sampled=0"),
            ),
            (
                Some("Root=1-3152b799-8954dae64eda91bc9a23a7e8; Parent=7fa8c0f79203be72"),
                format!("{ROOT};Parent=7fa8c0f79203be72;Sampled=1"),
            ),
            (Some("Sampled=1"), made.replace("Sampled=0", "Sampled=1")),
        ];
        for (client, expected) in cases {
            assert_eq!(trace_header(client, 7, &Ones), expected, "{client:?}");
        }
    }
}
