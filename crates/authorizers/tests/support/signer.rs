//! Issuers that sign tokens, for tests.

#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test takes what it needs, and may fail where it stands"
)]

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use towergate_authorizers::{
    jwt::{Issuer, JwtVerifier, TokenError},
    keys::{Algorithm, KeySet},
};
use towergate_core::Timestamp;

pub(crate) const ISSUER: &str = "https://id.example.com";

/// When the tests take place, in seconds since the epoch.
pub(crate) const NOW: u64 = 1_772_366_400;

/// The time so many seconds after [`NOW`].
pub(crate) fn at(seconds: u64) -> Timestamp {
    Timestamp::from_unix_millis((NOW + seconds) * 1_000)
}

/// A key of an issuer.
pub(crate) struct Signer {
    pub(crate) kid: String,
    pair: Ed25519KeyPair,
}

impl Signer {
    /// A key that is the same each time, made of one byte.
    pub(crate) fn new(kid: &str, seed: u8) -> Self {
        Self {
            kid: kid.to_owned(),
            pair: Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap(),
        }
    }

    pub(crate) fn public_key(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    pub(crate) fn jwk(&self) -> Value {
        let x = BASE64_URL_SAFE_NO_PAD.encode(self.public_key());
        json!({"kty": "OKP", "crv": "Ed25519", "kid": self.kid, "x": x})
    }

    pub(crate) fn keys(&self) -> KeySet {
        KeySet::parse(key_set(&[self]).as_bytes()).unwrap()
    }

    pub(crate) fn token(&self, claims: &Value) -> String {
        let header = json!({"alg": "EdDSA", "kid": self.kid});
        self.sign(&header.to_string(), &claims.to_string())
    }

    pub(crate) fn sign(&self, header: &str, payload: &str) -> String {
        let signed = encode(header, payload);
        let signature = self.pair.sign(signed.as_bytes());
        format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }
}

pub(crate) fn encode(header: &str, payload: &str) -> String {
    let encode = |text| BASE64_URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}", encode(header), encode(payload))
}

/// The key set that an issuer publishes.
pub(crate) fn key_set(signers: &[&Signer]) -> String {
    let keys: Vec<_> = signers.iter().map(|signer| signer.jwk()).collect();
    json!({ "keys": keys }).to_string()
}

/// Claims that count for an hour.
pub(crate) fn claims() -> Value {
    json!({"iss": ISSUER, "aud": "orders", "sub": "alice", "exp": NOW + 3_600})
}

/// [`claims`] with some of them changed.
pub(crate) fn changed(changes: &Value) -> Value {
    change(claims(), changes)
}

/// Changes claims; null takes one away, and `"null"` stands for null.
pub(crate) fn change(mut claims: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            Value::String(text) if text == "null" => claims[name] = Value::Null,
            value => claims[name] = value.clone(),
        }
    }
    claims
}

/// A verifier of the tokens of one issuer.
pub(crate) fn verifier(issuer: Issuer) -> JwtVerifier {
    JwtVerifier::builder()
        .issuer(issuer)
        .algorithms([Algorithm::EdDsa])
        .build()
        .unwrap()
}

/// Why a token counts for nothing so many seconds after [`NOW`]; `None` if it counts.
pub(crate) fn outcome(verifier: &JwtVerifier, token: &str, seconds: u64) -> Option<TokenError> {
    verifier.verify_now(token, at(seconds)).unwrap().err()
}
