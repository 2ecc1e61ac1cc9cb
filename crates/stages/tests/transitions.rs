//! Random changes, beside a model that is as plain as can be.

use std::{collections::BTreeMap, num::NonZeroUsize};

use proptest::prelude::*;
use towergate_core::StageInfo;
use towergate_stages::{
    CanarySettings, NewDeployment, Percent, StageHandle, StageVariables, Stages,
};

const MAX: usize = 4;

#[derive(Debug, Clone)]
enum Change {
    Deploy,
    DeployCanary(u8, BTreeMap<String, String>),
    Delete(usize),
    Percent(u8),
    Promote,
    RemoveCanary,
    RemoveVariable(String),
    RollBack(usize),
    Variable(String, String),
}

#[derive(Debug, Clone, Default, PartialEq)]
struct Model {
    /// Numbers of services, the oldest first.
    kept: Vec<u32>,
    base: u32,
    variables: BTreeMap<String, String>,
    canary: Option<ModelCanary>,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct ModelCanary {
    service: u32,
    percent: u8,
    overrides: BTreeMap<String, String>,
}

impl Model {
    fn is_in_use(&self, service: u32) -> bool {
        let canary = self.canary.as_ref().map(|canary| canary.service);
        self.base == service || canary == Some(service)
    }

    fn keep(&mut self, service: u32) {
        if self.kept.len() == MAX {
            let unused = self.kept.iter().position(|kept| !self.is_in_use(*kept));
            self.kept
                .remove(unused.expect("two of four are in use at most"));
        }
        self.kept.push(service);
    }

    /// Makes a change, and returns whether it is allowed.
    fn apply(&mut self, change: &Change, next: u32) -> bool {
        match change {
            Change::Deploy => {
                self.keep(next);
                match &mut self.canary {
                    Some(canary) => canary.service = next,
                    None => self.base = next,
                }
            }
            Change::DeployCanary(percent, overrides) => {
                self.keep(next);
                self.canary = Some(ModelCanary {
                    service: next,
                    percent: *percent,
                    overrides: overrides.clone(),
                });
            }
            Change::Delete(index) => {
                let index = index % self.kept.len();
                if self.is_in_use(self.kept[index]) {
                    return false;
                }
                self.kept.remove(index);
            }
            Change::Percent(percent) => {
                let service = self.base;
                let canary = self.canary.get_or_insert_with(|| ModelCanary {
                    service,
                    ..ModelCanary::default()
                });
                canary.percent = *percent;
            }
            Change::Promote => {
                let Some(canary) = &mut self.canary else {
                    return false;
                };
                self.base = canary.service;
                self.variables.extend(canary.overrides.clone());
                canary.percent = 0;
            }
            Change::RemoveCanary => self.canary = None,
            Change::RemoveVariable(name) => {
                self.variables.remove(name);
            }
            Change::RollBack(index) => self.base = self.kept[index % self.kept.len()],
            Change::Variable(name, value) => {
                self.variables.insert(name.clone(), value.clone());
            }
        }
        true
    }

    fn of(stage: &StageHandle<u32>) -> Self {
        let current = stage.current();
        let canary = current.canary().map(|canary| {
            let settings = canary.settings();
            let overrides = settings.overrides.clone().into_iter().collect();
            let mut expected: BTreeMap<_, _> = current.variables().into_iter().collect();
            expected.extend(settings.overrides.clone());
            let told = canary.release().info().variables.iter().cloned();
            assert_eq!(told.collect::<BTreeMap<_, _>>(), expected, "overlaid");
            ModelCanary {
                service: *canary.release().service(),
                percent: settings.percent.value() as u8,
                overrides,
            }
        });
        for release in current.releases() {
            let info = release.info();
            assert_eq!(info.deployment_id, release.deployment().id());
            assert!(info.variables.is_sorted(), "{:?}", info.variables);
            assert_eq!(info.is_canary.is_some(), canary.is_some());
        }
        Self {
            kept: stage
                .stages()
                .deployments()
                .iter()
                .map(|kept| *kept.service())
                .collect(),
            base: *current.base().service(),
            variables: current.variables().into_iter().collect(),
            canary,
        }
    }
}

fn apply(stage: &StageHandle<u32>, change: &Change, next: u32) -> bool {
    let percent = |percent: u8| Percent::new(f64::from(percent)).expect("a share");
    let id = |index: usize| {
        let kept = stage.stages().deployments();
        kept[index % kept.len()].id().to_owned()
    };
    match change {
        Change::Deploy => stage.deploy(next).is_ok(),
        Change::DeployCanary(share, overrides) => {
            let overrides = StageVariables::try_from_iter(overrides.clone());
            let settings = CanarySettings::new(percent(*share));
            let settings = settings.with_overrides(overrides.expect("variables"));
            stage.deploy_canary(next, settings).is_ok()
        }
        Change::Delete(index) => stage.stages().delete_deployment(&id(*index)).is_ok(),
        Change::Percent(share) => stage.set_canary_percent(percent(*share)).is_ok(),
        Change::Promote => stage.promote().is_ok(),
        Change::RemoveCanary => stage.remove_canary().is_ok(),
        Change::RemoveVariable(name) => stage.remove_variable(name).is_ok(),
        Change::RollBack(index) => stage.roll_back(&id(*index)).is_ok(),
        Change::Variable(name, value) => stage.set_variable(name, value).is_ok(),
    }
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let name = || "[a-d]";
    let overrides = || prop::collection::btree_map(name(), "[x-z]", 0..3);
    let change = prop_oneof![
        Just(Change::Deploy),
        (0..=100_u8, overrides()).prop_map(|(share, all)| Change::DeployCanary(share, all)),
        any::<usize>().prop_map(Change::Delete),
        (0..=100_u8).prop_map(Change::Percent),
        Just(Change::Promote),
        Just(Change::RemoveCanary),
        name().prop_map(Change::RemoveVariable),
        any::<usize>().prop_map(Change::RollBack),
        (name(), "[x-z]").prop_map(|(name, value)| Change::Variable(name, value)),
    ];
    prop::collection::vec(change, 1..40)
}

proptest! {
    #[test]
    fn a_stage_is_what_the_model_says(changes in changes()) {
        let max = NonZeroUsize::new(MAX).expect("not zero");
        let info = StageInfo::new("pets", "");
        let api = Stages::builder(info).max_deployments(max).build();
        api.create_deployment(NewDeployment::new(0).to_stage("prod")).expect("a stage");
        let stage = api.stage("prod").expect("the stage");
        let mut model = Model { kept: vec![0], ..Model::default() };
        for (change, next) in changes.iter().zip(1..) {
            let before = stage.current();
            let is_allowed = model.apply(change, next);
            prop_assert_eq!(apply(&stage, change, next), is_allowed, "{:?}", change);
            prop_assert_eq!(&Model::of(&stage), &model, "{:?}", change);
            prop_assert!(before.base().info().variables.is_sorted(), "the last is as it was");
        }
    }
}
