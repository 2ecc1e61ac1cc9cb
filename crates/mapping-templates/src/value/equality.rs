//! Java's `equals`.

use std::rc::Rc;

use super::{Key, List, ListKind, Map, Value};

/// How deep containers are compared.
const MAX_DEPTH: usize = 100;

impl Value {
    /// Returns whether both are equal, `None` where they nest too deep to tell or `steps` do not suffice. What was
    /// spent is taken from them.
    pub(crate) fn equals(&self, other: &Self, steps: &mut u64) -> Option<bool> {
        equals(self, other, 0, steps)
    }

    /// Returns whether comparing it may lead to other values.
    pub(crate) fn is_container(&self) -> bool {
        matches!(self, Self::List(_) | Self::Map(_) | Self::Entry(_))
    }

    /// Returns whether one's class is that of the other or derived from it.
    pub(crate) fn is_same_class(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Bool(_), Self::Bool(_))
            | (Self::Char(_), Self::Char(_))
            | (Self::Text(_), Self::Text(_))
            | (Self::Map(_), Self::Map(_))
            | (Self::Entry(_), Self::Entry(_))
            | (Self::Block(_), Self::Block(_))
            | (Self::Iterator(_), Self::Iterator(_))
            | (Self::Loop(_), Self::Loop(_))
            | (Self::Input, Self::Input)
            | (Self::Util, Self::Util) => true,
            (Self::List(left), Self::List(right)) => {
                let plain = |kind| matches!(kind, ListKind::Plain | ListKind::Json);
                let (left, right) = (left.kind(), right.kind());
                left == right || (plain(left) && plain(right))
            }
            _ => false,
        }
    }
}

/// Containers that share their parts have far more paths than parts, so it is the comparisons that are counted.
fn equals(left: &Value, right: &Value, depth: usize, steps: &mut u64) -> Option<bool> {
    if depth > MAX_DEPTH {
        return None;
    }
    spend(steps, 1)?;
    Some(match (left, right) {
        (Value::Null, Value::Null) | (Value::Input, Value::Input) | (Value::Util, Value::Util) => {
            true
        }
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (Value::Char(left), Value::Char(right)) => left == right,
        (Value::Number(left), Value::Number(right)) => left.equals(right),
        (Value::Text(left), Value::Text(right)) => {
            if left.len() != right.len() {
                return Some(false);
            }
            spend(steps, left.len() / 16)?;
            **left == **right
        }
        (Value::List(left), Value::List(right)) => return lists(left, right, depth, steps),
        (Value::Map(left), Value::Map(right)) => return maps(left, right, depth, steps),
        (Value::Entry(left), Value::Entry(right)) => {
            equals(&left.0, &right.0, depth + 1, steps)?
                && equals(&left.1, &right.1, depth + 1, steps)?
        }
        (Value::Iterator(left), Value::Iterator(right)) => Rc::ptr_eq(left, right),
        (Value::Block(left), Value::Block(right)) => Rc::ptr_eq(left, right),
        (Value::Loop(left), Value::Loop(right)) => Rc::ptr_eq(left, right),
        _ => false,
    })
}

fn spend(left: &mut u64, steps: usize) -> Option<()> {
    let rest = u64::try_from(steps)
        .ok()
        .and_then(|steps| left.checked_sub(steps));
    *left = rest.unwrap_or(0);
    rest.map(|_| ())
}

fn lists(left: &List, right: &List, depth: usize, steps: &mut u64) -> Option<bool> {
    if left.is_same(right) {
        return Some(true);
    }
    let (kind, other) = (left.kind(), right.kind());
    if left.len() != right.len() {
        return Some(false);
    }
    if kind == ListKind::Set && other == ListKind::Set {
        spend(steps, left.len())?;
        let others = right.to_vec();
        for item in left.to_vec() {
            let mut found = false;
            for candidate in &others {
                found |= equals(&item, candidate, depth + 1, steps)?;
            }
            if !found {
                return Some(false);
            }
        }
        return Some(true);
    }
    if !kind.is_list() || !other.is_list() {
        return Some(false);
    }
    for index in 0..left.len() {
        let (Some(item), Some(candidate)) = (left.get(index), right.get(index)) else {
            return Some(false);
        };
        if !equals(&item, &candidate, depth + 1, steps)? {
            return Some(false);
        }
    }
    Some(true)
}

/// The entries of a map that is at hand.
fn entries(map: &Map) -> Option<Vec<(Value, Value)>> {
    match map {
        Map::Cell(cell) => Some(cell.to_vec()),
        Map::Json(json) => Some(match json.map_cell() {
            Some(cell) => cell.to_vec(),
            None => json.members().collect(),
        }),
        Map::Context(_) | Map::StageVariables => None,
    }
}

fn maps(left: &Map, right: &Map, depth: usize, steps: &mut u64) -> Option<bool> {
    let (entries, others) = match (left, right) {
        (Map::Cell(left), Map::Cell(right)) if Rc::ptr_eq(left, right) => return Some(true),
        (Map::Context(left), Map::Context(right)) => return Some(**left == **right),
        (Map::StageVariables, Map::StageVariables) => return Some(true),
        _ => match (entries(left), entries(right)) {
            (Some(left), Some(right)) => (left, right),
            _ => return Some(false),
        },
    };
    if entries.len() != others.len() {
        return Some(false);
    }
    spend(steps, entries.len())?;
    // A container is looked for one by one: as a key, it would be compared without this count and depth.
    let (containers, others): (Vec<_>, Vec<_>) =
        others.into_iter().partition(|(key, _)| key.is_container());
    let others: indexmap::IndexMap<Key, Value> = others
        .into_iter()
        .map(|(key, value)| (Key(key), value))
        .collect();
    for (key, value) in entries {
        let other = if key.is_container() {
            member(&containers, &key, depth, steps)?
        } else {
            others.get(&Key(key))
        };
        match other {
            Some(other) if equals(&value, other, depth + 1, steps)? => {}
            _ => return Some(false),
        }
    }
    Some(true)
}

/// Finds the value of a key that is a container; the outer `None` is that of [`equals`].
fn member<'e>(
    entries: &'e [(Value, Value)],
    key: &Value,
    depth: usize,
    steps: &mut u64,
) -> Option<Option<&'e Value>> {
    for (candidate, value) in entries {
        if equals(key, candidate, depth + 1, steps)? {
            return Some(Some(value));
        }
    }
    Some(None)
}
