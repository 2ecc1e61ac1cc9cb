//! Functions behind the Invoke API: what goes over the socket, and what becomes of each answer.

#[path = "support/peer.rs"]
mod peer;

use bytes::Bytes;
use peer::{Answer, Peer, soon};
use towergate_client::Client;
use towergate_core::{
    BoxError, Context, Function, FunctionError, Invocation, InvocationType, SystemRandom,
};
use towergate_functions::Lambda;

const ARN: &str = "arn:aws:lambda:us-east-1:123456789012:function:greet:live";

fn lambda(peer: &Peer) -> Lambda {
    Lambda::invoke_api(Client::new(), &peer.url()).expect("a URL")
}

fn context() -> Context {
    Context::of(&mut http::Request::new(()))
}

/// Calls a function and tells what came of it in a line.
async fn call(lambda: &Lambda, payload: &'static str, invocation_type: InvocationType) -> String {
    let context = context();
    let invocation = Invocation::new(&context, ARN, payload).with_invocation_type(invocation_type);
    told(soon(lambda.invoke(invocation)).await)
}

fn told(result: Result<Bytes, FunctionError>) -> String {
    let text = |bytes: &Bytes| String::from_utf8_lossy(bytes).into_owned();
    match &result {
        Ok(payload) => format!("ok {}", text(payload)),
        Err(FunctionError::Failed(document)) => format!("failed {}", text(document)),
        Err(FunctionError::Refused { status, message }) => {
            format!("refused {} {message}", status.as_u16())
        }
        Err(FunctionError::Unreachable(_)) => "unreachable".to_owned(),
        Err(error) => format!("unknown {error}"),
    }
}

#[tokio::test]
async fn a_call_names_the_function_its_version_and_its_type() -> Result<(), BoxError> {
    let peer = Peer::answering([
        Answer::new("200 OK", "", "1"),
        Answer::new("202 Accepted", "", ""),
    ])
    .await;
    let lambda = lambda(&peer);
    let context = context();
    let event = Invocation::new(&context, ARN, "{}").with_invocation_type(InvocationType::Event);
    lambda.invoke(Invocation::new(&context, ARN, "[1]")).await?;
    let trace = context.trace(&SystemRandom).to_owned();
    lambda.invoke(event).await?;

    let heads = peer.heads();
    let expected = [
        ("x-amz-invocation-type: RequestResponse\r\n", "", "[1]"),
        ("x-amz-invocation-type: Event\r\n", trace.as_str(), "{}"),
    ];
    for ((head, body), (invocation_type, trace, payload)) in
        heads.iter().zip(peer.bodies()).zip(expected)
    {
        let line = "POST /2015-03-31/functions/greet/invocations?Qualifier=live HTTP/1.1\r\n";
        assert!(head.starts_with(line), "{head}");
        assert!(head.contains(invocation_type), "{head}");
        assert!(
            head.contains("content-type: application/json\r\n"),
            "{head}"
        );
        assert_eq!(
            head.contains(&format!("x-amzn-trace-id: {trace}\r\n")),
            !trace.is_empty(),
            "{head}"
        );
        assert_eq!(body, payload.as_bytes());
    }
    assert_eq!((heads.len(), peer.connections()), (2, 1));
    Ok(())
}

#[tokio::test]
async fn a_url_of_one_function_is_called_as_it_stands() {
    let peer = Peer::answering([Answer::new("200 OK", "", "1")]).await;
    let url = format!("{}/2015-03-31/functions/function/invocations", peer.url());
    let lambda = Lambda::invoke_api(Client::new(), &url).unwrap();
    assert_eq!(
        call(&lambda, "{}", InvocationType::RequestResponse).await,
        "ok 1"
    );
    let head = peer.heads().concat();
    assert!(
        head.starts_with("POST /2015-03-31/functions/function/invocations HTTP/1.1\r\n"),
        "{head}"
    );
}

#[tokio::test]
async fn each_answer_has_its_meaning() {
    use InvocationType::{Event, RequestResponse};
    let long = format!("{{\"Message\":\"{}\"}}", "m".repeat(600));
    let long_message = format!("refused 500 {}", "m".repeat(512));
    let endless = "x".repeat(20_000);
    let cases = [
        (
            "a result",
            RequestResponse,
            Answer::new("200 OK", "", r#"{"a":1}"#),
            r#"ok {"a":1}"#,
        ),
        (
            "no result",
            RequestResponse,
            Answer::new("200 OK", "", ""),
            "ok ",
        ),
        (
            "not JSON",
            RequestResponse,
            Answer::new("200 OK", "", "<a>"),
            "ok <a>",
        ),
        (
            "an error that the function handled",
            RequestResponse,
            Answer::new(
                "200 OK",
                "X-Amz-Function-Error: Handled\r\n",
                r#"{"errorMessage":"no"}"#,
            ),
            r#"failed {"errorMessage":"no"}"#,
        ),
        (
            "an error that it did not",
            RequestResponse,
            Answer::new("200 OK", "x-amz-function-error: Unhandled\r\n", "{}"),
            "failed {}",
        ),
        (
            "an accepted event",
            Event,
            Answer::new("202 Accepted", "", ""),
            "ok ",
        ),
        (
            "the result of an event",
            Event,
            Answer::new("200 OK", "", "{}"),
            "ok ",
        ),
        (
            "an event that was run and failed",
            Event,
            Answer::new("200 OK", "x-amz-function-error: Unhandled\r\n", "{}"),
            "ok ",
        ),
        (
            "no result where one is waited for",
            RequestResponse,
            Answer::new("202 Accepted", "", ""),
            "refused 202 ",
        ),
        (
            "an unknown function",
            RequestResponse,
            Answer::new(
                "404 Not Found",
                "",
                r#"{"Type":"User","Message":"Function not found"}"#,
            ),
            "refused 404 Function not found",
        ),
        (
            "a busy function",
            Event,
            Answer::new(
                "429 Too Many Requests",
                "",
                r#"{"message":"Rate Exceeded."}"#,
            ),
            "refused 429 Rate Exceeded.",
        ),
        (
            "a proxy's error",
            RequestResponse,
            Answer::new("502 Bad Gateway", "", "<h1>"),
            "refused 502 <h1>",
        ),
        (
            "a redirect",
            RequestResponse,
            Answer::new("307 Temporary Redirect", "location: /elsewhere\r\n", ""),
            "refused 307 ",
        ),
        (
            "a long refusal",
            RequestResponse,
            Answer::new("500 Oh", "", &long),
            &long_message,
        ),
        (
            "a refusal that is not read",
            RequestResponse,
            Answer::new("500 Oh", "", &endless),
            "refused 500 ",
        ),
        (
            "a reset",
            RequestResponse,
            Answer::Reset(Vec::new()),
            "unreachable",
        ),
        (
            "a reset within the result",
            RequestResponse,
            Answer::Reset(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{".to_vec()),
            "unreachable",
        ),
        (
            "no HTTP",
            RequestResponse,
            Answer::Keep(b"what?\r\n\r\n".to_vec()),
            "unreachable",
        ),
    ];
    for (name, invocation_type, answer, expected) in cases {
        let peer = Peer::answering([answer, Answer::new("200 OK", "", "next")]).await;
        let lambda = lambda(&peer);
        assert_eq!(
            call(&lambda, "{}", invocation_type).await,
            expected,
            "{name}"
        );
        let next = call(&lambda, "{}", RequestResponse).await;
        assert_eq!(next, "ok next", "{name}");
    }
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let lambda = Lambda::invoke_api(Client::new(), &url).unwrap();
    for invocation_type in [InvocationType::RequestResponse, InvocationType::Event] {
        assert_eq!(call(&lambda, "{}", invocation_type).await, "unreachable");
    }
}

#[tokio::test]
async fn payloads_are_bounded_both_ways() {
    const LIMIT: usize = 6_291_556;
    let too_large = r#"failed {"errorType":"Function.ResponseSizeTooLarge","errorMessage":"Response payload size exceeded maximum allowed payload size (6291556 bytes)."}"#;
    let result = |bytes: usize| Answer::new("200 OK", "", vec![b' '; bytes]);
    let peer = Peer::answering([result(LIMIT), result(LIMIT + 1), Answer::Endless]).await;
    let lambda = lambda(&peer);
    let largest = call(&lambda, "{}", InvocationType::RequestResponse).await;
    assert_eq!(largest.len(), "ok ".len() + LIMIT);
    for name in ["by its length", "without end"] {
        let result = call(&lambda, "{}", InvocationType::RequestResponse).await;
        assert_eq!(result, too_large, "{name}");
    }
    peer.hang_up().await;

    // None of these is sent: the peer has no answer for them.
    for (invocation_type, limit) in [
        (InvocationType::RequestResponse, 6_291_456),
        (InvocationType::Event, 1_048_576),
    ] {
        let context = context();
        let payload = vec![b' '; limit + 1];
        let invocation =
            Invocation::new(&context, ARN, payload).with_invocation_type(invocation_type);
        let expected = format!(
            "refused 413 Request must be smaller than {limit} bytes for the InvokeFunction operation"
        );
        assert_eq!(told(lambda.invoke(invocation).await), expected);
    }
    assert_eq!(peer.heads().len(), 3);
}

#[tokio::test]
async fn a_call_that_is_dropped_closes_its_connection_and_the_next_works() {
    for (name, bytes) in [
        ("before the head", &b""[..]),
        (
            "within the result",
            b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{",
        ),
    ] {
        let peer = Peer::answering([
            Answer::Stall(bytes.to_vec()),
            Answer::new("200 OK", "", "next"),
        ])
        .await;
        let lambda = lambda(&peer);
        let context = context();
        let hangs = lambda.invoke(Invocation::new(&context, ARN, "{}"));
        tokio::select! {
            result = hangs => panic!("{name}: {}", told(result)),
            () = peer.arrival() => {}
        }
        peer.hang_up().await;
        let next = call(&lambda, "{}", InvocationType::RequestResponse).await;
        assert_eq!(next, "ok next", "{name}");
    }
}
