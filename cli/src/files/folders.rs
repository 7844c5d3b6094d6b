//! Folders whose entries changed: each is synced once at the end of a run, not after each of its files.
//!
//! A file is complete and on the disk before it is renamed; the sync of its folder only makes sure that the new name
//! survives a power failure too. Until then the old file is there, whole.

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::sync::{Mutex, PoisonError};

/// The folders of one run that wait for their sync.
#[derive(Default)]
pub struct Folders(Mutex<HashMap<(u64, u64), OwnedFd>>);

impl Folders {
    /// Remembers a folder; one that cannot be remembered is synced at once.
    pub(super) fn note(&self, folder: &OwnedFd) {
        let (Ok(stat), Ok(copy)) = (rustix::fs::fstat(folder), folder.try_clone()) else {
            let _ = rustix::fs::fsync(folder);
            return;
        };
        let mut folders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        folders.entry((stat.st_dev, stat.st_ino)).or_insert(copy);
    }

    /// Syncs all of them.
    pub fn sync(&self) {
        let folders = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        for folder in folders.into_values() {
            // The new content is there; that the folder is not on the disk yet is nothing a caller could undo.
            let _ = rustix::fs::fsync(folder);
        }
    }
}

impl Drop for Folders {
    fn drop(&mut self) {
        self.sync();
    }
}
