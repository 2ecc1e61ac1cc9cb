//! Whole documents: which are refused, and what they say of themselves.

use super::*;

#[test]
fn what_is_no_rest_definition_is_refused_by_what_it_is() {
    for (name, text, message) in [
        ("a list", "[]", "this is no API definition"),
        ("an object", "{\"paths\": {}}", "this is no API definition"),
        (
            "OpenAPI 3.1",
            "{\"openapi\": \"3.1.0\"}",
            "`openapi: 3.1.0` is not supported",
        ),
        (
            "OpenAPI 3.01",
            "{\"openapi\": \"3.01\"}",
            "`openapi: 3.01` is not supported",
        ),
        (
            "OpenAPI 2",
            "{\"openapi\": \"2.0.0\"}",
            "`openapi: 2.0.0` is not supported",
        ),
        (
            "Swagger 1",
            "{\"swagger\": \"1.2\"}",
            "`swagger: 1.2` is not supported",
        ),
        (
            "no version",
            "{\"openapi\": {}}",
            "`openapi: an object` is not supported",
        ),
        ("no document", "{", "EOF"),
    ] {
        let error = parse(text).expect_err(name).to_string();
        assert!(error.contains(message), "{name}: {error}");
    }
    let missing = crate::read("/nowhere/pets.json").unwrap_err();
    assert_eq!(missing.to_string(), "cannot read `/nowhere/pets.json`");
}

#[test]
fn all_errors_are_told_at_once_with_lines() {
    let text = "{\"openapi\": \"3.0.1\", \"info\": {\"title\": \"t\"}, \"paths\": {\n\"pets\": {},\n\"/a\": {\"fetch\": {}},\n\
                \"/b\": {\"get\": {\"x-amazon-apigateway-integration\":\n {\"type\": \"lambda\"}}}}}";
    let error = parse(text).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the definition has 3 error(s)\n\
         line 2: paths.pets: error: a path begins with `/`: write `/pets`\n\
         line 3: paths./a.fetch: error: `fetch` is no verb: they are get, put, post, delete, options, head and patch\n\
         line 5: paths./b.get.x-amazon-apigateway-integration.type: error: one of aws, aws_proxy, http, http_proxy, \
         mock is expected here, not `lambda`"
    );
}

#[test]
fn descriptions_need_no_finding() {
    let text = openapi(json!({
        "x-amazon-apigateway-documentation": {"documentationParts": [{"x-amazon-apigateway-cors": {}}]},
        "x-amazon-apigateway-importexport-version": "1.0",
        "x-vendor": {"a": 1},
        "tags": [{"name": "t", "x-amazon-apigateway-tag-value": "v"}],
        "paths": {"x-note": 1, "/a": {"summary": "s", "get": operation(json!({"deprecated": true, "tags": ["t"], "x-own": 1}))}},
    }));
    assert_eq!(findings(&text), [] as [&str; 0]);
}
