//! Deployments of any tower service, stages, canaries, hot swap.

mod body;
mod deployment;
mod draft;
mod handle;
mod method_settings;
mod patch;
mod percent;
mod service;
mod snapshot;
mod stages;
mod sticky;
mod variables;

pub use body::StageBody;
pub use deployment::{Deployment, DeploymentError, Deployments, draw_deployment_id};
pub use handle::StageHandle;
pub use method_settings::{
    LoggingLevel, MethodKey, MethodKeyError, MethodSettings, MethodSettingsTable, NoMethodSetting,
    SettingsScope, UnauthorizedCacheControl,
};
pub use patch::{MethodSettingChange, PatchError, PatchOp, PatchOperation, StagePatch};
pub use percent::{Percent, PercentError};
pub use service::{ResponseFuture, StageService};
pub use snapshot::{Canary, CanarySettings, PromoteError, Release, StageSnapshot};
pub use stages::{MAX_STAGE_NAME, MAX_STAGES, NewDeployment, StageError, Stages, StagesBuilder};
pub use sticky::Sticky;
pub use towergate_core::{Context, StageInfo, Timestamp};
pub use variables::{
    MAX_VARIABLE_NAME, MAX_VARIABLE_VALUE, MAX_VARIABLES, StageVariables, VariableError,
};
