//! What templates write to overrides, set on a message.

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

/// Returns the text of an override: a list is joined by commas; null and objects are none.
///
/// ```
/// use serde_json::json;
/// use towergate_mapping_templates::override_text;
///
/// assert_eq!(override_text(&json!(["a", 1, null])).as_deref(), Some("a,1"));
/// assert_eq!(override_text(&json!({})), None);
/// ```
#[must_use]
pub fn override_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().filter_map(override_text).collect();
            Some(items.join(","))
        }
        Value::Null | Value::Object(_) => None,
    }
}

/// Sets `overrides` among `headers`. What cannot be a header's name is passed over; fails with the name of the first
/// whose text cannot be a value.
pub(super) fn override_headers<'o>(
    overrides: impl Iterator<Item = (&'o str, &'o Value)>,
    headers: &mut HeaderMap,
) -> Result<(), HeaderName> {
    for (name, value) in overrides {
        let name = HeaderName::try_from(name).ok();
        let Some(name) = name.filter(|name| !frames_message(name)) else {
            continue;
        };
        let Some(text) = override_text(value) else {
            continue;
        };
        let Ok(value) = HeaderValue::try_from(text) else {
            return Err(name);
        };
        headers.insert(name, value);
    }
    Ok(())
}

/// Whether a header says where a message ends or how its connection is used: a template that sets it could smuggle one
/// message within another.
fn frames_message(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "connection"
            | "content-length"
            | "keep-alive"
            | "proxy-connection"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
    )
}
