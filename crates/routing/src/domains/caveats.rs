//! What works here and would not in API Gateway.

use super::{
    base_path,
    builder::Domain,
    error::{ConditionPart, DomainCaveat, DomainPart},
    routing_rule::RoutingRule,
};

/// The quota of rules for a domain.
const RULES: usize = 50;

/// The quota of mappings of several segments for a domain.
const SEVERAL_SEGMENTS: usize = 200;

pub(crate) fn of_domain<T>(domain: &Domain<T>) -> Vec<(DomainPart, DomainCaveat)> {
    let mut caveats = Vec::new();
    let mut several_segments = 0;
    for mapping in &domain.mappings {
        let base_path = base_path::parse(&mapping.base_path).unwrap_or_default();
        several_segments += usize::from(base_path.contains('/'));
        if matches!(base_path, "ping" | "sping") {
            let base_path = base_path.to_owned();
            let caveat = DomainCaveat::ReservedBasePath { base_path };
            caveats.push((mapping.part.clone(), caveat));
        }
    }
    if several_segments > SEVERAL_SEGMENTS {
        let caveat = DomainCaveat::SeveralSegmentsOverQuota {
            count: several_segments,
            quota: SEVERAL_SEGMENTS,
        };
        caveats.push((DomainPart::Domain, caveat));
    }
    let count = domain.rules.len();
    if count > RULES {
        let caveat = DomainCaveat::RoutingRulesOverQuota {
            count,
            quota: RULES,
        };
        caveats.push((DomainPart::Domain, caveat));
    }
    let rules = domain.rules.iter().enumerate();
    caveats.extend(rules.flat_map(|(number, rule)| of_rule(number, rule)));
    caveats
}

fn of_rule<T>(
    number: usize,
    rule: &RoutingRule<T>,
) -> impl Iterator<Item = (DomainPart, DomainCaveat)> {
    let pairs = rule
        .match_headers
        .iter()
        .enumerate()
        .flat_map(|(condition, pairs)| {
            let pairs = pairs.iter().enumerate();
            pairs.map(move |(pair, (header, _))| (condition, pair, header))
        });
    let forbidden = pairs.filter(|(_, _, header)| is_forbidden(header));
    forbidden.map(move |(condition, pair, header)| {
        let condition = ConditionPart::MatchHeaders {
            condition,
            pair: Some(pair),
        };
        let part = DomainPart::RoutingRule {
            rule: number,
            priority: rule.priority,
            condition: Some(condition),
        };
        let header = header.clone();
        (part, DomainCaveat::ForbiddenHeader { header })
    })
}

fn is_forbidden(header: &str) -> bool {
    let header = header.to_ascii_lowercase();
    FORBIDDEN.contains(&&*header)
        || FORBIDDEN_PREFIXES
            .iter()
            .any(|prefix| header.starts_with(prefix))
}

const FORBIDDEN: &[&str] = &[
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "content-location",
    "forwarded",
    "keep-alive",
    "origin",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailers",
    "transfer-encoding",
    "upgrade",
    "via",
    "x-apigw-api-id",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-restapi",
];

const FORBIDDEN_PREFIXES: &[&str] = &["access-control-", "apigw-", "x-amz-", "x-amzn-"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forbidden_headers_are_known_in_any_case_and_by_prefix() {
        let cases = [
            ("Authorization", true),
            ("x-restAPI", true),
            ("X-Forwarded-Proto", true),
            ("X-Amz-Date", true),
            ("x-amzn-trace-id", true),
            ("Access-Control-Request-Method", true),
            ("apigw-requestid", true),
            ("x-forwarded", false),
            ("x-amazing", false),
            ("host", false),
            ("x-authorization", false),
        ];
        for (header, expected) in cases {
            assert_eq!(is_forbidden(header), expected, "{header}");
        }
    }
}
