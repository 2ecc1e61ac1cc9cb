//! Functions behind an API: what they are told, which one is called, and what a configuration may say of them.

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};
use towergate::{
    Backends, Body, ClientAddress, Gateway, Integration, IntegrationResponse, InvocationType,
    Lambda, RestApi, Severity, StageSettings, TrustedHops,
};
use towergate_testing::{FakeClock, FixedRandom};
use towergate_tests::{INTERNAL_SERVER_ERROR, Recorder, api, ask, get};

const OK: &str = r#"{"statusCode": 200, "body": "ok"}"#;

fn request(method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Request<Body> {
    let mut builder = Request::builder().method(method).uri(target);
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    let body = Body::from(Bytes::copy_from_slice(body));
    builder.body(body).expect("a request")
}

#[tokio::test]
async fn an_event_tells_the_whole_request() {
    let function = Recorder::new(OK);
    let clock = FakeClock::default();
    let backends = Backends::new()
        .with_time(clock.clone(), clock)
        .with_random(FixedRandom::default());
    let api = api().post("/pets/{id}/{rest+}", Lambda::new(function.clone()));
    let gateway = Gateway::builder()
        .backends(backends)
        .account_id("123456789012")
        .api("shop", api.build().unwrap())
        .stage("shop", StageSettings::new("prod").variable("table", "blue"))
        .build()
        .unwrap();
    let headers = [
        ("host", "shop.execute-api.eu-west-1.amazonaws.com"),
        ("user-agent", "probe/1"),
        ("x-tag", "one"),
        ("x-tag", "two"),
        ("authorization", "Bearer t"),
        ("connection", "close"),
        ("x-forwarded-for", "198.51.100.1"),
        (
            "x-amzn-trace-id",
            "Root=1-3152b799-8954dae64eda91bc9a23a7e8;Parent=7fa8c0f79203be72;Sampled=1",
        ),
    ];
    let target = "/prod/pets/a%2Fb/c/d%20e?q=1&q=a+b&flag&z=%C3%A9";
    let mut request = request("POST", target, &headers, b"{\"a\": \"\\u00e9\"}");
    let client = ClientAddress([203, 0, 113, 7].into());
    request.extensions_mut().insert(client);
    assert_eq!(ask(&gateway, request).await.status, 200);
    let trace = "Root=1-3152b799-8954dae64eda91bc9a23a7e8;Parent=7fa8c0f79203be72;Sampled=1";
    let mut event = function.event();
    let context = event["requestContext"].take();
    let expected = json!({
        "resource": "/pets/{id}/{rest+}",
        "path": "/pets/a%2Fb/c/d%20e",
        "httpMethod": "POST",
        "headers": {
            "Host": "shop.execute-api.eu-west-1.amazonaws.com",
            "User-Agent": "probe/1",
            "X-Tag": "two",
            "Authorization": "Bearer t",
            "X-Amzn-Trace-Id": trace,
            "X-Forwarded-For": "198.51.100.1, 203.0.113.7",
            "X-Forwarded-Port": "80",
            "X-Forwarded-Proto": "http",
        },
        "multiValueHeaders": {
            "Host": ["shop.execute-api.eu-west-1.amazonaws.com"],
            "User-Agent": ["probe/1"],
            "X-Tag": ["one", "two"],
            "Authorization": ["Bearer t"],
            "X-Amzn-Trace-Id": [trace],
            "X-Forwarded-For": ["198.51.100.1, 203.0.113.7"],
            "X-Forwarded-Port": ["80"],
            "X-Forwarded-Proto": ["http"],
        },
        "queryStringParameters": {"flag": "", "q": "a b", "z": "é"},
        "multiValueQueryStringParameters": {"flag": [""], "q": ["1", "a b"], "z": ["é"]},
        "pathParameters": {"id": "a%2Fb", "rest": "c/d%20e"},
        "stageVariables": {"table": "blue"},
        "requestContext": null,
        "body": "{\"a\": \"\\u00e9\"}",
        "isBase64Encoded": false,
    });
    assert_eq!(event, expected);
    let keys: Vec<_> = context
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        keys,
        [
            "accountId",
            "apiId",
            "deploymentId",
            "domainName",
            "domainPrefix",
            "stage",
            "requestId",
            "extendedRequestId",
            "httpMethod",
            "path",
            "protocol",
            "resourceId",
            "resourcePath",
            "requestTime",
            "requestTimeEpoch",
            "identity",
        ]
    );
    assert_eq!(context["path"], "/prod/pets/a%2Fb/c/d%20e");
    assert_eq!(context["domainPrefix"], "shop");
    assert_eq!(context["requestTimeEpoch"].as_u64(), Some(0));
    assert_eq!(
        context["identity"],
        json!({
            "accessKey": null, "accountId": null, "caller": null,
            "cognitoAuthenticationProvider": null, "cognitoAuthenticationType": null,
            "cognitoIdentityId": null, "cognitoIdentityPoolId": null, "principalOrgId": null,
            "sourceIp": "203.0.113.7", "user": null, "userAgent": "probe/1", "userArn": null,
        })
    );
}

#[tokio::test]
async fn what_a_request_does_not_have_is_null_and_bytes_are_base64() {
    let function = Recorder::new(OK);
    let api = api()
        .any("/", Lambda::new(function.clone()))
        .binary_media_type("image/*");
    let gateway = towergate_tests::gateway(api.build().unwrap());
    let cases: [(&str, &str, &[u8], Value, bool); 5] = [
        ("nothing", "application/json", b"", Value::Null, false),
        ("text", "application/json", b"{}", json!("{}"), false),
        ("a binary type", "image/png", b"hi", json!("aGk="), true),
        (
            "a binary type without bytes",
            "image/png",
            b"",
            Value::Null,
            false,
        ),
        ("no UTF-8", "text/plain", b"\xff", json!("/w=="), true),
    ];
    for (name, content_type, body, expected, is_base64_encoded) in cases {
        let headers = [("content-type", content_type)];
        ask(&gateway, request("POST", "/prod", &headers, body)).await;
        let event = function.event();
        assert_eq!(event["body"], expected, "{name}");
        assert_eq!(event["isBase64Encoded"], is_base64_encoded, "{name}");
        assert_eq!(event["path"], "/", "{name}");
        for key in [
            "queryStringParameters",
            "multiValueQueryStringParameters",
            "pathParameters",
            "stageVariables",
        ] {
            assert_eq!(event.get(key), Some(&Value::Null), "{name}: {key}");
        }
    }
}

#[tokio::test]
async fn forwarded_headers_tell_what_may_be_believed() {
    const XFF: (&str, &str) = ("x-forwarded-for", "127.0.0.1");
    const PROTO: (&str, &str) = ("x-forwarded-proto", "https");
    type Case = (
        &'static str,
        TrustedHops,
        &'static str,
        Vec<(&'static str, &'static str)>,
        [&'static str; 3],
    );
    let none = TrustedHops::default();
    let cases: Vec<Case> = vec![
        (
            "nobody",
            none,
            "/prod",
            vec![],
            ["203.0.113.7", "80", "http"],
        ),
        (
            "a client's claims",
            none,
            "/prod",
            vec![XFF, PROTO],
            ["127.0.0.1, 203.0.113.7", "80", "http"],
        ),
        (
            "a scheme in the target",
            none,
            "https://a.example/prod",
            vec![],
            ["203.0.113.7", "80", "http"],
        ),
        (
            "no hops",
            TrustedHops::new(0).by_forwarded(),
            "/prod",
            vec![XFF],
            ["127.0.0.1, 203.0.113.7", "80", "http"],
        ),
        (
            "another header",
            TrustedHops::new(1).by_forwarded(),
            "/prod",
            vec![XFF],
            ["127.0.0.1, 203.0.113.7", "80", "http"],
        ),
        (
            "a proxy",
            TrustedHops::new(1),
            "/prod",
            vec![XFF, PROTO],
            ["127.0.0.1", "443", "https"],
        ),
    ];
    for (name, hops, target, headers, expected) in cases {
        let function = Recorder::new(OK);
        let api = api().any("/", Lambda::new(function.clone()));
        let gateway = Gateway::builder()
            .trusted_hops(hops)
            .api("api", api.build().unwrap())
            .stage("api", StageSettings::new("prod"))
            .build()
            .unwrap();
        let mut request = request("GET", target, &headers, b"");
        request
            .extensions_mut()
            .insert(ClientAddress([203, 0, 113, 7].into()));
        assert_eq!(ask(&gateway, request).await.status, 200, "{name}");
        let event = function.event();
        let found = ["X-Forwarded-For", "X-Forwarded-Port", "X-Forwarded-Proto"];
        assert_eq!(
            found.map(|header| event["headers"][header].as_str().unwrap_or("")),
            expected,
            "{name}"
        );
    }
}

#[tokio::test]
async fn what_cannot_fit_is_refused_before_it_is_written() {
    let function = Recorder::new(OK);
    let api = api()
        .any("/", Lambda::new(function.clone()))
        .binary_media_type("image/*");
    let gateway = towergate_tests::gateway(api.build().unwrap());
    let limit = 6_291_456;
    let cases = [
        (
            "bytes that grow by a third",
            "image/png",
            vec![0; limit / 4 * 3 + 1],
            413,
        ),
        (
            "text that does not fit",
            "text/plain",
            vec![b'x'; limit + 1],
            413,
        ),
        (
            "text that grows sixfold",
            "text/plain",
            vec![1; limit / 6],
            413,
        ),
        (
            "text that fits",
            "text/plain",
            vec![b'x'; limit - 4_000],
            200,
        ),
    ];
    for (name, content_type, body, status) in cases {
        let headers = [("content-type", content_type)];
        let reply = ask(&gateway, request("POST", "/prod", &headers, &body)).await;
        assert_eq!(reply.status, status, "{name}");
        assert_eq!(function.take().len(), usize::from(status == 200), "{name}");
    }
}

#[tokio::test]
async fn stage_variables_choose_the_function() {
    const PREFIX: &str = "arn:aws:lambda:us-east-1:123456789012:function:";
    let (green, any) = (Recorder::new(OK), Recorder::new(OK));
    let api = RestApi::builder("api")
        .get(
            "/alias",
            Integration::lambda_proxy(format!("{PREFIX}work:${{stageVariables.alias}}")),
        )
        .get(
            "/whole",
            Integration::lambda_proxy("${stageVariables.function}"),
        )
        .build()
        .unwrap();
    let stage = |name: &str| StageSettings::new(name).variable("function", "work:9");
    let gateway = Gateway::builder()
        .function(format!("{PREFIX}work"), Lambda::new(any.clone()))
        .function(format!("{PREFIX}work:green"), Lambda::new(green.clone()))
        .function("work", Lambda::new(any.clone()))
        .api("api", api)
        .stage("api", stage("green").variable("alias", "green"))
        .stage("api", stage("blue").variable("alias", "blue"))
        .stage("api", stage("none"))
        .stage(
            "api",
            stage("arn").variable("function", format!("{PREFIX}work:green")),
        )
        .stage("api", stage("unknown").variable("function", "other"))
        .stage(
            "api",
            stage("odd")
                .variable("alias", "a:b")
                .variable("function", "a/b"),
        )
        .build()
        .unwrap();
    let cases = [
        ("/green/alias", 200, Some(("green", "work:green"))),
        ("/blue/alias", 200, Some(("any", "work:blue"))),
        ("/blue/whole", 200, Some(("any", "work:9"))),
        ("/arn/whole", 200, Some(("green", "work:green"))),
        ("/unknown/whole", 502, None),
        ("/none/alias", 500, None),
        ("/odd/alias", 500, None),
        ("/odd/whole", 500, None),
    ];
    for (target, status, expected) in cases {
        let reply = ask(&gateway, get(target)).await;
        assert_eq!(reply.status, status, "{target}");
        let calls = [("green", &green), ("any", &any)].map(|(name, function)| {
            let calls = function.take().into_iter();
            calls.map(move |(arn, ..)| (name, arn.trim_start_matches(PREFIX).to_owned()))
        });
        let calls: Vec<_> = calls.into_iter().flatten().collect();
        let expected = expected.map(|(name, arn)| (name, arn.to_owned()));
        assert_eq!(calls, Vec::from_iter(expected), "{target}");
    }
}

#[tokio::test]
async fn a_function_that_is_not_listed_refuses_the_gateway_unless_a_stage_names_it() {
    let cases = [
        ("pets", Some("`pets`")),
        (
            "arn:aws:lambda:us-east-1:123456789012:function:pets",
            Some("function:pets`"),
        ),
        ("known", None),
        (
            "arn:aws:lambda:us-east-1:123456789012:function:known:live",
            None,
        ),
        ("${stageVariables.f}", None),
    ];
    for (arn, expected) in cases {
        let api = api()
            .get("/", Integration::lambda_proxy(arn))
            .build()
            .unwrap();
        let built = Gateway::builder()
            .function("known", Lambda::new(Recorder::new(OK)))
            .api("api", api)
            .build();
        let found = built.err().map(|error| {
            let [found] = error.diagnostics() else {
                panic!("{arn}: {error}");
            };
            assert_eq!(found.severity, Severity::Error, "{arn}");
            assert_eq!(
                found.place.to_string(),
                "apis.api.paths./.get.x-amazon-apigateway-integration.uri",
                "{arn}"
            );
            found.message.clone()
        });
        match (found, expected) {
            (Some(found), Some(expected)) => assert!(found.contains(expected), "{arn}: {found}"),
            (found, expected) => assert_eq!(found.as_deref(), expected, "{arn}"),
        }
    }
}

#[tokio::test]
async fn a_function_that_can_never_be_called_closes_its_method() {
    let uri = |arn: &str| Integration::lambda_proxy(arn);
    let cases = [
        (
            "another verb",
            uri("f").http_method("GET"),
            "httpMethod",
            Severity::Fault,
        ),
        ("no ARN", uri("a/b"), "uri", Severity::Fault),
        (
            "an illegal mapping",
            uri("f").request_parameter("integration.request.header.TE", "'x'"),
            "requestParameters",
            Severity::Fault,
        ),
    ];
    for (name, integration, key, severity) in cases {
        let function = Recorder::new(OK);
        let api = api().get("/", integration).build().unwrap();
        let gateway = Gateway::builder()
            .function("f", Lambda::new(function.clone()))
            .api("api", api)
            .stage("api", StageSettings::new("prod"))
            .build()
            .unwrap();
        let mut found = gateway.diagnostics().into_iter();
        let is_told = found.any(|found| {
            found.severity == severity
                && found
                    .place
                    .to_string()
                    .contains(&format!("integration.{key}"))
        });
        assert!(is_told, "{name}: {:?}", gateway.diagnostics());
        let reply = ask(&gateway, get("/prod")).await;
        assert_eq!(
            (reply.status, reply.text()),
            (500, INTERNAL_SERVER_ERROR),
            "{name}"
        );
        assert!(function.take().is_empty(), "{name}");
    }
}

#[tokio::test]
async fn a_custom_integration_makes_the_payload_and_says_how_it_is_called() {
    let function = Recorder::new(r#"{"answer": 42}"#);
    let custom = || Integration::lambda("f").response(IntegrationResponse::new(200));
    let kind = |kind: &str| {
        custom().request_parameter(
            "integration.request.header.X-Amz-Invocation-Type",
            format!("'{kind}'"),
        )
    };
    let template = r#"{"who": "$input.params('who')"}"#;
    let api = api()
        .any("/plain", custom())
        .any(
            "/template",
            custom().request_template("application/json", template),
        )
        .any("/event", kind("Event"))
        .any("/waits", kind("RequestResponse"))
        .any("/odd", kind("Sometimes"));
    let gateway = Gateway::builder()
        .function("f", Lambda::new(function.clone()))
        .api("api", api.build().unwrap())
        .stage("api", StageSettings::new("prod"))
        .build()
        .unwrap();
    let (waits, event) = (InvocationType::RequestResponse, InvocationType::Event);
    type Call = (InvocationType, Value);
    let cases: [(&str, &str, u16, Option<Call>); 8] = [
        ("/plain", "", 200, Some((waits, json!({})))),
        ("/plain", "[1]", 200, Some((waits, json!([1])))),
        ("/plain", "<a/>", 400, None),
        ("/plain", "{", 400, None),
        (
            "/template?who=Kim",
            "",
            200,
            Some((waits, json!({"who": "Kim"}))),
        ),
        ("/event", "1", 200, Some((event, json!(1)))),
        ("/waits", "1", 200, Some((waits, json!(1)))),
        ("/odd", "1", 500, None),
    ];
    for (target, body, status, expected) in cases {
        let request = request("POST", &format!("/prod{target}"), &[], body.as_bytes());
        let reply = ask(&gateway, request).await;
        assert_eq!(reply.status, status, "{target} {body}");
        let called = function
            .take()
            .pop()
            .map(|(_, kind, payload)| (kind, payload));
        assert_eq!(called, expected, "{target} {body}");
        let traced = reply.headers.contains_key("x-amzn-trace-id");
        assert_eq!(traced, status == 200, "{target} {body}");
        if status == 400 {
            let start = r#"{"message": "Could not parse request body into json: "#;
            assert!(
                reply.text().starts_with(start),
                "{target} {body}: {}",
                reply.text()
            );
        }
    }
}
