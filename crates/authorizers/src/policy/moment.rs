//! Moments as policies write them: ISO 8601, or seconds since the Unix epoch.

use towergate_core::Timestamp;

/// A moment; the year may have nine digits and come before year 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment {
    seconds: i64,
    nanos: u32,
}

/// The years that 64-bit milliseconds can tell.
const YEARS: std::ops::RangeInclusive<i64> = -292_275_054..=292_278_993;

impl Moment {
    pub(super) fn from_epoch_seconds(seconds: u64) -> Option<Self> {
        let seconds = i64::try_from(seconds).ok()?;
        Some(Self { seconds, nanos: 0 })
    }

    /// Reads `YYYY`, `YYYY-MM`, `YYYY-MM-DD` and any of these with `Thh[:mm[:ss[.s]]][Z|±hh[:mm]]`; what has neither
    /// a hyphen nor a `T` is seconds since the Unix epoch.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if !text.contains(['-', 'T', 't']) {
            return Self::from_epoch_seconds(digits(text, 1..=19)?);
        }
        let (date, time) = match text.split_once(['T', 't']) {
            Some((date, time)) => (date, time),
            None => (text, ""),
        };
        let days = parse_date(date)?;
        let (seconds, nanos) = parse_time(time)?;
        Some(Self {
            seconds: days.checked_mul(86_400)?.checked_add(seconds)?,
            nanos,
        })
    }
}

impl From<Timestamp> for Moment {
    fn from(time: Timestamp) -> Self {
        let millis = time.as_unix_millis();
        Self {
            seconds: i64::try_from(millis / 1_000).unwrap_or(i64::MAX),
            nanos: u32::try_from(millis % 1_000 * 1_000_000).unwrap_or(0),
        }
    }
}

/// Writes `2026-03-01T12:00:00Z`.
pub(super) fn iso_8601(time: Timestamp) -> String {
    let seconds = time.as_unix_seconds();
    let (year, month, day) = civil_date(i64::try_from(seconds / 86_400).unwrap_or(0));
    let second = seconds % 86_400;
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Days since 1970-01-01.
fn parse_date(text: &str) -> Option<i64> {
    let (sign, text) = match text.strip_prefix('-') {
        Some(text) => (-1, text),
        None => (1, text),
    };
    let mut parts = text.split('-');
    let year = sign * i64::try_from(digits(parts.next()?, 1..=9)?).ok()?;
    let month = parts.next().map_or(Some(1), |part| digits(part, 1..=2))?;
    let day = parts.next().map_or(Some(1), |part| digits(part, 1..=2))?;
    let (month, day) = (i64::try_from(month).ok()?, i64::try_from(day).ok()?);
    if parts.next().is_some() || !YEARS.contains(&year) || !(1..=12).contains(&month) {
        return None;
    }
    let days = days_since_epoch(year, month, day);
    // A day that the month does not have comes back as one of the next.
    (civil_date(days) == (year, month, day)).then_some(days)
}

/// Seconds since midnight, UTC, and nanoseconds.
fn parse_time(text: &str) -> Option<(i64, u32)> {
    if text.is_empty() {
        return Some((0, 0));
    }
    let (clock, zone) = match text.find(['Z', 'z', '+', '-']) {
        Some(place) => text.split_at(place),
        None => (text, ""),
    };
    let mut parts = clock.split(':');
    let hour = below(parts.next()?, 24)?;
    let minute = parts.next().map_or(Some(0), |part| below(part, 60))?;
    let (second, nanos) = match parts.next() {
        None => (0, 0),
        Some(part) => match part.split_once('.') {
            None => (below(part, 60)?, 0),
            Some((second, fraction)) => (below(second, 60)?, parse_fraction(fraction)?),
        },
    };
    if parts.next().is_some() {
        return None;
    }
    Some((hour * 3_600 + minute * 60 + second - offset(zone)?, nanos))
}

fn parse_fraction(text: &str) -> Option<u32> {
    let number = digits(text, 1..=9)?;
    let scale = 10u64.pow(9u32.checked_sub(u32::try_from(text.len()).ok()?)?);
    u32::try_from(number * scale).ok()
}

/// How many seconds a zone is ahead of UTC.
fn offset(zone: &str) -> Option<i64> {
    let (sign, zone) = match zone.split_at_checked(1) {
        None => return Some(0),
        Some(("Z" | "z", "")) => return Some(0),
        Some(("+", zone)) => (1, zone),
        Some(("-", zone)) => (-1, zone),
        Some(_) => return None,
    };
    let (hours, minutes) = match zone.split_once(':') {
        Some((hours, minutes)) => (hours, minutes),
        None if zone.len() == 4 => zone.split_at_checked(2)?,
        None => (zone, "00"),
    };
    let two_digits = |part: &str, limit| {
        if part.len() == 2 {
            below(part, limit)
        } else {
            None
        }
    };
    Some(sign * (two_digits(hours, 24)? * 3_600 + two_digits(minutes, 60)? * 60))
}

fn below(text: &str, limit: i64) -> Option<i64> {
    let number = i64::try_from(digits(text, 1..=2)?).ok()?;
    (number < limit).then_some(number)
}

/// A number of plain digits, as many of them as allowed.
fn digits(text: &str, count: std::ops::RangeInclusive<usize>) -> Option<u64> {
    let plain = count.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

const DAYS_PER_ERA: i64 = 146_097;
/// From 0000-03-01 to 1970-01-01.
const EPOCH_DAYS: i64 = 719_468;

/// Counts in eras of 400 years that begin on 1 March, so that a leap day is the last of its year.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * DAYS_PER_ERA + day_of_era - EPOCH_DAYS
}

/// Year, month and day, both from 1, of a day counted from 1970-01-01.
fn civil_date(days: i64) -> (i64, i64, i64) {
    let days = days + EPOCH_DAYS;
    let (era, day_of_era) = (days.div_euclid(DAYS_PER_ERA), days.rem_euclid(DAYS_PER_ERA));
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unix(text: &str) -> Option<i64> {
        Moment::parse(text).map(|moment| moment.seconds)
    }

    #[test]
    fn moments_are_read_in_every_form() {
        let cases = [
            ("2026-03-01T12:00:00Z", Some(1_772_366_400)),
            ("2026-03-01t12:00:00z", Some(1_772_366_400)),
            ("2026-03-01T14:00:00+02:00", Some(1_772_366_400)),
            ("2026-03-01T14:00:00+0200", Some(1_772_366_400)),
            ("2026-03-01T07:00:00.5-05", Some(1_772_366_400)),
            ("2026-03-01T12:00", Some(1_772_366_400)),
            ("2026-03-01T12Z", Some(1_772_366_400)),
            ("2026-03-01", Some(1_772_323_200)),
            ("2026-03", Some(1_772_323_200)),
            ("2026T", Some(1_767_225_600)),
            ("1772366400", Some(1_772_366_400)),
            ("01T", Some(-62_135_596_800)),
            ("9223372036854775807", Some(i64::MAX)),
            ("2024-02-29", Some(1_709_164_800)),
            ("2023-02-29", None),
            ("2026-13-01", None),
            ("2026-00-01", None),
            ("234-13", None),
            ("2026-03-01T24:00:00Z", None),
            ("2026-03-01T12:60", None),
            ("2026-03-01T12:00:60", None),
            ("2026-03-01T12:00:00Zx", None),
            ("2016-12-13t2:00:00.1999999999+10:59", None),
            ("2016-12-13t2:00:00.593194+23", Some(1_481_511_600)),
            ("9223372036854775808", None),
            ("1e3", None),
            ("-", None),
            ("", None),
            ("T", None),
            ("tomorrow", None),
            ("+2026-01-01", None),
            ("292278994-01-01", None),
        ];
        for (text, expected) in cases {
            assert_eq!(unix(text), expected, "{text}");
        }
    }

    #[test]
    fn moments_are_written_and_read_alike() {
        for seconds in [0, 951_782_399, 951_782_400, 1_772_366_400, 4_107_542_400] {
            let time = Timestamp::from_unix_millis(seconds * 1_000);
            let text = iso_8601(time);
            assert_eq!(Moment::parse(&text), Some(Moment::from(time)), "{text}");
        }
    }

    #[test]
    fn fractions_order_moments() {
        let parse = |text| Moment::parse(text).unwrap();
        assert!(parse("2026-03-01T12:00:00.25Z") < parse("2026-03-01T12:00:00.3Z"));
        assert!(parse("2026-03-01T12:00:00.25Z") > parse("2026-03-01T12:00:00Z"));
    }
}
