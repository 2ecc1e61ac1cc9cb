#![cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]

use std::convert::Infallible;

use http::Request;
use http_body_util::BodyExt;
use tower::{Layer, ServiceExt, service_fn};

use super::*;
use crate::{AuthorizeLayer, AuthorizeRequest, Authorized, Refusal, authorize_fn};

const NAME: &str = "x-name";

/// Asks for the caller as a handler does, behind layers that let in who has a name.
async fn ask<E>(layers: &[AuthorizeLayer<impl crate::Authorize + Clone>], name: bool) -> Response
where
    E: FromRequestParts<()> + Told,
{
    let handler = service_fn(async |request: Request<()>| {
        let (mut parts, ()) = request.into_parts();
        let told = E::from_request_parts(&mut parts, &()).await;
        Ok::<_, Infallible>(match told {
            Ok(told) => told.told().into_response(),
            Err(rejection) => rejection.into_response(),
        })
    });
    let request = Request::get("/");
    let request = if name {
        request.header(NAME, "ali")
    } else {
        request
    };
    let request = request.body(()).unwrap();
    match layers {
        [layer] => {
            let response = layer.layer(handler).oneshot(request).await.unwrap();
            response.map(axum_core::body::Body::new)
        }
        _ => handler.oneshot(request).await.unwrap(),
    }
}

/// What a handler makes of its extractor.
trait Told {
    fn told(self) -> String;
}

impl Told for Caller {
    fn told(self) -> String {
        self.0.principal_id.unwrap_or_default()
    }
}

impl Told for Claims {
    fn told(self) -> String {
        format!("{} claims", self.0.claims().len())
    }
}

impl<T: Told> Told for Option<T> {
    fn told(self) -> String {
        self.map_or("a stranger".to_owned(), Told::told)
    }
}

async fn outcome(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn s15_a_handler_that_asks_who_calls_is_not_reached_unless_an_authorizer_found_out() {
    let by_name =
        authorize_fn(
            |request: &AuthorizeRequest<'_>| match request.headers().contains_key(NAME) {
                true => Ok(Authorized::by_host().with_principal_id("ali")),
                false => Err(Refusal::unauthorized("no name")),
            },
        );
    let layer = AuthorizeLayer::new(by_name);
    let (asks, reports, off) = (
        [layer.clone()],
        [layer.clone().report_only(true)],
        [layer.enabled(false)],
    );
    let no_layer = format!(r#"{{"message":"{NO_LAYER}"}}"#);
    let no_token = format!(r#"{{"message":"{NO_TOKEN}"}}"#);
    let cases = [
        ("let in", ask::<Caller>(&asks, true).await, 200, "ali"),
        (
            "refused",
            ask::<Caller>(&asks, false).await,
            401,
            r#"{"message":"Unauthorized"}"#,
        ),
        (
            "no layer",
            ask::<Caller>(&asks[..0], true).await,
            500,
            &no_layer,
        ),
        (
            "a layer that is off",
            ask::<Caller>(&off, true).await,
            500,
            &no_layer,
        ),
        (
            "one that reports",
            ask::<Caller>(&reports, false).await,
            500,
            &no_layer,
        ),
        (
            "strangers served",
            ask::<Option<Caller>>(&reports, false).await,
            200,
            "a stranger",
        ),
        (
            "no layer for claims",
            ask::<Claims>(&asks[..0], true).await,
            500,
            &no_layer,
        ),
        ("no token", ask::<Claims>(&asks, true).await, 500, &no_token),
        (
            "claims if any",
            ask::<Option<Claims>>(&asks, true).await,
            200,
            "a stranger",
        ),
    ];
    for (name, response, status, body) in cases {
        assert_eq!(outcome(response).await, (status, body.to_owned()), "{name}");
    }
}
