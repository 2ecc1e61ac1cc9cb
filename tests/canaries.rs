//! Canaries of a whole gateway that keep their callers, and that a guard promotes or removes.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context as TaskContext, Poll, Waker},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderName, Request, Response};
use http_body::{Frame, SizeHint};
use towergate::{
    Backends, Body, Context, Gateway, GatewayBuilder, InProcess, Observer, Random, ReleaseError,
    RestApi, StageHandle, StageSettings, Timestamp,
    stages::{CanarySettings, GuardSettings, Percent, StageVariables, Sticky},
};
use towergate_testing::FakeClock;
use towergate_tests::{ask, get};

/// How a version answers every fifth request; the others are good.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Does {
    Answer,
    BreakOff,
    Fail,
    Hang,
    Panic,
}

/// Counts up by the golden ratio, whose multiples are spread evenly.
#[derive(Default)]
struct Even(AtomicU64);

impl Random for Even {
    fn next_u64(&self) -> u64 {
        self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed)
    }
}

/// Panics where an answer says so, as a bug of the gateway would.
struct Buggy;

impl Observer for Buggy {
    fn on_response(&self, context: &Context) {
        if context.status() == Some(299) {
            std::panic::resume_unwind(Box::new("on purpose"));
        }
    }
}

/// A body whose length is not known, with one frame.
struct Stream(Option<Result<&'static str, &'static str>>);

impl http_body::Body for Stream {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
        let frame = self.0.take();
        Poll::Ready(
            frame.map(|frame| frame.map(|text| Frame::data(Bytes::from_static(text.as_bytes())))),
        )
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

fn version(name: &'static str, does: Does) -> RestApi {
    let requests = Arc::new(AtomicU64::new(0));
    let service = tower::service_fn(move |_: Request<Body>| {
        let number = requests.fetch_add(1, Ordering::Relaxed);
        async move {
            let response = Response::builder().header("x-version", name);
            let (status, body) = match does {
                _ if !number.is_multiple_of(5) => (200, Ok(name)),
                Does::Answer => (200, Ok(name)),
                Does::BreakOff => (200, Err("it broke off")),
                Does::Fail => (502, Ok(name)),
                Does::Hang => std::future::pending().await,
                Does::Panic => (299, Ok(name)),
            };
            let body = Body::new(Stream(Some(body)));
            let response = response.status(status).body(body);
            Ok::<_, Infallible>(response.expect("a response"))
        }
    });
    let api = RestApi::builder("pets").get("/v", InProcess::new(service));
    api.build().expect("an API")
}

fn percent(value: f64) -> Percent {
    Percent::new(value).expect("a percentage")
}

/// Steps of 20 and 50 percent, a minute each.
fn quick() -> GuardSettings {
    GuardSettings::default()
        .steps([percent(20.0), percent(50.0)])
        .bake_time(Duration::from_secs(60))
}

struct Scene {
    clock: FakeClock,
    gateway: Gateway,
    prod: StageHandle,
    decided: Arc<Mutex<Vec<String>>>,
}

type Decided = Arc<Mutex<Vec<String>>>;

fn note(decided: &Decided, line: String) {
    let line = line.split(';').next().unwrap_or_default().to_owned();
    decided.lock().expect("no panic").push(line);
}

impl Scene {
    /// Serves version one, and what `tell` adds.
    fn of(stage: StageSettings, tell: impl FnOnce(GatewayBuilder) -> GatewayBuilder) -> Self {
        Self::with(stage, Even::default(), tell)
    }

    fn with(
        stage: StageSettings,
        random: impl Random,
        tell: impl FnOnce(GatewayBuilder) -> GatewayBuilder,
    ) -> Self {
        let clock = FakeClock::at(Timestamp::from_unix_millis(1_000_000));
        let backends = Backends::new()
            .with_time(clock.clone(), clock.clone())
            .with_random(random);
        let told = Gateway::builder()
            .backends(backends)
            .observer(Buggy)
            .api("pets", version("one", Does::Answer))
            .stage("pets", stage);
        let gateway = tell(told).build();
        let gateway = gateway.unwrap_or_else(|error| panic!("{error}"));
        let decided = Decided::default();
        let told = Arc::clone(&decided);
        gateway.on_canary_decision(move |stage, decision| {
            note(
                &told,
                format!("{}/{} {decision}", stage.api_id, stage.stage),
            );
        });
        Self {
            clock,
            prod: gateway.stage("pets", "prod").expect("the stage"),
            gateway,
            decided,
        }
    }

    fn plain() -> Self {
        Self::of(StageSettings::new("prod"), |told| told)
    }

    /// Sends a request as a server does, which outlives a panic, for a caller who gives up after a second.
    fn ask(&self) {
        let answer = std::panic::catch_unwind(AssertUnwindSafe(|| {
            let mut cx = TaskContext::from_waker(Waker::noop());
            let answer = async {
                let response = self.gateway.answer(get("/prod/v")).await;
                let _ = response.into_body().collect(100).await;
            };
            let mut answer = Box::pin(answer);
            if answer.as_mut().poll(&mut cx).is_pending() {
                self.clock.advance(Duration::from_secs(1));
            }
        }));
        // Whether it panicked is the guard's to find out.
        drop(answer);
    }

    /// Lets time pass, with ten requests a second.
    fn minutes(&self, minutes: u64) {
        let end = self
            .clock_now()
            .saturating_add(Duration::from_secs(minutes * 60));
        while self.clock_now() < end {
            self.ask();
            self.clock.advance(Duration::from_millis(100));
        }
    }

    fn clock_now(&self) -> Timestamp {
        towergate::Clock::now(&self.clock)
    }

    fn decided(&self) -> Vec<String> {
        self.decided.lock().expect("no panic").clone()
    }

    /// The deployments that stage and canary point at, counted from the first, and the canary's share.
    fn pointers(&self) -> (usize, Option<(usize, f64)>) {
        let all = self.prod.deployments();
        let number = |id: &str| all.iter().position(|kept| kept.id == id);
        let number = |id: &str| number(id).expect("it is kept");
        let base = number(&self.prod.deployment_id().expect("the stage"));
        let canary = self.prod.canary().expect("the stage");
        let canary = canary.map(|(id, percent)| (number(&id), percent.value()));
        (base, canary)
    }
}

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
        scene
            .prod
            .start_canary(version("two", Does::Fail), Percent::NONE)
            .expect(name);
        scene.prod.guard_canary(quick(), |_| ()).expect(name);
        change(&scene.prod).expect(name);
        assert_eq!(scene.prod.is_guarded().expect(name), is_guarded, "{name}");
        scene.minutes(2);
        assert_eq!(scene.decided().len(), usize::from(is_guarded), "{name}");
    }
}

#[test]
fn a_guard_looks_as_it_is_ticked_where_traffic_has_stopped() {
    let scene = Scene::plain();
    scene
        .prod
        .start_canary(version("two", Does::Answer), Percent::NONE)
        .expect("a canary");
    scene.prod.guard_canary(quick(), |_| ()).expect("a guard");
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

/// A stage with a guarded canary, and another that other reloads change.
struct Told {
    scene: Scene,
    one: RestApi,
    two: RestApi,
}

impl Told {
    fn new(does: Does) -> Self {
        let (one, two) = (version("one", Does::Answer), version("two", does));
        let scene = Scene::of(Self::prod(quick()), |told| {
            told.canary_api("pets", "prod", two.clone())
        });
        let told = Self { scene, one, two };
        told.reload(quick(), "a");
        told
    }

    fn prod(guard: GuardSettings) -> StageSettings {
        StageSettings::new("prod")
            .canary(CanarySettings::default())
            .guard_canary(guard)
    }

    fn reload(&self, guard: GuardSettings, other: &str) -> String {
        let gateway = &self.scene.gateway;
        let next = gateway
            .successor()
            .api("pets", self.one.clone())
            .stage("pets", Self::prod(guard))
            .canary_api("pets", "prod", self.two.clone())
            .stage("pets", StageSettings::new("other").variable("v", other));
        let changes = gateway.reload(next);
        changes
            .unwrap_or_else(|error| panic!("{error}"))
            .to_string()
    }
}

#[test]
fn a_guard_that_was_told_goes_on_through_reloads_that_say_the_same() {
    let told = Told::new(Does::Answer);
    let promoted = [
        "pets/prod canary goes from 20.0 to 50.0 %",
        "pets/prod canary is promoted from 50.0 %",
    ];
    for (minute, other) in ["a", "b"].into_iter().enumerate() {
        assert_eq!(told.scene.decided(), promoted[..minute], "minute {minute}");
        // Each reload comes in the middle of a step.
        told.scene.minutes(1);
        told.reload(quick(), other);
        told.scene.clock.advance(Duration::from_secs(10));
        told.scene.ask();
    }
    assert_eq!(told.scene.decided(), promoted);
}

#[test]
fn what_a_guard_decided_stays_until_the_stage_is_told_otherwise() {
    for does in [Does::Answer, Does::Fail] {
        let told = Told::new(does);
        let scene = &told.scene;
        scene.minutes(5);
        let decided = scene.decided();
        let end = scene.pointers();
        assert!(!decided.is_empty(), "{does:?}");

        assert_eq!(told.reload(quick(), "b"), "changed apis.pets.stages.other");
        assert!(!scene.prod.is_guarded().expect("the stage"), "{does:?}");
        assert_eq!(scene.pointers(), end, "{does:?}");
        scene.minutes(2);
        assert_eq!(scene.decided(), decided, "{does:?}");

        let other = quick().minimum_sample(50);
        assert_eq!(told.reload(other, "b"), "changed apis.pets.stages.prod");
        assert!(scene.prod.is_guarded().expect("the stage"), "{does:?}");
        let (_, canary) = scene.pointers();
        assert_eq!(canary.map(|(_, percent)| percent), Some(20.0), "{does:?}");
        scene.minutes(5);
        assert_eq!(scene.decided().len(), 2 * decided.len(), "{does:?}");
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
    scene
        .prod
        .start_canary(version("two", Does::Answer), Percent::NONE)
        .expect("a canary");
    scene.prod.guard_canary(quick(), |_| ()).expect("a guard");
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

/// Asks for each of a hundred tenants, and returns which version they got.
async fn versions(gateway: &Gateway) -> BTreeMap<u32, String> {
    let mut versions = BTreeMap::new();
    for tenant in 0..100 {
        let request = Request::get("/prod/v").header("x-tenant", tenant.to_string());
        let request = request.body(Body::empty()).expect("a request");
        let reply = ask(gateway, request).await;
        versions.insert(tenant, reply.text().to_owned());
    }
    versions
}

#[tokio::test]
async fn callers_stay_with_their_release_and_move_one_way() {
    let by_tenant = || Sticky::header(HeaderName::from_static("x-tenant"));
    let stage = |percent: Percent| {
        let canary = CanarySettings::new(percent);
        StageSettings::new("prod")
            .canary(canary)
            .sticky(by_tenant())
    };
    let (one, two) = (version("one", Does::Answer), version("two", Does::Answer));
    let scene = Scene::of(stage(percent(10.0)), |told| {
        told.canary_api("pets", "prod", two.clone())
    });
    let gateway = &scene.gateway;
    let in_canary = async || {
        let first = versions(gateway).await;
        assert_eq!(first, versions(gateway).await, "each stays");
        let canaries = first.into_iter().filter(|(_, version)| version == "two");
        canaries.map(|(tenant, _)| tenant).collect::<Vec<_>>()
    };
    let at_10 = in_canary().await;
    assert!((2..=25).contains(&at_10.len()), "{at_10:?}");

    let next = gateway
        .successor()
        .api("pets", one)
        .stage("pets", stage(percent(40.0)));
    let next = next.canary_api("pets", "prod", two);
    gateway.reload(next).expect("a reload");
    let at_40 = in_canary().await;
    assert!(
        at_10.iter().all(|tenant| at_40.contains(tenant)),
        "{at_10:?} {at_40:?}"
    );
    assert!((20..=60).contains(&at_40.len()), "{at_40:?}");

    scene
        .prod
        .set_canary_percent(percent(70.0))
        .expect("a share");
    let at_70 = in_canary().await;
    assert!(
        at_40.iter().all(|tenant| at_70.contains(tenant)),
        "{at_40:?} {at_70:?}"
    );
    scene
        .prod
        .set_canary_percent(percent(10.0))
        .expect("a share");
    assert_eq!(in_canary().await, at_10);
}
