//! Time that passes when a test says so.

use std::{
    collections::HashMap,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::Duration,
};

use towergate_core::{BoxFuture, Clock, Timer, Timestamp};

/// A clock, and a timer, whose time passes only in [`advance`](Self::advance). Clones show the same time.
#[derive(Debug, Clone, Default)]
pub struct FakeClock(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    now: Timestamp,
    sleeps: u64,
    sleepers: HashMap<u64, (Timestamp, Waker)>,
}

impl FakeClock {
    /// Creates a clock that shows `now`.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(State {
            now,
            ..State::default()
        })))
    }

    /// Lets `duration` pass, and wakes those who slept until then.
    pub fn advance(&self, duration: Duration) {
        let mut state = self.state();
        state.now = state.now.saturating_add(duration);
        let now = state.now;
        let due = state
            .sleepers
            .extract_if(|_, (deadline, _)| *deadline <= now);
        let woken: Vec<_> = due.map(|(_, (_, waker))| waker).collect();
        drop(state);
        woken.into_iter().for_each(Waker::wake);
    }

    /// Returns how many sleep.
    #[must_use]
    pub fn sleepers(&self) -> usize {
        self.state().sleepers.len()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        self.state().now
    }
}

impl Timer for FakeClock {
    fn sleep_until(&self, deadline: Timestamp) -> BoxFuture<'static, ()> {
        let mut state = self.state();
        state.sleeps += 1;
        let (clock, id) = (self.clone(), state.sleeps);
        Box::pin(Sleep {
            clock,
            id,
            deadline,
        })
    }
}

struct Sleep {
    clock: FakeClock,
    id: u64,
    deadline: Timestamp,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.clock.state();
        if state.now >= self.deadline {
            return Poll::Ready(());
        }
        let sleeper = (self.deadline, cx.waker().clone());
        state.sleepers.insert(self.id, sleeper);
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sleeper_wakes_once_its_time_has_come() {
        let clock = FakeClock::default();
        let mut sleep = clock.sleep_until(Timestamp::from_unix_millis(10));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(sleep.as_mut().poll(&mut cx).is_pending());
        clock.advance(Duration::from_millis(9));
        assert!(sleep.as_mut().poll(&mut cx).is_pending());
        assert_eq!(clock.sleepers(), 1);
        clock.advance(Duration::from_millis(1));
        assert_eq!(clock.sleepers(), 0);
        assert!(sleep.as_mut().poll(&mut cx).is_ready());
    }
}
