//! What can go wrong with a file: kinds, places, names of keys; never content.

use thiserror::Error;

/// Something a person should know although the work was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Line in the file read, from 1; 0 if there is none.
    pub line: usize,
    /// Path of the key, `a.b[0]` style; empty for the whole file.
    pub path: String,
    /// What kind.
    pub kind: WarningKind,
}

/// Kinds of [`Warning`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WarningKind {
    /// The text of a number, boolean or date does not survive a round trip through SOPS (D2): quote it.
    RespelledScalar,
    /// An alias was replaced by a copy of its target (spec/sops-format §8.7).
    AliasReplaced,
    /// A plain value that starts with `!` is a tag and stays in clear (T19): quote it.
    TagLikeText,
    /// A comment at an encrypted position is not encrypted, or does not open.
    ClearComment,
    /// A selected leaf of a half-encrypted file was plain and is encrypted now.
    PlainLeaf,
    /// Settings that the binary store ignores.
    IgnoredSelection,
}

/// Why bytes are not read as a file of a store.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The block lacks something or has it in the wrong form.
    #[error("sops metadata: {field} {what}")]
    BadMetadata {
        /// Field of the block.
        field: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// No `sops` entry in the (first) document.
    #[error("sops metadata not found")]
    MetadataNotFound {
        /// Number (from 1) of a later document that has a block, if any.
        block_in_document: Option<usize>,
    },
    /// The block names no master key.
    #[error("no keys found in file")]
    NoKeys,
    /// Bytes that are not text of a kind this store reads.
    #[error("{what}")]
    NotText {
        /// The encoding or defect, and how to convert.
        what: &'static str,
    },
    /// Not well-formed.
    #[error("line {line}, column {column}: {what}")]
    Syntax {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What is wrong; no byte of the text.
        what: String,
    },
}

/// `path: `, or nothing for what concerns the whole document.
fn at(path: &str) -> String {
    if path.is_empty() {
        String::new()
    } else {
        format!("{path}: ")
    }
}

/// Why a document cannot be written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The tree holds something that the store cannot.
    #[error("{}{what}", at(path))]
    Unsupported {
        /// Path of the key.
        path: String,
        /// What.
        what: &'static str,
    },
    /// Already has the entry under which metadata is stored.
    #[error("the data has a top-level key sops")]
    ReservedKey,
}

/// Why a file does not open.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DecryptError {
    /// A value that must be ciphertext is not, or does not parse as such.
    #[error("line {line}: {path}: {what}")]
    BadValue {
        /// Line, from 1.
        line: usize,
        /// Path of the key.
        path: String,
        /// What is wrong.
        what: &'static str,
    },
    /// The MAC is not there.
    #[error("MAC mismatch: the file has no MAC")]
    MacMissing,
    /// The MAC differs.
    #[error("MAC mismatch")]
    MacMismatch,
    /// The MAC itself does not open.
    #[error("cannot decrypt MAC: {0}")]
    MacUnreadable(&'static str),
    /// A key that is not a string.
    #[error("line {line}: tree contains a non-string key")]
    NonStringKey {
        /// Line, from 1.
        line: usize,
    },
}

/// Why a document is not encrypted.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EncryptError {
    /// The random source failed.
    #[error("cannot draw a nonce")]
    Random(#[source] crate::RandomError),
    /// A key that is not a string.
    #[error("line {line}: tree contains a non-string key")]
    NonStringKey {
        /// Line, from 1.
        line: usize,
    },
    /// A value that SOPS has no type for, or a comment that would be misjudged when decrypting.
    #[error("line {line}: {path}: {what}")]
    Unsupported {
        /// Line, from 1.
        line: usize,
        /// Path of the key.
        path: String,
        /// What.
        what: &'static str,
    },
    /// `sops` entry present in the data.
    #[error("the file is already encrypted")]
    AlreadyEncrypted,
    /// A later document of the stream is encrypted, the first is not: which keys would count?
    #[error("document {document} has a sops block, the first has none")]
    BlockInLaterDocument {
        /// Number of the document, from 1.
        document: usize,
    },
    /// No document to encrypt.
    #[error("the file needs at least one document")]
    NoDocument,
}

/// Why a value is not set, removed or extracted.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EditError {
    /// No such key.
    #[error("component [{key:?}] not found")]
    KeyNotFound {
        /// The key asked for.
        key: String,
    },
    /// No such element.
    #[error("index {index} is out of bounds: the list has {length} elements")]
    OutOfBounds {
        /// The index asked for.
        index: usize,
        /// Elements there.
        length: usize,
    },
    /// The path does not fit the tree.
    #[error("{path}: {what}")]
    Shape {
        /// As far as the path was followed.
        path: String,
        /// What stands in the way.
        what: &'static str,
    },
    /// The result would have a `sops` key at the top.
    #[error("the key sops is reserved")]
    ReservedKey,
    /// The result cannot be written.
    #[error("cannot write the value")]
    Write(#[from] WriteError),
}

/// Not a tree path.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("not a tree path, at character {at}: expected a component like [\"key\"] or [0]")]
pub struct TreePathError {
    /// Offset from 0.
    pub at: usize,
}

/// Why a `.sops.yaml` is not read. Rules are public: the field is named.
#[derive(Debug, Error)]
#[error("line {line}, column {column}: {what}")]
pub struct ConfigError {
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
    /// What is wrong.
    pub what: String,
}
