//! What a method takes: request parameters and request models.

use towergate_definition::Method;

use super::{
    Dialect, Import, references,
    spot::{Findings, Spot},
};

/// The content type of bodies where a definition names none.
pub(super) const DEFAULT_CONTENT_TYPE: &str = "application/json";

/// Reads the parameters of an operation, those of its path included, and its request body.
pub(super) fn read<'a>(
    import: &mut Import<'a>,
    path: &str,
    operation: &Spot<'a>,
    item: &Spot<'a>,
    method: &mut Method,
) {
    // An operation's own parameter replaces its path's of the same name.
    for owner in [item, operation] {
        let list = owner.get("parameters");
        let list = list.and_then(|spot| import.findings.list(spot));
        for spot in list.iter().flat_map(Spot::items) {
            parameter(import, spot, operation, method);
        }
    }
    if let Some(name) = last_variable(path) {
        method
            .request_parameters
            .insert(format!("method.request.path.{name}"), true);
    }
    if let Some(body) = operation.get("requestBody") {
        request_body(import, body, method);
    }
}

fn parameter<'a>(
    import: &mut Import<'a>,
    spot: Spot<'a>,
    operation: &Spot<'_>,
    method: &mut Method,
) {
    let Some(parameter) = referenced(import, spot) else {
        return;
    };
    let findings = &mut import.findings;
    let mut member = |key| match parameter.get(key) {
        Some(spot) => findings.text(&spot),
        None => {
            findings.error(&parameter.place, format!("a parameter needs `{key}`"));
            None
        }
    };
    let Some((location, name)) = member("in").zip(member("name")) else {
        return;
    };
    let required = parameter
        .get("required")
        .is_some_and(|spot| findings.truth(&spot) == Some(true));
    let kind = match (location, import.dialect) {
        ("header", _) => "header",
        ("path", _) => "path",
        ("query", _) => "querystring",
        ("body", Dialect::Swagger2) => {
            let schema = parameter.get("schema");
            let types = import.consumes(operation);
            if let Some(model) = schema.and_then(|schema| import.model(&schema)) {
                let models = types
                    .into_iter()
                    .map(|content_type| (content_type, model.clone()));
                method.request_models.extend(models);
            }
            return;
        }
        ("cookie", Dialect::OpenApi3) | ("formData", Dialect::Swagger2) => {
            let why = format!(
                "API Gateway has no {location} parameters: `{name}` is neither required nor mapped"
            );
            return findings.unsupported(&parameter.place, why);
        }
        _ => {
            let why =
                format!("`{location}` is no place for a parameter: it is query, header or path");
            return findings.error(&parameter.place.key("in"), why);
        }
    };
    method
        .request_parameters
        .insert(format!("method.request.{kind}.{name}"), required);
}

/// Returns the variable a path ends with, unless it takes the whole rest.
fn last_variable(path: &str) -> Option<&str> {
    let (_, last) = path.rsplit_once('/')?;
    let name = last.strip_prefix('{')?.strip_suffix('}')?;
    (!name.ends_with('+')).then_some(name)
}

fn request_body<'a>(import: &mut Import<'a>, spot: Spot<'a>, method: &mut Method) {
    let Some(body) = referenced(import, spot) else {
        return;
    };
    let content = body.get("content");
    let content = content.and_then(|spot| import.findings.object(spot));
    for (content_type, media) in content.iter().flat_map(Spot::members) {
        let schema = media.get("schema");
        if let Some(model) = schema.and_then(|schema| import.model(&schema)) {
            method.request_models.insert(content_type.to_owned(), model);
        }
    }
}

/// Returns the object that is here or that a reference here leads to.
pub(super) fn referenced<'a>(import: &mut Import<'a>, spot: Spot<'a>) -> Option<Spot<'a>> {
    let object = import.findings.object(spot)?;
    let target = references::follow(object, &import.root, &mut import.findings)?;
    import.findings.object(target)
}

impl Import<'_> {
    /// Returns the model that a schema refers to. A schema that is written out has no name, so nothing is read of it.
    pub(super) fn model(&mut self, schema: &Spot<'_>) -> Option<String> {
        match schema.get("$ref") {
            Some(reference) => references::model(&reference, &self.root, &mut self.findings),
            None => {
                let why =
                    "a schema that is written out here has no effect: refer to a model instead";
                self.findings.unsupported(&schema.place, why);
                None
            }
        }
    }

    fn consumes(&mut self, operation: &Spot<'_>) -> Vec<String> {
        content_types(
            operation,
            "consumes",
            self.defaults.consumes.as_ref(),
            &mut self.findings,
        )
    }

    pub(super) fn produces(&mut self, operation: &Spot<'_>) -> Vec<String> {
        content_types(
            operation,
            "produces",
            self.defaults.produces.as_ref(),
            &mut self.findings,
        )
    }
}

fn content_types(
    operation: &Spot<'_>,
    key: &str,
    defaults: Option<&Vec<String>>,
    findings: &mut Findings,
) -> Vec<String> {
    let own = operation.get(key).map(|spot| findings.texts(spot));
    let types = own.or_else(|| defaults.cloned()).unwrap_or_default();
    if types.is_empty() {
        return vec![DEFAULT_CONTENT_TYPE.to_owned()];
    }
    types
}
