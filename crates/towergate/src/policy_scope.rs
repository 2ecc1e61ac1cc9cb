//! Statements of a resource policy that can never speak of the API they belong to.
//!
//! An exported policy names its API by id, region and account. On a gateway where these are others, what it allows is
//! refused, which is seen soon, and what it denies is allowed, which is not.

use serde_json::Value;
use towergate_authorizers::policy::ApiArn;
use towergate_definition::{Diagnostic, Place};

const POLICY: &str = "x-amazon-apigateway-policy";

/// Reports the statements whose resources are all those of other APIs: an error where they deny, else a warning.
pub(crate) fn report_foreign_statements(
    policy: &str,
    api: &ApiArn,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let Ok(policy) = serde_json::from_str::<Value>(policy) else {
        return;
    };
    for (number, statement) in list(&policy["Statement"]).iter().enumerate() {
        let resources: Vec<_> = list(&statement["Resource"])
            .iter()
            .filter_map(|resource| resource.as_str())
            .collect();
        let is_foreign = |resource: &&str| !may_be_of(resource, api);
        let Some(foreign) = resources.iter().find(|resource| is_foreign(resource)) else {
            continue;
        };
        let place = Place::root()
            .key(POLICY)
            .key(format!("Statement[{number}]"));
        let message = format!(
            "`{foreign}` is no resource of this API, `{api}`, so that the statement never holds for it: write `execute-api:/STAGE/METHOD/PATH`"
        );
        diagnostics.push(match statement["Effect"].as_str() {
            Some("Deny") => Diagnostic::error(place, message),
            _ => Diagnostic::warning(place, message),
        });
    }
}

/// Whether a pattern may match a method of the API, as far as what stands before its first wildcard tells.
fn may_be_of(resource: &str, api: &ApiArn) -> bool {
    if !resource.starts_with("arn:") {
        return true;
    }
    let end = resource.find(['*', '?', '$']).unwrap_or(resource.len());
    let fixed = resource.get(..end).unwrap_or_default();
    let own = format!("{api}/");
    fixed.starts_with(&own) || own.starts_with(fixed)
}

/// One value, or a list of them.
fn list(value: &Value) -> &[Value] {
    match value {
        Value::Array(values) => values,
        Value::Null => &[],
        one => std::slice::from_ref(one),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use towergate_definition::Severity;

    use super::*;

    #[test]
    fn a_denial_for_another_api_is_an_error() {
        use Severity::{Error, Warning};
        let api = ApiArn::new("us-east-1", "123456789012", "pets");
        let cases = [
            ("Deny", json!("*"), None),
            ("Deny", json!("execute-api:/prod/*"), None),
            (
                "Deny",
                json!("arn:aws:execute-api:us-east-1:123456789012:pets/prod/GET/a"),
                None,
            ),
            (
                "Deny",
                json!(["arn:aws:execute-api:*:*:*/prod/*", "*"]),
                None,
            ),
            (
                "Deny",
                json!("arn:aws:execute-api:us-east-1:123456789012:p*"),
                None,
            ),
            (
                "Deny",
                json!("arn:aws:execute-api:us-east-1:123456789012:a1b2c3/*"),
                Some(Error),
            ),
            (
                "Deny",
                json!(["*", "arn:aws:execute-api:eu-west-1:123456789012:pets/*"]),
                Some(Error),
            ),
            (
                "Deny",
                json!("arn:aws:execute-api:us-east-1:210987654321:*"),
                Some(Error),
            ),
            (
                "Deny",
                json!("arn:aws:execute-api:us-east-1:123456789012:petstore/*"),
                Some(Error),
            ),
            (
                "Allow",
                json!("arn:aws:execute-api:us-east-1:123456789012:a1b2c3/*"),
                Some(Warning),
            ),
        ];
        for (effect, resource, expected) in cases {
            for statements in [
                json!({"Effect": effect, "Resource": resource}),
                json!([{"Effect": effect, "Resource": resource}]),
            ] {
                let policy = json!({"Statement": statements}).to_string();
                let mut found = Vec::new();
                report_foreign_statements(&policy, &api, &mut found);
                let found = found.first().map(|found| found.severity);
                assert_eq!(found, expected, "{effect} {resource}");
            }
        }
    }
}
