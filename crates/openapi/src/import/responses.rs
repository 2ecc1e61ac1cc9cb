//! What a method may answer: method responses, their headers and models.

use towergate_definition::{Method, MethodResponse};

use super::{
    Dialect, Import,
    parameters::referenced,
    spot::{Spot, is_status_code},
};

/// Reads the responses of an operation.
pub(super) fn read<'a>(import: &mut Import<'a>, operation: &Spot<'a>, method: &mut Method) {
    let responses = operation.get("responses");
    let responses = responses.and_then(|spot| import.findings.object(spot));
    for (code, spot) in responses.iter().flat_map(Spot::members) {
        if code.starts_with("x-") {
            continue;
        }
        if is_status_code(code) {
            let mut response = MethodResponse::default();
            response.status_code = code.to_owned();
            read_one(import, spot, operation, &mut response);
            method.method_responses.insert(code.to_owned(), response);
        } else if code == "default" || is_range(code) {
            let why = "API Gateway has method responses for single status codes only: this one is ignored";
            import.findings.warning(&spot.place, why);
        } else {
            let why = format!("`{code}` is no status code: it is three digits, such as \"200\"");
            import.findings.error(&spot.place, why);
        }
    }
}

/// Tells whether this is a range of status codes of OpenAPI 3.0: `2XX`.
fn is_range(code: &str) -> bool {
    matches!(code.as_bytes(), [b'1'..=b'5', b'X', b'X'])
}

fn read_one<'a>(
    import: &mut Import<'a>,
    spot: Spot<'a>,
    operation: &Spot<'_>,
    response: &mut MethodResponse,
) {
    if spot.node.is_null() {
        return;
    }
    let Some(spot) = referenced(import, spot) else {
        return;
    };
    let headers = spot.get("headers");
    let headers = headers.and_then(|spot| import.findings.object(spot));
    for (name, _) in headers.iter().flat_map(Spot::members) {
        response
            .response_parameters
            .insert(format!("method.response.header.{name}"), false);
    }
    match import.dialect {
        Dialect::OpenApi3 => {
            let content = spot.get("content");
            let content = content.and_then(|spot| import.findings.object(spot));
            for (content_type, media) in content.iter().flat_map(Spot::members) {
                let model = media
                    .get("schema")
                    .and_then(|schema| response_model(import, &schema));
                if let Some(model) = model {
                    response
                        .response_models
                        .insert(content_type.to_owned(), model);
                }
            }
        }
        Dialect::Swagger2 => {
            let model = spot
                .get("schema")
                .and_then(|schema| response_model(import, &schema));
            if let Some(model) = model {
                let types = import.produces(operation).into_iter();
                let models = types.map(|content_type| (content_type, model.clone()));
                response.response_models.extend(models);
            }
        }
    }
}

/// Returns the model a response refers to. Response models describe; nothing is checked against them.
fn response_model(import: &mut Import<'_>, schema: &Spot<'_>) -> Option<String> {
    if schema.get("$ref").is_none() {
        let why = "a response schema that is written out here is ignored: refer to a model instead";
        import.findings.warning(&schema.place, why);
        return None;
    }
    import.model(schema)
}
