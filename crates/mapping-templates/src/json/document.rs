//! A parsed document: all nodes in one list, the members of a container next to each other.

use std::{
    ops::Range,
    sync::{Arc, OnceLock},
};

use serde_json::Value as Json;

use super::{JsonError, convert, parser};

/// The index of a node in its document.
pub(crate) type NodeId = u32;

/// A part of a document's texts, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Span {
    pub(super) fn len(self) -> usize {
        (self.end - self.start) as usize
    }
}

/// A value; containers say where their members are. Those of an object are keys and values in turn.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Node {
    Null,
    Bool(bool),
    Number(NumberText),
    NotANumber,
    Text(Span),
    List { first: NodeId, len: u32 },
    Map { first: NodeId, len: u32 },
}

/// The name of a member, and its value.
pub(super) type Member = [Node; 2];

/// A number as it stands in the document. It is read when it is calculated with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NumberText {
    pub(super) kind: NumberKind,
    /// Whether it is printed as it stands there.
    pub(super) verbatim: bool,
    pub(super) span: Span,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NumberKind {
    Integer,
    /// An integer of more than 64 bits.
    Big,
    Double,
    /// A fraction of more than 18 characters.
    Decimal,
}

/// A text and, once it is asked for, what it says as JSON.
///
/// A node takes 12 bytes and at least 2 bytes of the source, so that the nodes of a document take up to 6 bytes for each
/// byte of it, and while it is read twice as much (and twice that, where the lists that hold them have just grown).
#[derive(Debug)]
pub(crate) struct Document {
    source: Arc<str>,
    /// Texts that are not in the source as they are. Their spans begin where the source ends.
    pub(super) unescaped: String,
    pub(super) nodes: Vec<Node>,
    pub(super) root: NodeId,
    /// Whether writing the document would give the source again.
    pub(super) canonical: bool,
    json: OnceLock<Json>,
}

impl Document {
    pub(crate) fn parse(source: &Arc<str>) -> Result<Self, JsonError> {
        parser::parse(source)
    }

    /// Makes a document of what a JSONPath found.
    pub(crate) fn from_json(json: &Json) -> Self {
        convert::document(json)
    }

    pub(super) fn empty(source: Arc<str>) -> Self {
        Self {
            source,
            unescaped: String::new(),
            nodes: Vec::new(),
            root: 0,
            canonical: false,
            json: OnceLock::new(),
        }
    }

    /// Returns the same document for crates that walk JSON themselves.
    pub(crate) fn json(&self) -> &Json {
        self.json.get_or_init(|| convert::json(self, self.root))
    }

    /// Returns the number of nodes.
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(crate) fn root(&self) -> NodeId {
        self.root
    }

    pub(crate) fn node(&self, id: NodeId) -> Node {
        let node = usize::try_from(id).ok().and_then(|id| self.nodes.get(id));
        node.copied().unwrap_or(Node::Null)
    }

    pub(crate) fn text_at(&self, span: Span) -> &str {
        let (text, range) = self.place_of(span);
        text.get(range).unwrap_or_default()
    }

    fn bytes_at(&self, span: Span) -> &[u8] {
        let (text, range) = self.place_of(span);
        text.as_bytes().get(range).unwrap_or_default()
    }

    fn place_of(&self, span: Span) -> (&str, Range<usize>) {
        let (start, end) = (span.start as usize, span.end as usize);
        match start.checked_sub(self.source.len()) {
            Some(start) => (&self.unescaped, start..end - self.source.len()),
            None => (&self.source, start..end),
        }
    }

    /// Returns what a node prints in text, if that stands in the document; null prints nothing.
    pub(crate) fn printed(&self, id: NodeId) -> Option<&str> {
        match self.node(id) {
            Node::Null => Some(""),
            Node::Bool(true) => Some("true"),
            Node::Bool(false) => Some("false"),
            Node::Text(span) => Some(self.text_at(span)),
            Node::Number(number) if number.verbatim => Some(self.text_at(number.span)),
            Node::Number(_) | Node::NotANumber | Node::List { .. } | Node::Map { .. } => None,
        }
    }

    /// Returns the source, if writing the whole document would give it again.
    pub(crate) fn canonical(&self) -> Option<&str> {
        self.canonical.then_some(&*self.source)
    }

    /// Returns the member `name` of an object.
    pub(crate) fn member(&self, first: NodeId, len: u32, name: &str) -> Option<NodeId> {
        let begin = first as usize;
        let nodes = self.nodes.get(begin..begin + 2 * len as usize)?;
        let (members, _) = nodes.as_chunks();
        // The last of equal names has been moved to the place of the first.
        let index = members
            .iter()
            .position(|member| self.has_name(member, name.as_bytes()))?;
        u32::try_from(begin + 2 * index + 1).ok()
    }

    /// Returns the name of a member, as the bytes that are compared.
    pub(super) fn name(&self, [name, _]: &Member) -> &[u8] {
        match name {
            Node::Text(span) => self.bytes_at(*span),
            _ => b"",
        }
    }

    pub(super) fn has_name(&self, member: &Member, name: &[u8]) -> bool {
        match member {
            [Node::Text(span), _] => span.len() == name.len() && self.bytes_at(*span) == name,
            _ => false,
        }
    }
}
