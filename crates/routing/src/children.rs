//! The literal children of every node, in flat arrays.
//!
//! A node with few literal children searches them all. A node with many has a directory: the children are grouped
//! by the upper bits of their hash, and a lookup searches one group. A group that a hostile table made large is
//! searched by halves, so the worst lookup takes the logarithm of the children.

use std::cmp::Ordering;

use crate::segment::Segment;

/// Where the literal children of one node are.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Children {
    /// These edges.
    Few { first: u32, end: u32 },
    /// The groups whose bounds begin at `directory`; `shift` turns a hash into the number of a group.
    Many { directory: u32, shift: u32 },
}

/// The edges of every node.
#[derive(Debug, Default)]
pub(crate) struct Edges {
    edges: Vec<Edge>,
    directory: Vec<u32>,
    /// The segments longer than [`Segment::EXACT`].
    texts: Vec<u8>,
}

#[derive(Debug)]
struct Edge {
    segment: Segment,
    text: u32,
    node: u32,
}

impl Edges {
    /// Adds the literal children of one node: segments and the nodes they lead to.
    pub(crate) fn add<'s>(
        &mut self,
        children: impl ExactSizeIterator<Item = (&'s str, u32)>,
    ) -> Children {
        let bits = if children.len() > FEW {
            children.len().next_power_of_two().ilog2()
        } else {
            0
        };
        let shift = u64::BITS - bits;
        let mut group: Vec<_> = children
            .map(|(text, node)| {
                let segment = Segment::read(text.as_bytes(), 0);
                let group = group_of(&segment, text.as_bytes(), 0, shift);
                (group, segment, text, node)
            })
            .collect();
        group.sort_unstable();

        let first = self.edges.len();
        for &(_, segment, text, node) in &group {
            let at = index(self.texts.len());
            if segment.len > Segment::EXACT {
                self.texts.extend_from_slice(text.as_bytes());
            }
            self.edges.push(Edge {
                segment,
                text: at,
                node,
            });
        }
        if bits == 0 {
            return Children::Few {
                first: index(first),
                end: index(self.edges.len()),
            };
        }
        let directory = index(self.directory.len());
        self.directory.extend(
            (0..=1 << bits)
                .map(|number| index(first + group.partition_point(|&(of, ..)| of < number))),
        );
        Children::Many { directory, shift }
    }

    /// Returns the node that `segment`, which starts at `start` of `path`, leads to.
    #[inline]
    pub(crate) fn find(
        &self,
        children: Children,
        segment: &Segment,
        path: &[u8],
        start: usize,
    ) -> Option<u32> {
        let edges = match children {
            Children::Few { first, end } => self.edges.get(first as usize..end as usize)?,
            Children::Many { directory, shift } => {
                let group = group_of(segment, path, start, shift);
                let edges = self.group(directory, group)?;
                if edges.len() > FEW {
                    return self.find_by_halves(edges, *segment, path, start);
                }
                edges
            }
        };
        let found = edges.iter().find(|edge| {
            edge.segment.head == segment.head
                && (segment.len <= Segment::EXACT || {
                    let text = segment.text(path, start);
                    text.is_some_and(|text| self.is_text(edge, text))
                })
        });
        found.map(|edge| edge.node)
    }

    #[inline]
    fn group(&self, directory: u32, group: u64) -> Option<&[Edge]> {
        let number = directory as usize + group as usize;
        let [first, end] = *self.directory.get(number..)?.first_chunk()?;
        self.edges.get(first as usize..end as usize)
    }

    /// Returns whether `text`, longer than [`Segment::EXACT`], is the segment of `edge`.
    ///
    /// Not inlined, so that the search keeps its registers: most segments are told apart by their words.
    #[inline(never)]
    fn is_text(&self, edge: &Edge, text: &[u8]) -> bool {
        self.text(edge) == Some(text)
    }

    #[cold]
    fn find_by_halves(
        &self,
        edges: &[Edge],
        segment: Segment,
        path: &[u8],
        start: usize,
    ) -> Option<u32> {
        let found = edges.binary_search_by(|edge| {
            edge.segment.cmp(&segment).then_with(|| {
                if segment.len <= Segment::EXACT {
                    return Ordering::Equal;
                }
                self.text(edge).cmp(&segment.text(path, start))
            })
        });
        edges.get(found.ok()?).map(|edge| edge.node)
    }

    /// Returns the text of a segment longer than [`Segment::EXACT`].
    #[inline]
    fn text(&self, edge: &Edge) -> Option<&[u8]> {
        let start = edge.text as usize;
        self.texts.get(start..start + edge.segment.len)
    }

    pub(crate) fn shrink_to_fit(&mut self) {
        self.edges.shrink_to_fit();
        self.directory.shrink_to_fit();
        self.texts.shrink_to_fit();
    }
}

/// Returns the group, among `2^(64 - shift)`, of `segment`, which starts at `start` of `path`.
#[inline]
fn group_of(segment: &Segment, path: &[u8], start: usize, shift: u32) -> u64 {
    segment.hash(path, start).checked_shr(shift).unwrap_or(0)
}

/// The builder bounds routes, segments and bytes so that every index fits; one that did not would lead nowhere.
pub(crate) fn index(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}

/// Up to this many edges are compared one after the other.
const FEW: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    type Naming = fn(u32) -> String;

    fn find(edges: &Edges, children: Children, text: &str) -> Option<u32> {
        let segment = Segment::read(text.as_bytes(), 0);
        edges.find(children, &segment, text.as_bytes(), 0)
    }

    #[test]
    fn every_child_is_found_and_nothing_else_whatever_the_width() {
        let shapes: [(&str, Naming); 4] = [
            ("short", |number| format!("c{number}")),
            ("nine to sixteen bytes", |number| {
                format!("child-{number:06}")
            }),
            ("different at both ends", |number| {
                format!("{number}-quite-a-long-child-{number}")
            }),
            // The hash sees neither, so all of them are one group.
            ("different in the middle", |number| {
                format!("same-head{number:06}same-tail")
            }),
        ];
        for (name, text) in shapes {
            for width in [0, 1, FEW as u32, FEW as u32 + 1, 7, 8, 9, 300] {
                let texts: Vec<_> = (0..width).map(text).collect();
                let mut edges = Edges::default();
                // Neighbours in the flat arrays must not be taken for children.
                edges.add([("before", u32::MAX)].into_iter());
                let children = edges.add(texts.iter().map(String::as_str).zip(0..width));
                edges.add([("after", u32::MAX)].into_iter());

                for (text, node) in texts.iter().zip(0..) {
                    assert_eq!(
                        find(&edges, children, text),
                        Some(node),
                        "{name} {width}: {text}"
                    );
                }
                for text in [&text(width), "", "before", "after"] {
                    assert_eq!(find(&edges, children, text), None, "{name} {width}: {text}");
                }
            }
        }
    }

    #[test]
    fn ordinary_names_spread_over_the_groups() {
        let texts: Vec<_> = (0..1024)
            .map(|number| format!("resource-{number}"))
            .collect();
        let mut groups = [0; 1024];
        for text in &texts {
            let segment = Segment::read(text.as_bytes(), 0);
            let group = group_of(&segment, text.as_bytes(), 0, 64 - 10);
            groups[group as usize] += 1;
        }
        let largest = groups.iter().max();
        assert!(largest < Some(&10), "{largest:?}");
    }
}
