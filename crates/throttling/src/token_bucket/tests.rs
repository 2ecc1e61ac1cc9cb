use proptest::prelude::*;

use super::*;

fn at(nanos: u64) -> Timestamp {
    Timestamp::from_unix_nanos(nanos)
}

const SECOND: u64 = 1_000_000_000;

#[test]
fn a_bucket_gives_its_burst_and_then_its_rate() {
    let cases = [
        ("whole", Rate::per_second(10.0).burst(5), SECOND / 10),
        ("a fraction", Rate::per_second(0.5).burst(2), 2 * SECOND),
        (
            "a third, rounded up",
            Rate::per_second(3.0).burst(4),
            333_333_334,
        ),
        ("a minute", Rate::per_minute(60.0), SECOND),
        ("fast", Rate::per_second(1e9).burst(3), 1),
        ("faster than time", Rate::per_second(1e12).burst(3), 1),
    ];
    for (name, rate, interval) in cases {
        let bucket = TokenBucket::new();
        let start = 7 * SECOND;
        for taken in 0..rate.tokens() {
            assert_eq!(
                bucket.tokens(&rate, at(start)),
                rate.tokens() - taken,
                "{name}"
            );
            assert_eq!(bucket.take(&rate, at(start)), Ok(()), "{name}");
            let one_more = bucket.state(&rate, at(start)).one_more;
            assert_eq!(one_more, Some(Duration::from_nanos(interval)), "{name}");
        }
        assert_eq!(
            bucket.peek(&rate, at(start)),
            Err(Duration::from_nanos(interval)),
            "{name}"
        );
        assert_eq!(
            bucket.take(&rate, at(start + interval - 1)),
            Err(Duration::from_nanos(1)),
            "{name}"
        );
        assert_eq!(bucket.take(&rate, at(start + interval)), Ok(()), "{name}");
        assert!(bucket.take(&rate, at(start + interval)).is_err(), "{name}");
        let rested = at(start + interval * (rate.tokens() + 9));
        assert!(bucket.is_full(rested), "{name}");
        assert_eq!(
            bucket.tokens(&rate, rested),
            rate.tokens(),
            "{name}: no more than the burst"
        );
        let one_more = bucket.state(&rate, rested).one_more;
        assert_eq!(one_more, Some(Duration::ZERO), "{name}");
    }
}

#[test]
fn zero_lets_nothing_through() {
    for (name, rate) in [
        ("rate", Rate::per_second(0.0).burst(5)),
        ("burst", Rate::per_second(5.0).burst(0)),
        ("both", Rate::per_second(0.0).burst(0)),
        ("below zero", Rate::per_second(-1.0).burst(5)),
        ("no number", Rate::per_second(f64::NAN).burst(5)),
    ] {
        let bucket = TokenBucket::new();
        assert_eq!(bucket.take(&rate, at(SECOND)), Err(Duration::MAX), "{name}");
        assert_eq!(bucket.tokens(&rate, at(SECOND)), 0, "{name}");
        bucket.give_back(&rate);
        assert_eq!(
            bucket.take(&Rate::per_second(1.0), at(SECOND)),
            Ok(()),
            "{name}"
        );
    }
}

#[test]
fn a_rate_that_changes_leaves_a_bucket_no_emptier_than_empty() {
    let bucket = TokenBucket::new();
    let slow = Rate::per_second(0.01).burst(50);
    while bucket.take(&slow, at(SECOND)).is_ok() {}
    let fast = Rate::per_second(100.0).burst(50);
    assert_eq!(
        bucket.take(&fast, at(SECOND)),
        Err(Duration::from_millis(10))
    );
    assert!(bucket.take(&fast, at(SECOND + SECOND / 100)).is_ok());
    assert_eq!(bucket.tokens(&fast, at(2 * SECOND)), 50);
}

#[test]
fn time_that_goes_back_costs_no_more_than_the_burst() {
    let (bucket, rate) = (TokenBucket::new(), Rate::per_second(1.0).burst(2));
    let late = at(1_000_000 * SECOND);
    assert!(bucket.take(&rate, late).is_ok());
    let early = SECOND;
    assert_eq!(bucket.take(&rate, at(early)), Err(Duration::from_secs(1)));
    assert!(bucket.take(&rate, at(early + SECOND)).is_ok());
    assert_eq!(bucket.tokens(&rate, late), 2);
}

#[test]
fn a_look_at_an_earlier_time_fills_nothing_up() {
    let (bucket, rate) = (TokenBucket::new(), Rate::per_second(1_000.0).burst(5));
    let now = 7 * SECOND;
    while bucket.take(&rate, at(now)).is_ok() {}
    for stale in [1, 1_000_000, 900_000_000] {
        assert!(bucket.take(&rate, at(now - stale)).is_err(), "{stale}");
        assert!(bucket.peek(&rate, at(now - stale)).is_err(), "{stale}");
        assert_eq!(bucket.tokens(&rate, at(now)), 0, "{stale}");
    }
}

#[test]
fn the_end_of_time_does_not_overflow() {
    let (bucket, rate) = (TokenBucket::new(), Rate::per_second(1e-9).burst(u64::MAX));
    let _ = bucket.take(&rate, Timestamp::MAX);
    let _ = bucket.take(&Rate::per_second(1.0), Timestamp::MAX);
    bucket.give_back(&rate);
    assert!(bucket.tokens(&rate, at(0)) <= rate.tokens());
}

#[test]
fn a_burst_that_takes_centuries_to_fill_is_no_more_than_the_burst() {
    let now = at(1_800_000_000 * SECOND);
    for (name, rate) in [
        ("fills in ages", Rate::per_second(1e-9).burst(100)),
        ("one is ages", Rate::per_second(1.1e-10).burst(3)),
        ("the least rate", Rate::per_second(5.5e-11).burst(2)),
        ("one is forever", Rate::per_second(1e-12).burst(2)),
        ("burst without end", Rate::per_second(1e-9).burst(u64::MAX)),
    ] {
        let bucket = TokenBucket::new();
        let tokens = bucket.tokens(&rate, now);
        assert!(tokens <= rate.tokens(), "{name}: {tokens}");
        let taken = (0..1_000).filter(|_| bucket.take(&rate, now).is_ok());
        assert_eq!(taken.count() as u64, tokens, "{name}");
        assert_eq!(tokens > 0, rate.interval() < Duration::MAX, "{name}");
    }
}

/// A bucket with a count of tokens in whole nanoseconds of an interval: what the text books have.
struct Naive {
    interval: u128,
    burst: u128,
    /// In tokens times the interval.
    level: u128,
    last: u64,
}

impl Naive {
    fn take(&mut self, now: u64) -> bool {
        let capacity = self.burst * self.interval;
        self.level = capacity.min(self.level + u128::from(now - self.last));
        self.last = now;
        let granted = self.level >= self.interval && self.burst > 0;
        if granted {
            self.level -= self.interval;
        }
        granted
    }
}

proptest! {
    #[test]
    fn a_bucket_agrees_with_counting_tokens(
        rate in 0.001_f64..5_000.0,
        burst in 0_u64..20,
        steps in prop::collection::vec(0_u64..2_000_000_000, 1..200),
    ) {
        let limit = Rate::per_second(rate).burst(burst);
        let interval = limit.interval().as_nanos();
        let mut naive = Naive { interval, burst: u128::from(burst), level: u128::from(burst) * interval, last: SECOND };
        let (bucket, mut now) = (TokenBucket::new(), SECOND);
        for (number, step) in steps.into_iter().enumerate() {
            // Bursts and pauses.
            now += if number % 3 == 0 { step } else { step / 1_000_000 };
            let expected = naive.take(now);
            prop_assert_eq!(bucket.peek(&limit, at(now)).is_ok(), expected, "{}", number);
            prop_assert_eq!(bucket.take(&limit, at(now)).is_ok(), expected, "{}", number);
        }
    }

    #[test]
    fn no_window_has_more_than_its_rate_and_the_burst(
        rate in 0.1_f64..1_000.0,
        burst in 1_u64..20,
        steps in prop::collection::vec((0_u64..500_000_000, 0_u64..=SECOND), 1..150),
        is_late in any::<bool>(),
    ) {
        let limit = Rate::per_second(rate).burst(burst);
        let (bucket, mut now, mut granted) = (TokenBucket::new(), 2 * SECOND, Vec::new());
        for (step, late) in steps {
            now += step;
            // The clock was looked at a while before the bucket.
            let looked = if is_late { now - late } else { now };
            if bucket.take(&limit, at(looked)).is_ok() {
                granted.push(looked);
            }
        }
        for (index, from) in granted.iter().enumerate() {
            for (count, to) in granted[index..].iter().enumerate() {
                let seconds = to.saturating_sub(*from) as f64 / SECOND as f64;
                let most = rate * seconds + burst as f64;
                prop_assert!((count + 1) as f64 <= most + 1e-6, "{} in {} s", count + 1, seconds);
            }
        }
    }

    #[test]
    fn demand_gets_all_that_flows_in(rate in 0.1_f64..1_000.0, burst in 1_u64..20, seconds in 1_u64..5) {
        let limit = Rate::per_second(rate).burst(burst);
        let (bucket, mut now, mut granted) = (TokenBucket::new(), SECOND, 0_u64);
        let end = now + seconds * SECOND;
        loop {
            match bucket.take(&limit, at(now)) {
                Ok(()) => granted += 1,
                Err(after) => now += u64::try_from(after.as_nanos()).unwrap(),
            }
            if now > end {
                break;
            }
        }
        let least = burst + u64::try_from(u128::from(seconds * SECOND) / limit.interval().as_nanos()).unwrap();
        prop_assert_eq!(granted, least);
    }

    #[test]
    fn a_token_that_goes_back_was_never_taken(
        rate in 0.1_f64..1_000.0,
        burst in 1_u64..20,
        before in 0_u64..20,
        pause in 0_u64..3_000_000_000,
    ) {
        let limit = Rate::per_second(rate).burst(burst);
        let bucket = TokenBucket::new();
        for _ in 0..before {
            let _ = bucket.take(&limit, at(SECOND));
        }
        let now = at(SECOND + pause);
        let tokens = bucket.tokens(&limit, now);
        if bucket.take(&limit, now).is_ok() {
            bucket.give_back(&limit);
        }
        prop_assert_eq!(bucket.tokens(&limit, now), tokens);
    }
}
