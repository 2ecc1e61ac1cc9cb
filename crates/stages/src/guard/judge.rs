//! The look itself: from counts to a decision.

use towergate_core::Timestamp;

use super::{
    GuardDecision, GuardOutcome, GuardReason, GuardSample, GuardSettings,
    exact_test::{Marked, p_value},
    latency::{BUCKETS, shortest},
    window::Counts,
};
use crate::Percent;

/// How far the canary has come, and what becomes of it.
pub(super) struct Judge {
    settings: GuardSettings,
    step: usize,
    since: Timestamp,
    looks: u32,
    /// What was decided and is not done yet. It is not looked at again: another look could find otherwise by chance.
    pending: Option<GuardDecision>,
    is_done: bool,
}

impl Judge {
    /// Creates a judge whose first step begins now.
    pub(super) const fn new(settings: GuardSettings, now: Timestamp) -> Self {
        Self {
            settings,
            step: 0,
            since: now,
            looks: 0,
            pending: None,
            is_done: false,
        }
    }

    /// Returns the share of the present step.
    pub(super) fn percent(&self) -> Percent {
        self.percent_of(self.step)
    }

    fn percent_of(&self, step: usize) -> Percent {
        let percent = self.settings.steps.get(step);
        percent.copied().unwrap_or(Percent::ALL)
    }

    /// Looks at what the two sides did, and decides if there is something to decide.
    pub(super) fn look(
        &mut self,
        canary: &Counts,
        base: &Counts,
        now: Timestamp,
    ) -> Option<GuardDecision> {
        let settings = &self.settings;
        if self.is_done || self.pending.is_some() {
            return self.pending.clone();
        }
        if canary.requests.min(base.requests) < settings.minimum_sample {
            return None;
        }
        self.looks = self.looks.saturating_add(1);
        let p_errors = p_value(failed(canary), failed(base), settings.error_tolerance);
        let slowest = slowest(canary, base, settings.latency_tolerance);
        let baked = now.saturating_since(self.since);
        let is_last = baked >= settings.bake_time;
        let threshold = threshold(settings, self.looks, is_last);
        let next = self.step.saturating_add(1);
        let outcome = if p_errors < threshold {
            GuardOutcome::RollBack(GuardReason::Errors)
        } else if slowest.p_value < threshold {
            GuardOutcome::RollBack(GuardReason::Latency)
        } else if !is_last {
            return None;
        } else if next < settings.steps.len() {
            GuardOutcome::Advance(self.percent_of(next))
        } else {
            GuardOutcome::Promote
        };
        let sample = |counts: &Counts| GuardSample {
            requests: counts.requests,
            failed: counts.failed,
            slow: slow(counts, slowest.bucket).marked,
        };
        self.pending = Some(GuardDecision {
            outcome,
            percent: self.percent(),
            baked,
            canary: sample(canary),
            base: sample(base),
            slow_from: shortest(slowest.bucket),
            p_errors,
            p_latency: slowest.p_value,
            threshold,
        });
        self.pending.clone()
    }

    /// Goes on after what was decided has been done. A new step begins without what was counted before.
    pub(super) fn go_on(&mut self, outcome: GuardOutcome, now: Timestamp) {
        self.pending = None;
        match outcome {
            GuardOutcome::Advance(_) => {
                self.step = self.step.saturating_add(1);
                self.since = now;
                self.looks = 0;
            }
            GuardOutcome::Promote | GuardOutcome::RollBack(_) => self.is_done = true,
        }
    }
}

/// How many tests a look makes: of errors, and of two ways to draw the line of what is slow.
const TESTS: f64 = 3.0;

/// Returns the likelihood below which a test finds something. Over all looks, tests and steps they sum to the significance
/// at most: half of a step's part is for its last look, and of the other half look `k` has `1 / (k (k + 1))`.
fn threshold(settings: &GuardSettings, looks: u32, is_last: bool) -> f64 {
    let of_test = settings.significance / (settings.steps.len() as f64 * TESTS);
    let k = f64::from(looks);
    let part = if is_last { 1.0 } else { 1.0 / (k * (k + 1.0)) };
    of_test / 2.0 * part
}

fn failed(counts: &Counts) -> Marked {
    Marked {
        requests: counts.requests,
        marked: counts.failed,
    }
}

fn slow(counts: &Counts, from: usize) -> Marked {
    Marked {
        requests: counts.requests,
        marked: counts.latencies.iter().skip(from).sum(),
    }
}

struct Slowest {
    bucket: usize,
    p_value: f64,
}

/// Compares what is slow. The line is drawn on both sides of the bucket with the ninetieth percentile of all requests
/// together: beneath it, and above it for the case that nearly all of one side falls into one bucket.
fn slowest(canary: &Counts, base: &Counts, odds: f64) -> Slowest {
    let tenth = (canary.requests.saturating_add(base.requests) / 10).max(1);
    let mut above = 0_u64;
    let mut bucket = BUCKETS - 1;
    for (index, (one, other)) in canary
        .latencies
        .iter()
        .zip(&base.latencies)
        .enumerate()
        .rev()
    {
        above = above.saturating_add(*one).saturating_add(*other);
        bucket = index;
        if above >= tenth {
            break;
        }
    }
    let compare = |bucket| Slowest {
        bucket,
        p_value: p_value(slow(canary, bucket), slow(base, bucket), odds),
    };
    let (beneath, above) = (compare(bucket), compare(bucket + 1));
    if above.p_value < beneath.p_value {
        above
    } else {
        beneath
    }
}
