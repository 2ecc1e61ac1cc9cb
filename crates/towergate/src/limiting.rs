//! How often methods may be called: the API key that a method requires, then buckets and quota.

use std::sync::Arc;

use towergate_core::{Context, Rejection, Timestamp};
use towergate_throttling::{ApiKeySource, Charge, MethodLimits, Refusal, Subscription, UsagePlans};

/// What a method demands of those who call it.
#[derive(Debug)]
pub(crate) struct Demands {
    /// Where its API key is, if it requires one.
    pub(crate) key: Option<ApiKeySource>,
    pub(crate) limits: MethodLimits,
}

impl Demands {
    /// Lets a request in, or tells why not: first the key, then what it is charged.
    pub(crate) async fn admit(
        &self,
        plans: &UsagePlans,
        context: &Context,
        now: Timestamp,
    ) -> Result<(), Rejection> {
        let subscription = self.subscription(plans, context)?;
        let charge = self.limits.charge(subscription.as_ref());
        decide(plans, &charge, now)
            .await
            .map_err(|refusal| match &subscription {
                Some(subscription) => subscription.rejection(&refusal),
                None => refusal.rejection(),
            })
    }

    /// Finds the usage plan that holds for the key of a request, if the method requires one.
    fn subscription(
        &self,
        plans: &UsagePlans,
        context: &Context,
    ) -> Result<Option<Subscription>, Rejection> {
        let Some(source) = &self.key else {
            return Ok(None);
        };
        let value = source.value(context, context.headers());
        let subscription = plans.find(value, &self.limits)?;
        context.note_api_key(Arc::clone(subscription.key()));
        Ok(Some(subscription))
    }
}

async fn decide(plans: &UsagePlans, charge: &Charge<'_>, now: Timestamp) -> Result<(), Refusal> {
    match plans.decide_now(charge, now) {
        Some(decision) => decision,
        None => plans.ask(charge, now).await,
    }
}
