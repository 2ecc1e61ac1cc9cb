//! Releasing an API while it serves: deployments, canaries, roll-backs and reloads, through a whole gateway.

mod joined;
mod refused;
mod reloads;
mod version;

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use http::Request;
use towergate::{
    Body, Gateway, HttpMethod, Integration, RestApi, StageSettings,
    definition::{self, Method},
    openapi,
    routing::Domain,
    stages::{CanarySettings, Percent, StageVariables},
};
use towergate_core::{Clock, SystemClock};
use towergate_tests::{KeptConnection, ask, get, serve, soon, until};

use version::{gateway, percent, told, version};

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
