//! What the deciding script is asked, and what it answers.

use std::{num::NonZeroU32, time::Duration};

use towergate_throttling::Rate;

use crate::{
    key_names::KeyNames,
    lease::Terms,
    limit::Limit,
    quota_arguments::QuotaArguments,
    script::{Call, DECIDE, DECIDE_BUCKETS},
};

#[cfg(test)]
mod tests;

/// Asks for something of each of some limits.
pub(crate) struct Question {
    pub(crate) call: Call,
    /// The terms of each bucket.
    buckets: Vec<Terms>,
    has_quota: bool,
}

/// What the script decided.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The server's time, in microseconds since the Unix epoch.
    pub(crate) now: i64,
    pub(crate) decision: Result<Vec<Grant>, Refused>,
}

/// What was granted of one limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) count: u64,
    pub(crate) terms: Terms,
    /// How long it may be spent: to the end of a quota's period.
    pub(crate) lasts: Duration,
}

/// The limit, by its place in the question, that refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) place: usize,
    pub(crate) retry_after: Option<Duration>,
}

impl Question {
    /// Asks for so much of each limit. A quota stands last, as in a charge.
    pub(crate) fn new<'a>(
        limits: impl Iterator<Item = (Limit<'a>, u64)> + Clone,
        keys: &KeyNames,
        nodes: NonZeroU32,
    ) -> Self {
        let has_quota = limits
            .clone()
            .any(|(limit, _)| matches!(limit, Limit::Quota(_)));
        let script = if has_quota { &DECIDE } else { &DECIDE_BUCKETS };
        let mut call = Call::new(script);
        let mut buckets = Vec::with_capacity(3);
        call.argument(u64::from(has_quota));
        for (limit, wanted) in limits {
            match limit {
                Limit::Throttle(throttle) => {
                    let terms = add_rate(&mut call, &throttle.rate);
                    call.key(keys.bucket(&throttle.name));
                    call.argument(wanted);
                    buckets.push(terms);
                }
                Limit::Quota(quota) => {
                    call.key(keys.quota(&quota.name));
                    QuotaArguments::new(quota.quota).add_to(&mut call);
                    call.argument(wanted);
                    // A lease is never more than this part of what remains.
                    call.argument(2 * u64::from(nodes.get()));
                }
            }
        }
        Self {
            call,
            buckets,
            has_quota,
        }
    }

    /// Reads an answer, `None` if it is none.
    pub(crate) fn read(&self, answer: &[i64]) -> Option<Answer> {
        let (&refused, answer) = answer.split_first()?;
        let (&now, answer) = answer.split_first()?;
        let decision = match usize::try_from(refused).ok()?.checked_sub(1) {
            Some(place) => Err(Refused {
                place,
                retry_after: number(answer, 0).map(Duration::from_micros),
            }),
            None => Ok(self.grants(answer)?),
        };
        Some(Answer { now, decision })
    }

    fn grants(&self, answer: &[i64]) -> Option<Vec<Grant>> {
        let mut grants = Vec::with_capacity(4);
        for (place, &terms) in self.buckets.iter().enumerate() {
            grants.push(Grant {
                count: number(answer, place)?,
                terms,
                lasts: Duration::MAX,
            });
        }
        if self.has_quota {
            let quota = answer.get(self.buckets.len()..)?;
            grants.push(Grant {
                count: number(quota, 0)?,
                terms: Terms(number(quota, 2)?, number(quota, 3)?),
                lasts: Duration::from_micros(number(quota, 1)?),
            });
        }
        Some(grants)
    }
}

/// Adds interval and capacity, in nanoseconds.
fn add_rate(call: &mut Call, rate: &Rate) -> Terms {
    let interval = rate.interval();
    if rate.tokens() == 0 || interval == Duration::MAX {
        call.argument(-1);
        call.argument(0);
        return Terms::default();
    }
    let interval = u64::try_from(interval.as_nanos()).unwrap_or(u64::MAX);
    let capacity = interval.saturating_mul(rate.tokens());
    call.argument(interval);
    call.argument(capacity);
    Terms(interval, capacity)
}

fn number(answer: &[i64], place: usize) -> Option<u64> {
    u64::try_from(*answer.get(place)?).ok()
}
