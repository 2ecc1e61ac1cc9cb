//! Changes of a stage as API Gateway's management API has them: patch operations (stages.md, sections 3, 5 and 6).

mod operation;
mod parse;

use std::sync::Arc;

pub use operation::{PatchOp, PatchOperation};
pub use parse::{MethodSettingChange, StagePatch};

use crate::{
    Deployment, MethodKey, NoMethodSetting, PercentError, PromoteError, StageSnapshot,
    VariableError, draft::Draft,
};

impl<S> StageSnapshot<S> {
    /// Applies patch operations, one after the other: all of them or none. `deployment` finds a deployment by its id.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use towergate_core::{StageInfo, Timestamp};
    /// use towergate_stages::{Deployment, PatchOperation, StageSnapshot};
    ///
    /// let version = |id: &str| Arc::new(Deployment::new(id, Timestamp::default(), ()));
    /// let prod = StageSnapshot::new(StageInfo::default(), version("one"));
    /// let prod = prod.apply(
    ///     &[
    ///         PatchOperation::replace("/canarySettings/deploymentId", "two"),
    ///         PatchOperation::replace("/canarySettings/percentTraffic", "10.0"),
    ///     ],
    ///     |id| (id == "two").then(|| version(id)),
    /// )?;
    /// assert!(prod.points_at("one") && prod.points_at("two"));
    /// # Ok::<(), towergate_stages::PatchError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns what is wrong with the first operation that cannot be applied, in API Gateway's words where they are known.
    pub fn apply(
        &self,
        operations: &[PatchOperation],
        deployment: impl Fn(&str) -> Option<Arc<Deployment<S>>>,
    ) -> Result<Self, PatchError> {
        let mut draft = Draft::of(self);
        for operation in operations {
            draft.apply(StagePatch::try_from(operation)?, &deployment)?;
        }
        Ok(draft.finish())
    }

    /// Applies changes, one after the other: all of them or none. `deployment` finds a deployment by its id.
    ///
    /// # Errors
    ///
    /// Returns what is wrong with the first change that cannot be applied.
    pub fn change(
        &self,
        changes: impl IntoIterator<Item = StagePatch>,
        deployment: impl Fn(&str) -> Option<Arc<Deployment<S>>>,
    ) -> Result<Self, PatchError> {
        let mut draft = Draft::of(self);
        for change in changes {
            draft.apply(change, &deployment)?;
        }
        Ok(draft.finish())
    }
}

impl<S> Draft<'_, S> {
    fn apply(
        &mut self,
        change: StagePatch,
        deployment: impl Fn(&str) -> Option<Arc<Deployment<S>>>,
    ) -> Result<(), PatchError> {
        let find = |id: String| deployment(&id).ok_or(PatchError::UnknownDeployment);
        match change {
            StagePatch::DeploymentId(id) => self.deployment = find(id)?,
            StagePatch::Variable { name, value } => self.variables.set(name, value)?,
            StagePatch::RemoveVariable(name) => {
                self.variables.remove(&name);
            }
            StagePatch::CanaryPercent(percent) => self.canary_settings().percent = percent,
            StagePatch::CanaryStageCache(shared) => self.canary_settings().use_stage_cache = shared,
            StagePatch::CanaryDeploymentId(id) => self.canary().deployment = find(id)?,
            StagePatch::CanaryOverride { name, value } => {
                self.canary_settings().overrides.set(name, value)?;
            }
            // What is not there needs no canary to be removed from.
            StagePatch::RemoveCanaryOverride(name) => {
                if self.canary.is_some() {
                    self.canary_settings().overrides.remove(&name);
                }
            }
            StagePatch::PromoteDeployment => self.promote_deployment()?,
            StagePatch::PromoteVariables => self.promote_variables()?,
            StagePatch::RemoveCanary => self.canary = None,
            StagePatch::MethodSetting { key, change } => {
                let settings = Arc::make_mut(&mut self.method_settings);
                settings.set(key, |settings| change.apply(settings));
            }
            StagePatch::RemoveMethodSettings(key) => {
                let settings = Arc::make_mut(&mut self.method_settings);
                let _removed = settings.remove(&key)?;
            }
        }
        Ok(())
    }
}

/// A patch is not applied. Where API Gateway has words for it, those are displayed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PatchError {
    /// Only the members of a canary are copied, and only to those of the stage.
    #[error(
        "Invalid copy operation with path: {path} and from {from}. Valid copy:path are [/deploymentId, /variables] and \
         valid copy:from are [/canarySettings/deploymentId, /canarySettings/stageVariableOverrides]"
    )]
    Copy {
        /// Where to.
        path: String,
        /// Where from.
        from: String,
    },
    /// There are no such settings to remove.
    #[error(transparent)]
    MethodSetting(#[from] NoMethodSetting),
    /// There is nothing at a path that could be removed.
    #[error("Cannot remove method setting {0} because there is no method setting for this method ")]
    NothingToRemove(String),
    /// The operation is not allowed on the path.
    #[error("Invalid {op} operation with path: {path}")]
    Operation {
        /// What was to be done.
        op: PatchOp,
        /// Where.
        path: String,
    },
    /// The share of traffic is none.
    #[error(transparent)]
    Percent(#[from] PercentError),
    /// The canary cannot be promoted.
    #[error(transparent)]
    Promote(#[from] PromoteError),
    /// There is no deployment of this id.
    #[error("Deployment id does not exist")]
    UnknownDeployment,
    /// A value is not of the kind that the path takes.
    #[error("`{value}` is no value for `{path}`: give {expected}")]
    Value {
        /// Where.
        path: String,
        /// What was given, nothing if there was no value.
        value: String,
        /// What would do.
        expected: &'static str,
    },
    /// A variable is not allowed.
    #[error(transparent)]
    Variable(#[from] VariableError),
}

impl StagePatch {
    /// Changes one member of the settings of `key`.
    #[must_use]
    pub fn method_setting(key: MethodKey, change: MethodSettingChange) -> Self {
        Self::MethodSetting { key, change }
    }
}

#[cfg(test)]
mod tests;
