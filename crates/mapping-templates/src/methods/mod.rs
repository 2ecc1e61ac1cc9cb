//! What can be asked of values: the properties and methods that Java's types have.
//!
//! Every function returns null for what does not exist or is not called with fitting arguments.

mod argument;
mod character;
mod format;
mod input;
mod list;
mod map;
mod number;
mod pattern;
mod search;
mod text;
mod util;
mod view;

use crate::{
    render::{Render, Result, throw},
    value::{ListKind, Loop, Map, Number, Text, Value, hash_code},
};

/// A property's name as a getter has it: `empty` and `Empty` are `isEmpty`.
fn is_property(name: &str, property: &str) -> bool {
    name.get(1..) == property.get(1..)
        && name
            .get(..1)
            .is_some_and(|first| first.eq_ignore_ascii_case(property.get(..1).unwrap_or("")))
}

impl Render<'_> {
    /// `value.name`.
    pub(crate) fn property(&mut self, value: &Value, name: &Text) -> Result<Value> {
        Ok(match value {
            Value::Map(_) => self.get(value, &Value::Text(name.clone()))?,
            Value::Loop(scope) => match loop_property(scope, name) {
                Some(found) => found,
                None => self.get(value, &Value::Text(name.clone()))?,
            },
            Value::List(list) if is_property(name, "empty") && list.kind().has_methods() => {
                Value::Bool(list.len() == 0)
            }
            Value::Text(text) if is_property(name, "empty") => Value::Bool(text.is_empty()),
            Value::Text(text) if is_property(name, "blank") => {
                Value::Bool(text.chars().all(char::is_whitespace))
            }
            Value::Text(_) if is_property(name, "bytes") => self.invoke(value, "getBytes", &[])?,
            Value::Entry(entry) if is_property(name, "key") => entry.0.clone(),
            Value::Entry(entry) if is_property(name, "value") => entry.1.clone(),
            Value::Number(Number::Double(_) | Number::Float(_)) if is_property(name, "naN") => {
                self.invoke(value, "isNaN", &[])?
            }
            Value::Number(Number::Double(_) | Number::Float(_))
                if is_property(name, "infinite") =>
            {
                self.invoke(value, "isInfinite", &[])?
            }
            Value::Input if is_property(name, "body") => self.input_body(),
            _ => Value::Null,
        })
    }

    /// `value.name(arguments)`.
    pub(crate) fn invoke(
        &mut self,
        value: &Value,
        name: &str,
        arguments: &[Value],
    ) -> Result<Value> {
        self.refresh(value)?;
        for argument in arguments {
            self.refresh(argument)?;
            self.spend(argument.as_text().map_or(0, |text| text.len() / 16))?;
        }
        match (value, name, arguments) {
            (Value::Input, ..) => return self.call_input(name, arguments),
            (Value::Util, ..) => return self.call_util(name, arguments),
            (_, "toString", []) => {
                return Ok(self.printed(value)?.map_or(Value::Null, Value::text));
            }
            (_, "equals", [other]) => return Ok(Value::Bool(self.java_equals(value, other)?)),
            (_, "hashCode", []) => {
                let hash = self.hash(value, 0)?;
                return Ok(Value::Number(Number::Int(hash)));
            }
            _ => {}
        }
        let result = self.call_kind(value, name, arguments)?;
        if result.is_null() && !arguments.is_empty() {
            refused(value, name, arguments)?;
        }
        Ok(result)
    }

    fn call_kind(&mut self, value: &Value, name: &str, arguments: &[Value]) -> Result<Value> {
        match value {
            Value::Text(text) => self.call_text(text, name, arguments),
            Value::List(list) => self.call_list(list, name, arguments),
            Value::Map(_) => self.call_map(value, name, arguments),
            Value::Number(number) => self.call_number(number, name, arguments),
            Value::Bool(flag) => Ok(call_bool(*flag, name, arguments)),
            Value::Char(unit) => self.call_char(*unit, name, arguments),
            Value::Entry(entry) => Ok(match (name, arguments) {
                ("getKey", []) => entry.0.clone(),
                ("getValue", []) => entry.1.clone(),
                _ => Value::Null,
            }),
            Value::Iterator(iterator) => match (name, arguments) {
                ("hasNext", []) => Ok(Value::Bool(iterator.next.get() < iterator.list.len())),
                ("next", []) => {
                    let index = iterator.next.get();
                    iterator.next.set(index + 1);
                    match iterator.list.get(index) {
                        Some(item) => Ok(item),
                        None => throw("the iterator has no more items"),
                    }
                }
                _ => Ok(Value::Null),
            },
            Value::Loop(scope) => match (name, arguments) {
                ("hasNext", []) => Ok(Value::Bool(scope.has_next.get())),
                (_, []) if loop_getter(scope, name).is_some() => {
                    Ok(loop_getter(scope, name).unwrap_or(Value::Null))
                }
                ("get", [key]) => self.get(value, key),
                ("put", [key, item]) => self.put(value, key.clone(), item.clone()),
                _ => {
                    let storage = Map::Cell(std::rc::Rc::clone(&scope.storage));
                    self.call_map(&Value::Map(storage), name, arguments)
                }
            },
            Value::Input | Value::Util | Value::Block(_) | Value::Null => Ok(Value::Null),
        }
    }

    /// Java's `hashCode`; 0 for what has none of its own.
    fn hash(&mut self, value: &Value, depth: usize) -> Result<i32> {
        if depth > 100 {
            return throw("a value nests too deep for a hash code");
        }
        self.spend(1)?;
        Ok(match value {
            Value::Bool(true) => 1231,
            Value::Bool(false) => 1237,
            Value::Number(number) => number.hash_code(),
            Value::Char(unit) => (*unit).into(),
            Value::Text(text) => hash_code(text),
            Value::List(list) => {
                let is_list = list.kind().is_list();
                let mut hash = i32::from(is_list);
                for item in list.to_vec() {
                    let item = self.hash(&item, depth + 1)?;
                    let factor = if is_list { 31 } else { 1 };
                    hash = hash.wrapping_mul(factor).wrapping_add(item);
                }
                hash
            }
            Value::Map(map) => {
                let mut hash = 0_i32;
                for (key, value) in self.entries(map)? {
                    let entry = self.hash(&key, depth + 1)? ^ self.hash(&value, depth + 1)?;
                    hash = hash.wrapping_add(entry);
                }
                hash
            }
            Value::Entry(entry) => {
                self.hash(&entry.0, depth + 1)? ^ self.hash(&entry.1, depth + 1)?
            }
            _ => 0,
        })
    }
}

/// Calls that exist in Java, but throw: a method without parameters takes any arguments there, `compareTo` any object,
/// and some methods take null and fail on it.
fn refused(value: &Value, name: &str, arguments: &[Value]) -> Result<()> {
    let no_parameters: &[&str] = match value {
        Value::Text(_) => &[
            "isEmpty",
            "length",
            "toLowerCase",
            "toUpperCase",
            "trim",
            "intern",
            "strip",
            "stripLeading",
            "stripTrailing",
            "isBlank",
            "lines",
            "toCharArray",
            "chars",
            "codePoints",
        ],
        Value::Number(Number::Double(_) | Number::Float(_)) => &["isNaN", "isInfinite"],
        Value::Number(Number::Big(_)) => &["abs", "negate", "signum", "bitLength"],
        Value::Bool(_) => &["booleanValue"],
        Value::Char(_) => &["charValue"],
        Value::List(list) if list.kind() == ListKind::Array => {
            &["size", "isEmpty", "iterator", "toArray", "clear"]
        }
        Value::List(list)
            if list.kind() == ListKind::Json
                && name == "toJSONString"
                && !matches!(arguments, [Value::Null]) =>
        {
            &["toJSONString"]
        }
        Value::List(list) if matches!(list.kind(), ListKind::Plain | ListKind::Json) => &[
            "size",
            "isEmpty",
            "iterator",
            "clear",
            "stream",
            "clone",
            "trimToSize",
        ],
        Value::List(_) => &["size", "isEmpty", "iterator", "clear", "stream"],
        Value::Map(_) | Value::Loop(_) => &[
            "size", "isEmpty", "clear", "keySet", "values", "entrySet", "clone",
        ],
        Value::Entry(_) => &["getKey", "getValue"],
        Value::Iterator(_) => &["hasNext", "next", "remove"],
        _ => &[],
    };
    const OF_NUMBERS: [&str; 6] = [
        "intValue",
        "longValue",
        "doubleValue",
        "floatValue",
        "shortValue",
        "byteValue",
    ];
    let takes_none = no_parameters.contains(&name)
        || matches!(name, "toString" | "hashCode")
        || (matches!(value, Value::Number(_)) && OF_NUMBERS.contains(&name));
    let compares = name == "compareTo"
        && arguments.len() == 1
        && matches!(
            value,
            Value::Text(_) | Value::Number(_) | Value::Bool(_) | Value::Char(_)
        );
    let fails_on_null = matches!(
        (value, name, arguments),
        (
            Value::Text(_),
            "indexOf" | "lastIndexOf" | "compareToIgnoreCase",
            [Value::Null, ..]
        ) | (
            Value::List(_),
            "addAll" | "removeAll" | "retainAll" | "containsAll",
            [Value::Null]
        ) | (Value::Map(_), "putAll" | "replaceAll", [Value::Null])
            | (Value::List(_), "toArray", [Value::Null])
            | (
                Value::Number(Number::Int(_)),
                "parseInt" | "valueOf",
                [Value::Null]
            )
            | (
                Value::Number(Number::Long(_)),
                "parseLong" | "valueOf",
                [Value::Null]
            )
            | (
                Value::Number(Number::Double(_)),
                "parseDouble" | "valueOf",
                [Value::Null]
            )
            | (Value::Text(_), "contentEquals", [Value::Null])
            | (Value::Number(Number::Big(_)), "max" | "min", [Value::Null])
    );
    let is_list = matches!(value, Value::List(list) if list.kind().is_list());
    let replaces = is_list && name == "replaceAll" && matches!(arguments, [Value::Null]);
    let takes_charset = matches!(value, Value::Text(_))
        && name == "getBytes"
        && !matches!(arguments, [Value::Null]);
    if takes_none || takes_charset || compares || fails_on_null || replaces {
        return throw(format!("`{name}` does not take these arguments"));
    }
    Ok(())
}

fn loop_getter(scope: &std::rc::Rc<Loop>, name: &str) -> Option<Value> {
    let property = name
        .strip_prefix("get")
        .or_else(|| name.strip_prefix("is"))?;
    loop_property(scope, property)
}

fn loop_property(scope: &std::rc::Rc<Loop>, name: &str) -> Option<Value> {
    let index = scope.index.get();
    Some(match name {
        "index" | "Index" => Value::Number(Number::Int(index)),
        "count" | "Count" => Value::Number(Number::Int(index + 1)),
        "hasNext" | "HasNext" => Value::Bool(scope.has_next.get()),
        "first" | "First" => Value::Bool(index < 1),
        "last" | "Last" => Value::Bool(!scope.has_next.get()),
        "parent" | "Parent" => scope.parent.clone().map_or(Value::Null, Value::Loop),
        "topmost" | "Topmost" => {
            let mut top = std::rc::Rc::clone(scope);
            while let Some(parent) = top.parent.clone() {
                top = parent;
            }
            Value::Loop(top)
        }
        _ => return None,
    })
}

fn call_bool(flag: bool, name: &str, arguments: &[Value]) -> Value {
    match (name, arguments) {
        ("booleanValue", []) => Value::Bool(flag),
        ("compareTo", [Value::Bool(other)]) => {
            Value::Number(Number::Int(i32::from(flag) - i32::from(*other)))
        }
        ("toString", [Value::Bool(other)]) => Value::text(other.to_string()),
        ("hashCode", [Value::Bool(other)]) => {
            Value::Number(Number::Int(if *other { 1231 } else { 1237 }))
        }
        ("parseBoolean" | "valueOf", [Value::Text(text)]) => {
            Value::Bool(text.eq_ignore_ascii_case("true"))
        }
        ("parseBoolean" | "valueOf", [Value::Null]) => Value::Bool(false),
        ("valueOf", [Value::Bool(other)]) => Value::Bool(*other),
        ("compare", [Value::Bool(left), Value::Bool(right)]) => {
            Value::Number(Number::Int(i32::from(*left) - i32::from(*right)))
        }
        ("logicalAnd", [Value::Bool(left), Value::Bool(right)]) => Value::Bool(left & right),
        ("logicalOr", [Value::Bool(left), Value::Bool(right)]) => Value::Bool(left | right),
        ("logicalXor", [Value::Bool(left), Value::Bool(right)]) => Value::Bool(left ^ right),
        _ => Value::Null,
    }
}
