//! The surroundings of a value in block context.

use std::ops::Range;

use super::Patch;
use super::layout::column_of;
use crate::parse::{header, slot};
use crate::stream::Role;
use crate::text::{
    before_break, byte, column, is_break, line_end, line_start, only_spaces, same_line, slice,
};
use crate::{NodeId, NodeKind, ScalarStyle, Stream};

/// The places around a value in block context.
pub(super) struct Site {
    /// Where the last indicator or property before it ends.
    pub(super) slot: usize,
    /// First byte of the content.
    pub(super) start: usize,
    /// Where the content ends on its first line, as far as it must go: a comment may follow.
    pub(super) first_end: usize,
    /// End of the last line of the content.
    pub(super) end: usize,
    /// Column of the key or dash before it.
    pub(super) column: usize,
    /// Behind a dash.
    pub(super) element: bool,
    /// The top of a document.
    pub(super) root: bool,
    /// A mapping or sequence on lines of its own.
    pub(super) block: bool,
    /// An anchor or a tag stays before it.
    pub(super) properties: bool,
}

impl Site {
    pub(super) fn of(stream: &Stream<'_>, node: NodeId, drop_tag: bool) -> Self {
        let text = stream.text();
        let content = stream.node(node);
        let span = content.span.clone();
        let scalar = matches!(
            content.kind,
            NodeKind::Scalar(ScalarStyle::Literal | ScalarStyle::Folded)
        );
        let block = block_collection(stream, node);
        let role = stream.role(node);
        let from = match (role, stream.parent(node)) {
            (Some(Role::Value(before) | Role::Element(Some(before))), _) => stream.node(before).span.end,
            (_, Some(parent)) => stream.node(parent).span.start,
            (_, None) => span.start,
        };
        let root = role.is_none();
        // At the top there is no indicator: only properties make a slot of their own.
        let has_properties = content.anchor.is_some() || content.tag.is_some();
        let slot = match (root, has_properties) {
            (true, false) => span.start,
            (true, true) => slot(text, stream.outer(node), span.start, false).0,
            (false, _) => slot(text, from, span.start, false).0,
        };
        let first_end = if scalar {
            header(text, span.start).end
        } else {
            span.end
        };
        // A block scalar at the end has its line break behind it already.
        let closed = span.end > span.start && is_break(byte(text, span.end - 1));
        let end = if closed {
            before_break(text, span.end)
        } else {
            line_end(text, span.end)
        };
        Self {
            slot,
            start: span.start,
            first_end,
            end,
            column: stream.parent(node).map_or(0, |parent| column_of(stream, parent)),
            element: matches!(role, Some(Role::Element(_))),
            root,
            block,
            properties: content.anchor.is_some() || (content.tag.is_some() && !drop_tag),
        }
    }
}

/// Where a block collection begins on the line of an indicator or of the old content.
pub(super) struct Inline {
    pub(super) at: usize,
    /// What is put before it; what the place needs if nothing is said.
    pub(super) lead: Option<&'static str>,
    /// Column of its entries.
    pub(super) column: usize,
}

impl Inline {
    pub(super) fn patch(&self, lead: &str, body: &str, end: usize) -> Patch {
        let lead = self.lead.unwrap_or(lead);
        Patch::put(self.at..end, format!("{lead}{}", first_line(body)))
    }
}

impl Site {
    /// Spaces stay; a tab cannot indent entries, nor can a tag that goes.
    pub(super) fn inline(&self, text: &str, lost_tag: Option<&Range<usize>>) -> Option<Inline> {
        let same = same_line(text, self.slot, self.start);
        let comment = !only_spaces(text, self.first_end..line_end(text, self.first_end));
        let compact = (self.element && !self.properties && same) || (self.root && self.own_line(text));
        if !(if self.block { same } else { compact && !comment }) {
            return None;
        }
        let line = line_start(text, self.start);
        let line = if line == 0 && text.starts_with('\u{feff}') {
            '\u{feff}'.len_utf8()
        } else {
            line
        };
        let (from, lead, column_there) = if self.root {
            (line, "", 0)
        } else {
            (self.slot, " ", self.column + 2)
        };
        // A tag that starts its line leaves its indentation.
        if let Some(tag) = lost_tag
            && only_spaces(text, line_start(text, tag.start)..tag.start)
        {
            return Some(Inline {
                at: from,
                lead: Some(""),
                column: column(text, tag.start),
            });
        }
        if lost_tag.is_some() || slice(text, from..self.start).contains('\t') {
            return Some(Inline {
                at: from,
                lead: Some(lead),
                column: column_there,
            });
        }
        Some(Inline {
            at: self.start,
            lead: None,
            column: column(text, self.start).max(column_there),
        })
    }

    /// Only spaces stand before the content on its line.
    pub(super) fn own_line(&self, text: &str) -> bool {
        let line = line_start(text, self.start);
        let before = slice(text, line..self.start);
        only_spaces(text, line..self.start) || (line == 0 && before == "\u{feff}")
    }
}

/// A mapping or sequence without brackets.
pub(super) fn block_collection(stream: &Stream<'_>, node: NodeId) -> bool {
    matches!(
        stream.node(node).kind,
        NodeKind::Mapping(_) | NodeKind::Sequence(_)
    ) && !stream.is_flow(node)
}

/// A block without the line break and indentation in front.
fn first_line(body: &str) -> &str {
    body.trim_start_matches(['\r', '\n', ' '])
}
