//! What is wrong with a policy, where, and how to mend it.

use std::fmt;

/// Everything that is wrong with a policy document; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyErrors(Box<[PolicyError]>);

impl PolicyErrors {
    pub(super) fn new(errors: Vec<PolicyError>) -> Self {
        debug_assert!(!errors.is_empty(), "a refusal has a reason");
        Self(errors.into())
    }

    /// Iterates over the errors, statement by statement.
    pub fn iter(&self) -> impl Iterator<Item = &PolicyError> {
        self.0.iter()
    }
}

impl fmt::Display for PolicyErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            error.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for PolicyErrors {}

/// One thing that is wrong with a policy document, and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyError {
    path: Box<str>,
    problem: Problem,
}

impl PolicyError {
    pub(super) fn new(place: Place<'_>, problem: Problem) -> Self {
        Self {
            path: place.to_string().into_boxed_str(),
            problem,
        }
    }

    /// Returns the place, such as `Statement[1].Condition.IpAddress`; empty for the document itself.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns what is wrong there.
    #[must_use]
    pub fn problem(&self) -> &Problem {
        &self.problem
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        self.problem.fmt(f)
    }
}

impl std::error::Error for PolicyError {}

/// What can be wrong in one place of a policy document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// Two members exclude each other.
    #[error("`{0}` and `{1}` exclude each other: keep one")]
    Conflict(&'static str, &'static str),
    /// A member or an id is there twice.
    #[error("`{0}` is there twice: keep one")]
    Duplicate(Box<str>),
    /// A value that cannot be read.
    #[error("`{value}` is not {expected}")]
    Malformed {
        /// The value, cut if it is long.
        value: Box<str>,
        /// What would be right.
        expected: &'static str,
    },
    /// A member that must be there is not.
    #[error("{0} is missing: add it")]
    Missing(&'static str),
    /// The text is no JSON.
    #[error("the document cannot be read: {0}")]
    Syntax(Box<str>),
    /// A limit is exceeded.
    #[error("it has more than {limit} {unit}: shorten it")]
    TooLong {
        /// The largest number allowed.
        limit: usize,
        /// What is counted.
        unit: &'static str,
    },
    /// A member that the policy language does not know.
    #[error("`{name}` is unknown: write one of {known}")]
    UnknownMember {
        /// The member, cut if it is long.
        name: Box<str>,
        /// The members there are.
        known: &'static str,
    },
    /// A condition operator that the policy language does not know.
    #[error(
        "`{0}` is no condition operator: write one such as `StringEquals` or `IpAddress`, in exactly these letters"
    )]
    UnknownOperator(Box<str>),
    /// A member that policies of this kind do not have.
    #[error("policies of this kind have no `{0}`: remove it")]
    Unwanted(&'static str),
    /// A value of another JSON type.
    #[error("expected {expected}, found {found}")]
    WrongType {
        /// What would be right.
        expected: &'static str,
        /// The JSON type that is there.
        found: &'static str,
    },
}

impl Problem {
    pub(super) fn malformed(value: &str, expected: &'static str) -> Self {
        Self::Malformed {
            value: excerpt(value),
            expected,
        }
    }
}

/// The beginning of a text that somebody else wrote, short enough for a log line.
pub(super) fn excerpt(text: &str) -> Box<str> {
    const MAX_CHARS: usize = 80;
    match text.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()).into_boxed_str(),
        None => text.into(),
    }
}

/// A place in a document, on the stack until an error needs it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place<'a> {
    Document,
    Member(&'a Place<'a>, &'a str),
    Item(&'a Place<'a>, usize),
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Document => Ok(()),
            Self::Member(Self::Document, name) => f.write_str(&excerpt(name)),
            Self::Member(parent, name) => write!(f, "{parent}.{}", excerpt(name)),
            Self::Item(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}
