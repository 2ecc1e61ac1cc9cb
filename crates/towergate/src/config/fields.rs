//! Reads the members of an object, and reports all that is wrong with them.

use towergate_definition::{Diagnostic, Place};
use towergate_openapi::document::{Map, Node};

/// The longest values that messages repeat, in characters.
const MAX_QUOTED: usize = 80;

/// How many letters a key may differ by from the one it is taken for.
const MAX_DISTANCE: usize = 2;

/// The members of an object, and where it is.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    /// None of null, which in YAML is no text at all.
    members: Option<&'a Map>,
    place: Place,
}

impl<'a> Fields<'a> {
    /// Reads an object whose keys are names. Null is an object without members; anything else is reported.
    pub(super) fn named(
        node: &'a Node,
        place: Place,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<Self> {
        if node.as_map().is_none() && !node.is_null() {
            diagnostics.push(expected("an object", node, place));
            return None;
        }
        Some(Self {
            members: node.as_map(),
            place,
        })
    }

    /// Reads an object that has none but these keys.
    pub(super) fn known(
        node: &'a Node,
        place: Place,
        known: &[&str],
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<Self> {
        let fields = Self::named(node, place, diagnostics)?;
        for (key, _, place) in fields.iter() {
            if !known.contains(&key) {
                diagnostics.push(Diagnostic::error(place, unknown(key, known)));
            }
        }
        Some(fields)
    }

    /// Returns the members with their places.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'a str, &'a Node, Place)> {
        let members = self.members.into_iter().flat_map(Map::iter);
        members.map(|(key, node)| (key.as_str(), node, self.place.key(key.as_str())))
    }

    pub(super) fn get(&self, key: &str) -> Option<(&'a Node, Place)> {
        Some((self.members?.get(key)?, self.place.key(key)))
    }

    /// Returns the place of a member, whether it is there or not.
    pub(super) fn place(&self, key: &str) -> Place {
        self.place.key(key)
    }

    /// Returns the members of a member whose keys are names; calls `empty` if it is absent or has none.
    pub(super) fn named_members(
        &self,
        key: &str,
        diagnostics: &mut Vec<Diagnostic>,
        empty: impl FnOnce(&mut Vec<Diagnostic>),
    ) -> Vec<(&'a str, &'a Node, Place)> {
        let members = match self.get(key) {
            Some((node, place)) => Fields::named(node, place, diagnostics),
            None => Some(Fields {
                members: None,
                place: self.place(key),
            }),
        };
        let Some(members) = members else {
            return Vec::new();
        };
        let members: Vec<_> = members.iter().collect();
        if members.is_empty() {
            empty(diagnostics);
        }
        members
    }

    /// Returns the items of a member that is a list, with their places. Null is a list without items.
    pub(super) fn items(
        &self,
        key: &str,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Vec<(&'a Node, Place)> {
        let Some((node, place)) = self.get(key) else {
            return Vec::new();
        };
        if node.as_list().is_none() && !node.is_null() {
            diagnostics.push(expected("a list", node, place));
            return Vec::new();
        }
        let items = node.as_list().unwrap_or_default().iter().enumerate();
        items
            .map(|(index, item)| (item, place.key(index.to_string())))
            .collect()
    }

    pub(super) fn flag(&self, key: &str, diagnostics: &mut Vec<Diagnostic>) -> Option<bool> {
        let (node, place) = self.get(key)?;
        if node.as_bool().is_none() {
            diagnostics.push(expected("true or false", node, place));
        }
        node.as_bool()
    }

    /// Returns a member that is a text or a number, as it is written.
    pub(super) fn text(&self, key: &str, diagnostics: &mut Vec<Diagnostic>) -> Option<&'a str> {
        let (node, place) = self.get(key)?;
        text(node, place, diagnostics)
    }

    /// Returns a member that is a text and not empty, and says `missing` if there is none.
    pub(super) fn required(
        &self,
        key: &str,
        missing: &str,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<&'a str> {
        if self.get(key).is_none() {
            diagnostics.push(Diagnostic::error(
                self.place(key),
                format!("{missing}: write `{key}`"),
            ));
        }
        self.parse(key, "a text with letters in it", diagnostics, |text| {
            (!text.is_empty()).then_some(text)
        })
    }

    /// Returns a member for which `parse` has a value; `wanted` says what that would be.
    pub(super) fn parse<T>(
        &self,
        key: &str,
        wanted: &str,
        diagnostics: &mut Vec<Diagnostic>,
        parse: impl FnOnce(&'a str) -> Option<T>,
    ) -> Option<T> {
        let text = self.text(key, diagnostics)?;
        let parsed = parse(text);
        if parsed.is_none() {
            let message = format!("`{}` is not {wanted}", excerpt(text));
            diagnostics.push(Diagnostic::error(self.place(key), message));
        }
        parsed
    }
}

/// Returns the text of a scalar, as it is written.
pub(super) fn text<'a>(
    node: &'a Node,
    place: Place,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<&'a str> {
    let text = node.as_text();
    if text.is_none() {
        diagnostics.push(expected("text", node, place));
    }
    text
}

fn expected(wanted: &str, node: &Node, place: Place) -> Diagnostic {
    Diagnostic::error(
        place,
        format!("this is {}, and must be {wanted}", node.kind()),
    )
}

/// Returns the beginning of a text, for messages.
pub(super) fn excerpt(text: &str) -> String {
    match text.char_indices().nth(MAX_QUOTED) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

fn unknown(key: &str, known: &[&str]) -> String {
    let close = known
        .iter()
        .map(|candidate| (distance(key, candidate), candidate))
        .min()
        .filter(|(distance, candidate)| *distance <= MAX_DISTANCE && *distance < candidate.len());
    let suggestion = close.map_or_else(String::new, |(_, candidate)| {
        format!(" (did you mean `{candidate}`?)")
    });
    format!("unknown key{suggestion}: known here {}", list(known))
}

/// `are `a`, `b` and `c``.
pub(super) fn list(names: &[&str]) -> String {
    let verb = if names.len() > 1 { "are" } else { "is" };
    format!("{verb} {}", listed(names))
}

/// ``a`, `b` and `c``.
pub(super) fn listed(names: &[&str]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => "nothing".to_owned(),
    }
}

/// How many letters must be put in, left out or replaced to make `known` of `key`; the case does not count.
///
/// Keys that are longer by more than [`MAX_DISTANCE`] are not looked at.
fn distance(key: &str, known: &str) -> usize {
    if key.len() > known.len() + MAX_DISTANCE {
        return usize::MAX;
    }
    let lower = |c: char| c.to_ascii_lowercase();
    let mut row: Vec<usize> = (0..=known.chars().count()).collect();
    for (above, a) in key.chars().map(lower).enumerate() {
        let mut left = above + 1;
        let mut diagonal = above;
        for (cell, b) in row.iter_mut().skip(1).zip(known.chars().map(lower)) {
            let replaced = diagonal + usize::from(a != b);
            diagonal = *cell;
            left = replaced.min(*cell + 1).min(left + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = above + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_is_taken_for_the_nearest() {
        let known = ["definition", "protocol", "stages", "strict"];
        let cases = [
            ("stage", Some("stages")),
            ("stagse", Some("stages")),
            ("Protocol", Some("protocol")),
            ("defintion", Some("definition")),
            ("strcit", Some("strict")),
            ("x", None),
            ("", None),
            ("stagesandmore", None),
            ("routes", None),
        ];
        for (key, expected) in cases {
            let expected =
                expected.map_or_else(String::new, |known| format!(" (did you mean `{known}`?)"));
            assert_eq!(
                unknown(key, &known),
                format!(
                    "unknown key{expected}: known here are `definition`, `protocol`, `stages` and `strict`"
                ),
                "{key}"
            );
        }
        assert_eq!(
            unknown("var", &["variables"]),
            "unknown key: known here is `variables`"
        );
    }

    #[test]
    fn the_distance_of_keys() {
        let cases = [
            ("", "", 0),
            ("", "ab", 2),
            ("ab", "", 2),
            ("kitten", "sitting", 3),
            ("sitting", "kitten", 3),
            ("größe", "grösse", 2),
            ("abcdef", "abc", usize::MAX),
        ];
        for (key, known, expected) in cases {
            assert_eq!(distance(key, known), expected, "{key} {known}");
        }
    }
}
