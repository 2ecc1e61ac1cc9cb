//! A stage that is being changed: the members that its snapshot is computed of.

use std::sync::Arc;

use towergate_core::StageInfo;

use crate::{
    Canary, CanarySettings, Deployment, MethodSettingsTable, PromoteError, Release, StageSnapshot,
    StageVariables,
};

pub(crate) struct Draft<'a, S> {
    /// What is changed, of a stage that is there.
    last: Option<&'a StageSnapshot<S>>,
    /// Without variables.
    info: StageInfo,
    pub(crate) deployment: Arc<Deployment<S>>,
    pub(crate) variables: StageVariables,
    pub(crate) canary: Option<CanaryDraft<S>>,
    pub(crate) method_settings: Arc<MethodSettingsTable>,
}

pub(crate) struct CanaryDraft<S> {
    pub(crate) deployment: Arc<Deployment<S>>,
    pub(crate) settings: Arc<CanarySettings>,
}

impl<'a, S> Draft<'a, S> {
    pub(crate) fn new(mut info: StageInfo, deployment: Arc<Deployment<S>>) -> Self {
        let variables = StageVariables::unchecked(std::mem::take(&mut info.variables));
        Self {
            last: None,
            info,
            deployment,
            variables,
            canary: None,
            method_settings: Arc::default(),
        }
    }

    pub(crate) fn of(snapshot: &'a StageSnapshot<S>) -> Self {
        let base = snapshot.base();
        let canary = snapshot.canary().map(|canary| CanaryDraft {
            deployment: Arc::clone(canary.release().deployment()),
            settings: Arc::clone(&canary.settings),
        });
        Self {
            last: Some(snapshot),
            canary,
            method_settings: Arc::clone(&snapshot.method_settings),
            ..Self::new(StageInfo::clone(base.info()), Arc::clone(base.deployment()))
        }
    }

    pub(crate) fn set_canary(&mut self, deployment: Arc<Deployment<S>>, settings: CanarySettings) {
        self.canary = Some(CanaryDraft {
            deployment,
            settings: Arc::new(settings),
        });
    }

    /// Returns the canary. One that is not there yet comes into being: of the stage's deployment, without traffic.
    pub(crate) fn canary(&mut self) -> &mut CanaryDraft<S> {
        let deployment = &self.deployment;
        self.canary.get_or_insert_with(|| CanaryDraft {
            deployment: Arc::clone(deployment),
            settings: Arc::default(),
        })
    }

    pub(crate) fn canary_settings(&mut self) -> &mut CanarySettings {
        Arc::make_mut(&mut self.canary().settings)
    }

    pub(crate) fn promote_deployment(&mut self) -> Result<(), PromoteError> {
        let canary = self.canary.as_ref().ok_or(PromoteError::NoCanary)?;
        self.deployment = Arc::clone(&canary.deployment);
        Ok(())
    }

    pub(crate) fn promote_variables(&mut self) -> Result<(), PromoteError> {
        let canary = self.canary.as_ref().ok_or(PromoteError::NoCanary)?;
        self.variables.merge(&canary.settings.overrides)?;
        Ok(())
    }

    /// Computes all that requests need.
    pub(crate) fn finish(self) -> StageSnapshot<S> {
        let Self {
            last,
            info,
            deployment,
            variables,
            canary,
            method_settings,
        } = self;
        let release = |deployment: Arc<Deployment<S>>, variables, is_canary| {
            let mut info = info.clone();
            info.deployment_id = deployment.id().to_owned();
            info.is_canary = is_canary;
            info.variables = variables;
            Release::new(deployment, info)
        };
        let canary = canary.map(|canary| Canary {
            release: release(
                canary.deployment,
                variables.overlaid(&canary.settings.overrides),
                Some(true),
            ),
            settings: canary.settings,
        });
        let is_canary = canary.is_some().then_some(false);
        let mut next = StageSnapshot {
            base: release(deployment, variables.into_iter().collect(), is_canary),
            canary,
            method_settings,
            guard: None,
        };
        // A guard goes on only if what it watches is as it was.
        if let Some(last) = last.filter(|last| next.releases_as(last)) {
            next.guard.clone_from(&last.guard);
        }
        next
    }
}
