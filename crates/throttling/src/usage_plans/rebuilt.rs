//! A whole new configuration that goes on where the old one is.

use std::{collections::HashSet, sync::Arc};

use super::{ConfigurationError, ConfigurationPlace, UsagePlanError, UsagePlans};
use crate::{ApiKey, SharedLimits, UsagePlan};

impl UsagePlans {
    /// Creates a registry of these keys and plans that shares with this one what keys used of plans: by their ids, so that
    /// a key may change its value and a plan its limits. Shared store and usage are the same; requests that found their
    /// key here go on with it.
    ///
    /// On an empty registry it is the way to make one of a configuration.
    ///
    /// # Errors
    ///
    /// Returns everything that is wrong with them, each with its place.
    pub fn rebuilt(
        &self,
        keys: impl IntoIterator<Item = ApiKey>,
        plans: impl IntoIterator<Item = UsagePlan>,
    ) -> Result<Self, Vec<ConfigurationError>> {
        self.rebuilt_on(self.0.shared.clone(), keys, plans)
    }

    /// As [`rebuilt`](Self::rebuilt), with limits that are kept in another store, or on this node.
    ///
    /// # Errors
    ///
    /// Returns everything that is wrong with the keys and plans, each with its place.
    pub fn rebuilt_on(
        &self,
        shared: Option<Arc<dyn SharedLimits>>,
        keys: impl IntoIterator<Item = ApiKey>,
        plans: impl IntoIterator<Item = UsagePlan>,
    ) -> Result<Self, Vec<ConfigurationError>> {
        let new = Self::with(shared);
        let (mut errors, mut refused) = (Vec::new(), HashSet::new());
        for (index, key) in keys.into_iter().enumerate() {
            let id = key.id.clone();
            if let Err(error) = new.create_key(key) {
                refused.insert(id.clone());
                let at = ConfigurationPlace::Key { index, id };
                errors.push(ConfigurationError { at, error });
            }
        }
        let old = self.admin();
        let mut admin = new.admin();
        for (index, plan) in plans.into_iter().enumerate() {
            let id = plan.id.clone();
            let problems = admin.problems_of_new(&plan);
            if problems.is_empty() {
                new.put_plan(&mut admin, plan, |key| {
                    let old = old.attachment(&id, key);
                    old.map_or_else(|_| Arc::default(), |old| Arc::clone(&old.usage))
                });
            }
            // That the key of a plan is missing because it was refused is no news.
            let is_news = |error: &UsagePlanError| !matches!(error, UsagePlanError::UnknownKey(key) if refused.contains(key));
            let problems = problems.into_iter().filter(is_news);
            errors.extend(problems.map(|error| ConfigurationError {
                at: ConfigurationPlace::Plan {
                    index,
                    id: id.clone(),
                },
                error,
            }));
        }
        drop(admin);
        match errors.is_empty() {
            true => Ok(new),
            false => Err(errors),
        }
    }
}
