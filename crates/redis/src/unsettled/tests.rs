use super::*;

const QUOTA: QuotaArguments = QuotaArguments {
    limit: 100,
    offset: 0,
    kind: 8,
};

fn counts(unsettled: &Unsettled) -> Vec<(Entry, u64)> {
    let mut all = Vec::new();
    while let Some(batch) = unsettled.take() {
        assert!(batch.0.len() <= BATCH);
        all.extend(
            batch
                .0
                .into_iter()
                .map(|(entry, count)| (entry, count.count)),
        );
    }
    all.sort();
    all
}

#[test]
fn requests_are_counted_by_quota_and_day() {
    let unsettled = Unsettled::default();
    for (key, day) in [("a", 1), ("b", 1), ("a", 1), ("a", 2)] {
        unsettled.add(key.to_owned(), day, QUOTA);
    }
    let of = |key: &str, day, count| ((key.to_owned(), day), count);
    assert_eq!(
        counts(&unsettled),
        [of("a", 1, 2), of("a", 2, 1), of("b", 1, 1)]
    );
    assert_eq!(counts(&unsettled), []);
}

#[test]
fn what_is_put_back_is_added_to_what_came_meanwhile() {
    let unsettled = Unsettled::default();
    unsettled.add("a".to_owned(), 1, QUOTA);
    let batch = unsettled.take().expect("a count");
    unsettled.add("a".to_owned(), 1, QUOTA);
    unsettled.put_back(batch);
    assert_eq!(counts(&unsettled), [(("a".to_owned(), 1), 2)]);
}

#[test]
fn many_are_taken_in_batches() {
    let unsettled = Unsettled::default();
    for number in 0..1_000 {
        unsettled.add(number.to_string(), 1, QUOTA);
    }
    assert_eq!(counts(&unsettled).len(), 1_000);
}

#[test]
fn at_the_bound_known_quotas_count_on_and_others_do_not() {
    let unsettled = Unsettled::with_capacity(10 * SHARDS);
    for number in (0..10_000).chain(0..10_000) {
        unsettled.add(number.to_string(), 1, QUOTA);
    }
    let kept = counts(&unsettled);
    assert_eq!(kept.len(), 10 * SHARDS);
    assert!(kept.iter().all(|(_, count)| *count == 2), "{kept:?}");
}
