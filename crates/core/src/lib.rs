//! The words every towergate crate shares: what is known of a request ([`Context`]), why it is refused
//! ([`Rejection`]), what it carries ([`Body`]), and the ports to the world ([`Clock`], [`Random`], [`Function`] …).
//!
//! There is no I/O here and no runtime. A layer that refuses a request says so in the words of API Gateway:
//!
//! ```
//! use towergate_core::{Body, Rejection, ResponseType, Step, Style};
//!
//! let response = Rejection::new(ResponseType::Unauthorized, Step::Authorizer).into_response::<Body>(Style::Rest);
//! assert_eq!(response.status(), 401);
//! assert_eq!(response.headers()["x-amzn-errortype"], "UnauthorizedException");
//! ```

mod api_key_info;
mod body;
mod civil_date;
mod client_address;
mod client_scheme;
mod clock;
mod context;
mod context_variable;
mod identity;
mod ids;
mod known_headers;
mod media_type;
mod original_header_names;
mod params;
mod ports;
mod random;
mod rejection;
mod resource;
mod response_body;
mod response_type;
mod stage_info;

pub use api_key_info::ApiKeyInfo;
pub use body::{Body, BodyError, BoxError};
pub use civil_date::CivilDate;
pub use client_address::{ClientAddress, PeerAddress, TrustedHops};
pub use client_scheme::ClientScheme;
pub use clock::{BoxFuture, Clock, SystemClock, Timer, Timestamp};
pub use context::Context;
pub use context_variable::ContextVariable;
pub use identity::Identity;
pub use ids::{ExtendedRequestId, RequestId};
pub use known_headers::{
    INVOCATION_TYPE, REQUEST_ID, TRACE_ID, X_FORWARDED_FOR, X_FORWARDED_PORT, X_FORWARDED_PROTO,
    is_dropped_header,
};
pub use media_type::first_media_type;
pub use original_header_names::OriginalHeaderNames;
pub use params::Params;
pub use ports::{
    CredentialStore, Function, FunctionError, Invocation, InvocationType, KeySource,
    KeySourceError, Observer,
};
pub use random::{Random, SystemRandom};
pub use rejection::{ERROR_TYPE, MAX_REQUEST_BYTES, Rejection, Step, Style};
pub use resource::{ResourceInfo, Route};
pub use response_body::ResponseBody;
pub use response_type::{ResponseType, UnknownResponseType};
pub use stage_info::{StageInfo, StagePath};
