//! Reads API definitions in the OpenAPI and Swagger dialect of API Gateway.
//!
//! OpenAPI 3.0 and Swagger 2.0 with the `x-amazon-apigateway-*` extensions, in JSON or (feature `yaml`) YAML, become
//! a [`RestApi`]. What is wrong is said all at once, each finding with its place and how to mend it; what API Gateway
//! serves and this importer does not carry is named.
//!
//! ```
//! use towergate_definition::{HttpMethod, IntegrationType};
//! use towergate_openapi as openapi;
//!
//! let pets = openapi::parse(r#"{
//!   "openapi": "3.0.1",
//!   "info": {"title": "pets", "version": "1"},
//!   "paths": {
//!     "/pets/{id}": {
//!       "get": {
//!         "operationId": "getPet",
//!         "x-amazon-apigateway-integration": {
//!           "type": "http_proxy",
//!           "httpMethod": "GET",
//!           "uri": "http://pets.internal/{id}",
//!           "requestParameters": {"integration.request.path.id": "method.request.path.id"}
//!         }
//!       }
//!     }
//!   }
//! }"#)?;
//! let get = &pets.definition.resources["/pets/{id}"].methods[&HttpMethod::Get];
//! assert_eq!(get.operation_name.as_deref(), Some("getPet"));
//! assert_eq!(get.integration.as_ref().map(|i| i.integration_type), Some(IntegrationType::HttpProxy));
//! assert!(pets.diagnostics.is_empty());
//!
//! let refused = openapi::parse(r#"{"openapi": "3.0.1", "info": {"title": "pets"}, "paths": {"pets": {}}}"#);
//! assert!(refused.unwrap_err().to_string().contains("paths.pets: error: a path begins with `/`"));
//! # Ok::<(), openapi::ReadError>(())
//! ```

pub mod document;
mod error;
mod import;
mod options;

use std::path::Path;

use document::Document;
use towergate_definition::{Diagnostic, RestApi, Severity};

pub use error::ReadError;
pub use options::{BasePath, ReadOptions};

/// A definition that was read, and what there is to say about it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Imported {
    /// The API.
    pub definition: RestApi,
    /// What was found, in the order it was found.
    pub diagnostics: Vec<Diagnostic>,
    /// The text, to find the [line](Document::line) of a place.
    pub document: Document,
}

impl Imported {
    /// Returns the API alone.
    #[must_use]
    pub fn into_definition(self) -> RestApi {
        self.definition
    }

    /// Tells whether anything found refuses the definition.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.diagnostics
            .iter()
            .any(|finding| finding.severity == Severity::Error)
    }
}

/// Reads a definition from a file, with the default [`ReadOptions`].
///
/// # Errors
///
/// Where the file cannot be read or its text is refused, as [`parse`] says.
pub fn read(path: impl AsRef<Path>) -> Result<Imported, ReadError> {
    ReadOptions::new().read(path)
}

/// Reads a definition from its text, with the default [`ReadOptions`].
///
/// # Errors
///
/// Where the text is no document, or no definition this importer knows, or holds errors:
/// [`ReadError::Refused`] has all of them.
pub fn parse(text: &str) -> Result<Imported, ReadError> {
    ReadOptions::new().parse(text)
}
