//! Answers that are kept: under what, for how long, how many, and who waits for them.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

#[path = "support/stub_function.rs"]
mod stub_function;

use std::{
    pin::pin,
    sync::Arc,
    task::{self, Poll, Waker},
    time::Duration,
};

use futures_util::future::join_all;
use http::Request;
use serde_json::{Value, json};
use stub_function::StubFunction;
use towergate_authorizers::{
    AnswerStore, Authorize, AuthorizeRequest, Cached, CachedError, Decision, LambdaAuthorizer,
    LambdaFormat,
};
use towergate_core::{Context, StageInfo, StagePath};
use towergate_testing::FakeClock;

const TTL: Duration = Duration::from_secs(300);

fn allow() -> Value {
    let policy = json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}});
    json!({"return": {"principalId": "u", "policyDocument": policy}})
}

struct Setup {
    function: Arc<StubFunction>,
    clock: FakeClock,
    cached: Cached<LambdaAuthorizer>,
}

fn lambda(function: &Arc<StubFunction>, sources: &[&str], clock: &FakeClock) -> LambdaAuthorizer {
    let mut builder =
        LambdaAuthorizer::builder(LambdaFormat::Request, Arc::clone(function) as _, "arn");
    for source in sources {
        builder = builder.source(source.parse().unwrap());
    }
    builder.build(clock.clone(), clock.clone()).unwrap()
}

fn setup(max_entries: usize, max_bytes: usize) -> Setup {
    let (function, clock) = (StubFunction::new(allow()), FakeClock::default());
    let sources = ["$request.header.a", "$request.header.b"];
    let cached = Cached::new(lambda(&function, &sources, &clock), TTL).unwrap();
    let store = Arc::new(AnswerStore::new(max_entries, max_bytes));
    let cached = cached.with_store("au", store).with_clock(clock.clone());
    Setup {
        function,
        clock,
        cached,
    }
}

/// A request of a stage, with two identities.
fn request(stage: (&str, &str), identity: (&str, &str)) -> (Context, Request<()>) {
    let request = Request::get("/pets")
        .header("a", identity.0)
        .header("b", identity.1);
    let mut request = request.body(()).unwrap();
    let context = Context::of(&mut request);
    let mut info = StageInfo::default();
    (info.api_id, info.stage) = (stage.0.to_owned(), stage.1.to_owned());
    context.note_stage(StagePath {
        info: Arc::new(info),
        path_start: 0,
        resource_start: 0,
    });
    (context, request)
}

async fn ask(authorizer: &impl Authorize, stage: (&str, &str), identity: (&str, &str)) -> Decision {
    let (context, request) = request(stage, identity);
    let request = AuthorizeRequest::new(&context, request.headers());
    match authorizer.authorize_now(&request) {
        Some(decision) => decision,
        None => authorizer.authorize(&request).await,
    }
}

#[tokio::test]
async fn s7_only_the_same_api_stage_authorizer_and_identities_share_an_answer() {
    let setup = setup(100, 1 << 20);
    let prod = ("pets", "prod");
    let asked = [
        (prod, ("x", "yz"), true),
        (prod, ("x", "yz"), false),
        (prod, ("xy", "z"), true),
        (prod, ("yz", "x"), true),
        (prod, ("x,y", "z"), true),
        (("pets", "dev"), ("x", "yz"), true),
        (("petsp", "rod"), ("x", "yz"), true),
        (prod, ("X", "yz"), true),
    ];
    for (stage, identity, called) in asked {
        let calls = setup.function.calls();
        assert!(ask(&setup.cached, stage, identity).await.is_ok());
        assert_eq!(
            setup.function.calls() > calls,
            called,
            "{stage:?} {identity:?}"
        );
    }
    let sources = ["$request.header.a", "$request.header.b"];
    let other = Cached::new(lambda(&setup.function, &sources, &setup.clock), TTL).unwrap();
    let other = other.with_store("other", Arc::clone(setup.cached.store()));
    let calls = setup.function.calls();
    assert!(ask(&other, prod, ("x", "yz")).await.is_ok());
    assert_eq!(setup.function.calls(), calls + 1, "another authorizer");
}

#[tokio::test]
async fn s8_denials_are_kept_and_failures_are_not() {
    let deny = json!({"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}});
    let cases = [
        (json!({"return": {"policyDocument": deny}}), 403, true),
        (json!({"throw": "Unauthorized"}), 401, false),
        (json!({"throw": "other"}), 500, false),
        (json!({"return": {}}), 500, false),
        (json!({"unreachable": null}), 500, false),
        (json!({"panic": null}), 500, false),
    ];
    for (behaviour, status, kept) in cases {
        let setup = setup(10, 1 << 20);
        setup.function.behave(behaviour.clone());
        for _ in 0..2 {
            let refusal = ask(&setup.cached, ("a", "s"), ("x", "y"))
                .await
                .unwrap_err();
            assert_eq!(refusal.rejection().status(), status, "{behaviour}");
        }
        assert_eq!(
            setup.function.calls(),
            if kept { 1 } else { 2 },
            "{behaviour}"
        );
    }
}

#[tokio::test]
async fn s9_all_who_wait_for_the_same_answer_cause_one_call() {
    let setup = setup(10, 1 << 20);
    let asked = (0..20).map(|_| ask(&setup.cached, ("a", "s"), ("x", "y")));
    assert!(join_all(asked).await.iter().all(Result::is_ok));
    assert_eq!(setup.function.calls(), 1);

    let asked = ["1", "2"].map(|name| ask(&setup.cached, ("a", "s"), (name, "y")));
    assert!(join_all(asked).await.iter().all(Result::is_ok));
    assert_eq!(setup.function.calls(), 3, "others do not wait");
}

#[tokio::test]
async fn s9_who_goes_away_or_panics_leaves_the_others_unharmed() {
    let setup = setup(10, 1 << 20);
    let mut cx = task::Context::from_waker(Waker::noop());
    {
        let mut first = pin!(ask(&setup.cached, ("a", "s"), ("x", "y")));
        assert!(first.as_mut().poll(&mut cx).is_pending());
        let mut second = Box::pin(ask(&setup.cached, ("a", "s"), ("x", "y")));
        assert!(second.as_mut().poll(&mut cx).is_pending());
        drop(second);
        assert!(first.await.is_ok(), "one of two went away");
        assert_eq!(setup.function.calls(), 1);
    }
    {
        let mut alone = Box::pin(ask(&setup.cached, ("a", "s"), ("z", "y")));
        assert!(alone.as_mut().poll(&mut cx).is_pending());
    }
    let asked = ask(&setup.cached, ("a", "s"), ("z", "y"));
    assert!(asked.await.is_ok(), "the only one went away");
    assert_eq!(setup.function.calls(), 3);

    setup.function.behave(json!({"panic": null}));
    let asked = (0..3).map(|_| ask(&setup.cached, ("a", "s"), ("p", "y")));
    assert!(
        join_all(asked).await.iter().all(Result::is_err),
        "a panic refuses"
    );
    setup.function.behave(allow());
    assert!(
        ask(&setup.cached, ("a", "s"), ("p", "y")).await.is_ok(),
        "after a panic"
    );
}

#[tokio::test]
async fn s11_entries_and_bytes_are_bounded_and_the_oldest_go_first() {
    let setup = setup(2, 1 << 20);
    for name in ["1", "2", "3", "1", "3"] {
        assert!(ask(&setup.cached, ("a", "s"), (name, "y")).await.is_ok());
        assert!(setup.cached.store().len() <= 2);
    }
    assert_eq!(setup.function.calls(), 4, "1 made way for 3, and 2 for 1");

    let many = self::setup(2_000, 1 << 22);
    for number in 0..4_000 {
        let name = number.to_string();
        assert!(ask(&many.cached, ("a", "s"), (&name, "y")).await.is_ok());
    }
    assert!((1..=2_000).contains(&many.cached.store().len()));

    let small = self::setup(10, 64);
    for _ in 0..2 {
        assert!(ask(&small.cached, ("a", "s"), ("x", "y")).await.is_ok());
    }
    assert_eq!(
        (small.function.calls(), small.cached.store().len()),
        (2, 0),
        "no room"
    );
}

#[tokio::test]
async fn s17_an_answer_serves_until_its_time_and_never_again() {
    let setup = setup(10, 1 << 20);
    let calls_after = async |elapsed: u64| {
        setup.clock.advance(Duration::from_millis(elapsed));
        assert!(ask(&setup.cached, ("a", "s"), ("x", "y")).await.is_ok());
        setup.function.calls()
    };
    assert_eq!(calls_after(0).await, 1);
    assert_eq!(calls_after(299_999).await, 1);
    assert_eq!(calls_after(1).await, 2);

    // Another clock on the same store shows a time long ago.
    let store = Arc::clone(setup.cached.store());
    setup.clock.advance(TTL);
    let sources = ["$request.header.a", "$request.header.b"];
    assert!(ask(&setup.cached, ("a", "s"), ("other", "y")).await.is_ok());
    let calls = setup.function.calls();
    let earlier = FakeClock::default();
    let past = Cached::new(lambda(&setup.function, &sources, &earlier), TTL).unwrap();
    let past = past.with_store("au", store).with_clock(earlier);
    assert!(ask(&past, ("a", "s"), ("x", "y")).await.is_ok());
    assert_eq!(
        setup.function.calls(),
        calls + 1,
        "an expired answer came back"
    );
}

#[tokio::test]
async fn a_flush_throws_away_one_stage_and_what_is_under_way() {
    let setup = setup(10, 1 << 20);
    for stage in ["prod", "dev"] {
        assert!(ask(&setup.cached, ("a", stage), ("x", "y")).await.is_ok());
    }
    let mut cx = task::Context::from_waker(Waker::noop());
    let mut late = pin!(ask(&setup.cached, ("a", "prod"), ("late", "y")));
    assert!(matches!(late.as_mut().poll(&mut cx), Poll::Pending));
    setup.cached.store().flush("a", "prod");
    assert_eq!(setup.cached.store().len(), 1, "the other stage stays");
    assert!(late.await.is_ok());
    assert_eq!(
        setup.cached.store().len(),
        1,
        "it was asked for before the flush"
    );
}

#[test]
fn a_time_to_live_is_at_most_an_hour_and_needs_an_identity() {
    let (function, clock) = (StubFunction::new(allow()), FakeClock::default());
    let new = |sources: &[&str], seconds| {
        let ttl = Duration::from_secs(seconds);
        Cached::new(lambda(&function, sources, &clock), ttl).err()
    };
    let hour = 3_600;
    assert_eq!(new(&["$request.header.a"], hour), None);
    let over = CachedError::Ttl(Duration::from_secs(hour + 1));
    assert_eq!(new(&["$request.header.a"], hour + 1), Some(over));
    assert_eq!(new(&[], 1), Some(CachedError::NoIdentity));
    assert_eq!(new(&[], 0), None);
}

#[test]
fn s12_identities_and_answers_are_not_shown() {
    let setup = setup(10, 1 << 20);
    let shown = format!("{:?}", setup.cached);
    assert!(
        shown.contains("max_entries") && !shown.contains("principal"),
        "{shown}"
    );
}
