//! What callers cost: no allocation for one that is known, and bytes up to a bound for one that is new.
//!
//! `cargo test -p towergate-throttling --test memory --release -- --nocapture` has ten times the callers, and prints the bytes.
#![cfg(not(towergate_loom))]

use std::time::Duration;

use towergate_core::Timestamp;
use towergate_throttling::{KeyedBuckets, Rate};

const NOW: Timestamp = Timestamp::from_unix_millis(1_000_000);

/// Whether there is time for many callers.
const RELEASE: bool = !cfg!(debug_assertions);

/// The most bytes that a caller takes.
const MAX_BYTES: u64 = 48;

fn bytes_per_key(keys: usize) -> u64 {
    let rate = Rate::per_second(0.001).burst(2);
    let mut kept = None;
    let measured = allocation_counter::measure(|| {
        let buckets = KeyedBuckets::new(keys);
        for key in 0..keys * 2 {
            let _ = buckets.take(&key.to_be_bytes(), &rate, NOW);
        }
        kept = Some(buckets);
    });
    let kept = kept.map_or(0, |buckets| buckets.len());
    assert_eq!(kept, keys);
    u64::try_from(measured.bytes_current).expect("bytes") / kept as u64
}

#[test]
fn a_caller_takes_no_more_than_its_bytes() {
    let bounds = [1_000, 10_000, 100_000, 1_000_000];
    for keys in bounds.into_iter().take(if RELEASE { 4 } else { 3 }) {
        let bytes = bytes_per_key(keys);
        println!("{keys} callers: {bytes} bytes each");
        assert!(bytes <= MAX_BYTES, "{keys} callers: {bytes} bytes each");
    }
}

#[test]
fn callers_that_come_and_go_take_no_more_than_their_bytes() {
    let rate = Rate::per_second(1_000.0).burst(1);
    let bounds = [1_000, 2_050, 10_000, 33_000, 70_000, 300_000, 1_200_000];
    for keys in bounds.into_iter().take(if RELEASE { 7 } else { 4 }) {
        // So many are in use at a time that a few find no room.
        let pause = 1_050_000 / keys as u64;
        let mut kept = None;
        let measured = allocation_counter::measure(|| {
            let buckets = KeyedBuckets::new(keys);
            for key in 0..10 * keys as u64 {
                let now = NOW.saturating_add(Duration::from_nanos(key * pause * 9 / 10));
                let _ = buckets.take(&key.to_be_bytes(), &rate, now);
            }
            kept = Some(buckets);
        });
        let kept = kept.map_or(0, |buckets| buckets.len());
        assert!(kept >= keys * 8 / 10 && kept <= keys, "{kept} of {keys}");
        let bytes = measured.bytes_max / keys as u64;
        println!("{keys} callers that come and go: {bytes} bytes each");
        assert!(bytes <= MAX_BYTES, "{keys} callers: {bytes} bytes each");
    }
}

#[test]
fn a_decision_on_a_known_caller_allocates_nothing() {
    let (buckets, rate) = (KeyedBuckets::new(100), Rate::per_second(1.0).burst(5));
    let _ = buckets.take(b"known", &rate, NOW);
    let measured = allocation_counter::measure(|| {
        for _ in 0..10 {
            let _ = buckets.take(b"known", &rate, NOW);
        }
    });
    assert_eq!(measured.count_total, 0);
}

#[test]
fn millions_of_strangers_take_no_more_memory_than_the_bound_and_nothing_of_others() {
    const BOUND: usize = 100_000;
    let strangers: u64 = if RELEASE { 10_000_000 } else { 1_000_000 };
    let rate = Rate::per_second(10.0).burst(5);
    let honest: Vec<_> = (0..100_u32)
        .map(|caller| format!("honest {caller}"))
        .collect();
    let mut now = NOW;
    let mut kept = None;
    let measured = allocation_counter::measure(|| {
        let buckets = KeyedBuckets::new(BOUND);
        for stranger in 0..strangers {
            // Each honest caller comes ten times a second, in the midst of a million strangers a second.
            if stranger % 100_000 == 0 {
                now = now.saturating_add(Duration::from_millis(100));
                for caller in &honest {
                    assert!(
                        buckets.take(caller.as_bytes(), &rate, now).is_ok(),
                        "{caller}"
                    );
                }
            }
            let _ = buckets.take(&stranger.to_be_bytes(), &rate, now);
        }
        kept = Some(buckets);
    });
    let kept = kept.map_or(0, |buckets| buckets.len());
    assert!(kept <= BOUND, "{kept}");
    let most = measured.bytes_max;
    println!(
        "{strangers} callers, {kept} kept; {most} bytes at most, {} for each",
        most / BOUND as u64
    );
    assert!(most <= MAX_BYTES * BOUND as u64, "{most} bytes");
}
