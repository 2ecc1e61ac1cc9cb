//! Policies decide as a second evaluator does that shares no code with them.

#![allow(clippy::panic, reason = "a test may fail where it stands")]

#[path = "support/plain_policy.rs"]
mod plain_policy;

use std::collections::BTreeMap;

use plain_policy::Request;
use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{Map, Value, json};
use towergate_authorizers::policy::{
    Action, Caller, ConditionKeys, Effect, KeyValue, KeyValues, Policy, PolicyRequest,
};

const RESOURCES: [&str; 16] = [
    "*",
    "arn:aws:execute-api:us-east-1:123456789012:api/*",
    "arn:aws:execute-api:us-east-1:123456789012:api/prod/GET/pets",
    "arn:aws:execute-api:us-east-1:123456789012:api/prod/GET/pet?",
    "arn:aws:execute-api:us-east-1:123456789012:api/*/pets",
    "arn:aws:execute-api:us-east-1:123456789012:api/prod/*/${aws:username}",
    "arn:aws:execute-api:us-east-1:123456789012:api/prod/GET/${aws:UserName}*",
    "arn:aws:execute-api:us-east-1:123456789012:api/prod/GET/${aws:nope}",
    "arn:aws:execute-api:us-east-1:123456789012:api/prod/GET/${aws:nope, 'pets'}",
    "arn:aws:execute-api:us-east-1:123456789012:api/prod/GET/${*}",
    "arn:aws:execute-api:us-east-1:123456789012:api/prod/GET/${$}{${?}",
    "arn:aws:execute-api:*:*:*",
    "arn:aws:execute-api:us-east-1:*",
    "arn:aws-cn:execute-api:*:*:*",
    "*/GET/*e*s",
    "*?a?*",
];

const PATHS: [&str; 8] = [
    "prod/GET/pets",
    "prod/GET/petz",
    "prod/POST/alice",
    "prod/GET/*",
    "dev/GET/a/b/pets",
    "prod/GET/",
    "prod/GET/${?",
    "prod/GET/päts",
];

const ACTIONS: [&str; 7] = [
    "*",
    "execute-api:*",
    "execute-api:Invoke",
    "EXECUTE-API:INVOK?",
    "execute-api:ManageConnections",
    "execute-api:*Connections",
    "Invoke",
];

const STRINGS: [&str; 12] = [
    "alice",
    "Alice",
    "a*",
    "?lice",
    "*",
    "pets",
    "",
    "${aws:username}",
    "x${aws:nope}",
    "${aws:nope, 'alice'}",
    "${*}",
    "ÄB",
];

const NUMBERS: [&str; 7] = ["10", "10.0", "9", "-1", "0.5", "abc", "1e1"];

const ADDRESSES: [&str; 8] = [
    "192.0.2.0/24",
    "192.0.2.7",
    "192.0.2.200/25",
    "0.0.0.0/0",
    "::/0",
    "2001:db8::/32",
    "2001:db8::1",
    "unknown",
];

const ARNS: [&str; 7] = [
    "arn:aws:sns:us-east-1:123456789012:topic",
    "arn:aws:sns:*:123456789012:t*",
    "arn:aws:sns:*",
    "arn:aws:sns:us-east-1:123456789012:to:pic",
    "${aws:SourceArn}",
    "arn:aws:*:topic",
    "arn:aws:sns:us-?ast-1:*:*",
];

const BASE64: [&str; 3] = ["QmluYXJ5", "QmluYXJ4", "not base64"];

/// The tests there are, and a pool of values that suit each.
fn tests() -> Vec<(&'static str, Vec<&'static str>)> {
    let moments: Vec<&str> = plain_policy::MOMENTS
        .iter()
        .map(|(text, _)| *text)
        .collect();
    let pools: [(&[&str], Vec<&str>); 7] = [
        (
            &[
                "StringEquals",
                "StringNotEquals",
                "StringEqualsIgnoreCase",
                "StringNotEqualsIgnoreCase",
                "StringLike",
                "StringNotLike",
            ],
            STRINGS.to_vec(),
        ),
        (
            &[
                "NumericEquals",
                "NumericNotEquals",
                "NumericLessThan",
                "NumericLessThanEquals",
                "NumericGreaterThan",
                "NumericGreaterThanEquals",
            ],
            NUMBERS.to_vec(),
        ),
        (
            &[
                "DateEquals",
                "DateNotEquals",
                "DateLessThan",
                "DateLessThanEquals",
                "DateGreaterThan",
                "DateGreaterThanEquals",
            ],
            moments,
        ),
        (&["IpAddress", "NotIpAddress"], ADDRESSES.to_vec()),
        (
            &["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"],
            ARNS.to_vec(),
        ),
        (&["Bool"], vec!["true", "FALSE", "yes", "${aws:mfa}"]),
        (&["BinaryEquals"], BASE64.to_vec()),
    ];
    let pairs = pools
        .iter()
        .flat_map(|(names, pool)| names.iter().map(|name| (*name, pool.clone())));
    pairs.collect()
}

fn one_or_more<S: Strategy<Value = Value> + 'static>(value: S) -> impl Strategy<Value = Value> {
    (vec(value, 1..4), any::<bool>()).prop_map(|(mut values, alone)| {
        if alone && values.len() == 1 {
            values.remove(0)
        } else {
            Value::Array(values)
        }
    })
}

fn pick(pool: Vec<&'static str>) -> impl Strategy<Value = Value> {
    select(pool).prop_map(Value::from)
}

const KEYS: [&str; 4] = ["aws:username", "AWS:UserName", "k:a", "aws:SourceArn"];

fn block() -> impl Strategy<Value = (String, Value)> {
    let test = select(tests()).prop_flat_map(|(name, pool)| {
        let values = one_or_more(pick(pool));
        let set = select(vec!["", "", "ForAllValues:", "ForAnyValue:"]);
        let suffix = select(vec!["", "", "IfExists"]);
        (set, suffix, select(KEYS.to_vec()), values).prop_map(move |(set, suffix, key, values)| {
            (format!("{set}{name}{suffix}"), json!({ key: values }))
        })
    });
    let null = (
        select(KEYS.to_vec()),
        select(vec![json!("true"), json!("false"), json!(true)]),
    )
        .prop_map(|(key, value)| ("Null".to_owned(), json!({ key: value })));
    prop_oneof![9 => test, 1 => null]
}

fn statement() -> impl Strategy<Value = Value> {
    let action = (any::<bool>(), one_or_more(pick(ACTIONS.to_vec())));
    let resource = (any::<bool>(), one_or_more(pick(RESOURCES.to_vec())));
    (any::<bool>(), action, resource, vec(block(), 0..3)).prop_map(
        |(denies, (no_action, actions), (no_resource, resources), blocks)| {
            let blocks: Map<String, Value> = blocks.into_iter().collect();
            json!({
                "Effect": if denies { "Deny" } else { "Allow" },
                (if no_action { "NotAction" } else { "Action" }): actions,
                (if no_resource { "NotResource" } else { "Resource" }): resources,
                "Condition": blocks,
            })
        },
    )
}

fn policy() -> impl Strategy<Value = Value> {
    let version = select(vec!["2012-10-17", "2012-10-17", "2008-10-17"]);
    (version, vec(statement(), 1..4))
        .prop_map(|(version, statements)| json!({"Version": version, "Statement": statements}))
}

fn context() -> impl Strategy<Value = BTreeMap<String, Vec<String>>> {
    let values: Vec<&str> = tests().into_iter().flat_map(|(_, pool)| pool).collect();
    let key =
        select(vec!["aws:username", "k:a", "aws:sourcearn", "aws:mfa"]).prop_map(str::to_owned);
    let values = vec(select(values).prop_map(str::to_owned), 0..3);
    prop::collection::btree_map(key, values, 0..4)
}

fn request() -> impl Strategy<Value = Request> {
    let action = select(vec!["execute-api:Invoke", "execute-api:ManageConnections"]);
    (action, select(PATHS.to_vec()), context()).prop_map(|(action, path, context)| Request {
        action: action.to_owned(),
        resource: format!("arn:aws:execute-api:us-east-1:123456789012:api/{path}"),
        context,
    })
}

#[derive(Debug)]
struct Keys<'r>(&'r Request);

impl ConditionKeys for Keys<'_> {
    fn values(&self, key: &str) -> KeyValues<'_> {
        match self.0.context.get(key) {
            Some(values) => KeyValues::Many(
                values
                    .iter()
                    .map(|value| KeyValue::from(value.as_str()))
                    .collect(),
            ),
            None => KeyValues::Absent,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn two_evaluators_agree(policy in policy(), requests in vec(request(), 1..4)) {
        let compiled = Policy::parse(&policy.to_string()).map_err(|errors| TestCaseError::fail(errors.to_string()))?;
        for request in &requests {
            let action = Action::new(request.action.clone());
            let effect = compiled.evaluate(&PolicyRequest {
                action: &action,
                resource: &request.resource,
                caller: Caller::Anonymous,
                keys: &Keys(request),
            });
            let name = match effect {
                Effect::Allow => "Allow",
                Effect::Deny { .. } => "Deny",
                Effect::NotApplicable => "NotApplicable",
            };
            prop_assert_eq!(name, plain_policy::evaluate(&policy, request), "{:?}", request);
        }
    }

    #[test]
    fn no_document_makes_the_parser_panic(text in "[{}\\[\\]\":,a-zA-Z0-9$*'-]{0,80}") {
        let _ = Policy::parse(&text);
        let _ = Policy::parse(&format!(r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"*","Resource":{:?}}}}}"#, text));
    }
}
