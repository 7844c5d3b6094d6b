//! The habits of a text: line ends, indentation, sequences.

use crate::emit::Layout;
use crate::text::column;
use crate::{Item, NodeId, NodeKind, Stream};

/// The layout that the text around a place uses: line ends, indentation step, indented sequences.
///
/// What the text does not show is as sops writes it.
pub fn layout_of(stream: &Stream<'_>) -> Layout {
    stream.layout(|| learnt(stream))
}

fn learnt(stream: &Stream<'_>) -> Layout {
    let mut layout = Layout {
        line_break: line_break(stream.text()),
        ..Layout::default()
    };
    let (mut step, mut indented) = (None, None);
    for document in stream.documents() {
        learn(stream, document.root, &mut step, &mut indented);
    }
    if let Some(step) = step {
        layout.step = step;
    }
    if let Some(indented) = indented {
        layout.indent_sequences = indented;
    }
    layout
}

/// The line break that a text uses first.
pub(crate) fn line_break(text: &str) -> &'static str {
    let first = text
        .find('\n')
        .and_then(|at| at.checked_sub(1))
        .and_then(|before| text.as_bytes().get(before));
    if first == Some(&b'\r') { "\r\n" } else { "\n" }
}

/// Looks for the first block mapping under a key and the first block sequence under a key.
fn learn(stream: &Stream<'_>, root: NodeId, step: &mut Option<usize>, indented: &mut Option<bool>) {
    let mut open = vec![root];
    while let Some(node) = open.pop() {
        if step.is_some() && indented.is_some() {
            return;
        }
        if stream.is_flow(node) {
            continue;
        }
        for item in stream.items(node).iter().rev() {
            let (Item::Entry(_, value) | Item::Element(value)) = *item else {
                continue;
            };
            if !stream.items(value).is_empty() {
                open.push(value);
            }
        }
        let Some(parent) = stream.parent(node).filter(|&parent| is_mapping(stream, parent)) else {
            continue;
        };
        if stream.is_key(node) || stream.is_flow(parent) {
            continue;
        }
        let (outer, inner) = (column_of(stream, parent), column_of(stream, node));
        match stream.node(node).kind {
            NodeKind::Mapping(_) => {
                let found = inner.saturating_sub(outer);
                if step.is_none() && (2..=9).contains(&found) {
                    *step = Some(found);
                }
            }
            NodeKind::Sequence(_) => {
                indented.get_or_insert(inner > outer);
                let found = inner.saturating_sub(outer);
                // A weaker hint than a mapping, but better than none.
                if step.is_none() && (2..=9).contains(&found) {
                    *step = Some(found);
                }
            }
            NodeKind::Scalar(_) | NodeKind::Alias(_) => {}
        }
    }
}

fn is_mapping(stream: &Stream<'_>, node: NodeId) -> bool {
    matches!(stream.node(node).kind, NodeKind::Mapping(_))
}

/// Column of a block collection's entries.
pub(crate) fn column_of(stream: &Stream<'_>, node: NodeId) -> usize {
    column(stream.text(), stream.node(node).span.start)
}
