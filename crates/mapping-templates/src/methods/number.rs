//! `java.lang.Number` and its kinds.

use std::cmp::Ordering;

use num_bigint::{BigInt, Sign};
use num_traits::{Signed, Zero};

use super::argument::{double, int, long};
use crate::{
    RenderErrorKind,
    render::{Render, Result, throw},
    value::{Number, Value},
};

fn number(number: Number) -> Value {
    Value::Number(number)
}

impl Render<'_> {
    pub(super) fn call_number(
        &mut self,
        receiver: &Number,
        name: &str,
        arguments: &[Value],
    ) -> Result<Value> {
        Ok(match (name, arguments) {
            ("intValue", []) => number(Number::Int(receiver.to_i32())),
            ("longValue", []) => number(Number::Long(receiver.to_i64())),
            ("doubleValue", []) => number(Number::Double(receiver.to_f64())),
            ("floatValue", []) => number(Number::Float(receiver.to_f32())),
            ("shortValue", []) => number(Number::Short(receiver.to_i32() as i16)),
            ("byteValue", []) => number(Number::Byte(receiver.to_i32() as i8)),
            ("compareTo", [Value::Number(other)]) => {
                if std::mem::discriminant(receiver) != std::mem::discriminant(other) {
                    return Ok(Value::Null);
                }
                number(Number::Int(match receiver.compare(other)? {
                    Ordering::Less => -1,
                    Ordering::Equal => 0,
                    Ordering::Greater => 1,
                }))
            }
            _ => match receiver {
                Number::Int(_) => call_integer(name, arguments)?,
                Number::Long(_) => call_long(name, arguments)?,
                Number::Double(value) => call_double(*value, name, arguments)?,
                Number::Float(value) => match (name, arguments) {
                    ("isNaN", []) => Value::Bool(value.is_nan()),
                    ("isInfinite", []) => Value::Bool(value.is_infinite()),
                    _ => Value::Null,
                },
                Number::Big(value) => self.call_big(value, name, arguments)?,
                _ => Value::Null,
            },
        })
    }
}

/// Digits to a base from 2 to 36; any other base is 10.
fn to_radix(value: &BigInt, radix: i32) -> Value {
    let radix = u32::try_from(radix)
        .ok()
        .filter(|radix| (2..=36).contains(radix));
    Value::text(value.to_str_radix(radix.unwrap_or(10)))
}

/// The base of a number that is read: from 2 to 36.
fn valid_radix(radix: i32) -> Result<u32> {
    match u32::try_from(radix) {
        Ok(radix) if (2..=36).contains(&radix) => Ok(radix),
        _ => throw(format!("{radix} is no base of a number")),
    }
}

fn parse<T: std::str::FromStr>(text: &str, kind: &str) -> Result<T> {
    match text.parse() {
        Ok(value) => Ok(value),
        Err(_) => throw(format!("{text:?} is no {kind}")),
    }
}

fn call_integer(name: &str, arguments: &[Value]) -> Result<Value> {
    Ok(match (name, arguments) {
        ("parseInt" | "valueOf", [Value::Text(text)]) => {
            number(Number::Int(parse(text, "integer")?))
        }
        ("parseInt" | "valueOf", [Value::Text(text), radix]) => {
            let Some(radix) = int(radix) else {
                return Ok(Value::Null);
            };
            match i32::from_str_radix(text, valid_radix(radix)?) {
                Ok(value) => number(Number::Int(value)),
                Err(_) => return throw(format!("{:?} is no integer", &**text)),
            }
        }
        ("parseInt", [Value::Null]) => return throw("null is no integer"),
        ("valueOf", [value]) => int(value).map_or(Value::Null, |value| number(Number::Int(value))),
        ("hashCode", [value]) => int(value).map_or(Value::Null, |value| number(Number::Int(value))),
        ("toString", [value, radix]) => match (int(value), int(radix)) {
            (Some(value), Some(radix)) => to_radix(&value.into(), radix),
            _ => Value::Null,
        },
        ("toString", [value]) => {
            int(value).map_or(Value::Null, |value| Value::text(value.to_string()))
        }
        ("toHexString", [value]) => {
            int(value).map_or(Value::Null, |v| Value::text(format!("{v:x}")))
        }
        ("toBinaryString", [value]) => {
            int(value).map_or(Value::Null, |v| Value::text(format!("{v:b}")))
        }
        ("toOctalString", [value]) => {
            int(value).map_or(Value::Null, |v| Value::text(format!("{v:o}")))
        }
        ("max" | "min" | "sum" | "compare", [left, right]) => match (int(left), int(right)) {
            (Some(left), Some(right)) => number(Number::Int(match name {
                "max" => left.max(right),
                "min" => left.min(right),
                "sum" => left.wrapping_add(right),
                _ => left.cmp(&right) as i32,
            })),
            _ => Value::Null,
        },
        ("signum", [value]) => int(value).map_or(Value::Null, |v| number(Number::Int(v.signum()))),
        _ => Value::Null,
    })
}

fn call_long(name: &str, arguments: &[Value]) -> Result<Value> {
    Ok(match (name, arguments) {
        ("parseLong" | "valueOf", [Value::Text(text)]) => {
            number(Number::Long(parse(text, "integer")?))
        }
        ("valueOf", [value]) => {
            long(value).map_or(Value::Null, |value| number(Number::Long(value)))
        }
        ("hashCode", [value]) => long(value).map_or(Value::Null, |value| {
            number(Number::Int(Number::Long(value).hash_code()))
        }),
        ("toString", [value, radix]) => match (long(value), int(radix)) {
            (Some(value), Some(radix)) => to_radix(&value.into(), radix),
            _ => Value::Null,
        },
        ("toString", [value]) => {
            long(value).map_or(Value::Null, |value| Value::text(value.to_string()))
        }
        ("toHexString", [value]) => {
            long(value).map_or(Value::Null, |v| Value::text(format!("{v:x}")))
        }
        ("toOctalString", [value]) => {
            long(value).map_or(Value::Null, |v| Value::text(format!("{v:o}")))
        }
        ("signum", [value]) => long(value).map_or(Value::Null, |value| {
            number(Number::Int(value.signum() as i32))
        }),
        ("compare", [left, right]) => match (long(left), long(right)) {
            (Some(left), Some(right)) => number(Number::Int(left.cmp(&right) as i32)),
            _ => Value::Null,
        },
        ("parseLong" | "valueOf", [Value::Text(text), radix]) => match int(radix) {
            Some(radix) => match i64::from_str_radix(text, valid_radix(radix)?) {
                Ok(value) => number(Number::Long(value)),
                Err(_) => return throw(format!("{:?} is no integer", &**text)),
            },
            None => Value::Null,
        },
        ("toBinaryString", [value]) => {
            long(value).map_or(Value::Null, |v| Value::text(format!("{v:b}")))
        }
        ("max" | "min" | "sum", [left, right]) => match (long(left), long(right)) {
            (Some(left), Some(right)) => number(Number::Long(match name {
                "max" => left.max(right),
                "min" => left.min(right),
                _ => left.wrapping_add(right),
            })),
            _ => Value::Null,
        },
        _ => Value::Null,
    })
}

fn call_double(receiver: f64, name: &str, arguments: &[Value]) -> Result<Value> {
    Ok(match (name, arguments) {
        ("isNaN", []) => Value::Bool(receiver.is_nan()),
        ("isInfinite", []) => Value::Bool(receiver.is_infinite()),
        ("isNaN", [value]) => {
            double(value).map_or(Value::Null, |value| Value::Bool(value.is_nan()))
        }
        ("isInfinite", [value]) => {
            double(value).map_or(Value::Null, |value| Value::Bool(value.is_infinite()))
        }
        ("hashCode", [value]) => double(value).map_or(Value::Null, |value| {
            number(Number::Int(Number::Double(value).hash_code()))
        }),
        ("parseDouble" | "valueOf", [Value::Text(text)]) => {
            // Java allows blanks around a number and a letter for its type behind it.
            let trimmed = text.trim_matches(|c| c <= ' ');
            let digits = trimmed
                .strip_suffix(['d', 'D', 'f', 'F'])
                .unwrap_or(trimmed);
            if digits.starts_with(|c: char| c.is_ascii_alphabetic())
                && !matches!(digits, "NaN" | "Infinity")
            {
                return throw(format!("{trimmed:?} is no number"));
            }
            number(Number::Double(parse(digits, "number")?))
        }
        ("valueOf", [value]) => {
            double(value).map_or(Value::Null, |value| number(Number::Double(value)))
        }
        ("toString", [value]) => double(value).map_or(Value::Null, |value| {
            Value::text(Number::Double(value).to_string())
        }),
        ("isFinite", [value]) => {
            double(value).map_or(Value::Null, |value| Value::Bool(value.is_finite()))
        }
        ("compare", [left, right]) => match (double(left), double(right)) {
            (Some(left), Some(right)) => number(Number::Int(left.total_cmp(&right) as i32)),
            _ => Value::Null,
        },
        ("toHexString", [value]) => {
            double(value).map_or(Value::Null, |value| Value::text(hex_of_double(value)))
        }
        ("max" | "min" | "sum", [left, right]) => match (double(left), double(right)) {
            (Some(left), Some(right)) => number(Number::Double(match name {
                "max" => left.max(right),
                "min" => left.min(right),
                _ => left + right,
            })),
            _ => Value::Null,
        },
        _ => Value::Null,
    })
}

impl Render<'_> {
    fn call_big(&mut self, receiver: &BigInt, name: &str, arguments: &[Value]) -> Result<Value> {
        self.spend_number(receiver.bits())?;
        Ok(match (name, arguments) {
            ("toString", [radix]) => match int(radix) {
                Some(radix) => to_radix(receiver, radix),
                None => Value::Null,
            },
            ("abs", []) => number(Number::big(receiver.abs())),
            ("negate", []) => number(Number::big(-receiver)),
            ("signum", []) => number(Number::Int(match receiver.sign() {
                Sign::Minus => -1,
                Sign::NoSign => 0,
                Sign::Plus => 1,
            })),
            ("valueOf", [value]) => {
                long(value).map_or(Value::Null, |v| number(Number::big(v.into())))
            }
            ("pow", [exponent]) => match int(exponent).map(u32::try_from) {
                Some(Ok(exponent)) => {
                    let bits = receiver.bits().saturating_mul(exponent.into());
                    if bits > Number::MAX_BITS {
                        return Err(RenderErrorKind::NumberTooLarge.into());
                    }
                    self.spend_number(bits)?;
                    number(Number::big(receiver.pow(exponent)))
                }
                Some(Err(_)) => return throw("a power is negative"),
                None => Value::Null,
            },
            ("bitLength", []) => {
                let bits = if receiver.is_negative() {
                    -receiver - 1
                } else {
                    receiver.clone()
                };
                Value::int(usize::try_from(bits.bits()).unwrap_or(usize::MAX))
            }
            ("max" | "min", [Value::Number(Number::Big(other))]) => {
                let (less, more) = if receiver < other {
                    (receiver, &**other)
                } else {
                    (&**other, receiver)
                };
                number(Number::big(if name == "max" { more } else { less }.clone()))
            }
            ("add" | "subtract" | "multiply" | "divide" | "remainder" | "mod", [other]) => {
                match other {
                    Value::Number(Number::Big(other)) => {
                        self.calculate_big(receiver, name, other)?
                    }
                    Value::Null => return throw(format!("`{name}` is given null")),
                    _ => Value::Null,
                }
            }
            _ => Value::Null,
        })
    }

    /// Pays for work on a number of so many bits.
    fn spend_number(&mut self, bits: u64) -> Result<()> {
        self.spend(usize::try_from(bits / 64).unwrap_or(usize::MAX))
    }

    /// Arithmetic of `BigInteger`, whose results stay what they are however small.
    fn calculate_big(&mut self, left: &BigInt, name: &str, right: &BigInt) -> Result<Value> {
        let divides = matches!(name, "divide" | "remainder" | "mod");
        if divides && (right.is_zero() || (name == "mod" && right.is_negative())) {
            return throw(format!("`{name}` is given {right}"));
        }
        if left.bits().saturating_add(right.bits()) > Number::MAX_BITS {
            return Err(RenderErrorKind::NumberTooLarge.into());
        }
        Ok(number(Number::big(match name {
            "add" => left + right,
            "subtract" => left - right,
            "multiply" => left * right,
            "divide" => left / right,
            "mod" => ((left % right) + right) % right,
            _ => left % right,
        })))
    }
}

/// `Double.toHexString`.
fn hex_of_double(value: f64) -> String {
    let sign = if value.is_sign_negative() { "-" } else { "" };
    if value == 0.0 {
        return format!("{sign}0x0.0p0");
    }
    if !value.is_finite() {
        return Number::Double(value).to_string();
    }
    let bits = value.to_bits();
    let digits = format!("{:013x}", bits & ((1 << 52) - 1));
    let digits = match digits.trim_end_matches('0') {
        "" => "0",
        digits => digits,
    };
    match (bits >> 52) & 0x7ff {
        0 => format!("{sign}0x0.{digits}p-1022"),
        exponent => format!("{sign}0x1.{digits}p{}", exponent.cast_signed() - 1023),
    }
}
