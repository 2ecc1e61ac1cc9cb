//! Asking what was used of a quota, and giving more of it.

use std::{ops::RangeInclusive, sync::Arc};

use towergate_core::Timestamp;

use super::{UsagePlanError, UsagePlans, rules::Attachment};
use crate::{ChargedQuota, Day, DayUsage, LimitName, Quota};

/// # Usage
///
/// Where the plans have a [shared store](UsagePlans::with_shared) these ask it, and otherwise this node's own counts.
impl UsagePlans {
    /// Returns how much of its quota a key used on each of these days, and how much was left; days without a request are
    /// left out.
    ///
    /// # Errors
    ///
    /// Returns an error if the key is not in the plan, the plan has no quota, or the store cannot be asked.
    pub async fn usage(
        &self,
        plan: &str,
        key: &str,
        days: RangeInclusive<Day>,
        now: Timestamp,
    ) -> Result<Vec<DayUsage>, UsagePlanError> {
        let counted = self.counted(plan, key)?;
        let quota = counted.charge();
        match self.shared() {
            None => Ok(quota.counter.usage(quota.quota, days, now)),
            Some(store) => {
                let usage = store.usage(&quota, days, now).await;
                usage.map_err(UsagePlanError::Store)
            }
        }
    }

    /// Sets how many requests a key has left in this period; more than the quota's limit extends it for this period.
    ///
    /// # Errors
    ///
    /// Returns an error if the key is not in the plan, the plan has no quota, or the store cannot be asked.
    pub async fn set_remaining(
        &self,
        plan: &str,
        key: &str,
        remaining: u64,
        now: Timestamp,
    ) -> Result<(), UsagePlanError> {
        let counted = self.counted(plan, key)?;
        let quota = counted.charge();
        match self.shared() {
            None => quota.counter.set_remaining(quota.quota, remaining, now),
            Some(store) => {
                let set = store.set_remaining(&quota, remaining, now).await;
                set.map_err(UsagePlanError::Store)?;
            }
        }
        Ok(())
    }

    /// Gives a key its whole quota back in this period.
    ///
    /// # Errors
    ///
    /// Returns an error if the key is not in the plan, the plan has no quota, or the store cannot be asked.
    pub async fn reset(&self, plan: &str, key: &str, now: Timestamp) -> Result<(), UsagePlanError> {
        let limit = self.counted(plan, key)?.quota.limit;
        self.set_remaining(plan, key, limit, now).await
    }

    fn counted(&self, plan: &str, key: &str) -> Result<Counted, UsagePlanError> {
        let admin = self.admin();
        let attachment = admin.attachment(plan, key)?;
        let quota = attachment.plan.rules.load().quota;
        let no_quota = || UsagePlanError::NoQuota(plan.to_owned());
        let counted = Counted {
            quota: quota.ok_or_else(no_quota)?,
            attachment: Arc::clone(attachment),
        };
        if self.0.shared.is_some() {
            counted.attachment.usage.make_rooms();
        }
        Ok(counted)
    }
}

/// A quota and who used of it.
struct Counted {
    quota: Quota,
    attachment: Arc<Attachment>,
}

impl Counted {
    fn charge(&self) -> ChargedQuota<'_> {
        let usage = &self.attachment.usage;
        ChargedQuota {
            name: LimitName::Plan {
                plan: &self.attachment.plan.id,
                key: &self.attachment.key_id,
            },
            quota: &self.quota,
            counter: &usage.counter,
            slot: usage.rooms().map(|rooms| &rooms.quota),
        }
    }
}
