//! Admits requests by limits on this node, beside `governor` with its keyed store, and the layer of `tower_governor`.
//!
//! `cargo bench -p towergate-benches --bench throttle_admit` runs criterion's timing and then prints medians of rounds in which the
//! rivals take turns. Callers come in a random order that is the same in every run. A gateway reads the clock once for each
//! request, so that a decision gets the time handed in; with a look at the clock of its own it is measured as well, as
//! `governor` always has one.

#![allow(missing_docs, reason = "criterion's macros make public functions")]

use std::{
    convert::Infallible,
    hint::black_box,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    num::NonZeroU32,
    sync::Arc,
    task::{Context, Poll, Waker},
    thread,
    time::Duration,
};

use axum::{body::Body, extract::ConnectInfo};
use criterion::{Criterion, criterion_group};
use governor::{DefaultKeyedRateLimiter, Quota as GovernorQuota, RateLimiter};
use http::{Request, Response};
use tower_governor::{GovernorLayer, governor::GovernorConfigBuilder};
use tower_layer::Layer;
use tower_service::Service;
use towergate_benches::timing::{self, median, seconds};
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
    benches();
    Criterion::default().configure_from_args().final_summary();
    let rounds = if test { 1 } else { 21 };
    println!(
        "throttle_admit: nanoseconds of one decision, medians of {rounds} interleaved rounds:"
    );
    for keys in if test { &KEYS[..2] } else { &KEYS[..] } {
        let rivals = Rivals::new(*keys);
        rivals.assert_no_allocations();
        for threads in [1, 2] {
            rivals.race(threads, rounds, if test { 100 } else { 200_000 });
        }
    }
    layers(rounds, if test { 10 } else { 20_000 });
    for nanos_between in [20, 10] {
        reclaiming(nanos_between, if test { 1_000 } else { 2_000_000 });
    }
    memory(if test { 1_000 } else { 1_000_000 });
}

criterion_group! {
    name = benches;
    config = timing::criterion(Duration::from_secs(1));
    targets = decisions
}

fn decisions(criterion: &mut Criterion) {
    for keys in &KEYS[..2] {
        let rivals = Rivals::new(*keys);
        let calls = rivals.round(0, 1_000);
        let mut group =
            criterion.benchmark_group(format!("throttle_admit/1000 calls, {keys} keys"));
        for (name, decide) in DECIDE {
            let now = SystemClock.now();
            group.bench_function(name, |bencher| {
                bencher.iter(|| decide(&rivals, &calls, now));
            });
        }
    }
}

/// A rate that refuses nobody, at which a bucket that was used is not full again, so that no caller makes room for another.
fn rate() -> Rate {
    Rate::per_second(0.02).burst(u64::MAX)
}

/// The number at a place of a sequence without a pattern (SplitMix64).
fn random(place: u64) -> u64 {
    let mixed = place.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// The value of an API key, as long as those that API Gateway makes.
fn value(key: u64) -> [u8; 40] {
    let text = format!("{:016x}{:016x}{key:08x}", random(key), random(!key));
    text.as_bytes().try_into().expect("40 bytes")
}

// === decisions ===

/// What comes with the requests of a round, and what was found for them: in the order in which it is asked for, so that
/// no rival waits for what a gateway would have at hand.
struct Calls {
    keys: Vec<u64>,
    values: Vec<[u8; 40]>,
    found: Vec<Subscription>,
}

/// The limiters and what decides by them.
struct Rivals {
    keys: usize,
    governor: DefaultKeyedRateLimiter<u64>,
    ours: KeyedBuckets,
    rate: Rate,
    plans: UsagePlans,
    /// The limits of the stage.
    stage: MethodLimits,
    /// Those of the account as well.
    limits: MethodLimits,
}

/// Decides all calls of a round, and returns how many were granted.
type Decide = fn(&Rivals, &Calls, Timestamp) -> usize;

/// The loop is compiled with the decision, as a server is: none is called through a pointer.
#[inline(always)]
fn each(calls: &Calls, decide: impl Fn(usize) -> bool) -> usize {
    let granted = (0..calls.keys.len()).filter(|at| black_box(decide(*at)));
    granted.count()
}

const DECIDE: [(&str, Decide); 7] = [
    ("governor, keyed", |rivals, calls, _| {
        each(calls, |at| {
            rivals.governor.check_key(&calls.keys[at]).is_ok()
        })
    }),
    ("ours, time handed in", |rivals, calls, now| {
        each(calls, |at| {
            let key = calls.keys[at].to_be_bytes();
            rivals.ours.take(&key, &rivals.rate, now).is_ok()
        })
    }),
    ("ours, with a look at the clock", |rivals, calls, _| {
        each(calls, |at| {
            let (key, now) = (calls.keys[at].to_be_bytes(), SystemClock.now());
            rivals.ours.take(&key, &rivals.rate, now).is_ok()
        })
    }),
    ("find, plan, stage, quota", |rivals, calls, now| {
        each(calls, |at| {
            rivals.find_and_decide(&rivals.stage, &calls.values[at], now)
        })
    }),
    ("find, plan, stage, account, quota", |rivals, calls, now| {
        each(calls, |at| {
            rivals.find_and_decide(&rivals.limits, &calls.values[at], now)
        })
    }),
    ("find alone", |rivals, calls, _| {
        each(calls, |at| {
            let found = rivals.plans.find(Some(&calls.values[at]), &rivals.stage);
            found.is_ok()
        })
    }),
    (
        "plan, stage, quota of what was found",
        |rivals, calls, now| {
            each(calls, |at| {
                let charge = rivals.stage.charge(Some(&calls.found[at]));
                charge.decide_locally(now).is_ok()
            })
        },
    ),
];

impl Rivals {
    fn new(keys: usize) -> Self {
        let million = NonZeroU32::new(BURST).expect("not zero");
        let governor = RateLimiter::keyed(GovernorQuota::per_second(million).allow_burst(million));
        let buckets = BucketRegistry::default();
        let limits = MethodLimits::new("pets", "prod", "/pets/{id}/GET");
        let stage = Throttle::new(rate(), buckets.bucket(limits.stage_name()));
        let account = Throttle::new(rate(), buckets.bucket(LimitName::Account("1")));
        let stage = limits.stage_throttle(stage);
        let rivals = Self {
            keys,
            governor,
            ours: KeyedBuckets::new(keys),
            rate: rate(),
            plans: plans(keys, true),
            limits: stage.clone().account_throttle(account),
            stage,
        };
        let (all, now) = (rivals.calls(0..keys as u64), SystemClock.now());
        for (name, decide) in DECIDE {
            assert_eq!(decide(&rivals, &all, now), keys, "{name}");
        }
        let known = (rivals.ours.len(), rivals.governor.len());
        assert_eq!(known, (keys, keys), "every caller is known");
        rivals
    }

    #[inline]
    fn find_and_decide(&self, limits: &MethodLimits, value: &[u8], now: Timestamp) -> bool {
        let Ok(found) = self.plans.find(Some(value), limits) else {
            return false;
        };
        limits.charge(Some(&found)).decide_locally(now).is_ok()
    }

    fn calls(&self, keys: impl Iterator<Item = u64>) -> Calls {
        let keys: Vec<_> = keys.collect();
        let values: Vec<_> = keys.iter().map(|key| value(*key)).collect();
        let found = values.iter().map(|value| {
            let found = self.plans.find(Some(value), &self.stage);
            found.expect("a key of the plan")
        });
        Calls {
            found: found.collect(),
            keys,
            values,
        }
    }

    /// The calls of a round, in a random order: with each round, other ones.
    fn round(&self, round: usize, count: usize) -> Calls {
        let places = (round * count) as u64..((round + 1) * count) as u64;
        self.calls(places.map(|place| random(place) % self.keys as u64))
    }

    fn assert_no_allocations(&self) {
        let (calls, now) = (self.round(0, 100), SystemClock.now());
        for (name, decide) in DECIDE {
            let measured = allocation_counter::measure(|| {
                decide(self, &calls, now);
            });
            assert_eq!(measured.count_total, 0, "{name} allocates");
        }
    }

    fn race(&self, threads: usize, rounds: usize, count: usize) {
        let rounds: Vec<_> = (0..rounds)
            .map(|round| {
                // Each thread has its own order.
                let calls: Vec<_> = (0..threads)
                    .map(|thread| self.round(round * threads + thread, count))
                    .collect();
                DECIDE.map(|(_, decide)| self.nanos(decide, &calls))
            })
            .collect();
        println!("{} keys, {threads} threads:", self.keys);
        for (index, (name, _)) in DECIDE.iter().enumerate() {
            let nanos = median(rounds.iter().map(|round| round[index]));
            let ratio = median(rounds.iter().map(|round| round[index] / round[0]));
            println!("  {name:<42}{nanos:>9.1}   to governor {ratio:>6.2}");
        }
    }

    /// Returns the nanoseconds of a decision while each thread makes its calls.
    fn nanos(&self, decide: Decide, calls: &[Calls]) -> f64 {
        let run = |calls: &Calls| {
            black_box(decide(self, calls, SystemClock.now()));
        };
        let [first, others @ ..] = calls else {
            return 0.0;
        };
        let total = seconds(|| {
            thread::scope(|scope| {
                for calls in others {
                    scope.spawn(|| run(calls));
                }
                run(first);
            });
        });
        total * 1e9 / first.keys.len() as f64
    }
}

/// So many keys, and a plan with all of them or none.
fn plans(keys: usize, with_plan: bool) -> UsagePlans {
    let values = (0..keys as u64).map(|key| {
        let value = String::from_utf8(value(key).into()).expect("digits");
        ApiKey::new(key.to_string(), value)
    });
    let mut plan = UsagePlan::new("gold", "gold")
        .api_stage(ApiStage::new("pets", "prod"))
        .throttle(rate())
        .quota(Quota::new(u64::MAX, Period::Month));
    plan.keys = (0..keys).map(|number| number.to_string()).collect();
    let plans = UsagePlans::new().rebuilt(values, with_plan.then_some(plan));
    plans.expect("the keys are well formed")
}

// === layers ===

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
    let addresses: Vec<_> = (0..count as u64)
        .map(|place| {
            let caller = random(place) % 1_000;
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

// === bounds ===

/// Single decisions while idle callers make room for new ones, at the bound: every other one is of a caller that is known.
fn reclaiming(nanos_between: u64, count: u64) {
    const BOUND: u64 = 100_000;
    const IDLE_AFTER_NANOS: u64 = 1_000_000;
    let buckets = KeyedBuckets::new(BOUND as usize);
    let rate = Rate::per_second(1e9 / IDLE_AFTER_NANOS as f64).burst(1);
    // Never refused, and never idle.
    let (known, free) = (u64::MAX, rate.burst(u64::MAX));
    let mut decide = |number: u64| {
        let now = Timestamp::from_unix_nanos(1_000_000_000 + number / 2 * nanos_between);
        let taken = match number % 2 {
            0 => buckets.take(&known.to_be_bytes(), &free, now),
            _ => buckets.take(&number.to_be_bytes(), &rate, now),
        };
        black_box(taken.is_ok());
    };
    (0..count / 2).for_each(&mut decide);
    let timer = Spread::of((0..count / 2).map(|_| seconds(|| ())));
    let mut times: Vec<_> = (count / 2..count)
        .map(|number| (number % 2, seconds(|| decide(number))))
        .collect();
    let all = Spread::of(times.iter().map(|(_, time)| *time));
    times.retain(|(kind, _)| *kind == 0);
    let known = Spread::of(times.iter().map(|(_, time)| *time));
    println!(
        "new callers, as many at a time as {}% of a bound of {BOUND}, {} kept; one decision, without the timer's median of {:.0} ns:",
        100 * IDLE_AFTER_NANOS / nanos_between / BOUND,
        buckets.len(),
        timer.median,
    );
    for (name, spread) in [("all", all), ("of the caller that is known", known)] {
        let (median, worst) = (spread.median - timer.median, spread.worst - timer.median);
        println!(
            "  {name:<42}median {median:>6.0}   p99.9 {worst:>6.0}   ratio {:>5.1}",
            worst / median
        );
    }
    println!(
        "  {:<42}median {:>6.0}   p99.9 {:>6.0}",
        "the timer alone", timer.median, timer.worst
    );
}

/// Nanoseconds.
struct Spread {
    median: f64,
    /// The 99.9th percentile.
    worst: f64,
}

impl Spread {
    fn of(seconds: impl Iterator<Item = f64>) -> Self {
        let mut nanos: Vec<_> = seconds.map(|seconds| seconds * 1e9).collect();
        nanos.sort_by(f64::total_cmp);
        let at = |share: f64| nanos[((nanos.len() - 1) as f64 * share) as usize];
        Self {
            median: at(0.5),
            worst: at(0.999),
        }
    }
}

/// What a caller takes, and a key in a plan with a throttle and a quota beside the key without a plan.
fn memory(keys: usize) {
    let bytes = |make: &dyn Fn() -> Box<dyn Send>| {
        let mut kept = None;
        let measured = allocation_counter::measure(|| kept = Some(make()));
        drop(kept);
        measured.bytes_current as f64 / keys as f64
    };
    let callers = bytes(&|| {
        let buckets = KeyedBuckets::new(keys);
        for key in 0..keys as u64 {
            let taken = buckets.take(&key.to_be_bytes(), &rate(), SystemClock.now());
            assert!(taken.is_ok());
        }
        assert_eq!(buckets.len(), keys);
        Box::new(buckets)
    });
    let [with_plan, without] = [true, false].map(|plan| bytes(&|| Box::new(plans(keys, plan))));
    println!(
        "bytes per key, {keys} keys: a caller {callers:.0}, an API key {without:.0}, what a plan adds to it {:.0}",
        with_plan - without
    );
}
