//! A compiled definition: immutable, shared by every request to it.

use towergate_core::{Rejection, Step};
use towergate_definition::{ApiKeySource, Diagnostic, Place, Severity};
use towergate_integrations::{Backends, CompiledIntegration, FunctionArn};
use towergate_routing::RouteTable;

use crate::{
    access::{AccessRules, Guard},
    gateway_responses::GatewayResponses,
};

/// The number of a method in its deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MethodId(pub(crate) usize);

impl MethodId {
    /// Returns what a list by method has of this one.
    pub(crate) fn of<T>(self, list: &[Option<T>]) -> Option<&T> {
        list.get(self.0)?.as_ref()
    }
}

/// An API that was compiled: everything that can be parsed has been.
#[derive(Debug)]
pub(crate) struct Deployment {
    pub(crate) routes: RouteTable<MethodId>,
    pub(crate) methods: Vec<CompiledMethod>,
    pub(crate) gateway_responses: GatewayResponses,
    pub(crate) execute_api_disabled: bool,
    pub(crate) access: AccessRules,
    pub(crate) api_key_source: ApiKeySource,
    /// The functions that methods and authorizers call, and where the definition names them.
    pub(crate) functions: Vec<(Place, FunctionArn)>,
    /// What was found as it was compiled, no error among it.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl Deployment {
    pub(crate) fn method(&self, MethodId(id): MethodId) -> Result<&CompiledMethod, Rejection> {
        let missing = || Rejection::internal(Step::Route, "the route leads to no method");
        self.methods.get(id).ok_or_else(missing)
    }

    /// Reports the functions that `backends` do not know.
    pub(crate) fn unknown_functions(
        &self,
        backends: &Backends,
    ) -> impl Iterator<Item = Diagnostic> {
        let unknown = |(_, arn): &&(Place, FunctionArn)| backends.function(arn).is_none();
        self.functions.iter().filter(unknown).map(|(place, arn)| {
            let message =
                format!("there is no function `{arn}`: add it to the functions of the gateway");
            Diagnostic::error(place.clone(), message)
        })
    }
}

/// What answers a method.
#[derive(Debug)]
pub(crate) enum CompiledMethod {
    /// A backend.
    Open {
        integration: Box<CompiledIntegration>,
        /// The authorizer that lets callers in.
        guard: Option<Guard>,
        /// Whether callers need an API key.
        api_key: bool,
    },
    /// Nothing: the method cannot be served as its definition says, and answers 500.
    Closed {
        /// What was reported of it, for whoever reads why a request was refused.
        reason: String,
    },
}

impl CompiledMethod {
    /// Closes a method because of what was reported of it.
    pub(crate) fn closed<'d>(diagnostics: impl Iterator<Item = &'d Diagnostic>) -> Self {
        let reported = diagnostics.filter(|diagnostic| diagnostic.severity > Severity::Warning);
        let reasons = reported.map(ToString::to_string);
        Self::Closed {
            reason: reasons.collect::<Vec<_>>().join("; "),
        }
    }

    /// Returns the authorizer that lets callers in.
    pub(crate) fn guard(&self) -> Option<&Guard> {
        match self {
            Self::Open { guard, .. } => guard.as_ref(),
            Self::Closed { .. } => None,
        }
    }

    /// Returns whether callers need an API key.
    pub(crate) fn requires_api_key(&self) -> bool {
        matches!(self, Self::Open { api_key: true, .. })
    }

    pub(crate) fn integration(&self) -> Result<&CompiledIntegration, Rejection> {
        match self {
            Self::Open { integration, .. } => Ok(integration),
            Self::Closed { reason } => Err(Rejection::internal(
                Step::IntegrationRequest,
                reason.clone(),
            )),
        }
    }
}
