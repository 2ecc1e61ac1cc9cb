use std::{
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::Waker,
};

use towergate_testing::FakeClock;

use super::*;

/// A source that answers when it is told to.
#[derive(Default)]
struct Source {
    fetches: AtomicUsize,
    /// What the fetches that began give, one after another.
    answers: Mutex<Vec<Answer>>,
    waiting: Mutex<Vec<Waker>>,
}

#[derive(Clone)]
enum Answer {
    Fail,
    Keys(&'static [&'static str]),
    Panic,
    Text(&'static str),
}

impl Source {
    fn fetches(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }

    fn answer(&self, answer: Answer) {
        self.answers.lock().unwrap().insert(0, answer);
        self.waiting.lock().unwrap().drain(..).for_each(Waker::wake);
    }
}

fn document(kids: &[&str]) -> String {
    let x = "JGOp4U46G-X50_Xyal5EnNfOJrmxVMH_SusWgl3bqOg";
    let keys = kids
        .iter()
        .map(|kid| serde_json::json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": x}));
    serde_json::json!({"keys": keys.collect::<Vec<_>>()}).to_string()
}

impl KeySource for Source {
    fn key_set(&self) -> BoxFuture<'_, Result<Bytes, KeySourceError>> {
        self.fetches.fetch_add(1, Ordering::SeqCst);
        Box::pin(std::future::poll_fn(|cx| {
            let Some(answer) = self.answers.lock().unwrap().pop() else {
                self.waiting.lock().unwrap().push(cx.waker().clone());
                return Poll::Pending;
            };
            Poll::Ready(match answer {
                Answer::Fail => Err(KeySourceError::Discovery("down".into())),
                Answer::Keys(kids) => Ok(document(kids).into()),
                Answer::Panic => panic!("the source panics"),
                Answer::Text(text) => Ok(text.into()),
            })
        }))
    }
}

const HOUR: u64 = 60 * 60;

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_unix_millis((1_000_000 + seconds) * 1_000)
}

fn cached() -> (Arc<Source>, CachedKeys) {
    let source = Arc::new(Source::default());
    (Arc::clone(&source), CachedKeys::new(source))
}

/// A cache that fetched these keys at second 0.
fn filled(kids: &'static [&'static str]) -> (Arc<Source>, CachedKeys) {
    let (source, keys) = cached();
    source.answer(Answer::Keys(kids));
    fetch(&keys, "any", 0).now_or_never().unwrap();
    (source, keys)
}

fn fetch(keys: &CachedKeys, kid: &str, seconds: u64) -> KeyFetch {
    match keys.lookup(kid, at(seconds)) {
        KeyLookup::Fetch(fetch) => fetch,
        other => panic!("{kid} at {seconds}: {other:?}"),
    }
}

/// What a look-up says, in a word.
fn look(keys: &CachedKeys, kid: &str, seconds: u64) -> &'static str {
    match keys.lookup(kid, at(seconds)) {
        KeyLookup::Fetch(_) => "fetch",
        KeyLookup::Found(_) => "found",
        KeyLookup::NotFound => "not found",
        KeyLookup::Unavailable(_) => "unavailable",
    }
}

#[test]
fn s8_s10_an_unknown_kid_costs_one_fetch_in_thirty_seconds() {
    let (source, keys) = filled(&["a"]);
    let mut cases = vec![
        (0, "a".to_owned(), "found"),
        (0, "b".to_owned(), "not found"),
        (29, "b".to_owned(), "not found"),
    ];
    cases.extend((0..1_000).map(|kid| (29, format!("k{kid}"), "not found")));
    cases.push((30, String::new(), "not found"));
    cases.push((30, "k".repeat(257), "not found"));
    for (seconds, kid, expected) in cases {
        assert_eq!(look(&keys, &kid, seconds), expected, "{kid} at {seconds}");
    }
    assert_eq!(source.fetches(), 1);

    for kid in 0..1_000 {
        assert_eq!(look(&keys, &kid.to_string(), 30), "fetch", "{kid}");
    }
    assert_eq!(source.fetches(), 2);
    source.answer(Answer::Keys(&["a", "b"]));
    assert_eq!(look(&keys, "b", 30), "found");
    assert_eq!(look(&keys, "c", 59), "not found");
    assert_eq!(look(&keys, "c", 60), "fetch");
}

#[test]
fn s9_all_wait_for_one_fetch_and_one_that_goes_away_leaves_it_to_the_others() {
    let (source, keys) = cached();
    let mut waiting: Vec<_> = (0..100)
        .map(|kid| fetch(&keys, &kid.to_string(), 0))
        .collect();
    let mut cx = Context::from_waker(Waker::noop());
    for fetch in &mut waiting {
        assert!(fetch.poll_unpin(&mut cx).is_pending());
    }
    assert_eq!(source.fetches(), 1);
    waiting.truncate(1);
    source.answer(Answer::Keys(&["7"]));
    assert!(waiting[0].poll_unpin(&mut cx).is_ready());
    assert_eq!(look(&keys, "7", 1), "found");

    // All of them go away.
    let (source, keys) = cached();
    drop(fetch(&keys, "7", 0));
    assert!(fetch(&keys, "7", 1).now_or_never().is_none());
    source.answer(Answer::Keys(&["7"]));
    assert_eq!(look(&keys, "7", 2), "found");
    assert_eq!(source.fetches(), 1);
}

#[test]
fn s9_a_panic_is_a_failure_like_others() {
    let (source, keys) = cached();
    source.answer(Answer::Panic);
    fetch(&keys, "a", 0).now_or_never().unwrap();
    assert_eq!(look(&keys, "a", 1), "unavailable");
    source.answer(Answer::Keys(&["a"]));
    fetch(&keys, "a", 30).now_or_never().unwrap();
    assert_eq!(look(&keys, "a", 30), "found");
}

#[test]
fn a_failed_fetch_says_why() {
    let key_set = |text: &str| KeysUnavailable::KeySet(text.into());
    let cases = [
        (Answer::Fail, KeysUnavailable::Discovery("down".into())),
        (Answer::Panic, key_set("the source panicked")),
        (
            Answer::Text("{}"),
            key_set("malformed key set: `keys` is no list"),
        ),
    ];
    for (answer, expected) in cases {
        let (source, keys) = cached();
        source.answer(answer);
        fetch(&keys, "a", 0).now_or_never().unwrap();
        match keys.lookup("a", at(29)) {
            KeyLookup::Unavailable(cause) => assert_eq!(cause, expected),
            other => panic!("{expected}: {other:?}"),
        }
    }
}

#[test]
fn an_old_set_serves_while_it_is_fetched_anew() {
    let (source, keys) = filled(&["a", "b"]);
    assert_eq!(look(&keys, "a", 2 * HOUR - 1), "found");
    assert_eq!(source.fetches(), 1);

    // The fetch hangs, and nobody whose key is known waits for it.
    for seconds in [0, 1, 2] {
        assert_eq!(look(&keys, "a", 2 * HOUR + seconds), "found");
        assert_eq!(source.fetches(), 2);
    }
    assert_eq!(
        look(&keys, "c", 2 * HOUR + 3),
        "fetch",
        "an unknown one waits for the same"
    );
    assert_eq!(source.fetches(), 2);

    source.answer(Answer::Keys(&["a", "c"]));
    assert_eq!(look(&keys, "a", 2 * HOUR + 4), "found");
    assert_eq!(look(&keys, "c", 2 * HOUR + 4), "found");
    assert_eq!(look(&keys, "b", 2 * HOUR + 4), "not found", "rotated out");
    assert_eq!(look(&keys, "a", 4 * HOUR - 1), "found");
    assert_eq!(source.fetches(), 2, "fresh since the fetch began");
}

#[test]
fn an_old_set_serves_for_a_day_while_fetching_fails() {
    let (source, keys) = filled(&["a"]);
    let mut fetches = 1;
    for seconds in (2 * HOUR..24 * HOUR).step_by(30) {
        source.answer(Answer::Fail);
        fetches += 1;
        assert_eq!(look(&keys, "a", seconds), "found", "{seconds}");
        assert_eq!(look(&keys, "a", seconds + 29), "found", "{seconds}");
        assert_eq!(source.fetches(), fetches, "{seconds}");
    }
    assert_eq!(look(&keys, "a", 24 * HOUR), "fetch");
    source.answer(Answer::Fail);
    assert_eq!(look(&keys, "a", 24 * HOUR), "unavailable");
}

#[test]
fn a_set_that_was_forgotten_does_not_serve_once_more() {
    for (seconds, expected) in [
        (2 * HOUR - 1, "found"),
        (2 * HOUR + 29, "found"),
        (2 * HOUR + 30, "fetch"),
        (23 * HOUR, "fetch"),
    ] {
        let (source, keys) = filled(&["a"]);
        assert_eq!(look(&keys, "a", seconds), expected, "{seconds}");
        // The key was withdrawn in the meantime.
        source.answer(Answer::Keys(&["b"]));
        look(&keys, "b", seconds + 31);
        assert_ne!(look(&keys, "a", seconds + 32), "found", "{seconds}");
    }
}

#[test]
fn a_fetch_that_never_ends_is_given_up() {
    let (source, keys) = cached();
    let _hangs = fetch(&keys, "a", 0);
    assert_eq!(look(&keys, "a", 29), "fetch");
    assert_eq!(source.fetches(), 1);
    assert_eq!(look(&keys, "a", 30), "fetch");
    source.answer(Answer::Keys(&["a"]));
    assert_eq!(look(&keys, "a", 31), "found");
    assert_eq!(source.fetches(), 2);
}

#[test]
fn a_host_can_wait_for_the_first_set() {
    let (source, keys) = cached();
    let clock = FakeClock::at(at(0));
    source.answer(Answer::Fail);
    let down = Err(KeysUnavailable::Discovery("down".into()));
    for seconds in [0, 29] {
        clock.advance(Duration::from_secs(seconds));
        let ready = keys.ready(&clock).now_or_never().unwrap();
        assert_eq!(ready.map(drop), down, "{seconds}");
    }
    clock.advance(Duration::from_secs(1));
    source.answer(Answer::Keys(&["a"]));
    let ready = keys.ready(&clock).now_or_never().unwrap().unwrap();
    assert!(ready.get("a").is_some());
    let again = keys.ready(&clock).now_or_never().unwrap().unwrap();
    assert!(Arc::ptr_eq(&ready, &again));
    assert_eq!(source.fetches(), 2);
}

#[test]
fn a_set_that_did_not_change_stays_the_same() {
    let (source, keys) = filled(&["a"]);
    let first = keys.current(at(0)).unwrap();
    source.answer(Answer::Keys(&["a"]));
    keys.current(at(2 * HOUR));
    assert!(keys.is_current(&first, at(2 * HOUR + 1)));
    source.answer(Answer::Keys(&["a", "b"]));
    keys.current(at(4 * HOUR));
    assert!(!keys.is_current(&first, at(4 * HOUR + 1)));
    assert_eq!(source.fetches(), 3);
}

#[test]
fn s17_a_clock_that_goes_back_revives_no_set_and_stops_no_fetch() {
    let (source, keys) = filled(&["a"]);
    assert_eq!(look(&keys, "a", 24 * HOUR), "fetch", "too old");
    source.answer(Answer::Fail);
    assert_eq!(look(&keys, "a", 24 * HOUR), "unavailable");
    assert_eq!(look(&keys, "a", 1), "fetch", "gone for good");
    source.answer(Answer::Keys(&["b"]));
    assert_eq!(look(&keys, "a", 1), "not found");
    assert_eq!(look(&keys, "b", 1), "found");
    assert_eq!(source.fetches(), 3);
}

#[test]
fn s12_debug_shows_no_key() {
    let (_, keys) = filled(&["a"]);
    keys.current(at(0));
    let shown = format!("{keys:?}");
    assert!(shown.contains(r#""a": VerifyingKey{EdDsa}"#), "{shown}");
    assert!(!shown.contains("JGOp"), "{shown}");
}
