use super::{
    faults::{builder, errors},
    *,
};

#[test]
fn tables_and_domains_are_taken_up_to_their_bounds() {
    let domains = |count: usize| {
        (0..count)
            .map(|n| Domain::new(format!("d{n}.com")))
            .collect()
    };
    let mappings = |count: usize| {
        let domain = Domain::new("a.com");
        let keys = (0..count).map(|number| format!("m/{number}"));
        vec![keys.fold(domain, |domain, key| domain.api_mapping(key, ()))]
    };
    let rules = |count: u32| {
        let rules = (1..=count).map(|priority| RoutingRule::new(priority, ()));
        vec![rules.fold(Domain::new("a.com"), Domain::routing_rule)]
    };
    let alternatives = |count: usize| {
        let rule = RoutingRule::new(1, ())
            .match_headers(vec![("a", "1"); count])
            .match_base_paths(vec!["a"; count]);
        vec![Domain::new("a.com").routing_rule(rule)]
    };
    let most_rules = MAX_ROUTING_RULES as u32;
    type Build<'a> = (&'a str, Vec<Domain<()>>, Vec<Domain<()>>, &'a [DomainFault]);
    let cases: [Build<'_>; 4] = [
        (
            "domains",
            domains(MAX_DOMAINS),
            domains(MAX_DOMAINS + 2),
            &[DomainFault::TooManyDomains],
        ),
        (
            "mappings",
            mappings(MAX_MAPPINGS),
            mappings(MAX_MAPPINGS + 2),
            &[DomainFault::TooManyMappings],
        ),
        (
            "rules",
            rules(most_rules),
            rules(most_rules + 2),
            &[DomainFault::TooManyRoutingRules],
        ),
        (
            "alternatives",
            alternatives(MAX_ALTERNATIVES),
            alternatives(MAX_ALTERNATIVES + 1),
            &[
                DomainFault::TooManyAlternatives,
                DomainFault::TooManyAlternatives,
            ],
        ),
    ];
    for (name, full, over, expected) in cases {
        assert_eq!(errors(full), [], "{name}");
        let faults: Vec<_> = errors(over).into_iter().map(|error| error.fault).collect();
        assert_eq!(faults, expected, "{name}");
    }
}

#[test]
fn what_api_gateway_would_not_take_is_a_warning() {
    let keys = |count: usize| {
        let keys = (0..count).map(|number| format!("m/{number}"));
        keys.fold(Domain::new("a.com"), |domain, key| {
            domain.api_mapping(key, ())
        })
    };
    let rules = |count: u32| {
        let rules = (1..=count).map(|priority| RoutingRule::new(priority, ()));
        rules.fold(Domain::new("a.com"), Domain::routing_rule)
    };
    let forbidden = RoutingRule::new(7, ())
        .match_headers([("x-a", "1")])
        .match_headers([("x-b", "1"), ("Authorization", "a*")]);
    let cases: [(&str, Domain<()>, &[&str]); 6] = [
        (
            "200 mappings of several segments",
            keys(200).api_mapping("one", ()),
            &[],
        ),
        (
            "one more",
            keys(201),
            &[
                "domain `a.com`: 201 mappings of several segments are more than the 200 of API Gateway",
            ],
        ),
        ("50 rules", rules(50), &[]),
        (
            "one more",
            rules(51),
            &[
                "domain `a.com`: 51 routing rules are more than the 50 that API Gateway takes at first",
            ],
        ),
        (
            "a forbidden header",
            Domain::new("a.com").routing_rule(forbidden),
            &[
                "domain `a.com`: routing rule of priority 7: API Gateway takes no conditions on header `Authorization`",
            ],
        ),
        (
            "a reserved base path",
            Domain::new("a.com")
                .base_path_mapping("ping", ())
                .api_mapping("sping/x", ()),
            &[
                "domain `a.com`: `/ping` is kept for health checks; only paths beneath it reach the mapping",
            ],
        ),
    ];
    for (name, domain, expected) in cases {
        let builder = builder(vec![domain]);
        let messages: Vec<_> = builder.warnings().iter().map(ToString::to_string).collect();
        assert_eq!(messages, expected, "{name}");
        assert!(builder.build().is_ok(), "{name}");
    }
}
