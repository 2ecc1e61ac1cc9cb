//! Canaries of a whole gateway that keep their callers, and that a guard promotes or removes.

mod callbacks;
mod racing;
mod reloads;
mod scene;

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context as TaskContext, Waker},
    time::Duration,
};

use towergate::{
    Gateway, Random, ReleaseError, StageHandle, StageSettings,
    stages::{CanarySettings, Percent, StageVariables, Sticky},
};
use towergate_tests::get;

use scene::{Decided, Does, Even, Scene, note, percent, quick, version};

#[test]
fn a_good_canary_is_promoted_and_a_bad_one_removed() {
    let promoted = [
        "pets/prod canary goes from 20.0 to 50.0 %",
        "pets/prod canary is promoted from 50.0 %",
    ];
    let failing = ["pets/prod canary is rolled back at 20.0 %: it fails more often"];
    let slow = ["pets/prod canary is rolled back at 20.0 %: it is slower"];
    let cases: [(Does, &[&str]); 5] = [
        (Does::Answer, &promoted),
        (Does::BreakOff, &failing),
        (Does::Fail, &failing),
        (Does::Hang, &slow),
        (Does::Panic, &failing),
    ];
    for (does, expected) in cases {
        let scene = Scene::plain();
        let settings = CanarySettings::new(percent(1.0));
        scene
            .prod
            .start_canary_with(version("two", does), settings)
            .expect("a canary");
        let by_hand = Decided::default();
        let told = Arc::clone(&by_hand);
        let told = move |decision: &_| note(&told, format!("pets/prod {decision}"));
        scene.prod.guard_canary(quick(), told).expect("a guard");
        assert!(scene.prod.is_guarded().expect("the stage"), "{does:?}");
        assert_eq!(scene.pointers(), (0, Some((1, 20.0))), "{does:?}");
        scene.minutes(5);
        assert_eq!(scene.decided(), expected, "{does:?}");
        assert_eq!(*by_hand.lock().expect("no panic"), expected, "{does:?}");
        assert!(!scene.prod.is_guarded().expect("the stage"), "{does:?}");
        let end = match does {
            Does::Answer => (1, Some((1, 0.0))),
            _ => (0, None),
        };
        assert_eq!(scene.pointers(), end, "{does:?}");
    }
}

#[test]
fn a_change_by_hand_ends_a_guard_unless_the_canary_stays_as_it_is() {
    type Change = fn(&StageHandle) -> Result<(), ReleaseError>;
    let cases: [(&str, Change, bool); 9] = [
        ("a variable", |prod| prod.set_variable("a", "b"), true),
        ("a variable less", |prod| prod.remove_variable("a"), true),
        (
            "the deployment that is there",
            |prod| prod.roll_back(&prod.deployment_id()?),
            true,
        ),
        (
            "a share",
            |prod| prod.set_canary_percent(Percent::ALL),
            false,
        ),
        ("promotion", StageHandle::promote_canary, false),
        ("removal", StageHandle::remove_canary, false),
        (
            "a deployment",
            |prod| prod.deploy(version("three", Does::Fail)).map(drop),
            false,
        ),
        (
            "another canary",
            |prod| {
                prod.start_canary(version("three", Does::Fail), Percent::NONE)
                    .map(drop)
            },
            false,
        ),
        (
            "another guard",
            |prod| prod.guard_canary(quick(), |_| ()),
            true,
        ),
    ];
    for (name, change, is_guarded) in cases {
        let scene = Scene::plain();
        scene.guard_canary(Does::Fail);
        change(&scene.prod).expect(name);
        assert_eq!(scene.prod.is_guarded().expect(name), is_guarded, "{name}");
        scene.minutes(2);
        assert_eq!(scene.decided().len(), usize::from(is_guarded), "{name}");
    }
}

#[test]
fn a_guard_looks_as_it_is_ticked_where_traffic_has_stopped() {
    let scene = Scene::plain();
    scene.guard_canary(Does::Answer);
    scene.minutes(1);
    scene.clock.advance(Duration::from_secs(60));
    assert_eq!(scene.decided(), Vec::<String>::new());
    scene.prod.tick().expect("the stage");
    assert_eq!(
        scene.decided(),
        ["pets/prod canary goes from 20.0 to 50.0 %"]
    );
}

#[test]
fn a_guard_that_cannot_be_is_refused() {
    let scene = Scene::plain();
    let refused = |settings| scene.prod.guard_canary(settings, |_| ());
    let error = refused(quick()).expect_err("there is no canary");
    assert!(matches!(error, ReleaseError::Promote(_)), "{error}");
    scene
        .prod
        .set_canary_percent(Percent::NONE)
        .expect("a canary");
    let error = refused(quick().steps([])).expect_err("there are no steps");
    assert!(matches!(error, ReleaseError::Guard(_)), "{error}");

    let stage = || StageSettings::new("prod");
    let many = (0..100).fold(stage(), |stage, n| stage.variable(format!("v{n}"), "x"));
    let overrides = StageVariables::try_from_iter([("one_more", "x")]).expect("a variable");
    let canary = CanarySettings::default().with_overrides(overrides);
    let cases = [
        (
            "no canary",
            stage().guard_canary(quick()),
            "canarySettings.guard: error: the stage has no canary to guard",
        ),
        (
            "no steps",
            stage()
                .canary(CanarySettings::default())
                .guard_canary(quick().steps([])),
            "canarySettings.guard: error: a guard has 1 to 20 steps",
        ),
        (
            "what cannot be promoted",
            many.canary(canary).guard_canary(quick()),
            "prod: error: a stage has at most 100 variables",
        ),
        (
            "a principal",
            stage().sticky(Sticky::principal()),
            "canarySettings.sticky: error: who calls is not known yet",
        ),
        (
            "an API key",
            stage().sticky(Sticky::api_key()),
            "canarySettings.sticky: error: who calls is not known yet",
        ),
    ];
    for (name, stage, expected) in cases {
        let told = Gateway::builder().api("pets", version("one", Does::Answer));
        let error = told
            .stage("pets", stage)
            .build()
            .expect_err(name)
            .to_string();
        assert!(error.contains(expected), "{name}: {error}");
        assert_eq!(error.lines().count(), 1, "{name}: {error}");
    }
}

/// Chance that ends a request in the midst of a change, which asks it for the id of a deployment.
struct Asking {
    even: Even,
    gateway: Arc<OnceLock<Gateway>>,
    is_changing: Arc<AtomicBool>,
}

impl Random for Asking {
    fn next_u64(&self) -> u64 {
        if self.is_changing.swap(false, Ordering::Relaxed) {
            let gateway = self.gateway.get().expect("it is built");
            let mut cx = TaskContext::from_waker(Waker::noop());
            let mut answer = Box::pin(gateway.answer(get("/prod/v")));
            assert!(answer.as_mut().poll(&mut cx).is_ready());
        }
        self.even.next_u64()
    }
}

#[test]
fn a_request_that_would_end_a_step_does_not_wait_for_a_change() {
    let (gateway, is_changing) = (Arc::<OnceLock<_>>::default(), Arc::<AtomicBool>::default());
    let random = Asking {
        even: Even::default(),
        gateway: Arc::clone(&gateway),
        is_changing: Arc::clone(&is_changing),
    };
    let scene = Scene::with(StageSettings::new("prod"), random, |told| {
        told.stage("pets", StageSettings::new("other"))
    });
    gateway.set(scene.gateway.clone()).expect("it is set once");
    scene.guard_canary(Does::Answer);
    scene.minutes(1);
    scene.clock.advance(Duration::from_secs(10));

    is_changing.store(true, Ordering::Relaxed);
    let other = scene.gateway.stage("pets", "other").expect("a stage");
    other
        .deploy(version("three", Does::Answer))
        .expect("a deployment");
    assert!(
        !is_changing.load(Ordering::Relaxed),
        "a request ended meanwhile"
    );
    assert_eq!(scene.decided(), Vec::<String>::new());
    scene.clock.advance(Duration::from_secs(10));
    scene.ask();
    assert_eq!(
        scene.decided(),
        ["pets/prod canary goes from 20.0 to 50.0 %"]
    );
}

#[test]
fn a_gateway_that_is_dropped_takes_its_guards_with_it() {
    let scene = Scene::plain();
    let alive = Arc::new(());
    let kept = Arc::downgrade(&alive);
    let told = move |_: &_| drop(Arc::clone(&alive));
    scene
        .prod
        .start_canary(version("two", Does::Answer), Percent::NONE)
        .expect("a canary");
    scene.prod.guard_canary(quick(), told).expect("a guard");
    assert!(kept.upgrade().is_some());
    drop(scene);
    assert!(kept.upgrade().is_none());
}
