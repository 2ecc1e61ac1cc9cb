//! Maps.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use indexmap::IndexMap;

use super::{Changed, JsonRef, Key, Text, Value, hash_code};

/// How a map prints, and in which order it is gone through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MapKind {
    Plain,
    /// A part of `$context`: prints nothing, in the order of Java's `HashMap`.
    Silent,
}

#[derive(Debug)]
pub(crate) struct MapCell {
    pub(crate) kind: MapKind,
    pub(crate) entries: RefCell<IndexMap<Key, Value>>,
    /// Counts insertions and removals, which end iterations.
    pub(crate) version: Cell<u32>,
    /// Counts the values that were replaced.
    replaced: Cell<u32>,
}

#[derive(Debug, Clone)]
pub(crate) enum Map {
    Cell(Rc<MapCell>),
    Json(JsonRef),
    /// A part of `$context` that is looked up when it is asked for, by its dotted name.
    Context(Text),
    StageVariables,
}

impl MapCell {
    pub(crate) fn new(kind: MapKind, entries: IndexMap<Key, Value>) -> Self {
        Self {
            kind,
            entries: RefCell::new(entries),
            version: Cell::new(0),
            replaced: Cell::new(0),
        }
    }

    /// Sets an entry and returns what it was.
    pub(crate) fn put(&self, key: Value, value: Value) -> Value {
        let before = self.entries.borrow_mut().insert(Key(key), value);
        match before {
            Some(before) => {
                self.replaced.set(self.replaced.get().wrapping_add(1));
                before
            }
            None => {
                self.version.set(self.version.get().wrapping_add(1));
                Value::Null
            }
        }
    }

    pub(crate) fn remove(&self, key: Value) -> Value {
        match self.entries.borrow_mut().shift_remove(&Key(key)) {
            Some(before) => {
                self.version.set(self.version.get().wrapping_add(1));
                before
            }
            None => Value::Null,
        }
    }

    pub(crate) fn get(&self, key: &Value) -> Option<Value> {
        self.entries.borrow().get(&Key(key.clone())).cloned()
    }

    /// Counts all changes.
    pub(crate) fn changes(&self) -> u32 {
        self.version.get().wrapping_add(self.replaced.get())
    }

    /// Returns the entries in the order of iteration.
    pub(crate) fn to_vec(&self) -> Vec<(Value, Value)> {
        let entries = self.entries.borrow();
        let mut pairs: Vec<_> = entries
            .iter()
            .map(|(key, value)| (key.0.clone(), value.clone()))
            .collect();
        if self.kind == MapKind::Silent {
            let buckets = capacity(pairs.len());
            pairs.sort_by_key(|(key, _)| key.as_text().map_or(0, |key| bucket(key, buckets)));
        }
        pairs
    }
}

impl Map {
    /// Returns the cell, if this map has one.
    pub(crate) fn cell(&self) -> Option<Rc<MapCell>> {
        match self {
            Self::Cell(cell) => Some(Rc::clone(cell)),
            Self::Json(json) => json.map_cell(),
            Self::Context(_) | Self::StageVariables => None,
        }
    }
}

/// The number of buckets of a Java `HashMap` that has grown to `len` entries.
fn capacity(len: usize) -> u32 {
    let mut capacity = 16_u32;
    while len > (capacity / 4 * 3) as usize && capacity < 1 << 30 {
        capacity *= 2;
    }
    capacity
}

fn bucket(key: &str, buckets: u32) -> u32 {
    let hash = hash_code(key) as u32;
    (hash ^ (hash >> 16)) & (buckets - 1)
}

impl JsonRef {
    fn changed_map(&self) -> Option<Rc<MapCell>> {
        match self.copy.changed.borrow().get(&self.node) {
            Some(Changed::Map(cell)) => Some(Rc::clone(cell)),
            _ => None,
        }
    }

    /// Returns the cell of an object that was changed.
    pub(crate) fn map_cell(&self) -> Option<Rc<MapCell>> {
        if self.is_unchanged() {
            return None;
        }
        self.changed_map()
    }

    /// Returns a member of an object that was not changed.
    pub(crate) fn member(&self, name: &str) -> Option<Value> {
        let node = self.copy.document.member(self.first, self.len, name)?;
        Some(Value::of_copy(&self.copy, node))
    }

    /// Returns the members of an object that was not changed.
    pub(crate) fn members(&self) -> impl Iterator<Item = (Value, Value)> + '_ {
        (0..self.len).map(|index| {
            let key = self.first + 2 * index;
            (
                Value::of_copy(&self.copy, key),
                Value::of_copy(&self.copy, key + 1),
            )
        })
    }

    /// Returns a cell that can be changed, and whether it is new.
    pub(crate) fn own_map(&self) -> (Rc<MapCell>, bool) {
        if let Some(cell) = self.map_cell() {
            return (cell, false);
        }
        let entries = self
            .members()
            .map(|(key, value)| (Key(key), value))
            .collect();
        let cell = Rc::new(MapCell::new(MapKind::Plain, entries));
        let changed = Changed::Map(Rc::clone(&cell));
        self.copy.changed.borrow_mut().insert(self.node, changed);
        (cell, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_map_is_gone_through_in_the_order_of_a_hash_map() {
        let cell = MapCell::new(MapKind::Silent, IndexMap::new());
        for name in [
            "stage",
            "identity",
            "requestOverride",
            "responseOverride",
            "apiId",
            "path",
        ] {
            cell.put(Value::text(name), Value::Null);
        }
        let names: Vec<_> = cell.to_vec().into_iter().map(|(name, _)| name).collect();
        let names: Vec<_> = names
            .iter()
            .filter_map(Value::as_text)
            .map(|name| &**name)
            .collect();
        assert_eq!(
            names,
            [
                "path",
                "requestOverride",
                "stage",
                "identity",
                "responseOverride",
                "apiId"
            ]
        );
    }
}
