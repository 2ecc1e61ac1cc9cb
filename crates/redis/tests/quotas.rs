//! Quotas: days, extensions, and the counts of each day.

mod support;

use redis::Commands;
use support::{ACCOUNT, Limits, Node, RedisServer, flush, quota};
use towergate_redis::Mode;
use towergate_throttling::{Day, Period, SharedLimits};

const ALL: std::ops::RangeInclusive<Day> = Day(0)..=Day(u32::MAX);

async fn usage(node: &Node) -> Vec<(u64, u64)> {
    let charge = node.limits.charge();
    let quota = charge.quota.as_ref().expect("a quota");
    let usage = node.store.usage(quota, ALL, node.now()).await;
    let days = usage.expect("the server answers");
    days.iter().map(|day| (day.used, day.remaining)).collect()
}

async fn set_remaining(node: &Node, remaining: u64) {
    let charge = node.limits.charge();
    let quota = charge.quota.as_ref().expect("a quota");
    let set = node.store.set_remaining(quota, remaining, node.now()).await;
    set.expect("the server answers");
}

#[tokio::test]
async fn the_report_counts_what_was_granted() {
    let server = RedisServer::start();
    for period in [Period::Day, Period::Week(Default::default()), Period::Month] {
        let node = Node::new(&server, Mode::Exact, Limits::quota(quota(5, period)));
        assert_eq!(usage(&node).await, [], "{period:?}");
        assert_eq!(node.granted_of(7).await, 5, "{period:?}");
        assert_eq!(usage(&node).await, [(5, 0)], "{period:?}");
        flush(&server);
    }
}

#[tokio::test]
async fn an_offset_counts_in_the_first_period() {
    let server = RedisServer::start();
    let node = Node::new(
        &server,
        Mode::Exact,
        Limits::quota(quota(5, Period::Day).offset(3)),
    );
    assert_eq!(node.granted_of(7).await, 2);
    assert_eq!(usage(&node).await, [(2, 0)]);
}

#[tokio::test]
async fn what_remains_can_be_set_and_may_exceed_the_limit() {
    let server = RedisServer::start();
    let cases = [
        ("less", 1),
        ("none", 0),
        ("the limit", 5),
        ("an extension", 12),
    ];
    for (name, remaining) in cases {
        let node = Node::new(&server, Mode::Exact, Limits::quota(quota(5, Period::Month)));
        assert_eq!(node.granted_of(2).await, 2, "{name}");
        set_remaining(&node, remaining).await;
        assert_eq!(usage(&node).await, [(2, remaining)], "{name}");
        assert_eq!(u64::from(node.granted_of(20).await), remaining, "{name}");
        flush(&server);
    }
}

#[tokio::test]
async fn what_remains_can_be_set_before_the_first_request() {
    let server = RedisServer::start();
    let node = Node::new(
        &server,
        Mode::Exact,
        Limits::quota(quota(5, Period::Month).offset(4)),
    );
    set_remaining(&node, 2).await;
    assert_eq!(usage(&node).await, []);
    assert_eq!(node.granted_of(9).await, 2);
}

#[tokio::test]
async fn a_period_that_is_made_longer_goes_on() {
    let server = RedisServer::start();
    let limits = |period| Limits::quota(quota(3, period).offset(1));
    let node = Node::new(&server, Mode::Exact, limits(Period::Day));
    assert_eq!(node.granted_of(5).await, 2);
    let node = Node::new(&server, Mode::Exact, limits(Period::Month));
    assert_eq!(node.granted_of(5).await, 0);
    assert_eq!(usage(&node).await, [(2, 0)]);
}

#[tokio::test]
async fn counts_are_exact_beyond_32_bits() {
    let server = RedisServer::start();
    let limits = || Limits::quota(quota(u64::MAX, Period::Month));
    let node = Node::new(&server, Mode::Exact, limits());
    assert!(node.decide().await.is_ok());
    set_remaining(&node, (1 << 53) - 10).await;
    assert_eq!(node.granted_of(3).await, 3);
    let key = format!("towergate:{{{ACCOUNT}}}:quota:plan/p1/k1");
    let used: i64 = server.connection().hget(&key, "n").unwrap();
    assert_eq!(used, 9 + 3);
    assert_eq!(usage(&node).await, [(4, (1 << 53) - 13)]);
}

#[tokio::test]
async fn a_key_of_somebody_else_is_an_outage_and_not_a_panic() {
    let server = RedisServer::start();
    let key = format!("towergate:{{{ACCOUNT}}}:quota:plan/p1/k1");
    let _: () = server.connection().set(&key, "text").unwrap();
    let node = Node::new(&server, Mode::Exact, Limits::quota(quota(2, Period::Day)));
    assert_eq!(node.granted_of(9).await, 2, "the node's own count holds");
    assert!(!node.store.is_degraded(), "the others are shared as before");
    let charge = node.limits.charge();
    let failure = node
        .store
        .usage(charge.quota.as_ref().unwrap(), ALL, node.now())
        .await;
    let text = failure.expect_err("it is no hash").to_string();
    assert!(text.contains("WRONGTYPE"), "{text}");
}
