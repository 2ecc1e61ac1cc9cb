//! What holds for the whole API: its settings, and the base path.

use super::*;

#[test]
fn settings_of_the_api_are_read() {
    let text = openapi(json!({
        "info": {"title": 5, "description": "d", "version": 1.10},
        "x-amazon-apigateway-api-key-source": "authorizer",
        "x-amazon-apigateway-binary-media-types": ["image/png"],
        "x-amazon-apigateway-minimum-compression-size": "1024",
        "x-amazon-apigateway-policy": {"Version": "2012-10-17"},
        "x-amazon-apigateway-gateway-responses": {"THROTTLED": {
            "statusCode": 430, "responseParameters": {"gatewayresponse.header.a": "'b'"}, "responseTemplates": {"a/b": "x"}}},
        "servers": [{"url": "/"}, {"x-amazon-apigateway-endpoint-configuration": {"disableExecuteApiEndpoint": true}}],
    }));
    let api = parse(&text).unwrap().into_definition();
    assert_eq!(
        serde_json::to_value(&api).unwrap(),
        json!({
            "name": "5", "description": "d", "version": "1.1",
            "apiKeySource": "AUTHORIZER",
            "binaryMediaTypes": ["image/png"],
            "minimumCompressionSize": 1024,
            "policy": "{\"Version\":\"2012-10-17\"}",
            "disableExecuteApiEndpoint": true,
            "resources": {"/": {"methods": {}}},
            "gatewayResponses": {"THROTTLED": {
                "statusCode": "430", "responseParameters": {"gatewayresponse.header.a": "'b'"}, "responseTemplates": {"a/b": "x"}}},
        })
    );
    let two = swagger(json!({
        "x-amazon-apigateway-endpoint-configuration": {"disableExecuteApiEndpoint": "true"},
        "x-amazon-apigateway-policy": "{\"Version\": \"2012-10-17\"}",
    }));
    let api = parse(&two).unwrap().definition;
    assert!(api.disable_execute_api_endpoint);
    // As it was written: whoever reads it sees what is in it twice.
    assert_eq!(api.policy.as_deref(), Some(r#"{"Version": "2012-10-17"}"#));
}

#[test]
fn base_paths_go_where_the_mode_says() {
    let server = |server: Value| {
        openapi(
            json!({"servers": [{"url": "https://a.example.com"}, server], "paths": {"/e": {}, "/": {}}}),
        )
    };
    let first = |url: &str, default: &str| {
        openapi(json!({
        "servers": [{"url": url, "variables": {"v": {"default": default}}}], "paths": {"/e": {}, "/": {}}}))
    };
    let old =
        |base_path: &str| swagger(json!({"basePath": base_path, "paths": {"/e": {}, "/": {}}}));
    for (name, text, prepend, split) in [
        ("Swagger", old("/a/b/c"), "/a/b/c/e", "/b/c/e"),
        ("trailing slash", old("/a/b/"), "/a/b/e", "/b/e"),
        ("one part", old("a"), "/a/e", "/e"),
        ("root", old("/"), "/e", "/e"),
        (
            "variable of any server",
            server(json!({"url": "/x", "variables": {"basePath": {"default": "v1/api"}}})),
            "/v1/api/e",
            "/api/e",
        ),
        (
            "URL",
            first("https://h.example.com/p/q/?x=1", ""),
            "/p/q/e",
            "/q/e",
        ),
        ("relative URL", first("/v3", ""), "/v3/e", "/e"),
        (
            "URL without path",
            first("https://h.example.com", ""),
            "/e",
            "/e",
        ),
        (
            "variable in the URL",
            first("https://h/{v}/z", "y"),
            "/y/z/e",
            "/z/e",
        ),
        (
            "no servers",
            openapi(json!({"paths": {"/e": {}, "/": {}}})),
            "/e",
            "/e",
        ),
    ] {
        for (mode, path) in [
            (BasePath::Ignore, "/e"),
            (BasePath::Prepend, prepend),
            (BasePath::Split, split),
        ] {
            let api = ReadOptions::new()
                .base_path(mode)
                .parse(&text)
                .unwrap()
                .definition;
            assert!(
                api.resources.contains_key(path),
                "{name} {mode:?}: {:?}",
                api.resources.keys()
            );
            let parts = path.matches('/').count();
            assert_eq!(
                api.resources.len(),
                parts + 1,
                "{name} {mode:?}: resources in between"
            );
        }
    }
    let refused = ReadOptions::new()
        .base_path(BasePath::Prepend)
        .parse(&old("/a b"));
    assert!(
        refused
            .unwrap_err()
            .to_string()
            .contains("basePath: error: the base path `/a b` has a part `a b`")
    );
    assert!(parse(&old("/a b")).is_ok(), "ignored");
}
