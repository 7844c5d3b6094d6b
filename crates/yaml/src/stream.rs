//! Parsing a text into documents and nodes.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::OnceLock;

use crate::emit::Layout;
use crate::error::position_of;
use crate::{
    Budget, Comment, CommentId, Item, Node, NodeId, NodeKind, Position, ScalarStyle, SyntaxError, parse,
};

/// A parsed text: its documents, nodes and comments. Borrows the text, copies nothing that stands in it as it is.
pub struct Stream<'t> {
    parts: Parts<'t>,
    layout: OnceLock<Layout>,
}

/// What a node is in the collection around it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Key of an entry.
    Key,
    /// Value of the entry with this key.
    Value(NodeId),
    /// Element, behind this one.
    Element(Option<NodeId>),
}

/// The tables of a stream.
pub(crate) struct Parts<'t> {
    pub(crate) text: &'t str,
    pub(crate) nodes: Vec<Node>,
    /// The collection around each node, and what the node is there.
    pub(crate) parents: Vec<Option<(NodeId, Role)>>,
    pub(crate) items: Vec<Item>,
    pub(crate) comments: Vec<Comment>,
    pub(crate) documents: Vec<Document>,
    /// Values that differ from the text, in order of their nodes.
    pub(crate) decoded: Vec<(u32, Box<str>)>,
}

impl<'t> Parts<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self {
            text,
            nodes: Vec::new(),
            parents: Vec::new(),
            items: Vec::new(),
            comments: Vec::new(),
            documents: Vec::new(),
            decoded: Vec::new(),
        }
    }

    /// The node behind a handle; every handle was made by this stream.
    pub(crate) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    /// Items of a collection; empty for any other node.
    pub(crate) fn items(&self, id: NodeId) -> &[Item] {
        match &self.node(id).kind {
            NodeKind::Mapping(collection) | NodeKind::Sequence(collection) => {
                let range = collection.items.start as usize..collection.items.end as usize;
                self.items.get(range).unwrap_or(&[])
            }
            NodeKind::Scalar(_) | NodeKind::Alias(_) => &[],
        }
    }

    /// First byte of a node with its properties.
    pub(crate) fn outer_start(&self, id: NodeId) -> usize {
        let node = self.node(id);
        let anchor = node
            .anchor
            .as_ref()
            .map_or(usize::MAX, |anchor| anchor.start.saturating_sub(1));
        let tag = node.tag.as_ref().map_or(usize::MAX, |tag| tag.start);
        node.span.start.min(anchor).min(tag)
    }
}

/// One document of a stream.
#[derive(Clone, Debug)]
pub struct Document {
    /// Bytes from its `---` (or its first byte, directives included) to the start of the next document's.
    pub span: Range<usize>,
    /// The `---` line, if it has one, line break excluded.
    pub start_marker: Option<Range<usize>>,
    /// The `...` line, if it has one.
    pub end_marker: Option<Range<usize>>,
    /// The top node. A document without content has an empty plain scalar.
    pub root: NodeId,
    /// Comments of the document that stand in no node (a document of comments only, or a scalar root).
    pub loose_comments: Vec<CommentId>,
}

impl<'t> Stream<'t> {
    /// Parses a whole text under a budget. A leading byte order mark is kept and skipped.
    ///
    /// # Errors
    ///
    /// Names line and column, never the text itself. See [`SyntaxError`].
    pub fn parse(text: &'t str, budget: &Budget) -> Result<Self, SyntaxError> {
        parse::parse(text, budget)
    }

    pub(crate) fn from_parts(parts: Parts<'t>) -> Self {
        Self {
            parts,
            layout: OnceLock::new(),
        }
    }

    pub(crate) fn parts(&self) -> &Parts<'t> {
        &self.parts
    }

    /// What a node is in the collection around it; `None` for the top node of a document.
    pub(crate) fn role(&self, id: NodeId) -> Option<Role> {
        self.parts
            .parents
            .get(id.0 as usize)
            .copied()
            .flatten()
            .map(|(_, role)| role)
    }

    /// The habits of the text, learnt once.
    pub(crate) fn layout(&self, learn: impl FnOnce() -> Layout) -> Layout {
        self.layout.get_or_init(learn).clone()
    }

    /// The text it was made from.
    pub fn text(&self) -> &'t str {
        self.parts.text
    }

    /// The documents in order. A text of no bytes has none.
    pub fn documents(&self) -> &[Document] {
        &self.parts.documents
    }

    /// The node behind a handle.
    ///
    /// # Panics
    ///
    /// Only with a handle of another stream.
    pub fn node(&self, id: NodeId) -> &Node {
        self.parts.node(id)
    }

    /// The comment behind a handle.
    ///
    /// # Panics
    ///
    /// Only with a handle of another stream.
    pub fn comment(&self, id: CommentId) -> &Comment {
        &self.parts.comments[id.0 as usize]
    }

    /// Items of a mapping or sequence; empty for any other node. Aliases are not followed.
    pub fn items(&self, id: NodeId) -> &[Item] {
        self.parts.items(id)
    }

    /// The decoded text of a scalar; empty for anything else. Borrowed where decoding changes nothing.
    pub fn value(&self, id: NodeId) -> Cow<'t, str> {
        match self.parts.decoded.binary_search_by_key(&id.0, |(node, _)| *node) {
            Ok(found) => Cow::Owned(
                self.parts
                    .decoded
                    .get(found)
                    .map_or_else(String::new, |(_, value)| value.to_string()),
            ),
            Err(_) => parse::raw_value(self.parts.text, self.node(id)),
        }
    }

    /// Text of the tag as written (`!!str`, `!foo`), if any.
    pub fn tag(&self, id: NodeId) -> Option<&'t str> {
        let tag = self.node(id).tag.clone()?;
        self.parts.text.get(tag)
    }

    /// Follows an alias to its target; any other node is itself.
    pub fn resolve(&self, id: NodeId) -> NodeId {
        match self.node(id).kind {
            NodeKind::Alias(target) => target,
            _ => id,
        }
    }

    /// The collection around a node; `None` for the top node of a document.
    pub fn parent(&self, id: NodeId) -> Option<NodeId> {
        self.parts
            .parents
            .get(id.0 as usize)
            .copied()
            .flatten()
            .map(|(parent, _)| parent)
    }

    /// Whether a node is the key of an entry.
    pub fn is_key(&self, id: NodeId) -> bool {
        self.parts
            .parents
            .get(id.0 as usize)
            .copied()
            .flatten()
            .is_some_and(|(_, role)| role == Role::Key)
    }

    /// Whether a node stands inside `{}` or `[]` of another.
    pub fn in_flow(&self, id: NodeId) -> bool {
        self.parent(id).is_some_and(|parent| self.is_flow(parent))
    }

    /// Line and column (both from 1, column in characters) of a byte of the text.
    pub fn position(&self, byte: usize) -> Position {
        position_of(self.parts.text, byte)
    }

    /// First byte of a node with its properties.
    pub(crate) fn outer(&self, id: NodeId) -> usize {
        self.parts.outer_start(id)
    }

    pub(crate) fn is_flow(&self, id: NodeId) -> bool {
        match &self.node(id).kind {
            NodeKind::Mapping(collection) | NodeKind::Sequence(collection) => collection.flow,
            NodeKind::Scalar(_) | NodeKind::Alias(_) => false,
        }
    }

    /// Whether a plain scalar covers this byte.
    pub(crate) fn plain_at(&self, at: usize) -> bool {
        let plain = NodeKind::Scalar(ScalarStyle::Plain);
        self.parts
            .nodes
            .iter()
            .any(|node| node.kind == plain && node.span.contains(&at))
    }
}
