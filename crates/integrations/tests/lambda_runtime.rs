//! Handlers that were written for the official runtime, without a change.

#![cfg(feature = "lambda-runtime")]

#[path = "support/api.rs"]
mod api;

use api::{ARN, ask};
use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use http::{Request, Response};
use lambda_http::{IntoResponse, RequestExt, request::RequestContext};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};
use towergate_integrations::{Body, Lambda};

async fn told(response: Response<Body>) -> (u16, String) {
    let body = response.status().as_u16();
    let text = response.into_body().collect(1_000).await.expect("a body");
    (body, String::from_utf8_lossy(&text).into_owned())
}

#[tokio::test]
async fn an_event_handler_answers_a_method() {
    async fn handler(
        event: LambdaEvent<ApiGatewayProxyRequest>,
    ) -> Result<ApiGatewayProxyResponse, Error> {
        let (event, context) = event.into_parts();
        let mut answer = ApiGatewayProxyResponse::default();
        answer.status_code = 201;
        let id = event.path_parameters.get("id").ok_or("no id")?;
        let same = event.request_context.request_id == Some(context.request_id);
        answer.body = Some(format!("{} {id} {same}", event.http_method).into());
        Ok(answer)
    }
    let request = Request::put("/prod/pets/7").body("").unwrap();
    let response = ask(Lambda::lambda_runtime(service_fn(handler)), request).await;
    assert_eq!(
        told(response.unwrap()).await,
        (201, "PUT 7 true".to_owned())
    );
}

#[tokio::test]
async fn an_http_handler_answers_a_method() {
    async fn handler(request: lambda_http::Request) -> Result<impl IntoResponse, Error> {
        let RequestContext::ApiGatewayV1(context) = request.request_context() else {
            return Err("not an event of a REST API".into());
        };
        let seen = json!({
            "method": request.method().as_str(),
            "path": request.raw_http_path(),
            "id": request.path_parameters().first("id"),
            "tags": request.query_string_parameters().all("tag"),
            "table": request.stage_variables().first("table"),
            // That crate keeps the last value alone.
            "headers": request.headers().get_all("x-tag").iter().count(),
            "body": String::from_utf8_lossy(request.body()),
            "arn": request.lambda_context().invoked_function_arn,
            "stage": context.stage,
        });
        if request.body().is_empty() {
            return Err("no body".into());
        }
        Ok(seen)
    }
    let function = Lambda::lambda_http(service_fn(handler));
    let request = Request::post("/prod/pets/7?tag=a&tag=b+c")
        .header("x-tag", "one")
        .header("x-tag", "two")
        .header("content-type", "image/png");
    let response = ask(function.clone(), request.body("hi").unwrap())
        .await
        .unwrap();
    assert_eq!(response.headers()["content-type"], "application/json");
    let (status, seen) = told(response).await;
    let expected = json!({
        "method": "POST",
        "path": "/pets/7",
        "id": "7",
        "tags": ["a", "b c"],
        "table": "blue",
        "headers": 1,
        "body": "hi",
        "arn": ARN,
        "stage": "prod",
    });
    assert_eq!(
        (status, serde_json::from_str::<Value>(&seen).unwrap()),
        (200, expected)
    );

    let failed = ask(
        function.clone(),
        Request::get("/prod/pets/7").body("").unwrap(),
    )
    .await;
    assert_eq!(failed.unwrap_err().status(), 502);
}

#[tokio::test]
async fn an_http_handler_answers_in_every_form() {
    async fn text(_: lambda_http::Request) -> Result<impl IntoResponse, Error> {
        Ok("text")
    }
    async fn bytes(_: lambda_http::Request) -> Result<impl IntoResponse, Error> {
        Ok(b"\0bytes".to_vec())
    }
    async fn status(_: lambda_http::Request) -> Result<impl IntoResponse, Error> {
        Ok((http::StatusCode::CONFLICT, "taken".to_owned()))
    }
    async fn whole(_: lambda_http::Request) -> Result<impl IntoResponse, Error> {
        let builder = Response::builder().status(404);
        Ok(builder.body(lambda_http::Body::Empty)?)
    }
    let cases = [
        ("text", Lambda::lambda_http(service_fn(text)), (200, "text")),
        (
            "bytes",
            Lambda::lambda_http(service_fn(bytes)),
            (200, "\0bytes"),
        ),
        (
            "a status",
            Lambda::lambda_http(service_fn(status)),
            (409, "taken"),
        ),
        (
            "a response",
            Lambda::lambda_http(service_fn(whole)),
            (404, ""),
        ),
    ];
    for (name, function, (status, body)) in cases {
        let request = Request::get("/prod/pets/7").header("accept", "image/png");
        let response = ask(function, request.body("").unwrap()).await.unwrap();
        assert_eq!(told(response).await, (status, body.to_owned()), "{name}");
    }
}
