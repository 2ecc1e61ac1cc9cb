//! A stage of a running gateway: deploy, canary, promote, roll back.

use std::sync::Arc;

use towergate_core::Timestamp;
use towergate_stages::{
    CanarySettings, DeploymentError, GuardDecision, GuardSettings, GuardSettingsError, Percent,
    PromoteError, VariableError,
};

use crate::{
    ApiSource, BuildError, Gateway,
    gateway::StageChange,
    stage::{ServedStage, StageSnapshot},
};

/// A stage of a gateway, to be changed while it serves.
///
/// Each change is whole and holds for the requests that come from then on; those in flight go on as they began. A
/// [reload](Gateway::reload) that says the same of the stage as the one before leaves such changes as they are.
///
/// The last 32 deployments of an API are kept. The oldest that no stage points at goes for a new one; where stages and canaries
/// point at all of them, there is no new one.
///
/// ```
/// use http::Request;
/// use towergate::{Body, Gateway, Integration, RestApi, StageSettings, stages::Percent};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let version = |status| RestApi::builder("pets").get("/pets", Integration::mock(status)).build();
/// let gateway = Gateway::builder().api("pets", version(200)?).stage("pets", StageSettings::new("prod")).build()?;
/// let status = async || gateway.answer(Request::get("/prod/pets").body(Body::empty()).unwrap()).await.status();
///
/// let prod = gateway.stage("pets", "prod")?;
/// let first = prod.deployment_id()?;
/// prod.start_canary(version(201)?, Percent::new(100.0)?)?;
/// assert_eq!(status().await, 201);
/// prod.promote_canary()?;
/// prod.roll_back(&first)?;
/// assert_eq!(status().await, 200);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Debug, Clone)]
pub struct StageHandle {
    gateway: Gateway,
    /// The API's id and the stage's name.
    key: (String, String),
}

/// A deployment of an API.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeploymentInfo {
    /// Its id: `$context.deploymentId`.
    pub id: String,
    /// When it was made.
    pub created: Timestamp,
}

/// Why a change of a stage is refused. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReleaseError {
    /// The API cannot be served.
    #[error("the API is refused:\n{0}")]
    Api(#[from] BuildError),
    /// The deployment cannot be pointed at, or not be kept.
    #[error(transparent)]
    Deployment(#[from] DeploymentError),
    /// The settings of the guard are not allowed.
    #[error(transparent)]
    Guard(#[from] GuardSettingsError),
    /// The canary cannot be promoted.
    #[error(transparent)]
    Promote(#[from] PromoteError),
    /// There is no such stage.
    #[error("the API `{api_id}` has no stage `{stage}`")]
    UnknownStage {
        /// The API's id.
        api_id: String,
        /// The stage's name.
        stage: String,
    },
    /// The variable is none.
    #[error(transparent)]
    Variable(#[from] VariableError),
}

impl ReleaseError {
    pub(crate) fn unknown((api_id, stage): &(String, String)) -> Self {
        Self::UnknownStage {
            api_id: api_id.clone(),
            stage: stage.clone(),
        }
    }
}

impl StageHandle {
    pub(crate) fn new(gateway: Gateway, key: (String, String)) -> Self {
        Self { gateway, key }
    }

    pub(crate) fn current(&self) -> Result<Arc<ServedStage>, ReleaseError> {
        let stage = self.gateway.served_stage(&self.key);
        stage.ok_or_else(|| ReleaseError::unknown(&self.key))
    }

    fn change(
        &self,
        change: impl FnOnce(&mut StageChange<'_>, &StageSnapshot) -> Result<StageSnapshot, ReleaseError>,
    ) -> Result<(), ReleaseError> {
        self.gateway.change_stage(&self.key, change)
    }

    /// Returns the id of the deployment that the stage points at.
    ///
    /// # Errors
    ///
    /// Returns an error if the stage is gone.
    pub fn deployment_id(&self) -> Result<String, ReleaseError> {
        let current = self.current()?;
        Ok(current.snapshot.base().deployment().id().to_owned())
    }

    /// Returns the deployment and the share of the canary, if there is one.
    ///
    /// # Errors
    ///
    /// Returns an error if the stage is gone.
    pub fn canary(&self) -> Result<Option<(String, Percent)>, ReleaseError> {
        let current = self.current()?;
        Ok(current.snapshot.canary().map(|canary| {
            let id = canary.release().deployment().id().to_owned();
            (id, canary.settings().percent)
        }))
    }

    /// Returns the deployments of the API that are kept, the oldest first.
    #[must_use]
    pub fn deployments(&self) -> Vec<DeploymentInfo> {
        self.gateway.deployments(&self.key.0)
    }

    /// Deploys an API: the stage points at it, or its canary does if there is one. Returns the id of the deployment.
    ///
    /// # Errors
    ///
    /// Returns an error if the API is refused, or the stage is gone.
    pub fn deploy(&self, api: impl Into<ApiSource>) -> Result<String, ReleaseError> {
        let mut id = String::new();
        self.change(|change, snapshot| {
            let deployment = change.deployment(snapshot, api.into())?;
            deployment.id().clone_into(&mut id);
            Ok(snapshot.deploy(deployment))
        })?;
        Ok(id)
    }

    /// Deploys an API as the canary, which gets so many requests of a hundred. One that is there is replaced. Returns the id
    /// of the deployment.
    ///
    /// # Errors
    ///
    /// Returns an error if the API is refused, or the stage is gone.
    pub fn start_canary(
        &self,
        api: impl Into<ApiSource>,
        percent: Percent,
    ) -> Result<String, ReleaseError> {
        self.start_canary_with(api, CanarySettings::new(percent))
    }

    /// Deploys an API as the canary, with variables of its own. One that is there is replaced. Returns the id of the
    /// deployment.
    ///
    /// # Errors
    ///
    /// Returns an error if the API is refused, or the stage is gone.
    pub fn start_canary_with(
        &self,
        api: impl Into<ApiSource>,
        settings: CanarySettings,
    ) -> Result<String, ReleaseError> {
        let mut id = String::new();
        self.change(|change, snapshot| {
            let deployment = change.deployment(snapshot, api.into())?;
            deployment.id().clone_into(&mut id);
            Ok(snapshot.with_canary(deployment, settings))
        })?;
        Ok(id)
    }

    /// Sets how many requests of a hundred the canary gets. Without one there is one then, of the deployment of the stage.
    ///
    /// # Errors
    ///
    /// Returns an error if the stage is gone.
    pub fn set_canary_percent(&self, percent: Percent) -> Result<(), ReleaseError> {
        self.change(|_, snapshot| Ok(snapshot.with_canary_percent(percent)))
    }

    /// Points the stage at the deployment of its canary, and merges the canary's variables into those of the stage. The
    /// canary stays, and gets no requests.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no canary, there would be too many variables, or the stage is gone.
    pub fn promote_canary(&self) -> Result<(), ReleaseError> {
        self.change(|_, snapshot| Ok(snapshot.promote()?))
    }

    /// Takes the canary away.
    ///
    /// # Errors
    ///
    /// Returns an error if the stage is gone.
    pub fn remove_canary(&self) -> Result<(), ReleaseError> {
        self.change(|_, snapshot| Ok(snapshot.without_canary()))
    }

    /// Has the canary watched from now on: it gets the share of the first step, grows step by step while it does as well as
    /// its stage, is promoted after the last, and is removed if it does worse. `on_decision` is told each of these.
    ///
    /// There is no task behind it. The guard looks as responses end, and in [`tick`](Self::tick). Whoever changes deployments,
    /// share or overrides meanwhile ends it, and is not told; variables may change. A request has failed if its answer has a
    /// status of 500 or above, or its body breaks off.
    ///
    /// `on_decision` is called by whatever request ended: it must not wait. A panic in it ends nothing else. A handle of this
    /// gateway in it keeps the gateway alive until the guard has ended.
    ///
    /// A promotion that is not possible any more, for the variables that the stage has got meanwhile, is tried at each look.
    ///
    /// # Errors
    ///
    /// Returns an error without a canary, if the settings are not allowed, if the canary could not be promoted, or if the
    /// stage is gone.
    pub fn guard_canary<F>(
        &self,
        settings: GuardSettings,
        on_decision: F,
    ) -> Result<(), ReleaseError>
    where
        F: Fn(&GuardDecision) + Send + Sync + 'static,
    {
        self.change(|change, snapshot| {
            let (clock, _) = change.told.runtime.backends.time();
            let guard = self
                .gateway
                .guard(clock, &self.key, settings, on_decision)?;
            Ok(snapshot.with_guard(guard)?)
        })
    }

    /// Returns whether a guard watches the canary.
    ///
    /// # Errors
    ///
    /// Returns an error if the stage is gone.
    pub fn is_guarded(&self) -> Result<bool, ReleaseError> {
        Ok(self.current()?.snapshot.guard().is_some())
    }

    /// Has the guard look, if there is one and it is time to: for stages whose traffic may stop.
    ///
    /// # Errors
    ///
    /// Returns an error if the stage is gone.
    pub fn tick(&self) -> Result<(), ReleaseError> {
        if let Some(guard) = self.current()?.snapshot.guard() {
            guard.tick(self.gateway.now());
        }
        Ok(())
    }

    /// Points the stage at a deployment that is kept. Variables, settings and canary stay.
    ///
    /// # Errors
    ///
    /// Returns an error if the deployment is not kept, or the stage is gone.
    pub fn roll_back(&self, deployment_id: &str) -> Result<(), ReleaseError> {
        self.change(|change, snapshot| {
            let history = change.histories.get(&self.key.0);
            let kept = history.and_then(|history| history.get(deployment_id));
            let kept = kept.ok_or(DeploymentError::Unknown)?;
            Ok(snapshot.repoint(change.deployed(snapshot, kept)))
        })
    }

    /// Sets a stage variable; one of the same name is replaced.
    ///
    /// # Errors
    ///
    /// Returns an error if name or value may not be so, there are too many, or the stage is gone.
    pub fn set_variable(&self, name: &str, value: &str) -> Result<(), ReleaseError> {
        self.change(|_, snapshot| Ok(snapshot.with_variable(name, value)?))
    }

    /// Removes a stage variable, if there is one of this name.
    ///
    /// # Errors
    ///
    /// Returns an error if the stage is gone.
    pub fn remove_variable(&self, name: &str) -> Result<(), ReleaseError> {
        self.change(|_, snapshot| Ok(snapshot.without_variable(name)))
    }
}
