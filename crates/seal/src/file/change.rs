//! One change of a file: written, read back, compared, and only then kept.

use std::collections::BTreeMap;

use serde_json::Value;
use zeroize::Zeroizing;

use super::chunk::Read;
use super::value::{Wiped, wipe};
use super::{FileError, ITEMS, Kind, Place, SealedFile, Slot, chunk, convert, json, lines, value, yaml_edit};

impl SealedFile {
    /// Removes one entry of the mapping at a path.
    pub(super) fn remove(&mut self, place: Place, path: &[&str], key: &str) -> Result<(), FileError> {
        let mut wanted = self.object(place).value().clone();
        if let Some(map) = value::at_mut(&mut wanted, path) {
            map.shift_remove(key);
        }
        self.edit(
            place,
            |text, at| match json::document(text) {
                Some(root) => json::edit::remove(text, &root, at, path, key),
                None => yaml_edit::remove(text, at, path, key),
            },
            Wiped(wanted),
        )
    }

    /// Gives one entry of the mapping at a path another key.
    pub(super) fn rename(
        &mut self,
        place: Place,
        path: &[&str],
        old: &str,
        new: &str,
    ) -> Result<(), FileError> {
        let mut wanted = self.object(place).value().clone();
        if let Some(map) = value::at_mut(&mut wanted, path)
            && let Some(kept) = map.shift_remove(old)
        {
            map.insert(new.to_owned(), kept);
        }
        self.edit(
            place,
            |text, at| match json::document(text) {
                Some(root) => json::edit::rename(text, &root, at, path, old, new),
                None => yaml_edit::rename(text, at, path, old, new),
            },
            Wiped(wanted),
        )
    }

    /// Turns an object into another one.
    pub(super) fn convert(
        &mut self,
        place: Place,
        wanted: Wiped,
        direction: convert::Direction,
    ) -> Result<(), FileError> {
        let from = Wiped(self.object(place).value().clone());
        let to = Wiped(value::in_order(&from.0, &wanted.0, direction));
        self.edit(
            place,
            |text, at| match json::document(text) {
                Some(root) => json::edit::replace(text, &root, at, &to.0),
                None => convert::convert(text, at, &from.0, &to.0, direction),
            },
            wanted,
        )
    }

    /// Makes one edit: writes the document anew, reads it, and keeps it if it is what was wanted.
    pub(super) fn edit(
        &mut self,
        place: Place,
        change: impl FnOnce(&str, Option<usize>) -> Result<Zeroizing<String>, FileError>,
        wanted: Wiped,
    ) -> Result<(), FileError> {
        let slot = &self.slots[place.0];
        let (index, item) = (slot.chunk, slot.object.origin().item);
        let text = change(&self.chunks[index].text, item);
        self.keep(index, text, &BTreeMap::from([(place, wanted)]))
    }

    /// Makes several edits of one object, or none.
    pub(super) fn together(
        &mut self,
        place: Place,
        edits: impl FnOnce(&mut Self) -> Result<(), FileError>,
    ) -> Result<(), FileError> {
        let index = self.slots[place.0].chunk;
        let old = self.chunks[index].text.clone();
        let done = edits(self);
        if done.is_err()
            && let Ok(read) = chunk::read(&old, index, self.chunks[index].origin, &self.limits)
        {
            self.take(index, old, read);
        }
        done
    }

    /// Sets items of many objects that are there already, each document read once.
    pub(super) fn edit_items(&mut self, changes: &[(Place, &str, &str)]) -> Result<(), FileError> {
        let mut chunks: BTreeMap<usize, Vec<_>> = BTreeMap::new();
        for &(place, item, sealed) in changes {
            let slot = &self.slots[place.0];
            let all = chunks.entry(slot.chunk).or_default();
            all.push((place, slot.object.origin().item, item, sealed));
        }
        for (index, changes) in chunks {
            let mut wanted = BTreeMap::new();
            for &(place, _, item, sealed) in &changes {
                let object = wanted
                    .entry(place)
                    .or_insert_with(|| Wiped(self.object(place).value().clone()));
                value::put(&mut object.0, &ITEMS, item, Value::String(sealed.to_owned()));
            }
            let changes: Vec<_> = changes
                .iter()
                .map(|&(_, at, item, sealed)| (at, item, sealed))
                .collect();
            let text = &self.chunks[index].text;
            let text = match json::document(text) {
                Some(root) => json::edit::replace_values(text, &root, &ITEMS, &changes),
                None => yaml_edit::replace_values(text, &ITEMS, &changes),
            };
            self.keep(index, text, &wanted)?;
        }
        Ok(())
    }

    /// Reads what an edit made of a document, and keeps it if it is what was wanted.
    fn keep(
        &mut self,
        index: usize,
        text: Result<Zeroizing<String>, FileError>,
        wanted: &BTreeMap<Place, Wiped>,
    ) -> Result<(), FileError> {
        let text = text.map_err(|error| match error {
            FileError::Form { line, what } => FileError::Form {
                line: line + self.lines_before(index),
                what,
            },
            other => other,
        })?;
        let refused = || {
            let place = wanted.keys().next().copied().unwrap_or(Place(0));
            self.form(
                place,
                "this form cannot be edited in place: the result would not read as asked",
            )
        };
        let origin = self.chunks[index].origin;
        let read = chunk::read(&text, index, origin, &self.limits).map_err(|_| refused())?;
        if !self.fits(index, &read, wanted) {
            return Err(refused());
        }
        self.take(index, text, read);
        Ok(())
    }

    /// Puts another text and what was read from it in the place of a document.
    fn take(&mut self, index: usize, text: Zeroizing<String>, read: Read) {
        let mut new = read.objects.into_iter();
        for slot in self.slots.iter_mut().filter(|slot| slot.chunk == index) {
            if let Some((object, kind)) = new.next() {
                wipe(std::mem::replace(&mut slot.object, object).into_value());
                slot.kind = kind;
            }
        }
        self.chunks[index].text = text;
    }

    /// Whether a document that was read again has the wanted objects, and everything else as before.
    fn fits(&self, index: usize, read: &Read, wanted: &BTreeMap<Place, Wiped>) -> bool {
        let old = self.slots.iter().enumerate();
        let old: Vec<_> = old.filter(|(_, slot)| slot.chunk == index).collect();
        let same = |at: usize, slot: &Slot, found: &Value| match wanted.get(&Place(at)) {
            Some(wanted) => value::same_object(found, &wanted.0),
            None => found == slot.object.value(),
        };
        old.len() == read.objects.len()
            && read.shell.0 == self.chunks[index].shell.0
            && old
                .iter()
                .zip(&read.objects)
                .all(|((at, slot), (object, _))| same(*at, slot, object.value()))
    }

    /// Refuses an object of another kind.
    pub(super) fn expect(&self, place: Place, kind: Kind) -> Result<(), FileError> {
        if self.slots[place.0].kind == kind {
            return Ok(());
        }
        Err(self.form(
            place,
            match kind {
                Kind::SealedSecret => "this object is no SealedSecret",
                Kind::Secret | Kind::Other => "this object is no Secret",
            },
        ))
    }

    /// Refuses an item that is not there.
    pub(super) fn has_item(&self, place: Place, item: &str) -> Result<(), FileError> {
        match value::at(self.object(place).value(), &ITEMS).and_then(|items| items.get(item)) {
            Some(_) => Ok(()),
            None => Err(FileError::Missing(format!("there is no item {item}"))),
        }
    }

    /// An error at the first line of an object, as the text stands now.
    pub(super) fn form(&self, place: Place, what: &'static str) -> FileError {
        let slot = &self.slots[place.0];
        let chunk = &self.chunks[slot.chunk];
        let line = slot.object.origin().position.line + self.lines_before(slot.chunk) + 1;
        FileError::Form {
            line: line.saturating_sub(chunk.origin.line),
            what,
        }
    }

    fn lines_before(&self, index: usize) -> usize {
        let before = self.chunks.iter().take(index);
        before.map(|chunk| lines::count(&chunk.text)).sum()
    }
}
