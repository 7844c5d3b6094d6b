//! JSON: an object, kept byte for byte but for the values.
//!
//! Source: spec/sops-format §8.2, §8.7.

mod edit;
mod emit;
mod scan;

use zeroize::Zeroizing;

use self::emit::{Style, token, write_node};
use self::scan::Cursor;
use super::text::{below, below_index, block_fields, date_patches, patch, unsupported};
use super::{Block, BytePatch};
use crate::tree::{Branch, Element, Entry, Leaf, Node, Place};
use crate::{Layout, Metadata, ReadError, WriteError};

pub(crate) use edit::{set, unset};
pub(crate) use scan::read;

/// Takes the `sops` entry out of the tree.
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
    let Entry::Pair(key, node) = branch.entries.remove(at) else {
        return Ok(None);
    };
    if branch.entries.iter().any(is_block) {
        return Err(ReadError::BadMetadata {
            field: RESERVED.to_owned(),
            what: "is there twice",
        });
    }
    let metadata = Metadata::from_node(&node)?;
    let end = Cursor::new(source, key.at)
        .entry()
        .map_or(key.at, |entry| entry.value.end);
    let fields = match &node {
        Node::Mapping(entries) => block_fields(entries.iter().filter_map(|entry| match entry {
            Entry::Pair(
                key,
                Node::Leaf(Leaf {
                    place: Place::Json(range),
                    ..
                }),
            ) => Some((key.text.as_str(), range.clone())),
            Entry::Pair(..) | Entry::Comment(_) => None,
        })),
        Node::Sequence(_) | Node::Leaf(_) => Default::default(),
    };
    let (start, range) = (metadata.clone(), key.at..end);
    Ok(Some((
        metadata,
        Block {
            metadata: start,
            ranges: vec![range],
            fields: vec![fields],
        },
    )))
}

/// Puts every changed leaf at its place. A comment in an array (what an `ENC[…,type:comment]` element decrypts to) is
/// taken out, as in SOPS: JSON has no comments.
pub(crate) fn patches(source: &[u8], branches: &[Branch]) -> Result<Vec<BytePatch>, WriteError> {
    let mut patches = Vec::new();
    for branch in branches {
        mapping_patches(source, &branch.entries, &mut patches)?;
    }
    Ok(patches)
}

/// The depth was capped when the tree was read.
fn mapping_patches(source: &[u8], entries: &[Entry], patches: &mut Vec<BytePatch>) -> Result<(), WriteError> {
    for entry in entries {
        if let Entry::Pair(key, node) = entry {
            node_patches(source, node, patches).map_err(|error| below(&key.text, error))?;
        }
    }
    Ok(())
}

fn node_patches(source: &[u8], node: &Node, patches: &mut Vec<BytePatch>) -> Result<(), WriteError> {
    match node {
        Node::Mapping(entries) => mapping_patches(source, entries, patches),
        Node::Sequence(elements) => {
            for (index, element) in elements.iter().enumerate() {
                if let Element::Node(node) = element {
                    node_patches(source, node, patches).map_err(|error| below_index(index, error))?;
                }
            }
            comment_patches(source, elements, patches);
            Ok(())
        }
        Node::Leaf(leaf) => {
            if let (true, Place::Json(range)) = (leaf.changed, &leaf.place) {
                patches.push(BytePatch {
                    range: range.clone(),
                    bytes: token(leaf)?,
                });
            }
            Ok(())
        }
    }
}

/// Removes comments from an array: each with the comma behind it, those at the end with the comma before them.
fn comment_patches(source: &[u8], elements: &[Element], patches: &mut Vec<BytePatch>) {
    let places: Vec<Option<_>> = elements
        .iter()
        .map(|element| match element {
            Element::Comment(Leaf {
                place: Place::Json(range),
                changed: true,
                ..
            }) => Some(range.clone()),
            Element::Comment(_) | Element::Node(_) => None,
        })
        .collect();
    let kept = places
        .iter()
        .rposition(Option::is_none)
        .map_or(0, |last| last + 1);
    for range in places[..kept].iter().flatten() {
        let next = Cursor::new(source, range.end).after_comma();
        patches.push(patch(range.start..next, []));
    }
    let mut tail = places[kept..].iter().flatten();
    if let Some(first) = tail.next() {
        let end = tail.next_back().map_or(first.end, |last| last.end);
        let start = if kept == 0 {
            first.start
        } else {
            before_comma(source, first.start)
        };
        patches.push(patch(start..end, []));
    }
}

/// Brings the block of the text in line with `new`: removes, appends or rewrites it, or patches its dates only.
///
/// It is appended right behind the last entry, so that taking it out again gives the original bytes: in a text of one
/// line its closing brace stands before that of the file.
pub(crate) fn block_patches(
    source: &[u8],
    branches: &[Branch],
    block: Option<&Block>,
    new: Option<&Metadata>,
) -> Result<Vec<BytePatch>, WriteError> {
    let range = block.and_then(|block| block.ranges.first().cloned());
    let patches = match (block.zip(range), new) {
        (None, None) => Vec::new(),
        (Some((_, range)), None) => vec![patch(removal(source, range), [])],
        (Some((block, _)), Some(new)) if block.metadata == *new => Vec::new(),
        (Some((block, range)), Some(new)) => {
            let dates = date_patches(block, new, |text| {
                let mut token = String::new();
                crate::value::push_plain_string(&mut token, text.as_bytes());
                token.into_bytes()
            });
            match dates {
                Some(patches) => patches,
                None => vec![patch(range, entry_text(source, new)?.into_bytes())],
            }
        }
        (None, Some(new)) => {
            refuse_reserved(branches)?;
            let close = source
                .iter()
                .rposition(|b| *b == b'}')
                .ok_or_else(|| unsupported("no object"))?;
            let end = source[..close]
                .iter()
                .rposition(|b| !is_blank(*b))
                .map_or(close, |last| last + 1);
            let style = Style::learn(source);
            let comma = if source[..end].ends_with(b"{") { "" } else { "," };
            let entry = entry_text(source, new)?;
            vec![patch(
                end..end,
                format!("{comma}{}{}{entry}", style.line_break, style.unit).into_bytes(),
            )]
        }
    };
    Ok(patches)
}

/// `"sops": {…}` in the indentation of the file.
fn entry_text(source: &[u8], metadata: &Metadata) -> Result<String, WriteError> {
    let mut out = String::from("\"sops\": ");
    write_node(
        &mut out,
        &metadata.to_node(),
        &Style {
            multi_line: true,
            ..Style::learn(source)
        },
        1,
    )?;
    Ok(out)
}

/// The entry with the comma before it, or, if it is the first, with the comma behind it.
fn removal(source: &[u8], entry: std::ops::Range<usize>) -> std::ops::Range<usize> {
    let comma = before_comma(source, entry.start);
    if comma < entry.start {
        return comma..entry.end;
    }
    let next = Cursor::new(source, entry.end).after_comma();
    if next > entry.end {
        return entry.start..next;
    }
    // The only entry: what stood between the braces besides it stays.
    let open = source[..entry.start]
        .iter()
        .rposition(|b| !is_blank(*b))
        .map_or(0, |brace| brace + 1);
    open..entry.end
}

/// Offset of the comma before a place, or the place itself.
fn before_comma(source: &[u8], at: usize) -> usize {
    match source[..at].iter().rposition(|b| !is_blank(*b)) {
        Some(comma) if source[comma] == b',' => comma,
        _ => at,
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
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

/// Lays a tree out as SOPS does: one tab by default, the block last, comments dropped.
///
/// # Errors
///
/// Several documents, infinities, an indentation below −1.
pub(crate) fn emit(
    branches: &[Branch],
    metadata: Option<&Metadata>,
    layout: &Layout,
) -> Result<Zeroizing<Vec<u8>>, WriteError> {
    let entries = match branches {
        [] => &[][..],
        [branch] => &branch.entries[..],
        _ => return Err(unsupported("a JSON file holds one document only")),
    };
    if metadata.is_some() {
        refuse_reserved(branches)?;
    }
    let style = Style::of_layout(layout)?;
    let mut out = Zeroizing::new(String::new());
    emit::write_root(
        &mut out,
        entries,
        metadata.map(Metadata::to_node).as_ref(),
        &style,
    )?;
    out.push('\n');
    Ok(Zeroizing::new(std::mem::take(&mut *out).into_bytes()))
}

/// Writes one value as `--extract` shows it: no line break at the end.
pub(crate) fn emit_value(node: &Node, layout: &Layout) -> Result<Zeroizing<Vec<u8>>, WriteError> {
    let mut out = Zeroizing::new(String::new());
    write_node(&mut out, node, &Style::of_layout(layout)?, 0)?;
    Ok(Zeroizing::new(std::mem::take(&mut *out).into_bytes()))
}

const RESERVED: &str = "sops";
