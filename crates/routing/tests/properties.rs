//! The table against a matcher that tries every route in turn and knows nothing of trees.

use http::Method;
use proptest::{collection::vec, prelude::*, sample::select};
use towergate_routing::{RouteErrors, RouteMethod, RouteTable};

const METHODS: [&str; 4] = ["ANY", "GET", "PUT", "TRACE"];

/// The reference: what the specification says, route by route.
fn reference<'r>(routes: &'r [String], method: &str, path: &str) -> Option<(&'r str, Vec<String>)> {
    if !matches!(method, "GET" | "PUT") {
        return None;
    }
    let trimmed = path.trim_matches('/');
    let segments: Vec<_> = match trimmed {
        "" => Vec::new(),
        trimmed => trimmed.split('/').collect(),
    };
    routes
        .iter()
        .filter_map(|route| {
            let (of, pattern) = route.split_once(' ')?;
            let (mut rank, values) = fit(pattern, &segments)?;
            rank.push(if of == method {
                0
            } else if of == "ANY" {
                1
            } else {
                return None;
            });
            Some((rank, (route.as_str(), values)))
        })
        .min()
        .map(|(_, found)| found)
}

/// Returns how well `pattern` fits, segment by segment (0 literal, 1 parameter, 2 greedy), and its parameters.
fn fit(pattern: &str, segments: &[&str]) -> Option<(Vec<u8>, Vec<String>)> {
    let (mut rank, mut values) = (Vec::new(), Vec::new());
    let mut rest = segments;
    for part in pattern.split('/').filter(|part| !part.is_empty()) {
        let (segment, after) = rest.split_first()?;
        if part.ends_with("+}") {
            values.push(rest.join("/"));
            rank.push(2);
            rest = &[];
        } else if part.starts_with('{') {
            if segment.is_empty() {
                return None;
            }
            values.push((*segment).to_owned());
            rank.push(1);
            rest = after;
        } else {
            if part != *segment {
                return None;
            }
            rank.push(0);
            rest = after;
        }
    }
    rest.is_empty().then_some((rank, values))
}

fn build(routes: &[String]) -> Result<RouteTable<&str>, RouteErrors> {
    routes
        .iter()
        .fold(RouteTable::builder(), |builder, route| {
            let (method, path) = route.split_once(' ').expect("a route has a method");
            let method = match method {
                "ANY" => RouteMethod::Any,
                verb => RouteMethod::Verb(verb.parse().expect("a verb")),
            };
            builder.route(method, path, route.as_str())
        })
        .build()
}

/// Routes over few names. The depth of a parameter is its name, so that siblings agree.
fn routes() -> impl Strategy<Value = Vec<String>> {
    let part = prop_oneof![
        3 => select(vec!["a", "b", "ab", "a-name-of-19-bytes-", "a-name-of-20-bytes--"]).prop_map(str::to_owned),
        2 => Just("{}".to_owned()),
    ];
    let route = (
        select(&METHODS[..3]),
        vec(part, 0..5),
        proptest::bool::weighted(0.3),
    );
    vec(route, 0..14).prop_map(|routes| {
        let mut routes: Vec<_> = routes
            .into_iter()
            .map(|(method, parts, greedy)| {
                let end = greedy.then(|| "{+}".to_owned());
                let named = parts
                    .into_iter()
                    .chain(end)
                    .enumerate()
                    .map(|(depth, part)| {
                        let name = part.replace("{+}", &format!("{{g{depth}+}}"));
                        format!("/{}", name.replace("{}", &format!("{{p{depth}}}")))
                    });
                let path: String = named.collect();
                let path = if path.is_empty() { "/" } else { &path };
                format!("{method} {path}")
            })
            .collect();
        routes.sort();
        routes.dedup();
        routes
    })
}

fn paths() -> impl Strategy<Value = String> {
    let segments = vec![
        "a",
        "b",
        "ab",
        "c",
        "a-name-of-19-bytes-",
        "a-name-of-19-bytes+",
        "",
        "%2F",
    ];
    (
        vec(select(segments), 0..6),
        select(vec!["/", "//"]),
        select(vec!["", "/", "//"]),
    )
        .prop_map(|(segments, before, after)| format!("{before}{}{after}", segments.join("/")))
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 4_096,
        failure_persistence: None,
        rng_seed: proptest::test_runner::RngSeed::Fixed(7),
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_table_agrees_with_the_reference(
        routes in routes(),
        requests in vec((select(&METHODS[..]), paths()), 1..6),
    ) {
        let table = build(&routes).expect("the routes are right");
        for (method, path) in requests {
            let verb: Method = method.parse().expect("a verb");
            let found = table.find(&verb, &path).map(|found| {
                let values = found.parameters(&path).map(|(_, value)| value.to_owned());
                (*found.value, values.collect())
            });
            prop_assert_eq!(found, reference(&routes, method, &path), "{} {}", method, path);
        }
    }

    #[test]
    fn any_text_is_a_table_or_an_error_and_never_a_panic(
        patterns in vec("[/{}+a-c]{0,12}", 1..6),
        path in "[/ac%.]{0,12}",
    ) {
        let routes: Vec<_> = patterns.iter().map(|path| format!("GET {path}")).collect();
        match build(&routes) {
            Ok(table) => drop(table.find(&Method::GET, &path)),
            Err(errors) => prop_assert!(errors.iter().count() > 0),
        }
    }
}
