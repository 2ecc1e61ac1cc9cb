use towergate_throttling::{
    ChargedQuota, ChargedThrottle, LimitName, Period, Quota, QuotaCounter, TokenBucket,
};

use super::*;

/// Reads an answer about a bucket of one token a second, at most ten, and a quota.
fn read(answer: &[i64]) -> Option<Answer> {
    let (bucket, counter) = (TokenBucket::default(), QuotaCounter::default());
    let quota = Quota::new(10, Period::Day);
    let name = LimitName::Account("1");
    let throttle = ChargedThrottle {
        name,
        rate: Rate::per_second(1.0).burst(10),
        bucket: &bucket,
        slot: None,
    };
    let quota = ChargedQuota {
        name,
        quota: &quota,
        counter: &counter,
        slot: None,
    };
    let limits = [(Limit::Throttle(&throttle), 1), (Limit::Quota(&quota), 1)];
    let keys = KeyNames::new("1").expect("an account");
    Question::new(limits.into_iter(), &keys, NonZeroU32::MIN).read(answer)
}

#[test]
fn answers_are_read() {
    let refused = |place, retry_after| {
        let refused = Refused { place, retry_after };
        Some(Answer {
            now: 7,
            decision: Err(refused),
        })
    };
    let granted = Some(Answer {
        now: 7,
        decision: Ok(vec![
            Grant {
                count: 2,
                terms: Terms(1_000_000_000, 10_000_000_000),
                lasts: Duration::MAX,
            },
            Grant {
                count: 3,
                terms: Terms(20_000, 20_001),
                lasts: Duration::from_micros(4),
            },
        ]),
    });
    let cases: [(&str, &[i64], _); 9] = [
        ("granted", &[0, 7, 2, 3, 4, 20_000, 20_001], granted),
        (
            "the first refused",
            &[1, 7, 5],
            refused(0, Some(Duration::from_micros(5))),
        ),
        (
            "the second refused",
            &[2, 7, 5],
            refused(1, Some(Duration::from_micros(5))),
        ),
        ("nobody knows how long", &[1, 7, -1], refused(0, None)),
        ("nothing is said of how long", &[1, 7], refused(0, None)),
        ("empty", &[], None),
        ("too short", &[0, 7, 2, 3, 4, 20_000], None),
        ("below zero", &[0, 7, -2, 3, 4, 20_000, 20_001], None),
        ("no limit", &[-1, 7, 5], None),
    ];
    for (name, answer, expected) in cases {
        assert_eq!(read(answer), expected, "{name}");
    }
}
