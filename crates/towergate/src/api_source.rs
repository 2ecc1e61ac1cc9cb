//! Where an API comes from.

use std::sync::Arc;

use towergate_definition::{self as definition, Diagnostic};

use crate::RestApi;

/// Where an API comes from.
#[derive(Debug)]
pub struct ApiSource(Source);

#[derive(Debug)]
enum Source {
    Compiled(Box<RestApi>),
    Definition(Box<definition::RestApi>, Vec<Diagnostic>),
}

impl ApiSource {
    /// Compiles the API, and returns what there is to say about it. What is `known` already is taken as it is, if it
    /// is of the same definition.
    pub(crate) fn compile(
        self,
        strict: bool,
        known: Option<&RestApi>,
    ) -> (Option<RestApi>, Vec<Diagnostic>) {
        let (definition, mut diagnostics) = match self.0 {
            Source::Compiled(mut api) => {
                if let Some(known) = known.filter(|known| known.is_of(&api.definition, api.strict))
                {
                    api.deployment = Arc::clone(&known.deployment);
                }
                let diagnostics = match api.is_reported {
                    true => Vec::new(),
                    false => api.diagnostics().to_vec(),
                };
                return (Some(*api), diagnostics);
            }
            Source::Definition(definition, diagnostics) => (definition, diagnostics),
        };
        if strict {
            diagnostics.iter_mut().for_each(Diagnostic::escalate);
        }
        let compiled = match known.filter(|known| known.is_of(&definition, strict)) {
            Some(known) => Ok(known.clone()),
            None => RestApi::compile(&definition, strict),
        };
        match compiled {
            Ok(mut api) => {
                api.imported.clone_from(&diagnostics);
                diagnostics.extend(api.diagnostics().iter().cloned());
                (Some(api), diagnostics)
            }
            Err(error) => {
                diagnostics.extend(error.diagnostics().iter().cloned());
                (None, diagnostics)
            }
        }
    }
}

impl From<RestApi> for ApiSource {
    fn from(api: RestApi) -> Self {
        Self(Source::Compiled(Box::new(api)))
    }
}

impl From<definition::RestApi> for ApiSource {
    /// Parts that cannot be served close their methods, unless the gateway is strict.
    fn from(definition: definition::RestApi) -> Self {
        Self(Source::Definition(Box::new(definition), Vec::new()))
    }
}

#[cfg(feature = "openapi")]
impl From<towergate_openapi::Imported> for ApiSource {
    /// Parts that cannot be served close their methods, unless the gateway is strict.
    fn from(imported: towergate_openapi::Imported) -> Self {
        Self(Source::Definition(
            Box::new(imported.definition),
            imported.diagnostics,
        ))
    }
}
