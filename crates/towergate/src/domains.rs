//! The domain names of a gateway, and the stages they lead to.

use std::{collections::BTreeMap, fmt};

use towergate_definition::{Diagnostic, Place};
use towergate_routing::{Domain, DomainPart, DomainTable};

/// The stage that a domain name's mapping or routing rule leads to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct DomainTarget {
    /// The API's id.
    pub api_id: String,
    /// The stage's name; of no meaning where the caller's path names the stage.
    pub stage: String,
}

impl DomainTarget {
    /// Creates a target.
    #[must_use]
    pub fn new(api_id: impl Into<String>, stage: impl Into<String>) -> Self {
        Self {
            api_id: api_id.into(),
            stage: stage.into(),
        }
    }
}

/// The domains of a gateway, as they are looked up.
pub(crate) type Domains = DomainTable<DomainTarget>;

/// Checks domains, and reports all that is wrong with them, each at its place.
pub(crate) fn compile(
    domains: &[Domain<DomainTarget>],
    stages: &BTreeMap<&str, Vec<&str>>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Domains> {
    let place = |domain: usize, part: &DomainPart| {
        let domain = Place::from_iter(["domainNames", &domain.to_string()]);
        match part {
            DomainPart::ApiMapping(mapping) => domain.key("apiMappings").key(mapping.to_string()),
            DomainPart::BasePathMapping(mapping) => {
                domain.key("basePathMappings").key(mapping.to_string())
            }
            DomainPart::RoutingRule { rule, .. } => {
                domain.key("routingRules").key(rule.to_string())
            }
            _ => domain.key("domainName"),
        }
    };
    let mut builder = DomainTable::builder();
    for (number, domain) in domains.iter().enumerate() {
        for (part, target, is_stage_in_path) in domain.targets() {
            if let Some(message) = dangling(target, is_stage_in_path, stages) {
                diagnostics.push(Diagnostic::error(place(number, &part), message));
            }
        }
        builder = builder.domain(domain.clone());
    }
    let warnings = builder.warnings().into_iter();
    diagnostics.extend(warnings.map(|warning| {
        let place = place(warning.domain, &warning.part);
        Diagnostic::warning(place, warning.to_string())
    }));
    let refused = |errors: towergate_routing::DomainErrors| {
        diagnostics.extend(errors.iter().map(|error| {
            let place = place(error.domain, &error.part);
            Diagnostic::error(place, error.to_string())
        }));
    };
    builder.build().map_err(refused).ok()
}

/// Says what a target names that there is not.
fn dangling(
    target: &DomainTarget,
    is_stage_in_path: bool,
    stages: &BTreeMap<&str, Vec<&str>>,
) -> Option<impl fmt::Display + Into<String> + use<>> {
    let DomainTarget { api_id, stage } = target;
    // What is not named at all has been reported as that.
    if api_id.is_empty() {
        return None;
    }
    match stages.get(api_id.as_str()) {
        None => Some(format!("there is no API `{api_id}`")),
        Some(_) if is_stage_in_path || stage.is_empty() => None,
        Some(stages) if stages.contains(&stage.as_str()) => None,
        Some(_) => Some(format!("the API `{api_id}` has no stage `{stage}`")),
    }
}
