//! Functions that say who may call: what counts of their answers, and what does not.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

#[path = "support/stub_function.rs"]
mod stub_function;

use std::{sync::Arc, time::Duration};

use http::{HeaderValue, Request};
use serde_json::{Value, json};
use stub_function::StubFunction;
use towergate_authorizers::{
    Authorize, AuthorizeRequest, Decision, LambdaAuthorizer, LambdaAuthorizerBuilder, LambdaFormat,
    MAX_ANSWER_BYTES, MAX_ARN_BYTES, policy::ApiArn, resource_policy::ResourcePolicy,
};
use towergate_core::Context;
use towergate_testing::FakeClock;

fn builder(format: LambdaFormat, function: &Arc<StubFunction>) -> LambdaAuthorizerBuilder {
    LambdaAuthorizer::builder(
        format,
        Arc::clone(function) as _,
        "arn:aws:lambda:::function:f",
    )
}

async fn ask(builder: LambdaAuthorizerBuilder, arn: &str) -> Decision {
    let authorizer = builder
        .build(FakeClock::default(), FakeClock::default())
        .unwrap();
    let mut request = Request::get("/pets").body(()).unwrap();
    let context = Context::of(&mut request);
    let arn = || arn.to_owned();
    let request = AuthorizeRequest::new(&context, request.headers()).with_resource(&arn);
    authorizer.authorize(&request).await
}

fn status(decision: &Decision) -> u16 {
    match decision {
        Ok(_) => 200,
        Err(refusal) => refusal.rejection().status().as_u16(),
    }
}

fn policy(effect: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": {"Effect": effect, "Action": "*", "Resource": "*"}})
}

#[tokio::test]
async fn only_a_whole_answer_counts() {
    use LambdaFormat::{HttpApi1, HttpApi2, HttpApi2Simple, Request, WebSocket};
    let with = |name: &str, value: Value| {
        let mut answer = json!({"principalId": "u", "policyDocument": policy("Allow")});
        answer[name] = value;
        json!({ "return": answer })
    };
    let text = |text: String| json!({ "text": text });
    let allow = policy("Allow").to_string();
    let simple = |answer: Value| json!({ "return": answer });
    let cases = [
        ("allow", Request, with("principalId", json!("u")), 200),
        ("deny", Request, with("policyDocument", policy("Deny")), 403),
        ("null members", Request, with("context", Value::Null), 200),
        ("no principal", Request, with("principalId", Value::Null), 500),
        ("key of a number", Request, with("usageIdentifierKey", json!(7)), 500),
        ("no policy", Request, with("policyDocument", Value::Null), 500),
        ("unknown member", Request, with("extra", json!(1)), 500),
        ("null in context", Request, with("context", json!({"a": null})), 500),
        ("object in context", WebSocket, with("context", json!({"a": {}})), 500),
        ("object in context, 1.0", HttpApi1, with("context", json!({"a": {}})), 500),
        ("object in context, 2.0", HttpApi2, with("context", json!({"a": {}})), 200),
        ("no object", Request, json!({"return": "Allow"}), 500),
        ("nothing", Request, json!({"return": null}), 500),
        ("no JSON", Request, text("Allow".to_owned()), 500),
        (
            "s14: a member twice",
            Request,
            text(format!(r#"{{"principalId":"a","principalId":"b","policyDocument":{allow}}}"#)),
            500,
        ),
        (
            "s14: a member of the policy twice",
            Request,
            text(r#"{"principalId":"a","policyDocument":{"Statement":{"Effect":"Deny","Effect":"Allow","Action":"*","Resource":"*"}}}"#.to_owned()),
            500,
        ),
        (
            "s14: a member of a typed context twice",
            HttpApi2Simple,
            text(r#"{"isAuthorized":true,"context":{"a":1,"a":2}}"#.to_owned()),
            500,
        ),
        ("simple", HttpApi2Simple, simple(json!({"isAuthorized": true})), 200),
        ("simple, no", HttpApi2Simple, simple(json!({"isAuthorized": false})), 403),
        ("simple, null", HttpApi2Simple, simple(json!({"isAuthorized": null})), 500),
        ("simple, elsewhere", HttpApi2, simple(json!({"isAuthorized": true})), 500),
        ("s15: unreachable", Request, json!({"unreachable": null}), 500),
        ("s15: not invocable", Request, json!({"not_invocable": null}), 500),
        ("s15: unauthorized", Request, json!({"throw": "Unauthorized"}), 401),
        ("s15: an error of another type", Request, json!({"function_error": "Unauthorized"}), 500),
    ];
    for (name, format, behaviour, expected) in cases {
        let function = StubFunction::new(behaviour);
        let decision = ask(builder(format, &function), "arn").await;
        assert_eq!(status(&decision), expected, "{name}: {decision:?}");
        assert_eq!(function.calls(), 1, "{name}");
    }
}

#[tokio::test]
async fn answers_arns_and_waits_are_bounded() {
    let answer = json!({"principalId": "", "policyDocument": policy("Allow")}).to_string();
    let padded = |length: usize| {
        let name = "u".repeat(length - answer.len());
        json!({"text": answer.replacen(r#""""#, &format!(r#""{name}""#), 1)})
    };
    let zero = Duration::ZERO;
    let ten = Duration::from_secs(10);
    let cases = [
        ("the longest answer", padded(MAX_ANSWER_BYTES), 1, ten, 200),
        (
            "too long an answer",
            padded(MAX_ANSWER_BYTES + 1),
            1,
            ten,
            500,
        ),
        ("the longest ARN", padded(1_000), MAX_ARN_BYTES, ten, 200),
        (
            "too long an ARN",
            padded(1_000),
            MAX_ARN_BYTES + 1,
            ten,
            414,
        ),
        ("no answer in time", json!({"timeout": null}), 1, zero, 500),
    ];
    for (name, behaviour, arn, timeout, expected) in cases {
        let function = StubFunction::new(behaviour);
        let builder = builder(LambdaFormat::Request, &function).timeout(timeout);
        let decision = ask(builder, &"a".repeat(arn)).await;
        assert_eq!(status(&decision), expected, "{name}: {decision:?}");
    }
}

#[tokio::test]
async fn context_is_told_as_text_or_with_its_types() {
    let function = StubFunction::new(json!({"text": format!(
        r#"{{"principalId":"u","policyDocument":{},"usageIdentifierKey":"key","context":
            {{"s":"a\"b","n":1.50,"big":12345678901234567890123,"b":false,"claims":"x","principalId":"evil"}}}}"#,
        policy("Allow"))}));
    let authorized = ask(builder(LambdaFormat::Request, &function), "arn")
        .await
        .unwrap();
    let identity = authorized.to_identity();
    let entries: Vec<_> = identity
        .authorizer
        .iter()
        .map(|(k, v)| (&**k, &**v))
        .collect();
    let expected = [
        ("b", "false"),
        ("big", "12345678901234567890123"),
        ("n", "1.50"),
        ("s", "a\"b"),
    ];
    assert_eq!(entries, expected);
    assert_eq!(authorized.principal_id(), Some("u"));
    assert_eq!(authorized.usage_identifier_key(), Some("key"));
    assert_eq!(authorized.typed_context(), None);

    let context = json!({"n": 1, "o": {"a": [true]}, "z": null});
    let answer = json!({"isAuthorized": true, "context": context});
    function.behave(json!({ "return": answer }));
    let authorized = ask(builder(LambdaFormat::HttpApi2Simple, &function), "arn")
        .await
        .unwrap();
    assert_eq!(json!(authorized.typed_context().unwrap()), context);
    assert_eq!(authorized.entry("o"), Some(r#"{"a":[true]}"#));
    assert_eq!(authorized.entry("z"), None);
}

#[tokio::test]
async fn s16_what_a_function_adds_stays_text_that_no_header_takes() {
    let answer = json!({"principalId": "u", "policyDocument": policy("Allow"), "context": {
        "crlf": "a\r\nset-cookie: b", "nul": "a\0b"}});
    let function = StubFunction::new(json!({ "return": answer }));
    let authorized = ask(builder(LambdaFormat::Request, &function), "arn")
        .await
        .unwrap();
    for key in ["crlf", "nul"] {
        let value = authorized.entry(key).unwrap();
        assert!(HeaderValue::from_str(value).is_err(), "{key}");
    }
}

#[tokio::test]
async fn the_apis_own_policy_is_asked_before_and_with_the_functions() {
    let api = ApiArn::new("us-east-1", "123456789012", "pets");
    let resource_policy = |effect: &str, principal: &str| {
        let statement =
            json!({"Effect": effect, "Principal": principal, "Action": "*", "Resource": "*"});
        let document = json!({"Version": "2012-10-17", "Statement": statement});
        ResourcePolicy::parse(&document.to_string(), &api).unwrap()
    };
    let elsewhere = json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "other"}});
    let cases = [
        (
            "denied before the function is called",
            resource_policy("Deny", "*"),
            policy("Allow"),
            403,
            0,
        ),
        (
            "allowed by the API's where the function is silent",
            resource_policy("Allow", "*"),
            elsewhere,
            200,
            1,
        ),
        (
            "allowed by both",
            resource_policy("Allow", "*"),
            policy("Allow"),
            200,
            1,
        ),
        (
            "denied by the function's",
            resource_policy("Allow", "*"),
            policy("Deny"),
            403,
            1,
        ),
    ];
    for (name, own, functions, expected, calls) in cases {
        let answer = json!({"principalId": "u", "policyDocument": functions});
        let function = StubFunction::new(json!({ "return": answer }));
        let builder = builder(LambdaFormat::Request, &function).resource_policy(own);
        let decision = ask(builder, &api.method("prod", "GET", "/pets")).await;
        assert_eq!(status(&decision), expected, "{name}: {decision:?}");
        assert_eq!(function.calls(), calls, "{name}");
    }
}

#[tokio::test]
async fn s12_nothing_that_a_function_says_is_shown() {
    let answer = json!({"principalId": "u", "policyDocument": policy("Allow"),
        "context": {"k": "secret"}, "usageIdentifierKey": "secret"});
    let function = StubFunction::new(json!({ "return": answer }));
    let authorized = ask(builder(LambdaFormat::Request, &function), "arn")
        .await
        .unwrap();
    assert!(!format!("{authorized:?}").contains("secret"));
    function.behave(json!({"function_error": {"errorMessage": "secret"}}));
    let refusal = ask(builder(LambdaFormat::Request, &function), "arn")
        .await
        .unwrap_err();
    assert!(!format!("{refusal:?}").contains("secret"));
}
