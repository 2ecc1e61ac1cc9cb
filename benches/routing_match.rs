//! Finds a route among 10 to 10 000: towergate's table (method and path), matchit (path alone) and axum's router.
//!
//! `cargo bench -p towergate-benches --bench routing_match` runs criterion's timing and then prints ratios: medians
//! of rounds in which the rivals take turns, so that a noisy machine disturbs them alike.

#![allow(missing_docs, reason = "criterion's macros make public functions")]

use std::{
    hint::black_box,
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use axum::{Router, body::Body, extract::Request, response::Response, routing::MethodFilter};
use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group};
use http::Method;
use tower_service::Service;
use towergate_benches::timing::{self, median, seconds};
use towergate_routing::RouteTable;

const SIZES: [usize; 4] = [10, 100, 1_000, 10_000];
/// axum's router is only raced up to this size.
const AXUM_SIZE: usize = 1_000;

fn main() {
    benches();
    Criterion::default().configure_from_args().final_summary();
    if !std::env::args().any(|argument| argument == "--test") {
        print_ratios();
    }
}

criterion_group! {
    name = benches;
    config = timing::criterion(Duration::from_secs(1));
    targets = routing
}

fn routing(criterion: &mut Criterion) {
    for size in SIZES {
        let api = Api::new(size);
        let (table, rival) = (api.table(), api.matchit());
        for (load, requests) in api.loads() {
            let mut group = criterion.benchmark_group(format!("routing/{load}"));
            let mut turns = requests.iter().cycle();
            group.bench_function(BenchmarkId::new("towergate", size), |bencher| {
                bencher.iter(|| turns.next().map(|request| table_finds(&table, request)));
            });
            group.bench_function(BenchmarkId::new("matchit", size), |bencher| {
                bencher.iter(|| turns.next().map(|request| matchit_finds(&rival, request)));
            });
            if size <= AXUM_SIZE {
                let mut router = api.axum();
                group.bench_function(BenchmarkId::new("axum", size), |bencher| {
                    bencher.iter_batched(
                        || turns.next().map(Target::request),
                        |request| request.map(|request| axum_answers(&mut router, request)),
                        BatchSize::SmallInput,
                    );
                });
            }
        }
    }
}

// === the API ===

/// Routes of a REST API, and for each of them a request that it answers.
struct Api {
    routes: Vec<(Method, String)>,
    requests: Vec<Target>,
}

struct Target {
    method: Method,
    path: String,
}

/// What one collection of a REST API looks like; `*` is its name.
const COLLECTION: [(Method, &str); 10] = [
    (Method::GET, "/*"),
    (Method::POST, "/*"),
    (Method::GET, "/*/{id}"),
    (Method::PUT, "/*/{id}"),
    (Method::DELETE, "/*/{id}"),
    (Method::POST, "/*/search"),
    (Method::GET, "/*/{id}/comments"),
    (Method::POST, "/*/{id}/comments"),
    (Method::GET, "/*/{id}/comments/{commentId}"),
    (Method::GET, "/*/{id}/attachments/{name}/content"),
];
const NOUNS: [&str; 16] = [
    "orders",
    "customers",
    "invoices",
    "products",
    "carts",
    "payments",
    "shipments",
    "returns",
    "warehouses",
    "suppliers",
    "price-lists",
    "promotions",
    "subscriptions",
    "tickets",
    "users",
    "organizations",
];

impl Api {
    /// A small API has few collections with few routes each; a large one has whole collections under several areas.
    fn new(size: usize) -> Self {
        let shapes = COLLECTION.iter().cycle().enumerate();
        let routes: Vec<_> = shapes
            .map(|(number, (method, shape))| {
                let collection = number / COLLECTION.len();
                let (area, noun) = (collection / NOUNS.len(), NOUNS[collection % NOUNS.len()]);
                let name = match area {
                    0 => noun.to_owned(),
                    area => format!("area-{area}/{noun}"),
                };
                (method.clone(), format!("/v1{}", shape.replace('*', &name)))
            })
            .take(size)
            .collect();
        let mut requests: Vec<_> = routes
            .iter()
            .map(|(method, path)| Target {
                method: method.clone(),
                path: path
                    .replace("{id}", "8f14e45f-ceea-467f")
                    .replace("{commentId}", "10023")
                    .replace("{name}", "photo.jpg"),
            })
            .collect();
        // A fixed multiplicative walk: neighbours in the table are not neighbours in time.
        requests.sort_by_cached_key(|target| {
            target.path.bytes().fold(7_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
            })
        });
        Self { routes, requests }
    }

    /// `hot` asks for one path again and again, `cold` for every route in turn.
    fn loads(&self) -> [(&'static str, &[Target]); 2] {
        let typical = |target: &&Target| target.path.ends_with("/8f14e45f-ceea-467f");
        let hot = self
            .requests
            .iter()
            .find(typical)
            .map_or(&[][..], std::slice::from_ref);
        [("hot", hot), ("cold", &self.requests)]
    }

    fn table(&self) -> RouteTable<u32> {
        let routes = self.routes.iter().zip(0..);
        let table = routes
            .fold(
                RouteTable::builder(),
                |builder, ((method, path), number)| builder.route(method.clone(), path, number),
            )
            .build()
            .expect("the routes are right");
        assert!(
            self.requests
                .iter()
                .all(|request| table_finds(&table, request))
        );
        table
    }

    fn matchit(&self) -> matchit::Router<u32> {
        let mut router = matchit::Router::new();
        for ((_, path), number) in self.routes.iter().zip(0..) {
            // The second method of a path is refused: matchit knows paths alone.
            let _ = router.insert(path, number);
        }
        assert!(
            self.requests
                .iter()
                .all(|request| matchit_finds(&router, request))
        );
        router
    }

    fn axum(&self) -> Router {
        let routes = self.routes.iter();
        let mut router = routes.fold(Router::new(), |router, (method, path)| {
            let filter = MethodFilter::try_from(method.clone()).expect("axum knows the verb");
            router.route(path, axum::routing::on(filter, async || "ok"))
        });
        for target in &self.requests {
            assert_eq!(axum_answers(&mut router, target.request()).status(), 200);
        }
        router
    }
}

impl Target {
    fn request(&self) -> Request {
        let mut request = Request::new(Body::empty());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.path.parse().expect("the path is a URI");
        request
    }
}

fn table_finds(table: &RouteTable<u32>, target: &Target) -> bool {
    black_box(&table.find(&target.method, black_box(&target.path))).is_some()
}

fn matchit_finds(router: &matchit::Router<u32>, target: &Target) -> bool {
    black_box(&router.at(black_box(&target.path))).is_ok()
}

fn axum_answers(router: &mut Router, request: Request) -> Response {
    let call = pin!(router.call(request));
    let Poll::Ready(Ok(response)) = call.poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("the handler never waits");
    };
    response
}

// === ratios ===

const ROUNDS: usize = 41;
const FINDS_PER_ROUND: u32 = 20_000;

struct Rivals {
    api: Api,
    table: RouteTable<u32>,
    matchit: matchit::Router<u32>,
}

fn print_ratios() {
    let rivals = SIZES.map(|size| {
        let api = Api::new(size);
        Rivals {
            table: api.table(),
            matchit: api.matchit(),
            api,
        }
    });
    println!("\nmedians of {ROUNDS} interleaved rounds of {FINDS_PER_ROUND} finds");
    println!(
        "{:<8}{:>8}{:>14}{:>12}{:>10}",
        "load", "routes", "towergate ns", "matchit ns", "ratio"
    );
    for (number, load) in ["hot", "cold"].into_iter().enumerate() {
        let rounds: Vec<_> = (0..ROUNDS)
            .map(|_| rivals.each_ref().map(|rivals| rivals.race(number)))
            .collect();
        for (at, size) in SIZES.into_iter().enumerate() {
            let ours = median(rounds.iter().map(|round| round[at].0));
            let theirs = median(rounds.iter().map(|round| round[at].1));
            let ratio = median(rounds.iter().map(|round| round[at].0 / round[at].1));
            println!("{load:<8}{size:>8}{ours:>14.1}{theirs:>12.1}{ratio:>9.2}x");
        }
        let growth = median(rounds.iter().map(|round| round[3].0 / round[0].0));
        println!(
            "{load:<8}{:>8}{:>14}{:>12}{growth:>9.2}x",
            "growth", "10 to 10 000", ""
        );
    }
    let [.., Rivals { api, .. }] = &rivals;
    let build = median((0..11).map(|_| seconds(|| drop(black_box(api.table_alone()))) * 1e3));
    println!("build of 10 000 routes: {build:.1} ms");
}

impl Api {
    fn table_alone(&self) -> Option<RouteTable<()>> {
        let builder = RouteTable::builder();
        let routes = self.routes.iter();
        routes
            .fold(builder, |builder, (method, path)| {
                builder.route(method.clone(), path, ())
            })
            .build()
            .ok()
    }
}

impl Rivals {
    /// Returns the nanoseconds that a find takes in the table and in matchit.
    fn race(&self, load: usize) -> (f64, f64) {
        let (_, requests) = self.api.loads()[load];
        let per_find = |finds: &dyn Fn() -> bool| {
            assert!(finds());
            seconds(|| assert!(finds())) * 1e9 / f64::from(FINDS_PER_ROUND)
        };
        let turns = || requests.iter().cycle().take(FINDS_PER_ROUND as usize);
        (
            per_find(&|| turns().all(|request| table_finds(&self.table, request))),
            per_find(&|| turns().all(|request| matchit_finds(&self.matchit, request))),
        )
    }
}
