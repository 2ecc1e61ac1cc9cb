//! The types of `aws_lambda_events` on both sides of a function: they read our events, and we read their answers.

#[path = "support/api.rs"]
mod api;

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
};

use api::ask;
use aws_lambda_events::{
    apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse},
    encodings::Body as EventBody,
};
use http::{HeaderMap, HeaderValue, Request, Response};
use serde_json::{Value, json};
use towergate_core::{Context, Function as _, Invocation};
use towergate_integrations::{Body, Lambda};

/// Returns the event that a request becomes, as the official type reads it.
async fn event_of(request: Request<&'static str>) -> ApiGatewayProxyRequest {
    let seen = Arc::new(Mutex::new(None));
    let function = {
        let seen = Arc::clone(&seen);
        Lambda::from_fn(move |event: ApiGatewayProxyRequest| {
            *seen.lock().expect("no panic") = Some(event);
            async { Ok::<_, Infallible>(json!({})) }
        })
    };
    ask(function, request).await.expect("an answer");
    let event = seen.lock().expect("no panic").take();
    event.expect("an event")
}

#[tokio::test]
async fn the_official_event_reads_what_a_proxy_integration_sends() {
    let request = Request::post("/prod/pets/a%2Fb?tag=a+b&tag=c&x")
        .header("host", "api.example.com")
        .header("user-agent", "curl/8.5")
        .header("content-type", "application/json")
        .header("x-tag", "one")
        .header("x-tag", "two")
        .body(r#"{"name":"Rex"}"#);
    let event = event_of(request.unwrap()).await;
    assert_eq!(event.resource.as_deref(), Some("/pets/{id}"));
    assert_eq!(event.path.as_deref(), Some("/pets/a%2Fb"));
    assert_eq!(event.http_method, "POST");
    assert_eq!(event.headers["x-tag"], "two");
    let tags: Vec<_> = event.multi_value_headers.get_all("x-tag").iter().collect();
    assert_eq!(tags, ["one", "two"]);
    let query = &event.multi_value_query_string_parameters;
    assert_eq!(query.all("tag"), Some(vec!["a b", "c"]));
    assert_eq!(query.first("x"), Some(""));
    assert_eq!(event.query_string_parameters.first("tag"), Some("c"));
    assert_eq!(event.path_parameters["id"], "a%2Fb");
    assert_eq!(event.stage_variables["table"], "blue");
    assert_eq!(event.body.as_deref(), Some(r#"{"name":"Rex"}"#));
    assert!(!event.is_base64_encoded);

    let context = event.request_context;
    assert_eq!(context.account_id.as_deref(), Some("123456789012"));
    assert_eq!(context.apiid.as_deref(), Some("a1b2c3d4e5"));
    assert_eq!(context.stage.as_deref(), Some("prod"));
    assert_eq!(context.domain_name.as_deref(), Some("api.example.com"));
    assert_eq!(context.http_method, "POST");
    assert_eq!(context.path.as_deref(), Some("/prod/pets/a%2Fb"));
    assert_eq!(context.resource_path.as_deref(), Some("/pets/{id}"));
    assert_eq!(context.protocol.as_deref(), Some("HTTP/1.1"));
    assert_eq!(context.request_time_epoch, 1_723_062_257_000);
    assert_eq!(context.identity.source_ip.as_deref(), Some("203.0.113.7"));
    assert_eq!(context.identity.user_agent.as_deref(), Some("curl/8.5"));
}

#[tokio::test]
async fn the_official_event_reads_nothing_and_bytes() {
    let event = event_of(Request::get("/prod/pets/1").body("").unwrap()).await;
    assert!(event.multi_value_query_string_parameters.is_empty());
    assert_eq!((event.body, event.is_base64_encoded), (None, false));

    let request = Request::put("/prod/pets/1").header("content-type", "image/png");
    let event = event_of(request.body("png").unwrap()).await;
    let body = (event.body.as_deref(), event.is_base64_encoded);
    assert_eq!(body, (Some("cG5n"), true));
}

fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(*name, HeaderValue::from_static(value));
    }
    headers
}

fn answer(status: i64, body: Option<EventBody>) -> ApiGatewayProxyResponse {
    let mut answer = ApiGatewayProxyResponse::default();
    answer.status_code = status;
    answer.is_base64_encoded = matches!(body, Some(EventBody::Binary(_)));
    answer.body = body;
    answer
}

/// Tells of a response in a line: its status, the headers named `a`, and its body.
async fn told(response: Response<Body>) -> String {
    let (head, body) = response.into_parts();
    let values: Vec<_> = head.headers.get_all("a").iter().collect();
    let body = body.collect(100).await.expect("a body");
    format!("{} {values:?} {body:?}", head.status.as_u16())
}

#[tokio::test]
async fn the_official_answer_is_read_in_each_of_its_forms() {
    let with = |single: &[_], multi: &[_]| {
        let mut answer = answer(200, None);
        answer.headers = headers(single);
        answer.multi_value_headers = headers(multi);
        answer
    };
    let bytes = || EventBody::Binary(b"\xff".to_vec());
    let cases = [
        ("nothing", answer(204, None), r#"204 [] b"""#),
        (
            "an empty body",
            answer(200, Some(EventBody::Empty)),
            r#"200 [] b"""#,
        ),
        (
            "text",
            answer(201, Some("Rex \"2\"".into())),
            r#"201 [] b"Rex \"2\"""#,
        ),
        ("bytes", answer(200, Some(bytes())), r#"200 [] b"\xff""#),
        ("headers", with(&[("a", "1")], &[]), r#"200 ["1"] b"""#),
        (
            "every value",
            with(&[], &[("a", "1"), ("a", "2")]),
            r#"200 ["1", "2"] b"""#,
        ),
        (
            "both maps",
            with(&[("a", "3")], &[("a", "1"), ("a", "2")]),
            r#"200 ["1", "2", "3"] b"""#,
        ),
    ];
    for (name, answer, expected) in cases {
        let answer = serde_json::to_value(answer).unwrap();
        let function = Lambda::from_fn(move |_: Value| {
            let answer = answer.clone();
            async { Ok::<_, Infallible>(answer) }
        });
        let request = Request::get("/prod/pets/1").header("accept", "image/png");
        let response = ask(function, request.body("").unwrap()).await;
        assert_eq!(told(response.unwrap()).await, expected, "{name}");
    }

    // The type's default has a status that no response has.
    let function = Lambda::from_fn(async |_: Value| Ok::<_, Infallible>(answer(0, None)));
    let refused = ask(function, Request::get("/prod/pets/1").body("").unwrap()).await;
    assert_eq!(refused.unwrap_err().status(), 502);
}

#[tokio::test]
async fn an_event_that_the_official_type_wrote_is_a_request() {
    let event = json!({
        "resource": "/pets/{id}",
        "path": "/pets/7",
        "httpMethod": "POST",
        "headers": {"Accept": "*/*", "X-Tag": "two"},
        "multiValueHeaders": {"Accept": ["*/*"], "X-Tag": ["one", "two"]},
        "queryStringParameters": {"price": "20"},
        "multiValueQueryStringParameters": {"price": ["10", "20"]},
        "pathParameters": {"id": "7"},
        "stageVariables": null,
        "requestContext": {"httpMethod": "POST", "stage": "prod", "identity": {"sourceIp": null}},
        "body": "hi",
        "isBase64Encoded": false,
    });
    let event: ApiGatewayProxyRequest = serde_json::from_value(event).unwrap();
    let function = Lambda::http(tower::service_fn(async |request: Request<Body>| {
        let tags = request.headers().get_all("x-tag").iter().count();
        let seen = format!("{} {} {tags}", request.method(), request.uri());
        Ok::<_, Infallible>(Response::new(Body::from(seen)))
    }));
    let context = Context::of(&mut Request::new(()));
    let event = serde_json::to_vec(&event).unwrap();
    let answer = function
        .invoke(Invocation::new(&context, "pets", event))
        .await;
    let answer: ApiGatewayProxyResponse = serde_json::from_slice(&answer.unwrap()).unwrap();
    assert_eq!(answer.status_code, 200);
    let expected = EventBody::from("POST /pets/7?price=10&price=20 2");
    assert_eq!(answer.body, Some(expected));
}

#[tokio::test]
async fn an_http_service_answers_as_it_would_without_a_function() {
    let service = tower::service_fn(async |request: Request<Body>| {
        let (head, body) = request.into_parts();
        Ok::<_, Infallible>(
            Response::builder()
                .status(203)
                .header("a", "1")
                .header("a", head.uri.to_string())
                .body(body)
                .expect("a response"),
        )
    });
    for (content_type, body) in [("text/plain", "hi"), ("image/png", "\u{0}png")] {
        let request = Request::post("/prod/pets/1?q=a+b")
            .header("content-type", content_type)
            .header("accept", content_type);
        let response = ask(Lambda::http(service), request.body(body).unwrap()).await;
        let expected = format!(
            r#"203 ["1", "/pets/1?q=a%20b"] b"{}""#,
            body.escape_default()
        );
        let expected = expected.replace(r"\u{0}", r"\0");
        assert_eq!(told(response.unwrap()).await, expected, "{content_type}");
    }
}
