use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use proptest::prelude::*;

use super::*;

const SECOND: u64 = 1_000_000_000;

fn at(nanos: u64) -> Timestamp {
    Timestamp::from_unix_nanos(nanos)
}

/// As many places are taken as there are callers, and each of them is found.
fn check(buckets: &KeyedBuckets) {
    let taken = buckets.places.taken.load(Ordering::Relaxed);
    assert_eq!(buckets.table.check(), taken);
    assert!(taken <= buckets.places.max);
}

#[test]
fn each_caller_has_a_bucket() {
    let (buckets, rate) = (KeyedBuckets::new(1_000), Rate::per_second(1.0).burst(3));
    for round in 0..5 {
        for caller in 0..100_u32 {
            let taken = buckets.take(&caller.to_be_bytes(), &rate, at(SECOND));
            assert_eq!(taken.is_ok(), round < 3, "{caller}: {round}");
        }
    }
    assert_eq!(buckets.len(), 100);
    check(&buckets);
}

#[test]
fn there_are_never_more_callers_than_the_bound() {
    for max_keys in [0, 1, 2, 15, 16, 17, 100, 1_000, 10_000] {
        let (buckets, rate) = (
            KeyedBuckets::new(max_keys),
            Rate::per_second(0.001).burst(2),
        );
        for caller in 0..30_000_u32 {
            let taken = buckets.take(&caller.to_be_bytes(), &rate, at(SECOND));
            let has_place = (caller as usize) < max_keys.max(1);
            assert!(taken.is_ok() || !has_place, "{caller} of {max_keys}");
        }
        assert_eq!(buckets.len(), max_keys.max(1));
        check(&buckets);
    }
}

#[test]
fn each_caller_is_known_again_however_full_the_table_is() {
    let rate = Rate::per_second(0.001).burst(2);
    for max_keys in (1..60).chain([4_000]) {
        // The hashes are others each time: so callers lie in all sets that they can.
        for _ in 0..10 {
            let buckets = KeyedBuckets::new(max_keys);
            for round in 0..3 {
                for caller in 0..max_keys {
                    let taken = buckets.take(&caller.to_be_bytes(), &rate, at(SECOND));
                    assert_eq!(taken.is_ok(), round < 2, "{caller} of {max_keys}: {round}");
                }
            }
            assert_eq!(buckets.len(), max_keys);
            check(&buckets);
        }
    }
}

#[test]
fn halves_of_hashes_may_be_alike() {
    let table = Table::new(5);
    let rate = Rate::per_second(0.001).burst(2);
    let callers: Vec<_> = (0..5).map(|check| Fingerprint([7, check])).collect();
    for caller in &callers {
        assert_eq!(table.take(*caller, &rate, at(SECOND)), None);
        let first = take_one(0, &rate, at(SECOND)).next;
        assert!(table.lock(*caller).unwrap().insert(*caller, first));
    }
    for caller in callers {
        assert_eq!(
            table.take(caller, &rate, at(SECOND)),
            Some(Ok(())),
            "{caller:?}"
        );
        let taken = table.take(caller, &rate, at(SECOND));
        assert!(taken.is_some_and(|taken| taken.is_err()), "{caller:?}");
    }
    assert_eq!(table.check(), 5);
}

#[test]
fn callers_beyond_the_bound_share_one_bucket_and_the_others_keep_theirs() {
    let (buckets, rate) = (KeyedBuckets::new(64), Rate::per_second(1.0).burst(2));
    let known = 0..64_u32;
    for caller in known.clone().chain(100..102) {
        let taken = buckets.take(&caller.to_be_bytes(), &rate, at(SECOND));
        assert!(taken.is_ok(), "{caller}");
    }
    assert_eq!(buckets.len(), 64);
    let strangers = 2_000..2_100_u32;
    let admitted = strangers.filter(|caller| {
        buckets
            .take(&caller.to_be_bytes(), &rate, at(SECOND))
            .is_ok()
    });
    assert_eq!(admitted.count(), 0, "the shared bucket is empty");
    for caller in known {
        let key = caller.to_be_bytes();
        assert!(buckets.take(&key, &rate, at(SECOND)).is_ok(), "{caller}");
        assert!(buckets.take(&key, &rate, at(SECOND)).is_err(), "{caller}");
    }
    // Once they are idle there is room again.
    assert!(buckets.take(b"a stranger", &rate, at(60 * SECOND)).is_ok());
    assert!(buckets.take(b"a stranger", &rate, at(60 * SECOND)).is_ok());
    check(&buckets);
}

#[test]
fn a_caller_who_is_idle_at_the_bound_makes_room_wherever_its_place_is() {
    let rate = Rate::per_second(1.0).burst(1);
    // As many sets as are looked at for one stranger.
    let callers = 0..13_u8;
    for idle in callers.clone() {
        let buckets = KeyedBuckets::new(callers.len());
        let take = |caller: u8, millis: u64| buckets.take(&[caller], &rate, at(millis * 1_000_000));
        for caller in callers.clone() {
            let millis = if caller == idle { 1_000 } else { 1_500 };
            assert!(take(caller, millis).is_ok(), "{caller}");
        }
        assert!(take(100, 1_900).is_ok(), "the shared bucket");
        assert!(take(101, 1_900).is_err(), "the shared bucket is empty");
        assert!(take(101, 2_000).is_ok(), "{idle} makes room");
        assert!(take(102, 2_000).is_err(), "nobody else does");
        check(&buckets);
    }
}

#[test]
fn a_storm_of_callers_costs_honest_ones_nothing() {
    let (buckets, rate) = (KeyedBuckets::new(10_000), Rate::per_second(10.0).burst(5));
    let honest: Vec<_> = (0..100_u32)
        .map(|caller| format!("honest {caller}"))
        .collect();
    // A tenth of a second passes for every 1 000 strangers: 5 seconds for all, in which each honest caller calls ten times a
    // second.
    let mut now = SECOND;
    for storm in 0..500_000_u32 {
        if storm % 10_000 == 0 {
            now += SECOND / 10;
            for caller in &honest {
                assert!(
                    buckets.take(caller.as_bytes(), &rate, at(now)).is_ok(),
                    "{caller} at {now}"
                );
            }
        }
        let _ = buckets.take(&storm.to_be_bytes(), &rate, at(now));
    }
    assert!(buckets.len() <= 10_000);
    check(&buckets);
}

#[test]
fn what_strangers_write_lies_apart_from_what_all_read() {
    /// Two lines of the cache, which processors fetch together.
    fn lines<T>(of: &T) -> (usize, usize) {
        let first = std::ptr::from_ref(of).addr();
        (first / 128, (first + size_of::<T>() - 1) / 128)
    }
    let buckets = Arc::new(KeyedBuckets::new(1));
    let written = lines(&buckets.places);
    for (name, read) in [
        ("digest", lines(&buckets.digest)),
        ("table", lines(&buckets.table)),
    ] {
        assert!(read.1 < written.0 || written.1 < read.0, "{name}");
    }
}

#[test]
fn idle_callers_make_room_before_the_bound_is_reached() {
    let (buckets, rate) = (KeyedBuckets::new(100_000), Rate::per_second(1.0).burst(1));
    for caller in 0..50_000_u64 {
        // Each is idle after a second, in which a hundred others come.
        let _ = buckets.take(&caller.to_be_bytes(), &rate, at(caller * SECOND / 100));
    }
    // The hand has been at each place while 37 500 came.
    assert!(buckets.len() < 40_000, "{}", buckets.len());
    check(&buckets);
}

#[test]
fn threads_get_no_more_than_the_burst_together() {
    let (buckets, rate) = (
        Arc::new(KeyedBuckets::new(50)),
        Rate::per_second(0.001).burst(7),
    );
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let buckets = Arc::clone(&buckets);
            thread::spawn(move || {
                let keys = (0..40_u32).cycle().take(4_000);
                keys.filter(|key| buckets.take(&key.to_be_bytes(), &rate, at(SECOND)).is_ok())
                    .count()
            })
        })
        .collect();
    let admitted: usize = threads
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .sum();
    // Some of the forty may have had to share.
    assert!(admitted <= 7 * (buckets.len() + 1), "{admitted}");
    assert!(admitted >= 7 * buckets.len(), "{admitted}");
    check(&buckets);
}

#[test]
fn threads_that_come_for_the_places_of_others_leave_the_table_whole() {
    let (buckets, rate) = (KeyedBuckets::new(40), Rate::per_second(1.0).burst(1));
    let now = AtomicU64::new(SECOND);
    let admitted: u64 = thread::scope(|scope| {
        let come = |thread: u32| {
            let (buckets, now) = (&buckets, &now);
            move || {
                let callers = (0..5_000_u32).map(|call| (call * 7 + thread) % 500);
                let admitted = callers.filter(|caller| {
                    // In a second, in which a bucket is full again, there are twice as many callers as places.
                    let now = now.fetch_add(SECOND / 80, Ordering::Relaxed);
                    buckets.take(&caller.to_be_bytes(), &rate, at(now)).is_ok()
                });
                admitted.count() as u64
            }
        };
        let threads: Vec<_> = (0..4).map(|thread| scope.spawn(come(thread))).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum()
    });
    check(&buckets);
    // Each place, and the bucket that the others share, gives a token a second for 250 seconds.
    assert!(admitted > 250 * 20, "{admitted}");
    assert!(admitted <= (250 + 2) * 41, "{admitted}");
}

proptest! {
    #[test]
    fn a_table_with_room_agrees_with_a_map_of_buckets(
        calls in prop::collection::vec((0_u8..20, 0_u64..2_000_000_000), 1..300),
        rate in 0.1_f64..20.0,
        burst in 1_u64..5,
        max_keys in prop::sample::select(vec![20_usize, 21, 50, 10_000]),
    ) {
        let rate = Rate::per_second(rate).burst(burst);
        let buckets = KeyedBuckets::new(max_keys);
        let mut naive: HashMap<u8, TokenBucket> = HashMap::new();
        let mut now = SECOND;
        for (caller, pause) in calls {
            now += pause / 10;
            let expected = naive.entry(caller).or_default().take(&rate, at(now));
            prop_assert_eq!(buckets.take(&[caller], &rate, at(now)), expected);
        }
        check(&buckets);
    }

    #[test]
    fn callers_whose_places_lie_together_are_found_until_they_make_room(
        // So many callers, the sets of the table, and the sets that these callers are looked for in first: at its end, and at
        // those of regions.
        (callers, sets, homes) in prop::sample::select(vec![
            (1_usize, 1_u128, vec![0_u128]),
            (6, 2, vec![0, 1]),
            (15, 5, vec![3, 4]),
            (7_000, 2_100, vec![1_022, 1_023, 1_024, 2_047, 2_048, 2_099]),
        ]),
        steps in prop::collection::vec((any::<prop::sample::Index>(), 1_u64..13, 1_usize..4), 1..200),
    ) {
        let (table, rate) = (Table::new(callers), Rate::per_second(1.0).burst(2));
        let mut known: HashMap<[u64; 2], u64> = HashMap::new();
        let mut now = SECOND;
        for (home, number, probes) in steps {
            now += SECOND / 20;
            let first = (*home.get(&homes) << 64).div_ceil(sets) as u64;
            // Three callers each have a half of their hashes in common.
            let halves = [first + number.div_ceil(3), number];
            let caller = Fingerprint(halves);
            let taken = table.take(caller, &rate, at(now));
            prop_assert_eq!(taken.is_some(), known.contains_key(&halves));
            if let Some(full_at) = known.get_mut(&halves) {
                let Outcome { next, taken: expected } = take_one(*full_at, &rate, at(now));
                prop_assert_eq!(taken, Some(expected));
                *full_at = next;
                continue;
            }
            let mut region = table.lock(caller).unwrap();
            let reclaimed = region.reclaim(probes, at(now));
            let count = known.len();
            let is_there = |halves| table.state(Fingerprint(halves), &rate, at(now)).is_some();
            known.retain(|halves, full_at| is_there(*halves) || *full_at > now);
            prop_assert_eq!(count - known.len(), reclaimed);
            let next = take_one(0, &rate, at(now)).next;
            if region.insert(caller, next) {
                known.insert(halves, next);
            } else {
                prop_assert_eq!(known.len() as u128, 5 * sets);
            }
            prop_assert!(known.keys().all(|halves| is_there(*halves)));
        }
        prop_assert_eq!(table.check(), known.len());
    }
}
