//! The one connection to the server, and the breaker that stands before it.
//!
//! A request never connects: a task of its own does, one at a time, and the request waits for it at most until its deadline.
//! While the server is out of reach nobody waits.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering},
    },
};

use redis::{AsyncConnectionConfig, RedisError, aio::MultiplexedConnection};
use tokio::{
    runtime::Handle,
    sync::{Semaphore, watch},
    time::{Instant, timeout_at},
};
use towergate_core::{Random, Timestamp};

use crate::{
    StoreError, StoreEvent, event::Observer, recovery::Recovery, script::Call, unsettled::Unsettled,
};

#[cfg(test)]
mod tests;

/// How many calls may wait for an answer; more are not sent.
pub(crate) const MAX_WAITING: usize = 1_024;

/// After how many failures in a row the server counts as out of reach.
const MAX_FAILURES: u32 = 3;

pub(crate) struct Link {
    pub(crate) client: redis::Client,
    pub(crate) config: AsyncConnectionConfig,
    /// What is written to see whether the server takes writes.
    pub(crate) probe: String,
    pub(crate) unsettled: Unsettled,
    pub(crate) random: Arc<dyn Random>,
    /// Whether a task waits to settle what was counted although the server is in reach.
    pub(crate) settling: AtomicBool,
    phase: watch::Sender<Phase>,
    /// Whether the phase is [`Phase::Down`], for those who only ask that.
    down: AtomicBool,
    waiting: Semaphore,
    /// The server's clock, less this node's, in milliseconds.
    ahead: AtomicI64,
    observer: Option<Observer>,
}

/// Where the link stands.
#[derive(Clone)]
pub(crate) enum Phase {
    /// Nobody has asked for a connection.
    Idle,
    /// A connection is made, and those who need it may wait.
    Connecting,
    Up(Arc<Live>),
    /// A connection is made again and again, and nobody waits.
    Down,
}

/// A connection that answered.
pub(crate) struct Live {
    connection: MultiplexedConnection,
    /// Whether it has answered a call.
    answered: AtomicBool,
    /// How many calls failed in a row.
    failures: AtomicU32,
}

impl Link {
    pub(crate) fn new(
        client: redis::Client,
        probe: String,
        random: Arc<dyn Random>,
        observer: Option<Observer>,
    ) -> Self {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None)
            .set_pipeline_buffer_size(MAX_WAITING);
        Self {
            client,
            config,
            probe,
            unsettled: Unsettled::default(),
            random,
            settling: AtomicBool::new(false),
            phase: watch::Sender::new(Phase::Idle),
            down: AtomicBool::new(false),
            waiting: Semaphore::new(MAX_WAITING),
            ahead: AtomicI64::new(0),
            observer,
        }
    }

    /// Returns whether the server is known to be out of reach.
    pub(crate) fn is_down(&self) -> bool {
        self.down.load(Ordering::Acquire)
    }

    /// Runs a script, until `until` at most.
    pub(crate) async fn run(
        self: &Arc<Self>,
        call: &Call,
        until: Instant,
    ) -> Result<Vec<i64>, StoreError> {
        self.ask(until, |mut connection| async move {
            call.run(&mut connection).await
        })
        .await
    }

    /// Asks the server, until `until` at most; once more if the connection turns out to have ended.
    pub(crate) async fn ask<T, F>(
        self: &Arc<Self>,
        until: Instant,
        ask: impl Fn(MultiplexedConnection) -> F,
    ) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, RedisError>>,
    {
        // Timers need one.
        Handle::try_current().map_err(|_| StoreError::Unreachable)?;
        let waiting = self.waiting.try_acquire();
        let _waiting = waiting.map_err(|_| StoreError::Crowded)?;
        let mut tried = false;
        loop {
            let live = self.live(until).await?;
            let answer = timeout_at(until, ask(live.connection.clone())).await;
            let error = match answer {
                Ok(Ok(answer)) => {
                    live.answered.store(true, Ordering::Relaxed);
                    live.failures.store(0, Ordering::Relaxed);
                    return Ok(answer);
                }
                Ok(Err(error)) if error.is_unrecoverable_error() => {
                    let error = StoreError::from(error);
                    self.ended(&live, &error);
                    if !tried {
                        tried = true;
                        continue;
                    }
                    return Err(error);
                }
                // The key is somebody else's: that is no fault of the server.
                Ok(Err(error)) if error.code() == Some("WRONGTYPE") => return Err(error.into()),
                Ok(Err(error)) => StoreError::from(error),
                Err(_) => StoreError::TimedOut,
            };
            if live.failures.fetch_add(1, Ordering::Relaxed) + 1 >= MAX_FAILURES {
                self.failed(&live, &error);
            }
            return Err(error);
        }
    }

    /// Returns the connection, once there is one.
    pub(crate) async fn live(self: &Arc<Self>, until: Instant) -> Result<Arc<Live>, StoreError> {
        if let Some(known) = self.phase.borrow().known() {
            return known;
        }
        let mut phase = self.phase.subscribe();
        self.start()?;
        let known = timeout_at(until, phase.wait_for(|phase| phase.known().is_some())).await;
        match known {
            Ok(Ok(phase)) => phase.known().unwrap_or(Err(StoreError::Unreachable)),
            Ok(Err(_)) => Err(StoreError::Unreachable),
            Err(_) => Err(StoreError::TimedOut),
        }
    }

    /// Lets a task connect, unless one does.
    fn start(self: &Arc<Self>) -> Result<(), StoreError> {
        let runtime = Handle::try_current().map_err(|_| StoreError::Unreachable)?;
        let starts = self.phase.send_if_modified(|phase| {
            let idle = matches!(phase, Phase::Idle);
            if idle {
                *phase = Phase::Connecting;
            }
            idle
        });
        if starts {
            runtime.spawn(Recovery::of(self).run());
        }
        Ok(())
    }

    /// Connects anew, at once if the connection has been of use: servers end idle connections, and come back from a restart.
    fn ended(self: &Arc<Self>, live: &Arc<Live>, cause: &StoreError) {
        if live.answered.load(Ordering::Relaxed) {
            self.leave(live, Phase::Idle);
            // Without a runtime nobody connects until somebody asks who has one.
            let _ = self.start();
        } else {
            self.failed(live, cause);
        }
    }

    /// Takes the server as out of reach, and connects anew.
    fn failed(self: &Arc<Self>, live: &Arc<Live>, cause: &StoreError) {
        if self.leave(live, Phase::Down) {
            self.degraded(cause);
            if let Ok(runtime) = Handle::try_current() {
                runtime.spawn(Recovery::of(self).run());
            }
        }
    }

    /// Leaves a connection, unless somebody else did.
    fn leave(&self, live: &Arc<Live>, to: Phase) -> bool {
        self.phase.send_if_modified(|phase| {
            let leaves = matches!(phase, Phase::Up(current) if Arc::ptr_eq(current, live));
            if leaves {
                self.down
                    .store(matches!(to, Phase::Down), Ordering::Release);
                *phase = to;
            }
            leaves
        })
    }

    // === what a recovery does ===

    /// Nobody waits from here on.
    pub(crate) fn go_down(&self, cause: &StoreError) {
        self.down.store(true, Ordering::Release);
        self.phase.send_replace(Phase::Down);
        self.degraded(cause);
    }

    pub(crate) fn go_up(&self, connection: MultiplexedConnection) {
        let live = Live {
            connection,
            answered: AtomicBool::new(false),
            failures: AtomicU32::new(0),
        };
        let was_down = self.down.swap(false, Ordering::AcqRel);
        self.phase.send_replace(Phase::Up(Arc::new(live)));
        if was_down {
            self.tell(&StoreEvent::Recovered);
        }
    }

    /// Whoever connected was stopped: the next request starts anew.
    pub(crate) fn go_idle(&self) {
        self.phase.send_replace(Phase::Idle);
        self.down.store(false, Ordering::Release);
    }

    fn degraded(&self, cause: &StoreError) {
        self.tell(&StoreEvent::Degraded {
            cause: cause.clone(),
        });
    }

    fn tell(&self, event: &StoreEvent) {
        if let Some(observer) = &self.observer {
            observer(event);
        }
    }

    // === the server's clock ===

    /// Notes the server's time, in microseconds since the Unix epoch.
    pub(crate) fn note_time(&self, micros: i64, now: Timestamp) {
        let here = i64::try_from(now.as_unix_millis()).unwrap_or(i64::MAX);
        self.ahead
            .store((micros / 1_000).saturating_sub(here), Ordering::Relaxed);
    }

    /// Returns the day by the server's clock, as far as it is known.
    pub(crate) fn day(&self, now: Timestamp) -> u64 {
        let ahead = self.ahead.load(Ordering::Relaxed);
        now.as_unix_millis().saturating_add_signed(ahead) / 86_400_000
    }
}

impl Phase {
    /// Returns what there is to know without waiting.
    fn known(&self) -> Option<Result<Arc<Live>, StoreError>> {
        match self {
            Self::Up(live) => Some(Ok(Arc::clone(live))),
            Self::Down => Some(Err(StoreError::Unreachable)),
            Self::Idle | Self::Connecting => None,
        }
    }
}

impl From<RedisError> for StoreError {
    fn from(error: RedisError) -> Self {
        match error.code() {
            Some(_) => Self::Answer(error.to_string()),
            None => Self::Disconnected(error.to_string()),
        }
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = self.client.get_connection_info().addr().to_string();
        f.debug_struct("Link")
            .field("address", &address)
            .field("down", &self.is_down())
            .finish_non_exhaustive()
    }
}
