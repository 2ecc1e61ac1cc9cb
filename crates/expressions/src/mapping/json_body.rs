//! A body and the JSON in it, which is parsed at most once and only if a mapping asks for it.

use std::{borrow::Cow, sync::OnceLock};

use serde_json::Value;

use super::{MappedValue, MappingError, source::BodySource};

#[derive(Debug)]
pub(super) struct JsonBody<'a> {
    bytes: &'a [u8],
    json: OnceLock<Result<Value, MappingError>>,
}

impl<'a> JsonBody<'a> {
    pub(super) fn new(bytes: Option<&'a [u8]>) -> Self {
        Self {
            bytes: bytes.unwrap_or_default(),
            json: OnceLock::new(),
        }
    }

    pub(super) fn read(
        &self,
        source: &BodySource,
    ) -> Result<Option<MappedValue<'_>>, MappingError> {
        let value = match source {
            BodySource::Raw => Some(String::from_utf8_lossy(self.bytes)),
            BodySource::Path(path) => {
                let json = self
                    .json
                    .get_or_init(|| parse(self.bytes))
                    .as_ref()
                    .map_err(|error| *error)?;
                path.find(json).map_err(MappingError::Find)?.and_then(text)
            }
        };
        Ok(MappedValue::one(value))
    }
}

/// Only what starts like JSON is parsed. Anything else is an empty object.
fn parse(bytes: &[u8]) -> Result<Value, MappingError> {
    match bytes.trim_ascii_start().first() {
        Some(b'{' | b'[' | b'\'' | b'"') => {
            serde_json::from_slice(bytes).map_err(|error| MappingError::InvalidJson {
                line: error.line(),
                column: error.column(),
            })
        }
        _ => Ok(Value::Object(serde_json::Map::new())),
    }
}

/// A text as it is, anything else as compact JSON. `null` has no text.
fn text(value: Cow<'_, Value>) -> Option<Cow<'_, str>> {
    match value {
        Cow::Borrowed(Value::Null) | Cow::Owned(Value::Null) => None,
        Cow::Borrowed(Value::String(text)) => Some(Cow::Borrowed(text)),
        Cow::Owned(Value::String(text)) => Some(Cow::Owned(text)),
        other => Some(Cow::Owned(other.to_string())),
    }
}
