//! Trees that have no YAML text yet, in the layout of SOPS (spec/sops-format §8.1, "Writing").

use std::borrow::Cow;

use yaml::emit::{Emit, EmitItem, Layout};
use zeroize::Zeroizing;

use super::patch::yaml_text;
use crate::store;
use crate::tree::{Branch, Element, Entry, Leaf, Node};
use crate::{Metadata, Value, WriteError, cipher};

/// A stream of documents, the block at the end of each.
pub(crate) fn emit(
    branches: &[Branch],
    metadata: Option<&Metadata>,
    layout: &store::Layout,
) -> Result<Zeroizing<Vec<u8>>, WriteError> {
    let block = metadata.map(Metadata::to_node);
    let layout = yaml_layout(layout);
    let mut text = Zeroizing::new(Vec::new());
    for (number, branch) in branches.iter().enumerate() {
        if number > 0 {
            text.extend_from_slice(b"---\n");
        }
        let mut items = entries(&branch.entries, false);
        if let Some(block) = &block {
            items.push(EmitItem::Entry("sops".into(), emitted(block, false)));
        }
        let document = Zeroizing::new(yaml::emit::document(&Emit::Mapping(items), &layout));
        text.extend_from_slice(document.as_bytes());
    }
    Ok(text)
}

/// A value by itself, ending with a line break (spec/sops-cli §5 `extract`).
pub(crate) fn emit_value(node: &Node, layout: &store::Layout) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(yaml::emit::document(&emitted(node, false), &yaml_layout(layout)).into_bytes())
}

/// `sops:` and its block as lines, indented by `column`.
pub(crate) fn block_lines(block: &Node, column: usize, layout: &Layout) -> String {
    let items = vec![EmitItem::Entry("sops".into(), emitted(block, false))];
    let text = yaml::emit::document(&Emit::Mapping(items), layout);
    if column == 0 {
        return text;
    }
    let front = " ".repeat(column);
    text.split_inclusive('\n')
        .map(|line| {
            if line.trim().is_empty() {
                line.into()
            } else {
                format!("{front}{line}")
            }
        })
        .collect()
}

/// `"sops": {…}` on one line. All of it is public.
pub(crate) fn block_flow(block: &Node) -> String {
    let mut text = String::from("\"sops\": ");
    flow(block, &mut text);
    text
}

/// A node for the emitter; `flow`: it will stand inside `{}` or `[]`.
pub(crate) fn emitted(node: &Node, flow: bool) -> Emit<'_> {
    match node {
        Node::Mapping(inner) => Emit::Mapping(entries(inner, flow)),
        Node::Sequence(elements) => {
            let mut items = Vec::with_capacity(elements.len());
            for element in elements {
                match element {
                    Element::Node(node) => items.push(EmitItem::Element(emitted(node, flow))),
                    Element::Comment(leaf) => comment(leaf, &mut items),
                }
            }
            Emit::Sequence(items)
        }
        Node::Leaf(leaf) => scalar(leaf, flow),
    }
}

/// Columns of one level, as SOPS reads its setting: 0 is the default, odd values act as 2.
fn yaml_layout(layout: &store::Layout) -> Layout {
    let step = match layout.indent {
        None | Some(0) => SOPS_STEP,
        Some(indent) => usize::try_from(indent)
            .ok()
            .filter(|step| (2..=9).contains(step))
            .unwrap_or(2),
    };
    Layout {
        step,
        ..Layout::default()
    }
}

fn entries(entries: &[Entry], flow: bool) -> Vec<EmitItem<'_>> {
    let mut items = Vec::with_capacity(entries.len() + 1);
    for entry in entries {
        match entry {
            Entry::Pair(key, node) => {
                items.push(EmitItem::Entry(key.text.as_str().into(), emitted(node, flow)))
            }
            Entry::Comment(leaf) => comment(leaf, &mut items),
        }
    }
    items
}

fn comment<'a>(leaf: &'a Leaf, items: &mut Vec<EmitItem<'a>>) {
    let Value::Str(bytes) = &leaf.value else { return };
    match String::from_utf8_lossy(bytes) {
        Cow::Borrowed(text) if !text.contains('\n') => {
            items.push(EmitItem::Comment {
                text: text.into(),
                inline: leaf.inline,
            });
        }
        text => {
            for line in text.trim_end_matches('\n').split('\n') {
                items.push(EmitItem::Comment {
                    text: line.to_owned().into(),
                    inline: false,
                });
            }
        }
    }
}

fn scalar(leaf: &Leaf, flow: bool) -> Emit<'_> {
    match &leaf.value {
        Value::Str(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) if flow && cipher::is_encrypted(text.as_bytes()) => {
                Emit::Raw(format!("\"{text}\"").into())
            }
            Ok(text) => Emit::Str(text.into()),
            Err(_) => Emit::Binary(bytes.as_slice().into()),
        },
        value => Emit::Raw(yaml_text(value)),
    }
}

fn flow(node: &Node, text: &mut String) {
    match node {
        Node::Mapping(entries) => {
            text.push('{');
            let mut first = true;
            for entry in entries {
                let Entry::Pair(key, node) = entry else { continue };
                if !std::mem::take(&mut first) {
                    text.push_str(", ");
                }
                quoted(&key.text, text);
                text.push_str(": ");
                flow(node, text);
            }
            text.push('}');
        }
        Node::Sequence(elements) => {
            text.push('[');
            let mut first = true;
            for element in elements {
                let Element::Node(node) = element else { continue };
                if !std::mem::take(&mut first) {
                    text.push_str(", ");
                }
                flow(node, text);
            }
            text.push(']');
        }
        Node::Leaf(leaf) => match &leaf.value {
            Value::Str(bytes) => quoted(&String::from_utf8_lossy(bytes), text),
            value => text.push_str(&yaml_text(value)),
        },
    }
}

/// A text in double quotes, escaped so that JSON and YAML read the same.
pub(crate) fn quoted(value: &str, text: &mut String) {
    text.push('"');
    for letter in value.chars() {
        match letter {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            letter if letter.is_control() || ('\u{2028}'..='\u{2029}').contains(&letter) => {
                text.push_str(&format!("\\u{:04x}", u32::from(letter)));
            }
            letter => text.push(letter),
        }
    }
    text.push('"');
}

/// The indentation that SOPS writes unless told otherwise.
pub(crate) const SOPS_STEP: usize = 4;
