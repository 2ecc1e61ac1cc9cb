//! A share of traffic.

use std::{fmt, num::ParseFloatError, str::FromStr};

/// A share of traffic, in percent: `10.0` is about one request in ten.
///
/// Fractions count, down to 2⁻⁵³ of the traffic: a share above zero never takes nothing at all.
///
/// ```
/// use towergate_stages::Percent;
///
/// let ten = Percent::new(10.0)?;
/// assert!(ten.takes(0) && !ten.takes(u64::MAX));
/// assert_eq!(ten.to_string(), "10.0");
/// assert!(Percent::new(100.5).is_err());
/// # Ok::<(), towergate_stages::PercentError>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, PartialOrd)]
pub struct Percent {
    value: f64,
    /// How many of the 2⁵³ values of a draw are taken.
    threshold: u64,
}

/// How many bits of a draw count: as many as a double tells apart between zero and one.
const DRAW_BITS: u32 = 53;

const DRAWS: u64 = 1 << DRAW_BITS;

impl Percent {
    /// No request: `0.0`.
    pub const NONE: Self = Self {
        value: 0.0,
        threshold: 0,
    };

    /// Every request: `100.0`.
    pub const ALL: Self = Self {
        value: 100.0,
        threshold: DRAWS,
    };

    /// Creates a share of traffic. `0.0` takes no request and `100.0` takes all.
    ///
    /// # Errors
    ///
    /// Returns [`PercentError`] below `0.0`, above `100.0`, or if the value is not a number.
    pub fn new(value: f64) -> Result<Self, PercentError> {
        if !(0.0..=100.0).contains(&value) {
            return Err(PercentError(value.to_string()));
        }
        // Rounded up, so that a draw is taken just where `draw / 2^53 * 100 < value` (rest-api.md, section 12).
        let threshold = (value / 100.0 * DRAWS as f64).ceil() as u64;
        // The least of all doubles is zero once divided.
        let threshold = threshold.max(u64::from(value > 0.0));
        // `-0.0` becomes `0.0`.
        let value = value + 0.0;
        Ok(Self { value, threshold })
    }

    /// Returns the share, from `0.0` to `100.0`.
    #[must_use]
    pub fn value(self) -> f64 {
        self.value
    }

    /// Returns whether the share takes what drew these random bits. A larger share takes all that a smaller one takes.
    #[must_use]
    pub fn takes(self, draw: u64) -> bool {
        draw >> (u64::BITS - DRAW_BITS) < self.threshold
    }

    /// Returns whether the share takes a request, which draws only where that decides anything.
    #[must_use]
    pub fn takes_by(self, draw: impl FnOnce() -> u64) -> bool {
        self.takes(if self.is_a_chance() { draw() } else { 0 })
    }

    /// Returns whether a draw decides anything: not for `0.0` and `100.0`.
    #[must_use]
    pub fn is_a_chance(self) -> bool {
        0 < self.threshold && self.threshold < DRAWS
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // `Debug` keeps the `.0` of whole numbers, as API Gateway writes them.
        write!(f, "{:?}", self.value)
    }
}

impl FromStr for Percent {
    type Err = PercentError;

    /// # Errors
    ///
    /// Returns [`PercentError`] if the text is not a number from `0.0` to `100.0`.
    fn from_str(text: &str) -> Result<Self, PercentError> {
        let refused = |_: ParseFloatError| PercentError(text.to_owned());
        Self::new(text.parse().map_err(refused)?)
    }
}

/// A value is no share of traffic.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no share of traffic: give a number from 0.0 to 100.0")]
pub struct PercentError(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_a_number_from_0_to_100() {
        let cases = [
            ("none", 0.0, Some("0.0")),
            ("minus zero", -0.0, Some("0.0")),
            ("a fraction", 0.25, Some("0.25")),
            ("all", 100.0, Some("100.0")),
            ("more than all", 100.000_1, None),
            ("less than none", -0.1, None),
            ("not a number", f64::NAN, None),
            ("infinite", f64::INFINITY, None),
        ];
        for (name, value, expected) in cases {
            let shown = Percent::new(value).ok().map(|percent| percent.to_string());
            assert_eq!(shown.as_deref(), expected, "{name}");
            let parsed = value.to_string().parse::<Percent>();
            assert_eq!(parsed.ok(), Percent::new(value).ok(), "{name}, parsed");
        }
        let error = "ten".parse::<Percent>().expect_err("no number");
        assert!(
            error.to_string().starts_with("`ten` is no share"),
            "{error}"
        );
    }

    #[test]
    fn what_is_taken_at_the_bounds() {
        let cases = [
            ("none", 0.0, 0, false),
            (
                "the least share, the least draw",
                f64::MIN_POSITIVE,
                0,
                true,
            ),
            (
                "the least share, the next draw",
                f64::MIN_POSITIVE,
                1 << 11,
                false,
            ),
            ("the least of all doubles", f64::from_bits(1), 0, true),
            ("a half, just below", 50.0, (1 << 63) - 1, true),
            ("a half, at it", 50.0, 1 << 63, false),
            ("all", 100.0, u64::MAX, true),
        ];
        for (name, value, draw, expected) in cases {
            let percent = Percent::new(value).expect(name);
            assert_eq!(percent.takes(draw), expected, "{name}");
        }
        let constants = [(Percent::NONE, 0.0), (Percent::ALL, 100.0)];
        for (constant, value) in constants {
            assert_eq!(Ok(constant), Percent::new(value), "{value}");
        }
    }
}
