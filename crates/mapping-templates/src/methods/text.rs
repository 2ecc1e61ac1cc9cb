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
        let texts = arguments.iter().filter_map(Value::as_text);
        let bytes: usize = texts.map(|text| text.len()).sum();
        self.spend((receiver.len() + bytes) / 16)?;
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
            ("valueOf" | "copyValueOf", [value]) => self.printed(value)?.unwrap_or_default(),
            ("format", [Value::Text(format), values @ ..]) => {
                let format = format.clone();
                self.format(&format, values)?
            }
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
            ("getBytes", []) => {
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
            [Value::List(list)] => list.to_vec(),
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

    /// `String.format` with the usual conversions.
    fn format(&mut self, format: &str, values: &[Value]) -> Result<String> {
        let values = match values {
            [Value::List(list)] if list.kind() == ListKind::Array => list.to_vec(),
            values => values.to_vec(),
        };
        let mut values = values.iter();
        let mut out = String::new();
        let mut rest = format;
        while let Some((before, from)) = rest.split_once('%') {
            out.push_str(before);
            let end = from.find(|c: char| c.is_ascii_alphabetic() || c == '%');
            let Some(end) = end else {
                return throw(format!("`{format}` has a `%` without a conversion"));
            };
            let options = from.get(..end).unwrap_or_default();
            let conversion = from.as_bytes().get(end).copied().unwrap_or(b'%');
            rest = from.get(end + 1..).unwrap_or_default();
            match conversion {
                b'%' => out.push('%'),
                b'n' => out.push('\n'),
                _ => {
                    let Some(value) = values.next() else {
                        return throw(format!("`{format}` has more conversions than values"));
                    };
                    let converted = self.convert(options, conversion, value)?;
                    out.push_str(&converted);
                }
            }
            self.spend_text(out.len() / 16)?;
        }
        out.push_str(rest);
        Ok(out)
    }

    fn convert(&mut self, options: &str, conversion: u8, value: &Value) -> Result<String> {
        let flags_end = options
            .find(|c: char| !"-+ 0,#".contains(c))
            .unwrap_or(options.len());
        let (flags, sizes) = options.split_at(flags_end);
        let (width, precision) = sizes.split_once('.').unwrap_or((sizes, ""));
        let width: usize = width.parse().unwrap_or(0);
        let precision: Option<usize> = precision.parse().ok();
        self.spend_text(width.max(precision.unwrap_or(0)))?;
        let text = match (conversion, value) {
            (b's' | b'S', value) => self.printed(value)?.unwrap_or_else(|| "null".to_owned()),
            (b'd', Value::Number(number))
                if !matches!(
                    number,
                    Number::Double(_) | Number::Float(_) | Number::Decimal(_)
                ) =>
            {
                number.to_string()
            }
            (b'x' | b'X', Value::Number(Number::Int(value))) => format!("{value:x}"),
            (b'x' | b'X', Value::Number(Number::Long(value))) => format!("{value:x}"),
            (b'f', Value::Number(number @ (Number::Double(_) | Number::Float(_)))) => {
                fixed(number.to_f64(), precision.unwrap_or(6))
            }
            (b'b', Value::Bool(value)) => value.to_string(),
            (b'b', value) => (!value.is_null()).to_string(),
            (b'c', Value::Char(unit)) => from_utf16(&[*unit]),
            _ => return throw("a value does not fit its conversion"),
        };
        let mut text = match (conversion, precision) {
            (b's' | b'S', Some(precision)) => text.chars().take(precision).collect(),
            _ => text,
        };
        if conversion.is_ascii_uppercase() {
            text = text.to_uppercase();
        }
        if flags.contains(',') {
            text = grouped(&text);
        }
        if flags.contains('+') && matches!(conversion, b'd' | b'f') && !text.starts_with('-') {
            text.insert(0, '+');
        }
        let missing = width.saturating_sub(text.chars().count());
        Ok(if flags.contains('-') {
            text + &" ".repeat(missing)
        } else if flags.contains('0') {
            let (sign, digits) = text.split_at(usize::from(text.starts_with(['-', '+'])));
            format!("{sign}{}{digits}", "0".repeat(missing))
        } else {
            " ".repeat(missing) + &text
        })
    }
}

/// A number with this many digits behind the point. A double has no more than `MAX_DIGITS` that are not zero, and a
/// format of Rust takes no more than 65535.
fn fixed(number: f64, digits: usize) -> String {
    const MAX_DIGITS: usize = 1074;
    let text = format!("{number:.*}", digits.min(MAX_DIGITS));
    text + &"0".repeat(digits.saturating_sub(MAX_DIGITS))
}

/// Digits with a comma before each group of three.
fn grouped(text: &str) -> String {
    let (sign, digits) = text.split_at(usize::from(text.starts_with('-')));
    let (whole, fraction) = digits
        .split_once('.')
        .map_or((digits, None), |(w, f)| (w, Some(f)));
    let mut out = sign.to_owned();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    out
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
