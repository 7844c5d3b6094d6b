//! A YAML text as it stands: a tree with byte ranges, and edits that change single nodes
//! while every other byte stays.
//!
//! Knows nothing of SOPS, Kubernetes or secrets. The only package that names the parser.
//!
//! Start with [`Stream::parse`]; change with the functions of [`edit`], which make [`Patch`]es,
//! and [`apply`] them. No patches, the same bytes.

#![forbid(unsafe_code)]

mod budget;
mod comment;
pub mod edit;
pub mod emit;
mod error;
mod node;
mod parse;
pub mod scalar;
mod stream;
mod text;

pub use budget::Budget;
pub use edit::{Patch, apply};
pub use error::{EditError, Position, SyntaxError};
pub use node::{Collection, Comment, CommentId, Item, Node, NodeId, NodeKind, ScalarStyle};
pub use stream::{Document, Stream};
