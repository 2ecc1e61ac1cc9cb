//! What a function returns that failed, as the Rust runtime of Lambda writes it.

use std::{
    any::{Any, type_name},
    fmt::Display,
};

use bytes::Bytes;
use serde::Serialize;
use towergate_core::FunctionError;

use crate::{Panicked, payload_limits::MAX_RESULT_BYTES};

/// What failed, and how. The type is the name of a Rust type, behind a reference, as the runtime has it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ErrorDocument {
    pub(crate) error_type: String,
    pub(crate) error_message: String,
}

impl ErrorDocument {
    /// The document of an error that a handler returned.
    pub(crate) fn of_error<E: Display>(error: E) -> Self {
        Self {
            error_type: type_name::<&E>().to_owned(),
            error_message: error.to_string(),
        }
    }

    /// The document of a result that is over its limit, which Lambda and not the runtime writes.
    pub(crate) fn of_large_result() -> Self {
        Self {
            error_type: "Function.ResponseSizeTooLarge".to_owned(),
            error_message: format!(
                "Response payload size exceeded maximum allowed payload size ({MAX_RESULT_BYTES} bytes)."
            ),
        }
    }

    /// The document of an event that is not what the handler takes.
    pub(crate) fn of_unreadable_event(reason: impl Display) -> Self {
        Self {
            error_type: "&lambda_runtime::deserializer::DeserializeError".to_owned(),
            error_message: format!(
                "failed to deserialize the incoming data into the function's payload type: {reason}\n"
            ),
        }
    }

    /// The document of a handler that panicked.
    pub(crate) fn of_panic(panic: &Panicked) -> Self {
        Self {
            error_type: type_name::<&Box<dyn Any + Send>>().to_owned(),
            error_message: match &panic.message {
                Some(message) => format!("Lambda panicked: {message}"),
                None => "Lambda panicked".to_owned(),
            },
        }
    }

    pub(crate) fn to_json(&self) -> Bytes {
        // Two texts are always JSON.
        serde_json::to_vec(self).unwrap_or_default().into()
    }
}

impl From<ErrorDocument> for FunctionError {
    fn from(document: ErrorDocument) -> Self {
        Self::Failed(document.to_json())
    }
}
