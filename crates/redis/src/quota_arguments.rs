//! A quota as scripts take it.

use towergate_throttling::{Period, Quota, Weekday};

use crate::script::{Call, MAX_COUNT};

/// Limit, offset and kind of period of a quota.
#[derive(Debug, Clone, Copy)]
pub(crate) struct QuotaArguments {
    pub(crate) limit: u64,
    pub(crate) offset: u64,
    /// 0 a day, 1 to 7 a week that begins on Sunday to Saturday, 8 a month.
    pub(crate) kind: u64,
}

impl QuotaArguments {
    pub(crate) fn new(quota: &Quota) -> Self {
        Self {
            limit: quota.limit.min(MAX_COUNT),
            offset: quota.offset.min(MAX_COUNT),
            kind: match quota.period {
                Period::Week(first) => 1 + number(first),
                Period::Month => 8,
                // A period that this crate does not know is none of its time: a day is the one that lends least.
                _ => 0,
            },
        }
    }

    pub(crate) fn add_to(self, call: &mut Call) {
        call.argument(self.limit);
        call.argument(self.offset);
        call.argument(self.kind);
    }
}

fn number(weekday: Weekday) -> u64 {
    match weekday {
        Weekday::Sunday => 0,
        Weekday::Monday => 1,
        Weekday::Tuesday => 2,
        Weekday::Wednesday => 3,
        Weekday::Thursday => 4,
        Weekday::Friday => 5,
        Weekday::Saturday => 6,
    }
}
