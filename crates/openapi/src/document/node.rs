//! One value of a document, with the line it is on.

use serde_json::Value;

/// A value of a document and the line it starts on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    pub(super) line: usize,
    pub(super) value: NodeValue,
}

/// What a [`Node`] holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeValue {
    /// Nothing: `null`, or in YAML `~` or no text at all.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as it is written.
    Number(String),
    /// Text, unquoted and unescaped. In YAML also digits behind a leading zero, such as an account id.
    String(String),
    /// A list.
    List(Vec<Node>),
    /// An object.
    Map(Map),
}

impl Node {
    /// Returns the line the value starts on, counted from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    /// Returns what the node holds.
    #[must_use]
    pub fn value(&self) -> &NodeValue {
        &self.value
    }

    /// Returns the text, if this is text.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            NodeValue::String(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the text of any scalar but null: `2.10` and `true` read as they are written.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match &self.value {
            NodeValue::Bool(true) => Some("true"),
            NodeValue::Bool(false) => Some("false"),
            NodeValue::Number(text) | NodeValue::String(text) => Some(text),
            NodeValue::Null | NodeValue::List(_) | NodeValue::Map(_) => None,
        }
    }

    /// Returns the truth value, if this is one.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self.value {
            NodeValue::Bool(truth) => Some(truth),
            _ => None,
        }
    }

    /// Returns the items, if this is a list.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Node]> {
        match &self.value {
            NodeValue::List(items) => Some(items),
            _ => None,
        }
    }

    /// Returns the members, if this is an object.
    #[must_use]
    pub fn as_map(&self) -> Option<&Map> {
        match &self.value {
            NodeValue::Map(members) => Some(members),
            _ => None,
        }
    }

    /// Tells whether this is null.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.value == NodeValue::Null
    }

    /// Returns a member, if this is an object that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_map()?.get(key)
    }

    /// Returns what kind of value this is, for messages: `text`, `a list`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.value {
            NodeValue::Null => "null",
            NodeValue::Bool(_) => "true or false",
            NodeValue::Number(_) => "a number",
            NodeValue::String(_) => "text",
            NodeValue::List(_) => "a list",
            NodeValue::Map(_) => "an object",
        }
    }

    /// Returns the value as JSON, with the numbers of YAML's core schema.
    ///
    /// What JSON has no number for (`.inf`) becomes text.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match &self.value {
            NodeValue::Null => Value::Null,
            NodeValue::Bool(truth) => Value::Bool(*truth),
            NodeValue::Number(text) => number(text),
            NodeValue::String(text) => Value::String(text.clone()),
            NodeValue::List(items) => items.iter().map(Self::to_json).collect(),
            NodeValue::Map(members) => Value::Object(
                members
                    .iter()
                    .map(|(key, node)| (key.text.clone(), node.to_json()))
                    .collect(),
            ),
        }
    }

    /// Replaces every text, keys too, for which `rewrite` returns another.
    pub(crate) fn rewrite(&mut self, rewrite: &impl Fn(&str) -> Option<String>) {
        match &mut self.value {
            NodeValue::String(text) => {
                if let Some(new) = rewrite(text) {
                    *text = new;
                }
            }
            NodeValue::List(items) => items.iter_mut().for_each(|item| item.rewrite(rewrite)),
            NodeValue::Map(members) => {
                for (key, node) in &mut members.entries {
                    if let Some(new) = rewrite(&key.text) {
                        key.text = new;
                    }
                    node.rewrite(rewrite);
                }
                members.index();
            }
            NodeValue::Null | NodeValue::Bool(_) | NodeValue::Number(_) => {}
        }
    }
}

/// A key of an object and the line it is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    pub(super) text: String,
    pub(super) line: usize,
}

impl Key {
    /// Returns the text: keys that are numbers in YAML read as they are written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the line the key is on, counted from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }
}

/// The members of an object, in the order of the document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Map {
    pub(super) entries: Vec<(Key, Node)>,
    /// Positions in `entries`, by key: lookups in large documents stay cheap.
    sorted: Vec<u32>,
}

impl Map {
    pub(super) fn new(entries: Vec<(Key, Node)>) -> Self {
        let mut map = Self {
            entries,
            sorted: Vec::new(),
        };
        map.index();
        map
    }

    fn index(&mut self) {
        let entries = &self.entries;
        // The size limit of a document keeps positions far below 2^32.
        let mut sorted: Vec<u32> = (0..entries.len()).map(|at| at as u32).collect();
        sorted.sort_by(|a, b| {
            entries[*a as usize]
                .0
                .text
                .cmp(&entries[*b as usize].0.text)
        });
        self.sorted = sorted;
    }

    /// Returns the first key, in the order of the alphabet, that occurs again, and its second occurrence.
    pub(super) fn duplicate(&self) -> Option<(&Key, &Key)> {
        self.sorted.windows(2).find_map(|pair| {
            let [first, second] = [pair.first()?, pair.get(1)?]
                .map(|at| self.entries.get(*at as usize).map(|(key, _)| key));
            let (first, second) = (first?, second?);
            (first.text == second.text).then_some((first, second))
        })
    }

    /// Returns the number of members.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Tells whether there are no members.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns a member.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|(_, node)| node)
    }

    /// Returns a member with its key.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<(&Key, &Node)> {
        let text = |at: &u32| {
            self.entries
                .get(*at as usize)
                .map_or("", |(key, _)| key.as_str())
        };
        let found = self.sorted.binary_search_by(|at| text(at).cmp(key)).ok()?;
        let (key, node) = self.entries.get(*self.sorted.get(found)? as usize)?;
        Some((key, node))
    }

    /// Returns the members in the order of the document.
    pub fn iter(&self) -> impl Iterator<Item = (&Key, &Node)> {
        self.entries.iter().map(|(key, node)| (key, node))
    }
}

/// Reads a number of JSON or of YAML's core schema: `1`, `-0.5`, `+7`, `0x1F`, `0o17`, `1e3`.
fn number(text: &str) -> Value {
    let unsigned = text.strip_prefix('+').unwrap_or(text);
    let radix = |prefix, radix| {
        unsigned
            .strip_prefix(prefix)
            .and_then(|digits| u64::from_str_radix(digits, radix).ok())
    };
    if let Some(number) = radix("0x", 16).or_else(|| radix("0o", 8)) {
        return number.into();
    }
    if let Ok(number) = unsigned.parse::<u64>() {
        return number.into();
    }
    if let Ok(number) = unsigned.parse::<i64>() {
        return number.into();
    }
    unsigned
        .parse::<f64>()
        .ok()
        .and_then(serde_json::Number::from_f64)
        .map_or_else(|| Value::String(text.to_owned()), Value::Number)
}
