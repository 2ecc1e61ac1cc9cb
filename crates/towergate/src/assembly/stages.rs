//! APIs on their stages, and on the canaries of these.

use std::{collections::BTreeMap, sync::Arc};

use towergate_core::StageInfo;
use towergate_definition::{ApiKeySource, HttpMethod, Place};
use towergate_stages::MethodKey;
use towergate_throttling::{LimitName, MethodLimits, Throttle};

use super::{Assembly, StageKey, Stages};
use crate::{
    CanarySettings, GatewayBuilder, StageSettings,
    control::{ServedApi, ServedStage},
    limiting::Demands,
    stage::{Canary, Release, StageSnapshot},
};

impl Assembly<'_> {
    /// Puts every API on its stages.
    pub(super) fn serve_stages(
        &mut self,
        told: &GatewayBuilder,
        apis: &BTreeMap<String, Arc<ServedApi>>,
        canaries: &BTreeMap<StageKey, Arc<ServedApi>>,
    ) -> Stages {
        let account = told.throttle.map(|rate| {
            let name = LimitName::Account(told.account_of_arns());
            Throttle::new(rate, told.runtime.buckets.bucket(name))
        });
        let mut stages = Stages::new();
        for (api_id, settings) in &told.stages {
            let place = Place::from_iter(["apis", api_id, "stages", &settings.name]);
            settings.check(&place, &mut self.diagnostics);
            let key = (api_id.clone(), settings.name.clone());
            let known = stages.contains_key(&key);
            if known {
                self.error(place, "the API has this stage already");
            } else if let Some(api) = apis.get(api_id) {
                let placed = Placed {
                    told,
                    api_id,
                    settings,
                    account: account.as_ref(),
                };
                let canary = settings.canary.as_ref().map(|canary| Canary {
                    percent: canary.percent,
                    release: placed.release(canaries.get(&key).unwrap_or(api), Some(canary)),
                });
                let base = placed.release(api, None);
                let snapshot = Arc::new(StageSnapshot { base, canary });
                self.check_method_settings(settings, &snapshot, &place);
                let settings = settings.clone();
                stages.insert(key, ServedStage { settings, snapshot });
            } else if !self.told_apis.contains(api_id) {
                self.error(
                    place,
                    format!("there is no API `{api_id}`; add it with `api`"),
                );
            }
        }
        stages
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

/// A stage of an API, and what holds there.
struct Placed<'a> {
    told: &'a GatewayBuilder,
    api_id: &'a str,
    settings: &'a StageSettings,
    account: Option<&'a Throttle>,
}

impl Placed<'_> {
    /// Puts an API on the stage, or on its canary.
    fn release(&self, api: &Arc<ServedApi>, canary: Option<&CanarySettings>) -> Release {
        let Self { told, settings, .. } = self;
        let mut info = StageInfo::default();
        told.account_of_arns().clone_into(&mut info.account_id);
        told.region_of_arns().clone_into(&mut info.region);
        self.api_id.clone_into(&mut info.api_id);
        info.stage.clone_from(&settings.name);
        info.is_canary = settings.canary.as_ref().map(|_| canary.is_some());
        info.variables = match canary {
            Some(canary) => settings.canary_variables(canary),
            None => settings.variables.clone(),
        };
        let key_source = api.api.deployment.api_key_source;
        let demands = api.api.methods().map(|((path, verb), method)| {
            let key = method.requires_api_key().then_some(key_source);
            self.demands(path, verb, key)
        });
        Release {
            api: Arc::clone(api),
            demands: demands.collect(),
            info: Arc::new(info),
        }
    }

    /// Returns what a method demands: the buckets are those of the stage, for it and its canary together.
    fn demands(&self, path: &str, verb: HttpMethod, key: Option<ApiKeySource>) -> Option<Demands> {
        let method = MethodKey::method(path, verb.as_str()).to_string();
        let limits = MethodLimits::new(self.api_id, self.settings.name.as_str(), &method);
        let buckets = &self.told.runtime.buckets;
        let rate = self.settings.throttle_of(path, verb);
        let throttle = rate.map(|rate| Throttle::new(rate, buckets.bucket(limits.stage_name())));
        let is_open = key.is_none() && throttle.is_none() && self.account.is_none();
        (!is_open).then(|| Demands {
            key,
            limits: limits
                .stage_throttle(throttle)
                .account_throttle(self.account.cloned()),
        })
    }
}
