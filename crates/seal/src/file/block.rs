//! A block mapping as pieces of whole lines, which can be moved with their comments.
//!
//! ```text
//! # above            leading of the first piece
//! key: value # c     the piece
//!   # deeper         still the piece
//! # above            leading of the next
//! next: …
//! # last             tail of the block
//! ```

use std::ops::Range;

use yaml::{Item, NodeId, NodeKind};

use super::FileError;
use super::lines::{column, line_end, line_start, next_line, only_comments, only_spaces, skip_spaces};
use super::nodes::Nodes;

/// The entries of a block mapping.
pub(super) struct Block {
    pub(super) column: usize,
    pub(super) pieces: Vec<Piece>,
    /// Lines behind the last piece.
    pub(super) tail: Range<usize>,
}

/// One entry with its lines.
pub(super) struct Piece {
    /// The key as the peer reads it.
    pub(super) name: String,
    pub(super) key: NodeId,
    pub(super) value: NodeId,
    /// Column of the key.
    pub(super) column: usize,
    /// Lines above it, comments and blank ones.
    pub(super) leading: Range<usize>,
    /// First byte of the key, with anchor and tag.
    pub(super) start: usize,
    /// Behind the lines of the content.
    pub(super) below: usize,
    /// Behind the deeper comments that follow.
    pub(super) end: usize,
}

impl Block {
    /// Takes a mapping apart, whose lines are in a range. `None` if it is no block mapping.
    pub(super) fn of(
        nodes: &Nodes<'_, '_>,
        mapping: NodeId,
        range: Range<usize>,
    ) -> Result<Option<Self>, FileError> {
        if !nodes.is_mapping(mapping) || nodes.is_flow(mapping) || nodes.stream.items(mapping).is_empty() {
            return Ok(None);
        }
        let text = nodes.stream.text();
        let column = column(text, nodes.stream.node(mapping).span.start);
        let mut pieces: Vec<Piece> = Vec::new();
        let mut from = range.start;
        let entries = nodes.stream.items(mapping).iter().filter_map(|item| match *item {
            Item::Entry(key, value) => Some((key, value)),
            Item::Element(_) | Item::Comment(_) => None,
        });
        for (key, value) in entries {
            let start = nodes.start(key);
            let own_line = line_start(text, start);
            let leading = from..own_line.max(from);
            let simple = matches!(nodes.stream.node(key).kind, NodeKind::Scalar(_))
                && line_end(text, start) >= nodes.stream.node(key).span.end
                && (pieces.is_empty() || only_spaces(text, own_line..start));
            if !simple || !only_comments(text, leading.clone()) {
                return Err(nodes.form(key, "a key in this form is not edited in place"));
            }
            let below = behind(nodes, key, value);
            let end = deeper_comments(text, below, column, range.end);
            pieces.push(Piece {
                name: nodes.name(key),
                key,
                value,
                column,
                leading,
                start,
                below,
                end,
            });
            from = end;
        }
        Ok(Some(Self {
            column,
            pieces,
            tail: from..range.end.max(from),
        }))
    }

    /// The block under a key of this one.
    pub(super) fn child(&self, nodes: &Nodes<'_, '_>, name: &str) -> Result<Option<Self>, FileError> {
        match self.piece(name) {
            Some(piece) => piece.block(nodes),
            None => Ok(None),
        }
    }

    /// The entry of a key.
    pub(super) fn piece(&self, name: &str) -> Option<&Piece> {
        self.pieces.iter().find(|piece| piece.name == name)
    }
}

impl Piece {
    /// Its value as a block.
    pub(super) fn block(&self, nodes: &Nodes<'_, '_>) -> Result<Option<Block>, FileError> {
        let text = nodes.stream.text();
        let from = next_line(text, nodes.stream.node(self.key).span.end);
        Block::of(nodes, self.value, from..self.end)
    }

    /// The comment at the end of the line of its key, or of its scalar, with the blanks before it; empty if none.
    pub(super) fn comment(&self, nodes: &Nodes<'_, '_>) -> Range<usize> {
        let text = nodes.stream.text();
        let key_end = nodes.stream.node(self.key).span.end;
        let value = nodes.stream.node(self.value);
        let block = text
            .get(value.span.clone())
            .is_some_and(|value| value.starts_with(['|', '>']));
        let from = match value.kind {
            NodeKind::Scalar(_) if block => value.span.start,
            NodeKind::Scalar(_) if !value.span.is_empty() => value.span.end,
            _ if nodes.is_flow(self.value) => value.span.end,
            _ => key_end,
        };
        let end = line_end(text, from);
        let line = text.get(from..end).unwrap_or("");
        // What stands between is a colon, a header, a tag or an anchor: none holds a `#` behind a blank.
        let Some(at) = line.find(" #").or_else(|| line.find("\t#")) else {
            return end..end;
        };
        let blanks = line
            .get(..at)
            .map_or(0, |head| head.trim_end_matches([' ', '\t']).len());
        from + blanks..end
    }
}

/// Behind the last line of an entry's content.
fn behind(nodes: &Nodes<'_, '_>, key: NodeId, value: NodeId) -> usize {
    let text = nodes.stream.text();
    let end = nodes
        .stream
        .node(key)
        .span
        .end
        .max(nodes.stream.node(value).span.end);
    // A block scalar has its line break in it.
    if text.get(..end).is_some_and(|head| head.ends_with('\n')) {
        end
    } else {
        next_line(text, end)
    }
}

/// Behind the comment lines from here that stand deeper than a column.
fn deeper_comments(text: &str, from: usize, column: usize, stop: usize) -> usize {
    let (mut line, mut end) = (from, from);
    while line < stop {
        let start = skip_spaces(text, line);
        let next = next_line(text, line);
        match text.as_bytes().get(start) {
            Some(b'#') if start - line > column => end = next,
            Some(b'\n' | b'\r') | None => {}
            Some(_) => break,
        }
        line = next;
    }
    end
}
