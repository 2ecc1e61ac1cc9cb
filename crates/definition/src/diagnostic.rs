//! What is wrong with a definition, where, and how to mend it.

use std::fmt;

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Severity {
    /// Worth knowing; nothing is refused.
    Warning,
    /// A part that is present and not served.
    Unsupported,
    /// A part that API Gateway accepts and fails at run time: the method answers its exact 500.
    Fault,
    /// The definition is refused.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Warning => "warning",
            Self::Unsupported => "unsupported",
            Self::Fault => "fault",
            Self::Error => "error",
        })
    }
}

/// Where in a document a finding is: the keys from the root, printed with dots between them.
///
/// Keys are kept apart because they may hold dots themselves (`paths./pets.json.get`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place(Vec<String>);

impl Place {
    /// Returns the place of the whole document.
    #[must_use]
    pub fn root() -> Self {
        Self::default()
    }

    /// Returns the place of `key` beneath this one.
    #[must_use]
    pub fn key(&self, key: impl Into<String>) -> Self {
        let mut keys = self.0.clone();
        keys.push(key.into());
        Self(keys)
    }

    /// Returns this place beneath another one.
    #[must_use]
    pub fn within(&self, parent: &Self) -> Self {
        parent.0.iter().chain(&self.0).cloned().collect()
    }

    /// Returns whether this is `parent`, or a place beneath it.
    #[must_use]
    pub fn is_within(&self, parent: &Self) -> bool {
        self.0.starts_with(&parent.0)
    }

    /// Returns the keys from the root.
    #[must_use]
    pub fn keys(&self) -> &[String] {
        &self.0
    }
}

impl<S: Into<String>> FromIterator<S> for Place {
    fn from_iter<I: IntoIterator<Item = S>>(keys: I) -> Self {
        Self(keys.into_iter().map(Into::into).collect())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("."))
    }
}

/// One finding: how much it weighs, where it is, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Diagnostic {
    /// How much it weighs.
    pub severity: Severity,
    /// Where it is.
    pub place: Place,
    /// What is wrong and how to mend it, in one line.
    pub message: String,
}

impl Diagnostic {
    /// Creates a finding.
    #[must_use]
    pub fn new(severity: Severity, place: Place, message: impl Into<String>) -> Self {
        Self {
            severity,
            place,
            message: message.into(),
        }
    }

    /// Creates a finding that refuses the definition.
    #[must_use]
    pub fn error(place: Place, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, place, message)
    }

    /// Creates a finding that makes one method answer 500.
    #[must_use]
    pub fn fault(place: Place, message: impl Into<String>) -> Self {
        Self::new(Severity::Fault, place, message)
    }

    /// Creates a finding about a part that is not served.
    #[must_use]
    pub fn unsupported(place: Place, message: impl Into<String>) -> Self {
        Self::new(Severity::Unsupported, place, message)
    }

    /// Returns the finding with its place beneath `parent`.
    #[must_use]
    pub fn within(mut self, parent: &Place) -> Self {
        self.place = self.place.within(parent);
        self
    }

    /// Makes an error of a fault or an unsupported part: what `strict` means.
    pub fn escalate(&mut self) {
        if self.severity > Severity::Warning {
            self.severity = Severity::Error;
        }
    }

    /// Creates a finding that refuses nothing.
    #[must_use]
    pub fn warning(place: Place, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, place, message)
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.place, self.severity, self.message)
    }
}
