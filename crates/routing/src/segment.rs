//! Splits one segment off a path, eight bytes at a time.
//!
//! Reading a segment also yields the word that tells it from most others, so that a lookup touches the text of a
//! short segment only once.

/// A path segment: its first eight bytes and its length in bytes.
///
/// The word of a shorter segment holds the slash that ends it as well, and zeros behind that. As no segment has a
/// slash inside, the word alone is the whole text of a segment of up to [`Segment::EXACT`] bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Segment {
    pub(crate) head: u64,
    pub(crate) len: usize,
}

impl Segment {
    /// Up to this length, two segments are equal if their words are.
    pub(crate) const EXACT: usize = WORD - 1;

    /// Reads the segment of `path` that starts at `start` and ends before the next slash or with the path.
    #[inline]
    pub(crate) fn read(path: &[u8], start: usize) -> Self {
        let (_, rest) = path.split_at_checked(start).unwrap_or_default();
        let head = match rest.first_chunk() {
            Some(word) => u64::from_le_bytes(*word),
            None => last_word(rest, path),
        };
        match Slash::find(head) {
            Some(slash) => Self {
                head: slash.keep_up_to(head),
                len: slash.position(),
            },
            None => Self {
                head,
                len: len_beyond_word(rest),
            },
        }
    }

    /// Returns the text of this segment, which starts at `start` of `path`.
    #[inline]
    pub(crate) fn text<'p>(&self, path: &'p [u8], start: usize) -> Option<&'p [u8]> {
        path.get(start..start + self.len)
    }

    /// Mixes length, first and last bytes into 64 bits, of which the upper ones are the better mixed.
    ///
    /// The segment starts at `start` of `path`.
    #[inline]
    pub(crate) fn hash(&self, path: &[u8], start: usize) -> u64 {
        let last = self.text(path, start).and_then(<[u8]>::last_chunk);
        let tail = last.map_or(0, |word| u64::from_le_bytes(*word));
        let text = self.head ^ tail.rotate_left(29) ^ self.len as u64;
        let product = u128::from(text) * u128::from(MULTIPLIER);
        (product as u64) ^ ((product >> 64) as u64)
    }
}

const WORD: usize = 8;
const SLASHES: u64 = u64::from_ne_bytes([b'/'; WORD]);
const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

/// Returns the last bytes of `path`, fewer than eight, with slashes behind them: the end of a path ends a segment too.
#[inline]
fn last_word(rest: &[u8], path: &[u8]) -> u64 {
    let bits = 8 * rest.len() as u32;
    let text = match path.last_chunk() {
        // Shifts away what is before `rest`, which needs no loop: in two steps, as 64 bits at once would overflow.
        Some(last) => u64::from_le_bytes(*last) >> 8 >> (56 - bits),
        None => short_path(rest),
    };
    text | SLASHES << bits
}

/// Reads the end of a path that is itself shorter than a word.
#[cold]
fn short_path(rest: &[u8]) -> u64 {
    rest.iter()
        .rev()
        .fold(0, |word, byte| word << 8 | u64::from(*byte))
}

/// Returns how many bytes of `rest` are before its first slash, given that there is none in the first eight.
///
/// Not inlined, so that the search keeps its registers: most segments are shorter.
#[inline(never)]
fn len_beyond_word(rest: &[u8]) -> usize {
    let (words, _) = rest.as_chunks();
    for (number, word) in words.iter().enumerate().skip(1) {
        if let Some(slash) = Slash::find(u64::from_le_bytes(*word)) {
            return number * WORD + slash.position();
        }
    }
    // What is left is less than a word. Reads it together with bytes before it, which are known to have no slash.
    let last = rest.last_chunk().map(|word| u64::from_le_bytes(*word));
    match last.and_then(Slash::find) {
        Some(slash) => rest.len() - WORD + slash.position(),
        None => rest.len(),
    }
}

/// The first slash of a word, as the highest bit of its byte.
#[derive(Clone, Copy)]
struct Slash(u64);

impl Slash {
    #[inline]
    fn find(word: u64) -> Option<Self> {
        const LOW: u64 = u64::from_ne_bytes([0x01; WORD]);
        const HIGH: u64 = u64::from_ne_bytes([0x80; WORD]);

        // A byte is zero where the word has a slash; a borrow can only mark bytes above the first zero.
        let zero_at_slash = word ^ SLASHES;
        let marks = zero_at_slash.wrapping_sub(LOW) & !zero_at_slash & HIGH;
        (marks != 0).then_some(Self(marks))
    }

    /// Returns how many bytes are before it.
    #[inline]
    fn position(self) -> usize {
        (self.0.trailing_zeros() / 8) as usize
    }

    /// Returns `word` without what is behind the slash.
    #[inline]
    fn keep_up_to(self, word: u64) -> u64 {
        word & (self.0 ^ (self.0 - 1))
    }
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
