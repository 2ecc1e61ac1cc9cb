//! JWT authorizers of HTTP APIs: `jwt/verify.jsonl` with the key sets of `jwt/jwks.json`.

use std::{path::Path, time::Duration};

use serde_json::{Value, json};
use towergate_authorizers::{
    jwt::{Issuer, JwtStyle, JwtVerifier, TokenError, VerifiedToken, bearer_token},
    keys::{Algorithm, KeySet},
};
use towergate_core::{Style, Timestamp};

use crate::{Case, document, lines};

pub(crate) fn cases(folder: &Path) -> Vec<Case> {
    let folder = folder.join("jwt");
    let key_sets = document(&folder.join("jwks.json"));
    let cases = lines(&folder.join("verify.jsonl"));
    cases
        .into_iter()
        .map(|case| {
            let keys = key_sets[case["jwks"].as_str().unwrap()].clone();
            Case::new(case["id"].to_string(), move || failure(&case, &keys))
        })
        .collect()
}

fn texts(value: &Value) -> Vec<String> {
    let items = value.as_array().into_iter().flatten();
    items
        .map(|item| item.as_str().unwrap().to_owned())
        .collect()
}

fn verifier(case: &Value, keys: &Value) -> JwtVerifier {
    let keys = KeySet::parse(keys.to_string().as_bytes()).unwrap();
    let issuer = Issuer::new(case["issuer"].as_str().unwrap(), keys);
    let issuer = texts(&case["audience"])
        .into_iter()
        .fold(issuer, Issuer::audience);
    let builder = JwtVerifier::builder().issuer(issuer);
    let builder = match case["profile"].as_str().unwrap() {
        "aws" => builder,
        "extended" => builder.algorithms([
            Algorithm::Rs256,
            Algorithm::Rs384,
            Algorithm::Rs512,
            Algorithm::Ps256,
            Algorithm::Ps384,
            Algorithm::Ps512,
            Algorithm::Es256,
            Algorithm::Es384,
            Algorithm::EdDsa,
        ]),
        profile => {
            let seconds = profile.strip_prefix("leeway-").unwrap().parse().unwrap();
            builder.leeway(Duration::from_secs(seconds))
        }
    };
    builder.build().unwrap()
}

fn failure(case: &Value, keys: &Value) -> Option<String> {
    let scopes = texts(&case["route_scopes"]);
    let now = Timestamp::from_unix_millis(case["now"].as_u64().unwrap() * 1_000);
    let token = case["authorization"].as_str().and_then(bearer_token);
    let verifier = verifier(case, keys);
    let decide = || {
        let verified = verifier
            .verify_now(token.ok_or(TokenError::Missing)?, now)
            .unwrap()?;
        verified.check_scopes(&scopes)?;
        Ok(verified)
    };
    let outcome = decide();
    if decide().is_ok() != outcome.is_ok() {
        return Some("the second time it is decided otherwise".to_owned());
    }
    match (&outcome, case["expect"]["outcome"].as_str().unwrap()) {
        (Ok(verified), "allowed") => claims_failure(verified, &case["expect"]["claims"]),
        (Err(error), "rejected") => refusal_failure(error, &scopes, &case["expect"]),
        (_, expected) => Some(format!("is not {expected} but {outcome:?}")),
    }
}

/// The claims that are expected are some of those that are found.
fn claims_failure(verified: &VerifiedToken, expected: &Value) -> Option<String> {
    let found: Value = verified
        .claim_texts(JwtStyle::HttpApi)
        .map(|(name, text)| (name.to_owned(), json!(text)))
        .collect();
    let mut expected = expected.as_object().into_iter().flatten();
    expected
        .find(|(name, text)| found[name.as_str()] != **text)
        .map(|(name, text)| format!("claim {name} is {} instead of {text}", found[name.as_str()]))
}

fn refusal_failure(error: &TokenError, scopes: &[String], expected: &Value) -> Option<String> {
    let response = error
        .rejection(JwtStyle::HttpApi)
        .into_response::<Vec<u8>>(Style::Http);
    let body: Value = serde_json::from_slice(response.body()).unwrap();
    let header = error.www_authenticate(scopes);
    let found = (response.status().as_u16(), body, header.to_str().unwrap());
    let is_expected = expected["status"] == found.0
        && expected["body"] == found.1
        && expected
            .get("www_authenticate")
            .is_none_or(|value| value == found.2);
    (!is_expected).then(|| format!("found {found:?}, expected {expected}"))
}
