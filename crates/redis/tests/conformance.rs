//! The same charges against this node's own buckets and counts, and against Redis: the same decisions.

mod support;

use std::time::Duration;

use proptest::prelude::*;
use support::{Limits, Node, RedisServer, flush, quota, still};
use towergate_core::Timestamp;
use towergate_redis::Mode;
use towergate_throttling::{Period, Quota, Rate, Refusal, RefusedBy};

const FIRST: RefusedBy = RefusedBy::Throttle(0);
const SECOND: RefusedBy = RefusedBy::Throttle(1);
const THIRD: RefusedBy = RefusedBy::Throttle(2);
const QUOTA: RefusedBy = RefusedBy::Quota;

/// What refused each of some requests; `None` where it was granted.
type Refusals = Vec<Option<RefusedBy>>;

fn by(decision: Result<(), Refusal>) -> Option<RefusedBy> {
    decision.err().map(|refusal| refusal.by)
}

async fn in_redis(server: &RedisServer, limits: Limits, requests: usize) -> Refusals {
    flush(server);
    let node = Node::new(server, Mode::Exact, limits);
    let mut refusals = Vec::new();
    for _ in 0..requests {
        refusals.push(by(node.decide().await));
    }
    refusals
}

fn locally(limits: &Limits, requests: usize) -> Refusals {
    let now = Timestamp::from_unix_millis(1_785_000_000_000);
    (0..requests)
        .map(|_| by(limits.charge().decide_locally(now)))
        .collect()
}

#[tokio::test]
async fn redis_decides_as_a_node_does() {
    let server = RedisServer::start();
    let (never, day, month) = (Rate::per_second(0.0), Period::Day, Period::Month);
    let refused = |granted: usize, by| {
        let mut refusals = vec![None; granted];
        refusals.resize(6, Some(by));
        refusals
    };
    let granted = || vec![None; 6];
    type Case = (&'static str, Box<dyn Fn() -> Limits>, Refusals);
    let cases: Vec<Case> = vec![
        ("no limit", Box::new(Limits::default), granted()),
        (
            "a burst",
            Box::new(|| Limits::plan(still(3))),
            refused(3, FIRST),
        ),
        (
            "a burst of one",
            Box::new(|| Limits::plan(still(1))),
            refused(1, FIRST),
        ),
        (
            "a burst of zero",
            Box::new(|| Limits::plan(still(0))),
            refused(0, FIRST),
        ),
        (
            "a rate of zero",
            Box::new(move || Limits::plan(never.burst(5))),
            refused(0, FIRST),
        ),
        (
            "a burst that is not reached",
            Box::new(|| Limits::plan(still(1_000))),
            granted(),
        ),
        (
            "the largest burst",
            Box::new(|| Limits::plan(still(u64::MAX))),
            granted(),
        ),
        (
            "the plan before the stage",
            Box::new(|| Limits::plan(still(2)).throttle(1, still(2))),
            refused(2, FIRST),
        ),
        (
            "the stage before the account",
            Box::new(|| {
                Limits::plan(still(3))
                    .throttle(1, still(2))
                    .throttle(2, still(2))
            }),
            refused(2, SECOND),
        ),
        (
            "the account",
            Box::new(|| {
                Limits::plan(still(9))
                    .throttle(1, still(9))
                    .throttle(2, still(4))
            }),
            refused(4, THIRD),
        ),
        (
            "the stage alone",
            Box::new(|| Limits::default().throttle(1, still(2))),
            refused(2, SECOND),
        ),
        (
            "the account alone",
            Box::new(|| Limits::default().throttle(2, still(2))),
            refused(2, THIRD),
        ),
        (
            "plan and account",
            Box::new(|| Limits::plan(still(4)).throttle(2, still(2))),
            refused(2, THIRD),
        ),
        (
            "a quota",
            Box::new(move || Limits::quota(quota(3, day))),
            refused(3, QUOTA),
        ),
        (
            "a quota of zero",
            Box::new(move || Limits::quota(quota(0, day))),
            refused(0, QUOTA),
        ),
        (
            "a quota with an offset",
            Box::new(move || Limits::quota(quota(5, month).offset(3))),
            refused(2, QUOTA),
        ),
        (
            "an offset over the limit",
            Box::new(move || Limits::quota(quota(5, month).offset(9))),
            refused(0, QUOTA),
        ),
        (
            "the largest quota",
            Box::new(move || Limits::quota(quota(u64::MAX, month))),
            granted(),
        ),
        (
            "throttles before the quota",
            Box::new(move || Limits::plan(still(3)).and_quota(quota(3, day))),
            refused(3, FIRST),
        ),
        (
            "the quota, with tokens left",
            Box::new(move || {
                Limits::plan(still(4))
                    .throttle(1, still(9))
                    .and_quota(quota(2, day))
            }),
            refused(2, QUOTA),
        ),
    ];
    for (name, limits, expected) in cases {
        assert_eq!(locally(&limits(), 6), expected, "{name}: by a node");
        assert_eq!(
            in_redis(&server, limits(), 6).await,
            expected,
            "{name}: in redis"
        );
    }
}

#[tokio::test]
async fn the_time_until_the_next_is_the_same() {
    let server = RedisServer::start();
    type Case = (&'static str, fn() -> Limits);
    let cases: [Case; 4] = [
        ("a token", || Limits::plan(Rate::per_second(0.01).burst(1))),
        ("never", || Limits::plan(Rate::per_second(0.0))),
        ("no burst", || Limits::plan(still(0))),
        ("a quota of zero", || Limits::quota(quota(0, Period::Day))),
    ];
    for (name, limits) in cases {
        let node = Node::new(&server, Mode::Exact, limits());
        let _ = node.decide().await;
        let there = node.decide().await.expect_err(name).retry_after;
        let own = limits();
        let _ = own.charge().decide_locally(node.now());
        let here = own
            .charge()
            .decide_locally(node.now())
            .expect_err(name)
            .retry_after;
        match (there, here) {
            (Some(there), Some(here)) => assert!(
                there.abs_diff(here) < Duration::from_secs(60),
                "{name}: {there:?}, {here:?}"
            ),
            (there, here) => assert_eq!(there, here, "{name}"),
        }
    }
}

/// Limits as numbers: a burst for each bucket, a limit and an offset for the quota.
type Numbers = ([Option<u64>; 3], Option<(u64, u64, u8)>);

fn numbers() -> impl Strategy<Value = Numbers> {
    let burst = || prop::option::of(0_u64..8);
    let quota = prop::option::of((0_u64..10, 0_u64..4, 0_u8..3));
    ((burst(), burst(), burst()).prop_map(<[_; 3]>::from), quota)
}

fn limits_of((bursts, quota_of): Numbers) -> Limits {
    let mut limits = Limits::default();
    for (place, burst) in bursts.into_iter().enumerate() {
        if let Some(burst) = burst {
            limits = limits.throttle(place, still(burst));
        }
    }
    match quota_of {
        Some((limit, offset, period)) => {
            let period = match period {
                0 => Period::Day,
                1 => Period::Week(Default::default()),
                _ => Period::Month,
            };
            let quota: Quota = quota(limit, period).offset(offset);
            limits.and_quota(quota)
        }
        None => limits,
    }
}

#[test]
fn random_charges_are_decided_alike() {
    let server = RedisServer::start();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    // Nothing is written where the source is read only.
    let config = ProptestConfig {
        cases: 100,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(numbers in numbers(), requests in 1_usize..24)| {
        let here = locally(&limits_of(numbers), requests);
        let there = runtime.block_on(in_redis(&server, limits_of(numbers), requests));
        prop_assert_eq!(here, there);
    });
}

#[test]
fn random_requests_of_two_nodes_are_decided_as_those_of_one() {
    let server = RedisServer::start();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let config = ProptestConfig {
        cases: 60,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(numbers in numbers(), turns in prop::collection::vec(any::<bool>(), 1..24))| {
        let here = locally(&limits_of(numbers), turns.len());
        let there = runtime.block_on(async {
            flush(&server);
            let nodes = [(); 2].map(|()| Node::new(&server, Mode::Exact, limits_of(numbers)));
            let mut refusals = Vec::new();
            for turn in &turns {
                refusals.push(by(nodes[usize::from(*turn)].decide().await));
            }
            refusals
        });
        prop_assert_eq!(here, there);
    });
}
