//! Usage plans, as data.

use std::collections::BTreeMap;

use crate::{OutagePolicy, Quota, Rate, UsagePlanError, method_key::canonical_method};

/// The most methods of one stage that a plan has limits of their own for.
pub const MAX_METHOD_THROTTLES: usize = 20;

/// A usage plan: which stages its keys may call, how fast and how often.
///
/// Each key has a bucket and a count of its own, over all stages of the plan.
///
/// ```
/// use towergate_throttling::{ApiStage, Period, Quota, Rate, UsagePlan};
///
/// let gold = UsagePlan::new("p1", "gold")
///     .api_stage(ApiStage::new("pets", "prod").method_throttle("/pets/GET", Rate::per_second(5.0).burst(2)))
///     .throttle(Rate::per_second(10.0).burst(20))
///     .quota(Quota::new(1_000, Period::Month))
///     .key("k1");
/// assert_eq!(gold.api_stages.len(), 1);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct UsagePlan {
    /// The id, which tells the plan from all others; it is what usage is kept by. Not empty.
    pub id: String,
    /// The name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The stages that its keys may call.
    pub api_stages: Vec<ApiStage>,
    /// How fast each key may call them; `None` leaves that to the stages.
    pub throttle: Option<Rate>,
    /// How often each key may call them; `None` is as often as it likes.
    pub quota: Option<Quota>,
    /// What happens while a shared store cannot be reached; `None` leaves it to the store.
    pub outage: Option<OutagePolicy>,
    /// The ids of its keys.
    pub keys: Vec<String>,
}

/// A stage that the keys of a plan may call.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ApiStage {
    /// The API's id.
    pub api: String,
    /// The stage's name.
    pub stage: String,
    /// Limits of single methods, which hold instead of the plan's: by `/pets/{id}/GET`, with or without the leading
    /// slash. At most [`MAX_METHOD_THROTTLES`].
    pub throttle: BTreeMap<String, Rate>,
}

impl UsagePlan {
    /// Creates a plan without stages, limits and keys.
    #[must_use]
    pub fn new(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
            description: String::new(),
            api_stages: Vec::new(),
            throttle: None,
            quota: None,
            outage: None,
            keys: Vec::new(),
        }
    }

    /// Sets the description.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// Adds a stage.
    #[must_use]
    pub fn api_stage(mut self, stage: ApiStage) -> Self {
        self.api_stages.push(stage);
        self
    }

    /// Sets how fast each key may call.
    #[must_use]
    pub fn throttle(mut self, rate: Rate) -> Self {
        self.throttle = Some(rate);
        self
    }

    /// Sets how often each key may call.
    #[must_use]
    pub fn quota(mut self, quota: Quota) -> Self {
        self.quota = Some(quota);
        self
    }

    /// Sets what happens while a shared store cannot be reached.
    #[must_use]
    pub fn outage(mut self, policy: OutagePolicy) -> Self {
        self.outage = Some(policy);
        self
    }

    /// Adds a key, by its id.
    #[must_use]
    pub fn key(mut self, id: impl Into<String>) -> Self {
        self.keys.push(id.into());
        self
    }

    /// Checks what can be told of the plan alone.
    pub(crate) fn check(&self) -> Result<(), UsagePlanError> {
        if self.id.is_empty() {
            return Err(UsagePlanError::EmptyId);
        }
        let mut seen = std::collections::HashSet::new();
        for stage in &self.api_stages {
            if !seen.insert((&stage.api, &stage.stage)) {
                return Err(stage.error(|api, stage| UsagePlanError::DuplicateStage { api, stage }));
            }
            stage.check()?;
        }
        Ok(())
    }
}

impl ApiStage {
    /// Creates a stage without limits of single methods.
    #[must_use]
    pub fn new(api: impl Into<String>, stage: impl Into<String>) -> Self {
        Self {
            api: api.into(),
            stage: stage.into(),
            throttle: BTreeMap::new(),
        }
    }

    /// Sets the limit of one method, such as `/pets/{id}/GET`.
    #[must_use]
    pub fn method_throttle(mut self, method: impl Into<String>, rate: Rate) -> Self {
        self.throttle.insert(method.into(), rate);
        self
    }

    fn check(&self) -> Result<(), UsagePlanError> {
        if self.throttle.len() > MAX_METHOD_THROTTLES {
            return Err(self.error(|api, stage| UsagePlanError::MethodThrottles { api, stage }));
        }
        let mut seen = std::collections::HashSet::new();
        for method in self.throttle.keys().map(|key| canonical_method(key)) {
            if !seen.insert(method.clone()) {
                return Err(self.error(|api, stage| UsagePlanError::DuplicateMethod {
                    api,
                    stage,
                    method,
                }));
            }
        }
        Ok(())
    }

    fn error(&self, error: impl FnOnce(String, String) -> UsagePlanError) -> UsagePlanError {
        error(self.api.clone(), self.stage.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_are_checked_at_their_bounds() {
        let stage = |methods: usize| {
            (0..methods).fold(ApiStage::new("pets", "prod"), |stage, index| {
                stage.method_throttle(format!("/{index}/GET"), Rate::per_second(1.0))
            })
        };
        let plan = |stage| UsagePlan::new("p1", "gold").api_stage(stage);
        let twice = stage(1).method_throttle("0/GET", Rate::per_second(1.0));
        let cases = [
            ("no stages", UsagePlan::new("p1", ""), None),
            ("20 methods", plan(stage(20)), None),
            (
                "21 methods",
                plan(stage(21)),
                Some(
                    "more than 20 methods of stage `pets/prod` have limits of their own: remove some",
                ),
            ),
            (
                "a stage twice",
                plan(stage(0)).api_stage(stage(0)),
                Some("stage `pets/prod` is listed twice: remove one"),
            ),
            (
                "a method twice",
                plan(twice),
                Some("method `0/GET` of stage `pets/prod` is listed twice: remove one"),
            ),
            (
                "no id",
                UsagePlan::new("", ""),
                Some("an id must not be empty"),
            ),
        ];
        for (name, plan, expected) in cases {
            let found = plan.check().err().map(|error| error.to_string());
            assert_eq!(found.as_deref(), expected, "{name}");
        }
    }
}
