//! dotenv: `KEY=value` lines, kept as they stand but for the values.
//!
//! A line is empty, `#comment`, or a key (everything before the first `=`) and a value (everything behind it). There is
//! no quoting; the two characters `\n` in a value stand for a line feed, and a carriage return belongs to the value.
//! Source: spec/sops-format §8.4.

use std::ops::Range;

use zeroize::Zeroizing;

use super::text::{
    MAX_KEY_BYTES, below, block_fields, count, date_patches, patch, read_leaf, syntax, unsupported,
};
use super::{Block, BytePatch};
use crate::metadata::flatten::{flatten, unflatten};
use crate::tree::{Branch, Entry, Key, Leaf, NewValue, Node, Place, Step, TreePath};
use crate::{EditError, Layout, Metadata, ReadError, Value, WriteError};

/// Reads a whole text. `sops_…` lines are pairs like any other.
///
/// # Errors
///
/// A line without `=`, a key that is not UTF-8 or too long: line and column, no content.
pub(crate) fn read(source: &[u8]) -> Result<Vec<Branch>, ReadError> {
    super::text::refuse_wide_text(source)?;
    let (mut entries, mut nodes) = (Vec::new(), 0);
    for line in lines(source) {
        let text = &source[line.clone()];
        if text.is_empty() {
            continue;
        }
        count(&mut nodes, source, line.start)?;
        if text[0] == b'#' {
            let range = line.start + 1..line.end;
            entries.push(Entry::Comment(leaf(source, range)));
            continue;
        }
        let equals = text.iter().position(|b| *b == b'=');
        let equals = equals.ok_or_else(|| syntax(source, line.start, "expected KEY=value or a comment"))?;
        if equals > MAX_KEY_BYTES {
            return Err(syntax(source, line.start, "a key of more than 4 KiB"));
        }
        let key = std::str::from_utf8(&text[..equals]);
        let key = key.map_err(|_| syntax(source, line.start, "a key that is not UTF-8"))?;
        let key = Key {
            text: Zeroizing::new(key.to_owned()),
            is_string: true,
            at: line.start,
        };
        entries.push(Entry::Pair(
            key,
            Node::Leaf(leaf(source, line.start + equals + 1..line.end)),
        ));
    }
    Ok(vec![Branch { entries }])
}

/// Takes all `sops_…` entries out of the tree.
///
/// # Errors
///
/// Entries that make no block.
pub(crate) fn take_block(
    source: &[u8],
    branches: &mut [Branch],
) -> Result<Option<(Metadata, Block)>, ReadError> {
    let Some(branch) = branches.first_mut() else {
        return Ok(None);
    };
    let (block, rest): (Vec<Entry>, Vec<Entry>) = std::mem::take(&mut branch.entries)
        .into_iter()
        .partition(is_block_entry);
    branch.entries = rest;
    if block.is_empty() {
        return Ok(None);
    }
    let leaves: Vec<(&str, &Leaf)> = block
        .iter()
        .filter_map(|entry| match entry {
            Entry::Pair(key, Node::Leaf(leaf)) => Some((key.text.strip_prefix(PREFIX)?, leaf)),
            Entry::Pair(..) | Entry::Comment(_) => None,
        })
        .collect();
    let node = unflatten(leaves.iter().map(|(path, leaf)| (*path, leaf.value.duplicate())))?;
    let metadata = Metadata::from_node(&node)?;
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for entry in &block {
        if let Entry::Pair(key, _) = entry {
            let line = whole_line(source, key.at);
            match ranges.last_mut() {
                Some(last) if last.end == line.start => last.end = line.end,
                _ => ranges.push(line),
            }
        }
    }
    let fields = block_fields(
        leaves
            .iter()
            .filter_map(|(path, leaf)| Some((*path, range_of(leaf)?))),
    );
    let read = metadata.clone();
    Ok(Some((
        metadata,
        Block {
            metadata: read,
            ranges,
            fields: vec![fields],
        },
    )))
}

/// Puts every changed leaf at its place.
pub(crate) fn patches(_source: &[u8], branches: &[Branch]) -> Result<Vec<BytePatch>, WriteError> {
    let mut patches = Vec::new();
    for entry in branches.iter().flat_map(|branch| &branch.entries) {
        let leaf = match entry {
            Entry::Pair(_, Node::Leaf(leaf)) | Entry::Comment(leaf) => leaf,
            Entry::Pair(key, Node::Mapping(_) | Node::Sequence(_)) => {
                return Err(below(&key.text, unsupported(COMPLEX)));
            }
        };
        if let (true, Some(range)) = (leaf.changed, range_of(leaf)) {
            patches.push(BytePatch {
                range,
                bytes: on_one_line(&leaf_text(leaf)),
            });
        }
    }
    Ok(patches)
}

/// Brings the block of the text in line with `new`.
///
/// It is appended as the last lines. A text without a final line feed gets the block without one, and taking that
/// block out takes the line feed before it, too: so the original comes back.
pub(crate) fn block_patches(
    source: &[u8],
    branches: &[Branch],
    block: Option<&Block>,
    new: Option<&Metadata>,
) -> Result<Vec<BytePatch>, WriteError> {
    let Some(block) = block else {
        let Some(new) = new else { return Ok(Vec::new()) };
        refuse_reserved(branches)?;
        let lines = block_lines(new);
        let text = if source.is_empty() || source.ends_with(b"\n") {
            lines
        } else {
            format!("\n{}", lines.trim_end_matches('\n'))
        };
        return Ok(vec![patch(source.len()..source.len(), text)]);
    };
    match new {
        Some(new) if block.metadata == *new => Ok(Vec::new()),
        Some(new) => {
            if let Some(patches) = date_patches(block, new, |text| on_one_line(text.as_bytes()).to_vec()) {
                return Ok(patches);
            }
            let mut lines = block_lines(new);
            let mut patches = Vec::new();
            for range in &block.ranges {
                if !source[range.clone()].ends_with(b"\n") {
                    lines.truncate(lines.trim_end_matches('\n').len());
                }
                // All of it goes where the first line was.
                patches.push(patch(range.clone(), std::mem::take(&mut lines)));
            }
            Ok(patches)
        }
        None => Ok(block
            .ranges
            .iter()
            .map(|range| {
                let unfinished = !source[range.clone()].ends_with(b"\n") && range.start > 0;
                patch(range.start - usize::from(unfinished)..range.end, [])
            })
            .collect()),
    }
}

/// Lays a tree out as SOPS does: one line for each entry.
///
/// # Errors
///
/// Collections, and keys that would read back as something else.
pub(crate) fn emit(
    branches: &[Branch],
    metadata: Option<&Metadata>,
    _layout: &Layout,
) -> Result<Zeroizing<Vec<u8>>, WriteError> {
    let entries = match branches {
        [] => &[][..],
        [branch] => &branch.entries[..],
        _ => return Err(unsupported("a dotenv file holds one document only")),
    };
    if metadata.is_some() {
        refuse_reserved(branches)?;
    }
    let mut out = Zeroizing::new(Vec::new());
    for entry in entries {
        match entry {
            Entry::Comment(leaf) => {
                out.push(b'#');
                out.extend_from_slice(&on_one_line(&leaf.value.simple_text()));
            }
            Entry::Pair(key, Node::Leaf(leaf)) => {
                check_key(&key.text).map_err(|what| below(&key.text, unsupported(what)))?;
                out.extend_from_slice(key.text.as_bytes());
                out.push(b'=');
                out.extend_from_slice(&on_one_line(&leaf.value.simple_text()));
            }
            Entry::Pair(key, Node::Mapping(_) | Node::Sequence(_)) => {
                return Err(below(&key.text, unsupported(COMPLEX)));
            }
        }
        out.push(b'\n');
    }
    if let Some(metadata) = metadata {
        out.extend_from_slice(block_lines(metadata).as_bytes());
    }
    Ok(out)
}

/// Replaces the value of a key, or appends a line.
pub(crate) fn set(
    source: &[u8],
    branches: &[Branch],
    path: &TreePath,
    new: &NewValue,
) -> Result<Vec<BytePatch>, EditError> {
    let (key, value) = match (path.0.as_slice(), new) {
        ([Step::Key(key)], NewValue::Scalar(value)) => (key, on_one_line(&value.simple_text())),
        ([], _) => {
            return Err(EditError::Shape {
                path: String::new(),
                what: "the path is empty",
            });
        }
        ([Step::Index(_), ..], _) => {
            return Err(EditError::Shape {
                path: String::new(),
                what: "is a mapping: a key is needed",
            });
        }
        ([Step::Key(key), ..], _) => return Err(below(key, unsupported(COMPLEX)).into()),
    };
    if key.starts_with(PREFIX) {
        return Err(EditError::ReservedKey);
    }
    if let Some(range) = find(branches, key).and_then(|(_, leaf)| range_of(leaf)) {
        return Ok(vec![BytePatch { range, bytes: value }]);
    }
    check_key(key).map_err(|what| below(key, unsupported(what)))?;
    let unfinished = !source.is_empty() && !source.ends_with(b"\n");
    let (before, after) = if unfinished { ("\n", "") } else { ("", "\n") };
    let line = [before.as_bytes(), key.as_bytes(), b"=", &value, after.as_bytes()].concat();
    Ok(vec![patch(source.len()..source.len(), line)])
}

/// Removes the line of a key.
pub(crate) fn unset(
    source: &[u8],
    branches: &[Branch],
    path: &TreePath,
) -> Result<Vec<BytePatch>, EditError> {
    let key = match path.0.as_slice() {
        [Step::Key(key)] => key,
        [Step::Key(key), ..] => {
            return Err(EditError::Shape {
                path: key.clone(),
                what: "is a scalar: nothing is in it",
            });
        }
        _ => {
            return Err(EditError::Shape {
                path: String::new(),
                what: "is a mapping: a key is needed",
            });
        }
    };
    let (found, _) = find(branches, key).ok_or_else(|| EditError::KeyNotFound { key: key.clone() })?;
    let line = whole_line(source, found.at);
    let unfinished = !source[line.clone()].ends_with(b"\n") && line.start > 0;
    Ok(vec![patch(line.start - usize::from(unfinished)..line.end, [])])
}

fn find<'b>(branches: &'b [Branch], key: &str) -> Option<(&'b Key, &'b Leaf)> {
    branches.first()?.entries.iter().find_map(|entry| match entry {
        Entry::Pair(found, Node::Leaf(leaf)) if found.text.as_str() == key => Some((found, leaf)),
        Entry::Pair(..) | Entry::Comment(_) => None,
    })
}

/// The lines of a block.
fn block_lines(metadata: &Metadata) -> String {
    let line = |(path, text): (String, String)| format!("{PREFIX}{path}={}\n", text.replace('\n', "\\n"));
    flatten(&metadata.to_node()).into_iter().map(line).collect()
}

/// What stands in a value: its simple text, or the text it was decrypted as.
fn leaf_text(leaf: &Leaf) -> Zeroizing<Vec<u8>> {
    match &leaf.spelling {
        Some(spelling) => Zeroizing::new(spelling.as_bytes().to_vec()),
        None => leaf.value.simple_text(),
    }
}

/// Line feeds as the two characters `\n`.
fn on_one_line(text: &[u8]) -> Zeroizing<Vec<u8>> {
    let breaks = text.iter().filter(|b| **b == b'\n').count();
    let mut out = Zeroizing::new(Vec::with_capacity(text.len() + breaks));
    for byte in text {
        match byte {
            b'\n' => out.extend_from_slice(b"\\n"),
            byte => out.push(*byte),
        }
    }
    out
}

fn leaf(source: &[u8], range: Range<usize>) -> Leaf {
    let text = &source[range.clone()];
    let is_comment = range.start > 0 && source[range.start - 1] == b'#';
    let mut value = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text;
    // Only values have the escape.
    while let Some(at) = rest.windows(2).position(|pair| pair == b"\\n" && !is_comment) {
        value.extend_from_slice(&rest[..at]);
        value.push(b'\n');
        rest = &rest[at + 2..];
    }
    value.extend_from_slice(rest);
    read_leaf(Value::Str(value), Place::Dotenv(range))
}

fn range_of(leaf: &Leaf) -> Option<Range<usize>> {
    match &leaf.place {
        Place::Dotenv(range) => Some(range.clone()),
        Place::None | Place::Yaml(_) | Place::Json(_) | Place::Ini(_) | Place::Binary => None,
    }
}

/// Lines without their line feeds.
fn lines(source: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    source.split(|b| *b == b'\n').map(move |line| {
        let range = start..start + line.len();
        start = range.end + 1;
        range
    })
}

/// The line that begins here, line feed included.
fn whole_line(source: &[u8], start: usize) -> Range<usize> {
    let end = source[start..]
        .iter()
        .position(|b| *b == b'\n')
        .map_or(source.len(), |at| start + at + 1);
    start..end
}

fn is_block_entry(entry: &Entry) -> bool {
    matches!(entry, Entry::Pair(key, _) if key.text.starts_with(PREFIX))
}

fn refuse_reserved(branches: &[Branch]) -> Result<(), WriteError> {
    let reserved = branches
        .iter()
        .flat_map(|branch| &branch.entries)
        .any(is_block_entry);
    if reserved {
        Err(WriteError::ReservedKey)
    } else {
        Ok(())
    }
}

fn check_key(key: &str) -> Result<(), &'static str> {
    if key.contains(['=', '\n']) || key.starts_with('#') {
        return Err("a dotenv key cannot hold = or a line break, nor begin with #");
    }
    Ok(())
}

const PREFIX: &str = "sops_";
const COMPLEX: &str = "cannot use complex value in dotenv file";
