//! Releasing an API while it serves: deployments, canaries, roll-backs and reloads, through a whole gateway.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use http::Request;
use towergate::{
    Backends, Body, Gateway, HttpMethod, InProcess, Integration, IntegrationResponse, Lambda,
    Random, RestApi, StageHandle, StageSettings, SystemRandom,
    definition::{self, AuthorizationType, Authorizer, AuthorizerType, Method},
    openapi,
    routing::Domain,
    stages::{CanarySettings, Percent, StageVariables},
};
use towergate_core::{Clock, SystemClock};
use towergate_tests::{KeptConnection, ask, get, serve, soon, until};

/// A version of an API, which answers with its number and what it is told of its stage.
fn version(number: usize) -> definition::RestApi {
    let body = format!(
        r#"{{"version": "{number}", "again": "{number}", "variable": "$stageVariables.color", "canary": "$context.isCanaryRequest", "deployment": "$context.deploymentId"}}"#
    );
    let response = IntegrationResponse::new(200).template("application/json", body);
    let method = Method::new(HttpMethod::Get, Integration::mock(200).response(response))
        .response(definition::MethodResponse::new(200));
    definition::RestApi::new("pets").method("/v", method)
}

fn gateway(stage: StageSettings) -> Gateway {
    let built = Gateway::builder()
        .api("pets", version(1))
        .stage("pets", stage)
        .build();
    built.unwrap_or_else(|error| panic!("{error}"))
}

/// What a version answered.
async fn told(gateway: &Gateway) -> serde_json::Value {
    let reply = ask(gateway, get("/prod/v")).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    serde_json::from_str(reply.text()).unwrap_or_else(|error| panic!("{error}: {}", reply.text()))
}

fn percent(value: f64) -> Percent {
    Percent::new(value).expect("a percentage")
}

#[tokio::test]
async fn a_deployment_is_made_pointed_at_and_rolled_back() {
    let gateway = gateway(StageSettings::new("prod").variable("color", "blue"));
    let prod = gateway.stage("pets", "prod").unwrap();
    let first = prod.deployment_id().unwrap();
    let answer = told(&gateway).await;
    assert_eq!(
        (answer["version"].as_str(), answer["deployment"].as_str()),
        (Some("1"), Some(&*first))
    );
    assert_eq!(answer["canary"], "", "there is none");

    let second = prod.deploy(version(2)).unwrap();
    assert_ne!(first, second);
    assert_eq!(told(&gateway).await["version"], "2");
    prod.set_variable("color", "green").unwrap();
    prod.roll_back(&first).unwrap();
    let answer = told(&gateway).await;
    assert_eq!(
        (answer["version"].as_str(), answer["variable"].as_str()),
        (Some("1"), Some("green")),
        "variables are the stage's"
    );
    let kept: Vec<_> = prod.deployments().into_iter().map(|kept| kept.id).collect();
    assert_eq!(kept, [first, second]);
    assert_eq!(
        prod.roll_back("nowhere").unwrap_err().to_string(),
        "Deployment id does not exist"
    );
    assert!(gateway.stage("pets", "dev").is_err());
}

#[tokio::test]
async fn an_api_that_is_refused_changes_nothing() {
    let gateway = gateway(StageSettings::new("prod"));
    let prod = gateway.stage("pets", "prod").unwrap();
    let function =
        Integration::lambda_proxy("arn:aws:lambda:us-east-1:000000000000:function:nobody");
    let refused =
        definition::RestApi::new("pets").method("/v", Method::new(HttpMethod::Get, function));
    let error = prod.deploy(refused).unwrap_err().to_string();
    assert!(error.contains("there is no function"), "{error}");
    assert_eq!(told(&gateway).await["version"], "1");
    assert_eq!(prod.deployments().len(), 1);
}

#[tokio::test]
async fn a_canary_gets_its_share_and_is_promoted_or_taken_away() {
    let gateway = gateway(
        StageSettings::new("prod")
            .variable("color", "blue")
            .variable("kept", "1"),
    );
    let prod = gateway.stage("pets", "prod").unwrap();
    let overrides = StageVariables::try_from_iter([("color", "green")]).unwrap();
    let settings = CanarySettings::new(percent(0.0)).with_overrides(overrides);
    let id = prod.start_canary_with(version(2), settings).unwrap();
    assert_eq!(told(&gateway).await["canary"], "false");
    prod.set_canary_percent(percent(100.0)).unwrap();
    let answer = told(&gateway).await;
    assert_eq!(answer["canary"], "true");
    assert_eq!(
        (answer["version"].as_str(), answer["variable"].as_str()),
        (Some("2"), Some("green"))
    );
    assert_eq!(answer["deployment"].as_str(), Some(&*id));

    prod.promote_canary().unwrap();
    assert_eq!(
        prod.canary().unwrap(),
        Some((id.clone(), Percent::NONE)),
        "it stays, without traffic"
    );
    let answer = told(&gateway).await;
    assert_eq!(
        (
            answer["version"].as_str(),
            answer["variable"].as_str(),
            answer["canary"].as_str()
        ),
        (Some("2"), Some("green"), Some("false"))
    );
    prod.remove_canary().unwrap();
    assert_eq!(told(&gateway).await["canary"], "");
    assert_eq!(
        prod.promote_canary().unwrap_err().to_string(),
        "Promotion not available. Canary does not exist."
    );
}

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

#[tokio::test]
async fn a_definition_that_changes_after_it_was_deployed_changes_nothing() {
    let mut definition = version(1);
    let api = RestApi::compile(&definition, false).unwrap();
    let built = Gateway::builder()
        .api("pets", api)
        .stage("pets", StageSettings::new("prod"))
        .build();
    let gateway = built.unwrap();
    definition.resources.clear();
    assert_eq!(told(&gateway).await["version"], "1");
}

#[tokio::test]
async fn a_domain_leads_to_a_stage_and_follows_its_changes() {
    let domain = Domain::new("api.example.com")
        .base_path_mapping("shop", towergate::DomainTarget::new("pets", "prod"));
    let built = Gateway::builder()
        .api("pets", version(1))
        .stage("pets", StageSettings::new("prod"))
        .domain_name(domain)
        .build();
    let gateway = built.unwrap_or_else(|error| panic!("{error}"));
    let status = async |host: &str, path: &str| {
        let request = Request::get(path)
            .header("host", host)
            .body(Body::empty())
            .unwrap();
        let reply = ask(&gateway, request).await;
        (reply.status, reply.text().to_owned())
    };
    assert!(
        status("api.example.com", "/shop/v")
            .await
            .1
            .contains(r#""version": "1""#)
    );
    gateway
        .stage("pets", "prod")
        .unwrap()
        .deploy(version(2))
        .unwrap();
    assert!(
        status("API.example.com:8443", "/shop/v")
            .await
            .1
            .contains(r#""version": "2""#)
    );
    assert_eq!(
        status("api.example.com", "/prod/v").await,
        (403, r#"{"message":"Forbidden"}"#.to_owned())
    );
    assert_eq!(status("api.example.com", "/ping").await.0, 200);
    assert_eq!(
        status("other.example.com", "/prod/v").await.0,
        200,
        "no domain of the gateway's"
    );
}

#[tokio::test]
async fn routes_tell_what_is_served_and_what_is_not() {
    let document = r#"{"openapi": "3.0.1", "info": {"title": "t", "version": "1"}, "paths": {
        "/open": {"get": {"x-amazon-apigateway-integration": {"type": "http_proxy", "httpMethod": "GET", "uri": "http://h.internal/"}}},
        "/iam": {"get": {"x-amazon-apigateway-auth": {"type": "AWS_IAM"}, "x-amazon-apigateway-integration": {"type": "http_proxy", "httpMethod": "GET", "uri": "http://h.internal/"}}}
    }}"#;
    let built = Gateway::builder()
        .api("pets", openapi::parse(document).unwrap())
        .stage("pets", StageSettings::new("prod"))
        .build();
    let routes = built.unwrap().routes();
    let told: Vec<_> = routes
        .iter()
        .map(|route| {
            (
                route.path.as_str(),
                route.is_closed,
                route.findings.len(),
                route.is_canary,
            )
        })
        .collect();
    assert_eq!(told, [("/iam", true, 1, false), ("/open", false, 0, false)]);
    assert_eq!(routes[0].deployment_id.len(), 6);
}

#[tokio::test]
async fn probes_are_told_that_a_gateway_drains() {
    use tower::ServiceExt as _;

    let gateway = gateway(StageSettings::new("prod"));
    let ready = async |path: &str| {
        let request = Request::get(path).body(()).unwrap();
        let response = gateway.admin().oneshot(request).await.unwrap();
        response.status().as_u16()
    };
    assert_eq!(
        (
            ready("/health").await,
            ready("/ready").await,
            ready("/routes").await,
            ready("/").await
        ),
        (200, 200, 200, 404)
    );
    assert!(gateway.drain(Duration::ZERO).await, "nothing is in flight");
    assert_eq!((ready("/health").await, ready("/ready").await), (200, 503));
    assert_eq!(
        told(&gateway).await["version"],
        "1",
        "what still comes is answered"
    );
}

const CONNECTIONS: usize = 64;
const CHANGES: usize = 1_000;
/// How many requests come before the first change, so that their latency may be compared.
const BEFORE_CHANGES: usize = 10 * CONNECTIONS;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_fails_or_sees_two_versions_while_a_thousand_changes_happen() {
    let gateway = gateway(StageSettings::new("prod").variable("color", "0"));
    let address = serve(&gateway).await;
    let (is_changing, is_over) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicBool::new(false)),
    );
    let answered = Arc::new(AtomicUsize::new(0));
    let clients: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let (is_changing, is_over) = (Arc::clone(&is_changing), Arc::clone(&is_over));
            let answered = Arc::clone(&answered);
            tokio::spawn(async move {
                let mut connection = KeptConnection::open(address).await;
                let mut versions = BTreeSet::new();
                let mut latencies = [Vec::new(), Vec::new()];
                while !is_over.load(Ordering::Relaxed) {
                    let (changing, begin) =
                        (is_changing.load(Ordering::Relaxed), SystemClock.now());
                    let reply = connection.get("/prod/v").await;
                    latencies[usize::from(changing)]
                        .push(SystemClock.now().saturating_since(begin));
                    assert_eq!(reply.status, 200, "{}", reply.text());
                    let told: serde_json::Value = serde_json::from_str(reply.text()).unwrap();
                    assert_eq!(told["version"], told["again"], "two halves of one answer");
                    versions.insert(told["version"].to_string());
                    answered.fetch_add(1, Ordering::Relaxed);
                }
                (versions.len(), latencies)
            })
        })
        .collect();
    until(|| answered.load(Ordering::Relaxed) >= BEFORE_CHANGES).await;
    is_changing.store(true, Ordering::Relaxed);
    let changing = gateway.clone();
    let changes = tokio::task::spawn_blocking(move || {
        let prod = changing.stage("pets", "prod").unwrap();
        let first = prod.deployment_id().unwrap();
        for number in 0..CHANGES {
            match number % 6 {
                0 => drop(prod.deploy(version(number)).unwrap()),
                1 => drop(prod.start_canary(version(number), percent(50.0)).unwrap()),
                2 => prod.promote_canary().unwrap(),
                3 => prod.remove_canary().unwrap(),
                4 => prod.set_variable("color", &number.to_string()).unwrap(),
                _ => {
                    let known = prod.deployments();
                    let back = known.first().map_or(first.clone(), |kept| kept.id.clone());
                    prod.roll_back(&back).unwrap();
                    if number % 24 == 5 {
                        let stage =
                            StageSettings::new("prod").variable("color", number.to_string());
                        let next = changing
                            .successor()
                            .api("pets", version(number))
                            .stage("pets", stage);
                        changing.reload(next).unwrap();
                    }
                }
            }
        }
    });
    changes.await.unwrap();
    is_over.store(true, Ordering::Relaxed);
    let mut versions = 0;
    let mut latencies = [Vec::new(), Vec::new()];
    for client in clients {
        let (seen, took) = soon(client).await.unwrap();
        versions += seen;
        for (all, took) in latencies.iter_mut().zip(took) {
            all.extend(took);
        }
    }
    assert!(versions > CONNECTIONS, "more than one version each");
    for (name, mut took) in ["before", "during"].into_iter().zip(latencies) {
        assert!(took.len() > CONNECTIONS, "{name} the changes");
        took.sort_unstable();
        let at = |thousandths: usize| took[took.len() * thousandths / 1_000];
        let (median, worst) = (at(500), at(999));
        println!(
            "{name} the changes: {} requests, median {median:?}, p99.9 {worst:?}",
            took.len()
        );
    }
    assert!(
        gateway.stage("pets", "prod").unwrap().deployments().len() <= 33,
        "old deployments are dropped"
    );
    assert!(gateway.drain(Duration::from_secs(10)).await);
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

#[tokio::test]
async fn the_default_address_is_closed_for_the_stages_whose_deployment_closes_it() {
    let built = Gateway::builder()
        .api("pets", version(1))
        .stage("pets", StageSettings::new("alpha"))
        .stage("pets", StageSettings::new("prod"))
        .build();
    let gateway = built.unwrap_or_else(|error| panic!("{error}"));
    let mut closing = version(2);
    closing.disable_execute_api_endpoint = true;
    let (open, closed) = ("prod", "alpha");
    for (closed, open) in [(closed, open), (open, closed)] {
        let stage = gateway.stage("pets", closed).unwrap();
        let before = stage.deployment_id().unwrap();
        stage.deploy(closing.clone()).unwrap();
        for (stage, expected) in [(closed, 403), (open, 200)] {
            let by_host =
                Request::get(format!("/{stage}/v")).header("host", "pets.execute-api.local");
            let by_host = by_host.body(Body::empty()).unwrap();
            let statuses = [
                ask(&gateway, by_host).await.status,
                ask(&gateway, get(&format!("/pets/{stage}/v"))).await.status,
                ask(&gateway, get(&format!("/{stage}/v"))).await.status,
            ];
            assert_eq!(statuses, [expected; 3], "{stage}, {closed} is closed");
        }
        stage.roll_back(&before).unwrap();
    }
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
