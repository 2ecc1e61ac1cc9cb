//! What is wrong with a document, where, and what to do about it.

use super::*;

#[test]
fn findings_name_their_place_and_a_remedy() {
    let with_get = |members: Value| openapi(json!({"paths": {"/a": {"get": operation(members)}}}));
    let integration =
        |integration: Value| with_get(json!({"x-amazon-apigateway-integration": integration}));
    let cases: Vec<(&str, String, &str)> = vec![
        (
            "no title",
            openapi(json!({"info": {}})),
            "info.title: warning: the attribute is missing",
        ),
        (
            "no paths",
            openapi(json!({"paths": null})),
            "paths: warning: the attribute is missing",
        ),
        (
            "paths of another type",
            openapi(json!({"paths": []})),
            "paths: error: an object is expected here, not a list",
        ),
        (
            "default route",
            openapi(json!({"paths": {"/$default": {}}})),
            "paths./$default: error: `/$default` is a route of HTTP APIs",
        ),
        (
            "empty part",
            openapi(json!({"paths": {"/a//b": {}}})),
            "paths./a//b: error: the part `` of this path is empty",
        ),
        (
            "half a variable",
            openapi(json!({"paths": {"/a{b}": {}}})),
            "has a variable that does not fill it",
        ),
        (
            "nameless variable",
            openapi(json!({"paths": {"/{}": {}}})),
            "names no variable",
        ),
        (
            "odd character",
            openapi(json!({"paths": {"/a b": {}}})),
            "has other characters",
        ),
        (
            "greedy in the middle",
            openapi(json!({"paths": {"/{a+}/b": {}}})),
            "`{a+}` takes the whole rest of a path",
        ),
        (
            "upper-case verb",
            openapi(json!({"paths": {"/a": {"GET": {}}}})),
            "paths./a.GET: error: verbs are in lower case: `get`",
        ),
        (
            "any",
            openapi(json!({"paths": {"/a": {"any": {}}}})),
            "called `x-amazon-apigateway-any-method`",
        ),
        (
            "trace",
            openapi(json!({"paths": {"/a": {"trace": {}}}})),
            "paths./a.trace: unsupported: API Gateway has no TRACE",
        ),
        (
            "same path twice",
            openapi(json!({"paths": {"/a": {"get": {}}, "/a/": {"get": {}}}})),
            "paths./a/: error: GET /a is defined twice",
        ),
        (
            "path that leads nowhere",
            openapi(json!({"paths": {"/a": {"$ref": "#/x"}}})),
            "paths./a.$ref: error: `#/x` leads nowhere",
        ),
        (
            "operation of another type",
            openapi(json!({"paths": {"/a": {"get": 1}}})),
            "paths./a.get: error: an object is expected here, not `1`",
        ),
        (
            "unknown member",
            with_get(json!({"respones": {}})),
            "paths./a.get.respones: warning: `respones` means nothing here",
        ),
        (
            "callbacks",
            with_get(json!({"callbacks": {}})),
            "paths./a.get.callbacks: warning",
        ),
        (
            "default response",
            with_get(json!({"responses": {"default": {}}})),
            "paths./a.get.responses.default: warning: API Gateway has method responses for single",
        ),
        (
            "bad status",
            with_get(json!({"responses": {"20": {}}})),
            "paths./a.get.responses.20: error: `20` is no status code",
        ),
        (
            "response that leads nowhere",
            with_get(json!({"responses": {"200": {"$ref": "#/components/responses/x"}}})),
            "paths./a.get.responses.200.$ref: error: `#/components/responses/x` leads nowhere",
        ),
        (
            "cookie",
            with_get(json!({"parameters": [{"in": "cookie", "name": "c"}]})),
            "paths./a.get.parameters.0: unsupported: API Gateway has no cookie parameters: `c`",
        ),
        (
            "parameter without name",
            with_get(json!({"parameters": [{"in": "query"}]})),
            "paths./a.get.parameters.0: error: a parameter needs `name`",
        ),
        (
            "parameter elsewhere",
            with_get(json!({"parameters": [{"in": "body", "name": "b"}]})),
            "paths./a.get.parameters.0.in: error: `body` is no place",
        ),
        (
            "model that does not exist",
            with_get(
                json!({"requestBody": {"content": {"a/b": {"schema": {"$ref": "#/components/schemas/X"}}}}}),
            ),
            "schema.$ref: error: `#/components/schemas/X` leads to no model",
        ),
        (
            "schema in place",
            with_get(json!({"requestBody": {"content": {"a/b": {"schema": {"type": "string"}}}}})),
            "paths./a.get.requestBody.content.a/b.schema: unsupported: a schema that is written out here",
        ),
        (
            "response schema in place",
            with_get(json!({"responses": {"200": {"content": {"a/b": {"schema": {}}}}}})),
            "content.a/b.schema: warning: a response schema",
        ),
        (
            "models",
            openapi(json!({"components": {"schemas": {"Dog": {}, "Pet": {}}}})),
            "components.schemas: unsupported: models are read by name only, their schemas have no effect: Dog, Pet",
        ),
        (
            "no type",
            integration(json!({})),
            "x-amazon-apigateway-integration: error: an integration needs `type`",
        ),
        (
            "no uri",
            integration(json!({"type": "HTTP"})),
            "x-amazon-apigateway-integration: error: an integration of this type needs `uri`",
        ),
        (
            "shared integration",
            integration(json!({"$ref": "#/components/x-amazon-apigateway-integrations/a"})),
            "integration.$ref: error: `#/components/x-amazon-apigateway-integrations/a` leads nowhere",
        ),
        (
            "bad integration verb",
            integration(json!({"type": "http", "uri": "http://a", "httpMethod": "FETCH"})),
            "httpMethod: error: `FETCH` is not ANY",
        ),
        (
            "short timeout",
            integration(json!({"type": "mock", "timeoutInMillis": 49})),
            "timeoutInMillis: error: a whole number from 50 to 900000 is expected here, not `49`",
        ),
        (
            "broken timeout",
            integration(json!({"type": "mock", "timeoutInMillis": 1.5})),
            "timeoutInMillis: error",
        ),
        (
            "bad passthrough",
            integration(json!({"type": "mock", "passthroughBehavior": "always"})),
            "passthroughBehavior: error: one of when_no_match, when_no_templates, never",
        ),
        (
            "HTTP API mapping",
            integration(json!({"type": "mock", "requestParameters": {"append:header.x": "a"}})),
            "requestParameters.append:header.x: error: `append:header.x` is no request parameter",
        ),
        (
            "payload version",
            integration(json!({"type": "mock", "payloadFormatVersion": "2.0"})),
            "payloadFormatVersion: warning: `payloadFormatVersion` is for HTTP APIs",
        ),
        (
            "subtype",
            integration(json!({"type": "mock", "integrationSubtype": "SQS-SendMessage"})),
            "integrationSubtype: unsupported",
        ),
        (
            "server name",
            integration(json!({"type": "mock", "tlsConfig": {"serverNameToVerify": "a"}})),
            "tlsConfig.serverNameToVerify: unsupported",
        ),
        (
            "mistyped member",
            integration(json!({"type": "mock", "reponses": {}})),
            "integration.reponses: warning: `reponses` means nothing here",
        ),
        (
            "template that is an object",
            integration(json!({"type": "mock", "requestTemplates": {"a/b": {}}})),
            "requestTemplates.a/b: error: text is expected here, not an object",
        ),
        (
            "response without status",
            integration(json!({"type": "mock", "responses": {"default": {}}})),
            "responses.default: error: an integration response needs `statusCode`",
        ),
        (
            "status used twice",
            integration(
                json!({"type": "mock", "responses": {"default": {"statusCode": 200}, "x": {"statusCode": "200"}}}),
            ),
            "responses.x: warning: the response `default` has the status code 200 too",
        ),
        (
            "unknown requirement",
            with_get(json!({"security": [{"gone": []}]})),
            "paths./a.get.security.0.gone: error: `gone` is no security scheme",
        ),
        (
            "bad auth",
            with_get(json!({"x-amazon-apigateway-auth": {"type": "JWT"}})),
            "x-amazon-apigateway-auth.type: error: one of NONE, AWS_IAM",
        ),
        (
            "unknown validator",
            with_get(json!({"x-amazon-apigateway-request-validator": "v"})),
            "x-amazon-apigateway-request-validator: error: `v` is not among",
        ),
        (
            "validators",
            openapi(json!({"x-amazon-apigateway-request-validators": {"v": {}}})),
            "x-amazon-apigateway-request-validators.v: unsupported: what the request validator `v` checks",
        ),
        (
            "bad policy",
            openapi(json!({"x-amazon-apigateway-policy": "no"})),
            "x-amazon-apigateway-policy: error: a policy document is expected",
        ),
        (
            "bad key source",
            openapi(json!({"x-amazon-apigateway-api-key-source": "QUERY"})),
            "api-key-source: error: one of HEADER, AUTHORIZER is expected here, not `QUERY`",
        ),
        (
            "large compression size",
            openapi(json!({"x-amazon-apigateway-minimum-compression-size": 10_485_761})),
            "minimum-compression-size: error",
        ),
        (
            "endpoints",
            openapi(
                json!({"servers": [{"x-amazon-apigateway-endpoint-configuration": {"vpcEndpointIds": ["v"]}}]}),
            ),
            "servers.0.x-amazon-apigateway-endpoint-configuration.vpcEndpointIds: unsupported",
        ),
        (
            "cors",
            openapi(json!({"x-amazon-apigateway-cors": {}})),
            "x-amazon-apigateway-cors: unsupported: `x-amazon-apigateway-cors` is for HTTP APIs",
        ),
        (
            "extension nobody knows",
            openapi(json!({"x-amazon-apigateway-not-a-thing": true})),
            "x-amazon-apigateway-not-a-thing: unsupported: `x-amazon-apigateway-not-a-thing` is not supported",
        ),
        (
            "extension elsewhere",
            with_get(json!({"responses": {"200": {"x-amazon-apigateway-policy": {}}}})),
            "responses.200.x-amazon-apigateway-policy: unsupported: `x-amazon-apigateway-policy` has no effect here: it belongs to the root",
        ),
        (
            "jwt",
            openapi(
                json!({"components": {"securitySchemes": {"j": {"type": "oauth2", "x-amazon-apigateway-authorizer": {"type": "jwt"}}}}}),
            ),
            "x-amazon-apigateway-authorizer.type: error: jwt authorizers are for HTTP APIs",
        ),
        (
            "reserved type",
            openapi(
                json!({"components": {"securitySchemes": {"j": {"type": "apiKey", "name": "a", "x-amazon-apigateway-authtype": "awsSigv5"}}}}),
            ),
            "authtype: error: `awsSigv5` is reserved",
        ),
        (
            "form",
            swagger(
                json!({"paths": {"/a": {"post": operation(json!({"parameters": [{"in": "formData", "name": "f"}]}))}}}),
            ),
            "parameters.0: unsupported: API Gateway has no formData parameters",
        ),
        (
            "long value",
            integration(json!({"type": "x".repeat(1000)})),
            &*format!("not `{}…`", "x".repeat(60)).leak(),
        ),
    ];
    for (name, text, expected) in cases {
        let found = findings(&text);
        assert!(
            found.iter().any(|finding| finding.contains(expected)),
            "{name}: {found:#?}"
        );
    }
}
