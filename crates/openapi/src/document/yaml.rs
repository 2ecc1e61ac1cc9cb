//! Reads YAML: serde-saphyr decides what is YAML and says where each value is written.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{
    Location, Spanned,
    options::{DuplicateKeyPolicy, NonFiniteFloatPolicy},
};

use super::{
    DocumentError, Key, MAX_DEPTH, MAX_NODES, Map, Node, NodeValue, json::unique,
    json::without_position,
};

/// How many bytes of text aliases may copy: a small document must not unfold into a large one.
const MAX_SCALAR_BYTES: usize = 4 * super::MAX_BYTES;

/// How many values, begins and ends of lists and objects counted apart, aliases may stand for in all.
const MAX_ALIASED: usize = 200_000;

/// The stack of the thread that reads: [`MAX_DEPTH`] levels take 5 MiB of it without optimisation, more than the
/// 2 MiB that threads usually have.
const STACK_BYTES: usize = 16 * 1024 * 1024;

/// Reads a text that is one YAML document.
pub(super) fn parse(text: &str) -> Result<Node, DocumentError> {
    let failed = |message: &str| DocumentError::Syntax {
        line: None,
        message: message.to_owned(),
    };
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .stack_size(STACK_BYTES)
            .spawn_scoped(scope, || read(text))
            .map_err(|error| failed(&format!("no thread to read YAML on: {error}")))?
            .join()
            .unwrap_or_else(|_| Err(failed("the YAML parser failed on this text")))
    })
}

fn read(text: &str) -> Result<Node, DocumentError> {
    let options = serde_saphyr::options! {
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        ignore_binary_tag_for_string: true,
        non_finite_float_policy: NonFiniteFloatPolicy::AsString,
        // Keys that differ only in their type (`200`, `"200"`) are the same here, so duplicates are found below.
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        with_snippet: false,
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            max_nodes: MAX_NODES,
            max_events: 2 * MAX_NODES,
            max_total_scalar_bytes: MAX_SCALAR_BYTES,
            // One anchor may be used often; what aliases unfold into is bounded by the counts above.
            enforce_alias_anchor_ratio: false,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: MAX_ALIASED,
        },
    };
    let raw: Raw = serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        DocumentError::Syntax {
            line: error.location().and_then(line),
            message: without_position(&error.to_string()),
        }
    })?;
    raw.into_node(text)
}

fn line(location: Location) -> Option<usize> {
    usize::try_from(location.line())
        .ok()
        .filter(|line| *line > 0)
}

/// A value with the place it is written at, before numbers are given back their text.
type Raw = Spanned<RawValue>;

enum RawValue {
    Null,
    Bool(bool),
    /// As serde sees it: the source says how it is written.
    Number(String),
    String(String),
    List(Vec<Raw>),
    Map(Vec<(Raw, Raw)>),
}

trait IntoNode {
    fn into_node(self, source: &str) -> Result<Node, DocumentError>;
}

impl IntoNode for Raw {
    fn into_node(self, source: &str) -> Result<Node, DocumentError> {
        let line = line(self.defined).unwrap_or(1);
        let value = match self.value {
            RawValue::Null => NodeValue::Null,
            RawValue::Bool(truth) => NodeValue::Bool(truth),
            RawValue::Number(text) => {
                NodeValue::Number(written(source, self.defined).map_or(text, str::to_owned))
            }
            RawValue::String(text) => NodeValue::String(text),
            RawValue::List(items) => NodeValue::List(
                items
                    .into_iter()
                    .map(|item| item.into_node(source))
                    .collect::<Result<_, _>>()?,
            ),
            RawValue::Map(entries) => {
                let entries = entries
                    .into_iter()
                    .map(|(key, value)| Ok((into_key(key, source)?, value.into_node(source)?)))
                    .collect::<Result<_, _>>()?;
                let members = Map::new(entries);
                unique(&members)?;
                NodeValue::Map(members)
            }
        };
        Ok(Node { line, value })
    }
}

fn into_key(key: Raw, source: &str) -> Result<Key, DocumentError> {
    let Node { line, value } = key.into_node(source)?;
    let node = Node { line, value };
    match node.as_text() {
        Some(text) => Ok(Key {
            text: text.to_owned(),
            line,
        }),
        None => Err(DocumentError::Syntax {
            line: Some(line),
            message: format!("a key must be text, not {}", node.kind()),
        }),
    }
}

/// Returns the text of a plain number: nothing for one that is tagged, quoted or unknown to the source.
fn written(source: &str, place: Location) -> Option<&str> {
    let span = place.span();
    let start = usize::try_from(span.byte_offset()?).ok()?;
    let length = usize::try_from(span.byte_len()?).ok()?;
    let text = source.get(start..start.checked_add(length)?)?.trim();
    let number = text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c))
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    number.then_some(text)
}

impl<'de> Deserialize<'de> for RawValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = RawValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<RawValue, E> {
        Ok(RawValue::Null)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<RawValue, E> {
        Ok(RawValue::Bool(truth))
    }

    fn visit_i64<E>(self, number: i64) -> Result<RawValue, E> {
        Ok(RawValue::Number(number.to_string()))
    }

    fn visit_i128<E>(self, number: i128) -> Result<RawValue, E> {
        Ok(RawValue::Number(number.to_string()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<RawValue, E> {
        Ok(RawValue::Number(number.to_string()))
    }

    fn visit_u128<E>(self, number: u128) -> Result<RawValue, E> {
        Ok(RawValue::Number(number.to_string()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<RawValue, E> {
        Ok(RawValue::Number(number.to_string()))
    }

    fn visit_str<E>(self, text: &str) -> Result<RawValue, E> {
        Ok(RawValue::String(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<RawValue, E> {
        Ok(RawValue::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<RawValue, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(RawValue::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<RawValue, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = access.next_entry()? {
            entries.push(entry);
        }
        Ok(RawValue::Map(entries))
    }
}
