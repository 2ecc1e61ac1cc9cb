//! Functions of this process: what their handlers see, and what becomes of what they return.

use std::{
    convert::Infallible,
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use http::{Request, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::Notify;
use tower::service_fn;
use towergate_core::{Body, Context, Function, FunctionError, Invocation, InvocationType};
use towergate_functions::{Lambda, ProxyRequestContext};

const ARN: &str = "arn:aws:lambda:us-east-1:123456789012:function:pets";

fn context() -> Context {
    Context::of(&mut Request::new(()))
}

async fn call(lambda: &Lambda, payload: impl Into<Bytes>) -> Result<Bytes, FunctionError> {
    let context = context();
    lambda.invoke(Invocation::new(&context, ARN, payload)).await
}

/// The error document of a function that fails.
async fn document(lambda: &Lambda, payload: impl Into<Bytes>) -> Value {
    match call(lambda, payload).await {
        Err(FunctionError::Failed(document)) => serde_json::from_slice(&document).expect("JSON"),
        result => panic!("the function does not fail: {result:?}"),
    }
}

#[derive(Debug, Clone, Deserialize, Serialize)]
struct Pet {
    name: String,
    age: u8,
}

#[derive(Debug)]
struct NoSuchPet;

impl std::fmt::Display for NoSuchPet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no such pet")
    }
}

async fn birthday(mut pet: Pet) -> Result<Pet, NoSuchPet> {
    match pet.name.as_str() {
        "nobody" => Err(NoSuchPet),
        "panic" => panic!("at the {}", "vet"),
        _ => {
            pet.age += 1;
            Ok(pet)
        }
    }
}

#[tokio::test]
async fn services_and_closures_take_and_return_types() {
    let functions = [
        ("a service", Lambda::function(service_fn(birthday))),
        ("a function", Lambda::from_fn(birthday)),
        (
            "a closure",
            Lambda::from_fn(async |pet: Pet| birthday(pet).await),
        ),
    ];
    for (name, lambda) in functions {
        let older = call(&lambda, r#"{"name":"Rex","age":6}"#).await.unwrap();
        assert_eq!(older, r#"{"name":"Rex","age":7}"#, "{name}");
    }
}

#[tokio::test]
async fn a_failure_is_an_error_document() {
    let lambda = Lambda::function(service_fn(birthday));
    let cases = [
        (
            r#"{"name":"nobody","age":1}"#,
            "&lambda_in_process::NoSuchPet",
            "no such pet",
        ),
        (
            r#"{"name":"panic","age":1}"#,
            "&alloc::boxed::Box<dyn core::any::Any + core::marker::Send>",
            "Lambda panicked: at the vet",
        ),
        (
            r#"{"name":"Rex"}"#,
            "&lambda_runtime::deserializer::DeserializeError",
            "failed to deserialize the incoming data into the function's payload type: missing field `age` at line 1 column 14\n",
        ),
        (
            "Rex",
            "&lambda_runtime::deserializer::DeserializeError",
            "failed to deserialize the incoming data into the function's payload type: expected value at line 1 column 1\n",
        ),
    ];
    for (payload, error_type, message) in cases {
        let expected = json!({"errorType": error_type, "errorMessage": message});
        assert_eq!(document(&lambda, payload).await, expected, "{payload}");
    }
    assert!(call(&lambda, r#"{"name":"Rex","age":6}"#).await.is_ok());

    let text = Lambda::from_fn(async |_: Value| Err::<Value, _>("no"));
    let expected = json!({"errorType": "&&str", "errorMessage": "no"});
    assert_eq!(document(&text, "{}").await, expected);
}

#[tokio::test]
async fn bytes_go_in_and_out_as_they_are_and_nothing_is_an_empty_object() {
    let echo = Lambda::bytes(service_fn(async |payload: Bytes| {
        Ok::<_, Infallible>(payload)
    }));
    for (payload, expected) in [("[1, 2]", "[1, 2]"), ("<a>", "<a>"), ("", "{}")] {
        assert_eq!(call(&echo, payload).await.unwrap(), expected, "{payload}");
    }
}

#[tokio::test]
async fn payloads_are_bounded_both_ways() {
    const LIMIT: usize = 6_291_556;
    let long = Lambda::bytes(service_fn(async |payload: Bytes| {
        let length = str::from_utf8(&payload).unwrap().trim().parse().unwrap();
        Ok::<_, Infallible>(Bytes::from(vec![b' '; length]))
    }));
    let http = Lambda::http(service_fn(async |request: Request<Body>| {
        let length = request
            .uri()
            .path()
            .trim_start_matches('/')
            .parse()
            .unwrap();
        Ok::<_, Infallible>(Response::new(Body::from("x".repeat(length))))
    }));
    let angry = Lambda::from_fn(async |length: usize| Err::<(), _>("x".repeat(length)));
    let event = |length| json!({"httpMethod": "GET", "path": format!("/{length}")}).to_string();

    assert_eq!(call(&long, LIMIT.to_string()).await.unwrap().len(), LIMIT);
    let cases = [
        ("bytes", document(&long, (LIMIT + 1).to_string()).await),
        ("a body", document(&http, event(LIMIT + 1)).await),
        ("a body and its frame", document(&http, event(LIMIT)).await),
        ("an error", document(&angry, LIMIT.to_string()).await),
    ];
    for (name, document) in cases {
        assert_eq!(
            document["errorType"], "Function.ResponseSizeTooLarge",
            "{name}"
        );
    }

    let mut payload = b"1".to_vec();
    payload.resize(6_291_456, b' ');
    assert_eq!(call(&long, payload.clone()).await.unwrap(), " ");
    payload.push(b' ');
    let refused = call(&long, payload).await;
    assert!(matches!(refused, Err(FunctionError::Refused { status, .. }) if status == 413));
}

/// A body that knows when it is gone.
struct Guard(Arc<AtomicUsize>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn a_call_that_is_dropped_drops_its_handler() {
    let (dropped, started) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
    let hangs = {
        let (dropped, started) = (Arc::clone(&dropped), Arc::clone(&started));
        Lambda::from_fn(move |_: Value| {
            let guard = Guard(Arc::clone(&dropped));
            let started = Arc::clone(&started);
            async move {
                started.notify_one();
                pending::<()>().await;
                drop(guard);
                Ok::<_, Infallible>(())
            }
        })
    };
    tokio::select! {
        result = call(&hangs, "{}") => panic!("it ends: {result:?}"),
        () = started.notified() => {}
    }
    assert_eq!(dropped.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn an_event_runs_beside_its_caller() {
    let (seen, results) = (Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
    let lambda = {
        let (seen, results) = (Arc::clone(&seen), Arc::clone(&results));
        Lambda::from_fn(move |event: Value| {
            let (seen, results) = (Arc::clone(&seen), Arc::clone(&results));
            async move {
                results.fetch_add(1, Ordering::SeqCst);
                seen.notify_one();
                assert_ne!(event["do"], "panic");
                if event["do"] == "fail" {
                    Err("no")
                } else {
                    Ok("result")
                }
            }
        })
    };
    for (calls, action) in ["answer", "fail", "panic", "answer"]
        .into_iter()
        .enumerate()
    {
        let context = context();
        let payload = json!({"do": action}).to_string();
        let event =
            Invocation::new(&context, ARN, payload).with_invocation_type(InvocationType::Event);
        assert_eq!(lambda.invoke(event).await.unwrap(), "", "{action}");
        assert_eq!(results.load(Ordering::SeqCst), calls, "{action}");
        seen.notified().await;
    }
}

#[tokio::test]
async fn an_http_service_answers_proxy_events() {
    let lambda = Lambda::http(service_fn(async |request: Request<Body>| {
        let extensions = request.extensions();
        assert!(Context::get(extensions).is_some());
        let stage = extensions.get::<ProxyRequestContext>().unwrap().0["stage"].clone();
        let (head, body) = request.into_parts();
        let body = body.collect(100).await.unwrap();
        let seen = format!(
            "{} {} {:?} {} {}",
            head.method,
            head.uri,
            head.headers.get_all("x-a").iter().collect::<Vec<_>>(),
            String::from_utf8_lossy(&body),
            stage.as_str().unwrap(),
        );
        match head.uri.path() {
            "/fails" => Err("broken"),
            "/breaks" => Ok(Response::new(Body::new(Broken))),
            _ => Ok(Response::builder()
                .status(201)
                .header("x-b", "1")
                .body(seen.into())
                .unwrap()),
        }
    }));
    let event = |path: &str| {
        json!({
            "httpMethod": "PUT",
            "path": path,
            "multiValueHeaders": {"X-A": ["1", "2"]},
            "multiValueQueryStringParameters": {"q": ["a b"]},
            "requestContext": {"stage": "prod"},
            "body": "aGk=",
            "isBase64Encoded": true,
        })
    };
    let result = call(&lambda, event("/pets/1").to_string()).await.unwrap();
    let expected = json!({
        "statusCode": 201,
        "multiValueHeaders": {"x-b": ["1"]},
        "body": r#"PUT /pets/1?q=a%20b ["1", "2"] hi prod"#,
        "isBase64Encoded": false,
    });
    assert_eq!(serde_json::from_slice::<Value>(&result).unwrap(), expected);

    let failures = [
        ("/fails", "broken"),
        ("/breaks", "the body cannot be read to its end"),
    ];
    for (path, message) in failures {
        let document = document(&lambda, event(path).to_string()).await;
        assert_eq!(document["errorMessage"], message, "{path}");
    }
    let document = document(&lambda, "{}").await;
    assert_eq!(
        document["errorType"],
        "&lambda_runtime::deserializer::DeserializeError"
    );
}

/// A body that breaks off.
struct Broken;

impl http_body::Body for Broken {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, &'static str>>> {
        std::task::Poll::Ready(Some(Err("broken off")))
    }
}
