//! Why an API's stages are not changed.

use crate::{DeploymentError, GuardSettingsError, PatchError, PromoteError, VariableError};

/// An API's stages are not changed. Where API Gateway has words for it, those are displayed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StageError {
    /// A canary was to be deployed, and no stage named.
    #[error(
        "Invalid deployment content specified.Non null and non empty stageName must be provided for canary deployment. \
         Provided value is {}", name.as_ref().map_or("null", |_| "empty")
    )]
    CanaryOfNoStage {
        /// The name, if there was one.
        name: Option<String>,
    },
    /// A canary was to be deployed to a stage that is not there.
    #[error(
        "Invalid deployment content specified.Stage {0} must already be created before making a canary release deployment"
    )]
    CanaryOfUnknownStage(String),
    /// The stage of a handle was deleted.
    #[error("the stage was deleted: create it again, and take the handle of the new one")]
    Deleted,
    /// The deployment cannot be made or found.
    #[error(transparent)]
    Deployment(#[from] DeploymentError),
    /// There is a stage of this name.
    #[error("Stage already exists")]
    Exists,
    /// The settings of a guard are not allowed.
    #[error(transparent)]
    Guard(#[from] GuardSettingsError),
    /// The name is not allowed.
    #[error("`{0}` is not a stage name: use 1 to 128 letters, digits, `_` and `-`")]
    Name(String),
    /// A patch is not applied.
    #[error(transparent)]
    Patch(#[from] PatchError),
    /// The canary cannot be promoted.
    #[error(transparent)]
    Promote(#[from] PromoteError),
    /// There are too many stages.
    #[error("an API has at most 100 stages: delete one first")]
    TooMany,
    /// A variable is not allowed.
    #[error(transparent)]
    Variable(#[from] VariableError),
}
