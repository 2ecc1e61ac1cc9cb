use std::convert::Infallible;

use bytes::Bytes;
use http::Method;
use http_body::Body;
use http_body_util::BodyExt;
use tower::{ServiceExt, service_fn};
use towergate_core::{StageInfo, StagePath};
use towergate_testing::assert_readiness;

use super::*;

fn layer() -> RouteLayer<u8> {
    let table = RouteTable::builder()
        .route(Method::GET, "/pets/{id}", 7)
        .build();
    RouteLayer::new(table.unwrap())
}

fn get(path: &str) -> Request<&'static str> {
    Request::get(path).body("request body").unwrap()
}

/// A body that has no bytes of its own: what the layer must not ask for.
#[derive(Debug, PartialEq)]
struct Opaque;

impl Body for Opaque {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(
        self: Pin<&mut Self>,
        _cx: &mut task::Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        Poll::Ready(Some(Err("broken off")))
    }
}

async fn first_frame<B: Body<Data = Bytes>>(body: B) -> Option<Result<Bytes, B::Error>> {
    let frame = std::pin::pin!(body).frame().await?;
    Some(frame.map(|frame| frame.into_data().unwrap_or_default()))
}

#[tokio::test]
async fn a_request_is_told_its_route_or_passed_on_or_refused() {
    let passed = Some((None, None));
    let found = Some((Some(Matched(7)), Some("rex".to_owned())));
    let cases = [
        ("match", layer(), "/pets/rex", found.clone()),
        (
            "match, required",
            layer().required(true),
            "/pets/rex",
            found,
        ),
        ("no match", layer(), "/cats", passed.clone()),
        ("no match, required", layer().required(true), "/cats", None),
        (
            "disabled",
            layer().enabled(false),
            "/pets/rex",
            passed.clone(),
        ),
        (
            "disabled, required",
            layer().required(true).enabled(false),
            "/cats",
            passed,
        ),
    ];
    for (name, layer, path, expected) in cases {
        let mut seen = None;
        let inner = service_fn(|request: Request<&'static str>| {
            let context = Context::get(request.extensions());
            let id = context.and_then(|context| context.path_parameter("id"));
            seen = Some((
                request.extensions().get::<Matched<u8>>().copied(),
                id.map(str::to_owned),
            ));
            std::future::ready(Ok::<_, Infallible>(Response::new(Opaque)))
        });
        let response = layer.layer(inner).oneshot(get(path)).await.unwrap();
        let status = if expected.is_some() { 200 } else { 403 };
        assert_eq!(response.status(), status, "{name}");
        assert_eq!(seen, expected, "{name}");
    }
}

#[tokio::test]
async fn the_refusal_is_that_of_a_rest_api() {
    let inner =
        service_fn(async |_: Request<&'static str>| Ok::<_, Infallible>(Response::new(Opaque)));
    let service = layer().required(true).layer(inner);
    let response = service.oneshot(get("/cats")).await.unwrap();
    let headers = response.headers();
    assert_eq!(
        headers["x-amzn-errortype"],
        "MissingAuthenticationTokenException"
    );
    let rejection = response.extensions().get::<Rejection>().unwrap();
    assert_eq!(rejection.step(), Step::Route);
    let body = response.into_body();
    assert_eq!(body.size_hint().exact(), Some(42));
    assert!(!body.is_end_stream());
    assert_eq!(
        first_frame(body).await,
        Some(Ok(Bytes::from_static(
            br#"{"message":"Missing Authentication Token"}"#
        )))
    );
}

#[tokio::test]
async fn errors_and_bodies_of_the_inner_service_pass_untouched() {
    let failing =
        service_fn(async |_: Request<&'static str>| Err::<Response<Opaque>, _>("inner error"));
    let error = layer().layer(failing).oneshot(get("/pets/1")).await;
    assert_eq!(error.unwrap_err(), "inner error");

    let answering = service_fn(async |request: Request<&'static str>| {
        assert_eq!(*request.body(), "request body");
        Ok::<_, Infallible>(Response::new(Opaque))
    });
    let response = layer()
        .layer(answering)
        .oneshot(get("/pets/1"))
        .await
        .unwrap();
    assert_eq!(
        first_frame(response.into_body()).await,
        Some(Err("broken off"))
    );
}

#[tokio::test]
async fn the_path_is_the_one_behind_the_stage() {
    let mut request = get("/prod/pets/rex");
    Context::of(&mut request).note_stage(StagePath {
        info: Arc::new(StageInfo::default()),
        path_start: 0,
        resource_start: "/prod".len(),
    });
    let inner = service_fn(async |request: Request<&'static str>| {
        let context = Context::get(request.extensions()).unwrap();
        assert_eq!(context.path_parameter("id"), Some("rex"));
        assert_eq!(context.resource().unwrap().path(), "/pets/{id}");
        Ok::<_, Infallible>(Response::new(Opaque))
    });
    let response = layer()
        .required(true)
        .layer(inner)
        .oneshot(request)
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
}

#[tokio::test]
async fn readiness_is_that_of_the_inner_service() {
    for layer in [layer(), layer().required(true), layer().enabled(false)] {
        assert_readiness(
            layer,
            |_: Request<&'static str>| Response::new(Opaque),
            || vec![get("/pets/1"), get("/cats"), get("/pets/2")],
        )
        .await;
    }
}
