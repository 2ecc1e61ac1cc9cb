//! The methods of a route table: seven verbs and `ANY`.

use std::fmt;

use http::Method;

use crate::table::NONE;

/// The method that a route answers: one verb, or `ANY`.
///
/// A table knows the seven verbs that `ANY` stands for: DELETE, GET, HEAD, OPTIONS, PATCH, POST and PUT.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RouteMethod {
    /// Every verb that has no route of its own on the same resource.
    Any,
    /// This verb alone. HEAD and OPTIONS are never answered by another verb's route.
    Verb(Method),
}

impl From<Method> for RouteMethod {
    fn from(method: Method) -> Self {
        Self::Verb(method)
    }
}

impl fmt::Display for RouteMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("ANY"),
            Self::Verb(method) => f.write_str(method.as_str()),
        }
    }
}

/// One of the seven verbs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    Post,
    Put,
    Delete,
    Patch,
    Head,
    Options,
}

impl Verb {
    /// How many verbs there are.
    pub(crate) const COUNT: usize = 7;

    /// Returns the verb of `method`, or `None` if a table does not know it.
    #[inline]
    pub(crate) fn of(method: &Method) -> Option<Self> {
        Some(match *method {
            Method::GET => Self::Get,
            Method::POST => Self::Post,
            Method::PUT => Self::Put,
            Method::DELETE => Self::Delete,
            Method::PATCH => Self::Patch,
            Method::HEAD => Self::Head,
            Method::OPTIONS => Self::Options,
            _ => return None,
        })
    }
}

/// The numbers of the values that answer the seven verbs of one resource, verb by verb.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ValueByVerb([u32; Verb::COUNT]);

impl ValueByVerb {
    /// Returns a resource's answers: each verb by its own value, else by the value of `ANY`, else not at all.
    ///
    /// Leaves out a verb that a table does not know.
    pub(crate) fn new<'m>(methods: impl Iterator<Item = (&'m RouteMethod, u32)> + Clone) -> Self {
        let mut by_verb = [NONE; Verb::COUNT];
        for (method, value) in methods.clone() {
            if *method == RouteMethod::Any {
                by_verb = [value; Verb::COUNT];
            }
        }
        for (method, value) in methods {
            if let RouteMethod::Verb(verb) = method
                && let Some(verb) = Verb::of(verb)
                && let Some(slot) = by_verb.get_mut(verb as usize)
            {
                *slot = value;
            }
        }
        Self(by_verb)
    }

    /// Returns the number of the value that answers `verb`.
    #[inline]
    pub(crate) fn get(&self, verb: Verb) -> Option<u32> {
        let value = *self.0.get(verb as usize)?;
        (value != NONE).then_some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verb_finds_its_own_value_before_that_of_any() {
        let cases: &[(&str, &[&str], Method, Option<u32>)] = &[
            ("own verb", &["GET"], Method::GET, Some(0)),
            ("other verb", &["GET"], Method::HEAD, None),
            ("own verb after any", &["ANY", "PUT"], Method::PUT, Some(1)),
            ("own verb before any", &["PUT", "ANY"], Method::PUT, Some(0)),
            (
                "any beside another verb",
                &["PUT", "ANY"],
                Method::OPTIONS,
                Some(1),
            ),
            ("unknown verb", &["TRACE"], Method::GET, None),
        ];
        for (name, methods, asked, expected) in cases {
            let methods: Vec<_> = methods
                .iter()
                .map(|method| match *method {
                    "ANY" => RouteMethod::Any,
                    verb => RouteMethod::Verb(verb.parse().unwrap()),
                })
                .collect();
            let values = ValueByVerb::new(methods.iter().zip(0..));
            let found = Verb::of(asked).and_then(|verb| values.get(verb));
            assert_eq!(found, *expected, "{name}");
        }
    }

    #[test]
    fn verbs_outside_any_have_no_number() {
        for verb in ["CONNECT", "TRACE", "PURGE", "get", "ANY"] {
            let method: Method = verb.parse().unwrap();
            assert_eq!(Verb::of(&method), None, "{verb}");
        }
    }
}
