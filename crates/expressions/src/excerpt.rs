//! Cutting text to a bound.

/// The start of `text`, at most `max_bytes` long and not cut within a character.
pub(crate) fn excerpt(text: &str, max_bytes: usize) -> &str {
    let end = (0..=max_bytes.min(text.len()))
        .rev()
        .find(|&end| text.is_char_boundary(end));
    end.and_then(|end| text.get(..end)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_between_characters() {
        let cases = [
            ("", 0, ""),
            ("ab", 0, ""),
            ("ab", 1, "a"),
            ("ab", 2, "ab"),
            ("ab", 3, "ab"),
            ("aé", 2, "a"),
        ];
        for (text, max_bytes, expected) in cases {
            assert_eq!(excerpt(text, max_bytes), expected, "{text} {max_bytes}");
        }
    }
}
