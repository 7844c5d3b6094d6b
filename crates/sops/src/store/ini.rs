//! INI, with the semantics of the library that SOPS uses; kept line by line but for the values.
//!
//! Source: spec/sops-format §8.5. Comments of a key follow it in the tree. Texts that SOPS loses (comments at the end of
//! the file, comments of a key that is written again) are comments in our tree, so that nothing stays in clear unseen.

mod edit;
mod scan;
mod write;

use std::ops::Range;

use zeroize::Zeroizing;

use self::scan::{Section, sections};
use self::write::{push_section, section_text, value_text};
use super::text::{below, block_fields, date_patches, patch, unsupported};
use super::{Block, BytePatch};
use crate::metadata::flatten::{flatten, unflatten};
use crate::tree::{self, Branch, Entry, Leaf, Node};
use crate::{Layout, Metadata, ReadError, Value, WriteError};

pub(crate) use edit::{set, unset};
pub(crate) use scan::read;

/// Where a leaf stands in an INI text.
#[derive(Clone, Debug)]
pub struct Place {
    /// Bytes of the value as written, quotes included; or of the comment lines.
    pub range: Range<usize>,
    /// Bytes of the value between its quotes; the same as `range` without quotes and for comments.
    pub(crate) inner: Range<usize>,
    /// More places of the same leaf: values of the same key further up, which count for nothing (they get the same
    /// text); or the part of a comment that stands behind the value (it is taken away).
    pub(crate) also: Vec<Range<usize>>,
    /// For a comment behind a section header: `range` is where a line of its own goes once it is encrypted.
    pub(crate) own_line: bool,
}

/// Takes the section `[sops]` out of the tree. A comment above it belongs to what stands before it.
///
/// # Errors
///
/// Two of them, or one that is no block.
pub(crate) fn take_block(
    source: &[u8],
    branches: &mut [Branch],
) -> Result<Option<(Metadata, Block)>, ReadError> {
    let Some(branch) = branches.first_mut() else {
        return Ok(None);
    };
    let is_block = |entry: &Entry| matches!(entry, Entry::Pair(key, _) if key.text.as_str() == RESERVED);
    let Some(at) = branch.entries.iter().position(is_block) else {
        return Ok(None);
    };
    let Entry::Pair(_, Node::Mapping(entries)) = branch.entries.remove(at) else {
        return Ok(None);
    };
    if branch.entries.iter().any(is_block) {
        return Err(ReadError::BadMetadata {
            field: RESERVED.to_owned(),
            what: "is there twice",
        });
    }
    let leaves: Vec<(&str, &Leaf)> = entries
        .iter()
        .filter_map(|entry| match entry {
            Entry::Pair(key, Node::Leaf(leaf)) => Some((key.text.as_str(), leaf)),
            Entry::Pair(..) | Entry::Comment(_) => None,
        })
        .collect();
    let metadata = Metadata::from_node(&unflatten(
        leaves.iter().map(|(path, leaf)| (*path, unescaped(leaf))),
    )?)?;
    let fields = block_fields(
        leaves
            .iter()
            .filter_map(|(path, leaf)| Some((*path, place(leaf)?.range.clone()))),
    );
    let block = sections(source)?
        .into_iter()
        .find(|section| section.name == RESERVED);
    let ranges = block
        .map(|section| section.header.start..section.end())
        .into_iter()
        .collect();
    if let Some(Entry::Pair(_, Node::Mapping(before))) =
        at.checked_sub(1).and_then(|at| branch.entries.get_mut(at))
    {
        before.extend(
            entries
                .into_iter()
                .take_while(|entry| matches!(entry, Entry::Comment(_))),
        );
    }
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

/// Puts every changed leaf at its place: in the quotes that stand there, if it reads back in them.
pub(crate) fn patches(source: &[u8], branches: &[Branch]) -> Result<Vec<BytePatch>, WriteError> {
    let mut patches = Vec::new();
    for entry in branches.iter().flat_map(|branch| &branch.entries) {
        let Entry::Pair(section, node) = entry else {
            continue;
        };
        let Node::Mapping(entries) = node else {
            return Err(below(&section.text, unsupported(NO_SECTION)));
        };
        for (at, entry) in entries.iter().enumerate() {
            match entry {
                Entry::Comment(leaf) => comment_patches(source, leaf, &mut patches),
                Entry::Pair(key, Node::Leaf(leaf)) => {
                    value_patches(source, leaf, &taken_behind(&entries[at + 1..]), &mut patches)
                        .map_err(|error| below(&section.text, below(&key.text, error)))?;
                }
                Entry::Pair(key, Node::Mapping(_) | Node::Sequence(_)) => {
                    return Err(below(&section.text, below(&key.text, unsupported(COMPLEX))));
                }
            }
        }
    }
    Ok(patches)
}

/// Where comments begin that stand behind values of the key before `entries`, and are taken away.
fn taken_behind(entries: &[Entry]) -> Vec<usize> {
    let comments = entries.iter().map_while(|entry| match entry {
        Entry::Comment(leaf) => Some(leaf),
        Entry::Pair(..) => None,
    });
    let changed = comments.filter(|leaf| leaf.changed).filter_map(place);
    changed
        .flat_map(|place| place.also.iter().map(|range| range.start))
        .collect()
}

fn value_patches(
    source: &[u8],
    leaf: &Leaf,
    taken: &[usize],
    patches: &mut Vec<BytePatch>,
) -> Result<(), WriteError> {
    let Some(place) = place(leaf) else {
        return Ok(());
    };
    let elsewhere = place.also.iter().map(|range| Place {
        range: range.clone(),
        inner: range.clone(),
        also: Vec::new(),
        own_line: false,
    });
    for there in std::iter::once(place.clone()).chain(elsewhere) {
        let range = there.range.clone();
        let alone = taken.iter().any(|at| {
            *at >= range.end
                && source[range.end..*at]
                    .iter()
                    .all(|byte| matches!(byte, b' ' | b'\t'))
        });
        // Without the comment behind it, a backslash at its end would draw in the next line.
        let exposed = alone && source[range.clone()].ends_with(b"\\");
        let text = if leaf.changed {
            leaf_text(leaf)
        } else if exposed {
            Zeroizing::new(source[there.inner.clone()].to_vec())
        } else {
            continue;
        };
        let end = if alone {
            range.end
        } else {
            line_end(source, range.end)
        };
        patches.push(BytePatch {
            bytes: value_text(&source[..end], Some(&there), &text)?,
            range,
        });
    }
    Ok(())
}

/// A comment of several lines that was encrypted, and then decrypted, is one line and several lines again. Its part
/// behind a value comes back above the key, as in SOPS.
fn comment_patches(source: &[u8], leaf: &Leaf, patches: &mut Vec<BytePatch>) {
    let (true, Some(place)) = (leaf.changed, place(leaf)) else {
        return;
    };
    let mut bytes = leaf_text(leaf);
    if place.own_line {
        bytes = Zeroizing::new([b"; ", bytes.as_slice(), line_break(source).as_bytes()].concat());
    }
    patches.push(BytePatch {
        range: place.range.clone(),
        bytes,
    });
    patches.extend(place.also.iter().map(|range| patch(range.clone(), [])));
}

/// Brings the section `[sops]` of the text in line with `new`.
///
/// It is appended behind an empty line, and taking it out takes one empty line before it: so the original comes back.
/// A text without a final line break gets the section without one.
pub(crate) fn block_patches(
    source: &[u8],
    branches: &[Branch],
    block: Option<&Block>,
    new: Option<&Metadata>,
) -> Result<Vec<BytePatch>, WriteError> {
    let range = block.and_then(|block| block.ranges.first().cloned());
    let Some((block, range)) = block.zip(range) else {
        let Some(new) = new else { return Ok(Vec::new()) };
        refuse_reserved(branches)?;
        let (line_break, text) = (line_break(source), block_text(source, new)?);
        let text = match source.last() {
            None => text,
            Some(b'\n') => format!("{line_break}{text}"),
            Some(_) => format!("{line_break}{line_break}{}", text.trim_end()),
        };
        return Ok(vec![patch(source.len()..source.len(), text)]);
    };
    match new {
        Some(new) if block.metadata == *new => Ok(Vec::new()),
        Some(new) => {
            if let Some(patches) = date_patches(block, new, |text| text.as_bytes().to_vec()) {
                return Ok(patches);
            }
            let mut text = block_text(source, new)?;
            if !source[range.clone()].ends_with(b"\n") {
                text.truncate(text.trim_end().len());
            }
            Ok(vec![patch(range, text)])
        }
        None => {
            let mut start = strip_line_break(source, range.start);
            if start < range.start && start > 0 && source[start - 1] != b'\n' {
                // Not an empty line: only the end of the line before.
                start = range.start;
            }
            if !source[range.clone()].ends_with(b"\n") {
                start = strip_line_break(source, start);
            }
            Ok(vec![patch(start..range.end, [])])
        }
    }
}

/// Lays a tree out as SOPS does: sections with an empty line between them, the signs of equality of one section in one
/// column, comments above their keys.
///
/// # Errors
///
/// A root value that is no mapping, a nested value, a text that INI cannot hold.
pub(crate) fn emit(
    branches: &[Branch],
    metadata: Option<&Metadata>,
    _layout: &Layout,
) -> Result<Zeroizing<Vec<u8>>, WriteError> {
    let entries = match branches {
        [] => &[][..],
        [branch] => &branch.entries[..],
        _ => return Err(unsupported("an INI file holds one document only")),
    };
    if metadata.is_some() {
        refuse_reserved(branches)?;
    }
    let mut out = Zeroizing::new(Vec::new());
    for entry in entries {
        match entry {
            // INI has no comment outside a section.
            Entry::Comment(_) => {}
            Entry::Pair(key, Node::Mapping(entries)) => {
                push_section(&mut out, &key.text, entries, "\n").map_err(|error| below(&key.text, error))?;
            }
            Entry::Pair(key, Node::Sequence(_) | Node::Leaf(_)) => {
                return Err(below(&key.text, unsupported(NO_SECTION)));
            }
        }
    }
    if let Some(metadata) = metadata {
        if !out.is_empty() {
            out.push(b'\n');
        }
        out.extend_from_slice(block_text(b"", metadata)?.as_bytes());
    }
    Ok(out)
}

/// `[sops]` and its lines.
fn block_text(source: &[u8], metadata: &Metadata) -> Result<String, WriteError> {
    let pairs: Vec<(String, String)> = flatten(&metadata.to_node())
        .into_iter()
        .map(|(path, text)| (path, text.replace('\n', "\\n")))
        .collect();
    section_text(RESERVED, &pairs, line_break(source))
}

/// Both forms of line feeds that SOPS wrote into the values of a block.
fn unescaped(leaf: &Leaf) -> Value {
    match &leaf.value {
        Value::Str(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Value::str(text.replace("\\n", "\n")),
            Err(_) => leaf.value.duplicate(),
        },
        other => other.duplicate(),
    }
}

/// What stands in a value: its simple text, or the text it was decrypted as.
fn leaf_text(leaf: &Leaf) -> Zeroizing<Vec<u8>> {
    match &leaf.spelling {
        Some(spelling) => Zeroizing::new(spelling.as_bytes().to_vec()),
        None => leaf.value.simple_text(),
    }
}

fn place(leaf: &Leaf) -> Option<&Place> {
    match &leaf.place {
        tree::Place::Ini(place) => Some(place),
        tree::Place::None
        | tree::Place::Yaml(_)
        | tree::Place::Json(_)
        | tree::Place::Dotenv(_)
        | tree::Place::Binary => None,
    }
}

fn line_break(source: &[u8]) -> &'static str {
    match source.iter().position(|b| *b == b'\n') {
        Some(at) if source[..at].ends_with(b"\r") => "\r\n",
        _ => "\n",
    }
}

/// Offset of the line feed at or behind a place, or of the end.
fn line_end(source: &[u8], at: usize) -> usize {
    let rest = &source[at..];
    at + rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len())
}

/// Offset of the line break that ends here; the place itself if none does.
fn strip_line_break(source: &[u8], at: usize) -> usize {
    let before = &source[..at];
    let before = before
        .strip_suffix(b"\n")
        .map(|text| text.strip_suffix(b"\r").unwrap_or(text))
        .unwrap_or(before);
    before.len()
}

fn refuse_reserved(branches: &[Branch]) -> Result<(), WriteError> {
    let reserved = branches
        .iter()
        .flat_map(|branch| &branch.entries)
        .any(|entry| matches!(entry, Entry::Pair(key, _) if key.text.as_str() == RESERVED));
    if reserved {
        Err(WriteError::ReservedKey)
    } else {
        Ok(())
    }
}

fn find_section<'s>(sections: &'s [Section], name: &str) -> Option<&'s Section> {
    sections.iter().find(|section| section.name == name)
}

const RESERVED: &str = "sops";
const DEFAULT: &str = "DEFAULT";
const NO_SECTION: &str = "an INI file holds sections only";
const COMPLEX: &str = "cannot use complex value in INI file";
