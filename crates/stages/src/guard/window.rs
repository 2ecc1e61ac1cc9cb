//! What happened of late, by side, in slices of time.

use std::{
    array,
    sync::atomic::{AtomicU32, AtomicU64, Ordering},
    time::Duration,
};

use towergate_core::Timestamp;

use super::{
    Side,
    latency::{BUCKETS, bucket},
};

/// How many slices a window has. The oldest goes as a new one begins, so a window covers 15 to 16 of them.
const SLICES: usize = 16;

/// Counts of requests in a sliding window: about 10 KiB, whatever the traffic.
///
/// Recording is two or three atomic operations. As a slice begins, a few requests may go uncounted.
pub(crate) struct Window {
    slice_nanos: u64,
    slices: [Slice; SLICES],
}

/// What happened in a slice. Number zero is none: the slice is empty.
struct Slice {
    number: AtomicU64,
    sides: [Tally; 2],
}

struct Tally {
    failed: AtomicU32,
    latencies: [AtomicU32; BUCKETS],
}

/// What happened on one side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) requests: u64,
    pub(crate) failed: u64,
    pub(crate) latencies: [u64; BUCKETS],
}

impl Counts {
    pub(crate) const fn new() -> Self {
        Self {
            requests: 0,
            failed: 0,
            latencies: [0; BUCKETS],
        }
    }
}

impl Window {
    pub(crate) fn new(length: Duration) -> Self {
        let nanos = u64::try_from(length.as_nanos()).unwrap_or(u64::MAX);
        Self {
            slice_nanos: (nanos / SLICES as u64).max(1),
            slices: array::from_fn(|_| Slice {
                number: AtomicU64::new(0),
                sides: array::from_fn(|_| Tally::new()),
            }),
        }
    }

    fn number(&self, now: Timestamp) -> u64 {
        (now.as_unix_nanos() / self.slice_nanos).saturating_add(1)
    }

    pub(crate) fn record(&self, side: Side, failed: bool, latency: Duration, now: Timestamp) {
        let number = self.number(now);
        let Some(slice) = self.slices.get((number % SLICES as u64) as usize) else {
            return;
        };
        let seen = slice.number.load(Ordering::Acquire);
        // A request may come late, but not by more than a window: then the clock was set back, and the slice is none of now.
        let is_set_back = seen.saturating_sub(number) > SLICES as u64;
        if seen > number && !is_set_back {
            return;
        }
        if seen != number {
            let begins =
                slice
                    .number
                    .compare_exchange(seen, number, Ordering::AcqRel, Ordering::Relaxed);
            if begins.is_ok() {
                slice.sides.iter().for_each(Tally::clear);
            }
        }
        let tally = slice.tally(side);
        if failed {
            tally.failed.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(count) = tally.latencies.get(bucket(latency)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Sums what the window has of a side.
    pub(crate) fn sum(&self, side: Side, now: Timestamp) -> Counts {
        let last = self.number(now);
        let first = last.saturating_sub(SLICES as u64 - 1).max(1);
        let mut sum = Counts::new();
        for slice in &self.slices {
            if !(first..=last).contains(&slice.number.load(Ordering::Acquire)) {
                continue;
            }
            let tally = slice.tally(side);
            sum.failed += u64::from(tally.failed.load(Ordering::Relaxed));
            for (sum, count) in sum.latencies.iter_mut().zip(&tally.latencies) {
                *sum += u64::from(count.load(Ordering::Relaxed));
            }
        }
        sum.requests = sum.latencies.iter().sum();
        // A request that is counted right now may have failed before it came.
        sum.failed = sum.failed.min(sum.requests);
        sum
    }

    pub(crate) fn clear(&self) {
        for slice in &self.slices {
            slice.sides.iter().for_each(Tally::clear);
        }
    }
}

impl Slice {
    fn tally(&self, side: Side) -> &Tally {
        let [base, canary] = &self.sides;
        match side {
            Side::Base => base,
            Side::Canary => canary,
        }
    }
}

impl Tally {
    fn new() -> Self {
        Self {
            failed: AtomicU32::new(0),
            latencies: array::from_fn(|_| AtomicU32::new(0)),
        }
    }

    fn clear(&self) {
        self.failed.store(0, Ordering::Relaxed);
        for count in &self.latencies {
            count.store(0, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_unix_millis(seconds * 1_000)
    }

    #[test]
    fn what_is_older_than_the_window_does_not_count() {
        let window = Window::new(Duration::from_secs(160));
        let quick = Duration::from_millis(1);
        window.record(Side::Canary, true, quick, at(1_000));
        window.record(Side::Canary, false, quick, at(1_050));
        window.record(Side::Base, false, quick, at(1_050));
        let cases = [
            ("at once", 1_050, (2, 1)),
            ("as the first is in the oldest slice", 1_159, (2, 1)),
            ("a slice later", 1_160, (1, 0)),
            ("after the window", 1_210, (0, 0)),
        ];
        for (name, now, expected) in cases {
            let sum = window.sum(Side::Canary, at(now));
            assert_eq!((sum.requests, sum.failed), expected, "{name}");
        }
    }

    #[test]
    fn a_slice_begins_anew_and_takes_nothing_that_comes_late() {
        let window = Window::new(Duration::from_secs(160));
        let quick = Duration::from_millis(1);
        window.record(Side::Base, true, quick, at(1_000));
        window.record(Side::Base, false, quick, at(1_160));
        window.record(Side::Base, true, quick, at(1_000));
        let sum = window.sum(Side::Base, at(1_160));
        assert_eq!((sum.requests, sum.failed), (1, 0));
        window.clear();
        assert_eq!(window.sum(Side::Base, at(1_160)), Counts::new());
    }

    #[test]
    fn a_clock_that_is_set_back_is_followed() {
        let quick = Duration::from_millis(1);
        let cases = [
            ("by a slice", 9_990, 1),
            ("by a window", 9_840, 0),
            ("by two", 9_680, 1),
            ("by hours", 1_000, 1),
        ];
        for (name, now, expected) in cases {
            let window = Window::new(Duration::from_secs(160));
            for second in (9_850..=10_000).step_by(10) {
                window.record(Side::Base, false, quick, at(second));
            }
            window.record(Side::Canary, false, quick, at(now));
            // Up to a window it cannot be told from a request that comes late, and the next window is as ever.
            assert_eq!(
                window.sum(Side::Canary, at(now)).requests,
                expected,
                "{name}"
            );
        }
    }

    #[test]
    fn a_window_is_small() {
        assert!(size_of::<Window>() <= 10_560, "{}", size_of::<Window>());
    }
}
