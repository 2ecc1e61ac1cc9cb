//! The bucket on its atomic, in every order that threads can run in.
//!
//! `RUSTFLAGS="--cfg towergate_loom" cargo test -p towergate-throttling --test loom --release`
#![cfg(towergate_loom)]

use loom::{sync::Arc, thread};
use towergate_core::Timestamp;
use towergate_throttling::{Rate, TokenBucket};

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
    let granted = threads.into_iter().map(|thread| thread.join().unwrap());
    granted.filter(|granted| *granted).count()
}

#[test]
fn two_threads_get_one_token_once() {
    loom::model(|| {
        let bucket = Arc::new(TokenBucket::new());
        let granted = granted(&bucket, 2, |bucket| bucket.take(&rate(1), NOW).is_ok());
        assert_eq!(granted, 1);
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
