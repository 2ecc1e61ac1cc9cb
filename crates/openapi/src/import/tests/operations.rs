//! What an operation becomes: parameters, models, responses, its integration.

use super::*;

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
