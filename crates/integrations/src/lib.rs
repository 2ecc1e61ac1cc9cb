//! The backends of an API: `HTTP`, `HTTP_PROXY`, `MOCK` and any tower service in this process.
//!
//! An integration is compiled once from its [definition](towergate_definition::Integration) and then called with
//! what is known of a request. What is wrong with it is reported as it is compiled:
//!
//! ```
//! use towergate_definition::{HttpMethod, Integration as Definition, Method, Place};
//! use towergate_integrations::Integration;
//!
//! let method = Method::new(HttpMethod::Get, Definition::http_proxy("ftp://pets.internal/"));
//! let mut diagnostics = Vec::new();
//! assert!(Integration::compile(&method, &Place::root(), &mut diagnostics).is_none());
//! assert!(diagnostics[0].message.contains("`ftp://pets.internal/` does not begin with"));
//! ```

mod backends;
mod deadline;
mod header_rules;
mod header_source;
mod http_integration;
mod in_process;
mod integration;
mod mock_integration;
mod mock_status;
mod request;
mod response;
mod template;

pub use backends::{Backends, InvalidOrigin};
pub use in_process::InProcess;
pub use integration::Integration;
pub use towergate_client::Client;
