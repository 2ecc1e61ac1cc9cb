//! Admits requests by limits on this node, beside `governor` with its keyed store, and the layer of `tower_governor`.
//!
//! `cargo bench -p towergate-benches --bench throttle_admit` prints medians of rounds in which the rivals take turns. Callers come
//! in a random order that is the same in every run. A gateway reads the clock once for each request, so that a decision gets the
//! time handed in; with a look at the clock of its own it is measured as well, as `governor` always has one.

#![allow(missing_docs, reason = "a bench is a program")]

use std::{
    convert::Infallible,
    hint::black_box,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    num::NonZeroU32,
    sync::Arc,
    task::{Context, Poll, Waker},
    thread,
};

use axum::{body::Body, extract::ConnectInfo};
use governor::{DefaultKeyedRateLimiter, Quota as GovernorQuota, RateLimiter};
use http::{Request, Response};
use tower_governor::{GovernorLayer, governor::GovernorConfigBuilder};
use tower_layer::Layer;
use tower_service::Service;
use towergate_benches::timing::{median, seconds};
use towergate_core::{Clock, PeerAddress, SystemClock, Timestamp};
use towergate_throttling::{
    ApiKey, ApiStage, BucketRegistry, KeyedBuckets, LimitName, MethodLimits, Period, Quota, Rate,
    Subscription, Throttle, ThrottleLayer, UsagePlan, UsagePlans,
};

const KEYS: [usize; 3] = [1, 1_000, 1_000_000];

/// So that nobody is ever refused.
const BURST: u32 = 1_000_000;

fn main() {
    let test = std::env::args().any(|argument| argument == "--test");
    let rounds = if test { 1 } else { 21 };
    println!(
        "throttle_admit: nanoseconds of one decision, medians of {rounds} interleaved rounds:"
    );
    for keys in if test { &KEYS[..2] } else { &KEYS[..] } {
        for threads in [1, 2] {
            decisions(*keys, threads, rounds, if test { 100 } else { 200_000 });
        }
    }
    layers(rounds, if test { 10 } else { 20_000 });
    reclaiming(if test { 1_000 } else { 2_000_000 });
}

fn rate() -> Rate {
    Rate::per_second(1e9).burst(u64::from(BURST))
}

/// Numbers below `keys`, in an order without a pattern.
fn order(keys: usize, count: usize) -> Vec<u64> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        // SplitMix64.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    };
    (0..count).map(|_| next() % keys as u64).collect()
}

/// A limiter and what decides by it.
struct Rivals {
    governor: DefaultKeyedRateLimiter<u64>,
    ours: KeyedBuckets,
    rate: Rate,
    plans: UsagePlans,
    values: Vec<String>,
    limits: MethodLimits,
    /// The limits of the stage alone.
    stage: MethodLimits,
    /// What `find` finds, by key.
    subscriptions: Vec<Subscription>,
}

type Decide = fn(&Rivals, u64, Timestamp) -> bool;

const DECIDE: [(&str, Decide); 5] = [
    ("governor, keyed", |rivals, key, _| {
        rivals.governor.check_key(&key).is_ok()
    }),
    ("ours, time handed in", |rivals, key, now| {
        rivals
            .ours
            .take(&key.to_be_bytes(), &rivals.rate, now)
            .is_ok()
    }),
    ("ours, with a look at the clock", |rivals, key, _| {
        rivals
            .ours
            .take(&key.to_be_bytes(), &rivals.rate, SystemClock.now())
            .is_ok()
    }),
    (
        "whole: key, plan, stage, account, quota",
        |rivals, key, now| {
            let value = rivals.values[key as usize].as_bytes();
            let subscription = rivals.plans.find(Some(value), &rivals.limits).ok();
            let charge = rivals.limits.charge(subscription.as_ref());
            charge.decide_locally(now).is_ok()
        },
    ),
    (
        "plan, stage and quota of a key that is found",
        |rivals, key, now| {
            let subscription = &rivals.subscriptions[key as usize];
            let charge = rivals.stage.charge(Some(subscription));
            charge.decide_locally(now).is_ok()
        },
    ),
];

impl Rivals {
    fn new(keys: usize) -> Self {
        let million = NonZeroU32::new(BURST).expect("not zero");
        let governor = RateLimiter::keyed(GovernorQuota::per_second(million).allow_burst(million));
        let values: Vec<_> = (0..keys)
            .map(|key| format!("the-value-of-the-key-{key:012}"))
            .collect();
        let key = |(number, value): (usize, &String)| ApiKey::new(number.to_string(), value);
        let mut plan = UsagePlan::new("gold", "gold")
            .api_stage(ApiStage::new("pets", "prod"))
            .throttle(rate())
            .quota(Quota::new(u64::MAX, Period::Month));
        plan.keys = (0..keys).map(|number| number.to_string()).collect();
        let plans = UsagePlans::new().rebuilt(values.iter().enumerate().map(key), [plan]);
        let buckets = BucketRegistry::default();
        let limits = MethodLimits::new("pets", "prod", "/pets/{id}/GET");
        let stage = Throttle::new(rate(), buckets.bucket(limits.stage_name()));
        let account = Throttle::new(rate(), buckets.bucket(LimitName::Account("1")));
        let plans = plans.expect("the keys are well formed");
        let stage_limits = limits.clone().stage_throttle(stage.clone());
        let find = |value: &String| plans.find(Some(value.as_bytes()), &limits);
        let subscriptions = values
            .iter()
            .map(|value| find(value).expect("a key of the plan"));
        let rivals = Self {
            subscriptions: subscriptions.collect(),
            stage: stage_limits,
            governor,
            ours: KeyedBuckets::new(keys * 2),
            rate: rate(),
            limits: limits
                .clone()
                .stage_throttle(stage)
                .account_throttle(account),
            plans,
            values,
        };
        for key in 0..keys as u64 {
            for (name, decide) in DECIDE {
                assert!(decide(&rivals, key, SystemClock.now()), "{name}");
            }
        }
        rivals
    }
}

fn decisions(keys: usize, threads: usize, rounds: usize, count: usize) {
    let rivals = Rivals::new(keys);
    let order = order(keys, count);
    for (name, decide) in &DECIDE[..4] {
        let measured = allocation_counter::measure(|| {
            black_box(decide(&rivals, 0, SystemClock.now()));
        });
        assert_eq!(measured.count_total, 0, "{name} allocates");
    }
    let nanos = |decide: Decide| {
        let run = || {
            let now = SystemClock.now();
            for key in &order {
                black_box(decide(&rivals, *key, now));
            }
        };
        let total = seconds(|| {
            thread::scope(|scope| {
                for _ in 1..threads {
                    scope.spawn(run);
                }
                run();
            });
        });
        total * 1e9 / order.len() as f64
    };
    let rounds: Vec<_> = (0..rounds)
        .map(|_| DECIDE.map(|(_, decide)| nanos(decide)))
        .collect();
    println!("{keys} keys, {threads} threads:");
    for (index, (name, _)) in DECIDE.iter().enumerate() {
        let nanos = median(rounds.iter().map(|round| round[index]));
        let ratio = median(rounds.iter().map(|round| round[index] / round[0]));
        println!("  {name:<42}{nanos:>9.1}   to governor {ratio:>6.2}");
    }
}

/// A service that is always ready with an answer.
#[derive(Clone)]
struct Answer;

impl Service<Request<Body>> for Answer {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Body>) -> Self::Future {
        std::future::ready(Ok(Response::new(Body::empty())))
    }
}

/// Polls what is ready at once.
fn now<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    match future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("nothing here waits"),
    }
}

/// Layers around the same service, for a thousand source addresses.
fn layers(rounds: usize, count: usize) {
    let config = GovernorConfigBuilder::default()
        .per_nanosecond(1)
        .burst_size(BURST)
        .finish();
    let config = Arc::new(config.expect("the settings are well formed"));
    let mut theirs = GovernorLayer::new(config).layer(Answer);
    let mut ours = ThrottleLayer::new(rate()).layer(Answer);
    let mut bare = Answer;
    let addresses: Vec<_> = order(1_000, count)
        .into_iter()
        .map(|caller| {
            let address = IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 | caller as u32));
            SocketAddr::new(address, 1)
        })
        .collect();
    let request = |address: &SocketAddr| {
        let mut request = Request::new(Body::empty());
        request.extensions_mut().insert(ConnectInfo(*address));
        request.extensions_mut().insert(PeerAddress(*address));
        request
    };
    let mut round = || {
        let mut times = [0.0; 3];
        times[0] = seconds(|| {
            for address in &addresses {
                assert!(
                    now(bare.call(request(address))).is_ok_and(|answer| answer.status() == 200)
                );
            }
        });
        times[1] = seconds(|| {
            for address in &addresses {
                assert!(
                    now(theirs.call(request(address))).is_ok_and(|answer| answer.status() == 200)
                );
            }
        });
        times[2] = seconds(|| {
            for address in &addresses {
                assert!(
                    now(ours.call(request(address))).is_ok_and(|answer| answer.status() == 200)
                );
            }
        });
        times.map(|time| time * 1e9 / addresses.len() as f64)
    };
    let rounds: Vec<_> = (0..rounds).map(|_| round()).collect();
    println!("layers by source address, 1000 callers, above a service without one:");
    for (index, name) in [(1, "tower_governor"), (2, "ThrottleLayer")] {
        let nanos = median(rounds.iter().map(|round| round[index] - round[0]));
        let ratio = median(
            rounds
                .iter()
                .map(|round| (round[index] - round[0]) / (round[1] - round[0])),
        );
        println!("  {name:<42}{nanos:>9.1}   to tower_governor {ratio:>6.2}");
    }
}

/// Single decisions while every one of them is of a new caller, at the bound: what reclaiming costs at worst.
fn reclaiming(count: u64) {
    const BOUND: usize = 100_000;
    let (buckets, rate) = (KeyedBuckets::new(BOUND), Rate::per_second(1_000.0).burst(1));
    let mut decide = |caller: u64| {
        // Each is idle again after a thousandth of a second, in which half of the bound comes.
        let now = Timestamp::from_unix_nanos(1_000_000_000 + caller * 20);
        black_box(buckets.take(&caller.to_be_bytes(), &rate, now).is_ok());
    };
    (0..count / 2).for_each(&mut decide);
    let mut nanos: Vec<_> = (count / 2..count)
        .map(|caller| seconds(|| decide(caller)) * 1e9)
        .collect();
    nanos.sort_by(f64::total_cmp);
    let at = |share: f64| nanos[((nanos.len() - 1) as f64 * share) as usize];
    println!(
        "new callers only, {} kept of {BOUND}, one decision with the timer around it: median {:.0} ns, p99.9 {:.0} ns, ratio {:.1}",
        buckets.len(),
        at(0.5),
        at(0.999),
        at(0.999) / at(0.5),
    );
}
