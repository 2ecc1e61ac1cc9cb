//! APIs on their stages, and on the canaries of these.

use std::sync::Arc;

use towergate_core::{Random, StageInfo};
use towergate_definition::{self as definition, HttpMethod, Place};
use towergate_stages::{Deployment, GuardSettings, MethodKey, MethodSettingsTable, Sticky};
use towergate_throttling::{ApiKeySource, MethodLimits, Rate, Throttle, throttle_rate};

use super::{Assembly, ServedApis, StageKey, Stages, ToldApis};
use crate::{
    Gateway, GatewayBuilder, ReleaseError, StageSettings,
    control::{Control, Histories, History, MAX_DEPLOYMENTS, ServedApi},
    limiting::Demands,
    runtime::Runtime,
    stage::{Served, ServedStage, StageSnapshot},
};

impl Assembly<'_> {
    /// Puts every API on its stages.
    pub(super) fn serve_stages(
        &mut self,
        gateway: &Gateway,
        told: &GatewayBuilder,
        served: &ServedApis,
        histories: &mut Histories,
    ) -> Stages {
        let mut stages = Stages::new();
        for (api_id, settings) in &told.stages {
            let place = Place::from_iter(["apis", api_id, "stages", &settings.name]);
            settings.check(&place, &mut self.diagnostics);
            let key = (api_id.clone(), settings.name.clone());
            if stages.contains_key(&key) {
                self.error(place, "the API has this stage already");
                continue;
            }
            let Some(apis) = served.of_stage(&key) else {
                if !self.told_apis.contains(api_id) {
                    let message = format!("there is no API `{api_id}`; add it with `api`");
                    self.error(place, message);
                }
                continue;
            };
            self.check_method_settings(settings, served, &key, &place);
            let history = histories
                .entry(api_id.clone())
                .or_insert_with(|| Arc::new(History::new(MAX_DEPLOYMENTS)));
            let history = Arc::make_mut(history);
            let previous = self.previous.and_then(|previous| previous.stages.get(&key));
            let unchanged = previous.filter(|_| self.is_unchanged(told, &key, settings, apis));
            let snapshot = match unchanged {
                Some(stage) => Ok(replaced(stage, told, history)),
                None => self
                    .snapshot(told, settings, api_id, apis, history, &stages)
                    .and_then(|snapshot| guarded(snapshot, gateway, told, &key, settings)),
            };
            match snapshot {
                Ok(snapshot) => {
                    let stage = ServedStage {
                        is_as_told: unchanged.is_none_or(|stage| stage.is_as_told),
                        settings: settings.clone(),
                        sticky: keyed(settings, previous, told.runtime.backends.random()),
                        snapshot,
                    };
                    stages.insert(key, Arc::new(stage));
                }
                Err(error) => self.error(place, error.to_string()),
            }
        }
        stages
    }

    /// Returns whether a stage was told the same before: what changed since then, by hand or by a guard, stays.
    fn is_unchanged(
        &self,
        told: &GatewayBuilder,
        key: &StageKey,
        settings: &StageSettings,
        (api, canary): ToldApis<'_>,
    ) -> bool {
        let Some(previous) = self.previous.filter(|_| self.is_where_it_was(told)) else {
            return false;
        };
        let is_same =
            |known: Option<&Arc<ServedApi>>, told: Option<&Arc<ServedApi>>| match (known, told) {
                (Some(known), Some(told)) => self.renewed.continues(known, told),
                (known, told) => known.is_none() && told.is_none(),
            };
        let stage = previous.stages.get(key);
        stage.is_some_and(|stage| stage.settings == *settings)
            && is_same(previous.apis.get(&key.0), Some(api))
            && is_same(previous.canaries.get(key), canary)
    }

    /// Makes a stage serve what it is told to.
    fn snapshot(
        &self,
        told: &GatewayBuilder,
        settings: &StageSettings,
        api_id: &str,
        (api, canary): ToldApis<'_>,
        history: &mut History,
        stages: &Stages,
    ) -> Result<StageSnapshot, ReleaseError> {
        let in_use = |id: &str| {
            let is_used = stages
                .iter()
                .any(|((api, _), stage)| api == api_id && stage.snapshot.points_at(id));
            let previous = self.previous;
            is_used || previous.is_some_and(|previous| previous.points_at(api_id, id))
        };
        let mut info = StageInfo::default();
        told.account_of_arns().clone_into(&mut info.account_id);
        told.region_of_arns().clone_into(&mut info.region);
        api_id.clone_into(&mut info.api_id);
        info.stage.clone_from(&settings.name);
        info.variables.clone_from(&settings.variables);
        let placing = Placing::of(told, &settings.method_settings);
        let deployment = Control::deployment(history, api, &told.runtime, in_use)?;
        let base = placing.deployed(&deployment, &info);
        let canary_told = settings
            .canary
            .clone()
            .map(|told| (canary.unwrap_or(api), told));
        let canary = canary_told.map(|(api, told_canary)| {
            let in_use = |id: &str| in_use(id) || id == base.id();
            let deployment = Control::deployment(history, api, &told.runtime, in_use)?;
            Ok::<_, ReleaseError>((placing.deployed(&deployment, &info), told_canary))
        });
        let snapshot =
            StageSnapshot::new(info, base).with_method_settings(settings.method_settings.clone());
        Ok(match canary.transpose()? {
            Some((deployment, settings)) => snapshot.with_canary(deployment, settings),
            None => snapshot,
        })
    }

    /// Reports settings of methods that neither the stage nor its canary is told to have. What they serve now may be others,
    /// by hand or by a guard: that makes nothing wrong of what is told.
    fn check_method_settings(
        &mut self,
        settings: &StageSettings,
        served: &ServedApis,
        key: &StageKey,
        place: &Place,
    ) {
        for (method, _) in settings.method_settings.iter() {
            if method.as_method().is_some() && !served.has_method(key, method) {
                let place = place.key("methodSettings").key(method.to_string());
                self.error(place, format!("the API has no method `{method}`"));
            }
        }
    }
}

/// Returns what a stage serves with, as it is now. Buckets and the rate of the account may be others, and what its
/// deployments are joined with.
fn replaced(stage: &ServedStage, told: &GatewayBuilder, history: &History) -> StageSnapshot {
    let placing = Placing::of(told, stage.snapshot.method_settings());
    stage.snapshot.map(|release| {
        let kept = history.get(release.deployment().id());
        let api = kept.map_or(&release.service().api, |kept| kept.service());
        placing.served(api, release.info())
    })
}

/// Has the canary of a stage watched, if that is told.
fn guarded(
    snapshot: StageSnapshot,
    gateway: &Gateway,
    told: &GatewayBuilder,
    key: &StageKey,
    settings: &StageSettings,
) -> Result<StageSnapshot, ReleaseError> {
    // What is wrong with it has been reported.
    let is_good = |guard: &&GuardSettings| settings.canary.is_some() && guard.check().is_ok();
    let Some(guard) = settings.guard.as_ref().filter(is_good) else {
        return Ok(snapshot);
    };
    let (clock, _) = told.runtime.backends.time();
    let guard = gateway.guard(clock, key, guard.clone(), |_| ())?;
    Ok(snapshot.with_guard(guard)?)
}

/// Returns what tells the callers of a stage apart. It has the key that it had before, so that they stay where they are.
fn keyed(
    settings: &StageSettings,
    previous: Option<&Arc<ServedStage>>,
    random: &dyn Random,
) -> Option<Sticky> {
    let sticky = settings.sticky.clone()?;
    let sticky = match previous.and_then(|previous| previous.sticky.as_ref()) {
        Some(previous) => sticky.or_key_of(previous),
        None => sticky,
    };
    Some(sticky.keyed(random))
}

/// Puts deployments on a stage.
pub(crate) struct Placing<'a> {
    runtime: &'a Runtime,
    /// The limit of the account.
    account: Option<Throttle>,
    /// The settings of the stage.
    settings: &'a MethodSettingsTable,
}

impl<'a> Placing<'a> {
    pub(crate) fn of(told: &'a GatewayBuilder, settings: &'a MethodSettingsTable) -> Self {
        let runtime = &told.runtime;
        Self {
            runtime,
            account: runtime.account_throttle(told.throttle, told.account_of_arns()),
            settings,
        }
    }

    /// Returns a deployment as the stage serves it.
    pub(crate) fn deployed(
        &self,
        deployment: &Deployment<Arc<ServedApi>>,
        info: &StageInfo,
    ) -> Arc<Deployment<Served>> {
        let served = self.served(deployment.service(), info);
        Arc::new(deployment.with_service(served))
    }

    fn served(&self, api: &Arc<ServedApi>, info: &StageInfo) -> Served {
        Served {
            api: Arc::clone(api),
            demands: self.all_demands(api, info),
        }
    }

    fn all_demands(&self, api: &ServedApi, info: &StageInfo) -> Box<[Option<Demands>]> {
        let key_source = match api.api.deployment.api_key_source {
            definition::ApiKeySource::Authorizer => ApiKeySource::Authorizer,
            _ => ApiKeySource::default(),
        };
        let demands = api.api.methods().map(|((path, verb), method)| {
            let key = method.requires_api_key().then(|| key_source.clone());
            let rate = throttle_of(self.settings, path, verb);
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
