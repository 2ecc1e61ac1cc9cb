//! Lists, and what else can be gone through.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use super::{Changed, JsonRef, Value, View};

/// What a list is in Java.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ListKind {
    /// A literal or a range.
    Plain,
    /// A list of a JSON document, which prints as JSON.
    Json,
    Sublist,
    Array,
    /// The keys or entries of a map.
    Set,
    /// The values of a map.
    Collection,
}

impl ListKind {
    /// Whether the type has properties of its own; an array has none.
    pub(crate) fn has_methods(self) -> bool {
        self != Self::Array
    }

    pub(crate) fn is_list(self) -> bool {
        matches!(self, Self::Plain | Self::Json | Self::Sublist)
    }
}

#[derive(Debug)]
pub(crate) struct ListCell {
    pub(crate) kind: ListKind,
    pub(crate) items: RefCell<Vec<Value>>,
    /// Counts insertions and removals, which end iterations.
    pub(crate) version: Cell<u32>,
    /// The map that a set or a collection shows.
    pub(crate) view: Option<Box<View>>,
}

#[derive(Debug, Clone)]
pub(crate) enum List {
    Cell(Rc<ListCell>),
    Json(JsonRef),
}

impl ListCell {
    pub(crate) fn new(kind: ListKind, items: Vec<Value>) -> Self {
        Self {
            kind,
            items: RefCell::new(items),
            version: Cell::new(0),
            view: None,
        }
    }
}

impl JsonRef {
    pub(super) fn changed_list(&self) -> Option<Rc<ListCell>> {
        match self.copy.changed.borrow().get(&self.node) {
            Some(Changed::List(cell)) => Some(Rc::clone(cell)),
            _ => None,
        }
    }

    pub(crate) fn is_unchanged(&self) -> bool {
        self.copy.changed.borrow().is_empty()
    }
}

impl List {
    /// Returns the cell, if this list has one.
    fn cell(&self) -> Option<Rc<ListCell>> {
        match self {
            Self::Cell(cell) => Some(Rc::clone(cell)),
            Self::Json(json) if json.is_unchanged() => None,
            Self::Json(json) => json.changed_list(),
        }
    }

    /// Returns whether [`own`](Self::own) would copy the items.
    pub(crate) fn is_borrowed(&self) -> bool {
        self.cell().is_none()
    }

    /// Returns a cell that can be changed, and whether it is new.
    pub(crate) fn own(&self) -> (Rc<ListCell>, bool) {
        if let Some(cell) = self.cell() {
            return (cell, false);
        }
        let items = (0..self.len()).map(|index| self.get(index).unwrap_or(Value::Null));
        let cell = Rc::new(ListCell::new(ListKind::Json, items.collect()));
        if let Self::Json(json) = self {
            let changed = Changed::List(Rc::clone(&cell));
            json.copy.changed.borrow_mut().insert(json.node, changed);
        }
        (cell, true)
    }

    pub(crate) fn kind(&self) -> ListKind {
        match self {
            Self::Cell(cell) => cell.kind,
            Self::Json(_) => ListKind::Json,
        }
    }

    pub(crate) fn len(&self) -> usize {
        match (self.cell(), self) {
            (Some(cell), _) => cell.items.borrow().len(),
            (None, Self::Json(json)) => json.len as usize,
            (None, Self::Cell(_)) => 0,
        }
    }

    pub(crate) fn get(&self, index: usize) -> Option<Value> {
        match (self.cell(), self) {
            (Some(cell), _) => cell.items.borrow().get(index).cloned(),
            (None, Self::Json(json)) => {
                let index = u32::try_from(index)
                    .ok()
                    .filter(|index| *index < json.len)?;
                Some(Value::of_copy(&json.copy, json.first + index))
            }
            (None, Self::Cell(_)) => None,
        }
    }

    pub(crate) fn version(&self) -> u32 {
        self.cell().map_or(0, |cell| match &cell.view {
            Some(view) => view.map.cell().map_or(0, |map| map.version.get()),
            None => cell.version.get(),
        })
    }

    pub(crate) fn to_vec(&self) -> Vec<Value> {
        (0..self.len())
            .filter_map(|index| self.get(index))
            .collect()
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Cell(left), Self::Cell(right)) => Rc::ptr_eq(left, right),
            (Self::Json(left), Self::Json(right)) => {
                Rc::ptr_eq(&left.copy, &right.copy) && left.node == right.node
            }
            _ => false,
        }
    }
}
