//! Deployments that are kept, and what they are joined with as that changes: functions of authorizers, keys, the account.

use std::{convert::Infallible, sync::Arc};

use http::{Request, Response};
use towergate::{
    Body, Gateway, GatewayBuilder, HttpMethod, InProcess, Integration, Lambda, RestApi,
    StageSettings,
    definition::{self, AuthorizationType, Authorizer, AuthorizerType, Method, MethodResponse},
    stages::{GuardSettings, Percent},
};
use towergate_tests::{ask, get, get_with};

use crate::version::{gateway, told, version};

const AUTH: &str = "arn:aws:lambda:us-east-1:000000000000:function:auth";

/// An authorizer's function that says the same to everybody.
fn says(effect: &'static str) -> Lambda {
    Lambda::from_fn(move |event: serde_json::Value| async move {
        Ok::<_, &str>(serde_json::json!({
            "principalId": "somebody",
            "policyDocument": {"Version": "2012-10-17", "Statement": [
                {"Effect": effect, "Action": "execute-api:Invoke", "Resource": event["methodArn"]},
            ]},
        }))
    })
}

/// A version with a method behind an authorizer beside the open one.
fn guarded(number: usize) -> definition::RestApi {
    let mut authorizer = Authorizer::new(AuthorizerType::Token);
    authorizer.authorizer_uri = Integration::lambda_proxy(AUTH).uri;
    authorizer.identity_source = Some("method.request.header.Authorization".to_owned());
    let mut guarded =
        Method::new(HttpMethod::Get, Integration::mock(200)).response(MethodResponse::new(200));
    guarded.authorization_type = AuthorizationType::Custom;
    guarded.authorizer = Some("own".to_owned());
    version(number)
        .authorizer("own", authorizer)
        .method("/guarded", guarded)
}

async fn asked(gateway: &Gateway) -> u16 {
    let request = get_with("/prod/guarded", &[("authorization", "t")]);
    ask(gateway, request).await.status
}

fn stage() -> StageSettings {
    StageSettings::new("prod")
}

fn built(told: GatewayBuilder) -> Gateway {
    told.build().unwrap_or_else(|error| panic!("{error}"))
}

fn reloaded(gateway: &Gateway, next: GatewayBuilder) -> String {
    let changes = gateway.reload(next);
    changes
        .unwrap_or_else(|error| panic!("{error}"))
        .to_string()
}

#[tokio::test]
async fn a_kept_deployment_asks_the_function_that_there_is_now() {
    let gateway = built(
        Gateway::builder()
            .api("pets", version(1))
            .stage("pets", stage())
            .function(AUTH, says("Allow")),
    );
    let prod = gateway.stage("pets", "prod").unwrap();
    let first = prod.deployment_id().unwrap();
    let by_hand = prod.deploy(guarded(2)).unwrap();
    assert_eq!(asked(&gateway).await, 200);

    let next = |function| {
        let next = gateway.successor().api("pets", version(1));
        next.stage("pets", stage()).function(AUTH, function)
    };
    let changed = format!("changed functions.{AUTH}");
    assert_eq!(reloaded(&gateway, next(says("Deny"))), changed);
    assert_eq!(prod.deployment_id().unwrap(), by_hand);
    assert_eq!(asked(&gateway).await, 403, "on the stage");

    prod.roll_back(&first).unwrap();
    assert_eq!(reloaded(&gateway, next(says("Allow"))), changed);
    assert_eq!(reloaded(&gateway, next(says("Deny"))), changed);
    prod.roll_back(&by_hand).unwrap();
    assert_eq!(asked(&gateway).await, 403, "rolled back to");
}

#[tokio::test]
async fn another_function_of_an_authorizer_leaves_a_stage_as_it_was_changed_by_hand() {
    let gateway = built(
        Gateway::builder()
            .api("pets", guarded(1))
            .stage("pets", stage())
            .function(AUTH, says("Allow")),
    );
    let prod = gateway.stage("pets", "prod").unwrap();
    let first = prod.deployment_id().unwrap();
    let by_hand = prod.deploy(guarded(2)).unwrap();
    prod.start_canary(guarded(3), Percent::NONE).unwrap();
    prod.guard_canary(GuardSettings::default(), |_| ()).unwrap();
    let next = gateway.successor().api("pets", guarded(1));
    let next = next.stage("pets", stage()).function(AUTH, says("Deny"));
    let changed = format!("changed functions.{AUTH}");
    assert_eq!(reloaded(&gateway, next), changed);
    assert_eq!(prod.deployment_id().unwrap(), by_hand);
    assert!(prod.is_guarded().unwrap());
    assert_eq!(asked(&gateway).await, 403, "on the stage and its canary");
    prod.remove_canary().unwrap();
    assert_eq!(told(&gateway).await["version"], "2");
    assert_eq!(prod.deployments().len(), 3);
    prod.roll_back(&first).unwrap();
    assert_eq!(told(&gateway).await["version"], "1");
    assert_eq!(asked(&gateway).await, 403);
}

#[tokio::test]
async fn a_deployment_whose_policy_speaks_of_another_account_is_not_kept() {
    let denied = |account: &str| {
        let mut api = version(2);
        api.policy = Some(format!(
            r#"{{"Version": "2012-10-17", "Statement": [
                {{"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"}},
                {{"Effect": "Deny", "Principal": "*", "Action": "execute-api:Invoke",
                  "Resource": "arn:aws:execute-api:us-east-1:{account}:pets/prod/GET/v"}}]}}"#
        ));
        api
    };
    let gateway = gateway(stage());
    let prod = gateway.stage("pets", "prod").unwrap();
    let foreign = prod.deploy(denied("000000000000")).unwrap();
    assert_eq!(ask(&gateway, get("/prod/v")).await.status, 403);
    let open = prod.deploy(version(3)).unwrap();

    let next = gateway.successor().account_id("123456789012");
    let next = next.api("pets", version(1)).stage("pets", stage());
    let changes = reloaded(&gateway, next);
    assert_eq!(changes, "changed accountId\nchanged apis.pets.stages.prod");
    let refused = prod.roll_back(&foreign);
    assert!(refused.is_err(), "what it denies would be another API.s");
    prod.roll_back(&open).unwrap();
    assert_eq!(told(&gateway).await["version"], "3");
}

#[test]
fn what_is_said_of_an_api_is_said_after_a_reload_too() {
    let api = || {
        let mut api = version(1);
        api.policy = Some(
            r#"{"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke",
                 "Resource": "arn:aws:execute-api:us-east-1:123456789012:pets/prod/GET/v"}]}"#
                .to_owned(),
        );
        api
    };
    let gateway = built(Gateway::builder().api("pets", api()).stage("pets", stage()));
    let said = gateway.diagnostics();
    assert_eq!(said.len(), 1, "{said:?}");
    for _ in 0..2 {
        let next = gateway.successor().api("pets", api());
        assert_eq!(reloaded(&gateway, next.stage("pets", stage())), "");
        assert_eq!(gateway.diagnostics(), said);
    }
}

#[test]
fn an_authorizer_keeps_nothing_alive_of_deployments_that_are_gone() {
    let gateway = built(
        Gateway::builder()
            .api("pets", version(1))
            .stage("pets", stage())
            .stage("pets", StageSettings::new("dev"))
            .function(AUTH, says("Allow")),
    );
    let prod = gateway.stage("pets", "prod").unwrap();
    let alive = Arc::new(());
    let held = Arc::clone(&alive);
    let service = tower::service_fn(move |_: Request<Body>| {
        let _held = &held;
        std::future::ready(Ok::<_, Infallible>(Response::new(Body::empty())))
    });
    let api = RestApi::builder("pets").get("/v", InProcess::new(service));
    prod.deploy(api.build().unwrap()).unwrap();
    let dev = gateway.stage("pets", "dev").unwrap();
    dev.deploy(guarded(2)).unwrap();
    assert_eq!(Arc::strong_count(&alive), 2);
    for number in 0..32 {
        prod.deploy(version(number)).unwrap();
    }
    assert_eq!(Arc::strong_count(&alive), 1);
}
