//! Gives back what was borrowed and not spent, once its lease has ended.

use std::sync::{Arc, Weak};

use tokio::{
    runtime::Handle,
    time::{Instant, sleep},
};
use towergate_core::Clock;

use crate::{
    lease::{LEASE_TIME, Terms, Watch},
    link::Link,
    recovery::PATIENCE,
    script::{Call, GIVE_BACK_QUOTA, GIVE_BACK_TOKENS},
};

/// Where unspent tokens go back to.
#[derive(Debug)]
pub(crate) struct GiveBack {
    key: String,
    /// The kind of the period of a quota.
    kind: Option<u64>,
}

impl GiveBack {
    pub(crate) fn tokens(key: String) -> Self {
        Self { key, kind: None }
    }

    pub(crate) fn requests(key: String, kind: u64) -> Self {
        let kind = Some(kind);
        Self { key, kind }
    }

    /// Watches, in a task of its own, until the lease is over.
    pub(super) fn spawn(self, watch: Watch, link: &Arc<Link>, clock: Arc<dyn Clock>) {
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(self.watch(watch, Arc::downgrade(link), clock));
        }
    }

    async fn watch(self, watch: Watch, link: Weak<Link>, clock: Arc<dyn Clock>) {
        loop {
            sleep(LEASE_TIME).await;
            let Some(link) = link.upgrade() else {
                return;
            };
            if watch.lease().lasts(clock.now()) {
                continue;
            }
            let (unspent, terms) = watch.lease().take_all();
            drop(watch);
            if unspent > 0 {
                // Not tried again: whether it arrived is unknown, and giving back twice would be too much.
                let _ = link
                    .run(&self.call(unspent, terms), Instant::now() + PATIENCE)
                    .await;
            }
            return;
        }
    }

    fn call(self, unspent: u64, terms: Terms) -> Call {
        let script = match self.kind {
            None => &GIVE_BACK_TOKENS,
            Some(_) => &GIVE_BACK_QUOTA,
        };
        let mut call = Call::new(script);
        call.key(self.key);
        if let Some(kind) = self.kind {
            call.argument(kind);
        }
        call.argument(terms.0);
        call.argument(terms.1);
        call.argument(unspent);
        call
    }
}
