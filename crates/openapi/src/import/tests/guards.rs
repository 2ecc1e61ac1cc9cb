//! Who may call a method, and what is checked before.

use super::*;

#[test]
fn requirements_leave_their_mark_on_the_method() {
    let schemes = json!({
        "key": {"type": "apiKey", "name": "X-Api-Key", "in": "header"},
        "other": {"type": "apiKey", "name": "token", "in": "header"},
        "bearer": {"type": "http", "scheme": "bearer"},
        "sigv4": {"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "awsSigv4"},
        "token": {"type": "apiKey", "name": "x-api-key", "in": "header", "x-amazon-apigateway-authorizer": {"type": "token"}},
        "pool": {"type": "apiKey", "name": "a", "in": "header", "x-amazon-apigateway-authorizer": {"type": "COGNITO_USER_POOLS"}},
        "broken": {"type": "apiKey", "name": "a", "in": "header", "x-amazon-apigateway-authorizer": {"type": "jwt"}},
    });
    let (none, iam) = (AuthorizationType::None, AuthorizationType::AwsIam);
    let (custom, cognito) = (
        AuthorizationType::Custom,
        AuthorizationType::CognitoUserPools,
    );
    let pool: Option<&str> = Some("pool");
    let auth = "x-amazon-apigateway-auth";
    type Case<'a> = (
        &'a str,
        Value,
        Value,
        AuthorizationType,
        Option<&'a str>,
        &'a [&'a str],
        bool,
    );
    let cases: [Case<'_>; 18] = [
        ("nothing", json!([]), json!({}), none, None, &[], false),
        (
            "the root's",
            json!([{"pool": ["a"]}]),
            json!({}),
            cognito,
            pool,
            &["a"],
            false,
        ),
        (
            "none of its own",
            json!([{"pool": []}]),
            json!({"security": []}),
            none,
            None,
            &[],
            false,
        ),
        (
            "null is the root's",
            json!([{"pool": []}]),
            json!({"security": null}),
            cognito,
            pool,
            &[],
            false,
        ),
        (
            "its own scopes",
            json!([{"pool": ["a"]}]),
            json!({"security": [{"pool": []}]}),
            cognito,
            pool,
            &[],
            false,
        ),
        (
            "its own authorizer",
            json!([{"pool": ["a"]}]),
            json!({"security": [{"token": []}]}),
            custom,
            Some("token"),
            &[],
            false,
        ),
        (
            "a key",
            json!([]),
            json!({"security": [{"key": []}]}),
            none,
            None,
            &[],
            true,
        ),
        (
            "either is both",
            json!([]),
            json!({"security": [{"token": []}, {"key": []}]}),
            custom,
            Some("token"),
            &[],
            true,
        ),
        (
            "together",
            json!([]),
            json!({"security": [{"key": [], "sigv4": []}]}),
            iam,
            None,
            &[],
            true,
        ),
        (
            "scopes of both",
            json!([]),
            json!({"security": [{"pool": ["a"]}, {"pool": ["b"]}]}),
            cognito,
            pool,
            &["a", "b"],
            false,
        ),
        (
            "ignored",
            json!([{"other": []}, {"bearer": []}]),
            json!({}),
            none,
            None,
            &[],
            false,
        ),
        (
            "unknown type",
            json!([{"broken": []}]),
            json!({}),
            custom,
            Some("broken"),
            &[],
            false,
        ),
        (
            "mark of SAM",
            json!([{"pool": []}]),
            json!({"security": [{"NONE": []}, {"key": []}]}),
            none,
            None,
            &[],
            true,
        ),
        (
            "auth",
            json!([]),
            json!({auth: {"type": "aws_iam"}}),
            iam,
            None,
            &[],
            false,
        ),
        (
            "auth for the root's",
            json!([{"pool": []}, {"key": []}]),
            json!({auth: {"type": "AWS_IAM"}}),
            iam,
            None,
            &[],
            true,
        ),
        (
            "auth opens nothing",
            json!([{"pool": []}]),
            json!({auth: {"type": "NONE"}}),
            cognito,
            pool,
            &[],
            false,
        ),
        (
            "auth and sigv4",
            json!([]),
            json!({auth: {"type": "AWS_IAM"}, "security": [{"sigv4": []}]}),
            iam,
            None,
            &[],
            false,
        ),
        (
            "the first of two",
            json!([]),
            json!({"security": [{"pool": []}, {"token": []}]}),
            cognito,
            pool,
            &[],
            false,
        ),
    ];
    for (name, root, members, authorization_type, authorizer, scopes, key) in cases {
        let paths = json!({"/a": {"get": operation(members)}});
        let text3 = openapi(
            json!({"paths": paths, "security": root, "components": {"securitySchemes": schemes}}),
        );
        let text2 =
            swagger(json!({"paths": paths, "security": root, "securityDefinitions": schemes}));
        for text in [text3, text2] {
            let imported = import(&text);
            let method = method(&imported.definition, "/a");
            assert_eq!(method.authorization_type, authorization_type, "{name}");
            assert_eq!(method.authorizer.as_deref(), authorizer, "{name}");
            assert_eq!(method.authorization_scopes, scopes, "{name}");
            assert_eq!(method.api_key_required, key, "{name}");
        }
    }
    let two = json!({"security": [{"pool": []}, {"token": []}]});
    let open = json!({"security": [{"bearer": []}]});
    for (members, severity, message) in [
        (two, Severity::Error, "a method has one authorization"),
        (
            open,
            Severity::Warning,
            "the scheme `bearer` (http), which has no authorizer: a method that requires nothing else is open",
        ),
    ] {
        let text = openapi(
            json!({"paths": {"/a": {"get": operation(members)}}, "components": {"securitySchemes": schemes}}),
        );
        let found = import(&text).diagnostics;
        let found = found
            .iter()
            .find(|finding| finding.message.contains(message));
        assert_eq!(
            found.map(|finding| finding.severity),
            Some(severity),
            "{message}"
        );
    }
}

#[test]
fn validators_are_the_roots_unless_the_operation_names_one() {
    let text = openapi(json!({
        "x-amazon-apigateway-request-validators": {"all": {}, "none": {}},
        "x-amazon-apigateway-request-validator": "all",
        "paths": {
            "/root": {"get": operation(json!({}))},
            "/own": {"get": operation(json!({"x-amazon-apigateway-request-validator": "none"}))},
            "/unknown": {"get": operation(json!({"x-amazon-apigateway-request-validator": "gone"}))},
        },
    }));
    let imported = import(&text);
    for (path, validator) in [("/root", "all"), ("/own", "none"), ("/unknown", "gone")] {
        let found = method(&imported.definition, path)
            .request_validator
            .as_deref();
        assert_eq!(found, Some(validator), "{path}");
    }
}

#[test]
fn a_guard_without_a_value_is_an_error_that_names_its_place() {
    let of_operation = |members: Value| (json!({}), members, json!({}));
    let of_root = |members: Value| (members, json!({}), json!({}));
    let of_scheme = |members: Value| (json!({}), json!({"security": [{"s": []}]}), members);
    let [policy, validator, auth, authtype, authorizer] = [
        "policy",
        "request-validator",
        "auth",
        "authtype",
        "authorizer",
    ]
    .map(|name| format!("x-amazon-apigateway-{name}"));
    let cases = [
        (of_root(json!({&policy: null})), policy.clone()),
        (of_root(json!({&validator: null})), validator.clone()),
        (
            of_operation(json!({&validator: null})),
            format!("paths./a.get.{validator}"),
        ),
        (
            of_operation(json!({&auth: null})),
            format!("paths./a.get.{auth}"),
        ),
        (
            of_scheme(json!({&authtype: null})),
            format!("securitySchemes.s.{authtype}"),
        ),
        (
            of_scheme(json!({&authorizer: null})),
            format!("securitySchemes.s.{authorizer}"),
        ),
        (
            of_scheme(json!({&authtype: "custom", &authorizer: null})),
            format!("securitySchemes.s.{authorizer}"),
        ),
    ];
    for ((root, members, scheme), place) in cases {
        let mut schemes = json!({"s": {"type": "apiKey", "name": "Authorization", "in": "header"}});
        merge(&mut schemes["s"], scheme);
        let paths = json!({"/a": {"get": operation(members)}});
        let mut three = json!({"paths": &paths, "components": {"securitySchemes": &schemes}});
        let mut two = json!({"paths": paths, "securityDefinitions": schemes});
        merge(&mut three, root.clone());
        merge(&mut two, root);
        let place_of_two = place.replace("securitySchemes", "securityDefinitions");
        for (text, place) in [(openapi(three), place), (swagger(two), place_of_two)] {
            assert!(
                matches!(parse(&text), Err(ReadError::Refused(_))),
                "{place}: {text}"
            );
            let found = findings(&text);
            let expected = format!("{place}: error: the value is missing");
            assert!(
                found.iter().any(|finding| finding.contains(&expected)),
                "{place}: {found:#?}"
            );
        }
    }
}
