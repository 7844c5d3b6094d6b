//! `set` and `unset` in a JSON text, in its own style (spec/sops-cli §5).

use std::ops::Range;

use super::emit::{Style, push_key, write_node};
use super::scan::{Cursor, Item};
use super::{before_comma, is_blank};
use crate::store::BytePatch;
use crate::store::text::{new_key, new_node, patch};
use crate::tree::{Branch, Element, Entry, NewValue, Node, Step, TreePath};
use crate::{EditError, value};

/// Puts a value at a path: what is there is replaced, what is missing is appended or made.
pub(crate) fn set(
    source: &[u8],
    _branches: &[Branch],
    path: &TreePath,
    new: &NewValue,
) -> Result<Vec<BytePatch>, EditError> {
    if path.0.is_empty() {
        return Err(EditError::Shape {
            path: String::new(),
            what: "the path is empty",
        });
    }
    if matches!(path.0.as_slice(), [Step::Key(key)] if key == super::RESERVED) {
        return Err(EditError::ReservedKey);
    }
    let mut here = root(source);
    for (depth, step) in path.0.iter().enumerate() {
        let rest = &path.0[depth + 1..];
        let found = match (step, source.get(here.start)) {
            (Step::Key(key), Some(b'{')) => find_key(source, here.start, key),
            (Step::Key(_), Some(b'[')) => return Err(shape(path, depth, "is a list: an index is needed")),
            (Step::Index(index), Some(b'[')) => {
                Cursor::new(source, here.start).items().into_iter().nth(*index)
            }
            (Step::Index(_), Some(b'{')) => return Err(shape(path, depth, "is a mapping: a key is needed")),
            // A scalar in the way makes room.
            _ => return replace(source, here, wrap(&path.0[depth..], new), depth),
        };
        match found {
            Some(item) => here = item.value,
            None => return insert(source, here, step, wrap(rest, new), depth + 1),
        }
    }
    replace(source, here, new_node(new), path.0.len())
}

/// Removes the item at a path.
pub(crate) fn unset(
    source: &[u8],
    _branches: &[Branch],
    path: &TreePath,
) -> Result<Vec<BytePatch>, EditError> {
    let mut here = root(source);
    let mut found: Option<Item> = None;
    for (depth, step) in path.0.iter().enumerate() {
        let item = match (step, source.get(here.start)) {
            (Step::Key(key), Some(b'{')) => find_key(source, here.start, key)
                .ok_or_else(|| EditError::KeyNotFound { key: key.clone() })?,
            (Step::Index(index), Some(b'[')) => {
                let mut items = Cursor::new(source, here.start).items();
                if *index >= items.len() {
                    return Err(EditError::OutOfBounds {
                        index: *index,
                        length: items.len(),
                    });
                }
                items.swap_remove(*index)
            }
            (Step::Key(_), Some(b'[')) => return Err(shape(path, depth, "is a list: an index is needed")),
            (Step::Index(_), Some(b'{')) => return Err(shape(path, depth, "is a mapping: a key is needed")),
            _ => return Err(shape(path, depth, "is a scalar: nothing is in it")),
        };
        here = item.value.clone();
        found = Some(item);
    }
    let item = found.ok_or(EditError::Shape {
        path: String::new(),
        what: "the path is empty",
    })?;
    let comma = before_comma(source, item.start);
    let range = if comma < item.start {
        comma..item.value.end
    } else {
        let next = Cursor::new(source, item.value.end).after_comma();
        if next > item.value.end {
            item.start..next
        } else {
            surrounding_blanks(source, item.start..item.value.end)
        }
    };
    Ok(vec![patch(range, [])])
}

fn replace(source: &[u8], here: Range<usize>, node: Node, level: usize) -> Result<Vec<BytePatch>, EditError> {
    let mut text = String::new();
    write_node(&mut text, &node, &Style::learn(source), level)?;
    Ok(vec![patch(here, text.into_bytes())])
}

/// Appends to the collection at `here`, whose items stand at `level`.
fn insert(
    source: &[u8],
    here: Range<usize>,
    step: &Step,
    node: Node,
    level: usize,
) -> Result<Vec<BytePatch>, EditError> {
    let mut style = Style::learn(source);
    let items = Cursor::new(source, here.start).items();
    let mut text = String::new();
    let range = match items.last() {
        // Between the last two items (or the bracket and the only one) stands what goes before the new one.
        Some(last) => {
            let before = source[..last.start]
                .iter()
                .rposition(|b| !is_blank(*b))
                .map_or(0, |at| at + 1);
            let blanks = String::from_utf8_lossy(&source[before..last.start]);
            style.multi_line &= blanks.contains('\n');
            text.push(',');
            let separator = if blanks.is_empty() && items.len() == 1 {
                " ".into()
            } else {
                blanks
            };
            text.push_str(&separator);
            last.value.end..last.value.end
        }
        None => {
            style.newline(&mut text, level);
            here.start + 1..here.end - 1
        }
    };
    if let Step::Key(key) = step {
        push_key(&mut text, key, &style);
    }
    write_node(&mut text, &node, &style, level)?;
    if items.is_empty() {
        style.newline(&mut text, level - 1);
    }
    Ok(vec![patch(range, text.into_bytes())])
}

/// The value with what is missing of the path around it: a key makes a mapping, an index a list of one.
fn wrap(path: &[Step], new: &NewValue) -> Node {
    path.iter().rev().fold(new_node(new), |inner, step| match step {
        Step::Key(key) => Node::Mapping(vec![Entry::Pair(new_key(key), inner)]),
        Step::Index(_) => Node::Sequence(vec![Element::Node(inner)]),
    })
}

fn root(source: &[u8]) -> Range<usize> {
    let start = source.iter().position(|b| *b == b'{').unwrap_or(0);
    let end = source
        .iter()
        .rposition(|b| *b == b'}')
        .map_or(source.len(), |at| at + 1);
    start..end
}

/// The first entry with this key.
fn find_key(source: &[u8], mapping: usize, key: &str) -> Option<Item> {
    let mut plain = String::new();
    value::push_plain_string(&mut plain, key.as_bytes());
    Cursor::new(source, mapping).items().into_iter().find(|item| {
        let literal = &source[item.key.clone()];
        literal == plain.as_bytes() || literal.contains(&b'\\') && decoded(literal).as_deref() == Some(key)
    })
}

/// A key that is written with escapes: read as the key of an object of its own.
fn decoded(literal: &[u8]) -> Option<String> {
    let object = [b"{", literal, b":0}"].concat();
    match super::read(&object).ok()?.pop()?.entries.pop()? {
        Entry::Pair(key, _) => Some(key.text.to_string()),
        Entry::Comment(_) => None,
    }
}

fn surrounding_blanks(source: &[u8], range: Range<usize>) -> Range<usize> {
    let start = source[..range.start]
        .iter()
        .rposition(|b| !is_blank(*b))
        .map_or(0, |at| at + 1);
    let end = source[range.end..]
        .iter()
        .position(|b| !is_blank(*b))
        .map_or(source.len(), |at| range.end + at);
    start..end
}

fn shape(path: &TreePath, depth: usize, what: &'static str) -> EditError {
    EditError::Shape {
        path: TreePath(path.0[..depth].to_vec()).to_string(),
        what,
    }
}
