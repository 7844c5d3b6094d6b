//! Comments on lines of their own behind an entry: which of the collections that are open there they end up in.
//!
//! go-yaml cuts such a run of comments into groups. The last group is the head of what follows, the others are
//! feet of what came before. A group is cut off by a blank line, or by a line that is less indented than the
//! innermost collection and stands at another column. A foot goes to the last value, or to the
//! innermost ending collection (for a sequence: the mapping of its key) whose entries start at the column of a group at or behind it.

use std::ops::Range;

use super::{is_flow, value_of};
use crate::stream::Parts;
use crate::text::{break_len, column, line_end, slice};
use crate::{CommentId, NodeId, NodeKind};

/// What is known about the place of a run.
struct Scene {
    /// Block collections that are open there, from the one of the next content to the innermost.
    open: Vec<Level>,
    /// Collection of the last value.
    prior: NodeId,
    /// The last token is the colon of an empty value.
    after_colon: bool,
    /// Column of the next content, if the document has any.
    next: Option<usize>,
}

struct Level {
    node: NodeId,
    /// Where a comment at its very end goes: a sequence under a key hands it to the mapping of that key.
    takes_feet: NodeId,
    column: usize,
    /// A sequence at the column of its key opens no level of indentation.
    indentless: bool,
}

struct Group {
    comments: Range<usize>,
    start: usize,
    column: usize,
    /// A foot of what came before: from where on a token may take it (`None`: the last value does).
    foot: Option<Option<usize>>,
}

/// The collection for each comment of a run that stands in a block collection before the item `index`.
pub(super) fn collections(parts: &Parts<'_>, node: NodeId, index: usize, run: &[CommentId]) -> Vec<NodeId> {
    let Some(scene) = scene(parts, node, index) else {
        return vec![node; run.len()];
    };
    let groups = groups(parts, &scene, run);
    let ends = ends(&scene, &groups);
    let mut out = Vec::with_capacity(run.len());
    for group in &groups {
        let target = match group.foot {
            None => node,
            Some(None) => scene.prior,
            Some(Some(from)) => ends
                .iter()
                .find(|(_, mark)| mark.is_some_and(|mark| mark >= from))
                .map_or(node, |(level, _)| *level),
        };
        out.extend(group.comments.clone().map(|_| target));
    }
    out
}

fn scene(parts: &Parts<'_>, node: NodeId, index: usize) -> Option<Scene> {
    let mut last = *parts.items(node).get(index.checked_sub(1)?)?;
    let mut open = vec![Level {
        node,
        takes_feet: node,
        column: column(parts.text, parts.node(node).span.start),
        indentless: false,
    }];
    let (prior, after_colon) = loop {
        let value = value_of(last)?;
        let parent = open.last()?;
        let content = parts.node(value);
        if !matches!(content.kind, NodeKind::Mapping(_) | NodeKind::Sequence(_)) {
            let in_mapping = matches!(parts.node(parent.node).kind, NodeKind::Mapping(_));
            break (parent.node, in_mapping && content.span.is_empty());
        }
        if is_flow(parts, value) {
            break (parent.node, false);
        }
        let at = column(parts.text, content.span.start);
        let in_mapping = matches!(parts.node(parent.node).kind, NodeKind::Mapping(_));
        let indentless = in_mapping && at == parent.column;
        let sequence = matches!(content.kind, NodeKind::Sequence(_));
        let takes_feet = if sequence && in_mapping {
            parent.node
        } else {
            value
        };
        open.push(Level {
            node: value,
            takes_feet,
            column: at,
            indentless,
        });
        last = *parts.items(value).last()?;
    };
    let next = parts
        .items(node)
        .get(index)
        .map(|_| open.first().map_or(0, |level| level.column));
    Some(Scene {
        open,
        prior,
        after_colon,
        next,
    })
}

/// Cuts a run into groups.
fn groups(parts: &Parts<'_>, scene: &Scene, run: &[CommentId]) -> Vec<Group> {
    let innermost = scene
        .open
        .iter()
        .rev()
        .find(|level| !level.indentless)
        .map_or(0, |level| level.column);
    let mut groups: Vec<Group> = Vec::new();
    let mut current: Option<(usize, usize, usize)> = None;
    let mut token: Option<usize> = None;
    let mut unbroken = true;
    let mut beside = true;
    for (number, id) in run.iter().enumerate() {
        let Some(comment) = parts.comments.get(id.0 as usize) else {
            continue;
        };
        let at = column(parts.text, comment.span.start);
        if blank_before(parts.text, comment.span.start) {
            if number == 0 {
                beside = false;
            }
            cut(
                &mut groups,
                &mut current,
                number,
                &mut token,
                |from, start| unbroken && ((from == 0 && beside && !scene.after_colon) || start < innermost),
                |start, column, token| if column < innermost { Some(start) } else { token },
            );
            unbroken = false;
        }
        cut(
            &mut groups,
            &mut current,
            number,
            &mut token,
            |_, start| at < innermost && at != start,
            |_, _, token| token,
        );
        if current.is_none() {
            if !groups.is_empty() {
                token = Some(comment.span.start);
            }
            current = Some((number, comment.span.start, at));
        }
        // With CR LF, go-yaml takes the second byte of the line break for an empty line.
        let end = line_end(parts.text, comment.span.end);
        let empty = break_len(parts.text, end) == 2 || blank_after(parts.text, end);
        let is_last = number + 1 == run.len();
        if empty || (is_last && scene.next.is_none()) {
            cut(
                &mut groups,
                &mut current,
                number + 1,
                &mut token,
                |from, start| unbroken && ((from == 0 && beside && !scene.after_colon) || start < innermost),
                |start, column, token| if column < innermost { Some(start) } else { token },
            );
            unbroken = unbroken && !empty;
        }
    }
    if let Some(next) = scene.next {
        cut(
            &mut groups,
            &mut current,
            run.len(),
            &mut token,
            |_, start| next < innermost && next != start,
            |_, _, token| token,
        );
    }
    if let Some((from, start, column)) = current {
        groups.push(Group {
            comments: from..run.len(),
            start,
            column,
            foot: None,
        });
    }
    groups
}

/// Ends the current group as a foot, if it is one.
fn cut(
    groups: &mut Vec<Group>,
    current: &mut Option<(usize, usize, usize)>,
    end: usize,
    token: &mut Option<usize>,
    is_foot: impl Fn(usize, usize) -> bool,
    mark: impl Fn(usize, usize, Option<usize>) -> Option<usize>,
) {
    let Some((from, start, column)) = *current else {
        return;
    };
    if !is_foot(from, column) {
        return;
    }
    groups.push(Group {
        comments: from..end,
        start,
        column,
        foot: Some(mark(start, column, *token)),
    });
    *token = Some(start + 1);
    *current = None;
}

/// The collections that end before the next content, innermost first, each with the place where go-yaml ends it.
fn ends(scene: &Scene, groups: &[Group]) -> Vec<(NodeId, Option<usize>)> {
    let closing = if scene.next.is_some() {
        scene.open.get(1..)
    } else {
        scene.open.get(..)
    };
    let mut mark = None;
    let mut out = Vec::new();
    for level in closing
        .unwrap_or(&[])
        .iter()
        .rev()
        .filter(|level| !level.indentless)
    {
        if let Some(group) = groups.iter().find(|group| group.column == level.column) {
            mark = Some(group.start);
        }
        out.push((level.takes_feet, mark));
    }
    out
}

/// Whether the line above a place is blank.
fn blank_before(text: &str, at: usize) -> bool {
    let here = crate::text::line_start(text, at);
    let above = crate::text::before_break(text, here);
    above < here
        && slice(text, crate::text::line_start(text, above)..above)
            .trim()
            .is_empty()
}

/// Whether the line below a line end is blank.
fn blank_after(text: &str, end: usize) -> bool {
    let next = end + break_len(text, end);
    next > end && next < text.len() && slice(text, next..line_end(text, next)).trim().is_empty()
}
