//! Changes of keys and plans.

use std::sync::Arc;

use super::{UsagePlanError, UsagePlans, admin::PlanEntry, rules::Rules};
use crate::{ApiKey, UsagePlan};

/// # Keys
impl UsagePlans {
    /// Creates a key, in no plan.
    ///
    /// # Errors
    ///
    /// Returns an error if the key breaks a rule of its own, or another has its id or its value.
    pub fn create_key(&self, key: ApiKey) -> Result<(), UsagePlanError> {
        key.check()?;
        let mut admin = self.admin();
        if admin.keys.contains_key(&key.id) {
            return Err(UsagePlanError::DuplicateKeyId(key.id));
        }
        let digest = self.0.digest.of(key.value.as_bytes());
        if self.0.keys.contains_key(&digest) {
            return Err(UsagePlanError::DuplicateKeyValue);
        }
        self.put_key(&mut admin, key);
        Ok(())
    }

    /// Replaces the key with this id: name, value, description, and whether it is enabled. Plans and usage stay.
    ///
    /// # Errors
    ///
    /// Returns an error if there is none, it breaks a rule of its own, or another has its value.
    pub fn update_key(&self, key: ApiKey) -> Result<(), UsagePlanError> {
        key.check()?;
        let mut admin = self.admin();
        let digest = self.0.digest.of(key.value.as_bytes());
        let entry = admin.key(&key.id)?;
        if digest != entry.digest && self.0.keys.contains_key(&digest) {
            return Err(UsagePlanError::DuplicateKeyValue);
        }
        self.put_key(&mut admin, key);
        Ok(())
    }

    /// Sets whether requests with a key are let in.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no such key.
    pub fn set_key_enabled(&self, id: &str, enabled: bool) -> Result<(), UsagePlanError> {
        let mut admin = self.admin();
        admin.key(id)?.key.enabled = enabled;
        self.publish(&admin, id);
        Ok(())
    }

    /// Deletes a key, takes it out of its plans, and forgets what it used.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no such key.
    pub fn delete_key(&self, id: &str) -> Result<(), UsagePlanError> {
        let mut admin = self.admin();
        let Some(entry) = admin.keys.remove(id) else {
            return Err(UsagePlanError::UnknownKey(id.to_owned()));
        };
        self.0.keys.remove(&entry.digest);
        for attachment in &entry.attachments {
            if let Some(plan) = admin.plans.get_mut(&*attachment.plan.id) {
                plan.keys.remove(id);
            }
        }
        Ok(())
    }

    /// Returns a key, with its value.
    #[must_use]
    pub fn key(&self, id: &str) -> Option<ApiKey> {
        self.admin().keys.get(id).map(|entry| entry.key.clone())
    }

    /// Returns all keys, with their values, in the order of their ids.
    #[must_use]
    pub fn keys(&self) -> Vec<ApiKey> {
        let admin = self.admin();
        admin.keys.values().map(|entry| entry.key.clone()).collect()
    }
}

/// # Plans
impl UsagePlans {
    /// Creates a plan, and puts its [keys](UsagePlan::keys) into it.
    ///
    /// # Errors
    ///
    /// Returns an error if the plan breaks a rule of its own, another has its id, or a key of it is unknown or in another
    /// plan with one of its stages.
    pub fn create_plan(&self, plan: UsagePlan) -> Result<(), UsagePlanError> {
        let mut admin = self.admin();
        match admin.problems_of_new(&plan).into_iter().next() {
            Some(problem) => Err(problem),
            None => {
                self.put_plan(&mut admin, plan, |_| Arc::default());
                Ok(())
            }
        }
    }

    /// Replaces all of the plan with this id but its keys, which stay those that they are, with what they used.
    ///
    /// # Errors
    ///
    /// Returns an error if there is none, it breaks a rule of its own, or a key of it is in another plan with a stage that
    /// is new to it.
    pub fn update_plan(&self, mut plan: UsagePlan) -> Result<(), UsagePlanError> {
        plan.check()?;
        plan.keys = Vec::new();
        let mut admin = self.admin();
        let rules = Rules::new(&plan);
        let entry = admin.plan(&plan.id)?;
        if rules.adds_to(&entry.cell.rules.load()) {
            for key in &entry.keys {
                admin.check_stages(key, &plan.id, &rules)?;
            }
        }
        if let Some(entry) = admin.plans.get_mut(&plan.id) {
            entry.cell.rules.store(Arc::new(rules));
            entry.plan = plan;
        }
        Ok(())
    }

    /// Deletes a plan, takes its keys out of it, and forgets what they used of it.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no such plan.
    pub fn delete_plan(&self, id: &str) -> Result<(), UsagePlanError> {
        let mut admin = self.admin();
        let Some(entry) = admin.plans.remove(id) else {
            return Err(UsagePlanError::UnknownPlan(id.to_owned()));
        };
        for key in &entry.keys {
            self.leave(&mut admin, id, key);
        }
        Ok(())
    }

    /// Returns a plan, with the ids of its keys in their order.
    #[must_use]
    pub fn plan(&self, id: &str) -> Option<UsagePlan> {
        self.admin().plans.get(id).map(PlanEntry::to_plan)
    }

    /// Returns all plans, in the order of their ids.
    #[must_use]
    pub fn plans(&self) -> Vec<UsagePlan> {
        let admin = self.admin();
        admin.plans.values().map(PlanEntry::to_plan).collect()
    }

    /// Puts a key into a plan, with a full bucket and the whole quota.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no such plan or key, the key is in it already, or in another with one of its stages.
    pub fn attach(&self, plan: &str, key: &str) -> Result<(), UsagePlanError> {
        let mut admin = self.admin();
        let entry = admin.plan(plan)?;
        if entry.keys.contains(key) {
            return Err(UsagePlanError::AlreadyAttached {
                plan: plan.to_owned(),
                key: key.to_owned(),
            });
        }
        admin.check_stages(key, plan, &entry.cell.rules.load())?;
        self.join(&mut admin, plan, key, Arc::default());
        Ok(())
    }

    /// Takes a key out of a plan, and forgets what it used of it.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no such plan or key, or the key is not in it.
    pub fn detach(&self, plan: &str, key: &str) -> Result<(), UsagePlanError> {
        let mut admin = self.admin();
        admin.attachment(plan, key)?;
        if let Some(entry) = admin.plans.get_mut(plan) {
            entry.keys.remove(key);
        }
        self.leave(&mut admin, plan, key);
        Ok(())
    }
}
