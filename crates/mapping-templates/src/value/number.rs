//! Java's kinds of numbers: how they print, compare and are calculated with.

use std::{cmp::Ordering, fmt, sync::Arc};

use num_bigint::{BigInt, Sign};
use num_traits::{Signed, ToPrimitive, Zero};

use super::{decimal::Decimal, floating};
use crate::ast::Operator;

/// A number of one of Java's types.
#[derive(Debug, Clone)]
pub(crate) enum Number {
    Byte(i8),
    Short(i16),
    Int(i32),
    Long(i64),
    Big(Arc<BigInt>),
    Float(f32),
    Double(f64),
    Decimal(Arc<Decimal>),
}

/// A number became larger than what is calculated with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TooLarge;

/// What two operands are calculated as.
enum Base {
    Long(i64, i64),
    Big(BigInt, BigInt),
    Float(f32, f32),
    Double(f64, f64),
    Decimal(Decimal, Decimal),
}

impl Number {
    /// The largest integer that is calculated with, in bits.
    pub(crate) const MAX_BITS: u64 = 64 * 1024;

    pub(crate) fn big(value: BigInt) -> Self {
        Self::Big(Arc::new(value))
    }

    pub(crate) fn decimal(value: Decimal) -> Self {
        Self::Decimal(Arc::new(value))
    }

    /// An integer of the smallest kind that holds it, `int` at least.
    pub(crate) fn from_i64(value: i64) -> Self {
        i32::try_from(value).map_or(Self::Long(value), Self::Int)
    }

    pub(crate) fn from_usize(value: usize) -> Self {
        Self::Int(i32::try_from(value).unwrap_or(i32::MAX))
    }

    fn integer(&self) -> Option<i64> {
        Some(match self {
            Self::Byte(value) => (*value).into(),
            Self::Short(value) => (*value).into(),
            Self::Int(value) => (*value).into(),
            Self::Long(value) => *value,
            _ => return None,
        })
    }

    /// How wide an integer is, for the kind of a result.
    fn width(&self) -> u8 {
        match self {
            Self::Byte(_) => 0,
            Self::Short(_) => 1,
            Self::Int(_) => 2,
            _ => 3,
        }
    }

    pub(crate) fn is_integer(&self) -> bool {
        matches!(self, Self::Big(_)) || self.integer().is_some()
    }

    /// Java's `intValue()`: the low bits of an integer, the nearest integer of a fraction.
    pub(crate) fn to_i32(&self) -> i32 {
        match self {
            Self::Float(value) => *value as i32,
            Self::Double(value) => *value as i32,
            _ => self.to_i64() as i32,
        }
    }

    /// Java's `longValue()`.
    pub(crate) fn to_i64(&self) -> i64 {
        match self {
            Self::Float(value) => *value as i64,
            Self::Double(value) => *value as i64,
            Self::Big(value) => low_bits(value),
            Self::Decimal(value) => low_bits(&value.truncated()),
            _ => self.integer().unwrap_or(0),
        }
    }

    /// Java's `doubleValue()`.
    pub(crate) fn to_f64(&self) -> f64 {
        match self {
            Self::Float(value) => (*value).into(),
            Self::Double(value) => *value,
            Self::Big(value) => value.to_f64().unwrap_or(f64::NAN),
            Self::Decimal(value) => value.to_f64(),
            _ => self.integer().unwrap_or(0) as f64,
        }
    }

    /// Java's `floatValue()`.
    pub(crate) fn to_f32(&self) -> f32 {
        match self {
            Self::Float(value) => *value,
            Self::Big(value) => value.to_f32().unwrap_or(f32::NAN),
            Self::Double(_) | Self::Decimal(_) => self.to_f64() as f32,
            _ => self.integer().unwrap_or(0) as f32,
        }
    }

    fn to_big(&self) -> BigInt {
        match self {
            Self::Big(value) => (**value).clone(),
            _ => self.to_i64().into(),
        }
    }

    fn to_decimal(&self) -> Result<Decimal, TooLarge> {
        match self {
            Self::Decimal(value) => Ok((**value).clone()),
            Self::Big(value) => Ok(Decimal::new((**value).clone(), 0)),
            _ => Decimal::from_f64(self.to_f64()).ok_or(TooLarge),
        }
    }

    fn base(&self, other: &Self) -> Result<Base, TooLarge> {
        let both_integers = self.is_integer() && other.is_integer();
        let any = |test: fn(&Self) -> bool| test(self) || test(other);
        let has_big = any(|number| matches!(number, Self::Big(_)));
        Ok(
            if any(|number| matches!(number, Self::Decimal(_))) || (!both_integers && has_big) {
                Base::Decimal(self.to_decimal()?, other.to_decimal()?)
            } else if both_integers && has_big {
                Base::Big(self.to_big(), other.to_big())
            } else if both_integers {
                Base::Long(self.to_i64(), other.to_i64())
            } else if any(|number| matches!(number, Self::Double(_))) {
                Base::Double(self.to_f64(), other.to_f64())
            } else {
                Base::Float(self.to_f32(), other.to_f32())
            },
        )
    }

    fn is_zero(&self) -> bool {
        match self {
            Self::Float(value) => *value == 0.0,
            Self::Double(value) => *value == 0.0,
            Self::Big(value) => value.is_zero(),
            Self::Decimal(value) => value.is_zero(),
            _ => self.integer() == Some(0),
        }
    }

    /// Calculates; dividing by zero has no result.
    pub(crate) fn calculate(
        &self,
        operator: Operator,
        other: &Self,
    ) -> Result<Option<Self>, TooLarge> {
        if matches!(operator, Operator::Divide | Operator::Modulo) && other.is_zero() {
            return Ok(None);
        }
        let result = match self.base(other)? {
            Base::Long(left, right) => self.calculate_long(operator, left, other, right),
            Base::Big(left, right) => calculate_big(operator, left, &right)?,
            Base::Float(left, right) => Self::Float(match operator {
                Operator::Add => left + right,
                Operator::Subtract => left - right,
                Operator::Multiply => left * right,
                Operator::Divide => left / right,
                _ => left % right,
            }),
            Base::Double(left, right) => Self::Double(match operator {
                Operator::Add => left + right,
                Operator::Subtract => left - right,
                Operator::Multiply => left * right,
                Operator::Divide => left / right,
                _ => left % right,
            }),
            Base::Decimal(left, right) => Self::decimal(left.calculate(operator, &right)?),
        };
        match &result {
            Self::Big(value) if value.bits() > Self::MAX_BITS => Err(TooLarge),
            _ => Ok(Some(result)),
        }
    }

    fn calculate_long(&self, operator: Operator, left: i64, other: &Self, right: i64) -> Self {
        let result = match operator {
            Operator::Add => left.checked_add(right),
            Operator::Subtract => left.checked_sub(right),
            Operator::Multiply => left.checked_mul(right),
            Operator::Divide => Some(left.wrapping_div(right)),
            _ => Some(left.wrapping_rem(right)),
        };
        let Some(result) = result else {
            let (left, right) = (BigInt::from(left), BigInt::from(right));
            return Self::big(match operator {
                Operator::Add => left + right,
                Operator::Subtract => left - right,
                _ => left * right,
            });
        };
        let width = self.width().max(other.width());
        match (width, i8::try_from(result), i16::try_from(result)) {
            (0, Ok(value), _) => Self::Byte(value),
            (0 | 1, _, Ok(value)) => Self::Short(value),
            (0..=2, ..) => Self::from_i64(result),
            _ => Self::Long(result),
        }
    }

    /// Compares by value, as `==` and `<` do. A NaN equals everything.
    pub(crate) fn compare(&self, other: &Self) -> Result<Ordering, TooLarge> {
        Ok(match self.base(other)? {
            Base::Long(left, right) => left.cmp(&right),
            Base::Big(left, right) => left.cmp(&right),
            Base::Float(left, right) => left.partial_cmp(&right).unwrap_or(Ordering::Equal),
            Base::Double(left, right) => left.partial_cmp(&right).unwrap_or(Ordering::Equal),
            Base::Decimal(left, right) => left.compare(&right)?,
        })
    }

    /// Java's `equals`: of the same type only.
    pub(crate) fn equals(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Byte(left), Self::Byte(right)) => left == right,
            (Self::Short(left), Self::Short(right)) => left == right,
            (Self::Int(left), Self::Int(right)) => left == right,
            (Self::Long(left), Self::Long(right)) => left == right,
            (Self::Big(left), Self::Big(right)) => left == right,
            (Self::Float(left), Self::Float(right)) => left.total_cmp(right).is_eq(),
            (Self::Double(left), Self::Double(right)) => left.total_cmp(right).is_eq(),
            (Self::Decimal(left), Self::Decimal(right)) => left == right,
            _ => false,
        }
    }

    /// Java's `hashCode`.
    pub(crate) fn hash_code(&self) -> i32 {
        let fold = |bits: i64| (bits ^ ((bits as u64) >> 32) as i64) as i32;
        match self {
            Self::Long(value) => fold(*value),
            Self::Double(value) => fold(value.to_bits() as i64),
            Self::Float(value) => value.to_bits() as i32,
            Self::Big(value) => hash_big(value),
            Self::Decimal(value) => value.hash_code(),
            _ => self.to_i32(),
        }
    }
}

/// Java's `BigInteger.hashCode`.
pub(super) fn hash_big(value: &BigInt) -> i32 {
    let (sign, digits) = value.to_u32_digits();
    let hash = digits.iter().rev().fold(0_i32, |hash, digit| {
        hash.wrapping_mul(31).wrapping_add(*digit as i32)
    });
    match sign {
        Sign::Minus => hash.wrapping_neg(),
        _ => hash,
    }
}

fn low_bits(value: &BigInt) -> i64 {
    let low = value.magnitude().iter_u64_digits().next().unwrap_or(0) as i64;
    if value.is_negative() {
        low.wrapping_neg()
    } else {
        low
    }
}

fn calculate_big(operator: Operator, left: BigInt, right: &BigInt) -> Result<Number, TooLarge> {
    if operator == Operator::Multiply && left.bits() + right.bits() > Number::MAX_BITS {
        return Err(TooLarge);
    }
    Ok(Number::big(match operator {
        Operator::Add => left + right,
        Operator::Subtract => left - right,
        Operator::Multiply => left * right,
        Operator::Divide => left / right,
        _ => {
            // Java's `mod` refuses a negative modulus and is never negative.
            if right.is_negative() {
                return Err(TooLarge);
            }
            ((left % right) + right) % right
        }
    }))
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Byte(value) => write!(f, "{value}"),
            Self::Short(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Long(value) => write!(f, "{value}"),
            Self::Big(value) => write!(f, "{value}"),
            Self::Float(value) => floating::write_float(f, *value),
            Self::Double(value) => floating::write_double(f, *value),
            Self::Decimal(value) => write!(f, "{value}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_print_as_java_prints_them() {
        let cases = [
            (Number::Int(-5), "-5"),
            (Number::Double(7.0), "7.0"),
            (Number::Double(-0.0), "-0.0"),
            (Number::Double(0.001), "0.001"),
            (Number::Double(0.000_123), "1.23E-4"),
            (Number::Double(1234.5), "1234.5"),
            (Number::Double(9_999_999.0), "9999999.0"),
            (Number::Double(1e7), "1.0E7"),
            (Number::Double(-1.5e-7), "-1.5E-7"),
            (Number::Double(1e100), "1.0E100"),
            (
                Number::Double(-4_611_686_018_427_387_904.0),
                "-4.6116860184273879E18",
            ),
            (Number::Double(1e18), "1.0E18"),
            (Number::Double(f64::INFINITY), "Infinity"),
            (Number::Double(f64::NAN), "NaN"),
            (Number::Float(0.1), "0.1"),
        ];
        for (number, expected) in cases {
            assert_eq!(number.to_string(), expected);
        }
    }

    #[test]
    fn results_are_as_wide_as_they_must_be() {
        use Operator::{Add, Divide, Modulo, Multiply, Subtract};
        let int = Number::Int;
        let long = Number::Long;
        let double = Number::Double;
        let cases = [
            (int(2), Add, int(3), Some("5")),
            (int(i32::MAX), Add, int(1), Some("2147483648")),
            (long(i64::MAX), Add, int(1), Some("9223372036854775808")),
            (
                long(i64::MIN),
                Subtract,
                int(1),
                Some("-9223372036854775809"),
            ),
            (
                long(i64::MAX),
                Multiply,
                int(2),
                Some("18446744073709551614"),
            ),
            (int(-7), Divide, int(2), Some("-3")),
            (int(-7), Modulo, int(3), Some("-1")),
            (int(7), Divide, double(2.0), Some("3.5")),
            (double(5.5), Modulo, int(2), Some("1.5")),
            (int(5), Divide, int(0), None),
            (double(5.0), Divide, double(0.0), None),
            (int(5), Modulo, int(0), None),
        ];
        for (left, operator, right, expected) in cases {
            let result = left.calculate(operator, &right).unwrap();
            let result = result.map(|number| number.to_string());
            assert_eq!(result.as_deref(), expected, "{left} {operator:?} {right}");
        }
    }
}
