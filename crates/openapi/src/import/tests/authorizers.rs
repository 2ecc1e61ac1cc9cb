//! Authorizers, as schemes bring them.

use super::*;

#[test]
fn authorizers_are_read_with_their_schemes() {
    const URI: &str = "arn:aws:apigateway:r:lambda:path/2015-03-31/functions/arn:aws:lambda:r:1:function:f/invocations";
    let scheme = |header: &str, authorizer: Value| json!({"type": "apiKey", "name": header, "in": "header", "x-amazon-apigateway-authorizer": authorizer});
    let cases = [
        (
            "a token",
            scheme(
                "X-Token",
                json!({"type": "token", "authorizerUri": URI, "authorizerResultTtlInSeconds": 0}),
            ),
            json!({"type": "TOKEN", "authorizerUri": URI, "identitySource": "method.request.header.X-Token",
                "authorizerResultTtlInSeconds": 0}),
        ),
        (
            "a token in another header",
            scheme(
                "Unused",
                json!({"type": "TOKEN", "identitySource": "method.request.header.A", "identityValidationExpression": "a.*"}),
            ),
            json!({"type": "TOKEN", "identitySource": "method.request.header.A", "identityValidationExpression": "a.*"}),
        ),
        (
            "a request",
            scheme(
                "Unused",
                json!({"type": "request", "authorizerUri": URI, "authorizerCredentials": "arn:role",
                "identitySource": "method.request.header.A, context.path"}),
            ),
            json!({"type": "REQUEST", "authorizerUri": URI, "authorizerCredentials": "arn:role",
                "identitySource": "method.request.header.A, context.path"}),
        ),
        (
            "a request known by nothing",
            scheme("Unused", json!({"type": "request"})),
            json!({"type": "REQUEST"}),
        ),
        (
            "a user pool",
            scheme(
                "Authorization",
                json!({"type": "cognito_user_pools", "providerARNs": ["arn:a", "arn:b"]}),
            ),
            json!({"type": "COGNITO_USER_POOLS", "identitySource": "method.request.header.Authorization",
                "providerARNs": ["arn:a", "arn:b"]}),
        ),
    ];
    for (name, scheme, expected) in cases {
        let openapi = openapi(json!({"components": {"securitySchemes": {"own": scheme.clone()}}}));
        let swagger = swagger(json!({"securityDefinitions": {"own": scheme}}));
        for text in [openapi, swagger] {
            let api = parse(&text).unwrap().into_definition();
            let found = serde_json::to_value(&api.authorizers).unwrap();
            assert_eq!(found, json!({"own": expected}), "{name}");
        }
    }
}

#[test]
fn what_is_wrong_with_an_authorizer_is_an_error() {
    let cases = [
        (
            json!({"type": "request", "authorizerResultTtlInSeconds": 3601}),
            "authorizerResultTtlInSeconds: error: ",
        ),
        (
            json!({"type": "token", "authorizerUri": 1}),
            "authorizerUri: error: ",
        ),
        (
            json!({"type": "cognito_user_pools", "providerARNs": "arn"}),
            "providerARNs: error: ",
        ),
        (json!({"type": "basic"}), "type: error: "),
        (
            json!({"authorizerUri": "a"}),
            "authorizer: error: an authorizer needs `type`",
        ),
    ];
    for (authorizer, expected) in cases {
        let scheme = json!({"type": "apiKey", "name": "a", "in": "header", "x-amazon-apigateway-authorizer": authorizer});
        let text = openapi(json!({"components": {"securitySchemes": {"own": scheme}}}));
        let Err(ReadError::Refused(refused)) = parse(&text) else {
            panic!("{authorizer}: not refused");
        };
        let mut errors = refused.diagnostics.iter().map(ToString::to_string);
        assert!(
            errors.any(|error| error.contains(expected)),
            "{authorizer}: {:?}",
            refused.diagnostics
        );
    }
}

#[test]
fn a_guard_that_is_half_written_opens_nothing() {
    let own = |scheme: Value| json!({"own": scheme, "base": {"type": "apiKey", "name": "a", "in": "header"}});
    let beside = json!({"$ref": "#/components/securitySchemes/base", "x-amazon-apigateway-authorizer": {"type": "token"}});
    let required = json!({"/": {"get": {"security": [{"own": []}], "responses": {}}}});
    let refused = [
        (
            "beside a reference",
            json!({"components": {"securitySchemes": own(beside)}, "paths": required}),
            "what stands beside `$ref`",
        ),
        (
            "no value at the root",
            json!({"security": null}),
            "security: error: the value is missing",
        ),
        (
            "no scheme",
            json!({"paths": required}),
            "`own` is no security scheme",
        ),
    ];
    for (name, members, expected) in refused {
        let Err(ReadError::Refused(refused)) = parse(&openapi(members)) else {
            panic!("{name}: not refused");
        };
        let mut errors = refused.diagnostics.iter().map(ToString::to_string);
        assert!(
            errors.any(|error| error.contains(expected)),
            "{name}: {:?}",
            refused.diagnostics
        );
    }
    for kind in ["custom", "cognito_user_pools"] {
        let scheme = json!({"type": "apiKey", "name": "a", "in": "header", "x-amazon-apigateway-authtype": kind});
        let members = json!({"components": {"securitySchemes": own(scheme)}, "paths": required});
        let api = parse(&openapi(members)).unwrap().into_definition();
        let method = &api.resources["/"].methods[&HttpMethod::Get];
        assert_eq!(
            method.authorization_type,
            AuthorizationType::Custom,
            "{kind}"
        );
        assert_eq!(method.authorizer.as_deref(), Some("own"), "{kind}");
    }
}
