//! JSON objects from strangers: a member that is there twice, or nesting without end, makes the text unusable.
//!
//! Two readers that disagree on which of two members counts are how forged tokens and policies get through.

use std::fmt;

use serde_core::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value, map::Entry};

/// How deeply arrays and objects may nest; the outermost counts.
pub(crate) const MAX_DEPTH: usize = 32;

/// Reads a text that is one JSON object. Members keep their order.
///
/// # Errors
///
/// Returns an error if it is no JSON object, has a member twice, nests deeper than [`MAX_DEPTH`], or holds a number
/// that no `f64` can hold.
pub(crate) fn parse_object(text: &[u8]) -> Result<Map<String, Value>, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let value = Strict { depth: MAX_DEPTH }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    match value {
        Value::Object(members) => Ok(members),
        _ => Err(serde_json::Error::custom("not a JSON object")),
    }
}

/// Reads one value in which arrays and objects nest at most `depth` deep.
#[derive(Clone, Copy)]
struct Strict {
    depth: usize,
}

impl Strict {
    fn inner<E: Error>(self) -> Result<Self, E> {
        match self.depth.checked_sub(1) {
            Some(depth) => Ok(Self { depth }),
            None => Err(E::custom(format_args!(
                "nested deeper than {MAX_DEPTH} levels"
            ))),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Value, E> {
        Ok(truth.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(inner)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut members = Map::new();
        while let Some(name) = access.next_key::<String>()? {
            match members.entry(name) {
                Entry::Occupied(_) => return Err(A::Error::custom("a member is there twice")),
                Entry::Vacant(vacant) => vacant.insert(access.next_value_seed(inner)?),
            };
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s14_only_plain_objects_are_read() {
        let nested = |depth: usize| {
            format!(
                r#"{{"a":{}{}}}"#,
                "[".repeat(depth - 1),
                "]".repeat(depth - 1)
            )
        };
        let (deepest, too_deep) = (nested(MAX_DEPTH), nested(MAX_DEPTH + 1));
        let cases = [
            ("an empty object", "{}", true),
            ("members in any order", r#"{"b":1,"a":[{"a":2}]}"#, true),
            ("white space", " {\n} ", true),
            ("as deep as allowed", deepest.as_str(), true),
            ("too deep", too_deep.as_str(), false),
            ("a duplicate", r#"{"a":1,"a":1}"#, false),
            ("a duplicate by escape", r#"{"a":1,"\u0061":1}"#, false),
            ("an inner duplicate", r#"{"a":[{"b":1,"b":2}]}"#, false),
            ("an array", "[]", false),
            ("a string", r#""a""#, false),
            ("two objects", "{}{}", false),
            ("nothing", "", false),
            ("an infinite number", r#"{"a":1e400}"#, false),
            ("no number", r#"{"a":NaN}"#, false),
            ("half a surrogate pair", r#"{"a":"\ud800"}"#, false),
        ];
        for (name, text, expected) in cases {
            assert_eq!(parse_object(text.as_bytes()).is_ok(), expected, "{name}");
        }
        assert!(parse_object(b"{\"a\":\"\xff\"}").is_err(), "no UTF-8");
    }

    #[test]
    fn members_keep_their_order_and_types() {
        let text = r#"{"z":1,"a":"1","m":[true,null,-2,0.5,18446744073709551615]}"#;
        let members = parse_object(text.as_bytes()).unwrap();
        assert_eq!(Value::Object(members).to_string(), text);
    }
}
