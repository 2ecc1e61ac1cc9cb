//! One change of a stage: the next snapshot, and the next of all that is served.

use std::sync::{Arc, MutexGuard};

use towergate_stages::Deployment;

use super::Gateway;
use crate::{
    ApiSource, GatewayBuilder, ReleaseError,
    assembly::{Joined, Placing, register_deployed},
    control::{Control, Histories, History, MAX_DEPLOYMENTS, ServedApi},
    serving::Serving,
    stage::{Release, Served, StageSnapshot},
    stage_table::StageTable,
};

/// What a change of a stage may use, and what it adds to.
pub(crate) struct StageChange<'a> {
    pub(crate) control: &'a Control,
    pub(crate) histories: Histories,
    /// What the gateway has beside APIs.
    pub(crate) told: GatewayBuilder,
}

impl StageChange<'_> {
    /// Makes a deployment of an API, for the stage of this snapshot.
    pub(crate) fn deployment(
        &mut self,
        snapshot: &StageSnapshot,
        source: ApiSource,
    ) -> Result<Arc<Deployment<Served>>, ReleaseError> {
        let api_id = &snapshot.base().info().api_id;
        let Joined { api, told } = std::mem::take(&mut self.told).join(api_id, source)?;
        self.told = told;
        let history = self
            .histories
            .entry(api_id.clone())
            .or_insert_with(|| Arc::new(History::new(MAX_DEPLOYMENTS)));
        let history = Arc::make_mut(history);
        let in_use = |id: &str| self.control.points_at(api_id, id);
        let deployment = Control::deployment(history, &api, &self.told.runtime, in_use)?;
        // Those of a deployment that has gone for this one go with it.
        let mut backends = self.control.backends.clone();
        register_deployed(&mut backends, &self.histories);
        self.told.runtime.backends = backends;
        Ok(self.deployed(snapshot, &deployment))
    }

    /// Returns a deployment as the stage of this snapshot serves it.
    pub(crate) fn deployed(
        &self,
        snapshot: &StageSnapshot,
        deployment: &Deployment<Arc<ServedApi>>,
    ) -> Arc<Deployment<Served>> {
        let mut serving = snapshot.releases().map(Release::deployment);
        if let Some(serving) = serving.find(|serving| serving.id() == deployment.id()) {
            return Arc::clone(serving);
        }
        let placing = Placing::of(&self.told, snapshot.method_settings());
        placing.deployed(deployment, snapshot.base().info())
    }
}

impl Gateway {
    /// Changes what a stage points at: for requests that come from now on.
    pub(crate) fn change_stage(
        &self,
        key: &(String, String),
        change: impl FnOnce(&mut StageChange<'_>, &StageSnapshot) -> Result<StageSnapshot, ReleaseError>,
    ) -> Result<(), ReleaseError> {
        self.change_under(self.control(), key, change)
    }

    pub(super) fn change_under(
        &self,
        mut control: MutexGuard<'_, Control>,
        key: &(String, String),
        change: impl FnOnce(&mut StageChange<'_>, &StageSnapshot) -> Result<StageSnapshot, ReleaseError>,
    ) -> Result<(), ReleaseError> {
        let stage = control.stages.get(key).cloned();
        let stage = stage.ok_or_else(|| ReleaseError::unknown(key))?;
        let before = self.serving();
        let mut change_of = StageChange {
            told: self.continued(&control),
            control: &control,
            histories: before.histories.clone(),
        };
        let next = stage.changed(change(&mut change_of, &stage.snapshot)?);
        let StageChange {
            told, histories, ..
        } = change_of;
        control.stages.insert(key.clone(), Arc::new(next));
        let serving = Serving {
            stages: StageTable::of(control.stages.values()),
            domains: Arc::clone(&before.domains),
            histories,
            diagnostics: Arc::clone(&before.diagnostics),
            in_flight: Arc::clone(&before.in_flight),
            runtime: told.runtime,
        };
        #[cfg(feature = "jwt")]
        {
            control.keys = told.keys;
        }
        let replaced = self.0.serving.swap(Arc::new(serving));
        // What goes with it may take its time to go: no one should wait for that.
        drop(control);
        drop(replaced);
        Ok(())
    }
}
