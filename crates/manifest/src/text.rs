//! A small edit of a YAML configuration file that keeps every other byte: comments, quotes, order.

use thiserror::Error;
use yaml::edit::{append_element, apply, insert_entry, replace};
use yaml::emit::{Emit, EmitItem};
use yaml::{Budget, Item, NodeId, NodeKind, Patch, ScalarStyle, Stream};

/// Why a text was not edited.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TextError {
    /// It is no YAML.
    #[error("line {line}: {what}")]
    Syntax {
        /// Line, from 1.
        line: usize,
        /// What is wrong there.
        what: &'static str,
    },
    /// Something else than mappings and a list stands on the way, or a form that is not edited (an alias).
    #[error("{path} is not written in a form that can be edited")]
    Form {
        /// The path, dotted.
        path: String,
    },
}

/// Appends a text to the list at a path of mappings; the list, and mappings on the way, are made where they are
/// missing. A text that the list has already changes nothing.
///
/// # Errors
///
/// See [`TextError`].
///
/// # Invariants
///
/// What it gives, read again, has the text in the list; it is checked.
pub fn append_to_list(text: &str, path: &[&str], value: &str) -> Result<String, TextError> {
    let form = || TextError::Form { path: path.join(".") };
    let stream = parse(text)?;
    let patches = match find(&stream, path).ok_or_else(form)? {
        Found::List(list) if has(&stream, list, value) => return Ok(text.to_owned()),
        Found::List(list) => append_element(&stream, list, &Emit::Str(value.into())),
        Found::Nothing(node, below) => replace(&stream, node, &nested(below, value), true),
        Found::No { parent, key, below } => insert_entry(&stream, parent, key, &nested(below, value)),
    };
    let patches: Vec<Patch> = patches.map_err(|_| form())?;
    let new = apply(text, patches).map_err(|_| form())?;
    let again = parse(&new)?;
    match find(&again, path) {
        Some(Found::List(list)) if has(&again, list, value) => Ok(new),
        _ => Err(form()),
    }
}

/// What stands at a path.
enum Found<'p> {
    List(NodeId),
    /// Null or nothing, to be replaced by mappings for the keys below.
    Nothing(NodeId, &'p [&'p str]),
    /// No such key in this mapping.
    No {
        parent: NodeId,
        key: &'p str,
        below: &'p [&'p str],
    },
}

fn find<'p>(stream: &Stream<'_>, path: &'p [&'p str]) -> Option<Found<'p>> {
    let [document] = stream.documents() else {
        return None;
    };
    let mut here = document.root;
    let mut below = path;
    loop {
        let node = stream.node(here);
        match node.kind {
            NodeKind::Mapping(_) => {}
            NodeKind::Sequence(_) if below.is_empty() => return Some(Found::List(here)),
            NodeKind::Scalar(ScalarStyle::Plain) if is_null(&stream.value(here)) => {
                // An empty document takes the first entry, and no other value.
                let [key, rest @ ..] = below else {
                    return Some(Found::Nothing(here, below));
                };
                if here == document.root {
                    return Some(Found::No {
                        parent: here,
                        key,
                        below: rest,
                    });
                }
                return Some(Found::Nothing(here, below));
            }
            _ => return None,
        }
        let [key, rest @ ..] = below else { return None };
        below = rest;
        match entry(stream, here, key) {
            Some(value) => here = value,
            None => {
                return Some(Found::No {
                    parent: here,
                    key,
                    below,
                });
            }
        }
    }
}

fn entry(stream: &Stream<'_>, mapping: NodeId, key: &str) -> Option<NodeId> {
    stream.items(mapping).iter().find_map(|item| match *item {
        Item::Entry(name, value) if stream.value(name) == key => Some(value),
        Item::Entry(..) | Item::Element(_) | Item::Comment(_) => None,
    })
}

fn has(stream: &Stream<'_>, list: NodeId, value: &str) -> bool {
    let is = |item: &Item| matches!(*item, Item::Element(node) if stream.value(node) == value);
    stream.items(list).iter().any(is)
}

fn nested<'a>(below: &[&'a str], value: &'a str) -> Emit<'a> {
    let list = Emit::Sequence(vec![EmitItem::Element(Emit::Str(value.into()))]);
    let inside = |inner, key: &&'a str| Emit::Mapping(vec![EmitItem::Entry((*key).into(), inner)]);
    below.iter().rev().fold(list, inside)
}

fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

fn parse(text: &str) -> Result<Stream<'_>, TextError> {
    let budget = Budget {
        bytes: text.len(),
        ..Budget::default()
    };
    Stream::parse(text, &budget).map_err(|error| TextError::Syntax {
        line: error.at.line,
        what: error.what,
    })
}
