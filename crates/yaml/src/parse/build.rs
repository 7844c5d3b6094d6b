//! Nodes from events: one pass, tables instead of a tree of boxes.

use std::collections::HashMap;
use std::ops::Range;

use granit_parser::{Event, Span, StructureStyle};

use super::locate::{self, Empty, block_header};
use crate::stream::{Parts, Role};
use crate::text::{byte, column, is_blank_or_end, is_break, line_end, next_line, same_line, skip_gap, slice};
use crate::{
    Budget, Collection, Comment, Document, Item, Node, NodeId, NodeKind, ScalarStyle, Stream, comment,
};

/// Place and kind of an error.
pub(super) type Refused = (usize, &'static str);

/// A collection that is still open.
struct Frame {
    node: NodeId,
    mapping: bool,
    flow: bool,
    /// Start of its items in the scratch list.
    scratch: usize,
    /// A key whose value is awaited.
    key: Option<NodeId>,
    /// Column of its entries.
    column: usize,
    /// End of its last content.
    end: usize,
}

pub(super) struct Builder<'t, 'b> {
    parts: Parts<'t>,
    budget: &'b Budget,
    frames: Vec<Frame>,
    scratch: Vec<Item>,
    anchors: HashMap<usize, NodeId>,
    /// End of the last token seen, where the search for the next indicators starts.
    cursor: usize,
    /// Start of the document that is open or comes next.
    document_start: usize,
    marker: Option<Range<usize>>,
    root: Option<NodeId>,
}

impl<'t, 'b> Builder<'t, 'b> {
    pub(super) fn new(text: &'t str, budget: &'b Budget) -> Self {
        Self {
            parts: Parts::new(text),
            budget,
            frames: Vec::new(),
            scratch: Vec::new(),
            anchors: HashMap::new(),
            cursor: 0,
            document_start: 0,
            marker: None,
            root: None,
        }
    }

    pub(super) fn event(
        &mut self,
        event: Event<'t>,
        span: &Span,
        range: Range<usize>,
    ) -> Result<(), Refused> {
        let tag = span.tag_span().and_then(|tag| tag.byte_range());
        if tag.as_ref().is_some_and(|tag| tag.len() > self.budget.tag_bytes) {
            return Err((range.start, "tag is too long"));
        }
        match event {
            Event::DocumentStart(explicit, _) => self.start_document(explicit, range),
            Event::DocumentEnd => self.end_document(&range),
            Event::Comment(..) => self.parts.comments.push(Comment {
                span: range,
                inline: false,
            }),
            Event::Anchor(..) => {
                if let Some(node) = self.parts.nodes.last_mut() {
                    node.anchor = Some(range.start + 1..range.end);
                }
            }
            Event::Alias(anchor) => {
                let Some(&target) = self.anchors.get(&anchor) else {
                    return Err((range.start, "alias of an anchor that does not exist"));
                };
                self.cursor = range.end;
                let id = self.add(NodeKind::Alias(target), range, None, 0);
                self.place(id)?;
                self.close(id)?;
            }
            Event::Scalar(value, style, anchor, _) => self.scalar(&value, style, anchor, range, tag)?,
            Event::SequenceStart(style, anchor, _) => self.open(false, style, anchor, range, tag)?,
            Event::MappingStart(style, anchor, _) => self.open(true, style, anchor, range, tag)?,
            Event::SequenceEnd | Event::MappingEnd => self.end_collection(&range)?,
            _ => {}
        }
        Ok(())
    }

    fn start_document(&mut self, explicit: bool, range: Range<usize>) {
        self.root = None;
        if explicit {
            self.cursor = range.end;
            self.marker = Some(range.start..line_end(self.parts.text, range.start));
        } else {
            self.cursor = locate::behind_stray_ends(self.parts.text, self.cursor);
            self.marker = None;
        }
        // The document before it ends here, unless it was ended by its own marker.
        if let Some(last) = self
            .parts
            .documents
            .last_mut()
            .filter(|last| last.end_marker.is_none())
        {
            last.span.end = range.start;
            self.document_start = range.start;
        }
    }

    fn end_document(&mut self, range: &Range<usize>) {
        let text = self.parts.text;
        let explicit = slice(text, range.clone()) == "...";
        let end_marker = explicit.then(|| range.start..line_end(text, range.start));
        let end = if explicit {
            next_line(text, range.start)
        } else {
            text.len()
        };
        if explicit {
            self.cursor = range.end;
        }
        let root = match self.root.take() {
            Some(root) => root,
            None => self.add(
                NodeKind::Scalar(ScalarStyle::Plain),
                range.start..range.start,
                None,
                0,
            ),
        };
        self.parts.documents.push(Document {
            span: self.document_start..end,
            start_marker: self.marker.take(),
            end_marker,
            root,
            loose_comments: Vec::new(),
        });
        self.document_start = end;
    }

    fn scalar(
        &mut self,
        value: &str,
        style: granit_parser::ScalarStyle,
        anchor: usize,
        range: Range<usize>,
        tag: Option<Range<usize>>,
    ) -> Result<(), Refused> {
        let text = self.parts.text;
        let style = match style {
            granit_parser::ScalarStyle::SingleQuoted => ScalarStyle::SingleQuoted,
            granit_parser::ScalarStyle::DoubleQuoted => ScalarStyle::DoubleQuoted,
            granit_parser::ScalarStyle::Literal => ScalarStyle::Literal,
            granit_parser::ScalarStyle::Folded => ScalarStyle::Folded,
            _ => ScalarStyle::Plain,
        };
        let mut value = value;
        let (range, raw) = match style {
            // The parser calls it `~`; its place is where the last indicator or property ends.
            ScalarStyle::Plain if range.is_empty() => {
                value = "";
                let (what, flow) = match self.frames.last() {
                    None => (Empty::Root, false),
                    Some(frame) if !frame.mapping => (Empty::Element, frame.flow),
                    Some(frame) if frame.key.is_some() => (Empty::Value, frame.flow),
                    Some(frame) => (Empty::Key, frame.flow),
                };
                let first = (self.frames.last()).is_none_or(|frame| frame.scratch == self.scratch.len());
                let properties = usize::from(tag.is_some()) + usize::from(anchor != 0);
                // A document without a marker begins anywhere behind the one before it.
                let mark = if what == Empty::Root && self.marker.is_none() {
                    tag.as_ref().map_or(range.start, |tag| tag.end.max(range.start))
                } else {
                    locate::empty(text, self.cursor, what, flow, first, properties)
                };
                (mark..mark, "")
            }
            ScalarStyle::Literal | ScalarStyle::Folded => {
                let start = block_header(text, self.cursor, range.start);
                let base = self.frames.last().map_or(0, |frame| frame.column);
                // Never the text itself: a block scalar is always decoded.
                (locate::block_scalar(text, start, range.end, base), "")
            }
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => {
                let inner = slice(text, range.start + 1..range.end.saturating_sub(1));
                (range, inner)
            }
            ScalarStyle::Plain => {
                let inner = slice(text, range.clone());
                (range, inner)
            }
        };
        self.cursor = range.end;
        let key_bytes = range.len().max(value.len());
        let id = self.add(NodeKind::Scalar(style), range, tag, anchor);
        if value != raw {
            self.parts.decoded.push((id.0, value.into()));
        }
        let key = self.place(id)?;
        if key && key_bytes > self.budget.key_bytes {
            return Err((self.cursor, KEY_TOO_LONG));
        }
        self.close(id)
    }

    fn open(
        &mut self,
        mapping: bool,
        style: StructureStyle,
        anchor: usize,
        range: Range<usize>,
        tag: Option<Range<usize>>,
    ) -> Result<(), Refused> {
        let text = self.parts.text;
        let flow = style == StructureStyle::Flow;
        let inside_mapping = self.frames.last().is_some_and(|frame| frame.mapping);
        let start = if flow || mapping || !inside_mapping {
            range.start
        } else {
            locate::first_dash(text, self.cursor, range.start)
        };
        self.cursor = self.cursor.max(if flow { range.end } else { start });
        let column = if flow { 0 } else { column(text, start) };
        let kind = Collection { flow, items: 0..0 };
        let kind = if mapping {
            NodeKind::Mapping(kind)
        } else {
            NodeKind::Sequence(kind)
        };
        let id = self.add(kind, start..range.end.max(start), tag, anchor);
        self.place(id)?;
        self.frames.push(Frame {
            node: id,
            mapping,
            flow,
            scratch: self.scratch.len(),
            key: None,
            column,
            end: range.end,
        });
        Ok(())
    }

    fn end_collection(&mut self, range: &Range<usize>) -> Result<(), Refused> {
        let Some(frame) = self.frames.pop() else {
            return Ok(());
        };
        // `[a: b]` holds a mapping without brackets of its own.
        let bracket = frame.flow && !range.is_empty();
        let end = if bracket { range.end } else { frame.end };
        let first = self.parts.items.len() as u32;
        self.parts.items.extend(self.scratch.drain(frame.scratch..));
        let items = first..self.parts.items.len() as u32;
        if let Some(node) = self.parts.nodes.get_mut(frame.node.0 as usize) {
            node.span.end = end;
            if let NodeKind::Mapping(collection) | NodeKind::Sequence(collection) = &mut node.kind {
                collection.items = items;
            }
        }
        if bracket {
            self.cursor = end;
        }
        self.close(frame.node)
    }

    fn add(
        &mut self,
        kind: NodeKind,
        span: Range<usize>,
        tag: Option<Range<usize>>,
        anchor: usize,
    ) -> NodeId {
        let id = NodeId(self.parts.nodes.len() as u32);
        self.parts.nodes.push(Node {
            kind,
            span,
            anchor: None,
            tag,
        });
        if anchor != 0 {
            self.anchors.insert(anchor, id);
        }
        id
    }

    /// Puts a new node into the collection around it; tells whether it is a key there.
    fn place(&mut self, id: NodeId) -> Result<bool, Refused> {
        let parent = match self.frames.last_mut() {
            None => {
                self.root = Some(id);
                None
            }
            Some(frame) if frame.mapping => match frame.key.take() {
                None => {
                    frame.key = Some(id);
                    Some((frame.node, Role::Key))
                }
                Some(key) => {
                    if !frame.flow {
                        let span = self.parts.node(key).span.clone();
                        let from = span.end;
                        let colon = skip_gap(self.parts.text, from);
                        // A block scalar has its line break behind it already.
                        let closed = !span.is_empty() && is_break(byte(self.parts.text, from - 1));
                        let own_line = closed || !same_line(self.parts.text, from, colon);
                        // The parser takes the colon of another level for that of `? key`.
                        if own_line
                            && byte(self.parts.text, colon) == b':'
                            && is_blank_or_end(self.parts.text, colon + 1)
                            && column(self.parts.text, colon) != frame.column
                        {
                            return Err((colon, "wrong indentation"));
                        }
                    }
                    self.scratch.push(Item::Entry(key, id));
                    Some((frame.node, Role::Value(key)))
                }
            },
            Some(frame) => {
                let before = match self.scratch.get(frame.scratch..).and_then(<[Item]>::last) {
                    Some(Item::Element(before)) => Some(*before),
                    _ => None,
                };
                self.scratch.push(Item::Element(id));
                Some((frame.node, Role::Element(before)))
            }
        };
        self.parts.parents.resize(id.0 as usize, None);
        self.parts.parents.push(parent);
        Ok(parent.is_some_and(|(_, role)| role == Role::Key))
    }

    /// Tells the collection around a finished node where it ends.
    fn close(&mut self, id: NodeId) -> Result<(), Refused> {
        let Some(end) = self.parts.nodes.get(id.0 as usize).map(|node| node.span.end) else {
            return Ok(());
        };
        if let Some(frame) = self.frames.last_mut() {
            frame.end = frame.end.max(end);
            if frame.key == Some(id) {
                let start = self
                    .parts
                    .nodes
                    .get(id.0 as usize)
                    .map_or(end, |node| node.span.start);
                if end.saturating_sub(start) > self.budget.key_bytes {
                    return Err((start, KEY_TOO_LONG));
                }
            }
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> Stream<'t> {
        let text = self.parts.text;
        let start = usize::from(text.starts_with('\u{feff}')) * 3;
        if self.parts.documents.is_empty() && text.len() > start {
            self.end_document(&(text.len()..text.len()));
        }
        // What follows the last document, comments behind `...` for example, is its own.
        if let Some(last) = self.parts.documents.last_mut() {
            last.span.end = text.len();
        }
        self.parts.parents.resize(self.parts.nodes.len(), None);
        // A comment behind `|` arrives after its scalar.
        if !self.parts.comments.is_sorted_by_key(|comment| comment.span.start) {
            self.parts.comments.sort_by_key(|comment| comment.span.start);
        }
        for comment in &mut self.parts.comments {
            // As the contract says: without the carriage return of the line break.
            while comment.span.end > comment.span.start && byte(text, comment.span.end - 1) == b'\r' {
                comment.span.end -= 1;
            }
        }
        comment::attribute(&mut self.parts);
        Stream::from_parts(self.parts)
    }
}

const KEY_TOO_LONG: &str = "key is too long";
