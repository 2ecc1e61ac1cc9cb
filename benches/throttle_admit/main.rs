//! Admits requests by limits on this node, beside `governor` with its keyed store, and the layer of `tower_governor`.
//!
//! `cargo bench -p towergate-benches --bench throttle_admit` runs criterion's timing and then prints medians of rounds in which the
//! rivals take turns. Callers come in a random order that is the same in every run. A gateway reads the clock once for each
//! request, so that a decision gets the time handed in; with a look at the clock of its own it is measured as well, as
//! `governor` always has one.

#![allow(missing_docs, reason = "criterion's macros make public functions")]

mod bounds;
mod decisions;
mod layers;

use std::time::Duration;

use criterion::{Criterion, criterion_group};
use towergate_benches::timing;
use towergate_core::{Clock, SystemClock};
use towergate_throttling::Rate;

use self::decisions::{DECIDE, Rivals};

const KEYS: [usize; 3] = [1, 1_000, 1_000_000];

/// So that nobody is ever refused.
const BURST: u32 = 1_000_000;

fn main() {
    let test = std::env::args().any(|argument| argument == "--test");
    benches();
    Criterion::default().configure_from_args().final_summary();
    let rounds = if test { 1 } else { 21 };
    println!(
        "throttle_admit: nanoseconds of one decision, medians of {rounds} interleaved rounds:"
    );
    for keys in if test { &KEYS[..2] } else { &KEYS[..] } {
        let rivals = Rivals::new(*keys);
        rivals.assert_no_allocations();
        for threads in [1, 2] {
            rivals.race(threads, rounds, if test { 100 } else { 200_000 });
        }
    }
    layers::race(rounds, if test { 10 } else { 20_000 });
    for nanos_between in [20, 10] {
        bounds::reclaiming(nanos_between, if test { 1_000 } else { 2_000_000 });
    }
    bounds::memory(if test { 1_000 } else { 1_000_000 });
}

criterion_group! {
    name = benches;
    config = timing::criterion(Duration::from_secs(1));
    targets = decisions
}

fn decisions(criterion: &mut Criterion) {
    for keys in &KEYS[..2] {
        let rivals = Rivals::new(*keys);
        let calls = rivals.round(0, 1_000);
        let mut group =
            criterion.benchmark_group(format!("throttle_admit/1000 calls, {keys} keys"));
        for (name, decide) in DECIDE {
            let now = SystemClock.now();
            group.bench_function(name, |bencher| {
                bencher.iter(|| decide(&rivals, &calls, now));
            });
        }
    }
}

/// A rate that refuses nobody, at which a bucket that was used is not full again, so that no caller makes room for another.
fn rate() -> Rate {
    Rate::per_second(0.02).burst(u64::MAX)
}

/// The number at a place of a sequence without a pattern (SplitMix64).
fn random(place: u64) -> u64 {
    let mixed = place.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
