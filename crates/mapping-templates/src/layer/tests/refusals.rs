//! What is refused, by the layer or further in.

use std::{
    future::ready,
    pin::Pin,
    sync::atomic::{AtomicBool, Ordering},
};

use http_body::Frame;
use towergate_core::BodyError;

use super::*;

/// A body of one frame, which breaks off behind it if it is told to.
struct Stream {
    frame: Option<&'static [u8]>,
    breaks: bool,
}

impl Stream {
    fn new(frame: &'static [u8]) -> Self {
        Self {
            frame: Some(frame),
            breaks: false,
        }
    }

    fn broken() -> Self {
        Self {
            frame: Some(b"x"),
            breaks: true,
        }
    }
}

impl http_body::Body for Stream {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut task::Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        Poll::Ready(match self.frame.take() {
            Some(bytes) => Some(Ok(Frame::data(Bytes::from_static(bytes)))),
            None if mem::take(&mut self.breaks) => Some(Err(BodyError::Read("broken off".into()))),
            None => None,
        })
    }
}

#[tokio::test]
async fn what_cannot_be_rendered_is_refused() {
    let body = template("$input.body");
    let internal = r#"{"message": "Internal server error"}"#;
    let request = TransformLayer::new()
        .request_template(JSON, body.clone())
        .max_body_bytes(3);
    let response = TransformLayer::new()
        .response_template(JSON, body)
        .max_body_bytes(3);
    let throws = template("$input.path('$[')");
    let cases: [(_, _, fn() -> Stream, _, _); 9] = [
        (
            "at the bound",
            request.clone(),
            || Stream::new(b"abc"),
            200,
            "abc",
        ),
        (
            "response at the bound",
            response.clone(),
            || Stream::new(b"abc"),
            200,
            "abc",
        ),
        (
            "over the bound",
            request.clone(),
            || Stream::new(b"abcd"),
            413,
            "HTTP content length exceeded 3 bytes.",
        ),
        (
            "response over the bound",
            response.clone(),
            || Stream::new(b"abcd"),
            500,
            "",
        ),
        (
            "not UTF-8",
            request.clone(),
            || Stream::new(b"\xff"),
            500,
            internal,
        ),
        (
            "response not UTF-8",
            response.clone(),
            || Stream::new(b"\xff"),
            500,
            internal,
        ),
        ("broken off", request, Stream::broken, 400, ""),
        (
            "over the limits",
            TransformLayer::new()
                .request_template(JSON, template("$input.body"))
                .limits(Limits::default().with_max_output_bytes(2)),
            || Stream::new(b"abc"),
            500,
            internal,
        ),
        (
            "throws",
            TransformLayer::new().request_template(JSON, throws),
            || Stream::new(b"{}"),
            500,
            internal,
        ),
    ];
    for (name, layer, stream, status, expected) in cases {
        let called = Arc::new(AtomicBool::new(false));
        let note = Arc::clone(&called);
        let inner = service_fn(move |request: Request<Body>| {
            note.store(true, Ordering::SeqCst);
            ready(Ok::<_, Infallible>(Response::new(request.into_body())))
        });
        let request = Request::post("/").body(stream()).unwrap();
        let response = layer.layer(inner).oneshot(request).await.unwrap();
        let rejection = response.extensions().get::<Rejection>().cloned();
        let answer = finish(response).await;
        assert_eq!(answer.0, status, "{name}");
        assert_eq!(rejection.is_some(), status >= 400, "{name}");
        let of_response = name.contains("response");
        assert_eq!(
            called.load(Ordering::SeqCst),
            status == 200 || of_response,
            "{name}"
        );
        if !expected.is_empty() {
            assert_eq!(answer.2, expected, "{name}");
        }
    }
}

#[tokio::test]
async fn what_is_no_answer_of_a_service_passes() {
    let layer = TransformLayer::new().response_template(
        JSON,
        template("#set($context.responseOverride.status = 201)new"),
    );
    type Respond = fn() -> Response<Body>;
    let refusal = || Rejection::forbidden("test").into_response::<Body>(Default::default());
    let switching = || {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        response
    };
    let plain = || Response::new(Body::from("old"));
    let cases: [(_, _, Respond, _, _); 4] = [
        (
            "refusal",
            layer.clone(),
            refusal,
            403,
            r#"{"message":"Forbidden"}"#,
        ),
        ("switching protocols", layer.clone(), switching, 101, ""),
        ("disabled", layer.clone().enabled(false), plain, 200, "old"),
        ("an answer", layer, plain, 201, "new"),
    ];
    for (name, layer, respond, status, expected) in cases {
        let inner = service_fn(move |_: Request<Body>| ready(Ok::<_, Infallible>(respond())));
        let response = layer.layer(inner).oneshot(post(&[], "{}")).await.unwrap();
        let answer = finish(response).await;
        assert_eq!(
            (answer.0.as_u16(), &*answer.2),
            (status, expected),
            "{name}"
        );
    }
}
