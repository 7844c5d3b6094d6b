//! New entries at the end of collections.

use super::layout::{column_of, layout_of};
use super::{Patch, deeper_comments, entries, entry_end, found, is_pair, literals_at, subtree_end};
use crate::emit::{self, Emit, Layout, Literals};
use crate::text::{
    before_break, break_len, byte, is_break, line_end, line_start, only_spaces, same_line, skip_gap,
    skip_spaces, slice,
};
use crate::{EditError, NodeId, NodeKind, ScalarStyle, Stream};

/// Appends `key: value` at the end of a mapping, in its style and indentation (block or flow, empty or not),
/// before trailing comments of ancestors and after the mapping's own last entry. For an empty document (empty root
/// scalar) it starts the mapping.
///
/// # Errors
///
/// [`EditError::WrongKind`] if the node is no mapping and no empty document.
pub fn insert_entry(
    stream: &Stream<'_>,
    mapping: NodeId,
    key: &str,
    new: &Emit<'_>,
) -> Result<Vec<Patch>, EditError> {
    let layout = layout_of(stream);
    match &stream.node(mapping).kind {
        NodeKind::Mapping(_) if is_pair(stream, mapping) => Err(EditError::WrongKind {
            found: "a pair inside [ ]",
            expected: "a mapping",
        }),
        NodeKind::Mapping(collection) if collection.flow => {
            Ok(into_flow(stream, mapping, emit::flow_entry(key, new), &layout))
        }
        NodeKind::Mapping(_) => {
            let column = column_of(stream, mapping);
            let (at, layout) = below(stream, mapping, column, layout);
            let entry = emit::block_entry(key, new, column, &layout);
            Ok(vec![line_at(stream.text(), at, &entry, column, &layout)])
        }
        NodeKind::Scalar(ScalarStyle::Plain)
            if stream.node(mapping).span.is_empty() && stream.parent(mapping).is_none() =>
        {
            Ok(vec![into_empty(stream, mapping, key, new, layout)])
        }
        _ => Err(EditError::WrongKind {
            found: found(stream, mapping),
            expected: "a mapping",
        }),
    }
}

/// Appends an element at the end of a sequence, in its style.
///
/// # Errors
///
/// [`EditError::WrongKind`] if the node is no sequence.
pub fn append_element(
    stream: &Stream<'_>,
    sequence: NodeId,
    new: &Emit<'_>,
) -> Result<Vec<Patch>, EditError> {
    let layout = layout_of(stream);
    match &stream.node(sequence).kind {
        NodeKind::Sequence(collection) if collection.flow => {
            Ok(into_flow(stream, sequence, emit::flow(new), &layout))
        }
        NodeKind::Sequence(_) => {
            let column = column_of(stream, sequence);
            let (at, layout) = below(stream, sequence, column, layout);
            let element = emit::block_element(new, column, &layout);
            Ok(vec![line_at(stream.text(), at, &element, column, &layout)])
        }
        _ => Err(EditError::WrongKind {
            found: found(stream, sequence),
            expected: "a sequence",
        }),
    }
}

/// The place for a line below the last one of a block collection, and the layout for what comes there.
fn below(stream: &Stream<'_>, node: NodeId, column: usize, layout: Layout) -> (usize, Layout) {
    let text = stream.text();
    let own = subtree_end(stream, node);
    // A block scalar has its line break behind it; deeper comments below would otherwise change owners.
    let closed = own > 0 && is_break(byte(text, own - 1));
    let below = deeper_comments(text, if closed { before_break(text, own) } else { own }, column);
    let at = if closed && below < own {
        own
    } else {
        line_end(text, below)
    };
    let from = if at == own && closed {
        before_break(text, own)
    } else {
        at
    };
    (
        at,
        Layout {
            literals: literals_at(text, from, column),
            ..layout
        },
    )
}

/// A line of its own at a place that ends a line or starts one.
fn line_at(
    text: &str,
    at: usize,
    (entry, needs_break): &(String, bool),
    column: usize,
    layout: &Layout,
) -> Patch {
    let indent = " ".repeat(column);
    if at > 0 && is_break(byte(text, at - 1)) {
        let after = if at < text.len() || *needs_break || ends_with_break(text) {
            layout.line_break
        } else {
            ""
        };
        return Patch::insert(at, format!("{indent}{entry}{after}"));
    }
    let after = if *needs_break && break_len(text, at) == 0 {
        layout.line_break
    } else {
        ""
    };
    Patch::insert(at, format!("{}{indent}{entry}{after}", layout.line_break))
}

fn ends_with_break(text: &str) -> bool {
    text.ends_with(['\n', '\r'])
}

/// The first entry of a document without content: behind its comments, before its end marker.
fn into_empty(stream: &Stream<'_>, root: NodeId, key: &str, new: &Emit<'_>, layout: Layout) -> Patch {
    let text = stream.text();
    let Some(document) = stream.documents().iter().find(|document| document.root == root) else {
        return Patch::insert(text.len(), "");
    };
    // Behind the marker or the properties, and every comment that follows them.
    let node = stream.node(root);
    let floor = document
        .start_marker
        .as_ref()
        .map_or(document.span.start, |marker| marker.start + 3);
    let stop = document
        .end_marker
        .as_ref()
        .map_or(document.span.end, |marker| marker.start);
    let comments = document
        .loose_comments
        .iter()
        .map(|&id| stream.comment(id).span.end);
    let last = comments.filter(|&end| end <= stop).max().unwrap_or(0);
    let bom = usize::from(text.starts_with('\u{feff}')) * 3;
    let start = if document.start_marker.is_none() && last == 0 {
        bom.max(document.span.start)
    } else {
        0
    };
    let at = last.max(floor).max(start).max(if has_properties(stream, root) {
        node.span.end
    } else {
        0
    });
    let fresh = at == start && line_start(text, at).max(bom) == at;
    if fresh {
        let layout = Layout {
            literals: if at == text.len() {
                Literals::All
            } else {
                Literals::Clipped
            },
            ..layout
        };
        let (entry, _) = emit::block_entry(key, new, 0, &layout);
        let after = if at == text.len() || !is_break(byte(text, at)) {
            layout.line_break
        } else {
            ""
        };
        return Patch::insert(at, format!("{entry}{after}"));
    }
    let at = line_end(text, at);
    let layout = Layout {
        literals: literals_at(text, at, 0),
        ..layout
    };
    line_at(text, at, &emit::block_entry(key, new, 0, &layout), 0, &layout)
}

fn has_properties(stream: &Stream<'_>, node: NodeId) -> bool {
    stream.node(node).anchor.is_some() || stream.node(node).tag.is_some()
}

/// Behind the last entry inside brackets, on a line of its own where the others have one.
fn into_flow(stream: &Stream<'_>, node: NodeId, entry: String, layout: &Layout) -> Vec<Patch> {
    let text = stream.text();
    let span = stream.node(node).span.clone();
    let Some(last) = entries(stream, node).next_back() else {
        return vec![Patch::insert(span.start + 1, entry)];
    };
    let end = entry_end(stream, last);
    let start = stream.outer(last.0.unwrap_or(last.1));
    let start = start.min(stream.outer(last.1));
    // In this order: a line may be as long as the text.
    let own_line = start > span.start
        && !same_line(text, span.start, start)
        && only_spaces(text, line_start(text, start)..start);
    let lead = if own_line {
        format!(
            "{}{}",
            layout.line_break,
            slice(text, line_start(text, start)..start)
        )
    } else {
        " ".into()
    };
    let comma = skip_gap(text, end);
    if byte(text, comma) == b',' {
        // A comma behind the last entry is a habit: the new one gets one too.
        let at = if own_line {
            behind_comment(text, comma + 1)
        } else {
            comma + 1
        };
        let tail = if own_line { "," } else { "" };
        return vec![Patch::insert(at, format!("{lead}{entry}{tail}"))];
    }
    // An empty value or key: a comma right behind its `:` or `?` would be part of it.
    let empty_key = last.0.is_some_and(|key| stream.node(key).span.is_empty());
    let indicator = is_colon(text, end) || (empty_key && end > 0 && byte(text, end - 1) == b'?');
    let gap = if indicator { " ," } else { "," };
    if !own_line {
        return vec![Patch::insert(end, format!("{gap}{lead}{entry}"))];
    }
    let at = behind_comment(text, end);
    if at == end {
        return vec![Patch::insert(end, format!("{gap}{lead}{entry}"))];
    }
    vec![
        Patch::insert(end, gap),
        Patch::insert(at, format!("{lead}{entry}")),
    ]
}

fn is_colon(text: &str, end: usize) -> bool {
    end > 0 && byte(text, end - 1) == b':'
}

/// The place itself, or the end of the line if only a comment follows.
fn behind_comment(text: &str, at: usize) -> usize {
    let next = skip_spaces(text, at);
    if next > at && byte(text, next) == b'#' {
        line_end(text, next)
    } else {
        at
    }
}
