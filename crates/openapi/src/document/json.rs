//! Reads JSON: serde_json decides what is JSON, a second walk over the same text finds the lines.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::{DocumentError, Key, Map, Node, NodeValue};

/// Reads a text that is one JSON value.
pub(super) fn parse(text: &str) -> Result<Node, DocumentError> {
    let mut node: Node = serde_json::from_str(text).map_err(|error| DocumentError::Syntax {
        line: Some(error.line()),
        message: without_position(&error.to_string()),
    })?;
    Lines {
        rest: text,
        line: 1,
    }
    .fill(&mut node)?;
    Ok(node)
}

/// Cuts ` at line 1 column 2`: the error carries the line by itself.
pub(super) fn without_position(message: &str) -> String {
    message
        .rsplit_once(" at line ")
        .map_or(message, |(message, _)| message)
        .to_owned()
}

/// Walks a text that is known to be JSON, beside the tree that was read from it.
struct Lines<'t> {
    rest: &'t str,
    line: usize,
}

impl Lines<'_> {
    fn fill(&mut self, node: &mut Node) -> Result<(), DocumentError> {
        self.skip_space();
        node.line = self.line;
        match &mut node.value {
            NodeValue::Map(members) => {
                self.skip(1);
                for (key, member) in &mut members.entries {
                    self.skip_space();
                    key.line = self.line;
                    self.skip_string();
                    self.skip_space();
                    self.skip(1);
                    self.fill(member)?;
                    self.skip_comma();
                }
                self.skip_space();
                self.skip(1);
                unique(members)?;
            }
            NodeValue::List(items) => {
                self.skip(1);
                for item in items {
                    self.fill(item)?;
                    self.skip_comma();
                }
                self.skip_space();
                self.skip(1);
            }
            NodeValue::String(_) => self.skip_string(),
            NodeValue::Number(text) => *text = self.skip_word().to_owned(),
            NodeValue::Null | NodeValue::Bool(_) => {
                self.skip_word();
            }
        }
        Ok(())
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    fn skip_space(&mut self) {
        let rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
        let space = self.rest.len() - rest.len();
        self.line += self
            .rest
            .bytes()
            .take(space)
            .filter(|byte| *byte == b'\n')
            .count();
        self.rest = rest;
    }

    fn skip_comma(&mut self) {
        self.skip_space();
        self.rest = self.rest.strip_prefix(',').unwrap_or(self.rest);
    }

    /// Skips a string. JSON has no line breaks in strings.
    fn skip_string(&mut self) {
        let mut bytes = self.rest.bytes().enumerate().skip(1);
        while let Some((at, byte)) = bytes.next() {
            match byte {
                b'\\' => {
                    bytes.next();
                }
                b'"' => return self.skip(at + 1),
                _ => {}
            }
        }
        self.rest = "";
    }

    /// Skips a number, `true`, `false` or `null`.
    fn skip_word(&mut self) -> &str {
        let end = self
            .rest
            .find([' ', '\t', '\n', '\r', ',', ']', '}'])
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }
}

/// Refuses an object that has a key twice.
pub(super) fn unique(members: &Map) -> Result<(), DocumentError> {
    match members.duplicate() {
        None => Ok(()),
        Some((first, second)) => Err(DocumentError::DuplicateKey {
            key: first.text.clone(),
            line: second.line,
            first_line: first.line,
        }),
    }
}

impl<'de> Deserialize<'de> for Node {
    /// Builds the tree without its lines.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl NodeVisitor {
    fn node<E>(value: NodeValue) -> Result<Node, E> {
        Ok(Node { line: 0, value })
    }
}

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Self::node(NodeValue::Null)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Node, E> {
        Self::node(NodeValue::Bool(truth))
    }

    // The text of a number is filled in with the lines.
    fn visit_i64<E>(self, _: i64) -> Result<Node, E> {
        Self::node(NodeValue::Number(String::new()))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Node, E> {
        Self::node(NodeValue::Number(String::new()))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
        Self::node(NodeValue::Number(String::new()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Self::node(NodeValue::String(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Node, E> {
        Self::node(NodeValue::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Self::node(NodeValue::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        while let Some((text, node)) = access.next_entry::<String, Node>()? {
            entries.push((Key { text, line: 0 }, node));
        }
        Self::node(NodeValue::Map(Map::new(entries)))
    }
}
