//! Java's `equals`.

use std::rc::Rc;

use super::{Key, List, ListKind, Map, Value};

/// How deep containers are compared.
const MAX_DEPTH: usize = 100;

impl Value {
    /// Returns whether both are equal, `None` where they nest too deep to tell.
    pub(crate) fn equals(&self, other: &Self) -> Option<bool> {
        equals(self, other, 0)
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

fn equals(left: &Value, right: &Value, depth: usize) -> Option<bool> {
    if depth > MAX_DEPTH {
        return None;
    }
    Some(match (left, right) {
        (Value::Null, Value::Null) | (Value::Input, Value::Input) | (Value::Util, Value::Util) => {
            true
        }
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (Value::Char(left), Value::Char(right)) => left == right,
        (Value::Number(left), Value::Number(right)) => left.equals(right),
        (Value::Text(left), Value::Text(right)) => **left == **right,
        (Value::List(left), Value::List(right)) => return lists(left, right, depth),
        (Value::Map(left), Value::Map(right)) => return maps(left, right, depth),
        (Value::Entry(left), Value::Entry(right)) => {
            equals(&left.0, &right.0, depth + 1)? && equals(&left.1, &right.1, depth + 1)?
        }
        (Value::Iterator(left), Value::Iterator(right)) => Rc::ptr_eq(left, right),
        (Value::Block(left), Value::Block(right)) => Rc::ptr_eq(left, right),
        (Value::Loop(left), Value::Loop(right)) => Rc::ptr_eq(left, right),
        _ => false,
    })
}

fn lists(left: &List, right: &List, depth: usize) -> Option<bool> {
    if left.is_same(right) {
        return Some(true);
    }
    let (kind, other) = (left.kind(), right.kind());
    if left.len() != right.len() {
        return Some(false);
    }
    if kind == ListKind::Set && other == ListKind::Set {
        let others = right.to_vec();
        for item in left.to_vec() {
            let mut found = false;
            for candidate in &others {
                found |= equals(&item, candidate, depth + 1)?;
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
        if !equals(&item, &candidate, depth + 1)? {
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

fn maps(left: &Map, right: &Map, depth: usize) -> Option<bool> {
    let (entries, others) = match (left, right) {
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
    let others: indexmap::IndexMap<Key, Value> = others
        .into_iter()
        .map(|(key, value)| (Key(key), value))
        .collect();
    for (key, value) in entries {
        match others.get(&Key(key)) {
            Some(other) if equals(&value, other, depth + 1)? => {}
            _ => return Some(false),
        }
    }
    Some(true)
}
