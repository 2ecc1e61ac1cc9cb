//! What is wrong with documents.

use serde_json::{Value, json};

use super::{super::*, policy};

#[test]
fn everything_that_is_wrong_is_told_with_its_place() {
    let cases: [(Value, &[(&str, &str)]); 17] = [
        (json!([]), &[("", "expected an object, found a list")]),
        (json!({}), &[("", "`Statement` is missing")]),
        (
            json!({"Version": "2013-01-01", "Id": 1, "Extra": true, "Statement": []}),
            &[
                ("Extra", "`Extra` is unknown: write one of `Version`"),
                ("Version", "`2013-01-01` is not a version"),
                ("Id", "expected a string, found a number"),
                ("Statement", "a statement is missing"),
            ],
        ),
        (
            json!({"Statement": {}}),
            &[
                ("Statement", "`Effect` is missing"),
                ("Statement", "`Action` is missing"),
                ("Statement", "`Resource` is missing"),
            ],
        ),
        (
            json!({"Statement": [{"Effect": "allow", "Action": "*", "NotAction": "*", "Resource": [], "Principal": "*", "NotPrincipal": "*"}]}),
            &[
                ("Statement[0].Effect", "`allow` is not an effect"),
                (
                    "Statement[0]",
                    "`Principal` and `NotPrincipal` exclude each other",
                ),
                (
                    "Statement[0]",
                    "`Action` and `NotAction` exclude each other",
                ),
                ("Statement[0].Resource", "a resource is missing"),
            ],
        ),
        (
            json!({"Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}, {"Effect": "Deny", "Action": ["*", 1], "Resource": {"a": 1}}]}),
            &[
                (
                    "Statement[1].Action[1]",
                    "expected a string, found a number",
                ),
                (
                    "Statement[1].Resource",
                    "expected a string, found an object",
                ),
            ],
        ),
        (
            json!({"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"ipAddress": {"k": "v"}, "Null": [], "StringEquals": {"k": [null]}}}}),
            &[
                (
                    "Statement.Condition.Null",
                    "expected an object, found a list",
                ),
                (
                    "Statement.Condition.StringEquals.k[0]",
                    "expected a string, a number or a boolean, found null",
                ),
                (
                    "Statement.Condition.ipAddress",
                    "`ipAddress` is no condition operator",
                ),
            ],
        ),
        (
            json!({"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"NullIfExists": {}, "ForAllValues:Null": {}, "ForSome:Bool": {}, "DateIs": {}, "Bool:x": {}}}}),
            &[
                ("Statement.Condition.Bool:x", "no condition operator"),
                ("Statement.Condition.DateIs", "no condition operator"),
                (
                    "Statement.Condition.ForAllValues:Null",
                    "no condition operator",
                ),
                ("Statement.Condition.ForSome:Bool", "no condition operator"),
                ("Statement.Condition.NullIfExists", "no condition operator"),
            ],
        ),
        (
            json!({"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "*", "Resource": ["*${", "*${}", "*${a, b}", "arn:aws:execute-api:${aws:region}:1:a/*"], "Condition": {"StringLike": {"k": ["a", "${x"]}}}}),
            &[
                ("Statement.Resource[0]", "`${` is not a variable"),
                ("Statement.Resource[1]", "`${}` is not a variable"),
                ("Statement.Resource[2]", "`${a, b}` is not a variable"),
                ("Statement.Resource[3]", "only in the last part of an ARN"),
                (
                    "Statement.Condition.StringLike.k[1]",
                    "`${x` is not a variable",
                ),
            ],
        ),
        (
            json!({"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*", "Principal": {}}}),
            &[("Statement.Principal", "a principal is missing")],
        ),
        (
            json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "NotPrincipal": {"AWS": []}}}),
            &[("Statement.NotPrincipal.AWS", "a principal is missing")],
        ),
        (
            json!({"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*", "Principal": {"AWS": ["*", "arn:aws:iam::123456789012:user/*", "12345", "alice"], "Other": "x"}}}),
            &[
                ("Statement.Principal.Other", "`Other` is unknown"),
                ("Statement.Principal.AWS[1]", "is not a principal"),
                ("Statement.Principal.AWS[2]", "`12345` is not a principal"),
                ("Statement.Principal.AWS[3]", "`alice` is not a principal"),
            ],
        ),
        (
            json!({"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*", "Principal": "alice"}}),
            &[("Statement.Principal", "`alice` is not a principal")],
        ),
        (
            json!({"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*", "Principal": ["*"]}}),
            &[("Statement.Principal", "expected `\"*\"` or an object")],
        ),
        (
            json!({"Statement": "Allow"}),
            &[("Statement", "expected an object, found a string")],
        ),
        (
            json!({"Statement": {"Sid": 5, "Effect": true, "Action": "*", "Resource": "*", "Resources": "*"}}),
            &[
                ("Statement.Resources", "`Resources` is unknown"),
                ("Statement.Sid", "expected a string"),
                ("Statement.Effect", "expected a string, found a boolean"),
            ],
        ),
        (
            json!({"Statement": {"Effect": "Allow", "Action": "x".repeat(300), "Resource": 1}}),
            &[("Statement.Resource", "expected a string, found a number")],
        ),
    ];
    for (document, expected) in cases {
        let errors = Policy::parse(&document.to_string()).unwrap_err();
        let mut found: Vec<_> = errors.iter().collect();
        assert_eq!(found.len(), expected.len(), "{document}: {errors}");
        // Whether `json!` keeps the order of members is for the features of `serde_json` to say.
        let mut expected = expected.to_vec();
        found.sort_by_key(|error| error.path());
        expected.sort_by_key(|(path, _)| *path);
        for (error, (path, text)) in found.iter().zip(&expected) {
            assert_eq!(error.path(), *path, "{error}");
            assert!(
                error.problem().to_string().contains(text),
                "{error}: {text}"
            );
        }
    }
}

#[test]
fn text_that_is_no_json_is_refused() {
    for text in [
        "",
        "{",
        "This is not JSON",
        "{} {}",
        "{'a': 1}",
        "\u{feff}{}",
    ] {
        let errors = Policy::parse(text).unwrap_err().to_string();
        assert!(
            errors.starts_with("the document cannot be read"),
            "{errors}"
        );
    }
}

#[test]
fn s14_members_that_are_there_twice_are_refused() {
    let cases = [
        (
            r#"{"Version":"2012-10-17","Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#,
            "Version",
        ),
        (
            r#"{"Statement":{"Effect":"Deny","Effect":"Allow","Action":"*","Resource":"*"}}"#,
            "Statement.Effect",
        ),
        (
            r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"a":"true","a":"false"}}}}"#,
            "Statement.Condition.Bool.a",
        ),
        (
            r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{},"Bool":{}}}}"#,
            "Statement.Condition.Bool",
        ),
        (
            r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Principal":{"AWS":"*","AWS":"*"}}}"#,
            "Statement.Principal.AWS",
        ),
        (
            r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","\u0053id":"a","Sid":"b"}}"#,
            "Statement.Sid",
        ),
    ];
    for (document, path) in cases {
        let errors = Policy::parse(document).unwrap_err();
        let found: Vec<_> = errors.iter().collect();
        assert_eq!(found.len(), 1, "{document}: {errors}");
        assert_eq!(found[0].path(), path, "{document}");
        assert!(
            matches!(found[0].problem(), Problem::Duplicate(_)),
            "{errors}"
        );
    }
}

#[test]
fn s14_documents_nest_at_most_32_levels() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    for (levels, deep) in [(32, false), (33, true), (5_000, true)] {
        let errors = Policy::parse(&nested(levels)).unwrap_err().to_string();
        assert_eq!(
            errors.contains("deeper than 32"),
            deep,
            "{levels}: {errors}"
        );
    }
}

#[test]
fn documents_have_limits() {
    let statement = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    let statements = |count: usize| policy(&vec![statement.clone(); count].into());
    assert!(Policy::parse(&statements(64)).is_ok());
    let errors = Policy::parse(&statements(65)).unwrap_err().to_string();
    assert!(
        errors.contains("Statement: it has more than 64 statements"),
        "{errors}"
    );

    let values = |count: usize| {
        policy(&json!({"Effect": "Allow", "Action": vec!["*"; count], "Resource": "*"}))
    };
    assert!(Policy::parse(&values(256)).is_ok());
    let errors = Policy::parse(&values(257)).unwrap_err().to_string();
    assert!(
        errors.contains("Statement.Action: it has more than 256 values"),
        "{errors}"
    );

    let padded = |bytes: usize| format!("{:<bytes$}", statements(1));
    assert!(Policy::parse(&padded(MAX_POLICY_BYTES)).is_ok());
    let errors = Policy::parse(&padded(MAX_POLICY_BYTES + 1))
        .unwrap_err()
        .to_string();
    assert!(errors.contains("more than 20480 bytes"), "{errors}");
}

#[test]
fn kinds_ask_more_of_a_document() {
    use PolicyKind::{Authorizer, Identity, Resource};
    let with = |member: &str, value: Value| {
        let mut statement =
            json!({"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"});
        statement[member] = value;
        statement
    };
    let arn = |chars: usize| format!("{:a<chars$}", "arn:aws:execute-api:us-east-1:1:api/");
    let cases = [
        (Authorizer, with("Resource", arn(512).into()), None),
        (
            Authorizer,
            with("Resource", arn(513).into()),
            Some("more than 512 characters"),
        ),
        (Authorizer, with("Action", "Invoke".into()), None),
        (Authorizer, with("Principal", "*".into()), None),
        (Identity, with("Sid", "a".into()), None),
        (
            Identity,
            with("Principal", "*".into()),
            Some("have no `Principal`: remove it"),
        ),
        (
            Identity,
            with("NotPrincipal", "*".into()),
            Some("have no `NotPrincipal`"),
        ),
        (
            Identity,
            with("Action", "Invoke".into()),
            Some("`Invoke` is not an action"),
        ),
        (Identity, with("Action", "*:*".into()), None),
        (Identity, with("Resource", "arn:*:s3:::a".into()), None),
        (
            Identity,
            with("Resource", "arn:aws:execute-api:us-east-1".into()),
            Some("is not a resource"),
        ),
        (
            Identity,
            with("Action", "a b:c".into()),
            Some("is not an action"),
        ),
        (
            Identity,
            with("Action", "s3:a:b".into()),
            Some("is not an action"),
        ),
        (
            Identity,
            with("Resource", "arn:aws:execute-api:us-east-1:*".into()),
            None,
        ),
        (
            Identity,
            with("Resource", "arn:aws:s3::a".into()),
            Some("is not a resource"),
        ),
        (
            Identity,
            with("Resource", "arn:mars:s3:::a".into()),
            Some("is not a resource"),
        ),
        (
            Identity,
            with("Resource", "arn:aws-us-gov:s3:::a".into()),
            None,
        ),
        (
            Identity,
            with("Resource", "arn:aws:s3:eu-west-1::a".into()),
            Some("leave the region out"),
        ),
        (
            Identity,
            with("Resource", "arn:aws:iam::1:user/${aws:username}".into()),
            None,
        ),
        (
            Identity,
            with("Resource", "arn:aws:iam::1:thing".into()),
            Some("begin the last part with a type"),
        ),
        (
            Identity,
            with("Resource", "arn:aws:s*:::a".into()),
            Some("is not a resource"),
        ),
        (
            Identity,
            with("Condition", json!({"Bool": {"a": "yes"}})),
            Some("`yes` is not `true` or `false`"),
        ),
        (
            Identity,
            with("Condition", json!({"DateEquals": {"a": "soon"}})),
            Some("`soon` is not a date"),
        ),
        (Resource, with("Principal", "*".into()), None),
        (
            Resource,
            with("NotPrincipal", json!({"AWS": "123456789012"})),
            None,
        ),
        (
            Resource,
            with("Sid", "a".into()),
            Some("`Principal` is missing"),
        ),
    ];
    for (kind, statement, expected) in cases {
        let result = Policy::parse_as(kind, &policy(&json!([statement])));
        match (&result, expected) {
            (Ok(_), None) => {}
            (Err(errors), Some(text)) => {
                assert!(errors.to_string().contains(text), "{statement}: {errors}");
            }
            _ => panic!("{kind:?} {statement}: {result:?}, expected {expected:?}"),
        }
    }
}

#[test]
fn an_identity_policy_has_the_newer_version_and_unique_ids() {
    let statement =
        |sid: &str| json!({"Sid": sid, "Effect": "Allow", "Action": "*", "Resource": "*"});
    let cases = [
        (
            json!({"Version": "2012-10-17", "Statement": [statement("a"), statement("b"), statement(""), statement("")]}),
            None,
        ),
        (
            json!({"Version": "2012-10-17", "Statement": [statement("a"), statement("a")]}),
            Some("Statement: `a` is there twice"),
        ),
        (
            json!({"Version": "2008-10-17", "Statement": statement("a")}),
            Some("Version: `2008-10-17` is not"),
        ),
        (
            json!({"Statement": statement("a")}),
            Some("`Version` 2012-10-17 is missing"),
        ),
    ];
    for (document, expected) in cases {
        match (
            Policy::from_value(PolicyKind::Identity, &document),
            expected,
        ) {
            (Ok(_), None) => {}
            (Err(errors), Some(text)) => assert!(errors.to_string().contains(text), "{errors}"),
            (result, _) => panic!("{document}: {result:?}"),
        }
    }
}
