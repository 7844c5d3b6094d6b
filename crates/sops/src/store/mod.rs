//! Readers and writers of one file type for a tree.

pub(crate) mod binary;
pub(crate) mod dotenv;
pub(crate) mod ini;
pub(crate) mod json;
mod plain_leaves;
pub(crate) mod text;
pub(crate) mod yaml;

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::tree::{Branch, Entry};
use crate::{Document, Metadata, ReadError, WriteError};

/// A file type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Store {
    /// Any bytes.
    Binary,
    /// `KEY=value` lines.
    Dotenv,
    /// Sections of `key = value`.
    Ini,
    /// An object.
    Json,
    /// A stream of documents.
    Yaml,
}

/// Layout of what is laid out anew. The default is what sops writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// `--indent` or `stores.*.indent`. `None`: the style of the file at hand, else the store's default.
    pub indent: Option<i64>,
    /// A file that has a style keeps it although `indent` came from the config, not from the command line.
    pub relayout: bool,
}

/// An encrypted file: a tree with ciphertext leaves, and its block.
pub struct EncryptedFile {
    /// Its `block` is the one as read, so that only what changed is patched; `None` for a new file.
    pub(crate) document: Document,
    pub(crate) metadata: Metadata,
}

/// Where the metadata stands in the source of a file that was read.
#[derive(Clone)]
pub(crate) struct Block {
    /// What it says there.
    pub(crate) metadata: Metadata,
    /// Bytes of the whole block, one range per document that has one (dotenv, INI: lines or section).
    pub(crate) ranges: Vec<Range<usize>>,
    /// Bytes of the values of `lastmodified`, `mac` and `version` in each, so that only these are rewritten where
    /// the keys did not change. Empty where unknown: then the block is written anew.
    pub(crate) fields: Vec<BlockFields>,
}

/// Places of the scalars of one block that change with every edit: whole tokens, quotes included.
#[derive(Clone, Debug, Default)]
pub(crate) struct BlockFields {
    pub(crate) last_modified: Option<Range<usize>>,
    pub(crate) mac: Option<Range<usize>>,
    pub(crate) version: Option<Range<usize>>,
}

/// Bytes of the source to be replaced.
pub(crate) struct BytePatch {
    pub(crate) range: Range<usize>,
    pub(crate) bytes: Zeroizing<Vec<u8>>,
}

/// A text with its block taken out.
pub(crate) struct Splice {
    pub(crate) text: Zeroizing<Vec<u8>>,
    /// For each block: where it was in `text`, and its bytes in the source.
    pub(crate) blocks: Vec<(usize, Range<usize>)>,
}

impl Store {
    /// By file name (spec/sops-cli §4): `.yaml .yml .json .env .ini`, else binary.
    pub fn for_path(path: &Path) -> Self {
        let name = path
            .file_name()
            .map(|name| name.as_encoded_bytes())
            .unwrap_or_default();
        let suffixes: [(&[u8], Self); 5] = [
            (b".yaml", Self::Yaml),
            (b".yml", Self::Yaml),
            (b".json", Self::Json),
            (b".env", Self::Dotenv),
            (b".ini", Self::Ini),
        ];
        suffixes
            .into_iter()
            .find(|(suffix, _)| name.ends_with(suffix))
            .map_or(Self::Binary, |(_, store)| store)
    }

    /// `binary dotenv ini json yaml`; `None` for any other word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Binary, Self::Dotenv, Self::Ini, Self::Json, Self::Yaml]
            .into_iter()
            .find(|store| store.word() == word)
    }

    /// The word of `--input-type`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Binary => "binary",
            Self::Dotenv => "dotenv",
            Self::Ini => "ini",
            Self::Json => "json",
            Self::Yaml => "yaml",
        }
    }

    /// Reads a plain file. A `sops` block is not looked for: see [`has_block`](Self::has_block).
    ///
    /// # Errors
    ///
    /// Not well-formed, or over budget.
    pub fn read_plain(self, bytes: &[u8]) -> Result<Document, ReadError> {
        let (mut branches, shape) = match self {
            Self::Binary => (binary::read_plain(bytes), None),
            _ => self.parse(bytes)?,
        };
        if let Some(shape) = &shape {
            yaml::settle_tail(bytes, &mut branches, shape);
        }
        Ok(Document {
            store: self,
            source: Arc::new(Zeroizing::new(bytes.to_vec())),
            branches,
            block: None,
            shape,
        })
    }

    /// Reads an encrypted file.
    ///
    /// # Errors
    ///
    /// Not well-formed, no block, a block that does not hold together.
    pub fn read_encrypted(self, bytes: &[u8]) -> Result<EncryptedFile, ReadError> {
        let (mut branches, mut shape) = self.parse(bytes)?;
        let found = match self {
            Self::Binary => binary::take_block(bytes, &mut branches)?,
            Self::Json => json::take_block(bytes, &mut branches)?,
            Self::Dotenv => dotenv::take_block(bytes, &mut branches)?,
            Self::Ini => ini::take_block(bytes, &mut branches)?,
            Self::Yaml => match &mut shape {
                Some(shape) => yaml::take_block(&mut branches, shape)?,
                None => None,
            },
        };
        let Some((metadata, block)) = found else {
            return Err(ReadError::MetadataNotFound {
                block_in_document: None,
            });
        };
        let source = Zeroizing::new(bytes.to_vec());
        let document = Document {
            store: self,
            source: Arc::new(source),
            branches,
            block: Some(block),
            shape,
        };
        Ok(EncryptedFile { document, metadata })
    }

    /// The tree of a text, a `sops` entry included.
    fn parse(self, bytes: &[u8]) -> Result<(Vec<Branch>, Option<yaml::Shape>), ReadError> {
        Ok(match self {
            Self::Binary => (binary::read(bytes)?, None),
            Self::Json => (json::read(bytes)?, None),
            Self::Dotenv => (dotenv::read(bytes)?, None),
            Self::Ini => (ini::read(bytes)?, None),
            Self::Yaml => {
                let (branches, shape) = yaml::read(bytes)?;
                (branches, Some(shape))
            }
        })
    }

    /// Writes a document as plaintext: in its own text where it was read by this store, else laid out as sops does.
    ///
    /// # Errors
    ///
    /// Something this store cannot hold.
    pub fn write_plain(self, document: &Document, layout: &Layout) -> Result<Zeroizing<Vec<u8>>, WriteError> {
        Ok(self.splice_plain(document, layout)?.text)
    }

    /// The same, with the places from which blocks were taken.
    pub(crate) fn splice_plain(self, document: &Document, layout: &Layout) -> Result<Splice, WriteError> {
        if !self.keeps_text(document, layout) || self == Self::Binary {
            let text = emit(self, &document.branches, None, layout)?;
            return Ok(Splice {
                text,
                blocks: Vec::new(),
            });
        }
        let mut patches = self.leaf_patches(document)?;
        let blocks = self.block_patches(document, None, layout)?;
        let ranges: Vec<Range<usize>> = blocks.iter().map(|patch| patch.range.clone()).collect();
        patches.extend(blocks);
        let mut text = apply(&document.source, &mut patches)?;
        let ending = document
            .shape
            .as_ref()
            .filter(|_| document.block.is_some())
            .and_then(|shape| yaml::restore_ending(&mut text, shape.ending));
        let moved = |at: usize| {
            // Also what is put in right there: the lines of a block scalar.
            let before = patches.iter().filter(|patch| patch.range.end <= at);
            let at = before.fold(at, |at, patch| at + patch.bytes.len() - patch.range.len());
            ending
                .filter(|(place, _)| *place < at)
                .map_or(at, |(_, less)| at - less)
        };
        let blocks = ranges
            .into_iter()
            .map(|range| (moved(range.start), range))
            .collect();
        Ok(Splice { text, blocks })
    }

    /// Writes an encrypted file; the block last.
    ///
    /// # Errors
    ///
    /// Something this store cannot hold.
    pub fn write_encrypted(self, file: &EncryptedFile, layout: &Layout) -> Result<Vec<u8>, WriteError> {
        let document = &file.document;
        if self.has_block(document) {
            return Err(WriteError::ReservedKey);
        }
        // The plain text of a binary file is no JSON: the first writing lays it out.
        let is_text = self != Self::Binary || document.block.is_some();
        if !self.keeps_text(document, layout) || !is_text {
            return Ok(std::mem::take(&mut *emit(
                self,
                &document.branches,
                Some(&file.metadata),
                layout,
            )?));
        }
        let mut patches = self.leaf_patches(document)?;
        let mut block = self.block_patches(document, Some(&file.metadata), layout)?;
        // The header of a last block scalar needs no care if the scalar itself is replaced.
        let inside =
            |one: &Range<usize>, other: &Range<usize>| other.start <= one.start && one.start < other.end;
        block.retain(|patch| !patches.iter().any(|leaf| inside(&patch.range, &leaf.range)));
        patches.append(&mut block);
        Ok(std::mem::take(&mut *apply(&document.source, &mut patches)?))
    }

    /// Whether the document's own text is kept: the same store, and no new layout asked for.
    fn keeps_text(self, document: &Document, layout: &Layout) -> bool {
        self == document.store && !document.source.is_empty() && !(layout.relayout && layout.indent.is_some())
    }

    /// What puts the changed leaves into the source.
    pub(crate) fn leaf_patches(self, document: &Document) -> Result<Vec<BytePatch>, WriteError> {
        let (source, branches) = (document.source.as_slice(), document.branches.as_slice());
        match self {
            Self::Binary => binary::patches(source, branches),
            Self::Json => json::patches(source, branches),
            Self::Dotenv => dotenv::patches(source, branches),
            Self::Ini => ini::patches(source, branches),
            Self::Yaml => match &document.shape {
                Some(shape) => yaml::patches(source, branches, shape),
                None => Ok(Vec::new()),
            },
        }
    }

    /// What appends, changes or takes out the block.
    fn block_patches(
        self,
        document: &Document,
        new: Option<&Metadata>,
        layout: &Layout,
    ) -> Result<Vec<BytePatch>, WriteError> {
        let (source, branches) = (document.source.as_slice(), document.branches.as_slice());
        let block = document.block.as_ref();
        match self {
            Self::Binary => binary::block_patches(source, branches, block, new),
            Self::Json => json::block_patches(source, branches, block, new),
            Self::Dotenv => dotenv::block_patches(source, branches, block, new),
            Self::Ini => ini::block_patches(source, branches, block, new),
            Self::Yaml => {
                let shape = document.shape.clone().unwrap_or_default();
                Ok(yaml::block_patches(source, &shape, block, new, layout))
            }
        }
    }

    /// The "already encrypted" test of spec/sops-format §7.5 on a document read as plain.
    pub fn has_block(self, document: &Document) -> bool {
        document
            .branches
            .first()
            .is_some_and(|branch| self.reserved(branch))
    }

    /// Number (from 1) of a document after the first that has a block although the first has none.
    pub(crate) fn later_block(self, document: &Document) -> Option<usize> {
        let later = document.branches.iter().enumerate().skip(1);
        later
            .filter(|(_, branch)| self.reserved(branch))
            .map(|(at, _)| at + 1)
            .next()
    }

    fn reserved(self, branch: &Branch) -> bool {
        branch.entries.iter().any(|entry| match entry {
            Entry::Pair(key, _) => self.reserves(&key.text),
            Entry::Comment(_) => false,
        })
    }

    /// Whether a key at the top belongs to the metadata.
    pub(crate) fn reserves(self, key: &str) -> bool {
        match self {
            Self::Dotenv => key.starts_with("sops_"),
            Self::Binary | Self::Ini | Self::Json | Self::Yaml => key == "sops",
        }
    }
}

/// A tree without a text, laid out as sops does.
pub(crate) fn emit(
    store: Store,
    branches: &[Branch],
    metadata: Option<&Metadata>,
    layout: &Layout,
) -> Result<Zeroizing<Vec<u8>>, WriteError> {
    match store {
        Store::Binary => binary::emit(branches, metadata, layout),
        Store::Dotenv => dotenv::emit(branches, metadata, layout),
        Store::Ini => ini::emit(branches, metadata, layout),
        Store::Json => json::emit(branches, metadata, layout),
        Store::Yaml => yaml::emit(branches, metadata, layout),
    }
}

/// The source with its patches, in one copy. Sorts them.
pub(crate) fn apply(source: &[u8], patches: &mut [BytePatch]) -> Result<Zeroizing<Vec<u8>>, WriteError> {
    patches.sort_by_key(|patch| (patch.range.start, patch.range.end));
    let added: usize = patches.iter().map(|patch| patch.bytes.len()).sum();
    // Room for all at once: growing would leave copies that nobody wipes.
    let mut text = Zeroizing::new(Vec::with_capacity(source.len() + added));
    let mut at = 0;
    let overlap = || WriteError::Unsupported {
        path: String::new(),
        what: "two changes touch the same bytes",
    };
    for patch in patches.iter() {
        text.extend_from_slice(source.get(at..patch.range.start).ok_or_else(overlap)?);
        text.extend_from_slice(&patch.bytes);
        at = patch.range.end;
    }
    text.extend_from_slice(source.get(at..).ok_or_else(overlap)?);
    Ok(text)
}

impl EncryptedFile {
    /// What the block says.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Changes the block (`updatekeys`, `groups`); values stay.
    pub fn metadata_mut(&mut self) -> &mut Metadata {
        &mut self.metadata
    }

    /// The store it was read by or made for.
    pub fn store(&self) -> Store {
        self.document.store
    }

    /// The encrypted tree.
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// The same block around an opened document: the plain text that `edit --show-master-keys` shows.
    #[must_use]
    pub fn showing(&self, document: Document) -> Self {
        Self {
            document,
            metadata: self.metadata.clone(),
        }
    }

    pub(crate) fn duplicate(&self) -> Self {
        Self {
            document: self.document.duplicate(),
            metadata: self.metadata.clone(),
        }
    }

    /// Paths and lines of leaves that the selector says are encrypted but that are not `ENC[…]`
    /// (null and empty strings aside). Empty: fully encrypted.
    pub fn plain_leaves(&self) -> Vec<(usize, String)> {
        plain_leaves::find(self)
    }
}
