//! A block as pairs of path and text, for dotenv and INI (spec/sops-format §7.4).
//!
//! ```text
//! age__list_0__map_recipient
//! kms__list_0__map_context__map_env
//! ```

use std::collections::BTreeMap;

use super::write::{key, leaf, text};
use crate::tree::{Element, Entry, Node};
use crate::{ReadError, Value};

/// Takes a block apart, in its order. Empty lists and mappings vanish, as in SOPS.
pub(crate) fn flatten(block: &Node) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    if let Node::Mapping(entries) = block {
        for entry in entries {
            if let Entry::Pair(key, node) = entry {
                descend(key.text.to_string(), node, &mut pairs);
            }
        }
    }
    pairs
}

/// The depth is that of a block we made: five levels.
fn descend(path: String, node: &Node, pairs: &mut Vec<(String, String)>) {
    match node {
        Node::Mapping(entries) => {
            for entry in entries {
                if let Entry::Pair(key, node) = entry {
                    descend(format!("{path}{MAP}{}", key.text.as_str()), node, pairs);
                }
            }
        }
        Node::Sequence(elements) => {
            let nodes = elements.iter().filter_map(|element| match element {
                Element::Node(node) => Some(node),
                Element::Comment(_) => None,
            });
            for (index, node) in nodes.enumerate() {
                descend(format!("{path}{LIST}{index}"), node, pairs);
            }
        }
        Node::Leaf(leaf) => {
            pairs.push((
                path,
                String::from_utf8_lossy(&leaf.value.simple_text()).into_owned(),
            ));
        }
    }
}

/// Puts pairs together again. All texts stay texts.
///
/// # Errors
///
/// Something that is both a value and a container, a value given twice, list indexes that are not exactly 0 to n − 1.
pub(crate) fn unflatten<'t>(pairs: impl IntoIterator<Item = (&'t str, Value)>) -> Result<Node, ReadError> {
    let mut root = Part::Mapping(BTreeMap::new());
    for (path, value) in pairs {
        let steps = steps(path).ok_or_else(|| bad(path, "is not a flattened path"))?;
        let mut at = &mut root;
        for step in steps {
            at = at
                .enter(step)
                .ok_or_else(|| bad(path, "is both a value and a container"))?;
        }
        match at {
            Part::Empty => *at = Part::Value(value),
            Part::Value(_) => return Err(bad(path, "is given twice")),
            Part::Mapping(_) | Part::List(_) => return Err(bad(path, "is both a value and a container")),
        }
    }
    root.into_node("sops")
}

enum Step<'p> {
    Key(&'p str),
    Index(usize),
}

/// A node that is being put together. Maps, because a foreign file may have very many pairs.
enum Part<'t> {
    Empty,
    Value(Value),
    Mapping(BTreeMap<&'t str, Self>),
    List(BTreeMap<usize, Self>),
}

impl<'t> Part<'t> {
    fn enter(&mut self, step: Step<'t>) -> Option<&mut Self> {
        match step {
            Step::Key(key) => {
                if matches!(self, Self::Empty) {
                    *self = Self::Mapping(BTreeMap::new());
                }
                let Self::Mapping(parts) = self else { return None };
                Some(parts.entry(key).or_insert(Self::Empty))
            }
            Step::Index(index) => {
                if matches!(self, Self::Empty) {
                    *self = Self::List(BTreeMap::new());
                }
                let Self::List(parts) = self else { return None };
                Some(parts.entry(index).or_insert(Self::Empty))
            }
        }
    }

    /// The depth was capped by [`steps`].
    fn into_node(self, field: &str) -> Result<Node, ReadError> {
        Ok(match self {
            Self::Empty => text(""),
            Self::Value(value) => leaf(value),
            Self::Mapping(parts) => {
                let pair = |(name, part): (&str, Self)| Ok(Entry::Pair(key(name), part.into_node(name)?));
                Node::Mapping(parts.into_iter().map(pair).collect::<Result<_, ReadError>>()?)
            }
            Self::List(parts) => {
                if parts.keys().enumerate().any(|(at, index)| at != *index) {
                    return Err(bad(field, "lacks an element of its list"));
                }
                let element = |part: Self| Ok(Element::Node(part.into_node(field)?));
                Node::Sequence(
                    parts
                        .into_values()
                        .map(element)
                        .collect::<Result<_, ReadError>>()?,
                )
            }
        })
    }
}

/// Splits a path at every separator. `None`: an index that is no number, or a path too deep for any block.
fn steps(path: &str) -> Option<Vec<Step<'_>>> {
    let mut steps = Vec::new();
    let (mut rest, mut list) = (path, false);
    loop {
        let next = [
            rest.find(MAP).map(|at| (at, MAP)),
            rest.find(LIST).map(|at| (at, LIST)),
        ];
        let next = next.into_iter().flatten().min();
        let piece = next.map_or(rest, |(at, _)| &rest[..at]);
        steps.push(if list {
            Step::Index(index(piece)?)
        } else {
            Step::Key(piece)
        });
        if steps.len() > MAX_STEPS {
            return None;
        }
        let Some((at, separator)) = next else {
            return Some(steps);
        };
        list = separator == LIST;
        rest = &rest[at + separator.len()..];
    }
}

fn index(text: &str) -> Option<usize> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

fn bad(field: &str, what: &'static str) -> ReadError {
    ReadError::BadMetadata {
        field: field.to_owned(),
        what,
    }
}

const MAP: &str = "__map_";
const LIST: &str = "__list_";

/// Levels of a flattened path; a block has five.
const MAX_STEPS: usize = 32;
