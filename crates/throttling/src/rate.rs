//! How fast a bucket fills, and how much it holds.

use std::{num::NonZeroU32, time::Duration};

const NANOS_PER_SECOND: f64 = 1e9;

/// The longest that a bucket takes to fill, in nanoseconds. Half of what can be counted: added to a time before the year 2262 it
/// is still a time, so that a bucket is never taken for full because both ends of a comparison are the end of time.
const MAX_CAPACITY: u64 = u64::MAX / 2;

/// The rate and the burst of a token bucket: so many tokens a second flow in, so many it holds at most.
///
/// Rates are fractions, as in API Gateway: `0.5` is one request every two seconds. A rate of zero lets nothing through,
/// and neither does a burst of zero. The time between two tokens is kept in whole nanoseconds, rounded up: a bucket never
/// gives more than its rate, and less by at most a nanosecond a token. Rates above 1 000 000 000 a second count as that, those
/// beneath one in 292 years as zero, and a bucket never holds more than flows in within 292 years.
///
/// ```
/// use towergate_throttling::Rate;
///
/// let rate = Rate::per_second(100.0).burst(50);
/// assert_eq!((rate.tokens_per_second(), rate.tokens()), (100.0, 50));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    tokens_per_second: f64,
    burst: u64,
    /// Nanoseconds between two tokens; `u64::MAX` if there is never one.
    interval: u64,
    /// Nanoseconds until an empty bucket is full: so many times the interval as it holds tokens.
    capacity: u64,
}

impl Rate {
    /// Creates a rate whose burst is what flows in within a second, at least one token.
    ///
    /// What is not a number counts as zero, and so does what is below.
    #[must_use]
    pub fn per_second(tokens: f64) -> Self {
        let tokens = if tokens > 0.0 { tokens } else { 0.0 };
        // A cast from a float saturates.
        Self::new(tokens, (tokens.ceil() as u64).max(1))
    }

    /// Creates a rate of so many tokens a minute, whose burst is one token until [`burst`](Self::burst) says otherwise.
    #[must_use]
    pub fn per_minute(tokens: f64) -> Self {
        Self::per_second(tokens / 60.0).burst(1)
    }

    /// Sets how many tokens the bucket holds; none let nothing through.
    #[must_use]
    pub fn burst(self, tokens: u64) -> Self {
        Self::new(self.tokens_per_second, tokens)
    }

    fn new(tokens_per_second: f64, burst: u64) -> Self {
        // A cast from a float saturates, also from the infinity that zero makes.
        let interval = match (NANOS_PER_SECOND / tokens_per_second).ceil() as u64 {
            nanos @ ..=MAX_CAPACITY => nanos.max(1),
            _ => u64::MAX,
        };
        Self {
            tokens_per_second,
            burst,
            interval,
            capacity: interval.saturating_mul(burst.min(MAX_CAPACITY / interval)),
        }
    }

    /// Returns the tokens that flow in each second.
    #[must_use]
    pub fn tokens_per_second(&self) -> f64 {
        self.tokens_per_second
    }

    /// Returns the burst: the tokens that the bucket holds.
    #[must_use]
    pub fn tokens(&self) -> u64 {
        self.burst
    }

    /// Returns the time between two tokens, [`Duration::MAX`] if there is never one.
    #[must_use]
    pub fn interval(&self) -> Duration {
        match self.interval {
            u64::MAX => Duration::MAX,
            nanos => Duration::from_nanos(nanos),
        }
    }

    /// Returns the share of one of so many nodes: rate and burst divided, the burst rounded up.
    #[must_use]
    pub fn share_of(&self, nodes: NonZeroU32) -> Self {
        let tokens_per_second = self.tokens_per_second / f64::from(nodes.get());
        Self::new(
            tokens_per_second,
            self.burst.div_ceil(u64::from(nodes.get())),
        )
    }

    /// Nanoseconds between two tokens, `None` if nothing ever gets through.
    pub(crate) fn interval_nanos(&self) -> Option<u64> {
        (self.burst > 0 && self.interval < u64::MAX).then_some(self.interval)
    }

    /// Nanoseconds until an empty bucket is full.
    pub(crate) fn capacity_nanos(&self) -> u64 {
        self.capacity
    }
}
