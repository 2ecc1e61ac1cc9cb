//! What a reload did, part by part.

use std::{collections::BTreeMap, fmt};

use towergate_definition::{self as definition, HttpMethod, Method, Place};

/// What a [reload](crate::Gateway::reload) changed; what it does not name went on as it was. What only code can say is
/// not compared: the observer, the keys of issuers, and of the [backends](crate::GatewayBuilder::backends) client, time
/// and chance.
///
/// Displayed it is one line for each part: `changed apis.pets.stages.prod`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes(Vec<Change>);

/// One part that a reload changed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// Which part, in the terms of `gateway.yaml`; methods of a definition are beneath `apis.ID.paths`.
    pub place: Place,
    /// What became of it.
    pub kind: ChangeKind,
}

/// What became of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// It is another one now.
    Changed,
    /// It is gone.
    Removed,
}

impl Changes {
    /// Returns whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the changes, by their places.
    pub fn iter(&self) -> impl Iterator<Item = &Change> {
        self.0.iter()
    }

    pub(crate) fn note(&mut self, kind: ChangeKind, place: Place) {
        self.0.push(Change { place, kind });
    }

    /// Compares two maps, whose parts stand beneath `place`.
    pub(crate) fn compare<'a, K: Ord + 'a, V: 'a>(
        &mut self,
        old: impl IntoIterator<Item = (K, V)>,
        new: impl IntoIterator<Item = (K, V)>,
        place: impl Fn(&K) -> Place,
        is_same: impl Fn(&V, &V) -> bool,
    ) {
        let mut old: BTreeMap<K, V> = old.into_iter().collect();
        for (key, new) in new {
            match old.remove(&key) {
                None => self.note(ChangeKind::Added, place(&key)),
                Some(old) if !is_same(&old, &new) => self.note(ChangeKind::Changed, place(&key)),
                Some(_) => {}
            }
        }
        for key in old.keys() {
            self.note(ChangeKind::Removed, place(key));
        }
    }

    /// Compares two definitions of the API `id`, method by method.
    pub(crate) fn compare_definitions(
        &mut self,
        id: &str,
        old: &definition::RestApi,
        new: &definition::RestApi,
    ) {
        let before = self.0.len();
        let place = |(path, verb): &(&str, HttpMethod)| {
            Place::from_iter(["apis", id, "paths", path, verb.key()])
        };
        self.compare(methods(old), methods(new), place, |old, new| old == new);
        if self.0.len() == before && old != new {
            self.note(
                ChangeKind::Changed,
                Place::from_iter(["apis", id, "definition"]),
            );
        }
    }

    /// Puts the changes in the order of their places.
    pub(crate) fn sorted(mut self) -> Self {
        self.0.sort();
        self.0.dedup();
        self
    }
}

fn methods(
    definition: &definition::RestApi,
) -> impl Iterator<Item = ((&str, HttpMethod), &Method)> {
    definition.resources.iter().flat_map(|(path, resource)| {
        let methods = resource.methods.iter();
        methods.map(move |(verb, method)| ((path.as_str(), *verb), method))
    })
}

impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, change) in self.0.iter().enumerate() {
            let separator = if number == 0 { "" } else { "\n" };
            write!(f, "{separator}{change}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            ChangeKind::Added => "added",
            ChangeKind::Changed => "changed",
            ChangeKind::Removed => "removed",
        };
        write!(f, "{kind} {}", self.place)
    }
}

#[cfg(test)]
mod tests {
    use towergate_definition::{Integration, RestApi};

    use super::*;

    fn api(methods: &[(&str, HttpMethod, u16)]) -> RestApi {
        let methods = methods.iter();
        methods.fold(RestApi::new("api"), |api, (path, verb, status)| {
            api.method(path, Method::new(*verb, Integration::mock(*status)))
        })
    }

    #[test]
    fn definitions_are_compared_method_by_method() {
        let old = api(&[
            ("/same", HttpMethod::Get, 200),
            ("/other", HttpMethod::Get, 200),
            ("/gone", HttpMethod::Any, 200),
        ]);
        let new = api(&[
            ("/same", HttpMethod::Get, 200),
            ("/other", HttpMethod::Get, 201),
            ("/new", HttpMethod::Post, 200),
        ]);
        let mut changes = Changes::default();
        changes.compare_definitions("a", &old, &new);
        let expected = "added apis.a.paths./new.post\nremoved apis.a.paths./gone.x-amazon-apigateway-any-method\n\
            changed apis.a.paths./other.get";
        let mut lines: Vec<_> = expected.lines().collect();
        lines.sort_by_key(|line| line.split_once(' ').map(|(_, place)| place));
        assert_eq!(changes.sorted().to_string(), lines.join("\n"));
    }

    #[test]
    fn a_part_that_is_no_method_is_the_definition() {
        let old = api(&[("/a", HttpMethod::Get, 200)]);
        let mut new = old.clone();
        new.policy = Some("{}".to_owned());
        let mut changes = Changes::default();
        changes.compare_definitions("a", &old, &old);
        assert!(changes.is_empty());
        changes.compare_definitions("a", &old, &new);
        assert_eq!(changes.to_string(), "changed apis.a.definition");
    }
}
