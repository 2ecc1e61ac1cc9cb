//! From settings to a gateway: reads and compiles the definition of every API.

use std::{path::Path, sync::Arc};

use towergate_definition::{Diagnostic, Place};
use towergate_integrations::{Backends, Lambda};
use towergate_openapi::{Imported, ReadError, ReadOptions};

use super::{
    finding::{Finding, Findings, Source},
    functions::FunctionSettings,
    place_of,
    settings::{Kept, Settings, StageOfFile},
    store::SharedStore,
};
use crate::{Gateway, GatewayBuilder, RestApi};

/// What a gateway is told, and what goes on when the file is read again.
pub(super) struct Prepared {
    pub(super) gateway: GatewayBuilder,
    pub(super) kept: Kept,
}

/// Tells a gateway what the file says, as far as it can be told: errors are among the findings then.
pub(super) fn prepare(
    settings: &Settings<'_>,
    kept: &Kept,
    known: Option<&Gateway>,
    findings: &mut Findings,
) -> Prepared {
    let mut options = ReadOptions::new();
    let (mut gateway, backends) = match known {
        Some(known) => (known.successor(), known.backends().emptied()),
        None => (
            Gateway::builder(),
            Backends::new().with_client(settings.client.clone()),
        ),
    };
    let backends = with_functions(backends, settings, &mut gateway.functions, findings);
    gateway = gateway
        .trusted_hops(settings.trusted_hops)
        .backends(backends.clone());
    if let Some(region) = settings.region {
        options = options.region(region);
    }
    if let Some(account_id) = settings.account_id {
        options = options.account_id(account_id);
    }
    gateway.region = settings.region.map(str::to_owned);
    gateway.account_id = settings.account_id.map(str::to_owned);
    gateway.throttle = settings.throttle;
    gateway.api_keys.clone_from(&settings.api_keys);
    gateway.usage_plans.clone_from(&settings.usage_plans);
    gateway.domains.clone_from(&settings.domain_names);
    for api in &settings.apis {
        let reader = Reader {
            options: &options,
            backends: &backends,
            strict: api.strict,
        };
        let place = Place::from_iter(["apis", api.id]);
        let own = api.definition.and_then(|path| {
            let known = known.and_then(|known| known.known_api(api.id));
            reader.compile(path, &place, known.as_ref(), findings)
        });
        match own {
            Some(own) => gateway = gateway.api(api.id, own),
            None => gateway.refused.push(api.id.to_owned()),
        }
        for StageOfFile {
            settings,
            canary_definition,
        } in &api.stages
        {
            let place = place
                .key("stages")
                .key(&settings.name)
                .key("canarySettings");
            let canary = canary_definition.and_then(|path| {
                let known = known.and_then(|known| known.known_canary(api.id, &settings.name));
                reader.compile(path, &place, known.as_ref(), findings)
            });
            if let Some(canary) = canary {
                gateway = gateway.canary_api(api.id, &settings.name, canary);
            }
            gateway = gateway.stage(api.id, settings.clone());
        }
    }
    let store = shared_store(settings, kept, findings);
    let shared = store.as_ref().map(|store| Arc::clone(&store.limits));
    gateway = gateway.store(shared);
    let kept = Kept {
        client: settings.client.clone(),
        functions: settings.functions.clone(),
        store,
        account_id: settings.account_id.map(str::to_owned),
    };
    Prepared { gateway, kept }
}

/// Returns the store that nodes share: the one there is, if it is told as before.
fn shared_store(
    settings: &Settings<'_>,
    kept: &Kept,
    findings: &mut Findings,
) -> Option<SharedStore> {
    let redis = settings.store.as_ref()?;
    // Limits are kept under the account.
    let is_same = kept.account_id.as_deref() == settings.account_id;
    let known = kept.store.as_ref();
    if let Some(known) = known.filter(|known| is_same && known.settings == *redis) {
        return Some(known.clone());
    }
    match redis.connect(settings.account_id) {
        Ok(store) => Some(store),
        Err(message) => {
            findings.extend([Diagnostic::error(redis.place.clone(), message)]);
            None
        }
    }
}

/// Returns backends that know the functions, which are `told` to the gateway too.
fn with_functions(
    mut backends: Backends,
    settings: &Settings<'_>,
    told: &mut Vec<(String, Lambda)>,
    findings: &mut Findings,
) -> Backends {
    for FunctionSettings {
        arn,
        function,
        place,
        ..
    } in &settings.functions
    {
        match backends.insert_function(arn, function.clone()) {
            Ok(()) => told.push((arn.as_str().to_owned(), function.clone())),
            Err(error) => {
                findings.extend([Diagnostic::error(place.key("arn"), error.to_string())]);
            }
        }
    }
    backends
}

/// Reads and compiles the definitions of an API.
struct Reader<'a> {
    options: &'a ReadOptions,
    backends: &'a Backends,
    strict: bool,
}

impl Reader<'_> {
    /// Reads and compiles the definition that is named beneath `place`.
    fn compile(
        &self,
        path: &str,
        place: &Place,
        known: Option<&RestApi>,
        findings: &mut Findings,
    ) -> Option<RestApi> {
        let file = findings.beside(path);
        findings.note_file(&file);
        let (imported, refused) = match self.options.read(&file) {
            Ok(imported) => (imported, false),
            Err(ReadError::Refused(imported)) => (*imported, true),
            Err(ReadError::File { source, .. }) => {
                let message = format!("cannot read `{}`: {source}", file.display());
                findings.extend([Diagnostic::error(place.key("definition"), message)]);
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
            let same = known.filter(|known| known.is_of(&definition, self.strict));
            let built = same.map_or_else(
                || RestApi::compile(&definition, self.strict),
                |same| Ok(same.clone()),
            );
            match built {
                Ok(mut api) => {
                    api.imported.clone_from(&diagnostics);
                    api.is_reported = true;
                    diagnostics.extend(api.diagnostics().iter().cloned());
                    diagnostics.extend(api.deployment.unknown_functions(self.backends));
                    compiled = Some(api);
                }
                Err(error) => diagnostics.extend(error.diagnostics().iter().cloned()),
            }
        }
        if self.strict {
            diagnostics.iter_mut().for_each(Diagnostic::escalate);
        }
        let source = Source { file, document };
        findings.extend_from(&source, diagnostics);
        compiled
    }
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
