//! Signed texts and key sets: `jose/wycheproof-jws.json`, `jose/wycheproof-jwk.json` and `jose/rfc.jsonl`.
//!
//! Texts that Wycheproof calls valid, or leaves open, are refused in two cases: their key names another algorithm than
//! their header, or a segment is no base64url.

use std::path::Path;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::Value;
use towergate_authorizers::{
    jwt::{CompactJws, Issuer, JwtVerifier},
    keys::{Algorithm, KeySet, VerifyingKey},
};
use towergate_core::Timestamp;

use crate::{Case, document, lines};

pub(crate) fn cases(folder: &Path) -> Vec<Case> {
    let folder = folder.join("jose");
    let mut cases = Vec::new();
    for (file, verdict) in [
        (
            "wycheproof-jws.json",
            key_verdict as fn(&Value, &str) -> bool,
        ),
        ("wycheproof-jwk.json", set_verdict),
    ] {
        let document = document(&folder.join(file));
        for group in document["testGroups"].as_array().unwrap() {
            for test in group["tests"].as_array().unwrap() {
                let same = group["tests"].as_array().unwrap().iter();
                // A text that is listed twice, once as valid, is valid.
                let valid = same
                    .filter(|other| other["jws"] == test["jws"])
                    .any(|other| other["result"] != "invalid");
                cases.push(wycheproof(file, group, test, valid, verdict));
            }
        }
    }
    let rfc = lines(&folder.join("rfc.jsonl"));
    cases.extend(rfc.into_iter().map(rfc_case));
    cases
}

fn wycheproof(
    file: &str,
    group: &Value,
    test: &Value,
    valid: bool,
    verdict: fn(&Value, &str) -> bool,
) -> Case {
    let keys = if group["public"].is_null() {
        group["private"].clone()
    } else {
        group["public"].clone()
    };
    let jws = test["jws"].as_str().unwrap().to_owned();
    let expected =
        valid && is_base64url(&jws) && (!keys["keys"].is_null() || names_alg(&keys, &jws));
    let name = format!("{file} {} {}", test["tcId"], test["comment"]);
    Case::new(name, move || {
        let found = verdict(&keys, &jws);
        (found != expected).then(|| format!("valid is {found} instead of {expected}"))
    })
}

fn is_base64url(jws: &str) -> bool {
    jws.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

/// Whether the key says nothing of its algorithm, or says what the header says.
fn names_alg(key: &Value, jws: &str) -> bool {
    let header = jws.split('.').next().unwrap();
    let header = BASE64_URL_SAFE_NO_PAD.decode(header).unwrap_or_default();
    let header: Value = serde_json::from_slice(&header).unwrap_or_default();
    key["alg"].is_null() || key["alg"] == header["alg"]
}

/// A shared secret is a key only where it is made one by hand.
fn key(jwk: &Value) -> Option<VerifyingKey> {
    if jwk["kty"] == "oct" {
        let algorithm: Algorithm = jwk["alg"].as_str()?.parse().ok()?;
        let secret = BASE64_URL_SAFE_NO_PAD.decode(jwk["k"].as_str()?).ok()?;
        return VerifyingKey::from_secret(algorithm, &secret).ok();
    }
    VerifyingKey::from_jwk(jwk.to_string().as_bytes()).ok()
}

fn key_verdict(jwk: &Value, jws: &str) -> bool {
    let Some(key) = key(jwk) else {
        return false;
    };
    CompactJws::parse(jws).is_ok_and(|jws| jws.verify(&key).is_ok())
}

fn set_verdict(document: &Value, jws: &str) -> bool {
    let Some(jwks) = document["keys"].as_array() else {
        return key_verdict(document, jws);
    };
    let only_secrets = jwks.iter().all(|jwk| jwk["kty"] == "oct");
    let keys: KeySet = if only_secrets {
        let keys = jwks.iter();
        keys.filter_map(|jwk| Some((jwk["kid"].as_str()?, key(jwk)?)))
            .collect()
    } else {
        KeySet::parse(document.to_string().as_bytes()).unwrap_or_default()
    };
    CompactJws::parse(jws).is_ok_and(|jws| {
        let key = jws.kid().and_then(|kid| keys.get(kid));
        key.is_some_and(|key| jws.verify(key).is_ok())
    })
}

fn rfc_case(case: Value) -> Case {
    let name = case["id"].as_str().unwrap().to_owned();
    Case::new(name, move || {
        let jws = case["jws"].as_str().unwrap();
        let mut jwk = case["key"].clone();
        if jwk["kty"] == "oct" {
            jwk["alg"] = "HS256".into();
        }
        let found = if key_verdict(&jwk, jws) {
            "valid"
        } else {
            "none"
        };
        if case["signature"] != found {
            return Some(format!("the signature is {found}"));
        }
        let refused = authorizer_refuses(&case["key"], jws);
        (refused != (case["authorizer"] == "reject")).then(|| format!("refused is {refused}"))
    })
}

fn authorizer_refuses(jwk: &Value, jws: &str) -> bool {
    let keys = serde_json::json!({ "keys": [jwk] });
    let keys = KeySet::parse(keys.to_string().as_bytes()).unwrap();
    let algorithms = [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Rs256];
    let verifier = JwtVerifier::builder()
        .issuer(Issuer::new("joe", keys).any_audience())
        .algorithms(algorithms)
        .build()
        .unwrap();
    let now = Timestamp::from_unix_millis(1_300_819_000_000);
    verifier.verify_now(jws, now).unwrap().is_err()
}
