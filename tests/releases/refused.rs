//! A reload that is refused late, with all else in it good.

use towergate::{
    DomainTarget, Gateway, GatewayBuilder, HttpMethod, InProcess, Integration, Lambda,
    StageSettings,
    definition::{self, Method, MethodResponse},
    routing::Domain,
    stages::{CanarySettings, GuardSettings, Percent},
    throttling::{ApiKey, ApiStage, Rate, UsagePlan},
};
use towergate_tests::{ask, get, get_with};

use crate::version::version;

const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:f";
const KEYS: [&str; 2] = ["the-first-key-of-all-1", "the-second-key-of-all-2"];

fn service(answer: &'static str) -> InProcess {
    InProcess::new(tower::service_fn(move |_| {
        let body = towergate::Body::from(answer);
        std::future::ready(Ok::<_, std::convert::Infallible>(http::Response::new(body)))
    }))
}

fn function(answer: &'static str) -> Lambda {
    Lambda::from_fn(move |_: serde_json::Value| {
        let answer = serde_json::json!({"statusCode": 200, "body": answer});
        std::future::ready(Ok::<_, &str>(answer))
    })
}

fn api(number: usize) -> definition::RestApi {
    let get = |integration| Method::new(HttpMethod::Get, integration);
    let mut keyed = get(Integration::mock(200)).response(MethodResponse::new(200));
    keyed.api_key_required = true;
    version(number)
        .method("/function", get(Integration::lambda_proxy(FUNCTION)))
        .method(
            "/service",
            get(Integration::http_proxy("http://a.internal/")),
        )
        .method("/keyed", keyed)
}

/// What is told of everything there is, one way or the other.
fn told(gateway: GatewayBuilder, which: usize) -> GatewayBuilder {
    let name = ["one", "two"][which];
    let plan = UsagePlan::new("p", "p")
        .api_stage(ApiStage::new("pets", "prod"))
        .throttle(Rate::per_second(1_000.0).burst(1_000))
        .key(name);
    gateway
        .api("pets", api(which))
        .stage("pets", StageSettings::new("prod").variable("color", name))
        .service("http://a.internal", service(name))
        .function(FUNCTION, function(name))
        .api_key(ApiKey::new(name, KEYS[which]))
        .usage_plan(plan)
        .domain_name(
            Domain::new(format!("{name}.example.com"))
                .base_path_mapping("v", DomainTarget::new("pets", "prod")),
        )
}

/// All that anybody can see of a gateway.
async fn seen(gateway: &Gateway) -> Vec<String> {
    let mut seen = Vec::new();
    for path in ["/prod/v", "/prod/function", "/prod/service"] {
        let reply = ask(gateway, get(path)).await;
        seen.push(format!("{} {}", reply.status, reply.text()));
    }
    for key in KEYS {
        let reply = ask(gateway, get_with("/prod/keyed", &[("x-api-key", key)])).await;
        seen.push(reply.status.to_string());
    }
    for name in ["one", "two"] {
        let host = format!("{name}.example.com");
        let reply = ask(gateway, get_with("/v/v", &[("host", &host)])).await;
        seen.push(format!("{host} {}", reply.status));
    }
    let prod = gateway.stage("pets", "prod").expect("the stage");
    seen.push(format!("{:?}", prod.deployments()));
    seen.push(format!("{:?} {:?}", prod.canary(), prod.is_guarded()));
    seen.push(format!(
        "{:?} {:?}",
        gateway.routes(),
        gateway.diagnostics()
    ));
    let plans = gateway.usage_plans();
    seen.push(format!("{:?}", plans.keys()));
    seen
}

#[tokio::test]
async fn a_reload_that_is_refused_in_the_end_has_changed_nothing() {
    let gateway = told(Gateway::builder(), 0).build();
    let gateway = gateway.unwrap_or_else(|error| panic!("{error}"));
    let prod = gateway.stage("pets", "prod").expect("the stage");
    prod.start_canary(api(7), Percent::NONE).expect("a canary");
    prod.guard_canary(GuardSettings::default(), |_| ())
        .expect("a guard");
    prod.set_canary_percent(Percent::NONE).expect("a share");
    let before = seen(&gateway).await;

    let bad_stage = |next: GatewayBuilder| next.stage("pets", StageSettings::new("/"));
    let bad_domain = |next: GatewayBuilder| {
        let target = DomainTarget::new("pets", "nowhere");
        next.domain_name(Domain::new("x.example.com").base_path_mapping("v", target))
    };
    let bad_plan = |next: GatewayBuilder| next.usage_plan(UsagePlan::new("q", "q").key("nobody"));
    let bad_guard = |next: GatewayBuilder| {
        let canary = StageSettings::new("dev").canary(CanarySettings::default());
        next.stage(
            "pets",
            canary.guard_canary(GuardSettings::default().steps([])),
        )
    };
    let cases: [(&str, &dyn Fn(GatewayBuilder) -> GatewayBuilder); 4] = [
        ("a stage", &bad_stage),
        ("a domain name", &bad_domain),
        ("a plan", &bad_plan),
        ("a guard", &bad_guard),
    ];
    for (name, spoil) in cases {
        let next = spoil(told(gateway.successor().account_id("123456789012"), 1));
        let refused = gateway.reload(next).expect_err(name);
        assert_eq!(refused.to_string().lines().count(), 1, "{name}: {refused}");
        assert_eq!(seen(&gateway).await, before, "{name}");
        let same = gateway.reload(told(gateway.successor(), 0)).expect(name);
        assert_eq!(seen(&gateway).await, before, "{name}: {same}");
    }
    gateway
        .reload(told(gateway.successor(), 1))
        .expect("a reload");
    assert_ne!(seen(&gateway).await, before);
}
