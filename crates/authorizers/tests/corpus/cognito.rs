//! Amazon Cognito authorizers of REST APIs: `cognito/verify.jsonl` with the key set `cognito/jwks.json`.

use std::{path::Path, sync::Arc};

use serde_json::{Value, json};
use towergate_authorizers::{
    jwt::{CognitoVerifier, JwtStyle, TokenError, UserPool, VerifiedToken, bearer_token},
    keys::KeySet,
};
use towergate_core::{Style, Timestamp};
use towergate_expressions::SelectionPattern;

use crate::{Case, document, lines};

pub(crate) fn cases(folder: &Path) -> Vec<Case> {
    let folder = folder.join("cognito");
    let keys = document(&folder.join("jwks.json"));
    let cases = lines(&folder.join("verify.jsonl"));
    cases
        .into_iter()
        .map(|case| {
            let keys = keys.clone();
            Case::new(case["id"].to_string(), move || failure(&case, &keys))
        })
        .collect()
}

fn texts(value: &Value) -> Vec<&str> {
    let items = value.as_array().into_iter().flatten();
    items.map(|item| item.as_str().unwrap()).collect()
}

fn verifier(case: &Value, keys: &Value) -> CognitoVerifier {
    let keys = Arc::new(KeySet::parse(keys.to_string().as_bytes()).unwrap());
    let pools = texts(&case["user_pool_arns"]).into_iter();
    let pools = pools.map(|arn| (arn.parse::<UserPool>().unwrap(), Arc::clone(&keys)));
    let verifier = CognitoVerifier::new(pools).unwrap();
    match case["identity_validation_expression"].as_str() {
        Some(expression) => {
            verifier.with_validation_expression(SelectionPattern::parse(expression).unwrap())
        }
        None => verifier,
    }
}

fn failure(case: &Value, keys: &Value) -> Option<String> {
    let now = Timestamp::from_unix_millis(case["now"].as_u64().unwrap() * 1_000);
    let token = case["authorization"].as_str().and_then(bearer_token);
    let scopes = texts(&case["method_scopes"]);
    let outcome = token.ok_or(TokenError::Missing).and_then(|token| {
        let verifier = verifier(case, keys);
        verifier.verify_now(token, &scopes, now).unwrap()
    });
    match (&outcome, case["expect"]["outcome"].as_str().unwrap()) {
        (Ok(verified), "allowed") => claims_failure(verified, &case["expect"]["claims"]),
        (Err(error), "rejected") => refusal_failure(error, &case["expect"]),
        (_, expected) => Some(format!("is not {expected} but {outcome:?}")),
    }
}

fn claims_failure(verified: &VerifiedToken, expected: &Value) -> Option<String> {
    let found: Value = verified
        .claim_texts(JwtStyle::Cognito)
        .map(|(name, text)| (name.to_owned(), json!(text)))
        .collect();
    let mut expected = expected.as_object().into_iter().flatten();
    expected
        .find(|(name, text)| found[name.as_str()] != **text)
        .map(|(name, text)| format!("claim {name} is {} instead of {text}", found[name.as_str()]))
}

fn refusal_failure(error: &TokenError, expected: &Value) -> Option<String> {
    let rejection = error.rejection(JwtStyle::Cognito);
    let (response_type, error_type) = (rejection.response_type(), rejection.error_type());
    let response = rejection.into_response::<Vec<u8>>(Style::Rest);
    let body: Value = serde_json::from_slice(response.body()).unwrap();
    let status = response.status().as_u16();
    let is_expected = expected["status"] == status
        && expected["body"] == body
        && expected["error_type"] == error_type
        && expected["gateway_response"] == response_type.to_string();
    (!is_expected)
        .then(|| format!("found {status} {response_type} {error_type} {body}, expected {expected}"))
}
