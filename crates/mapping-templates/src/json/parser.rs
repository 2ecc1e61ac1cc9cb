//! Reads JSON as leniently as API Gateway does.
//!
//! Keys and texts may have single quotes or none, commas may be doubled, trailing or, in lists, missing, and what
//! follows a complete value is ignored. A text that begins no object, list or quotation is one string.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use super::document::{Document, Member, Node, NodeId};

/// Why a text is not even leniently JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum JsonError {
    #[error("a number of the JSON document is longer than {limit} characters")]
    NumberTooLong { limit: usize },
    #[error("the JSON document nests deeper than {limit} levels")]
    NestTooDeep { limit: usize },
    #[error("the text is not JSON at byte {position}")]
    Syntax { position: usize },
    #[error("the JSON document is too long")]
    TooLong,
}

/// How deep lists and objects may nest.
pub(crate) const MAX_DEPTH: usize = 400;

/// How long a number may be: reading and writing one takes the square of its length.
pub(crate) const MAX_NUMBER: usize = 20_000;

/// What stands for the end of the text, also when it stands in it.
pub(super) const END: u8 = 0x1a;

pub(super) fn parse(source: &Arc<str>) -> Result<Document, JsonError> {
    if u32::try_from(source.len()).map_or(true, |len| len > u32::MAX / 4) {
        return Err(JsonError::TooLong);
    }
    let mut parser = Parser {
        bytes: source.as_bytes(),
        text: source,
        position: 0,
        depth: 0,
        document: Document::empty(Arc::clone(source)),
        pending: Vec::new(),
        canonical: true,
        scratch: String::new(),
    };
    parser.blanks();
    let root = parser.value(Within::Nothing)?;
    parser.canonical &= parser.position == source.len();
    // What is no longer needed goes before the list of nodes may grow by one.
    drop(parser.pending);
    let mut document = parser.document;
    document.root = u32::try_from(document.nodes.len()).map_err(|_| JsonError::TooLong)?;
    document.nodes.push(root);
    document.canonical = parser.canonical;
    Ok(document)
}

pub(super) struct Parser<'s> {
    pub(super) bytes: &'s [u8],
    pub(super) text: &'s str,
    pub(super) position: usize,
    depth: usize,
    pub(super) document: Document,
    /// The members of containers that are still open.
    pending: Vec<Node>,
    pub(super) canonical: bool,
    /// A text as it would be written, to compare it with what was read.
    pub(super) scratch: String,
}

/// What a value stands in, which decides where it ends if it has no quotes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Within {
    Nothing,
    List,
    Object,
    Key,
}

impl Within {
    pub(super) fn ends_at(self, byte: u8) -> bool {
        match self {
            Self::Nothing => false,
            Self::List => matches!(byte, b',' | b']'),
            Self::Object => matches!(byte, b',' | b'}'),
            Self::Key => byte == b':',
        }
    }
}

impl Parser<'_> {
    pub(super) fn byte(&self) -> u8 {
        self.bytes.get(self.position).copied().unwrap_or(END)
    }

    pub(super) fn error(&self) -> JsonError {
        JsonError::Syntax {
            position: self.position,
        }
    }

    fn blanks(&mut self) {
        while matches!(self.byte(), b' ' | b'\t' | b'\n' | b'\r') {
            self.position += 1;
            self.canonical = false;
        }
    }

    /// Skips what is not printable either.
    pub(super) fn controls(&mut self) {
        while self.byte() <= b' ' && self.byte() != END {
            self.position += 1;
            self.canonical = false;
        }
    }

    fn value(&mut self, within: Within) -> Result<Node, JsonError> {
        match self.byte() {
            b':' | b']' | b'}' => Err(self.error()),
            b'{' => self.nested(Self::object),
            b'[' => self.nested(Self::list),
            b'"' => self.quoted::<b'"'>().map(Node::Text),
            b'\'' => self.quoted::<b'\''>().map(Node::Text),
            b'-' | b'0'..=b'9' => self.number(within),
            _ => {
                let span = self.bare(within);
                Ok(match self.document.text_at(span) {
                    "null" => Node::Null,
                    "true" => Node::Bool(true),
                    "false" => Node::Bool(false),
                    "NaN" => {
                        self.canonical = false;
                        Node::NotANumber
                    }
                    _ => {
                        self.canonical = false;
                        Node::Text(span)
                    }
                })
            }
        }
    }

    fn nested(
        &mut self,
        read: fn(&mut Self) -> Result<Node, JsonError>,
    ) -> Result<Node, JsonError> {
        if self.depth >= MAX_DEPTH {
            return Err(JsonError::NestTooDeep { limit: MAX_DEPTH });
        }
        self.depth += 1;
        self.position += 1;
        let node = read(self);
        self.depth -= 1;
        node
    }

    fn list(&mut self) -> Result<Node, JsonError> {
        let begin = self.pending.len();
        let mut after_comma = true;
        loop {
            self.blanks();
            match self.byte() {
                b']' => {
                    self.canonical &= !after_comma || self.pending.len() == begin;
                    self.position += 1;
                    let (first, len) = self.close(begin)?;
                    return Ok(Node::List { first, len });
                }
                b',' => {
                    self.canonical &= !after_comma;
                    after_comma = true;
                    self.position += 1;
                }
                b':' | b'}' | END => return Err(self.error()),
                _ => {
                    self.canonical &= after_comma;
                    after_comma = false;
                    let item = self.value(Within::List)?;
                    self.pending.push(item);
                }
            }
        }
    }

    fn object(&mut self) -> Result<Node, JsonError> {
        let begin = self.pending.len();
        let mut after_comma = true;
        loop {
            self.blanks();
            match self.byte() {
                b':' | b'[' | b']' | b'{' => return Err(self.error()),
                b'}' => {
                    self.canonical &= !after_comma || self.pending.len() == begin;
                    self.position += 1;
                    self.merge_duplicates(begin);
                    let (first, len) = self.close(begin)?;
                    return Ok(Node::Map {
                        first,
                        len: len / 2,
                    });
                }
                b',' => {
                    self.canonical &= !after_comma;
                    after_comma = true;
                    self.position += 1;
                }
                _ if !after_comma => return Err(self.error()),
                _ => {
                    after_comma = false;
                    self.member()?;
                }
            }
        }
    }

    fn member(&mut self) -> Result<(), JsonError> {
        let key = match self.byte() {
            b'"' => self.quoted::<b'"'>()?,
            b'\'' => self.quoted::<b'\''>()?,
            _ => {
                self.canonical = false;
                self.bare(Within::Key)
            }
        };
        self.controls();
        if self.byte() != b':' || self.position + 1 >= self.bytes.len() {
            return Err(self.error());
        }
        self.position += 1;
        self.blanks();
        let value = self.value(Within::Object)?;
        self.controls();
        if !matches!(self.byte(), b'}' | b',') {
            return Err(self.error());
        }
        self.pending.extend_from_slice(&[Node::Text(key), value]);
        Ok(())
    }

    /// Moves the members of a container to where they stay.
    fn close(&mut self, begin: usize) -> Result<(NodeId, u32), JsonError> {
        let first = u32::try_from(self.document.nodes.len()).map_err(|_| JsonError::TooLong)?;
        let members = self.pending.get(begin..).unwrap_or_default();
        let len = u32::try_from(members.len()).map_err(|_| JsonError::TooLong)?;
        if begin == 0 {
            // The root follows these, and is not to double a list that is full.
            self.document.nodes.reserve(members.len() + 1);
        }
        self.document.nodes.extend_from_slice(members);
        self.pending.truncate(begin);
        Ok((first, len))
    }

    fn has_duplicates(&self, members: &[Member]) -> bool {
        const FEW: usize = 16;
        if members.len() > FEW {
            let mut seen = HashSet::with_capacity(members.len());
            return !members
                .iter()
                .all(|member| seen.insert(self.document.name(member)));
        }
        let mut rest = members;
        while let [member, others @ ..] = rest {
            let name = self.document.name(member);
            if others
                .iter()
                .any(|other| self.document.has_name(other, name))
            {
                return true;
            }
            rest = others;
        }
        false
    }

    /// Of members with the same name the last value counts, in the place of the first.
    fn merge_duplicates(&mut self, begin: usize) {
        let (members, _) = self.pending.get(begin..).unwrap_or_default().as_chunks();
        if !self.has_duplicates(members) {
            return;
        }
        self.canonical = false;
        let mut merged: Vec<Node> = Vec::with_capacity(2 * members.len());
        let mut places = HashMap::new();
        for member in members {
            let place = *places
                .entry(self.document.name(member))
                .or_insert(merged.len());
            match merged.get_mut(place + 1) {
                Some(earlier) => *earlier = member[1],
                None => merged.extend_from_slice(member),
            }
        }
        self.pending.truncate(begin);
        self.pending.extend(merged);
    }
}
