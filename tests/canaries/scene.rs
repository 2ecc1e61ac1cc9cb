//! A gateway with a stage, on a clock of the test's.

use std::{
    convert::Infallible,
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context as TaskContext, Poll, Waker},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Frame, SizeHint};
use towergate::{
    Backends, Body, Clock as _, Context, Gateway, GatewayBuilder, InProcess, Observer, Random,
    RestApi, StageHandle, StageSettings, Timestamp,
    stages::{GuardSettings, Percent},
};
use towergate_testing::FakeClock;
use towergate_tests::get;

/// How a version answers every fifth request; the others are good.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Does {
    Answer,
    BreakOff,
    Fail,
    Hang,
    Panic,
}

/// Counts up by the golden ratio, whose multiples are spread evenly.
#[derive(Default)]
pub(crate) struct Even(AtomicU64);

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

pub(crate) fn version(name: &'static str, does: Does) -> RestApi {
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

pub(crate) fn percent(value: f64) -> Percent {
    Percent::new(value).expect("a percentage")
}

/// Steps of 20 and 50 percent, a minute each.
pub(crate) fn quick() -> GuardSettings {
    GuardSettings::default()
        .steps([percent(20.0), percent(50.0)])
        .bake_time(Duration::from_secs(60))
}

pub(crate) struct Scene {
    pub(crate) clock: FakeClock,
    pub(crate) gateway: Gateway,
    pub(crate) prod: StageHandle,
    pub(crate) decided: Arc<Mutex<Vec<String>>>,
    unwound: AtomicU64,
}

pub(crate) type Decided = Arc<Mutex<Vec<String>>>;

pub(crate) fn note(decided: &Decided, line: String) {
    let line = line.split(';').next().unwrap_or_default().to_owned();
    decided.lock().expect("no panic").push(line);
}

impl Scene {
    /// Serves version one, and what `tell` adds.
    pub(crate) fn of(
        stage: StageSettings,
        tell: impl FnOnce(GatewayBuilder) -> GatewayBuilder,
    ) -> Self {
        Self::with(stage, Even::default(), tell)
    }

    pub(crate) fn with(
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
            unwound: AtomicU64::new(0),
        }
    }

    pub(crate) fn plain() -> Self {
        Self::of(StageSettings::new("prod"), |told| told)
    }

    /// Sends a request as a server does, which outlives a panic, for a caller who gives up after a second.
    pub(crate) fn ask(&self) {
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
        // That it panicked is the guard's to find out.
        if answer.is_err() {
            self.unwound.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Lets time pass, with ten requests a second.
    pub(crate) fn minutes(&self, minutes: u64) {
        let end = self
            .clock_now()
            .saturating_add(Duration::from_secs(minutes * 60));
        while self.clock_now() < end {
            self.ask();
            self.clock.advance(Duration::from_millis(100));
        }
    }

    pub(crate) fn clock_now(&self) -> Timestamp {
        self.clock.now()
    }

    /// How many requests panicked.
    pub(crate) fn unwound(&self) -> u64 {
        self.unwound.load(Ordering::Relaxed)
    }

    /// Starts a canary by hand, and its guard.
    pub(crate) fn guard_canary(&self, does: Does) {
        let two = version("two", does);
        let canary = self.prod.start_canary(two, Percent::NONE);
        canary.expect("a canary");
        self.prod.guard_canary(quick(), |_| ()).expect("a guard");
    }

    pub(crate) fn decided(&self) -> Vec<String> {
        self.decided.lock().expect("no panic").clone()
    }

    /// The deployments that stage and canary point at, counted from the first, and the canary's share.
    pub(crate) fn pointers(&self) -> (usize, Option<(usize, f64)>) {
        let all = self.prod.deployments();
        let number = |id: &str| all.iter().position(|kept| kept.id == id);
        let number = |id: &str| number(id).expect("it is kept");
        let base = number(&self.prod.deployment_id().expect("the stage"));
        let canary = self.prod.canary().expect("the stage");
        let canary = canary.map(|(id, percent)| (number(&id), percent.value()));
        (base, canary)
    }
}
