//! Times one request in process: towergate's REST pipeline around a mock, axum's router around a static handler, and
//! the same router beneath three layers that do nothing. Requests are built outside the measurement.
//!
//! `cargo bench -p towergate-benches --bench stack_overhead` runs criterion's timing and then prints ratios (medians
//! of rounds in which the rivals take turns) and the allocations of one request. Instructions are counted by
//! `stack_instructions`.

#![allow(missing_docs, reason = "criterion's macros make public functions")]

use std::{convert::Infallible, hint::black_box, time::Duration};

use axum::body::Body;
use criterion::{BatchSize, Criterion, criterion_group};
use http::{Request, Response};
use tower_service::Service;
use towergate_benches::{
    call, gateway, layered_router, request, router,
    timing::{self, median, seconds},
};

const ROUNDS: usize = 41;
const CALLS_PER_ROUND: usize = 2_000;

fn main() {
    benches();
    Criterion::default().configure_from_args().final_summary();
    if !std::env::args().any(|argument| argument == "--test") {
        print_ratios();
    }
    print_allocations();
}

criterion_group! {
    name = benches;
    config = timing::criterion(Duration::from_secs(2));
    targets = stack
}

fn stack(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("stack");
    let mut bench = |name: &str, stage: &str, mut call: Box<dyn FnMut(Request<Body>)>| {
        group.bench_function(name, |bencher| {
            bencher.iter_batched(|| request(stage), &mut call, BatchSize::SmallInput);
        });
    };
    bench("towergate", "/prod", caller(gateway()));
    bench("axum", "", caller(router()));
    bench("axum with three layers", "", caller(layered_router()));
}

fn caller<S, B>(mut service: S) -> Box<dyn FnMut(Request<Body>)>
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible> + 'static,
{
    Box::new(move |request| drop(black_box(call(&mut service, request))))
}

/// Prints how much longer the gateway takes than each rival.
fn print_ratios() {
    let mut rivals = [
        ("axum", "", caller(router())),
        ("axum with three layers", "", caller(layered_router())),
        ("towergate", "/prod", caller(gateway())),
    ];
    let mut rounds = [const { Vec::new() }; 3];
    for _ in 0..ROUNDS {
        for ((_, stage, call), times) in rivals.iter_mut().zip(&mut rounds) {
            times.push(round(stage, call));
        }
    }
    let [bare, layered, ours] = rounds.map(median);
    println!("time, ratio of medians of {ROUNDS} interleaved rounds:");
    println!("  towergate / axum                   {:.2}", ours / bare);
    println!("  towergate / axum with three layers {:.2}", ours / layered);
}

fn round(stage: &str, call: &mut dyn FnMut(Request<Body>)) -> f64 {
    let requests: Vec<_> = (0..CALLS_PER_ROUND).map(|_| request(stage)).collect();
    seconds(|| requests.into_iter().for_each(call))
}

/// Prints the heap allocations of one request, without those that built it.
fn print_allocations() {
    println!("allocations of one request:");
    let print = |name: &str, stage: &str, mut call: Box<dyn FnMut(Request<Body>)>| {
        call(request(stage));
        let mut next = Some(request(stage));
        let count = allocation_counter::measure(|| next.take().into_iter().for_each(&mut call));
        println!(
            "  {name:<24} {:>3} allocations, {:>5} bytes",
            count.count_total, count.bytes_total
        );
    };
    print("towergate", "/prod", caller(gateway()));
    print("axum", "", caller(router()));
    print("axum with three layers", "", caller(layered_router()));
}
