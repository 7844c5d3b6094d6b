//! To which collection a comment belongs, as SOPS (through go-yaml v3) sees it.
//!
//! Source: spec/sops-format §8.1, "Comments in the tree". The collection decides; the place among its
//! items follows the order in which SOPS walks.

mod run;

use crate::parse::{comments_within, ends_line};
use crate::stream::Parts;
use crate::text::{line_start, only_spaces, same_line, skip_gap, slice};
use crate::{CommentId, Item, NodeId, NodeKind};

/// Where a comment goes: before this item of this collection.
struct Place {
    collection: NodeId,
    index: usize,
    inline: bool,
    /// On a line of its own behind an entry: its line and those around it say more.
    below: bool,
}

/// Puts every comment into the items of its collection, or among the loose ones of its document.
pub(crate) fn attribute(parts: &mut Parts<'_>) {
    if parts.comments.is_empty() {
        return;
    }
    let mut placed: Vec<(NodeId, usize, CommentId)> = Vec::new();
    let mut documents = std::mem::take(&mut parts.documents);
    for document in &mut documents {
        let ids = comments_within(&parts.comments, &document.span);
        let mut rest = ids.as_slice();
        while let Some((&id, tail)) = rest.split_first() {
            rest = tail;
            let at = start(parts, id);
            // Behind `...` nothing belongs to a node.
            let ended = document
                .end_marker
                .as_ref()
                .is_some_and(|marker| at >= marker.start);
            let Some(place) = place(parts, document.root, at).filter(|_| !ended) else {
                document.loose_comments.push(id);
                continue;
            };
            if place.below {
                // All comments up to the next content are judged together.
                let stop = document
                    .end_marker
                    .as_ref()
                    .map_or(usize::MAX, |marker| marker.start);
                let same = tail
                    .iter()
                    .take_while(|&&next| start(parts, next) < stop)
                    .take_while(|&&next| {
                        let next = self::place(parts, document.root, start(parts, next));
                        next.is_some_and(|next| {
                            next.below && next.collection == place.collection && next.index == place.index
                        })
                    });
                let run: Vec<_> = std::iter::once(id).chain(same.copied()).collect();
                rest = tail.get(run.len() - 1..).unwrap_or(&[]);
                let found = run::collections(parts, place.collection, place.index, &run);
                placed.extend(run.iter().zip(found).map(|(&id, node)| {
                    let index = if node == place.collection {
                        place.index
                    } else {
                        parts.items(node).len()
                    };
                    (node, index, id)
                }));
                continue;
            }
            if let Some(comment) = parts.comments.get_mut(id.0 as usize) {
                comment.inline = place.inline;
            }
            placed.push((place.collection, place.index, id));
        }
    }
    parts.documents = documents;
    placed.sort_by_key(|&(collection, index, id)| (collection, index, id));
    weave(parts, &placed);
}

/// Rebuilds the item table with comments between the entries.
fn weave(parts: &mut Parts<'_>, placed: &[(NodeId, usize, CommentId)]) {
    let mut woven = Vec::with_capacity(parts.items.len() + placed.len());
    let mut rest = placed;
    for (id, node) in parts.nodes.iter_mut().enumerate() {
        let (NodeKind::Mapping(collection) | NodeKind::Sequence(collection)) = &mut node.kind else {
            continue;
        };
        let start = woven.len() as u32;
        let old = collection.items.start as usize..collection.items.end as usize;
        let count = old.len();
        for (index, item) in parts.items.get(old).unwrap_or(&[]).iter().enumerate() {
            rest = take_comments(&mut woven, rest, id, index);
            woven.push(*item);
        }
        rest = take_comments(&mut woven, rest, id, count);
        collection.items = start..woven.len() as u32;
    }
    parts.items = woven;
}

fn take_comments<'p>(
    woven: &mut Vec<Item>,
    mut rest: &'p [(NodeId, usize, CommentId)],
    node: usize,
    index: usize,
) -> &'p [(NodeId, usize, CommentId)] {
    while let Some((&(collection, before, comment), tail)) = rest.split_first() {
        if collection.0 as usize != node || before > index {
            break;
        }
        woven.push(Item::Comment(comment));
        rest = tail;
    }
    rest
}

/// Descends from the top node to the gap in which a comment stands.
fn place(parts: &Parts<'_>, root: NodeId, at: usize) -> Option<Place> {
    let mut node = root;
    if !is_collection(parts, root) {
        return None;
    }
    loop {
        let items = parts.items(node);
        let index = items.partition_point(|item| end_of(parts, *item) <= at);
        let here = |inline| {
            Some(Place {
                collection: node,
                index,
                inline,
                below: false,
            })
        };
        let Some(&item) = items
            .get(index)
            .filter(|item| start_of(parts, **item).min(lead(parts, node, index)) <= at)
        else {
            return Some(in_gap(parts, node, index, at));
        };
        let value = match item {
            Item::Entry(key, value) => {
                if at < parts.node(key).span.end {
                    if at < parts.node(key).span.start || !is_collection(parts, key) {
                        return here(false);
                    }
                    node = key;
                    continue;
                }
                value
            }
            Item::Element(value) => value,
            Item::Comment(_) => return here(false),
        };
        let target = parts.node(value);
        if !is_collection(parts, value) {
            // Behind the header of a block scalar, or between a property and its scalar.
            let inline = target.span.start <= at || parts.outer_start(value) <= at;
            return here(inline);
        }
        if at >= target.span.start {
            node = value;
            continue;
        }
        let properties = parts.outer_start(value);
        let key_end = match item {
            Item::Entry(key, _) => parts.node(key).span.end,
            Item::Element(_) | Item::Comment(_) => at,
        };
        // `key: # comment` moves above the key, unless a property stands before it; so does `: # comment` below `? key`.
        let beside = same_line(parts.text, key_end, at)
            || slice(parts.text, line_start(parts.text, at)..at).trim_matches([' ', '\t']) == ":";
        if matches!(item, Item::Entry(..)) && beside && properties > at {
            return here(false);
        }
        return Some(Place {
            collection: value,
            index: 0,
            inline: false,
            below: false,
        });
    }
}

/// Between two entries, or behind the last one.
fn in_gap(parts: &Parts<'_>, node: NodeId, index: usize, at: usize) -> Place {
    let here = Place {
        collection: node,
        index,
        inline: false,
        below: false,
    };
    let Some(before) = index
        .checked_sub(1)
        .and_then(|last| parts.items(node).get(last))
        .copied()
    else {
        return here;
    };
    let own_line = only_spaces(parts.text, line_start(parts.text, at)..at);
    if !own_line {
        return end_of_line(parts, node, index - 1, before, at).unwrap_or(here);
    }
    if is_flow(parts, node) {
        return here;
    }
    Place { below: true, ..here }
}

/// Behind a value on the same line: before the entry of the innermost value that ends there.
fn end_of_line(parts: &Parts<'_>, node: NodeId, index: usize, item: Item, at: usize) -> Option<Place> {
    let mut place = Place {
        collection: node,
        index,
        inline: false,
        below: false,
    };
    let mut item = item;
    loop {
        let value = value_of(item)?;
        let end = parts.node(value).span.end;
        // Inside brackets a comma stands between.
        if !same_line(parts.text, end, at) || (!is_flow(parts, node) && !ends_line(parts.text, end)) {
            return Some(place);
        }
        if !is_collection(parts, value) {
            place.inline = !parts.node(value).span.is_empty() || matches!(item, Item::Element(_));
            return Some(place);
        }
        if is_flow(parts, value) {
            return Some(Place {
                collection: value,
                index: 0,
                inline: false,
                below: false,
            });
        }
        let items = parts.items(value);
        item = *items.last()?;
        place = Place {
            collection: value,
            index: items.len() - 1,
            inline: false,
            below: false,
        };
    }
}

fn value_of(item: Item) -> Option<NodeId> {
    match item {
        Item::Entry(_, value) | Item::Element(value) => Some(value),
        Item::Comment(_) => None,
    }
}

fn end_of(parts: &Parts<'_>, item: Item) -> usize {
    match item {
        Item::Entry(key, value) => parts.node(value).span.end.max(parts.node(key).span.end),
        Item::Element(value) => parts.node(value).span.end,
        Item::Comment(id) => parts
            .comments
            .get(id.0 as usize)
            .map_or(0, |comment| comment.span.end),
    }
}

/// The dash or question mark of an item, or its first byte.
fn lead(parts: &Parts<'_>, node: NodeId, index: usize) -> usize {
    match index
        .checked_sub(1)
        .and_then(|before| parts.items(node).get(before))
    {
        None => parts.node(node).span.start,
        Some(_) if is_flow(parts, node) => usize::MAX,
        Some(&before) => skip_gap(parts.text, end_of(parts, before)),
    }
}

/// First byte of an entry without its dash or question mark.
fn start_of(parts: &Parts<'_>, item: Item) -> usize {
    match item {
        Item::Entry(key, _) => parts.outer_start(key),
        Item::Element(value) => parts.outer_start(value),
        Item::Comment(id) => parts
            .comments
            .get(id.0 as usize)
            .map_or(0, |comment| comment.span.start),
    }
}

fn start(parts: &Parts<'_>, id: CommentId) -> usize {
    parts
        .comments
        .get(id.0 as usize)
        .map_or(0, |comment| comment.span.start)
}

fn is_collection(parts: &Parts<'_>, id: NodeId) -> bool {
    matches!(parts.node(id).kind, NodeKind::Mapping(_) | NodeKind::Sequence(_))
}

fn is_flow(parts: &Parts<'_>, id: NodeId) -> bool {
    match &parts.node(id).kind {
        NodeKind::Mapping(collection) | NodeKind::Sequence(collection) => collection.flow,
        NodeKind::Scalar(_) | NodeKind::Alias(_) => false,
    }
}
