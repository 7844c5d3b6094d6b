//! A text with SealedSecrets and Secrets in it: found, and edited so that no other byte moves (decision D2).
//!
//! YAML streams and JSON (one value or several), with any other documents in between; items of Lists count too.
//!
//! ```text
//! text ── chunk ──► documents ── manifest ──► objects       (once)
//! edit ── yaml or json ──► one document anew ── read back and compared ──► kept
//! ```
//!
//! An edit parses its own document only. What it wrote is read again; if that is not exactly what was asked, the
//! edit is refused and the text stays as it was.

mod block;
mod change;
mod chunk;
mod compose;
mod convert;
mod json;
mod lines;
mod nodes;
mod template_texts;
mod value;
mod yaml_edit;

use crds::SealedSecret;
use manifest::{Limits, Object, Origin};
use serde_json::Value;
use thiserror::Error;
use zeroize::Zeroizing;

use chunk::Chunk;
pub use template_texts::TemplateTexts;
use value::{Wiped, wipe};

/// What one object of a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A v1 Secret.
    Secret,
    /// A SealedSecret.
    SealedSecret,
    /// Anything else: kept as it is.
    Other,
}

/// Handle of one object inside its [`SealedFile`]; in order of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place(pub(crate) usize);

/// A parsed text, and the edits made so far. Its texts and values are wiped on drop.
pub struct SealedFile {
    chunks: Vec<Chunk>,
    slots: Vec<Slot>,
    limits: Limits,
}

/// One object and where it stands.
struct Slot {
    chunk: usize,
    kind: Kind,
    object: Object,
}

/// Why a text cannot be read or edited.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FileError {
    /// The text cannot be read.
    #[error(transparent)]
    Read(#[from] manifest::ReadErrors),
    /// There is no such object or item.
    #[error("{0}")]
    Missing(String),
    /// This form cannot be edited (an alias, a merge key, …): line and what.
    #[error("line {line}: {what}")]
    Form {
        /// Line, from 1.
        line: usize,
        /// What stands there.
        what: &'static str,
    },
}

impl SealedFile {
    /// Parses a text.
    ///
    /// # Errors
    ///
    /// Every document that cannot be read, with its line.
    pub fn parse(text: &str, limits: &Limits) -> Result<Self, FileError> {
        let (chunks, read) = chunk::read_all(text, limits)?;
        let mut slots = Vec::new();
        for (index, read) in read.into_iter().enumerate() {
            for (object, kind) in read {
                slots.push(Slot {
                    chunk: index,
                    kind,
                    object,
                });
            }
        }
        Ok(Self {
            chunks,
            slots,
            limits: *limits,
        })
    }

    /// All objects, in order: what each is and where it stood when the text was parsed.
    pub fn objects(&self) -> Vec<(Place, Kind, Origin)> {
        let slots = self.slots.iter().enumerate();
        slots
            .map(|(at, slot)| (Place(at), slot.kind, slot.object.origin()))
            .collect()
    }

    /// One object as data (as the peer reads it).
    ///
    /// # Panics
    ///
    /// Only with a handle of another file.
    pub fn object(&self, place: Place) -> &Object {
        &self.slots[place.0].object
    }

    /// One SealedSecret as data.
    ///
    /// # Errors
    ///
    /// It is none, or a field has the wrong type.
    pub fn sealed_secret(&self, place: Place) -> Result<SealedSecret, FileError> {
        self.expect(place, Kind::SealedSecret)?;
        // The cause may quote the value that it stumbled over.
        serde_json::from_value(self.object(place).value().clone())
            .map_err(|_| self.form(place, "a field of the SealedSecret has the wrong type"))
    }

    /// Sets one item of a SealedSecret: replaces its text where it stands, or adds it behind the last one. Makes
    /// `encryptedData` where it is missing. An item that has this text already stays as it is written.
    ///
    /// # Errors
    ///
    /// See [`FileError`].
    pub fn set_item(&mut self, place: Place, item: &str, sealed: &str) -> Result<(), FileError> {
        self.set_items(place, &[(item, sealed)])
    }

    /// Sets several items of one SealedSecret, reading it once: see [`set_item`](Self::set_item).
    ///
    /// # Errors
    ///
    /// See [`FileError`]. All or none are set.
    pub fn set_items(&mut self, place: Place, items: &[(&str, &str)]) -> Result<(), FileError> {
        self.expect(place, Kind::SealedSecret)?;
        let value = self.object(place).value();
        let new: Vec<_> = items
            .iter()
            .copied()
            .filter(|(item, sealed)| {
                text_at(value, &ITEMS, item).is_none_or(|old| !value::same_base64(old, sealed))
            })
            .collect();
        if new.is_empty() {
            return Ok(());
        }
        let mut wanted = value.clone();
        for (item, sealed) in &new {
            value::put(&mut wanted, &ITEMS, item, Value::String((*sealed).to_owned()));
        }
        self.edit(
            place,
            |text, at| match json::document(text) {
                Some(root) => json::edit::set(text, &root, at, &ITEMS, &new),
                None => yaml_edit::set(text, at, &ITEMS, &new, yaml_edit::Exact::Base64),
            },
            Wiped(wanted),
        )
    }

    /// Sets items of many SealedSecrets: as [`set_items`](Self::set_items), but a List is read once for all of its objects.
    ///
    /// # Errors
    ///
    /// See [`FileError`]. Documents before the one at fault are changed.
    pub fn set_all(&mut self, changes: &[(Place, &str, &str)]) -> Result<(), FileError> {
        let (mut there, mut missing) = (Vec::new(), Vec::new());
        for &(place, item, sealed) in changes {
            self.expect(place, Kind::SealedSecret)?;
            match value::at(self.object(place).value(), &ITEMS).and_then(|items| items.get(item)) {
                None => missing.push((place, item, sealed)),
                Some(Value::String(old)) if value::same_base64(old, sealed) => {}
                Some(_) => there.push((place, item, sealed)),
            }
        }
        self.edit_items(&there)?;
        for (place, item, sealed) in missing {
            self.set_item(place, item, sealed)?;
        }
        Ok(())
    }

    /// Removes one item, from `encryptedData` and from `template.data` if it stands there as null only.
    ///
    /// # Errors
    ///
    /// See [`FileError`].
    pub fn remove_item(&mut self, place: Place, item: &str) -> Result<(), FileError> {
        self.expect(place, Kind::SealedSecret)?;
        self.has_item(place, item)?;
        let data = value::at(self.object(place).value(), &TEMPLATES);
        let hidden = data.and_then(|data| data.get(item)) == Some(&Value::Null);
        self.together(place, |file| {
            if hidden {
                file.remove(place, &TEMPLATES, item)?;
            }
            file.remove(place, &ITEMS, item)
        })
    }

    /// Renames one item; its ciphertext stays. A null of its name in `template.data`, which leaves the item out of the
    /// Secret, is renamed with it.
    ///
    /// # Errors
    ///
    /// See [`FileError`]; also if the new name is taken.
    pub fn rename_item(&mut self, place: Place, old: &str, new: &str) -> Result<(), FileError> {
        self.expect(place, Kind::SealedSecret)?;
        self.has_item(place, old)?;
        if old == new {
            return Ok(());
        }
        let value = self.object(place).value();
        if value::at(value, &ITEMS).is_some_and(|items| items.get(new).is_some()) {
            return Err(FileError::Missing(format!("there is an item {new} already")));
        }
        let hidden = value::at(value, &TEMPLATES)
            .is_some_and(|data| data.get(old) == Some(&Value::Null) && data.get(new).is_none());
        self.together(place, |file| {
            if hidden {
                file.rename(place, &TEMPLATES, old, new)?;
            }
            file.rename(place, &ITEMS, old, new)
        })
    }

    /// Sets one annotation of the object's own metadata; makes `annotations` where it is missing. `None` removes it,
    /// and `annotations` with the last one.
    ///
    /// # Errors
    ///
    /// See [`FileError`].
    pub fn set_annotation(&mut self, place: Place, name: &str, value: Option<&str>) -> Result<(), FileError> {
        let old = self.object(place).value();
        let present = value::at(old, &ANNOTATIONS).and_then(|all| all.get(name));
        let Some(text) = value else {
            if present.is_none() {
                return Ok(());
            }
            let last = value::at(old, &ANNOTATIONS)
                .and_then(Value::as_object)
                .map_or(0, |all| all.len())
                == 1;
            return if last {
                self.remove(place, &["metadata"], "annotations")
            } else {
                self.remove(place, &ANNOTATIONS, name)
            };
        };
        if present.and_then(Value::as_str) == Some(text) {
            return Ok(());
        }
        let mut wanted = old.clone();
        value::put(&mut wanted, &ANNOTATIONS, name, Value::String(text.to_owned()));
        self.edit(
            place,
            |source, at| match json::document(source) {
                Some(root) => json::edit::set(source, &root, at, &ANNOTATIONS, &[(name, text)]),
                None => yaml_edit::set(source, at, &ANNOTATIONS, &[(name, text)], yaml_edit::Exact::Text),
            },
            Wiped(wanted),
        )
    }

    /// Turns a Secret into the SealedSecret given, where it stands: document markers, other documents, comments around
    /// the object, and comments and quoting on what stays (metadata, type, item names) remain as far as they have a place.
    ///
    /// # Errors
    ///
    /// See [`FileError`].
    pub fn seal_in_place(&mut self, place: Place, sealed: &SealedSecret) -> Result<(), FileError> {
        if self.slots[place.0].kind != Kind::Secret && !self.object(place).kind().is_empty() {
            return self.expect(place, Kind::Secret);
        }
        let wanted = serde_json::to_value(sealed)
            .map_err(|_| self.form(place, "the SealedSecret cannot be written as JSON"))?;
        self.convert(place, Wiped(wanted), convert::Direction::Seal)
    }

    /// Turns a SealedSecret into the Secret given, where it stands; the same rules.
    ///
    /// # Errors
    ///
    /// See [`FileError`].
    pub fn unseal_in_place(&mut self, place: Place, secret: &manifest::Secret) -> Result<(), FileError> {
        self.expect(place, Kind::SealedSecret)?;
        self.convert(place, Wiped(secret.to_value()), convert::Direction::Unseal)
    }

    /// The text with all edits. Without edits: the same bytes.
    pub fn into_text(mut self) -> Zeroizing<String> {
        let mut chunks = std::mem::take(&mut self.chunks);
        if let [only] = chunks.as_mut_slice() {
            return std::mem::take(&mut only.text);
        }
        let mut out = Zeroizing::new(String::with_capacity(
            chunks.iter().map(|chunk| chunk.text.len()).sum(),
        ));
        for chunk in &chunks {
            out.push_str(&chunk.text);
        }
        out
    }
}

impl Drop for SealedFile {
    fn drop(&mut self) {
        for slot in self.slots.drain(..) {
            wipe(slot.object.into_value());
        }
    }
}

fn text_at<'v>(value: &'v Value, path: &[&str], key: &str) -> Option<&'v str> {
    value::at(value, path)?.get(key)?.as_str()
}

/// Where the items of a SealedSecret stand.
const ITEMS: [&str; 2] = ["spec", "encryptedData"];
/// Where its templates stand.
const TEMPLATES: [&str; 3] = ["spec", "template", "data"];
/// Where the annotations of any object stand.
const ANNOTATIONS: [&str; 2] = ["metadata", "annotations"];
