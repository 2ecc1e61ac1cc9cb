//! How large the payloads of functions may be, as Lambda has it.

use bytes::Bytes;
use http::StatusCode;
use towergate_core::{FunctionError, Invocation, InvocationType};

use crate::error_document::ErrorDocument;

/// The largest payload of a call whose caller waits for the result.
pub(crate) const MAX_REQUEST_BYTES: usize = 6_291_456;

/// The largest payload of an event.
const MAX_EVENT_BYTES: usize = 1_048_576;

/// The largest result.
pub(crate) const MAX_RESULT_BYTES: usize = 6_291_556;

/// Refuses a payload that Lambda would not take: over 6 MB, or 1 MiB for an event.
///
/// # Errors
///
/// Returns [`FunctionError::Refused`] with a 413.
pub fn check_payload(invocation: &Invocation<'_>) -> Result<(), FunctionError> {
    let limit = match invocation.invocation_type {
        InvocationType::Event => MAX_EVENT_BYTES,
        _ => MAX_REQUEST_BYTES,
    };
    if invocation.payload.len() <= limit {
        return Ok(());
    }
    Err(FunctionError::Refused {
        status: StatusCode::PAYLOAD_TOO_LARGE,
        message: format!(
            "Request must be smaller than {limit} bytes for the InvokeFunction operation"
        ),
    })
}

/// Makes a failure of a result that Lambda would not return: over 6 MB.
///
/// # Errors
///
/// Returns [`FunctionError::Failed`] with the error document that Lambda writes.
pub fn check_result(result: Bytes) -> Result<Bytes, FunctionError> {
    match result.len() <= MAX_RESULT_BYTES {
        true => Ok(result),
        false => Err(ErrorDocument::of_large_result().into()),
    }
}

#[cfg(test)]
mod tests {
    use towergate_core::Context;

    use super::*;

    #[test]
    fn a_payload_may_be_as_large_as_its_limit() {
        let context = Context::of(&mut http::Request::new(()));
        let cases = [
            (InvocationType::RequestResponse, 6_291_456),
            (InvocationType::Event, 1_048_576),
        ];
        for (invocation_type, limit) in cases {
            let check = |bytes: usize| {
                let invocation = Invocation::new(&context, "f", vec![b' '; bytes]);
                check_payload(&invocation.with_invocation_type(invocation_type))
            };
            assert!(check(limit).is_ok(), "{invocation_type:?}");
            let Err(FunctionError::Refused { status, message }) = check(limit + 1) else {
                panic!("{invocation_type:?}: not refused");
            };
            assert_eq!(status, 413, "{invocation_type:?}");
            let limit = limit.to_string();
            assert!(message.contains(&limit), "{invocation_type:?}: {message}");
        }
    }
}
