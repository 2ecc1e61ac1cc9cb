//! `java.lang.Character`.

use super::argument::int;
use crate::{
    render::{Render, Result, throw},
    value::{Number, Value, from_utf16},
};

fn number(value: i32) -> Value {
    Value::Number(Number::Int(value))
}

impl Render<'_> {
    pub(super) fn call_char(
        &mut self,
        unit: u16,
        name: &str,
        arguments: &[Value],
    ) -> Result<Value> {
        Ok(match (name, arguments) {
            ("charValue", []) => Value::Char(unit),
            ("compareTo", [Value::Char(other)]) => number(i32::from(unit) - i32::from(*other)),
            ("compare", [Value::Char(left), Value::Char(right)]) => {
                number(i32::from(*left) - i32::from(*right))
            }
            ("valueOf", [Value::Char(other)]) => Value::Char(*other),
            ("hashCode", [Value::Char(other)]) => number((*other).into()),
            ("codePointAt", [Value::Text(text), index]) => {
                self.call_text(text, name, std::slice::from_ref(index))?
            }
            (_, [Value::Char(other)]) => self.of_char(name, *other)?,
            (_, [point]) => match int(point) {
                Some(point) => self.of_point(name, point)?,
                None => Value::Null,
            },
            _ => Value::Null,
        })
    }

    /// The static methods that take a `char`.
    fn of_char(&mut self, name: &str, unit: u16) -> Result<Value> {
        let text = from_utf16(&[unit]);
        Ok(match name {
            "toString" => Value::text(text),
            "toUpperCase" | "toLowerCase" => {
                let unit_of = |c: char| u16::try_from(u32::from(c)).unwrap_or(unit);
                let other = char::from_u32(unit.into()).map(|c| unit_of(in_case(c, name)));
                Value::Char(other.unwrap_or(unit))
            }
            _ => self.class(name, char::from_u32(unit.into()))?,
        })
    }

    /// The static methods that take a code point.
    fn of_point(&mut self, name: &str, point: i32) -> Result<Value> {
        let c = u32::try_from(point).ok().and_then(char::from_u32);
        Ok(match (name, c) {
            ("toString", Some(c)) => Value::text(c.to_string()),
            ("toString", None) => return throw(format!("{point} is no code point")),
            ("toUpperCase" | "toLowerCase", c) => {
                let other = c.map_or(Some(point), |c| {
                    i32::try_from(u32::from(in_case(c, name))).ok()
                });
                number(other.unwrap_or(point))
            }
            ("isAlphabetic", c) => Value::Bool(c.is_some_and(char::is_alphabetic)),
            ("charCount", _) => number(if point >= 0x10000 { 2 } else { 1 }),
            _ => self.class(name, c)?,
        })
    }

    /// Whether a character is of a class; what is none is of no class.
    fn class(&mut self, name: &str, c: Option<char>) -> Result<Value> {
        let is = |test: fn(char) -> bool| Ok(Value::Bool(c.is_some_and(test)));
        let pattern = match name {
            "isUpperCase" => return is(char::is_uppercase),
            "isLowerCase" => return is(char::is_lowercase),
            "isWhitespace" => r"[\t-\r\x1c-\x1f\p{Z}&&[^\xa0\u2007\u202f]]",
            "isSpaceChar" => r"\p{Z}",
            "isDigit" => r"\p{Nd}",
            "isLetter" => r"\p{L}",
            "isLetterOrDigit" => r"[\p{L}\p{Nd}]",
            _ => return Ok(Value::Null),
        };
        let Some(c) = c else {
            return Ok(Value::Bool(false));
        };
        let is_in_class = self.pattern(pattern)?.matches(&c.to_string())?;
        Ok(Value::Bool(is_in_class))
    }
}

/// A character in the other case, if that is a single one.
fn in_case(c: char, name: &str) -> char {
    let single = |mut cased: Box<dyn Iterator<Item = char>>| match (cased.next(), cased.next()) {
        (Some(cased), None) => cased,
        _ => c,
    };
    match name {
        "toUpperCase" => single(Box::new(c.to_uppercase())),
        // Java's is the first of the two characters that this one becomes.
        _ if c == 'İ' => 'i',
        _ => single(Box::new(c.to_lowercase())),
    }
}
