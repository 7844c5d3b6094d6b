//! Leaves that should be ciphertext and are not.

use crate::cipher::is_encrypted;
use crate::decrypt::number_lines;
use crate::tree::{Key, Leaf};
use crate::walk::{At, Kind, Visitor, walk};
use crate::{EncryptedFile, Value, Warning, WarningKind};

/// Line and path of each.
pub(super) fn find(file: &EncryptedFile) -> Vec<(usize, String)> {
    let mut branches: Vec<_> = file
        .document
        .branches
        .iter()
        .map(crate::tree::Branch::duplicate)
        .collect();
    let mut finder = Finder { found: Vec::new() };
    // A key that is no string stops the walk; what was found until then is told, and decrypting refuses the key.
    let _ = walk(&mut branches, &file.metadata.selector, &mut finder);
    number_lines(&file.document, &mut finder.found);
    finder
        .found
        .into_iter()
        .map(|found| (found.line, found.path))
        .collect()
}

struct Finder {
    /// With byte offsets in place of lines.
    found: Vec<Warning>,
}

impl Visitor for Finder {
    type Error = ();

    const CIPHERTEXT: bool = true;

    fn leaf(&mut self, at: &At<'_>, leaf: &mut Leaf) -> Result<(), ()> {
        let plain = match &leaf.value {
            Value::Null => false,
            Value::Str(text) => !text.is_empty() && !is_encrypted(text),
            Value::Bool(_) | Value::Int(_) | Value::Uint64(_) | Value::Float(_) | Value::Time(_) => true,
        };
        if at.encrypts && plain {
            let (line, path) = (leaf.place.start(), at.trail.to_string());
            self.found.push(Warning {
                line,
                path,
                kind: WarningKind::PlainLeaf,
            });
        }
        Ok(())
    }

    fn comment(&mut self, _: &At<'_>, comment: &mut Leaf) -> Result<Kind, ()> {
        Ok(if crate::decrypt::is_comment_place(comment) {
            Kind::Comment
        } else {
            Kind::Value
        })
    }

    fn bad_key(&mut self, _: &Key) {}
}
