//! What a request with a key is held to.

use std::{fmt, sync::Arc};

use towergate_core::{ApiKeyInfo, Rejection};

use super::rules::{Attachment, Rules, StageRules};
use crate::{
    Charge, ChargedQuota, ChargedThrottle, LimitName, NamedBucket, OutagePolicy, Quota, Rate,
    Refusal, RefusedBy, method_key::MethodRef,
};

/// A key in the usage plan that holds for a request, with the limits as they were when it was found.
#[derive(Clone)]
pub struct Subscription {
    attachment: Arc<Attachment>,
    throttle: Throttled,
    quota: Option<Quota>,
    outage: Option<OutagePolicy>,
}

#[derive(Clone)]
enum Throttled {
    No,
    Plan(Rate),
    Method(Rate, Arc<NamedBucket>),
}

impl Subscription {
    pub(super) fn new(
        attachment: &Arc<Attachment>,
        rules: &Rules,
        stage: &StageRules,
        method: Option<MethodRef<'_>>,
    ) -> Self {
        let own = method.and_then(|method| Some((method, stage.method(method)?)));
        let throttle = match (own, rules.throttle) {
            (Some((method, own)), _) => {
                let name = LimitName::PlanMethod {
                    plan: &attachment.plan.id,
                    key: &attachment.key_id,
                    api: &stage.api,
                    stage: &stage.stage,
                    method: method.key,
                };
                Throttled::Method(own.rate, attachment.usage.method(rules, name))
            }
            (None, Some(rate)) => Throttled::Plan(rate),
            (None, None) => Throttled::No,
        };
        Self {
            attachment: Arc::clone(attachment),
            throttle,
            quota: rules.quota,
            outage: rules.outage,
        }
    }

    /// Returns the key, as the context of a request tells of it.
    #[must_use]
    pub fn key(&self) -> &Arc<ApiKeyInfo> {
        &self.attachment.key
    }

    /// Returns the plan's id.
    #[must_use]
    pub fn plan_id(&self) -> &str {
        &self.attachment.plan.id
    }

    /// Returns what the plan charges for the request: a token of the method's bucket, or else of the plan's, and one
    /// request of the quota.
    #[must_use]
    pub fn charge(&self) -> Charge<'_> {
        Charge {
            throttles: [self.throttle(), None, None],
            quota: self.quota(),
            outage: self.outage,
        }
    }

    fn name(&self) -> LimitName<'_> {
        LimitName::Plan {
            plan: &self.attachment.plan.id,
            key: &self.attachment.key_id,
        }
    }

    #[inline]
    pub(crate) fn throttle(&self) -> Option<ChargedThrottle<'_>> {
        let usage = &self.attachment.usage;
        match &self.throttle {
            Throttled::No => None,
            Throttled::Plan(rate) => Some(ChargedThrottle {
                name: self.name(),
                rate: *rate,
                bucket: &usage.bucket,
                slot: usage.rooms().map(|rooms| &rooms.throttle),
            }),
            Throttled::Method(rate, bucket) => Some(ChargedThrottle {
                name: bucket.name(),
                rate: *rate,
                bucket: bucket.bucket(),
                slot: Some(bucket.slot()),
            }),
        }
    }

    #[inline]
    pub(crate) fn quota(&self) -> Option<ChargedQuota<'_>> {
        let usage = &self.attachment.usage;
        self.quota.as_ref().map(|quota| ChargedQuota {
            name: self.name(),
            quota,
            counter: &usage.counter,
            slot: usage.rooms().map(|rooms| &rooms.quota),
        })
    }

    pub(crate) fn outage(&self) -> Option<OutagePolicy> {
        self.outage
    }

    /// Returns the rejection of a refusal of a charge that this subscription is part of; its detail names the plan if
    /// that refused, as API Gateway's execution log does.
    #[must_use]
    pub fn rejection(&self, refusal: &Refusal) -> Rejection {
        let what = match (refusal.by, &self.throttle) {
            (RefusedBy::Quota, _) => "quota exhausted",
            (RefusedBy::Throttle(0), Throttled::Plan(_) | Throttled::Method(..)) => {
                "throttle limit exceeded"
            }
            _ => return refusal.rejection(),
        };
        let detail = format!("Key {what} for Usage Plan ID {}", self.plan_id());
        refusal.rejection().with_detail(detail)
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("key", &self.attachment.key_id)
            .field("plan", &self.attachment.plan.id)
            .finish_non_exhaustive()
    }
}
