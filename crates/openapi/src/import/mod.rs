//! From a document to a definition.

mod api;
mod authorizer;
mod base_path;
mod extensions;
mod integration;
mod operation;
mod parameters;
mod paths;
mod references;
mod responses;
mod security;
mod spot;

#[cfg(test)]
mod tests;

use towergate_definition::{Diagnostic, RestApi};

use self::{
    security::Schemes,
    spot::{Findings, Spot},
};
use crate::{ReadError, ReadOptions, document::Node};

/// The two forms a definition may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dialect {
    OpenApi3,
    Swagger2,
}

/// Reads a whole definition. What is wrong inside it is among the findings.
pub(crate) fn definition(
    root: &Node,
    options: &ReadOptions,
) -> Result<(RestApi, Vec<Diagnostic>), ReadError> {
    let dialect = dialect(root)?;
    let root = Spot::root(root);
    let mut findings = Findings::default();
    let mut api = api::settings(&root, &mut findings);
    let prefix = base_path::prefix(&root, dialect, options.base_path, &mut findings);
    let mut schemes = Schemes::read(&root, dialect, &mut findings);
    api.authorizers = std::mem::take(&mut schemes.authorizers);
    let defaults = Defaults::read(&root, &mut findings);
    let mut import = Import {
        root,
        dialect,
        schemes,
        defaults,
        findings,
    };
    paths::read(&mut import, &prefix, &mut api);
    extensions::name_unread(&import.root, &mut import.findings);
    Ok((api, import.findings.finish()))
}

/// What every operation is read with.
struct Import<'a> {
    root: Spot<'a>,
    dialect: Dialect,
    schemes: Schemes,
    defaults: Defaults<'a>,
    findings: Findings,
}

/// What holds for operations that say nothing of their own.
struct Defaults<'a> {
    security: Option<Spot<'a>>,
    request_validator: Option<String>,
    /// The names of the request validators.
    request_validators: Vec<&'a str>,
    consumes: Option<Vec<String>>,
    produces: Option<Vec<String>>,
}

impl<'a> Defaults<'a> {
    fn read(root: &Spot<'a>, findings: &mut Findings) -> Self {
        let request_validators = api::request_validators(root, findings);
        // What guards every method must not get lost with the value that somebody forgot.
        if root.node.get("security").is_some_and(Node::is_null) {
            let why =
                "the value is missing: write what every operation requires, or leave the key out";
            findings.error(&root.place.key("security"), why);
        }
        let mut types = |key| root.get(key).map(|spot| findings.texts(spot));
        let (consumes, produces) = (types("consumes"), types("produces"));
        Self {
            security: root.get("security").and_then(|spot| findings.list(spot)),
            request_validator: operation::request_validator(root, &request_validators, findings),
            request_validators,
            consumes,
            produces,
        }
    }
}

fn dialect(root: &Node) -> Result<Dialect, ReadError> {
    let version = |member: &'static str| {
        root.as_map()?
            .entry(member)
            .map(|(key, node)| (member, key, node))
    };
    let Some((member, key, node)) = version("openapi").or_else(|| version("swagger")) else {
        return Err(ReadError::NotADefinition);
    };
    let found = node.as_text().unwrap_or(node.kind());
    match member {
        "openapi" if found == "3.0" || found.starts_with("3.0.") => Ok(Dialect::OpenApi3),
        "swagger" if found == "2.0" => Ok(Dialect::Swagger2),
        _ => Err(ReadError::UnsupportedVersion {
            member,
            found: found.to_owned(),
            line: key.line(),
        }),
    }
}
