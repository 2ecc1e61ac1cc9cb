//! Builds a route table and reports everything that is wrong with its routes.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use towergate_core::ResourceInfo;

use crate::{
    RouteMethod,
    children::{Edges, index},
    error::{RouteError, RouteErrors},
    method::{ValueByVerb, Verb},
    pattern::{Part, parse},
    table::{Endpoint, NONE, Node, RouteTable},
};

/// The most routes that a table may have.
pub const MAX_ROUTES: usize = 65_536;

/// Collects the routes of a [`RouteTable`]; made by [`RouteTable::builder`].
#[derive(Debug, Clone)]
#[must_use = "a builder makes no table until `build` is called"]
pub struct RouteTableBuilder<T> {
    paths: Vec<String>,
    methods: Vec<(RouteMethod, T)>,
}

impl<T> RouteTableBuilder<T> {
    pub(crate) fn new() -> Self {
        Self {
            paths: Vec::new(),
            methods: Vec::new(),
        }
    }

    /// Adds the route for `method` of the resource at `path`, such as `/pets/{id}` or `/{proxy+}`.
    pub fn route(
        mut self,
        method: impl Into<RouteMethod>,
        path: impl Into<String>,
        value: T,
    ) -> Self {
        self.paths.push(path.into());
        self.methods.push((method.into(), value));
        self
    }

    /// Builds the table.
    ///
    /// # Errors
    ///
    /// Returns every fault of every route: paths that API Gateway refuses, methods that it does not know, a method
    /// given twice for one path, two names for the parameter at one place, and what is over [`MAX_ROUTES`],
    /// [`MAX_SEGMENTS`](crate::MAX_SEGMENTS), [`MAX_PATTERN_BYTES`](crate::MAX_PATTERN_BYTES) or
    /// [`Params::MAX`](towergate_core::Params::MAX).
    pub fn build(self) -> Result<RouteTable<T>, RouteErrors> {
        let count = self.paths.len();
        if count > MAX_ROUTES {
            return Err(RouteError::TooManyRoutes { count }.into());
        }
        let mut errors = Vec::new();
        let mut tree = Tree::new();
        let mut resources = Vec::new();
        let mut known = HashMap::new();
        for (path, (method, value)) in self.paths.iter().zip(self.methods) {
            let number = *known.entry(path.as_str()).or_insert_with(|| {
                resources.push(Resource(Vec::new()));
                let number = resources.len() - 1;
                tree.insert(path, index(number), &mut errors);
                number
            });
            let Some(resource) = resources.get_mut(number) else {
                continue;
            };
            if let Err(error) = resource.insert(path, method, value) {
                errors.push(error);
            }
        }
        if errors.is_empty() {
            Ok(tree.finish(resources))
        } else {
            Err(RouteErrors(errors))
        }
    }
}

/// The routes of one path.
#[derive(Debug)]
struct Resource<T>(Vec<(RouteMethod, T)>);

impl<T> Resource<T> {
    fn insert(&mut self, path: &str, method: RouteMethod, value: T) -> Result<(), RouteError> {
        let path = || path.to_owned();
        if matches!(&method, RouteMethod::Verb(verb) if Verb::of(verb).is_none()) {
            return Err(RouteError::UnsupportedMethod {
                method,
                path: path(),
            });
        }
        if self.0.iter().any(|(known, _)| *known == method) {
            return Err(RouteError::DuplicateRoute {
                method,
                path: path(),
            });
        }
        self.0.push((method, value));
        Ok(())
    }
}

/// The tree while it grows: nodes by number, the root first.
#[derive(Debug)]
struct Tree<'p> {
    nodes: Vec<Growing<'p>>,
    infos: Vec<Arc<ResourceInfo>>,
}

#[derive(Debug, Default)]
struct Growing<'p> {
    literals: BTreeMap<&'p str, u32>,
    parameter: Option<Variable<'p>>,
    greedy: Option<Variable<'p>>,
    endpoint: Option<u32>,
}

/// A parameter, where it leads (a node, or the endpoint of a greedy one), and the path that brought it.
#[derive(Debug, Clone, Copy)]
struct Variable<'p> {
    name: &'p str,
    target: u32,
    path: &'p str,
}

impl<'p> Tree<'p> {
    fn new() -> Self {
        Self {
            nodes: vec![Growing::default()],
            infos: Vec::new(),
        }
    }

    /// Adds the resource at `path`. Its facts are noted even if the path is wrong, so that numbers agree.
    fn insert(&mut self, path: &'p str, endpoint: u32, errors: &mut Vec<RouteError>) {
        let parts = parse(path, errors).unwrap_or_default();
        let names = parts.iter().filter_map(|part| part.name());
        self.infos.push(Arc::new(ResourceInfo::new(path, names)));
        let mut node = 0;
        for part in parts {
            let new = index(self.nodes.len());
            let Some(growing) = self.nodes.get_mut(node as usize) else {
                return;
            };
            let (slot, name, target) = match part {
                Part::Literal(text) => {
                    node = *growing.literals.entry(text).or_insert(new);
                    if node == new {
                        self.nodes.push(Growing::default());
                    }
                    continue;
                }
                Part::Parameter(name) => (&mut growing.parameter, name, new),
                Part::Greedy(name) => (&mut growing.greedy, name, endpoint),
            };
            let variable = *slot.get_or_insert(Variable { name, target, path });
            if variable.name != name {
                errors.push(conflict(part, path, variable));
                return;
            }
            if matches!(part, Part::Greedy(_)) {
                return;
            }
            node = variable.target;
            if node == new {
                self.nodes.push(Growing::default());
            }
        }
        if let Some(growing) = self.nodes.get_mut(node as usize) {
            growing.endpoint = Some(endpoint);
        }
    }

    fn finish<T>(self, resources: Vec<Resource<T>>) -> RouteTable<T> {
        let mut edges = Edges::default();
        let nodes = self
            .nodes
            .iter()
            .map(|growing| Node {
                children: edges.add(growing.literals.iter().map(|(text, node)| (*text, *node))),
                parameter: growing.parameter.map_or(NONE, |variable| variable.target),
                greedy: growing.greedy.map_or(NONE, |variable| variable.target),
                endpoint: growing.endpoint.unwrap_or(NONE),
            })
            .collect();
        edges.shrink_to_fit();

        let mut values = Vec::new();
        let mut endpoints = Vec::with_capacity(resources.len());
        for (Resource(methods), info) in resources.into_iter().zip(self.infos) {
            let numbers = index(values.len())..;
            let by_verb = ValueByVerb::new(methods.iter().map(|(method, _)| method).zip(numbers));
            endpoints.push(Endpoint { info, by_verb });
            values.extend(methods.into_iter().map(|(_, value)| value));
        }
        values.shrink_to_fit();
        RouteTable {
            nodes,
            edges,
            endpoints,
            values,
        }
    }
}

fn conflict(part: Part<'_>, path: &str, there: Variable<'_>) -> RouteError {
    let plus = if matches!(part, Part::Greedy(_)) {
        "+"
    } else {
        ""
    };
    RouteError::ConflictingParameter {
        path: path.to_owned(),
        parameter: format!("{}{plus}", part.name().unwrap_or_default()),
        other: format!("{}{plus}", there.name),
        other_path: there.path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;

    /// Methods and paths.
    type Routes = &'static [(&'static str, &'static str)];

    fn errors(routes: Routes) -> Vec<String> {
        let routes = routes.iter();
        let built = routes
            .fold(RouteTable::builder(), |builder, (method, path)| {
                let method = match *method {
                    "ANY" => RouteMethod::Any,
                    verb => RouteMethod::Verb(verb.parse().unwrap()),
                };
                builder.route(method, *path, ())
            })
            .build();
        let errors = built.err().into_iter().flatten();
        errors.map(|error| error.to_string()).collect()
    }

    #[test]
    fn routes_that_do_not_go_together_are_refused() {
        let cases: &[(&str, Routes, &[&str])] = &[
            (
                "same method and path",
                &[("GET", "/a"), ("ANY", "/a"), ("GET", "/a"), ("ANY", "/a")],
                &[
                    "there are two routes for GET of resource path `/a`",
                    "there are two routes for ANY of resource path `/a`",
                ],
            ),
            (
                "methods that API Gateway does not have",
                &[("TRACE", "/a"), ("get", "/a"), ("PUT", "/a")],
                &[
                    "TRACE of resource path `/a` is no method of a resource",
                    "get of resource path `/a` is no method of a resource",
                ],
            ),
            (
                "two names for one parameter",
                &[("GET", "/a/{x}"), ("GET", "/a/{y}/b"), ("GET", "/a/{x}/c")],
                &["`{y}` in resource path `/a/{y}/b` is `{x}` in `/a/{x}`"],
            ),
            (
                "two names for one greedy parameter",
                &[("GET", "/{a+}"), ("PUT", "/{b+}")],
                &["`{b+}` in resource path `/{b+}` is `{a+}` in `/{a+}`"],
            ),
            (
                "a wrong path is reported once for all its methods",
                &[("GET", "a"), ("PUT", "a")],
                &["resource path `a` does not begin with a slash"],
            ),
        ];
        for (name, routes, expected) in cases {
            assert_eq!(errors(routes), *expected, "{name}");
        }
    }

    #[test]
    fn routes_that_go_together_are_taken() {
        let cases: &[(&str, Routes)] = &[
            ("no route", &[]),
            ("verb and any", &[("GET", "/a"), ("ANY", "/a")]),
            (
                "parameter and greedy",
                &[("GET", "/{x}"), ("GET", "/{y+}"), ("PUT", "/{y+}")],
            ),
            (
                "names in other places",
                &[("GET", "/a/{x}"), ("GET", "/b/{y}"), ("GET", "/{z}/{x}")],
            ),
        ];
        for (name, routes) in cases {
            assert_eq!(errors(routes), [""; 0], "{name}");
        }
    }

    #[test]
    fn every_fault_of_every_route_is_reported_with_its_place() {
        let built = RouteTable::builder()
            .route(Method::GET, "/a b", ())
            .route(Method::GET, "/ok", ())
            .route(Method::GET, "/ok", ())
            .route(Method::TRACE, "/{a+}/b", ())
            .build();
        let errors = built.unwrap_err();
        let places: Vec<_> = errors
            .iter()
            .map(|error| (error.path(), error.method().map(ToString::to_string)))
            .collect();
        assert_eq!(
            places,
            [
                (Some("/a b"), None),
                (Some("/ok"), Some("GET".to_owned())),
                (Some("/{a+}/b"), None),
                (Some("/{a+}/b"), Some("TRACE".to_owned())),
            ]
        );
        assert_eq!(errors.to_string().lines().count(), 4);
    }

    #[test]
    fn a_table_takes_routes_up_to_its_bound() {
        let routes = |count: usize| {
            (0..count)
                .fold(RouteTable::builder(), |builder, number| {
                    builder.route(Method::GET, format!("/{number}"), number)
                })
                .build()
        };
        let full = routes(MAX_ROUTES).unwrap();
        for number in [0, 1, 999, MAX_ROUTES - 1] {
            let found = full.find(&Method::GET, &format!("/{number}"));
            assert_eq!(found.map(|found| *found.value), Some(number), "{number}");
        }
        let count = MAX_ROUTES + 1;
        assert_eq!(
            routes(count).err(),
            Some(RouteError::TooManyRoutes { count }.into())
        );
    }
}
