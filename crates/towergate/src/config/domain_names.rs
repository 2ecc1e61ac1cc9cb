//! Domain names: their base paths, API mappings and routing rules.

use towergate_definition::{Diagnostic, Place};
use towergate_openapi::document::Node;
use towergate_routing::{Domain, MAX_PRIORITY, RoutingMode, RoutingRule};

use super::fields::{Fields, text};
use crate::DomainTarget;

pub(super) const DOMAIN_NAME_KEYS: &[&str] = &[
    "apiMappings",
    "basePathMappings",
    "domainName",
    "routingMode",
    "routingRules",
];
pub(super) const BASE_PATH_MAPPING_KEYS: &[&str] = &["basePath", "restApiId", "stage"];
pub(super) const API_MAPPING_KEYS: &[&str] = &["apiId", "apiMappingKey", "stage"];
pub(super) const ROUTING_RULE_KEYS: &[&str] = &["actions", "conditions", "priority", "ruleId"];
pub(super) const CONDITION_KEYS: &[&str] = &["matchBasePaths", "matchHeaders"];
pub(super) const INVOKE_API_KEYS: &[&str] = &["apiId", "stage", "stripBasePath"];

/// How a mapping says that the caller's path names the stage.
const NO_STAGE: &str = "(none)";

/// Reads the domain names. Each has its place in the list, so that what is wrong with it is found again.
pub(super) fn domain_names(
    file: &Fields<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Domain<DomainTarget>> {
    let items = file.items("domainNames", diagnostics).into_iter();
    items
        .map(|(node, place)| domain_name(node, place, diagnostics))
        .collect()
}

fn domain_name(
    node: &Node,
    place: Place,
    diagnostics: &mut Vec<Diagnostic>,
) -> Domain<DomainTarget> {
    let Some(fields) = Fields::known(node, place, DOMAIN_NAME_KEYS, diagnostics) else {
        return Domain::new("");
    };
    let name = fields.required("domainName", "a domain has a name", diagnostics);
    let mut domain = Domain::new(name.unwrap_or_default());
    let wanted = "a routing mode: `API_MAPPING_ONLY`, `ROUTING_RULE_ONLY` or `ROUTING_RULE_THEN_API_MAPPING`";
    let mode = fields.parse("routingMode", wanted, diagnostics, |text| {
        text.parse::<RoutingMode>().ok()
    });
    if let Some(mode) = mode {
        domain = domain.routing_mode(mode);
    }
    for (node, place) in fields.items("basePathMappings", diagnostics) {
        domain = base_path_mapping(domain, node, place, diagnostics);
    }
    for (node, place) in fields.items("apiMappings", diagnostics) {
        domain = api_mapping(domain, node, place, diagnostics);
    }
    // Stands for a priority that cannot be read, and is nobody else's.
    let mut stand_in = MAX_PRIORITY;
    for (node, place) in fields.items("routingRules", diagnostics) {
        domain = domain.routing_rule(routing_rule(node, place, stand_in, diagnostics));
        stand_in = stand_in.saturating_sub(1).max(1);
    }
    domain
}

fn base_path_mapping(
    domain: Domain<DomainTarget>,
    node: &Node,
    place: Place,
    diagnostics: &mut Vec<Diagnostic>,
) -> Domain<DomainTarget> {
    let Some(fields) = Fields::known(node, place, BASE_PATH_MAPPING_KEYS, diagnostics) else {
        return domain;
    };
    let base_path = fields.text("basePath", diagnostics).unwrap_or_default();
    let api = fields.required("restApiId", "a mapping names its API", diagnostics);
    let stage = fields.text("stage", diagnostics).unwrap_or(NO_STAGE);
    let api = api.unwrap_or_default();
    match stage {
        NO_STAGE | "" => {
            domain.base_path_mapping_to_named_stage(base_path, DomainTarget::new(api, ""))
        }
        stage => domain.base_path_mapping(base_path, DomainTarget::new(api, stage)),
    }
}

fn api_mapping(
    domain: Domain<DomainTarget>,
    node: &Node,
    place: Place,
    diagnostics: &mut Vec<Diagnostic>,
) -> Domain<DomainTarget> {
    let Some(fields) = Fields::known(node, place, API_MAPPING_KEYS, diagnostics) else {
        return domain;
    };
    let key = fields
        .text("apiMappingKey", diagnostics)
        .unwrap_or_default();
    domain.api_mapping(key, target(&fields, diagnostics))
}

/// Reads API and stage. What is missing is reported, and is no other error.
fn target(fields: &Fields<'_>, diagnostics: &mut Vec<Diagnostic>) -> DomainTarget {
    let api = fields.required("apiId", "an API is named", diagnostics);
    let stage = fields.required("stage", "a stage is named", diagnostics);
    DomainTarget::new(api.unwrap_or_default(), stage.unwrap_or_default())
}

fn routing_rule(
    node: &Node,
    place: Place,
    stand_in: u32,
    diagnostics: &mut Vec<Diagnostic>,
) -> RoutingRule<DomainTarget> {
    let Some(fields) = Fields::known(node, place, ROUTING_RULE_KEYS, diagnostics) else {
        return RoutingRule::new(stand_in, DomainTarget::default());
    };
    fields.required("priority", "a routing rule has a priority", diagnostics);
    let wanted = "a whole number from 1 to 1000000";
    let priority = fields.parse("priority", wanted, diagnostics, |text| text.parse().ok());
    let actions = fields.items("actions", diagnostics);
    let action = match &actions[..] {
        [(node, place)] => invoke_api(node, place, diagnostics),
        _ => {
            let message = "a routing rule has one action: write `actions: [{invokeApi: {apiId: …, stage: …}}]`";
            diagnostics.push(Diagnostic::error(fields.place("actions"), message));
            None
        }
    };
    let (target, strip) = action.unwrap_or_default();
    let mut rule = RoutingRule::new(priority.unwrap_or(stand_in), target).strip_base_path(strip);
    if let Some(id) = fields.text("ruleId", diagnostics) {
        rule = rule.id(id);
    }
    for (node, place) in fields.items("conditions", diagnostics) {
        rule = condition(rule, node, place, diagnostics);
    }
    rule
}

fn invoke_api(
    node: &Node,
    place: &Place,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<(DomainTarget, bool)> {
    let fields = Fields::known(node, place.clone(), &["invokeApi"], diagnostics)?;
    let Some((node, place)) = fields.get("invokeApi") else {
        let message = "the action of a routing rule is `invokeApi`";
        diagnostics.push(Diagnostic::error(place.clone(), message));
        return None;
    };
    let fields = Fields::known(node, place, INVOKE_API_KEYS, diagnostics)?;
    let strip = fields.flag("stripBasePath", diagnostics).unwrap_or(false);
    Some((target(&fields, diagnostics), strip))
}

fn condition(
    mut rule: RoutingRule<DomainTarget>,
    node: &Node,
    place: Place,
    diagnostics: &mut Vec<Diagnostic>,
) -> RoutingRule<DomainTarget> {
    let Some(fields) = Fields::known(node, place, CONDITION_KEYS, diagnostics) else {
        return rule;
    };
    if let Some((node, place)) = fields.get("matchHeaders") {
        let mut pairs = Vec::new();
        for (node, place) in any_of(node, place, diagnostics) {
            let Some(fields) = Fields::known(node, place, &["header", "valueGlob"], diagnostics)
            else {
                continue;
            };
            let header = fields.required("header", "a header has a name", diagnostics);
            let glob = fields.required("valueGlob", "a header has a pattern", diagnostics);
            pairs.extend(header.zip(glob));
        }
        rule = rule.match_headers(pairs);
    }
    if let Some((node, place)) = fields.get("matchBasePaths") {
        let paths = any_of(node, place, diagnostics).into_iter();
        let paths: Vec<_> = paths
            .filter_map(|(node, place)| text(node, place, diagnostics))
            .collect();
        rule = rule.match_base_paths(paths);
    }
    rule
}

fn any_of<'a>(
    node: &'a Node,
    place: Place,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<(&'a Node, Place)> {
    let fields = Fields::known(node, place, &["anyOf"], diagnostics);
    fields.map_or_else(Vec::new, |fields| fields.items("anyOf", diagnostics))
}
