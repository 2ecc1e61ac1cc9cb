//! A compiled definition: immutable, shared by every request to it.

use towergate_core::{Rejection, Step};
use towergate_integrations::Integration;
use towergate_routing::RouteTable;

use crate::gateway_responses::GatewayResponses;

/// The number of a method in its deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MethodId(pub(crate) usize);

/// An API that was compiled: everything that can be parsed has been.
#[derive(Debug)]
pub(crate) struct Deployment {
    pub(crate) routes: RouteTable<MethodId>,
    pub(crate) methods: Vec<MethodService>,
    pub(crate) gateway_responses: GatewayResponses,
    pub(crate) execute_api_disabled: bool,
}

impl Deployment {
    pub(crate) fn method(&self, MethodId(id): MethodId) -> Result<&MethodService, Rejection> {
        let missing = || Rejection::internal(Step::Route, "the route leads to no method");
        self.methods.get(id).ok_or_else(missing)
    }
}

/// What answers a method.
#[derive(Debug)]
pub(crate) enum MethodService {
    /// A backend.
    Open(Integration),
    /// Nothing: the method cannot be served as its definition says, and answers 500.
    Closed,
}

impl MethodService {
    pub(crate) fn integration(&self) -> Result<&Integration, Rejection> {
        match self {
            Self::Open(integration) => Ok(integration),
            Self::Closed => Err(Rejection::internal(
                Step::IntegrationRequest,
                "the method is closed: see what was reported when its API was compiled",
            )),
        }
    }
}
