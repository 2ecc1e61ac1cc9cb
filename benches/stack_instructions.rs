//! Counts the instructions of one request: towergate's REST pipeline around a mock, axum's router around a static
//! handler, and the same router beneath three layers that do nothing. Requests are built outside the count.

#![allow(missing_docs, reason = "gungraun's macros make public items")]

use std::hint::black_box;

use axum::{Router, body::Body};
use gungraun::{library_benchmark, library_benchmark_group, main};
use http::{Request, Response};
use towergate::Gateway;
use towergate_benches::{call, gateway, layered_router, request, router};

/// A service that has answered once, so that nothing is counted that happens only the first time.
fn warm_gateway() -> (Gateway, Request<Body>) {
    let mut gateway = gateway();
    assert_eq!(call(&mut gateway, request("/prod")).status(), 200);
    (gateway, request("/prod"))
}

fn warm(mut router: Router) -> (Router, Request<Body>) {
    assert_eq!(call(&mut router, request("")).status(), 200);
    (router, request(""))
}

#[library_benchmark]
#[bench::warm(setup = warm_gateway)]
fn gateway_mock(
    (mut gateway, request): (Gateway, Request<Body>),
) -> (Gateway, Response<towergate::Body>) {
    let response = black_box(call(&mut gateway, request));
    (gateway, response)
}

#[library_benchmark]
#[bench::bare(args = (router()), setup = warm)]
#[bench::three_layers(args = (layered_router()), setup = warm)]
fn axum_router((mut router, request): (Router, Request<Body>)) -> (Router, Response<Body>) {
    let response = black_box(call(&mut router, request));
    (router, response)
}

library_benchmark_group!(name = stack, benchmarks = [gateway_mock, axum_router]);
main!(library_benchmark_groups = stack);
