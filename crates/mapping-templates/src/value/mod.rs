//! What a template calculates with: Java's values, as far as a template can reach them.

mod decimal;
mod equality;
mod floating;
mod key;
mod list;
mod map;
mod number;
mod text;
mod view;

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    rc::Rc,
    sync::Arc,
};

pub(crate) use self::{
    decimal::Decimal,
    floating::Buffer,
    key::Key,
    list::{List, ListCell, ListKind},
    map::{Map, MapCell, MapKind},
    number::{Number, TooLarge},
    text::{Text, from_utf16, hash_code, utf16_len, utf16_slice},
    view::{Part, View},
};
use crate::{
    ast,
    json::{self, Document, Node, NodeId},
};

#[derive(Debug, Clone)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Number(Number),
    /// Java's `char`.
    Char(u16),
    Text(Text),
    List(List),
    Map(Map),
    Entry(Rc<(Value, Value)>),
    Iterator(Rc<Iterator>),
    /// The block of a `#define`.
    Block(Rc<Block>),
    Loop(Rc<Loop>),
    Input,
    Util,
}

/// A list that is gone through step by step.
#[derive(Debug)]
pub(crate) struct Iterator {
    pub(crate) list: List,
    pub(crate) next: Cell<usize>,
}

/// A `#define`d block, and how often it is being rendered.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) define: Arc<ast::Define>,
    pub(crate) depth: Cell<u32>,
}

/// `$foreach`.
#[derive(Debug)]
pub(crate) struct Loop {
    pub(crate) index: Cell<i32>,
    pub(crate) has_next: Cell<bool>,
    pub(crate) parent: Option<Rc<Loop>>,
    /// What `$foreach` was before, if that was no loop.
    pub(crate) replaced: Option<Value>,
    pub(crate) storage: Rc<MapCell>,
}

/// A list or object within one copy of a document. Copies are not made before something is changed.
#[derive(Debug, Clone)]
pub(crate) struct JsonRef {
    pub(crate) copy: Rc<JsonCopy>,
    pub(crate) node: NodeId,
    pub(crate) first: NodeId,
    pub(crate) len: u32,
}

/// A document as one call of `$input.path` returned it, with the containers that were changed since.
#[derive(Debug)]
pub(crate) struct JsonCopy {
    pub(crate) document: Arc<Document>,
    pub(crate) changed: RefCell<HashMap<NodeId, Changed>>,
}

/// A container that has been taken out of the document.
#[derive(Debug, Clone)]
pub(crate) enum Changed {
    List(Rc<ListCell>),
    Map(Rc<MapCell>),
}

impl Value {
    pub(crate) fn text(text: impl Into<Text>) -> Self {
        Self::Text(text.into())
    }

    pub(crate) fn int(value: usize) -> Self {
        Self::Number(Number::from_usize(value))
    }

    pub(crate) fn empty() -> Self {
        Self::Text(Text::EMPTY)
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    pub(crate) fn as_text(&self) -> Option<&Text> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns a copy of a document's node.
    pub(crate) fn of_document(document: &Arc<Document>, node: NodeId) -> Self {
        match document.node(node) {
            Node::List { .. } | Node::Map { .. } => {
                let copy = Rc::new(JsonCopy {
                    document: Arc::clone(document),
                    changed: RefCell::default(),
                });
                Self::of_copy(&copy, node)
            }
            scalar => Self::scalar(document, scalar),
        }
    }

    pub(crate) fn of_copy(copy: &Rc<JsonCopy>, node: NodeId) -> Self {
        let at = |first, len| JsonRef {
            copy: Rc::clone(copy),
            node,
            first,
            len,
        };
        match copy.document.node(node) {
            Node::List { first, len } => Self::List(List::Json(at(first, len))),
            Node::Map { first, len } => Self::Map(Map::Json(at(first, len))),
            scalar => Self::scalar(&copy.document, scalar),
        }
    }

    fn scalar(document: &Arc<Document>, node: Node) -> Self {
        match node {
            Node::Bool(value) => Self::Bool(value),
            Node::Text(span) => Self::Text(Text::Part {
                document: Arc::clone(document),
                span,
            }),
            Node::Number(number) => {
                json::node_number(document, number).map_or(Self::Null, Self::Number)
            }
            Node::NotANumber => Self::Number(Number::Float(f32::NAN)),
            Node::Null | Node::List { .. } | Node::Map { .. } => Self::Null,
        }
    }
}
