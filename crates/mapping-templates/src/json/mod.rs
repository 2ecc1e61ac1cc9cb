//! JSON as mapping templates see it: read leniently, kept in one piece, written compactly.

mod convert;
mod document;
mod parser;
mod scalar;
mod scan;
mod write;

pub(crate) use self::{
    document::{Document, Node, NodeId, Span},
    parser::JsonError,
    write::{Slashes, node_number, write_node, write_number, write_text, write_unicode},
};

#[cfg(test)]
mod tests;
