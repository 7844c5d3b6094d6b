//! One entry of a YAML document set, removed or renamed, as patches; every other byte stays.

use std::ops::Range;

use manifest::Limits;
use yaml::edit::{insert_entry, remove as remove_entry, replace};
use yaml::emit::{Emit, EmitItem};
use yaml::scalar::{Context, write_str_as};
use yaml::{EditError, NodeId, NodeKind, Patch, ScalarStyle, Stream};
use zeroize::Zeroizing;

use super::FileError;
use super::chunk::budget;
use super::lines::{Patches, line_end, line_start, next_line, skip_spaces};
use super::nodes::Nodes;

/// What counts as the same text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Exact {
    /// Line breaks do not count: a block scalar stays one.
    Base64,
    /// Every character.
    Text,
}

/// Names and the texts they get.
pub(super) type Texts<'e> = Vec<(&'e str, &'e str)>;

type Edited = Result<Patches, FileError>;

/// Sets entries of the mapping at a path of the object; makes mappings that are missing.
///
/// Gives the entries too that are left for the next time: what is there goes first, then new ones follow one by one.
pub(super) fn set<'e>(
    nodes: &Nodes<'_, '_>,
    item: Option<usize>,
    path: &[&str],
    entries: Texts<'e>,
    exact: Exact,
) -> Result<(Patches, Texts<'e>), FileError> {
    let stream = nodes.stream;
    let mapping = match mapping_at(nodes, item, path)? {
        Found::Mapping(mapping) => mapping,
        Found::Nothing { node, below } => {
            let new = nested(below, &entries);
            let patches = edited(nodes, node, replace(stream, node, &new, true))?;
            return Ok((patches, Vec::new()));
        }
        Found::No { parent, key, below } => {
            let new = nested(below, &entries);
            let patches = edited(nodes, parent, insert_entry(stream, parent, key, &new))?;
            return Ok((patches, Vec::new()));
        }
    };
    let (mut patches, mut rest) = (Patches::new(), Vec::new());
    for (key, value) in entries {
        match nodes.entry(mapping, key)? {
            Some((_, node)) => {
                nodes.editable(node)?;
                patches.extend(new_value(nodes, node, value, exact)?);
            }
            None => rest.push((key, value)),
        }
    }
    if patches.is_empty() && !rest.is_empty() {
        let (key, value) = rest.remove(0);
        patches = insert(nodes, mapping, key, value)?;
    }
    Ok((patches, rest))
}

/// Removes one entry. Comments above it stay.
pub(super) fn remove(nodes: &Nodes<'_, '_>, item: Option<usize>, path: &[&str], key: &str) -> Edited {
    let (mapping, (_, value)) = entry_at(nodes, item, path, key)?;
    nodes.unshared(value)?;
    edited(nodes, mapping, remove_entry(nodes.stream, mapping, value))
}

/// Gives one entry another key, in the style of the old one.
pub(super) fn rename(
    nodes: &Nodes<'_, '_>,
    item: Option<usize>,
    path: &[&str],
    old: &str,
    new: &str,
) -> Edited {
    let (_, (key, _)) = entry_at(nodes, item, path, old)?;
    nodes.editable(key)?;
    let context = if nodes.stream.in_flow(key) {
        Context::Flow
    } else {
        Context::Key
    };
    let styled = match nodes.stream.node(key).kind {
        NodeKind::Scalar(style) => {
            write_str_as(new, style, context, "\n").filter(|text| !text.contains('\n'))
        }
        _ => None,
    };
    let new = match styled {
        Some(styled) => Emit::Raw(styled.into()),
        None => Emit::Str(new.into()),
    };
    edited(nodes, key, replace(nodes.stream, key, &new, true))
}

/// Parses a document that `manifest` has read before, with its limits checked.
pub(super) fn parse(text: &str) -> Result<Stream<'_>, FileError> {
    let limits = Limits {
        bytes: text.len(),
        ..Limits::default()
    };
    Stream::parse(text, &budget(&limits)).map_err(|error| FileError::Form {
        line: error.at.line,
        what: error.what,
    })
}

/// An edit of the YAML package as patches that are wiped, or its error told by the line.
pub(super) fn edited(nodes: &Nodes<'_, '_>, node: NodeId, patches: Result<Vec<Patch>, EditError>) -> Edited {
    let patches = patches.map_err(|_| nodes.form(node, "this form of an entry is not edited"))?;
    let patches = patches
        .into_iter()
        .map(|patch| (patch.range, Zeroizing::new(patch.text)));
    Ok(patches.collect())
}

/// What stands at a path.
enum Found<'p> {
    Mapping(NodeId),
    /// Null, or `{}`: to be replaced by mappings for the keys below.
    Nothing {
        node: NodeId,
        below: &'p [&'p str],
    },
    /// No such key in this mapping.
    No {
        parent: NodeId,
        key: &'p str,
        below: &'p [&'p str],
    },
}

fn mapping_at<'p>(
    nodes: &Nodes<'_, '_>,
    item: Option<usize>,
    path: &'p [&'p str],
) -> Result<Found<'p>, FileError> {
    let mut here = nodes.object(item)?;
    let mut below = path;
    while let [key, rest @ ..] = below {
        below = rest;
        let Some((_, value)) = nodes.entry(here, key)? else {
            return Ok(Found::No {
                parent: here,
                key,
                below,
            });
        };
        nodes.editable(value)?;
        if nodes.is_null(value) || is_empty_braces(nodes, value) {
            return Ok(Found::Nothing { node: value, below });
        }
        if !nodes.is_mapping(value) {
            return Err(nodes.form(value, "expected a mapping here"));
        }
        here = value;
    }
    Ok(Found::Mapping(here))
}

/// `{}` with nothing inside, not even a comment.
fn is_empty_braces(nodes: &Nodes<'_, '_>, node: NodeId) -> bool {
    let text = nodes.stream.text().get(nodes.stream.node(node).span.clone());
    let inside = text.and_then(|text| text.strip_prefix('{')?.strip_suffix('}'));
    nodes.is_mapping(node) && inside.is_some_and(|inside| inside.trim().is_empty())
}

type Entry = (NodeId, NodeId);

fn entry_at(
    nodes: &Nodes<'_, '_>,
    item: Option<usize>,
    path: &[&str],
    key: &str,
) -> Result<(NodeId, Entry), FileError> {
    if let Found::Mapping(mapping) = mapping_at(nodes, item, path)?
        && let Some(found) = nodes.entry(mapping, key)?
    {
        return Ok((mapping, found));
    }
    Err(FileError::Missing(format!(
        "there is no {}.{key}",
        path.join(".")
    )))
}

fn nested<'a>(below: &[&'a str], entries: &[(&'a str, &'a str)]) -> Emit<'a> {
    let entries = entries
        .iter()
        .map(|&(key, value)| EmitItem::Entry(key.into(), Emit::Str(value.into())));
    below
        .iter()
        .rev()
        .fold(Emit::Mapping(entries.collect()), |inner, &key| {
            Emit::Mapping(vec![EmitItem::Entry(key.into(), inner)])
        })
}

/// Adds an entry behind the last one, quoted as that one.
fn insert(nodes: &Nodes<'_, '_>, mapping: NodeId, key: &str, value: &str) -> Edited {
    let stream = nodes.stream;
    let last = stream.items(mapping).iter().rev().find_map(|item| match *item {
        yaml::Item::Entry(_, value) => Some(value),
        yaml::Item::Element(_) | yaml::Item::Comment(_) => None,
    });
    let quoted = last.and_then(|last| match stream.node(last).kind {
        NodeKind::Scalar(style @ (ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted)) => {
            write_str_as(value, style, Context::Flow, "\n")
        }
        _ => None,
    });
    let new = match quoted {
        Some(quoted) => Emit::Raw(quoted.into()),
        None => Emit::Str(value.into()),
    };
    edited(nodes, mapping, insert_entry(stream, mapping, key, &new))
}

/// Another text where a value stands, in its style.
fn new_value(nodes: &Nodes<'_, '_>, node: NodeId, new: &str, exact: Exact) -> Edited {
    let stream = nodes.stream;
    let span = stream.node(node).span.clone();
    let flow = stream.in_flow(node);
    let untagged = stream.node(node).tag.is_none() && !span.is_empty();
    let context = if flow {
        Context::Flow
    } else {
        Context::Block { indent: 0 }
    };
    let place = match stream.node(node).kind {
        NodeKind::Scalar(ScalarStyle::Literal | ScalarStyle::Folded)
            if exact == Exact::Base64 && untagged =>
        {
            block_lines(stream.text(), &span).map(|lines| (lines, new.to_owned()))
        }
        NodeKind::Scalar(ScalarStyle::Literal | ScalarStyle::Folded) => None,
        NodeKind::Scalar(style) if untagged => write_str_as(new, style, context, "\n").map(|new| (span, new)),
        _ => None,
    };
    match place {
        Some((range, text)) => Ok(vec![(range, Zeroizing::new(text))]),
        None => edited(nodes, node, replace(stream, node, &Emit::Str(new.into()), true)),
    }
}

/// The content of a block scalar from its first character to its last.
fn block_lines(text: &str, span: &Range<usize>) -> Option<Range<usize>> {
    let end = text.get(span.clone())?.trim_end().len() + span.start;
    let mut line = next_line(text, span.start);
    while line < end && skip_spaces(text, line) == line_end(text, line) {
        line = next_line(text, line);
    }
    let start = skip_spaces(text, line);
    (line_start(text, span.start) < line && start < end).then_some(start..end)
}
