//! Leased decisions: nodes borrow, spend without asking, and stay within the stated bound.

mod support;

use std::{
    num::NonZeroU32,
    sync::Arc,
    task::{Context, Waker},
    time::Duration,
};

use redis::Commands;
use support::{ACCOUNT, Limits, Node, RedisServer, flush, info, quota, still, until};
use towergate_throttling::{Period, Rate, RefusedBy, SharedLimits};

/// A rate whose leases are a tenth of the burst.
fn fast(burst: u64) -> Rate {
    Rate::per_second(1_000_000.0).burst(burst)
}

fn nodes_of(server: &RedisServer, count: u32, limits: impl Fn() -> Limits) -> Vec<Node> {
    (0..count)
        .map(|_| {
            Node::with(server, limits(), |builder| {
                let count = NonZeroU32::new(count).expect("some nodes");
                builder.nodes(count).deadline(Duration::from_secs(10))
            })
        })
        .collect()
}

#[tokio::test]
async fn nodes_stay_within_the_quota_and_reach_it() {
    let server = RedisServer::start();
    for count in [2, 4] {
        let nodes = nodes_of(&server, count, || Limits::quota(quota(10_000, Period::Day)));
        // Their clocks are minutes apart.
        for (minutes, node) in (0..).step_by(17).zip(&nodes) {
            node.clock.advance(Duration::from_secs(60 * minutes));
        }
        let mut granted = 0;
        let mut refused = 0;
        for turn in 0..15_000 {
            match nodes[turn % nodes.len()].decide().await {
                Ok(()) => granted += 1,
                Err(refusal) => {
                    assert_eq!(refusal.by, RefusedBy::Quota);
                    refused += 1;
                }
            }
        }
        assert_eq!(
            granted, 10_000,
            "{count} nodes spend all of it, and no more"
        );
        assert_eq!(refused, 5_000);
        let calls = info(&server, "commandstats", "cmdstat_evalsha:calls=");
        assert!(calls < 3_000, "{count} nodes asked {calls} times");
        flush(&server);
        let _: () = redis::cmd("CONFIG")
            .arg("RESETSTAT")
            .query(&mut server.connection())
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_at_once_stay_within_the_quota() {
    let server = RedisServer::start();
    let nodes = nodes_of(&server, 2, || {
        Limits::plan(still(u64::MAX)).and_quota(quota(5_000, Period::Month))
    });
    let callers: Vec<_> = nodes
        .into_iter()
        .map(Arc::new)
        .flat_map(|node| {
            [(); 8].map(|()| {
                let node = Arc::clone(&node);
                tokio::spawn(async move { node.granted_of(500).await })
            })
        })
        .collect();
    let mut granted = 0;
    for caller in callers {
        granted += caller.await.expect("nobody fails");
    }
    // A token that one request put back as the lease was renewed is lost until its period ends.
    assert!((4_900..=5_000).contains(&granted), "{granted}");
}

#[tokio::test]
async fn a_request_that_is_dropped_keeps_nobody_from_borrowing() {
    let server = RedisServer::start();
    let node = Node::with(
        &server,
        Limits::plan(fast(1_000)).and_quota(quota(10_000, Period::Day)),
        |builder| builder.deadline(Duration::from_secs(10)),
    );
    let (charge, now) = (node.limits.charge(), node.now());
    for _ in 0..3 {
        let mut decision = node.store.decide(&charge, now);
        let mut cx = Context::from_waker(Waker::noop());
        assert!(decision.as_mut().poll(&mut cx).is_pending());
    }
    assert!(node.decide().await.is_ok());
    let calls = info(&server, "commandstats", "cmdstat_evalsha:calls=");
    for _ in 0..50 {
        assert_eq!(
            node.store.decide_now(&charge, now),
            Some(Ok(())),
            "from the lease"
        );
    }
    assert_eq!(
        info(&server, "commandstats", "cmdstat_evalsha:calls="),
        calls
    );
}

#[tokio::test]
async fn a_token_is_put_back_if_another_limit_refuses() {
    let server = RedisServer::start();
    let node = Node::with(
        &server,
        Limits::plan(fast(1_000)).throttle(1, still(1)),
        |builder| builder.deadline(Duration::from_secs(10)),
    );
    assert!(node.decide().await.is_ok());
    // The first bucket lent 100, of which 99 are here; the second is empty.
    for _ in 0..200 {
        let refusal = node.decide().await.expect_err("the second refuses");
        assert_eq!(refusal.by, RefusedBy::Throttle(1));
        node.clock.advance(Duration::from_millis(4));
    }
    let mut charge = node.limits.charge();
    charge.throttles[1] = None;
    for number in 0..99 {
        assert_eq!(
            node.store.decide_now(&charge, node.now()),
            Some(Ok(())),
            "{number}"
        );
    }
}

#[tokio::test]
async fn small_limits_are_exact() {
    let server = RedisServer::start();
    let nodes = nodes_of(&server, 4, || {
        Limits::plan(still(19)).and_quota(quota(399, Period::Day))
    });
    let mut granted = 0;
    for node in nodes.iter().cycle().take(40) {
        granted += u32::from(node.decide().await.is_ok());
    }
    assert_eq!(granted, 19);
}

#[tokio::test]
async fn a_lease_is_spent_without_asking() {
    let server = RedisServer::start();
    let rate = fast(100_000);
    let node = Node::with(&server, Limits::plan(rate).throttle(2, rate), |builder| {
        builder.deadline(Duration::from_secs(10))
    });
    assert!(node.decide().await.is_ok());
    let calls = info(&server, "commandstats", "cmdstat_evalsha:calls=");
    for number in 0..7_000 {
        let now = node.store.decide_now(&node.limits.charge(), node.now());
        assert_eq!(now, Some(Ok(())), "{number}");
    }
    assert_eq!(
        info(&server, "commandstats", "cmdstat_evalsha:calls="),
        calls
    );
    // Of 10 000 that were lent, a quarter is left: both limits are filled up behind the next requests.
    for _ in 0..1_000 {
        assert!(node.decide().await.is_ok());
    }
    until("both are filled up", || {
        info(&server, "commandstats", "cmdstat_evalsha:calls=") == calls + 2
    })
    .await;
    assert_eq!(node.granted_of(9_000).await, 9_000);
}

#[tokio::test]
async fn a_node_that_dies_loses_its_lease_at_most() {
    let server = RedisServer::start();
    let limits = || Limits::quota(quota(10_000, Period::Day));
    let two = NonZeroU32::new(2).expect("two");
    let node = || {
        Node::with(&server, limits(), |builder| {
            builder.nodes(two).deadline(Duration::from_secs(10))
        })
    };
    let dying = node();
    assert_eq!(dying.granted_of(10).await, 10);
    drop(dying);
    let heir = node();
    let granted = 10 + heir.granted_of(11_000).await;
    // A lease is a hundredth of the quota, divided by the nodes.
    assert!((9_950..=10_000).contains(&granted), "{granted}");
}

#[tokio::test]
async fn what_is_not_spent_comes_back() {
    let server = RedisServer::start();
    let limits = Limits::plan(fast(1_000)).and_quota(quota(10_000, Period::Day));
    let node = Node::with(&server, limits, |builder| {
        builder.deadline(Duration::from_secs(10))
    });
    assert!(node.decide().await.is_ok());
    let key = format!("towergate:{{{ACCOUNT}}}:quota:plan/p1/k1");
    let used = || -> u64 { server.connection().hget(&key, "n").unwrap() };
    assert_eq!(used(), 100);
    node.clock.advance(Duration::from_secs(2));
    until("99 came back", || used() == 1).await;
    let charge = node.limits.charge();
    let day = node.store.usage(
        charge.quota.as_ref().unwrap(),
        Default::default()..=towergate_throttling::Day(u32::MAX),
        node.now(),
    );
    let usage = day.await.unwrap();
    assert_eq!((usage[0].used, usage[0].remaining), (1, 9_999));
}

#[tokio::test]
async fn a_refusal_is_remembered_and_a_storm_asks_once() {
    let server = RedisServer::start();
    let limits = Limits::plan(still(1_000)).and_quota(quota(3, Period::Month));
    let node = Node::with(&server, limits, |builder| {
        builder.deadline(Duration::from_secs(10))
    });
    assert_eq!(node.granted_of(3).await, 3);
    let calls = || info(&server, "commandstats", "cmdstat_evalsha:calls=");
    let before = calls();
    for _ in 0..1_000 {
        let refusal = node.decide().await.expect_err("the quota is used up");
        assert_eq!(refusal.by, RefusedBy::Quota);
        assert!(refusal.retry_after.is_some());
    }
    assert_eq!(calls() - before, 1);
    node.clock.advance(Duration::from_secs(1));
    assert!(node.decide().await.is_err());
    assert_eq!(calls() - before, 2, "after a second it is asked again");
}

#[tokio::test]
async fn an_extension_is_seen_at_once_by_the_node_that_made_it() {
    let server = RedisServer::start();
    let node = Node::with(&server, Limits::quota(quota(3, Period::Month)), |builder| {
        builder.deadline(Duration::from_secs(10))
    });
    assert_eq!(node.granted_of(5).await, 3);
    let charge = node.limits.charge();
    let quota = charge.quota.as_ref().unwrap();
    node.store
        .set_remaining(quota, 4, node.now())
        .await
        .unwrap();
    assert_eq!(node.granted_of(10).await, 4);
}

/// A thousand tokens a second, of which a node borrows a tenth of the burst, divided by the nodes: 50 ms of the rate at most.
fn thousand() -> Rate {
    Rate::per_second(1_000.0).burst(1_000)
}

/// The time of the server, in seconds.
fn time(server: &RedisServer) -> f64 {
    let (seconds, micros): (f64, f64) = redis::cmd("TIME")
        .query(&mut server.connection())
        .expect("the time");
    seconds + micros / 1e6
}

#[tokio::test]
async fn throttles_stay_within_the_stated_bound() {
    let server = RedisServer::start();
    for count in [2, 4] {
        let nodes = nodes_of(&server, count, || Limits::plan(thousand()));
        let begin = time(&server);
        let mut granted = 0;
        for node in nodes.iter().cycle().take(6_000) {
            granted += u32::from(node.decide().await.is_ok());
            // The nodes' clocks go on as the requests come.
            node.clock.advance(Duration::from_micros(100));
        }
        // The leases of all are 100 tokens together.
        let most = 1_000.0 * (time(&server) - begin) + 1_000.0 + 100.0;
        assert!(f64::from(granted) <= most, "{count}: {granted} of {most}");
        assert!(
            granted >= 900,
            "{count}: {granted}, the burst less the leases"
        );
        flush(&server);
    }
}

#[tokio::test]
async fn a_node_that_dies_loses_the_tokens_of_its_lease_at_most() {
    let server = RedisServer::start();
    let nodes = nodes_of(&server, 2, || Limits::plan(thousand()));
    let begin = time(&server);
    let [dying, heir] = <[Node; 2]>::try_from(nodes).ok().expect("two nodes");
    assert_eq!(dying.granted_of(10).await, 10);
    drop(dying);
    let granted = f64::from(10 + heir.granted_of(3_000).await);
    let most = 1_000.0 * (time(&server) - begin) + 1_000.0 + 100.0;
    assert!((950.0..=most).contains(&granted), "{granted} of {most}");
}
