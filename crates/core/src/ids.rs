//! The ids that a request is known by.

use std::{fmt, str};

use http::HeaderValue;

use crate::Random;

/// A request id: `$context.requestId`, a random UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestId([u8; 36]);

/// The second id of a request: `$context.extendedRequestId`, 16 characters that end in `=`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ExtendedRequestId([u8; 16]);

/// Draws both ids of a request. The second is made of the same bits: whoever sees one sees the other.
pub(crate) fn draw_ids(random: &dyn Random) -> (RequestId, ExtendedRequestId) {
    let (high, low) = (random.next_u64(), random.next_u64());
    (
        RequestId::from_bits(high, low),
        ExtendedRequestId::from_bits(high, low),
    )
}

impl RequestId {
    /// A UUID of version 4, variant 10 (RFC 9562, section 5.4).
    fn from_bits(high: u64, low: u64) -> Self {
        let high = high & !0xf000 | 0x4000;
        let low = low & !(0x3 << 62) | 0x2 << 62;
        let ([a, b], [c, d]) = (hex(high), hex(low));
        let mut text = [b'-'; 36];
        text[..8].copy_from_slice(&a);
        text[9..13].copy_from_slice(&b[..4]);
        text[14..18].copy_from_slice(&b[4..]);
        text[19..23].copy_from_slice(&c[..4]);
        text[24..28].copy_from_slice(&c[4..]);
        text[28..].copy_from_slice(&d);
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

impl ExtendedRequestId {
    fn from_bits(high: u64, low: u64) -> Self {
        const BASE64: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut text = [b'='; 16];
        let (tens, fives) = text[..15].split_at_mut(10);
        for (digits, mut bits) in [(tens, high), (fives, low)] {
            for digit in digits {
                *digit = BASE64[(bits & 0x3f) as usize];
                bits >>= 6;
            }
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

/// The sixteen digits of a number, eight and eight: all at once, a byte for each.
fn hex(bits: u64) -> [[u8; 8]; 2] {
    [bits >> 32, bits & 0xffff_ffff].map(|half| {
        let half = (half | half << 16) & 0x0000_ffff_0000_ffff;
        let half = (half | half << 8) & 0x00ff_00ff_00ff_00ff;
        let half = (half | half << 4) & 0x0f0f_0f0f_0f0f_0f0f;
        // One in each byte that holds more than nine and is written as a letter.
        let letters = (half + 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101;
        (half + 0x3030_3030_3030_3030 + letters * u64::from(b'a' - b'0' - 10)).to_be_bytes()
    })
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
        let cases = [
            (
                u64::MAX,
                u64::MAX,
                "ffffffff-ffff-4fff-bfff-ffffffffffff",
                "//////////",
                "/////=",
            ),
            (
                0,
                0,
                "00000000-0000-4000-8000-000000000000",
                "AAAAAAAAAA",
                "AAAAA=",
            ),
            (
                0x0123_4567_89ab_cdef,
                0x0123_4567_89ab_cdef,
                "01234567-89ab-4def-8123-456789abcdef",
                "v38qJeWRjE",
                "v38qJ=",
            ),
        ];
        for (high, low, id, tens, fives) in cases {
            assert_eq!(RequestId::from_bits(high, low).as_str(), id);
            assert_eq!(
                ExtendedRequestId::from_bits(high, low).as_str(),
                format!("{tens}{fives}")
            );
        }
        assert_ne!(draw_ids(&SystemRandom), draw_ids(&SystemRandom));
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
