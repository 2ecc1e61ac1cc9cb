use std::time::Duration;

use tokio::net::TcpListener;
use towergate_testing::FixedRandom;

use super::*;
use crate::script::DECIDE;

/// A link to a server that takes connections and writes, and answers no script.
async fn silent_link() -> Arc<Link> {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("its address");
    tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut buffer = [0; 4_096];
                while let Ok(read @ 1..) = socket.read(&mut buffer).await {
                    let text = String::from_utf8_lossy(&buffer[..read]).into_owned();
                    // Every command of the handshake, and the probe.
                    let commands =
                        text.matches("CLIENT").count() + text.matches("\r\nSET\r\n").count();
                    let _ = socket
                        .write_all("+OK\r\n".repeat(commands).as_bytes())
                        .await;
                }
            });
        }
    });
    let client = redis::Client::open(format!("redis://{address}")).expect("the URL is well formed");
    let random = Arc::new(FixedRandom::new(0));
    Arc::new(Link::new(client, "probe".to_owned(), random, None))
}

#[tokio::test]
async fn no_more_calls_wait_than_may() {
    let link = silent_link().await;
    let until = Instant::now() + Duration::from_secs(60);
    link.live(until).await.expect("it takes connections");
    let calls: Vec<_> = (0..MAX_WAITING)
        .map(|_| {
            let link = Arc::clone(&link);
            tokio::spawn(async move { link.run(&Call::new(&DECIDE), until).await })
        })
        .collect();
    while link.waiting.available_permits() > 0 {
        tokio::task::yield_now().await;
    }
    let one_more = link.run(&Call::new(&DECIDE), until).await;
    assert_eq!(one_more, Err(StoreError::Crowded));
    assert!(!link.is_down(), "that is no failure of the server");
    for call in &calls {
        call.abort();
    }
    for call in calls {
        let _ = call.await;
    }
    let until = Instant::now() + Duration::from_millis(1);
    let after = link.run(&Call::new(&DECIDE), until).await;
    assert_eq!(after, Err(StoreError::TimedOut), "there is room again");
}

#[tokio::test]
async fn three_failures_in_a_row_open_the_breaker() {
    let link = silent_link().await;
    let soon = || Instant::now() + Duration::from_millis(1);
    link.live(Instant::now() + Duration::from_secs(60))
        .await
        .expect("it takes connections");
    for failure in 1..=3 {
        assert!(!link.is_down(), "{failure}");
        assert_eq!(
            link.run(&Call::new(&DECIDE), soon()).await,
            Err(StoreError::TimedOut),
            "{failure}"
        );
    }
    assert!(link.is_down());
    assert_eq!(
        link.run(&Call::new(&DECIDE), soon()).await,
        Err(StoreError::Unreachable)
    );
}

#[test]
fn a_recovery_that_is_stopped_is_begun_again() {
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime")
    };
    let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = port.local_addr().expect("its address");
    drop(port);
    let client = redis::Client::open(format!("redis://{address}")).expect("the URL is well formed");
    let link = Arc::new(Link::new(
        client,
        "probe".to_owned(),
        Arc::new(FixedRandom::new(0)),
        None,
    ));
    for _ in 0..2 {
        let runtime = runtime();
        let answer = runtime.block_on(link.run(
            &Call::new(&DECIDE),
            Instant::now() + Duration::from_secs(60),
        ));
        assert_eq!(answer, Err(StoreError::Unreachable));
        assert!(link.is_down());
        drop(runtime);
        assert!(
            !link.is_down(),
            "nobody connects any more: the next request does"
        );
    }
}

#[test]
fn days_are_those_of_the_servers_clock() {
    let client = redis::Client::open("redis://127.0.0.1").expect("the URL is well formed");
    let link = Link::new(
        client,
        "probe".to_owned(),
        Arc::new(FixedRandom::new(0)),
        None,
    );
    let day = Timestamp::from_unix_millis(20_000 * 86_400_000);
    assert_eq!(
        link.day(day),
        20_000,
        "as long as it is not known, this node's"
    );
    link.note_time(20_000 * 86_400_000_000 - 1_000, day);
    assert_eq!(link.day(day), 19_999);
    link.note_time(i64::MIN, day);
    assert_eq!(link.day(day), 0);
}
