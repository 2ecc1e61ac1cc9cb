//! Why a route table cannot be built.

use std::{fmt, slice, vec};

use crate::{MAX_PATTERN_BYTES, MAX_ROUTES, MAX_SEGMENTS, RouteMethod};
use towergate_core::Params;

/// One thing that is wrong with the routes of a table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RouteError {
    /// A segment holds a character other than letters, digits and `_ - . , :`.
    #[error("`{character}` in resource path `{path}` is none of the letters, digits and `_-.,:`")]
    BadCharacter {
        /// The resource path.
        path: String,
        /// The first such character of the segment.
        character: char,
    },
    /// Two paths name the parameter at the same place differently.
    #[error("`{{{parameter}}}` in resource path `{path}` is `{{{other}}}` in `{other_path}`")]
    ConflictingParameter {
        /// The resource path that came later.
        path: String,
        /// Its parameter, with the `+` of a greedy one.
        parameter: String,
        /// The parameter that stands there already.
        other: String,
        /// The first path that has it there.
        other_path: String,
    },
    /// Two parameters of one path have the same name.
    #[error("resource path `{path}` has two parameters named `{parameter}`")]
    DuplicateParameter {
        /// The resource path.
        path: String,
        /// The name.
        parameter: String,
    },
    /// The same method was given twice for the same path.
    #[error("there are two routes for {method} of resource path `{path}`")]
    DuplicateRoute {
        /// The method.
        method: RouteMethod,
        /// The resource path.
        path: String,
    },
    /// Two slashes stand side by side, or a path other than `/` ends in one.
    #[error("resource path `{path}` has an empty segment")]
    EmptySegment {
        /// The resource path.
        path: String,
    },
    /// Something follows a greedy parameter.
    #[error("greedy parameter `{{{parameter}+}}` is not at the end of resource path `{path}`")]
    GreedyNotLast {
        /// The resource path.
        path: String,
        /// The parameter's name.
        parameter: String,
    },
    /// The path does not begin with a slash.
    #[error("resource path `{path}` does not begin with a slash")]
    MissingSlash {
        /// The resource path.
        path: String,
    },
    /// A segment with braces is not one whole parameter, such as `{id}` or `{proxy+}`.
    #[error("`{segment}` in resource path `{path}` is neither a literal nor one whole parameter")]
    PartialParameter {
        /// The resource path.
        path: String,
        /// The segment.
        segment: String,
    },
    /// The path has more than [`MAX_PATTERN_BYTES`] bytes.
    #[error("resource path `{path:.60}...` has more than {MAX_PATTERN_BYTES} bytes")]
    TooLong {
        /// The resource path.
        path: String,
    },
    /// The path has more than [`Params::MAX`] parameters.
    #[error("resource path `{path}` has more than {max} parameters", max = Params::MAX)]
    TooManyParameters {
        /// The resource path.
        path: String,
    },
    /// The table has more than [`MAX_ROUTES`] routes.
    #[error("{count} routes are more than the {MAX_ROUTES} of a table")]
    TooManyRoutes {
        /// How many there are.
        count: usize,
    },
    /// The path has more than [`MAX_SEGMENTS`] segments.
    #[error("resource path `{path}` has more than {MAX_SEGMENTS} segments")]
    TooManySegments {
        /// The resource path.
        path: String,
    },
    /// The method is neither `ANY` nor one of the seven verbs that `ANY` stands for.
    #[error("{method} of resource path `{path}` is no method of a resource")]
    UnsupportedMethod {
        /// The method.
        method: RouteMethod,
        /// The resource path.
        path: String,
    },
}

impl RouteError {
    /// Returns the resource path that is at fault, if it is a single one.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        match self {
            Self::BadCharacter { path, .. }
            | Self::ConflictingParameter { path, .. }
            | Self::DuplicateParameter { path, .. }
            | Self::DuplicateRoute { path, .. }
            | Self::EmptySegment { path }
            | Self::GreedyNotLast { path, .. }
            | Self::MissingSlash { path }
            | Self::PartialParameter { path, .. }
            | Self::TooLong { path }
            | Self::TooManyParameters { path }
            | Self::TooManySegments { path }
            | Self::UnsupportedMethod { path, .. } => Some(path),
            Self::TooManyRoutes { .. } => None,
        }
    }

    /// Returns the method that is at fault, unless the path is wrong for every method.
    #[must_use]
    pub fn method(&self) -> Option<&RouteMethod> {
        match self {
            Self::DuplicateRoute { method, .. } | Self::UnsupportedMethod { method, .. } => {
                Some(method)
            }
            _ => None,
        }
    }
}

/// Everything that is wrong with the routes of a table, in the order the routes were given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteErrors(pub(crate) Vec<RouteError>);

impl RouteErrors {
    /// Returns the errors, at least one.
    pub fn iter(&self) -> slice::Iter<'_, RouteError> {
        self.0.iter()
    }
}

impl fmt::Display for RouteErrors {
    /// Writes one error a line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, error) in self.0.iter().enumerate() {
            let separator = if number == 0 { "" } else { "\n" };
            write!(f, "{separator}{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for RouteErrors {}

impl From<RouteError> for RouteErrors {
    fn from(error: RouteError) -> Self {
        Self(vec![error])
    }
}

impl IntoIterator for RouteErrors {
    type Item = RouteError;
    type IntoIter = vec::IntoIter<RouteError>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'e> IntoIterator for &'e RouteErrors {
    type Item = &'e RouteError;
    type IntoIter = slice::Iter<'e, RouteError>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
