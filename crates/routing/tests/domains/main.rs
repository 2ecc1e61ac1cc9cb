//! The domain table against loops over lists that know nothing of trees, sorting and offsets; and what it costs.

mod reference;

use std::collections::BTreeSet;

use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::{collection::vec, option, prelude::*, sample::select};
use towergate_routing::{
    Domain, DomainMatch, DomainTable, DomainTableBuilder, MAX_ROUTING_RULES, RoutingMode,
    RoutingRule,
};

use reference::{ListedDomain, ListedMapping, ListedRule};

const NAMES: [&str; 7] = [
    "a.com",
    "A.com.",
    "*.a.com",
    "b.a.com",
    "*.b.a.com",
    "com",
    "*.com",
];
const HOSTS: [&str; 16] = [
    "a.com",
    "A.COM:80",
    "a.com.",
    "b.a.com",
    "c.a.com",
    "C_1.a.com.:1",
    "x.b.a.com",
    "x.y.a.com",
    "com",
    "org",
    ".a.com",
    "a b.com",
    "a.com:x",
    "",
    "*.a.com",
    "b.com",
];
const BASE_PATHS: [&str; 10] = [
    "",
    "(none)",
    "a",
    "b",
    "a/b",
    "a/b/a",
    "a/long-segment",
    "long-segment/a",
    "A",
    "ping",
];
const SEGMENTS: [&str; 9] = [
    "a",
    "b",
    "ab",
    "A",
    "long-segment",
    "",
    "ping",
    "sping",
    "é",
];
const GLOBS: [&str; 9] = ["a", "b", "ab", "a*", "*b", "*a*", "*", "?", "*ab*"];
const VALUES: [&str; 8] = ["", "a", "b", "ab", "ba", "aab", "?", "a, b"];
const MODES: [RoutingMode; 3] = [
    RoutingMode::ApiMappingOnly,
    RoutingMode::RoutingRuleOnly,
    RoutingMode::RoutingRuleThenApiMapping,
];

fn text(texts: &'static [&'static str]) -> impl Strategy<Value = String> {
    select(texts).prop_map(str::to_owned)
}

/// Mappings of which no two have the same base path.
fn mappings() -> impl Strategy<Value = Vec<ListedMapping>> {
    let mapping = (text(&BASE_PATHS), any::<bool>()).prop_map(|(base_path, named)| ListedMapping {
        is_stage_in_path: named && !base_path.contains('/'),
        base_path,
    });
    vec(mapping, 0..7).prop_map(|mut mappings| {
        let mut known = BTreeSet::new();
        mappings.retain(|mapping| known.insert(mapping.base_path.replace("(none)", "")));
        mappings
    })
}

fn rules() -> impl Strategy<Value = Vec<ListedRule>> {
    let pair = (text(&["x-a", "X-B"]), text(&GLOBS));
    let rule = (
        1..20_u32,
        any::<bool>(),
        vec(vec(pair, 1..3), 0..3),
        option::weighted(0.6, vec(text(&BASE_PATHS), 1..4)),
    );
    let rule = rule.prop_map(|(priority, strips, headers, base_paths)| ListedRule {
        priority,
        strips,
        headers,
        base_paths,
    });
    vec(rule, 0..5).prop_map(|mut rules| {
        let mut known = BTreeSet::new();
        rules.retain(|rule| known.insert(rule.priority));
        rules
    })
}

/// Domains of which no two have the same name.
fn domains() -> impl Strategy<Value = Vec<ListedDomain>> {
    let domain = (text(&NAMES), select(&MODES[..]), mappings(), rules());
    let domain = domain.prop_map(|(name, mode, mappings, rules)| ListedDomain {
        name,
        mode,
        mappings,
        rules,
    });
    vec(domain, 0..6).prop_map(|mut domains| {
        let mut known = BTreeSet::new();
        domains.retain(|domain| known.insert(domain.name.trim_end_matches('.').to_lowercase()));
        domains
    })
}

fn paths() -> impl Strategy<Value = String> {
    let before = select(vec!["/", "/", "/", "//", "///", ""]);
    (
        before,
        vec(select(&SEGMENTS[..]), 0..5),
        select(vec!["", "/", "//"]),
    )
        .prop_map(|(before, segments, after)| format!("{before}{}{after}", segments.join("/")))
}

fn headers() -> impl Strategy<Value = HeaderMap> {
    let pair = (select(vec!["x-a", "x-b"]), select(&VALUES[..]));
    vec(pair, 0..4).prop_map(|pairs| {
        let pairs = pairs.into_iter().map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        });
        pairs.collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 4_096,
        failure_persistence: None,
        rng_seed: proptest::test_runner::RngSeed::Fixed(7),
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_table_agrees_with_the_lists(
        domains in domains(),
        requests in vec((option::weighted(0.95, select(&HOSTS[..])), paths(), headers()), 1..12),
    ) {
        let table = reference::builder(&domains).build().expect("the domains are right");
        for (host, path, headers) in requests {
            let said = reference::ask(&table, host, &path, &headers);
            let expected = reference::expect(&domains, host, &path, &headers);
            prop_assert_eq!(said, expected, "{:?} {} {:?}", host, path, headers);
        }
    }

    #[test]
    fn any_text_is_a_table_or_an_error_and_never_a_panic(
        texts in vec("[*.a-c:/%(é ]{0,10}", 8),
        priority in any::<u32>(),
    ) {
        let [name, key, base_path, header, glob, matched, host, path] = &texts[..] else {
            unreachable!("there are eight");
        };
        let rule = RoutingRule::new(priority, ())
            .match_headers([(header, glob)])
            .match_base_paths([matched]);
        let domain = Domain::new(name)
            .routing_mode(RoutingMode::RoutingRuleThenApiMapping)
            .api_mapping(key, ())
            .base_path_mapping(base_path, ())
            .routing_rule(rule);
        let builder = DomainTable::builder().domain(domain);
        drop(builder.warnings());
        match builder.build() {
            Ok(table) => drop(table.find(Some(host), path, &HeaderMap::new())),
            Err(errors) => prop_assert!(errors.iter().all(|error| !error.to_string().is_empty())),
        }
    }
}

#[test]
fn a_lookup_does_not_allocate() {
    let mapped = |name: String| {
        let keys = (0..200).map(|number| format!("orders/v{number}/items"));
        keys.fold(Domain::new(name), |domain, key| domain.api_mapping(key, ()))
    };
    let names = (0..100).map(|number| format!("api-{number}.example.com"));
    let mut rules = (1..=MAX_ROUTING_RULES as u32).map(|priority| {
        RoutingRule::new(priority, ())
            .match_headers([("x-rule", format!("*{priority}"))])
            .match_base_paths(["shop/eu", "shop"])
    });
    let ruled = rules
        .by_ref()
        .fold(Domain::new("*.example.com"), Domain::routing_rule);
    let table = names
        .map(mapped)
        .chain([ruled.routing_mode(RoutingMode::RoutingRuleThenApiMapping)])
        .fold(DomainTable::builder(), DomainTableBuilder::domain)
        .build()
        .expect("the domains are right");

    let mut headers = HeaderMap::new();
    headers.insert("x-rule", HeaderValue::from_static("rule-1000"));
    let long = format!("/orders/v7/items{}", "/a".repeat(10_000));
    let requests = [
        ("API-7.Example.com:443", "//orders/v199/items/7", "found"),
        ("api-99.example.com.", &long, "found"),
        ("api-99.example.com", "/orders/v200/items/7", "unmapped"),
        ("shop.example.com", "/shop/eu/7", "found"),
        ("shop.example.com", "/store", "unmapped"),
        ("shop.example.com", "/ping", "reserved"),
        ("a.shop.example.com", "/shop", "no domain"),
    ];
    for (host, path, expected) in requests {
        let mut said = "";
        let allocations = allocation_counter::measure(|| {
            said = match table.find(Some(host), path, &headers) {
                DomainMatch::Found(_) => "found",
                DomainMatch::NotADomain => "no domain",
                DomainMatch::Reserved => "reserved",
                DomainMatch::Unmapped => "unmapped",
            };
        });
        assert_eq!(said, expected, "{host} {path:.40}");
        assert_eq!(allocations.count_total, 0, "{host} {path:.40}");
    }
}
