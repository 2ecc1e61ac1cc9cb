//! Java's `BigDecimal`: what a JSON number with many digits becomes.

use std::{cmp::Ordering, fmt};

use num_bigint::BigInt;
use num_traits::{Signed, ToPrimitive, Zero};

use super::number::{TooLarge, hash_big};
use crate::ast::Operator;

/// An integer and how many of its digits are behind the point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decimal {
    unscaled: BigInt,
    scale: i64,
}

impl Decimal {
    /// The most digits by which operands may be shifted to match.
    const MAX_SHIFT: u64 = 10_000;

    pub(crate) fn new(unscaled: BigInt, scale: i64) -> Self {
        Self { unscaled, scale }
    }

    /// Reads digits with an optional point and exponent.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let unscaled = format!("{whole}{fraction}").parse().ok()?;
        let scale = i64::try_from(fraction.len()).ok()? - i64::from(exponent);
        Some(Self { unscaled, scale })
    }

    /// The exact value of a double.
    pub(crate) fn from_f64(value: f64) -> Option<Self> {
        if !value.is_finite() {
            return None;
        }
        let bits = value.to_bits();
        let exponent = i32::try_from((bits >> 52) & 0x7ff).ok()?;
        let fraction = bits & ((1 << 52) - 1);
        let (mut mantissa, mut shift) = if exponent == 0 {
            (fraction, -1074)
        } else {
            (fraction | (1 << 52), exponent - 1075)
        };
        if mantissa == 0 {
            return Some(Self::new(BigInt::zero(), 0));
        }
        while mantissa % 2 == 0 {
            mantissa /= 2;
            shift += 1;
        }
        let mut unscaled = BigInt::from(mantissa);
        if value.is_sign_negative() {
            unscaled = -unscaled;
        }
        match u32::try_from(shift) {
            Ok(shift) => Some(Self::new(unscaled << shift, 0)),
            Err(_) => {
                let digits = shift.unsigned_abs();
                Some(Self::new(
                    unscaled * BigInt::from(5).pow(digits),
                    digits.into(),
                ))
            }
        }
    }

    pub(crate) fn is_zero(&self) -> bool {
        self.unscaled.is_zero()
    }

    pub(crate) fn to_f64(&self) -> f64 {
        format!("{}e{}", self.unscaled, -self.scale)
            .parse()
            .unwrap_or(f64::NAN)
    }

    /// The digits before the point.
    pub(crate) fn truncated(&self) -> BigInt {
        let shift = self.scale.unsigned_abs();
        if shift > Self::MAX_SHIFT {
            return BigInt::zero();
        }
        let power = BigInt::from(10).pow(u32::try_from(shift).unwrap_or(0));
        if self.scale >= 0 {
            &self.unscaled / power
        } else {
            &self.unscaled * power
        }
    }

    /// The unscaled value at a larger scale.
    fn at_scale(&self, scale: i64) -> Result<BigInt, TooLarge> {
        let shift = u64::try_from(scale - self.scale).map_err(|_| TooLarge)?;
        if shift > Self::MAX_SHIFT {
            return Err(TooLarge);
        }
        Ok(&self.unscaled * BigInt::from(10).pow(u32::try_from(shift).unwrap_or(0)))
    }

    pub(crate) fn calculate(&self, operator: Operator, other: &Self) -> Result<Self, TooLarge> {
        let scale = self.scale.max(other.scale);
        if self.unscaled.bits() + other.unscaled.bits() > 64 * 1024 {
            return Err(TooLarge);
        }
        match operator {
            Operator::Add => Ok(Self::new(
                self.at_scale(scale)? + other.at_scale(scale)?,
                scale,
            )),
            Operator::Subtract => Ok(Self::new(
                self.at_scale(scale)? - other.at_scale(scale)?,
                scale,
            )),
            Operator::Multiply => {
                // Java's scale is an `int`.
                let scale = i32::try_from(self.scale + other.scale).map_err(|_| TooLarge)?;
                let unscaled = &self.unscaled * &other.unscaled;
                Ok(Self::new(unscaled, scale.into()))
            }
            Operator::Divide => self.divide(other),
            // Velocity refuses this too.
            _ => Err(TooLarge),
        }
    }

    /// Keeps the scale of the dividend; a half is rounded towards zero.
    fn divide(&self, other: &Self) -> Result<Self, TooLarge> {
        let (dividend, divisor) = if other.scale >= 0 {
            (
                self.at_scale(self.scale + other.scale)?,
                other.unscaled.clone(),
            )
        } else {
            (self.unscaled.clone(), other.at_scale(0)?)
        };
        let quotient = &dividend / &divisor;
        let remainder: BigInt = (&dividend % &divisor) * 2;
        let unscaled = if remainder.abs() > divisor.abs() {
            if dividend.is_negative() == divisor.is_negative() {
                quotient + 1
            } else {
                quotient - 1
            }
        } else {
            quotient
        };
        Ok(Self::new(unscaled, self.scale))
    }

    pub(crate) fn compare(&self, other: &Self) -> Result<Ordering, TooLarge> {
        let scale = self.scale.max(other.scale);
        Ok(self.at_scale(scale)?.cmp(&other.at_scale(scale)?))
    }

    pub(crate) fn hash_code(&self) -> i32 {
        hash_big(&self.unscaled)
            .wrapping_mul(31)
            .wrapping_add(self.scale.to_i32().unwrap_or(0))
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.unscaled.magnitude().to_string();
        let sign = if self.unscaled.is_negative() { "-" } else { "" };
        let count = i64::try_from(digits.len()).unwrap_or(i64::MAX);
        let exponent = (count - 1).saturating_sub(self.scale);
        if self.scale == 0 {
            return write!(f, "{sign}{digits}");
        }
        if self.scale > 0 && exponent >= -6 {
            let scale = usize::try_from(self.scale).unwrap_or(0);
            let padded = format!("{digits:0>width$}", width = scale + 1);
            let (whole, fraction) = padded.split_at(padded.len() - scale);
            return write!(f, "{sign}{whole}.{fraction}");
        }
        let (first, rest) = digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        let plus = if exponent > 0 { "+" } else { "" };
        match exponent {
            0 => write!(f, "{sign}{first}{point}{rest}"),
            _ => write!(f, "{sign}{first}{point}{rest}E{plus}{exponent}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_print_as_java_prints_them() {
        let cases = [
            ("1.50", "1.50"),
            ("-0.000001", "-0.000001"),
            ("0.0000001", "1E-7"),
            ("12345678901234567890.5", "12345678901234567890.5"),
            ("1.5e3", "1.5E+3"),
            ("15e3", "1.5E+4"),
            ("1e2", "1E+2"),
            ("1.50e1", "15.0"),
        ];
        for (text, expected) in cases {
            assert_eq!(
                Decimal::parse(text).unwrap().to_string(),
                expected,
                "{text}"
            );
        }
        for text in ["", "a", "1e99999999999"] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
        assert_eq!(Decimal::from_f64(0.1).unwrap().to_string().len(), 57);
    }

    #[test]
    fn decimals_are_exact() {
        let cases = [
            ("0.1", Operator::Add, "0.25", "0.35"),
            ("1", Operator::Subtract, "0.25", "0.75"),
            ("1.5", Operator::Multiply, "-2.0", "-3.00"),
            ("1.0", Operator::Divide, "3", "0.3"),
            ("1.5", Operator::Divide, "10", "0.1"),
            ("1.6", Operator::Divide, "10", "0.2"),
        ];
        for (left, operator, right, expected) in cases {
            let [left, right] = [left, right].map(|text| Decimal::parse(text).unwrap());
            let result = left.calculate(operator, &right).unwrap();
            assert_eq!(result.to_string(), expected, "{left} {operator:?} {right}");
        }
        let [huge, one] = ["1e20000", "1"].map(|text| Decimal::parse(text).unwrap());
        assert!(huge.calculate(Operator::Add, &one).is_err());
        let doubled = |scale| {
            let one = Decimal::new(1.into(), scale);
            one.calculate(Operator::Multiply, &one)
        };
        let (least, most) = (i64::from(i32::MIN), i64::from(i32::MAX));
        assert!(doubled(least / 2).is_ok() && doubled(most / 2).is_ok());
        assert!(doubled(least).is_err() && doubled(most).is_err());
    }
}
