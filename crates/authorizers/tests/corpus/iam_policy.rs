//! The policy language: what documents allow and deny, and which of them IAM takes.

use std::path::Path;

use serde_json::Value;
use towergate_authorizers::{
    policy::{
        Action, ApiArn, AwsPrincipal, Caller, ConditionKeys, Effect, KeyValue, KeyValues, Policy,
        PolicyKind, PolicyRequest,
    },
    resource_policy::{Reason, ResourcePolicy},
};

use crate::{Case, lines};

pub(crate) fn evaluations(folder: &Path) -> Vec<Case> {
    Case::rows(
        lines(&folder.join("iam-policy/execute-api.jsonl")),
        evaluation,
    )
}

pub(crate) fn acceptances(folder: &Path) -> Vec<Case> {
    Case::rows(
        lines(&folder.join("iam-policy/documents.jsonl")),
        acceptance,
    )
}

/// `policy`, `request` and the outcome `expected`; a document that cannot be read allows nothing.
fn evaluation(row: &Value) -> Result<(), String> {
    let keys = Keys(&row["request"]["context"]);
    let action = Action::new(text(&row["request"]["action"]).to_owned());
    let request = PolicyRequest {
        action: &action,
        resource: text(&row["request"]["resource"]),
        caller: caller(&row["request"]["principal"]),
        keys: &keys,
    };
    let document = document(&row["policy"]);
    let outcome = if row["kind"] == "resource" {
        resource_outcome(&document, &api(&row["api"]), &request)
    } else {
        identity_outcome(&document, &request)
    };
    if row["expected"] == outcome {
        Ok(())
    } else {
        Err(format!("{outcome}, expected {}", row["expected"]))
    }
}

fn identity_outcome(document: &str, request: &PolicyRequest<'_>) -> &'static str {
    match Policy::parse(document) {
        Ok(policy) => match policy.evaluate(request) {
            Effect::Allow => "Allow",
            Effect::Deny { .. } => "ExplicitDeny",
            Effect::NotApplicable => "ImplicitDeny",
        },
        Err(_) => "ImplicitDeny",
    }
}

fn resource_outcome(document: &str, api: &ApiArn, request: &PolicyRequest<'_>) -> &'static str {
    match ResourcePolicy::parse(document, api).map(|policy| policy.alone(request)) {
        Ok(Ok(_)) => "Allow",
        Ok(Err(denial)) if denial.reason() == Reason::ExplicitInResourcePolicy => "ExplicitDeny",
        Ok(Err(_)) | Err(_) => "ImplicitDeny",
    }
}

/// `document`, and whether it is `valid` as an identity policy.
fn acceptance(row: &Value) -> Result<(), String> {
    let result = Policy::parse_as(PolicyKind::Identity, &document(&row["document"]));
    match (result, row["valid"] == true) {
        (Ok(_), true) | (Err(_), false) => Ok(()),
        (Ok(_), false) => Err(format!("accepted, expected {}", row["error_message"])),
        (Err(errors), true) => Err(format!("refused: {errors}")),
    }
}

/// A document is an object in the row, or text that need not be JSON.
fn document(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn api(api: &Value) -> ApiArn {
    ApiArn::new(
        text(&api["region"]),
        text(&api["account"]),
        text(&api["id"]),
    )
}

fn caller(principal: &Value) -> Caller<'_> {
    match (&principal["arn"], &principal["service"]) {
        (Value::String(arn), _) => Caller::Aws(AwsPrincipal {
            account: text(&principal["account"]),
            arn,
            role_arn: principal["role_arn"].as_str(),
        }),
        (_, Value::String(service)) => Caller::Service(service),
        _ => Caller::Anonymous,
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The context of a row: lists of strings by the names of condition keys.
#[derive(Debug)]
struct Keys<'r>(&'r Value);

impl ConditionKeys for Keys<'_> {
    fn values(&self, key: &str) -> KeyValues<'_> {
        let mut members = self.0.as_object().into_iter().flatten();
        match members.find(|(name, _)| name.eq_ignore_ascii_case(key)) {
            Some((_, Value::Array(values))) => KeyValues::Many(
                values
                    .iter()
                    .map(|value| KeyValue::from(text(value)))
                    .collect(),
            ),
            Some((_, value)) => value.as_str().into(),
            None => KeyValues::Absent,
        }
    }
}
