//! JWT authorizers of HTTP APIs: `jwt/verify.jsonl` with the key sets of `jwt/jwks.json`.

use std::{path::Path, time::Duration};

use serde_json::Value;
use towergate_authorizers::{
    Refusal, Style,
    jwt::{Issuer, JwtAuthorizer, JwtVerifier},
    keys::{Algorithm, KeySet},
};

use crate::{Case, clock, decide_token, document, lines, missing_claim};

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
    let authorizer = JwtAuthorizer::http_api(verifier(case, keys))
        .scopes(texts(&case["route_scopes"]))
        .with_clock(clock(case));
    let decision = decide_token(&authorizer, case);
    if decide_token(&authorizer, case).is_ok() != decision.is_ok() {
        return Some("the second time it is decided otherwise".to_owned());
    }
    match (decision, case["expect"]["outcome"].as_str().unwrap()) {
        (Ok(authorized), "allowed") => missing_claim(&authorized, &case["expect"]["claims"]),
        (Err(refusal), "rejected") => refusal_failure(refusal, &case["expect"]),
        (decision, expected) => Some(format!("is not {expected} but {decision:?}")),
    }
}

fn refusal_failure(refusal: Refusal, expected: &Value) -> Option<String> {
    let response = refusal.into_response::<Vec<u8>>(Style::Http);
    let body: Value = serde_json::from_slice(response.body()).unwrap();
    let header = response.headers()["www-authenticate"].to_str().unwrap();
    let found = (response.status().as_u16(), body, header);
    let is_expected = expected["status"] == found.0
        && expected["body"] == found.1
        && expected
            .get("www_authenticate")
            .is_none_or(|value| value == found.2);
    (!is_expected).then(|| format!("found {found:?}, expected {expected}"))
}
