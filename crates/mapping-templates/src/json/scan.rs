//! Finds what ends or interrupts a text, eight bytes at a time.

/// Returns where the first byte from `from` on stands that a JSON text may not hold as it is: a double quote, `ALSO`, a
/// backslash, a control character or what begins one of those that are written as `\uXXXX`. It is the length of `bytes`
/// if there is none.
pub(super) fn next_special<const ALSO: u8>(bytes: &[u8], from: usize) -> usize {
    let (words, tail) = bytes.get(from..).unwrap_or_default().as_chunks();
    for (index, word) in words.iter().enumerate() {
        let found = specials::<ALSO>(u64::from_le_bytes(*word));
        if found != 0 {
            return from + 8 * index + found.trailing_zeros() as usize / 8;
        }
    }
    let is_special =
        |byte: &u8| matches!(byte, 0..0x20 | b'"' | b'\\' | 0x7f | 0xc2 | 0xe2) || *byte == ALSO;
    let rest = tail.iter().position(is_special).unwrap_or(tail.len());
    bytes.len() - tail.len() + rest
}

/// Marks the special bytes by their highest bit. Only the lowest mark is reliable: behind it a borrow may make others.
fn specials<const ALSO: u8>(word: u64) -> u64 {
    // Both 0xc2 and 0xe2 are 0xc2 without this bit.
    const EITHER: u8 = 0xe2 ^ 0xc2;
    let is = |byte: u8| below(word ^ repeat(byte), 1);
    is(b'"')
        | is(ALSO)
        | is(b'\\')
        | is(0x7f)
        | below(word, 0x20)
        | below((word & !repeat(EITHER)) ^ repeat(0xc2), 1)
}

/// Marks the bytes below `bound`, which is 0x80 at most.
fn below(word: u64, bound: u8) -> u64 {
    word.wrapping_sub(repeat(bound)) & !word & repeat(0x80)
}

const fn repeat(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

#[cfg(test)]
mod tests {
    use super::next_special;

    #[test]
    fn the_first_special_byte_is_found_wherever_it_stands() {
        for special in 0..=u8::MAX {
            let stops = matches!(special, 0..0x20 | b'"' | b'\'' | b'\\' | 0x7f | 0xc2 | 0xe2);
            for place in 0..20 {
                // What stands before and behind is next to a special byte, or has the highest bit.
                let mut bytes = [[b' ', b'!', 0xc3, 0x80]; 5].concat();
                bytes[place] = special;
                let expected = if stops { place } else { bytes.len() };
                for from in 0..=place {
                    let found = next_special::<b'\''>(&bytes, from);
                    assert_eq!(found, expected, "{special:#x} at {place}, from {from}");
                }
            }
        }
    }
}
