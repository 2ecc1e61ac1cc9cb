//! What a layer that only reports says.

use towergate_core::Rejection;

/// Why a request would have been refused, in the extensions of one that a layer with `report_only` let through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WouldRefuse(pub Rejection);
