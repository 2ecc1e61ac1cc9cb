//! A value of the document with its place, and typed reading that collects what is wrong.

use std::collections::{BTreeMap, HashSet};

use towergate_definition::{Diagnostic, Place};

use crate::document::{Map, Node};

/// What the name of every extension of API Gateway begins with.
pub(super) const EXTENSION: &str = "x-amazon-apigateway-";

/// A value and where it is.
#[derive(Debug, Clone)]
pub(super) struct Spot<'a> {
    pub(super) node: &'a Node,
    pub(super) place: Place,
}

impl<'a> Spot<'a> {
    pub(super) fn root(node: &'a Node) -> Self {
        Self {
            node,
            place: Place::root(),
        }
    }

    /// Returns a member that is present and not null.
    pub(super) fn get(&self, key: &str) -> Option<Self> {
        self.node
            .get(key)
            .filter(|node| !node.is_null())
            .map(|node| self.below(key, node))
    }

    /// Returns the members of an object, nulls included; of anything else, none.
    pub(super) fn members(&self) -> impl Iterator<Item = (&'a str, Self)> {
        self.node
            .as_map()
            .into_iter()
            .flat_map(Map::iter)
            .map(|(key, node)| (key.as_str(), self.below(key.as_str(), node)))
    }

    /// Returns the items of a list; of anything else, none.
    pub(super) fn items(&self) -> impl Iterator<Item = Self> {
        self.node
            .as_list()
            .unwrap_or_default()
            .iter()
            .enumerate()
            .map(|(at, node)| self.below(&at.to_string(), node))
    }

    fn below(&self, key: &str, node: &'a Node) -> Self {
        Self {
            node,
            place: self.place.key(key),
        }
    }
}

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct Findings {
    diagnostics: Vec<Diagnostic>,
    /// The extensions that were read: any other has no effect, and is named.
    read: HashSet<Place>,
}

impl Findings {
    pub(super) fn error(&mut self, place: &Place, message: impl Into<String>) {
        self.push(Diagnostic::error(place.clone(), message));
    }

    pub(super) fn unsupported(&mut self, place: &Place, message: impl Into<String>) {
        self.push(Diagnostic::unsupported(place.clone(), message));
    }

    pub(super) fn warning(&mut self, place: &Place, message: impl Into<String>) {
        self.push(Diagnostic::warning(place.clone(), message));
    }

    fn push(&mut self, finding: Diagnostic) {
        self.diagnostics.push(finding);
    }

    /// Returns the value of `x-amazon-apigateway-{name}`.
    pub(super) fn extension<'a>(&mut self, spot: &Spot<'a>, name: &str) -> Option<Spot<'a>> {
        let key = format!("{EXTENSION}{name}");
        let node = spot.node.get(&key)?;
        let place = spot.place.key(key.as_str());
        if node.is_null() {
            // What guards a method must not get lost with the value that somebody forgot.
            self.error(&place, "the value is missing: give one, or remove the key");
        }
        self.read.insert(place);
        spot.get(&key)
    }

    /// Tells whether the extension at a place was read.
    pub(super) fn was_read(&self, place: &Place) -> bool {
        self.read.contains(place)
    }

    /// Returns the findings. What is shared by several methods was found once for each and is said once.
    pub(super) fn finish(self) -> Vec<Diagnostic> {
        let mut seen = HashSet::new();
        let first: Vec<bool> = self
            .diagnostics
            .iter()
            .map(|finding| seen.insert((&finding.place, &finding.message)))
            .collect();
        let findings = self.diagnostics.into_iter().zip(first);
        findings
            .filter_map(|(finding, first)| first.then_some(finding))
            .collect()
    }

    fn expected(&mut self, spot: &Spot<'_>, what: &str) {
        self.error(
            &spot.place,
            format!("{what} is expected here, not {}", shown(spot.node)),
        );
    }

    /// Returns the value if it is an object.
    pub(super) fn object<'a>(&mut self, spot: Spot<'a>) -> Option<Spot<'a>> {
        if spot.node.as_map().is_none() {
            self.expected(&spot, "an object");
            return None;
        }
        Some(spot)
    }

    /// Returns the value if it is a list.
    pub(super) fn list<'a>(&mut self, spot: Spot<'a>) -> Option<Spot<'a>> {
        if spot.node.as_list().is_none() {
            self.expected(&spot, "a list");
            return None;
        }
        Some(spot)
    }

    /// Returns the items of a list of texts.
    pub(super) fn texts(&mut self, spot: Spot<'_>) -> Vec<String> {
        let Some(list) = self.list(spot) else {
            return Vec::new();
        };
        list.items()
            .filter_map(|item| self.text(&item).map(str::to_owned))
            .collect()
    }

    /// Returns the members of an object whose values are all text.
    pub(super) fn text_map(&mut self, spot: Spot<'_>) -> BTreeMap<String, String> {
        let object = self.object(spot);
        object
            .iter()
            .flat_map(Spot::members)
            .filter_map(|(key, value)| Some((key.to_owned(), self.text(&value)?.to_owned())))
            .collect()
    }

    /// Warns of members that mean nothing. Extensions, ours or others', are not among them.
    pub(super) fn only(&mut self, spot: &Spot<'_>, known: &[&str]) {
        for (key, member) in spot.members() {
            if !known.contains(&key) && !key.starts_with("x-") {
                self.warning(
                    &member.place,
                    format!("`{key}` means nothing here and is ignored"),
                );
            }
        }
    }

    /// Returns the value if it is text.
    pub(super) fn text<'a>(&mut self, spot: &Spot<'a>) -> Option<&'a str> {
        let text = spot.node.as_str();
        if text.is_none() {
            self.expected(spot, "text");
        }
        text
    }

    /// Returns text, or a number or truth value as it is written: where people leave quotes out.
    pub(super) fn scalar<'a>(&mut self, spot: &Spot<'a>) -> Option<&'a str> {
        let text = spot.node.as_text();
        if text.is_none() {
            self.expected(spot, "text");
        }
        text
    }

    /// Returns the value if it is a truth value, or the text of one.
    pub(super) fn truth(&mut self, spot: &Spot<'_>) -> Option<bool> {
        match spot.node.as_text() {
            Some("true") => Some(true),
            Some("false") => Some(false),
            _ => {
                self.expected(spot, "`true` or `false`");
                None
            }
        }
    }

    /// Returns a whole number within bounds, given as a number or as its text.
    pub(super) fn integer(&mut self, spot: &Spot<'_>, least: u32, most: u32) -> Option<u32> {
        let number = spot
            .node
            .as_text()
            .and_then(|text| text.parse().ok())
            .filter(|number| (least..=most).contains(number));
        if number.is_none() {
            self.expected(spot, &format!("a whole number from {least} to {most}"));
        }
        number
    }

    /// Returns the choice whose name the value is, in any case.
    pub(super) fn choice<T: Copy>(
        &mut self,
        spot: &Spot<'_>,
        choices: &[(&'static str, T)],
    ) -> Option<T> {
        let chosen = spot.node.as_str().and_then(|text| {
            choices
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(text))
        });
        if chosen.is_none() {
            let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
            self.expected(spot, &format!("one of {}", names.join(", ")));
        }
        chosen.map(|(_, choice)| *choice)
    }

    /// Returns a status code: three digits, as text or as a number.
    pub(super) fn status_code(&mut self, spot: &Spot<'_>) -> Option<String> {
        let code = spot.node.as_text().filter(|code| is_status_code(code));
        if code.is_none() {
            self.expected(spot, "a status code such as \"200\"");
        }
        code.map(str::to_owned)
    }
}

pub(super) fn is_status_code(text: &str) -> bool {
    matches!(text.as_bytes(), [b'1'..=b'5', second, third] if second.is_ascii_digit() && third.is_ascii_digit())
}

/// Shows a scalar, cut where it is long, or says what kind of value it is.
fn shown(node: &Node) -> String {
    const MAX_CHARS: usize = 60;
    match node.as_text() {
        Some(text) if text.chars().count() > MAX_CHARS => {
            let cut: String = text.chars().take(MAX_CHARS).collect();
            format!("`{cut}…`")
        }
        Some(text) => format!("`{text}`"),
        None => node.kind().to_owned(),
    }
}
