//! What the tests share: servers, nodes, and the limits of a request.

#![allow(dead_code, reason = "each test uses some of it")]

pub(crate) mod server;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use redis::Commands;
pub(crate) use server::RedisServer;
use towergate_core::{Clock, SystemClock, Timestamp};
use towergate_redis::{Mode, RedisLimits, RedisLimitsBuilder, StoreEvent};
use towergate_testing::FakeClock;
use towergate_throttling::{
    Charge, ChargedQuota, ChargedThrottle, LimitName, OutagePolicy, Period, Quota, QuotaCounter,
    Rate, Refusal, SharedLimits, Slot, TokenBucket,
};

pub(crate) const ACCOUNT: &str = "123456789012";

/// A second, so often and so much that no token flows while a test runs.
pub(crate) fn still(burst: u64) -> Rate {
    Rate::per_second(0.001).burst(burst)
}

/// The limits of requests with one key, as one node keeps them.
#[derive(Default)]
pub(crate) struct Limits {
    throttles: [Option<(Rate, TokenBucket, Slot)>; 3],
    quota: Option<(Quota, QuotaCounter, Slot)>,
    outage: Option<OutagePolicy>,
}

impl Limits {
    /// A plan's rate.
    pub(crate) fn plan(rate: Rate) -> Self {
        Self::default().throttle(0, rate)
    }

    /// A quota alone.
    pub(crate) fn quota(quota: Quota) -> Self {
        Self::default().and_quota(quota)
    }

    pub(crate) fn throttle(mut self, place: usize, rate: Rate) -> Self {
        self.throttles[place] = Some((rate, TokenBucket::default(), Slot::default()));
        self
    }

    pub(crate) fn and_quota(mut self, quota: Quota) -> Self {
        self.quota = Some((quota, QuotaCounter::default(), Slot::default()));
        self
    }

    pub(crate) fn outage(mut self, policy: OutagePolicy) -> Self {
        self.outage = Some(policy);
        self
    }

    pub(crate) fn charge(&self) -> Charge<'_> {
        let names = [
            LimitName::Plan {
                plan: "p1",
                key: "k1",
            },
            LimitName::Stage {
                api: "pets",
                stage: "prod",
                method: "pets/{id}/GET",
            },
            LimitName::Account(ACCOUNT),
        ];
        let mut charge = Charge::default();
        for ((place, throttle), name) in charge.throttles.iter_mut().zip(&self.throttles).zip(names)
        {
            *place = throttle
                .as_ref()
                .map(|(rate, bucket, slot)| ChargedThrottle {
                    name,
                    rate: *rate,
                    bucket,
                    slot: Some(slot),
                });
        }
        charge.quota = self
            .quota
            .as_ref()
            .map(|(quota, counter, slot)| ChargedQuota {
                name: names[0],
                quota,
                counter,
                slot: Some(slot),
            });
        charge.outage = self.outage;
        charge
    }
}

/// A gateway that shares a server.
pub(crate) struct Node {
    pub(crate) store: RedisLimits,
    pub(crate) limits: Limits,
    pub(crate) clock: FakeClock,
    pub(crate) events: Events,
}

/// The events that a store told.
#[derive(Clone, Default)]
pub(crate) struct Events(Arc<Mutex<Vec<StoreEvent>>>);

impl Events {
    fn push(&self, event: &StoreEvent) {
        let mut events = self.0.lock().expect("no test panics with it");
        events.push(event.clone());
    }

    pub(crate) fn names(&self) -> Vec<&'static str> {
        let events = self.0.lock().expect("no test panics with it");
        events
            .iter()
            .map(|event| match event {
                StoreEvent::Degraded { .. } => "degraded",
                StoreEvent::Recovered => "recovered",
                _ => "another",
            })
            .collect()
    }

    pub(crate) fn told(&self) -> Vec<StoreEvent> {
        self.0.lock().expect("no test panics with it").clone()
    }
}

impl Node {
    /// A node whose deadline is too long to matter.
    pub(crate) fn new(server: &RedisServer, mode: Mode, limits: Limits) -> Self {
        Self::with(server, limits, |builder| {
            builder.mode(mode).deadline(Duration::from_secs(10))
        })
    }

    pub(crate) fn with(
        server: &RedisServer,
        limits: Limits,
        set: impl FnOnce(RedisLimitsBuilder) -> RedisLimitsBuilder,
    ) -> Self {
        let clock = FakeClock::at(SystemClock.now());
        let events = Events::default();
        let told = events.clone();
        let builder = RedisLimits::builder(server.url())
            .account(ACCOUNT)
            .clock(clock.clone())
            .observer(move |event| told.push(event));
        let store = set(builder).build().expect("the settings are well formed");
        Self {
            store,
            limits,
            clock,
            events,
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Decides as an engine does: at once where that is possible.
    pub(crate) async fn decide(&self) -> Result<(), Refusal> {
        let (charge, now) = (self.limits.charge(), self.now());
        match self.store.decide_now(&charge, now) {
            Some(decision) => decision,
            None => self.store.decide(&charge, now).await,
        }
    }

    /// Returns how many of so many requests in a row are granted.
    pub(crate) async fn granted_of(&self, requests: u32) -> u32 {
        let mut granted = 0;
        for _ in 0..requests {
            granted += u32::from(self.decide().await.is_ok());
        }
        granted
    }

    /// Waits until the store is in reach and has told so.
    pub(crate) async fn recovered(&self) {
        until("the store is in reach", || {
            self.events.names().last() == Some(&"recovered")
        })
        .await;
    }
}

/// Waits until something is so, for as long as the test runner allows.
pub(crate) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..20_000 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("not so: {what}");
}

pub(crate) fn quota(limit: u64, period: Period) -> Quota {
    Quota::new(limit, period)
}

/// Forgets all keys.
pub(crate) fn flush(server: &RedisServer) {
    let flushed: redis::RedisResult<()> = redis::cmd("FLUSHALL").query(&mut server.connection());
    flushed.expect("the server answers");
}

/// Returns every key with its value, as the server would write it to disk.
pub(crate) fn contents(server: &RedisServer) -> BTreeMap<String, Vec<u8>> {
    let mut connection = server.connection();
    let keys: Vec<String> = connection.keys("*").expect("the server answers");
    keys.into_iter()
        .filter(|key| !key.ends_with(":probe"))
        .map(|key| {
            let dump: Vec<u8> = redis::cmd("DUMP")
                .arg(&key)
                .query(&mut connection)
                .expect("the server answers");
            (key, dump)
        })
        .collect()
}

/// Returns a number of `INFO`.
pub(crate) fn info(server: &RedisServer, section: &str, field: &str) -> u64 {
    let text: String = redis::cmd("INFO")
        .arg(section)
        .query(&mut server.connection())
        .expect("the server answers");
    let value = text.lines().find_map(|line| line.strip_prefix(field));
    let digits: String = value
        .unwrap_or(":0")
        .chars()
        .skip_while(|c| !c.is_ascii_digit())
        .take_while(char::is_ascii_digit)
        .collect();
    digits.parse().expect("a number")
}
