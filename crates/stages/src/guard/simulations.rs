//! Many simulated releases: how often a good one is rolled back, and a bad one promoted.
//!
//! They are drawn as counts, a slice of requests at a time, and not request by request. The documentation of
//! [`GuardSettings`] and `docs/guides/releases.md` have the figures that these tests print.

use std::time::Duration;

use towergate_core::Timestamp;

use super::{judge::Judge, *};

/// SplitMix64.
struct Chance(u64);

impl Chance {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// From zero to one, never zero.
    fn share(&mut self) -> f64 {
        ((self.bits() >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }

    /// How many of `trials` succeed: by the gaps between successes where they are few, and by the normal approximation
    /// where both outcomes are many.
    fn binomial(&mut self, trials: u64, share: f64) -> u64 {
        let variance = trials as f64 * share * (1.0 - share);
        if variance > 100.0 {
            let (angle, radius) = (std::f64::consts::TAU * self.share(), self.share());
            let normal = (-2.0 * radius.ln()).sqrt() * angle.cos();
            let drawn = (trials as f64 * share + normal * variance.sqrt()).round();
            return (drawn.max(0.0) as u64).min(trials);
        }
        if share == 0.0 {
            return 0;
        }
        if share > 0.5 {
            return trials - self.binomial(trials, 1.0 - share);
        }
        let gap = |share_drawn: f64| (share_drawn.ln() / (1.0 - share).ln()).floor() + 1.0;
        let (mut count, mut at) = (0, gap(self.share()));
        while at <= trials as f64 {
            count += 1;
            at += gap(self.share());
        }
        count
    }
}

/// How a version does: its share of failures, and how its latencies spread over four classes.
#[derive(Clone, Copy)]
struct Version {
    failing: f64,
    /// The shares of 4, 8, 16 and 32 ms.
    latencies: [f64; 4],
}

const GOOD: Version = Version {
    failing: 0.01,
    latencies: [0.6, 0.25, 0.1, 0.05],
};

const FAILING: Version = Version {
    failing: 0.03,
    ..GOOD
};

const SLOWER: Version = Version {
    latencies: [0.4, 0.3, 0.2, 0.1],
    ..GOOD
};

/// Has 1.5 times the odds of each latency or more: as slow as is tolerated, wherever the line is drawn.
const TOLERATED_LATENCY: Version = Version {
    latencies: [0.5, 0.290_7, 0.136_1, 0.073_2],
    ..GOOD
};

impl Version {
    fn add(self, counts: &mut window::Counts, requests: u64, chance: &mut Chance) {
        counts.requests += requests;
        counts.failed += chance.binomial(requests, self.failing);
        let (mut left, mut share_left) = (requests, 1.0);
        for (share, millis) in self.latencies.into_iter().zip([4, 8, 16, 32]) {
            let part = (share / share_left).min(1.0);
            let drawn = chance.binomial(left, part);
            let bucket = latency::bucket(Duration::from_millis(millis));
            counts.latencies[bucket] += drawn;
            (left, share_left) = (left - drawn, (share_left - share).max(f64::EPSILON));
        }
        counts.latencies[latency::bucket(Duration::from_millis(32))] += left;
    }
}

#[derive(Debug, Default)]
struct Ends {
    promoted: u32,
    rolled_back: u32,
}

/// Releases a version beside a good one, with a minute between looks and steps of so many minutes, which the window covers.
fn release(version: Version, a_second: u64, minutes: u64, seed: u64) -> GuardOutcome {
    let mut chance = Chance(seed);
    let bake_time = Duration::from_secs(minutes * 60);
    let settings = GuardSettings::default().bake_time(bake_time);
    let mut judge = Judge::new(settings.window(bake_time), Timestamp::default());
    let mut minute = 0;
    loop {
        let percent = judge.percent();
        let (mut canary, mut base) = (window::Counts::new(), window::Counts::new());
        loop {
            minute += 1;
            let requests = a_second * 60;
            let canaries = chance.binomial(requests, percent.value() / 100.0);
            version.add(&mut canary, canaries, &mut chance);
            GOOD.add(&mut base, requests - canaries, &mut chance);
            let now = Timestamp::from_unix_millis(minute * 60_000);
            let Some(decision) = judge.look(&canary, &base, now) else {
                continue;
            };
            judge.go_on(decision.outcome, now);
            match decision.outcome {
                GuardOutcome::Advance(_) => break,
                outcome => return outcome,
            }
        }
    }
}

fn simulate(name: &str, version: Version, a_second: u64, releases: u64) -> Ends {
    simulate_steps(name, version, a_second, 10, releases)
}

fn simulate_steps(name: &str, version: Version, a_second: u64, minutes: u64, count: u64) -> Ends {
    let mut ends = Ends::default();
    for seed in 0..count {
        match release(version, a_second, minutes, seed * 7_919 + 1) {
            GuardOutcome::Promote => ends.promoted += 1,
            _ => ends.rolled_back += 1,
        }
    }
    println!(
        "{name}, {a_second} a second, {minutes} minutes a step: {} of {count} promoted, {} rolled back",
        ends.promoted, ends.rolled_back
    );
    ends
}

#[test]
fn few_good_releases_are_rolled_back_and_few_bad_ones_promoted() {
    let strict = Version {
        failing: 0.0148,
        ..GOOD
    };
    // As bad as is tolerated, a significance of 0.05 is what is promised; a good release is far from it.
    let good = simulate("good", GOOD, 20, 4_000);
    assert!(good.rolled_back <= 8, "{good:?}");
    let tolerated = simulate("as bad as is tolerated", strict, 20, 2_000);
    assert!(tolerated.rolled_back <= 100, "{tolerated:?}");
    let failing = simulate("three times the failures", FAILING, 20, 2_000);
    assert!(failing.promoted <= 4, "{failing:?}");
    let slower = simulate("twice the slow requests", SLOWER, 20, 2_000);
    assert!(slower.promoted <= 4, "{slower:?}");
}

#[test]
fn few_releases_as_slow_as_is_tolerated_are_rolled_back() {
    let tolerated = simulate("as slow as is tolerated", TOLERATED_LATENCY, 20, 1_000);
    assert!(tolerated.rolled_back <= 50, "{tolerated:?}");
}

#[test]
fn with_little_traffic_bad_releases_pass_unless_steps_last_longer() {
    let failing = |a_second, minutes| {
        simulate_steps("three times the failures", FAILING, a_second, minutes, 500)
    };
    let cases = [
        ("5 a second", failing(5, 10), 150..=250),
        ("2 a second", failing(2, 10), 375..=450),
        ("5 a second, half an hour", failing(5, 30), 0..=10),
        ("2 a second, an hour", failing(2, 60), 0..=15),
        (
            "slow ones are seen sooner",
            simulate("twice the slow requests", SLOWER, 5, 500),
            0..=1,
        ),
        ("good ones pass", simulate("good", GOOD, 2, 500), 498..=500),
    ];
    for (name, ends, promoted) in cases {
        assert!(promoted.contains(&ends.promoted), "{name}: {ends:?}");
    }
}
