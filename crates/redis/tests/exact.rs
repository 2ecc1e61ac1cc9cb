//! Exact decisions: one call of one script each, the same for all nodes, whatever their clocks show.

mod support;

use std::time::Duration;

use redis::Commands;
use support::{ACCOUNT, Limits, Node, RedisServer, contents, flush, info, quota, still};
use towergate_redis::Mode;
use towergate_throttling::{Period, Rate, RefusedBy, SharedLimits};

/// Lets all nodes ask at once, and returns how many requests were granted.
async fn storm(nodes: &[Node], requests: u32) -> u32 {
    let mut granted = 0;
    let (first, rest) = nodes.split_first().expect("a node");
    match rest {
        [] => granted += first.granted_of(requests).await,
        [second] => {
            let (a, b) = tokio::join!(first.granted_of(requests), second.granted_of(requests));
            granted += a + b;
        }
        [second, third, fourth, ..] => {
            let counts = tokio::join!(
                first.granted_of(requests),
                second.granted_of(requests),
                third.granted_of(requests),
                fourth.granted_of(requests)
            );
            granted += counts.0 + counts.1 + counts.2 + counts.3;
        }
        _ => unreachable!("one, two or four nodes"),
    }
    granted
}

#[tokio::test]
async fn nodes_share_one_limit_exactly() {
    let server = RedisServer::start();
    for (name, nodes) in [("two nodes", 2), ("four nodes", 4)] {
        let limits = || Limits::plan(still(100)).and_quota(quota(1_000, Period::Day));
        let nodes: Vec<_> = (0..nodes)
            .map(|_| Node::new(&server, Mode::Exact, limits()))
            .collect();
        assert_eq!(storm(&nodes, 60).await, 100, "{name}");
        flush(&server);
    }
}

#[tokio::test]
async fn clocks_of_nodes_do_not_matter() {
    let server = RedisServer::start();
    let node = |minutes: u64, ahead: bool| {
        let node = Node::new(
            &server,
            Mode::Exact,
            Limits::plan(still(20)).and_quota(quota(30, Period::Day)),
        );
        let skew = Duration::from_secs(60 * minutes);
        if ahead {
            node.clock.advance(skew);
        }
        node
    };
    let nodes = [
        node(0, true),
        node(47, true),
        node(24 * 60, true),
        node(0, false),
    ];
    assert_eq!(storm(&nodes, 10).await, 20);
}

#[tokio::test]
async fn a_decision_is_one_call_of_one_script() {
    let server = RedisServer::start();
    let rate = still(1_000);
    let limits = Limits::plan(rate)
        .throttle(1, rate)
        .throttle(2, rate)
        .and_quota(quota(1_000, Period::Month));
    let node = Node::new(&server, Mode::Exact, limits);
    assert!(node.decide().await.is_ok());
    let calls = || info(&server, "commandstats", "cmdstat_evalsha:calls=");
    let before = calls();
    assert_eq!(node.granted_of(50).await, 50);
    assert_eq!(calls() - before, 50);
    assert_eq!(
        info(&server, "commandstats", "cmdstat_eval:calls="),
        1,
        "the text is sent once"
    );
}

#[tokio::test]
async fn a_forgotten_script_is_sent_again() {
    let server = RedisServer::start();
    let node = Node::new(&server, Mode::Exact, Limits::plan(still(10)));
    assert!(node.decide().await.is_ok());
    let _: () = redis::cmd("SCRIPT")
        .arg("FLUSH")
        .query(&mut server.connection())
        .unwrap();
    assert_eq!(node.granted_of(20).await, 9);
    assert!(node.events.names().is_empty());
}

#[tokio::test]
async fn keys_share_a_hash_tag_and_expire() {
    let server = RedisServer::start();
    let limits = Limits::plan(Rate::per_second(2.0).burst(10))
        .throttle(1, Rate::per_second(1.0).burst(3_000))
        .throttle(2, still(7))
        .and_quota(quota(5, Period::Week(Default::default())));
    let node = Node::new(&server, Mode::Exact, limits);
    assert_eq!(node.granted_of(5).await, 5);

    let mut connection = server.connection();
    let mut keys: Vec<String> = connection.keys("*").unwrap();
    keys.sort();
    let prefix = format!("towergate:{{{ACCOUNT}}}:");
    let named: Vec<_> = keys
        .iter()
        .map(|key| key.strip_prefix(&prefix).expect(key))
        .collect();
    let expected = [
        "bucket:account/123456789012",
        "bucket:plan/p1/k1",
        "bucket:stage/pets/prod/pets/{id}/GET",
        "probe",
        "quota:plan/p1/k1",
    ];
    assert_eq!(named, expected);
    // A bucket is gone when it is full: five tokens of 1000 s, of half a second, of a second.
    let most = [5_000_000, 2_500, 5_000, 1_000, 92 * 86_400_000];
    for (key, most) in keys.iter().zip(most) {
        let ttl: i64 = connection.pttl(key).unwrap();
        assert!((1..=most).contains(&ttl), "{key}: {ttl} of {most}");
    }
}

#[tokio::test]
async fn a_refusal_writes_nothing_and_names_the_first_that_refuses() {
    let server = RedisServer::start();
    let (none, some) = (Rate::per_second(0.0), still(100));
    let spent = || quota(0, Period::Day);
    let cases = [
        (
            "plan",
            Limits::plan(none).throttle(1, none).throttle(2, some),
            RefusedBy::Throttle(0),
        ),
        (
            "stage",
            Limits::plan(some).throttle(1, none).throttle(2, some),
            RefusedBy::Throttle(1),
        ),
        (
            "account",
            Limits::plan(some)
                .throttle(1, some)
                .throttle(2, none)
                .and_quota(spent()),
            RefusedBy::Throttle(2),
        ),
        (
            "quota",
            Limits::plan(some)
                .throttle(1, some)
                .throttle(2, some)
                .and_quota(spent()),
            RefusedBy::Quota,
        ),
    ];
    for (name, limits, by) in cases {
        let node = Node::new(
            &server,
            Mode::Exact,
            Limits::plan(some)
                .throttle(1, some)
                .throttle(2, some)
                .and_quota(quota(100, Period::Day)),
        );
        assert!(node.decide().await.is_ok(), "{name}");
        let before = contents(&server);
        let node = Node::new(&server, Mode::Exact, limits);
        let refusal = node.decide().await.expect_err(name);
        assert_eq!(refusal.by, by, "{name}");
        assert_eq!(contents(&server), before, "{name}");
    }
}

#[tokio::test]
async fn a_refusal_tells_when_to_come_again() {
    let server = RedisServer::start();
    let node = Node::new(
        &server,
        Mode::Exact,
        Limits::plan(Rate::per_second(0.1).burst(2)),
    );
    assert_eq!(node.granted_of(2).await, 2);
    let refusal = node.decide().await.expect_err("the bucket is empty");
    let after = refusal.retry_after.expect("it fills");
    assert!(
        after <= Duration::from_secs(10) && after > Duration::from_secs(5),
        "{after:?}"
    );

    let node = Node::new(&server, Mode::Exact, Limits::plan(Rate::per_second(0.0)));
    let refusal = node.decide().await.expect_err("the bucket never fills");
    assert_eq!(refusal.retry_after, None);
}

#[tokio::test]
async fn no_limit_asks_nobody() {
    let server = RedisServer::start();
    let node = Node::new(&server, Mode::Exact, Limits::default());
    assert_eq!(
        node.store.decide_now(&node.limits.charge(), node.now()),
        Some(Ok(()))
    );
}
