//! New values into the text of the former version: its block stays where it was, unchanged values keep their tokens
//! (D3: one changed value is one changed line, besides `mac` and `lastmodified`).
//!
//! What is made is read again and compared; where it differs from what was meant, the block is appended anew.

use crate::store::{BytePatch, Splice, apply, yaml};
use crate::tree::{Branch, Element, Entry, Leaf, Node};
use crate::{Document, EncryptedFile, Metadata, Previous, Value};

/// Puts an encrypted document, read from a plain text, together with the block of its former version.
pub(crate) fn graft(
    document: Document,
    verbatim: Vec<BytePatch>,
    metadata: Metadata,
    previous: &Previous,
) -> EncryptedFile {
    match attempt(&document, verbatim, previous) {
        Some(Grafted::WithBlock(mut file)) => {
            file.metadata = metadata;
            keep_marks(&document, &mut file.document);
            *file
        }
        Some(Grafted::WithoutBlock(mut read)) => {
            keep_marks(&document, &mut read);
            if let (Some(from), Some(to)) = (&document.shape, &mut read.shape) {
                // There the block scalars are encrypted: nothing shows their indentation.
                (to.step, to.step_of_literals) = (from.step, from.step_of_literals);
            }
            EncryptedFile {
                document: *read,
                metadata,
            }
        }
        None => EncryptedFile { document, metadata },
    }
}

/// What the former block cannot know, see [`yaml::words`] and [`yaml::Ending`].
fn keep_marks(from: &Document, to: &mut Document) {
    if let (Some(from), Some(to)) = (&from.shape, &mut to.shape) {
        to.words |= from.words;
        if from.tail.is_some() {
            to.ending = from.ending;
        }
    }
}

enum Grafted {
    WithBlock(Box<EncryptedFile>),
    WithoutBlock(Box<Document>),
}

fn attempt(document: &Document, mut verbatim: Vec<BytePatch>, previous: &Previous) -> Option<Grafted> {
    let store = document.store;
    verbatim.sort_by_key(|patch| patch.range.start);
    let overridden = |patch: &BytePatch| {
        let after = verbatim.partition_point(|other| other.range.start <= patch.range.start);
        after
            .checked_sub(1)
            .and_then(|at| verbatim.get(at))
            .is_some_and(|other| patch.range.end <= other.range.end)
    };
    let mut leaves = store.leaf_patches(document).ok()?;
    leaves.retain(|patch| !overridden(patch));
    leaves.append(&mut verbatim);

    let with_block = || {
        let mut patches: Vec<BytePatch> = leaves
            .iter()
            .map(|patch| BytePatch {
                range: patch.range.clone(),
                bytes: patch.bytes.clone(),
            })
            .collect();
        for (number, (at, range)) in previous.blocks.iter().enumerate() {
            let at = new_place(document, previous, number, *at)?;
            let bytes = previous.file.document.source.get(range.clone())?.to_vec();
            patches.push(BytePatch {
                range: at..at,
                bytes: bytes.into(),
            });
        }
        let text = apply(&document.source, &mut patches).ok()?;
        let file = store.read_encrypted(&text).ok()?;
        let good = file.metadata == *previous.file.metadata() && same_trees(&file.document, document);
        good.then(|| Grafted::WithBlock(Box::new(file)))
    };
    let without_block = || {
        let mut patches: Vec<BytePatch> = leaves
            .iter()
            .map(|patch| BytePatch {
                range: patch.range.clone(),
                bytes: patch.bytes.clone(),
            })
            .collect();
        let Splice { text, .. } = Splice {
            text: apply(&document.source, &mut patches).ok()?,
            blocks: Vec::new(),
        };
        let read = store.read_plain(&text).ok()?;
        same_trees(&read, document).then(|| Grafted::WithoutBlock(Box::new(read)))
    };
    with_block().or_else(without_block)
}

/// Where a block goes in the new plain text: at the end of its document if it was there, else between the same bytes.
fn new_place(document: &Document, previous: &Previous, number: usize, at: usize) -> Option<usize> {
    let former = previous.plain.as_ref()?;
    if let (Some(old), Some(new)) = (&former.shape, &document.shape)
        && old.documents.len() == new.documents.len()
    {
        let append = |shape: &yaml::Shape, number: usize| match shape.documents.get(number)?.append {
            yaml::Append::Lines { at, .. } => Some(at),
            yaml::Append::Flow { .. } | yaml::Append::Instead(_) => None,
        };
        let index = (number..old.documents.len()).find(|index| append(old, *index) == Some(at));
        if let Some(place) = index.and_then(|index| append(new, index)) {
            return Some(place);
        }
    }
    let (old, new) = (former.source.as_slice(), document.source.as_slice());
    let behind = old.len().checked_sub(at)?;
    if old
        .iter()
        .rev()
        .zip(new.iter().rev())
        .take(behind)
        .take_while(|(a, b)| a == b)
        .count()
        == behind
    {
        return new.len().checked_sub(behind);
    }
    let front = old.iter().zip(new).take(at).take_while(|(a, b)| a == b).count();
    (front == at).then_some(at)
}

/// Whether two trees hold the same keys and the same values; numbers by their canonical text.
pub(crate) fn same_trees(left: &Document, right: &Document) -> bool {
    let entries = |branch: &Branch, other: &Branch| same_entries(&branch.entries, &other.entries);
    left.branches.len() == right.branches.len()
        && left
            .branches
            .iter()
            .zip(&right.branches)
            .all(|(left, right)| entries(left, right))
}

fn same_entries(left: &[Entry], right: &[Entry]) -> bool {
    left.len() == right.len()
        && left.iter().zip(right).all(|pair| match pair {
            (Entry::Pair(key, node), Entry::Pair(other_key, other)) => {
                key.text == other_key.text && same_nodes(node, other)
            }
            (Entry::Comment(leaf), Entry::Comment(other)) => same_leaves(leaf, other),
            _ => false,
        })
}

fn same_nodes(left: &Node, right: &Node) -> bool {
    match (left, right) {
        (Node::Mapping(left), Node::Mapping(right)) => same_entries(left, right),
        (Node::Sequence(left), Node::Sequence(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right)
                    .all(|(left, right)| same_elements(left, right))
        }
        (Node::Leaf(left), Node::Leaf(right)) => same_leaves(left, right),
        _ => false,
    }
}

/// A comment in a list may stand as an item there.
fn same_elements(left: &Element, right: &Element) -> bool {
    match (left, right) {
        (Element::Node(left), Element::Node(right)) => same_nodes(left, right),
        (Element::Comment(left), Element::Comment(right))
        | (Element::Comment(left), Element::Node(Node::Leaf(right)))
        | (Element::Node(Node::Leaf(left)), Element::Comment(right)) => same_leaves(left, right),
        _ => false,
    }
}

fn same_leaves(left: &Leaf, right: &Leaf) -> bool {
    match (&left.value, &right.value) {
        (Value::Null, Value::Null) => true,
        (Value::Null, _) | (_, Value::Null) => false,
        (left, right) => left.canonical() == right.canonical(),
    }
}
