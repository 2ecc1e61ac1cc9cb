//! Extensions that have no effect where they stand are named, wherever that is.

use towergate_definition::Place;

use super::spot::{EXTENSION, Findings, Spot};
use crate::document::{Node, NodeValue};

/// Extensions that only describe: they need no effect.
const DESCRIPTIVE: [&str; 3] = ["documentation", "importexport-version", "tag-value"];

/// Where the other known extensions belong.
const OWNERS: [(&str, &str); 15] = [
    ("any-method", "a path"),
    ("api-key-source", "the root"),
    ("auth", "an operation"),
    ("authorizer", "a security scheme"),
    ("authtype", "a security scheme"),
    ("binary-media-types", "the root"),
    ("cors", HTTP_APIS),
    (
        "endpoint-configuration",
        "a server, or the root in Swagger 2.0",
    ),
    ("gateway-responses", "the root"),
    ("integration", "an operation"),
    ("integrations", HTTP_APIS),
    ("minimum-compression-size", "the root"),
    ("policy", "the root"),
    ("request-validator", "the root or an operation"),
    ("request-validators", "the root"),
];

const HTTP_APIS: &str = "HTTP APIs";

/// Finds every extension that was not read.
pub(super) fn name_unread(root: &Spot<'_>, findings: &mut Findings) {
    walk(root.node, &mut Vec::new(), findings);
}

fn walk(node: &Node, keys: &mut Vec<String>, findings: &mut Findings) {
    match node.value() {
        NodeValue::Map(members) => {
            for (key, child) in members.iter() {
                keys.push(key.as_str().to_owned());
                let name = key.as_str().strip_prefix(EXTENSION);
                if let Some(name) = name.filter(|name| !DESCRIPTIVE.contains(name)) {
                    let place: Place = keys.iter().cloned().collect();
                    if !findings.was_read(&place) {
                        findings.unsupported(&place, no_effect(name));
                    }
                }
                // Documentation quotes other parts of definitions.
                if name != Some("documentation") {
                    walk(child, keys, findings);
                }
                keys.pop();
            }
        }
        NodeValue::List(items) => {
            for (at, item) in items.iter().enumerate() {
                keys.push(at.to_string());
                walk(item, keys, findings);
                keys.pop();
            }
        }
        _ => {}
    }
}

fn no_effect(name: &str) -> String {
    match OWNERS.iter().find(|(known, _)| *known == name) {
        Some((_, HTTP_APIS)) => {
            format!("`{EXTENSION}{name}` is for HTTP APIs and has no effect in a REST API")
        }
        Some((_, owner)) => {
            format!("`{EXTENSION}{name}` has no effect here: it belongs to {owner}")
        }
        None => format!("`{EXTENSION}{name}` is not supported and has no effect"),
    }
}
