//! What a plan says, ready to be looked up, and what a key used of it.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use arc_swap::ArcSwap;
use towergate_core::ApiKeyInfo;

use super::UsagePlanError;
use crate::{
    LimitName, NamedBucket, OutagePolicy, Quota, QuotaCounter, Rate, Slot, TokenBucket, UsagePlan,
    method_key::{MethodRef, StageRef, canonical_method},
};

/// A plan as its keys see it: one for all of them, so that a change is one swap.
pub(super) struct PlanCell {
    pub(super) id: Box<str>,
    pub(super) rules: ArcSwap<Rules>,
}

impl PlanCell {
    pub(super) fn new(plan: &UsagePlan) -> Self {
        Self {
            id: plan.id.as_str().into(),
            rules: ArcSwap::from_pointee(Rules::new(plan)),
        }
    }
}

/// What a plan allows.
pub(super) struct Rules {
    /// Sorted by number.
    stages: Box<[StageRules]>,
    pub(super) throttle: Option<Rate>,
    pub(super) quota: Option<Quota>,
    pub(super) outage: Option<OutagePolicy>,
}

/// A stage that the keys of a plan may call.
pub(super) struct StageRules {
    id: u64,
    pub(super) api: Box<str>,
    pub(super) stage: Box<str>,
    /// The methods with a limit of their own: few, so that they are looked through.
    pub(super) methods: Box<[MethodRules]>,
}

/// The limit of one method.
pub(super) struct MethodRules {
    id: u64,
    key: Box<str>,
    pub(super) rate: Rate,
}

impl Rules {
    pub(super) fn new(plan: &UsagePlan) -> Self {
        let mut stages: Vec<_> = plan.api_stages.iter().map(StageRules::new).collect();
        stages.sort_by_key(|stage| stage.id);
        Self {
            stages: stages.into(),
            throttle: plan.throttle,
            quota: plan.quota,
            outage: plan.outage,
        }
    }

    pub(super) fn stage(&self, wanted: StageRef<'_>) -> Option<&StageRules> {
        let first = self.stages.partition_point(|stage| stage.id < wanted.id);
        let same = self.stages.get(first..)?.iter();
        same.take_while(|stage| stage.id == wanted.id)
            .find(|stage| *stage.api == *wanted.api && *stage.stage == *wanted.stage)
    }

    /// Returns a stage that is in both.
    pub(super) fn common_stage<'a>(&'a self, other: &Rules) -> Option<&'a StageRules> {
        let mut stages = self.stages.iter();
        stages.find(|stage| other.stage(stage.reference()).is_some())
    }

    /// Returns whether there is a stage that `other` does not have.
    pub(super) fn adds_to(&self, other: &Rules) -> bool {
        let mut stages = self.stages.iter();
        stages.any(|stage| other.stage(stage.reference()).is_none())
    }

    fn has_method(&self, name: &LimitName<'_>) -> bool {
        let LimitName::PlanMethod {
            api, stage, method, ..
        } = *name
        else {
            return false;
        };
        let stage = self.stage(StageRef::new(api, stage));
        stage.is_some_and(|stage| stage.method(MethodRef::new(method)).is_some())
    }
}

impl StageRules {
    fn new(stage: &crate::ApiStage) -> Self {
        let methods = stage.throttle.iter().map(|(key, rate)| {
            let key = canonical_method(key);
            MethodRules {
                id: MethodRef::new(&key).id,
                key: key.into(),
                rate: *rate,
            }
        });
        Self {
            id: StageRef::new(&stage.api, &stage.stage).id,
            api: stage.api.as_str().into(),
            stage: stage.stage.as_str().into(),
            methods: methods.collect(),
        }
    }

    fn reference(&self) -> StageRef<'_> {
        StageRef {
            id: self.id,
            api: &self.api,
            stage: &self.stage,
        }
    }

    /// Returns the error of a key that is in a plan with this stage already.
    pub(super) fn taken(&self, key: &str, plan: &str) -> UsagePlanError {
        UsagePlanError::StageTaken {
            key: key.to_owned(),
            plan: plan.to_owned(),
            api: self.api.to_string(),
            stage: self.stage.to_string(),
        }
    }

    pub(super) fn method(&self, wanted: MethodRef<'_>) -> Option<&MethodRules> {
        let mut methods = self.methods.iter();
        methods.find(|method| method.id == wanted.id && *method.key == *wanted.key)
    }
}

/// A key in a plan.
pub(super) struct Attachment {
    pub(super) key: Arc<ApiKeyInfo>,
    /// The id, so that a limit is named without a step to the key.
    pub(super) key_id: Arc<str>,
    pub(super) plan: Arc<PlanCell>,
    pub(super) usage: Arc<Usage>,
}

/// What a key used of a plan: what outlives every change of either.
#[derive(Default)]
pub(super) struct Usage {
    pub(super) bucket: TokenBucket,
    pub(super) counter: QuotaCounter,
    /// Most keys never need it, and there may be very many keys.
    rest: OnceLock<Box<Rest>>,
}

#[derive(Default)]
pub(super) struct Rest {
    pub(super) throttle: Slot,
    pub(super) quota: Slot,
    methods: Mutex<Vec<Arc<NamedBucket>>>,
}

impl Usage {
    /// Returns the rooms for what a shared store keeps, if they were made.
    pub(super) fn rooms(&self) -> Option<&Rest> {
        self.rest.get().map(|rest| &**rest)
    }

    pub(super) fn make_rooms(&self) -> &Rest {
        self.rest.get_or_init(Box::default)
    }

    /// Returns the bucket of this key for one method, a full one at the first call.
    pub(super) fn method(&self, rules: &Rules, name: LimitName<'_>) -> Arc<NamedBucket> {
        // Nothing panics between two writes, so what a panicking thread left is whole.
        let mut methods =
            (self.make_rooms().methods.lock()).unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = methods.iter().find(|bucket| bucket.name() == name) {
            return Arc::clone(bucket);
        }
        // The bound: those of methods that the plan no longer names go before one comes.
        methods.retain(|bucket| rules.has_method(&bucket.name()));
        let bucket = Arc::new(NamedBucket::new(name));
        methods.push(Arc::clone(&bucket));
        bucket
    }

    #[cfg(test)]
    pub(super) fn methods(&self) -> usize {
        self.make_rooms().methods.lock().unwrap().len()
    }
}
