//! Times a Lambda proxy integration around a function that answers at once: the event is built of the request, and the
//! answer of what the function returned. Beside it `serde_json` serialises and parses the same two values.
//!
//! `cargo bench -p towergate-benches --bench integrations` runs criterion's timing and then prints ratios (medians of
//! rounds in which the two take turns), how time grows with the size of the bodies, and the allocations of one call.

#![allow(missing_docs, reason = "criterion's macros make public functions")]

use std::{
    hint::black_box,
    pin::pin,
    task::{self, Poll, Waker},
    time::Duration,
};

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group};
use http::Request;
use serde_json::{Value, json};
use towergate::{
    Backends, Body, BoxFuture, Context, Diagnostic, Function, FunctionArn, FunctionError,
    HttpMethod, Integration, Invocation, Lambda, Place, definition::Method,
};
use towergate_benches::timing::{self, median, seconds};
use towergate_integrations::{BinaryMediaTypes, CompiledIntegration};
use towergate_testing::FakeClock;

const ROUNDS: usize = 41;
/// Sizes of the bodies, of the request and of the answer, in bytes.
const SIZES: [usize; 4] = [100, 10_000, 100_000, 1_000_000];
const ARN: &str = "arn:aws:lambda:us-east-1:123456789012:function:echo";

fn main() {
    benches();
    Criterion::default().configure_from_args().final_summary();
    let cases = SIZES.map(Case::new);
    cases.iter().for_each(Case::check);
    if !std::env::args().any(|argument| argument == "--test") {
        print_ratios(&cases);
    }
    print_allocations(&cases);
}

criterion_group! {
    name = benches;
    config = timing::criterion(Duration::from_secs(1));
    targets = lambda_proxy
}

fn lambda_proxy(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("lambda_proxy");
    for case in SIZES.map(Case::new) {
        group.throughput(Throughput::Bytes(case.size as u64));
        group.bench_function(format!("towergate/{}", case.size), |bencher| {
            bencher.iter(|| case.call());
        });
        group.bench_function(format!("serde_json/{}", case.size), |bencher| {
            bencher.iter(|| case.serialise_and_parse());
        });
    }
}

/// Returns the same bytes to every call, and keeps the last event.
struct Fixed(Bytes);

impl Function for Fixed {
    fn invoke<'a>(
        &'a self,
        invocation: Invocation<'a>,
    ) -> BoxFuture<'a, Result<Bytes, FunctionError>> {
        black_box(invocation.payload);
        Box::pin(std::future::ready(Ok(self.0.clone())))
    }
}

/// Returns the event as its answer's body.
struct Echo;

impl Function for Echo {
    fn invoke<'a>(
        &'a self,
        invocation: Invocation<'a>,
    ) -> BoxFuture<'a, Result<Bytes, FunctionError>> {
        let event = String::from_utf8_lossy(&invocation.payload).into_owned();
        let answer = Bytes::from(json!({ "body": event }).to_string());
        Box::pin(std::future::ready(Ok(answer)))
    }
}

struct Case {
    size: usize,
    integration: CompiledIntegration,
    backends: Backends,
    context: Context,
    body: Bytes,
    /// The event that the function gets, and what it returns.
    event: Value,
    answer: Bytes,
}

impl Case {
    fn new(size: usize) -> Self {
        let body = Bytes::from(text(size));
        let answer = json!({
            "statusCode": 200,
            "headers": {"Content-Type": "application/json", "Cache-Control": "no-store"},
            "multiValueHeaders": {"Set-Cookie": ["a=1; HttpOnly", "b=2; Secure"]},
            "body": text(size),
            "isBase64Encoded": false,
        });
        let answer = Bytes::from(answer.to_string());
        let mut case = Self {
            size,
            integration: integration(),
            backends: backends(Lambda::new(Echo)),
            context: context(),
            body,
            event: Value::Null,
            answer,
        };
        case.event = serde_json::from_slice(&case.call()).expect("an event is JSON");
        case.backends = backends(Lambda::new(Fixed(case.answer.clone())));
        case
    }

    /// Panics unless the client gets the body of the answer.
    fn check(&self) {
        let answer: Value = serde_json::from_slice(&self.answer).expect("the answer is JSON");
        assert_eq!(
            Some(&*self.call()),
            answer["body"].as_str().map(str::as_bytes)
        );
        assert_eq!(
            self.event["body"].as_str().map(str::len),
            Some(self.body.len())
        );
    }

    /// Calls the integration, and returns the body that the client gets.
    fn call(&self) -> Bytes {
        let body = Body::from(self.body.clone());
        let call = self.integration.call(&self.context, body, &self.backends);
        let Poll::Ready(answer) = pin!(call).as_mut().poll(&mut waker()) else {
            panic!("the function answers at once");
        };
        let body = answer.expect("the function answers").into_body();
        Bytes::copy_from_slice(body.as_ready().expect("the answer is at hand"))
    }

    fn serialise_and_parse(&self) -> (Vec<u8>, Value) {
        let event = serde_json::to_vec(black_box(&self.event)).expect("a value is JSON");
        let answer = serde_json::from_slice(black_box(&self.answer)).expect("the answer is JSON");
        (event, answer)
    }
}

fn waker() -> task::Context<'static> {
    task::Context::from_waker(Waker::noop())
}

/// JSON of about `size` bytes, with what is escaped when it stands in other JSON.
fn text(size: usize) -> String {
    let item =
        r#"{"id": 17, "name": "Zoë \"Z\" Müller", "note": "leave at the back door, please"},"#;
    format!("[{}null]", item.repeat(size.div_ceil(item.len())))
}

fn integration() -> CompiledIntegration {
    let method = Method::new(HttpMethod::Post, Integration::lambda_proxy(ARN));
    let mut diagnostics = Vec::<Diagnostic>::new();
    let binary = BinaryMediaTypes::default();
    let place = Place::root();
    let integration = CompiledIntegration::compile(&method, &binary, &place, &mut diagnostics);
    integration.expect("the integration is well formed")
}

fn backends(function: Lambda) -> Backends {
    let clock = FakeClock::default();
    let arn = FunctionArn::parse(ARN).expect("this is an ARN");
    let backends = Backends::new().with_time(clock.clone(), clock);
    backends
        .with_function(&arn, function)
        .expect("the ARN is free")
}

fn context() -> Context {
    let mut request = Request::post("https://api.example.com/prod/orders?page=3&tag=a&tag=b")
        .header("host", "api.example.com")
        .header("user-agent", "bench/1.0")
        .header("accept", "application/json")
        .header("content-type", "application/json")
        .header("authorization", "Bearer c2VjcmV0")
        .header("x-trace", "1-67891233-abcdef012345678912345678")
        .body(())
        .expect("the request is well formed");
    let context = Context::of(&mut request);
    // One that is made on the spot keeps only some of the headers.
    let (head, ()) = request.into_parts();
    let hops = towergate::TrustedHops::default();
    Context::new(head, hops, context.received_at(), &towergate::SystemRandom)
}

/// Prints how much longer a call takes than `serde_json`, and how both grow.
fn print_ratios(cases: &[Case]) {
    println!("time of one call, medians of {ROUNDS} interleaved rounds:");
    println!(
        "  {:>9} {:>12} {:>12} {:>7}",
        "bytes", "ours, ns/B", "serde, ns/B", "ratio"
    );
    for case in cases {
        let calls = (2_000_000 / (case.size + 2_000)).max(4);
        let rounds: Vec<_> = (0..ROUNDS)
            .map(|_| {
                let ours = seconds_of_one(calls, || drop(black_box(case.call())));
                let serde = seconds_of_one(calls, || drop(black_box(case.serialise_and_parse())));
                (ours, serde)
            })
            .collect();
        let median = |pick: &dyn Fn(&(f64, f64)) -> f64| median(rounds.iter().map(pick));
        let per_byte = 1e9 / case.body.len() as f64;
        println!(
            "  {:>9} {:>12.2} {:>12.2} {:>7.2}",
            case.body.len(),
            median(&|(ours, _)| *ours) * per_byte,
            median(&|(_, serde)| *serde) * per_byte,
            median(&|(ours, serde)| ours / serde),
        );
    }
}

/// Returns the seconds of one call.
fn seconds_of_one(calls: usize, mut call: impl FnMut()) -> f64 {
    seconds(|| (0..calls).for_each(|_| call())) / calls as f64
}

/// Prints the heap allocations of one call. The copy that a bench makes of the answer is one of them.
fn print_allocations(cases: &[Case]) {
    println!("allocations of one call:");
    for case in cases {
        let ours = allocation_counter::measure(|| drop(black_box(case.call())));
        let serde = allocation_counter::measure(|| drop(black_box(case.serialise_and_parse())));
        println!(
            "  {:>9} bytes: towergate {:>3} ({:>8} bytes), serde_json {:>3} ({:>8} bytes)",
            case.body.len(),
            ours.count_total,
            ours.bytes_total,
            serde.count_total,
            serde.bytes_total
        );
    }
}
