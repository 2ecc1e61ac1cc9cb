//! Releases of any tower service: deployments, stages, canaries and hot swap, as Amazon API Gateway has them.
//!
//! ```
//! use http::{Request, Response};
//! use tower::{Service, service_fn};
//! use towergate_stages::{CanarySettings, Percent, StageHandle, StageService};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Two versions of an app; two routers of axum do as well.
//! let version = |answer: &'static str| {
//!     service_fn(async move |_: Request<String>| Ok::<_, &str>(Response::new(answer.to_owned())))
//! };
//! let prod = StageHandle::new("prod", version("old"))?;
//! let mut app = StageService::new(prod.clone());
//!
//! prod.deploy_canary(version("new"), CanarySettings::new(Percent::new(10.0)?))?;
//! let body = app.call(Request::new(String::new())).await?.into_body();
//! let is_canary = body.snapshot().is_some_and(|snapshot| snapshot.canary().is_some());
//! assert!(is_canary, "one request in ten gets the new version");
//!
//! prod.promote()?;
//! assert_eq!(app.call(Request::new(String::new())).await?.status(), 200);
//! # Ok(())
//! # }
//! ```
//!
//! A release is the swap of a pointer, and can be undone. [`Stages`] has the [deployments](Deployment) of an API, and the
//! stages that point at them; a [`StageHandle`] is one stage, with all that changes it; a [`StageService`] serves it. A
//! request resolves its [`StageSnapshot`] once and keeps it until its response has ended, so that no request is touched by a
//! change. Snapshots are values that change nothing by themselves: hosts that serve in a way of their own use them, with
//! [`StageSnapshot::choose`], [`StageSnapshot::apply`] and a [`Guard`], without the rest.
//!
//! Beyond API Gateway go callers that [stay](Sticky) with their release, and a canary that [watches
//! itself](StageHandle::guard).

mod body;
mod deployment;
mod draft;
mod guard;
mod handle;
mod method_settings;
mod patch;
mod percent;
mod service;
mod snapshot;
mod stages;
mod sticky;
mod variables;

pub use body::{StageBody, WatchedBody};
pub use deployment::{Deployment, DeploymentError, Deployments, draw_deployment_id};
pub use guard::{
    Guard, GuardDecision, GuardOutcome, GuardReason, GuardSample, GuardSettings,
    GuardSettingsError, Watching,
};
pub use handle::StageHandle;
pub use method_settings::{
    LoggingLevel, MethodKey, MethodKeyError, MethodSettings, MethodSettingsTable, NoMethodSetting,
    SettingsScope, UnauthorizedCacheControl,
};
pub use patch::{MethodSettingChange, PatchError, PatchOp, PatchOperation, StagePatch};
pub use percent::{Percent, PercentError};
pub use service::{ResponseFuture, StageService};
pub use snapshot::{Canary, CanarySettings, PromoteError, Release, StageSnapshot};
pub use stages::{
    MAX_STAGE_NAME, MAX_STAGES, NewDeployment, StageError, Stages, StagesBuilder, is_stage_name,
};
pub use sticky::Sticky;
pub use towergate_core::{Context, StageInfo, Timestamp};
pub use variables::{
    MAX_VARIABLE_NAME, MAX_VARIABLE_VALUE, MAX_VARIABLES, StageVariables, VariableError,
};
