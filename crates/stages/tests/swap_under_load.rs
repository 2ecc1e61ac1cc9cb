//! Requests that go on while everything about their stage changes.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{self, Poll},
};

use http::{Request, Response};
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use tower::{Service, ServiceExt};
use towergate_core::Context;
use towergate_stages::{CanarySettings, Percent, StageHandle, StageService};

const CALLERS: usize = 64;
const CHANGES: usize = 1_000;

/// A release that names itself in the header and in each chunk of its response, and counts how many of it are alive.
#[derive(Clone)]
struct Version(Arc<Named>);

struct Named {
    number: usize,
    alive: Arc<AtomicUsize>,
}

impl Version {
    fn new(number: usize, alive: &Arc<AtomicUsize>) -> Self {
        alive.fetch_add(1, Ordering::SeqCst);
        let alive = Arc::clone(alive);
        Self(Arc::new(Named { number, alive }))
    }
}

impl Drop for Named {
    fn drop(&mut self) {
        self.alive.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Service<Request<()>> for Version {
    type Response = Response<Chunks>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut task::Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        let number = self.0.number;
        let context = Context::get(request.extensions()).expect("a context");
        let told = context.stage().expect("a stage").deployment_id.clone();
        Box::pin(async move {
            tokio::task::yield_now().await;
            let response = Response::builder()
                .header("version", number)
                .header("deployment", told)
                .body(Chunks { number, left: 3 });
            Ok(response.expect("a response"))
        })
    }
}

struct Chunks {
    number: usize,
    left: usize,
}

impl Body for Chunks {
    type Data = std::io::Cursor<String>;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut task::Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Infallible>>> {
        // Each chunk comes a turn later, so that changes happen between them.
        self.left -= usize::from(self.left > 0);
        if self.left == 1 {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let chunk = std::io::Cursor::new(self.number.to_string());
        Poll::Ready((self.left > 0).then_some(Ok(Frame::data(chunk))))
    }
}

/// Asks until it is told to stop, and returns how many answers came and how many versions they were of.
async fn caller(app: StageService<Version>, stop: Arc<AtomicBool>) -> (usize, usize) {
    let mut answers = 0;
    let mut seen = std::collections::BTreeSet::new();
    while !stop.load(Ordering::SeqCst) || answers == 0 {
        let response = app
            .clone()
            .oneshot(Request::new(()))
            .await
            .expect("no request fails");
        let number = response.headers()["version"]
            .to_str()
            .expect("text")
            .to_owned();
        let told = response.headers()["deployment"]
            .to_str()
            .expect("text")
            .to_owned();
        let mut body = response.into_body();
        let snapshot = Arc::clone(body.snapshot().expect("it has not ended"));
        let release = snapshot
            .releases()
            .find(|release| release.deployment().id() == told)
            .expect("what the request was told is of its snapshot");
        assert_eq!(
            release.service().0.number.to_string(),
            number,
            "told and served are one"
        );
        drop(snapshot);
        while let Some(frame) = body.frame().await {
            let chunk = frame.expect("no body fails").into_data().expect("data");
            assert_eq!(
                chunk.into_inner(),
                number,
                "head and body are of one version"
            );
        }
        answers += 1;
        seen.insert(number);
    }
    (answers, seen.len())
}

fn change(prod: &StageHandle<Version>, number: usize, alive: &Arc<AtomicUsize>) {
    let version = || Version::new(number, alive);
    let percent = Percent::new((number % 101) as f64).expect("a share");
    let result = match number % 8 {
        0 | 1 => prod.deploy(version()).map(drop),
        2 | 3 => prod
            .deploy_canary(version(), CanarySettings::new(percent))
            .map(drop),
        4 => prod.set_canary_percent(percent),
        5 => prod.promote(),
        6 => {
            let kept = prod.stages().deployments();
            prod.roll_back(kept[number % kept.len()].id())
        }
        _ => prod.remove_canary(),
    };
    result.expect("the change is allowed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_request_fails_and_each_is_answered_by_one_snapshot() {
    let alive = Arc::new(AtomicUsize::new(0));
    let prod = StageHandle::new("prod", Version::new(0, &alive)).expect("a stage");
    let stop = Arc::new(AtomicBool::new(false));
    let app = StageService::new(prod.clone());
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| tokio::spawn(caller(app.clone(), Arc::clone(&stop))))
        .collect();
    for number in 1..=CHANGES {
        change(&prod, number, &alive);
        tokio::task::yield_now().await;
    }
    stop.store(true, Ordering::SeqCst);
    let (mut answers, mut versions) = (0, 0);
    for caller in callers {
        let (answered, seen) = caller.await.expect("a caller ends");
        answers += answered;
        versions = versions.max(seen);
    }
    println!("{answers} answers, of up to {versions} versions for one caller");
    assert!(answers >= CALLERS);
    let kept = prod.stages().deployments().len();
    assert_eq!(
        alive.load(Ordering::SeqCst),
        kept,
        "what is not kept is gone"
    );
    drop((app, prod));
    assert_eq!(alive.load(Ordering::SeqCst), 0, "nothing is leaked");
}
