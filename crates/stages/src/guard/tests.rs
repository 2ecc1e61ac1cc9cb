use std::time::Duration;

use towergate_core::Timestamp;

use super::*;
use crate::Percent;

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_unix_millis(seconds * 1_000)
}

fn engine(settings: GuardSettings) -> GuardEngine {
    GuardEngine::new(settings, at(0)).expect("settings")
}

fn record(engine: &GuardEngine, side: Side, requests: u32, failed: u32, now: Timestamp) {
    for number in 0..requests {
        engine.record(side, number < failed, Duration::from_millis(5), now);
    }
}

fn decide(engine: &GuardEngine, now: Timestamp) -> Option<GuardDecision> {
    let mut decided = None;
    engine.evaluate(now, |decision| {
        decided = Some(decision.clone());
        true
    });
    decided
}

#[test]
fn settings_outside_their_bounds_are_refused() {
    let percents = |values: &[f64]| {
        let percent = |value: &f64| Percent::new(*value).expect("a share");
        values.iter().map(percent).collect::<Vec<_>>()
    };
    let many: Vec<_> = (1..=21).map(f64::from).collect();
    let set = GuardSettings::default;
    let cases = [
        ("default", set(), Ok(())),
        ("one step", set().steps(percents(&[99.9])), Ok(())),
        (
            "a step of all",
            set().steps(percents(&[50.0, 100.0])),
            Err(GuardSettingsError::Steps),
        ),
        ("twenty steps", set().steps(percents(&many[..20])), Ok(())),
        ("no steps", set().steps([]), Err(GuardSettingsError::Steps)),
        (
            "a step of nothing",
            set().steps(percents(&[0.0])),
            Err(GuardSettingsError::Steps),
        ),
        (
            "the same twice",
            set().steps(percents(&[1.0, 1.0])),
            Err(GuardSettingsError::Steps),
        ),
        (
            "falling steps",
            set().steps(percents(&[2.0, 1.0])),
            Err(GuardSettingsError::Steps),
        ),
        (
            "too many steps",
            set().steps(percents(&many)),
            Err(GuardSettingsError::Steps),
        ),
        ("no bake time", set().bake_time(Duration::ZERO), Ok(())),
        (
            "no window",
            set().window(Duration::ZERO),
            Err(GuardSettingsError::Time),
        ),
        (
            "no interval",
            set().interval(Duration::ZERO),
            Err(GuardSettingsError::Time),
        ),
        (
            "no sample",
            set().minimum_sample(0),
            Err(GuardSettingsError::MinimumSample),
        ),
        (
            "always",
            set().significance(1.0),
            Err(GuardSettingsError::Significance),
        ),
        (
            "never",
            set().significance(0.0),
            Err(GuardSettingsError::Significance),
        ),
        (
            "no number",
            set().significance(f64::NAN),
            Err(GuardSettingsError::Significance),
        ),
        (
            "better than the stage",
            set().error_tolerance(0.9),
            Err(GuardSettingsError::Tolerance),
        ),
        (
            "endless",
            set().latency_tolerance(f64::INFINITY),
            Err(GuardSettingsError::Tolerance),
        ),
        ("as good as the stage", set().latency_tolerance(1.0), Ok(())),
    ];
    for (name, settings, expected) in cases {
        assert_eq!(
            GuardEngine::new(settings, at(0)).map(drop),
            expected,
            "{name}"
        );
    }
}

#[test]
fn a_look_is_taken_once_an_interval() {
    let guard = engine(GuardSettings::default().bake_time(Duration::ZERO));
    for side in [Side::Base, Side::Canary] {
        record(&guard, side, 100, 0, at(1));
    }
    assert_eq!(
        decide(&guard, at(9)),
        None,
        "the first interval is not over"
    );
    let decision = decide(&guard, at(10)).expect("it is");
    assert_eq!(
        decision.outcome,
        GuardOutcome::Advance(Percent::new(25.0).expect("a share"))
    );
    for side in [Side::Base, Side::Canary] {
        record(&guard, side, 100, 0, at(11));
    }
    assert_eq!(decide(&guard, at(19)), None, "nor is the second");
    assert!(decide(&guard, at(20)).is_some());
}

#[test]
fn a_clock_that_is_set_back_does_not_blind_the_guard() {
    let hour = 3_600;
    let guard = GuardEngine::new(GuardSettings::default(), at(10 * hour)).expect("settings");
    for second in (0..600).step_by(10) {
        record(&guard, Side::Base, 90, 0, at(10 * hour + second));
        record(&guard, Side::Canary, 10, 0, at(10 * hour + second));
        assert_eq!(decide(&guard, at(10 * hour + second)), None, "{second}");
    }
    record(&guard, Side::Base, 900, 9, at(9 * hour));
    record(&guard, Side::Canary, 100, 50, at(9 * hour));
    let outcome = decide(&guard, at(9 * hour)).map(|decision| decision.outcome);
    assert_eq!(outcome, Some(GuardOutcome::RollBack(GuardReason::Errors)));
}

#[test]
fn each_side_needs_its_sample() {
    let cases = [
        ("no traffic", 0, 0, false),
        ("too little to the canary", 10_000, 99, false),
        ("too little to the stage", 99, 10_000, false),
        ("enough", 100, 100, true),
    ];
    for (name, base, canary, is_decided) in cases {
        let guard = engine(GuardSettings::default().bake_time(Duration::ZERO));
        record(&guard, Side::Base, base, 0, at(5));
        record(&guard, Side::Canary, canary, 0, at(5));
        assert_eq!(decide(&guard, at(10)).is_some(), is_decided, "{name}");
    }
}

#[test]
fn each_step_is_baked_and_begins_without_the_counts_of_the_last() {
    let guard = engine(GuardSettings::default());
    let mut outcomes = Vec::new();
    for second in (10..=2_400).step_by(10) {
        record(&guard, Side::Base, 90, 1, at(second - 5));
        record(&guard, Side::Canary, 10, 0, at(second - 5));
        if let Some(decision) = decide(&guard, at(second)) {
            outcomes.push((second, decision.outcome));
        }
    }
    let advance = |value| GuardOutcome::Advance(Percent::new(value).expect("a share"));
    let expected = [
        (600, advance(25.0)),
        (1_200, advance(50.0)),
        (1_800, GuardOutcome::Promote),
    ];
    assert_eq!(outcomes, expected, "and nothing after the last");
}

#[test]
fn a_decision_that_is_not_carried_out_is_made_again() {
    let guard = engine(GuardSettings::default().bake_time(Duration::ZERO));
    record(&guard, Side::Base, 100, 0, at(5));
    record(&guard, Side::Canary, 100, 100, at(5));
    for second in [10, 20] {
        let mut offered = None;
        guard.evaluate(at(second), |decision| {
            offered = Some(decision.outcome);
            false
        });
        let expected = GuardOutcome::RollBack(GuardReason::Errors);
        assert_eq!(offered, Some(expected), "{second}");
    }
    assert!(decide(&guard, at(30)).is_some());
    assert_eq!(decide(&guard, at(40)), None, "it is done");
}

#[test]
fn a_decision_is_one_line_with_the_numbers() {
    let guard = engine(GuardSettings::default());
    record(&guard, Side::Base, 900, 9, at(5));
    record(&guard, Side::Canary, 100, 30, at(5));
    let line = decide(&guard, at(10)).expect("it is bad").to_string();
    assert_eq!(
        line,
        "canary is rolled back at 10.0 %: it fails more often; after 10s, 30 of 100 failed against 9 of 900 of the \
         stage (p = 3.9e-20), 100 against 900 took 4.096ms and more (p = 1.0e0), worse is p < 1.4e-3"
    );
}

#[test]
fn slow_is_told_apart_whatever_the_shape_of_latencies() {
    type Shape = fn(u64) -> Duration;
    let cases: [(&str, Shape, Shape, bool); 6] = [
        (
            "all alike",
            |_| Duration::from_millis(5),
            |_| Duration::from_millis(5),
            false,
        ),
        (
            "all of the canary slower",
            |_| Duration::from_millis(5),
            |_| Duration::from_millis(8),
            true,
        ),
        (
            "all of the canary faster",
            |_| Duration::from_millis(8),
            |_| Duration::from_millis(5),
            false,
        ),
        (
            "a slow tail",
            |number| Duration::from_millis(5 + number % 50),
            |number| {
                Duration::from_millis(
                    5 + number % 50 + if number.is_multiple_of(3) { 200 } else { 0 },
                )
            },
            true,
        ),
        (
            "the same spread",
            |number| Duration::from_millis(5 + number % 50),
            |number| Duration::from_millis(5 + number % 50),
            false,
        ),
        (
            "a stage with a few very slow requests",
            |number| Duration::from_millis(if number.is_multiple_of(500) { 5_000 } else { 5 }),
            |_| Duration::from_millis(8),
            true,
        ),
    ];
    for canaries in [100, 300, 3_000] {
        for (name, base, canary, is_slower) in cases {
            let guard = engine(GuardSettings::default());
            for number in 0..3_000 {
                guard.record(Side::Base, false, base(number), at(5));
            }
            for number in 0..canaries {
                guard.record(Side::Canary, false, canary(number), at(5));
            }
            let outcome = decide(&guard, at(10)).map(|decision| decision.outcome);
            let expected = is_slower.then_some(GuardOutcome::RollBack(GuardReason::Latency));
            assert_eq!(outcome, expected, "{name}, {canaries} to the canary");
        }
    }
}
