//! Time, injected: nothing in towergate asks the system for it behind your back.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::CivilDate;

/// A boxed future that can move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A point in time: nanoseconds since the Unix epoch, UTC.
///
/// Arithmetic saturates, so that no configured duration can overflow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The last representable moment, in the year 2554.
    pub const MAX: Self = Self(u64::MAX);

    /// Creates a timestamp from milliseconds since the Unix epoch.
    #[must_use]
    pub const fn from_unix_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// Creates a timestamp from nanoseconds since the Unix epoch.
    #[must_use]
    pub const fn from_unix_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Returns the nanoseconds since the Unix epoch.
    #[must_use]
    pub const fn as_unix_nanos(self) -> u64 {
        self.0
    }

    /// Returns the milliseconds since the Unix epoch: `$context.requestTimeEpoch`.
    #[must_use]
    pub const fn as_unix_millis(self) -> u64 {
        self.0 / 1_000_000
    }

    /// Returns the seconds since the Unix epoch.
    #[must_use]
    pub const fn as_unix_seconds(self) -> u64 {
        self.0 / 1_000_000_000
    }

    /// Returns the time from `earlier` to this, zero if `earlier` is later.
    #[must_use]
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// Returns the moment `duration` after this one, [`Timestamp::MAX`] if there is none.
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_add(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)),
        )
    }

    /// Displays as `07/Aug/2024:20:24:17 +0000`: `$context.requestTime`.
    #[must_use]
    pub fn request_time(self) -> impl fmt::Display {
        RequestTime(self.as_unix_seconds())
    }

    /// Displays as `Wed Aug 07 20:24:17 UTC 2024`: the `exp` of a token of Amazon Cognito in `$context`.
    #[must_use]
    pub fn calendar_time(self) -> impl fmt::Display {
        CalendarTime(self.as_unix_seconds())
    }
}

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

fn month_name(date: CivilDate) -> &'static str {
    let index = usize::from(date.month().saturating_sub(1));
    MONTHS.get(index).copied().unwrap_or("Dec")
}

struct CalendarTime(u64);

impl fmt::Display for CalendarTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // 1970-01-01 was a Thursday.
        const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
        let (days, second) = (self.0 / 86_400, self.0 % 86_400);
        let date = CivilDate::of_day(days);
        let (year, month, day) = (date.year(), month_name(date), date.day());
        let weekday = WEEKDAYS.get((days % 7) as usize).copied().unwrap_or("Thu");
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        write!(
            f,
            "{weekday} {month} {day:02} {hour:02}:{minute:02}:{second:02} UTC {year:04}"
        )
    }
}

struct RequestTime(u64);

impl fmt::Display for RequestTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = CivilDate::of_day(self.0 / 86_400);
        let (year, month, day) = (date.year(), month_name(date), date.day());
        let second = self.0 % 86_400;
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        write!(
            f,
            "{day:02}/{month}/{year:04}:{hour:02}:{minute:02}:{second:02} +0000"
        )
    }
}

/// Tells the time. It is read once per request and handed on.
pub trait Clock: Send + Sync + 'static {
    /// Returns the current time.
    fn now(&self) -> Timestamp;
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> Timestamp {
        C::now(self)
    }
}

/// The system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(
        clippy::disallowed_methods,
        reason = "this is the clock that is injected"
    )]
    fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp(u64::try_from(since_epoch.as_nanos()).unwrap_or(u64::MAX))
    }
}

/// Waits. `towergate-client` has the one for tokio.
pub trait Timer: Send + Sync + 'static {
    /// Returns a future that ends once the clock shows `deadline`.
    fn sleep_until(&self, deadline: Timestamp) -> BoxFuture<'static, ()>;
}

impl<T: Timer + ?Sized> Timer for Arc<T> {
    fn sleep_until(&self, deadline: Timestamp) -> BoxFuture<'static, ()> {
        T::sleep_until(self, deadline)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_time_is_written_as_in_access_logs() {
        let cases = [
            (0, "01/Jan/1970:00:00:00 +0000"),
            (951_782_399, "28/Feb/2000:23:59:59 +0000"),
            (951_782_400, "29/Feb/2000:00:00:00 +0000"),
            (951_868_800, "01/Mar/2000:00:00:00 +0000"),
            (1_723_062_257, "07/Aug/2024:20:24:17 +0000"),
            (1_735_689_599, "31/Dec/2024:23:59:59 +0000"),
            (4_107_542_400, "01/Mar/2100:00:00:00 +0000"),
        ];
        for (seconds, expected) in cases {
            let time = Timestamp::from_unix_millis(seconds * 1_000);
            assert_eq!(time.request_time().to_string(), expected, "{seconds}");
        }
    }

    #[test]
    fn calendar_time_is_written_as_in_claims() {
        let cases = [
            (0, "Thu Jan 01 00:00:00 UTC 1970"),
            (951_782_400, "Tue Feb 29 00:00:00 UTC 2000"),
            (1_560_188_259, "Mon Jun 10 17:37:39 UTC 2019"),
            (1_772_370_000, "Sun Mar 01 13:00:00 UTC 2026"),
        ];
        for (seconds, expected) in cases {
            let time = Timestamp::from_unix_millis(seconds * 1_000);
            assert_eq!(time.calendar_time().to_string(), expected, "{seconds}");
        }
    }

    #[test]
    fn arithmetic_saturates() {
        assert_eq!(Timestamp::MAX.saturating_add(Duration::MAX), Timestamp::MAX);
        assert_eq!(
            Timestamp::default().saturating_since(Timestamp::MAX),
            Duration::ZERO
        );
    }
}
