//! API keys and usage plans, joined with what was used of them before.

use towergate_definition::Place;
use towergate_stages::MethodKey;
use towergate_throttling::{ConfigurationError, ConfigurationPlace, UsagePlans};

use super::{
    Assembly, ServedApis, Stages,
    by_hand::{self, Merged},
};
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
        let (known, merged) = match self.previous {
            Some(previous) => (before, by_hand::merge(previous, before, told)),
            None => (&told.runtime.plans, Merged::of(told)),
        };
        let number = |numbers: &[Option<usize>], index: usize| {
            let number = numbers.get(index).copied().flatten();
            number.map(|number| number.to_string())
        };
        let (key_numbers, keys): (Vec<_>, Vec<_>) = merged.keys.into_iter().unzip();
        let (plan_numbers, plans): (Vec<_>, Vec<_>) = merged.plans.into_iter().unzip();
        let rebuilt = known.rebuilt_on(shared.cloned(), keys, plans);
        let refused = |errors: Vec<ConfigurationError>| {
            for ConfigurationError { at, error, .. } in errors {
                let (list, number) = match at {
                    ConfigurationPlace::Key { index, .. } => {
                        (Some("apiKeys"), number(&key_numbers, index))
                    }
                    ConfigurationPlace::Plan { index, .. } => {
                        (Some("usagePlans"), number(&plan_numbers, index))
                    }
                    _ => (None, None),
                };
                let place = list.map(str::to_owned).into_iter().chain(number);
                let place = Place::from_iter(place);
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
