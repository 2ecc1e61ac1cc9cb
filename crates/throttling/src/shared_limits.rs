//! The port to a store that nodes share.

use std::ops::RangeInclusive;

use towergate_core::{BoxError, BoxFuture, Timestamp};

use crate::{Charge, ChargedQuota, Day, DayUsage, Refusal};

/// Limits that many nodes share, such as those in Redis.
///
/// A store grants everything that a [`Charge`] asks for or nothing, and never fails: what it does while it cannot be
/// reached is the charge's [`OutagePolicy`](crate::OutagePolicy).
pub trait SharedLimits: Send + Sync + 'static {
    /// Decides where that needs no waiting, because this node holds a lease, or knows of a refusal; `None` otherwise.
    fn decide_now(&self, charge: &Charge<'_>, now: Timestamp) -> Option<Result<(), Refusal>>;

    /// Decides, within a bounded time.
    ///
    /// # Cancel safety
    ///
    /// What a request was granted as its future is dropped may be lost to it; nobody gets more by that.
    fn decide<'a>(
        &'a self,
        charge: &'a Charge<'a>,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<(), Refusal>>;

    /// Returns how much of a quota was used on each of these days, in their order; days without a request are left out.
    ///
    /// # Errors
    ///
    /// Returns an error if the store cannot be asked.
    fn usage<'a>(
        &'a self,
        quota: &'a ChargedQuota<'a>,
        days: RangeInclusive<Day>,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Vec<DayUsage>, BoxError>>;

    /// Sets how many requests remain in this period; more than the quota's limit extends it.
    ///
    /// # Errors
    ///
    /// Returns an error if the store cannot be asked.
    fn set_remaining<'a>(
        &'a self,
        quota: &'a ChargedQuota<'a>,
        remaining: u64,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<(), BoxError>>;
}
