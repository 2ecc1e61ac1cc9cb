//! Amazon Cognito authorizers of REST APIs: `cognito/verify.jsonl` with the key set `cognito/jwks.json`.

use std::{path::Path, sync::Arc};

use serde_json::Value;
use towergate_authorizers::{
    Refusal, Style,
    jwt::{CognitoAuthorizer, CognitoVerifier, UserPool},
    keys::KeySet,
};
use towergate_expressions::SelectionPattern;

use crate::{Case, clock, decide_token, document, lines, missing_claim};

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
    let authorizer = CognitoAuthorizer::new(verifier(case, keys))
        .scopes(texts(&case["method_scopes"]))
        .with_clock(clock(case));
    let decision = decide_token(&authorizer, case);
    match (decision, case["expect"]["outcome"].as_str().unwrap()) {
        (Ok(authorized), "allowed") => missing_claim(&authorized, &case["expect"]["claims"]),
        (Err(refusal), "rejected") => refusal_failure(refusal, &case["expect"]),
        (decision, expected) => Some(format!("is not {expected} but {decision:?}")),
    }
}

fn refusal_failure(refusal: Refusal, expected: &Value) -> Option<String> {
    let rejection = refusal.rejection();
    let (response_type, error_type) = (rejection.response_type(), rejection.error_type());
    let response = refusal.into_response::<Vec<u8>>(Style::Rest);
    let body: Value = serde_json::from_slice(response.body()).unwrap();
    let status = response.status().as_u16();
    let is_expected = expected["status"] == status
        && expected["body"] == body
        && expected["error_type"] == error_type
        && expected["gateway_response"] == response_type.to_string();
    (!is_expected)
        .then(|| format!("found {status} {response_type} {error_type} {body}, expected {expected}"))
}
