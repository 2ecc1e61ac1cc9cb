//! How many requests there are in a day, a week or a month.

use std::{fmt, str::FromStr, time::Duration};

use towergate_core::{CivilDate, Timestamp};

const SECONDS_PER_DAY: u64 = 86_400;

/// A number of requests in each period, as a usage plan gives it to each of its keys.
///
/// ```
/// use towergate_throttling::{Day, Period, Quota};
///
/// let quota = Quota::new(1_000, Period::Month).offset(200);
/// let day: Day = "2024-02-29".parse()?;
/// let (first, next) = quota.window_of(day);
/// assert_eq!((first.to_string(), next.to_string()), ("2024-02-01".to_owned(), "2024-03-01".to_owned()));
/// # Ok::<(), towergate_throttling::ParseDayError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Quota {
    /// How many requests a period has; zero lets nothing through.
    pub limit: u64,
    /// How many of them count as used when the first period begins.
    pub offset: u64,
    /// The period.
    pub period: Period,
}

impl Quota {
    /// Creates a quota without an offset.
    #[must_use]
    pub fn new(limit: u64, period: Period) -> Self {
        Self {
            limit,
            offset: 0,
            period,
        }
    }

    /// Sets how many requests count as used when the first period begins.
    #[must_use]
    pub fn offset(mut self, offset: u64) -> Self {
        self.offset = offset;
        self
    }

    /// Returns the first day of the period that a day is in, and that of the next period.
    #[must_use]
    pub fn window_of(&self, day: Day) -> (Day, Day) {
        match self.period {
            Period::Day => (day, day.plus(1)),
            Period::Week(start) => {
                // 1 January 1970 was a Thursday, four days after a Sunday.
                let since = (u64::from(day.0) + 4 + 7 - start as u64) % 7;
                // Below seven.
                let first = Day(day.0.saturating_sub(since as u32));
                (first, day.plus(7 - since as u32))
            }
            Period::Month => {
                let date = CivilDate::of_day(u64::from(day.0));
                let day_of = |date: CivilDate| Day::of_number(date.day_number());
                (
                    day_of(date.first_of_month()),
                    day_of(date.first_of_next_month()),
                )
            }
        }
    }

    /// Returns how long the period that it is now has left.
    #[must_use]
    pub fn time_left(&self, now: Timestamp) -> Duration {
        let (_, next) = self.window_of(Day::of(now));
        next.starts_at().saturating_since(now)
    }
}

/// The period of a quota. All begin at midnight UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Period {
    /// A day.
    Day,
    /// A week, which begins on this day.
    Week(Weekday),
    /// A month.
    Month,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "they are the days of the week")]
pub enum Weekday {
    #[default]
    Sunday,
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
}

/// A day in UTC, counted from 1 January 1970. It prints and parses as `2026-11-28`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub u32);

impl Day {
    /// Returns the day that it is at a moment.
    #[must_use]
    pub fn of(now: Timestamp) -> Self {
        Self::of_number(now.as_unix_seconds() / SECONDS_PER_DAY)
    }

    /// Returns the moment at which the day begins.
    #[must_use]
    pub fn starts_at(self) -> Timestamp {
        Timestamp::from_unix_millis(u64::from(self.0) * SECONDS_PER_DAY * 1_000)
    }

    fn of_number(number: u64) -> Self {
        Self(u32::try_from(number).unwrap_or(u32::MAX))
    }

    fn plus(self, days: u32) -> Self {
        Self(self.0.saturating_add(days))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        CivilDate::of_day(u64::from(self.0)).fmt(f)
    }
}

impl FromStr for Day {
    type Err = ParseDayError;

    fn from_str(text: &str) -> Result<Self, ParseDayError> {
        // Whatever the parts are read as, only what prints the same is a day.
        let number = |part: Option<&str>| part.and_then(|part| part.parse::<u64>().ok());
        let mut parts = text.splitn(3, '-');
        let parsed = number(parts.next())
            .zip(number(parts.next()))
            .zip(number(parts.next()))
            .and_then(|((year, month), day)| CivilDate::new(year, month, day));
        let day = parsed.map(|date| Self::of_number(date.day_number()));
        day.filter(|day| day.to_string() == text)
            .ok_or(ParseDayError)
    }
}

/// A text is no day from 1 January 1970 on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a day is written as `2026-11-28`, and is not before 1970")]
pub struct ParseDayError;

/// What was used of a quota on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayUsage {
    /// The day.
    pub day: Day,
    /// How many requests were granted on it.
    pub used: u64,
    /// How many were left of the quota at the end of the day, or now.
    pub remaining: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse()
            .unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn periods_begin_at_midnight_utc() {
        let cases = [
            (
                "a day",
                Period::Day,
                "2024-02-29",
                "2024-02-29",
                "2024-03-01",
            ),
            (
                "the last day of a year",
                Period::Day,
                "2023-12-31",
                "2023-12-31",
                "2024-01-01",
            ),
            (
                "a week from its first day",
                Period::Week(Weekday::Sunday),
                "2026-11-22",
                "2026-11-22",
                "2026-11-29",
            ),
            (
                "a week from its last day",
                Period::Week(Weekday::Sunday),
                "2026-11-28",
                "2026-11-22",
                "2026-11-29",
            ),
            (
                "a week that begins on Monday",
                Period::Week(Weekday::Monday),
                "2026-11-22",
                "2026-11-16",
                "2026-11-23",
            ),
            (
                "a week that begins today",
                Period::Week(Weekday::Saturday),
                "2026-11-28",
                "2026-11-28",
                "2026-12-05",
            ),
            (
                "a week over the end of a year",
                Period::Week(Weekday::Sunday),
                "2025-01-01",
                "2024-12-29",
                "2025-01-05",
            ),
            (
                "a month with a leap day",
                Period::Month,
                "2024-02-29",
                "2024-02-01",
                "2024-03-01",
            ),
            (
                "a month without one",
                Period::Month,
                "2023-02-14",
                "2023-02-01",
                "2023-03-01",
            ),
            (
                "a century without one",
                Period::Month,
                "2100-02-28",
                "2100-02-01",
                "2100-03-01",
            ),
            (
                "a month from its first day",
                Period::Month,
                "2024-12-01",
                "2024-12-01",
                "2025-01-01",
            ),
            (
                "the first week there is",
                Period::Week(Weekday::Sunday),
                "1970-01-01",
                "1970-01-01",
                "1970-01-04",
            ),
        ];
        for (name, period, today, first, next) in cases {
            let found = Quota::new(1, period).window_of(day(today));
            assert_eq!(found, (day(first), day(next)), "{name}");
        }
    }

    #[test]
    fn every_day_is_in_one_window_and_windows_follow_one_another() {
        let weeks = [Weekday::Sunday, Weekday::Wednesday, Weekday::Saturday].map(Period::Week);
        for period in [Period::Day, Period::Month].into_iter().chain(weeks) {
            let quota = Quota::new(1, period);
            let mut next = quota.window_of(Day(0)).1;
            for today in 0..40_000 {
                let (first, end) = quota.window_of(Day(today));
                assert!(
                    first <= Day(today) && Day(today) < end,
                    "{period:?} {today}"
                );
                if Day(today) == next {
                    assert_eq!(first, next, "{period:?} {today}");
                    next = end;
                }
                assert_eq!(end, next, "{period:?} {today}");
            }
        }
    }

    #[test]
    fn days_print_and_parse() {
        for text in ["1970-01-01", "2024-02-29", "2026-11-28", "9999-12-31"] {
            assert_eq!(day(text).to_string(), text);
        }
        for text in [
            "",
            "2024",
            "2023-02-29",
            "2024-2-9",
            "2024-13-01",
            "2024-00-01",
            "1969-12-31",
            "2024-02-29x",
            "+2024-02-29",
        ] {
            assert_eq!(text.parse::<Day>(), Err(ParseDayError), "{text}");
        }
    }

    #[test]
    fn the_time_left_ends_at_midnight() {
        let noon = day("2024-02-29")
            .starts_at()
            .saturating_add(Duration::from_secs(12 * 3_600));
        let hours = |period| Quota::new(1, period).time_left(noon).as_secs() / 3_600;
        assert_eq!(hours(Period::Day), 12);
        assert_eq!(hours(Period::Week(Weekday::Sunday)), 12 + 2 * 24);
        assert_eq!(hours(Period::Month), 12);
        assert!(
            Quota::new(1, Period::Month).time_left(Timestamp::MAX)
                <= Duration::from_secs(31 * 86_400)
        );
    }
}
