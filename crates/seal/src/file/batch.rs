//! Changes of many objects, collected first: each document is then parsed, written, read back and compared once.
//!
//! ```text
//! changes ──► wanted objects
//!        └──► a queue of edits per object ── one of each queue at a time ──► patches ──► document anew
//! ```
//!
//! Edits of two objects are patches of one text. Edits of one object follow each other: the second is made on what
//! the first one left. A YAML document is thus parsed as often as its longest queue asks, whatever its size.

use std::collections::{BTreeMap, VecDeque};

use serde_json::Value;
use zeroize::Zeroizing;

use super::lines::{Patches, patched};
use super::nodes::Nodes;
use super::value::{self, Wiped};
use super::yaml_edit::{Exact, Texts, parse};
use super::{FileError, Place, SealedFile, convert, json, yaml_edit};

/// Changes that are made together or not at all.
#[derive(Default)]
pub(super) struct Batch<'a> {
    /// Every changed object as it will be.
    pub(super) wanted: BTreeMap<Place, Wiped>,
    edits: BTreeMap<Place, Queue<'a>>,
}

/// The edits of one object, in order.
pub(super) type Queue<'a> = VecDeque<Edit<'a>>;

/// One edit of an object.
pub(super) enum Edit<'a> {
    /// Sets entries of the mapping at a path.
    Set {
        path: &'a [&'a str],
        entries: Texts<'a>,
        exact: Exact,
    },
    /// Removes one entry.
    Remove { path: &'a [&'a str], key: &'a str },
    /// Gives one entry another key.
    Rename {
        path: &'a [&'a str],
        old: &'a str,
        new: &'a str,
    },
    /// Turns the object into another one.
    Convert {
        from: Wiped,
        to: Wiped,
        direction: convert::Direction,
    },
}

impl<'a> Batch<'a> {
    /// An object as the changes so far leave it.
    pub(super) fn value<'v>(&'v self, file: &'v SealedFile, place: Place) -> &'v Value {
        match self.wanted.get(&place) {
            Some(wanted) => &wanted.0,
            None => file.object(place).value(),
        }
    }

    /// Sets one entry of the mapping at a path; makes mappings that are missing.
    pub(super) fn set(
        &mut self,
        file: &SealedFile,
        place: Place,
        path: &'a [&'a str],
        (key, new): (&'a str, &'a str),
        exact: Exact,
    ) {
        let text = Value::String(new.to_owned());
        value::put(self.wanted(file, place), path, key, text);
        let entries = vec![(key, new)];
        self.push(place, Edit::Set { path, entries, exact });
    }

    /// The same, in one edit with the entry set before: where the mapping is missing, it is made with both.
    pub(super) fn set_too(
        &mut self,
        file: &SealedFile,
        place: Place,
        path: &'a [&'a str],
        (key, new): (&'a str, &'a str),
        exact: Exact,
    ) {
        self.set(file, place, path, (key, new), exact);
        let Some(queue) = self.edits.get_mut(&place) else {
            return;
        };
        let Some(own) = queue.pop_back() else { return };
        match queue.back_mut() {
            Some(Edit::Set {
                path: last, entries, ..
            }) if *last == path && entries.iter().all(|(known, _)| *known != key) => {
                entries.push((key, new));
            }
            _ => queue.push_back(own),
        }
    }

    /// Removes one entry of the mapping at a path.
    pub(super) fn remove(&mut self, file: &SealedFile, place: Place, path: &'a [&'a str], key: &'a str) {
        if let Some(map) = value::at_mut(self.wanted(file, place), path) {
            map.shift_remove(key);
        }
        self.push(place, Edit::Remove { path, key });
    }

    /// Gives one entry of the mapping at a path another key.
    pub(super) fn rename(
        &mut self,
        file: &SealedFile,
        place: Place,
        path: &'a [&'a str],
        (old, new): (&'a str, &'a str),
    ) {
        if let Some(map) = value::at_mut(self.wanted(file, place), path)
            && let Some(kept) = map.shift_remove(old)
        {
            map.insert(new.to_owned(), kept);
        }
        self.push(place, Edit::Rename { path, old, new });
    }

    /// Turns an object into another one.
    pub(super) fn convert(
        &mut self,
        file: &SealedFile,
        place: Place,
        wanted: Wiped,
        direction: convert::Direction,
    ) -> Result<(), FileError> {
        if self.wanted.contains_key(&place) {
            return Err(file.form(place, "this object is to be turned twice"));
        }
        let from = Wiped(file.object(place).value().clone());
        let to = Wiped(value::in_order(&from.0, &wanted.0, direction));
        self.wanted.insert(place, wanted);
        self.push(place, Edit::Convert { from, to, direction });
        Ok(())
    }

    /// The edits of each object.
    pub(super) fn take_edits(&mut self) -> BTreeMap<Place, Queue<'a>> {
        std::mem::take(&mut self.edits)
    }

    fn wanted(&mut self, file: &SealedFile, place: Place) -> &mut Value {
        let wanted = self.wanted.entry(place);
        &mut wanted
            .or_insert_with(|| Wiped(file.object(place).value().clone()))
            .0
    }

    fn push(&mut self, place: Place, edit: Edit<'a>) {
        self.edits.entry(place).or_default().push_back(edit);
    }
}

/// The edits of objects of one document: item of the List, and its queue.
#[derive(Default)]
pub(super) struct Edits<'a>(Vec<(Option<usize>, Queue<'a>)>);

impl<'a> Edits<'a> {
    /// Adds those of one object.
    pub(super) fn add(&mut self, item: Option<usize>, queue: Queue<'a>) {
        self.0.push((item, queue));
    }

    /// Makes all of them on the text of the document.
    pub(super) fn apply(mut self, text: &str) -> Result<Zeroizing<String>, FileError> {
        let mut new: Option<Zeroizing<String>> = None;
        while !self.0.is_empty() {
            let text = new.as_ref().map_or(text, |new| new.as_str());
            let patches = match json::document(text) {
                Some(root) => self.json(text, &root)?,
                None => self.yaml(text)?,
            };
            new = Some(patched(text, patches).ok_or(FileError::Form {
                line: 1,
                what: "this form cannot be edited in place",
            })?);
            self.0.retain(|(_, queue)| !queue.is_empty());
        }
        Ok(new.unwrap_or_else(|| Zeroizing::new(text.to_owned())))
    }

    /// The first edit of each object as patches of a JSON text.
    fn json(&mut self, text: &str, root: &json::Json) -> Result<Patches, FileError> {
        let document = json::edit::Document::of(text, root);
        let mut patches = Patches::new();
        for (item, queue) in &mut self.0 {
            let item = *item;
            patches.extend(match queue.pop_front() {
                Some(Edit::Set { path, entries, .. }) => document.set(item, path, &entries)?,
                Some(Edit::Remove { path, key }) => document.remove(item, path, key)?,
                Some(Edit::Rename { path, old, new }) => document.rename(item, path, old, new)?,
                Some(Edit::Convert { to, .. }) => document.replace(item, &to.0)?,
                None => Patches::new(),
            });
        }
        Ok(patches)
    }

    /// The first edit of each object as patches of a YAML text. Of several new entries, one at a time.
    fn yaml(&mut self, text: &str) -> Result<Patches, FileError> {
        let stream = parse(text)?;
        let nodes = Nodes::of(&stream)?;
        let mut patches = Patches::new();
        for (item, queue) in &mut self.0 {
            let item = *item;
            patches.extend(match queue.pop_front() {
                Some(Edit::Set { path, entries, exact }) => {
                    let (patches, entries) = yaml_edit::set(&nodes, item, path, entries, exact)?;
                    if !entries.is_empty() {
                        queue.push_front(Edit::Set { path, entries, exact });
                    }
                    patches
                }
                Some(Edit::Remove { path, key }) => yaml_edit::remove(&nodes, item, path, key)?,
                Some(Edit::Rename { path, old, new }) => yaml_edit::rename(&nodes, item, path, old, new)?,
                Some(Edit::Convert { from, to, direction }) => {
                    convert::convert(&nodes, item, &from.0, &to.0, direction)?
                }
                None => Patches::new(),
            });
        }
        Ok(patches)
    }
}
