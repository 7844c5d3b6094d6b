//! Changes of a file: written, read back, compared, and only then kept.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::Value;
use zeroize::Zeroizing;

use super::batch::{Batch, Edits};
use super::chunk::Read;
use super::value::{Wiped, wipe};
use super::{FileError, ITEMS, Kind, Place, SealedFile, Slot, chunk, lines, value};

impl SealedFile {
    /// Makes all changes of a batch or none. Lines in errors are those of the text before.
    pub(super) fn apply(&mut self, mut batch: Batch<'_>) -> Result<(), FileError> {
        let mut chunks: BTreeMap<usize, Edits<'_>> = BTreeMap::new();
        for (place, queue) in batch.take_edits() {
            let slot = &self.slots[place.0];
            let edits = chunks.entry(slot.chunk).or_default();
            edits.add(slot.object.origin().item, queue);
        }
        let mut all = Vec::with_capacity(chunks.len());
        for (index, edits) in chunks {
            let text = edits.apply(&self.chunks[index].text);
            let text = text.map_err(|error| self.in_file(index, error))?;
            let read = self.checked(index, &text, &batch.wanted)?;
            all.push((index, text, read));
        }
        for (index, text, read) in all {
            self.take(index, text, read);
        }
        Ok(())
    }

    /// Reads what edits made of a document; refuses it if it is not what was wanted.
    fn checked(&self, index: usize, text: &str, wanted: &BTreeMap<Place, Wiped>) -> Result<Read, FileError> {
        let own = self.slots_of(index);
        let first = Place(own.start)..Place(own.end);
        let first = wanted.range(first).next().map_or(Place(0), |(place, _)| *place);
        let refused = |place: Place| {
            self.form(
                place,
                "this form cannot be edited in place: the result would not read as asked",
            )
        };
        let origin = self.chunks[index].origin;
        let read = chunk::read(text, index, origin, &self.limits).map_err(|_| refused(first))?;
        if own.len() != read.objects.len() || read.shell.0 != self.chunks[index].shell.0 {
            return Err(refused(first));
        }
        let same = |at: usize, slot: &Slot, found: &Value| match wanted.get(&Place(at)) {
            Some(wanted) => value::same_object(found, &wanted.0),
            None => found == slot.object.value(),
        };
        let misfit = own
            .clone()
            .zip(&self.slots[own])
            .zip(&read.objects)
            .find(|((at, slot), (object, _))| !same(*at, slot, object.value()));
        match misfit {
            None => Ok(read),
            Some(((at, _), _)) if wanted.contains_key(&Place(at)) => Err(refused(Place(at))),
            Some(_) => Err(refused(first)),
        }
    }

    /// Puts another text and what was read from it in the place of a document.
    fn take(&mut self, index: usize, text: Zeroizing<String>, read: Read) {
        let own = self.slots_of(index);
        for (slot, (object, kind)) in self.slots[own].iter_mut().zip(read.objects) {
            wipe(std::mem::replace(&mut slot.object, object).into_value());
            slot.kind = kind;
        }
        self.chunks[index].text = text;
    }

    /// The objects of a document. They stand in order of the text.
    fn slots_of(&self, index: usize) -> Range<usize> {
        let start = self.slots.partition_point(|slot| slot.chunk < index);
        let end = self.slots.partition_point(|slot| slot.chunk <= index);
        start..end
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

    /// An error of a document with the line of the whole text.
    fn in_file(&self, index: usize, error: FileError) -> FileError {
        match error {
            FileError::Form { line, what } => FileError::Form {
                line: line + self.lines_before(index),
                what,
            },
            other => other,
        }
    }

    fn lines_before(&self, index: usize) -> usize {
        let before = self.chunks.iter().take(index);
        before.map(|chunk| lines::count(&chunk.text)).sum()
    }
}
