//! The task that connects: one at a time, with growing pauses.

use std::{
    sync::{Arc, Weak, atomic::Ordering},
    time::Duration,
};

use redis::{RedisError, aio::MultiplexedConnection};
use tokio::{
    runtime::Handle,
    time::{Instant, sleep, timeout},
};

use crate::{StoreError, link::Link};

/// How long a connection may take until it has answered, and a call in the background.
pub(crate) const PATIENCE: Duration = Duration::from_secs(1);

/// The pauses between two attempts: the first, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));

/// How long counts gather until they are settled, where the server is in reach.
const GATHERING: Duration = Duration::from_millis(100);

/// An attempt to connect that goes on until it succeeds or nobody needs it.
pub(crate) struct Recovery {
    link: Weak<Link>,
    done: bool,
}

impl Recovery {
    pub(crate) fn of(link: &Arc<Link>) -> Self {
        Self {
            link: Arc::downgrade(link),
            done: false,
        }
    }

    /// Connects. The first attempt is made at once, and those who need it wait; once it failed nobody does.
    pub(crate) async fn run(mut self) {
        let mut pause = Duration::ZERO;
        loop {
            let drawn = |link: Arc<Link>| link.is_down().then(|| link.random.next_u64());
            let Some(outage) = self.link.upgrade().map(drawn) else {
                return;
            };
            if let Some(random) = outage {
                pause = (pause * 2).clamp(PAUSES.0, PAUSES.1);
                sleep(jittered(pause, random)).await;
            }
            let Some(link) = self.link.upgrade() else {
                return;
            };
            match link.connect().await {
                Ok(connection) => {
                    self.done = true;
                    link.go_up(connection);
                    // What was counted between the last look and now.
                    link.settle_soon();
                    return;
                }
                Err(cause) if outage.is_none() => link.go_down(&cause),
                Err(_) => {}
            }
        }
    }
}

impl Drop for Recovery {
    fn drop(&mut self) {
        if let (false, Some(link)) = (self.done, self.link.upgrade()) {
            link.go_idle();
        }
    }
}

impl Link {
    /// Opens a connection that takes writes, and tells the server what was granted without it.
    async fn connect(&self) -> Result<MultiplexedConnection, StoreError> {
        let connected = timeout(PATIENCE, self.open()).await;
        let mut connection = connected.map_err(|_| StoreError::TimedOut)??;
        while let Some(batch) = self.unsettled.take() {
            let settled = timeout(PATIENCE, batch.call().run(&mut connection)).await;
            let failure = match settled {
                Ok(Ok(_)) => continue,
                Ok(Err(error)) => StoreError::from(error),
                Err(_) => StoreError::TimedOut,
            };
            self.unsettled.put_back(batch);
            return Err(failure);
        }
        Ok(connection)
    }

    async fn open(&self) -> Result<MultiplexedConnection, RedisError> {
        let mut connection = self
            .client
            .get_multiplexed_async_connection_with_config(&self.config)
            .await?;
        let mut probe = redis::cmd("SET");
        probe.arg(&self.probe).arg(1).arg("PX").arg(1_000);
        probe.exec_async(&mut connection).await?;
        Ok(connection)
    }

    /// Settles what was counted although the server is in reach, in a task of its own.
    pub(crate) fn settle_soon(self: &Arc<Self>) {
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        if !self.settling.swap(true, Ordering::AcqRel) {
            let settling = Settling(Arc::downgrade(self));
            runtime.spawn(async move {
                sleep(GATHERING).await;
                // Ends before it looks: who counts after that starts another.
                let link = settling.0.upgrade();
                drop(settling);
                if let Some(link) = link {
                    link.settle().await;
                }
            });
        }
    }

    async fn settle(self: &Arc<Self>) {
        while let Some(batch) = self.unsettled.take() {
            // Once the server is out of reach, its recovery settles.
            if self
                .run(&batch.call(), Instant::now() + PATIENCE)
                .await
                .is_err()
            {
                self.unsettled.put_back(batch);
                if !self.is_down() {
                    self.settle_soon();
                }
                return;
            }
        }
    }
}

/// The right to settle, given up when dropped.
struct Settling(Weak<Link>);

impl Drop for Settling {
    fn drop(&mut self) {
        if let Some(link) = self.0.upgrade() {
            link.settling.store(false, Ordering::Release);
        }
    }
}

/// Between half of a pause and all of it, so that nodes do not return at the same moment.
fn jittered(pause: Duration, random: u64) -> Duration {
    pause / 2 + (pause / 2).mul_f64((random % 1_024) as f64 / 1_024.0)
}
