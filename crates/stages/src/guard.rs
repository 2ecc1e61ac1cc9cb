//! A canary that watches itself: it grows while it does as well as its stage, and goes when it does worse.
//!
//! Each look compares the two sides with Fisher's exact test: the shares of requests that failed, and the shares of those
//! that were slow, with "slow" drawn from both sides together. Looking often makes chance findings likelier, so that each
//! look has a part of the significance that is its own: half of a step's part goes to the look at its end, and of the other
//! half look `k` has `1 / (k (k + 1))`, which sums to one however often is looked (alpha spending by the union bound).

mod decision;
mod engine;
mod exact_test;
mod judge;
mod latency;
mod settings;
mod watching;
mod window;

pub use decision::{GuardDecision, GuardOutcome, GuardReason, GuardSample};
pub(crate) use engine::{GuardEngine, Side};
pub use settings::{GuardSettings, GuardSettingsError};
pub use watching::{Guard, Watching};

#[cfg(test)]
mod simulations;
#[cfg(test)]
mod tests;
