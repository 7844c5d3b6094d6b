//! A Secret to a SealedSecret where it stands in YAML, and back.
//!
//! ```text
//! apiVersion, kind            turned in place
//! metadata ─┬─ name, namespace    stay
//!           └─ labels, …      ──► spec.template.metadata
//! type, immutable             ──► spec.template
//! data, stringData            ──► spec.encryptedData, item by item
//! ```

mod seal;
mod unseal;

use std::ops::Range;

use serde_json::{Map, Value};
use yaml::edit::replace;
use zeroize::Zeroizing;

use super::FileError;
use super::block::{Block, Piece};
use super::compose::{Source, Writer, emit_of};
use super::lines::Patches;
use super::nodes::Nodes;
use super::yaml_edit::edited;

/// Which way an object is turned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// A Secret becomes a SealedSecret.
    Seal,
    /// A SealedSecret becomes a Secret.
    Unseal,
}

/// Writes an object anew as another one, of which it keeps what it has already.
pub(super) fn convert(
    nodes: &Nodes<'_, '_>,
    item: Option<usize>,
    from: &Value,
    to: &Value,
    direction: Direction,
) -> Result<Patches, FileError> {
    let (stream, text) = (nodes.stream, nodes.stream.text());
    let object = nodes.object(item)?;
    nodes.unshared(object)?;
    let Some(target) = to.as_object() else {
        return Err(nodes.form(object, "the new object is no mapping"));
    };
    let start = stream.node(object).span.start;
    let Some(root) = Block::of(nodes, object, start..text.len())? else {
        return edited(nodes, object, replace(stream, object, &emit_of(to), false));
    };
    let end = root.pieces.last().map_or(start, |last| last.end);
    let mut writer = Writer::new(nodes, 2 * (end - start) + 2 * texts(to));
    let conversion = Conversion {
        root: &root,
        from,
        target,
    };
    match direction {
        Direction::Seal => conversion.seal(&mut writer)?,
        Direction::Unseal => conversion.unseal(&mut writer)?,
    }
    let mut new = writer.out.as_str();
    // The first line goes where the object begins; behind a text that ends without a line break comes none.
    if new
        .get(..root.column)
        .is_some_and(|head| head.bytes().all(|byte| byte == b' '))
    {
        new = new.get(root.column..).unwrap_or("");
    }
    if !text.get(start..end).is_some_and(|old| old.ends_with('\n')) {
        new = new.trim_end_matches(['\n', '\r']);
    }
    Ok(vec![(start..end, Zeroizing::new(new.to_owned()))])
}

/// The object that is there, and the one that is wanted.
struct Conversion<'a> {
    root: &'a Block,
    from: &'a Value,
    target: &'a Map<String, Value>,
}

impl Conversion<'_> {
    /// Writes what an item of a List or an old file does not say, where it is looked for: at the top.
    fn heading(&self, writer: &mut Writer<'_, '_, '_>) -> Vec<&'static str> {
        let mut done = Vec::new();
        for name in ["apiVersion", "kind"] {
            if let (None, Some(new)) = (self.root.piece(name), self.target.get(name)) {
                writer.fresh(name, new, self.root.column);
                done.push(name);
            }
        }
        done
    }

    /// A mapping of the target.
    fn at(&self, path: &[&str]) -> Option<&Map<String, Value>> {
        let (first, rest) = path.split_first()?;
        let start = self.target.get(*first)?;
        rest.iter()
            .try_fold(start, |value, key| value.get(key))?
            .as_object()
    }
}

/// A source whose values are all written anew.
fn unknown<'b>(block: Option<&'b Block>, above: Option<&'b Piece>) -> Source<'b> {
    Source {
        block,
        above,
        values: None,
    }
}

/// A key as it is written.
fn key_of<'t>(writer: &Writer<'_, '_, 't>, piece: &Piece) -> &'t str {
    let stream = writer.nodes.stream;
    stream
        .text()
        .get(stream.node(piece.key).span.clone())
        .unwrap_or("metadata")
}

/// Bytes of all texts in a value.
fn texts(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + 64,
        Value::Array(all) => all.iter().map(texts).sum(),
        Value::Object(all) => all.iter().map(|(key, value)| key.len() + texts(value) + 64).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
    }
}

const NO_COMMENT: Range<usize> = 0..0;
