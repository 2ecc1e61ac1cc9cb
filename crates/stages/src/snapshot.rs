//! What a stage serves with, as one immutable value, and the changes from one to the next.

use std::{fmt, sync::Arc};

use towergate_core::StageInfo;

use crate::{
    Deployment, Guard, MethodSettingsTable, Percent, StageVariables, VariableError, draft::Draft,
};

/// A deployment with the facts that its requests are told: everything one of them needs, made before it comes.
pub struct Release<S> {
    deployment: Arc<Deployment<S>>,
    info: Arc<StageInfo>,
}

impl<S> Release<S> {
    pub(crate) fn new(deployment: Arc<Deployment<S>>, info: StageInfo) -> Self {
        Self {
            deployment,
            info: Arc::new(info),
        }
    }

    /// Returns the deployment.
    #[must_use]
    pub fn deployment(&self) -> &Arc<Deployment<S>> {
        &self.deployment
    }

    /// Returns the service of the deployment.
    #[must_use]
    pub fn service(&self) -> &S {
        self.deployment.service()
    }

    /// Returns what requests are told of the stage.
    #[must_use]
    pub fn info(&self) -> &Arc<StageInfo> {
        &self.info
    }
}

impl<S> Clone for Release<S> {
    fn clone(&self) -> Self {
        Self {
            deployment: Arc::clone(&self.deployment),
            info: Arc::clone(&self.info),
        }
    }
}

impl<S> fmt::Debug for Release<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Release")
            .field("deployment", &self.deployment)
            .field("info", &self.info)
            .finish()
    }
}

/// What a canary differs in from its stage. By default it gets no traffic.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
#[must_use]
pub struct CanarySettings {
    /// `percentTraffic`: the share of requests that the canary gets.
    pub percent: Percent,
    /// `stageVariableOverrides`: laid over the stage's variables.
    pub overrides: StageVariables,
    /// `useStageCache`: whether the canary may answer from the stage's response cache.
    pub use_stage_cache: bool,
}

impl CanarySettings {
    /// Creates a canary that gets a share of the traffic, with the variables of its stage.
    pub fn new(percent: Percent) -> Self {
        Self {
            percent,
            ..Self::default()
        }
    }

    /// Sets what is laid over the stage's variables.
    pub fn with_overrides(mut self, overrides: StageVariables) -> Self {
        self.overrides = overrides;
        self
    }

    /// Sets whether the canary may answer from the stage's response cache.
    pub fn with_stage_cache(mut self, use_stage_cache: bool) -> Self {
        self.use_stage_cache = use_stage_cache;
        self
    }
}

/// The release that a share of a stage's requests gets.
pub struct Canary<S> {
    pub(crate) release: Release<S>,
    pub(crate) settings: Arc<CanarySettings>,
}

impl<S> Canary<S> {
    /// Returns the release.
    #[must_use]
    pub fn release(&self) -> &Release<S> {
        &self.release
    }

    /// Returns what it differs in from its stage.
    pub fn settings(&self) -> &CanarySettings {
        &self.settings
    }
}

impl<S> Clone for Canary<S> {
    fn clone(&self) -> Self {
        Self {
            release: self.release.clone(),
            settings: Arc::clone(&self.settings),
        }
    }
}

impl<S> fmt::Debug for Canary<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Canary")
            .field("release", &self.release)
            .field("settings", &self.settings)
            .finish()
    }
}

/// What a stage serves with. A request resolves one at its start and keeps it until its response has ended.
///
/// It never changes: each change of a stage makes the next snapshot, in which all that requests need is computed, so that
/// choosing a release is a comparison. A [`StageHandle`](crate::StageHandle) is a pointer to the current one; this type
/// does as well without it.
///
/// ```
/// use std::sync::Arc;
/// use towergate_core::{StageInfo, Timestamp};
/// use towergate_stages::{CanarySettings, Deployment, Percent, StageSnapshot};
///
/// let version = |id: &str, answer| Arc::new(Deployment::new(id, Timestamp::default(), answer));
/// let prod = StageSnapshot::new(StageInfo::default(), version("one", "old"));
/// let prod = prod.with_canary(version("two", "new"), CanarySettings::new(Percent::new(25.0)?));
///
/// assert_eq!(*prod.choose(|| 0).service(), "new");
/// assert_eq!(*prod.choose(|| u64::MAX).service(), "old");
/// assert_eq!(prod.choose(|| 0).info().is_canary, Some(true));
/// # Ok::<(), towergate_stages::PercentError>(())
/// ```
pub struct StageSnapshot<S> {
    pub(crate) base: Release<S>,
    pub(crate) canary: Option<Canary<S>>,
    pub(crate) method_settings: Arc<MethodSettingsTable>,
    /// What watches the canary.
    pub(crate) guard: Option<Guard>,
}

impl<S> StageSnapshot<S> {
    /// Creates what a new stage serves with.
    ///
    /// `info` gives account, region, API, name and variables of the stage; its variables are taken as they are (check
    /// them with [`StageVariables`]), all else in it is set here.
    #[must_use]
    pub fn new(info: StageInfo, deployment: Arc<Deployment<S>>) -> Self {
        Draft::new(info, deployment).finish()
    }

    /// Returns the release of the stage itself.
    #[must_use]
    pub fn base(&self) -> &Release<S> {
        &self.base
    }

    /// Returns the canary.
    #[must_use]
    pub fn canary(&self) -> Option<&Canary<S>> {
        self.canary.as_ref()
    }

    /// Returns the method settings, which hold for the canary too.
    #[must_use]
    pub fn method_settings(&self) -> &MethodSettingsTable {
        &self.method_settings
    }

    /// Returns the variables of the stage, without the canary's overrides.
    #[must_use]
    pub fn variables(&self) -> StageVariables {
        StageVariables::unchecked(self.base.info.variables.iter().cloned())
    }

    /// Returns the release for a request. `draw` gives random bits, and is not asked unless they matter: without a canary,
    /// at 0 and at 100 percent they do not.
    #[must_use]
    pub fn choose(&self, draw: impl FnOnce() -> u64) -> &Release<S> {
        match &self.canary {
            Some(canary) if canary.settings.percent.takes_by(draw) => &canary.release,
            _ => &self.base,
        }
    }

    /// Returns the release of the stage, and that of its canary.
    pub fn releases(&self) -> impl Iterator<Item = &Release<S>> {
        let canary = self.canary.iter().map(Canary::release);
        std::iter::once(&self.base).chain(canary)
    }

    /// Returns whether the stage or its canary points at the deployment of this id.
    #[must_use]
    pub fn points_at(&self, deployment_id: &str) -> bool {
        self.releases()
            .any(|release| release.deployment.id() == deployment_id)
    }

    /// Returns whether requests are shared out between the same releases as by `other`, and in the same way.
    pub(crate) fn releases_as(&self, other: &Self) -> bool {
        let is_same =
            |one: &Release<S>, other: &Release<S>| Arc::ptr_eq(&one.deployment, &other.deployment);
        let canaries = match (&self.canary, &other.canary) {
            (Some(one), Some(other)) => {
                is_same(&one.release, &other.release) && one.settings == other.settings
            }
            (one, other) => one.is_none() && other.is_none(),
        };
        canaries && is_same(&self.base, &other.base)
    }

    /// Deploys, without canary settings: the stage points at `deployment`, or, where it has a canary, the canary does
    /// (stages.md, section 6).
    #[must_use]
    pub fn deploy(&self, deployment: Arc<Deployment<S>>) -> Self {
        let mut draft = Draft::of(self);
        match &mut draft.canary {
            Some(canary) => canary.deployment = deployment,
            None => draft.deployment = deployment,
        }
        draft.finish()
    }

    /// Points the stage itself at a deployment, which may be an older one; variables, settings and canary stay.
    #[must_use]
    pub fn repoint(&self, deployment: Arc<Deployment<S>>) -> Self {
        let mut draft = Draft::of(self);
        draft.deployment = deployment;
        draft.finish()
    }

    /// Deploys as a canary; pointer, share and overrides of one that is there are replaced.
    #[must_use]
    pub fn with_canary(&self, deployment: Arc<Deployment<S>>, settings: CanarySettings) -> Self {
        let mut draft = Draft::of(self);
        draft.set_canary(deployment, settings);
        draft.finish()
    }

    /// Changes the share of requests that the canary gets. A stage without one gets a canary of its own deployment.
    #[must_use]
    pub fn with_canary_percent(&self, percent: Percent) -> Self {
        let mut draft = Draft::of(self);
        draft.canary_settings().percent = percent;
        draft.finish()
    }

    /// Removes the canary, if there is one.
    #[must_use]
    pub fn without_canary(&self) -> Self {
        let mut draft = Draft::of(self);
        draft.canary = None;
        draft.finish()
    }

    /// Promotes the canary: the stage points at its deployment, its overrides are merged into the variables, and it stays
    /// with a share of 0.0.
    ///
    /// # Errors
    ///
    /// Returns an error without a canary, or if the stage would have too many variables.
    pub fn promote(&self) -> Result<Self, PromoteError> {
        let mut draft = Draft::of(self);
        draft.promote_deployment()?;
        draft.promote_variables()?;
        draft.canary_settings().percent = Percent::NONE;
        Ok(draft.finish())
    }

    /// Sets a variable of the stage; one of the same name is replaced.
    ///
    /// # Errors
    ///
    /// Returns an error if name or value is not allowed, or there would be too many.
    pub fn with_variable(&self, name: &str, value: &str) -> Result<Self, VariableError> {
        let mut draft = Draft::of(self);
        draft.variables.set(name, value)?;
        Ok(draft.finish())
    }

    /// Removes a variable of the stage, if there is one of this name.
    #[must_use]
    pub fn without_variable(&self, name: &str) -> Self {
        let mut draft = Draft::of(self);
        draft.variables.remove(name);
        draft.finish()
    }

    /// Serves with what is made of each release's service. All else stays, a guard included.
    #[must_use]
    pub fn map<T>(&self, mut service: impl FnMut(&Release<S>) -> T) -> StageSnapshot<T> {
        let mut map = |release: &Release<S>| Release {
            deployment: Arc::new(release.deployment.with_service(service(release))),
            info: Arc::clone(&release.info),
        };
        StageSnapshot {
            base: map(&self.base),
            canary: self.canary.as_ref().map(|canary| Canary {
                release: map(&canary.release),
                settings: Arc::clone(&canary.settings),
            }),
            method_settings: Arc::clone(&self.method_settings),
            guard: self.guard.clone(),
        }
    }

    /// Replaces the method settings.
    #[must_use]
    pub fn with_method_settings(&self, settings: MethodSettingsTable) -> Self {
        Self {
            method_settings: Arc::new(settings),
            ..self.clone()
        }
    }
}

impl<S> Clone for StageSnapshot<S> {
    fn clone(&self) -> Self {
        Self {
            base: self.base.clone(),
            canary: self.canary.clone(),
            method_settings: Arc::clone(&self.method_settings),
            guard: self.guard.clone(),
        }
    }
}

impl<S> fmt::Debug for StageSnapshot<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StageSnapshot")
            .field("base", &self.base)
            .field("canary", &self.canary)
            .field("method_settings", &self.method_settings)
            .finish()
    }
}

/// A canary is not promoted. Where API Gateway has words for it, those are displayed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PromoteError {
    /// The stage has no canary.
    #[error("Promotion not available. Canary does not exist.")]
    NoCanary,
    /// The merged variables are not allowed.
    #[error(transparent)]
    Variable(#[from] VariableError),
}
