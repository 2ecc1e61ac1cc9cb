//! Whole policies: what is wrong with them, and what they decide.

mod refusals;

use std::net::IpAddr;

use serde_json::{Value, json};
use towergate_core::Timestamp;

use super::*;

const RESOURCE: &str = "arn:aws:execute-api:us-east-1:123456789012:pets/prod/GET/dogs";

/// Keys as a list; a name comes once for each of its values.
#[derive(Debug)]
struct Keys<'k>(&'k [(&'k str, &'k str)]);

impl ConditionKeys for Keys<'_> {
    fn values(&self, key: &str) -> KeyValues<'_> {
        let own = self
            .0
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case(key));
        KeyValues::Many(own.map(|(_, value)| KeyValue::from(*value)).collect())
    }
}

fn word(effect: Effect<'_>) -> &'static str {
    match effect {
        Effect::Allow => "allow",
        Effect::Deny { .. } => "deny",
        Effect::NotApplicable => "silent",
    }
}

fn policy(statements: &Value) -> String {
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

#[test]
fn the_statement_that_denies_is_told() {
    let allow = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    let deny = json!({"Sid": "no", "Effect": "Deny", "Action": "*", "Resource": "*"});
    let document = policy(&json!([allow, deny]));
    let policy = Policy::parse(&document).unwrap();
    let request = PolicyRequest::invoke(RESOURCE, &Keys(&[]));
    let expected = Effect::Deny {
        statement: 1,
        sid: Some("no"),
    };
    assert_eq!(policy.evaluate(&request), expected);
    assert_eq!(word(Policy::deny_all().evaluate(&request)), "deny");
}

#[test]
fn variables_insert_plain_characters() {
    let keys = Keys(&[
        ("aws:username", "*"),
        ("aws:userid", "${aws:username}"),
        ("k:many", "a"),
        ("k:many", "b"),
        ("k:empty", ""),
    ]);
    let cases = [
        ("${aws:username}", "*", true),
        ("${aws:username}", "dogs", false),
        ("${AWS:UserName}", "*", true),
        ("${ aws:username }", "*", true),
        ("${aws:userid}", "${aws:username}", true),
        ("${aws:userid}", "*", false),
        ("a${k:empty}b", "ab", true),
        ("${k:many}", "a", false),
        ("${k:many, 'c'}", "c", true),
        ("${k:none}", "", false),
        ("${k:none,''}", "", true),
        ("${k:none, 'a, b}*'}c", "a, b}*c", true),
        ("${k:none, 'a, b}*'}c", "a, b}xc", false),
        ("a${*}", "a*", true),
        ("a${*}", "ab", false),
        ("a${?}", "a?", true),
        ("a${$}{b}", "a${b}", true),
        ("$a$", "$a$", true),
    ];
    for (path, request, expected) in cases {
        let start = "arn:aws:execute-api:us-east-1:123456789012:pets/prod/GET/";
        let statement =
            json!({"Effect": "Allow", "Action": "*", "Resource": format!("{start}{path}")});
        let policy =
            Policy::parse(&policy(&statement)).unwrap_or_else(|errors| panic!("{path}: {errors}"));
        let resource = format!("{start}{request}");
        let effect = policy.evaluate(&PolicyRequest::invoke(&resource, &keys));
        assert_eq!(effect == Effect::Allow, expected, "{path} {request}");
    }
}

#[test]
fn variables_are_plain_text_in_policies_of_the_older_version() {
    for version in [json!({"Version": "2008-10-17"}), json!({})] {
        let mut document = version;
        document["Statement"] =
            json!({"Effect": "Allow", "Action": "*", "Resource": "*/${aws:username}"});
        let policy = Policy::parse(&document.to_string()).unwrap();
        let keys = Keys(&[("aws:username", "dogs")]);
        let effect = |resource| word(policy.evaluate(&PolicyRequest::invoke(resource, &keys)));
        assert_eq!(effect(RESOURCE), "silent", "{document}");
        assert_eq!(effect("a/${aws:username}"), "allow", "{document}");
    }
}

#[test]
fn s15_a_variable_without_a_value_never_widens_what_is_allowed() {
    let unknown = "arn:aws:execute-api:us-east-1:123456789012:pets/prod/GET/${k:none}";
    let cases = [
        ("Allow", "Resource", json!([unknown]), "silent"),
        ("Deny", "Resource", json!([unknown]), "silent"),
        ("Allow", "NotResource", json!([unknown]), "silent"),
        ("Deny", "NotResource", json!([unknown]), "deny"),
        ("Allow", "Resource", json!([unknown, RESOURCE]), "allow"),
        (
            "Allow",
            "NotResource",
            json!([unknown, "arn:aws:s3:::a"]),
            "silent",
        ),
        ("Deny", "NotResource", json!([RESOURCE, unknown]), "silent"),
    ];
    for (effect, member, resources, expected) in cases {
        let document = policy(&json!({"Effect": effect, "Action": "*", member: resources}));
        let policy = Policy::parse(&document).unwrap();
        let found = policy.evaluate(&PolicyRequest::invoke(RESOURCE, &Keys(&[])));
        assert_eq!(word(found), expected, "{document}");
    }
}

#[test]
fn s15_principals_are_matched_whole() {
    let user = Caller::Aws(AwsPrincipal {
        account: "123456789012",
        arn: "arn:aws:iam::123456789012:user/alice",
        role_arn: None,
    });
    let session = |role_arn| {
        Caller::Aws(AwsPrincipal {
            account: "123456789012",
            arn: "arn:aws:sts::123456789012:assumed-role/app/s1",
            role_arn,
        })
    };
    let role = "arn:aws:iam::123456789012:role/app";
    let service = Caller::Service("events.amazonaws.com");
    let aws = |name: &str| json!({"AWS": name});
    let cases = [
        (json!("*"), Caller::Anonymous, true),
        (aws("*"), Caller::Anonymous, true),
        (aws("*"), user, true),
        (aws("123456789012"), user, true),
        (aws("123456789012"), Caller::Anonymous, false),
        (aws("210987654321"), user, false),
        (aws("arn:aws:iam::123456789012:root"), user, true),
        (aws("arn:aws-cn:iam::123456789012:root"), user, false),
        (aws("arn:aws:iam::123456789012:user/alice"), user, true),
        (aws("arn:aws:iam::123456789012:user/alic"), user, false),
        (aws("arn:aws:iam::123456789012:user/Alice"), user, false),
        (aws("AIDAJQABLZS4A3QDU576Q"), user, false),
        (aws(role), session(Some(role)), true),
        (aws(role), session(None), true),
        (
            aws("arn:aws:iam::123456789012:role/team/app"),
            session(None),
            true,
        ),
        (
            aws("arn:aws:iam::123456789012:role/team/app"),
            session(Some(role)),
            false,
        ),
        (
            aws("arn:aws:iam::210987654321:role/app"),
            session(None),
            false,
        ),
        (
            aws("arn:aws:sts::123456789012:assumed-role/app/s1"),
            session(Some(role)),
            true,
        ),
        (
            aws("arn:aws:sts::123456789012:assumed-role/app/s2"),
            session(Some(role)),
            false,
        ),
        (json!({"Service": "events.amazonaws.com"}), service, true),
        (
            json!({"Service": ["a", "events.amazonaws.com"]}),
            service,
            true,
        ),
        (json!({"Service": "*"}), service, false),
        (json!({"Federated": "events.amazonaws.com"}), service, false),
        (json!({"Federated": "idp"}), Caller::Federated("idp"), true),
    ];
    for (principal, caller, expected) in cases {
        for (member, expected) in [("Principal", expected), ("NotPrincipal", !expected)] {
            let document = policy(
                &json!({"Effect": "Allow", "Action": "*", "Resource": "*", member: principal}),
            );
            let policy = Policy::parse_as(PolicyKind::Resource, &document).unwrap();
            let request = PolicyRequest::invoke(RESOURCE, &Keys(&[])).by(caller);
            let allows = policy.evaluate(&request) == Effect::Allow;
            assert_eq!(allows, expected, "{document} {caller:?}");
        }
    }
}

#[test]
fn s15_bounds_and_denials_narrow_what_a_caller_may_do() {
    let saying = |word: &str| match word {
        "silent" => Policy::parse(&policy(
            &json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*"}),
        ))
        .unwrap(),
        "deny" => Policy::deny_all(),
        effect => Policy::parse(&policy(
            &json!({"Effect": effect, "Action": "*", "Resource": "*"}),
        ))
        .unwrap(),
    };
    let cases: [(&[&str], &[&str], &str); 8] = [
        (&[], &[], "silent"),
        (&["silent", "Allow"], &[], "allow"),
        (&["Allow", "deny"], &[], "deny"),
        (&["Allow"], &["Allow", "Allow"], "allow"),
        (&["Allow"], &["Allow", "silent"], "silent"),
        (&["Allow"], &["silent", "deny"], "deny"),
        (&["silent"], &["Allow"], "silent"),
        (&["silent"], &["deny"], "deny"),
    ];
    for (own, bounds, expected) in cases {
        let policies = IdentityPolicies::new(own.iter().copied().map(saying).collect());
        let policies = bounds.iter().fold(policies, |policies, bound| {
            policies.bounded_by(vec![saying(bound)])
        });
        let effect = policies.evaluate(&PolicyRequest::invoke(RESOURCE, &Keys(&[])));
        assert_eq!(word(effect), expected, "{own:?} {bounds:?}");
    }
}

#[test]
fn s17_dates_are_those_of_the_clock_that_is_given() {
    let before = |key: &str| {
        policy(
            &json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"DateLessThan": {key: "2026-03-01T12:00:00Z"}}}),
        )
    };
    for key in ["aws:CurrentTime", "aws:EpochTime"] {
        let policy = Policy::parse(&before(key)).unwrap();
        for (millis, expected) in [(1_772_366_399_999, "allow"), (1_772_366_400_000, "silent")] {
            let keys = GlobalKeys::new(Timestamp::from_unix_millis(millis));
            let effect = policy.evaluate(&PolicyRequest::invoke(RESOURCE, &keys));
            assert_eq!(word(effect), expected, "{key} {millis}");
        }
    }
}

#[test]
fn s13_many_variables_with_long_values_take_no_more_than_the_text_has_room_for() {
    let long = "a".repeat(64_000);
    let values = [("k:l", long.as_str()), ("k:s", "a")];
    let keys = Keys(&values);
    for (operator, wanted, expected) in [
        ("StringLike", "${k:l}".repeat(2_000), "silent"),
        ("StringEqualsIgnoreCase", "${k:l}".repeat(2_000), "silent"),
        ("StringLike", "*${k:s}?".repeat(2_000), "allow"),
        ("StringEquals", "${k:l}".to_owned(), "allow"),
    ] {
        let condition = json!({ operator: { "k:l": wanted } });
        let document = policy(
            &json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}),
        );
        let policy = Policy::parse(&document).unwrap();
        let mut effect = Effect::NotApplicable;
        let allocations = allocation_counter::measure(|| {
            effect = policy.evaluate(&PolicyRequest::invoke(RESOURCE, &keys));
        });
        assert_eq!(word(effect), expected, "{document:.120}");
        let bytes = allocations.bytes_max;
        assert!(bytes < 2_000_000, "{bytes} bytes: {document:.120}");
    }
}

#[test]
fn values_with_a_type_serve_operators_on_strings_too() {
    let source_ip: IpAddr = [192, 0, 2, 7].into();
    let mut keys = GlobalKeys::new(Timestamp::from_unix_millis(1_772_366_400_000));
    keys.source_ip = Some(source_ip);
    keys.secure_transport = Some(true);
    let tags = [("Team".to_owned(), "red".to_owned())];
    let org_paths = ["o-1/r-1/".to_owned(), "o-1/r-2/".to_owned()];
    let principal = PrincipalKeys {
        tags: &tags,
        org_paths: &org_paths,
        multi_factor_age: Some(30),
        ..PrincipalKeys::default()
    };
    keys.principal = Some(&principal);
    let cases = [
        (json!({"StringLike": {"aws:SourceIp": "192.0.2.*"}}), true),
        (json!({"IpAddress": {"aws:SourceIp": "192.0.2.0/29"}}), true),
        (
            json!({"IpAddress": {"aws:SecureTransport": "192.0.2.0/29"}}),
            false,
        ),
        (
            json!({"StringEquals": {"aws:CurrentTime": "2026-03-01T12:00:00Z"}}),
            true,
        ),
        (
            json!({"StringEquals": {"aws:EpochTime": "1772366400"}}),
            true,
        ),
        (
            json!({"NumericGreaterThan": {"aws:EpochTime": "1772366399.5"}}),
            true,
        ),
        (json!({"DateEquals": {"aws:SourceIp": "2026"}}), false),
        (
            json!({"NumericEquals": {"aws:SecureTransport": "1"}}),
            false,
        ),
        (json!({"Bool": {"aws:SecureTransport": "true"}}), true),
        (
            json!({"StringEquals": {"aws:PrincipalTag/team": "red"}}),
            true,
        ),
        (
            json!({"StringEquals": {"aws:PrincipalTag/other": "red"}}),
            false,
        ),
        (
            json!({"ForAllValues:StringLike": {"aws:PrincipalOrgPaths": "o-1/*"}}),
            true,
        ),
        (
            json!({"ForAllValues:StringLike": {"aws:PrincipalOrgPaths": "o-1/r-1/*"}}),
            false,
        ),
        (
            json!({"NumericLessThan": {"aws:MultiFactorAuthAge": 31}}),
            true,
        ),
        (
            json!({"Null": {"aws:userid": "true", "aws:PrincipalOrgPaths": "false"}}),
            true,
        ),
    ];
    for (condition, expected) in cases {
        let document = policy(
            &json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}),
        );
        let policy = Policy::parse(&document).unwrap();
        let effect = policy.evaluate(&PolicyRequest::invoke(RESOURCE, &keys));
        assert_eq!(effect == Effect::Allow, expected, "{document}");
    }
}
