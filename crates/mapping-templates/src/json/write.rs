//! Writes JSON, compactly.

use std::fmt::Write;

use super::{
    document::{Document, Node, NodeId, NumberKind, NumberText},
    scan::next_special,
};
use crate::value::{Decimal, Number};

/// How `/` is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slashes {
    Plain,
    Escaped,
}

fn is_escaped(c: char) -> bool {
    matches!(
        c,
        '"' | '\\' | '\0'..'\u{20}' | '\u{7f}'..='\u{9f}' | '\u{2000}'..='\u{20ff}'
    )
}

/// Returns whether a text is not written as it is.
pub(super) fn needs_escape(text: &str) -> bool {
    text.chars().any(is_escaped)
}

/// Writes a text in quotes.
pub(crate) fn write_text(text: &str, slashes: Slashes, out: &mut String) {
    let next = match slashes {
        Slashes::Plain => next_special::<b'"'>,
        Slashes::Escaped => next_special::<b'/'>,
    };
    out.push('"');
    let mut rest = text;
    loop {
        let (plain, from) = rest.split_at(next(rest.as_bytes(), 0));
        out.push_str(plain);
        let mut characters = from.chars();
        match characters.next() {
            None => break,
            Some('\u{8}') => out.push_str("\\b"),
            Some('\u{c}') => out.push_str("\\f"),
            Some('\n') => out.push_str("\\n"),
            Some('\r') => out.push_str("\\r"),
            Some('\t') => out.push_str("\\t"),
            Some(c @ ('"' | '\\' | '/')) => out.extend(['\\', c]),
            Some(c) if is_escaped(c) => write_unicode(c, out),
            Some(c) => out.push(c),
        }
        rest = characters.as_str();
    }
    out.push('"');
}

/// Writes a character as `\uXXXX`, two of them for one beyond the first plane.
pub(crate) fn write_unicode(c: char, out: &mut String) {
    for unit in c.encode_utf16(&mut [0; 2]) {
        // Writing to a `String` cannot fail.
        let _ = write!(out, "\\u{unit:04X}");
    }
}

/// Writes a number where JSON has none for it as `null`.
pub(crate) fn write_number(number: &Number, out: &mut String) {
    let infinite = match number {
        Number::Double(value) => value.is_infinite(),
        Number::Float(value) => value.is_infinite(),
        _ => false,
    };
    if infinite {
        out.push_str("null");
    } else {
        let _ = write!(out, "{number}");
    }
}

/// Writes a node and everything in it.
pub(crate) fn write_node(document: &Document, id: NodeId, slashes: Slashes, out: &mut String) {
    match document.node(id) {
        Node::Null => out.push_str("null"),
        Node::Bool(true) => out.push_str("true"),
        Node::Bool(false) => out.push_str("false"),
        Node::Text(span) => write_text(document.text_at(span), slashes, out),
        Node::List { first, len } => {
            out.push('[');
            for index in 0..len {
                if index > 0 {
                    out.push(',');
                }
                write_node(document, first + index, slashes, out);
            }
            out.push(']');
        }
        Node::Map { first, len } => {
            out.push('{');
            for index in 0..len {
                if index > 0 {
                    out.push(',');
                }
                write_node(document, first + 2 * index, slashes, out);
                out.push(':');
                write_node(document, first + 2 * index + 1, slashes, out);
            }
            out.push('}');
        }
        Node::Number(number) if number.verbatim => out.push_str(document.text_at(number.span)),
        Node::Number(number) => {
            if let Some(number) = node_number(document, number) {
                write_number(&number, out);
            }
        }
        Node::NotANumber => out.push_str("NaN"),
    }
}

/// Reads a number; a fraction may have too many places to be calculated with.
pub(crate) fn node_number(document: &Document, number: NumberText) -> Option<Number> {
    let text = document.text_at(number.span);
    Some(match number.kind {
        // A minus alone is 0.
        NumberKind::Integer => Number::from_i64(text.parse().unwrap_or(0)),
        NumberKind::Big => Number::big(text.parse().unwrap_or_default()),
        NumberKind::Double => Number::Double(text.parse().unwrap_or(f64::NAN)),
        NumberKind::Decimal => Number::decimal(Decimal::parse(text)?),
    })
}
