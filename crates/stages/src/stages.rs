//! An API's deployments and stages, changed together.

mod error;
mod new_deployment;

use std::{
    collections::BTreeMap,
    fmt,
    num::NonZeroUsize,
    sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError},
};

pub use error::StageError;
pub use new_deployment::NewDeployment;

use towergate_core::{Clock, Random, StageInfo, SystemClock, SystemRandom};

use crate::{
    CanarySettings, Deployment, DeploymentError, Deployments, StageHandle, StageSnapshot,
    StageVariables, handle::Pointer, variables::is_made_of,
};

/// How many stages an API has at most.
pub const MAX_STAGES: usize = 100;

/// How many characters the name of a stage has at most.
pub const MAX_STAGE_NAME: usize = 128;

/// The deployments of an API and the stages that point at them.
///
/// Clones share both. Changes wait for one another; requests never wait for a change, nor a change for requests.
///
/// ```
/// use towergate_stages::{NewDeployment, Stages};
///
/// let pets = Stages::new("pets");
/// let one = pets.create_deployment(NewDeployment::new("old").to_stage("prod"))?;
/// let two = pets.create_deployment(NewDeployment::new("new").to_stage("prod"))?;
///
/// let prod = pets.stage("prod").expect("it was created");
/// assert_eq!(*prod.current().base().service(), "new");
/// assert!(pets.delete_deployment(two.id()).is_err(), "a stage points at it");
/// prod.roll_back(one.id())?;
/// assert_eq!(*prod.current().base().service(), "old");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Stages<S>(pub(crate) Arc<Shared<S>>);

pub(crate) struct Shared<S> {
    changes: Mutex<Changes<S>>,
    /// Account, region and id of the API.
    info: StageInfo,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
}

/// What the lock of changes guards.
pub(crate) struct Changes<S> {
    pub(crate) deployments: Deployments<S>,
    pub(crate) stages: BTreeMap<String, Arc<Pointer<S>>>,
    /// What a full history let go of, until it is dropped after the lock: that may take its time, and no one should wait.
    pub(crate) dropped: Option<Arc<Deployment<S>>>,
}

/// How an API's stages are set up.
#[must_use]
pub struct StagesBuilder {
    info: StageInfo,
    max_deployments: NonZeroUsize,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl StagesBuilder {
    /// Sets how many deployments are kept, 10 unless told otherwise. What a stage or its canary points at is always kept;
    /// where that is all of them, deploying fails.
    pub fn max_deployments(mut self, max: NonZeroUsize) -> Self {
        self.max_deployments = max;
        self
    }

    /// Sets what tells the time.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Sets where ids and the draws between stages and their canaries come from.
    pub fn random(mut self, random: impl Random) -> Self {
        self.random = Arc::new(random);
        self
    }

    /// Creates an API without deployments and stages.
    #[must_use]
    pub fn build<S>(self) -> Stages<S> {
        Stages(Arc::new(Shared {
            changes: Mutex::new(Changes {
                deployments: Deployments::new(self.max_deployments),
                stages: BTreeMap::new(),
                dropped: None,
            }),
            info: self.info,
            clock: self.clock,
            random: self.random,
        }))
    }
}

impl fmt::Debug for StagesBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StagesBuilder")
            .field("info", &self.info)
            .field("max_deployments", &self.max_deployments)
            .finish_non_exhaustive()
    }
}

impl Stages<()> {
    /// Starts setting up an API whose id, account and region are those of `info`; all else in it is left out of account.
    pub fn builder(info: StageInfo) -> StagesBuilder {
        StagesBuilder {
            info,
            max_deployments: Deployments::<()>::DEFAULT_MAX,
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
        }
    }
}

impl<S> Stages<S> {
    /// Creates an API without deployments and stages, on the system's clock and chance.
    #[must_use]
    pub fn new(api_id: impl Into<String>) -> Self {
        Stages::builder(StageInfo::new(api_id, "")).build()
    }

    /// Makes a deployment, and does with it what `new` says.
    ///
    /// # Errors
    ///
    /// Returns why not, in API Gateway's words where they are known. Nothing has changed then.
    pub fn create_deployment(
        &self,
        new: NewDeployment<S>,
    ) -> Result<Arc<Deployment<S>>, StageError> {
        let mut changes = self.0.changes();
        let stage = new.stage.as_deref();
        let name = stage.filter(|name| !name.is_empty());
        let known = name.and_then(|name| changes.stages.get(name).cloned());
        match (&new.canary, name, &known) {
            (Some(_), None, _) => {
                return Err(StageError::CanaryOfNoStage {
                    name: stage.map(str::to_owned),
                });
            }
            (Some(_), Some(name), None) => {
                return Err(StageError::CanaryOfUnknownStage(name.to_owned()));
            }
            (None, Some(name), None) => changes.check_new(name)?,
            _ => {}
        }
        let deployment = self.0.keep(&mut changes, new.service, new.description)?;
        let replaced = match (known, name, new.canary) {
            (Some(pointer), _, Some(settings)) => {
                let next = pointer
                    .snapshot()
                    .with_canary(Arc::clone(&deployment), settings);
                Some(pointer.replace(next))
            }
            (Some(pointer), _, None) => {
                let next = pointer.snapshot().deploy(Arc::clone(&deployment));
                Some(pointer.replace(next))
            }
            (None, Some(name), _) => {
                let snapshot = self.0.first(name, new.variables, Arc::clone(&deployment));
                changes.insert(name, snapshot);
                None
            }
            (None, None, _) => None,
        };
        // What a snapshot held may take its time to go: no one should wait for that.
        let dropped = changes.dropped.take();
        drop(changes);
        drop((replaced, dropped));
        Ok(deployment)
    }

    /// Creates a stage of a deployment that is kept.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no such deployment, or if name or count of the stages are not allowed.
    pub fn create_stage(
        &self,
        name: &str,
        deployment_id: &str,
        variables: StageVariables,
    ) -> Result<StageHandle<S>, StageError> {
        self.add_stage(name, deployment_id, variables, None)
    }

    /// Creates a stage with a canary, of deployments that are kept.
    ///
    /// # Errors
    ///
    /// As [`create_stage`](Self::create_stage).
    pub fn create_stage_with_canary(
        &self,
        name: &str,
        deployment_id: &str,
        variables: StageVariables,
        canary_deployment_id: &str,
        settings: CanarySettings,
    ) -> Result<StageHandle<S>, StageError> {
        let canary = Some((canary_deployment_id, settings));
        self.add_stage(name, deployment_id, variables, canary)
    }

    fn add_stage(
        &self,
        name: &str,
        deployment_id: &str,
        variables: StageVariables,
        canary: Option<(&str, CanarySettings)>,
    ) -> Result<StageHandle<S>, StageError> {
        let mut changes = self.0.changes();
        changes.check_new(name)?;
        let find = |id| {
            let found = changes.deployments.get(id).cloned();
            found.ok_or(DeploymentError::Unknown)
        };
        let mut snapshot = self.0.first(name, variables, find(deployment_id)?);
        if let Some((id, settings)) = canary {
            snapshot = snapshot.with_canary(find(id)?, settings);
        }
        let pointer = changes.insert(name, snapshot);
        Ok(StageHandle::of(self.clone(), pointer))
    }

    /// Returns a stage.
    #[must_use]
    pub fn stage(&self, name: &str) -> Option<StageHandle<S>> {
        let pointer = Arc::clone(self.0.changes().stages.get(name)?);
        Some(StageHandle::of(self.clone(), pointer))
    }

    /// Returns the names of the stages, sorted.
    #[must_use]
    pub fn stage_names(&self) -> Vec<String> {
        self.0.changes().stages.keys().cloned().collect()
    }

    /// Deletes a stage, and returns whether there was one. Its handles and services go on with what it served with, and
    /// changes through them are refused.
    pub fn delete_stage(&self, name: &str) -> bool {
        // The lock is gone before what the stage served with.
        let deleted = self.0.changes().stages.remove(name);
        deleted.is_some()
    }

    /// Returns the deployments that are kept, the oldest first.
    #[must_use]
    pub fn deployments(&self) -> Vec<Arc<Deployment<S>>> {
        self.0.changes().deployments.iter().cloned().collect()
    }

    /// Returns a deployment that is kept.
    #[must_use]
    pub fn deployment(&self, id: &str) -> Option<Arc<Deployment<S>>> {
        self.0.changes().deployments.get(id).cloned()
    }

    /// Deletes a deployment. Requests that it serves go on to their end.
    ///
    /// # Errors
    ///
    /// Returns an error if there is none, or if a stage or its canary points at it.
    pub fn delete_deployment(&self, id: &str) -> Result<Arc<Deployment<S>>, DeploymentError> {
        let changes = &mut *self.0.changes();
        let Changes {
            deployments,
            stages,
            ..
        } = changes;
        deployments.delete(id, |id| is_pointed_at(stages, id))
    }
}

fn is_pointed_at<S>(stages: &BTreeMap<String, Arc<Pointer<S>>>, id: &str) -> bool {
    stages
        .values()
        .any(|pointer| pointer.snapshot().points_at(id))
}

impl<S> Shared<S> {
    pub(crate) fn changes(&self) -> MutexGuard<'_, Changes<S>> {
        // Changes are made on values and then set: a panic leaves none half made.
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// As [`changes`](Self::changes), but does not wait for another change.
    pub(crate) fn try_changes(&self) -> Option<MutexGuard<'_, Changes<S>>> {
        match self.changes.try_lock() {
            Ok(changes) => Some(changes),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// Keeps a service as a deployment.
    pub(crate) fn keep(
        &self,
        changes: &mut Changes<S>,
        service: S,
        description: Option<String>,
    ) -> Result<Arc<Deployment<S>>, DeploymentError> {
        let Changes {
            deployments,
            stages,
            dropped,
        } = changes;
        let id = deployments.draw_id(&*self.random);
        let mut deployment = Deployment::new(id, self.clock.now(), service);
        if let Some(description) = description {
            deployment = deployment.with_description(description);
        }
        let is_in_use = |id: &str| is_pointed_at(stages, id);
        let (deployment, replaced) = deployments.replace_oldest(deployment, is_in_use)?;
        *dropped = replaced;
        Ok(deployment)
    }

    /// Returns what a stage serves with at first.
    fn first(
        &self,
        name: &str,
        variables: StageVariables,
        deployment: Arc<Deployment<S>>,
    ) -> StageSnapshot<S> {
        let mut info = self.info.clone();
        info.stage = name.to_owned();
        info.variables = variables.into_iter().collect();
        StageSnapshot::new(info, deployment)
    }
}

/// Returns whether a stage may have this name: 1 to [`MAX_STAGE_NAME`] letters, digits, `-` and `_`.
#[must_use]
pub fn is_stage_name(text: &str) -> bool {
    is_made_of(text, MAX_STAGE_NAME, "-_")
}

impl<S> Changes<S> {
    fn check_new(&self, name: &str) -> Result<(), StageError> {
        if !is_stage_name(name) {
            return Err(StageError::Name(name.to_owned()));
        }
        if self.stages.contains_key(name) {
            return Err(StageError::Exists);
        }
        if self.stages.len() >= MAX_STAGES {
            return Err(StageError::TooMany);
        }
        Ok(())
    }

    fn insert(&mut self, name: &str, snapshot: StageSnapshot<S>) -> Arc<Pointer<S>> {
        let pointer = Arc::new(Pointer::new(snapshot));
        self.stages.insert(name.to_owned(), Arc::clone(&pointer));
        pointer
    }
}

impl<S> Clone for Stages<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S> fmt::Debug for Stages<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let changes = self.0.changes();
        f.debug_struct("Stages")
            .field("api_id", &self.0.info.api_id)
            .field("deployments", &changes.deployments)
            .field("stages", &changes.stages.keys())
            .finish_non_exhaustive()
    }
}
