//! What a table says of requests; what is wrong with domains is in [`faults`], how many there may be in [`limits`].

mod faults;
mod limits;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::*;

type Headers = &'static [(&'static str, &'static str)];

fn headers(pairs: Headers) -> HeaderMap {
    let pairs = pairs.iter().map(|(name, value)| {
        (
            name.parse::<HeaderName>().unwrap(),
            HeaderValue::from_static(value),
        )
    });
    pairs.collect()
}

fn table(domains: impl IntoIterator<Item = Domain<&'static str>>) -> DomainTable<&'static str> {
    domains
        .into_iter()
        .fold(DomainTable::builder(), DomainTableBuilder::domain)
        .build()
        .unwrap()
}

/// The target and the path it is left, or `-`, `forbidden` or `reserved`.
fn outcome(table: &DomainTable<&str>, host: &str, path: &str, pairs: Headers) -> String {
    match table.find(Some(host), path, &headers(pairs)) {
        DomainMatch::Found(found) => {
            format!("{} {}", found.target, &path[found.resource_start()..])
        }
        DomainMatch::NotADomain => "-".to_owned(),
        DomainMatch::Reserved => "reserved".to_owned(),
        DomainMatch::Unmapped => "forbidden".to_owned(),
    }
}

#[test]
fn hosts_have_no_case_no_port_and_no_root() {
    let table = table([Domain::new("API.example.com.").api_mapping("(none)", "one")]);
    let cases = [
        ("api.example.com", "one /v"),
        ("API.Example.COM", "one /v"),
        ("api.example.com:8443", "one /v"),
        ("api.example.com.:443", "one /v"),
        ("api.example.com:x", "-"),
        ("api.example.co", "-"),
        ("api.example.com.uk", "-"),
        ("www.example.com", "-"),
        ("x.api.example.com", "-"),
        ("", "-"),
    ];
    for (host, expected) in cases {
        assert_eq!(outcome(&table, host, "/v", &[]), expected, "{host:?}");
    }
    let without = table.find(None, "/v", &HeaderMap::new());
    assert!(matches!(without, DomainMatch::NotADomain), "no host");
    assert_eq!(table.names().collect::<Vec<_>>(), ["api.example.com"]);
}

#[test]
fn a_wildcard_covers_one_label_and_comes_after_the_exact_name() {
    let table = table([
        Domain::new("*.example.com").api_mapping("", "wildcard"),
        Domain::new("shop.example.com").api_mapping("v1", "shop"),
        Domain::new("*.eu.example.com").api_mapping("", "europe"),
    ]);
    let cases = [
        ("any.example.com", "/v", "wildcard /v"),
        ("ANY.EXAMPLE.COM:80", "/v", "wildcard /v"),
        ("shop.example.com", "/v1/v", "shop /v"),
        ("shop.example.com", "/v", "forbidden"),
        ("eu.example.com", "/v", "wildcard /v"),
        ("a.eu.example.com", "/v", "europe /v"),
        ("a.b.example.com", "/v", "-"),
        ("example.com", "/v", "-"),
        (".example.com", "/v", "-"),
        ("*.example.com", "/v", "-"),
    ];
    for (host, path, expected) in cases {
        assert_eq!(outcome(&table, host, path, &[]), expected, "{host} {path}");
    }
    assert_eq!((table.len(), table.is_empty()), (3, false));
}

#[test]
fn the_longest_mapping_takes_the_request_as_in_the_example_of_the_guide() {
    let table = table([Domain::new("api.example.com")
        .api_mapping("(none)", "1")
        .api_mapping("orders/v1/items", "2")
        .api_mapping("orders/v2/items", "3")
        .api_mapping("orders/v2/items/categories", "4")]);
    let cases = [
        ("/orders/v1/items/123", "2 /123"),
        ("/orders/v2/items", "3 "),
        ("/orders/v2/items/categories/5", "4 /5"),
        ("/customers", "1 /customers"),
        ("/orders", "1 /orders"),
        ("/orders/v2/itemsx", "1 /orders/v2/itemsx"),
        ("/orders/v2/items/", "3 /"),
        ("/Orders/v2/items", "1 /Orders/v2/items"),
        ("/orders/v2/item%73", "1 /orders/v2/item%73"),
        ("/orders//v2/items", "1 /orders//v2/items"),
        ("//orders/v2/items//5", "3 //5"),
        ("/", "1 /"),
        ("", "1 "),
        ("//x", "1 //x"),
        ("*", "1 *"),
        ("/é/orders", "1 /é/orders"),
    ];
    for (path, expected) in cases {
        assert_eq!(
            outcome(&table, "api.example.com", path, &[]),
            expected,
            "{path}"
        );
    }
}

#[test]
fn what_no_mapping_covers_is_forbidden_and_never_the_default_address() {
    let table = table([
        Domain::new("api.example.com").base_path_mapping("v1", "one"),
        Domain::new("empty.example.com"),
    ]);
    for path in ["/v9/v", "/", "", "*", "/v1x", "/V1", "v1", "/prod/v1"] {
        assert_eq!(
            outcome(&table, "api.example.com", path, &[]),
            "forbidden",
            "{path}"
        );
    }
    assert_eq!(outcome(&table, "empty.example.com", "/", &[]), "forbidden");
}

#[test]
fn ping_and_sping_at_the_root_are_reserved_whatever_is_mapped() {
    let table = table([Domain::new("api.example.com")
        .routing_mode(RoutingMode::RoutingRuleThenApiMapping)
        .routing_rule(RoutingRule::new(1, "rule").match_headers([("x-rule", "*")]))
        .api_mapping("", "rest")
        .api_mapping("ping", "ping")]);
    let cases = [
        ("/ping", "reserved"),
        ("/sping", "reserved"),
        ("//ping/", "reserved"),
        ("/ping/x", "ping /x"),
        ("/sping/x", "rest /sping/x"),
        ("/Ping", "rest /Ping"),
        ("/v1/ping", "rest /v1/ping"),
        ("ping", "rest ping"),
    ];
    for (path, expected) in cases {
        assert_eq!(
            outcome(&table, "api.example.com", path, &[]),
            expected,
            "{path}"
        );
    }
    let with_rule = outcome(&table, "api.example.com", "/ping", &[("x-rule", "")]);
    assert_eq!(with_rule, "reserved");
    assert_eq!(outcome(&table, "example.com", "/ping", &[]), "-");
}

#[test]
fn a_mapping_without_a_stage_leaves_it_to_the_path() {
    let table = table([
        Domain::new("api.example.com").base_path_mapping_to_named_stage("v1", "api"),
        Domain::new("all.example.com").base_path_mapping_to_named_stage("(none)", "api"),
    ]);
    // The stage, the path of `$context.path`, and the path of the resource.
    let cases = [
        ("api", "/v1/prod/x", ("prod", "/v1/prod/x", "/x")),
        ("api", "/v1/prod", ("prod", "/v1/prod", "")),
        ("api", "//v1//prod//x", ("prod", "/v1//prod//x", "//x")),
        ("api", "/v1", ("", "/v1", "")),
        ("api", "/v1/", ("", "/v1/", "")),
        ("all", "/prod/x", ("prod", "/prod/x", "/x")),
        ("all", "//prod/x", ("prod", "/prod/x", "/x")),
        ("all", "/", ("", "/", "")),
        ("all", "//", ("", "//", "")),
        ("all", "", ("", "", "")),
        ("all", "*", ("", "*", "*")),
    ];
    for (host, path, expected) in cases {
        let host = format!("{host}.example.com");
        let DomainMatch::Found(found) = table.find(Some(&host), path, &HeaderMap::new()) else {
            panic!("{host} {path}");
        };
        let stage = found.stage.clone().map(|stage| &path[stage]);
        let rest = &path[found.resource_start()..];
        let found = (stage, &path[found.path_start..], rest);
        let (stage, context_path, rest) = expected;
        assert_eq!(found, (Some(stage), context_path, rest), "{host} {path}");
    }
}

#[test]
fn a_match_says_what_the_logs_need() {
    let shop = |priority| RoutingRule::new(priority, "shop").match_base_paths(["shop", "shop/eu"]);
    let stripping = shop(15)
        .match_headers([("x-eu", "*")])
        .strip_base_path(true);
    let table = table([Domain::new("api.example.com")
        .routing_mode(RoutingMode::RoutingRuleThenApiMapping)
        .routing_rule(
            RoutingRule::new(10, "beta")
                .match_headers([("x-beta", "*")])
                .id("abc123"),
        )
        .routing_rule(shop(20))
        .routing_rule(stripping.id("eu"))
        .api_mapping("", "rest")
        .api_mapping("v1", "one")]);
    type Said = (Option<&'static str>, Option<&'static str>, usize, usize);
    let cases: [(&str, Headers, Said); 7] = [
        ("/v1/x", &[], (Some("v1"), None, 0, 3)),
        ("//v1/x", &[], (Some("v1"), None, 1, 4)),
        ("//x", &[], (Some(""), None, 0, 0)),
        ("/v1/x", &[("x-beta", "1")], (None, Some("abc123"), 0, 0)),
        ("//shop/x", &[], (Some("shop"), Some("20"), 0, 0)),
        ("/shop/eu", &[], (Some("shop/eu"), Some("20"), 0, 0)),
        (
            "//shop/eu",
            &[("x-eu", "")],
            (Some("shop/eu"), Some("eu"), 1, 9),
        ),
    ];
    for (path, pairs, expected) in cases {
        let headers = headers(pairs);
        let DomainMatch::Found(found) = table.find(Some("api.example.com"), path, &headers) else {
            panic!("{path}");
        };
        let said = (
            found.base_path,
            found.routing_rule_id,
            found.path_start,
            found.base_path_end,
        );
        assert_eq!(said, expected, "{path} {pairs:?}");
    }
}

#[test]
fn the_lowest_priority_that_matches_goes_first_wherever_it_stands() {
    let table = table([Domain::new("api.example.com")
        .routing_mode(RoutingMode::RoutingRuleOnly)
        .routing_rule(RoutingRule::new(200, "one"))
        .routing_rule(RoutingRule::new(MAX_PRIORITY, "last"))
        .routing_rule(RoutingRule::new(10, "two").match_headers([("X-Beta", "a*")]))
        .routing_rule(RoutingRule::new(1, "first").match_headers([("x-beta", "abc")]))]);
    let cases: [(&str, Headers, &str); 6] = [
        ("the first", &[("x-beta", "abc")], "first /v"),
        ("the next", &[("x-beta", "abd")], "two /v"),
        (
            "any of the values",
            &[("x-beta", "b"), ("x-beta", "a")],
            "two /v",
        ),
        ("one value of two", &[("x-beta", "b, a")], "one /v"),
        ("another value", &[("x-beta", "b")], "one /v"),
        ("no header", &[], "one /v"),
    ];
    for (name, pairs, expected) in cases {
        assert_eq!(
            outcome(&table, "api.example.com", "/v", pairs),
            expected,
            "{name}"
        );
    }
}

#[test]
fn all_conditions_of_a_rule_must_hold_and_one_alternative_of_each() {
    let rule = RoutingRule::new(1, "two")
        .match_headers([("x-a", "1"), ("x-a", "2"), ("x-c", "*")])
        .match_headers([("x-b", "1")])
        .match_base_paths(["shop", "store/v2"]);
    let table = table([Domain::new("api.example.com")
        .routing_mode(RoutingMode::RoutingRuleOnly)
        .routing_rule(rule)]);
    let cases: [(&str, Headers, &str); 8] = [
        ("/shop/v", &[("x-a", "2"), ("x-b", "1")], "two /shop/v"),
        ("/shop", &[("X-A", "1"), ("X-B", "1")], "two /shop"),
        (
            "/store/v2/v",
            &[("x-c", ""), ("x-b", "1")],
            "two /store/v2/v",
        ),
        ("/shop/v", &[("x-a", "1")], "forbidden"),
        ("/shop/v", &[("x-a", "3"), ("x-b", "1")], "forbidden"),
        ("/store/v", &[("x-a", "1"), ("x-b", "1")], "forbidden"),
        ("/shops", &[("x-a", "1"), ("x-b", "1")], "forbidden"),
        ("/Shop", &[("x-a", "1"), ("x-b", "1")], "forbidden"),
    ];
    for (path, pairs, expected) in cases {
        let found = outcome(&table, "api.example.com", path, pairs);
        assert_eq!(found, expected, "{path} {pairs:?}");
    }
}

#[test]
fn a_rule_passes_the_whole_path_unless_it_strips() {
    let table = table([Domain::new("api.example.com")
        .routing_mode(RoutingMode::RoutingRuleOnly)
        .routing_rule(
            RoutingRule::new(1, "one")
                .match_base_paths(["shop", "shop/eu"])
                .strip_base_path(true),
        )
        .routing_rule(RoutingRule::new(2, "two").match_base_paths(["store"]))
        .routing_rule(
            RoutingRule::new(3, "all")
                .match_base_paths(["(none)"])
                .strip_base_path(true),
        )]);
    let cases = [
        ("/shop/v", "one /v"),
        ("/shop", "one "),
        ("//shop/v", "one /v"),
        ("/shop/eu/v", "one /v"),
        ("/store/v", "two /store/v"),
        ("/v", "all /v"),
        ("*", "all *"),
    ];
    for (path, expected) in cases {
        assert_eq!(
            outcome(&table, "api.example.com", path, &[]),
            expected,
            "{path}"
        );
    }
}

#[test]
fn the_mode_says_what_is_looked_at() {
    let modes = [
        (
            RoutingMode::ApiMappingOnly,
            ["mapping ", "mapping ", "forbidden"],
        ),
        (
            RoutingMode::RoutingRuleOnly,
            ["forbidden", "rule /v1", "rule /v2"],
        ),
        (
            RoutingMode::RoutingRuleThenApiMapping,
            ["mapping ", "rule /v1", "rule /v2"],
        ),
    ];
    let requests: [(&str, Headers); 3] = [
        ("/v1", &[]),
        ("/v1", &[("x-a", "1")]),
        ("/v2", &[("x-a", "1")]),
    ];
    for (mode, expected) in modes {
        let table = table([Domain::new("api.example.com")
            .routing_mode(mode)
            .routing_rule(RoutingRule::new(1, "rule").match_headers([("x-a", "1")]))
            .api_mapping("v1", "mapping")]);
        let found = requests.map(|(path, pairs)| outcome(&table, "api.example.com", path, pairs));
        assert_eq!(found, expected, "{mode}");
    }
}

#[test]
fn two_domains_may_have_the_same_base_path() {
    let table = table([
        Domain::new("api.example.com").base_path_mapping("v1", "one"),
        Domain::new("api.example.org").base_path_mapping("v1", "two"),
    ]);
    assert_eq!(outcome(&table, "api.example.com", "/v1/v", &[]), "one /v");
    assert_eq!(outcome(&table, "api.example.org", "/v1/v", &[]), "two /v");
}

#[test]
fn targets_are_listed_with_the_parts_that_lead_to_them() {
    let domain = Domain::new("a.com")
        .routing_rule(RoutingRule::new(9, "rule"))
        .base_path_mapping_to_named_stage("b", "named")
        .api_mapping("a", "api")
        .base_path_mapping("c", "base path");
    let rule = DomainPart::RoutingRule {
        rule: 0,
        priority: 9,
        condition: None,
    };
    let expected = [
        (DomainPart::BasePathMapping(0), &"named", true),
        (DomainPart::ApiMapping(0), &"api", false),
        (DomainPart::BasePathMapping(1), &"base path", false),
        (rule, &"rule", false),
    ];
    assert_eq!(domain.targets().collect::<Vec<_>>(), expected);
}
