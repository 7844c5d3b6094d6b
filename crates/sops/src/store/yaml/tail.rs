//! Comments behind the last value of a document.
//!
//! Where they belong depends on what follows them, and in the encrypted file the block does: a comment that is the
//! last of a list in the plain text may stand above `sops:` there. The AAD must be that of the encrypted file, so a
//! plain text is read as if it had its block.

use super::read::read;
use super::{Append, Kind, Shape};
use crate::store::{BytePatch, apply};
use crate::tree::{Branch, Element, Entry, Leaf, Node, Place};

/// Moves the last comments of each document to where they are once the block follows them.
pub(crate) fn settle(source: &[u8], branches: &mut [Branch], shape: &Shape) {
    for (branch, document) in branches.iter_mut().zip(&shape.documents) {
        if let (Append::Flow { at, close, .. }, None) = (&document.append, &document.block) {
            let same_line = |comment: &Leaf| {
                let between = source.get(*close..comment.place.start());
                between.is_some_and(|text| !text.contains(&b'\n'))
            };
            behind_brackets(&mut branch.entries, *at, same_line);
        }
    }
    let has_tail = |branch: &Branch| last(&branch.entries);
    if !branches.iter().any(has_tail) {
        return;
    }
    let mut patches: Vec<BytePatch> = shape
        .documents
        .iter()
        .filter_map(|document| match document.append {
            Append::Lines { at, column } => Some(stand_in(source, at, column, shape)),
            Append::Flow { .. } | Append::Instead(_) => None,
        })
        .collect();
    let Ok(text) = apply(source, &mut patches) else {
        return;
    };
    let Ok((mut followed, _)) = read(&text) else {
        return;
    };
    if followed.len() != branches.len() {
        return;
    }
    for ((branch, followed), document) in branches.iter_mut().zip(&mut followed).zip(&shape.documents) {
        let with_block =
            matches!(followed.entries.last(), Some(Entry::Pair(key, _)) if key.text.as_str() == "sops");
        if document.block.is_some() || !with_block || !has_tail(branch) {
            continue;
        }
        followed.entries.pop();
        let mut wanted = Vec::new();
        take(&mut followed.entries, 0, &mut wanted);
        let mut tail = Vec::new();
        take(&mut branch.entries, 0, &mut tail);
        let depths: Vec<usize> = if wanted.len() == tail.len() {
            wanted.into_iter().map(|(depth, _)| depth).collect()
        } else {
            tail.iter().map(|(depth, _)| *depth).collect()
        };
        for (depth, (_, comment)) in depths.into_iter().zip(tail) {
            put(&mut branch.entries, depth, comment);
        }
    }
}

/// `{a: [x]} # here`: with the block as the last entry, this is no comment of the list any more.
fn behind_brackets(entries: &mut Vec<Entry>, end: usize, same_line: impl Fn(&Leaf) -> bool) {
    let mut behind = Vec::new();
    for entry in std::mem::take(entries) {
        match entry {
            Entry::Comment(leaf) if same_line(&leaf) => behind.push(leaf),
            Entry::Pair(key, mut node) => {
                drain(&mut node, end, &mut behind);
                entries.push(Entry::Pair(key, node));
            }
            Entry::Comment(_) => entries.push(entry),
        }
    }
    behind.sort_by_key(|comment| comment.place.start());
    for comment in behind {
        if same_line(&comment) {
            put_in_front(entries, comment);
        } else {
            entries.push(Entry::Comment(comment));
        }
    }
}

/// Puts a comment above the first key.
pub(super) fn put_in_front(entries: &mut Vec<Entry>, comment: Leaf) {
    let first = entries
        .iter()
        .position(|entry| matches!(entry, Entry::Pair(..)))
        .unwrap_or(entries.len());
    entries.insert(first, Entry::Comment(comment));
}

fn drain(node: &mut Node, end: usize, behind: &mut Vec<Leaf>) {
    let is_behind = |leaf: &Leaf| {
        let Place::Yaml(place) = &leaf.place else {
            return false;
        };
        place.kind == Kind::Comment && place.copy.is_none() && place.range.start >= end
    };
    match node {
        Node::Mapping(entries) => {
            for entry in std::mem::take(entries) {
                match entry {
                    Entry::Comment(leaf) if is_behind(&leaf) => behind.push(leaf),
                    Entry::Pair(key, mut node) => {
                        drain(&mut node, end, behind);
                        entries.push(Entry::Pair(key, node));
                    }
                    Entry::Comment(_) => entries.push(entry),
                }
            }
        }
        Node::Sequence(elements) => {
            for element in std::mem::take(elements) {
                match element {
                    Element::Comment(leaf) if is_behind(&leaf) => behind.push(leaf),
                    Element::Node(mut node) => {
                        drain(&mut node, end, behind);
                        elements.push(Element::Node(node));
                    }
                    Element::Comment(_) => elements.push(element),
                }
            }
        }
        Node::Leaf(_) => {}
    }
}

fn stand_in(source: &[u8], at: usize, column: usize, shape: &Shape) -> BytePatch {
    let front = source.get(..at).unwrap_or_default();
    let on_new_line = front.is_empty() || front.ends_with(b"\n") || front == b"\xef\xbb\xbf";
    let line_break = shape.line_break();
    let entry = format!("{}sops: x", " ".repeat(column));
    let text = if on_new_line {
        format!("{entry}{line_break}")
    } else {
        format!("{line_break}{entry}")
    };
    BytePatch {
        range: at..at,
        bytes: text.into_bytes().into(),
    }
}

fn last(entries: &[Entry]) -> bool {
    match entries.last() {
        Some(Entry::Comment(leaf)) => movable(leaf),
        Some(Entry::Pair(_, node)) => last_in(node),
        None => false,
    }
}

fn last_in(node: &Node) -> bool {
    match node {
        Node::Mapping(entries) => last(entries),
        Node::Sequence(elements) => match elements.last() {
            Some(Element::Comment(leaf)) => movable(leaf),
            Some(Element::Node(node)) => last_in(node),
            None => false,
        },
        Node::Leaf(_) => false,
    }
}

/// Takes the last comments out, in the order of the text, each with the number of collections around its own.
fn take(entries: &mut Vec<Entry>, depth: usize, tail: &mut Vec<(usize, Leaf)>) {
    let from = entries
        .iter()
        .rposition(|entry| !matches!(entry, Entry::Comment(leaf) if movable(leaf)))
        .map_or(0, |at| at + 1);
    let own = entries.split_off(from);
    if let Some(Entry::Pair(_, node)) = entries.last_mut() {
        take_in(node, depth + 1, tail);
    }
    tail.extend(own.into_iter().filter_map(|entry| match entry {
        Entry::Comment(leaf) => Some((depth, leaf)),
        Entry::Pair(..) => None,
    }));
}

fn take_in(node: &mut Node, depth: usize, tail: &mut Vec<(usize, Leaf)>) {
    match node {
        Node::Mapping(entries) => take(entries, depth, tail),
        Node::Sequence(elements) => {
            let from = elements
                .iter()
                .rposition(|element| !matches!(element, Element::Comment(leaf) if movable(leaf)))
                .map_or(0, |at| at + 1);
            let own = elements.split_off(from);
            if let Some(Element::Node(node)) = elements.last_mut() {
                take_in(node, depth + 1, tail);
            }
            tail.extend(own.into_iter().filter_map(|element| match element {
                Element::Comment(leaf) => Some((depth, leaf)),
                Element::Node(_) => None,
            }));
        }
        Node::Leaf(_) => {}
    }
}

/// Puts a comment at the end of the collection so deep down the last values.
fn put(entries: &mut Vec<Entry>, depth: usize, comment: Leaf) {
    if depth > 0
        && let Some(Entry::Pair(_, node @ (Node::Mapping(_) | Node::Sequence(_)))) = entries.last_mut()
    {
        put_in(node, depth - 1, comment);
    } else {
        entries.push(Entry::Comment(comment));
    }
}

fn put_in(node: &mut Node, depth: usize, comment: Leaf) {
    match node {
        Node::Mapping(entries) => put(entries, depth, comment),
        Node::Sequence(elements) => match elements.last_mut() {
            Some(Element::Node(node @ (Node::Mapping(_) | Node::Sequence(_)))) if depth > 0 => {
                put_in(node, depth - 1, comment);
            }
            _ => elements.push(Element::Comment(comment)),
        },
        Node::Leaf(_) => {}
    }
}

/// Not inside brackets, and not seen through an alias.
fn movable(leaf: &Leaf) -> bool {
    match &leaf.place {
        Place::Yaml(place) => {
            place.kind == Kind::Comment && !place.flow && place.copy.is_none() && !leaf.inline
        }
        _ => false,
    }
}
