//! What an `HTTP` integration makes of its backend's answer: the status, and mappings that read the body.

use towergate::{ContentHandling, Integration, IntegrationResponse};
use towergate_tests::{
    Answer, Backend, INTERNAL_SERVER_ERROR, api, exchange, fetch, gateway, request, serve,
    serve_one,
};

#[tokio::test]
async fn the_integration_response_is_selected_by_status() {
    let backend = Backend::answering(|request| {
        let status = request.target.trim_start_matches('/');
        Answer::new(&format!("{status} X"), "x-from: backend\r\n", "original")
    })
    .await;
    let to = |responses: &[IntegrationResponse]| {
        let integration = Integration::http(backend.url("/{status}")).request_parameter(
            "integration.request.path.status",
            "method.request.querystring.s",
        );
        responses
            .iter()
            .cloned()
            .fold(integration, Integration::response)
    };
    let default = || IntegrationResponse::new(200);
    let four = || {
        IntegrationResponse::new(404)
            .selection_pattern(r"4\d\d")
            .header("x-from", "integration.response.header.x-from")
    };
    let five = || {
        IntegrationResponse::new(502)
            .selection_pattern("50")
            .template("application/json", "sorry")
    };
    let any = || {
        IntegrationResponse::new(503)
            .selection_pattern("5.*")
            .template("application/json", "sorry")
    };
    let cases = [
        (
            "the default",
            to(&[default(), four()]),
            "200",
            200,
            "original",
            None,
        ),
        (
            "one that matches",
            to(&[default(), four()]),
            "418",
            404,
            "original",
            Some("backend"),
        ),
        (
            "nothing else matches",
            to(&[default(), four()]),
            "500",
            200,
            "original",
            None,
        ),
        (
            "a pattern is for the whole status",
            to(&[five(), any()]),
            "500",
            503,
            "sorry",
            None,
        ),
        (
            "the lowest status first",
            to(&[
                any(),
                IntegrationResponse::new(501).selection_pattern("5.."),
            ]),
            "500",
            501,
            "original",
            None,
        ),
        (
            "none at all",
            to(&[four()]),
            "200",
            500,
            INTERNAL_SERVER_ERROR,
            None,
        ),
    ];
    for (name, integration, status, expected, body, from) in cases {
        let reply = fetch(serve_one(integration).await, &format!("/prod?s={status}")).await;
        assert_eq!(
            (reply.status, reply.text(), reply.header("x-from")),
            (expected, body, from),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_body_that_a_mapping_reads_must_be_json() {
    let backend = Backend::answering(|request| {
        let body = String::from_utf8_lossy(&request.body).into_owned();
        Answer::ok(if body.is_empty() {
            r#"{"a": "fine"}"#
        } else {
            &body
        })
    })
    .await;
    let request_side = serve_one(
        Integration::http_proxy(backend.url("/"))
            .request_parameter("integration.request.header.x-a", "method.request.body.a"),
    )
    .await;
    let field = IntegrationResponse::new(200).header("x-a", "integration.response.body.a");
    let response_side = serve_one(Integration::http(backend.url("/")).response(field)).await;
    let invalid = r#"{"message": "Invalid JSON in request body"}"#;
    let cases = [
        (
            "a request with JSON",
            request_side,
            r#"{"a": "x"}"#,
            200,
            r#"{"a": "x"}"#,
            "",
        ),
        (
            "a request without",
            request_side,
            r#"{"a": "#,
            400,
            invalid,
            "BadRequestException",
        ),
        (
            "a request that is no JSON at all",
            request_side,
            "text",
            200,
            "text",
            "",
        ),
        (
            "an answer with JSON",
            response_side,
            r#"{"a": "x"}"#,
            200,
            r#"{"a": "x"}"#,
            "",
        ),
        (
            "an answer without",
            response_side,
            r#"{"a": "#,
            500,
            INTERNAL_SERVER_ERROR,
            "InternalFailureException",
        ),
        (
            "an answer that is no JSON at all",
            response_side,
            "text",
            200,
            "text",
            "",
        ),
    ];
    for (name, gateway, body, status, expected, error_type) in cases {
        let reply = exchange(gateway, &request("POST /prod", &[], body)).await;
        assert_eq!((reply.status, reply.text()), (status, expected), "{name}");
        assert_eq!(
            reply.header("x-amzn-errortype").unwrap_or_default(),
            error_type,
            "{name}"
        );
    }
    assert_eq!(
        fetch(response_side, "/prod").await.header("x-a"),
        Some("fine")
    );
}

#[tokio::test]
async fn an_answer_that_a_step_reads_has_at_most_10_mib() {
    let backend = Backend::answering(|request| {
        let size = request
            .target
            .trim_start_matches('/')
            .parse()
            .expect("a size");
        let body = "x".repeat(size);
        Answer::close(&format!(
            "HTTP/1.1 200 OK\r\ncontent-type: image/png\r\ncontent-length: {size}\r\n\r\n{body}"
        ))
    })
    .await;
    let integration = |response| {
        Integration::http(backend.url("/{size}"))
            .request_parameter(
                "integration.request.path.size",
                "method.request.querystring.size",
            )
            .response(response)
    };
    let read = IntegrationResponse::new(200).header("x-a", "integration.response.body.a");
    let read = serve_one(integration(read)).await;
    let converted = serve_one(integration(IntegrationResponse::new(200))).await;
    let bytes = IntegrationResponse::new(200).content_handling(ContentHandling::ConvertToBinary);
    let png = api()
        .binary_media_type("image/*")
        .get("/", integration(bytes));
    let passed = serve(&gateway(png.build().expect("an API"))).await;
    let max = 10 * 1024 * 1024;
    for (name, gateway, size, status) in [
        ("read, at the limit", read, max, 200),
        ("read, above it", read, max + 1, 500),
        ("text, at the limit", converted, max, 200),
        ("text, above it", converted, max + 1, 500),
        ("bytes pass", passed, max + 1, 200),
    ] {
        let reply = fetch(gateway, &format!("/prod?size={size}")).await;
        assert_eq!(reply.status, status, "{name}");
        assert_eq!(
            reply.body.len(),
            if status == 200 {
                size
            } else {
                INTERNAL_SERVER_ERROR.len()
            },
            "{name}"
        );
    }
}
