//! Proofs of the crate, one binary.

#![allow(clippy::unwrap_used, reason = "tests may use unwrap")]
#![allow(clippy::print_stderr, reason = "a test that finds no corpus says so")]

mod bombs;
mod comments;
mod corpus;
mod edits;
mod generate;
mod model;
mod odd;
mod parsing;
mod properties;
mod scalars;

use yaml::{Budget, NodeId, Stream};

/// Parses a text that must be readable.
fn parse(text: &str) -> Stream<'_> {
    Stream::parse(text, &Budget::default()).unwrap_or_else(|error| panic!("{error} in {text:?}"))
}

/// The node at a path of keys and indices.
fn at(stream: &Stream<'_>, path: &[&str]) -> NodeId {
    let mut node = stream.documents()[0].root;
    for step in path {
        let found = stream.items(node).iter().filter_map(|item| match *item {
            yaml::Item::Entry(key, value) => Some((stream.value(key).into_owned(), value)),
            yaml::Item::Element(value) => Some((String::new(), value)),
            yaml::Item::Comment(_) => None,
        });
        node = found
            .enumerate()
            .find(|(index, (key, _))| key == step || index.to_string() == **step)
            .unwrap_or_else(|| panic!("no {step}"))
            .1
            .1;
    }
    node
}
