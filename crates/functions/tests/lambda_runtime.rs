//! What handlers that were written for the official runtime see, and what becomes of their failures.

#![cfg(feature = "lambda-runtime")]

use http::Request;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde::Deserialize;
use serde_json::{Value, json};
use towergate_core::{Context, Function, FunctionError, Invocation, SystemRandom, Timestamp};
use towergate_functions::Lambda;

const ARN: &str = "arn:aws:lambda:us-east-1:123456789012:function:pets:live";

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
async fn a_handler_gets_the_context_of_its_invocation() {
    let function = Lambda::lambda_runtime(service_fn(async |event: LambdaEvent<Value>| {
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
    let function = Lambda::lambda_runtime(service_fn(handler));
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
async fn an_event_that_is_no_request_is_a_failure_of_an_http_handler() {
    async fn handler(_: lambda_http::Request) -> Result<&'static str, Error> {
        Ok("a request")
    }
    let document = document(&Lambda::lambda_http(service_fn(handler)), "{}").await;
    assert_eq!(
        document["errorType"],
        "&lambda_runtime::deserializer::DeserializeError"
    );
}
