//! Releases and their undoing, as API Gateway's management API has them.

use std::{num::NonZeroUsize, sync::Arc};

use towergate_core::{StageInfo, Timestamp};
use towergate_stages::{
    CanarySettings, DeploymentError, MethodKey, NewDeployment, Percent, StageError, StageHandle,
    StageVariables, Stages,
};
use towergate_testing::{FakeClock, FixedRandom};

fn api(max_deployments: usize) -> Stages<&'static str> {
    let mut info = StageInfo::new("pets", "");
    info.account_id = "123456789012".to_owned();
    info.region = "us-east-1".to_owned();
    Stages::builder(info)
        .clock(FakeClock::at(Timestamp::from_unix_millis(1_000)))
        .random(FixedRandom::new(1 << 40))
        .max_deployments(NonZeroUsize::new(max_deployments).expect("not zero"))
        .build()
}

fn percent(value: f64) -> Percent {
    Percent::new(value).expect("a share")
}

fn variables(pairs: &[(&str, &str)]) -> StageVariables {
    StageVariables::try_from_iter(pairs.iter().copied()).expect("variables")
}

fn served(stage: &StageHandle<&'static str>) -> (&'static str, Option<&'static str>) {
    let current = stage.current();
    let canary = current.canary().map(|canary| *canary.release().service());
    (*current.base().service(), canary)
}

#[test]
fn a_deployment_is_told_what_api_gateway_tells() {
    let api = api(10);
    let new = NewDeployment::new("one").description("first");
    let deployment = api.create_deployment(new).expect("a deployment");
    let id = deployment.id();
    assert_eq!(id.len(), 6, "{id}");
    let is_sign = |sign: char| sign.is_ascii_lowercase() || sign.is_ascii_digit();
    assert!(id.chars().all(is_sign), "{id}");
    assert_eq!(deployment.description(), Some("first"));
    assert_eq!(deployment.created(), Timestamp::from_unix_millis(1_000));
    assert_eq!(
        api.stage_names(),
        Vec::<String>::new(),
        "no stage points at it"
    );
}

#[test]
fn deploying_creates_a_stage_and_then_repoints_it() {
    let api = api(10);
    let new = |service| NewDeployment::new(service).to_stage("prod");
    let first = new("one").variables(variables(&[("host", "a")]));
    api.create_deployment(first).expect("a stage");
    api.create_deployment(new("two").variables(variables(&[("host", "b")])))
        .expect("a deployment");
    let prod = api.stage("prod").expect("the stage");
    assert_eq!(served(&prod), ("two", None));
    let current = prod.current();
    let info = current.base().info();
    let facts = [&info.account_id, &info.region, &info.api_id, &info.stage];
    assert_eq!(facts, ["123456789012", "us-east-1", "pets", "prod"]);
    assert_eq!(
        info.variable("host"),
        Some("a"),
        "a stage keeps its own variables"
    );
    assert_eq!(info.is_canary, None);
}

#[test]
fn deploying_to_a_stage_with_a_canary_moves_the_canary() {
    let prod = StageHandle::new("prod", "one").expect("a stage");
    prod.deploy_canary("two", CanarySettings::new(percent(10.0)))
        .expect("a canary");
    prod.deploy("three").expect("a deployment");
    assert_eq!(served(&prod), ("one", Some("three")));
    let current = prod.current();
    let canary = current.canary().expect("a canary");
    assert_eq!(canary.settings().percent, percent(10.0), "its share stays");
}

#[test]
fn deploying_a_canary_again_replaces_pointer_share_and_overrides() {
    let prod = StageHandle::new("prod", "one").expect("a stage");
    prod.set_variable("host", "a").expect("a variable");
    let settings = CanarySettings::new(percent(10.0))
        .with_overrides(variables(&[("host", "b"), ("new", "c")]))
        .with_stage_cache(true);
    prod.deploy_canary("two", settings).expect("a canary");
    prod.deploy_canary("three", CanarySettings::new(percent(20.0)))
        .expect("another");
    assert_eq!(served(&prod), ("one", Some("three")));
    let current = prod.current();
    let canary = current.canary().expect("a canary");
    assert_eq!(canary.settings(), &CanarySettings::new(percent(20.0)));
    assert_eq!(
        canary.release().info().variables,
        current.base().info().variables
    );
}

#[test]
fn a_canary_inherits_the_variables_that_it_does_not_override() {
    let prod = StageHandle::new("prod", "one").expect("a stage");
    prod.set_variable("a", "stage").expect("a variable");
    prod.set_variable("b", "stage").expect("a variable");
    let overrides = variables(&[("b", "canary"), ("c", "canary")]);
    prod.deploy_canary("two", CanarySettings::default().with_overrides(overrides))
        .expect("a canary");
    prod.set_variable("a", "changed").expect("a variable");
    let current = prod.current();
    let base = current.base().info();
    let canary = current.canary().expect("a canary").release().info();
    let cases = [
        ("a", Some("changed"), Some("changed")),
        ("b", Some("stage"), Some("canary")),
        ("c", None, Some("canary")),
        ("d", None, None),
    ];
    for (name, of_stage, of_canary) in cases {
        let found = (base.variable(name), canary.variable(name));
        assert_eq!(found, (of_stage, of_canary), "{name}");
    }
    assert_eq!(
        (base.is_canary, canary.is_canary),
        (Some(false), Some(true))
    );
    prod.remove_canary().expect("a stage");
    assert_eq!(prod.current().base().info().is_canary, None);
}

#[test]
fn promoting_merges_the_variables_and_leaves_the_canary_without_traffic() {
    let prod = StageHandle::new("prod", "one").expect("a stage");
    assert_eq!(
        prod.promote().expect_err("no canary").to_string(),
        "Promotion not available. Canary does not exist."
    );
    prod.set_variable("kept", "stage").expect("a variable");
    let overrides = variables(&[("new", "canary")]);
    let settings = CanarySettings::new(percent(10.0)).with_overrides(overrides);
    prod.deploy_canary("two", settings).expect("a canary");
    prod.promote().expect("a canary");
    assert_eq!(served(&prod), ("two", Some("two")));
    let current = prod.current();
    let names = current.variables();
    let pairs: Vec<_> = names.iter().collect();
    assert_eq!(pairs, [("kept", "stage"), ("new", "canary")]);
    assert_eq!(
        current.canary().expect("it stays").settings().percent,
        Percent::NONE
    );
    assert_eq!(*current.choose(|| 0).service(), "two");
    assert_eq!(current.choose(|| 0).info().is_canary, Some(false));
}

#[test]
fn promoting_into_more_variables_than_a_stage_has_changes_nothing() {
    let prod = StageHandle::new("prod", "one").expect("a stage");
    for number in 0..100 {
        prod.set_variable(&format!("v{number}"), "x").expect("room");
    }
    let settings = CanarySettings::default().with_overrides(variables(&[("new", "x")]));
    prod.deploy_canary("two", settings).expect("a canary");
    let before = prod.current();
    assert!(matches!(prod.promote(), Err(StageError::Promote(_))));
    assert!(Arc::ptr_eq(&before, &prod.current()));
}

#[test]
fn rolling_back_moves_the_pointer_and_nothing_else() {
    let api = api(10);
    let one = api.create_deployment(NewDeployment::new("one").to_stage("prod"));
    let one = one.expect("a stage");
    let prod = api.stage("prod").expect("the stage");
    prod.deploy("two").expect("a deployment");
    prod.set_variable("host", "b").expect("a variable");
    prod.change_method_settings(|table| {
        table.set(MethodKey::ALL, |all| all.metrics_enabled = true);
    })
    .expect("settings");
    prod.roll_back(one.id()).expect("it is kept");
    assert_eq!(served(&prod), ("one", None));
    let current = prod.current();
    assert_eq!(current.base().info().variable("host"), Some("b"));
    assert_eq!(current.base().info().deployment_id, one.id());
    assert!(!current.method_settings().is_empty());
    let error = prod.roll_back("nowhere").expect_err("not kept");
    assert_eq!(error.to_string(), "Deployment id does not exist");
}

#[test]
fn deleting_a_deployment_is_blocked_while_a_stage_or_its_canary_points_at_it() {
    let api = api(10);
    let ids: Vec<_> = ["one", "two", "three", "four"]
        .map(|service| api.create_deployment(NewDeployment::new(service)))
        .into_iter()
        .map(|deployment| deployment.expect("a deployment").id().to_owned())
        .collect();
    let none = StageVariables::default;
    api.create_stage("prod", &ids[0], none()).expect("a stage");
    let beta =
        api.create_stage_with_canary("beta", &ids[1], none(), &ids[2], CanarySettings::default());
    let beta = beta.expect("a stage");
    let cases = [
        ("a stage points at it", 0, false),
        ("another stage points at it", 1, false),
        ("a canary points at it", 2, false),
        ("nothing points at it", 3, true),
    ];
    for (name, index, is_deleted) in cases {
        let result = api.delete_deployment(&ids[index]);
        assert_eq!(result.is_ok(), is_deleted, "{name}");
        if let Err(error) = result {
            let expected = "Active stages pointing to this deployment must be moved or deleted";
            assert_eq!(error.to_string(), expected, "{name}");
        }
    }
    assert_eq!(
        api.delete_deployment(&ids[3]).err(),
        Some(DeploymentError::Unknown)
    );
    beta.remove_canary().expect("a stage");
    api.delete_deployment(&ids[2]).expect("the canary is gone");
    assert!(api.delete_stage("beta"));
    api.delete_deployment(&ids[1]).expect("the stage is gone");
    assert_eq!(api.deployments().len(), 1);
}

#[test]
fn a_full_history_drops_the_oldest_that_nothing_points_at() {
    let api = api(3);
    let new = NewDeployment::new;
    let one = api
        .create_deployment(new("one").to_stage("prod"))
        .expect("a stage");
    let two = api.create_deployment(new("two")).expect("room");
    api.create_deployment(new("three")).expect("room");
    api.create_deployment(new("four")).expect("room is made");
    let kept: Vec<_> = api
        .deployments()
        .iter()
        .map(|kept| *kept.service())
        .collect();
    assert_eq!(kept, ["one", "three", "four"], "the stage's is kept");
    assert!(api.deployment(two.id()).is_none() && api.deployment(one.id()).is_some());
}

#[test]
fn a_history_full_of_deployments_in_use_takes_no_more() {
    let api = api(2);
    api.create_deployment(NewDeployment::new("one").to_stage("prod"))
        .expect("a stage");
    let prod = api.stage("prod").expect("the stage");
    prod.deploy_canary("two", CanarySettings::default())
        .expect("room");
    let error = prod.deploy("three").expect_err("no room");
    assert_eq!(
        error.to_string(),
        "all 2 deployments that are kept are in use: keep more, or move a stage away from one"
    );
    assert_eq!(served(&prod), ("one", Some("two")), "nothing changed");
}

#[test]
fn canaries_and_stages_are_refused_in_the_words_of_api_gateway() {
    let api = api(10);
    let prod = api.create_deployment(NewDeployment::new("one").to_stage("prod"));
    let prod = prod.expect("a stage");
    let canary = || NewDeployment::new("two").as_canary(CanarySettings::default());
    let content = "Invalid deployment content specified.";
    let no_name = "Non null and non empty stageName must be provided for canary deployment. Provided value is";
    let cases = [
        (
            "a canary of no stage",
            canary(),
            format!("{content}{no_name} null"),
        ),
        (
            "a canary of an empty name",
            canary().to_stage(""),
            format!("{content}{no_name} empty"),
        ),
        (
            "a canary of an unknown stage",
            canary().to_stage("beta"),
            format!(
                "{content}Stage beta must already be created before making a canary release deployment"
            ),
        ),
        (
            "a bad name",
            NewDeployment::new("two").to_stage("a/b"),
            "`a/b` is not a stage name: use 1 to 128 letters, digits, `_` and `-`".to_owned(),
        ),
    ];
    for (name, new, expected) in cases {
        let error = api.create_deployment(new).expect_err(name);
        assert_eq!(error.to_string(), expected, "{name}");
        assert_eq!(api.deployments().len(), 1, "{name}: nothing is kept");
    }
    let error = api.create_stage("prod", prod.id(), StageVariables::default());
    assert_eq!(
        error.expect_err("it is there").to_string(),
        "Stage already exists"
    );
    let error = api.create_stage("beta", "nowhere", StageVariables::default());
    assert_eq!(
        error.expect_err("no deployment").to_string(),
        "Deployment id does not exist"
    );
    let error = api.create_stage(&"x".repeat(129), prod.id(), StageVariables::default());
    assert!(matches!(error, Err(StageError::Name(_))));
    api.create_stage(&"x".repeat(128), prod.id(), StageVariables::default())
        .expect("the longest name");
}

#[test]
fn an_api_has_a_hundred_stages() {
    let api = api(10);
    let one = api
        .create_deployment(NewDeployment::new("one"))
        .expect("a deployment");
    let create = |name: &str| api.create_stage(name, one.id(), StageVariables::default());
    for number in 0..100 {
        create(&format!("s{number}")).expect("room");
    }
    assert_eq!(create("another").err(), Some(StageError::TooMany));
}

#[test]
fn the_stage_of_a_handle_may_be_gone() {
    let api = api(10);
    let one = api
        .create_deployment(NewDeployment::new("one").to_stage("prod"))
        .expect("a stage");
    let old = api.stage("prod").expect("the stage");
    assert!(api.delete_stage("prod") && !api.delete_stage("prod"));
    assert_eq!(old.set_variable("a", "b"), Err(StageError::Deleted));
    let new = api
        .create_stage("prod", one.id(), StageVariables::default())
        .expect("a stage");
    assert_eq!(
        old.set_variable("a", "b"),
        Err(StageError::Deleted),
        "another has its name"
    );
    new.set_variable("a", "b").expect("it is there");
    assert_eq!(served(&old), ("one", None), "it goes on serving");
}

#[test]
fn chance_that_repeats_itself_makes_ids_all_the_same() {
    struct Stuck;
    impl towergate_core::Random for Stuck {
        fn next_u64(&self) -> u64 {
            0
        }
    }
    let api = Stages::builder(StageInfo::new("pets", ""))
        .random(Stuck)
        .build();
    for number in 0..20 {
        api.create_deployment(NewDeployment::new(number))
            .expect("an id");
    }
    let mut ids: Vec<_> = api
        .deployments()
        .iter()
        .map(|kept| kept.id().to_owned())
        .collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 10, "{ids:?}");
}
