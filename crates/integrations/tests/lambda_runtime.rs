//! Handlers that were written for the official runtime, without a change.

#![cfg(feature = "lambda-runtime")]

#[path = "support/api.rs"]
mod api;

use api::{ARN, ask};
use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use http::{Request, Response};
use lambda_http::{IntoResponse, RequestExt, request::RequestContext};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde::Deserialize;
use serde_json::{Value, json};
use towergate_core::{Context, Function as _, FunctionError, Invocation, SystemRandom, Timestamp};
use towergate_integrations::{Body, Lambda};

async fn told(response: Response<Body>) -> (u16, String) {
    let body = response.status().as_u16();
    let text = response.into_body().collect(1_000).await.expect("a body");
    (body, String::from_utf8_lossy(&text).into_owned())
}

async fn document(function: &Lambda, payload: &'static str) -> Value {
    let context = Context::of(&mut Request::new(()));
    match function
        .invoke(Invocation::new(&context, ARN, payload))
        .await
    {
        Err(FunctionError::Failed(document)) => serde_json::from_slice(&document).expect("JSON"),
        result => panic!("the function does not fail: {result:?}"),
    }
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
    let response = ask(Lambda::runtime(service_fn(handler)), request).await;
    assert_eq!(
        told(response.unwrap()).await,
        (201, "PUT 7 true".to_owned())
    );
}

#[tokio::test]
async fn a_handler_gets_the_context_of_its_invocation() {
    let function = Lambda::runtime(service_fn(async |event: LambdaEvent<Value>| {
        Ok::<_, Error>(serde_json::to_value(event.context)?)
    }));
    let context = Context::of(&mut Request::new(()));
    let trace = context.trace(&SystemRandom).to_owned();
    let invocation =
        Invocation::new(&context, ARN, "{}").with_deadline(Timestamp::from_unix_millis(1_234));
    let seen = function.invoke(invocation).await.unwrap();
    let seen: Value = serde_json::from_slice(&seen).unwrap();
    assert_eq!(seen["request_id"], context.request_id().as_str());
    assert_eq!(seen["deadline"], 1_234);
    assert_eq!(seen["invoked_function_arn"], ARN);
    assert_eq!(seen["xray_trace_id"], trace);
    assert_eq!(seen["env_config"]["function_name"], "pets");
    assert_eq!(seen["env_config"]["version"], "live");
}

#[tokio::test]
async fn a_failure_is_the_error_document_of_the_runtime() {
    #[derive(Debug, Deserialize)]
    struct Pets {
        pets: Vec<u8>,
    }
    async fn handler(event: LambdaEvent<Pets>) -> Result<Value, Error> {
        assert_ne!(event.payload.pets, [0], "no pet");
        Err("no pets".into())
    }
    const DESERIALIZE: &str = "&lambda_runtime::deserializer::DeserializeError";
    let function = Lambda::runtime(service_fn(handler));
    let cases = [
        (
            r#"{"pets":[1]}"#,
            "&alloc::boxed::Box<dyn core::error::Error + core::marker::Send + core::marker::Sync>",
            "no pets",
        ),
        (
            r#"{"pets":[0]}"#,
            "&alloc::boxed::Box<dyn core::any::Any + core::marker::Send>",
            "Lambda panicked: assertion `left != right` failed: no pet\n  left: [0]\n right: [0]",
        ),
        (
            r#"{"pets":[1,""]}"#,
            DESERIALIZE,
            "failed to deserialize the incoming data into the function's payload type: [pets[1]] pets[1]: invalid type: string \"\", expected u8 at line 1 column 13\n",
        ),
        (
            "[",
            DESERIALIZE,
            "failed to deserialize the incoming data into the function's payload type: EOF while parsing a list at line 1 column 1\n",
        ),
    ];
    for (payload, error_type, message) in cases {
        let expected = json!({"errorType": error_type, "errorMessage": message});
        assert_eq!(document(&function, payload).await, expected, "{payload}");
    }
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
    let function = Lambda::http_runtime(service_fn(handler));
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
    let document = document(&function, "{}").await;
    assert_eq!(
        document["errorType"],
        "&lambda_runtime::deserializer::DeserializeError"
    );
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
        (
            "text",
            Lambda::http_runtime(service_fn(text)),
            (200, "text"),
        ),
        (
            "bytes",
            Lambda::http_runtime(service_fn(bytes)),
            (200, "\0bytes"),
        ),
        (
            "a status",
            Lambda::http_runtime(service_fn(status)),
            (409, "taken"),
        ),
        (
            "a response",
            Lambda::http_runtime(service_fn(whole)),
            (404, ""),
        ),
    ];
    for (name, function, (status, body)) in cases {
        let request = Request::get("/prod/pets/7").header("accept", "image/png");
        let response = ask(function, request.body("").unwrap()).await.unwrap();
        assert_eq!(told(response).await, (status, body.to_owned()), "{name}");
    }
}
