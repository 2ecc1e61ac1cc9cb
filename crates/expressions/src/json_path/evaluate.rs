//! Walks a document along the steps of a path.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::{Budget, FindError, Query, Selector, Step};

/// One search: the document that `$` means, and what the search may still cost.
#[derive(Debug)]
pub(super) struct Evaluator<'d, 'b> {
    pub(super) root: &'d Value,
    pub(super) budget: &'b mut Budget,
}

impl<'d, 'b> Evaluator<'d, 'b> {
    pub(super) fn new(root: &'d Value, budget: &'b mut Budget) -> Self {
        Self { root, budget }
    }

    /// Finds what `query` names, seen from `start`.
    pub(super) fn query<'v>(
        &mut self,
        query: &Query,
        start: &'v Value,
    ) -> Result<Option<Cow<'v, Value>>, FindError> {
        if query.definite {
            let Some(found) = self.one(&query.steps, start)? else {
                return Ok(None);
            };
            return match &query.call {
                None => Ok(Some(found)),
                Some(call) => Ok(self.call(call, &found)?.map(Cow::Owned)),
            };
        }
        let matches = self.many(&query.steps, start)?;
        let Some(call) = &query.call else {
            return Ok(Some(Cow::Owned(Value::Array(matches))));
        };
        // After `..` a function takes all matches together, otherwise each for itself.
        if query.steps.iter().any(|step| step.descend) {
            return Ok(self.call_on_all(call, matches)?.map(Cow::Owned));
        }
        let mut results = Vec::new();
        for found in &matches {
            results.extend(self.call(call, found)?);
        }
        Ok(Some(Cow::Owned(Value::Array(results))))
    }

    /// Follows a definite path.
    fn one<'v>(
        &mut self,
        steps: &[Step],
        start: &'v Value,
    ) -> Result<Option<Cow<'v, Value>>, FindError> {
        let mut value = start;
        for step in steps {
            let next = match &step.selector {
                Selector::Name(name) => value.as_object().and_then(|members| members.get(&**name)),
                Selector::Index(index) => value.as_array().and_then(|items| nth(items, *index)),
                Selector::Names(names) => {
                    let Some(members) = value.as_object() else {
                        return Ok(None);
                    };
                    return Ok(Some(Cow::Owned(self.merge(members, names)?)));
                }
                _ => None,
            };
            let Some(next) = next else {
                return Ok(None);
            };
            value = next;
        }
        Ok(Some(Cow::Borrowed(value)))
    }

    /// Follows any other path, and copies its matches.
    fn many(&mut self, steps: &[Step], start: &Value) -> Result<Vec<Value>, FindError> {
        if let Some((last, before)) = steps.split_last()
            && let Selector::Names(names) = &last.selector
        {
            return self.merges(before, last.descend, names, start);
        }
        let mut matches = Vec::new();
        for value in self.select(steps, start)? {
            matches.push(self.copy(value)?);
        }
        Ok(matches)
    }

    /// Ends a path in `['a','b']`: one map for each object. After `..` only objects with all the names count.
    fn merges(
        &mut self,
        steps: &[Step],
        descend: bool,
        names: &[Box<str>],
        start: &Value,
    ) -> Result<Vec<Value>, FindError> {
        let mut maps = Vec::new();
        for node in self.select(steps, start)? {
            let mut containers = Containers::new(node, descend);
            while let Some(container) = containers.next(self.budget)? {
                if let Some(members) = container.as_object()
                    && (!descend || names.iter().all(|name| members.contains_key(&**name)))
                {
                    maps.push(self.merge(members, names)?);
                }
            }
        }
        Ok(maps)
    }

    /// Takes the steps one after the other, each from all nodes that the one before found. Their order is that of
    /// a walk which finishes one branch before the next.
    fn select<'v>(
        &mut self,
        steps: &[Step],
        start: &'v Value,
    ) -> Result<Vec<&'v Value>, FindError> {
        let mut nodes = vec![start];
        for step in steps {
            let mut found = Vec::new();
            for node in nodes {
                if !step.descend {
                    self.pick(&step.selector, node, &mut found)?;
                    continue;
                }
                let mut containers = Containers::new(node, true);
                while let Some(container) = containers.next(self.budget)? {
                    // A filter below `..` must accept a list before it is put to the list's items, which are
                    // tested anyway when the walk comes to them.
                    let enters = match &step.selector {
                        Selector::Filter(filter) => self.test(filter, container)?,
                        _ => true,
                    };
                    if enters {
                        self.pick(&step.selector, container, &mut found)?;
                    }
                }
            }
            nodes = found;
        }
        Ok(nodes)
    }

    fn pick<'v>(
        &mut self,
        selector: &Selector,
        node: &'v Value,
        found: &mut Vec<&'v Value>,
    ) -> Result<(), FindError> {
        let before = found.len();
        match (selector, node) {
            (Selector::Name(name), Value::Object(members)) => found.extend(members.get(&**name)),
            (Selector::Names(names), Value::Object(members)) => {
                found.extend(names.iter().filter_map(|name| members.get(&**name)));
            }
            (Selector::Wildcard, Value::Object(members)) => found.extend(members.values()),
            (Selector::Wildcard, Value::Array(items)) => found.extend(items),
            (Selector::Index(index), Value::Array(items)) => found.extend(nth(items, *index)),
            (Selector::Indexes(indexes), Value::Array(items)) => {
                found.extend(indexes.iter().filter_map(|index| nth(items, *index)));
            }
            (Selector::Slice { start, end }, Value::Array(items)) => {
                found.extend(slice(items, *start, *end));
            }
            (Selector::Filter(filter), Value::Array(items)) => {
                for item in items {
                    if self.test(filter, item)? {
                        found.push(item);
                    }
                }
            }
            (Selector::Filter(filter), Value::Object(_)) => {
                found.extend(self.test(filter, node)?.then_some(node));
            }
            _ => {}
        }
        self.budget.spend(1 + found.len() - before)
    }

    fn merge(
        &mut self,
        members: &Map<String, Value>,
        names: &[Box<str>],
    ) -> Result<Value, FindError> {
        /// What a map takes, in the size of values.
        const EMPTY_MAP: usize = 4;
        self.budget.spend(EMPTY_MAP)?;
        let mut merged = Map::new();
        for name in names {
            if let Some(value) = members.get(&**name) {
                merged.insert(name.to_string(), self.copy(value)?);
            }
        }
        Ok(Value::Object(merged))
    }

    pub(super) fn copy(&mut self, value: &Value) -> Result<Value, FindError> {
        self.budget.spend_whole(value)?;
        Ok(value.clone())
    }
}

/// The containers at and below a node, each before those inside it, in document order.
struct Containers<'v> {
    waiting: Vec<&'v Value>,
    descend: bool,
}

impl<'v> Containers<'v> {
    fn new(node: &'v Value, descend: bool) -> Self {
        Self {
            waiting: vec![node],
            descend,
        }
    }

    fn next(&mut self, budget: &mut Budget) -> Result<Option<&'v Value>, FindError> {
        let Some(value) = self.waiting.pop() else {
            return Ok(None);
        };
        if self.descend {
            let before = self.waiting.len();
            match value {
                Value::Array(items) => self.waiting.extend(items.iter().rev().filter(is_container)),
                Value::Object(members) => self
                    .waiting
                    .extend(members.values().rev().filter(is_container)),
                _ => {}
            }
            budget.spend(1 + self.waiting.len() - before)?;
        }
        Ok(Some(value))
    }
}

fn is_container(value: &&Value) -> bool {
    value.is_array() || value.is_object()
}

/// The item at `index`, from the end if that is negative.
pub(super) fn nth(items: &[Value], index: i64) -> Option<&Value> {
    items.get(position(index, items.len())?)
}

fn position(index: i64, len: usize) -> Option<usize> {
    match usize::try_from(index) {
        Ok(index) => Some(index),
        Err(_) => len.checked_sub(usize::try_from(index.unsigned_abs()).ok()?),
    }
}

/// A negative bound counts from the end only where it is the sole one. Bounds outside the list are clipped.
fn slice(items: &[Value], start: Option<i64>, end: Option<i64>) -> &[Value] {
    let len = items.len();
    let clip = |bound: i64| usize::try_from(bound.max(0)).unwrap_or(len).min(len);
    let from_end = |bound: i64| position(bound, len).unwrap_or(0).min(len);
    let range = match (start, end) {
        (Some(start), Some(end)) => clip(start)..clip(end),
        (Some(start), None) => from_end(start)..len,
        (None, Some(end)) => 0..from_end(end),
        (None, None) => 0..len,
    };
    items.get(range).unwrap_or_default()
}
