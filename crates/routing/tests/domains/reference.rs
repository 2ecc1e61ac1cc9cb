//! Domains as plain lists, and the specification over them in straightforward loops.

use http::HeaderMap;
use towergate_routing::{
    Domain, DomainMatch, DomainTable, DomainTableBuilder, RoutingMode, RoutingRule,
};

/// A domain whose targets say which rule or mapping they are.
#[derive(Debug, Clone, Default)]
pub(crate) struct ListedDomain {
    pub(crate) name: String,
    pub(crate) mode: RoutingMode,
    pub(crate) mappings: Vec<ListedMapping>,
    pub(crate) rules: Vec<ListedRule>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct ListedMapping {
    pub(crate) base_path: String,
    pub(crate) is_stage_in_path: bool,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct ListedRule {
    pub(crate) priority: u32,
    pub(crate) strips: bool,
    pub(crate) headers: Vec<Vec<(String, String)>>,
    pub(crate) base_paths: Option<Vec<String>>,
}

/// What is said of a request; paths are shown instead of offsets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    NotADomain,
    Reserved,
    Unmapped,
    Found {
        target: String,
        base_path: Option<String>,
        behind_base_path: String,
        stage: Option<String>,
        resource_path: String,
        rule: Option<String>,
    },
}

/// What the table says.
pub(crate) fn ask(
    table: &DomainTable<String>,
    host: Option<&str>,
    path: &str,
    headers: &HeaderMap,
) -> Outcome {
    let found = match table.find(host, path, headers) {
        DomainMatch::Found(found) => found,
        DomainMatch::NotADomain => return Outcome::NotADomain,
        DomainMatch::Reserved => return Outcome::Reserved,
        DomainMatch::Unmapped => return Outcome::Unmapped,
    };
    let from = |start: usize| path.get(start..).expect("offsets are at segments");
    for offset in [
        found.path_start,
        found.base_path_end,
        found.resource_start(),
    ] {
        let rest = from(offset);
        assert!(
            offset == 0 || rest.is_empty() || rest.starts_with('/'),
            "{path} {found:?}"
        );
    }
    assert!(found.path_start <= found.base_path_end || found.stage.is_some());
    let taken = &path[..found.resource_start()];
    let shown = taken.trim_start_matches('/');
    let expected = if shown.is_empty() {
        0
    } else {
        taken.len() - shown.len() - 1
    };
    assert_eq!(found.path_start, expected, "{path} {found:?}");
    Outcome::Found {
        target: found.target.clone(),
        base_path: found.base_path.map(str::to_owned),
        behind_base_path: from(found.base_path_end).to_owned(),
        stage: found.stage.clone().map(|stage| path[stage].to_owned()),
        resource_path: from(found.resource_start()).to_owned(),
        rule: found.routing_rule_id.map(str::to_owned),
    }
}

/// What the lists say.
pub(crate) fn expect(
    domains: &[ListedDomain],
    host: Option<&str>,
    path: &str,
    headers: &HeaderMap,
) -> Outcome {
    let Some(domain) = host.and_then(|host| domain(domains, host)) else {
        return Outcome::NotADomain;
    };
    if path.starts_with('/') && ["ping", "sping"].contains(&path.trim_matches('/')) {
        return Outcome::Reserved;
    }
    let rule = (domain.mode != RoutingMode::ApiMappingOnly).then(|| rule(domain, path, headers));
    let mapping = (domain.mode != RoutingMode::RoutingRuleOnly).then(|| mapping(domain, path));
    rule.flatten()
        .or(mapping.flatten())
        .unwrap_or(Outcome::Unmapped)
}

fn domain<'d>(domains: &'d [ListedDomain], host: &str) -> Option<&'d ListedDomain> {
    let host = host.to_lowercase();
    let host = match host.rsplit_once(':') {
        Some((host, port)) if port.chars().all(|digit| digit.is_ascii_digit()) => host,
        Some(_) => return None,
        None => &host,
    };
    let host = host.strip_suffix('.').unwrap_or(host);
    let named = |domain: &&ListedDomain| {
        let name = domain.name.to_lowercase();
        name.strip_suffix('.').unwrap_or(&name) == host
    };
    let covering = |domain: &&ListedDomain| {
        let name = domain.name.to_lowercase();
        let name = name.strip_suffix('.').unwrap_or(&name);
        let label = name
            .strip_prefix('*')
            .and_then(|suffix| host.strip_suffix(suffix));
        label.is_some_and(|label| {
            let is_in_a_label = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            !label.is_empty() && label.len() <= 63 && label.chars().all(is_in_a_label)
        })
    };
    if host.len() > 253 {
        return None;
    }
    let mut exact = domains
        .iter()
        .filter(|domain| !domain.name.starts_with('*'));
    exact.find(named).or_else(|| domains.iter().find(covering))
}

fn segments(path: &str) -> Vec<&str> {
    path.split('/')
        .filter(|segment| !segment.is_empty())
        .collect()
}

/// The path behind the base path, if the path begins with it.
fn behind<'p>(base_path: &str, path: &'p str) -> Option<&'p str> {
    let wanted = segments(base_path);
    if wanted.is_empty() {
        return Some(path);
    }
    let mut rest = path
        .starts_with('/')
        .then(|| path.trim_start_matches('/'))?;
    for (number, segment) in wanted.iter().enumerate() {
        if number > 0 {
            rest = rest.strip_prefix('/')?;
        }
        if rest.split('/').next() != Some(*segment) {
            return None;
        }
        rest = &rest[segment.len()..];
    }
    Some(rest)
}

fn plain(base_path: &str) -> &str {
    if base_path == "(none)" { "" } else { base_path }
}

fn rule(domain: &ListedDomain, path: &str, headers: &HeaderMap) -> Option<Outcome> {
    let mut rules: Vec<_> = domain.rules.iter().collect();
    rules.sort_by_key(|rule| rule.priority);
    for rule in rules {
        let all = rule.headers.iter().all(|any_of| {
            any_of.iter().any(|(name, glob)| {
                headers
                    .iter()
                    .filter(|(key, _)| key.as_str().eq_ignore_ascii_case(name))
                    .any(|(_, value)| covers(glob.as_bytes(), value.as_bytes()))
            })
        });
        if !all {
            continue;
        }
        let longest = match &rule.base_paths {
            None => None,
            Some(base_paths) => {
                let base_paths = base_paths.iter().map(|base_path| plain(base_path));
                let matching = base_paths.filter(|base_path| behind(base_path, path).is_some());
                match matching.max_by_key(|base_path| base_path.len()) {
                    None => continue,
                    longest => longest,
                }
            }
        };
        let stripped = longest.filter(|_| rule.strips);
        let rest = stripped
            .and_then(|base_path| behind(base_path, path))
            .unwrap_or(path);
        return Some(Outcome::Found {
            target: format!("rule {}", rule.priority),
            base_path: longest.map(str::to_owned),
            behind_base_path: rest.to_owned(),
            stage: None,
            resource_path: rest.to_owned(),
            rule: Some(rule.priority.to_string()),
        });
    }
    None
}

fn covers(glob: &[u8], value: &[u8]) -> bool {
    match (glob, value) {
        ([], _) => value.is_empty(),
        ([b'*', rest @ ..], _) => (0..=value.len()).any(|skipped| covers(rest, &value[skipped..])),
        ([wanted, rest @ ..], [byte, others @ ..]) => wanted == byte && covers(rest, others),
        _ => false,
    }
}

fn mapping(domain: &ListedDomain, path: &str) -> Option<Outcome> {
    let matching = domain.mappings.iter().filter_map(|mapping| {
        let base_path = plain(&mapping.base_path);
        Some((mapping, base_path, behind(base_path, path)?))
    });
    let (mapping, base_path, rest) =
        matching.max_by_key(|(_, base_path, _)| segments(base_path).len())?;
    let (mut stage, mut resource_path) = (None, rest);
    if mapping.is_stage_in_path {
        let named = rest.trim_start_matches('/');
        let named = if rest.starts_with('/') { named } else { "" };
        let name = named.split('/').next().unwrap_or_default();
        stage = Some(name.to_owned());
        if rest.starts_with('/') {
            resource_path = &named[name.len()..];
        }
    }
    Some(Outcome::Found {
        target: format!("mapping {base_path}"),
        base_path: Some(base_path.to_owned()),
        behind_base_path: rest.to_owned(),
        stage,
        resource_path: resource_path.to_owned(),
        rule: None,
    })
}

impl ListedDomain {
    pub(crate) fn to_domain(&self) -> Domain<String> {
        let domain = Domain::new(&*self.name).routing_mode(self.mode);
        let mappings = self.mappings.iter();
        let domain = mappings.fold(domain, |domain, mapping| mapping.add_to(domain));
        let rules = self.rules.iter().map(ListedRule::to_rule);
        rules.fold(domain, Domain::routing_rule)
    }
}

impl ListedMapping {
    fn add_to(&self, domain: Domain<String>) -> Domain<String> {
        let target = format!("mapping {}", plain(&self.base_path));
        if self.is_stage_in_path {
            domain.base_path_mapping_to_named_stage(&*self.base_path, target)
        } else {
            domain.api_mapping(&*self.base_path, target)
        }
    }
}

impl ListedRule {
    fn to_rule(&self) -> RoutingRule<String> {
        let rule = RoutingRule::new(self.priority, format!("rule {}", self.priority));
        let headers = self.headers.iter().cloned();
        let rule = headers.fold(rule, RoutingRule::match_headers);
        let base_paths = self.base_paths.iter().cloned();
        let rule = base_paths.fold(rule, RoutingRule::match_base_paths);
        rule.strip_base_path(self.strips)
    }
}

pub(crate) fn builder(domains: &[ListedDomain]) -> DomainTableBuilder<String> {
    let domains = domains.iter().map(ListedDomain::to_domain);
    domains.fold(DomainTable::builder(), DomainTableBuilder::domain)
}
