//! Binary: any bytes; encrypted it is a JSON file with the one key `data` (spec/sops-format §8.3).

use zeroize::Zeroizing;

use super::json;
use super::text::{new_key, read_leaf, unsupported};
use super::{Block, BytePatch};
use crate::tree::{Branch, Entry, NewValue, Node, Place, Step, TreePath};
use crate::{EditError, Layout, Metadata, ReadError, Value, WriteError};

/// A plain file: its bytes under `data`.
pub(crate) fn read_plain(bytes: &[u8]) -> Vec<Branch> {
    let leaf = read_leaf(Value::str(bytes), Place::Binary);
    vec![Branch {
        entries: vec![Entry::Pair(new_key(DATA), Node::Leaf(leaf))],
    }]
}

/// An encrypted file: JSON.
pub(crate) fn read(bytes: &[u8]) -> Result<Vec<Branch>, ReadError> {
    json::read(bytes)
}

/// Takes the block out of an encrypted file.
pub(crate) fn take_block(
    source: &[u8],
    branches: &mut [Branch],
) -> Result<Option<(Metadata, Block)>, ReadError> {
    json::take_block(source, branches)
}

/// Changed values of an encrypted file that stays encrypted. A plain file is written by [`emit`].
pub(crate) fn patches(source: &[u8], branches: &[Branch]) -> Result<Vec<BytePatch>, WriteError> {
    json::patches(source, branches)
}

/// The block of an encrypted file that stays encrypted.
pub(crate) fn block_patches(
    source: &[u8],
    branches: &[Branch],
    block: Option<&Block>,
    new: Option<&Metadata>,
) -> Result<Vec<BytePatch>, WriteError> {
    json::block_patches(source, branches, block, new)
}

/// With metadata the JSON form; without it the raw bytes of `data`.
///
/// # Errors
///
/// A tree that has no text under `data`: another output type is meant.
pub(crate) fn emit(
    branches: &[Branch],
    metadata: Option<&Metadata>,
    layout: &Layout,
) -> Result<Zeroizing<Vec<u8>>, WriteError> {
    if metadata.is_some() {
        return json::emit(branches, metadata, layout);
    }
    let entries = branches.iter().flat_map(|branch| &branch.entries);
    let data = entries.filter_map(|entry| match entry {
        Entry::Pair(key, Node::Leaf(leaf)) if key.text.as_str() == DATA => Some(&leaf.value),
        Entry::Pair(..) | Entry::Comment(_) => None,
    });
    match data.take(1).next() {
        Some(Value::Str(bytes)) => Ok(bytes.clone()),
        _ => Err(unsupported(
            "no binary data found in tree: choose another output type (--output-type)",
        )),
    }
}

/// Replaces the whole content: the only path is `["data"]`, the only value a text.
pub(crate) fn set(
    source: &[u8],
    _branches: &[Branch],
    path: &TreePath,
    new: &NewValue,
) -> Result<Vec<BytePatch>, EditError> {
    match (path.0.as_slice(), new) {
        ([Step::Key(key)], NewValue::Scalar(Value::Str(bytes))) if key == DATA => {
            Ok(vec![super::text::patch(0..source.len(), bytes.as_slice())])
        }
        _ => Err(unsupported("a binary file holds one text under the key data").into()),
    }
}

/// Nothing can be taken out of a binary file.
pub(crate) fn unset(
    _source: &[u8],
    _branches: &[Branch],
    path: &TreePath,
) -> Result<Vec<BytePatch>, EditError> {
    match path.0.as_slice() {
        [Step::Key(key)] if key != DATA => Err(EditError::KeyNotFound { key: key.clone() }),
        _ => Err(unsupported("a binary file must keep its key data").into()),
    }
}

const DATA: &str = "data";
