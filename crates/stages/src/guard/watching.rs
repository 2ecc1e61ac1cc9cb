//! A guard at work: on the snapshots of a stage, with the requests that it counts.

use std::{fmt, sync::Arc, thread, time::Duration};

use towergate_core::{Clock, Timestamp};

use super::{GuardDecision, GuardEngine, GuardOutcome, GuardSettings, GuardSettingsError, Side};
use crate::{Percent, PromoteError, Release, StageSnapshot};

/// A guard of a canary: it counts requests, looks at what it counted, and has carried out what it decides.
///
/// [`StageHandle::guard`](crate::StageHandle::guard) makes one. A host that serves snapshots in a way of its own makes it
/// here, hangs it on a snapshot by [`StageSnapshot::with_guard`](crate::StageSnapshot::with_guard), and has it count requests
/// by [`StageSnapshot::watch`](crate::StageSnapshot::watch). Clones are the same guard.
///
/// ```
/// use std::{sync::Arc, time::Duration};
/// use arc_swap::ArcSwap;
/// use towergate_core::{StageInfo, SystemClock, Timestamp};
/// use towergate_stages::{CanarySettings, Deployment, Guard, GuardSettings, StageSnapshot};
///
/// let version = |id: &str| Arc::new(Deployment::new(id, Timestamp::default(), ()));
/// let prod = StageSnapshot::new(StageInfo::default(), version("one"));
/// let prod = Arc::new(ArcSwap::from_pointee(prod.with_canary(version("two"), CanarySettings::default())));
///
/// let changed = Arc::downgrade(&prod);
/// let guard = Guard::new(GuardSettings::default(), Arc::new(SystemClock), move |guard, decision| {
///     let Some(prod) = changed.upgrade() else { return false };
///     let next = prod.load().decided(guard, decision); // where others change it too: beneath their lock, if it is free
///     next.map(|next| prod.store(Arc::new(next))).is_some()
/// })?;
/// prod.store(Arc::new(prod.load().with_guard(guard)?));
///
/// let snapshot = prod.load_full();
/// let mut watching = snapshot.watch(snapshot.choose(|| 0)).expect("there is a guard");
/// let status = watching.run(|| 200);
/// watching.answered(status >= 500);
/// drop(watching); // with the end of the body: now it counts
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Guard(Arc<Inner>);

struct Inner {
    engine: GuardEngine,
    clock: Arc<dyn Clock>,
    carry_out: Box<CarryOut>,
}

type CarryOut = dyn Fn(&Guard, &GuardDecision) -> bool + Send + Sync;

impl Guard {
    /// Creates a guard whose first step begins now.
    ///
    /// `carry_out` is called by whatever request ended, or by [`tick`](Self::tick): it must not wait. It returns whether
    /// what was decided has been done; where not, or where it panics, it is told the same at the next look. What it holds of
    /// the stage should be held weakly, because the stage's snapshots hold the guard.
    ///
    /// # Errors
    ///
    /// Returns an error if the settings are not allowed.
    pub fn new<F>(
        settings: GuardSettings,
        clock: Arc<dyn Clock>,
        carry_out: F,
    ) -> Result<Self, GuardSettingsError>
    where
        F: Fn(&Self, &GuardDecision) -> bool + Send + Sync + 'static,
    {
        let engine = GuardEngine::new(settings, clock.now())?;
        Ok(Self(Arc::new(Inner {
            engine,
            clock,
            carry_out: Box::new(carry_out),
        })))
    }

    /// Looks, if it is time to: for stages whose traffic may stop.
    pub fn tick(&self, now: Timestamp) {
        let Inner {
            engine, carry_out, ..
        } = &*self.0;
        engine.evaluate(now, |decision| carry_out(self, decision));
    }

    pub(crate) fn first_percent(&self) -> Percent {
        self.0.engine.first_percent()
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Begins to watch a request.
    pub(crate) fn watch(&self, side: Side) -> Watching {
        Watching {
            guard: self.clone(),
            side,
            started: self.0.clock.now(),
            latency: None,
            failed: false,
            runs: false,
        }
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").finish_non_exhaustive()
    }
}

impl<S> StageSnapshot<S> {
    /// Has a guard watch the canary, which gets the share of the guard's first step. Changes of variables and method settings
    /// leave it there; any of deployments, share or overrides makes a snapshot without it.
    ///
    /// # Errors
    ///
    /// Returns an error without a canary, or if the canary could not be promoted.
    pub fn with_guard(&self, guard: Guard) -> Result<Self, PromoteError> {
        self.promote()?;
        let mut next = self.with_canary_percent(guard.first_percent());
        next.guard = Some(guard);
        Ok(next)
    }

    /// Returns the guard that watches the canary.
    #[must_use]
    pub fn guard(&self) -> Option<&Guard> {
        self.guard.as_ref()
    }

    /// Begins to watch a request that a release of this snapshot answers, if there is a guard.
    #[must_use]
    #[inline]
    pub fn watch(&self, release: &Release<S>) -> Option<Watching> {
        let guard = self.guard.as_ref()?;
        let is_canary = release.info().is_canary == Some(true);
        Some(guard.watch(if is_canary { Side::Canary } else { Side::Base }))
    }

    /// Does what a guard decided. Returns `None` if it watches the canary no more, or if that cannot be promoted any more.
    #[must_use]
    pub fn decided(&self, guard: &Guard, decision: &GuardDecision) -> Option<Self> {
        let watched = self.guard.as_ref().filter(|known| known.is_same(guard))?;
        match decision.outcome {
            GuardOutcome::Promote => self.promote().ok(),
            GuardOutcome::RollBack(_) => Some(self.without_canary()),
            GuardOutcome::Advance(percent) => {
                let mut next = self.with_canary_percent(percent);
                next.guard = Some(watched.clone());
                Some(next)
            }
        }
    }
}

/// A request that a guard counts as this is dropped: to be kept until its response has ended.
///
/// One that was given up before it was answered took as long as it was waited for: a release that hangs would go unseen
/// otherwise. One whose release panicked has failed.
#[derive(Debug)]
#[must_use = "a request counts as this is dropped"]
pub struct Watching {
    guard: Guard,
    side: Side,
    started: Timestamp,
    /// How long the head of the response took, once it is there.
    latency: Option<Duration>,
    failed: bool,
    /// Whether the release's code runs right now. Where it unwinds, it still does as this is dropped.
    runs: bool,
}

impl Watching {
    /// Runs code of the release, such as a poll of its future or of its body: where it panics, the request has failed.
    #[inline]
    pub fn run<T>(&mut self, code: impl FnOnce() -> T) -> T {
        self.runs = true;
        let made = code();
        self.runs = false;
        made
    }

    /// Notes that the head of the response is there, or that there will be none, and whether that is a failure.
    pub fn answered(&mut self, failed: bool) {
        let now = self.guard.0.clock.now();
        self.latency = Some(now.saturating_since(self.started));
        self.failed = failed;
    }

    /// Notes that the body broke off.
    pub fn body_failed(&mut self) {
        self.failed = true;
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let now = self.guard.0.clock.now();
        let waited = || now.saturating_since(self.started);
        let latency = self.latency.unwrap_or_else(waited);
        let failed = self.failed || self.runs;
        let engine = &self.guard.0.engine;
        engine.record(self.side, failed, latency, now);
        // Whoever carries decisions out may panic too, which would end the process here.
        if !thread::panicking() {
            self.guard.tick(now);
        }
    }
}
