//! Writing JSON: single tokens in the style of people, whole trees in the style of SOPS or of the file at hand.

use zeroize::Zeroizing;

use super::scan::{number_length, number_value};
use crate::store::text::{below, below_index, unsupported};
use crate::tree::{Element, Entry, Leaf, Node};
use crate::value::{push_plain_string, push_sops_string};
use crate::{Layout, Value, WriteError, cipher};

/// How collections are laid out.
pub(super) struct Style {
    /// One level of indentation.
    pub(super) unit: String,
    /// `\n` or `\r\n`.
    pub(super) line_break: &'static str,
    /// Each item on a line of its own; else all on one line.
    pub(super) multi_line: bool,
    /// Escape as SOPS does; else as little as possible.
    pub(super) sops_escapes: bool,
}

impl Style {
    /// The style of a text: from what stands between its first brace and its first key. A tab where there is no line
    /// break to learn from.
    pub(super) fn learn(source: &[u8]) -> Self {
        let open = source.iter().position(|b| *b == b'{').map_or(0, |at| at + 1);
        let rest = &source[open..];
        let blanks = &rest[..rest
            .iter()
            .position(|b| !super::is_blank(*b))
            .unwrap_or(rest.len())];
        let empty = rest.get(blanks.len()) == Some(&b'}');
        match blanks.iter().rposition(|b| *b == b'\n') {
            Some(end) => {
                let line_break = if blanks[..end].ends_with(b"\r") {
                    "\r\n"
                } else {
                    "\n"
                };
                // Between empty braces stands no indentation.
                let unit = if empty {
                    "\t".to_owned()
                } else {
                    blanks[end + 1..].iter().map(|b| char::from(*b)).collect()
                };
                Self {
                    unit,
                    line_break,
                    multi_line: true,
                    sops_escapes: false,
                }
            }
            None => Self {
                unit: "\t".to_owned(),
                line_break: "\n",
                multi_line: false,
                sops_escapes: false,
            },
        }
    }

    /// What `--indent` or the config asks for.
    pub(super) fn of_layout(layout: &Layout) -> Result<Self, WriteError> {
        let unit = match layout.indent {
            None | Some(-1) => "\t".to_owned(),
            Some(spaces @ 0..=MAX_INDENT) => " ".repeat(usize::try_from(spaces).unwrap_or(0)),
            Some(_) => return Err(unsupported("a JSON indentation must lie between -1 and 1000")),
        };
        Ok(Self {
            unit,
            line_break: "\n",
            multi_line: true,
            sops_escapes: true,
        })
    }

    pub(super) fn newline(&self, out: &mut String, level: usize) {
        if self.multi_line {
            out.push_str(self.line_break);
            for _ in 0..level {
                out.push_str(&self.unit);
            }
        }
    }
}

/// One leaf, for a place in a text at hand: the spelling it was read with if that still says the same, strings with as
/// few escapes as possible.
pub(super) fn token(leaf: &Leaf) -> Result<Zeroizing<Vec<u8>>, WriteError> {
    let mut out = Zeroizing::new(String::new());
    push_leaf(&mut out, leaf, false)?;
    Ok(Zeroizing::new(std::mem::take(&mut *out).into_bytes()))
}

fn push_leaf(out: &mut String, leaf: &Leaf, sops_escapes: bool) -> Result<(), WriteError> {
    let push_string = if sops_escapes {
        push_sops_string
    } else {
        push_plain_string
    };
    // What is laid out anew is in the canonical form of SOPS.
    let spelling = leaf.spelling.as_ref().filter(|_| !sops_escapes);
    match (&leaf.value, spelling) {
        (Value::Str(bytes), _) => push_string(out, bytes),
        (Value::Time(text), spelling) => push_string(out, spelling.unwrap_or(text).as_bytes()),
        (value, Some(spelling)) if reads_back(spelling, value) => out.push_str(spelling),
        // Decrypted without a spelling: the source was the text that was encrypted, which never has an exponent.
        (value @ Value::Float(_), None) if !sops_escapes => match std::str::from_utf8(&value.canonical()) {
            Ok(text) if reads_back(text, value) => out.push_str(text),
            _ => out.push_str(&json_text(value)?),
        },
        (value, _) => out.push_str(&json_text(value)?),
    }
    Ok(())
}

fn json_text(value: &Value) -> Result<Zeroizing<String>, WriteError> {
    value
        .json_text()
        .ok_or_else(|| unsupported("JSON has no infinity and no NaN"))
}

fn reads_back(literal: &str, value: &Value) -> bool {
    number_length(literal.as_bytes()) == Some(literal.len())
        && number_value(literal).is_some_and(|read| read.same(value))
}

/// The whole file, with the block as its last entry.
pub(super) fn write_root(
    out: &mut String,
    entries: &[Entry],
    block: Option<&Node>,
    style: &Style,
) -> Result<(), WriteError> {
    let pairs = entries.iter().filter_map(|entry| match entry {
        Entry::Pair(key, node) => Some((key.text.as_str(), node)),
        Entry::Comment(_) => None,
    });
    let block = block.map(|node| (super::RESERVED, node));
    write_pairs(out, pairs.chain(block), style, 0)
}

/// One node at a level of nesting. The depth was capped when the tree was read.
pub(super) fn write_node(
    out: &mut String,
    node: &Node,
    style: &Style,
    level: usize,
) -> Result<(), WriteError> {
    match node {
        Node::Mapping(entries) => {
            let pairs = entries.iter().filter_map(|entry| match entry {
                Entry::Pair(key, node) => Some((key.text.as_str(), node)),
                Entry::Comment(_) => None,
            });
            write_pairs(out, pairs, style, level)
        }
        Node::Sequence(elements) => {
            let mut first = true;
            out.push('[');
            for (index, element) in elements.iter().enumerate() {
                let leaf;
                let node = match element {
                    Element::Node(node) => node,
                    // A comment that was encrypted is a text by now; clear ones have no place in JSON.
                    Element::Comment(comment) if is_encrypted(comment) => {
                        leaf = Node::Leaf(crate::store::text::read_leaf(
                            comment.value.duplicate(),
                            comment.place.clone(),
                        ));
                        &leaf
                    }
                    Element::Comment(_) => continue,
                };
                separate(out, &mut first, style, level + 1);
                write_node(out, node, style, level + 1).map_err(|error| below_index(index, error))?;
            }
            if !first {
                style.newline(out, level);
            }
            out.push(']');
            Ok(())
        }
        Node::Leaf(leaf) => push_leaf(out, leaf, style.sops_escapes),
    }
}

fn write_pairs<'n>(
    out: &mut String,
    pairs: impl Iterator<Item = (&'n str, &'n Node)>,
    style: &Style,
    level: usize,
) -> Result<(), WriteError> {
    let mut first = true;
    out.push('{');
    for (key, node) in pairs {
        separate(out, &mut first, style, level + 1);
        push_key(out, key, style);
        write_node(out, node, style, level + 1).map_err(|error| below(key, error))?;
    }
    if !first {
        style.newline(out, level);
    }
    out.push('}');
    Ok(())
}

/// `"key": `
pub(super) fn push_key(out: &mut String, key: &str, style: &Style) {
    if style.sops_escapes {
        push_sops_string(out, key.as_bytes());
    } else {
        push_plain_string(out, key.as_bytes());
    }
    out.push_str(": ");
}

fn separate(out: &mut String, first: &mut bool, style: &Style, level: usize) {
    if !std::mem::take(first) {
        out.push_str(if style.multi_line { "," } else { ", " });
    }
    style.newline(out, level);
}

fn is_encrypted(comment: &Leaf) -> bool {
    matches!(&comment.value, Value::Str(text) if cipher::is_encrypted(text.as_slice()))
}

/// Spaces of an indentation (spec/security S-25).
const MAX_INDENT: i64 = 1000;
