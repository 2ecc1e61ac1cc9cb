//! To and from the JSON values that JSONPath walks.

use std::{
    fmt::{Display, Write},
    sync::Arc,
};

use serde_json::{Map, Number as JsonNumber, Value as Json};

use super::{
    document::{Document, Node, NodeId, NumberKind, NumberText, Span},
    write::node_number,
};
use crate::value::Number;

/// Numbers of more than 64 bits lose digits on this way.
pub(super) fn json(document: &Document, id: NodeId) -> Json {
    match document.node(id) {
        Node::Null => Json::Null,
        Node::Bool(value) => Json::Bool(value),
        Node::Text(span) => Json::String(document.text_at(span).to_owned()),
        Node::List { first, len } => {
            Json::Array((first..first + len).map(|id| json(document, id)).collect())
        }
        Node::Map { first, len } => {
            let mut members = Map::with_capacity(len as usize);
            for key in (first..first + 2 * len).step_by(2) {
                if let Node::Text(span) = document.node(key) {
                    members.insert(document.text_at(span).to_owned(), json(document, key + 1));
                }
            }
            Json::Object(members)
        }
        Node::NotANumber => Json::Null,
        Node::Number(number) => json_number(document, number),
    }
}

fn json_number(document: &Document, number: NumberText) -> Json {
    let text = document.text_at(number.span);
    let whole = match number.kind {
        NumberKind::Integer => Some(text.parse().unwrap_or(0_i64).into()),
        NumberKind::Big => text.parse::<u64>().ok().map(JsonNumber::from),
        NumberKind::Double | NumberKind::Decimal => None,
    };
    let fraction = || JsonNumber::from_f64(node_number(document, number)?.to_f64());
    whole.or_else(fraction).map_or(Json::Null, Json::Number)
}

pub(super) fn document(json: &Json) -> Document {
    let mut document = Document::empty(Arc::from(""));
    let root = node(json, &mut document);
    document.root = position(document.nodes.len());
    document.nodes.push(root);
    document
}

fn position(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

fn text(text: &dyn Display, document: &mut Document) -> Span {
    let start = position(document.unescaped.len());
    // Writing to a `String` cannot fail.
    let _ = write!(document.unescaped, "{text}");
    Span {
        start,
        end: position(document.unescaped.len()),
    }
}

fn number(kind: NumberKind, number: &dyn Display, document: &mut Document) -> Node {
    Node::Number(NumberText {
        kind,
        verbatim: true,
        span: text(number, document),
    })
}

fn node(json: &Json, document: &mut Document) -> Node {
    match json {
        Json::Null => Node::Null,
        Json::Bool(value) => Node::Bool(*value),
        Json::String(value) => Node::Text(text(value, document)),
        Json::Number(number) => match (number.as_i64(), number.is_u64()) {
            (Some(value), _) => self::number(NumberKind::Integer, &value, document),
            (None, true) => self::number(NumberKind::Big, number, document),
            (None, false) => {
                let value = Number::Double(number.as_f64().unwrap_or(f64::NAN));
                self::number(NumberKind::Double, &value, document)
            }
        },
        Json::Array(items) => {
            let nodes: Vec<Node> = items.iter().map(|item| node(item, document)).collect();
            let first = position(document.nodes.len());
            document.nodes.extend(nodes);
            Node::List {
                first,
                len: position(items.len()),
            }
        }
        Json::Object(members) => {
            let mut nodes = Vec::with_capacity(2 * members.len());
            for (name, member) in members {
                nodes.push(Node::Text(text(name, document)));
                nodes.push(node(member, document));
            }
            let first = position(document.nodes.len());
            document.nodes.extend(nodes);
            Node::Map {
                first,
                len: position(members.len()),
            }
        }
    }
}
