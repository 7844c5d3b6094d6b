//! The `sops` entry in a YAML text: found, appended, patched, written anew, taken out.

use std::ops::Range;

use yaml::emit::Layout;
use zeroize::Zeroizing;

use super::emit::{block_flow, block_lines, quoted};
use super::{Append, BlockPlace, Ending, Shape, ending, tail};
use crate::store::{self, Block, BytePatch};
use crate::tree::{Branch, Element, Entry, Leaf, Node};
use crate::{Metadata, ReadError};

/// Takes the `sops` entries out of the tree; the first document's is the metadata.
///
/// # Errors
///
/// A block that does not hold together, or stands in a later document only.
pub(crate) fn take_block(
    branches: &mut [Branch],
    shape: &mut Shape,
) -> Result<Option<(Metadata, Block)>, ReadError> {
    let is_block =
        |entry: &Entry| matches!(entry, Entry::Pair(key, _) if key.is_string && key.text.as_str() == "sops");
    let mut metadata = None;
    for (number, branch) in branches.iter_mut().enumerate() {
        while let Some(at) = branch.entries.iter().position(is_block) {
            if number > 0 && metadata.is_none() {
                return Err(ReadError::MetadataNotFound {
                    block_in_document: Some(number + 1),
                });
            }
            let Entry::Pair(_, node) = branch.entries.remove(at) else {
                continue;
            };
            let place = shape
                .documents
                .get(number)
                .and_then(|document| document.block.as_ref());
            let (end, close) = place.map_or((usize::MAX, usize::MAX), |place| (place.range.end, place.close));
            let mut behind = Vec::new();
            comments_behind(&node, end, &mut behind);
            let (mut before, mut after) = (0, 0);
            for comment in behind {
                // Behind the brackets of the document: SOPS sees it above the first entry.
                if comment.place.start() >= close {
                    tail::put_in_front(&mut branch.entries, comment);
                    before += 1;
                } else {
                    branch
                        .entries
                        .insert(at + before + after, Entry::Comment(comment));
                    after += 1;
                }
            }
            if metadata.is_none() {
                if !matches!(node, Node::Mapping(_)) {
                    return Err(ReadError::BadMetadata {
                        field: "sops".into(),
                        what: "is not a mapping",
                    });
                }
                metadata = Some(Metadata::from_node(&node)?);
            }
            shape
                .aliases
                .retain(|site| !(site.way.first() == Some(&number) && site.way.get(1) == Some(&at)));
            for site in &mut shape.aliases {
                if site.way.first() == Some(&number)
                    && let Some(step) = site.way.get_mut(1)
                {
                    *step = if *step > at { *step - 1 + after } else { *step } + before;
                }
            }
        }
    }
    let places = || {
        shape
            .documents
            .iter()
            .filter_map(|document| document.block.as_ref())
    };
    Ok(metadata.map(|metadata| {
        let ranges = places().map(|place| place.range.clone()).collect();
        let fields = places().map(|place| place.fields.clone()).collect();
        (
            metadata.clone(),
            Block {
                metadata,
                ranges,
                fields,
            },
        )
    }))
}

/// Comments that SOPS sees at the end of the block although they stand behind it: `{a: 1, sops: {…}} # here`.
fn comments_behind(node: &Node, end: usize, found: &mut Vec<Leaf>) {
    let keep = |leaf: &Leaf, found: &mut Vec<Leaf>| {
        if leaf.place.start() >= end {
            found.push(leaf.duplicate());
        }
    };
    match node {
        Node::Mapping(entries) => {
            for entry in entries {
                match entry {
                    Entry::Comment(leaf) => keep(leaf, found),
                    Entry::Pair(_, node) => comments_behind(node, end, found),
                }
            }
        }
        Node::Sequence(elements) => {
            for element in elements {
                match element {
                    Element::Comment(leaf) => keep(leaf, found),
                    Element::Node(node) => comments_behind(node, end, found),
                }
            }
        }
        Node::Leaf(_) => {}
    }
}

/// What to do with the block: `new` is `None` to take it out, `block` is `None` to append it to every document.
pub(crate) fn block_patches(
    source: &[u8],
    shape: &Shape,
    block: Option<&Block>,
    new: Option<&Metadata>,
    layout: &store::Layout,
) -> Vec<BytePatch> {
    let places = || {
        shape
            .documents
            .iter()
            .filter_map(|document| document.block.as_ref())
    };
    match (block, new) {
        (None, None) => Vec::new(),
        (Some(_), None) => places()
            .map(|place| patch(place.range.clone(), without(source, shape, place)))
            .collect(),
        (None, Some(metadata)) => append(source, shape, metadata, layout),
        (Some(block), Some(metadata)) => {
            let mut patches = Vec::new();
            for place in places() {
                match fields(source, shape, place, &block.metadata, metadata) {
                    Some(fields) => patches.extend(fields),
                    None => patches.push(rewritten(source, shape, place, metadata, layout)),
                }
            }
            patches
        }
    }
}

/// What stays in place of a block.
fn without(source: &[u8], shape: &Shape, place: &BlockPlace) -> String {
    if !place.alone {
        return String::new();
    }
    let whole_lines = source
        .get(place.range.clone())
        .is_some_and(|old| old.ends_with(b"\n"));
    let front = if whole_lines || place.range.start == 0 {
        ""
    } else {
        shape.line_break()
    };
    let behind = if whole_lines { shape.line_break() } else { "" };
    format!("{front}{}{{}}{behind}", " ".repeat(place.column))
}

/// Patches of the three scalars, if nothing else changed and their places are known.
fn fields(
    source: &[u8],
    shape: &Shape,
    place: &BlockPlace,
    old: &Metadata,
    new: &Metadata,
) -> Option<Vec<BytePatch>> {
    let same_else = old.key_groups == new.key_groups
        && old.shamir_threshold == new.shamir_threshold
        && old.mac_only_encrypted == new.mac_only_encrypted
        && old.selector == new.selector;
    if !same_else {
        return None;
    }
    let mut patches = Vec::new();
    let scalars = [
        (
            &place.fields.last_modified,
            &old.last_modified,
            &new.last_modified,
        ),
        (&place.fields.mac, &old.mac, &new.mac),
        (&place.fields.version, &old.version, &new.version),
    ];
    for (number, (range, old, new)) in scalars.into_iter().enumerate() {
        let is_version = number == 2 && !place.flow;
        let token = range.clone().and_then(|range| source.get(range));
        let same_quotes = !is_version || token == Some(shape.ending.version(new).as_bytes());
        if old == new && same_quotes {
            continue;
        }
        let range = range.clone()?;
        let token = source.get(range.clone())?;
        let text = match token.first()? {
            _ if is_version => shape.ending.version(new),
            _ if shape.words && new.ends_with('Z') && !place.flow => format!("'{new}'"),
            b'\'' => format!("'{new}'"),
            b'"' => json(new),
            // A date without quotes is an error for SOPS.
            _ if new.ends_with('Z') || place.flow => json(new),
            _ => new.clone(),
        };
        patches.push(patch(range, text));
    }
    Some(patches)
}

fn append(source: &[u8], shape: &Shape, metadata: &Metadata, layout: &store::Layout) -> Vec<BytePatch> {
    let node = metadata.to_node();
    let mut patches = Vec::new();
    for document in &shape.documents {
        match &document.append {
            Append::Lines { at, column } => {
                let mut text = lines(&node, *column, shape, layout);
                let front = source.get(..*at).unwrap_or_default();
                if !(front.is_empty() || front.ends_with(b"\n") || front == b"\xef\xbb\xbf") {
                    // As the text before it: no line break at the end. Taking the block out gives the same bytes.
                    text = format!("{}{}", shape.line_break(), text.trim_end_matches(['\r', '\n']));
                    patches.extend(shape.tail.clone().and_then(|tail| stripped(source, tail)));
                }
                patches.push(patch(*at..*at, text));
            }
            Append::Flow { at, first, .. } => {
                let comma = if *first { "" } else { ", " };
                patches.push(patch(*at..*at, format!("{comma}{}", block_flow(&node))));
            }
            Append::Instead(range) => {
                let text = lines(&node, 0, shape, layout);
                let text = text.trim_end_matches(['\r', '\n']).to_owned();
                let line = source
                    .get(..range.start)
                    .is_none_or(|front| front.is_empty() || front.ends_with(b"\n"));
                let text = if line {
                    text
                } else {
                    format!("{}{text}", shape.line_break())
                };
                patches.push(patch(range.clone(), text));
            }
        }
    }
    patches
}

/// A clear block scalar at the end of a text without final line break: what follows must not give it one.
fn stripped(source: &[u8], tail: Range<usize>) -> Option<BytePatch> {
    if let Some((at, _)) = ending::sign(source, &tail) {
        return Some(patch(at..at + 1, "-".into()));
    }
    let token = source.get(tail.clone())?;
    let header = token
        .iter()
        .position(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
        .unwrap_or(token.len());
    Some(patch(tail.start + header..tail.start + header, "-".into()))
}

fn rewritten(
    source: &[u8],
    shape: &Shape,
    place: &BlockPlace,
    metadata: &Metadata,
    layout: &store::Layout,
) -> BytePatch {
    let node = metadata.to_node();
    if place.flow {
        let comma = if place.comma { ", " } else { "" };
        let old = source.get(place.range.clone()).unwrap_or_default();
        let behind = if !place.comma && old.trim_ascii_end().ends_with(b",") {
            ", "
        } else {
            ""
        };
        return patch(
            place.range.clone(),
            format!("{comma}{}{behind}", block_flow(&node)),
        );
    }
    let mut text = lines(&node, place.column, shape, layout);
    let old = source.get(place.range.clone()).unwrap_or_default();
    if !old.ends_with(b"\n") {
        text.truncate(text.trim_end_matches(['\r', '\n']).len());
        let breaks = old
            .iter()
            .take_while(|byte| matches!(byte, b'\r' | b'\n'))
            .count();
        text.insert_str(0, &String::from_utf8_lossy(old.get(..breaks).unwrap_or_default()));
    }
    patch(place.range.clone(), text)
}

fn lines(block: &Node, column: usize, shape: &Shape, layout: &store::Layout) -> String {
    let text = block_lines(block, column, &step(shape, layout));
    if !shape.words && shape.ending == Ending::Plain {
        return text;
    }
    let inner = column + step(shape, layout).step;
    let marked = |line: &str| match line.get(inner..).and_then(|field| field.split_once(": ")) {
        Some(("lastmodified", time)) if shape.words => {
            format!("{}lastmodified: {}", &line[..inner], time.replace('"', "'"))
        }
        Some(("version", version)) => {
            let number = version.trim_end_matches(['\r', '\n']);
            let (number, rest) = version.split_at(number.len());
            format!(
                "{}version: {}{rest}",
                &line[..inner],
                shape.ending.version(number)
            )
        }
        _ => line.to_owned(),
    };
    text.split_inclusive('\n').map(marked).collect()
}

fn step(shape: &Shape, layout: &store::Layout) -> Layout {
    let told = layout
        .indent
        .and_then(|indent| usize::try_from(indent).ok())
        .filter(|step| (2..=9).contains(step) && !shape.step_of_literals);
    Layout {
        step: told.unwrap_or(shape.step),
        line_break: shape.line_break(),
        ..Layout::default()
    }
}

fn json(text: &str) -> String {
    let mut token = String::with_capacity(text.len() + 2);
    quoted(text, &mut token);
    token
}

fn patch(range: Range<usize>, text: String) -> BytePatch {
    BytePatch {
        range,
        bytes: Zeroizing::new(text.into_bytes()),
    }
}
