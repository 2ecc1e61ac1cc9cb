//! How long a backend may take.

use std::time::Duration;

use towergate_definition::{Diagnostic, Integration, Place};

/// The shortest timeout that a definition may set, in milliseconds.
const MIN_TIMEOUT_IN_MILLIS: u32 = 50;

/// Returns how long the backend of an integration may take, and reports what is too short.
pub(crate) fn compile_timeout(
    integration: &Integration,
    place: &Place,
    diagnostics: &mut Vec<Diagnostic>,
) -> Duration {
    let millis = integration.timeout_in_millis;
    if millis < MIN_TIMEOUT_IN_MILLIS {
        let message = format!("{millis} ms is too short: use {MIN_TIMEOUT_IN_MILLIS} or more");
        diagnostics.push(Diagnostic::error(place.key("timeoutInMillis"), message));
    }
    Duration::from_millis(u64::from(millis))
}
