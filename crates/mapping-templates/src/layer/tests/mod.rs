use std::convert::Infallible;

use http::{HeaderMap, StatusCode};
use tower::{ServiceExt, service_fn};
use towergate_core::{StageInfo, StagePath};
use towergate_testing::assert_readiness;

use super::*;

mod choice;
mod refusals;

const JSON: &str = "application/json";

fn template(source: &str) -> Template {
    Template::parse(source).unwrap()
}

fn post(headers: &[(&str, &str)], body: &'static str) -> Request<Body> {
    let mut request = Request::post("/pets/a%20b?owner=Kim%20Lee");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::from(body)).unwrap()
}

/// What came out: the status, the headers and the body's text.
type Answer = (StatusCode, HeaderMap, String);

/// Sends `request` through `layer` to a service that answers with the headers and the body that it got.
async fn send(layer: &TransformLayer, request: Request<Body>) -> Answer {
    let echo = service_fn(async |request: Request<Body>| {
        let (head, body) = request.into_parts();
        let mut response = Response::new(body);
        *response.headers_mut() = head.headers;
        Ok::<_, Infallible>(response)
    });
    finish(layer.layer(echo).oneshot(request).await.unwrap()).await
}

async fn finish(response: Response<ResponseBody<Body>>) -> Answer {
    let (head, body) = response.into_parts();
    let body = Body::new(body).collect(usize::MAX).await.unwrap();
    let body = String::from_utf8_lossy(&body).into_owned();
    (head.status, head.headers, body)
}

#[tokio::test]
async fn a_template_sees_the_request() {
    let cases = [
        ("$context.httpMethod $context.path", "POST /pets/a%20b"),
        ("$input.params('owner')", "Kim Lee"),
        ("$input.params('X-Own')", "last"),
        ("[$input.params('Content-Length')]", "[]"),
        ("$input.path('$.pet')", "Rex"),
    ];
    for (source, expected) in cases {
        let headers = [
            ("x-own", "first"),
            ("x-own", "last"),
            ("content-length", "14"),
        ];
        let request = || post(&headers, r#"{"pet": "Rex"}"#);
        let layers = [
            (
                "request",
                TransformLayer::new().request_template(JSON, template(source)),
            ),
            (
                "response",
                TransformLayer::new().response_template(JSON, template(source)),
            ),
        ];
        for (direction, layer) in layers {
            let (_, _, body) = send(&layer, request()).await;
            assert_eq!(body, expected, "{direction}: {source}");
        }
    }
}

#[tokio::test]
async fn a_template_sees_what_outer_layers_noted() {
    let mut info = StageInfo::default();
    info.variables = vec![("colour".to_owned(), "red".to_owned())];
    let mut request = post(&[("x-own", "1")], "{}");
    Context::of(&mut request).note_stage(StagePath {
        info: info.into(),
        path_start: 0,
        resource_start: 0,
    });
    let source = "$stageVariables.colour $input.params('x-own')";
    let layer = TransformLayer::new().response_template(JSON, template(source));
    assert_eq!(send(&layer, request).await.2, "red 1");
}

#[tokio::test]
async fn overrides_are_set_on_request_and_response() {
    let request = |source: &str| TransformLayer::new().request_template(JSON, template(source));
    let response = |source: &str| TransformLayer::new().response_template(JSON, template(source));
    let both = request("#set($context.responseOverride.custom = 'kept')").response_template(
        JSON,
        template("#set($context.responseOverride.header.X-Own = $context.responseOverride.custom)"),
    );
    // The service answers with the headers that it got.
    let cases = [
        (
            "request header",
            request("#set($context.requestOverride.header.X-Own = 'new')"),
            200,
            "new",
        ),
        (
            "list",
            request("#set($context.requestOverride.header.X-Own = ['a', 'b'])"),
            200,
            "a,b",
        ),
        (
            "not a name",
            request("#set($context.requestOverride.header['a b'] = 'new')"),
            200,
            "old",
        ),
        (
            "response header",
            response("#set($context.responseOverride.header.X-Own = 'new')"),
            200,
            "new",
        ),
        (
            "status",
            response("#set($context.responseOverride.status = 201)"),
            201,
            "old",
        ),
        (
            "status of a request template",
            request("#set($context.responseOverride.status = 404)"),
            404,
            "old",
        ),
        (
            "informational status",
            response("#set($context.responseOverride.status = 101)"),
            200,
            "old",
        ),
        (
            "status out of range",
            response("#set($context.responseOverride.status = 600)"),
            200,
            "old",
        ),
        ("from request to response", both, 200, "kept"),
    ];
    for (name, layer, status, own) in cases {
        let answer = send(&layer, post(&[("x-own", "old")], "{}")).await;
        assert_eq!(answer.0, status, "{name}");
        assert_eq!(answer.1["x-own"], own, "{name}");
    }
}

#[tokio::test]
async fn a_new_body_is_not_described_by_old_headers_or_overrides() {
    let framing = [
        ("content-length", "4"),
        ("content-encoding", "identity"),
        ("content-md5", "x"),
        ("transfer-encoding", "chunked"),
    ];
    let source = "#set($context.requestOverride.header.Content-Length = 1)\
        #set($context.responseOverride.header.Transfer-Encoding = 'chunked')longer than before";
    let layers = [
        (
            "request",
            TransformLayer::new().request_template(JSON, template(source)),
        ),
        (
            "response",
            TransformLayer::new().response_template(JSON, template(source)),
        ),
        (
            "text",
            TransformLayer::new().request_template(JSON, template("longer than before")),
        ),
    ];
    for (name, layer) in layers {
        let (status, headers, body) = send(&layer, post(&framing, "body")).await;
        assert_eq!(
            (status.as_u16(), &*body),
            (200, "longer than before"),
            "{name}"
        );
        for (header, _) in framing {
            assert!(!headers.contains_key(header), "{name}: {header}");
        }
    }
}

#[tokio::test]
async fn errors_of_the_inner_service_keep_their_type() {
    #[derive(Debug, PartialEq)]
    struct Broken;
    let passing = TransformLayer::new();
    let rendering = passing
        .clone()
        .request_template(JSON, template("$input.body"));
    for layer in [passing, rendering] {
        let inner = service_fn(async |_: Request<Body>| Err::<Response<Body>, _>(Broken));
        let result = layer.layer(inner).oneshot(post(&[], "{}")).await;
        assert_eq!(result.err(), Some(Broken));
    }
}

#[tokio::test]
async fn readiness_is_that_of_the_inner_service() {
    let rendering = TransformLayer::new()
        .request_template(JSON, template("$input.body"))
        .response_template(JSON, template("$input.body"))
        .max_body_bytes(2);
    let strict = rendering
        .clone()
        .passthrough_behavior(PassthroughBehavior::Never);
    for layer in [
        TransformLayer::new(),
        rendering.clone(),
        strict,
        rendering.enabled(false),
    ] {
        assert_readiness(
            layer,
            |_: Request<Body>| Response::new(Body::from("{}")),
            || {
                let text = [("content-type", "text/plain")];
                vec![
                    post(&[], "{}"),
                    post(&[], "too large"),
                    post(&text, "{}"),
                    post(&[], "{}"),
                ]
            },
        )
        .await;
    }
}
