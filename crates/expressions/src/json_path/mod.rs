//! JSONPath in the dialect that API Gateway speaks, which is Jayway's.
//!
//! A path is parsed once and asked many times. A *definite* path (single names and single indexes, and
//! `['a','b']` at its end) yields the value it names, borrowed from the document, or nothing; every other path
//! yields a list. Nothing here knows of HTTP.

mod error;
mod evaluate;
mod filter;
mod filter_parser;
mod function;
mod parser;

use std::{borrow::Cow, fmt, str::FromStr};

use serde_json::Value;

pub use self::error::{FindError, JsonPathError};
use self::{evaluate::Evaluator, filter::Filter, function::Call};

/// A compiled JSONPath expression.
///
/// # Examples
///
/// ```
/// use serde_json::json;
/// use towergate_expressions::JsonPath;
///
/// let pets = json!({"pets": [{"name": "Rex", "age": 3}, {"name": "Tom", "age": "9"}]});
///
/// let first = JsonPath::parse("$.pets[0].name")?;
/// assert_eq!(first.find(&pets)?.as_deref(), Some(&json!("Rex")));
///
/// let old = JsonPath::parse("$.pets[?(@.age == 9)].name")?;
/// assert_eq!(old.find(&pets)?.as_deref(), Some(&json!(["Tom"])));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct JsonPath {
    source: Box<str>,
    query: Query,
}

/// The steps of a path and the function at its end.
#[derive(Debug, Clone)]
struct Query {
    steps: Box<[Step]>,
    call: Option<Call>,
    /// Whether the steps lead to one value at most.
    definite: bool,
}

/// One step of a path. With `descend` (`..`) it is taken from every container at or below the node.
#[derive(Debug, Clone)]
struct Step {
    descend: bool,
    selector: Selector,
}

#[derive(Debug, Clone)]
enum Selector {
    Name(Box<str>),
    /// Two names or more: a map of those present at the end of a path, each in turn elsewhere.
    Names(Box<[Box<str>]>),
    Wildcard,
    Index(i64),
    Indexes(Box<[i64]>),
    /// At least one bound is given.
    Slice {
        start: Option<i64>,
        end: Option<i64>,
    },
    Filter(Filter),
}

impl JsonPath {
    /// The longest expression, in bytes, that is parsed.
    pub const MAX_BYTES: usize = 16 * 1024;

    /// How deep filters, parentheses, lists and function arguments may nest.
    pub const MAX_NESTING: usize = 32;

    /// Parses `source`. The leading `$.` may be left out: `a.b` is `$.a.b`.
    ///
    /// # Errors
    ///
    /// Returns where and why `source` is not a path: it is empty, ends in a dot, leaves a bracket open, holds a
    /// bad filter, a script expression or an unknown function, or exceeds [`JsonPath::MAX_BYTES`] or
    /// [`JsonPath::MAX_NESTING`].
    pub fn parse(source: &str) -> Result<Self, JsonPathError> {
        Ok(Self {
            query: parser::parse(source)?,
            source: source.into(),
        })
    }

    /// Finds what this path names in `document`, within the default [`Budget`].
    ///
    /// A definite path yields the value, borrowed unless it is made (by `['a','b']` or a function), or `None` if
    /// something on the way is missing. Any other path yields an array, empty if nothing matched. A JSON `null`
    /// is a value.
    ///
    /// # Errors
    ///
    /// Returns an error if the work exceeds the budget or the document nests deeper than
    /// [`Budget::MAX_DOCUMENT_DEPTH`] where it must be copied.
    pub fn find<'d>(&self, document: &'d Value) -> Result<Option<Cow<'d, Value>>, FindError> {
        self.find_within(document, &mut Budget::default())
    }

    /// Finds what this path names, and takes the work from `budget`, which several calls may share.
    ///
    /// # Errors
    ///
    /// As [`JsonPath::find`].
    pub fn find_within<'d>(
        &self,
        document: &'d Value,
        budget: &mut Budget,
    ) -> Result<Option<Cow<'d, Value>>, FindError> {
        Evaluator::new(document, budget).query(&self.query, document)
    }

    /// Returns whether this path names one value at most, so that it yields that value and not a list.
    #[must_use]
    pub fn is_definite(&self) -> bool {
        self.query.definite
    }

    /// Returns the steps of this path, if it consists of single names and single indexes alone.
    ///
    /// ```
    /// use towergate_expressions::{DefiniteStep, JsonPath};
    ///
    /// let path = JsonPath::parse("$.pets[0]")?;
    /// let steps: Option<Vec<_>> = path.definite_steps().map(Iterator::collect);
    /// assert_eq!(steps, Some(vec![DefiniteStep::Name("pets"), DefiniteStep::Index(0)]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn definite_steps(&self) -> Option<impl Iterator<Item = DefiniteStep<'_>>> {
        let steps = &self.query.steps;
        let plain = self.query.call.is_none() && steps.iter().all(|step| step.definite().is_some());
        plain.then(|| steps.iter().filter_map(Step::definite))
    }

    /// Returns the expression as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.source
    }
}

/// A step to one value at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DefiniteStep<'p> {
    /// The member of this name.
    Name(&'p str),
    /// The item at this index, from the end if it is negative.
    Index(i64),
}

impl Step {
    fn definite(&self) -> Option<DefiniteStep<'_>> {
        match &self.selector {
            Selector::Name(name) if !self.descend => Some(DefiniteStep::Name(name)),
            Selector::Index(index) if !self.descend => Some(DefiniteStep::Index(*index)),
            _ => None,
        }
    }
}

impl fmt::Debug for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("JsonPath").field(&self.source).finish()
    }
}

impl fmt::Display for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

impl PartialEq for JsonPath {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for JsonPath {}

impl FromStr for JsonPath {
    type Err = JsonPathError;

    fn from_str(source: &str) -> Result<Self, Self::Err> {
        Self::parse(source)
    }
}

/// How much work a search may do, counted in visited or copied JSON values (32 bytes of text count as one).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    steps: u64,
}

impl Budget {
    /// The steps of the default budget: enough to walk any document of 10 MB with usual content.
    pub const DEFAULT_STEPS: u64 = 4_000_000;

    /// The deepest value that is copied or compared whole.
    pub const MAX_DOCUMENT_DEPTH: usize = 256;

    /// Creates a budget of `steps`.
    #[must_use]
    pub const fn new(steps: u64) -> Self {
        Self { steps }
    }

    /// Returns the steps that are left.
    #[must_use]
    pub const fn remaining(&self) -> u64 {
        self.steps
    }

    fn spend(&mut self, steps: usize) -> Result<(), FindError> {
        let left = u64::try_from(steps)
            .ok()
            .and_then(|steps| self.steps.checked_sub(steps));
        self.steps = left.unwrap_or(0);
        left.map(|_| ()).ok_or(FindError::ExhaustBudget)
    }

    fn spend_text(&mut self, text: &str) -> Result<(), FindError> {
        self.spend(1 + text.len() / 32)
    }

    /// Pays for a visit of everything in `value`, and refuses what is too deep to recurse into.
    fn spend_whole(&mut self, value: &Value) -> Result<(), FindError> {
        self.spend(1)?;
        let mut waiting = vec![(value, 0)];
        while let Some((value, depth)) = waiting.pop() {
            if depth > Self::MAX_DOCUMENT_DEPTH {
                return Err(FindError::NestTooDeep);
            }
            match value {
                Value::Array(items) => {
                    self.spend(items.len())?;
                    waiting.extend(items.iter().map(|item| (item, depth + 1)));
                }
                Value::Object(members) => {
                    self.spend(members.len())?;
                    for (name, member) in members {
                        self.spend_text(name)?;
                        waiting.push((member, depth + 1));
                    }
                }
                Value::String(text) => self.spend_text(text)?,
                Value::Null | Value::Bool(_) | Value::Number(_) => {}
            }
        }
        Ok(())
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self::new(Self::DEFAULT_STEPS)
    }
}

#[cfg(test)]
mod bounds_tests;
#[cfg(test)]
mod tests;
