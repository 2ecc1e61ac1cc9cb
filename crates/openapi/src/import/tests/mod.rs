//! What the tests of the importer share.

mod arbitrary;
mod authorizers;
mod documents;
mod findings;
mod guards;
mod operations;
mod settings;

use serde_json::{Value, json};
use towergate_definition::{AuthorizationType, Diagnostic, HttpMethod, Method, RestApi, Severity};

use crate::{BasePath, Imported, ReadError, ReadOptions, parse};

/// Returns an OpenAPI 3.0 document with `members` put over an empty one.
fn openapi(members: Value) -> String {
    let mut document =
        json!({"openapi": "3.0.1", "info": {"title": "t", "version": "1"}, "paths": {}});
    merge(&mut document, members);
    document.to_string()
}

fn swagger(members: Value) -> String {
    let mut document =
        json!({"swagger": "2.0", "info": {"title": "t", "version": "1"}, "paths": {}});
    merge(&mut document, members);
    document.to_string()
}

fn merge(document: &mut Value, members: Value) {
    let Value::Object(members) = members else {
        panic!("members are an object");
    };
    for (key, value) in members {
        document[key] = value;
    }
}

/// Reads a document whatever its errors.
fn import(text: &str) -> Imported {
    match parse(text) {
        Ok(imported) => imported,
        Err(ReadError::Refused(imported)) => *imported,
        Err(error) => panic!("{error}: {text}"),
    }
}

fn findings(text: &str) -> Vec<String> {
    import(text)
        .diagnostics
        .iter()
        .map(Diagnostic::to_string)
        .collect()
}

/// Returns an operation with a mock integration and `members` beside it.
fn operation(members: Value) -> Value {
    let mut operation = json!({"x-amazon-apigateway-integration": {"type": "mock"}});
    merge(&mut operation, members);
    operation
}

fn method<'a>(api: &'a RestApi, path: &str) -> &'a Method {
    api.resources[path].methods.values().next().unwrap()
}
