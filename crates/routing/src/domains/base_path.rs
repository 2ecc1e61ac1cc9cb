//! Base paths: their syntax, and the tree that finds the longest one of a domain.

use std::collections::BTreeMap;

use super::{error::DomainFault, request_path::RequestPath};
use crate::{
    children::{Children, Edges, index},
    segment::Segment,
    table::NONE,
};

/// The most characters of a base path, which all are one byte.
pub(crate) const MAX_BASE_PATH_BYTES: usize = 300;

/// How the management API writes that there is no base path, or no stage.
const NOTHING: &str = "(none)";

/// Checks the base path of a mapping or a rule, and returns it: empty for `(none)`.
pub(crate) fn parse(base_path: &str) -> Result<&str, DomainFault> {
    let owned = || base_path.to_owned();
    if matches!(base_path, "" | NOTHING) {
        return Ok("");
    }
    let is_in_a_base_path =
        |character: char| character.is_ascii_alphanumeric() || "$-_.+!*'()/".contains(character);
    let bad = |character: &char| !is_in_a_base_path(*character);
    if base_path.chars().count() > MAX_BASE_PATH_BYTES {
        return Err(DomainFault::BasePathTooLong { base_path: owned() });
    }
    if let Some(character) = base_path.chars().find(bad) {
        return Err(DomainFault::BadBasePathCharacter {
            base_path: owned(),
            character,
        });
    }
    if base_path.split('/').any(str::is_empty) {
        return Err(DomainFault::EmptyBasePathSegment { base_path: owned() });
    }
    Ok(base_path)
}

/// Numbers by base path: a tree of segments in flat arrays.
#[derive(Debug)]
pub(crate) struct BasePaths {
    nodes: Box<[Node]>,
    edges: Edges,
}

#[derive(Debug)]
struct Node {
    children: Children,
    /// The number of the base path that ends here.
    number: u32,
}

impl BasePaths {
    /// Numbers the base paths, which have passed [`parse`] and differ from one another.
    pub(crate) fn new<'p>(base_paths: impl Iterator<Item = &'p str>) -> Self {
        let mut tree = vec![Growing::default()];
        for (number, base_path) in base_paths.enumerate() {
            let end = base_path
                .split('/')
                .filter(|segment| !segment.is_empty())
                .fold(0, |node, segment| child(&mut tree, node, segment));
            if let Some(node) = tree.get_mut(end as usize) {
                node.number = Some(index(number));
            }
        }
        let mut edges = Edges::default();
        let node = |growing: &Growing<'_>| Node {
            children: edges.add(growing.children.iter().map(|(text, node)| (*text, *node))),
            number: growing.number.unwrap_or(NONE),
        };
        let nodes = tree.iter().map(node).collect();
        edges.shrink_to_fit();
        Self { nodes, edges }
    }

    /// Returns the number of the longest base path that is whole segments at the start of `path`, and where it ends:
    /// at `0` for the empty one.
    ///
    /// Looks at each segment of the path once, and at none behind the longest base path and the one that follows.
    pub(crate) fn find(&self, path: &RequestPath<'_>) -> Option<(usize, usize)> {
        let bytes = path.text().as_bytes();
        let mut node = self.nodes.first()?;
        let mut longest = (node.number, 0);
        let mut start = path.first_segment().unwrap_or(bytes.len());
        while start < bytes.len() {
            let segment = Segment::read(bytes, start);
            let child = self.edges.find(node.children, &segment, bytes, start);
            let Some(child) = child.and_then(|child| self.nodes.get(child as usize)) else {
                break;
            };
            let end = start + segment.len;
            if child.number != NONE {
                longest = (child.number, end);
            }
            node = child;
            start = end + 1;
        }
        let (number, end) = longest;
        (number != NONE).then_some((number as usize, end))
    }
}

#[derive(Debug, Default)]
struct Growing<'p> {
    children: BTreeMap<&'p str, u32>,
    number: Option<u32>,
}

/// Returns the child of `node` for `segment`, a new one if there is none.
fn child<'p>(tree: &mut Vec<Growing<'p>>, node: u32, segment: &'p str) -> u32 {
    let new = index(tree.len());
    let Some(growing) = tree.get_mut(node as usize) else {
        return NONE;
    };
    let child = *growing.children.entry(segment).or_insert(new);
    if child == new {
        tree.push(Growing::default());
    }
    child
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_syntax_is_that_of_mapping_keys() {
        let longest = "a".repeat(MAX_BASE_PATH_BYTES);
        for base_path in [
            "v1",
            "orders/v1/items",
            "azAZ09$-_.+!*'()",
            "(none)x",
            &longest,
        ] {
            assert_eq!(parse(base_path), Ok(base_path), "{base_path}");
        }
        for base_path in ["", "(none)"] {
            assert_eq!(parse(base_path), Ok(""), "{base_path:?}");
        }
        for character in " \"#%&,:;<=>?@[\\]^`{|}~é\u{0}".chars() {
            let base_path = format!("a{character}");
            let expected = DomainFault::BadBasePathCharacter {
                base_path: base_path.clone(),
                character,
            };
            assert_eq!(parse(&base_path), Err(expected), "{character:?}");
        }
        for base_path in ["/", "/a", "a/", "a//b"] {
            let expected = DomainFault::EmptyBasePathSegment {
                base_path: base_path.to_owned(),
            };
            assert_eq!(parse(base_path), Err(expected), "{base_path}");
        }
        let base_path = format!("{longest}a");
        let expected = DomainFault::BasePathTooLong {
            base_path: base_path.clone(),
        };
        assert_eq!(parse(&base_path), Err(expected));
    }

    #[test]
    fn the_longest_base_path_is_found_and_where_it_ends() {
        let tree = BasePaths::new(["", "a", "a/b/c", "long-segment/x"].into_iter());
        let cases = [
            ("/", Some((0, 0))),
            ("", Some((0, 0))),
            ("*", Some((0, 0))),
            ("/a", Some((1, 2))),
            ("/a/", Some((1, 2))),
            ("/ab", Some((0, 0))),
            ("//a", Some((1, 3))),
            ("/a/b", Some((1, 2))),
            ("/a/b/c", Some((2, 6))),
            ("/a/b/c/d", Some((2, 6))),
            ("/a//b/c", Some((1, 2))),
            ("/long-segment/x/", Some((3, 15))),
            ("/long-segment", Some((0, 0))),
        ];
        for (path, expected) in cases {
            assert_eq!(tree.find(&RequestPath::new(path)), expected, "{path}");
        }
        let tree = BasePaths::new(["a/b"].into_iter());
        for path in ["/", "/a", "a/b", "/b"] {
            assert_eq!(tree.find(&RequestPath::new(path)), None, "{path}");
        }
    }
}
