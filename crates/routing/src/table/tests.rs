use super::*;
use crate::RouteMethod;

/// Builds a table of routes such as `GET /pets`, each of which is its own value.
fn table<'r>(routes: &[&'r str]) -> RouteTable<&'r str> {
    let builder = RouteTable::builder();
    let routes = routes.iter().map(|route| (*route, split(route)));
    routes
        .fold(builder, |builder, (route, (method, path))| {
            let method = match method {
                "ANY" => RouteMethod::Any,
                verb => RouteMethod::Verb(verb.parse().unwrap()),
            };
            builder.route(method, path, route)
        })
        .build()
        .unwrap()
}

fn split(route: &str) -> (&str, &str) {
    route.split_once(' ').unwrap()
}

fn find<'t>(table: &RouteTable<&'t str>, request: &str) -> Option<(&'t str, Vec<String>)> {
    let (method, path) = split(request);
    let found = table.find(&method.parse().unwrap(), path)?;
    let params = found
        .parameters(path)
        .map(|(name, value)| format!("{name}={value}"));
    Some((found.value, params.collect()))
}

struct Case {
    name: &'static str,
    routes: &'static [&'static str],
    /// Requests, and the route and parameters of each, or nothing.
    requests: &'static [(&'static str, &'static str, &'static [&'static str])],
}

#[test]
fn routes_are_found_as_api_gateway_finds_them() {
    for Case {
        name,
        routes,
        requests,
    } in CASES
    {
        let table = table(routes);
        for (request, route, params) in *requests {
            let expected = (!route.is_empty())
                .then(|| (*route, params.iter().copied().map(str::to_owned).collect()));
            assert_eq!(find(&table, request), expected, "{name}: {request}");
        }
    }
}

const CASES: &[Case] = &[
    Case {
        name: "no routes",
        routes: &[],
        requests: &[("GET /", "", &[]), ("GET /a", "", &[])],
    },
    Case {
        name: "root",
        routes: &["GET /"],
        requests: &[
            ("GET /", "GET /", &[]),
            ("GET //", "GET /", &[]),
            ("GET ", "GET /", &[]),
            ("GET /a", "", &[]),
            ("GET *", "", &[]),
        ],
    },
    Case {
        name: "the root is neither parameter nor greedy",
        routes: &["GET /{id}", "GET /{proxy+}"],
        requests: &[("GET /", "", &[]), ("GET //", "", &[]), ("GET ", "", &[])],
    },
    Case {
        name: "literal before parameter before greedy",
        routes: &["GET /pets/{id}", "GET /pets/new", "GET /pets/{rest+}"],
        requests: &[
            ("GET /pets/new", "GET /pets/new", &[]),
            ("GET /pets/newer", "GET /pets/{id}", &["id=newer"]),
            ("GET /pets/new/x", "GET /pets/{rest+}", &["rest=new/x"]),
            ("GET /pets", "", &[]),
            ("GET /pets/", "", &[]),
        ],
    },
    Case {
        name: "a resource without the method is passed over",
        routes: &["POST /test", "OPTIONS /{proxy+}", "GET /{id}"],
        requests: &[
            ("OPTIONS /test", "OPTIONS /{proxy+}", &["proxy=test"]),
            ("GET /test", "GET /{id}", &["id=test"]),
            ("POST /test", "POST /test", &[]),
            ("PUT /test", "", &[]),
        ],
    },
    Case {
        name: "a branch that leads nowhere is left again",
        routes: &["ANY /part1", "ANY /part1/hardcoded-value", "ANY /{param+}"],
        requests: &[
            ("GET /part1", "ANY /part1", &[]),
            (
                "GET /part1/random",
                "ANY /{param+}",
                &["param=part1/random"],
            ),
            (
                "GET /part1/hardcoded-value",
                "ANY /part1/hardcoded-value",
                &[],
            ),
            (
                "GET /part1/hardcoded-value/x",
                "ANY /{param+}",
                &["param=part1/hardcoded-value/x"],
            ),
        ],
    },
    Case {
        name: "parameters of a branch that was left are forgotten",
        routes: &["GET /a/{x}/{y}/b", "GET /{p}/c/{q}/d", "GET /{p}/{all+}"],
        requests: &[
            ("GET /a/c/1/b", "GET /a/{x}/{y}/b", &["x=c", "y=1"]),
            ("GET /a/c/1/d", "GET /{p}/c/{q}/d", &["p=a", "q=1"]),
            ("GET /a/c/1/e", "GET /{p}/{all+}", &["p=a", "all=c/1/e"]),
        ],
    },
    Case {
        name: "the deepest greedy parameter comes first",
        routes: &["ANY /{a+}", "GET /x/{b+}", "ANY /x/{c}/{d+}"],
        requests: &[
            ("GET /x/1", "GET /x/{b+}", &["b=1"]),
            ("GET /x/1/2", "ANY /x/{c}/{d+}", &["c=1", "d=2"]),
            ("PUT /x/1", "ANY /{a+}", &["a=x/1"]),
            ("PUT /x", "ANY /{a+}", &["a=x"]),
        ],
    },
    Case {
        name: "a greedy parameter in the literal branch comes before the parameter branch",
        routes: &["GET /a/{rest+}", "GET /{x}/b"],
        requests: &[
            ("GET /a/b", "GET /a/{rest+}", &["rest=b"]),
            ("GET /c/b", "GET /{x}/b", &["x=c"]),
        ],
    },
    Case {
        name: "a verb comes before any, but only on the same resource",
        routes: &["ANY /a", "GET /a", "GET /{id}"],
        requests: &[
            ("GET /a", "GET /a", &[]),
            ("HEAD /a", "ANY /a", &[]),
            ("TRACE /a", "", &[]),
            ("CONNECT /a", "", &[]),
            ("get /a", "", &[]),
            ("ANY /a", "", &[]),
        ],
    },
    Case {
        name: "any of a literal comes before the verb of a parameter",
        routes: &["ANY /a", "GET /{id}"],
        requests: &[("GET /a", "ANY /a", &[])],
    },
    Case {
        name: "head and options are not made up",
        routes: &["GET /a"],
        requests: &[("HEAD /a", "", &[]), ("OPTIONS /a", "", &[])],
    },
    Case {
        name: "slashes",
        routes: &["GET /hardcoded", "GET /p/{id}", "ANY /{proxy+}"],
        requests: &[
            ("GET //hardcoded", "GET /hardcoded", &[]),
            ("GET ////hardcoded//", "GET /hardcoded", &[]),
            ("GET /proxy-value/", "ANY /{proxy+}", &["proxy=proxy-value"]),
            ("GET //proxy-value", "ANY /{proxy+}", &["proxy=proxy-value"]),
            (
                "GET /proxy-value//double-slash",
                "ANY /{proxy+}",
                &["proxy=proxy-value//double-slash"],
            ),
            ("GET /p//", "ANY /{proxy+}", &["proxy=p"]),
            ("GET /p//a", "ANY /{proxy+}", &["proxy=p//a"]),
            ("GET /p/a/", "GET /p/{id}", &["id=a"]),
            ("GET //p/a", "GET /p/{id}", &["id=a"]),
        ],
    },
    Case {
        name: "a greedy text may begin with a slash",
        routes: &["GET /p/{rest+}"],
        requests: &[("GET /p//a", "GET /p/{rest+}", &["rest=/a"])],
    },
    Case {
        name: "a parameter is never empty",
        routes: &["GET /p/{id}/x", "GET /{id}"],
        requests: &[
            ("GET /p//x", "", &[]),
            ("GET /p/1/x", "GET /p/{id}/x", &["id=1"]),
        ],
    },
    Case {
        name: "text is compared as it stands",
        routes: &["GET /Pets", "GET /a/{id}"],
        requests: &[
            ("GET /pets", "", &[]),
            ("GET /%50ets", "", &[]),
            ("GET /a/test%2Balias", "GET /a/{id}", &["id=test%2Balias"]),
            ("GET /a/b%2Fc", "GET /a/{id}", &["id=b%2Fc"]),
            ("GET /a/x+y", "GET /a/{id}", &["id=x+y"]),
            ("GET /a/{id}", "GET /a/{id}", &["id={id}"]),
        ],
    },
    Case {
        name: "long segments that agree in their first and last bytes",
        routes: &[
            "GET /abcdefgh-1-abcdefgh",
            "GET /abcdefgh-2-abcdefgh",
            "PUT /{id}",
        ],
        requests: &[
            ("GET /abcdefgh-1-abcdefgh", "GET /abcdefgh-1-abcdefgh", &[]),
            ("GET /abcdefgh-2-abcdefgh/", "GET /abcdefgh-2-abcdefgh", &[]),
            ("GET /abcdefgh-3-abcdefgh", "", &[]),
            (
                "PUT /abcdefgh-3-abcdefgh",
                "PUT /{id}",
                &["id=abcdefgh-3-abcdefgh"],
            ),
        ],
    },
    Case {
        name: "petstore with a catch-all",
        routes: &[
            "ANY /{proxy+}",
            "GET /pets",
            "GET /pets/{petId}",
            "GET /pets/dogs",
            "ANY /pets/{petId}/toys/{proxy+}",
        ],
        requests: &[
            ("GET /pets/dogs", "GET /pets/dogs", &[]),
            ("POST /pets/dogs", "ANY /{proxy+}", &["proxy=pets/dogs"]),
            (
                "GET /pets/dogs/toys/a/b",
                "ANY /pets/{petId}/toys/{proxy+}",
                &["petId=dogs", "proxy=a/b"],
            ),
            ("GET /pets/1/toys", "ANY /{proxy+}", &["proxy=pets/1/toys"]),
        ],
    },
];

#[test]
fn a_parameter_is_read_by_name() {
    let table = table(&["GET /{a}/{b}"]);
    let found = table.find(&Method::GET, "/1/2").unwrap();
    assert_eq!(found.parameter("/1/2", "b"), Some("2"));
    assert_eq!(found.parameter("/1/2", "c"), None);
    assert_eq!(found.resource.path(), "/{a}/{b}");
}

#[test]
fn the_longest_path_is_matched_and_a_longer_one_is_not() {
    let table = table(&["GET /{proxy+}"]);
    let path = format!("/{}", "a".repeat(Params::MAX_PATH_BYTES - 1));
    let found = table.find(&Method::GET, &path).unwrap();
    assert_eq!(
        found.parameter(&path, "proxy").map(str::len),
        Some(path.len() - 1)
    );
    assert!(table.find(&Method::GET, &format!("{path}a")).is_none());
}

#[test]
fn a_search_visits_every_node_at_most_once() {
    // Every mix of `a` and `{p}` of ten segments, so that each step has two ways to go and all of them fail.
    const DEPTH: usize = 10;
    let mut builder = RouteTable::builder();
    for mix in 0..1_u32 << DEPTH {
        let segment = |at| match mix >> at & 1 {
            0 => "/a".to_owned(),
            _ => format!("/{{p{at}}}"),
        };
        let path: String = (0..DEPTH).map(segment).collect();
        builder = builder.route(Method::GET, path, mix);
    }
    let table = builder.build().unwrap();
    assert_eq!(table.nodes.len(), (1 << (DEPTH + 1)) - 1);

    for (name, path, method, most) in [
        (
            "wrong method",
            "/a".repeat(DEPTH),
            Method::PUT,
            table.nodes.len(),
        ),
        (
            "too long",
            "/a".repeat(DEPTH + 1),
            Method::GET,
            table.nodes.len(),
        ),
        (
            "much too long",
            "/a".repeat(30_000),
            Method::GET,
            table.nodes.len(),
        ),
        ("no branch", "/b".repeat(DEPTH), Method::GET, DEPTH + 1),
    ] {
        let mut walk = Walk::new(&table, Verb::of(&method).unwrap(), &path);
        let start = walk.first_segment().unwrap();
        let found = walk.descend(&table.nodes[0], start).is_some();
        assert_eq!(found, name == "no branch", "{name}");
        assert!(walk.visits <= most, "{name}: {} visits", walk.visits);
    }
}

#[test]
fn the_deepest_tree_is_searched_without_exhausting_the_stack() {
    let literals = "/a".repeat(crate::MAX_SEGMENTS);
    let mut builder = RouteTable::builder().route(Method::GET, literals.as_str(), 0);
    for depth in 1..crate::MAX_SEGMENTS {
        let path = format!("{}/{{id}}", "/a".repeat(depth));
        builder = builder.route(Method::GET, path, depth);
    }
    let table = builder.build().unwrap();
    let find = |path: &str| table.find(&Method::GET, path).map(|found| *found.value);
    assert_eq!(find(&literals), Some(0));
    assert_eq!(find("/a/b"), Some(1));
    assert_eq!(find(&format!("{literals}/b")), None);
}
