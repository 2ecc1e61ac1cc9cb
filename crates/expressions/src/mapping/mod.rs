//! Parameter mappings: where a value comes from and where it goes.

mod error;
mod gateway_response;
mod integration_reply;
mod json_body;
mod method_request;
mod source;
mod target;
mod value;

pub(crate) use self::source::is_name;
pub use self::{
    error::{MappingError, MappingParseError},
    gateway_response::GatewayResponseMapping,
    integration_reply::{IntegrationReply, ResponseMapping},
    method_request::{MethodRequest, RequestMapping},
    target::{HeaderTarget, RequestTarget},
    value::MappedValue,
};

#[cfg(test)]
mod tests;
