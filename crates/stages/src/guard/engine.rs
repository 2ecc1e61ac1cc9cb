//! The guard itself, which knows nothing of stages: it counts, looks and decides.

use std::{
    sync::{
        Mutex, TryLockError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use towergate_core::Timestamp;

use super::{
    GuardDecision, GuardOutcome, GuardSettings, GuardSettingsError, judge::Judge, window::Window,
};
use crate::Percent;

/// Which release answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Base,
    Canary,
}

pub(crate) struct GuardEngine {
    first_percent: Percent,
    interval: Duration,
    window: Window,
    /// When to look next, in nanoseconds since the Unix epoch.
    next_look: AtomicU64,
    judge: Mutex<Judge>,
}

impl GuardEngine {
    /// Creates a guard whose first step begins now.
    pub(crate) fn new(settings: GuardSettings, now: Timestamp) -> Result<Self, GuardSettingsError> {
        settings.check()?;
        let (interval, window) = (settings.interval, Window::new(settings.window));
        let judge = Judge::new(settings, now);
        Ok(Self {
            first_percent: judge.percent(),
            interval,
            window,
            next_look: AtomicU64::new(now.saturating_add(interval).as_unix_nanos()),
            judge: Mutex::new(judge),
        })
    }

    /// Returns the share of the first step.
    pub(crate) fn first_percent(&self) -> Percent {
        self.first_percent
    }

    /// Counts a request that ended.
    pub(crate) fn record(&self, side: Side, failed: bool, latency: Duration, now: Timestamp) {
        self.window.record(side, failed, latency, now);
    }

    fn is_early(&self, now: Timestamp) -> bool {
        let next_look = Timestamp::from_unix_nanos(self.next_look.load(Ordering::Relaxed));
        // Further off than an interval it is only where the clock was set back: one looks again from there.
        now < next_look && next_look.saturating_since(now) <= self.interval
    }

    /// Looks, if it is time to and no one else does, and has `apply` carry out what is decided. Where that returns false
    /// nothing was decided, and the next look will say so again.
    pub(crate) fn evaluate(&self, now: Timestamp, apply: impl FnOnce(&GuardDecision) -> bool) {
        if self.is_early(now) {
            return;
        }
        let mut judge = match self.judge.try_lock() {
            Ok(judge) => judge,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        // Whoever looked just before has moved it.
        if self.is_early(now) {
            return;
        }
        let next_look = now.saturating_add(self.interval);
        self.next_look
            .store(next_look.as_unix_nanos(), Ordering::Relaxed);
        let canary = self.window.sum(Side::Canary, now);
        let base = self.window.sum(Side::Base, now);
        let Some(decision) = judge.look(&canary, &base, now) else {
            return;
        };
        if apply(&decision) {
            if let GuardOutcome::Advance(_) = decision.outcome {
                self.window.clear();
            }
            judge.go_on(decision.outcome, now);
        }
    }
}
