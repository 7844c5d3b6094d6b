//! A text with SealedSecrets and Secrets in it: found, and edited so that no other byte moves (decision D2).
//!
//! YAML streams and JSON (one value or several), with any other documents in between; items of Lists count too.
//!
//! ```text
//! text ── chunk ──► documents ── manifest ──► objects       (once)
//! edit ── yaml or json ──► one document anew ── read back and compared ──► kept
//! ```
//!
//! An edit parses its own document only, and edits of many objects of one document parse it together. What it wrote is read again; if that is not exactly what was asked, the
//! edit is refused and the text stays as it was.

mod batch;
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

use batch::Batch;
use chunk::Chunk;
pub use template_texts::TemplateTexts;
use value::{Wiped, wipe};
use yaml_edit::Exact;

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
        let all: Vec<_> = items
            .iter()
            .map(|&(item, sealed)| (place, item, sealed))
            .collect();
        self.set_all(&all)
    }

    /// Sets items of many SealedSecrets: as [`set_items`](Self::set_items), but a List is read once for all of its objects.
    ///
    /// # Errors
    ///
    /// See [`FileError`]. All or none are set.
    pub fn set_all(&mut self, changes: &[(Place, &str, &str)]) -> Result<(), FileError> {
        let mut batch = Batch::default();
        for &(place, item, sealed) in changes {
            self.expect(place, Kind::SealedSecret)?;
            let old = text_at(batch.value(self, place), &ITEMS, item);
            if old.is_none_or(|old| !value::same_base64(old, sealed)) {
                batch.set_too(self, place, &ITEMS, (item, sealed), Exact::Base64);
            }
        }
        self.apply(batch)
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
        let mut batch = Batch::default();
        if hidden {
            batch.remove(self, place, &TEMPLATES, item);
        }
        batch.remove(self, place, &ITEMS, item);
        self.apply(batch)
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
        let mut batch = Batch::default();
        if hidden {
            batch.rename(self, place, &TEMPLATES, (old, new));
        }
        batch.rename(self, place, &ITEMS, (old, new));
        self.apply(batch)
    }

    /// Sets one annotation of the object's own metadata; makes `annotations` where it is missing. `None` removes it,
    /// and `annotations` with the last one.
    ///
    /// # Errors
    ///
    /// See [`FileError`].
    pub fn set_annotation(&mut self, place: Place, name: &str, value: Option<&str>) -> Result<(), FileError> {
        self.set_annotations(&[(place, name, value)])
    }

    /// Sets annotations of many objects: as [`set_annotation`](Self::set_annotation), but a List is read once for all
    /// of its objects.
    ///
    /// # Errors
    ///
    /// See [`FileError`]. All or none are set.
    pub fn set_annotations(&mut self, changes: &[(Place, &str, Option<&str>)]) -> Result<(), FileError> {
        let mut batch = Batch::default();
        for &(place, name, new) in changes {
            let all = value::at(batch.value(self, place), &ANNOTATIONS);
            let old = all.and_then(|all| all.get(name));
            let count = all.and_then(Value::as_object).map_or(0, |all| all.len());
            match new {
                None if old.is_none() => {}
                None if count == 1 => batch.remove(self, place, &METADATA, "annotations"),
                None => batch.remove(self, place, &ANNOTATIONS, name),
                Some(new) if old.and_then(Value::as_str) == Some(new) => {}
                Some(new) => batch.set(self, place, &ANNOTATIONS, (name, new), Exact::Text),
            }
        }
        self.apply(batch)
    }

    /// Turns a Secret into the SealedSecret given, where it stands: document markers, other documents, comments around
    /// the object, and comments and quoting on what stays (metadata, type, item names) remain as far as they have a place.
    ///
    /// # Errors
    ///
    /// See [`FileError`].
    pub fn seal_in_place(&mut self, place: Place, sealed: &SealedSecret) -> Result<(), FileError> {
        self.seal_all(&[(place, sealed)])
    }

    /// Turns many Secrets into SealedSecrets: as [`seal_in_place`](Self::seal_in_place), but a List is read once for
    /// all of its objects.
    ///
    /// # Errors
    ///
    /// See [`FileError`]; also if an object is named twice. All or none are turned.
    pub fn seal_all(&mut self, sealed: &[(Place, &SealedSecret)]) -> Result<(), FileError> {
        let mut batch = Batch::default();
        for &(place, sealed) in sealed {
            // An object without a kind may be meant as a Secret.
            if !self.object(place).kind().is_empty() {
                self.expect(place, Kind::Secret)?;
            }
            let wanted = serde_json::to_value(sealed)
                .map_err(|_| self.form(place, "the SealedSecret cannot be written as JSON"))?;
            batch.convert(self, place, Wiped(wanted), convert::Direction::Seal)?;
        }
        self.apply(batch)
    }

    /// Turns a SealedSecret into the Secret given, where it stands; the same rules.
    ///
    /// # Errors
    ///
    /// See [`FileError`].
    pub fn unseal_in_place(&mut self, place: Place, secret: &manifest::Secret) -> Result<(), FileError> {
        self.unseal_all(&[(place, secret)])
    }

    /// Turns many SealedSecrets into Secrets; the same rules as [`seal_all`](Self::seal_all).
    ///
    /// # Errors
    ///
    /// See [`FileError`]; also if an object is named twice. All or none are turned.
    pub fn unseal_all(&mut self, secrets: &[(Place, &manifest::Secret)]) -> Result<(), FileError> {
        let mut batch = Batch::default();
        for &(place, secret) in secrets {
            self.expect(place, Kind::SealedSecret)?;
            batch.convert(self, place, Wiped(secret.to_value()), convert::Direction::Unseal)?;
        }
        self.apply(batch)
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
/// Where name, namespace and annotations of any object stand.
const METADATA: [&str; 1] = ["metadata"];
/// Where the annotations of any object stand.
const ANNOTATIONS: [&str; 2] = ["metadata", "annotations"];
