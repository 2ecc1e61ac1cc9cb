//! Decimal numbers, compared exactly.

/// A number of up to 38 significant digits: exact where a float would call 0.1 + 2⁵³ and its neighbours equal.
///
/// The mantissa always has 38 digits, so that magnitude and mantissa order the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Decimal {
    negative: bool,
    /// How many digits stand before the point, of a mantissa that begins with another digit than 0.
    magnitude: i64,
    mantissa: u128,
}

const DIGITS: u32 = 38;

impl Decimal {
    pub(super) fn from_integer(number: u64) -> Self {
        let (magnitude, mantissa) = normal(number.into(), 0).unwrap_or((0, 0));
        Self {
            negative: false,
            magnitude,
            mantissa,
        }
    }

    /// Reads `[+-]digits[.digits][e[+-]digits]`; `None` for anything else, and for more digits than fit.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (negative, text) = match text.strip_prefix('-') {
            Some(text) => (true, text),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (number, exponent) = match text.split_once(['e', 'E']) {
            Some((number, exponent)) => (number, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        let mut mantissa: u128 = 0;
        let mut dropped_zeros: i64 = 0;
        if whole.is_empty() || fraction.is_empty() {
            return None;
        }
        // Zeros at the end count only once another digit follows.
        for byte in whole.bytes().chain(fraction.bytes()) {
            match byte {
                b'0' => dropped_zeros += 1,
                b'1'..=b'9' => {
                    while dropped_zeros > 0 && mantissa > 0 {
                        mantissa = shifted(mantissa, 0)?;
                        dropped_zeros -= 1;
                    }
                    dropped_zeros = 0;
                    mantissa = shifted(mantissa, byte - b'0')?;
                }
                _ => return None,
            }
        }
        let fraction_digits = i64::try_from(fraction.len()).ok()?;
        let power = i64::from(exponent) - fraction_digits + dropped_zeros;
        let (magnitude, mantissa) = normal(mantissa, power)?;
        Some(Self {
            negative: negative && mantissa > 0,
            magnitude,
            mantissa,
        })
    }
}

/// Appends a digit, as long as there is room.
fn shifted(mantissa: u128, digit: u8) -> Option<u128> {
    let longer = mantissa.checked_mul(10)?.checked_add(digit.into())?;
    (longer < 10u128.pow(DIGITS)).then_some(longer)
}

/// Brings `number * 10^power` to 38 digits; zero to one form of it.
fn normal(number: u128, power: i64) -> Option<(i64, u128)> {
    let Some(log) = number.checked_ilog10() else {
        return Some((i64::MIN, 0));
    };
    let digits = log + 1;
    let mantissa = number.checked_mul(10u128.pow(DIGITS.checked_sub(digits)?))?;
    Some((power + i64::from(digits), mantissa))
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let size = |number: &Self| (number.magnitude, number.mantissa);
        match (self.negative, other.negative) {
            (false, false) => size(self).cmp(&size(other)),
            (true, true) => size(other).cmp(&size(self)),
            (own, other) => other.cmp(&own),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_compare_as_whole_millionths_do(
            left in -20_000_000_000_i64..20_000_000_000, difference in -3_i64..=3, factor in 0_u32..9,
        ) {
            let millionths = [left, left + difference * 10_i64.pow(factor)];
            let [left, right] = millionths.map(|number| {
                let sign = if number < 0 { "-" } else { "" };
                let number = number.unsigned_abs();
                Decimal::parse(&format!("{sign}{}.{:06}", number / 1_000_000, number % 1_000_000))
            });
            prop_assert_eq!(left.cmp(&right), millionths[0].cmp(&millionths[1]));
        }
    }

    #[test]
    fn numbers_compare_by_value() {
        let cases = [
            ("9", Ordering::Less, "10"),
            ("10", Ordering::Equal, "10.0"),
            ("10", Ordering::Equal, "1e1"),
            ("0.1", Ordering::Equal, "1E-1"),
            ("010", Ordering::Equal, "10"),
            ("-0", Ordering::Equal, "0.000"),
            ("-1", Ordering::Less, "0"),
            ("0", Ordering::Less, "0.0001"),
            ("-10", Ordering::Less, "-9"),
            ("1", Ordering::Greater, "-1"),
            ("-1", Ordering::Less, "1"),
            ("9007199254740993", Ordering::Greater, "9007199254740992"),
            ("100.01", Ordering::Greater, "100.001"),
            ("1e400", Ordering::Greater, "1e399"),
            (
                "1000000000000000000000000000000000000000000000000",
                Ordering::Equal,
                "1e48",
            ),
        ];
        for (left, expected, right) in cases {
            let parse = |text| Decimal::parse(text).unwrap();
            assert_eq!(parse(left).cmp(&parse(right)), expected, "{left} {right}");
            assert_eq!(
                parse(right).cmp(&parse(left)),
                expected.reverse(),
                "{left} {right}"
            );
        }
        assert_eq!(Decimal::parse("10"), Some(Decimal::from_integer(10)));
        assert_eq!(Decimal::parse("0"), Some(Decimal::from_integer(0)));
        let largest = "18446744073709551615";
        assert_eq!(
            Decimal::parse(largest),
            Some(Decimal::from_integer(u64::MAX))
        );
    }

    #[test]
    fn what_is_no_decimal_is_not_read() {
        let many = "123456789".repeat(5);
        for text in [
            "",
            "abc",
            "1.",
            ".5",
            "1e",
            "inf",
            "NaN",
            "0x10",
            " 1",
            "1 ",
            "--1",
            "1_0",
            "1e99999999999",
            &many,
        ] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }
}
