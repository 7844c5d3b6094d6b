//! What the stores that read bytes themselves have in common: limits, places in errors, paths in errors.

use std::ops::Range;

use zeroize::Zeroizing;

use crate::store::{Block, BlockFields, BytePatch};
use crate::tree::{Element, Entry, Leaf, NewValue, Node, Place};
use crate::{Metadata, ReadError, Value, WriteError};

/// Levels of nesting (spec/security S-20). The bytes of a file are limited before they come here.
pub(crate) const MAX_DEPTH: usize = 200;

/// Keys, values and comments of one file (S-20).
pub(crate) const MAX_NODES: usize = 1_000_000;

/// Bytes of one key (S-20).
pub(crate) const MAX_KEY_BYTES: usize = 4 << 10;

/// An error at a byte of the source.
pub(crate) fn syntax(source: &[u8], at: usize, what: &str) -> ReadError {
    let before = &source[..at.min(source.len())];
    let start = before.iter().rposition(|b| *b == b'\n').map_or(0, |end| end + 1);
    // Continuation bytes of UTF-8 are no columns of their own.
    let column = before[start..].iter().filter(|b| **b & 0xC0 != 0x80).count() + 1;
    let line = before.iter().filter(|b| **b == b'\n').count() + 1;
    ReadError::Syntax {
        line,
        column,
        what: what.to_owned(),
    }
}

/// Refuses UTF-16 and UTF-32 by name: they would give strange syntax errors.
pub(crate) fn refuse_wide_text(source: &[u8]) -> Result<(), ReadError> {
    let what = match source {
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => "the file is UTF-16: convert it with iconv -f UTF-16 -t UTF-8",
        [0, 0, 0xFE, 0xFF, ..] => "the file is UTF-32: convert it with iconv -f UTF-32 -t UTF-8",
        _ => return Ok(()),
    };
    Err(ReadError::NotText { what })
}

/// Counts one more node.
pub(crate) fn count(nodes: &mut usize, source: &[u8], at: usize) -> Result<(), ReadError> {
    *nodes += 1;
    if *nodes > MAX_NODES {
        Err(syntax(source, at, "more than 1,000,000 values"))
    } else {
        Ok(())
    }
}

/// A leaf as it is read.
pub(crate) fn read_leaf(value: Value, place: Place) -> Leaf {
    Leaf {
        value,
        spelling: None,
        changed: false,
        place,
        inline: false,
        stays_encrypted: false,
    }
}

/// A replacement.
pub(crate) fn patch(range: Range<usize>, bytes: impl Into<Vec<u8>>) -> BytePatch {
    BytePatch {
        range,
        bytes: Zeroizing::new(bytes.into()),
    }
}

/// Something a store cannot hold, right here; [`below`] adds where that is.
pub(crate) fn unsupported(what: &'static str) -> WriteError {
    WriteError::Unsupported {
        path: String::new(),
        what,
    }
}

/// Puts a key in front of the path of an error.
pub(crate) fn below(key: &str, error: WriteError) -> WriteError {
    prefix(key, ".", error)
}

/// Puts an index in front of the path of an error.
pub(crate) fn below_index(index: usize, error: WriteError) -> WriteError {
    prefix(&format!("[{index}]"), ".", error)
}

fn prefix(step: &str, separator: &str, error: WriteError) -> WriteError {
    match error {
        WriteError::Unsupported { path, what } => {
            let separator = if path.is_empty() || path.starts_with('[') {
                ""
            } else {
                separator
            };
            WriteError::Unsupported {
                path: format!("{step}{separator}{path}"),
                what,
            }
        }
        other => other,
    }
}

/// The patches of a block in which nothing but dates differ: `None` if more differs, or a place is not known.
/// `token` writes one text in the style of the store.
pub(crate) fn date_patches(
    block: &Block,
    new: &Metadata,
    token: impl Fn(&str) -> Vec<u8>,
) -> Option<Vec<BytePatch>> {
    if !block.metadata.same_but_for_dates(new) {
        return None;
    }
    let mut patches = Vec::new();
    for BlockFields {
        last_modified,
        mac,
        version,
    } in &block.fields
    {
        let fields = [
            (last_modified, &block.metadata.last_modified, &new.last_modified),
            (mac, &block.metadata.mac, &new.mac),
            (version, &block.metadata.version, &new.version),
        ];
        for (place, old, new) in fields {
            if old != new {
                patches.push(patch(place.clone()?, token(new)));
            }
        }
    }
    Some(patches)
}

/// The places of the three dates of a block, by field name.
pub(crate) fn block_fields<'n>(leaves: impl Iterator<Item = (&'n str, Range<usize>)>) -> BlockFields {
    let mut fields = BlockFields::default();
    for (field, range) in leaves {
        match field {
            "lastmodified" => fields.last_modified = Some(range),
            "mac" => fields.mac = Some(range),
            "version" => fields.version = Some(range),
            _ => {}
        }
    }
    fields
}

/// A value to be set, as a tree.
pub(crate) fn new_node(value: &NewValue) -> Node {
    match value {
        NewValue::Scalar(value) => Node::Leaf(read_leaf(value.duplicate(), Place::None)),
        NewValue::Object(fields) => Node::Mapping(
            fields
                .iter()
                .map(|(name, value)| Entry::Pair(new_key(name), new_node(value)))
                .collect(),
        ),
        NewValue::Array(values) => Node::Sequence(
            values
                .iter()
                .map(|value| Element::Node(new_node(value)))
                .collect(),
        ),
    }
}

/// A key that stands nowhere yet.
pub(crate) fn new_key(text: &str) -> crate::tree::Key {
    crate::tree::Key {
        text: Zeroizing::new(text.to_owned()),
        is_string: true,
        at: 0,
    }
}
