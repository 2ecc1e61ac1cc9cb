//! A header, a line feed and a payload: nothing panics, what nobody signed does not count, and what counts says what it
//! must.
#![no_main]

use std::sync::{Arc, LazyLock};

use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use libfuzzer_sys::fuzz_target;
use towergate_authorizers::{
    jwt::{ClaimRule, CompactJws, Issuer, JwtStyle, JwtVerifier, UserPool, bearer_token},
    keys::{Algorithm, KeySet, VerifyingKey},
};
use towergate_core::Timestamp;

const SECRET: [u8; 32] = [7; 32];

static VERIFIER: LazyLock<JwtVerifier> = LazyLock::new(|| {
    let key = VerifyingKey::from_secret(Algorithm::Hs256, &SECRET).unwrap();
    let keys: KeySet = [("k", key)].into_iter().collect();
    let issuer = Issuer::new("i", keys).audience("a");
    JwtVerifier::builder()
        .issuer(issuer.claim(ClaimRule::optional("t").one_of(["x"])))
        .algorithms([Algorithm::Hs256])
        .build()
        .unwrap()
});

fn sign(header: &str, payload: &str) -> String {
    let encode = |text| BASE64_URL_SAFE_NO_PAD.encode(text);
    let signed = format!("{}.{}", encode(header), encode(payload));
    let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &SECRET), signed.as_bytes());
    format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(mac))
}

fn has_float(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::Array(values) => values.iter().any(has_float),
        serde_json::Value::Object(members) => members.values().any(has_float),
        value => value.is_f64(),
    }
}

fuzz_target!(|input: &str| {
    let now = Timestamp::from_unix_millis(1_000_000);
    let (header, payload) = input.split_once('\n').unwrap_or((r#"{"alg":"HS256","kid":"k"}"#, input));
    if let Some(token) = bearer_token(header) {
        assert!(VERIFIER.verify_now(token, now).is_some_and(|answer| answer.is_err()));
    }
    let _ = CompactJws::parse(header);
    let _ = header.parse::<UserPool>();
    let _ = VerifyingKey::from_jwk(input.as_bytes());
    let _ = KeySet::parse(input.as_bytes());

    let token = sign(header, payload);
    let Some(Ok(verified)) = VERIFIER.verify_now(&token, now) else {
        return;
    };
    let again = VERIFIER.verify_now(&token, now).unwrap().unwrap();
    assert!(Arc::ptr_eq(&verified, &again));
    assert!(verified.claims()["iss"] == "i" && verified.expires_at() > now);
    for style in [JwtStyle::Cognito, JwtStyle::HttpApi, JwtStyle::RestJwt] {
        for (name, text) in verified.claim_texts(style) {
            assert!(style != JwtStyle::RestJwt || text.is_ascii());
            let read = || serde_json::from_str::<serde_json::Value>(&text).unwrap();
            let claim = &verified.claims()[name];
            // Numbers beyond 64 bits are read to the nearest that is at hand, which need not be the same twice.
            assert!(style != JwtStyle::RestJwt || has_float(claim) || read() == *claim);
        }
    }
});
