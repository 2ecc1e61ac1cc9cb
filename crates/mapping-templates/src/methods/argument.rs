//! Arguments as Java's parameter types take them.

use crate::value::{Number, Value};

/// An `int`: integers that are no wider.
pub(super) fn int(value: &Value) -> Option<i32> {
    match value {
        Value::Number(number @ (Number::Byte(_) | Number::Short(_) | Number::Int(_))) => {
            Some(number.to_i32())
        }
        _ => None,
    }
}

/// A `long`.
pub(super) fn long(value: &Value) -> Option<i64> {
    match value {
        Value::Number(Number::Long(value)) => Some(*value),
        value => int(value).map(i64::from),
    }
}

/// A `double`.
pub(super) fn double(value: &Value) -> Option<f64> {
    match value {
        Value::Number(Number::Big(_) | Number::Decimal(_)) => None,
        Value::Number(number) => Some(number.to_f64()),
        _ => None,
    }
}
