//! The domains of a gateway: hosts, base paths and routing rules.

mod base_path;
mod builder;
mod caveats;
mod error;
mod host;
mod mode;
mod request_path;
mod routing_rule;
mod value_glob;

use std::{fmt, ops::Range};

use http::HeaderMap;

use self::{base_path::BasePaths, request_path::RequestPath, routing_rule::CompiledRule};

pub use self::{
    builder::{Domain, DomainTableBuilder, MAX_DOMAINS, MAX_MAPPINGS, MAX_ROUTING_RULES},
    error::{
        ConditionPart, DomainCaveat, DomainError, DomainErrors, DomainFault, DomainPart,
        DomainWarning,
    },
    mode::{ParseRoutingModeError, RoutingMode},
    routing_rule::{MAX_ALTERNATIVES, MAX_PRIORITY, RoutingRule},
};

/// The domains of a gateway, each with where its requests go: to values of type `T`, such as stages.
///
/// A request is found by its host, then by the domain's routing rules, by priority, then by its mappings: the longest
/// base path that the path begins with, segment by segment. The [`RoutingMode`] says which of the two are looked at.
///
/// Hosts have no case; ports and the dot of the root do not count. A domain's own name comes before a wildcard's, and
/// what it does not cover is not handed on to the wildcard. Paths are compared byte by byte: case matters and
/// percent-encoding stays as it is. Slashes before the first segment count as one.
///
/// A lookup does not allocate. It takes the logarithm of the number of domains, once or twice, then a step for each
/// rule of the one domain (and in it for each header or base path listed) until one matches, then a step for each
/// segment of the path down to the longest base path, however many mappings there are.
///
/// # Examples
///
/// ```
/// use http::HeaderMap;
/// use towergate_routing::{Domain, DomainMatch, DomainTable, RoutingMode, RoutingRule};
///
/// let table = DomainTable::builder()
///     .domain(
///         Domain::new("api.example.com")
///             .routing_mode(RoutingMode::RoutingRuleThenApiMapping)
///             .routing_rule(RoutingRule::new(10, "beta").match_headers([("x-version", "beta*")]))
///             .api_mapping("orders", "orders")
///             .api_mapping("orders/v2/items", "items"),
///     )
///     .build()?;
///
/// let path = "/orders/v2/items/7";
/// let mut headers = HeaderMap::new();
/// let DomainMatch::Found(found) = table.find(Some("API.example.com:443"), path, &headers) else {
///     panic!("the path is mapped");
/// };
/// assert_eq!(*found.target, "items");
/// assert_eq!(found.base_path, Some("orders/v2/items"));
/// assert_eq!(&path[found.resource_start()..], "/7");
///
/// headers.insert("x-version", "beta-2".parse()?);
/// let DomainMatch::Found(found) = table.find(Some("api.example.com"), path, &headers) else {
///     panic!("the rule matches");
/// };
/// assert_eq!(*found.target, "beta");
/// assert_eq!(&path[found.resource_start()..], path);
///
/// let elsewhere = table.find(Some("example.org"), path, &headers);
/// assert!(matches!(elsewhere, DomainMatch::NotADomain));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct DomainTable<T> {
    /// Sorted by name.
    exact: Box<[Entry<T>]>,
    /// Sorted by what is behind the `*.`.
    wildcards: Box<[Entry<T>]>,
}

/// A domain that has been checked.
#[derive(Debug)]
pub(crate) struct Entry<T> {
    /// In lower case.
    name: Box<str>,
    mode: RoutingMode,
    /// The numbers of mappings.
    base_paths: BasePaths,
    mappings: Box<[Mapped<T>]>,
    /// By priority.
    rules: Box<[CompiledRule<T>]>,
}

/// A mapping that has been checked.
#[derive(Debug)]
pub(crate) struct Mapped<T> {
    base_path: Box<str>,
    target: T,
    is_stage_in_path: bool,
}

/// What [`DomainTable::find`] says of a request. Every case asks for an answer of its own, so there will be no others.
#[derive(Debug)]
pub enum DomainMatch<'t, T> {
    /// The domain sends the request to this target.
    Found(DomainFound<'t, T>),
    /// The host is none of the table's: the default address (`/{api}/{stage}/…`) applies.
    NotADomain,
    /// The path is `/ping` or `/sping` at the root of a domain, which API Gateway keeps for health checks: it answers
    /// for itself there, whatever is mapped. What it answers is not specified; 200 says that it is well.
    Reserved,
    /// The host is a domain's, and neither rules nor mappings cover the request: 403 `{"message":"Forbidden"}`. The
    /// default address never applies.
    Unmapped,
}

/// Where a domain sends a request, and what of the path it used up.
///
/// The path itself stays as it is: offsets are bytes of the path that was looked up, and all of them are on the
/// boundary of a segment.
#[derive(Debug)]
#[non_exhaustive]
pub struct DomainFound<'t, T> {
    /// The target of the rule or the mapping.
    pub target: &'t T,
    /// The base path that matched, for `$context.customDomain.basePathMatched`: empty for the empty one, and `None`
    /// for a rule that asks for no base path.
    pub base_path: Option<&'t str>,
    /// Where `$context.path` begins: at the slash before the base path, or before the stage that the path names.
    ///
    /// `0` unless slashes stand before that one, which do not count (`//v1/x` is `/v1/x`). Where nothing is taken off
    /// the path it is always `0`.
    pub path_start: usize,
    /// How many bytes of the path are taken off for the base path, with the slashes before it.
    ///
    /// `0` for the empty base path and for a rule that does not strip it. What is left is the empty path, which
    /// stands for `/`, or begins with a slash (unless the whole path did not, as that of `OPTIONS *`).
    pub base_path_end: usize,
    /// Where the path names the stage, if the target is an API of which callers choose the stage: the segment behind
    /// the base path. Empty if nothing follows.
    pub stage: Option<Range<usize>>,
    /// The id of the routing rule that matched, for `$context.customDomain.routingRuleIdMatched`; `None` for a
    /// mapping.
    pub routing_rule_id: Option<&'t str>,
}

impl<T> DomainFound<'_, T> {
    /// Returns where the resource path begins: behind the base path, and behind the stage where the path names it.
    #[must_use]
    pub fn resource_start(&self) -> usize {
        self.stage
            .as_ref()
            .map_or(self.base_path_end, |stage| stage.end)
    }
}

impl<T> DomainTable<T> {
    /// Returns a builder without domains.
    pub fn builder() -> DomainTableBuilder<T> {
        DomainTableBuilder::new()
    }

    pub(crate) fn new(entries: Vec<Entry<T>>) -> Self {
        let (mut wildcards, mut exact): (Vec<_>, Vec<_>) = entries
            .into_iter()
            .partition(|entry| host::is_wildcard(&entry.name));
        for entries in [&mut wildcards, &mut exact] {
            entries.sort_by(|a, b| a.host().cmp(b.host()));
        }
        Self {
            exact: exact.into(),
            wildcards: wildcards.into(),
        }
    }

    /// Finds where a request goes.
    ///
    /// `host` is the `Host` header or the authority of the request, with or without a port; `path` is its path
    /// without query and authority, still percent-encoded. A request without a host, or with one that is no host
    /// name, is for no domain. A path that does not begin with a slash is covered by what covers every path: the
    /// empty base path, and rules that ask for no base path. Does not allocate.
    #[must_use]
    pub fn find(&self, host: Option<&str>, path: &str, headers: &HeaderMap) -> DomainMatch<'_, T> {
        if self.is_empty() {
            return DomainMatch::NotADomain;
        }
        let Some(entry) = host.and_then(|host| self.entry(host)) else {
            return DomainMatch::NotADomain;
        };
        let path = RequestPath::new(path);
        if path.is_reserved() {
            return DomainMatch::Reserved;
        }
        let found = entry.find_rule(&path, headers);
        match found.or_else(|| entry.find_mapping(&path)) {
            Some(found) => DomainMatch::Found(found),
            None => DomainMatch::Unmapped,
        }
    }

    /// Returns the number of domains.
    #[must_use]
    pub fn len(&self) -> usize {
        self.exact.len() + self.wildcards.len()
    }

    /// Returns whether there are no domains.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.wildcards.is_empty()
    }

    /// Returns the names of the domains in lower case and without the dot of the root, wildcards last.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let entries = self.exact.iter().chain(&self.wildcards);
        entries.map(|entry| &*entry.name)
    }

    fn entry(&self, host: &str) -> Option<&Entry<T>> {
        let host = host::of_request(host)?;
        entry(&self.exact, host).or_else(|| entry(&self.wildcards, host::parent(host)?))
    }
}

impl<T> Default for DomainTable<T> {
    /// Creates a table without domains.
    fn default() -> Self {
        Self::new(Vec::new())
    }
}

impl<T> fmt::Debug for DomainTable<T> {
    /// Names the domains; the targets need no `Debug`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

/// Finds the entry for `host`, which has no case, among sorted ones.
fn entry<'t, T>(entries: &'t [Entry<T>], host: &str) -> Option<&'t Entry<T>> {
    let position = entries.binary_search_by(|entry| host::compare(entry.host(), host));
    entries.get(position.ok()?)
}

impl<T> Entry<T> {
    fn host(&self) -> &str {
        host::covered(&self.name)
    }

    fn find_rule(&self, path: &RequestPath<'_>, headers: &HeaderMap) -> Option<DomainFound<'_, T>> {
        if !self.mode.has_rules() {
            return None;
        }
        self.rules.iter().find_map(|rule| {
            let matched = rule.matches(path, headers)?;
            let strips = rule.strip_base_path;
            let base_path_end = if strips { matched.base_path_end } else { 0 };
            Some(DomainFound {
                target: &rule.target,
                base_path: matched.base_path,
                path_start: path.start_of(base_path_end),
                base_path_end,
                stage: None,
                routing_rule_id: Some(&rule.id),
            })
        })
    }

    fn find_mapping(&self, path: &RequestPath<'_>) -> Option<DomainFound<'_, T>> {
        if !self.mode.has_mappings() {
            return None;
        }
        let (number, base_path_end) = self.base_paths.find(path)?;
        let mapped = self.mappings.get(number)?;
        let stage = || path.segment_behind(base_path_end);
        let stage = mapped.is_stage_in_path.then(stage);
        let end = stage.as_ref().map_or(base_path_end, |stage| stage.end);
        Some(DomainFound {
            target: &mapped.target,
            base_path: Some(&mapped.base_path),
            path_start: path.start_of(end),
            base_path_end,
            stage,
            routing_rule_id: None,
        })
    }
}

#[cfg(test)]
mod tests;
