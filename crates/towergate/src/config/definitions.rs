//! From settings to a gateway: reads and compiles the definition of every API.

use std::path::Path;

use towergate_definition::{Diagnostic, Place};
use towergate_integrations::Backends;
use towergate_openapi::{Imported, ReadError, ReadOptions};

use super::{
    finding::{Finding, Findings, Source},
    place_of,
    settings::{ApiSettings, Settings},
};
use crate::{Gateway, RestApi};

/// Compiles a gateway, or reports why there is none.
pub(super) fn compile(settings: &Settings<'_>, findings: &mut Findings) -> Option<Gateway> {
    let mut options = ReadOptions::new();
    let backends = backends(settings, findings);
    let mut gateway = Gateway::builder()
        .trusted_hops(settings.trusted_hops)
        .backends(backends.clone());
    if let Some(region) = settings.region {
        options = options.region(region);
        gateway = gateway.region(region);
    }
    if let Some(account_id) = settings.account_id {
        options = options.account_id(account_id);
        gateway = gateway.account_id(account_id);
    }
    for api in &settings.apis {
        let Some(compiled) = compile_api(api, &options, &backends, findings) else {
            continue;
        };
        gateway = gateway.api(api.id, compiled);
        for stage in &api.stages {
            gateway = gateway.stage(api.id, stage.clone());
        }
    }
    if findings.has_errors() {
        return None;
    }
    match gateway.build() {
        Ok(gateway) => {
            findings.extend(gateway.diagnostics().iter().cloned());
            Some(gateway)
        }
        Err(error) => {
            findings.extend(error.diagnostics().iter().cloned());
            None
        }
    }
}

/// Returns the client of every backend, and the functions.
fn backends(settings: &Settings<'_>, findings: &mut Findings) -> Backends {
    let mut backends = Backends::new().with_client(settings.client.clone());
    for function in &settings.functions {
        let inserted = backends.insert_function(&function.arn, function.function.clone());
        if let Err(error) = inserted {
            let place = function.place.key("arn");
            findings.extend([Diagnostic::error(place, error.to_string())]);
        }
    }
    backends
}

/// Reads and compiles the definition of an API.
fn compile_api(
    settings: &ApiSettings<'_>,
    options: &ReadOptions,
    backends: &Backends,
    findings: &mut Findings,
) -> Option<RestApi> {
    let path = settings.definition?;
    let file = findings.beside(path);
    let (imported, refused) = match options.read(&file) {
        Ok(imported) => (imported, false),
        Err(ReadError::Refused(imported)) => (*imported, true),
        Err(ReadError::File { source, .. }) => {
            let place = Place::from_iter(["apis", settings.id, "definition"]);
            let message = format!("cannot read `{}`: {source}", file.display());
            findings.extend([Diagnostic::error(place, message)]);
            return None;
        }
        Err(error) => {
            findings.push(unreadable(&file, &error));
            return None;
        }
    };
    let Imported {
        definition,
        mut diagnostics,
        document,
        ..
    } = imported;
    // What is left of a refused definition would only be found wrong a second time.
    let mut compiled = None;
    if !refused {
        match RestApi::compile(&definition, settings.strict) {
            Ok(mut api) => {
                diagnostics.append(&mut api.diagnostics);
                diagnostics.extend(api.deployment.unknown_functions(backends));
                compiled = Some(api);
            }
            Err(error) => diagnostics.extend(error.diagnostics().iter().cloned()),
        }
    }
    if settings.strict {
        diagnostics.iter_mut().for_each(Diagnostic::escalate);
    }
    let source = Source { file, document };
    findings.extend_from(&source, diagnostics);
    compiled
}

/// Says why a file is no definition at all.
fn unreadable(file: &Path, error: &ReadError) -> Finding {
    let place = match error {
        ReadError::Document(error) => place_of(error),
        ReadError::UnsupportedVersion { member, .. } => Place::root().key(*member),
        _ => Place::root(),
    };
    Finding {
        file: file.to_owned(),
        line: error.line().unwrap_or(1),
        diagnostic: Diagnostic::error(place, error.to_string()),
    }
}
