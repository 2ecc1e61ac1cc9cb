//! A JSON or YAML text, read once into a tree that knows its lines.
//!
//! ```
//! use towergate_definition::Place;
//! use towergate_openapi::document::Document;
//!
//! let document = Document::parse("{\n  \"info\": {\n    \"version\": 1.10\n  }\n}")?;
//! let info = document.root().get("info").expect("it is there");
//! assert_eq!(info.get("version").and_then(|version| version.as_text()), Some("1.10"));
//! assert_eq!(document.line(&Place::from_iter(["info", "version"])), Some(3));
//! assert_eq!(document.line(&Place::from_iter(["info", "title"])), Some(2), "the nearest that exists");
//! # Ok::<(), towergate_openapi::document::DocumentError>(())
//! ```

mod json;
mod node;
#[cfg(feature = "yaml")]
mod yaml;

#[cfg(test)]
mod tests;

use towergate_definition::Place;

pub use node::{Key, Map, Node, NodeValue};

/// The longest text that is read, in bytes: what API Gateway imports at most.
pub const MAX_BYTES: usize = 6 * 1024 * 1024;

/// How deep values may be nested.
pub const MAX_DEPTH: usize = 100;

/// How many values a YAML text may have once its aliases are unfolded.
#[cfg(feature = "yaml")]
const MAX_NODES: usize = 1_000_000;

/// Why a text is no document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// An object has a key twice.
    #[error("the key `{key}` stands on line {first_line} and again on line {line}")]
    DuplicateKey {
        /// The key.
        key: String,
        /// The line of the second occurrence.
        line: usize,
        /// The line of the first occurrence.
        first_line: usize,
    },
    /// The text is neither JSON nor YAML.
    #[error("{message}")]
    Syntax {
        /// The line, if it is known.
        line: Option<usize>,
        /// What the parser says.
        message: String,
    },
    /// Values are nested deeper than [`MAX_DEPTH`].
    #[error("values are nested deeper than {MAX_DEPTH} levels")]
    TooDeep {
        /// The line of the first value that is too deep.
        line: usize,
    },
    /// The text is longer than [`MAX_BYTES`].
    #[error("the text has {bytes} bytes, more than the {MAX_BYTES} that are read")]
    TooLong {
        /// How long it is.
        bytes: usize,
    },
    /// The text is not JSON, and the feature that reads YAML is off.
    #[error(
        "the text is not JSON: to read YAML, build with the feature `yaml` of towergate-openapi"
    )]
    YamlDisabled,
}

impl DocumentError {
    /// Returns the line the error is on, counted from 1, where there is one.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        match self {
            Self::DuplicateKey { line, .. } | Self::TooDeep { line } => Some(*line),
            Self::Syntax { line, .. } => *line,
            Self::TooLong { .. } | Self::YamlDisabled => None,
        }
    }
}

/// A text that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    root: Node,
}

impl Document {
    /// Reads JSON, or YAML where the feature `yaml` is on.
    ///
    /// A text whose first character is `{` or `[` is JSON; if it is not, it may still be YAML.
    ///
    /// # Errors
    ///
    /// Where the text is neither, has a key twice in one object, or is over [`MAX_BYTES`] or [`MAX_DEPTH`].
    pub fn parse(text: &str) -> Result<Self, DocumentError> {
        if text.len() > MAX_BYTES {
            return Err(DocumentError::TooLong { bytes: text.len() });
        }
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let root = if text.trim_start().starts_with(['{', '[']) {
            json::parse(text).or_else(|error| flow_style(text, error))?
        } else {
            block_style(text)?
        };
        match too_deep(&root, MAX_DEPTH) {
            None => Ok(Self { root }),
            Some(line) => Err(DocumentError::TooDeep { line }),
        }
    }

    /// Returns the value the text is.
    #[must_use]
    pub fn root(&self) -> &Node {
        &self.root
    }

    /// Returns the line of a place, or of the nearest place around it that exists, counted from 1.
    ///
    /// A member is on the line of its key. Of a list, the keys are positions counted from 0.
    #[must_use]
    pub fn line(&self, place: &Place) -> Option<usize> {
        let mut node = &self.root;
        let mut line = node.line;
        for key in place.keys() {
            let found = match &node.value {
                NodeValue::Map(members) => members.entry(key).map(|(key, node)| (key.line, node)),
                NodeValue::List(items) => key
                    .parse::<usize>()
                    .ok()
                    .and_then(|at| items.get(at))
                    .map(|node| (node.line, node)),
                _ => None,
            };
            let Some((found_line, found_node)) = found else {
                break;
            };
            (line, node) = (found_line, found_node);
        }
        (line > 0).then_some(line)
    }

    pub(crate) fn root_mut(&mut self) -> &mut Node {
        &mut self.root
    }
}

/// Returns the line of the first value more than `depth` levels down.
fn too_deep(node: &Node, depth: usize) -> Option<usize> {
    let below = |child| match depth.checked_sub(1) {
        Some(depth) => too_deep(child, depth),
        None => Some(child.line),
    };
    match &node.value {
        NodeValue::List(items) => items.iter().find_map(below),
        NodeValue::Map(members) => members.iter().map(|(_, child)| child).find_map(below),
        _ => None,
    }
}

/// Reads a text that looks like JSON and is not: in YAML, too, objects may be written with braces.
#[cfg(feature = "yaml")]
fn flow_style(text: &str, not_json: DocumentError) -> Result<Node, DocumentError> {
    match not_json {
        DocumentError::Syntax { .. } => yaml::parse(text).map_err(|_| not_json),
        other => Err(other),
    }
}

#[cfg(not(feature = "yaml"))]
fn flow_style(_: &str, not_json: DocumentError) -> Result<Node, DocumentError> {
    Err(not_json)
}

#[cfg(feature = "yaml")]
fn block_style(text: &str) -> Result<Node, DocumentError> {
    yaml::parse(text)
}

#[cfg(not(feature = "yaml"))]
fn block_style(_: &str) -> Result<Node, DocumentError> {
    Err(DocumentError::YamlDisabled)
}
