//! A guard at work on a stage.

use std::{sync::Arc, thread, time::Duration};

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
    /// Whether the release's code runs right now. Where it unwinds, it still does as this is dropped.
    runs: bool,
}

impl<S> Watching<S> {
    /// Begins to watch a request. The release's code is about to run.
    pub(crate) fn new(handle: StageHandle<S>, watch: Arc<Watch>, side: Side) -> Self {
        let started = handle.stages().0.clock.now();
        Self {
            handle,
            watch,
            side,
            started,
            latency: None,
            failed: false,
            runs: true,
        }
    }

    /// Notes that the release's code begins to run, or has come back.
    pub(crate) fn set_running(&mut self, runs: bool) {
        self.runs = runs;
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
    /// Counts the request. One that was given up before it was answered took as long as it was waited for: a release that
    /// hangs would go unseen otherwise. One whose release panicked has failed.
    fn drop(&mut self) {
        let now = self.handle.stages().0.clock.now();
        let waited = || now.saturating_since(self.started);
        let latency = self.latency.unwrap_or_else(waited);
        let failed = self.failed || self.runs;
        self.watch.engine.record(self.side, failed, latency, now);
        // Whoever is told of decisions may panic too, which would end the process here.
        if !thread::panicking() {
            self.handle.consult(&self.watch, now);
        }
    }
}
