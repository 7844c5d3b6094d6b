//! YAML: a stream of documents, kept byte for byte but for the values.
//!
//! ```text
//! read   text ─► tree with places, and the shape of the text around it
//! patch  changed leaves ─► bytes to replace
//! block  the `sops` entry: append, patch its scalars, write it anew, take it out
//! emit   a tree without a text ─► the layout of SOPS
//! edit   set and unset in the text
//! ending how a last block scalar without final line break is written
//! tail   comments behind the last value: where they are once the block follows them
//! ```

mod block;
mod edit;
mod emit;
mod ending;
mod patch;
mod read;
mod surroundings;
mod tail;
pub(crate) mod words;

use std::ops::Range;

pub(crate) use block::{block_patches, take_block};
pub(crate) use edit::{set, unset};
pub(crate) use emit::{emit, emit_value};
pub(crate) use ending::{Ending, restore as restore_ending};
pub(crate) use patch::{patches, yaml_text};
pub(crate) use read::read;
pub(crate) use tail::settle as settle_tail;

use super::BlockFields;

/// Where a leaf stands in a YAML text.
#[derive(Clone, Debug)]
pub struct Place {
    /// Bytes of the scalar (with quotes, with a block scalar's header, without its last line break) or of a
    /// comment's text behind `#`.
    pub range: Range<usize>,
    pub(crate) kind: Kind,
    /// Inside `{}` or `[]`.
    pub(crate) flow: bool,
    /// What its lines are indented against.
    pub(crate) under: Under,
    /// Bytes of the tag in front of it.
    pub(crate) tag: Option<Range<usize>>,
    /// Bytes of a comment in the header line of a block scalar.
    pub(crate) header_comment: Option<Range<usize>>,
    /// Seen through an alias (index into [`Shape::aliases`]): the bytes are those of the anchor's node.
    pub(crate) copy: Option<u32>,
}

/// How a leaf is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Text behind `#`.
    Comment,
    /// A scalar on one line or several, without or with quotes.
    Flow(yaml::ScalarStyle),
    /// `|` or `>`.
    Block,
}

/// What a leaf hangs under: decides the indentation of a literal block put there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Under {
    /// A key at this column.
    Key(usize),
    /// A key at this column, inside a mapping that is an item of a block sequence.
    ItemKey(usize),
    /// A dash at this column.
    Dash(usize),
}

/// What a YAML text has besides its tree.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shape {
    pub(crate) documents: Vec<DocumentShape>,
    /// Aliases that are values, in order; not those inside the expansion of another one.
    pub(crate) aliases: Vec<AliasSite>,
    /// Columns of one level of indentation, of block scalars first of all.
    pub(crate) step: usize,
    /// Block scalars have that indentation: the block must have it too, or they lose it when they are decrypted.
    pub(crate) step_of_literals: bool,
    pub(crate) crlf: bool,
    /// A block scalar that the end of the text cuts off before its line break.
    pub(crate) tail: Option<Range<usize>>,
    /// What the header of that scalar says of its end where this cannot be seen in the encrypted file, see [`ending`].
    pub(crate) ending: Ending,
    /// The document has, or had, words without quotes that YAML 1.1 reads as something else (`yes`, `1:30`), see
    /// [`words`].
    pub(crate) words: bool,
}

/// One document of a stream: where its block is, or would be.
#[derive(Clone, Debug)]
pub(crate) struct DocumentShape {
    pub(crate) append: Append,
    pub(crate) block: Option<BlockPlace>,
}

/// How the block is appended to a document.
#[derive(Clone, Debug)]
pub(crate) enum Append {
    /// As lines before this byte, indented like the other keys.
    Lines { at: usize, column: usize },
    /// Inside `{}`, before this byte; `close` is the end of the brackets.
    Flow { at: usize, first: bool, close: usize },
    /// In place of a written null.
    Instead(Range<usize>),
}

/// The `sops` entry of one document.
#[derive(Clone, Debug)]
pub(crate) struct BlockPlace {
    /// The bytes that vanish with it.
    pub(crate) range: Range<usize>,
    pub(crate) fields: BlockFields,
    pub(crate) flow: bool,
    /// Another entry stands before it in `{}`.
    pub(crate) comma: bool,
    pub(crate) column: usize,
    /// End of the mapping it is in.
    pub(crate) close: usize,
    /// Nothing else shows that there is a first document: without it, the text must say `{}`.
    pub(crate) alone: bool,
}

/// An alias used as a value.
#[derive(Clone, Debug)]
pub(crate) struct AliasSite {
    pub(crate) span: Range<usize>,
    pub(crate) flow: bool,
    /// Document, then positions in each collection on the way.
    pub(crate) way: Vec<usize>,
    /// To be replaced by a copy of what it stands for.
    pub(crate) replace: bool,
}

impl Shape {
    pub(crate) const fn line_break(&self) -> &'static str {
        if self.crlf { "\r\n" } else { "\n" }
    }

    /// Column of the lines of a literal block that hangs there.
    pub(crate) const fn content_column(&self, under: Under) -> usize {
        under.content_column(self.step)
    }
}

impl Under {
    const fn content_column(self, step: usize) -> usize {
        match self {
            Self::Key(column) => column + step,
            // As SOPS lays it out: the next multiple of the step.
            Self::ItemKey(column) => (column / step + 1) * step,
            Self::Dash(column) => column + 2,
        }
    }
}
