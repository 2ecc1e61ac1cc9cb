//! A stage as those who release hold it: a pointer to the current snapshot, and all that can change it.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, MutexGuard},
};

use arc_swap::ArcSwap;
use towergate_core::Timestamp;

use crate::{
    CanarySettings, Deployment, DeploymentError, Guard, GuardDecision, GuardSettings,
    MethodSettingsTable, NewDeployment, PatchOperation, Percent, PromoteError, StageError,
    StageSnapshot, StageVariables, Stages, stages::Changes,
};

/// What points at the current snapshot.
pub(crate) struct Pointer<S> {
    current: ArcSwap<StageSnapshot<S>>,
}

impl<S> Pointer<S> {
    pub(crate) fn new(snapshot: StageSnapshot<S>) -> Self {
        Self {
            current: ArcSwap::from_pointee(snapshot),
        }
    }

    pub(crate) fn snapshot(&self) -> Arc<StageSnapshot<S>> {
        self.current.load_full()
    }

    /// Sets the next snapshot and returns the last. Only to be called under the lock of changes.
    pub(crate) fn replace(&self, next: StageSnapshot<S>) -> Arc<StageSnapshot<S>> {
        self.current.swap(Arc::new(next))
    }
}

/// A stage: what serves its requests, and all that changes it.
///
/// Clones are handles of the same stage. A request takes the [current](Self::current) snapshot once, which is one atomic
/// load, and keeps it to its end; a change makes the next snapshot and swaps the pointer. What a snapshot held is dropped
/// with its last request, unless it is kept among the deployments of the API.
///
/// ```
/// use towergate_stages::{CanarySettings, Percent, StageHandle};
///
/// let prod = StageHandle::new("prod", "version 1")?;
/// prod.deploy_canary("version 2", CanarySettings::new(Percent::new(10.0)?))?;
/// assert_eq!(*prod.current().choose(|| 0).service(), "version 2");
///
/// prod.promote()?;
/// prod.remove_canary()?;
/// assert_eq!(*prod.current().base().service(), "version 2");
///
/// let first = prod.stages().deployments()[0].id().to_owned();
/// prod.roll_back(&first)?;
/// assert_eq!(*prod.current().base().service(), "version 1");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct StageHandle<S> {
    stages: Stages<S>,
    pointer: Arc<Pointer<S>>,
}

impl<S> StageHandle<S> {
    /// Creates a stage of an API of its own, with id `app`, on the system's clock and chance. [`Stages`] has more to say.
    ///
    /// # Errors
    ///
    /// Returns an error if the name is not of 1 to 128 letters, digits, `_` and `-`.
    pub fn new(name: &str, service: S) -> Result<Self, StageError> {
        let stages = Stages::new("app");
        let deployment = stages.create_deployment(NewDeployment::new(service))?;
        stages.create_stage(name, deployment.id(), StageVariables::default())
    }

    pub(crate) fn of(stages: Stages<S>, pointer: Arc<Pointer<S>>) -> Self {
        Self { stages, pointer }
    }

    /// Returns the API's deployments and stages.
    #[must_use]
    pub fn stages(&self) -> &Stages<S> {
        &self.stages
    }

    /// Returns what the stage serves with now.
    #[must_use]
    pub fn current(&self) -> Arc<StageSnapshot<S>> {
        self.pointer.snapshot()
    }

    /// Deploys: the stage points at the new deployment, or, where it has a canary, the canary does.
    ///
    /// # Errors
    ///
    /// Returns an error if the history is full of deployments in use, or the stage was deleted.
    pub fn deploy(&self, service: S) -> Result<Arc<Deployment<S>>, StageError> {
        self.update(|snapshot, changes| {
            let deployment = self.stages.0.keep(changes, service, None)?;
            Ok((snapshot.deploy(Arc::clone(&deployment)), deployment))
        })
    }

    /// Deploys as a canary; the stage itself stays as it is. Pointer, share and overrides of a canary that is there are
    /// replaced.
    ///
    /// # Errors
    ///
    /// Returns an error if the history is full of deployments in use, or the stage was deleted.
    pub fn deploy_canary(
        &self,
        service: S,
        settings: CanarySettings,
    ) -> Result<Arc<Deployment<S>>, StageError> {
        self.update(|snapshot, changes| {
            let deployment = self.stages.0.keep(changes, service, None)?;
            let next = snapshot.with_canary(Arc::clone(&deployment), settings);
            Ok((next, deployment))
        })
    }

    /// Points the stage at a deployment that is kept, an older one as a rule. Variables, settings and the canary stay.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no such deployment, or the stage was deleted.
    pub fn roll_back(&self, deployment_id: &str) -> Result<(), StageError> {
        self.update(|snapshot, changes| {
            let deployment = changes.deployments.get(deployment_id);
            let deployment = deployment.ok_or(DeploymentError::Unknown)?;
            Ok((snapshot.repoint(Arc::clone(deployment)), ()))
        })
    }

    /// Changes the share of requests that the canary gets. A stage without one gets a canary of its own deployment.
    ///
    /// # Errors
    ///
    /// Returns an error if the stage was deleted.
    pub fn set_canary_percent(&self, percent: Percent) -> Result<(), StageError> {
        self.update(|snapshot, _| Ok((snapshot.with_canary_percent(percent), ())))
    }

    /// Promotes the canary: the stage points at its deployment, its overrides are merged into the variables, and it stays
    /// with a share of 0.0.
    ///
    /// # Errors
    ///
    /// Returns an error without a canary, if the stage would have too many variables, or if it was deleted.
    pub fn promote(&self) -> Result<(), StageError> {
        self.update(|snapshot, _| Ok((snapshot.promote()?, ())))
    }

    /// Removes the canary, if there is one; the stage itself stays as it is.
    ///
    /// # Errors
    ///
    /// Returns an error if the stage was deleted.
    pub fn remove_canary(&self) -> Result<(), StageError> {
        self.update(|snapshot, _| Ok((snapshot.without_canary(), ())))
    }

    /// Sets a variable of the stage; one of the same name is replaced.
    ///
    /// # Errors
    ///
    /// Returns an error if name or value is not allowed, there would be too many, or the stage was deleted.
    pub fn set_variable(&self, name: &str, value: &str) -> Result<(), StageError> {
        self.update(|snapshot, _| Ok((snapshot.with_variable(name, value)?, ())))
    }

    /// Removes a variable of the stage, if there is one of this name.
    ///
    /// # Errors
    ///
    /// Returns an error if the stage was deleted.
    pub fn remove_variable(&self, name: &str) -> Result<(), StageError> {
        self.update(|snapshot, _| Ok((snapshot.without_variable(name), ())))
    }

    /// Changes the method settings. No other change is made meanwhile, so `change` must not ask for one.
    ///
    /// # Errors
    ///
    /// Returns an error if the stage was deleted.
    pub fn change_method_settings(
        &self,
        change: impl FnOnce(&mut MethodSettingsTable),
    ) -> Result<(), StageError> {
        self.update(|snapshot, _| {
            let mut settings = snapshot.method_settings().clone();
            change(&mut settings);
            Ok((snapshot.with_method_settings(settings), ()))
        })
    }

    /// Applies patch operations: all of them or none.
    ///
    /// # Errors
    ///
    /// Returns what is wrong with the first that cannot be applied, or an error if the stage was deleted.
    pub fn patch(&self, operations: &[PatchOperation]) -> Result<(), StageError> {
        self.update(|snapshot, changes| {
            let next = snapshot.apply(operations, |id| changes.deployments.get(id).cloned())?;
            Ok((next, ()))
        })
    }

    /// Has the canary watched from now on: it gets the share of the first step, grows step by step while it does as well
    /// as its stage, is promoted after the last, and is removed if it does worse. `on_decision` is told each of these.
    ///
    /// There is no task behind it. The guard looks as responses of a [`StageService`](crate::StageService) end, and in
    /// [`tick`](Self::tick). Whoever changes deployments, share or overrides by hand meanwhile ends it, and is not told;
    /// variables and method settings may change. `on_decision` is called by whatever response ended: it must not wait. A
    /// panic in it ends nothing else. A handle of this stage in it keeps the stage alive until the guard has ended.
    ///
    /// A promotion that is not possible any more, for the variables that the stage has got meanwhile, is tried at each look.
    ///
    /// # Errors
    ///
    /// Returns an error without a canary, if the settings are not allowed, if the canary could not be promoted, or if the
    /// stage was deleted.
    pub fn guard<F>(&self, settings: GuardSettings, on_decision: F) -> Result<(), StageError>
    where
        S: Send + Sync + 'static,
        F: Fn(&GuardDecision) + Send + Sync + 'static,
    {
        let (shared, pointer) = (
            Arc::downgrade(&self.stages.0),
            Arc::downgrade(&self.pointer),
        );
        let clock = Arc::clone(&self.stages.0.clock);
        let guard = Guard::new(settings, clock, move |guard, decision| {
            let stage = || {
                let stages = Stages(shared.upgrade()?);
                Some(Self::of(stages, pointer.upgrade()?))
            };
            let is_done = stage().is_some_and(|stage| stage.carry_out(guard, decision));
            if is_done {
                // That whoever is told panics is no failure of the request that ended, and undoes nothing.
                let _ = catch_unwind(AssertUnwindSafe(|| on_decision(decision)));
            }
            is_done
        })?;
        self.update(|snapshot, _| Ok((snapshot.with_guard(guard)?, ())))
    }

    /// Returns whether a guard watches the canary.
    #[must_use]
    pub fn is_guarded(&self) -> bool {
        self.current().guard().is_some()
    }

    /// Has the guard look, if there is one and it is time to: for stages whose traffic may stop.
    pub fn tick(&self, now: Timestamp) {
        if let Some(guard) = self.current().guard() {
            guard.tick(now);
        }
    }

    /// Does what a guard decided, and returns whether that was done: not while another change is made, nor where the guard
    /// was ended.
    fn carry_out(&self, guard: &Guard, decision: &GuardDecision) -> bool {
        let Some(changes) = self.stages.0.try_changes() else {
            return false;
        };
        let done = self.update_under(changes, |snapshot, _| {
            let next = snapshot.decided(guard, decision);
            // Why nothing is done is told to no one.
            Ok((next.ok_or(PromoteError::NoCanary)?, ()))
        });
        done.is_ok()
    }

    fn update<T>(
        &self,
        change: impl FnOnce(
            &StageSnapshot<S>,
            &mut Changes<S>,
        ) -> Result<(StageSnapshot<S>, T), StageError>,
    ) -> Result<T, StageError> {
        self.update_under(self.stages.0.changes(), change)
    }

    fn update_under<T>(
        &self,
        mut changes: MutexGuard<'_, Changes<S>>,
        change: impl FnOnce(
            &StageSnapshot<S>,
            &mut Changes<S>,
        ) -> Result<(StageSnapshot<S>, T), StageError>,
    ) -> Result<T, StageError> {
        let last = self.current();
        let kept = changes.stages.get(&last.base().info().stage);
        if !kept.is_some_and(|kept| Arc::ptr_eq(kept, &self.pointer)) {
            return Err(StageError::Deleted);
        }
        let (next, made) = change(&last, &mut changes)?;
        let replaced = self.pointer.replace(next);
        // What a snapshot held may take its time to go: no one should wait for that.
        let dropped = changes.dropped.take();
        drop(changes);
        drop((last, replaced, dropped));
        Ok(made)
    }
}

impl<S> Clone for StageHandle<S> {
    fn clone(&self) -> Self {
        Self {
            stages: self.stages.clone(),
            pointer: Arc::clone(&self.pointer),
        }
    }
}

impl<S> fmt::Debug for StageHandle<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StageHandle")
            .field("current", &self.current())
            .finish_non_exhaustive()
    }
}
