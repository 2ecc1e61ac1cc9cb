//! Definitions as the bare documents they are: read without the importer, so that its tests do not ask itself.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

/// Returns the definitions in a folder: JSON and YAML, in the order of their names.
///
/// # Panics
///
/// Panics if the folder cannot be read.
#[must_use]
pub fn definitions(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the folder of the corpus");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let kinds = ["json", "yaml", "yml"];
    let mut paths: Vec<_> = paths
        .filter(|path| {
            path.extension()
                .is_some_and(|kind| kinds.iter().any(|known| kind == *known))
        })
        .collect();
    paths.sort();
    paths
}

/// Reads a document; `None` if it is not the definition of an API.
///
/// # Panics
///
/// Panics if the file cannot be read.
#[must_use]
pub fn read_document(file: &Path) -> Option<Value> {
    let text = std::fs::read_to_string(file).expect("a readable file");
    let document: Value = match file.extension() {
        Some(kind) if kind == "json" => serde_json::from_str(&text).ok()?,
        _ => serde_saphyr::from_str(&text).ok()?,
    };
    let is_definition = document.get("openapi").is_some() || document.get("swagger").is_some();
    is_definition.then_some(document)
}

/// Returns an operation that answers 200.
#[must_use]
pub fn open_operation() -> Value {
    json!({
        "responses": {"200": {"description": "fine"}},
        "x-amazon-apigateway-integration": {
            "type": "mock",
            "requestTemplates": {"application/json": "{\"statusCode\": 200}"},
            "responses": {"default": {"statusCode": "200"}}
        }
    })
}

/// Returns the same document with an answer of 200 behind every operation.
#[must_use]
pub fn mocked(document: &Value) -> Value {
    let mut document = document.clone();
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    for (_, path) in paths.into_iter().flatten() {
        for (key, operation) in path.as_object_mut().into_iter().flatten() {
            if is_operation(key) {
                for (member, value) in open_operation().as_object().into_iter().flatten() {
                    operation[member] = value.clone();
                }
            }
        }
    }
    document
}

/// Returns the status that the document gives an internal error.
#[must_use]
pub fn restyled_500(document: &Value) -> u16 {
    let status = &document["x-amazon-apigateway-gateway-responses"]["DEFAULT_5XX"]["statusCode"];
    let text = status.to_string();
    text.trim_matches('"').parse().unwrap_or(500)
}

/// An operation of a document, and a request that leads to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// A verb that it answers.
    pub verb: String,
    /// A path of its resource.
    pub path: String,
    /// Whether the document puts anything between a client and its backend.
    pub is_guarded: bool,
}

/// Returns every operation that a request can reach.
pub fn operations(document: &Value) -> impl Iterator<Item = Operation> {
    let paths = document["paths"].as_object().into_iter().flatten();
    paths.flat_map(move |(path, members)| {
        let members = members.as_object();
        let own = move |verb: &str| members.is_some_and(|members| members.contains_key(verb));
        let operations = members.into_iter().flatten();
        operations.filter_map(move |(key, operation)| {
            // `ANY` is for those verbs that have no operation of their own.
            let verb = match VERBS.iter().find(|verb| *verb == key) {
                None if key == ANY => VERBS.iter().find(|verb| !own(verb))?,
                verb => verb?,
            };
            Some(Operation {
                verb: verb.to_ascii_uppercase(),
                path: target(path),
                is_guarded: is_guarded(document, operation),
            })
        })
    })
}

const ANY: &str = "x-amazon-apigateway-any-method";

const VERBS: [&str; 7] = ["get", "post", "put", "delete", "patch", "head", "options"];

fn is_operation(key: &str) -> bool {
    VERBS.contains(&key) || key == ANY
}

/// A path that leads to a resource.
fn target(path: &str) -> String {
    let segments = path.split('/').map(|part| match part.strip_prefix('{') {
        Some(name) if name.ends_with("+}") => "any/value",
        Some(_) => "any",
        None => part,
    });
    segments.collect::<Vec<_>>().join("/")
}

fn is_guarded(document: &Value, operation: &Value) -> bool {
    let schemes = match document.get("swagger") {
        Some(_) => &document["securityDefinitions"],
        None => &document["components"]["securitySchemes"],
    };
    let security = operation
        .get("security")
        .or_else(|| document.get("security"));
    let requirements = security.and_then(Value::as_array).into_iter().flatten();
    let mut required = requirements
        .filter_map(Value::as_object)
        .flat_map(|names| names.keys());
    let validator = "x-amazon-apigateway-request-validator";
    let iam = operation["x-amazon-apigateway-auth"]["type"].as_str();
    required.any(|name| guards(document, &schemes[name]))
        || iam.is_some_and(|kind| kind.eq_ignore_ascii_case("AWS_IAM"))
        || operation
            .get(validator)
            .or_else(|| document.get(validator))
            .is_some()
        || document.get("x-amazon-apigateway-policy").is_some()
}

/// Whether requiring a scheme means anything to API Gateway.
fn guards(document: &Value, scheme: &Value) -> bool {
    let reference = scheme["$ref"]
        .as_str()
        .and_then(|text| text.strip_prefix('#'));
    let scheme = reference
        .and_then(|pointer| document.pointer(pointer))
        .unwrap_or(scheme);
    let text = |key: &str| scheme[key].as_str().unwrap_or_default();
    scheme.get("x-amazon-apigateway-authorizer").is_some()
        || text("x-amazon-apigateway-authtype").eq_ignore_ascii_case("awsSigv4")
        || (text("type") == "apiKey" && text("name").eq_ignore_ascii_case("x-api-key"))
}
