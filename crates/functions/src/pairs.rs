//! Maps that are written without being built.

use serde::{Serialize, Serializer};

/// A map of the pairs that a closure lists.
pub(crate) struct Pairs<F>(pub(crate) F);

impl<F, I, K, V> Serialize for Pairs<F>
where
    F: Fn() -> I,
    I: Iterator<Item = (K, V)>,
    K: Serialize,
    V: Serialize,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map((self.0)())
    }
}
