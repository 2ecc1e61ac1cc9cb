//! This node's count of one quota.

use std::{collections::VecDeque, ops::RangeInclusive, sync::PoisonError, time::Duration};

use towergate_core::Timestamp;

use crate::{
    Day, DayUsage, Quota,
    sync::{Mutex, MutexGuard},
};

/// The most days that are remembered, today included: as many as API Gateway reports at once.
const MAX_DAYS: usize = 92;

/// How many days time may go back as if it had stood still: two requests at midnight may look at the clock in one order and
/// be counted in the other.
const MAX_DAYS_BACK: u32 = 1;

/// This node's count of one quota: what was used of the period that it is, and on each of the last 92 days.
///
/// Counts are exact, however many threads count. Time that goes back begins no period a second time; where it goes back by
/// more than a day, it had leapt ahead, and what was counted meanwhile counts for the day that it is.
///
/// ```
/// use towergate_core::Timestamp;
/// use towergate_throttling::{Period, Quota, QuotaCounter};
///
/// let (counter, quota) = (QuotaCounter::default(), Quota::new(1, Period::Day));
/// let noon = Timestamp::from_unix_millis(12 * 3_600_000);
/// assert!(counter.count(&quota, noon).is_ok());
/// assert_eq!(counter.count(&quota, noon).map_err(|left| left.as_secs()), Err(12 * 3_600));
/// ```
#[derive(Debug, Default)]
pub struct QuotaCounter(Mutex<Option<Count>>);

/// What was counted since the first request.
#[derive(Debug)]
struct Count {
    /// What was used of the period; an extension is below zero.
    used: i64,
    /// What was granted on the day.
    today: u64,
    /// The first day of the period.
    window: Day,
    /// The day that was counted on last.
    day: Day,
    /// The days before it on which something was granted.
    history: Option<Box<History>>,
}

/// Days in their order; boxed, because most counters never have one.
#[derive(Debug, Default)]
struct History(VecDeque<DayUsage>);

impl QuotaCounter {
    /// Says whether a request is left, and counts none.
    ///
    /// # Errors
    ///
    /// Returns how long the period has left.
    pub fn peek(&self, quota: &Quota, now: Timestamp) -> Result<(), Duration> {
        let mut counted = self.lock();
        let count = Count::at(&mut counted, quota, now);
        count.check(quota, now)
    }

    /// Counts a request.
    ///
    /// # Errors
    ///
    /// Returns how long the period has left if no request is left in it; nothing was counted then.
    pub fn count(&self, quota: &Quota, now: Timestamp) -> Result<(), Duration> {
        self.hold(quota, now).map(HeldCount::count)
    }

    /// Says whether a request is left, and keeps others from it until it is counted or let go.
    ///
    /// # Errors
    ///
    /// Returns how long the period has left.
    pub(crate) fn hold(&self, quota: &Quota, now: Timestamp) -> Result<HeldCount<'_>, Duration> {
        let mut counted = self.lock();
        Count::at(&mut counted, quota, now).check(quota, now)?;
        Ok(HeldCount(counted))
    }

    /// Returns how many requests are left in this period.
    #[must_use]
    pub fn remaining(&self, quota: &Quota, now: Timestamp) -> u64 {
        Count::at(&mut self.lock(), quota, now).remaining(quota)
    }

    /// Sets how many requests are left in this period; more than the limit extends it.
    pub fn set_remaining(&self, quota: &Quota, remaining: u64, now: Timestamp) {
        let used = signed(quota.limit).saturating_sub(signed(remaining));
        Count::at(&mut self.lock(), quota, now).used = used;
    }

    /// Begins the period anew: all of the limit is left. What was granted on each day stays.
    pub fn reset(&self, quota: &Quota, now: Timestamp) {
        self.set_remaining(quota, quota.limit, now);
    }

    /// Returns what was granted on each of these days, in their order; days without a request are left out.
    #[must_use]
    pub fn usage(&self, quota: &Quota, days: RangeInclusive<Day>, now: Timestamp) -> Vec<DayUsage> {
        let mut counted = self.lock();
        let count = Count::at(&mut counted, quota, now);
        let history = count.history.iter().flat_map(|days| days.0.iter().copied());
        let all = history.chain(count.of_today(quota));
        all.filter(|usage| days.contains(&usage.day)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Count>> {
        // No write to it panics: what a panicking thread left is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A count with a request left in it.
pub(crate) struct HeldCount<'a>(MutexGuard<'a, Option<Count>>);

impl HeldCount<'_> {
    /// Counts the request.
    pub(crate) fn count(mut self) {
        if let Some(count) = &mut *self.0 {
            count.used = count.used.saturating_add(1);
            count.today = count.today.saturating_add(1);
        }
    }
}

impl Count {
    /// Returns the count as it is at a moment: days and periods that have ended are closed.
    fn at<'a>(counted: &'a mut Option<Self>, quota: &Quota, now: Timestamp) -> &'a mut Self {
        let day = Day::of(now);
        let count = counted.get_or_insert_with(|| Self {
            used: signed(quota.offset),
            today: 0,
            window: quota.window_of(day).0,
            day,
            history: None,
        });
        if count.day < day {
            count.turn_to(day, quota);
        } else if count.day.0.saturating_sub(day.0) > MAX_DAYS_BACK {
            count.turn_back(day, quota);
        }
        count
    }

    fn turn_to(&mut self, day: Day, quota: &Quota) {
        if let Some(ended) = self.of_today(quota) {
            let History(history) = &mut **self.history.get_or_insert_default();
            if history.len() >= MAX_DAYS - 1 {
                history.pop_front();
            }
            history.push_back(ended);
        }
        self.day = day;
        self.today = 0;
        let (window, _) = quota.window_of(day);
        if self.window < window {
            self.window = window;
            self.used = 0;
        }
    }

    /// Ends a leap ahead, so that days and periods end again when they do: nothing is granted by that.
    fn turn_back(&mut self, day: Day, quota: &Quota) {
        if let Some(history) = &mut self.history {
            let History(days) = &mut **history;
            while let Some(ahead) = days.back().copied().filter(|usage| usage.day >= day) {
                self.today = self.today.saturating_add(ahead.used);
                days.pop_back();
            }
        }
        self.day = day;
        self.window = quota.window_of(day).0;
    }

    fn of_today(&self, quota: &Quota) -> Option<DayUsage> {
        (self.today > 0).then(|| DayUsage {
            day: self.day,
            used: self.today,
            remaining: self.remaining(quota),
        })
    }

    fn check(&self, quota: &Quota, now: Timestamp) -> Result<(), Duration> {
        match self.used < signed(quota.limit) {
            true => Ok(()),
            false => Err(quota.time_left(now)),
        }
    }

    fn remaining(&self, quota: &Quota) -> u64 {
        let left = signed(quota.limit).saturating_sub(self.used);
        u64::try_from(left).unwrap_or(0)
    }
}

/// Counts above half of 64 bits are as good as any.
fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, thread};

    use super::*;
    use crate::{Period, Weekday};

    fn at(day: u32, hour: u64) -> Timestamp {
        Day(day)
            .starts_at()
            .saturating_add(Duration::from_secs(hour * 3_600))
    }

    /// Counts as often as it is granted, at most `tries` times.
    fn drain(counter: &QuotaCounter, quota: &Quota, now: Timestamp, tries: usize) -> usize {
        (0..tries)
            .take_while(|_| counter.count(quota, now).is_ok())
            .count()
    }

    #[test]
    fn a_period_grants_its_limit_and_the_next_one_again() {
        // Day 0 is a Thursday, the first of a month.
        let week = Period::Week(Weekday::Sunday);
        let cases = [
            ("days", Period::Day, &[(0, 3), (1, 3), (1, 0), (3, 3)][..]),
            ("weeks", week, &[(0, 3), (2, 0), (3, 3), (9, 0), (10, 3)]),
            (
                "months",
                Period::Month,
                &[(0, 3), (30, 0), (31, 3), (58, 0), (59, 3)],
            ),
        ];
        for (name, period, days) in cases {
            let (counter, quota) = (QuotaCounter::default(), Quota::new(3, period));
            for (day, expected) in days {
                let granted = drain(&counter, &quota, at(*day, 23), 10);
                assert_eq!(granted, *expected, "{name}: day {day}");
            }
        }
    }

    #[test]
    fn the_offset_counts_in_the_first_period_only() {
        let cases = [
            ("some", 2, 1),
            ("all", 3, 0),
            ("more than all", 9, 0),
            ("none", 0, 3),
        ];
        for (name, offset, first) in cases {
            let quota = Quota::new(3, Period::Day).offset(offset);
            let counter = QuotaCounter::default();
            assert_eq!(drain(&counter, &quota, at(0, 1), 10), first, "{name}");
            assert_eq!(
                drain(&counter, &quota, at(1, 0), 10),
                3,
                "{name}: the next day"
            );
        }
    }

    #[test]
    fn time_that_goes_back_begins_no_period_again() {
        let (counter, quota) = (QuotaCounter::default(), Quota::new(3, Period::Day));
        assert_eq!(drain(&counter, &quota, at(5, 0), 10), 3);
        assert_eq!(drain(&counter, &quota, at(4, 23), 10), 0);
        assert_eq!(drain(&counter, &quota, at(5, 1), 10), 0);
    }

    #[test]
    fn a_leap_ahead_that_is_taken_back_ends_no_later_than_the_period() {
        let month = Period::Month;
        let cases = [
            ("a year, by the day", Period::Day, 365, 1),
            ("three days, by the day", Period::Day, 3, 1),
            ("a year, by the month", month, 365, 31),
            ("for ever", month, 4_000_000_000, 31),
        ];
        for (name, period, leap, next) in cases {
            let (counter, quota) = (QuotaCounter::default(), Quota::new(3, period));
            assert_eq!(drain(&counter, &quota, at(0, 1), 1), 1, "{name}");
            assert_eq!(drain(&counter, &quota, at(leap, 1), 10), 3, "{name}: ahead");
            assert_eq!(drain(&counter, &quota, at(0, 2), 10), 0, "{name}: back");
            assert_eq!(drain(&counter, &quota, at(next, 0), 10), 3, "{name}: next");
            let days = counter.usage(&quota, Day(0)..=Day(u32::MAX), at(next, 1));
            let days: Vec<_> = days.iter().map(|usage| (usage.day.0, usage.used)).collect();
            assert_eq!(days, [(0, 4), (next, 3)], "{name}");
        }
    }

    #[test]
    fn a_period_is_extended_and_begun_anew() {
        let (counter, quota) = (QuotaCounter::default(), Quota::new(3, Period::Month));
        assert_eq!(drain(&counter, &quota, at(0, 0), 2), 2);
        counter.set_remaining(&quota, 5, at(0, 1));
        assert_eq!(counter.remaining(&quota, at(0, 1)), 5);
        assert_eq!(drain(&counter, &quota, at(0, 1), 10), 5);
        counter.set_remaining(&quota, 0, at(0, 2));
        assert_eq!(drain(&counter, &quota, at(0, 2), 10), 0);
        counter.reset(&quota, at(0, 3));
        assert_eq!(drain(&counter, &quota, at(0, 3), 10), 3);
        counter.set_remaining(&quota, u64::MAX, at(0, 4));
        assert_eq!(counter.remaining(&quota, at(0, 4)), i64::MAX as u64);
        assert_eq!(
            counter.remaining(&quota, at(31, 0)),
            3,
            "an extension ends with its period"
        );
    }

    #[test]
    fn a_limit_that_changes_holds_at_once() {
        let counter = QuotaCounter::default();
        let of = |limit| Quota::new(limit, Period::Day);
        assert_eq!(drain(&counter, &of(3), at(0, 0), 10), 3);
        assert_eq!(drain(&counter, &of(5), at(0, 0), 10), 2);
        assert_eq!(counter.remaining(&of(2), at(0, 0)), 0);
        assert_eq!(
            drain(&counter, &of(0), at(1, 0), 10),
            0,
            "zero lets nothing through"
        );
    }

    #[test]
    fn days_are_remembered_up_to_a_bound() {
        let (counter, quota) = (QuotaCounter::default(), Quota::new(1_000, Period::Month));
        for day in 0..200 {
            // Every third day is idle.
            for _ in 0..day % 3 {
                counter.count(&quota, at(day, 1)).unwrap();
            }
        }
        let all = counter.usage(&quota, Day(0)..=Day(u32::MAX), at(199, 2));
        assert_eq!(all.len(), MAX_DAYS);
        assert!(all.is_sorted_by_key(|usage| usage.day));
        for usage in &all {
            assert_eq!(usage.used, u64::from(usage.day.0 % 3), "{usage:?}");
        }
        let some = counter.usage(&quota, Day(196)..=Day(197), at(199, 2));
        let days: Vec<_> = some.iter().map(|usage| (usage.day.0, usage.used)).collect();
        assert_eq!(days, [(196, 1), (197, 2)]);
        assert_eq!(some[0].remaining - 2, some[1].remaining);
    }

    #[test]
    fn counts_of_many_threads_are_exact() {
        let (counter, quota) = (
            Arc::new(QuotaCounter::default()),
            Quota::new(1_000, Period::Day),
        );
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let counter = Arc::clone(&counter);
                thread::spawn(move || drain(&counter, &quota, at(0, 0), 1_000))
            })
            .collect();
        let granted: usize = threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum();
        assert_eq!(granted, 1_000);
    }
}
