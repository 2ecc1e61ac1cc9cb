//! The way of a request through a REST API: ids, headers, routing, refusals, and who hears of them.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
};

use http::{HeaderValue, Request, Response};
use towergate::{
    Body, Context, Gateway, GatewayResponse, HttpMethod, InProcess, Integration,
    IntegrationResponse, Observer, Rejection, StageSettings,
};
use towergate_tests::{Answer, Backend, INTERNAL_SERVER_ERROR, api, ask, gateway, get, get_with};

const MISSING_TOKEN: &str = r#"{"message":"Missing Authentication Token"}"#;
const TRACE: &str = "Root=1-66b2a1f0-0c0ffee00c0ffee00c0ffee0;Parent=00f067aa0ba902b7;Sampled=1";

/// A service whose answers have this content type.
fn service(content_type: Option<&'static str>) -> InProcess {
    InProcess::new(tower::service_fn(move |_: Request<Body>| async move {
        let mut response = Response::new(Body::from("x"));
        let content_type = content_type.map(HeaderValue::from_static);
        let headers = response.headers_mut();
        headers.extend(content_type.map(|value| (http::header::CONTENT_TYPE, value)));
        Ok::<_, Infallible>(response)
    }))
}

#[tokio::test]
async fn every_answer_has_ids_and_a_content_type() {
    let gateway = gateway(
        api()
            .get("/mock", Integration::mock(200))
            .get("/untyped", service(None))
            .get("/plain", service(Some("text/plain")))
            .get("/closed", Integration::http_proxy("http://unmapped/{x}"))
            .build()
            .unwrap(),
    );
    let cases = [
        ("a mock", "/prod/mock", 200, "application/json"),
        (
            "a service without a type",
            "/prod/untyped",
            200,
            "application/json",
        ),
        ("a service with a type", "/prod/plain", 200, "text/plain"),
        ("a closed method", "/prod/closed", 500, "application/json"),
        ("no such path", "/prod/none", 403, "application/json"),
        ("no such stage", "/none/mock", 403, "application/json"),
    ];
    let mut seen = Vec::new();
    for (name, path, status, content_type) in cases {
        let reply = ask(&gateway, get(path)).await;
        assert_eq!(reply.status, status, "{name}");
        assert_eq!(reply.header("content-type"), Some(content_type), "{name}");
        let id = reply
            .header("x-amzn-requestid")
            .unwrap_or_default()
            .to_owned();
        let hyphens: Vec<_> = id.match_indices('-').map(|(index, _)| index).collect();
        assert_eq!(
            (id.len(), hyphens),
            (36, vec![8, 13, 18, 23]),
            "{name}: {id}"
        );
        let extended = reply
            .header("x-amz-apigw-id")
            .unwrap_or_default()
            .to_owned();
        assert!(
            extended.len() == 16 && extended.ends_with('='),
            "{name}: {extended}"
        );
        seen.extend([id, extended]);
    }
    let drawn = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), drawn, "no id is drawn twice");
}

#[tokio::test]
async fn a_client_may_choose_the_id_if_it_is_a_uuid() {
    let gateway = gateway(api().get("/", Integration::mock(200)).build().unwrap());
    let uuid = "3f0c1d1e-7a52-4f6e-9b0e-0d6a3c1f2b4a";
    let cases = [
        ("a UUID", uuid, true),
        ("without hyphens", "3f0c1d1e7a524f6e9b0e0d6a3c1f2b4a", false),
        (
            "no hexadecimal digit",
            "zf0c1d1e-7a52-4f6e-9b0e-0d6a3c1f2b4a",
            false,
        ),
        ("nonsense", "mine", false),
        ("nothing", "", false),
    ];
    for (name, id, is_adopted) in cases {
        let reply = ask(&gateway, get_with("/prod", &[("X-Amzn-RequestId", id)])).await;
        let got = reply.header("x-amzn-requestid").unwrap();
        assert_eq!(got == id, is_adopted, "{name}");
        assert_eq!(got.len(), 36, "{name}");
    }
}

#[tokio::test]
async fn only_mapped_http_answers_carry_the_trace() {
    let backend =
        Backend::answering(|_| Answer::new("200 OK", "x-amzn-trace-id: backend's\r\n", "")).await;
    let gateway = gateway(
        api()
            .get("/mock", Integration::mock(200))
            .get(
                "/http",
                Integration::http(backend.url("/")).response(IntegrationResponse::new(200)),
            )
            .get("/proxy", Integration::http_proxy(backend.url("/")))
            .get("/broken", Integration::http(backend.url("/")))
            .build()
            .unwrap(),
    );
    let cases = [
        ("/prod/mock", 200, None),
        ("/prod/http", 200, Some(TRACE)),
        ("/prod/proxy", 200, Some("backend's")),
        ("/prod/broken", 500, None),
        ("/prod/none", 403, None),
    ];
    for (path, status, trace) in cases {
        let reply = ask(&gateway, get_with(path, &[("x-amzn-trace-id", TRACE)])).await;
        assert_eq!(
            (reply.status, reply.header("x-amzn-trace-id")),
            (status, trace),
            "{path}"
        );
    }
    for received in backend.take() {
        assert_eq!(
            received.header("x-amzn-trace-id"),
            Some(TRACE),
            "the backend always gets it"
        );
    }
}

#[tokio::test]
async fn what_there_is_not_is_a_403_to_the_byte() {
    let gateway = gateway(
        api()
            .get("/pets", Integration::mock(200))
            .any("/any", Integration::mock(200))
            .build()
            .unwrap(),
    );
    let forbidden = r#"{"message":"Forbidden"}"#;
    let cases = [
        (
            "GET",
            "/prod/none",
            MISSING_TOKEN,
            "MissingAuthenticationTokenException",
        ),
        (
            "GET",
            "/prod",
            MISSING_TOKEN,
            "MissingAuthenticationTokenException",
        ),
        (
            "GET",
            "/prod/pets/7",
            MISSING_TOKEN,
            "MissingAuthenticationTokenException",
        ),
        (
            "POST",
            "/prod/pets",
            MISSING_TOKEN,
            "MissingAuthenticationTokenException",
        ),
        (
            "HEAD",
            "/prod/pets",
            MISSING_TOKEN,
            "MissingAuthenticationTokenException",
        ),
        (
            "OPTIONS",
            "/prod/pets",
            MISSING_TOKEN,
            "MissingAuthenticationTokenException",
        ),
        (
            "TRACE",
            "/prod/any",
            MISSING_TOKEN,
            "MissingAuthenticationTokenException",
        ),
        ("GET", "/none/pets", forbidden, "ForbiddenException"),
        ("GET", "/", forbidden, "ForbiddenException"),
        ("GET", "/PROD/pets", forbidden, "ForbiddenException"),
    ];
    for (verb, path, body, error_type) in cases {
        let request = Request::builder()
            .method(verb)
            .uri(path)
            .body(Body::empty())
            .unwrap();
        let reply = ask(&gateway, request).await;
        assert_eq!((reply.status, reply.text()), (403, body), "{verb} {path}");
        assert_eq!(
            reply.header("x-amzn-errortype"),
            Some(error_type),
            "{verb} {path}"
        );
        assert_eq!(
            reply.header("content-type"),
            Some("application/json"),
            "{verb} {path}"
        );
    }
}

#[tokio::test]
async fn a_header_overrides_the_verb() {
    let delete = Integration::mock(204);
    let gateway = gateway(
        api()
            .method(HttpMethod::Delete, "/", delete)
            .get("/", Integration::mock(200))
            .build()
            .unwrap(),
    );
    let cases = [
        ("GET", "DELETE", 204),
        ("GET", "GET", 200),
        ("GET", "POST", 403),
        ("GET", "no verb", 200),
        ("DELETE", "GET", 200),
        ("CONNECT", "GET", 403),
        ("GET", "CONNECT", 403),
    ];
    for (sent, verb, status) in cases {
        let mut request = get_with("/prod", &[("X-HTTP-Method-Override", verb)]);
        *request.method_mut() = sent.parse().unwrap();
        let reply = ask(&gateway, request).await;
        assert_eq!(reply.status, status, "{sent} as {verb}");
    }
}

#[tokio::test]
async fn a_refusal_speaks_the_words_of_its_api() {
    let restyled = GatewayResponse::new()
        .status_code(404)
        .header("access-control-allow-origin", "'*'")
        .header("x-amzn-errortype", "'Mine'")
        .template(
            "application/json",
            r#"{"m":$context.error.messageString,"type":"$context.error.responseType","id":"$context.requestId"}"#,
        );
    let gateway = gateway(
        api()
            .get("/pets", Integration::mock(200))
            .get("/closed", Integration::http("http://unmapped/{x}"))
            .gateway_response("MISSING_AUTHENTICATION_TOKEN", restyled)
            .gateway_response("DEFAULT_5XX", GatewayResponse::new().status_code(503))
            .build()
            .unwrap(),
    );
    let reply = ask(&gateway, get("/prod/none")).await;
    let id = reply.header("x-amzn-requestid").unwrap();
    let body = format!(
        r#"{{"m":"Missing Authentication Token","type":"MISSING_AUTHENTICATION_TOKEN","id":"{id}"}}"#
    );
    assert_eq!((reply.status, reply.text()), (404, &*body));
    assert_eq!(reply.header("access-control-allow-origin"), Some("*"));
    assert_eq!(reply.header("x-amzn-errortype"), Some("Mine"));

    let reply = ask(&gateway, get("/prod/closed")).await;
    assert_eq!(
        (reply.status, reply.text()),
        (503, INTERNAL_SERVER_ERROR),
        "the status alone"
    );
    assert_eq!(
        ask(&gateway, get("/prod/pets"))
            .await
            .header("access-control-allow-origin"),
        None
    );
}

#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<String>>>);

impl Observer for Heard {
    fn on_rejection(&self, context: &Context, rejection: &Rejection) {
        let text = format!("{} refused: {}", context.path(), rejection.response_type());
        self.0.lock().expect("no panic before").push(text);
    }

    fn on_response(&self, context: &Context) {
        let stage = context.stage().map_or("-", |stage| &stage.stage);
        let status = context.status().expect("a status");
        let backend = context.integration().map(|(status, _)| status);
        let text = format!(
            "{} on {stage}: {status}, backend {backend:?}",
            context.path()
        );
        self.0.lock().expect("no panic before").push(text);
    }
}

#[tokio::test]
async fn an_observer_hears_of_every_refusal_and_every_response() {
    let heard = Heard::default();
    let gateway = Gateway::builder()
        .observer(heard.clone())
        .api(
            "api",
            api()
                .get("/mock", Integration::mock(201))
                .get("/service", service(None))
                .build()
                .unwrap(),
        )
        .stage("api", StageSettings::new("prod"))
        .build()
        .unwrap();
    for path in ["/prod/mock", "/prod/service", "/prod/none", "/none"] {
        ask(&gateway, get(path)).await;
    }
    let expected = [
        "/prod/mock on prod: 201, backend None",
        "/prod/service on prod: 200, backend Some(200)",
        "/prod/none refused: MISSING_AUTHENTICATION_TOKEN",
        "/prod/none on prod: 403, backend None",
        "/none refused: DEFAULT_4XX",
        "/none on -: 403, backend None",
    ];
    assert_eq!(*heard.0.lock().unwrap(), expected);
}
