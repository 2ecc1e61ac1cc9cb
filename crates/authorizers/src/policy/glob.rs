//! Patterns with `*` and `?`, matched in time linear in the text.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

/// One piece of a pattern whose variables are filled in.
#[derive(Debug, Clone)]
pub(super) enum Atom<'a> {
    /// Exactly this text.
    Text(Cow<'a, str>),
    /// `*`: any run of characters, an empty one included.
    AnyRun,
    /// `?`: one character.
    AnyOne,
}

impl Atom<'_> {
    pub(super) fn borrowed(&self) -> Atom<'_> {
        match self {
            Self::Text(text) => Atom::Text(Cow::Borrowed(text)),
            Self::AnyRun => Atom::AnyRun,
            Self::AnyOne => Atom::AnyOne,
        }
    }
}

/// A compiled pattern: what stands between the stars, so that one star is one more part than none.
///
/// The first part matches at the beginning and the last at the end; each part between matches at its leftmost place,
/// which is enough, since a later place never leaves more room for what follows.
#[derive(Debug, Clone)]
pub(super) struct Glob(Box<[Part]>);

impl Glob {
    pub(super) fn new<'a>(atoms: impl IntoIterator<Item = Atom<'a>>) -> Self {
        let mut parts = Vec::new();
        let mut part = PartBuilder::default();
        for atom in atoms {
            match atom {
                Atom::Text(text) => part.0.extend(text.chars().map(Some)),
                Atom::AnyOne => part.0.push(None),
                Atom::AnyRun => parts.push(std::mem::take(&mut part).build()),
            }
        }
        parts.push(part.build());
        Self(parts.into())
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        let Some((first, others)) = self.0.split_first() else {
            return false;
        };
        let Some(rest) = first.strip_prefix(text) else {
            return false;
        };
        let Some((last, between)) = others.split_last() else {
            return rest.is_empty();
        };
        let Some(mut rest) = last.strip_suffix(rest) else {
            return false;
        };
        for part in between {
            match part.after_leftmost(rest) {
                Some(after) => rest = after,
                None => return false,
            }
        }
        true
    }
}

#[derive(Debug, Clone)]
enum Part {
    Literal(Box<str>),
    /// With at least one `?`, which is `None` here.
    Mixed(Box<[Option<char>]>),
}

#[derive(Default)]
struct PartBuilder(Vec<Option<char>>);

impl PartBuilder {
    fn build(self) -> Part {
        match self.0.iter().copied().collect::<Option<String>>() {
            Some(literal) => Part::Literal(literal.into()),
            None => Part::Mixed(self.0.into()),
        }
    }
}

impl Part {
    fn strip_prefix<'t>(&self, text: &'t str) -> Option<&'t str> {
        match self {
            Self::Literal(literal) => text.strip_prefix(&**literal),
            Self::Mixed(wanted) => {
                let mut characters = text.chars();
                let fits = |wanted: &Option<char>| fits(*wanted, characters.next());
                wanted.iter().all(fits).then_some(characters.as_str())
            }
        }
    }

    fn strip_suffix<'t>(&self, text: &'t str) -> Option<&'t str> {
        match self {
            Self::Literal(literal) => text.strip_suffix(&**literal),
            Self::Mixed(wanted) => {
                let mut characters = text.chars();
                let fits = |wanted: &Option<char>| fits(*wanted, characters.next_back());
                wanted.iter().rev().all(fits).then_some(characters.as_str())
            }
        }
    }

    /// What follows the leftmost place where this part matches.
    fn after_leftmost<'t>(&self, text: &'t str) -> Option<&'t str> {
        match self {
            Self::Literal(literal) => {
                let start = text.find(&**literal)?;
                text.get(start + literal.len()..)
            }
            Self::Mixed(wanted) if wanted.len() <= SHORT => text
                .char_indices()
                .find_map(|(start, _)| self.strip_prefix(text.get(start..)?)),
            Self::Mixed(wanted) => after_leftmost_long(wanted, text),
        }
    }
}

fn fits(wanted: Option<char>, found: Option<char>) -> bool {
    found.is_some_and(|found| wanted.is_none_or(|wanted| wanted == found))
}

/// Up to this length a part with `?` is tried at each place of the text; trying a longer one would take quadratic time.
const SHORT: usize = 64;

/// Finds a long part with all its partial matches at once, a bit for each (the "shift-and" method).
fn after_leftmost_long<'t>(wanted: &[Option<char>], text: &'t str) -> Option<&'t str> {
    let mut anything = vec![0u64; wanted.len().div_ceil(64)];
    for (position, _) in wanted
        .iter()
        .enumerate()
        .filter(|(_, wanted)| wanted.is_none())
    {
        set_bit(&mut anything, position);
    }
    let occurring: BTreeSet<char> = text.chars().collect();
    // Where each character that occurs may stand.
    let mut places: BTreeMap<char, Vec<u64>> = BTreeMap::new();
    for (position, wanted) in wanted.iter().enumerate() {
        if let Some(character) = *wanted
            && occurring.contains(&character)
        {
            set_bit(
                places.entry(character).or_insert_with(|| anything.clone()),
                position,
            );
        }
    }
    let mut partial = vec![0u64; anything.len()];
    for (start, character) in text.char_indices() {
        let admitted = places.get(&character).unwrap_or(&anything);
        let mut carry = 1;
        for (word, admitted) in partial.iter_mut().zip(admitted) {
            let next_carry = *word >> 63;
            *word = (*word << 1 | carry) & admitted;
            carry = next_carry;
        }
        if has_bit(&partial, wanted.len() - 1) {
            return text.get(start + character.len_utf8()..);
        }
    }
    None
}

fn set_bit(words: &mut [u64], position: usize) {
    if let Some(word) = words.get_mut(position / 64) {
        *word |= 1 << (position % 64);
    }
}

fn has_bit(words: &[u64], position: usize) -> bool {
    words
        .get(position / 64)
        .is_some_and(|word| word >> (position % 64) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use proptest::prelude::*;

    use super::*;

    fn glob(pattern: &str) -> Glob {
        Glob::new(pattern.chars().map(|character| match character {
            '*' => Atom::AnyRun,
            '?' => Atom::AnyOne,
            other => Atom::Text(Cow::Owned(other.to_string())),
        }))
    }

    /// Tries every way to match.
    fn naive(pattern: &[char], text: &[char]) -> bool {
        match (pattern, text) {
            ([], text) => text.is_empty(),
            (['*', rest @ ..], text) => (0..=text.len()).any(|skip| naive(rest, &text[skip..])),
            ([_, ..], []) => false,
            ([wanted, rest @ ..], [character, after @ ..]) => {
                (*wanted == '?' || wanted == character) && naive(rest, after)
            }
        }
    }

    #[test]
    fn stars_and_question_marks_match() {
        let cases = [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("*", "any/thing:", true),
            ("?", "", false),
            ("?", "é", true),
            ("??", "é", false),
            ("a*a", "a", false),
            ("a*a", "aa", true),
            ("*ab*ac", "abababac", true),
            ("*ab*ac", "abababab", false),
            ("**a**", "ba", true),
            ("*?b?*", "abc", true),
            ("*?b?*", "ab", false),
            ("a?c*", "abcd", true),
            ("*a?c", "xabc", true),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(glob(pattern).matches(text), expected, "{pattern} {text}");
        }
    }

    #[test]
    #[allow(
        clippy::disallowed_methods,
        reason = "how long it takes is what is tested"
    )]
    fn s13_hostile_patterns_take_linear_time() {
        let (a, deep) = ("a".repeat(16_000), "a".repeat(8_000));
        let patterns = [
            "*a".repeat(8_000) + "b",
            format!("*{deep}b*"),
            format!("*?{deep}b*"),
            format!("*{}b*", "?a".repeat(4_000)),
            "*a?".repeat(5_000) + "b*",
            format!("*{}*b", "?".repeat(8_000)),
        ];
        // Without optimization it takes some forty times as long, still far less than trying each place would.
        let limit = Duration::from_millis(if cfg!(debug_assertions) { 2_000 } else { 5 });
        for pattern in patterns {
            let glob = glob(&pattern);
            // The machine may be busy: the best of a few runs counts.
            let best = (0..5).map(|_| {
                let start = Instant::now();
                assert!(!glob.matches(&a), "{pattern:.20}");
                start.elapsed()
            });
            let best = best.min().unwrap_or_default();
            assert!(best < limit, "{pattern:.20} takes {best:?}");
        }
    }

    proptest! {
        #[test]
        fn globs_match_as_trying_every_way_does(pattern in "[ab*?é]{0,10}", text in "[abé]{0,12}") {
            let characters = |text: &str| text.chars().collect::<Vec<_>>();
            prop_assert_eq!(
                glob(&pattern).matches(&text),
                naive(&characters(&pattern), &characters(&text))
            );
        }

        /// Long parts go the other way than short ones.
        #[test]
        fn long_parts_are_found_where_short_ones_would_be(
            start in "[ab]{0,20}", part in "[ab?]{65,140}", end in "[ab]{0,20}", fill in "[ab]{140}",
        ) {
            let mut fill = fill.chars();
            let filled: String = part
                .chars()
                .map(|wanted| if wanted == '?' { fill.next().unwrap_or('a') } else { wanted })
                .collect();
            let wanted: Vec<_> = part.chars().map(|wanted| (wanted != '?').then_some(wanted)).collect();
            for text in [format!("{start}{filled}{end}"), format!("{start}{end}"), start.repeat(10)] {
                let part = Part::Mixed(wanted.clone().into());
                let places = text.char_indices().map(|(place, _)| &text[place..]);
                let expected = places.into_iter().find_map(|rest| part.strip_prefix(rest));
                prop_assert_eq!(after_leftmost_long(&wanted, &text), expected);
            }
        }
    }
}
