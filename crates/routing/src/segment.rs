//! Splits one segment off a path, eight bytes at a time.
//!
//! Reading a segment also yields the two words that compare and hash it, so that a lookup rarely touches the
//! segment's text a second time.

/// A path segment: its length in bytes, its first eight bytes and, if it is longer than eight, its last eight.
///
/// The three are the whole text of a segment of up to [`Segment::EXACT`] bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Segment {
    pub(crate) len: usize,
    head: u64,
    tail: u64,
}

impl Segment {
    /// Up to this length, two segments are equal if their words are.
    pub(crate) const EXACT: usize = 2 * WORD;

    /// Reads the segment of `path` that starts at `start` and ends before the next slash or with the path.
    #[inline]
    pub(crate) fn read(path: &[u8], start: usize) -> Self {
        let head = word(path, start);
        let left = path.len().saturating_sub(start);
        let len = match slash(head) {
            Some(len) => len,
            None if left <= WORD => left,
            None => return Self::read_long(path, start, head),
        };
        Self::short(head, len)
    }

    #[inline]
    fn short(head: u64, len: usize) -> Self {
        let keep = if len < WORD {
            (1 << (8 * len)) - 1
        } else {
            u64::MAX
        };
        Self {
            len,
            head: head & keep,
            tail: 0,
        }
    }

    #[inline]
    fn read_long(path: &[u8], start: usize, head: u64) -> Self {
        let mut end = start + WORD;
        loop {
            if let Some(more) = slash(word(path, end)) {
                end += more;
                break;
            }
            end += WORD;
            if end >= path.len() {
                end = path.len();
                break;
            }
        }
        if end == start + WORD {
            return Self::short(head, WORD);
        }
        Self {
            len: end - start,
            head,
            tail: word(path, end - WORD),
        }
    }

    /// Mixes length and words into 64 bits, of which the upper ones are the better mixed.
    #[inline]
    pub(crate) fn hash(&self) -> u64 {
        let text = self.head ^ self.tail.rotate_left(29) ^ self.len as u64;
        let product = u128::from(text) * u128::from(MULTIPLIER);
        (product as u64) ^ ((product >> 64) as u64)
    }
}

const WORD: usize = 8;
const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

/// Returns the eight bytes at `start`, the first one lowest; past the end of the text they are zero.
#[inline]
fn word(text: &[u8], start: usize) -> u64 {
    let rest = text.get(start..).unwrap_or_default();
    match (rest.first_chunk(), text.last_chunk()) {
        (Some(word), _) => u64::from_le_bytes(*word),
        (None, Some(last)) => u64::from_le_bytes(*last)
            .checked_shr(8 * (WORD - rest.len()) as u32)
            .unwrap_or(0),
        (None, None) => rest
            .iter()
            .rev()
            .fold(0, |word, byte| word << 8 | u64::from(*byte)),
    }
}

/// Returns where the first slash of `word` is.
#[inline]
fn slash(word: u64) -> Option<usize> {
    const LOW: u64 = u64::from_ne_bytes([0x01; WORD]);
    const HIGH: u64 = u64::from_ne_bytes([0x80; WORD]);
    const SLASHES: u64 = u64::from_ne_bytes([b'/'; WORD]);

    // A byte is zero where the word has a slash; a borrow can only mark bytes above the first zero.
    let zero_at_slash = word ^ SLASHES;
    let marks = zero_at_slash.wrapping_sub(LOW) & !zero_at_slash & HIGH;
    (marks != 0).then(|| (marks.trailing_zeros() / 8) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_ends_at_the_slash_or_with_the_path_at_every_length_and_offset() {
        let text = "abcdefghijklmnopqrstuvwxyz0123456789.-_~";
        for len in 0..text.len() {
            let segment = &text[..len];
            for (before, after) in [
                ("", ""),
                ("/", ""),
                ("/x/", "/"),
                ("/long/er/", "/b//c"),
                ("//", "//"),
            ] {
                let path = format!("{before}{segment}{after}");
                let read = Segment::read(path.as_bytes(), before.len());
                assert_eq!(read.len, len, "{path} at {}", before.len());
                assert_eq!(read, Segment::read(segment.as_bytes(), 0), "{path}");
            }
        }
    }

    #[test]
    fn segments_that_differ_in_one_byte_or_in_length_are_unequal_up_to_the_exact_length() {
        for len in 1..=Segment::EXACT {
            let text = vec![b'a'; len];
            let read = Segment::read(&text, 0);
            for at in 0..len {
                let mut other = text.clone();
                other[at] = b'b';
                assert_ne!(read, Segment::read(&other, 0), "{len} at {at}");
            }
            assert_ne!(read, Segment::read(&text[1..], 0), "{len}");
        }
    }

    #[test]
    fn bytes_beside_the_slash_in_the_code_table_are_not_slashes() {
        for text in ["....0000.0.0", "\u{af}\u{12f}/", "\u{0}\u{1}\u{2e}\u{30}"] {
            let expected = text.find('/').unwrap_or(text.len());
            assert_eq!(Segment::read(text.as_bytes(), 0).len, expected, "{text:?}");
        }
    }

    #[test]
    fn past_the_end_there_is_an_empty_segment() {
        for (path, start) in [
            ("", 0),
            ("/a", 2),
            ("/a", 9),
            ("/abcdefghij", 11),
            ("/abcdefghij", 40),
        ] {
            assert_eq!(
                Segment::read(path.as_bytes(), start).len,
                0,
                "{path} at {start}"
            );
        }
    }
}
