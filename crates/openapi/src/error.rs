//! Why a definition is refused.

use std::{fmt, io, path::PathBuf};

use towergate_definition::{Place, Severity};

use crate::{Imported, document::DocumentError};

/// Why a definition is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The text is no document.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// The file cannot be read.
    #[error("cannot read `{}`", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The document is something else than an API definition.
    #[error(
        "this is no API definition: it has neither `openapi: 3.0.1` nor `swagger: \"2.0\"` at its root"
    )]
    NotADefinition,
    /// The definition holds errors. What could be read of it is here, with every finding.
    #[error("{}", Findings(.0))]
    Refused(Box<Imported>),
    /// The version of OpenAPI or Swagger is none that API Gateway imports.
    #[error(
        "`{member}: {found}` is not supported: a REST API is imported from OpenAPI 3.0 or Swagger 2.0"
    )]
    UnsupportedVersion {
        /// `openapi` or `swagger`.
        member: &'static str,
        /// The version found.
        found: String,
        /// The line it is on.
        line: usize,
    },
}

impl ReadError {
    /// Returns the line the error is on, counted from 1, where there is just one.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        match self {
            Self::Document(error) => error.line(),
            Self::UnsupportedVersion { line, .. } => Some(*line),
            Self::NotADefinition => Some(1),
            Self::File { .. } | Self::Refused(_) => None,
        }
    }
}

/// The errors of a refused definition, one a line.
struct Findings<'a>(&'a Imported);

impl fmt::Display for Findings<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let errors = || {
            self.0
                .diagnostics
                .iter()
                .filter(|finding| finding.severity == Severity::Error)
        };
        write!(f, "the definition has {} error(s)", errors().count())?;
        for error in errors() {
            f.write_str("\n")?;
            if let Some(line) = self.0.document.line(&error.place) {
                write!(f, "line {line}: ")?;
            }
            if error.place == Place::root() {
                write!(f, "error: {}", error.message)?;
            } else {
                write!(f, "{error}")?;
            }
        }
        Ok(())
    }
}
