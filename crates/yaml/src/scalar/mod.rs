//! Scalars: what a plain text means to a reader, and how to write a text so that it reads back.

mod base64;
mod plain;
mod resolve;
mod write;

pub(crate) use plain::is_readable;
pub use resolve::resolve;
pub use write::{write_binary, write_float, write_key, write_str, write_str_as};

/// What a scalar means under the rules of go-yaml v3, which SOPS uses (spec/sops-format §8.1).
#[derive(Clone, Debug, PartialEq)]
pub enum Resolved {
    /// `~`, `null`, or nothing.
    Null,
    /// `true`, `False`, …
    Bool(bool),
    /// Decimal, `0x`, `0b`, `0o` or leading-zero octal, `_` ignored.
    Int(i64),
    /// Fits only an unsigned 64-bit integer: SOPS refuses it.
    Uint64(u64),
    /// IEEE double.
    Float(f64),
    /// A timestamp as written (shape and ranges already checked).
    Timestamp,
    /// `<<`, plain or tagged `!!merge`, meaningful as a key.
    Merge,
    /// Text.
    Str,
    /// Tagged `!!binary` with valid base64.
    Binary(Vec<u8>),
    /// An explicit core tag that the text does not satisfy (`!!int x`).
    Mismatch,
}

/// Where a scalar will stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Context {
    /// Value in block context; a block scalar's lines are indented by this many columns.
    Block {
        /// Columns of the content lines of a literal block.
        indent: usize,
    },
    /// Inside `{}` or `[]`.
    Flow,
    /// As a simple key in block context.
    Key,
}
