//! Waiting, on tokio.

use tokio::time::{Duration, sleep};
use towergate_core::{BoxFuture, Clock, SystemClock, Timer, Timestamp};

/// Waits by tokio's clock until the system's shows the deadline.
#[derive(Debug, Clone, Copy, Default)]
pub struct TokioTimer;

impl Timer for TokioTimer {
    fn sleep_until(&self, deadline: Timestamp) -> BoxFuture<'static, ()> {
        let wait: Duration = deadline.saturating_since(SystemClock.now());
        Box::pin(sleep(wait))
    }
}
