//! `java.lang.String`.

use super::{
    argument::int,
    search::{Units, compare, find, find_last},
};
use crate::{
    render::{Render, Result, throw},
    value::{List, ListKind, Number, Text, Value, from_utf16, utf16_len, utf16_slice},
};

fn number(value: i64) -> Value {
    Value::Number(Number::from_i64(value))
}

impl Render<'_> {
    pub(super) fn call_text(
        &mut self,
        receiver: &Text,
        name: &str,
        arguments: &[Value],
    ) -> Result<Value> {
        self.spend(receiver.len() / 16)?;
        if let Some(value) = self.call_pattern(receiver, name, arguments)? {
            return Ok(value);
        }
        let made = match (name, arguments) {
            ("length", []) => return Ok(Value::int(utf16_len(receiver))),
            ("isEmpty", []) => return Ok(Value::Bool(receiver.is_empty())),
            ("isBlank", []) => return Ok(Value::Bool(receiver.chars().all(char::is_whitespace))),
            ("toLowerCase", []) => receiver.to_lowercase(),
            ("toUpperCase", []) => receiver.to_uppercase(),
            ("trim", []) => receiver.trim_matches(|c| c <= ' ').to_owned(),
            ("strip", []) => receiver.trim().to_owned(),
            ("stripLeading", []) => receiver.trim_start().to_owned(),
            ("stripTrailing", []) => receiver.trim_end().to_owned(),
            ("intern", []) => return Ok(Value::Text(receiver.clone())),
            ("substring" | "subSequence", [start, end]) => match (int(start), int(end)) {
                (Some(start), Some(end)) => slice(receiver, start, end)?,
                _ => return Ok(Value::Null),
            },
            ("substring", [start]) => match int(start) {
                Some(start) => {
                    let end = i32::try_from(utf16_len(receiver)).unwrap_or(i32::MAX);
                    slice(receiver, start, end)?
                }
                None => return Ok(Value::Null),
            },
            ("concat", [Value::Text(other)]) => format!("{}{}", &**receiver, &**other),
            ("repeat", [count]) => match int(count).map(usize::try_from) {
                Some(Ok(count)) => {
                    self.spend_text(receiver.len().saturating_mul(count))?;
                    receiver.repeat(count)
                }
                Some(Err(_)) => {
                    return throw("a text cannot be repeated a negative number of times");
                }
                None => return Ok(Value::Null),
            },
            ("replace", [Value::Text(from), Value::Text(to)]) => {
                let count = receiver.matches(&**from).count();
                self.spend_text(receiver.len() + count.saturating_mul(to.len()))?;
                receiver.replace(&**from, to)
            }
            ("replace", [Value::Char(from), Value::Char(to)]) => {
                let swap = |unit| if unit == *from { *to } else { unit };
                from_utf16(&receiver.encode_utf16().map(swap).collect::<Vec<_>>())
            }
            ("valueOf", [value]) => self.printed(value)?.unwrap_or_else(|| "null".to_owned()),
            ("format", [Value::Text(format), values @ ..]) => {
                let format = format.clone();
                self.format(&format, values)?
            }
            ("join", [Value::Null]) => return throw("`join` is given null"),
            ("join", [Value::Text(separator), parts @ ..]) => {
                let separator = separator.clone();
                match self.join(&separator, parts)? {
                    Some(joined) => joined,
                    None => return Ok(Value::Null),
                }
            }
            ("toCharArray", []) => {
                self.spend(receiver.len())?;
                let units = receiver.encode_utf16().map(Value::Char).collect();
                return self.list(ListKind::Array, units);
            }
            ("getBytes", [Value::Text(charset)]) if !is_utf8(charset) => {
                return throw(format!("the character set {:?} is not known", &**charset));
            }
            ("getBytes", [] | [Value::Text(_)]) => {
                self.spend(receiver.len())?;
                let bytes = receiver.bytes();
                let bytes = bytes.map(|byte| Value::Number(Number::Byte(byte.cast_signed())));
                return self.list(ListKind::Array, bytes.collect());
            }
            _ => return compare_text(receiver, name, arguments),
        };
        self.spend_text(made.len())?;
        Ok(Value::text(made))
    }

    /// `String.join`, with a list or with texts.
    fn join(&mut self, separator: &str, parts: &[Value]) -> Result<Option<String>> {
        let parts = match parts {
            [] => return Ok(None),
            [Value::Null] => return throw("there is nothing to join"),
            [Value::List(list)] => {
                self.spend(list.len())?;
                list.to_vec()
            }
            parts
                if parts
                    .iter()
                    .any(|part| !matches!(part, Value::Text(_) | Value::Null)) =>
            {
                return Ok(None);
            }
            parts => parts.to_vec(),
        };
        let mut joined = String::new();
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                joined.push_str(separator);
            }
            match part {
                Value::Text(part) => joined.push_str(part),
                Value::Null => joined.push_str("null"),
                _ => return throw("only texts can be joined"),
            }
            self.spend_text(joined.len() / 16)?;
        }
        Ok(Some(joined))
    }
}

fn is_utf8(charset: &str) -> bool {
    charset.eq_ignore_ascii_case("utf-8") || charset.eq_ignore_ascii_case("utf8")
}

fn slice(text: &str, start: i32, end: i32) -> Result<String> {
    let bounds = (usize::try_from(start), usize::try_from(end));
    let found = match bounds {
        (Ok(start), Ok(end)) if start <= end => utf16_slice(text, start, end),
        _ => None,
    };
    match found {
        Some(found) => Ok(found),
        None => throw(format!(
            "a text of length {} has no part from {start} to {end}",
            utf16_len(text)
        )),
    }
}

/// Methods that compare and search, and make no text.
fn compare_text(receiver: &Text, name: &str, arguments: &[Value]) -> Result<Value> {
    if matches!(arguments.first(), Some(Value::Null))
        && matches!(
            name,
            "contains" | "startsWith" | "endsWith" | "compareTo" | "concat"
        )
    {
        return throw(format!("`{name}` is given null"));
    }
    Ok(match (name, arguments) {
        ("charAt" | "codePointAt", [index]) => {
            let Some(index) = int(index) else {
                return Ok(Value::Null);
            };
            let units: Vec<u16> = receiver.encode_utf16().collect();
            let Some(unit) = usize::try_from(index).ok().and_then(|at| units.get(at)) else {
                return throw(format!(
                    "a text of length {} has no index {index}",
                    units.len()
                ));
            };
            if name == "charAt" {
                Value::Char(*unit)
            } else {
                let rest = usize::try_from(index).ok().and_then(|at| units.get(at..));
                let point = char::decode_utf16(rest.unwrap_or_default().iter().copied()).next();
                let point = point.map(|point| point.map_or(u32::from(*unit), u32::from));
                number(i64::from(point.unwrap_or(0)))
            }
        }
        ("contains", [Value::Text(part)]) => Value::Bool(receiver.contains(&**part)),
        ("startsWith", [Value::Text(start)]) => Value::Bool(receiver.starts_with(&**start)),
        ("startsWith", [Value::Text(start), offset]) => match int(offset) {
            Some(offset) => {
                let units = Units::of(receiver);
                let from = usize::try_from(offset).ok();
                Value::Bool(from.is_some_and(|from| units.has_at(&Units::of(start), from)))
            }
            None => Value::Null,
        },
        ("endsWith", [Value::Text(end)]) => Value::Bool(receiver.ends_with(&**end)),
        ("equalsIgnoreCase", [Value::Text(other)]) => {
            Value::Bool(receiver.to_lowercase() == other.to_lowercase())
        }
        ("contentEquals", [Value::Text(other)]) => Value::Bool(**receiver == **other),
        ("equalsIgnoreCase", [Value::Null]) => Value::Bool(false),
        ("compareTo", [Value::Text(other)]) => number(compare(receiver, other)),
        ("compareToIgnoreCase", [Value::Text(other)]) => number(compare(
            &receiver.to_uppercase().to_lowercase(),
            &other.to_uppercase().to_lowercase(),
        )),
        ("indexOf" | "lastIndexOf", [part, rest @ ..]) => {
            let part = match part {
                Value::Text(part) => part.to_string(),
                // A code point.
                part => match int(part) {
                    Some(point) => match u32::try_from(point).ok().and_then(char::from_u32) {
                        Some(c) => c.to_string(),
                        None => return Ok(number(-1)),
                    },
                    None => return Ok(Value::Null),
                },
            };
            let from = match rest {
                [] => None,
                [from] => match int(from) {
                    Some(from) => Some(from),
                    None => return Ok(Value::Null),
                },
                _ => return Ok(Value::Null),
            };
            if name == "indexOf" {
                number(find(receiver, &part, from.unwrap_or(0)))
            } else {
                number(find_last(receiver, &part, from.unwrap_or(i32::MAX)))
            }
        }
        ("regionMatches", [Value::Bool(ignore), start, Value::Text(other), from, len]) => {
            region(receiver, *ignore, [start, from, len], other)
        }
        ("regionMatches", [start, Value::Text(other), from, len]) => {
            region(receiver, false, [start, from, len], other)
        }
        _ => Value::Null,
    })
}

fn region(receiver: &str, ignore_case: bool, numbers: [&Value; 3], other: &str) -> Value {
    let [Some(start), Some(from), Some(len)] = numbers.map(int) else {
        return Value::Null;
    };
    let part = |text: &str, start: i32| {
        let start = usize::try_from(start).ok()?;
        let len = usize::try_from(len.max(0)).ok()?;
        utf16_slice(text, start, start.checked_add(len)?)
    };
    Value::Bool(match (part(receiver, start), part(other, from)) {
        (Some(left), Some(right)) if ignore_case => left.to_lowercase() == right.to_lowercase(),
        (Some(left), Some(right)) => left == right,
        _ => false,
    })
}

/// Texts as an array.
pub(super) fn array(render: &mut Render<'_>, texts: Vec<String>) -> Result<Value> {
    render.list(
        ListKind::Array,
        texts.into_iter().map(Value::text).collect(),
    )
}

/// Whether a value is a collection in Java.
pub(super) fn is_collection(list: &List) -> bool {
    list.kind() != ListKind::Array
}
