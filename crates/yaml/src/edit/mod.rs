//! Edits as patches on the text: replace, insert, remove; in the style of the neighbours.

mod insert;
mod layout;
mod remove;
mod replace;
mod site;

pub use insert::{append_element, insert_entry};
pub use layout::layout_of;
pub use remove::remove;
pub use replace::replace;

use std::ops::Range;

use crate::emit::Literals;
use crate::text::{byte, line_end, next_line, skip_spaces, slice};
use crate::{EditError, Item, NodeId, NodeKind, Stream};

/// Bytes to replace by others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    /// What is replaced; empty to insert.
    pub range: Range<usize>,
    /// What comes in its place.
    pub text: String,
}

impl Patch {
    fn insert(at: usize, text: impl Into<String>) -> Self {
        Self {
            range: at..at,
            text: text.into(),
        }
    }

    fn delete(range: Range<usize>) -> Self {
        Self {
            range,
            text: String::new(),
        }
    }

    fn put(range: Range<usize>, text: impl Into<String>) -> Self {
        Self {
            range,
            text: text.into(),
        }
    }
}

/// Applies patches in any order; bytes outside their ranges stay. Insertions at one place come out in the
/// order in which they were given.
///
/// # Errors
///
/// [`EditError::Overlap`] if two patches touch the same bytes, or one lies outside of the text or inside
/// a character.
pub fn apply(text: &str, mut patches: Vec<Patch>) -> Result<String, EditError> {
    patches.sort_by_key(|patch| (patch.range.start, patch.range.end));
    let added: usize = patches.iter().map(|patch| patch.text.len()).sum();
    let mut out = String::with_capacity(text.len() + added);
    let mut at = 0;
    for patch in &patches {
        let overlap = EditError::Overlap {
            at: patch.range.start,
        };
        let Some(kept) = text.get(at..patch.range.start) else {
            return Err(overlap);
        };
        if text.get(patch.range.clone()).is_none() {
            return Err(overlap);
        }
        out.push_str(kept);
        out.push_str(&patch.text);
        at = patch.range.end;
    }
    out.push_str(text.get(at..).unwrap_or(""));
    Ok(out)
}

/// What a node is, for an error.
fn found(stream: &Stream<'_>, node: NodeId) -> &'static str {
    match stream.node(node).kind {
        NodeKind::Scalar(_) => "a scalar",
        NodeKind::Mapping(_) => "a mapping",
        NodeKind::Sequence(_) => "a sequence",
        NodeKind::Alias(_) => "an alias",
    }
}

/// Whether a mapping is one pair inside `[]`, without braces of its own.
fn is_pair(stream: &Stream<'_>, node: NodeId) -> bool {
    let start = stream.node(node).span.start;
    let mapping = matches!(stream.node(node).kind, NodeKind::Mapping(_)) && stream.is_flow(node);
    let first = entries(stream, node).next().and_then(|(key, _)| key);
    // A key in braces may stand first.
    mapping && (byte(stream.text(), start) != b'{' || first.is_some_and(|key| stream.outer(key) == start))
}

/// Entries or elements of a collection, comments left out.
fn entries<'s>(
    stream: &'s Stream<'_>,
    node: NodeId,
) -> impl DoubleEndedIterator<Item = (Option<NodeId>, NodeId)> + 's {
    stream.items(node).iter().filter_map(|item| match *item {
        Item::Entry(key, value) => Some((Some(key), value)),
        Item::Element(value) => Some((None, value)),
        Item::Comment(_) => None,
    })
}

/// End of the content of an entry.
fn entry_end(stream: &Stream<'_>, (key, value): (Option<NodeId>, NodeId)) -> usize {
    let end = stream.node(value).span.end;
    key.map_or(end, |key| end.max(stream.node(key).span.end))
}

/// End of everything that belongs to a node: its content, and the comments behind its last entry.
fn subtree_end(stream: &Stream<'_>, node: NodeId) -> usize {
    let mut end = stream.node(node).span.end;
    let mut node = node;
    if stream.is_flow(node) {
        return end;
    }
    loop {
        let items = stream.items(node);
        for item in items.iter().rev() {
            let Item::Comment(id) = item else { break };
            end = end.max(stream.comment(*id).span.end);
        }
        let Some((_, last)) = entries(stream, node).next_back() else {
            return end;
        };
        if stream.is_flow(last) {
            return end;
        }
        node = last;
    }
}

/// End of the comment lines below a place that are indented deeper than a column; the place itself if none is.
///
/// Whatever they belong to for SOPS, to a reader they are part of the entry above them, and a literal block
/// in front of them would swallow them.
fn deeper_comments(text: &str, at: usize, column: usize) -> usize {
    let mut end = at;
    let mut line = next_line(text, at);
    while line < text.len() {
        let start = skip_spaces(text, line);
        match byte(text, start) {
            b'#' if start - line > column => end = line_end(text, start),
            b'\n' | b'\r' => {}
            _ => break,
        }
        line = next_line(text, start);
    }
    end
}

/// Which literal blocks can stand before what follows a place.
fn literals_at(text: &str, at: usize, column: usize) -> Literals {
    let next = next_line(text, at);
    let blank = blank_lines(text, next);
    if deeper_comments(text, at, column) != at || has_spaces(text, next..blank) {
        Literals::None
    } else if blank > next {
        Literals::Clipped
    } else {
        Literals::All
    }
}

/// End of the blank lines that start here.
fn blank_lines(text: &str, mut line: usize) -> usize {
    while line < text.len() && line_end(text, line) == skip_spaces(text, line) {
        line = next_line(text, line);
    }
    line
}

/// Whether blank lines hold spaces: those beyond its indentation would be content of a block scalar above.
fn has_spaces(text: &str, lines: Range<usize>) -> bool {
    slice(text, lines).contains([' ', '\t'])
}
