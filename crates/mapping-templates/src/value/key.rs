//! Keys of maps.

use std::hash::{Hash, Hasher};

use super::Value;

/// A key of a map: a value that equals another only if Java says so.
#[derive(Debug, Clone)]
pub(crate) struct Key(pub(crate) Value);

impl Key {
    /// How much of two containers is compared to tell them apart as keys.
    const MAX_STEPS: u64 = 256;
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Equal keys must hash alike; keys that are no text are rare enough to share a bucket by kind.
        match &self.0 {
            Value::Text(text) => text.hash(state),
            Value::Number(number) => number.hash_code().hash(state),
            Value::Bool(value) => value.hash(state),
            Value::Char(unit) => unit.hash(state),
            _ => {}
        }
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Value::Text(left), Value::Text(right)) => **left == **right,
            // Containers that are too deep, large or circular to compare are different keys.
            (left, right) => {
                let mut steps = Self::MAX_STEPS;
                left.equals(right, &mut steps).unwrap_or(false)
            }
        }
    }
}

impl Eq for Key {}
