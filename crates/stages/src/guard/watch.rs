//! A guard at work on a stage.

use std::{sync::Arc, time::Duration};

use towergate_core::Timestamp;

use super::{GuardDecision, GuardEngine, Side};
use crate::StageHandle;

/// A guard, and who is told what it decides. It hangs on the snapshots of the canary that it watches.
pub(crate) struct Watch {
    pub(crate) engine: GuardEngine,
    pub(crate) on_decision: Box<dyn Fn(&GuardDecision) + Send + Sync>,
}

/// A request that a guard counts, once it has ended.
pub(crate) struct Watching<S> {
    handle: StageHandle<S>,
    watch: Arc<Watch>,
    side: Side,
    started: Timestamp,
    /// How long the head of the response took, once it is there.
    latency: Option<Duration>,
    failed: bool,
}

impl<S> Watching<S> {
    pub(crate) fn new(handle: StageHandle<S>, watch: Arc<Watch>, side: Side) -> Self {
        let started = handle.stages().0.clock.now();
        Self {
            handle,
            watch,
            side,
            started,
            latency: None,
            failed: false,
        }
    }

    /// Notes that the release has answered, or failed to.
    pub(crate) fn answered(&mut self, failed: bool) {
        let now = self.handle.stages().0.clock.now();
        self.latency = Some(now.saturating_since(self.started));
        self.failed = failed;
    }

    /// Notes that the body failed.
    pub(crate) fn body_failed(&mut self) {
        self.failed = true;
    }
}

impl<S> Drop for Watching<S> {
    /// Counts the request. One that was given up before it was answered says nothing of its release.
    fn drop(&mut self) {
        if let Some(latency) = self.latency {
            let now = self.handle.stages().0.clock.now();
            self.watch
                .engine
                .record(self.side, self.failed, latency, now);
            self.handle.consult(&self.watch, now);
        }
    }
}
