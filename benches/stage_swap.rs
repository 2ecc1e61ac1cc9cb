//! Serves a stage and swaps what it serves: a request through `StageService`, beside the same service behind a bare
//! `ArcSwap` (a load and a clone of the `Arc`), with the request's context told its stage or not; and a swap, whose cost must not depend on what is swapped.
//!
//! `cargo bench -p towergate-benches --bench stage_swap` runs criterion's timing and then prints what each way adds to the
//! service alone (medians of rounds in which the rivals take turns), and the allocations. Requests, each with a context of
//! its own, are built outside the measurement.

#![allow(missing_docs, reason = "criterion's macros make public functions")]

use std::{
    convert::Infallible,
    future::{Future, Ready, ready},
    hint::black_box,
    pin::{Pin, pin},
    sync::Arc,
    task::{self, Poll, Waker},
    time::Duration,
};

use arc_swap::ArcSwap;
use bytes::Bytes;
use criterion::{BatchSize, Criterion, criterion_group};
use http::{Method, Request, Response};
use tower_service::Service;
use towergate::{
    Gateway, HttpMethod, Integration, IntegrationResponse, RestApi, StageSettings, definition,
};
use towergate_benches::timing::{self, median, seconds};
use towergate_core::{Context, ResponseBody, StageInfo, StagePath};
use towergate_routing::RouteTable;
use towergate_stages::{CanarySettings, GuardSettings, Percent, StageHandle, StageService};

const ROUNDS: usize = 41;
const CALLS_PER_ROUND: usize = 2_000;
const SWAPS_PER_ROUND: usize = 200;

/// Which rival is the reference: a bare pointer whose requests are told their stage too, as access logs need it.
const REFERENCE: usize = 2;

fn main() {
    benches();
    Criterion::default().configure_from_args().final_summary();
    if !std::env::args().any(|argument| argument == "--test") {
        print_added();
        print_swaps();
        print_gateways();
    }
    print_allocations();
}

criterion_group! {
    name = benches;
    config = timing::criterion(Duration::from_secs(1));
    targets = requests, swaps
}

fn requests(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("stage/request");
    for (name, mut call) in rivals() {
        group.bench_function(name, |bencher| {
            bencher.iter_batched(request, &mut call, BatchSize::SmallInput);
        });
    }
}

fn swaps(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("stage/swap");
    for (name, mut swap) in swapped() {
        group.bench_function(name, |bencher| bencher.iter(&mut swap));
    }
}

// === a request ===

type Call = Box<dyn FnMut(Request<()>)>;

/// The service alone, the bare pointer, the reference, then what is compared with it.
fn rivals() -> [(&'static str, Call); 7] {
    let stage = |percent: Option<f64>| {
        let handle = StageHandle::new("prod", Answer).expect("a stage");
        if let Some(percent) = percent {
            let percent = Percent::new(percent).expect("a share");
            let canary = handle.deploy_canary(Answer, CanarySettings::new(percent));
            canary.expect("a canary");
        }
        caller(StageService::new(handle))
    };
    [
        ("the service alone", caller(Answer)),
        ("bare ArcSwap and Arc", caller(Bare::new(Answer, None))),
        (
            "bare, and context told",
            caller(Bare::new(Answer, Some(Arc::default()))),
        ),
        ("stage", stage(None)),
        ("stage, canary of 0 %", stage(Some(0.0))),
        ("stage, canary of 10 %", stage(Some(10.0))),
        ("stage, guarded canary", guarded()),
    ]
}

/// A stage whose canary of 10 % is watched, on the system's clock.
fn guarded() -> Call {
    let handle = StageHandle::new("prod", Answer).expect("a stage");
    let canary = handle.deploy_canary(Answer, CanarySettings::default());
    canary.expect("a canary");
    let guard = handle.guard(GuardSettings::default(), |_| ());
    guard.expect("a guard");
    caller(StageService::new(handle))
}

/// Answers at once with nothing.
#[derive(Clone)]
struct Answer;

impl Service<Request<()>> for Answer {
    type Response = Response<ResponseBody<String>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _cx: &mut task::Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        drop(request);
        ready(Ok(Response::new(Bytes::new().into())))
    }
}

/// The least that can be swapped: a pointer, whose target lives until the response is dropped, without a canary.
struct Bare<S> {
    current: Arc<ArcSwap<S>>,
    /// What the context of a request is told, if anything.
    info: Option<Arc<StageInfo>>,
}

impl<S> Bare<S> {
    fn new(service: S, info: Option<Arc<StageInfo>>) -> Self {
        Self {
            current: Arc::new(ArcSwap::from_pointee(service)),
            info,
        }
    }
}

impl<S> Service<Request<()>> for Bare<S>
where
    S: Service<Request<()>, Error = Infallible> + Clone,
    S::Future: Unpin,
{
    type Response = (S::Response, Arc<S>);
    type Error = Infallible;
    type Future = BareFuture<S, S::Future>;

    fn poll_ready(&mut self, _cx: &mut task::Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        let current = self.current.load_full();
        if let Some((info, context)) = self.info.as_ref().zip(Context::get(request.extensions())) {
            context.note_stage(StagePath {
                info: Arc::clone(info),
                path_start: 0,
                resource_start: 0,
            });
        }
        let future = S::clone(&current).call(request);
        BareFuture {
            future,
            current: Some(current),
        }
    }
}

struct BareFuture<S, F> {
    future: F,
    current: Option<Arc<S>>,
}

impl<S, F, R> Future for BareFuture<S, F>
where
    F: Future<Output = Result<R, Infallible>> + Unpin,
{
    type Output = Result<(R, Arc<S>), Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Self::Output> {
        let Poll::Ready(Ok(response)) = Pin::new(&mut self.future).poll(cx) else {
            return Poll::Pending;
        };
        let current = self.current.take().expect("it is ready once");
        Poll::Ready(Ok((response, current)))
    }
}

// `Unpin` needs nothing of what is behind the pointer.
impl<S, F: Unpin> Unpin for BareFuture<S, F> {}

fn caller<S>(mut service: S) -> Call
where
    S: Service<Request<()>, Error = Infallible> + 'static,
{
    Box::new(move |request| {
        let mut cx = task::Context::from_waker(Waker::noop());
        assert!(service.poll_ready(&mut cx).is_ready(), "it is ready");
        match pin!(service.call(request)).poll(&mut cx) {
            Poll::Ready(Ok(response)) => drop(black_box(response)),
            Poll::Ready(Err(error)) => match error {},
            Poll::Pending => panic!("it answers at once"),
        }
    })
}

/// A request as it arrives at a stage: with a context, whose stage is not noted yet.
fn request() -> Request<()> {
    let mut request = Request::get("https://api.example.com/pets/7")
        .body(())
        .expect("a request");
    Context::of(&mut request);
    request
}

fn print_added() {
    let mut rivals = rivals();
    let rounds: Vec<_> = (0..ROUNDS).map(|_| round(&mut rivals)).collect();
    println!(
        "a request: nanoseconds, and what is added to the service alone, medians of {ROUNDS} interleaved rounds:"
    );
    for (index, (name, _)) in rivals.iter().enumerate() {
        let nanos = median(rounds.iter().map(|round| round[index]));
        let added = |round: &Vec<f64>, index: usize| round[index] - round[0];
        let of_this = median(rounds.iter().map(|round| added(round, index)));
        let ratio = median(
            rounds
                .iter()
                .map(|round| added(round, index) / added(round, REFERENCE)),
        );
        println!(
            "  {name:<24}{nanos:>9.1}   added {of_this:>7.1}   against the reference {ratio:>6.2}"
        );
    }
}

/// Returns the nanoseconds that a request takes each rival.
fn round(rivals: &mut [(&'static str, Call)]) -> Vec<f64> {
    let times = rivals.iter_mut().map(|(_, call)| {
        let requests: Vec<_> = (0..CALLS_PER_ROUND).map(|_| request()).collect();
        let total = seconds(|| requests.into_iter().for_each(&mut *call));
        total * 1e9 / CALLS_PER_ROUND as f64
    });
    times.collect()
}

fn print_allocations() {
    println!("a request: allocations");
    for (name, mut call) in rivals() {
        let request = request();
        let count = allocation_counter::measure(|| call(request));
        println!("  {name:<24}{:>5}", count.count_total);
    }
}

// === a swap ===

type Swap = Box<dyn FnMut()>;

/// Moves a stage to and fro between two deployments of so many routes.
fn swapped() -> [(&'static str, Swap); 2] {
    [
        ("10 routes", swap_of(10)),
        ("10 000 routes", swap_of(10_000)),
    ]
}

fn swap_of(routes: usize) -> Swap {
    let handle = StageHandle::new("prod", table(routes)).expect("a stage");
    let first = handle.current().base().deployment().id().to_owned();
    let second = handle.deploy(table(routes)).expect("a deployment");
    let ids = [first, second.id().to_owned()];
    let mut is_first = true;
    Box::new(move || {
        let [first, second] = &ids;
        let id = if is_first { first } else { second };
        is_first = !is_first;
        handle.roll_back(black_box(id)).expect("it is kept");
    })
}

fn table(routes: usize) -> Arc<RouteTable<usize>> {
    let builder = (0..routes).fold(RouteTable::builder(), |builder, number| {
        builder.route(Method::GET, format!("/r{number}/{{id}}"), number)
    });
    Arc::new(builder.build().expect("the routes are well formed"))
}

fn print_swaps() {
    let mut swaps = swapped();
    let rounds: Vec<_> = (0..ROUNDS)
        .map(|_| {
            let times = swaps.iter_mut().map(|(_, swap)| {
                let total = seconds(|| (0..SWAPS_PER_ROUND).for_each(|_| swap()));
                total * 1e9 / SWAPS_PER_ROUND as f64
            });
            times.collect::<Vec<_>>()
        })
        .collect();
    println!("a swap: nanoseconds, medians of {ROUNDS} interleaved rounds:");
    for (index, (name, _)) in swaps.iter().enumerate() {
        let nanos = median(rounds.iter().map(|round| round[index]));
        let ratio = median(rounds.iter().map(|round| round[index] / round[0]));
        println!("  {name:<24}{nanos:>9.1}   against the first {ratio:>6.2}");
    }
}

// === a gateway ===

/// An API with so many routes, each with a mapping template.
fn api(routes: usize) -> definition::RestApi {
    let response = IntegrationResponse::new(200)
        .template("application/json", r#"{"id": "$input.params('id')"}"#);
    (0..routes).fold(definition::RestApi::new("api"), |api, number| {
        let integration = Integration::mock(200).response(response.clone());
        let method = definition::Method::new(HttpMethod::Get, integration)
            .response(definition::MethodResponse::new(200));
        api.method(&format!("/r{number}/{{id}}"), method)
    })
}

/// Prints how long APIs take to compile, and what a change of a canary costs in a gateway that serves them.
fn print_gateways() {
    println!("stage_swap: a gateway, medians of 11 rounds");
    for routes in [10, 100, 1_000] {
        let definition = api(routes);
        let compile = || {
            seconds(|| {
                black_box(RestApi::compile(&definition, true).expect("a good API"));
            })
        };
        let compiled = median((0..11).map(|_| compile())) * 1e3;
        let built = Gateway::builder()
            .api(
                "api",
                RestApi::compile(&definition, true).expect("a good API"),
            )
            .stage("api", StageSettings::new("prod"))
            .build();
        let gateway = built.expect("a good gateway");
        let prod = gateway.stage("api", "prod").expect("a stage");
        let mut percent = 0.0;
        let mut swap = || {
            percent = 1.0 - percent;
            let percent = Percent::new(percent).expect("a share");
            prod.set_canary_percent(percent).expect("a stage");
        };
        let swapped = median((0..11).map(|_| seconds(|| (0..100).for_each(|_| swap())))) * 1e4;
        println!(
            "  {routes:>5} routes: compiled in {compiled:>8.3} ms, a change of the canary {swapped:>8.3} us"
        );
    }
}
