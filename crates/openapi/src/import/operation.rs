//! One operation: a verb on a path.

use towergate_definition::{HttpMethod, Method};

use super::{
    Import, integration, parameters, responses,
    spot::{Findings, Spot},
};

const MEMBERS: [&str; 14] = [
    "consumes",
    "deprecated",
    "description",
    "externalDocs",
    "isDefaultRoute",
    "operationId",
    "parameters",
    "produces",
    "requestBody",
    "responses",
    "schemes",
    "security",
    "summary",
    "tags",
];

/// Reads the method of `http_method` on `path` from `spot`, a member of the path `item`.
pub(super) fn read<'a>(
    import: &mut Import<'a>,
    path: &str,
    http_method: HttpMethod,
    spot: Spot<'a>,
    item: &Spot<'a>,
) -> Option<Method> {
    let operation = import.findings.object(spot)?;
    let mut method = Method::without_integration(http_method);
    if let Some(name) = operation.get("operationId") {
        method.operation_name = import.findings.scalar(&name).map(str::to_owned);
    }
    parameters::read(import, path, &operation, item, &mut method);
    responses::read(import, &operation, &mut method);
    import.authorization(&operation, &mut method);
    let own = request_validator(
        &operation,
        &import.defaults.request_validators,
        &mut import.findings,
    );
    method.request_validator = own.or_else(|| import.defaults.request_validator.clone());
    if let Some(spot) = import.findings.extension(&operation, "integration") {
        method.integration =
            integration::read(spot, &import.root, path, http_method, &mut import.findings);
    }
    if let Some(spot) = operation.get("isDefaultRoute") {
        let why = "`isDefaultRoute` is for HTTP APIs and has no effect in a REST API";
        import.findings.unsupported(&spot.place, why);
    }
    import.findings.only(&operation, &MEMBERS);
    Some(method)
}

/// Reads the name of the request validator of the root or of an operation. One that nobody defined is found, and kept:
/// the method must not lose its guard.
pub(super) fn request_validator(
    owner: &Spot<'_>,
    known: &[&str],
    findings: &mut Findings,
) -> Option<String> {
    let spot = findings.extension(owner, "request-validator")?;
    let name = findings.text(&spot)?;
    if !known.contains(&name) {
        findings.error(
            &spot.place,
            format!(
                "`{name}` is not among `x-amazon-apigateway-request-validators`: define it there"
            ),
        );
    }
    Some(name.to_owned())
}
