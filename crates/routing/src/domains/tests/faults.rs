use super::*;

/// Domains, and what is wrong with them, as it is printed.
type Case<'a> = (&'a str, Vec<Domain<()>>, &'a [&'a str]);

pub(super) fn builder(domains: Vec<Domain<()>>) -> DomainTableBuilder<()> {
    domains
        .into_iter()
        .fold(DomainTable::builder(), DomainTableBuilder::domain)
}

pub(super) fn errors(domains: Vec<Domain<()>>) -> Vec<DomainError> {
    let built = builder(domains).build();
    built.err().into_iter().flatten().collect()
}

fn assert_errors<'a>(cases: impl IntoIterator<Item = Case<'a>>) {
    for (name, domains, expected) in cases {
        let errors = errors(domains);
        let messages: Vec<_> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(messages, expected, "{name}");
    }
}

#[test]
fn the_name_of_a_domain_is_a_host_name_or_a_wildcard() {
    let label = "a".repeat(63);
    let longest = [&*label, &*label, &*label, &label[..61]].join(".");
    let right = [
        "localhost",
        "127.0.0.1",
        "xn--bcher-kva.example",
        "*.a.com",
        "A.com.",
        &longest,
    ];
    for name in right {
        assert_eq!(errors(vec![Domain::new(name)]), [], "{name}");
    }
    let wildcard = "`*` stands only for the whole first label of a name, as in `*.example.com`";
    let port = "the name of a domain has no port";
    let character = "is none of the letters, digits, hyphens and dots of a host name";
    let ends = "of the host name is not 1 to 63 characters with letters or digits at both ends";
    let cases = [
        ("*", wildcard),
        ("*.", wildcard),
        ("a.*.com", wildcard),
        ("*a.com", wildcard),
        ("*.*.com", wildcard),
        ("a.com:443", port),
        ("a.com:", port),
        ("a.com:x", port),
        ("[::1]", port),
        ("a_b.com", character),
        ("bücher.example", character),
        ("a b", character),
        ("", ends),
        (".", ends),
        ("a..b", ends),
        (".a", ends),
        ("a..", ends),
        ("-a.com", ends),
        ("a-.com", ends),
        (&format!("a{label}.com"), ends),
        (
            &format!("a.{longest}"),
            "the host name has more than 253 characters",
        ),
    ];
    for (name, expected) in cases {
        let errors = errors(vec![Domain::new(name)]);
        let messages: Vec<_> = errors.iter().map(ToString::to_string).collect();
        let [message] = &messages[..] else {
            panic!("{name}: {messages:?}");
        };
        assert!(
            message.starts_with("domain `") && message.contains(expected),
            "{message}"
        );
    }
}

#[test]
fn domains_have_different_names() {
    let named = |names: &[&str]| names.iter().map(|name| Domain::new(*name)).collect();
    assert_errors([
        (
            "a wildcard beside the name it covers",
            named(&["*.a.com", "b.a.com"]),
            &[] as &[_],
        ),
        (
            "another case, and the root",
            named(&["a.com", "b.com", "A.com."]),
            &["domain `A.com.`: there are two domains of this name"],
        ),
        (
            "the same wildcard",
            named(&["*.a.com", "*.A.com"]),
            &["domain `*.A.com`: there are two domains of this name"],
        ),
    ]);
}

#[test]
fn base_paths_are_different_and_have_their_syntax() {
    let domain = || Domain::new("a.com");
    assert_errors([
        (
            "the same twice",
            vec![
                domain()
                    .base_path_mapping("v1", ())
                    .base_path_mapping("v1", ()),
            ],
            &["domain `a.com`: base path `v1` is mapped twice"] as &[_],
        ),
        (
            "the same in both versions",
            vec![domain().base_path_mapping("v1", ()).api_mapping("v1", ())],
            &["domain `a.com`: base path `v1` is mapped twice"],
        ),
        (
            "nothing in two spellings",
            vec![
                domain()
                    .base_path_mapping_to_named_stage("(none)", ())
                    .api_mapping("", ()),
            ],
            &["domain `a.com`: the empty base path is mapped twice"],
        ),
        (
            "another case is another base path",
            vec![domain().api_mapping("v1", ()).api_mapping("V1", ())],
            &[],
        ),
        (
            "several segments where there is one",
            vec![domain().base_path_mapping("a/b", ())],
            &[
                "domain `a.com`: base path `a/b` of a base path mapping has several segments; write it as an API \
               mapping",
            ],
        ),
        (
            "characters",
            vec![
                domain()
                    .api_mapping("a/{b}", ())
                    .base_path_mapping("a%20", ()),
            ],
            &[
                "domain `a.com`: `{` in base path `a/{b}` is none of the letters, digits and `$-_.+!*'()/`",
                "domain `a.com`: `%` in base path `a%20` is none of the letters, digits and `$-_.+!*'()/`",
            ],
        ),
        (
            "slashes at an end",
            vec![domain().base_path_mapping("/v1", ())],
            &[
                "domain `a.com`: base path `/v1` has an empty segment; write it without slashes at its ends, and with \
               single ones between segments",
            ],
        ),
    ]);
}

#[test]
fn rules_have_their_bounds() {
    let domain = |rule| vec![Domain::new("a.com").routing_rule(rule)];
    let rule = |priority| RoutingRule::new(priority, ());
    let prefix = "domain `a.com`: routing rule of priority";
    let cases: [Case<'_>; 9] = [
        ("lowest priority", domain(rule(1)), &[]),
        ("highest priority", domain(rule(MAX_PRIORITY)), &[]),
        (
            "priority 0",
            domain(rule(0)),
            &["0: the priority is not between 1 and 1000000"],
        ),
        (
            "one more",
            domain(rule(MAX_PRIORITY + 1)),
            &["1000001: the priority is not between 1 and 1000000"],
        ),
        (
            "the same priority",
            vec![
                Domain::new("a.com")
                    .routing_rule(rule(5))
                    .routing_rule(rule(5)),
            ],
            &["5: there are two rules of this priority"],
        ),
        (
            "conditions",
            domain(
                rule(5)
                    .match_headers([("a", "1")])
                    .match_headers([("b", "1")])
                    .match_headers([("c", "1")])
                    .match_base_paths(["a"])
                    .match_base_paths(["b"]),
            ),
            &[
                "5: the rule has more than 2 `matchHeaders` conditions",
                "5: the rule has more than 1 `matchBasePaths` condition",
            ],
        ),
        (
            "conditions of nothing",
            domain(
                rule(5)
                    .match_headers([("", ""); 0])
                    .match_base_paths([""; 0]),
            ),
            &["5: a condition lists nothing and would never hold; leave it out to match every request";
                2],
        ),
        (
            "headers",
            domain(rule(5).match_headers([
                ("", "1"),
                ("a b", "1"),
                ("a234567890123456789012345678901234567890", "1"),
                ("a23456789012345678901234567890123456789", "1"),
                ("a", ""),
                ("a", "b*c"),
                ("a:", "b c"),
            ])),
            &[
                "5: `` is no name of a header",
                "5: `a b` is no name of a header",
                "5: header name `a234567890123456789012345678901234567890` has more than 39 characters",
                "5: a value glob is empty; `*` matches every value",
                "5: value glob `b*c` is none of the forms `abc`, `abc*`, `*abc`, `*abc*` and `*`",
                "5: `a:` is no name of a header",
                "5: ` ` in value glob `b c` is none of the letters, digits and ``*?-!#$%&'.^_`|~``",
            ],
        ),
        (
            "base paths",
            domain(rule(5).match_base_paths(["a", "/a", "a?"])),
            &[
                "5: base path `/a` has an empty segment; write it without slashes at its ends, and with single ones \
                 between segments",
                "5: `?` in base path `a?` is none of the letters, digits and `$-_.+!*'()/`",
            ],
        ),
    ];
    for (name, domains, expected) in cases {
        let messages: Vec<_> = errors(domains).iter().map(ToString::to_string).collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|rest| format!("{prefix} {rest}"))
            .collect();
        assert_eq!(messages, expected, "{name}");
    }
}

#[test]
fn every_fault_is_reported_at_once_with_its_place() {
    let errors = errors(vec![
        Domain::new("a b"),
        Domain::new("a.com")
            .api_mapping("a", ())
            .base_path_mapping("b", ())
            .base_path_mapping("a", ())
            .api_mapping("%", ())
            .routing_rule(RoutingRule::new(1, ()))
            .routing_rule(
                RoutingRule::new(1, ())
                    .match_headers([("a", "1")])
                    .match_headers([("a", "1"), ("a", "")])
                    .match_base_paths(["a", "b", "%"]),
            ),
        Domain::new("A.com").api_mapping("?", ()),
    ]);
    let rule = |condition| DomainPart::RoutingRule {
        rule: 1,
        priority: 1,
        condition,
    };
    let places: Vec<_> = errors
        .into_iter()
        .map(|error| (error.domain, error.part))
        .collect();
    let pair = ConditionPart::MatchHeaders {
        condition: 1,
        pair: Some(1),
    };
    let path = ConditionPart::MatchBasePaths {
        condition: 0,
        path: Some(2),
    };
    assert_eq!(
        places,
        [
            (0, DomainPart::Domain),
            (1, DomainPart::BasePathMapping(1)),
            (1, DomainPart::ApiMapping(1)),
            (1, rule(None)),
            (1, rule(Some(pair))),
            (1, rule(Some(path))),
            (2, DomainPart::Domain),
            (2, DomainPart::ApiMapping(0)),
        ]
    );
}
