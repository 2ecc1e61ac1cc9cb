//! A canary that watches itself, through the service that serves it.

use std::{
    convert::Infallible,
    panic::resume_unwind,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    task::{self, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use tower::{Service, ServiceExt};
use towergate_core::{Clock, Random, StageInfo, Timestamp};
use towergate_stages::{
    CanarySettings, GuardDecision, GuardSettings, NewDeployment, Percent, StageError, StageHandle,
    StageService, Stages,
};
use towergate_testing::FakeClock;

/// SplitMix64.
#[derive(Clone)]
struct Seeded(Arc<AtomicU64>);

impl Seeded {
    fn new(seed: u64) -> Self {
        Self(Arc::new(AtomicU64::new(seed)))
    }

    fn share(&self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

impl Random for Seeded {
    fn next_u64(&self) -> u64 {
        let step = 0x9e37_79b9_7f4a_7c15;
        let mut bits = self.0.fetch_add(step, Ordering::Relaxed).wrapping_add(step);
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }
}

/// A version that fails and dawdles by chance. Its time passes on the fake clock.
#[derive(Clone)]
struct Version {
    name: &'static str,
    failing: f64,
    slow: f64,
    /// Whether it fails in the body, after a head that says 200.
    in_body: bool,
    clock: FakeClock,
    random: Seeded,
}

/// A body with nothing in it, which breaks off if it is told to.
struct Answer {
    breaks_off: bool,
}

#[derive(Debug)]
struct BrokenOff;

impl Body for Answer {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        self: Pin<&mut Self>,
        _cx: &mut task::Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        Poll::Ready(self.breaks_off.then_some(Err(BrokenOff)))
    }
}

impl Service<Request<()>> for Version {
    type Response = Response<Answer>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut task::Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        let version = self.clone();
        Box::pin(async move {
            let is_slow = version.random.share() < version.slow;
            version
                .clock
                .advance(Duration::from_millis(if is_slow { 40 } else { 4 }));
            let fails = version.random.share() < version.failing;
            let breaks_off = fails && version.in_body;
            let mut response = Response::new(Answer { breaks_off });
            if fails && !version.in_body {
                *response.status_mut() = StatusCode::BAD_GATEWAY;
            }
            Ok(response)
        })
    }
}

/// A stage of a version that fails once in a hundred requests, and is slow once in twenty.
struct Scene {
    clock: FakeClock,
    random: Seeded,
    prod: StageHandle<Version>,
    app: StageService<Version>,
    decisions: Arc<Mutex<Vec<GuardDecision>>>,
}

impl Scene {
    fn new() -> Self {
        let clock = FakeClock::at(Timestamp::from_unix_millis(1_000_000));
        let random = Seeded::new(7);
        let api = Stages::builder(StageInfo::new("pets", ""))
            .clock(clock.clone())
            .random(random.clone())
            .build();
        let old = Self::version_of(&clock, &random, "old", 0.01, 0.05);
        api.create_deployment(NewDeployment::new(old).to_stage("prod"))
            .expect("a stage");
        let prod = api.stage("prod").expect("the stage");
        Self {
            app: StageService::new(prod.clone()),
            clock,
            random,
            prod,
            decisions: Arc::default(),
        }
    }

    fn version_of(
        clock: &FakeClock,
        random: &Seeded,
        name: &'static str,
        failing: f64,
        slow: f64,
    ) -> Version {
        Version {
            name,
            failing,
            slow,
            in_body: false,
            clock: clock.clone(),
            random: random.clone(),
        }
    }

    fn version(&self, failing: f64, slow: f64) -> Version {
        Self::version_of(&self.clock, &self.random, "new", failing, slow)
    }

    fn release(&self, version: Version) {
        self.prod
            .deploy_canary(version, CanarySettings::default())
            .expect("a canary");
        self.guard().expect("a guard");
    }

    fn guard(&self) -> Result<(), StageError> {
        let decisions = Arc::clone(&self.decisions);
        self.prod.guard(GuardSettings::default(), move |decision| {
            decisions.lock().expect("no panic").push(decision.clone());
        })
    }

    /// Lets time pass with so many requests a minute.
    async fn minutes(&self, minutes: u32, requests: u32) {
        for _ in 0..minutes {
            let end = self.clock.now().saturating_add(Duration::from_secs(60));
            for left in (1..=requests).rev() {
                let response = self
                    .app
                    .clone()
                    .oneshot(Request::new(()))
                    .await
                    .expect("an answer");
                let _ = response.into_body().collect().await;
                let rest = end.saturating_since(self.clock.now());
                self.clock.advance(rest / left);
            }
            self.clock.advance(end.saturating_since(self.clock.now()));
        }
    }

    fn decided(&self) -> Vec<String> {
        let decisions = self.decisions.lock().expect("no panic");
        let outcome = |decision: &GuardDecision| format!("{:?}", decision.outcome);
        let outcomes = decisions.iter().map(outcome);
        // A percent is enough of what it is.
        outcomes
            .map(|outcome| {
                outcome
                    .split(", threshold")
                    .next()
                    .unwrap_or_default()
                    .to_owned()
            })
            .collect()
    }

    /// The name of what is served, and whether there is a canary.
    fn served(&self) -> (&'static str, bool) {
        let current = self.prod.current();
        (current.base().service().name, current.canary().is_some())
    }
}

#[tokio::test]
async fn a_good_version_is_promoted_within_the_hour() {
    let scene = Scene::new();
    scene.release(scene.version(0.01, 0.05));
    scene.minutes(60, 300).await;
    let expected = [
        "Advance(Percent { value: 25.0",
        "Advance(Percent { value: 50.0",
        "Promote",
    ];
    assert_eq!(scene.decided(), expected);
    assert_eq!(
        scene.served(),
        ("new", true),
        "a promoted canary stays, without traffic"
    );
    assert!(!scene.prod.is_guarded());
}

#[tokio::test]
async fn a_bad_version_is_rolled_back_within_the_hour() {
    type Make = fn(&Scene) -> Version;
    let cases: [(&str, Make, &str); 3] = [
        (
            "more errors",
            |scene| scene.version(0.1, 0.05),
            "RollBack(Errors)",
        ),
        (
            "slower",
            |scene| scene.version(0.01, 0.3),
            "RollBack(Latency)",
        ),
        (
            "bodies that break off",
            |scene| Version {
                in_body: true,
                ..scene.version(0.1, 0.05)
            },
            "RollBack(Errors)",
        ),
    ];
    for (name, version, expected) in cases {
        let scene = Scene::new();
        scene.release(version(&scene));
        scene.minutes(60, 300).await;
        assert_eq!(scene.decided(), [expected], "{name}");
        assert_eq!(scene.served(), ("old", false), "{name}");
    }
}

#[tokio::test]
async fn too_little_traffic_decides_nothing() {
    let scene = Scene::new();
    scene.release(scene.version(0.5, 0.5));
    // About ten requests of the canary in ten minutes.
    scene.minutes(60, 10).await;
    assert_eq!(scene.decided(), Vec::<String>::new());
    assert_eq!(scene.served(), ("old", true));
    assert!(scene.prod.is_guarded());
}

#[tokio::test]
async fn a_change_by_hand_ends_the_guard_unless_the_canary_stays_as_it_is() {
    type Change = fn(&Scene) -> Result<(), StageError>;
    let cases: [(&str, Change, bool); 8] = [
        (
            "a variable",
            |scene| scene.prod.set_variable("a", "b"),
            true,
        ),
        (
            "method settings",
            |scene| scene.prod.change_method_settings(|_| ()),
            true,
        ),
        (
            "another share",
            |scene| scene.prod.set_canary_percent(Percent::ALL),
            false,
        ),
        ("promotion", |scene| scene.prod.promote(), false),
        ("removal", |scene| scene.prod.remove_canary(), false),
        (
            "deployment",
            |scene| scene.prod.deploy(scene.version(0.0, 0.0)).map(drop),
            false,
        ),
        (
            "another canary",
            |scene| {
                let settings = CanarySettings::default();
                scene
                    .prod
                    .deploy_canary(scene.version(0.0, 0.0), settings)
                    .map(drop)
            },
            false,
        ),
        (
            "deployment through the API",
            |scene| {
                let new = NewDeployment::new(scene.version(0.0, 0.0)).to_stage("prod");
                scene.prod.stages().create_deployment(new).map(drop)
            },
            false,
        ),
    ];
    for (name, change, is_guarded) in cases {
        let scene = Scene::new();
        scene.release(scene.version(0.5, 0.05));
        change(&scene).expect(name);
        assert_eq!(scene.prod.is_guarded(), is_guarded, "{name}");
        scene.minutes(20, 300).await;
        let decided = scene.decided();
        assert_eq!(decided.is_empty(), !is_guarded, "{name}: {decided:?}");
    }
}

#[tokio::test]
async fn who_panics_as_it_is_told_holds_up_neither_guard_nor_requests() {
    let scene = Scene::new();
    let good = scene.version(0.01, 0.05);
    scene
        .prod
        .deploy_canary(good, CanarySettings::default())
        .expect("a canary");
    let decisions = Arc::clone(&scene.decisions);
    let guard = scene.prod.guard(GuardSettings::default(), move |decision| {
        decisions.lock().expect("no panic").push(decision.clone());
        resume_unwind(Box::new("on purpose"));
    });
    guard.expect("a guard");
    scene.minutes(60, 600).await;
    assert_eq!(scene.decided().len(), 3, "{:?}", scene.decided());
    assert_eq!(scene.served(), ("new", true));
}

#[tokio::test]
async fn a_host_may_tick_where_traffic_has_stopped() {
    let scene = Scene::new();
    scene.release(scene.version(0.01, 0.05));
    scene.minutes(9, 300).await;
    scene.clock.advance(Duration::from_secs(90));
    assert_eq!(
        scene.decided(),
        Vec::<String>::new(),
        "no response has ended"
    );
    scene.prod.tick(scene.clock.now());
    assert_eq!(scene.decided(), ["Advance(Percent { value: 25.0"]);
    scene.prod.tick(scene.clock.now());
    assert_eq!(scene.decided().len(), 1);
}

#[tokio::test]
async fn there_must_be_a_canary_to_guard() {
    let scene = Scene::new();
    assert!(matches!(scene.guard(), Err(StageError::Promote(_))));
    scene
        .prod
        .set_canary_percent(Percent::NONE)
        .expect("a canary");
    let settings = GuardSettings::default().steps([]);
    let error = scene.prod.guard(settings, |_| ()).expect_err("no steps");
    assert!(matches!(error, StageError::Guard(_)));
    assert!(!scene.prod.is_guarded());
}
