//! Days of the calendar, in UTC.

use std::fmt;

/// A day of the Gregorian calendar, in UTC.
///
/// ```
/// use towergate_core::CivilDate;
///
/// let leap_day = CivilDate::of_day(19_782);
/// assert_eq!(leap_day.to_string(), "2024-02-29");
/// assert_eq!(leap_day.day_number(), 19_782);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CivilDate {
    year: u64,
    month: u8,
    day: u8,
}

/// Days in an era of 400 years, after which the calendar repeats.
const ERA: u64 = 146_097;

/// Days from 1 March of the year 0 to 1 January 1970.
const EPOCH: u64 = 719_468;

impl CivilDate {
    /// Returns a day, `None` if the calendar has no such day. Months and days count from 1.
    #[must_use]
    pub fn new(year: u64, month: u64, day: u64) -> Option<Self> {
        let date = Self {
            year: (year < 1_000_000).then_some(year)?,
            month: u8::try_from(month)
                .ok()
                .filter(|month| (1..=12).contains(month))?,
            day: u8::try_from(day)
                .ok()
                .filter(|day| (1..=31).contains(day))?,
        };
        // One that is before 1970 or behind the end of its month comes back as another.
        (Self::of_day(date.day_number()) == date).then_some(date)
    }

    /// Returns the day that is so many days after 1 January 1970.
    ///
    /// Counts in eras of 400 years that begin on 1 March, so that a leap day is the last of its year.
    #[must_use]
    pub fn of_day(number: u64) -> Self {
        let days = number.saturating_add(EPOCH);
        let (era, day_of_era) = (days / ERA, days % ERA);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = (month_from_march + 2) % 12 + 1;
        Self {
            year: era * 400 + year_of_era + u64::from(month < 3),
            // Both are below 32.
            month: month as u8,
            day: day as u8,
        }
    }

    /// Returns how many days after 1 January 1970 this is, 0 for days before.
    #[must_use]
    pub fn day_number(self) -> u64 {
        let (month, day) = (u64::from(self.month), u64::from(self.day));
        let year = self.year.saturating_sub(u64::from(month < 3));
        let (era, year_of_era) = (year / 400, year % 400);
        let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        (era * ERA + day_of_era).saturating_sub(EPOCH)
    }

    /// Returns the first day of this month.
    #[must_use]
    pub fn first_of_month(self) -> Self {
        Self { day: 1, ..self }
    }

    /// Returns the first day of the month after this one.
    #[must_use]
    pub fn first_of_next_month(self) -> Self {
        let (year, month) = match self.month {
            12 => (self.year + 1, 1),
            month => (self.year, month + 1),
        };
        Self {
            year,
            month,
            day: 1,
        }
    }

    /// Returns the year.
    #[must_use]
    pub fn year(self) -> u64 {
        self.year
    }

    /// Returns the month, from 1 to 12.
    #[must_use]
    pub fn month(self) -> u8 {
        self.month
    }

    /// Returns the day of the month, from 1 to 31.
    #[must_use]
    pub fn day(self) -> u8 {
        self.day
    }
}

impl fmt::Display for CivilDate {
    /// Writes as ISO 8601 does: `2024-02-29`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The calendar, day by day.
    fn naive() -> impl Iterator<Item = (u64, u8, u8)> {
        (1970_u64..2500).flat_map(|year| {
            let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let february = if is_leap { 29 } else { 28 };
            let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
            (1_u8..)
                .zip(months)
                .flat_map(move |(month, days)| (1..=days).map(move |day| (year, month, day)))
        })
    }

    #[test]
    fn every_day_has_its_number_and_its_months() {
        let mut first = 0;
        for (number, (year, month, day)) in (0..).zip(naive()) {
            let date = CivilDate::of_day(number);
            assert_eq!((date.year(), date.month(), date.day()), (year, month, day));
            assert_eq!(date.day_number(), number, "{date}");
            if day == 1 {
                let next = CivilDate::of_day(first).first_of_next_month();
                assert!(number == 0 || next.day_number() == number, "{date}");
                first = number;
            }
            assert_eq!(date.first_of_month().day_number(), first, "{date}");
        }
    }

    #[test]
    fn days_far_away_do_not_overflow() {
        assert_eq!(
            CivilDate::of_day(u64::MAX / 1_000_000_000 / 86_400).year(),
            2554
        );
        let far = CivilDate::of_day(u64::MAX);
        assert!(far.first_of_next_month() > far);
    }
}
