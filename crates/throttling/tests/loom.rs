//! The bucket on its atomic, in every order that threads can run in.
//!
//! `RUSTFLAGS="--cfg towergate_loom" cargo test -p towergate-throttling --test loom --release`
#![cfg(towergate_loom)]

use std::time::Duration;

use loom::{sync::Arc, thread};
use towergate_core::Timestamp;
use towergate_throttling::{
    Charge, ChargedQuota, ChargedThrottle, KeyedBuckets, LimitName, Period, Quota, QuotaCounter,
    Rate, TokenBucket,
};

const NOW: Timestamp = Timestamp::from_unix_millis(1_000_000);

fn rate(burst: u64) -> Rate {
    Rate::per_second(0.001).burst(burst)
}

/// Runs `act` on so many threads and one bucket, and returns how many were granted.
fn granted(bucket: &Arc<TokenBucket>, threads: usize, act: fn(&TokenBucket) -> bool) -> usize {
    let threads: Vec<_> = (0..threads)
        .map(|_| {
            let bucket = Arc::clone(bucket);
            thread::spawn(move || act(&bucket))
        })
        .collect();
    let granted = threads
        .into_iter()
        .map(|thread| thread.join().expect("no thread panics"));
    granted.filter(|granted| *granted).count()
}

#[test]
fn threads_get_one_token_once() {
    for threads in [2, 3] {
        loom::model(move || {
            let bucket = Arc::new(TokenBucket::new());
            let take = |bucket: &TokenBucket| bucket.take(&rate(1), NOW).is_ok();
            assert_eq!(granted(&bucket, threads, take), 1, "{threads} threads");
            assert_eq!(bucket.tokens(&rate(1), NOW), 0, "{threads} threads");
        });
    }
}

#[test]
fn two_threads_get_a_token_each_of_two() {
    loom::model(|| {
        let bucket = Arc::new(TokenBucket::new());
        let granted = granted(&bucket, 2, |bucket| bucket.take(&rate(2), NOW).is_ok());
        assert_eq!(granted, 2);
        assert_eq!(bucket.tokens(&rate(2), NOW), 0);
    });
}

#[test]
fn three_threads_get_two_tokens_once() {
    loom::model(|| {
        let bucket = Arc::new(TokenBucket::new());
        let granted = granted(&bucket, 3, |bucket| bucket.take(&rate(2), NOW).is_ok());
        assert_eq!(granted, 2);
        assert_eq!(bucket.tokens(&rate(2), NOW), 0);
    });
}

#[test]
fn a_token_that_goes_back_is_neither_lost_nor_there_twice() {
    loom::model(|| {
        let bucket = Arc::new(TokenBucket::new());
        let gave_back = granted(&bucket, 2, |bucket| {
            let granted = bucket.take(&rate(2), NOW).is_ok();
            if granted {
                bucket.give_back(&rate(2));
            }
            granted
        });
        assert_eq!(gave_back, 2);
        assert_eq!(bucket.tokens(&rate(2), NOW), 2);
    });
}

#[test]
fn whoever_takes_beside_one_who_gives_back_gets_what_there_is() {
    loom::model(|| {
        let bucket = Arc::new(TokenBucket::new());
        bucket.take(&rate(1), NOW).unwrap();
        let other = Arc::clone(&bucket);
        let gives = thread::spawn(move || other.give_back(&rate(1)));
        let taken = bucket.take(&rate(1), NOW).is_ok();
        gives.join().unwrap();
        assert_eq!(bucket.tokens(&rate(1), NOW), u64::from(!taken));
    });
}

#[test]
fn a_bucket_that_is_emptier_than_empty_is_mended_once() {
    loom::model(|| {
        let bucket = Arc::new(TokenBucket::new());
        let slow = Rate::per_second(0.000_001).burst(1);
        bucket.take(&slow, NOW).unwrap();
        // At this rate the bucket is empty, not a million seconds from full.
        let granted = granted(&bucket, 2, |bucket| bucket.take(&rate(1), NOW).is_ok());
        assert_eq!(granted, 0);
        let later = NOW.saturating_add(rate(1).interval());
        assert_eq!(bucket.tokens(&rate(1), later), 1);
    });
}

#[test]
fn whoever_mends_a_bucket_first_and_whoever_is_later_leave_it_the_same() {
    loom::model(|| {
        let half = Duration::from_millis(500);
        let (earlier, later) = (NOW, NOW.saturating_add(half));
        let rate = Rate::per_second(2.0).burst(1);
        let bucket = Arc::new(TokenBucket::new());
        bucket.take(&Rate::per_second(0.001), NOW).unwrap();
        // The later one finds a token if the earlier one has mended the bucket, and otherwise mends it itself.
        let other = Arc::clone(&bucket);
        let mends = thread::spawn(move || other.take(&rate, earlier).is_ok());
        let _ = bucket.take(&rate, later);
        assert!(!mends.join().unwrap());
        assert_eq!(bucket.tokens(&rate, later), 0);
        assert_eq!(bucket.tokens(&rate, later.saturating_add(half)), 1);
    });
}

/// Two threads charge two buckets, and a quota if there is a limit, each beginning with another bucket. Returns how many were granted, once no
/// other has left a trace.
fn charged(burst: u64, limit: Option<u64>) -> usize {
    let quota = Quota::new(limit.unwrap_or(2), Period::Day);
    let buckets = Arc::new([TokenBucket::new(), TokenBucket::new()]);
    let counter = Arc::new(QuotaCounter::default());
    let threads = [[0, 1], [1, 0]].map(|order| {
        let (buckets, counter) = (Arc::clone(&buckets), Arc::clone(&counter));
        thread::spawn(move || {
            let name = LimitName::Account("1");
            let [first, second] = order.map(|bucket: usize| {
                Some(ChargedThrottle {
                    name,
                    rate: rate(burst),
                    bucket: &buckets[bucket],
                    slot: None,
                })
            });
            let charge = Charge {
                throttles: [first, second, None],
                quota: limit.map(|_| ChargedQuota {
                    name,
                    quota: &quota,
                    counter: &counter,
                    slot: None,
                }),
                outage: None,
            };
            charge.decide_locally(NOW).is_ok()
        })
    });
    let granted = threads.map(|thread| thread.join().expect("no thread panics"));
    let granted = granted.into_iter().filter(|granted| *granted).count();
    for bucket in &*buckets {
        assert_eq!(bucket.tokens(&rate(burst), NOW), burst - granted as u64);
    }
    if let Some(limit) = limit {
        assert_eq!(counter.remaining(&quota, NOW), limit - granted as u64);
    }
    granted
}

#[test]
fn what_is_charged_together_is_granted_together_or_goes_back() {
    // Where each has taken the token that the other needs, neither is granted.
    loom::model(|| assert!(charged(1, None) <= 1));
    loom::model(|| assert_eq!(charged(2, None), 2));
    // While one holds the quota the other takes nothing.
    for (burst, limit, granted) in [(1, 9, 1), (2, 1, 1), (2, 9, 2)] {
        loom::model(move || {
            let charged = charged(burst, Some(limit));
            assert_eq!(charged, granted, "{burst}, {limit}");
        });
    }
}

/// Has each thread take a token for a caller of its own, then lets the callers take all that they get, and returns how many
/// tokens each had.
fn taken_of_a_table(max_keys: usize, burst: u64, known: &[u8], callers: [u8; 2]) -> [u64; 2] {
    let (buckets, rate) = (Arc::new(KeyedBuckets::new(max_keys)), rate(burst));
    for caller in known {
        buckets
            .take(&[*caller], &rate, NOW)
            .expect("it is the first");
    }
    // The buckets of those who are known are full again, so that their places are to be had.
    let now = NOW.saturating_add(rate.interval());
    let threads = callers.map(|caller| {
        let buckets = Arc::clone(&buckets);
        thread::spawn(move || buckets.take(&[caller], &rate, now).is_ok())
    });
    let mut taken = threads.map(|thread| u64::from(thread.join().expect("no thread panics")));
    for (caller, taken) in callers.iter().zip(&mut taken) {
        while buckets.take(&[*caller], &rate, now).is_ok() {
            *taken += 1;
        }
    }
    assert!(buckets.len() <= max_keys);
    taken
}

#[test]
fn a_new_caller_that_comes_twice_at_once_has_one_bucket() {
    for burst in [1, 2] {
        loom::model(move || {
            let taken = taken_of_a_table(2, burst, &[], [1, 1]);
            assert_eq!(taken.iter().sum::<u64>(), burst);
        });
    }
}

#[test]
fn a_caller_whose_place_is_taken_while_it_calls_takes_no_token_of_the_next() {
    // There is one bucket for one of them, and one that callers share who have none.
    for burst in [1, 2] {
        loom::model(move || assert_eq!(taken_of_a_table(1, burst, &[1], [1, 2]), [burst; 2]));
    }
}

#[test]
fn two_new_callers_that_come_for_one_place_get_it_once() {
    for burst in [1, 2] {
        loom::model(move || assert_eq!(taken_of_a_table(1, burst, &[1], [2, 3]), [burst; 2]));
    }
}
