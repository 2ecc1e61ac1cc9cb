//! Anything at all is read or refused.

use proptest::prelude::*;

use super::*;

/// Names that mean something somewhere, so that values reach every reader.
const NAMES: [&str; 44] = [
    "openapi",
    "swagger",
    "info",
    "title",
    "paths",
    "/a",
    "/{b}",
    "get",
    "x-amazon-apigateway-any-method",
    "x-amazon-apigateway-integration",
    "x-amazon-apigateway-auth",
    "x-amazon-apigateway-authorizer",
    "x-amazon-apigateway-authtype",
    "x-amazon-apigateway-policy",
    "x-amazon-apigateway-gateway-responses",
    "x-amazon-apigateway-request-validators",
    "x-amazon-apigateway-request-validator",
    "x-amazon-apigateway-endpoint-configuration",
    "components",
    "securitySchemes",
    "schemas",
    "security",
    "servers",
    "variables",
    "basePath",
    "default",
    "url",
    "parameters",
    "in",
    "name",
    "required",
    "requestBody",
    "content",
    "schema",
    "$ref",
    "responses",
    "200",
    "headers",
    "type",
    "uri",
    "requestParameters",
    "requestTemplates",
    "statusCode",
    "definitions",
];
const TEXTS: [&str; 12] = [
    "",
    "mock",
    "http",
    "200",
    "header",
    "path",
    "apiKey",
    "x-api-key",
    "#/paths/~1a",
    "#/components",
    "/{}/{b+}",
    "ü%zz${AWS::Region}",
];

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        proptest::sample::select(&TEXTS[..]).prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 96, 6, |inner| {
        let name = proptest::sample::select(&NAMES[..]);
        prop_oneof![
            1 => proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            4 => proptest::collection::vec((name, inner), 0..6)
                .prop_map(|members| members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
        ]
    })
}

fn object() -> impl Strategy<Value = Value> {
    value().prop_map(|value| if value.is_object() { value } else { json!({}) })
}

proptest! {
    #[test]
    fn documents_are_read_or_refused(
        members in object(), operation in object(), integration in value(), components in value(), old in any::<bool>(),
    ) {
        let mut operation = operation;
        operation["x-amazon-apigateway-integration"] = integration;
        let mut members = members;
        members["components"] = components;
        members["paths"] = json!({"/a/{b}": {"get": operation}});
        members["openapi"] = json!("3.0.0");
        if old {
            members["openapi"] = json!("3");
        }
        let _ = ReadOptions::new().base_path(BasePath::Split).parse(&members.to_string());
    }

    #[test]
    fn texts_are_read_or_refused(text in "[{}\\[\\]\":,a-c0-9 &*!|>\n'#?-]{0,64}") {
        let _ = parse(&text);
    }
}
