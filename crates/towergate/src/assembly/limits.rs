//! API keys and usage plans, joined with what was used of them before.

use towergate_definition::Place;
use towergate_stages::MethodKey;
use towergate_throttling::{ConfigurationError, ConfigurationPlace, UsagePlans};

use super::{Assembly, ServedApis, Stages};
use crate::GatewayBuilder;

impl Assembly<'_> {
    /// Joins keys and plans with what was used of them before.
    pub(super) fn usage_plans(
        &mut self,
        told: &GatewayBuilder,
        served: &ServedApis,
        stages: &Stages,
        before: &UsagePlans,
    ) -> Option<UsagePlans> {
        self.check_plans(told, served, stages);
        let (keys, plans) = (&told.api_keys, &told.usage_plans);
        let shared = told.runtime.plans.shared();
        // Changes by hand stay with a registry that stays.
        if let Some(previous) = self.previous
            && before.is_shared_by(shared)
            && (&previous.api_keys, &previous.usage_plans) == (keys, plans)
        {
            return Some(before.clone());
        }
        let known = match self.previous {
            Some(_) => before,
            None => &told.runtime.plans,
        };
        let rebuilt = known.rebuilt_on(shared.cloned(), keys.clone(), plans.clone());
        let refused = |errors: Vec<ConfigurationError>| {
            for ConfigurationError { at, error, .. } in errors {
                let place = match at {
                    ConfigurationPlace::Key { index, .. } => {
                        Place::from_iter(["apiKeys", &index.to_string()])
                    }
                    ConfigurationPlace::Plan { index, .. } => {
                        Place::from_iter(["usagePlans", &index.to_string()])
                    }
                    _ => Place::root(),
                };
                self.error(place, format!("{at}: {error}"));
            }
        };
        rebuilt.map_err(refused).ok()
    }

    /// Reports plans of stages and methods that there are none of.
    fn check_plans(&mut self, told: &GatewayBuilder, served: &ServedApis, stages: &Stages) {
        for (number, plan) in told.usage_plans.iter().enumerate() {
            let plan_place = Place::from_iter(["usagePlans", &number.to_string()]);
            for (number, api_stage) in plan.api_stages.iter().enumerate() {
                let place = plan_place.key("apiStages").key(number.to_string());
                let (api, stage) = (&api_stage.api, &api_stage.stage);
                // What is not named at all has been reported as that.
                if api.is_empty() || stage.is_empty() {
                    continue;
                }
                let key = (api.clone(), stage.clone());
                if !stages.contains_key(&key) {
                    // Of a refused API the stages are not known.
                    if stages.keys().any(|(known, _)| known == api) {
                        self.error(place, format!("the API `{api}` has no stage `{stage}`"));
                    } else if !self.told_apis.contains(api) {
                        self.error(place, format!("there is no API `{api}`"));
                    }
                    continue;
                }
                for method in api_stage.throttle.keys() {
                    let message = match method.parse::<MethodKey>() {
                        Err(error) => error.to_string(),
                        Ok(method) if served.has_method(&key, &method) => continue,
                        Ok(method) => format!("the API `{api}` has no method `{method}`"),
                    };
                    self.error(place.key("throttle").key(method), message);
                }
            }
        }
    }
}
