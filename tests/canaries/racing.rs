//! Reloads, changes by hand, decisions of guards and requests, all at once.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use http::{Request, Response};
use towergate::{
    Backends, Body, Gateway, GatewayBuilder, InProcess, RestApi, StageSettings, Timestamp,
    stages::{CanarySettings, GuardSettings, Percent},
};
use towergate_testing::FakeClock;
use towergate_tests::{ask, get};

use crate::scene::{Even, percent};

const ROUNDS: usize = 40;

/// A version whose service holds `alive`.
fn version(alive: &Arc<()>) -> RestApi {
    let held = Arc::clone(alive);
    let service = tower::service_fn(move |_: Request<Body>| {
        let _held = &held;
        let response = Response::new(Body::from("v"));
        std::future::ready(Ok::<_, Infallible>(response))
    });
    let api = RestApi::builder("pets").get("/v", InProcess::new(service));
    api.build().expect("an API")
}

/// Steps that end as soon as anything was seen.
fn hasty() -> GuardSettings {
    GuardSettings::default()
        .steps([percent(20.0), percent(50.0)])
        .bake_time(Duration::from_secs(1))
        .interval(Duration::from_secs(1))
        .minimum_sample(1)
}

#[test]
fn reloads_changes_decisions_and_requests_get_along_and_leave_nothing() {
    let clock = FakeClock::at(Timestamp::from_unix_millis(1_000_000));
    let backends = Backends::new()
        .with_time(clock.clone(), clock.clone())
        .with_random(Even::default());
    let alive = Arc::new(());
    let one = version(&alive);
    let told = |gateway: GatewayBuilder, other: usize| {
        let prod = StageSettings::new("prod");
        let other = StageSettings::new("other").variable("v", other.to_string());
        gateway
            .api("pets", one.clone())
            .stage("pets", prod)
            .stage("pets", other)
    };
    let gateway = told(Gateway::builder().backends(backends), 0)
        .build()
        .expect("a gateway");
    let decided = Arc::new(AtomicUsize::new(0));
    let heard = Arc::clone(&decided);
    gateway.on_canary_decision(move |_, _| {
        heard.fetch_add(1, Ordering::Relaxed);
    });
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let ask_all = || {
            let runtime = tokio::runtime::Builder::new_current_thread().build();
            let runtime = runtime.expect("a runtime");
            while !is_over.load(Ordering::Relaxed) {
                let reply = runtime.block_on(ask(&gateway, get("/prod/v")));
                assert_eq!((reply.status, reply.text()), (200, "v"));
                clock.advance(Duration::from_millis(100));
            }
        };
        scope.spawn(ask_all);
        scope.spawn(ask_all);
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                let number = decided.load(Ordering::Relaxed);
                let next = told(gateway.successor(), number);
                let changes = gateway.reload(next).expect("a reload").to_string();
                assert!(!changes.contains("prod"), "{changes}");
            }
        });
        let prod = gateway.stage("pets", "prod").expect("the stage");
        for _ in 0..ROUNDS {
            let canary = CanarySettings::new(Percent::NONE);
            prod.start_canary_with(version(&alive), canary)
                .expect("a canary");
            let caller = prod.clone();
            let guard = prod.guard_canary(hasty(), move |_| {
                caller.set_variable("decided", "once").expect("a variable");
            });
            guard.expect("a guard");
            while prod.is_guarded().expect("the stage") {
                thread::yield_now();
            }
        }
        is_over.store(true, Ordering::Relaxed);
    });
    assert!(decided.load(Ordering::Relaxed) >= ROUNDS);
    assert_eq!(gateway.requests_in_flight(), 0);
    let kept = gateway
        .stage("pets", "prod")
        .expect("the stage")
        .deployments()
        .len();
    assert_eq!(kept, 32);
    assert!(
        Arc::strong_count(&alive) <= 2 + kept,
        "{}",
        Arc::strong_count(&alive)
    );
    drop((gateway, one));
    assert_eq!(Arc::strong_count(&alive), 1);
}
