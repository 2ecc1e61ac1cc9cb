//! The path of a request, as domains read it.

use std::ops::Range;

/// A path and where its first segment starts.
///
/// Slashes before the first segment count as one; all others stand for themselves (`//stage/x` is `/stage/x`).
#[derive(Debug, Clone, Copy)]
pub(crate) struct RequestPath<'p> {
    text: &'p str,
    first_segment: Option<usize>,
}

impl<'p> RequestPath<'p> {
    pub(crate) fn new(text: &'p str) -> Self {
        let slashes = leading_slashes(text);
        Self {
            text,
            first_segment: (slashes > 0).then_some(slashes),
        }
    }

    pub(crate) fn text(&self) -> &'p str {
        self.text
    }

    /// Returns where the first segment starts, which is the end of a path of slashes; `None` if the path begins
    /// without a slash.
    pub(crate) fn first_segment(&self) -> Option<usize> {
        self.first_segment
    }

    /// Returns where `base_path` ends if the path begins with its segments.
    ///
    /// The empty base path begins every path and ends at `0`.
    pub(crate) fn end_of(&self, base_path: &str) -> Option<usize> {
        if base_path.is_empty() {
            return Some(0);
        }
        let first = self.first_segment?;
        let rest = self.text.get(first..)?.strip_prefix(base_path)?;
        let is_whole = rest.is_empty() || rest.starts_with('/');
        is_whole.then_some(first + base_path.len())
    }

    /// Returns where the path starts of which what ends at `end` is taken off: without the slashes that do not count.
    ///
    /// Those count that belong to what is left, as they all do if nothing is taken off.
    pub(crate) fn start_of(&self, end: usize) -> usize {
        match self.first_segment {
            Some(first) if end > first => first.saturating_sub(1),
            _ => 0,
        }
    }

    /// Returns whether the path is `/ping` or `/sping`, where a domain says how it is itself.
    pub(crate) fn is_reserved(&self) -> bool {
        let segments = self.first_segment.and_then(|first| self.text.get(first..));
        segments.is_some_and(|segments| matches!(segments.trim_end_matches('/'), "ping" | "sping"))
    }

    /// Returns the segment that follows what ends at `end`: empty if there is none.
    pub(crate) fn segment_behind(&self, end: usize) -> Range<usize> {
        let rest = self.text.get(end..).unwrap_or_default();
        let slashes = leading_slashes(rest);
        if slashes == 0 {
            return end..end;
        }
        let start = end + slashes;
        let segment = self.text.get(start..).unwrap_or_default();
        let len = segment.bytes().take_while(|byte| *byte != b'/').count();
        start..start + len
    }
}

fn leading_slashes(text: &str) -> usize {
    text.bytes().take_while(|byte| *byte == b'/').count()
}
