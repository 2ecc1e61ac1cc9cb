//! The route table: one tree of segments for all methods.
//!
//! Nodes, edges and endpoints are flat arrays that point at one another by number. A node's depth is the number of
//! segments before it and every node has one parent, so a search, however often it backs out of a branch, comes to
//! each node at most once: it ends after at most as many steps as the table has nodes. What a path does not reach
//! costs nothing.

use std::{fmt, sync::Arc};

use http::Method;
use towergate_core::{Params, ResourceInfo};

use crate::{
    RouteTableBuilder,
    children::{Children, Edges},
    method::{ValueByVerb, Verb},
    segment::Segment,
};

/// The routes of an API, found by method and path together.
///
/// At each segment of the path a literal comes before `{name}` and `{name}` before `{name+}`. A resource that lacks
/// the method is passed over for the next best one, and on one resource a verb comes before `ANY`.
///
/// Paths are compared byte by byte: case matters and percent-encoding stays as it is. Slashes before the first
/// segment and after the last one do not count.
///
/// # Examples
///
/// ```
/// use http::Method;
/// use towergate_routing::{RouteMethod, RouteTable};
///
/// let table = RouteTable::builder()
///     .route(Method::GET, "/pets/{id}", "pet")
///     .route(Method::POST, "/pets/new", "create")
///     .route(RouteMethod::Any, "/{proxy+}", "rest")
///     .build()?;
///
/// let found = |method, path| table.find(&method, path).map(|found| *found.value);
/// assert_eq!(found(Method::GET, "/pets/7"), Some("pet"));
/// assert_eq!(found(Method::GET, "/pets/new"), Some("pet")); // the literal has no GET
/// assert_eq!(found(Method::PUT, "/pets/new"), Some("rest"));
/// assert_eq!(found(Method::GET, "/"), None);
/// # Ok::<(), towergate_routing::RouteErrors>(())
/// ```
pub struct RouteTable<T> {
    pub(crate) nodes: Vec<Node>,
    pub(crate) edges: Edges,
    pub(crate) endpoints: Vec<Endpoint>,
    pub(crate) values: Vec<T>,
}

/// What [`RouteTable::find`] found.
#[derive(Debug)]
#[non_exhaustive]
pub struct Match<'t, T> {
    /// The value of the route.
    pub value: &'t T,
    /// The resource of the route.
    pub resource: &'t Arc<ResourceInfo>,
    /// Where the parameters stand in the path that was looked up, in the order of the resource's names.
    pub params: Params,
}

/// A place in the tree: `0` is the root, where no segment has been read yet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node {
    pub(crate) children: Children,
    /// The node behind `{name}`.
    pub(crate) parameter: u32,
    /// The endpoint of `{name+}`.
    pub(crate) greedy: u32,
    /// The endpoint of the resource whose path ends here.
    pub(crate) endpoint: u32,
}

/// A resource and the numbers of its values.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) info: Arc<ResourceInfo>,
    pub(crate) by_verb: ValueByVerb,
}

/// The number of no node, no endpoint and no value.
pub(crate) const NONE: u32 = u32::MAX;

impl<T> RouteTable<T> {
    /// Returns a builder without routes.
    pub fn builder() -> RouteTableBuilder<T> {
        RouteTableBuilder::new()
    }

    /// Finds the route for `method` and `path`: a path without stage, query and authority, still percent-encoded.
    ///
    /// The empty path is the root. Nothing is found for a path that does not begin with a slash or is longer than
    /// [`Params::MAX_PATH_BYTES`]. Does not allocate.
    #[inline]
    #[must_use]
    pub fn find(&self, method: &Method, path: &str) -> Option<Match<'_, T>> {
        let verb = Verb::of(method)?;
        if path.len() > Params::MAX_PATH_BYTES {
            return None;
        }
        let mut walk = Walk::new(self, verb, path);
        let start = walk.first_segment()?;
        let hit = walk.descend(self.nodes.first()?, start)?;
        Some(Match {
            value: self.values.get(hit.value as usize)?,
            resource: &hit.endpoint.info,
            params: walk.params,
        })
    }

    /// Returns the number of routes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Returns whether there are no routes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Returns the resources, in the order their first routes were given.
    pub fn resources(&self) -> impl ExactSizeIterator<Item = &Arc<ResourceInfo>> {
        self.endpoints.iter().map(|endpoint| &endpoint.info)
    }
}

impl<T> fmt::Debug for RouteTable<T> {
    /// Names the resources; the values need no `Debug`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let paths = self.resources().map(|resource| resource.path());
        f.debug_set().entries(paths).finish()
    }
}

impl<T> Match<'_, T> {
    /// Returns the parameter called `name`, as it stands in `path`: the path that was looked up.
    #[must_use]
    pub fn parameter<'p>(&self, path: &'p str, name: &str) -> Option<&'p str> {
        let names = self.resource.parameters();
        let position = names.iter().position(|known| **known == *name)?;
        self.params.get(path, position)
    }

    /// Returns names and texts of the parameters in `path`: the path that was looked up.
    pub fn parameters<'p>(&self, path: &'p str) -> impl Iterator<Item = (&str, &'p str)> {
        let names = self.resource.parameters().iter().enumerate();
        names.filter_map(move |(position, name)| Some((&**name, self.params.get(path, position)?)))
    }
}

/// One search of a table.
struct Walk<'t, 'p, T> {
    table: &'t RouteTable<T>,
    verb: Verb,
    /// The path without slashes at its end.
    path: &'p [u8],
    params: Params,
    #[cfg(test)]
    visits: usize,
}

/// An endpoint that has the method, and the number of the method's value.
#[derive(Clone, Copy)]
struct Hit<'t> {
    endpoint: &'t Endpoint,
    value: u32,
}

/// A greedy parameter passed on the way: where its text would begin, and how many parameters stand before it.
#[derive(Clone, Copy)]
struct Passed<'t> {
    hit: Hit<'t>,
    start: usize,
    params: usize,
}

impl<'t, 'p, T> Walk<'t, 'p, T> {
    #[inline]
    fn new(table: &'t RouteTable<T>, verb: Verb, path: &'p str) -> Self {
        Self {
            table,
            verb,
            path: without_slashes_at_end(path.as_bytes()),
            params: Params::default(),
            #[cfg(test)]
            visits: 0,
        }
    }

    /// Returns where the first segment starts, which is past the end if there is none.
    #[inline]
    fn first_segment(&self) -> Option<usize> {
        match self.path {
            [] => Some(1),
            [b'/', b'/', ..] => self.path.iter().position(|byte| *byte != b'/'),
            [b'/', ..] => Some(1),
            _ => None,
        }
    }

    /// Finds the best match behind `node` for what begins at `start`.
    ///
    /// Calls itself only where both a literal and `{name}` fit, so no deeper than a path has segments.
    fn descend(&mut self, mut node: &'t Node, mut start: usize) -> Option<Hit<'t>> {
        let (table, path) = (self.table, self.path);
        let mut passed = None;
        while start <= path.len() {
            self.visit();
            // Of the greedy parameters passed so far the last one is the best: the tree behind the others, which
            // holds it, comes before them.
            if node.greedy != NONE
                && let Some(hit) = self.hit(node.greedy)
            {
                passed = Some(Passed {
                    hit,
                    start,
                    params: self.params.len(),
                });
            }
            let segment = Segment::read(path, start);
            let end = start + segment.len;
            let literal = table
                .edges
                .find(node.children, &segment, path, start)
                .and_then(|literal| table.nodes.get(literal as usize));
            if let Some(literal) = literal {
                if node.parameter == NONE {
                    node = literal;
                    start = end + 1;
                    continue;
                }
                let params = self.params.len();
                let found = self.descend(literal, end + 1);
                if found.is_some() {
                    return found;
                }
                self.params.truncate(params);
            }
            node = match table.nodes.get(node.parameter as usize) {
                Some(parameter) if segment.len > 0 => parameter,
                _ => return self.fall_back(passed),
            };
            self.params.push(start..end);
            start = end + 1;
        }
        self.visit();
        match self.hit(node.endpoint) {
            None => self.fall_back(passed),
            found => found,
        }
    }

    /// Returns the endpoint of that number if it has the method.
    #[inline]
    fn hit(&self, endpoint: u32) -> Option<Hit<'t>> {
        let endpoint = self.table.endpoints.get(endpoint as usize)?;
        let value = endpoint.by_verb.get(self.verb)?;
        Some(Hit { endpoint, value })
    }

    fn fall_back(&mut self, passed: Option<Passed<'t>>) -> Option<Hit<'t>> {
        let Passed { hit, start, params } = passed?;
        self.params.truncate(params);
        self.params.push(start..self.path.len());
        Some(hit)
    }

    #[inline]
    fn visit(&mut self) {
        #[cfg(test)]
        {
            self.visits += 1;
        }
    }
}

#[inline]
fn without_slashes_at_end(path: &[u8]) -> &[u8] {
    match path {
        [rest @ .., b'/'] => without_more_slashes_at_end(rest),
        _ => path,
    }
}

/// Kept apart so that a path without such slashes, as most are, meets no loop.
#[cold]
fn without_more_slashes_at_end(mut path: &[u8]) -> &[u8] {
    while let [rest @ .., b'/'] = path {
        path = rest;
    }
    path
}

#[cfg(test)]
mod tests;
