//! Path parameters as spans of the path: nothing is copied, nothing allocated.

use std::{fmt, ops::Range};

/// Where the path parameters of a matched route stand in the path, in the order of the route's names.
///
/// Holds up to [`Params::MAX`] spans inline. A span is two byte offsets below 65 536, the longest path that
/// [`http::Uri`] holds.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Params {
    len: u8,
    spans: [(u16, u16); Params::MAX],
}

impl Params {
    /// The most parameters that one route may have.
    pub const MAX: usize = 16;

    /// The longest path, in bytes, whose parameters can be noted.
    pub const MAX_PATH_BYTES: usize = u16::MAX as usize;

    /// Notes the next parameter. Returns `false`, and notes nothing, if there are [`Params::MAX`] already or the
    /// span reaches past [`Params::MAX_PATH_BYTES`].
    #[inline]
    pub fn push(&mut self, span: Range<usize>) -> bool {
        let (Ok(start), Ok(end)) = (u16::try_from(span.start), u16::try_from(span.end)) else {
            return false;
        };
        let Some(slot) = self.spans.get_mut(usize::from(self.len)) else {
            return false;
        };
        *slot = (start, end);
        self.len += 1;
        true
    }

    /// Forgets all but the first `len` parameters, as a matcher does when it backs out of a branch.
    #[inline]
    pub fn truncate(&mut self, len: usize) {
        self.len = self.len.min(u8::try_from(len).unwrap_or(u8::MAX));
    }

    /// Returns how many parameters there are.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        usize::from(self.len)
    }

    /// Returns whether there are none.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns the text of the parameter at `index` in the path that was matched.
    #[inline]
    #[must_use]
    pub fn get<'p>(&self, path: &'p str, index: usize) -> Option<&'p str> {
        let (start, end) = *self.spans.get(..self.len())?.get(index)?;
        path.get(usize::from(start)..usize::from(end))
    }
}

impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.spans.iter().take(self.len()))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_beyond_the_bounds_are_refused_and_change_nothing() {
        let mut params = Params::default();
        assert!(!params.push(0..Params::MAX_PATH_BYTES + 1));
        for index in 0..Params::MAX {
            assert!(params.push(index..index + 1));
        }
        assert!(!params.push(0..1));
        assert_eq!(params.len(), Params::MAX);
        assert_eq!(params.get("0123456789abcdef", 15), Some("f"));
        assert_eq!(params.get("0123456789abcdef", 16), None);
    }

    #[test]
    fn a_truncated_parameter_is_forgotten() {
        let mut params = Params::default();
        params.push(0..1);
        params.push(1..2);
        params.truncate(1);
        assert_eq!(
            (params.get("ab", 0), params.get("ab", 1)),
            (Some("a"), None)
        );
    }
}
