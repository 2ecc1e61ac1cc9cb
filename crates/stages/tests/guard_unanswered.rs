//! What a guard makes of releases that do not answer at all: they panic, or their callers give up.

use std::{
    convert::Infallible,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    task::{self, Poll, Waker},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame};
use tower::Service;
use towergate_core::{Clock, Random, StageInfo, Timestamp};
use towergate_stages::{
    CanarySettings, GuardSettings, NewDeployment, StageHandle, StageService, Stages,
};
use towergate_testing::FakeClock;

/// How a version answers.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Does {
    Answer,
    HangAlways,
    HangOnceInFive,
    PanicInBody,
    PanicInCall,
    PanicInFuture,
    PanicInReadiness,
    PanicOnceInFive,
}

impl Does {
    /// Panics, without a message for each of thousands of times.
    fn panic_in(self, place: Self) {
        if self == place {
            resume_unwind(Box::new("on purpose"));
        }
    }
}

#[derive(Clone)]
struct Version {
    does: Does,
    requests: Arc<AtomicU64>,
}

impl Version {
    fn new(does: Does) -> Self {
        let requests = Arc::default();
        Self { does, requests }
    }
}

type ResponseFuture = Pin<Box<dyn Future<Output = Result<Response<Answer>, Infallible>> + Send>>;

impl Service<Request<()>> for Version {
    type Response = Response<Answer>;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _cx: &mut task::Context<'_>) -> Poll<Result<(), Infallible>> {
        self.does.panic_in(Does::PanicInReadiness);
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> ResponseFuture {
        self.does.panic_in(Does::PanicInCall);
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        let does = self.does;
        let hangs = match does {
            Does::HangAlways => true,
            Does::HangOnceInFive => number.is_multiple_of(5),
            _ => false,
        };
        Box::pin(async move {
            does.panic_in(Does::PanicInFuture);
            if number.is_multiple_of(5) {
                does.panic_in(Does::PanicOnceInFive);
            }
            if hangs {
                std::future::pending::<()>().await;
            }
            Ok(Response::new(Answer(does)))
        })
    }
}

struct Answer(Does);

impl Body for Answer {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _cx: &mut task::Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.panic_in(Does::PanicInBody);
        Poll::Ready(None)
    }
}

/// Counts up by the golden ratio, whose multiples are spread evenly.
#[derive(Default)]
struct Even(AtomicU64);

impl Random for Even {
    fn next_u64(&self) -> u64 {
        let step = 0x9e37_79b9_7f4a_7c15;
        self.0.fetch_add(step, Ordering::Relaxed)
    }
}

struct Scene {
    clock: FakeClock,
    prod: StageHandle<Version>,
    lines: Arc<Mutex<Vec<String>>>,
}

/// How long a caller waits before it gives up.
const PATIENCE: Duration = Duration::from_secs(1);

impl Scene {
    fn of(stage: Does, canary: Does) -> Self {
        let clock = FakeClock::at(Timestamp::from_unix_millis(1_000_000));
        let api = Stages::builder(StageInfo::new("pets", ""))
            .clock(clock.clone())
            .random(Even::default())
            .build();
        api.create_deployment(NewDeployment::new(Version::new(stage)).to_stage("prod"))
            .expect("a stage");
        let prod = api.stage("prod").expect("the stage");
        prod.deploy_canary(Version::new(canary), CanarySettings::default())
            .expect("a canary");
        let lines = Arc::<Mutex<Vec<String>>>::default();
        let log = Arc::clone(&lines);
        prod.guard(GuardSettings::default(), move |decision| {
            log.lock()
                .expect("no panic")
                .push(format!("{:?}", decision.outcome));
        })
        .expect("a guard");
        Self { clock, prod, lines }
    }

    /// Sends a request as a server does, which outlives a panic, for a caller who gives up in the end.
    fn ask(&self) {
        let mut cx = task::Context::from_waker(Waker::noop());
        let mut app = StageService::new(self.prod.clone());
        let answer = catch_unwind(AssertUnwindSafe(|| {
            let mut future = Box::pin(app.call(Request::new(())));
            match future.as_mut().poll(&mut cx) {
                Poll::Pending => {
                    self.clock.advance(PATIENCE);
                    drop(future);
                }
                Poll::Ready(response) => {
                    let response = response.unwrap_or_else(|error| match error {});
                    let mut body = Box::pin(response.into_body());
                    assert!(body.as_mut().poll_frame(&mut cx).is_ready());
                }
            }
        }));
        // Whether it panicked is the guard's to find out.
        drop(answer);
    }

    fn hour(&self) -> Vec<String> {
        let end = self.clock.now().saturating_add(Duration::from_secs(3_600));
        while self.clock.now() < end && self.prod.is_guarded() {
            self.ask();
            self.clock.advance(Duration::from_millis(50));
        }
        self.lines.lock().expect("no panic").clone()
    }
}

#[test]
fn a_canary_that_does_not_answer_is_rolled_back() {
    let cases = [
        ("panics as it is asked", Does::PanicInCall, "Errors"),
        (
            "panics as it is made ready",
            Does::PanicInReadiness,
            "Errors",
        ),
        ("panics on the way", Does::PanicInFuture, "Errors"),
        ("panics at times", Does::PanicOnceInFive, "Errors"),
        ("panics in the body", Does::PanicInBody, "Errors"),
        ("answers no one", Does::HangAlways, "Latency"),
        (
            "leaves one in five waiting",
            Does::HangOnceInFive,
            "Latency",
        ),
    ];
    for (name, canary, reason) in cases {
        let scene = Scene::of(Does::Answer, canary);
        let expected = format!("RollBack({reason})");
        assert_eq!(scene.hour(), [expected], "{name}");
        assert!(scene.prod.current().canary().is_none(), "{name}");
    }
}

#[test]
fn what_the_stage_does_as_well_is_not_held_against_its_canary() {
    for both in [Does::Answer, Does::HangOnceInFive, Does::PanicOnceInFive] {
        let scene = Scene::of(both, both);
        let decided = scene.hour();
        assert_eq!(decided.len(), 3, "{both:?}: {decided:?}");
        assert_eq!(
            decided.last().map(String::as_str),
            Some("Promote"),
            "{both:?}"
        );
    }
}
