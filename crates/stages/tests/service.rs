//! A stage as a tower service.

use std::{
    convert::Infallible,
    future::{poll_fn, ready},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    task::{self, Poll, Waker},
};

use bytes::Bytes;
use http::{HeaderName, Request, Response};
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use tower::{Service, ServiceExt, service_fn, util::BoxCloneSyncService};
use towergate_core::{Context, Random, StageInfo, StagePath};
use towergate_stages::{
    CanarySettings, NewDeployment, Percent, StageHandle, StageService, Stages, Sticky,
};
use towergate_testing::ReadinessProbe;

type Version = BoxCloneSyncService<Request<()>, Response<String>, Infallible>;

/// A service that answers its name, and what it is told of the stage.
fn version(name: &'static str) -> Version {
    BoxCloneSyncService::new(service_fn(move |request: Request<()>| {
        let context = Context::get(request.extensions()).expect("a context");
        let stage = context.stage().expect("a stage");
        let answer = format!("{name} {} {:?}", stage.stage, stage.is_canary);
        ready(Ok(Response::new(answer)))
    }))
}

/// SplitMix64.
struct Seeded(AtomicU64);

impl Random for Seeded {
    fn next_u64(&self) -> u64 {
        let step = 0x9e37_79b9_7f4a_7c15;
        let mut bits = self.0.fetch_add(step, Ordering::Relaxed).wrapping_add(step);
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }
}

fn stage<S>(service: S) -> StageHandle<S> {
    let random = Seeded(AtomicU64::new(2_026));
    let api = Stages::builder(StageInfo::new("pets", ""))
        .random(random)
        .build();
    api.create_deployment(NewDeployment::new(service).to_stage("prod"))
        .expect("a stage");
    api.stage("prod").expect("the stage")
}

fn percent(value: f64) -> Percent {
    Percent::new(value).expect("a share")
}

async fn ask(app: &StageService<Version>, request: Request<()>) -> String {
    let response = app.clone().oneshot(request).await.expect("an answer");
    response.into_body().collect().await.map_or_else(
        |error| match error {},
        |body| String::from_utf8(body.to_bytes().to_vec()).expect("text"),
    )
}

async fn canaries_among(app: &StageService<Version>, requests: u32) -> u32 {
    let mut canaries = 0;
    for _ in 0..requests {
        let answer = ask(app, Request::new(())).await;
        canaries += u32::from(answer == "new prod Some(true)");
    }
    canaries
}

#[tokio::test]
async fn requests_are_shared_out_as_the_percent_says() {
    let prod = stage(version("old"));
    let app = StageService::new(prod.clone());
    assert_eq!(ask(&app, Request::new(())).await, "old prod None");
    prod.deploy_canary(version("new"), CanarySettings::default())
        .expect("a canary");
    // Four standard deviations around the mean of a binomial distribution.
    let cases = [
        (0.0, 0..=0),
        (10.0, 880..=1_120),
        (50.0, 4_800..=5_200),
        (100.0, 10_000..=10_000),
    ];
    for (share, expected) in cases {
        prod.set_canary_percent(percent(share)).expect("a stage");
        let canaries = canaries_among(&app, 10_000).await;
        assert!(
            expected.contains(&canaries),
            "{share} %: {canaries} of 10000"
        );
    }
}

#[tokio::test]
async fn chance_is_asked_only_where_it_decides() {
    struct Counted(Arc<AtomicUsize>);
    impl Random for Counted {
        fn next_u64(&self) -> u64 {
            self.0.fetch_add(1, Ordering::SeqCst) as u64
        }
    }
    let draws = Arc::new(AtomicUsize::new(0));
    let info = StageInfo::new("pets", "");
    let api = Stages::builder(info)
        .random(Counted(Arc::clone(&draws)))
        .build();
    api.create_deployment(NewDeployment::new(version("old")).to_stage("prod"))
        .expect("a stage");
    let prod = api.stage("prod").expect("the stage");
    let app = StageService::new(prod.clone());
    let cases = [
        ("no canary", None, 0),
        ("0 %", Some(0.0), 0),
        ("10 %", Some(10.0), 1),
        ("100 %", Some(100.0), 0),
    ];
    for (name, share, expected) in cases {
        if let Some(share) = share {
            prod.set_canary_percent(percent(share)).expect("a stage");
        }
        let before = draws.load(Ordering::SeqCst);
        ask(&app, Request::new(())).await;
        assert_eq!(draws.load(Ordering::SeqCst) - before, expected, "{name}");
    }
}

#[tokio::test]
async fn a_sticky_caller_moves_to_the_canary_once_and_never_back() {
    let prod = stage(version("old"));
    let header = HeaderName::from_static("x-caller");
    let app = StageService::new(prod.clone()).sticky(Sticky::header(header));
    prod.deploy_canary(version("new"), CanarySettings::default())
        .expect("a canary");
    let mut moved_at = Vec::new();
    for caller in 0..200 {
        let request = || {
            Request::builder()
                .header("x-caller", caller)
                .body(())
                .expect("a request")
        };
        let mut was_canary = false;
        let mut moves = 0;
        for share in [0.0, 5.0, 25.0, 50.0, 100.0] {
            prod.set_canary_percent(percent(share)).expect("a stage");
            let first = ask(&app, request()).await;
            assert_eq!(
                ask(&app, request()).await,
                first,
                "caller {caller} at {share} %"
            );
            let is_canary = first.starts_with("new");
            moves += u32::from(is_canary != was_canary);
            was_canary = is_canary;
            if moves == 1 && is_canary {
                moved_at.push(share);
            }
        }
        assert_eq!((moves, was_canary), (1, true), "caller {caller}");
    }
    let moved_early = moved_at.iter().filter(|share| **share == 25.0).count();
    assert!(moved_early > 0, "some move on the way");
}

#[tokio::test]
async fn a_stage_that_was_noted_further_out_stays() {
    let app = StageService::new(stage(version("old")));
    let mut request = Request::new(());
    Context::of(&mut request).note_stage(StagePath {
        info: Arc::new(StageInfo::new("other", "outer")),
        path_start: 0,
        resource_start: 0,
    });
    assert_eq!(ask(&app, request).await, "old outer None");
}

#[tokio::test]
async fn the_release_is_made_ready_before_it_is_called() {
    let probe = ReadinessProbe::new(|_: Request<()>| Response::new(String::new()));
    let mut app = StageService::new(stage(probe.clone()));
    probe.set_pending(true);
    let is_ready = poll_fn(|cx| Service::<Request<()>>::poll_ready(&mut app, cx)).await;
    assert!(is_ready.is_ok(), "which release is asked is not known yet");
    let mut response = pin!(app.call(Request::new(())));
    let mut cx = task::Context::from_waker(Waker::noop());
    assert!(response.as_mut().poll(&mut cx).is_pending());
    assert_eq!(probe.calls(), 0);
    probe.set_pending(false);
    response.await.expect("an answer");
    for _ in 0..2 {
        app.call(Request::new(())).await.expect("an answer");
    }
    assert_eq!((probe.calls(), probe.broke_the_contract()), (3, false));
}

#[tokio::test]
async fn errors_of_a_release_are_its_own() {
    let failing = service_fn(|_: Request<()>| ready(Err::<Response<String>, _>("broken")));
    let app = StageService::new(stage(failing));
    assert_eq!(app.oneshot(Request::new(())).await.err(), Some("broken"));
}

#[tokio::test]
async fn extensions_of_request_and_response_pass() {
    let echo = service_fn(|request: Request<()>| {
        let mut response = Response::new(String::new());
        *response.extensions_mut() = request.extensions().clone();
        ready(Ok::<_, Infallible>(response))
    });
    let app = StageService::new(stage(echo));
    let mut request = Request::new(());
    request.extensions_mut().insert("on the way");
    let response = app.oneshot(request).await.expect("an answer");
    assert_eq!(response.extensions().get(), Some(&"on the way"));
}

// === how long a release lives ===

/// A service that counts how often it and its clones were dropped in the end.
#[derive(Clone)]
struct Counted {
    _alive: Arc<Alive>,
    ends: Arc<AtomicBool>,
}

struct Alive(Arc<AtomicUsize>);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Counted {
    fn new(drops: &Arc<AtomicUsize>) -> Self {
        Self {
            _alive: Arc::new(Alive(Arc::clone(drops))),
            ends: Arc::default(),
        }
    }
}

impl Service<Request<()>> for Counted {
    type Response = Response<Endless>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _cx: &mut task::Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        ready(Ok(Response::new(Endless(Arc::clone(&self.ends)))))
    }
}

/// A body that goes on until it is told to end.
struct Endless(Arc<AtomicBool>);

impl Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _cx: &mut task::Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let ends = self.0.load(Ordering::SeqCst);
        Poll::Ready((!ends).then(|| Ok(Frame::data(Bytes::from_static(b"chunk")))))
    }
}

#[tokio::test]
async fn a_release_lives_until_the_last_of_its_bodies_ends_or_is_dropped() {
    let drops = Arc::new(AtomicUsize::new(0));
    let old = Counted::new(&drops);
    let ends = Arc::clone(&old.ends);
    let prod = stage(old);
    let mut app = StageService::new(prod.clone());
    let mut bodies = Vec::new();
    for _ in 0..3 {
        bodies.push(
            app.call(Request::new(()))
                .await
                .expect("an answer")
                .into_body(),
        );
    }
    let old_id = prod.current().base().deployment().id().to_owned();
    prod.deploy(Counted::new(&drops)).expect("a deployment");
    prod.stages()
        .delete_deployment(&old_id)
        .expect("nothing points at it");
    assert_eq!(
        drops.load(Ordering::SeqCst),
        0,
        "three bodies are not at their end"
    );

    drop(bodies.pop());
    assert_eq!(drops.load(Ordering::SeqCst), 0, "one was dropped");
    for body in &mut bodies {
        body.frame().await.expect("a chunk").expect("no error");
        assert!(body.snapshot().is_some());
    }
    ends.store(true, Ordering::SeqCst);
    for body in &mut bodies {
        assert_eq!(drops.load(Ordering::SeqCst), 0, "one has not ended");
        assert!(body.frame().await.is_none());
        assert!(body.snapshot().is_none());
    }
    assert_eq!(drops.load(Ordering::SeqCst), 1, "the last has ended");
}

#[tokio::test]
async fn a_body_that_fails_lets_its_release_go() {
    let failing = service_fn(|_: Request<()>| {
        let frames = [Ok(Frame::data(Bytes::from_static(b"x"))), Err("broken")];
        ready(Ok::<_, Infallible>(Response::new(Frames(frames.into()))))
    });
    let mut app = StageService::new(stage(failing));
    let mut body = app
        .call(Request::new(()))
        .await
        .expect("an answer")
        .into_body();
    assert!(body.frame().await.is_some_and(|frame| frame.is_ok()));
    assert!(body.frame().await.is_some_and(|frame| frame.is_err()));
    assert!(body.snapshot().is_none());
}

type FrameResult = Result<Frame<Bytes>, &'static str>;

struct Frames(std::collections::VecDeque<FrameResult>);

impl Body for Frames {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _cx: &mut task::Context<'_>,
    ) -> Poll<Option<FrameResult>> {
        Poll::Ready(self.0.pop_front())
    }
}
