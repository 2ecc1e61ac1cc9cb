//! How often methods may be called: keys, plans, stages and the account, through a whole gateway.

use std::{sync::Arc, time::Duration};

use http::{HeaderValue, Request};
use serde_json::json;
use towergate::{
    Backends, Body, Gateway, GatewayBuilder, HttpMethod, Integration, Lambda, RestApi,
    StageSettings, Timestamp, TokioTimer,
    definition::{self, ApiKeySource, AuthorizationType, Authorizer, AuthorizerType, Method},
    stages::{MethodKey, MethodSettings},
    throttling::{ApiKey, ApiStage, Day, Period, Quota, Rate, UsagePlan},
};
use towergate_testing::FakeClock;
use towergate_tests::{Recorder, Reply, ask};

const ALICE: &str = "the-key-of-alice-0123456789";
const BOB: &str = "the-key-of-bob-01234567890";

/// A gateway whose time passes when a test says so.
struct Limited {
    gateway: Gateway,
    clock: FakeClock,
}

impl Limited {
    /// Serves `/keyed` and `/other`, which require a key, and `/open`, which does not, on `prod` and `dev`.
    fn new(tell: impl FnOnce(GatewayBuilder) -> GatewayBuilder) -> Self {
        Self::with_stage(StageSettings::new("prod"), tell)
    }

    fn with_stage(
        prod: StageSettings,
        tell: impl FnOnce(GatewayBuilder) -> GatewayBuilder,
    ) -> Self {
        let clock = FakeClock::at(Day(20_000).starts_at());
        let backends = Backends::new().with_time(clock.clone(), TokioTimer);
        let builder = Gateway::builder()
            .backends(backends)
            .api("pets", definition())
            .stage("pets", prod)
            .stage("pets", StageSettings::new("dev"));
        let gateway = tell(builder)
            .build()
            .unwrap_or_else(|error| panic!("{error}"));
        Self { gateway, clock }
    }

    async fn get(&self, path: &str, key: Option<&str>) -> Reply {
        let mut request = Request::get(path);
        if let Some(key) = key {
            request = request.header("x-api-key", key);
        }
        ask(
            &self.gateway,
            request.body(Body::empty()).expect("a request"),
        )
        .await
    }

    /// Sends so many requests, and returns how many got in.
    async fn admitted(&self, path: &str, key: Option<&str>, requests: usize) -> usize {
        let mut admitted = 0;
        for _ in 0..requests {
            let status = self.get(path, key).await.status;
            assert!(matches!(status, 200 | 429), "{path}: {status}");
            admitted += usize::from(status == 200);
        }
        admitted
    }

    fn pass(&self, time: Duration) {
        self.clock.advance(time);
    }
}

fn definition() -> definition::RestApi {
    let method = |keyed: bool| {
        let mut method = Method::new(HttpMethod::Get, Integration::mock(200))
            .response(definition::MethodResponse::new(200));
        method.api_key_required = keyed;
        method
    };
    definition::RestApi::new("pets")
        .method("/keyed", method(true))
        .method("/other", method(true))
        .method("/open", method(false))
}

fn plan(id: &str) -> UsagePlan {
    UsagePlan::new(id, id)
        .api_stage(ApiStage::new("pets", "prod"))
        .api_stage(ApiStage::new("pets", "dev"))
}

fn with_keys(builder: GatewayBuilder) -> GatewayBuilder {
    builder
        .api_key(ApiKey::new("alice", ALICE))
        .api_key(ApiKey::new("bob", BOB))
}

#[tokio::test]
async fn only_a_key_of_a_plan_of_the_stage_gets_in() {
    let limited = Limited::new(|builder| {
        builder
            .api_key(ApiKey::new("alice", ALICE))
            .api_key(ApiKey::new("off", "a-key-that-is-switched-off").enabled(false))
            .api_key(ApiKey::new("loose", "a-key-that-is-in-no-plan"))
            .usage_plan(
                UsagePlan::new("p", "p")
                    .api_stage(ApiStage::new("pets", "prod"))
                    .key("alice")
                    .key("off"),
            )
    });
    for (name, path, key, expected) in [
        ("its key", "/prod/keyed", Some(ALICE), 200),
        ("no key", "/prod/keyed", None, 403),
        (
            "an unknown key",
            "/prod/keyed",
            Some("a-key-that-nobody-knows"),
            403,
        ),
        (
            "a disabled key",
            "/prod/keyed",
            Some("a-key-that-is-switched-off"),
            403,
        ),
        (
            "a key without a plan",
            "/prod/keyed",
            Some("a-key-that-is-in-no-plan"),
            403,
        ),
        ("another stage", "/dev/keyed", Some(ALICE), 403),
        (
            "a key in another case",
            "/prod/keyed",
            Some(&ALICE.to_uppercase()),
            403,
        ),
        ("a method that requires none", "/prod/open", None, 200),
    ] {
        let reply = limited.get(path, key).await;
        assert_eq!(reply.status, expected, "{name}");
        if expected == 403 {
            assert_eq!(reply.text(), r#"{"message":"Forbidden"}"#, "{name}");
            assert_eq!(
                reply.header("x-amzn-errortype"),
                Some("ForbiddenException"),
                "{name}"
            );
        }
    }
}

#[tokio::test]
async fn a_key_that_is_not_text_is_refused() {
    let limited = Limited::new(|builder| with_keys(builder).usage_plan(plan("p").key("alice")));
    let key = HeaderValue::from_bytes(&[0xff; 30]).expect("a header");
    let request = Request::get("/prod/keyed").header("x-api-key", key);
    let reply = ask(&limited.gateway, request.body(Body::empty()).unwrap()).await;
    assert_eq!(reply.status, 403);
}

#[tokio::test]
async fn the_limits_of_a_plan_are_each_keys_own_and_hold_over_all_its_stages() {
    let plan = plan("p")
        .throttle(Rate::per_second(1.0).burst(4))
        .key("alice")
        .key("bob");
    let limited = Limited::new(|builder| with_keys(builder).usage_plan(plan));
    assert_eq!(limited.admitted("/prod/keyed", Some(ALICE), 3).await, 3);
    assert_eq!(limited.admitted("/dev/other", Some(ALICE), 3).await, 1);
    assert_eq!(limited.admitted("/prod/keyed", Some(BOB), 9).await, 4);
    limited.pass(Duration::from_secs(2));
    assert_eq!(limited.admitted("/prod/keyed", Some(ALICE), 9).await, 2);
    assert_eq!(
        limited.admitted("/prod/open", Some(ALICE), 20).await,
        20,
        "no key is required"
    );
}

#[tokio::test]
async fn refusals_have_the_words_of_their_kind() {
    let plan = plan("p")
        .throttle(Rate::per_second(1.0).burst(1))
        .quota(Quota::new(2, Period::Day))
        .key("alice");
    let limited = Limited::new(|builder| with_keys(builder).usage_plan(plan));
    assert_eq!(limited.get("/prod/keyed", Some(ALICE)).await.status, 200);
    let throttled = limited.get("/prod/keyed", Some(ALICE)).await;
    assert_eq!(
        (throttled.status, throttled.text()),
        (429, r#"{"message":"Too Many Requests"}"#)
    );
    assert_eq!(
        throttled.header("x-amzn-errortype"),
        Some("TooManyRequestsException")
    );
    assert_eq!(throttled.header("retry-after"), None, "as API Gateway");

    limited.pass(Duration::from_secs(1));
    assert_eq!(limited.get("/prod/keyed", Some(ALICE)).await.status, 200);
    limited.pass(Duration::from_secs(1));
    let exceeded = limited.get("/prod/keyed", Some(ALICE)).await;
    assert_eq!(
        (exceeded.status, exceeded.text()),
        (429, r#"{"message":"Limit Exceeded"}"#)
    );
    assert_eq!(
        exceeded.header("x-amzn-errortype"),
        Some("LimitExceededException")
    );

    limited.pass(Duration::from_secs(86_400));
    assert_eq!(
        limited.get("/prod/keyed", Some(ALICE)).await.status,
        200,
        "the next day"
    );
}

#[tokio::test]
async fn the_first_limit_refuses_and_the_others_keep_their_tokens() {
    let burst = |tokens| Rate::per_second(0.001).burst(tokens);
    let throttle = |tokens: i64| MethodSettings::default().throttle(0.001, tokens);
    let prod = StageSettings::new("prod")
        .method_settings(MethodKey::method("/keyed", "GET"), throttle(3))
        .method_settings(MethodKey::ALL, throttle(100));
    let plan = UsagePlan::new("p", "p")
        .api_stage(ApiStage::new("pets", "prod").method_throttle("/keyed/GET", burst(2)))
        .throttle(burst(4))
        .quota(Quota::new(5, Period::Month))
        .key("alice")
        .key("bob");
    let limited = Limited::with_stage(prod, |builder| {
        with_keys(builder).usage_plan(plan).throttle(burst(7))
    });
    // The plan's limit of the method, then the stage's of the method.
    assert_eq!(limited.admitted("/prod/keyed", Some(ALICE), 9).await, 2);
    assert_eq!(limited.admitted("/prod/keyed", Some(BOB), 9).await, 1);
    // The plan's own, of which the method took nothing; then the account's: 2 + 1 + 3 of 7 are gone after it.
    assert_eq!(
        limited.admitted("/prod/other", Some(ALICE), 9).await,
        3,
        "the quota of five is used up"
    );
    assert_eq!(
        limited.admitted("/prod/open", None, 9).await,
        1,
        "the account's"
    );
    assert_eq!(
        limited.admitted("/dev/open", None, 9).await,
        0,
        "of all stages"
    );
}

#[tokio::test]
async fn methods_under_all_have_a_bucket_each() {
    let all = MethodSettings::default().throttle(0.001, 2);
    let prod = StageSettings::new("prod").method_settings(MethodKey::ALL, all);
    let plan = plan("p").key("alice");
    let limited = Limited::with_stage(prod, |builder| with_keys(builder).usage_plan(plan));
    for path in ["/prod/open", "/prod/keyed", "/prod/other"] {
        assert_eq!(limited.admitted(path, Some(ALICE), 9).await, 2, "{path}");
    }
    assert_eq!(
        limited.admitted("/dev/open", None, 9).await,
        9,
        "another stage"
    );
}

#[tokio::test]
async fn limits_below_zero_are_none() {
    let unset = MethodSettings::default().throttle(-1.0, -1);
    let prod = StageSettings::new("prod").method_settings(MethodKey::ALL, unset);
    let limited = Limited::with_stage(prod, |builder| builder);
    assert_eq!(limited.admitted("/prod/open", None, 100).await, 100);
}

#[tokio::test]
async fn keys_and_plans_change_while_the_gateway_runs() {
    let plan = plan("p")
        .throttle(Rate::per_second(0.001).burst(2))
        .key("alice");
    let limited = Limited::new(|builder| with_keys(builder).usage_plan(plan.clone()));
    let plans = limited.gateway.usage_plans();
    let status = async |key| limited.get("/prod/keyed", Some(key)).await.status;

    assert_eq!(status(ALICE).await, 200);
    plans.set_key_enabled("alice", false).unwrap();
    assert_eq!(status(ALICE).await, 403);
    plans.set_key_enabled("alice", true).unwrap();
    assert_eq!(status(ALICE).await, 200);
    assert_eq!(status(ALICE).await, 429, "what was used stays used");

    assert_eq!(status(BOB).await, 403);
    plans.attach("p", "bob").unwrap();
    assert_eq!(status(BOB).await, 200);
    plans.detach("p", "bob").unwrap();
    assert_eq!(status(BOB).await, 403);

    plans
        .update_plan(plan.throttle(Rate::per_second(10.0).burst(10)))
        .unwrap();
    // The bucket is empty, and fills at the new rate from its next request on.
    assert_eq!(status(ALICE).await, 429);
    limited.pass(Duration::from_secs(1));
    assert_eq!(limited.admitted("/prod/keyed", Some(ALICE), 20).await, 10);
}

#[tokio::test]
async fn usage_is_told_extended_and_reset() {
    let plan = plan("p").quota(Quota::new(3, Period::Month)).key("alice");
    let limited = Limited::new(|builder| with_keys(builder).usage_plan(plan));
    let plans = limited.gateway.usage_plans();
    assert_eq!(limited.admitted("/prod/keyed", Some(ALICE), 9).await, 3);
    let now = || Timestamp::from_unix_millis(20_000 * 86_400_000);
    plans.set_remaining("p", "alice", 2, now()).await.unwrap();
    assert_eq!(limited.admitted("/prod/keyed", Some(ALICE), 9).await, 2);
    plans.reset("p", "alice", now()).await.unwrap();
    assert_eq!(limited.admitted("/prod/keyed", Some(ALICE), 1).await, 1);
    let usage = plans
        .usage("p", "alice", Day(0)..=Day(u32::MAX), now())
        .await
        .unwrap();
    let days: Vec<_> = usage
        .iter()
        .map(|day| (day.day, day.used, day.remaining))
        .collect();
    assert_eq!(days, [(Day(20_000), 6, 2)]);
}

#[tokio::test]
async fn the_key_may_come_from_the_authorizer_and_is_told_to_the_backend() {
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:";
    let mut api = definition();
    api.api_key_source = ApiKeySource::Authorizer;
    let mut authorizer = Authorizer::new(AuthorizerType::Token);
    authorizer.authorizer_uri = Some(format!(
        "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}authorize/invocations"
    ));
    authorizer.identity_source = Some("method.request.header.Authorization".to_owned());
    authorizer.authorizer_result_ttl_in_seconds = Some(0);
    api.authorizers.insert("auth".to_owned(), authorizer);
    let mut method = Method::new(
        HttpMethod::Get,
        Integration::lambda_proxy(format!("{arn}echo")),
    );
    method.api_key_required = true;
    method.authorization_type = AuthorizationType::Custom;
    method.authorizer = Some("auth".to_owned());
    let api = api.method("/asked", method);

    let allow = json!({"Version": "2012-10-17", "Statement": [{"Action": "*", "Effect": "Allow", "Resource": "*"}]});
    let answer = json!({"principalId": "p", "policyDocument": allow, "usageIdentifierKey": ALICE});
    let authorize = Recorder::new(answer.to_string().leak());
    let echo = Recorder::new(r#"{"statusCode": 200, "body": ""}"#);
    let gateway = with_keys(Gateway::builder())
        .function("authorize", Lambda::new(authorize))
        .function("echo", Lambda::new(echo.clone()))
        .api("pets", api)
        .stage("pets", StageSettings::new("prod"))
        .usage_plan(
            UsagePlan::new("p", "p")
                .api_stage(ApiStage::new("pets", "prod"))
                .key("alice"),
        )
        .build()
        .unwrap_or_else(|error| panic!("{error}"));
    let request = Request::get("/prod/asked")
        .header("authorization", "x")
        .header("x-api-key", BOB);
    let reply = ask(&gateway, request.body(Body::empty()).unwrap()).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let event = echo.event();
    let identity = &event["requestContext"]["identity"];
    assert_eq!(
        (identity["apiKey"].as_str(), identity["apiKeyId"].as_str()),
        (Some(ALICE), Some("alice"))
    );
}

#[tokio::test]
async fn a_reload_keeps_what_was_used() {
    let plan = || plan("p").quota(Quota::new(5, Period::Month)).key("alice");
    let limited = Limited::new(|builder| with_keys(builder).usage_plan(plan()));
    assert_eq!(limited.admitted("/prod/keyed", Some(ALICE), 4).await, 4);

    let stages = |builder: GatewayBuilder| {
        let throttle = MethodSettings::default().throttle(1.0, 1);
        let prod = StageSettings::new("prod").method_settings(MethodKey::ALL, throttle);
        builder
            .api("pets", definition())
            .stage("pets", prod)
            .stage("pets", StageSettings::new("dev"))
    };
    // Another value of the same key, and another limit of the same plan.
    let next = stages(limited.gateway.successor())
        .api_key(ApiKey::new("alice", BOB))
        .usage_plan(plan().quota(Quota::new(6, Period::Month)));
    let changes = limited.gateway.reload(next).unwrap();
    assert_eq!(
        changes.to_string(),
        "changed apiKeys.alice\nremoved apiKeys.bob\nchanged apis.pets.stages.prod\nchanged usagePlans.p"
    );
    assert_eq!(limited.get("/prod/keyed", Some(ALICE)).await.status, 403);
    assert_eq!(limited.admitted("/dev/keyed", Some(BOB), 9).await, 2);

    let error = limited
        .gateway
        .reload(limited.gateway.successor().usage_plan(plan()))
        .unwrap_err();
    assert!(
        error.to_string().contains("there is no API `pets`"),
        "{error}"
    );
    assert_eq!(
        limited.get("/dev/open", None).await.status,
        200,
        "nothing has changed"
    );
}

#[tokio::test]
async fn many_at_once_get_no_more_than_the_burst() {
    let throttle = MethodSettings::default().throttle(0.001, 50);
    let prod = StageSettings::new("prod").method_settings(MethodKey::ALL, throttle);
    let limited = Arc::new(Limited::with_stage(prod, |builder| builder));
    let tasks: Vec<_> = (0..200)
        .map(|_| {
            let limited = Arc::clone(&limited);
            tokio::spawn(async move { limited.admitted("/prod/open", None, 1).await })
        })
        .collect();
    let mut admitted = 0;
    for task in tasks {
        admitted += task.await.unwrap();
    }
    assert_eq!(admitted, 50);
}

#[test]
fn an_api_written_in_code_may_be_limited_too() {
    let api = RestApi::builder("code")
        .get("/x", Integration::mock(200))
        .build()
        .unwrap();
    let built = Gateway::builder()
        .api("code", api)
        .stage(
            "code",
            StageSettings::new("prod").method_settings(
                MethodKey::method("/y", "GET"),
                MethodSettings::default().throttle(1.0, 1),
            ),
        )
        .build();
    let error = built.unwrap_err().to_string();
    assert_eq!(
        error,
        "apis.code.stages.prod.methodSettings.y/GET: error: the API has no method `y/GET`"
    );
}

#[tokio::test]
async fn what_is_told_anew_goes_on_with_what_was_used() {
    let plan = || plan("p").quota(Quota::new(5, Period::Month)).key("alice");
    let rate = Rate::per_second(1.0).burst(4);
    let limited = Limited::new(|builder| with_keys(builder).usage_plan(plan()).throttle(rate));
    assert_eq!(limited.admitted("/prod/keyed", Some(ALICE), 3).await, 3);
    let stages = |builder: GatewayBuilder| {
        let prod = builder
            .api("pets", definition())
            .stage("pets", StageSettings::new("prod"));
        prod.stage("pets", StageSettings::new("dev"))
    };
    // What a successor is not told of the account stays.
    let same = stages(with_keys(limited.gateway.successor())).usage_plan(plan());
    assert_eq!(limited.gateway.reload(same).unwrap().to_string(), "");
    assert_eq!(limited.admitted("/prod/open", None, 4).await, 1);

    // A builder that comes from nothing knows as much of what was used.
    let backends = Backends::new().with_time(limited.clock.clone(), TokioTimer);
    let anew = stages(with_keys(Gateway::builder().backends(backends))).usage_plan(plan());
    assert_eq!(
        limited.gateway.reload(anew).unwrap().to_string(),
        "changed throttle"
    );
    assert_eq!(limited.admitted("/prod/keyed", Some(ALICE), 4).await, 2);
}
