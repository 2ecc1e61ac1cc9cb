//! The use of a quota, day by day.

use std::{collections::HashMap, ops::RangeInclusive};

use tokio::time::Instant;
use towergate_core::BoxError;
use towergate_throttling::{ChargedQuota, Day, DayUsage};

use super::Inner;
use crate::recovery::PATIENCE;

impl Inner {
    pub(super) async fn usage(
        &self,
        quota: &ChargedQuota<'_>,
        days: RangeInclusive<Day>,
    ) -> Result<Vec<DayUsage>, BoxError> {
        let mut command = redis::cmd("HGETALL");
        command.arg(self.keys.quota(&quota.name));
        let command = &command;
        let until = Instant::now() + PATIENCE;
        let record: HashMap<String, String> = self
            .link
            .ask(until, |mut connection| async move {
                command.query_async(&mut connection).await
            })
            .await?;
        let mut usage: Vec<_> = record
            .iter()
            .filter_map(|(field, value)| day_usage(field, value))
            .filter(|usage| days.contains(&usage.day))
            .collect();
        usage.sort_unstable_by_key(|usage| usage.day);
        Ok(usage)
    }
}

/// Reads a field of a quota's record, such as `d20421`, whose value is `used left`; `None` if it is another.
fn day_usage(field: &str, value: &str) -> Option<DayUsage> {
    let (used, remaining) = value.split_once(' ')?;
    Some(DayUsage {
        day: Day(field.strip_prefix('d')?.parse().ok()?),
        used: used.parse().ok()?,
        remaining: remaining.parse().ok()?,
    })
}
