//! APIs on their stages, and on the canaries of these.

use std::{collections::BTreeMap, sync::Arc};

use towergate_core::StageInfo;
use towergate_definition::{self as definition, HttpMethod, Place};
use towergate_stages::{DeploymentError, MethodKey, MethodSettingsTable};
use towergate_throttling::{ApiKeySource, MethodLimits, Rate, Throttle, throttle_rate};

use super::{Assembly, StageKey, Stages};
use crate::{
    GatewayBuilder, StageSettings,
    control::{Control, History, MAX_DEPLOYMENTS, ServedApi, ServedStage, StageState},
    limiting::Demands,
    runtime::Runtime,
    stage::{Canary, Release, StageSnapshot},
};

impl Assembly<'_> {
    /// Puts every API on its stages.
    pub(super) fn serve_stages(
        &mut self,
        told: &GatewayBuilder,
        apis: &BTreeMap<String, Arc<ServedApi>>,
        canaries: &BTreeMap<StageKey, Arc<ServedApi>>,
        histories: &mut BTreeMap<String, History>,
    ) -> Stages {
        let runtime = &told.runtime;
        let placing = Placing {
            runtime,
            account: runtime.account_throttle(told.throttle, told.account_of_arns()),
        };
        let mut stages = Stages::new();
        for (api_id, settings) in &told.stages {
            let place = Place::from_iter(["apis", api_id, "stages", &settings.name]);
            settings.check(&place, &mut self.diagnostics);
            let key = (api_id.clone(), settings.name.clone());
            if stages.contains_key(&key) {
                self.error(place, "the API has this stage already");
                continue;
            }
            let Some(api) = apis.get(api_id) else {
                if !self.told_apis.contains(api_id) {
                    let message = format!("there is no API `{api_id}`; add it with `api`");
                    self.error(place, message);
                }
                continue;
            };
            let canary = canaries.get(&key);
            let history = histories
                .entry(api_id.clone())
                .or_insert_with(|| History::new(MAX_DEPLOYMENTS));
            let state = match self.unchanged(&key, settings, api, canary) {
                Some(state) => Ok(state),
                None => self.state(told, settings, (api_id, api), canary, history, &stages),
            };
            match state {
                Ok(state) => {
                    let snapshot = Arc::new(placing.snapshot(&state, None));
                    self.check_method_settings(settings, &snapshot, &place);
                    let settings = settings.clone();
                    let stage = ServedStage {
                        settings,
                        state,
                        snapshot,
                    };
                    stages.insert(key, stage);
                }
                Err(error) => self.error(place, error.to_string()),
            }
        }
        stages
    }

    /// Returns what a stage points at, if it was told the same before: what changed since then, by hand, stays.
    fn unchanged(
        &self,
        key: &StageKey,
        settings: &StageSettings,
        api: &Arc<ServedApi>,
        canary: Option<&Arc<ServedApi>>,
    ) -> Option<StageState> {
        let previous = self.previous?;
        let stage = previous.stages.get(key)?;
        let is_same =
            |known: Option<&Arc<ServedApi>>, told: Option<&Arc<ServedApi>>| match (known, told) {
                (Some(known), Some(told)) => Arc::ptr_eq(known, told),
                (known, told) => known.is_none() && told.is_none(),
            };
        let is_same = stage.settings == *settings
            && is_same(previous.apis.get(&key.0), Some(api))
            && is_same(previous.canaries.get(key), canary);
        is_same.then(|| stage.state.clone())
    }

    /// Points a stage at what it is told to serve.
    fn state(
        &self,
        told: &GatewayBuilder,
        settings: &StageSettings,
        (api_id, api): (&str, &Arc<ServedApi>),
        canary: Option<&Arc<ServedApi>>,
        history: &mut History,
        stages: &Stages,
    ) -> Result<StageState, DeploymentError> {
        let in_use = |id: &str| {
            let is_used = stages
                .iter()
                .any(|((api, _), stage)| api == api_id && stage.state.points_at(id));
            let previous = self.previous;
            is_used || previous.is_some_and(|previous| previous.points_at(api_id, id))
        };
        let mut info = StageInfo::default();
        told.account_of_arns().clone_into(&mut info.account_id);
        told.region_of_arns().clone_into(&mut info.region);
        api_id.clone_into(&mut info.api_id);
        info.stage.clone_from(&settings.name);
        info.variables.clone_from(&settings.variables);
        let deployment = Control::deployment(history, api, &told.runtime, in_use)?;
        let base_id = deployment.id().to_owned();
        let state = StageState::new(info, deployment)
            .with_method_settings(settings.method_settings.clone());
        let Some(canary_settings) = &settings.canary else {
            return Ok(state);
        };
        let canary = canary.unwrap_or(api);
        let in_use = |id: &str| in_use(id) || id == base_id;
        let deployment = Control::deployment(history, canary, &told.runtime, in_use)?;
        Ok(state.with_canary(deployment, canary_settings.clone()))
    }

    /// Reports settings of methods that neither the stage nor its canary has.
    fn check_method_settings(
        &mut self,
        settings: &StageSettings,
        snapshot: &StageSnapshot,
        place: &Place,
    ) {
        for (key, _) in settings.method_settings.iter() {
            if key.as_method().is_some() && !snapshot.has_method(key) {
                let place = place.key("methodSettings").key(key.to_string());
                self.error(place, format!("the API has no method `{key}`"));
            }
        }
    }
}

/// Makes of what a stage points at what its requests go by.
pub(crate) struct Placing<'a> {
    pub(crate) runtime: &'a Runtime,
    /// The limit of the account.
    pub(crate) account: Option<Throttle>,
}

impl Placing<'_> {
    /// Makes the snapshot of a stage. What methods demand stays as it was `before` for an API that was there with the same
    /// settings, so that a change of a canary takes no longer for an API with many methods.
    pub(crate) fn snapshot(
        &self,
        state: &StageState,
        before: Option<&ServedStage>,
    ) -> StageSnapshot {
        let settings = state.method_settings();
        let before = before.filter(|before| std::ptr::eq(before.state.method_settings(), settings));
        let known: Vec<_> = before
            .iter()
            .flat_map(|before| before.snapshot.releases())
            .collect();
        let canary = state.canary().map(|canary| Canary {
            percent: canary.settings().percent,
            release: self.release(canary.release(), settings, &known),
        });
        StageSnapshot {
            base: self.release(state.base(), settings, &known),
            canary,
        }
    }

    fn release(
        &self,
        release: &towergate_stages::Release<Arc<ServedApi>>,
        settings: &MethodSettingsTable,
        known: &[&Release],
    ) -> Release {
        let (api, info) = (release.service(), release.info());
        let mut known = known.iter();
        let demands = match known.find(|known| Arc::ptr_eq(&known.api, api)) {
            Some(known) => Arc::clone(&known.demands),
            None => self.all_demands(api, info, settings),
        };
        Release {
            api: Arc::clone(api),
            info: Arc::clone(info),
            demands,
        }
    }

    fn all_demands(
        &self,
        api: &ServedApi,
        info: &StageInfo,
        settings: &MethodSettingsTable,
    ) -> Arc<[Option<Demands>]> {
        let key_source = match api.api.deployment.api_key_source {
            definition::ApiKeySource::Authorizer => ApiKeySource::Authorizer,
            _ => ApiKeySource::default(),
        };
        let demands = api.api.methods().map(|((path, verb), method)| {
            let key = method.requires_api_key().then(|| key_source.clone());
            let rate = throttle_of(settings, path, verb);
            self.demands(info, &MethodKey::method(path, verb.as_str()), rate, key)
        });
        demands.collect()
    }

    /// Returns what a method demands: the buckets are those of the stage, for it and its canary together.
    fn demands(
        &self,
        info: &StageInfo,
        method: &MethodKey,
        rate: Option<Rate>,
        key: Option<ApiKeySource>,
    ) -> Option<Demands> {
        let (api, stage) = (info.api_id.as_str(), info.stage.as_str());
        let limits = MethodLimits::new(api, stage, &method.to_string());
        let buckets = &self.runtime.buckets;
        let throttle = rate.map(|rate| Throttle::new(rate, buckets.bucket(limits.stage_name())));
        let is_open = key.is_none() && throttle.is_none() && self.account.is_none();
        (!is_open).then(|| Demands {
            key,
            limits: limits
                .stage_throttle(throttle)
                .account_throttle(self.account.clone()),
        })
    }
}

/// Returns the limit of a method by the settings of its stage.
fn throttle_of(settings: &MethodSettingsTable, path: &str, verb: HttpMethod) -> Option<Rate> {
    let (settings, _) = settings.of(path, verb.as_str())?;
    throttle_rate(
        settings.throttling_rate_limit,
        settings.throttling_burst_limit,
    )
}
