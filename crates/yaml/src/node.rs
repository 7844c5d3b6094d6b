//! The nouns of a parsed stream: nodes, their places in the text, comments.

use std::ops::Range;

/// Handle of a node inside its [`Stream`](crate::Stream).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub(crate) u32);

/// Handle of a comment inside its [`Stream`](crate::Stream).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CommentId(pub(crate) u32);

/// One node as it stands in the text.
#[derive(Clone, Debug)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// Bytes of the content: without anchor and tag, with quotes, with the header of a block
    /// scalar, with the brackets of a flow collection. Empty for an empty node (`key:` alone),
    /// then at the place where a value would be written.
    /// A block scalar ends with its last line break (or the end of the text); a block collection ends with
    /// the content of its last entry, trailing comments excluded.
    pub span: Range<usize>,
    /// Bytes of the anchor's name, without `&`.
    pub anchor: Option<Range<usize>>,
    /// Bytes of the tag as written, with its `!`.
    pub tag: Option<Range<usize>>,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeKind {
    /// A scalar; [`Stream::value`](crate::Stream::value) decodes it.
    Scalar(ScalarStyle),
    /// A mapping: its items are comments and entries.
    Mapping(Collection),
    /// A sequence: its items are comments and elements.
    Sequence(Collection),
    /// `*name`, with the node that carries the anchor.
    Alias(NodeId),
}

/// The items of a mapping or sequence, see [`Stream::items`](crate::Stream::items).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collection {
    /// Written in `{}` or `[]`.
    pub flow: bool,
    /// Place of the items in the stream's item table.
    pub(crate) items: Range<u32>,
}

/// What stands inside a collection, in walk order of go-yaml v3 as SOPS uses it
/// (spec/sops-format §8.1, "Comments in the tree"): a comment precedes the entry it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    /// A comment line or an end-of-line comment.
    Comment(CommentId),
    /// Key and value of a mapping.
    Entry(NodeId, NodeId),
    /// Element of a sequence.
    Element(NodeId),
}

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScalarStyle {
    /// No quotes; also the empty node.
    Plain,
    /// `'…'`
    SingleQuoted,
    /// `"…"`
    DoubleQuoted,
    /// `|`
    Literal,
    /// `>`
    Folded,
}

/// One comment, from `#` to the end of its line.
#[derive(Clone, Debug)]
pub struct Comment {
    /// Bytes from `#` to the last byte before the line break (a carriage return excluded).
    pub span: Range<usize>,
    /// Stands at the end of a `key: scalar` or `- scalar` line (go-yaml's line comment of a scalar value).
    pub inline: bool,
}
