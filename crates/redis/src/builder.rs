//! The settings of limits in Redis.

use std::{fmt, num::NonZeroU32, sync::Arc, time::Duration};

use redis::{ConnectionAddr, IntoConnectionInfo};
use towergate_core::{Clock, Random, SystemClock, SystemRandom};
use towergate_throttling::OutagePolicy;

use crate::{
    BuildError, Mode, RedisLimits, StoreEvent, event::Observer, key_names::KeyNames, limits::Inner,
    link::Link,
};

const DEADLINE: Duration = Duration::from_millis(30);
const MAX_DEADLINE: Duration = Duration::from_secs(60);
const ACCOUNT: &str = "000000000000";

/// The settings of [`RedisLimits`].
#[must_use]
pub struct RedisLimitsBuilder {
    url: String,
    account: String,
    mode: Mode,
    deadline: Duration,
    on_outage: OutagePolicy,
    nodes: NonZeroU32,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    observer: Option<Observer>,
}

impl RedisLimitsBuilder {
    pub(crate) fn new(url: String) -> Self {
        Self {
            url,
            account: ACCOUNT.to_owned(),
            mode: Mode::default(),
            deadline: DEADLINE,
            on_outage: OutagePolicy::default(),
            nodes: NonZeroU32::MIN,
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            observer: None,
        }
    }

    /// Sets the account, `000000000000` by default: all keys begin with `towergate:{ACCOUNT}:`. Gateways that give the same
    /// account share their limits; all keys of an account are in one slot of a cluster.
    pub fn account(mut self, account: impl Into<String>) -> Self {
        self.account = account.into();
        self
    }

    /// Sets how exact decisions are: [`Mode::Leased`] by default.
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// Sets how long a decision may wait for the store: 30 ms by default, and a minute at most. With zero every decision that
    /// this node cannot take by itself follows the policy for outages.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline.min(MAX_DEADLINE);
        self
    }

    /// Sets what happens while the store is out of reach, where a charge does not say: [`OutagePolicy::Local`] by default.
    pub fn on_outage(mut self, policy: OutagePolicy) -> Self {
        self.on_outage = policy;
        self
    }

    /// Sets how many nodes share the limits: 1 by default. Leases, and the local share while the store is out of reach, are
    /// divided by it.
    pub fn nodes(mut self, nodes: NonZeroU32) -> Self {
        self.nodes = nodes;
        self
    }

    /// Sets the clock by which leases end: the system's by default.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Sets the chance by which attempts to connect again are spread: the system's by default.
    pub fn random(mut self, random: impl Random) -> Self {
        self.random = Arc::new(random);
        self
    }

    /// Sets what is called when the store gets out of reach, and when it is back: once each. It must not block.
    pub fn observer(mut self, observer: impl Fn(&StoreEvent) + Send + Sync + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Builds the limits. The server is asked with the first decision, which then waits for the connection too.
    ///
    /// # Errors
    ///
    /// Returns an error if the URL or the account cannot be used.
    pub fn build(self) -> Result<RedisLimits, BuildError> {
        let keys = KeyNames::new(&self.account)?;
        let url = self.url.as_str().into_connection_info();
        let client = url.and_then(redis::Client::open).map_err(|_| {
            let tls = self.url.starts_with("rediss:") || self.url.starts_with("valkeys:");
            match cfg!(feature = "rustls") || !tls {
                true => BuildError::Url,
                false => BuildError::Tls,
            }
        })?;
        if let ConnectionAddr::TcpTls { .. } = client.get_connection_info().addr() {
            provide_crypto();
        }
        let link = Link::new(client, keys.probe(), self.random, self.observer);
        Ok(RedisLimits::new(Inner {
            link: Arc::new(link),
            keys,
            mode: self.mode,
            deadline: self.deadline,
            on_outage: self.on_outage,
            nodes: self.nodes,
            clock: self.clock,
        }))
    }

    /// Builds the limits, and waits for the connection, for a second at most. A server that is out of reach is no error:
    /// requests then follow the policy for outages until it is in reach.
    ///
    /// # Errors
    ///
    /// Returns an error if the URL or the account cannot be used.
    pub async fn connect(self) -> Result<RedisLimits, BuildError> {
        let limits = self.build()?;
        limits.wait().await;
        Ok(limits)
    }
}

/// Sees to it that there is cryptography for TLS: the host's, if it has chosen one for the process.
#[cfg(feature = "rustls")]
fn provide_crypto() {
    // An error says that there is one.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

#[cfg(not(feature = "rustls"))]
fn provide_crypto() {}

impl fmt::Debug for RedisLimitsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The URL may hold a password.
        f.debug_struct("RedisLimitsBuilder")
            .field("account", &self.account)
            .field("mode", &self.mode)
            .field("deadline", &self.deadline)
            .field("on_outage", &self.on_outage)
            .field("nodes", &self.nodes)
            .finish_non_exhaustive()
    }
}
