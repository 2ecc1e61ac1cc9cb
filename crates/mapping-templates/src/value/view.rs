//! What `keySet()`, `values()` and `entrySet()` show of a map.

use std::{cell::Cell, rc::Rc};

use super::{ListCell, ListKind, Map, MapCell, Value};

/// Which part of each entry is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Keys,
    Values,
    Entries,
}

/// A map, and the state of it that a list holds.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) map: Map,
    part: Part,
    seen: Cell<u32>,
}

impl Part {
    pub(crate) fn kind(self) -> ListKind {
        match self {
            Self::Values => ListKind::Collection,
            Self::Keys | Self::Entries => ListKind::Set,
        }
    }

    pub(crate) fn of(self, entries: Vec<(Value, Value)>) -> Vec<Value> {
        let pick = |entry: (Value, Value)| match self {
            Self::Keys => entry.0,
            Self::Values => entry.1,
            Self::Entries => Value::Entry(Rc::new(entry)),
        };
        entries.into_iter().map(pick).collect()
    }
}

impl View {
    pub(crate) fn new(map: Map, part: Part) -> Self {
        let seen = map.cell().map_or(0, |map| map.changes());
        Self {
            map,
            part,
            seen: Cell::new(seen),
        }
    }
}

impl ListCell {
    /// Returns the map that this shows, if it has changed since.
    pub(crate) fn changed_map(&self) -> Option<Rc<MapCell>> {
        let view = self.view.as_ref()?;
        let map = view.map.cell()?;
        (map.changes() != view.seen.get()).then_some(map)
    }

    /// Shows the map as it is now.
    pub(crate) fn refresh(&self, map: &MapCell) {
        if let Some(view) = &self.view {
            view.seen.set(map.changes());
            *self.items.borrow_mut() = view.part.of(map.to_vec());
        }
    }
}
