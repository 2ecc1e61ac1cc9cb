//! Settings: what cannot be used is said at once, and no secret is told.

mod support;

use std::time::Duration;

use support::{Limits, RedisServer, server::free_port, still, until};
use towergate_redis::{BuildError, Mode, RedisLimits, StoreEvent};
use towergate_throttling::SharedLimits;

#[test]
fn what_cannot_be_used_is_an_error() {
    let account = |text: &str| BuildError::Account(text.to_owned());
    let tls = match cfg!(feature = "rustls") {
        true => None,
        false => Some(BuildError::Tls),
    };
    let cases = [
        ("tcp", "redis://127.0.0.1:6379/0", "1", None),
        ("a user", "redis://user:secret@127.0.0.1/2", "1", None),
        ("valkey", "valkey://127.0.0.1", "1", None),
        ("tls", "rediss://127.0.0.1", "1", tls),
        ("no URL", "", "1", Some(BuildError::Url)),
        ("no scheme", "127.0.0.1:6379", "1", Some(BuildError::Url)),
        (
            "another scheme",
            "http://127.0.0.1",
            "1",
            Some(BuildError::Url),
        ),
        (
            "no database",
            "redis://127.0.0.1/zero",
            "1",
            Some(BuildError::Url),
        ),
        ("no account", "redis://127.0.0.1", "", Some(account(""))),
        ("a brace", "redis://127.0.0.1", "a}b", Some(account("a}b"))),
    ];
    for (name, url, number, error) in cases {
        let built = RedisLimits::builder(url).account(number).build();
        assert_eq!(built.err(), error, "{name}");
    }
}

#[tokio::test]
async fn the_longest_deadline_is_a_minute() {
    let builder = RedisLimits::builder("redis://127.0.0.1:1").deadline(Duration::MAX);
    let store = builder
        .connect()
        .await
        .expect("the settings are well formed");
    assert!(format!("{store:?}").contains("deadline: 60s"), "{store:?}");
    let limits = Limits::plan(still(1));
    let decision = store.decide(&limits.charge(), Default::default()).await;
    assert!(decision.is_ok());
}

#[test]
fn errors_say_how_to_mend_them() {
    let cases = [
        (
            BuildError::Account("a}b".to_owned()),
            "the account `a}b` cannot be a hash tag; give a text without `{` and `}`",
        ),
        (
            BuildError::Tls,
            "the redis URL is `rediss://`; switch on the feature `rustls`",
        ),
        (
            BuildError::Url,
            "the redis URL cannot be read; write `redis://HOST:PORT/DATABASE`, `rediss://..` or `unix:///PATH`",
        ),
    ];
    for (error, text) in cases {
        assert_eq!(error.to_string(), text);
    }
}

#[tokio::test]
async fn a_password_is_told_to_the_server_alone() {
    let server = RedisServer::with(&["--save", "", "--requirepass", "right-s3cret"]);
    let url = |password: &str| format!("redis://:{password}@127.0.0.1:{}", server.port());
    let (sender, events) = std::sync::mpsc::channel();
    let builder = RedisLimits::builder(url("wrong-s3cret")).observer(move |event: &StoreEvent| {
        sender.send(format!("{event:?}")).expect("the test listens");
    });
    assert!(!format!("{builder:?}").contains("s3cret"));
    let store = builder
        .connect()
        .await
        .expect("the settings are well formed");
    let event = events.try_recv().expect("it was told");
    assert!(
        event.starts_with("Degraded") && !event.contains("s3cret"),
        "{event}"
    );
    let debug = format!("{store:?}");
    assert!(
        debug.contains("127.0.0.1") && !debug.contains("s3cret"),
        "{debug}"
    );

    let limits = Limits::plan(still(3));
    let builder = RedisLimits::builder(url("right-s3cret"))
        .mode(Mode::Exact)
        .deadline(Duration::from_secs(10));
    let store = builder
        .connect()
        .await
        .expect("the settings are well formed");
    assert!(!store.is_degraded());
    let decision = store.decide(&limits.charge(), Default::default()).await;
    assert!(decision.is_ok() && !store.is_degraded());
    let refused = RedisLimits::builder(format!("redis://:s3cret@127.0.0.1:{}", free_port()))
        .connect()
        .await;
    assert!(!format!("{refused:?}").contains("s3cret"));
}

#[tokio::test]
async fn clones_share_one_connection_and_the_last_ends_it() {
    let server = RedisServer::start();
    let builder = RedisLimits::builder(server.url())
        .mode(Mode::Exact)
        .deadline(Duration::from_secs(10));
    let store = builder
        .connect()
        .await
        .expect("the settings are well formed");
    let limits = Limits::plan(still(100));
    for _ in 0..20 {
        let clone = store.clone();
        assert!(
            clone
                .decide(&limits.charge(), Default::default())
                .await
                .is_ok()
        );
    }
    let mut own = server.connection();
    let mut clients = || -> usize {
        let list: String = redis::cmd("CLIENT").arg("LIST").query(&mut own).unwrap();
        list.lines().count()
    };
    assert_eq!(clients(), 2, "the store's and the test's");
    drop(store);
    until("the connection ended", || clients() == 1).await;
}

#[cfg(feature = "rustls")]
#[tokio::test]
async fn tls_is_never_left_out() {
    let server = RedisServer::start();
    let url = format!("rediss://127.0.0.1:{}", server.port());
    let connected = RedisLimits::builder(url).connect().await;
    let store = connected.expect("the settings are well formed");
    assert!(store.is_degraded(), "the server speaks no TLS");
}
