use std::convert::Infallible;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use tower::{ServiceExt, service_fn};
use towergate_testing::assert_readiness;

use super::*;
use crate::{authorize_fn, authorize_service};

const NAME: &str = "x-name";

fn decide(headers: &http::HeaderMap) -> Decision {
    match headers.get(NAME) {
        Some(name) => Ok(Authorized::by_host().with_principal_id(name.to_str().unwrap())),
        None => Err(Refusal::unauthorized("no name")),
    }
}

/// The same authorizer, which knows at once and which has to wait.
fn layers() -> [AuthorizeLayer<Box<dyn Authorize>>; 2] {
    let at_once = authorize_fn(|request: &AuthorizeRequest<'_>| decide(request.headers()));
    let later = service_fn(async |head: Request<()>| decide(head.headers()));
    [
        AuthorizeLayer::new(Box::new(at_once)),
        AuthorizeLayer::new(Box::new(authorize_service(later))),
    ]
}

fn request(name: Option<&str>) -> Request<&'static str> {
    let request = Request::get("/pets").body("request body").unwrap();
    match name {
        Some(name) => {
            let (mut parts, body) = request.into_parts();
            parts.headers.insert(NAME, name.parse().unwrap());
            Request::from_parts(parts, body)
        }
        None => request,
    }
}

/// Answers who calls, and why it would have been refused.
async fn inner(request: Request<&'static str>) -> Result<Response<Full<Bytes>>, Infallible> {
    let context = Context::get(request.extensions());
    let identity = context.and_then(Context::identity);
    let principal = identity.and_then(|identity| identity.principal_id.clone());
    let would_refuse = request.extensions().get::<WouldRefuse>();
    let authorized = request.extensions().get::<Authorized>();
    assert_eq!(
        authorized.and_then(Authorized::principal_id),
        principal.as_deref()
    );
    let answer = principal.or_else(|| Some(would_refuse?.0.detail()?.to_owned()));
    Ok(Response::new(answer.unwrap_or_default().into()))
}

#[tokio::test]
async fn a_request_is_let_in_or_refused_or_only_reported() {
    for (index, layer) in layers().into_iter().enumerate() {
        let refused = r#"{"message":"Unauthorized"}"#;
        let cases = [
            ("let in", layer.clone(), Some("a"), 200, "a"),
            ("refused", layer.clone(), None, 401, refused),
            (
                "in the words of an HTTP API",
                layer.clone().style(Style::Http),
                None,
                401,
                refused,
            ),
            (
                "reported",
                layer.clone().report_only(true),
                None,
                200,
                "no name",
            ),
            (
                "let in, report only",
                layer.clone().report_only(true),
                Some("a"),
                200,
                "a",
            ),
            ("disabled", layer.clone().enabled(false), Some("a"), 200, ""),
        ];
        for (name, layer, caller, status, body) in cases {
            let is_http = layer.style == Style::Http;
            let app = layer.layer(service_fn(inner));
            let response = app.oneshot(request(caller)).await.unwrap();
            assert_eq!(response.status(), status, "{index}: {name}");
            let has_type = response.headers().contains_key("x-amzn-errortype");
            assert_eq!(has_type, status != 200 && !is_http, "{index}: {name}");
            let found = response.into_body().collect().await.unwrap().to_bytes();
            assert_eq!(found, body, "{index}: {name}");
        }
    }
}

#[tokio::test]
async fn errors_of_the_inner_service_pass_untouched() {
    for layer in layers() {
        let failing = service_fn(async |_: Request<&'static str>| Err::<Response<()>, _>("inner"));
        let error = layer.layer(failing).oneshot(request(Some("a"))).await;
        assert_eq!(error.unwrap_err(), "inner");
    }
}

#[tokio::test]
async fn the_arn_is_the_stages_or_what_the_host_makes_of_the_head() {
    let telling = || {
        AuthorizeLayer::new(authorize_fn(|request: &AuthorizeRequest<'_>| {
            Ok(Authorized::by_host().with_principal_id(request.resource()))
        }))
    };
    let cases = [
        (
            telling(),
            "arn:aws:execute-api:local:000000000000:app/default/GET/pets",
        ),
        (
            telling().resource(|parts| format!("pets:{}", parts.method)),
            "pets:GET",
        ),
    ];
    for (layer, expected) in cases {
        let response = layer.layer(service_fn(inner)).oneshot(request(None)).await;
        let body = response.unwrap().into_body().collect().await.unwrap();
        assert_eq!(body.to_bytes(), expected);
    }
}

#[tokio::test]
async fn readiness_is_that_of_the_inner_service() {
    let [at_once, later] = layers();
    let disabled = at_once.clone().enabled(false);
    for layer in [at_once, later, disabled] {
        assert_readiness(
            layer,
            |_: Request<&'static str>| Response::new(()),
            || vec![request(Some("a")), request(None), request(Some("b"))],
        )
        .await;
    }
}
