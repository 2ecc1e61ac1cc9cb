//! A routing rule: as it is given, and as a domain asks it.

use http::{HeaderMap, HeaderName};

use super::{
    base_path,
    error::{ConditionPart, DomainFault},
    request_path::RequestPath,
    value_glob::ValueGlob,
};

/// The highest priority number of a routing rule; the lowest is 1.
pub const MAX_PRIORITY: u32 = 1_000_000;

/// The most headers or base paths that one condition of a routing rule may list.
pub const MAX_ALTERNATIVES: usize = 100;

/// The most characters of a header's name in a condition.
pub(crate) const MAX_HEADER_NAME_BYTES: usize = 39;

pub(crate) const MAX_MATCH_HEADERS: usize = 2;
pub(crate) const MAX_MATCH_BASE_PATHS: usize = 1;

/// A routing rule of a [`Domain`](crate::Domain): conditions, all of which must hold, and where requests go then.
///
/// A rule without conditions takes every request. Nothing is checked before
/// [`DomainTableBuilder::build`](crate::DomainTableBuilder::build).
///
/// # Examples
///
/// ```
/// use towergate_routing::RoutingRule;
///
/// let rule = RoutingRule::new(10, "beta")
///     .match_headers([("x-version", "beta*"), ("x-preview", "*")])
///     .match_base_paths(["shop", "store/v2"])
///     .strip_base_path(true);
/// # let _ = rule;
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use = "a rule does nothing until it is given to a domain"]
pub struct RoutingRule<T> {
    pub(crate) priority: u32,
    pub(crate) target: T,
    id: Option<String>,
    strip_base_path: bool,
    pub(crate) match_headers: Vec<Vec<(String, String)>>,
    match_base_paths: Vec<Vec<String>>,
}

impl<T> RoutingRule<T> {
    /// Creates a rule that takes every request to `target`.
    ///
    /// Rules are asked by `priority`, the lowest number first: 1 to [`MAX_PRIORITY`], different in one domain.
    pub fn new(priority: u32, target: T) -> Self {
        Self {
            priority,
            target,
            id: None,
            strip_base_path: false,
            match_headers: Vec::new(),
            match_base_paths: Vec::new(),
        }
    }

    /// Sets the id that [`DomainFound::routing_rule_id`](crate::DomainFound::routing_rule_id) names; the priority in
    /// decimal unless it is set.
    ///
    /// It is for logs alone and need not be unique.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Adds a condition: one of these headers must have a value that its glob covers.
    ///
    /// A rule may have two such conditions. A header's name has up to 39 characters and no case. A glob has up to 127
    /// characters and is compared with the whole value, with case: a literal, `abc*`, `*abc`, `*abc*` or `*`; `?`
    /// stands for itself. Of a header that is repeated any value will do.
    pub fn match_headers<H, G>(mut self, any_of: impl IntoIterator<Item = (H, G)>) -> Self
    where
        H: Into<String>,
        G: Into<String>,
    {
        let any_of = any_of.into_iter();
        let pairs = any_of.map(|(header, glob)| (header.into(), glob.into()));
        self.match_headers.push(pairs.collect());
        self
    }

    /// Adds a condition: the path must begin with the segments of one of these base paths, of several the longest.
    ///
    /// A rule may have one such condition. Base paths are written as those of API mappings and compared with case.
    /// The empty one begins every path.
    pub fn match_base_paths<P>(mut self, any_of: impl IntoIterator<Item = P>) -> Self
    where
        P: Into<String>,
    {
        let any_of = any_of.into_iter().map(Into::into);
        self.match_base_paths.push(any_of.collect());
        self
    }

    /// Sets whether the base path that matched is taken off the path; `false` at first.
    pub fn strip_base_path(mut self, strip: bool) -> Self {
        self.strip_base_path = strip;
        self
    }

    /// Compiles the rule, and reports each fault with the condition it is in.
    pub(crate) fn compile(
        self,
        mut report: impl FnMut(Option<ConditionPart>, DomainFault),
    ) -> CompiledRule<T> {
        if !(1..=MAX_PRIORITY).contains(&self.priority) {
            report(None, DomainFault::BadPriority);
        }
        if self.match_headers.len() > MAX_MATCH_HEADERS {
            report(None, DomainFault::TooManyHeaderConditions);
        }
        if self.match_base_paths.len() > MAX_MATCH_BASE_PATHS {
            report(None, DomainFault::TooManyBasePathConditions);
        }
        let headers = compile_headers(&self.match_headers, &mut report);
        let base_paths = compile_base_paths(&self.match_base_paths, &mut report);
        CompiledRule {
            id: self.id.unwrap_or_else(|| self.priority.to_string()).into(),
            target: self.target,
            strip_base_path: self.strip_base_path,
            headers,
            base_paths,
        }
    }
}

fn compile_headers(
    conditions: &[Vec<(String, String)>],
    report: &mut impl FnMut(Option<ConditionPart>, DomainFault),
) -> Box<[AnyHeader]> {
    let mut compiled = Vec::new();
    for (condition, pairs) in conditions.iter().enumerate() {
        let place = |pair| Some(ConditionPart::MatchHeaders { condition, pair });
        if let Some(fault) = fault_of_length(pairs.len()) {
            report(place(None), fault);
            continue;
        }
        let mut any_of = Vec::with_capacity(pairs.len());
        for (pair, (header, glob)) in pairs.iter().enumerate() {
            let header = header_name(header).map_err(|fault| report(place(Some(pair)), fault));
            let glob = ValueGlob::parse(glob).map_err(|fault| report(place(Some(pair)), fault));
            any_of.extend(header.ok().zip(glob.ok()));
        }
        compiled.push(AnyHeader(any_of.into()));
    }
    compiled.into()
}

fn header_name(header: &str) -> Result<HeaderName, DomainFault> {
    let owned = || header.to_owned();
    if header.len() > MAX_HEADER_NAME_BYTES {
        return Err(DomainFault::HeaderNameTooLong { header: owned() });
    }
    let name = HeaderName::try_from(header);
    name.map_err(|_| DomainFault::BadHeaderName { header: owned() })
}

fn compile_base_paths(
    conditions: &[Vec<String>],
    report: &mut impl FnMut(Option<ConditionPart>, DomainFault),
) -> Option<Box<[Box<str>]>> {
    let mut compiled = None;
    for (condition, base_paths) in conditions.iter().enumerate() {
        let place = |path| Some(ConditionPart::MatchBasePaths { condition, path });
        if let Some(fault) = fault_of_length(base_paths.len()) {
            report(place(None), fault);
            continue;
        }
        let any_of: &mut Vec<Box<str>> = compiled.get_or_insert_default();
        for (path, base_path) in base_paths.iter().enumerate() {
            match base_path::parse(base_path) {
                Ok(base_path) => any_of.push(base_path.into()),
                Err(fault) => report(place(Some(path)), fault),
            }
        }
        // The first that matches is then the longest that does.
        any_of.sort_by_key(|base_path| std::cmp::Reverse(base_path.len()));
    }
    compiled.map(Vec::into_boxed_slice)
}

fn fault_of_length(alternatives: usize) -> Option<DomainFault> {
    match alternatives {
        0 => Some(DomainFault::EmptyCondition),
        1..=MAX_ALTERNATIVES => None,
        _ => Some(DomainFault::TooManyAlternatives),
    }
}

/// A rule that has been checked.
#[derive(Debug)]
pub(crate) struct CompiledRule<T> {
    pub(crate) id: Box<str>,
    pub(crate) target: T,
    pub(crate) strip_base_path: bool,
    headers: Box<[AnyHeader]>,
    /// The longest first; `None` if the rule asks for no base path.
    base_paths: Option<Box<[Box<str>]>>,
}

/// The pairs of a header condition, one of which must match.
#[derive(Debug)]
struct AnyHeader(Box<[(HeaderName, ValueGlob)]>);

/// That a rule matches.
#[derive(Debug)]
pub(crate) struct RuleMatch<'t> {
    /// The base path, if the rule asks for one.
    pub(crate) base_path: Option<&'t str>,
    /// Where it ends in the path.
    pub(crate) base_path_end: usize,
}

impl<T> CompiledRule<T> {
    pub(crate) fn matches(
        &self,
        path: &RequestPath<'_>,
        headers: &HeaderMap,
    ) -> Option<RuleMatch<'_>> {
        let (base_path, base_path_end) = match &self.base_paths {
            None => (None, 0),
            Some(any_of) => any_of
                .iter()
                .find_map(|base_path| Some((Some(&**base_path), path.end_of(base_path)?)))?,
        };
        let all = self.headers.iter().all(|any_of| any_of.is_met(headers));
        all.then_some(RuleMatch {
            base_path,
            base_path_end,
        })
    }
}

impl AnyHeader {
    fn is_met(&self, headers: &HeaderMap) -> bool {
        self.0.iter().any(|(name, glob)| {
            let mut values = headers.get_all(name).iter();
            values.any(|value| glob.is_match(value.as_bytes()))
        })
    }
}
