//! Another value where a node stands.

use std::ops::Range;

use super::layout::{column_of, layout_of};
use super::site::{Site, block_collection};
use super::{Patch, literals_at};
use crate::emit::{self, Emit, Layout, Rendered};
use crate::scalar::{Context, write_str};
use crate::stream::Role;
use crate::text::{
    before_break, byte, is_blank_or_end, is_break, is_space, line_end, line_start, only_spaces, same_line,
    skip_spaces, slice,
};
use crate::{EditError, NodeId, NodeKind, Stream};

/// Puts another value where a node stands. Its anchor stays; its tag goes when `drop_tag`; a comment
/// behind it stays. Works for scalars, collections (block or flow), aliases and empty nodes, in block and flow context.
///
/// A key is replaced by text of one line.
///
/// # Errors
///
/// [`EditError::WrongKind`] for an empty key (`: value`), which has no place of its own, and for the
/// missing value of a `? key` of several lines.
pub fn replace(
    stream: &Stream<'_>,
    node: NodeId,
    new: &Emit<'_>,
    drop_tag: bool,
) -> Result<Vec<Patch>, EditError> {
    if stream.is_key(node) && stream.node(node).span.is_empty() {
        return Err(EditError::WrongKind {
            found: "an empty key",
            expected: "a written key",
        });
    }
    if !can_take_colon(stream, node) {
        return Err(EditError::WrongKind {
            found: "an entry without ':'",
            expected: "a value",
        });
    }
    let mut patches = Vec::new();
    if drop_tag && let Some(tag) = stream.node(node).tag.clone() {
        patches.push(Patch::delete(tag_with_space(
            stream.text(),
            tag,
            stream.is_key(node),
        )));
    }
    if stream.in_flow(node) {
        let text = emit::flow(new);
        let text = if needs_quotes(stream, node, &text) {
            format!("\"{text}\"")
        } else {
            text
        };
        in_place(stream, node, text, &mut patches);
    } else if stream.is_key(node) {
        let text = match new {
            Emit::Str(text) => write_str(text, Context::Key, "\n"),
            Emit::Raw(text) => text.clone().into_owned(),
            Emit::Binary(_) | Emit::Mapping(_) | Emit::Sequence(_) => emit::flow(new),
        };
        in_place(stream, node, text, &mut patches);
    } else {
        in_block(stream, node, new, drop_tag, &mut patches);
    }
    Ok(patches)
}

/// A tag with the blanks that would be left over. A tag that starts its line leaves its indentation.
fn tag_with_space(text: &str, tag: Range<usize>, key: bool) -> Range<usize> {
    if key {
        let next = skip_spaces(text, tag.end);
        // A comment needs a space before it.
        let comment = byte(text, next) == b'#';
        return tag.start..if comment { tag.end } else { next };
    }
    let line = line_start(text, tag.start);
    if only_spaces(text, line..tag.start) {
        return tag;
    }
    let spaces = slice(text, line..tag.start)
        .bytes()
        .rev()
        .take_while(|&b| is_space(b))
        .count();
    tag.start - spaces..tag.end
}

/// Whether a plain text would take the colon behind a key: `{"a":1}`.
fn needs_quotes(stream: &Stream<'_>, node: NodeId, new: &str) -> bool {
    let end = stream.node(node).span.end;
    let glued = byte(stream.text(), end) == b':' && !is_blank_or_end(stream.text(), end + 1);
    stream.is_key(node) && glued && !new.ends_with(['"', '\'', ']', '}'])
}

/// One-line text in flow context or as a key, with a space where an empty node had none.
fn in_place(stream: &Stream<'_>, node: NodeId, new: String, patches: &mut Vec<Patch>) {
    let text = stream.text();
    let span = stream.node(node).span.clone();
    let end = if span.is_empty() {
        span.end
    } else {
        before_break(text, span.end).max(span.start)
    };
    let before = slice(text, 0..span.start).chars().next_back();
    let glued =
        before.is_some_and(|c| !c.is_ascii_whitespace() && !matches!(c, '[' | '{' | ',' | '\u{feff}'));
    let colon = span.is_empty() && is_value_without_colon(stream, node);
    // A quoted key may be followed by its value at once; an anchor may not.
    let needs_space = glued && (span.is_empty() || before != Some(':'));
    let lead = match (colon, needs_space) {
        // A tag would take the colon.
        (true, _) => " : ",
        (false, true) => " ",
        (false, false) => "",
    };
    // A sequence under `?` may stand at the column of the mapping, a scalar may not.
    let inner = stream
        .parent(node)
        .filter(|&parent| !stream.is_flow(parent))
        .map_or(0, |parent| column_of(stream, parent) + 1);
    // Its line is looked for only then: inside brackets it may be as long as the text.
    let indent = if block_collection(stream, node) {
        let line = line_start(text, span.start);
        let below = only_spaces(text, line..span.start) && span.start - line < inner;
        if below { inner - (span.start - line) } else { 0 }
    } else {
        0
    };
    patches.push(Patch::put(
        span.start..end,
        format!("{lead}{}{new}", " ".repeat(indent)),
    ));
}

/// A key that stands alone (`{a, b}`, or `? a` without `:`) has an empty value right behind it.
pub(super) fn is_value_without_colon(stream: &Stream<'_>, node: NodeId) -> bool {
    let Some(key) = key_of(stream, node) else {
        return false;
    };
    let end = stream.node(key).span.end;
    stream.node(node).span.is_empty()
        && !slice(stream.text(), end..stream.node(node).span.end.max(end)).contains(':')
        && stream.outer(node) >= stream.node(node).span.start
}

/// Whether there is a colon before a value, or a key of one line behind which one can be put.
fn can_take_colon(stream: &Stream<'_>, node: NodeId) -> bool {
    let Some(key) = key_of(stream, node).filter(|_| is_value_without_colon(stream, node)) else {
        return true;
    };
    let span = stream.node(key).span.clone();
    let scalar = matches!(stream.node(key).kind, NodeKind::Scalar(_) | NodeKind::Alias(_));
    // A key that looks like a marker or an indicator becomes one when white space follows.
    let content = slice(stream.text(), span.clone());
    let marker = content.starts_with("---") || matches!(content, "?" | "-");
    scalar && !marker && !span.is_empty() && same_line(stream.text(), stream.outer(key), span.end)
}

fn key_of(stream: &Stream<'_>, node: NodeId) -> Option<NodeId> {
    match stream.role(node)? {
        Role::Value(key) => Some(key),
        Role::Key | Role::Element(_) => None,
    }
}

fn in_block(stream: &Stream<'_>, node: NodeId, new: &Emit<'_>, drop_tag: bool, patches: &mut Vec<Patch>) {
    let text = stream.text();
    let site = Site::of(stream, node, drop_tag);
    let layout = Layout {
        literals: literals_at(text, site.end, site.column),
        ..layout_of(stream)
    };
    let lost_tag = stream.node(node).tag.as_ref().filter(|_| drop_tag && !site.root);
    let inline = site.inline(text, lost_tag);
    let mut new = render(&site, new, inline.as_ref().map(|inline| inline.column), &layout);
    if new.needs_break && site.end == text.len() {
        // A literal block at the very end of a text needs a line break of its own.
        new.body.push_str(layout.line_break);
    }
    let same = same_line(text, site.slot, site.start);
    if site.block {
        if same {
            patches.push(match inline.filter(|_| new.head.is_empty()) {
                Some(inline) => inline.patch("", &new.body, site.end),
                None => Patch::put(site.start..site.end, format!("{}{}", new.head, new.body)),
            });
        } else {
            if !new.head.is_empty() {
                patches.push(Patch::insert(site.slot, format!(" {}", new.head)));
            }
            patches.push(Patch::put(line_end(text, site.slot)..site.end, new.body));
        }
        return;
    }
    let empty = site.start == site.first_end;
    let colon = empty && is_value_without_colon(stream, node);
    let marker = site.root && !only_spaces(text, line_start(text, site.start)..site.start);
    let document = stream.documents().iter().find(|document| document.root == node);
    let marked = document.and_then(|document| document.start_marker.clone());
    let behind_marker = marked.is_some_and(|marker| marker.start + 3 == site.start);
    let bare = slice(text, 0..site.start).trim_start_matches('\u{feff}');
    let lead = match (colon, empty && (!site.root || marker)) {
        // An empty document of comments whose last line is not closed.
        (false, true) if site.root && !site.properties && !behind_marker && !bare.is_empty() => {
            layout.line_break.into()
        }
        (true, _) => format!("{}{}:", layout.line_break, " ".repeat(site.column)),
        (false, true) => " ".into(),
        (false, false) if !empty && glued_to_property(stream, node) => " ".into(),
        (false, false) => String::new(),
    };
    let eol = line_end(text, site.first_end);
    if !new.head.is_empty() {
        let gap = if colon { " " } else { "" };
        patches.push(Patch::put(
            site.start..site.first_end,
            format!("{lead}{gap}{}", new.head),
        ));
        patches.push(Patch::put(eol..site.end, new.body));
        return;
    }
    let line = line_start(text, site.start);
    let own_line = site.own_line(text);
    let comment = !only_spaces(text, site.first_end..eol);
    if let Some(inline) = inline {
        patches.push(inline.patch(&lead, &new.body, site.end));
    } else if own_line && !comment && !site.root {
        let body = new.body.trim_start_matches(['\r', '\n']);
        patches.push(Patch::put(line..site.end, body));
    } else {
        let start = if same { site.slot } else { site.start };
        patches.push(Patch::put(
            start..site.first_end,
            if colon { lead } else { String::new() },
        ));
        patches.push(Patch::put(eol..site.end, new.body));
    }
}

/// An anchor ends where a bracket begins: `&a[b]`.
fn glued_to_property(stream: &Stream<'_>, node: NodeId) -> bool {
    let start = stream.node(node).span.start;
    let before = start.checked_sub(1).map(|before| byte(stream.text(), before));
    stream.outer(node) < start && before.is_some_and(|b| !is_space(b) && !is_break(b))
}

fn render(site: &Site, new: &Emit<'_>, inner: Option<usize>, layout: &Layout) -> Rendered {
    if site.root {
        emit::at_top(new, inner, layout)
    } else if site.element {
        emit::under_dash(new, site.column, inner, layout)
    } else {
        emit::under_key(new, site.column, inner, layout)
    }
}
