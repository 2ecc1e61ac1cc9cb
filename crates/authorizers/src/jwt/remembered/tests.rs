use serde_json::Map;

use super::*;
use crate::{
    jwt::verified::{Origin, Validity},
    keys::KeySet,
};

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_unix_millis(seconds * 1_000)
}

fn verified() -> Arc<VerifiedToken> {
    let validity = Validity {
        from: at(0),
        until: at(100),
    };
    let origin = Origin {
        issuer: 0,
        keys: Arc::new(KeySet::default()),
    };
    Arc::new(VerifiedToken::new(Map::new(), validity, origin))
}

fn token(number: usize) -> String {
    format!("header.payload.{number:086}")
}

fn knows(remembered: &RememberedTokens, token: &str, seconds: u64) -> bool {
    remembered.get(token, at(seconds), |_| true).is_some()
}

fn count(remembered: &RememberedTokens, tokens: usize) -> usize {
    (0..tokens)
        .filter(|number| knows(remembered, &token(*number), 1))
        .count()
}

#[test]
fn s11_entries_and_bytes_are_bounded_and_the_oldest_goes_first() {
    let entry = cost(&token(0));
    let cases = [
        ("entries", 3, usize::MAX, 3),
        ("bytes", 1_000, 3 * entry, 3),
        ("almost four", 1_000, 4 * entry - 1, 3),
        ("nothing", 0, usize::MAX, 0),
        ("too few bytes for one", 1_000, entry - 1, 0),
    ];
    for (name, max_entries, max_bytes, expected) in cases {
        let remembered = RememberedTokens::new(max_entries, max_bytes, Duration::MAX);
        for number in 0..10 {
            remembered.insert(&token(number), &verified(), at(100), at(0));
            remembered.insert(&token(number), &verified(), at(100), at(0));
        }
        assert_eq!(count(&remembered, 10), expected, "{name}");
        for number in 10 - expected..10 {
            assert!(knows(&remembered, &token(number), 1), "{name}: {number}");
        }
    }

    let remembered = RememberedTokens::default();
    for number in 0..3 * DEFAULT_ENTRIES {
        remembered.insert(&token(number), &verified(), at(100), at(0));
    }
    let known = count(&remembered, 3 * DEFAULT_ENTRIES);
    assert!(
        (DEFAULT_ENTRIES * 8 / 10..=DEFAULT_ENTRIES).contains(&known),
        "{known}"
    );
    let shards = remembered.shards.iter().map(|shard| shard.lock().unwrap());
    let (order, bytes) = shards.fold((0, 0), |(order, bytes), shard| {
        assert_eq!(shard.order.len(), shard.entries.len());
        (order + shard.order.len(), bytes + shard.bytes)
    });
    assert_eq!((order, bytes), (known, known * entry));
}

#[test]
fn tokens_are_compared_whole() {
    let remembered = RememberedTokens::new(10, usize::MAX, Duration::MAX);
    remembered.insert(&token(1), &verified(), at(100), at(0));
    let same_end = token(1).replace("header", "HEADER");
    assert_eq!(remembered.hash(&same_end), remembered.hash(&token(1)));
    assert!(!knows(&remembered, &same_end, 1));
    assert!(!knows(&remembered, &token(1)[1..], 1));
    assert!(!knows(&remembered, "", 1));
    assert!(knows(&remembered, &token(1), 1));
}

#[test]
fn a_token_is_forgotten_when_it_expires_or_its_time_is_over() {
    for (name, ttl, until) in [("expires", 1_000, 50), ("time to live", 50, 1_000)] {
        let remembered = RememberedTokens::new(10, usize::MAX, Duration::from_secs(ttl));
        remembered.insert(&token(1), &verified(), at(until), at(0));
        assert!(knows(&remembered, &token(1), 49), "{name}");
        assert!(!knows(&remembered, &token(1), 50), "{name}");
    }
}

#[test]
fn s17_a_clock_that_goes_back_revives_nothing() {
    let remembered = RememberedTokens::new(10, usize::MAX, Duration::MAX);
    remembered.insert(&token(1), &verified(), at(50), at(0));
    assert!(
        !knows(&remembered, "another", 50),
        "the time was seen with another token"
    );
    assert!(!knows(&remembered, &token(1), 10));
    remembered.insert(&token(2), &verified(), at(100), at(10));
    assert!(knows(&remembered, &token(2), 10));
}

#[test]
fn s12_debug_shows_no_token() {
    let remembered = RememberedTokens::new(10, 1_000_000, Duration::from_secs(1));
    remembered.insert(&token(1), &verified(), at(50), at(0));
    assert_eq!(
        format!("{remembered:?}"),
        "RememberedTokens { max_entries: 10, max_bytes: 1000000, ttl: 1s, .. }"
    );
}
