use serde_json::{Value, json};
use towergate_definition::{AuthorizationType, Diagnostic, HttpMethod, Method, RestApi, Severity};

use crate::{BasePath, Imported, ReadError, ReadOptions, parse};

/// Returns an OpenAPI 3.0 document with `members` put over an empty one.
fn openapi(members: Value) -> String {
    let mut document =
        json!({"openapi": "3.0.1", "info": {"title": "t", "version": "1"}, "paths": {}});
    merge(&mut document, members);
    document.to_string()
}

fn swagger(members: Value) -> String {
    let mut document =
        json!({"swagger": "2.0", "info": {"title": "t", "version": "1"}, "paths": {}});
    merge(&mut document, members);
    document.to_string()
}

fn merge(document: &mut Value, members: Value) {
    let Value::Object(members) = members else {
        panic!("members are an object");
    };
    for (key, value) in members {
        document[key] = value;
    }
}

/// Reads a document whatever its errors.
fn import(text: &str) -> Imported {
    match parse(text) {
        Ok(imported) => imported,
        Err(ReadError::Refused(imported)) => *imported,
        Err(error) => panic!("{error}: {text}"),
    }
}

fn findings(text: &str) -> Vec<String> {
    import(text)
        .diagnostics
        .iter()
        .map(Diagnostic::to_string)
        .collect()
}

/// Returns an operation with a mock integration and `members` beside it.
fn operation(members: Value) -> Value {
    let mut operation = json!({"x-amazon-apigateway-integration": {"type": "mock"}});
    merge(&mut operation, members);
    operation
}

fn method<'a>(api: &'a RestApi, path: &str) -> &'a Method {
    api.resources[path].methods.values().next().unwrap()
}

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
fn parameters_come_from_path_operation_and_reference() {
    let text = openapi(json!({
        "components": {"parameters": {"limit/a": {"in": "query", "name": "limit", "required": true}}},
        "paths": {
            "/{a}/{b}": {
                "parameters": [{"in": "header", "name": "h", "required": true}, {"in": "query", "name": "q", "required": true}],
                "get": operation(json!({"parameters": [
                    {"in": "query", "name": "q"}, {"$ref": "#/components/parameters/limit~1a"},
                    {"in": "path", "name": "b", "required": true}]})),
            },
            "/{proxy+}": {"x-amazon-apigateway-any-method": operation(json!({}))},
        },
    }));
    let api = parse(&text).unwrap().definition;
    assert_eq!(
        serde_json::to_value(&method(&api, "/{a}/{b}").request_parameters).unwrap(),
        json!({
            "method.request.header.h": true,
            "method.request.path.b": true,
            "method.request.querystring.limit": true,
            "method.request.querystring.q": false,
        })
    );
    assert_eq!(method(&api, "/{proxy+}").http_method, HttpMethod::Any);
    assert!(
        method(&api, "/{proxy+}").request_parameters.is_empty(),
        "greedy ones are not added"
    );
    assert!(
        api.resources["/{a}"].methods.is_empty(),
        "resources in between exist"
    );
}

#[test]
fn references_in_a_circle_end() {
    let text = openapi(json!({
        "components": {"parameters": {"a": {"$ref": "#/components/parameters/b"}, "b": {"$ref": "#/components/parameters/a"}}},
        "paths": {"/a": {"get": operation(json!({"parameters": [{"$ref": "#/components/parameters/a"}]}))}},
    }));
    let found = findings(&text);
    assert_eq!(
        found,
        ["paths./a.get.parameters.0: error: more than 16 references lead to one another here"]
    );
}

#[test]
fn integrations_may_be_shared() {
    let text = openapi(json!({
        "components": {"x-amazon-apigateway-integrations": {"i": {"type": "http", "uri": "http://a"}}},
        "paths": {"/a": {"get": {"x-amazon-apigateway-integration": {"$ref": "#/components/x-amazon-apigateway-integrations/i"}}}},
    }));
    let imported = parse(&text).unwrap();
    let uri = method(&imported.definition, "/a")
        .integration
        .as_ref()
        .unwrap()
        .uri
        .as_deref();
    assert_eq!(uri, Some("http://a"));
    assert_eq!(imported.diagnostics, []);
}

#[test]
fn models_are_named_by_content_type() {
    let schema = |name: &str| json!({"schema": {"$ref": format!("#/components/schemas/{name}")}});
    let text = openapi(json!({
        "components": {
            "schemas": {"Pet": {}, "Dog": {}},
            "requestBodies": {"pet": {"content": {"application/json": schema("Pet"), "application/xml": schema("Dog")}}},
            "responses": {"pet": {"content": {"application/json": schema("Pet")}, "headers": {"x-a": {}}}},
        },
        "paths": {"/a": {"post": operation(json!({
            "requestBody": {"$ref": "#/components/requestBodies/pet"},
            "responses": {"200": {"$ref": "#/components/responses/pet"}, "201": null,
                "202": {"content": {"a/b": {"schema": {"$ref": "https://apigateway.amazonaws.com/restapis/abc/models/Cat"}}}}},
        }))}},
    }));
    let three = parse(&text).unwrap().definition;
    let text = swagger(json!({
        "definitions": {"Pet": {}},
        "consumes": ["application/json", "application/xml"],
        "paths": {"/a": {"post": operation(json!({
            "produces": ["text/json"],
            "parameters": [{"in": "body", "name": "b", "schema": {"$ref": "#/definitions/Pet"}}],
            "responses": {"200": {"schema": {"$ref": "#/definitions/Pet"}}},
        }))}},
    }));
    let two = parse(&text).unwrap().definition;
    for (name, api, models, responses) in [
        (
            "OpenAPI 3.0",
            &three,
            json!({"application/json": "Pet", "application/xml": "Dog"}),
            json!({
                "200": {"statusCode": "200", "responseModels": {"application/json": "Pet"}, "responseParameters": {"method.response.header.x-a": false}},
                "201": {"statusCode": "201"},
                "202": {"statusCode": "202", "responseModels": {"a/b": "Cat"}},
            }),
        ),
        (
            "Swagger 2.0",
            &two,
            json!({"application/json": "Pet", "application/xml": "Pet"}),
            json!({"200": {"statusCode": "200", "responseModels": {"text/json": "Pet"}}}),
        ),
    ] {
        let method = serde_json::to_value(method(api, "/a")).unwrap();
        assert_eq!(method["requestModels"], models, "{name}");
        assert_eq!(method["methodResponses"], responses, "{name}");
    }
}

#[test]
fn every_member_of_an_integration_is_read() {
    let text = openapi(
        json!({"paths": {"/a": {"get": operation(json!({"x-amazon-apigateway-integration": {
            "type": "Http_Proxy",
            "uri": "http://${stageVariables.host}/${AWS::Region}",
            "httpMethod": "any",
            "connectionType": "vpc_link",
            "connectionId": 7,
            "credentials": "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/r",
            "requestParameters": {"integration.request.header.a": "'b'", "integration.request.header.nothing": true},
            "requestTemplates": {"application/json": "{}"},
            "passthroughBehavior": "NEVER",
            "contentHandling": "convert_to_text",
            "timeoutInMillis": "1000",
            "cacheNamespace": "n",
            "cacheKeyParameters": ["method.request.path.id"],
            "tlsConfig": {"insecureSkipVerification": true},
            "responseTransferMode": "stream",
            "responses": {
                "default": {"statusCode": 200, "responseParameters": {"method.response.header.a": "'*'", "method.response.header.b": 1}},
                "5\\d{2}": {"statusCode": "500", "responseTemplates": {"a/b": "x"}, "contentHandling": "CONVERT_TO_BINARY"},
            },
        }}))}}}),
    );
    let imported = ReadOptions::new()
        .account_id("1")
        .partition("p")
        .region("r")
        .parse(&text)
        .unwrap();
    let integration = method(&imported.definition, "/a")
        .integration
        .clone()
        .unwrap();
    assert_eq!(
        serde_json::to_value(&integration).unwrap(),
        json!({
            "type": "HTTP_PROXY",
            "uri": "http://${stageVariables.host}/r",
            "httpMethod": "ANY",
            "connectionType": "VPC_LINK",
            "connectionId": "7",
            "credentials": "arn:p:iam::1:role/r",
            "requestParameters": {"integration.request.header.a": "'b'"},
            "requestTemplates": {"application/json": "{}"},
            "passthroughBehavior": "NEVER",
            "contentHandling": "CONVERT_TO_TEXT",
            "timeoutInMillis": 1000,
            "cacheNamespace": "n",
            "cacheKeyParameters": ["method.request.path.id"],
            "tlsConfig": {"insecureSkipVerification": true},
            "responseTransferMode": "STREAM",
            "integrationResponses": {
                "200": {"statusCode": "200", "responseParameters": {"method.response.header.a": "'*'"}},
                "500": {"statusCode": "500", "selectionPattern": "5\\d{2}", "responseTemplates": {"a/b": "x"}, "contentHandling": "CONVERT_TO_BINARY"},
            },
        })
    );
    let messages: Vec<_> = imported
        .diagnostics
        .iter()
        .map(|finding| finding.message.as_str())
        .collect();
    assert_eq!(
        messages,
        [
            "Invalid format for 'requestParameters'. Expected type string for property \
             'integration.request.header.nothing' of resource '/a' and method 'GET' but got 'true'",
            "Invalid format for 'responseParameters'. Expected type string for property \
             'method.response.header.b' of resource '/a' and method 'GET' but got '1'",
        ]
    );
}

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
    assert_eq!(api.policy.as_deref(), Some(r#"{"Version":"2012-10-17"}"#));
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

mod arbitrary {
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
}
