//! What a guard decided, and why.

use std::{fmt, time::Duration};

use crate::Percent;

/// What a guard decided, with the numbers that led to it. Displayed it is one line for a log.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct GuardDecision {
    /// What becomes of the canary.
    pub outcome: GuardOutcome,
    /// The share that the canary had.
    pub percent: Percent,
    /// How long it had had that share.
    pub baked: Duration,
    /// What the canary did.
    pub canary: GuardSample,
    /// What the stage did.
    pub base: GuardSample,
    /// From which latency on a request counts as slow.
    pub slow_from: Duration,
    /// How likely chance alone makes as many failures of the canary.
    pub p_errors: f64,
    /// How likely chance alone makes as many slow requests of the canary.
    pub p_latency: f64,
    /// Below which likelihood the canary was found to do worse, at this look.
    pub threshold: f64,
}

/// What becomes of a canary.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum GuardOutcome {
    /// It gets a larger share.
    Advance(Percent),
    /// It is promoted, and the guard has done its work.
    Promote,
    /// It is removed, the stage stays as it is, and the guard has done its work.
    RollBack(GuardReason),
}

/// What a canary did worse in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GuardReason {
    /// More of its requests failed.
    Errors,
    /// More of its requests were slow.
    Latency,
}

/// What one side did in the window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct GuardSample {
    /// How many requests ended.
    pub requests: u64,
    /// How many of them failed.
    pub failed: u64,
    /// How many of them were slow.
    pub slow: u64,
}

impl fmt::Display for GuardDecision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            percent,
            canary,
            base,
            slow_from,
            ..
        } = self;
        match self.outcome {
            GuardOutcome::Advance(next) => write!(f, "canary goes from {percent} to {next} %")?,
            GuardOutcome::Promote => write!(f, "canary is promoted from {percent} %")?,
            GuardOutcome::RollBack(GuardReason::Errors) => {
                write!(
                    f,
                    "canary is rolled back at {percent} %: it fails more often"
                )?;
            }
            GuardOutcome::RollBack(GuardReason::Latency) => {
                write!(f, "canary is rolled back at {percent} %: it is slower")?;
            }
        }
        write!(
            f,
            "; after {:?}, {} of {} failed against {} of {} of the stage (p = {:.1e}), {} against {} took {slow_from:?} and \
             more (p = {:.1e}), worse is p < {:.1e}",
            self.baked,
            canary.failed,
            canary.requests,
            base.failed,
            base.requests,
            self.p_errors,
            canary.slow,
            base.slow,
            self.p_latency,
            self.threshold,
        )
    }
}
