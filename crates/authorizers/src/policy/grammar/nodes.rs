//! Takes nodes for what they should be, and tells where they are not.

use std::borrow::Cow;

use super::{
    super::{
        document::Node,
        error::{Place, PolicyError, Problem, excerpt},
    },
    Grammar,
};

/// The largest number of values in a list.
const MAX_VALUES: usize = 256;

/// The members of an object, each at most once.
pub(super) type Members<'n> = Vec<(&'n str, &'n Node)>;

/// Values, each with its place if it stands in a list.
pub(super) type Listing<T> = Vec<(Option<usize>, T)>;

pub(super) fn member<'n>(members: &Members<'n>, name: &str) -> Option<&'n Node> {
    let mut members = members.iter();
    members
        .find(|(other, _)| *other == name)
        .map(|(_, node)| *node)
}

impl Grammar<'_> {
    /// The one of two members that is there.
    pub(super) fn either<'n>(
        &mut self,
        place: Place<'_>,
        members: &Members<'n>,
        names: (&'static str, &'static str),
        required: Option<&'static str>,
    ) -> Option<(&'static str, &'n Node)> {
        match (member(members, names.0), member(members, names.1)) {
            (Some(node), None) => Some((names.0, node)),
            (None, Some(node)) => Some((names.1, node)),
            (Some(_), Some(_)) => {
                self.report(place, Problem::Conflict(names.0, names.1));
                None
            }
            (None, None) => {
                if let Some(required) = required {
                    self.report(place, Problem::Missing(required));
                }
                None
            }
        }
    }

    /// The members of an object that may have only `names`.
    pub(super) fn members<'n>(
        &mut self,
        place: Place<'_>,
        node: &'n Node,
        known: &'static str,
        names: &[&str],
    ) -> Option<Members<'n>> {
        let mut members = self.any_members(place, node)?;
        members.retain(|(name, _)| {
            let is_known = names.contains(name);
            if !is_known {
                let problem = Problem::UnknownMember {
                    name: excerpt(name),
                    known,
                };
                self.report(Place::Member(&place, name), problem);
            }
            is_known
        });
        Some(members)
    }

    pub(super) fn any_members<'n>(
        &mut self,
        place: Place<'_>,
        node: &'n Node,
    ) -> Option<Members<'n>> {
        let Node::Object(all) = node else {
            self.wrong_type(place, "an object", node);
            return None;
        };
        let mut members: Vec<(&str, &Node)> = Vec::with_capacity(all.len());
        let mut names = std::collections::BTreeSet::new();
        for (name, node) in all {
            if names.insert(name.as_str()) {
                members.push((name, node));
            } else {
                self.report(
                    Place::Member(&place, name),
                    Problem::Duplicate(excerpt(name)),
                );
            }
        }
        Some(members)
    }

    pub(super) fn text<'n>(&mut self, place: Place<'_>, node: &'n Node) -> Option<&'n str> {
        match node {
            Node::Text(text) => Some(text),
            other => {
                self.wrong_type(place, "a string", other);
                None
            }
        }
    }

    /// Strings, at least one of them.
    pub(super) fn listed<'n>(
        &mut self,
        place: Place<'_>,
        node: &'n Node,
        what: &'static str,
    ) -> Listing<&'n str> {
        if matches!(node, Node::List(items) if items.is_empty()) {
            self.report(place, Problem::Missing(what));
        }
        self.texts(place, node)
    }

    /// A string or a list of strings, each with its place in the list.
    pub(super) fn texts<'n>(&mut self, place: Place<'_>, node: &'n Node) -> Listing<&'n str> {
        let mut texts = Vec::new();
        for (at, node) in self.values(place, node) {
            match node {
                Node::Text(text) => texts.push((at, text.as_str())),
                other => self.wrong_value(place, at, "a string", other),
            }
        }
        texts
    }

    /// The values of a condition key, of which numbers and booleans may stand without quotes.
    pub(super) fn scalars<'n>(
        &mut self,
        place: Place<'_>,
        node: &'n Node,
    ) -> Listing<Cow<'n, str>> {
        let mut scalars = Vec::new();
        for (at, node) in self.values(place, node) {
            match node {
                Node::Text(text) | Node::Number(text) => scalars.push((at, text.as_str().into())),
                Node::Bool(true) => scalars.push((at, "true".into())),
                Node::Bool(false) => scalars.push((at, "false".into())),
                other => self.wrong_value(place, at, "a string, a number or a boolean", other),
            }
        }
        scalars
    }

    pub(super) fn values<'n>(&mut self, place: Place<'_>, node: &'n Node) -> Listing<&'n Node> {
        match node {
            Node::List(items) if items.len() > MAX_VALUES => {
                self.report(
                    place,
                    Problem::TooLong {
                        limit: MAX_VALUES,
                        unit: "values",
                    },
                );
                Vec::new()
            }
            Node::List(items) => {
                let places = items.iter().enumerate();
                places.map(|(index, item)| (Some(index), item)).collect()
            }
            single => vec![(None, single)],
        }
    }

    pub(super) fn wrong_type(&mut self, place: Place<'_>, expected: &'static str, node: &Node) {
        let found = node.type_name();
        self.report(place, Problem::WrongType { expected, found });
    }

    pub(super) fn wrong_value(
        &mut self,
        place: Place<'_>,
        at: Option<usize>,
        expected: &'static str,
        node: &Node,
    ) {
        let found = node.type_name();
        self.report_value(place, at, Problem::WrongType { expected, found });
    }

    pub(super) fn report_value(&mut self, place: Place<'_>, at: Option<usize>, problem: Problem) {
        match at {
            Some(index) => self.report(Place::Item(&place, index), problem),
            None => self.report(place, problem),
        }
    }

    pub(super) fn report(&mut self, place: Place<'_>, problem: Problem) {
        self.errors.push(PolicyError::new(place, problem));
    }
}
