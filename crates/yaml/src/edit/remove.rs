//! Taking entries out.

use std::ops::RangeInclusive;

use super::layout::column_of;
use super::replace::is_value_without_colon;
use super::{
    Patch, blank_lines, deeper_comments, entries, entry_end, found, has_spaces, is_pair, subtree_end,
};
use crate::emit::Emit;
use crate::parse::header;
use crate::text::{
    before_break, break_len, byte, column, is_break, line_end, line_start, only_spaces, skip_gap,
    skip_spaces, slice,
};
use crate::{EditError, NodeId, NodeKind, ScalarStyle, Stream};

/// Removes the entry of a mapping or the element of a sequence that has this value node, its own line(s)
/// and its end-of-line comment included. Comments above it stay. What becomes empty is written `{}` or `[]`.
///
/// # Errors
///
/// [`EditError::WrongKind`] if the node is no collection or does not hold the value, and for an entry
/// between `? key` without a colon and a colon without a key, which would become one entry.
pub fn remove(stream: &Stream<'_>, collection: NodeId, value: NodeId) -> Result<Vec<Patch>, EditError> {
    let wrong = || EditError::WrongKind {
        found: found(stream, collection),
        expected: "the collection of the value",
    };
    let (flow, mapping) = match &stream.node(collection).kind {
        NodeKind::Mapping(inner) => (inner.flow, true),
        NodeKind::Sequence(inner) => (inner.flow, false),
        NodeKind::Scalar(_) | NodeKind::Alias(_) => return Err(wrong()),
    };
    let all: Vec<_> = entries(stream, collection).collect();
    let index = all
        .iter()
        .position(|(_, found)| *found == value)
        .ok_or_else(wrong)?;
    if is_pair(stream, collection) {
        return Ok(vec![Patch::put(stream.node(collection).span.clone(), "{}")]);
    }
    if flow {
        return Ok(from_flow(stream, collection, &all, index));
    }
    if all.len() == 1 {
        return only_one(stream, collection, mapping, value);
    }
    let neighbour = |at: Option<usize>| at.and_then(|at| all.get(at));
    let bare = neighbour(index.checked_sub(1)).is_some_and(|before| is_value_without_colon(stream, before.1));
    let keyless = neighbour(index.checked_add(1)).and_then(|next| next.0);
    if bare && keyless.is_some_and(|key| byte(stream.text(), stream.outer(key)) == b':') {
        return Err(EditError::WrongKind {
            found: "an entry between two halves of others",
            expected: "an entry that can go",
        });
    }
    Ok(vec![from_block(stream, collection, &all, index)])
}

/// The last entry leaves an empty collection.
fn only_one(
    stream: &Stream<'_>,
    collection: NodeId,
    mapping: bool,
    value: NodeId,
) -> Result<Vec<Patch>, EditError> {
    let text = stream.text();
    let empty = if mapping {
        Emit::Mapping(Vec::new())
    } else {
        Emit::Sequence(Vec::new())
    };
    let mut patches = super::replace(stream, collection, &empty, false)?;
    // Comments behind its last entry go with it; the last patch reaches up to there.
    let end = subtree_end(stream, value).max(stream.node(collection).span.end);
    let end = comments_below(stream, collection, end);
    let stop = if end > 0 && is_break(byte(text, end - 1)) {
        before_break(text, end)
    } else {
        line_end(text, end)
    };
    if let Some(last) = patches.iter_mut().max_by_key(|patch| patch.range.end) {
        last.range.end = last.range.end.max(stop);
    }
    Ok(patches)
}

type Entry = (Option<NodeId>, NodeId);

/// First byte of an entry: its `?`, its dash, or its key.
fn start_of(stream: &Stream<'_>, collection: NodeId, all: &[Entry], index: usize) -> usize {
    let Some(before) = index.checked_sub(1).and_then(|before| all.get(before)) else {
        return stream.node(collection).span.start;
    };
    let Some(&(key, value)) = all.get(index) else {
        return stream.node(collection).span.end;
    };
    let known = stream.outer(key.unwrap_or(value));
    let text = stream.text();
    // Only a dash or a question mark stands before what is known, at the collection's own column.
    let next = skip_gap(text, entry_end(stream, *before));
    if next < known && matches!(byte(text, next), b'-' | b'?') {
        next
    } else {
        known
    }
}

fn from_block(stream: &Stream<'_>, collection: NodeId, all: &[Entry], index: usize) -> Patch {
    let text = stream.text();
    let start = start_of(stream, collection, all, index);
    let Some(&entry) = all.get(index) else {
        return Patch::insert(start, "");
    };
    let own = entry_end(stream, entry).max(subtree_end(stream, entry.1));
    let end = comments_below(stream, collection, own);
    let closed = end > 0 && is_break(byte(text, end - 1)) && end > start;
    let eol = if closed { end } else { line_end(text, end) };
    let after = if closed { end } else { eol + break_len(text, eol) };
    let begin = line_start(text, start);
    if only_spaces(text, begin..start) || (begin == 0 && slice(text, 0..start) == "\u{feff}") {
        let begin = if slice(text, begin..start) == "\u{feff}" {
            start
        } else {
            begin
        };
        // The last line of a text without a final line break takes the break before it, but not from a
        // block scalar, whose value it may be part of.
        let begin = if after == eol && !closed && after == text.len() && !ends_block_scalar(stream, begin) {
            before_break(text, begin)
        } else {
            begin
        };
        return Patch::delete(begin..kept_breaks(stream, begin, after));
    }
    // The first entry of a mapping or sequence that starts behind a dash or `?`.
    let next = start_of(stream, collection, all, index + 1);
    let only_gap = slice(text, after..next).trim().is_empty();
    Patch::delete(start..if only_gap { next } else { before_break(text, after) })
}

/// Where a deletion ends: behind the blank lines that follow, if a block scalar right before would take them.
fn kept_breaks(stream: &Stream<'_>, begin: usize, end: usize) -> usize {
    let text = stream.text();
    let blank = blank_lines(text, end);
    let spaces = has_spaces(text, end..blank);
    // Blank lines may stand between.
    let content = slice(text, 0..begin)
        .trim_end_matches([' ', '\t', '\r', '\n'])
        .len();
    let takes = block_scalars_to(stream, content..=begin)
        .any(|(start, end)| spaces || (end == begin && header(text, start).keep));
    if takes { blank } else { end }
}

fn ends_block_scalar(stream: &Stream<'_>, at: usize) -> bool {
    block_scalars_to(stream, at..=at).next().is_some()
}

/// Start and end of the block scalars that end at one of these places.
fn block_scalars_to<'s>(
    stream: &'s Stream<'_>,
    ends: RangeInclusive<usize>,
) -> impl Iterator<Item = (usize, usize)> + 's {
    let block =
        |kind: &NodeKind| matches!(kind, NodeKind::Scalar(ScalarStyle::Literal | ScalarStyle::Folded));
    let nodes = stream.parts().nodes.iter();
    nodes
        .filter(move |node| ends.contains(&node.span.end) && block(&node.kind))
        .map(|node| (node.span.start, node.span.end))
}

/// End of the deeper comments below an entry that ends here, or the end itself.
fn comments_below(stream: &Stream<'_>, collection: NodeId, end: usize) -> usize {
    let text = stream.text();
    let closed = end > 0 && is_break(byte(text, end - 1));
    let from = if closed { before_break(text, end) } else { end };
    end.max(deeper_comments(text, from, column_of(stream, collection)))
}

/// The least column for what stands inside brackets.
fn block_column(stream: &Stream<'_>, collection: NodeId) -> usize {
    let mut node = collection;
    while stream.is_flow(node) {
        match stream.parent(node) {
            Some(parent) => node = parent,
            None => return 0,
        }
    }
    column_of(stream, node) + 1
}

fn from_flow(stream: &Stream<'_>, collection: NodeId, all: &[Entry], index: usize) -> Vec<Patch> {
    let text = stream.text();
    let Some(&(key, value)) = all.get(index) else {
        return Vec::new();
    };
    let first = stream.outer(key.unwrap_or(value)).min(stream.outer(value));
    let end = entry_end(stream, (key, value));
    let floor = match index.checked_sub(1).and_then(|before| all.get(before)) {
        Some(before) => entry_end(stream, *before),
        None => stream.node(collection).span.start + 1,
    };
    // A question mark belongs to its key, comments between them or not.
    let mut lead = skip_gap(text, floor);
    if byte(text, lead) == b',' {
        lead = skip_gap(text, lead + 1);
    }
    let start = if lead < first && byte(text, lead) == b'?' {
        lead
    } else {
        first
    };
    let comma = skip_gap(text, end);
    if byte(text, comma) == b',' {
        let mut after = skip_spaces(text, comma + 1);
        if after > comma + 1 && byte(text, after) == b'#' {
            after = line_end(text, after);
        }
        let begin = line_start(text, start);
        if is_break(byte(text, after)) && only_spaces(text, begin..start) {
            return vec![Patch::delete(begin..after + break_len(text, after))];
        }
        // What comes to stand at the start of a line must be deeper than the block around the brackets.
        let missing = if only_spaces(text, begin..start) {
            (block_column(stream, collection)).saturating_sub(column(text, start))
        } else {
            0
        };
        return vec![Patch::put(start..after, " ".repeat(missing))];
    }
    let begin = line_start(text, start);
    let before = skip_gap(text, floor);
    let mut patches = Vec::new();
    if index > 0 && byte(text, before) == b',' {
        if slice(text, before + 1..start).trim().is_empty() {
            return vec![Patch::delete(before..end)];
        }
        patches.push(Patch::delete(before..before + 1));
    }
    let eol = skip_spaces(text, end);
    let eol = if eol > end && byte(text, eol) == b'#' {
        line_end(text, eol)
    } else {
        end
    };
    let own_line = only_spaces(text, begin..start) && is_break(byte(text, eol));
    let (from, to) = if own_line {
        (begin, eol + break_len(text, eol))
    } else {
        (start, eol)
    };
    patches.push(Patch::delete(from..to));
    patches
}
