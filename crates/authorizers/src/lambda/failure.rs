//! What a function that failed means for the client.

use serde_json::Value;
use towergate_core::FunctionError;

use crate::Refusal;

/// A function that fails with the word `Unauthorized` says so of the client; any other failure is its own.
pub(super) fn refusal(error: &FunctionError) -> Refusal {
    match error {
        FunctionError::Failed(document) if is_unauthorized(document) => {
            Refusal::unauthorized("the function says `Unauthorized`")
        }
        FunctionError::Unreachable(_) => Refusal::failure(error.to_string()),
        _ => Refusal::configuration(error.to_string()),
    }
}

fn is_unauthorized(document: &[u8]) -> bool {
    serde_json::from_slice::<Value>(document).is_ok_and(|document| {
        document
            .get("errorMessage")
            .is_some_and(|text| text == "Unauthorized")
    })
}
