//! Outages: nobody fails, nobody waits longer than the deadline, and what was granted meanwhile counts.

mod support;

use std::{
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use redis::Commands;
use support::{ACCOUNT, Limits, Node, RedisServer, flush, info, quota, still, until};
use tokio::time::timeout;
use towergate_redis::{Mode, RedisLimits, StoreError, StoreEvent};
use towergate_throttling::{OutagePolicy, Period, RefusedBy, SharedLimits};

/// Long beside the deadline, and short beside what a request without one would wait: for ever.
const PATIENCE: Duration = Duration::from_secs(20);

fn used(server: &RedisServer) -> u64 {
    let key = format!("towergate:{{{ACCOUNT}}}:quota:plan/p1/k1");
    server.connection().hget(key, "n").unwrap_or(0)
}

#[tokio::test]
async fn a_killed_server_is_an_outage_and_a_restart_its_end() {
    let mut server = RedisServer::durable();
    for mode in [Mode::Exact, Mode::Leased] {
        let limits = Limits::plan(still(1_000)).and_quota(quota(90, Period::Month));
        let node = Node::new(&server, mode, limits);
        assert_eq!(node.granted_of(20).await, 20, "{mode:?}");
        assert_eq!(used(&server), 20, "{mode:?}");

        server.kill();
        let during = timeout(PATIENCE, node.granted_of(30)).await;
        assert_eq!(during, Ok(30), "{mode:?}: granted by the node itself");
        assert_eq!(node.events.names(), ["degraded"], "{mode:?}");
        assert!(node.store.is_degraded(), "{mode:?}");

        assert!(server.restart(), "{mode:?}");
        node.recovered().await;
        assert_eq!(node.events.names(), ["degraded", "recovered"], "{mode:?}");
        assert_eq!(
            used(&server),
            50,
            "{mode:?}: what the server knew, and what the node did"
        );
        assert_eq!(node.granted_of(60).await, 40, "{mode:?}");
        flush(&server);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_under_load_fails_no_request() {
    let mut server = RedisServer::durable();
    let limits = || Limits::quota(quota(1_000_000, Period::Month));
    let node = Arc::new(Node::new(&server, Mode::Exact, limits()));
    let callers: Vec<_> = (0..50)
        .map(|_| {
            let node = Arc::clone(&node);
            tokio::spawn(async move { node.granted_of(200).await })
        })
        .collect();
    until("some were granted", || used(&server) > 500).await;
    server.kill();
    let mut granted = 0;
    for caller in callers {
        granted += timeout(PATIENCE, caller)
            .await
            .expect("nobody waits")
            .expect("nobody fails");
    }
    assert_eq!(granted, 10_000);
    assert!(server.restart());
    node.recovered().await;
    // Some were on their way as the server died: they may count twice, and never too little.
    until("all is settled", || used(&server) >= 10_000).await;
    assert!(used(&server) <= 10_050, "{}", used(&server));
}

#[tokio::test]
async fn each_policy_holds_without_a_server() {
    let two = NonZeroU32::new(2).expect("two");
    let cases = [
        ("the store's", None, OutagePolicy::Closed, 0),
        ("local: a share of the rate", None, OutagePolicy::Local, 5),
        ("open", None, OutagePolicy::Open, 20),
        (
            "the charge's own comes first",
            Some(OutagePolicy::Open),
            OutagePolicy::Closed,
            20,
        ),
        (
            "the charge's own closed",
            Some(OutagePolicy::Closed),
            OutagePolicy::Open,
            0,
        ),
    ];
    let mut server = RedisServer::start();
    server.kill();
    for mode in [Mode::Exact, Mode::Leased] {
        for (name, own, store, granted) in cases {
            let mut limits = Limits::plan(still(10));
            if let Some(own) = own {
                limits = limits.outage(own);
            }
            let node = Node::with(&server, limits, |builder| {
                builder.mode(mode).nodes(two).on_outage(store)
            });
            assert_eq!(
                timeout(PATIENCE, node.granted_of(20)).await,
                Ok(granted),
                "{mode:?}, {name}"
            );
            assert_eq!(node.events.names(), ["degraded"], "{mode:?}, {name}");
            if granted == 0 {
                let refusal = node.decide().await.expect_err(name);
                assert_eq!(
                    (refusal.by, refusal.retry_after),
                    (RefusedBy::Outage, None),
                    "{name}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_server_that_stands_still_is_left_after_three_deadlines() {
    let server = RedisServer::start();
    let limits = Limits::plan(still(1_000));
    let node = Node::with(&server, limits, |builder| {
        builder
            .mode(Mode::Exact)
            .on_outage(OutagePolicy::Closed)
            .deadline(Duration::from_millis(50))
    });
    node.store
        .decide(&node.limits.charge(), node.now())
        .await
        .ok();
    server.stop();
    let mut waited = 0;
    for _ in 0..1_000 {
        let (charge, now) = (node.limits.charge(), node.now());
        if node.store.decide_now(&charge, now).is_none() {
            waited += 1;
            let decision = timeout(PATIENCE, node.store.decide(&charge, now)).await;
            assert!(decision.expect("the deadline ends it").is_err());
        }
    }
    assert_eq!(waited, 3, "those who found out");
    assert_eq!(
        node.events.told(),
        [StoreEvent::Degraded {
            cause: StoreError::TimedOut
        }]
    );
    server.resume();
    node.recovered().await;
    assert!(node.decide().await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recovery_is_one_connection_however_many_wait() {
    let mut server = RedisServer::start();
    let node = Arc::new(Node::new(
        &server,
        Mode::Exact,
        Limits::plan(still(1_000)).outage(OutagePolicy::Open),
    ));
    assert!(node.decide().await.is_ok());
    server.kill();
    assert!(node.decide().await.is_ok());
    assert!(server.restart());
    let callers: Vec<_> = (0..50)
        .map(|_| {
            let node = Arc::clone(&node);
            tokio::spawn(async move {
                while node.store.is_degraded() {
                    assert!(node.decide().await.is_ok());
                    tokio::task::yield_now().await;
                }
                node.decide().await
            })
        })
        .collect();
    for caller in callers {
        assert_eq!(caller.await.expect("nobody fails"), Ok(()));
    }
    // The one that was opened to see whether the server is back, and the one that asks here.
    assert_eq!(info(&server, "stats", "total_connections_received:"), 2);
}

#[tokio::test]
async fn what_was_granted_without_an_answer_is_settled_without_an_outage() {
    let server = RedisServer::start();
    let limits = Limits::quota(quota(1_000, Period::Month));
    let node = Node::with(&server, limits, |builder| {
        builder
            .mode(Mode::Exact)
            .deadline(Duration::from_millis(50))
    });
    let first = node.decide().await;
    assert_eq!((first, used(&server)), (Ok(()), 1));
    server.stop();
    assert_eq!(timeout(PATIENCE, node.decide()).await, Ok(Ok(())));
    server.resume();
    // The call that was late is done too: it counts twice.
    until("it is settled", || used(&server) == 3).await;
    assert!(node.events.names().is_empty());
}

#[tokio::test]
async fn a_connection_that_the_server_ended_is_no_outage() {
    let server = RedisServer::start();
    let node = Node::new(
        &server,
        Mode::Exact,
        Limits::plan(still(10)).outage(OutagePolicy::Closed),
    );
    assert!(node.decide().await.is_ok());
    let _: () = redis::cmd("CLIENT")
        .arg("KILL")
        .arg("TYPE")
        .arg("normal")
        .arg("SKIPME")
        .arg("yes")
        .query(&mut server.connection())
        .unwrap();
    assert_eq!(node.granted_of(20).await, 9);
    assert!(node.events.names().is_empty());
}

#[tokio::test]
async fn a_server_that_ends_every_connection_is_an_outage() {
    // The probe succeeds, and a script ends the connection.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("a free port");
    let address = listener.local_addr().expect("its address");
    let connections = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&connections);
    tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        while let Ok((mut socket, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::Relaxed);
            let mut buffer = [0; 4_096];
            while let Ok(read @ 1..) = socket.read(&mut buffer).await {
                let text = String::from_utf8_lossy(&buffer[..read]).into_owned();
                if text.contains("EVALSHA") {
                    break;
                }
                let commands = text.matches("CLIENT").count() + text.matches("\r\nSET\r\n").count();
                let _ = socket
                    .write_all("+OK\r\n".repeat(commands).as_bytes())
                    .await;
            }
        }
    });
    let builder = RedisLimits::builder(format!("redis://{address}")).mode(Mode::Exact);
    let store = builder
        .deadline(PATIENCE)
        .build()
        .expect("the settings are well formed");
    let limits = Limits::plan(still(1_000));
    for _ in 0..100 {
        let (charge, now) = (limits.charge(), Default::default());
        let decision = match store.decide_now(&charge, now) {
            Some(decision) => decision,
            None => store.decide(&charge, now).await,
        };
        assert_eq!(decision, Ok(()));
    }
    assert_eq!(
        connections.load(Ordering::Relaxed),
        1,
        "a pause follows a connection that was of no use"
    );
}

#[tokio::test]
async fn a_server_that_is_down_at_the_start_is_an_outage() {
    let mut server = RedisServer::start();
    server.kill();
    let builder = RedisLimits::builder(server.url()).mode(Mode::Exact);
    let store = builder
        .connect()
        .await
        .expect("the settings are well formed");
    assert!(store.is_degraded());
    let limits = Limits::plan(still(10));
    assert_eq!(
        store.decide_now(&limits.charge(), Default::default()),
        Some(Ok(()))
    );
    let quota_of = Limits::quota(quota(10, Period::Day));
    let charge = quota_of.charge();
    let charged = charge.quota.as_ref().expect("a quota");
    let set = store.set_remaining(charged, 5, Default::default()).await;
    assert!(
        set.expect_err("nobody is there")
            .to_string()
            .contains("out of reach")
    );
    assert!(server.restart());
    until("it is in reach", || !store.is_degraded()).await;
}

#[tokio::test]
async fn a_replica_that_takes_no_writes_is_an_outage() {
    let server = RedisServer::with(&["--save", "", "--min-replicas-to-write", "1"]);
    let node = Node::new(&server, Mode::Exact, Limits::plan(still(10)));
    assert_eq!(node.granted_of(20).await, 10, "by the node's own bucket");
    assert_eq!(node.events.names(), ["degraded"]);
    let told = node.events.told();
    assert!(
        matches!(&told[..], [StoreEvent::Degraded { cause: StoreError::Answer(text) }] if text.contains("NOREPLICAS")),
        "{told:?}"
    );
}

#[tokio::test]
async fn without_a_deadline_the_policy_decides() {
    let server = RedisServer::start();
    let node = Node::with(&server, Limits::plan(still(10)), |builder| {
        builder
            .mode(Mode::Exact)
            .deadline(Duration::ZERO)
            .on_outage(OutagePolicy::Closed)
    });
    assert!(
        timeout(PATIENCE, node.decide())
            .await
            .expect("nobody waits")
            .is_err()
    );
}

#[test]
fn without_a_runtime_the_policy_decides() {
    let server = RedisServer::start();
    let limits = Limits::plan(still(10));
    let charge = limits.charge();
    let builder = || RedisLimits::builder(server.url()).mode(Mode::Exact);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.expect("a runtime");
    let connected = runtime.block_on(builder().connect());
    for (name, store) in [
        ("never connected", builder().build()),
        ("connected", connected),
    ] {
        let store = store.expect("the settings are well formed");
        let mut decision = store.decide(&charge, Default::default());
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        let polled = decision.as_mut().poll(&mut cx);
        assert_eq!(polled, std::task::Poll::Ready(Ok(())), "{name}");
    }
}
