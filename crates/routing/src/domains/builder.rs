//! Builds a domain table and reports everything that is wrong with its domains.

use std::collections::HashMap;

use super::{
    DomainTable, Entry, Mapped,
    base_path::{self, BasePaths},
    caveats,
    error::{DomainError, DomainErrors, DomainFault, DomainPart, DomainWarning},
    host,
    mode::RoutingMode,
    routing_rule::{CompiledRule, RoutingRule},
};

/// The most domains that a table may have.
pub const MAX_DOMAINS: usize = 10_000;

/// The most mappings that a domain may have.
pub const MAX_MAPPINGS: usize = 10_000;

/// The most routing rules that a domain may have. Each request asks them one after the other.
pub const MAX_ROUTING_RULES: usize = 1_000;

/// Collects the domains of a [`DomainTable`]; made by [`DomainTable::builder`].
#[derive(Debug, Clone)]
#[must_use = "a builder makes no table until `build` is called"]
pub struct DomainTableBuilder<T> {
    domains: Vec<Domain<T>>,
}

impl<T> DomainTableBuilder<T> {
    pub(crate) fn new() -> Self {
        Self {
            domains: Vec::new(),
        }
    }

    /// Adds a domain.
    pub fn domain(mut self, domain: Domain<T>) -> Self {
        self.domains.push(domain);
        self
    }

    /// Returns what works here and would not in API Gateway, in the order the domains were given.
    ///
    /// Says nothing of errors, which [`build`](Self::build) reports.
    #[must_use]
    pub fn warnings(&self) -> Vec<DomainWarning> {
        let domains = self.domains.iter().enumerate();
        domains
            .flat_map(|(number, domain)| {
                let warning = move |(part, caveat)| DomainWarning {
                    domain: number,
                    name: domain.name.clone(),
                    part,
                    caveat,
                };
                caveats::of_domain(domain).into_iter().map(warning)
            })
            .collect()
    }

    /// Builds the table.
    ///
    /// # Errors
    ///
    /// Returns every fault of every domain: names that are no host names, names, base paths and priorities that are
    /// there twice, base paths, headers and value globs that API Gateway refuses, and what is over [`MAX_DOMAINS`],
    /// [`MAX_MAPPINGS`], [`MAX_ROUTING_RULES`] or [`MAX_ALTERNATIVES`](crate::MAX_ALTERNATIVES).
    pub fn build(self) -> Result<DomainTable<T>, DomainErrors> {
        let mut errors = Vec::new();
        let mut known = HashMap::new();
        let mut entries = Vec::with_capacity(self.domains.len().min(MAX_DOMAINS));
        for (number, domain) in self.domains.into_iter().enumerate() {
            let given = domain.name.clone();
            let mut report = |part, fault| {
                errors.push(DomainError {
                    domain: number,
                    name: given.clone(),
                    part,
                    fault,
                });
            };
            if number == MAX_DOMAINS {
                report(DomainPart::Domain, DomainFault::TooManyDomains);
                break;
            }
            let host = host::parse(&domain.name).inspect(|host| {
                let first = *known.entry(host.clone()).or_insert(number);
                if first != number {
                    report(DomainPart::Domain, DomainFault::DuplicateDomain { first });
                }
            });
            // With errors there is no table, so that the entry is checked and never asked.
            let host = host.unwrap_or_else(|fault| {
                report(DomainPart::Domain, fault);
                String::new()
            });
            entries.push(domain.compile(host.into(), report));
        }
        if errors.is_empty() {
            Ok(DomainTable::new(entries))
        } else {
            Err(DomainErrors(errors))
        }
    }
}

/// A domain name with its mappings and routing rules. Nothing is checked before [`DomainTableBuilder::build`].
///
/// The name is a host name in any case, such as `api.example.com`, without a port; a dot at its end, for the root,
/// changes nothing. `*.example.com` covers the hosts with one label before `example.com` that have no domain of
/// their own.
///
/// # Examples
///
/// ```
/// use towergate_routing::{Domain, RoutingMode, RoutingRule};
///
/// let domain = Domain::new("api.example.com")
///     .routing_mode(RoutingMode::RoutingRuleThenApiMapping)
///     .routing_rule(RoutingRule::new(100, "beta").match_headers([("x-beta", "yes")]))
///     .base_path_mapping("v1", "pets")
///     .api_mapping("orders/v1/items", "items");
/// # let _ = domain;
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use = "a domain does nothing until it is given to a table"]
pub struct Domain<T> {
    pub(crate) name: String,
    mode: RoutingMode,
    pub(crate) mappings: Vec<Mapping<T>>,
    api_mappings: usize,
    base_path_mappings: usize,
    pub(crate) rules: Vec<RoutingRule<T>>,
}

/// A mapping as it was given.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Mapping<T> {
    pub(crate) part: DomainPart,
    pub(crate) base_path: String,
    target: T,
    is_stage_in_path: bool,
}

impl<T> Domain<T> {
    /// Creates a domain without mappings and rules, whose requests are all [`Unmapped`](crate::DomainMatch::Unmapped).
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            mode: RoutingMode::default(),
            mappings: Vec::new(),
            api_mappings: 0,
            base_path_mappings: 0,
            rules: Vec::new(),
        }
    }

    /// Returns the name, as it was given.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Sets what is looked at; [`RoutingMode::ApiMappingOnly`] at first.
    pub fn routing_mode(mut self, mode: RoutingMode) -> Self {
        self.mode = mode;
        self
    }

    /// Adds an API mapping (version 2 of the management API): `key` has any number of segments, such as
    /// `orders/v1/items`, and takes the paths that begin with them. The empty key, also written `(none)`, takes what
    /// no other takes.
    ///
    /// A key has up to 300 letters, digits and `$-_.+!*'()/`, and its case counts.
    pub fn api_mapping(mut self, key: impl Into<String>, target: T) -> Self {
        self.mappings.push(Mapping {
            part: DomainPart::ApiMapping(self.api_mappings),
            base_path: key.into(),
            target,
            is_stage_in_path: false,
        });
        self.api_mappings += 1;
        self
    }

    /// Adds a base path mapping (version 1 of the management API): an API mapping of one segment or none.
    pub fn base_path_mapping(self, base_path: impl Into<String>, target: T) -> Self {
        self.push_base_path_mapping(base_path.into(), target, false)
    }

    /// Adds a base path mapping whose stage is `(none)`: the segment behind the base path names the stage.
    ///
    /// `target` stands for the API, and [`DomainFound::stage`](crate::DomainFound::stage) says where the stage is
    /// named.
    pub fn base_path_mapping_to_named_stage(self, base_path: impl Into<String>, target: T) -> Self {
        self.push_base_path_mapping(base_path.into(), target, true)
    }

    /// Adds a routing rule. The order in which rules are added does not matter, their priorities do.
    pub fn routing_rule(mut self, rule: RoutingRule<T>) -> Self {
        self.rules.push(rule);
        self
    }

    /// Returns each target and the part that leads to it, mappings before rules, for callers that check targets; the
    /// last member says whether the path names the stage.
    pub fn targets(&self) -> impl Iterator<Item = (DomainPart, &T, bool)> {
        let mappings = self.mappings.iter().map(|mapping| {
            let part = mapping.part.clone();
            (part, &mapping.target, mapping.is_stage_in_path)
        });
        let rules = self.rules.iter().enumerate().map(|(rule, given)| {
            let part = DomainPart::RoutingRule {
                rule,
                priority: given.priority,
                condition: None,
            };
            (part, &given.target, false)
        });
        mappings.chain(rules)
    }

    fn push_base_path_mapping(
        mut self,
        base_path: String,
        target: T,
        is_stage_in_path: bool,
    ) -> Self {
        self.mappings.push(Mapping {
            part: DomainPart::BasePathMapping(self.base_path_mappings),
            base_path,
            target,
            is_stage_in_path,
        });
        self.base_path_mappings += 1;
        self
    }

    fn compile(self, name: Box<str>, mut report: impl FnMut(DomainPart, DomainFault)) -> Entry<T> {
        let mappings = compile_mappings(self.mappings, &mut report);
        let keys = mappings.iter().map(|mapped| &*mapped.base_path);
        let base_paths = BasePaths::new(keys);
        Entry {
            name,
            mode: self.mode,
            base_paths,
            mappings,
            rules: compile_rules(self.rules, &mut report),
        }
    }
}

/// Returns the mappings that are right and reports the faults of the others.
fn compile_mappings<T>(
    mappings: Vec<Mapping<T>>,
    report: &mut impl FnMut(DomainPart, DomainFault),
) -> Box<[Mapped<T>]> {
    let mut known = HashMap::new();
    let mut compiled: Vec<Mapped<T>> = Vec::with_capacity(mappings.len().min(MAX_MAPPINGS));
    for (number, mapping) in mappings.into_iter().enumerate() {
        if number == MAX_MAPPINGS {
            report(mapping.part, DomainFault::TooManyMappings);
            break;
        }
        let base_path = match base_path::parse(&mapping.base_path) {
            Ok(base_path) => base_path.to_owned(),
            Err(fault) => {
                report(mapping.part, fault);
                continue;
            }
        };
        if matches!(mapping.part, DomainPart::BasePathMapping(_)) && base_path.contains('/') {
            report(
                mapping.part.clone(),
                DomainFault::SeveralSegments {
                    base_path: base_path.clone(),
                },
            );
        }
        let first = known.entry(base_path.clone());
        let first = first.or_insert_with(|| mapping.part.clone()).clone();
        if first != mapping.part {
            let fault = DomainFault::DuplicateBasePath { base_path, first };
            report(mapping.part, fault);
            continue;
        }
        compiled.push(Mapped {
            base_path: base_path.into(),
            target: mapping.target,
            is_stage_in_path: mapping.is_stage_in_path,
        });
    }
    compiled.into()
}

/// Returns the rules by priority and reports their faults.
fn compile_rules<T>(
    rules: Vec<RoutingRule<T>>,
    report: &mut impl FnMut(DomainPart, DomainFault),
) -> Box<[CompiledRule<T>]> {
    let mut known = HashMap::new();
    let mut compiled = Vec::with_capacity(rules.len().min(MAX_ROUTING_RULES));
    for (number, rule) in rules.into_iter().enumerate() {
        let priority = rule.priority;
        let part = |condition| DomainPart::RoutingRule {
            rule: number,
            priority,
            condition,
        };
        if number == MAX_ROUTING_RULES {
            report(part(None), DomainFault::TooManyRoutingRules);
            break;
        }
        let first = *known.entry(priority).or_insert(number);
        if first != number {
            report(part(None), DomainFault::DuplicatePriority { first });
        }
        let rule = rule.compile(|condition, fault| report(part(condition), fault));
        compiled.push((priority, rule));
    }
    compiled.sort_by_key(|(priority, _)| *priority);
    compiled.into_iter().map(|(_, rule)| rule).collect()
}
