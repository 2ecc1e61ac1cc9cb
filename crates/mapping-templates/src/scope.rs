//! What a template sees of the request, and what it leaves behind.

use std::{
    borrow::Cow,
    fmt,
    sync::{Arc, LazyLock, OnceLock},
};

use crate::{
    Limits, Overrides,
    json::{Document, JsonError},
};

/// A body. Its JSON is read once, when a template first asks for it, and shared by clones.
///
/// ```
/// use towergate_mapping_templates::Payload;
///
/// assert_eq!(Payload::new("").as_str(), "{}");
/// ```
#[derive(Clone)]
pub struct Payload(Arc<Inner>);

struct Inner {
    text: Arc<str>,
    document: OnceLock<Result<Arc<Document>, JsonError>>,
}

impl Payload {
    /// Creates the payload of a body; an absent or empty one is `{}`.
    #[must_use]
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        let text = text.into();
        if text.is_empty() {
            return Self::default();
        }
        Self(Arc::new(Inner {
            text,
            document: OnceLock::new(),
        }))
    }

    /// Returns the body as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0.text
    }

    pub(crate) fn text(&self) -> &Arc<str> {
        &self.0.text
    }

    pub(crate) fn document(&self) -> &Result<Arc<Document>, JsonError> {
        self.0
            .document
            .get_or_init(|| Document::parse(&self.0.text).map(Arc::new))
    }
}

impl Default for Payload {
    fn default() -> Self {
        static EMPTY: LazyLock<Payload> = LazyLock::new(|| Payload::new("{}"));
        EMPTY.clone()
    }
}

/// Shows the length alone: bodies hold secrets.
impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Payload")
            .field("bytes", &self.0.text.len())
            .finish_non_exhaustive()
    }
}

/// Where a parameter of `$input.params` comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterLocation {
    /// The path.
    Path,
    /// The query string.
    QueryString,
    /// The headers.
    Header,
}

impl ParameterLocation {
    /// All of them, in the order in which `$input.params(name)` searches.
    pub const ALL: [Self; 3] = [Self::Path, Self::QueryString, Self::Header];

    /// Returns the key of `$input.params()`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::QueryString => "querystring",
            Self::Header => "header",
        }
    }
}

/// The value of a `$context` variable.
#[derive(Debug, Clone, PartialEq)]
pub enum ContextValue<'a> {
    /// A text.
    Text(Cow<'a, str>),
    /// An integer.
    Integer(i64),
    /// Any other number.
    Number(f64),
    /// A truth value.
    Bool(bool),
    /// There are variables below this name, such as `identity`.
    Branch,
}

impl<'a> From<&'a str> for ContextValue<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for ContextValue<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

/// The facts that a template may ask for. Nothing is asked before a template needs it.
///
/// The default methods know nothing.
pub trait Variables {
    /// Returns a `$context` variable by its dotted name, such as `identity.sourceIp`. `None` is missing or null.
    fn context(&self, name: &str) -> Option<ContextValue<'_>> {
        let _ = name;
        None
    }

    /// Calls `visit` with each key directly below `branch`, which is empty for `$context` itself.
    fn context_keys(&self, branch: &str, visit: &mut dyn FnMut(&str)) {
        let _ = (branch, visit);
    }

    /// Returns a stage variable.
    fn stage_variable(&self, name: &str) -> Option<Cow<'_, str>> {
        let _ = name;
        None
    }

    /// Calls `visit` with the name and value of each stage variable.
    fn stage_variables(&self, visit: &mut dyn FnMut(&str, &str)) {
        let _ = visit;
    }

    /// Returns a parameter of the request, decoded; of repeated ones the last.
    fn parameter(&self, location: ParameterLocation, name: &str) -> Option<Cow<'_, str>> {
        let _ = (location, name);
        None
    }

    /// Calls `visit` with the name and value of each parameter, in the order of the request.
    fn parameters(&self, location: ParameterLocation, visit: &mut dyn FnMut(&str, &str)) {
        let _ = (location, visit);
    }
}

/// Knows no variables.
impl Variables for () {}

/// What one template is rendered with.
///
/// The overrides that a request template wrote are handed on to the response template with
/// [`with_overrides`](Self::with_overrides).
pub struct Scope<'a> {
    pub(crate) payload: Payload,
    pub(crate) variables: &'a dyn Variables,
    pub(crate) overrides: Overrides,
    pub(crate) limits: Limits,
}

impl<'a> Scope<'a> {
    /// Creates a scope with default [`Limits`] and without overrides.
    #[must_use]
    pub fn new(payload: Payload, variables: &'a dyn Variables) -> Self {
        Self {
            payload,
            variables,
            overrides: Overrides::default(),
            limits: Limits::default(),
        }
    }

    /// Sets what an earlier template wrote.
    #[must_use]
    pub fn with_overrides(mut self, overrides: Overrides) -> Self {
        self.overrides = overrides;
        self
    }

    /// Sets the limits.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Returns what the templates wrote so far.
    #[must_use]
    pub fn overrides(&self) -> &Overrides {
        &self.overrides
    }

    /// Returns what the templates wrote.
    #[must_use]
    pub fn into_overrides(self) -> Overrides {
        self.overrides
    }
}

impl fmt::Debug for Scope<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope")
            .field("payload", &self.payload)
            .field("overrides", &self.overrides)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
