//! What becomes of a request whose function fails, and that the next one works.

use std::time::Duration;

use towergate::{
    Backends, Client, Gateway, Integration, IntegrationResponse, Lambda, RestApiBuilder,
    StageSettings,
};
use towergate_testing::FakeClock;
use towergate_tests::{
    Answer, Backend, INTERNAL_SERVER_ERROR, api, exchange, fetch, request, serve,
};

const TIMED_OUT: &str = r#"{"message": "Endpoint request timed out"}"#;
const TOO_LONG: &str = r#"{"message": "Request Too Long"}"#;
const TOO_LARGE: &str = r#"{"errorType":"Function.ResponseSizeTooLarge","errorMessage":"Response payload size exceeded maximum allowed payload size (6291556 bytes)."}"#;

/// An Invoke API. Each function answers in its own way.
async fn invoke_api() -> Backend {
    Backend::answering(|request| {
        let name = request.target.strip_prefix("/2015-03-31/functions/");
        let json = |status: &str, headers: &str, body: &str| {
            Answer::new(
                status,
                &format!("content-type: application/json\r\n{headers}"),
                body,
            )
        };
        match name.and_then(|name| name.strip_suffix("/invocations")) {
            Some("error") => json(
                "200 OK",
                "x-amz-function-error: Unhandled\r\n",
                r#"{"errorMessage": "boom"}"#,
            ),
            Some("not-json") => json("200 OK", "", "text"),
            Some("wrong-json") => json("200 OK", "", "[1]"),
            Some("missing") => json("404 Not Found", "", r#"{"Message": "Function not found"}"#),
            Some("throttled") => json(
                "429 Too Many Requests",
                "",
                r#"{"message": "Rate Exceeded"}"#,
            ),
            Some("forbidden") => json("403 Forbidden", "", r#"{"Message": "not authorized"}"#),
            Some("broken") => json("500 Internal Server Error", "", ""),
            Some("oversize") => json("200 OK", "", &" ".repeat(6_291_557)),
            Some("reset") => Answer::Reset,
            Some("nothing") => Answer::close(""),
            Some("half") => Answer::close("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"),
            Some("hang") => Answer::stall(""),
            Some("slow-body") => Answer::stall("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"),
            Some("fine") => json("200 OK", "", r#"{"statusCode": 200, "body": "fine"}"#),
            _ => json("400 Bad Request", "", ""),
        }
    })
    .await
}

/// Puts each function behind a proxy, at `/proxy/NAME`, and behind an integration of its own, at `/custom/NAME`.
fn with_functions(names: &[&str], timeout: u32) -> RestApiBuilder {
    names.iter().fold(api(), |api, name| {
        let proxy = Integration::lambda_proxy(name).timeout_in_millis(timeout);
        let custom = Integration::lambda(name)
            .timeout_in_millis(timeout)
            .response(IntegrationResponse::new(200));
        api.any(&format!("/proxy/{name}"), proxy)
            .any(&format!("/custom/{name}"), custom)
    })
}

fn gateway(api: RestApiBuilder, backends: Backends, functions: &[(&str, &Lambda)]) -> Gateway {
    let gateway = Gateway::builder()
        .backends(backends)
        .api("api", api.build().expect("the API is well formed"))
        .stage("api", StageSettings::new("prod"));
    let functions = functions.iter();
    let gateway = functions.fold(gateway, |gateway, (name, function)| {
        gateway.function(*name, (*function).clone())
    });
    gateway.build().expect("the gateway is well formed")
}

#[tokio::test]
async fn a_function_that_fails_fails_one_request_alone() {
    let ise = INTERNAL_SERVER_ERROR;
    let cases = [
        ("error", (502, ise), (200, r#"{"errorMessage": "boom"}"#)),
        ("not-json", (502, ise), (200, "text")),
        ("wrong-json", (502, ise), (200, "[1]")),
        ("missing", (502, ise), (500, ise)),
        ("throttled", (502, ise), (500, ise)),
        ("forbidden", (500, ise), (500, ise)),
        ("broken", (502, ise), (500, ise)),
        ("oversize", (502, ise), (200, TOO_LARGE)),
        ("reset", (502, ise), (500, ise)),
        ("nothing", (502, ise), (500, ise)),
        ("half", (502, ise), (500, ise)),
        ("refused", (502, ise), (500, ise)),
    ];
    let backend = invoke_api().await;
    let lambda = |url: &str| Lambda::invoke_api(Client::new(), url).unwrap();
    let here = lambda(&backend.url(""));
    let nowhere = lambda(&format!("http://{}", Backend::absent().await));
    let mut names = cases.map(|(name, ..)| name).to_vec();
    names.push("fine");
    let functions: Vec<_> = names
        .iter()
        .map(|name| (*name, if *name == "refused" { &nowhere } else { &here }))
        .collect();
    let api = with_functions(&names, 29_000);
    let gateway = serve(&gateway(api, Backends::new(), &functions)).await;
    for (name, proxy, custom) in cases {
        for (kind, expected) in [("proxy", proxy), ("custom", custom)] {
            let reply = fetch(gateway, &format!("/prod/{kind}/{name}")).await;
            assert_eq!((reply.status, reply.text()), expected, "{kind}: {name}");
            let is_error = reply.header("x-amzn-errortype") == Some("InternalServerErrorException");
            assert_eq!(is_error, reply.status != 200, "{kind}: {name}");
            let next = fetch(gateway, "/prod/proxy/fine").await;
            assert_eq!(
                (next.status, next.text()),
                (200, "fine"),
                "after {kind}: {name}"
            );
        }
    }
}

#[tokio::test]
async fn a_function_that_hangs_times_out_and_its_call_ends() {
    let clock = FakeClock::default();
    let backend = invoke_api().await;
    let lambda = Lambda::invoke_api(Client::new(), &backend.url("")).unwrap();
    let names = ["hang", "slow-body", "fine"];
    let backends = Backends::new().with_time(clock.clone(), clock.clone());
    let functions = names.map(|name| (name, &lambda));
    let gateway = serve(&gateway(with_functions(&names, 100), backends, &functions)).await;
    for name in ["hang", "slow-body"] {
        for kind in ["proxy", "custom"] {
            let target = format!("/prod/{kind}/{name}");
            let reply = tokio::spawn(async move { fetch(gateway, &target).await });
            backend.next().await;
            clock.advance(Duration::from_millis(99));
            tokio::task::yield_now().await;
            assert!(
                !reply.is_finished(),
                "{kind}: {name}: not a millisecond early"
            );
            clock.advance(Duration::from_millis(1));
            let reply = reply.await.unwrap();
            assert_eq!(
                (reply.status, reply.text()),
                (504, TIMED_OUT),
                "{kind}: {name}"
            );
            backend.hang_up().await;
            assert_eq!(fetch(gateway, "/prod/proxy/fine").await.text(), "fine");
            backend.next().await;
        }
    }
}

#[tokio::test]
async fn a_request_over_what_functions_take_is_a_413() {
    let backend = invoke_api().await;
    let lambda = Lambda::invoke_api(Client::new(), &backend.url("")).unwrap();
    let api = with_functions(&["fine"], 29_000);
    let gateway = serve(&gateway(api, Backends::new(), &[("fine", &lambda)])).await;
    let body = format!("\"{}\"", "x".repeat(6_291_456));
    for kind in ["proxy", "custom"] {
        let line = format!("POST /prod/{kind}/fine");
        let headers = [("content-type", "application/json")];
        let reply = exchange(gateway, &request(&line, &headers, &body)).await;
        assert_eq!((reply.status, reply.text()), (413, TOO_LONG), "{kind}");
        assert_eq!(
            reply.header("x-amzn-errortype"),
            Some("BadRequestException"),
            "{kind}"
        );
        assert!(
            backend.take().is_empty(),
            "{kind}: the function is not called"
        );
    }
}
