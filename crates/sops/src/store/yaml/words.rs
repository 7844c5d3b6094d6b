//! Words that are texts for SOPS and something else for a YAML 1.1 reader: `yes`, `off`, `1:30`, `=`.
//!
//! SOPS drops all quotes when it encrypts and puts these words in quotes when it decrypts; a file that it wrote must
//! be decrypted like that, or `kubectl` reads booleans. A file that we wrote keeps its quotes, so a word without
//! quotes had none, and comes back without. The block tells which is which: where there are such words, we write
//! `lastmodified` in single quotes, which SOPS never does.

use yaml::scalar::{Context, Resolved, resolve, write_str_as};
use yaml::{Budget, Item, NodeKind, ScalarStyle, Stream};

use super::{Kind, Place};
use crate::Value;
use crate::tree::{self, Leaf};

/// Whether a leaf of a plain text is such a word.
pub(crate) fn is_bare_word(leaf: &Leaf) -> bool {
    match (&leaf.place, &leaf.value) {
        (
            tree::Place::Yaml(Place {
                kind: Kind::Flow(ScalarStyle::Plain),
                flow: false,
                tag: None,
                ..
            }),
            Value::Str(bytes),
        ) => std::str::from_utf8(bytes).is_ok_and(is_word),
        _ => false,
    }
}

/// Whether a text is such a word.
pub(crate) fn is_word(text: &str) -> bool {
    // The common case first: a text that may stand without quotes for every reader.
    text.len() <= MAX_WORD_BYTES
        && text.bytes().all(|byte| byte.is_ascii_graphic())
        && write_str_as(text, ScalarStyle::Plain, Context::Block { indent: 2 }, "\n").is_none()
        && resolve(None, ScalarStyle::Plain, text) == Resolved::Str
        && is_plain(text)
}

/// Whether a text stands without quotes as it is.
fn is_plain(text: &str) -> bool {
    let line = format!("a: {text}\n");
    let Ok(stream) = Stream::parse(&line, &Budget::default()) else {
        return false;
    };
    let Some(root) = stream.documents().first().map(|document| document.root) else {
        return false;
    };
    match stream.items(root) {
        [Item::Entry(_, value)] => {
            stream.node(*value).kind == NodeKind::Scalar(ScalarStyle::Plain)
                && stream.node(*value).tag.is_none()
                && stream.value(*value) == text
        }
        _ => false,
    }
}

/// The longest such words are numbers to base 60 and binary literals.
const MAX_WORD_BYTES: usize = 64;
