//! Patterns of a fixed length, the usual ones for status codes, matched without an automaton.

/// A pattern of literal ASCII characters and `\d`, each with an optional `{n}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FixedLength(Box<[Slot]>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slot {
    Byte(u8),
    Digit,
}

impl FixedLength {
    /// The most characters that such a pattern may match. Longer ones go to the general engine.
    const MAX_SLOTS: usize = 256;

    /// Reads `pattern`, if it is one.
    pub(super) fn parse(pattern: &str) -> Option<Self> {
        let mut slots = Vec::new();
        let mut rest = pattern;
        while let Some(byte) = rest.bytes().next() {
            let (slot, width) = match byte {
                b'\\' if rest.starts_with(r"\d") => (Slot::Digit, 2),
                b'\\' => {
                    let escaped = rest
                        .as_bytes()
                        .get(1)
                        .copied()
                        .filter(u8::is_ascii_punctuation)?;
                    (Slot::Byte(escaped), 2)
                }
                b'.' | b'*' | b'+' | b'?' | b'(' | b')' | b'[' | b']' | b'{' | b'}' | b'|'
                | b'^' | b'$' => return None,
                byte if byte.is_ascii() => (Slot::Byte(byte), 1),
                _ => return None,
            };
            rest = rest.get(width..)?;
            let count = match rest.strip_prefix('{') {
                None => 1,
                Some(counted) => {
                    let (count, after) = counted.split_once('}')?;
                    rest = after;
                    if !count.bytes().all(|byte| byte.is_ascii_digit())
                        || rest.starts_with(['*', '+', '?', '{'])
                    {
                        return None;
                    }
                    count.parse().ok()?
                }
            };
            if count > Self::MAX_SLOTS - slots.len() {
                return None;
            }
            slots.extend(std::iter::repeat_n(slot, count));
        }
        Some(Self(slots.into()))
    }

    /// Returns the text that the pattern spells out, if it holds no `\d`.
    pub(super) fn literal(&self) -> Option<Box<str>> {
        let text: Option<String> = self
            .0
            .iter()
            .map(|slot| match slot {
                Slot::Byte(byte) => Some(char::from(*byte)),
                Slot::Digit => None,
            })
            .collect();
        text.map(String::into_boxed_str)
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        text.len() == self.0.len()
            && self
                .0
                .iter()
                .zip(text.bytes())
                .all(|(slot, byte)| match slot {
                    Slot::Byte(expected) => *expected == byte,
                    Slot::Digit => byte.is_ascii_digit(),
                })
    }
}
