//! What bounds cost: reclaiming, and memory.

use std::hint::black_box;

use towergate_benches::timing::seconds;
use towergate_core::{Clock, SystemClock, Timestamp};
use towergate_throttling::{KeyedBuckets, Rate};

use crate::{decisions::plans, rate};

/// Single decisions while idle callers make room for new ones, at the bound: every other one is of a caller that is known.
pub(crate) fn reclaiming(nanos_between: u64, count: u64) {
    const BOUND: u64 = 100_000;
    const IDLE_AFTER_NANOS: u64 = 1_000_000;
    let buckets = KeyedBuckets::new(BOUND as usize);
    let rate = Rate::per_second(1e9 / IDLE_AFTER_NANOS as f64).burst(1);
    // Never refused, and never idle.
    let (known, free) = (u64::MAX, rate.burst(u64::MAX));
    let mut decide = |number: u64| {
        let now = Timestamp::from_unix_nanos(1_000_000_000 + number / 2 * nanos_between);
        let taken = match number % 2 {
            0 => buckets.take(&known.to_be_bytes(), &free, now),
            _ => buckets.take(&number.to_be_bytes(), &rate, now),
        };
        black_box(taken.is_ok());
    };
    (0..count / 2).for_each(&mut decide);
    let timer = Spread::of((0..count / 2).map(|_| seconds(|| ())));
    let mut times: Vec<_> = (count / 2..count)
        .map(|number| (number % 2, seconds(|| decide(number))))
        .collect();
    let all = Spread::of(times.iter().map(|(_, time)| *time));
    times.retain(|(kind, _)| *kind == 0);
    let known = Spread::of(times.iter().map(|(_, time)| *time));
    println!(
        "new callers, as many at a time as {}% of a bound of {BOUND}, {} kept; one decision, without the timer's median of {:.0} ns:",
        100 * IDLE_AFTER_NANOS / nanos_between / BOUND,
        buckets.len(),
        timer.median,
    );
    for (name, spread) in [("all", all), ("of the caller that is known", known)] {
        let (median, worst) = (spread.median - timer.median, spread.worst - timer.median);
        println!(
            "  {name:<42}median {median:>6.0}   p99.9 {worst:>6.0}   ratio {:>5.1}",
            worst / median
        );
    }
    println!(
        "  {:<42}median {:>6.0}   p99.9 {:>6.0}",
        "the timer alone", timer.median, timer.worst
    );
}

/// Nanoseconds.
struct Spread {
    median: f64,
    /// The 99.9th percentile.
    worst: f64,
}

impl Spread {
    fn of(seconds: impl Iterator<Item = f64>) -> Self {
        let mut nanos: Vec<_> = seconds.map(|seconds| seconds * 1e9).collect();
        nanos.sort_by(f64::total_cmp);
        let at = |share: f64| nanos[((nanos.len() - 1) as f64 * share) as usize];
        Self {
            median: at(0.5),
            worst: at(0.999),
        }
    }
}

/// What a caller takes, and a key in a plan with a throttle and a quota beside the key without a plan.
pub(crate) fn memory(keys: usize) {
    let bytes = |make: &dyn Fn() -> Box<dyn Send>| {
        let mut kept = None;
        let measured = allocation_counter::measure(|| kept = Some(make()));
        drop(kept);
        measured.bytes_current as f64 / keys as f64
    };
    let callers = bytes(&|| {
        let buckets = KeyedBuckets::new(keys);
        for key in 0..keys as u64 {
            let taken = buckets.take(&key.to_be_bytes(), &rate(), SystemClock.now());
            assert!(taken.is_ok());
        }
        assert_eq!(buckets.len(), keys);
        Box::new(buckets)
    });
    let [with_plan, without] = [true, false].map(|plan| bytes(&|| Box::new(plans(keys, plan))));
    println!(
        "bytes per key, {keys} keys: a caller {callers:.0}, an API key {without:.0}, what a plan adds to it {:.0}",
        with_plan - without
    );
}
