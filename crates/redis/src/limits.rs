//! The limits in Redis.

use std::{fmt, num::NonZeroU32, ops::RangeInclusive, sync::Arc, time::Duration};

use tokio::{runtime::Handle, time::Instant};
use towergate_core::{BoxError, BoxFuture, Clock, Timestamp};
use towergate_throttling::{
    Charge, ChargedQuota, Day, DayUsage, OutagePolicy, Refusal, RefusedBy, SharedLimits, Slot,
};

use crate::{
    RedisLimitsBuilder,
    hold::{Ask, Hold},
    key_names::KeyNames,
    lease::{LEASE_TIME, Lease},
    limit::{Limit, limits_of, refused_by},
    link::Link,
    question::{Grant, Question, Refused},
    quota_arguments::QuotaArguments,
    recovery::PATIENCE,
    script::{Call, MAX_COUNT, SET_REMAINING},
};

pub(crate) mod give_back;
mod usage;

/// How exact decisions are, and what they cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mode {
    /// A node borrows tokens and spends them without asking: the table of the crate says how many.
    #[default]
    Leased,
    /// Each decision is asked for.
    Exact,
}

/// Limits that many nodes share, kept in Redis or Valkey.
///
/// A clone shares the connection, and is what a reload is given. Dropping the last one ends its tasks. Decisions need a
/// tokio runtime with time and I/O; without one, requests follow the policy for outages.
#[derive(Clone)]
pub struct RedisLimits(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) link: Arc<Link>,
    pub(crate) keys: KeyNames,
    pub(crate) mode: Mode,
    pub(crate) deadline: Duration,
    pub(crate) on_outage: OutagePolicy,
    pub(crate) nodes: NonZeroU32,
    pub(crate) clock: Arc<dyn Clock>,
}

impl RedisLimits {
    /// Begins with a URL: `redis://HOST:PORT/DATABASE`, `redis://USER:PASSWORD@HOST`, `unix:///PATH`, and with the feature
    /// `rustls` `rediss://HOST`.
    ///
    /// ```
    /// use towergate_redis::{Mode, RedisLimits};
    ///
    /// # fn build() -> Result<(), towergate_redis::BuildError> {
    /// let limits = RedisLimits::builder("redis://127.0.0.1:6379").mode(Mode::Exact).build()?;
    /// assert!(!limits.is_degraded());
    /// assert!(RedisLimits::builder("127.0.0.1:6379").build().is_err());
    /// # Ok(())
    /// # }
    /// # build().expect("the URL is well formed");
    /// ```
    pub fn builder(url: impl Into<String>) -> RedisLimitsBuilder {
        RedisLimitsBuilder::new(url.into())
    }

    pub(crate) fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    /// Returns whether the server was found out of reach, so that requests follow the policy for outages.
    #[must_use]
    pub fn is_degraded(&self) -> bool {
        self.0.link.is_down()
    }

    /// Waits for the end of the first attempt to connect.
    pub(crate) async fn wait(&self) {
        // The attempt itself ends in time: this is longer, so that it is known how.
        let _ = self.0.link.live(Instant::now() + 2 * PATIENCE).await;
    }
}

impl SharedLimits for RedisLimits {
    fn decide_now(&self, charge: &Charge<'_>, now: Timestamp) -> Option<Result<(), Refusal>> {
        let limits = limits_of(charge);
        if limits.iter().all(Option::is_none) {
            return Some(Ok(()));
        }
        let spent = match self.0.mode {
            Mode::Leased => self.0.spend(&limits, now),
            Mode::Exact => None,
        };
        let down = || self.0.link.is_down();
        spent.or_else(|| down().then(|| self.0.decide_without(charge, now)))
    }

    fn decide<'a>(
        &'a self,
        charge: &'a Charge<'a>,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<(), Refusal>> {
        Box::pin(self.0.decide(charge, now))
    }

    fn usage<'a>(
        &'a self,
        quota: &'a ChargedQuota<'a>,
        days: RangeInclusive<Day>,
        _now: Timestamp,
    ) -> BoxFuture<'a, Result<Vec<DayUsage>, BoxError>> {
        Box::pin(self.0.usage(quota, days))
    }

    fn set_remaining<'a>(
        &'a self,
        quota: &'a ChargedQuota<'a>,
        remaining: u64,
        _now: Timestamp,
    ) -> BoxFuture<'a, Result<(), BoxError>> {
        Box::pin(self.0.set_remaining(quota, remaining))
    }
}

impl Inner {
    /// Decides by what this node holds, if that is enough.
    fn spend(
        &self,
        limits: &[Option<Limit<'_>>; 4],
        now: Timestamp,
    ) -> Option<Result<(), Refusal>> {
        let mut leases = [None; 4];
        let mut short = false;
        for ((place, limit), lease) in limits.iter().enumerate().zip(&mut leases) {
            let Some(limit) = limit else { continue };
            *lease = limit.slot().and_then(Slot::get::<Lease>);
            short |= lease.is_none();
            if let Some(retry_after) = lease.and_then(|lease| lease.refusal(now)) {
                let by = refused_by(place);
                return Some(Err(Refusal { by, retry_after }));
            }
        }
        if short {
            return None;
        }
        let mut tokens = [None; 4];
        for (lease, token) in leases.iter().zip(&mut tokens) {
            let Some(lease) = lease else { continue };
            *token = lease.take(now);
            short |= token.is_none();
        }
        let taken = || {
            leases
                .iter()
                .zip(tokens)
                .filter_map(|(&lease, token)| lease.zip(token))
        };
        if short {
            taken().for_each(|(lease, token)| lease.put_back(token));
            return None;
        }
        for ((lease, token), limit) in leases.iter().zip(tokens).zip(limits) {
            if let (Some(lease), Some(token), Some(limit)) = (lease, token, limit)
                && lease.runs_low(token)
            {
                self.borrow_ahead(*limit, now);
            }
        }
        Some(Ok(()))
    }

    async fn decide(&self, charge: &Charge<'_>, now: Timestamp) -> Result<(), Refusal> {
        let began = Instant::now();
        let until = began + self.deadline;
        let hold = Hold::new(&limits_of(charge), self.mode, self.nodes, now);
        if hold.is_enough() {
            hold.spend();
            return Ok(());
        }
        let question = Question::new(hold.asked(), &self.keys, self.nodes);
        let answer = self.link.run(&question.call, until).await.ok();
        let Some(answer) = answer.and_then(|answer| question.read(&answer)) else {
            drop(hold);
            // A bucket knows times that are up to a second late; a wait that is longer is added, in whole seconds.
            let now = now.saturating_add(Duration::from_secs(began.elapsed().as_secs()));
            return self.decide_without(charge, now);
        };
        self.link.note_time(answer.now, now);
        match answer.decision {
            Ok(grants) => {
                self.keep(&hold, grants, now);
                hold.spend();
                Ok(())
            }
            Err(refused) => Err(refusal(&hold, refused, now)),
        }
    }

    /// Keeps what was granted beyond this request.
    fn keep(&self, hold: &Hold<'_>, grants: Vec<Grant>, now: Timestamp) {
        for (ask, grant) in hold.asks().zip(grants) {
            let count = grant.count.saturating_sub(1);
            if let (Some(lease), 1..) = (ask.lease(), count) {
                self.lend(ask.limit, lease, Grant { count, ..grant }, now);
            }
        }
    }

    /// Borrows for the requests to come, in a task of its own: one for each limit at a time.
    fn borrow_ahead(&self, limit: Limit<'_>, now: Timestamp) {
        let lease = limit
            .slot()
            .and_then(|slot| slot.get_or_init(Lease::default));
        let (Some(lease), Ok(runtime), false) = (lease, Handle::try_current(), self.link.is_down())
        else {
            return;
        };
        let Some(borrowing) = lease.borrow() else {
            return;
        };
        let size = limit.lease_size(self.nodes);
        let wanted = size.saturating_sub(lease.tokens(now));
        if wanted == 0 {
            return;
        }
        let question = Question::new([(limit, wanted)].into_iter(), &self.keys, self.nodes);
        let (link, until) = (Arc::clone(&self.link), Instant::now() + self.deadline);
        runtime.spawn(async move {
            let answer = link.run(&question.call, until).await.ok();
            let answer = answer.and_then(|answer| question.read(&answer));
            match answer.map(|answer| answer.decision) {
                Some(Ok(grants)) => grants.into_iter().for_each(|grant| add(&lease, grant, now)),
                Some(Err(refused)) => lease.refuse(now, refused.retry_after),
                None => {}
            }
            drop(borrowing);
        });
    }

    /// Keeps what was borrowed, and sees to it that the unspent is given back.
    fn lend(&self, limit: Limit<'_>, lease: &Arc<Lease>, grant: Grant, now: Timestamp) {
        add(lease, grant, now);
        if let Some(watch) = lease.watch() {
            let clock = Arc::clone(&self.clock);
            limit.give_back(&self.keys).spawn(watch, &self.link, clock);
        }
    }

    /// Decides by the policy for outages.
    fn decide_without(&self, charge: &Charge<'_>, now: Timestamp) -> Result<(), Refusal> {
        match charge.outage.unwrap_or(self.on_outage) {
            OutagePolicy::Open => {}
            OutagePolicy::Closed => {
                return Err(Refusal {
                    by: RefusedBy::Outage,
                    retry_after: None,
                });
            }
            _ => charge.decide_as_one_of(self.nodes, now)?,
        }
        if let Some(quota) = &charge.quota {
            let key = self.keys.quota(&quota.name);
            let arguments = QuotaArguments::new(quota.quota);
            self.link.unsettled.add(key, self.link.day(now), arguments);
            if !self.link.is_down() {
                self.link.settle_soon();
            }
        }
        Ok(())
    }

    async fn set_remaining(
        &self,
        quota: &ChargedQuota<'_>,
        remaining: u64,
    ) -> Result<(), BoxError> {
        let arguments = QuotaArguments::new(quota.quota);
        let mut call = Call::new(&SET_REMAINING);
        call.key(self.keys.quota(&quota.name));
        call.argument(arguments.limit);
        call.argument(arguments.kind);
        call.argument(remaining.min(MAX_COUNT));
        let forget = || {
            if let Some(lease) = quota.slot.and_then(Slot::get::<Lease>) {
                lease.forget();
            }
        };
        forget();
        self.link.run(&call, Instant::now() + PATIENCE).await?;
        // What was refused meanwhile is old news.
        forget();
        Ok(())
    }
}

/// Notes who refused, and says so.
fn refusal(hold: &Hold<'_>, refused: Refused, now: Timestamp) -> Refusal {
    let retry_after = refused.retry_after;
    let ask = hold.asks().nth(refused.place);
    if let Some(lease) = ask.and_then(Ask::lease) {
        lease.refuse(now, retry_after);
    }
    let by = ask.map_or(RefusedBy::Outage, |ask| refused_by(ask.place));
    Refusal { by, retry_after }
}

fn add(lease: &Lease, grant: Grant, now: Timestamp) {
    let ends = now.saturating_add(grant.lasts.min(LEASE_TIME));
    lease.add(grant.count, grant.terms, ends, now);
}

impl fmt::Debug for RedisLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        f.debug_struct("RedisLimits")
            .field("link", &inner.link)
            .field("keys", &inner.keys)
            .field("mode", &inner.mode)
            .field("deadline", &inner.deadline)
            .field("on_outage", &inner.on_outage)
            .field("nodes", &inner.nodes)
            .finish_non_exhaustive()
    }
}
