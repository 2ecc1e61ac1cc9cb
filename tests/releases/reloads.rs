//! What reloads and many deployments leave behind.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use http::Request;
use towergate::{
    Backends, Body, Gateway, GatewayBuilder, HttpMethod, InProcess, Integration,
    IntegrationResponse, Lambda, Random, ReleaseError, RestApi, StageHandle, StageSettings,
    SystemRandom,
    definition::{AuthorizationType, Authorizer, AuthorizerType, Method, MethodResponse},
    stages::{CanarySettings, MethodKey, MethodSettings, Percent},
    throttling::{ApiStage, Rate, UsagePlan},
};
use towergate_tests::{ask, get};

use crate::version::{gateway, told, version};

#[tokio::test]
async fn a_reload_keeps_what_was_changed_by_hand_unless_it_says_otherwise() {
    let gateway = gateway(StageSettings::new("prod"));
    let prod = gateway.stage("pets", "prod").unwrap();
    prod.deploy(version(2)).unwrap();
    let next = || gateway.successor().api("pets", version(1));
    let same = next()
        .stage("pets", StageSettings::new("prod"))
        .stage("pets", StageSettings::new("dev"));
    assert_eq!(
        gateway.reload(same).unwrap().to_string(),
        "added apis.pets.stages.dev"
    );
    assert_eq!(told(&gateway).await["version"], "2");
    let other = next().stage("pets", StageSettings::new("prod").variable("color", "red"));
    let changes = gateway.reload(other).unwrap().to_string();
    assert_eq!(
        changes,
        "removed apis.pets.stages.dev\nchanged apis.pets.stages.prod"
    );
    let answer = told(&gateway).await;
    assert_eq!(
        (answer["version"].as_str(), answer["variable"].as_str()),
        (Some("1"), Some("red"))
    );
    assert_eq!(prod.deployments().len(), 2, "both are kept");
}

#[tokio::test]
async fn a_reload_says_which_stages_lose_what_was_changed_by_hand() {
    let changed = "changed apis.pets.paths./v.get";
    let reset = "changed apis.pets.paths./v.get\nchanged apis.pets.stages.prod";
    type Change = fn(&StageHandle);
    let cases: [(&str, Change, usize, &str); 5] = [
        (
            "nothing is told otherwise",
            |prod| prod.set_variable("a", "b").unwrap(),
            1,
            "",
        ),
        ("nothing was changed", |_| (), 2, changed),
        (
            "a variable",
            |prod| prod.set_variable("a", "b").unwrap(),
            2,
            reset,
        ),
        (
            "a deployment",
            |prod| drop(prod.deploy(version(3)).unwrap()),
            2,
            reset,
        ),
        (
            "a canary",
            |prod| prod.set_canary_percent(Percent::NONE).unwrap(),
            2,
            reset,
        ),
    ];
    for (name, change, told, expected) in cases {
        let gateway = gateway(StageSettings::new("prod"));
        change(&gateway.stage("pets", "prod").unwrap());
        let reload = |number| {
            let next = gateway.successor().api("pets", version(number));
            let changes = gateway.reload(next.stage("pets", StageSettings::new("prod")));
            changes.unwrap().to_string()
        };
        assert_eq!(reload(1), "", "{name}: the same is told once more");
        assert_eq!(reload(told), expected, "{name}");
        assert_eq!(reload(told), "", "{name}");
    }
}

/// A version that a service in the process answers.
fn in_process(answer: &'static str) -> RestApi {
    let service = tower::service_fn(move |_: Request<Body>| async move {
        Ok::<_, std::convert::Infallible>(http::Response::new(Body::from(answer)))
    });
    let api = RestApi::builder("pets").get("/v", InProcess::new(service));
    api.build().unwrap_or_else(|error| panic!("{error}"))
}

#[tokio::test]
async fn what_was_deployed_by_hand_is_served_after_a_reload() {
    let gateway = gateway(StageSettings::new("prod"));
    let prod = gateway.stage("pets", "prod").unwrap();
    let by_hand = prod.deploy(in_process("by hand")).unwrap();
    let latest = prod.deploy(in_process("latest")).unwrap();
    let answer = async || ask(&gateway, get("/prod/v")).await.text().to_owned();
    assert_eq!(answer().await, "latest");
    for deployment in [&latest, &by_hand] {
        prod.roll_back(deployment).unwrap();
        let next = gateway.successor().api("pets", version(1));
        let changes = gateway.reload(next.stage("pets", StageSettings::new("prod")));
        assert_eq!(changes.unwrap().to_string(), "");
        let expected = ["latest", "by hand"][usize::from(*deployment == by_hand)];
        assert_eq!(answer().await, expected);
    }
}

#[tokio::test]
async fn a_function_that_no_authorizer_asks_leaves_stages_as_they_are() {
    let arn = |name: &str| format!("arn:aws:lambda:us-east-1:000000000000:function:{name}");
    let function =
        || Lambda::from_fn(async |_: serde_json::Value| Ok::<_, &str>(serde_json::json!({})));
    let asked = function();
    let api = || {
        let mut authorizer = Authorizer::new(AuthorizerType::Token);
        authorizer.authorizer_uri = Integration::lambda_proxy(arn("auth")).uri;
        authorizer.identity_source = Some("method.request.header.Authorization".to_owned());
        let mut guarded = Method::new(HttpMethod::Get, Integration::mock(200));
        guarded.authorization_type = AuthorizationType::Custom;
        guarded.authorizer = Some("own".to_owned());
        version(1)
            .authorizer("own", authorizer)
            .method("/guarded", guarded)
    };
    let stage = || StageSettings::new("prod");
    let built = Gateway::builder()
        .api("pets", api())
        .stage("pets", stage())
        .function(arn("auth"), asked.clone())
        .build();
    let gateway = built.unwrap_or_else(|error| panic!("{error}"));
    let prod = gateway.stage("pets", "prod").unwrap();
    prod.deploy(version(2)).unwrap();
    let next = gateway
        .successor()
        .api("pets", api())
        .stage("pets", stage())
        .function(arn("auth"), asked)
        .function(arn("other"), function());
    gateway.reload(next).unwrap();
    assert_eq!(told(&gateway).await["version"], "2");
}

type Hook = Box<dyn FnOnce() + Send>;

/// Chance that does something as it is asked: a reload asks it for the ids of deployments.
#[derive(Clone, Default)]
struct Hooked(Arc<Mutex<Option<Hook>>>);

impl Hooked {
    fn next(&self, hook: impl FnOnce() + Send + 'static) {
        *self.0.lock().expect("no panic") = Some(Box::new(hook));
    }
}

impl Random for Hooked {
    fn next_u64(&self) -> u64 {
        let hook = self.0.lock().expect("no panic").take();
        hook.into_iter().for_each(|hook| hook());
        SystemRandom.next_u64()
    }
}

#[test]
fn who_reads_does_not_wait_for_a_reload() {
    let hooked = Hooked::default();
    let built = Gateway::builder()
        .backends(Backends::new().with_random(hooked.clone()))
        .api("pets", version(1))
        .stage("pets", StageSettings::new("prod"))
        .build();
    let gateway = built.unwrap_or_else(|error| panic!("{error}"));
    let prod = gateway.stage("pets", "prod").unwrap();
    let first = prod.deployment_id().unwrap();
    let read = Arc::new(AtomicBool::new(false));
    let (reader, is_read) = (gateway.clone(), Arc::clone(&read));
    hooked.next(move || {
        let prod = reader.stage("pets", "prod").unwrap();
        assert_eq!(prod.deployment_id().unwrap(), first);
        assert_eq!(prod.canary().unwrap(), None);
        assert_eq!(prod.deployments().len(), 1);
        assert_eq!(reader.routes()[0].deployment_id, first);
        assert!(reader.diagnostics().is_empty());
        is_read.store(true, Ordering::Relaxed);
    });
    let next = gateway.successor().api("pets", version(2));
    let reloaded = gateway.reload(next.stage("pets", StageSettings::new("prod")));
    assert!(reloaded.is_ok() && read.load(Ordering::Relaxed));
}

/// A version with a service and a function of its own that hold `alive`, and a method that there is something to say of.
fn holding(alive: &Arc<()>, number: usize) -> RestApi {
    let held = Arc::clone(alive);
    let service = tower::service_fn(move |_: Request<Body>| {
        let _held = &held;
        let body = Body::from(number.to_string());
        std::future::ready(Ok::<_, std::convert::Infallible>(http::Response::new(body)))
    });
    let held = Arc::clone(alive);
    let function = Lambda::from_fn(move |_: serde_json::Value| {
        let _held = &held;
        std::future::ready(Ok::<_, &str>(serde_json::json!({"statusCode": 200})))
    });
    let broken = IntegrationResponse::new(200).template("application/json", "#if(");
    let api = RestApi::builder("pets")
        .lenient()
        .get("/v", InProcess::new(service))
        .get("/function", function)
        .get("/broken", Integration::mock(200).response(broken));
    api.build().unwrap_or_else(|error| panic!("{error}"))
}

#[tokio::test]
async fn what_is_kept_of_a_thousand_deployments_is_what_the_kept_ones_need() {
    const KEPT: usize = 32;

    let gateway = gateway(StageSettings::new("prod"));
    let prod = gateway.stage("pets", "prod").unwrap();
    let alive = Arc::new(());
    let mut said = 0;
    for number in 0..1_000 {
        prod.deploy(holding(&alive, number)).unwrap();
        if number == 0 {
            said = gateway.diagnostics().len();
            assert!(said > 0, "there is something to say of each");
        }
    }
    assert_eq!(prod.deployments().len(), KEPT);
    assert_eq!(gateway.diagnostics().len(), KEPT * said);
    assert_eq!(
        Arc::strong_count(&alive),
        1 + KEPT * 2,
        "a service and a function each"
    );

    let next = gateway.successor().api("pets", version(1));
    let reloaded = gateway.reload(next.stage("pets", StageSettings::new("prod")));
    reloaded.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(Arc::strong_count(&alive), 1 + KEPT * 2, "after a reload");
    assert_eq!(gateway.diagnostics().len(), KEPT * said, "after a reload");
    let oldest = prod.deployments()[0].id.clone();
    prod.roll_back(&oldest).unwrap();
    assert_eq!(ask(&gateway, get("/prod/v")).await.text(), "968");
    assert_eq!(ask(&gateway, get("/prod/function")).await.status, 200);
}

#[test]
fn what_is_told_of_methods_is_held_against_what_is_told_and_not_against_what_was_changed_since() {
    type Change = fn(&StageHandle) -> Result<(), ReleaseError>;
    let changes: [(&str, Change); 3] = [
        ("the canary is removed", StageHandle::remove_canary),
        ("the canary is promoted", StageHandle::promote_canary),
        ("another is deployed", |prod| {
            prod.remove_canary()?;
            prod.deploy(in_process("by hand")).map(drop)
        }),
    ];
    let with = |number, path| {
        let mock = Method::new(HttpMethod::Get, Integration::mock(200));
        version(number).method(path, mock.response(MethodResponse::new(200)))
    };
    let (key, slow) = (
        |path| MethodKey::method(path, "GET"),
        || MethodSettings::default().throttle(1.0, 1),
    );
    let rate = || Rate::per_second(1.0).burst(1);
    let plan = || {
        let stage = ApiStage::new("pets", "prod");
        let stage = stage
            .method_throttle("/old/GET", rate())
            .method_throttle("/new/GET", rate());
        UsagePlan::new("p", "plan").api_stage(stage)
    };
    let told = |gateway: GatewayBuilder, other: &str| {
        let prod = StageSettings::new("prod")
            .canary(CanarySettings::new(Percent::NONE))
            .method_settings(key("/old"), slow())
            .method_settings(key("/new"), slow());
        gateway
            .api("pets", with(1, "/old"))
            .canary_api("pets", "prod", with(2, "/new"))
            .stage("pets", prod)
            .stage("pets", StageSettings::new("other").variable("v", other))
            .usage_plan(plan())
    };
    for (name, change) in changes {
        let built = told(Gateway::builder(), "a").build();
        let gateway = built.unwrap_or_else(|error| panic!("{name}: {error}"));
        let prod = gateway.stage("pets", "prod").expect(name);
        change(&prod).expect(name);
        let deployed = prod.deployment_id().expect(name);
        let changes = gateway.reload(told(gateway.successor(), "b"));
        let changes = changes.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(
            changes.to_string(),
            "changed apis.pets.stages.other",
            "{name}"
        );
        assert_eq!(prod.deployment_id().expect(name), deployed, "{name}");
    }
}
