//! Searching in texts by UTF-16 units.

use crate::value::utf16_len;

/// A text by its UTF-16 units.
pub(super) enum Units<'t> {
    Ascii(&'t [u8]),
    Wide(Vec<u16>),
}

impl<'t> Units<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        if text.is_ascii() {
            Self::Ascii(text.as_bytes())
        } else {
            Self::Wide(text.encode_utf16().collect())
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Ascii(bytes) => bytes.len(),
            Self::Wide(units) => units.len(),
        }
    }

    fn unit(&self, index: usize) -> Option<u16> {
        match self {
            Self::Ascii(bytes) => bytes.get(index).copied().map(u16::from),
            Self::Wide(units) => units.get(index).copied(),
        }
    }

    pub(super) fn has_at(&self, part: &Self, at: usize) -> bool {
        at.checked_add(part.len())
            .is_some_and(|end| end <= self.len())
            && (0..part.len()).all(|index| self.unit(at + index) == part.unit(index))
    }
}

fn offset(index: usize) -> i64 {
    i64::try_from(index).unwrap_or(i64::MAX)
}

/// Java's `indexOf`.
pub(super) fn find(text: &str, part: &str, from: i32) -> i64 {
    let from = usize::try_from(from).unwrap_or(0);
    let start = text
        .char_indices()
        .scan(0, |units, (byte, c)| {
            let here = *units;
            *units += c.len_utf16();
            Some((here, byte))
        })
        .find(|(units, _)| *units >= from);
    let (units, byte) = match start {
        Some(start) => start,
        // Behind the end only nothing is found.
        None if part.is_empty() => return offset(utf16_len(text)),
        None => return -1,
    };
    let rest = text.get(byte..).unwrap_or_default();
    match rest.find(part) {
        Some(found) => offset(units + utf16_len(rest.get(..found).unwrap_or_default())),
        None => -1,
    }
}

/// Java's `lastIndexOf`.
pub(super) fn find_last(text: &str, part: &str, from: i32) -> i64 {
    let Ok(from) = usize::try_from(from) else {
        return -1;
    };
    let (units, part) = (Units::of(text), Units::of(part));
    let Some(last) = units.len().checked_sub(part.len()) else {
        return -1;
    };
    let found = (0..=last.min(from))
        .rev()
        .find(|at| units.has_at(&part, *at));
    found.map_or(-1, offset)
}

/// Java's `compareTo`.
pub(super) fn compare(left: &str, right: &str) -> i64 {
    let mut others = right.encode_utf16();
    let mut units = left.encode_utf16();
    loop {
        match (units.next(), others.next()) {
            (Some(left), Some(right)) if left != right => {
                return i64::from(left) - i64::from(right);
            }
            (Some(_), Some(_)) => {}
            _ => return offset(utf16_len(left)) - offset(utf16_len(right)),
        }
    }
}
