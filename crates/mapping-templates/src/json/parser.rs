//! Reads JSON as leniently as API Gateway does.
//!
//! Keys and texts may have single quotes or none, commas may be doubled, trailing or, in lists, missing, and what
//! follows a complete value is ignored. A text that begins no object, list or quotation is one string.

use std::{collections::HashMap, sync::Arc};

use super::document::{Document, Node, NodeId};

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
    };
    parser.blanks();
    let root = parser.value(b"")?;
    parser.canonical &= parser.position == source.len();
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

    /// Reads a value; without quotes it ends before one of `stops`.
    fn value(&mut self, stops: &[u8]) -> Result<Node, JsonError> {
        match self.byte() {
            b':' | b']' | b'}' => Err(self.error()),
            b'{' => self.nested(Self::object),
            b'[' => self.nested(Self::list),
            b'"' | b'\'' => self.quoted().map(Node::Text),
            b'-' | b'0'..=b'9' => self.number(stops),
            _ => {
                let span = self.bare(stops);
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
                    let item = self.value(b",]")?;
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
            b'"' | b'\'' => self.quoted()?,
            _ => {
                self.canonical = false;
                self.bare(b":")
            }
        };
        self.controls();
        if self.byte() != b':' || self.position + 1 >= self.bytes.len() {
            return Err(self.error());
        }
        self.position += 1;
        self.blanks();
        let value = self.value(b",}")?;
        self.controls();
        if !matches!(self.byte(), b'}' | b',') {
            return Err(self.error());
        }
        self.pending.extend([Node::Text(key), value]);
        Ok(())
    }

    /// Moves the members of a container to where they stay.
    fn close(&mut self, begin: usize) -> Result<(NodeId, u32), JsonError> {
        let first = u32::try_from(self.document.nodes.len()).map_err(|_| JsonError::TooLong)?;
        let members = self.pending.drain(begin..);
        let len = u32::try_from(members.len()).map_err(|_| JsonError::TooLong)?;
        self.document.nodes.extend(members);
        Ok((first, len))
    }

    /// Of members with the same name the last value counts, in the place of the first.
    fn merge_duplicates(&mut self, begin: usize) {
        let members = self.pending.get(begin..).unwrap_or_default();
        let key = |node: &Node| match node {
            Node::Text(span) => self.document.text_at(*span),
            _ => "",
        };
        let keys = || members.iter().step_by(2).map(key);
        let duplicate = if members.len() <= 32 {
            keys()
                .enumerate()
                .any(|(index, name)| keys().take(index).any(|other| other == name))
        } else {
            let mut seen = std::collections::HashSet::with_capacity(members.len() / 2);
            keys().any(|name| !seen.insert(name))
        };
        if !duplicate {
            return;
        }
        self.canonical = false;
        let mut merged: Vec<Node> = Vec::with_capacity(members.len());
        let mut places: HashMap<&str, usize> = HashMap::new();
        for pair in members.chunks_exact(2) {
            let [name, value] = pair else { continue };
            let place = *places.entry(key(name)).or_insert(merged.len());
            match merged.get_mut(place + 1) {
                Some(earlier) => *earlier = *value,
                None => merged.extend([*name, *value]),
            }
        }
        self.pending.truncate(begin);
        self.pending.extend(merged);
    }
}
