//! What a request resolves once: all that a gateway answers with, replaced as a whole.

use std::sync::Arc;

use towergate_definition::Diagnostic;

use crate::{
    control::Histories, domains::Domains, in_flight::InFlight, runtime::Runtime,
    stage_table::StageTable,
};

/// What requests are answered with, between two changes of a gateway.
#[derive(Debug, Default)]
pub(crate) struct Serving {
    pub(crate) runtime: Runtime,
    pub(crate) stages: StageTable,
    pub(crate) domains: Arc<Domains>,
    /// The deployments that are kept.
    pub(crate) histories: Histories,
    /// What was found as it was put together, without what was deployed by hand.
    pub(crate) diagnostics: Arc<[Diagnostic]>,
    /// The requests in flight, those of earlier servings included.
    pub(crate) in_flight: Arc<InFlight>,
}
