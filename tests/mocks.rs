//! Mocks: what their templates choose, and what a method must declare.

use http::Request;
use towergate::{
    Body, HttpMethod, Integration, IntegrationResponse,
    definition::{self, Method, MethodResponse, PassthroughBehavior},
};
use towergate_tests::{INTERNAL_SERVER_ERROR, api, ask, gateway, get};

/// A mock whose request template is `template`, with a default response 200 and one for 4xx.
fn mock(template: Option<&str>) -> Integration {
    let mock = Integration::new(definition::IntegrationType::Mock)
        .response(
            IntegrationResponse::new(200)
                .header("x-origin", "'*'")
                .template("application/json", "fine"),
        )
        .response(IntegrationResponse::new(404).selection_pattern(r"4\d{2}"));
    match template {
        Some(text) => mock.request_template("application/json", text),
        None => mock,
    }
}

#[tokio::test]
async fn a_mock_answers_what_its_template_says() {
    let never = |mock: Integration| mock.passthrough_behavior(PassthroughBehavior::Never);
    let json = "application/json";
    let unsupported = r#"{"message": "Unsupported Media Type"}"#;
    let cases = [
        (
            "the default",
            mock(Some(r#"{"statusCode": 200}"#)),
            json,
            "",
            200,
            "fine",
        ),
        (
            "a pattern",
            mock(Some(r#"{"statusCode": 418}"#)),
            json,
            "",
            404,
            "",
        ),
        (
            "any other number",
            mock(Some(r#"{"statusCode": 5}"#)),
            json,
            "",
            200,
            "fine",
        ),
        (
            "no JSON, but almost",
            mock(Some("{statusCode: 404}")),
            json,
            "",
            404,
            "",
        ),
        (
            "a status in quotes",
            mock(Some(r#"{"statusCode": "200"}"#)),
            json,
            "",
            500,
            INTERNAL_SERVER_ERROR,
        ),
        (
            "no status",
            mock(Some("{}")),
            json,
            "",
            500,
            INTERNAL_SERVER_ERROR,
        ),
        ("no template", mock(None), json, "x", 200, "fine"),
        (
            "the client's own body",
            mock(Some("{}")),
            "text/plain",
            "{'statusCode': 404}",
            404,
            "",
        ),
        (
            "a body that may not pass",
            never(mock(Some("{}"))),
            "text/plain",
            "{}",
            415,
            unsupported,
        ),
        (
            "no template, and none may pass",
            never(mock(None)),
            json,
            "",
            415,
            unsupported,
        ),
    ];
    for (name, integration, content_type, body, status, expected) in cases {
        let gateway = gateway(api().post("/", integration).build().unwrap());
        let request = Request::post("/prod").header("content-type", content_type);
        let reply = ask(&gateway, request.body(Body::from(body.to_owned())).unwrap()).await;
        assert_eq!((reply.status, reply.text()), (status, expected), "{name}");
        let origin = (status == 200).then_some("*");
        assert_eq!(reply.header("x-origin"), origin, "{name}");
    }
}

#[tokio::test]
async fn a_status_that_the_method_does_not_declare_is_a_500() {
    let mock =
        Integration::mock(200).response(IntegrationResponse::new(201).selection_pattern("201"));
    let method = |status| {
        let integration = mock
            .clone()
            .request_template("application/json", format!("{{\"statusCode\": {status}}}"));
        Method::new(HttpMethod::Get, integration).response(MethodResponse::new(200))
    };
    let api = definition::RestApi::new("api")
        .method("/200", method(200))
        .method("/201", method(201));
    let gateway = gateway(api);
    for (path, status, body) in [
        ("/prod/200", 200, ""),
        ("/prod/201", 500, INTERNAL_SERVER_ERROR),
    ] {
        let reply = ask(&gateway, get(path)).await;
        assert_eq!((reply.status, reply.text()), (status, body), "{path}");
    }
}
