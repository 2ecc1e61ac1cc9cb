//! `$ref`: what stands elsewhere in the document.

use towergate_definition::Place;

use super::spot::{Findings, Spot};

/// How many references may lead to one another.
const MAX_HOPS: usize = 16;

/// Follows the `$ref`s of a value to what they mean. Where one leads nowhere that is found, and nothing returned.
pub(super) fn follow<'a>(
    spot: Spot<'a>,
    root: &Spot<'a>,
    findings: &mut Findings,
) -> Option<Spot<'a>> {
    let start = spot.place.clone();
    let mut spot = spot;
    for _ in 0..MAX_HOPS {
        let Some(reference) = spot.get("$ref") else {
            return Some(spot);
        };
        let text = findings.text(&reference)?;
        let Some(target) = target(text, root) else {
            findings.error(
                &reference.place,
                format!("`{text}` leads nowhere in this document: references are written `#/components/…`"),
            );
            return None;
        };
        spot = target;
    }
    findings.error(
        &start,
        format!("more than {MAX_HOPS} references lead to one another here"),
    );
    None
}

/// Returns the name a reference to a model ends with: `#/components/schemas/Pet`, `#/definitions/Pet` or the URL that
/// API Gateway itself writes, `https://apigateway.amazonaws.com/restapis/{id}/models/Pet`.
pub(super) fn model(
    reference: &Spot<'_>,
    root: &Spot<'_>,
    findings: &mut Findings,
) -> Option<String> {
    let text = findings.text(reference)?;
    let named = match text.split_once("/models/") {
        Some((before, name)) => before
            .starts_with("https://apigateway.amazonaws.com/restapis/")
            .then(|| name.to_owned()),
        None => ["#/components/schemas/", "#/definitions/"]
            .iter()
            .find_map(|prefix| text.strip_prefix(prefix))
            .filter(|_| target(text, root).is_some())
            .map(unescape),
    };
    if named.is_none() {
        findings.error(
            &reference.place,
            format!("`{text}` leads to no model of this document"),
        );
    }
    named
}

/// Returns what a pointer into the document (`#/a/b~1c`) points at.
fn target<'a>(reference: &str, root: &Spot<'a>) -> Option<Spot<'a>> {
    let mut node = root.node;
    let mut place = Place::root();
    for part in reference.strip_prefix("#/")?.split('/') {
        let key = unescape(part);
        node = node.get(&key)?;
        place = place.key(key);
    }
    Some(Spot { node, place })
}

/// Undoes what a part of a pointer escapes: `~1` and `%2F` are `/`.
fn unescape(part: &str) -> String {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = match rest {
            [b'%', high, low, ..] => hex(*high).zip(hex(*low)),
            _ => None,
        };
        match escaped {
            Some((high, low)) => {
                bytes.push(high << 4 | low);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes)
        .replace("~1", "/")
        .replace("~0", "~")
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}
