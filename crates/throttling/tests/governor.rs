//! Agreement with `governor`, another implementation of the same algorithm, on the same times.
#![cfg(not(towergate_loom))]

use std::{num::NonZeroU32, time::Duration};

use governor::{
    Quota, RateLimiter, clock::FakeRelativeClock, middleware::NoOpMiddleware,
    state::keyed::DashMapStateStore,
};
use proptest::prelude::*;
use towergate_core::Timestamp;
use towergate_throttling::{KeyedBuckets, Rate, TokenBucket};

const START: Timestamp = Timestamp::from_unix_millis(1_000_000);

/// Rates whose interval is a whole number of nanoseconds: others are rounded, each in its own way.
fn rates() -> impl Strategy<Value = u32> {
    prop::sample::select(vec![1_u32, 2, 4, 5, 8, 10, 20, 100, 1_000, 8_000])
}

fn quota(rate: u32, burst: u32) -> Quota {
    let per_second = NonZeroU32::new(rate).expect("a rate above zero");
    Quota::per_second(per_second).allow_burst(NonZeroU32::new(burst).expect("a burst above zero"))
}

proptest! {
    #[test]
    fn one_bucket_admits_what_governor_admits(
        rate in rates(),
        burst in 1_u32..20,
        pauses in prop::collection::vec(0_u64..1_500_000_000, 1..200),
    ) {
        let clock = FakeRelativeClock::default();
        let theirs = RateLimiter::direct_with_clock(quota(rate, burst), clock.clone());
        let (ours, limit) = (TokenBucket::new(), Rate::per_second(f64::from(rate)).burst(u64::from(burst)));
        let mut now = START;
        for (number, pause) in pauses.into_iter().enumerate() {
            // Storms between the pauses.
            let pause = Duration::from_nanos(if number % 4 == 0 { pause } else { pause / 5_000 });
            clock.advance(pause);
            now = now.saturating_add(pause);
            prop_assert_eq!(ours.take(&limit, now).is_ok(), theirs.check().is_ok(), "{}", number);
        }
    }

    #[test]
    fn many_buckets_admit_what_governor_admits(
        rate in rates(),
        burst in 1_u32..5,
        calls in prop::collection::vec((0_u64..10, 0_u64..300_000_000), 1..300),
    ) {
        let clock = FakeRelativeClock::default();
        let theirs: RateLimiter<u64, DashMapStateStore<u64>, _, NoOpMiddleware<_>> =
            RateLimiter::new(quota(rate, burst), DashMapStateStore::default(), clock.clone());
        let (ours, limit) = (KeyedBuckets::new(1_000), Rate::per_second(f64::from(rate)).burst(u64::from(burst)));
        let mut now = START;
        for (key, pause) in calls {
            let pause = Duration::from_nanos(pause / 10);
            clock.advance(pause);
            now = now.saturating_add(pause);
            let admitted = ours.take(&key.to_be_bytes(), &limit, now).is_ok();
            prop_assert_eq!(admitted, theirs.check_key(&key).is_ok());
        }
    }
}
