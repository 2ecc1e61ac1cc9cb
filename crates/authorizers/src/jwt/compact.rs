//! Signed texts in the compact form: header, payload and signature in base64url, with dots in between (RFC 7515).

use std::fmt;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use super::TokenError;
use crate::{
    keys::{Algorithm, VerifyingKey},
    strict_json,
};

/// A signed text whose signature has not been checked.
///
/// What its header says decides nothing but which key is looked for: keys and addresses of keys that it carries are not
/// looked at.
pub struct CompactJws<'t> {
    algorithm: Algorithm,
    kid: Option<String>,
    /// The header and the payload as they were signed.
    signed: &'t str,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

impl<'t> CompactJws<'t> {
    /// The longest text that is read, in bytes.
    pub const MAX_BYTES: usize = 16 * 1024;

    /// Takes a text apart.
    ///
    /// # Errors
    ///
    /// Returns a [`TokenError`] if the text is over 16 KiB or has other than three segments, if a segment is no canonical
    /// base64url without padding, or if the header
    ///
    /// - is no JSON object, has a member twice or nests deeper than 32 levels,
    /// - names no known algorithm (`none` is none),
    /// - has extensions that must be understood (`crit`), or says that the payload is encrypted, compressed, unencoded or
    ///   itself a token.
    pub fn parse(text: &'t str) -> Result<Self, TokenError> {
        if text.len() > Self::MAX_BYTES {
            return Err(TokenError::TooLong);
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(TokenError::Segments)?;
        let (header, payload) = signed.split_once('.').ok_or(TokenError::Segments)?;
        if payload.contains('.') {
            return Err(TokenError::Segments);
        }
        let header = strict_json::parse_object(&decode(header, "header")?)
            .map_err(|_| TokenError::Malformed("header"))?;
        check_header(&header)?;
        let algorithm = algorithm(&header)?;
        if signature.is_empty() {
            return Err(TokenError::Malformed("signature"));
        }
        Ok(Self {
            algorithm,
            kid: kid(header)?,
            signed,
            payload: decode(payload, "payload")?,
            signature: decode(signature, "signature")?,
        })
    }

    /// Returns the algorithm that the header names.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Returns the name of the key.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Returns the payload, which anybody may have written until [`verify`](Self::verify) says otherwise.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// Checks the signature with a key.
    ///
    /// # Errors
    ///
    /// Returns [`TokenError::Key`] if the key is not one for the algorithm, and [`TokenError::Signature`] if the signature is
    /// not the key's.
    pub fn verify(&self, key: &VerifyingKey) -> Result<(), TokenError> {
        if !key.algorithms().any(|own| own == self.algorithm) {
            return Err(TokenError::Key);
        }
        if key.verify(self.algorithm, self.signed.as_bytes(), &self.signature) {
            Ok(())
        } else {
            Err(TokenError::Signature)
        }
    }
}

impl fmt::Debug for CompactJws<'_> {
    /// Shows the header alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompactJws")
            .field("algorithm", &self.algorithm)
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

fn decode(segment: &str, part: &'static str) -> Result<Vec<u8>, TokenError> {
    BASE64_URL_SAFE_NO_PAD
        .decode(segment)
        .map_err(|_| TokenError::Malformed(part))
}

/// RFC 7515, section 4.1.11: who does not understand an extension that is critical, must refuse; none is understood.
fn check_header(header: &Map<String, Value>) -> Result<(), TokenError> {
    let transforms = ["b64", "crit", "enc", "zip"];
    let nests = header
        .get("cty")
        .and_then(Value::as_str)
        .is_some_and(|content| content.eq_ignore_ascii_case("JWT"));
    if nests || transforms.iter().any(|name| header.contains_key(*name)) {
        return Err(TokenError::Malformed("header"));
    }
    Ok(())
}

fn algorithm(header: &Map<String, Value>) -> Result<Algorithm, TokenError> {
    let name = header
        .get("alg")
        .and_then(Value::as_str)
        .ok_or(TokenError::Algorithm(None))?;
    name.parse().map_err(|_| {
        // The client is told the name, so it must be one.
        let legible = (1..=16).contains(&name.len())
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        TokenError::Algorithm(legible.then(|| name.into()))
    })
}

fn kid(mut header: Map<String, Value>) -> Result<Option<String>, TokenError> {
    match header.remove("kid") {
        Some(Value::String(kid)) => Ok(Some(kid)),
        None => Ok(None),
        Some(_) => Err(TokenError::Malformed("header")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(header: &str) -> Result<(), TokenError> {
        let header = BASE64_URL_SAFE_NO_PAD.encode(header);
        CompactJws::parse(&format!("{header}.e30.AA")).map(drop)
    }

    fn algorithm_error(name: Option<&str>) -> Result<(), TokenError> {
        Err(TokenError::Algorithm(name.map(Into::into)))
    }

    #[test]
    fn s1_s3_a_header_decides_nothing() {
        let malformed = || Err(TokenError::Malformed("header"));
        let cases = [
            (r#"{"alg":"RS256"}"#, Ok(())),
            (
                r#"{"alg":"RS256","kid":"a","typ":"at+jwt","x5u":"https://evil.example"}"#,
                Ok(()),
            ),
            (
                r#"{"alg":"RS256","jwk":{"kty":"oct","k":""},"jku":"x","x5c":[]}"#,
                Ok(()),
            ),
            (r#"{"alg":"none"}"#, algorithm_error(Some("none"))),
            (r#"{"alg":"nOnE"}"#, algorithm_error(Some("nOnE"))),
            (r#"{"alg":"ES256K"}"#, algorithm_error(Some("ES256K"))),
            (
                r#"{"alg":"RSA-OAEP-256"}"#,
                algorithm_error(Some("RSA-OAEP-256")),
            ),
            (r#"{"alg":""}"#, algorithm_error(None)),
            (r#"{"alg":"a\r\nb"}"#, algorithm_error(None)),
            (r#"{"alg":"\"quoted\""}"#, algorithm_error(None)),
            (r#"{"alg":"AVeryLongNameIndeed"}"#, algorithm_error(None)),
            (r#"{"alg":256}"#, algorithm_error(None)),
            (r#"{"alg":["RS256"]}"#, algorithm_error(None)),
            (r#"{}"#, algorithm_error(None)),
            (r#"{"alg":"RS256","kid":7}"#, malformed()),
            (r#"{"alg":"RS256","kid":null}"#, malformed()),
            (r#"{"alg":"RS256","crit":[]}"#, malformed()),
            (r#"{"alg":"RS256","crit":["exp"],"exp":1}"#, malformed()),
            (r#"{"alg":"RS256","b64":false}"#, malformed()),
            (r#"{"alg":"RS256","zip":"DEF"}"#, malformed()),
            (r#"{"alg":"RS256","enc":"A256GCM"}"#, malformed()),
            (r#"{"alg":"RS256","cty":"JWT"}"#, malformed()),
            (r#"{"alg":"RS256","cty":"jwt"}"#, malformed()),
            (r#"{"alg":"RS256","alg":"none"}"#, malformed()),
            (r#"["RS256"]"#, malformed()),
            ("", malformed()),
        ];
        for (header, expected) in cases {
            assert_eq!(parse(header), expected, "{header}");
        }
    }

    #[test]
    fn segments_are_three_and_canonical() {
        let header = BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256"}"#);
        let longest = CompactJws::MAX_BYTES - header.len() - ".e30.".len();
        let malformed = |part| Some(TokenError::Malformed(part));
        let cases = [
            (format!("{header}.e30.AA"), None),
            (format!("{header}..AA"), None),
            (format!("{header}.e30.{}", "A".repeat(longest)), None),
            (
                format!("{header}.e30.{}", "A".repeat(longest + 1)),
                Some(TokenError::TooLong),
            ),
            (String::new(), Some(TokenError::Segments)),
            (header.clone(), Some(TokenError::Segments)),
            (format!("{header}.e30"), Some(TokenError::Segments)),
            (format!("{header}.e30.AA.AA"), Some(TokenError::Segments)),
            (format!("{header}.e30.AA.AA.AA"), Some(TokenError::Segments)),
            (".e30.AA".to_owned(), malformed("header")),
            (format!("{header} .e30.AA"), malformed("header")),
            (format!("{header}.e30=.AA"), malformed("payload")),
            (format!("{header}.e31.AA"), malformed("payload")),
            (format!("{header}.e3/.AA"), malformed("payload")),
            (format!("{header}.e30."), malformed("signature")),
            (format!("{header}.e30.AA=="), malformed("signature")),
            (format!("{header}.e30.A"), malformed("signature")),
            (format!("{header}.e30.AB"), malformed("signature")),
            (format!("{header}.e30.AA\n"), malformed("signature")),
        ];
        for (text, expected) in cases {
            let shown = text.get(..60.min(text.len()));
            assert_eq!(CompactJws::parse(&text).err(), expected, "{shown:?}");
        }
    }

    #[test]
    fn s12_debug_shows_neither_payload_nor_signature() {
        let header = BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","kid":"a"}"#);
        let payload = BASE64_URL_SAFE_NO_PAD.encode(r#"{"sub":"alice"}"#);
        let text = format!("{header}.{payload}.c2lnbmF0dXJl");
        let shown = format!("{:?}", CompactJws::parse(&text).unwrap());
        assert_eq!(
            shown,
            r#"CompactJws { algorithm: Rs256, kid: Some("a"), .. }"#
        );
    }
}
