//! The tables by which a resource policy combines with what an authorizer says.

use std::path::Path;

use serde_json::{Value, json};
use towergate_authorizers::{
    policy::{ApiArn, Effect, GlobalKeys, Policy, PolicyRequest},
    resource_policy::{Accounts, Allowed, Denial, ResourcePolicy},
};
use towergate_core::Timestamp;

use crate::{Case, lines};

pub(crate) fn cases(folder: &Path) -> Vec<Case> {
    Case::rows(
        lines(&folder.join("resource-policy/combine.jsonl")),
        combination,
    )
}

/// What two policies say (`Allow`, `Deny`, `None`), by which `table` they combine, and the outcome `expected`.
fn combination(row: &Value) -> Result<(), String> {
    let api = ApiArn::new("us-east-1", "123456789012", "a1b2c3d4e5");
    let resource_policy = ResourcePolicy::parse(&saying(&row["resource_policy"]), &api)
        .map_err(|errors| errors.to_string())?;
    let identity_policy = Policy::parse(&saying(&row["authorizer_or_identity_policy"]))
        .map_err(|errors| errors.to_string())?;
    let resource = api.method("prod", "GET", "/pets");
    let keys = GlobalKeys::new(Timestamp::default());
    let request = PolicyRequest::invoke(&resource, &keys);
    let identity = identity_policy.evaluate(&request);

    let result = match row["table"].as_str() {
        Some("A") => phases(&resource_policy, &request, identity, Accounts::Same),
        Some("B") => phases(&resource_policy, &request, identity, Accounts::Cross),
        _ => resource_policy.alone(&request),
    };
    if row["table"] == "cognito" && row["authorizer_or_identity_policy"] != "Allow" {
        // The token is refused, and the policy is not asked: whatever the refusal is called, it is none of its own.
        return (row["expected"] != "Allow")
            .then_some(())
            .ok_or("not refused".to_owned());
    }
    let outcome = match result {
        Ok(_) => "Allow",
        Err(denial) if denial.reason().is_explicit() => "ExplicitDeny",
        Err(_) => "ImplicitDeny",
    };
    if row["expected"] == outcome {
        Ok(())
    } else {
        Err(format!("{outcome}, expected {}", row["expected"]))
    }
}

fn phases(
    policy: &ResourcePolicy,
    request: &PolicyRequest<'_>,
    identity: Effect<'_>,
    accounts: Accounts,
) -> Result<Allowed, Denial> {
    policy.first_phase(request)?;
    policy.second_phase(request, identity, accounts)
}

/// A document that says one word about every call; for any other word, nothing.
fn saying(word: &Value) -> String {
    let (effect, action) = match word.as_str() {
        Some(effect @ ("Allow" | "Deny")) => (effect, "execute-api:Invoke"),
        _ => ("Allow", "execute-api:ManageConnections"),
    };
    let statement = json!({
        "Effect": effect, "Principal": "*", "Action": action, "Resource": "*",
    });
    json!({"Version": "2012-10-17", "Statement": statement}).to_string()
}
