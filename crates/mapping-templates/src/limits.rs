//! How much a template may do.

/// The bounds of one rendering. The defaults suit API Gateway's own limits.
///
/// Whatever the template and the body are, a rendering holds at most 32 bytes for each byte of the body, 96 bytes for
/// each step and four times the longest output, beside the body itself and 16 compiled regular expressions of about
/// 2 MiB at most. Templates that do not ask for the body's JSON hold nothing for its bytes. By default, a body of 10 MB
/// takes about 250 MB at worst to be read, and 400 MB where a path with `..`, wildcards or filters walks it.
///
/// Work is paid for before it is done. Beside what [`max_steps`](Self::max_steps) says, compiling a regular expression
/// that the template does not write out takes 10 000 steps, and a search with one that backtracks 512. The first path
/// that does not lead to one value takes a step for each value and name of the body. A number may have 20 000 digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The longest output, in bytes. Longer texts are not made on the way to it either. 10 MiB unless set.
    pub max_output_bytes: usize,
    /// The most rounds of one `#foreach`; the rest is dropped silently. 1000 unless set, as in API Gateway.
    pub max_rounds: usize,
    /// The most work: references, calls, rounds, and one step for each 16 bytes of text made. 4 million unless set.
    pub max_steps: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_output_bytes: 10 * 1024 * 1024,
            max_rounds: 1000,
            max_steps: 4_000_000,
        }
    }
}

impl Limits {
    /// Sets the longest output, in bytes.
    #[must_use]
    pub fn with_max_output_bytes(mut self, bytes: usize) -> Self {
        self.max_output_bytes = bytes;
        self
    }

    /// Sets the most rounds of one `#foreach`.
    #[must_use]
    pub fn with_max_rounds(mut self, rounds: usize) -> Self {
        self.max_rounds = rounds;
        self
    }

    /// Sets the most steps.
    #[must_use]
    pub fn with_max_steps(mut self, steps: u64) -> Self {
        self.max_steps = steps;
        self
    }
}
