//! Keys and plans by id, and the steps that changes are made of.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use towergate_core::ApiKeyInfo;

use super::{
    KeyRecord, UsagePlanError, UsagePlans,
    rules::{Attachment, PlanCell, Rules, Usage},
};
use crate::{ApiKey, UsagePlan};

/// Keys and plans by id.
#[derive(Default)]
pub(super) struct Admin {
    pub(super) keys: BTreeMap<String, KeyEntry>,
    pub(super) plans: BTreeMap<String, PlanEntry>,
}

pub(super) struct KeyEntry {
    pub(super) key: ApiKey,
    id: Arc<str>,
    pub(super) digest: u128,
    info: Arc<ApiKeyInfo>,
    pub(super) attachments: Vec<Arc<Attachment>>,
}

pub(super) struct PlanEntry {
    /// The plan as it was given, without its keys.
    pub(super) plan: UsagePlan,
    pub(super) cell: Arc<PlanCell>,
    pub(super) keys: BTreeSet<String>,
}

/// Changes that were checked. Requests see them as they are done.
impl UsagePlans {
    /// Creates or replaces a key.
    pub(super) fn put_key(&self, admin: &mut Admin, key: ApiKey) {
        let digest = self.0.digest.of(key.value.as_bytes());
        let info = Arc::new(ApiKeyInfo::new(key.id.as_str(), key.value.as_str()));
        let mut entry = KeyEntry {
            id: key.id.as_str().into(),
            digest,
            info: Arc::clone(&info),
            attachments: Vec::new(),
            key,
        };
        let id = entry.key.id.clone();
        let mut old_digest = None;
        if let Some(old) = admin.keys.remove(&id) {
            old_digest = (old.digest != digest).then_some(old.digest);
            let attachments = old.attachments.iter().map(|old| {
                Arc::new(Attachment {
                    key: Arc::clone(&info),
                    key_id: Arc::clone(&entry.id),
                    plan: Arc::clone(&old.plan),
                    usage: Arc::clone(&old.usage),
                })
            });
            entry.attachments = attachments.collect();
        }
        admin.keys.insert(id.clone(), entry);
        self.publish(admin, &id);
        if let Some(old) = old_digest {
            self.0.keys.remove(&old);
        }
    }

    /// Creates a plan; what its keys used comes from `usage`.
    pub(super) fn put_plan(
        &self,
        admin: &mut Admin,
        mut plan: UsagePlan,
        usage: impl Fn(&str) -> Arc<Usage>,
    ) {
        let keys = std::mem::take(&mut plan.keys);
        let id = plan.id.clone();
        let entry = PlanEntry {
            cell: Arc::new(PlanCell::new(&plan)),
            keys: BTreeSet::new(),
            plan,
        };
        admin.plans.insert(id.clone(), entry);
        for key in keys {
            self.join(admin, &id, &key, usage(&key));
        }
    }

    /// Puts a key into a plan.
    pub(super) fn join(&self, admin: &mut Admin, plan: &str, key: &str, usage: Arc<Usage>) {
        let plan = admin.plans.get_mut(plan);
        if let Some((plan, entry)) = plan.zip(admin.keys.get_mut(key)) {
            plan.keys.insert(key.to_owned());
            entry.attachments.push(Arc::new(Attachment {
                key: Arc::clone(&entry.info),
                key_id: Arc::clone(&entry.id),
                plan: Arc::clone(&plan.cell),
                usage,
            }));
        }
        self.publish(admin, key);
    }

    /// Takes a plan away from a key.
    pub(super) fn leave(&self, admin: &mut Admin, plan: &str, key: &str) {
        if let Some(entry) = admin.keys.get_mut(key) {
            let attachments = &mut entry.attachments;
            attachments.retain(|attachment| *attachment.plan.id != *plan);
        }
        self.publish(admin, key);
    }

    /// Shows requests a key as it is now.
    pub(super) fn publish(&self, admin: &Admin, key: &str) {
        if let Some(entry) = admin.keys.get(key) {
            let mut attachments = entry.attachments.iter();
            let record = KeyRecord {
                id: Arc::clone(&entry.id),
                enabled: entry.key.enabled,
                first: attachments.next().cloned(),
                others: attachments.as_slice().into(),
            };
            self.0.keys.insert(entry.digest, record);
        }
    }
}

impl Admin {
    pub(super) fn counts(&self) -> (usize, usize) {
        (self.keys.len(), self.plans.len())
    }

    pub(super) fn key(&mut self, id: &str) -> Result<&mut KeyEntry, UsagePlanError> {
        let unknown = || UsagePlanError::UnknownKey(id.to_owned());
        self.keys.get_mut(id).ok_or_else(unknown)
    }

    pub(super) fn plan(&self, id: &str) -> Result<&PlanEntry, UsagePlanError> {
        let unknown = || UsagePlanError::UnknownPlan(id.to_owned());
        self.plans.get(id).ok_or_else(unknown)
    }

    /// Returns a key in a plan.
    pub(super) fn attachment(
        &self,
        plan: &str,
        key: &str,
    ) -> Result<&Arc<Attachment>, UsagePlanError> {
        self.plan(plan)?;
        let Some(entry) = self.keys.get(key) else {
            return Err(UsagePlanError::UnknownKey(key.to_owned()));
        };
        let mut attachments = entry.attachments.iter();
        let found = attachments.find(|attachment| *attachment.plan.id == *plan);
        found.ok_or_else(|| UsagePlanError::NotAttached {
            plan: plan.to_owned(),
            key: key.to_owned(),
        })
    }

    /// Checks that a key is in no plan but `plan` that has a stage of these rules.
    pub(super) fn check_stages(
        &self,
        key: &str,
        plan: &str,
        rules: &Rules,
    ) -> Result<(), UsagePlanError> {
        let Some(entry) = self.keys.get(key) else {
            return Err(UsagePlanError::UnknownKey(key.to_owned()));
        };
        let others = entry.attachments.iter().map(|attachment| &attachment.plan);
        for other in others.filter(|other| *other.id != *plan) {
            if let Some(common) = rules.common_stage(&other.rules.load()) {
                return Err(common.taken(key, &other.id));
            }
        }
        Ok(())
    }

    /// Returns everything that is wrong with a plan that is to be created.
    pub(super) fn problems_of_new(&self, plan: &UsagePlan) -> Vec<UsagePlanError> {
        let mut problems: Vec<_> = plan.check().err().into_iter().collect();
        if self.plans.contains_key(&plan.id) {
            problems.push(UsagePlanError::DuplicatePlanId(plan.id.clone()));
        }
        let (rules, mut seen) = (Rules::new(plan), BTreeSet::new());
        for key in &plan.keys {
            if !seen.insert(key) {
                problems.push(UsagePlanError::AlreadyAttached {
                    plan: plan.id.clone(),
                    key: key.clone(),
                });
            }
            problems.extend(self.check_stages(key, &plan.id, &rules).err());
        }
        problems
    }
}

impl PlanEntry {
    pub(super) fn to_plan(&self) -> UsagePlan {
        UsagePlan {
            keys: self.keys.iter().cloned().collect(),
            ..self.plan.clone()
        }
    }
}
