//! Folders of one run: each is opened once, and synced once at its end, not after each of its files.
//!
//! A file is complete and on the disk before it is renamed; the sync of its folder only makes sure that the new name
//! survives a power failure too. Until then the old file is there, whole.

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

/// An open folder. What happens in it happens relative to this handle, wherever its path leads later.
pub(super) struct Folder {
    pub(super) handle: OwnedFd,
    /// Its canonical path when it was opened.
    pub(super) path: PathBuf,
    /// Whether anybody may write into it, by its mode.
    pub(super) writable: bool,
    id: (u64, u64),
}

impl Folder {
    /// Opens a folder by its canonical path; a link that appeared in it since is refused.
    pub(super) fn open(path: &Path) -> Result<Arc<Self>, Errno> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let handle = match rustix::fs::openat2(CWD, path, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS) {
            // Kernels and sandboxes without openat2.
            Err(Errno::NOSYS | Errno::PERM | Errno::INVAL) => {
                rustix::fs::openat(CWD, path, flags | OFlags::NOFOLLOW, Mode::empty())
            }
            done => done,
        }?;
        let stat = rustix::fs::fstat(&handle)?;
        Ok(Arc::new(Self {
            handle,
            path: path.to_owned(),
            writable: stat.st_mode & 0o222 != 0,
            id: (stat.st_dev, stat.st_ino),
        }))
    }

    /// Makes the names in it safe. The new content is there already; that the folder is not on the disk yet is nothing
    /// a caller could undo.
    pub(super) fn sync(&self) {
        let _ = rustix::fs::fsync(&self.handle);
    }
}

/// The folders that a run has met.
#[derive(Default)]
pub struct Folders {
    /// By the path that files are named under.
    open: Mutex<HashMap<PathBuf, Arc<Folder>>>,
    /// Those that wait for their sync.
    changed: Mutex<HashMap<(u64, u64), Arc<Folder>>>,
}

impl Folders {
    /// The folder that was opened under this name before.
    pub(super) fn known(&self, named: &Path) -> Option<Arc<Folder>> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.get(named).cloned()
    }

    /// Remembers which folder a name leads to, for the other files in it.
    pub(super) fn learn(&self, named: &Path, folder: &Arc<Folder>) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() >= MAX_OPEN {
            open.clear();
        }
        open.insert(named.to_owned(), Arc::clone(folder));
    }

    /// Remembers that a folder has to be synced.
    pub(super) fn note(&self, folder: &Arc<Folder>) {
        let mut changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
        if changed.len() >= MAX_OPEN {
            changed.drain().for_each(|(_, folder)| folder.sync());
        }
        changed.entry(folder.id).or_insert_with(|| Arc::clone(folder));
    }

    /// Syncs all that changed.
    pub fn sync(&self) {
        let changed = std::mem::take(&mut *self.changed.lock().unwrap_or_else(PoisonError::into_inner));
        changed.into_values().for_each(|folder| folder.sync());
    }
}

impl Drop for Folders {
    fn drop(&mut self) {
        self.sync();
    }
}

/// Most folders that are kept open for later, so that a large repository does not run out of file descriptors.
const MAX_OPEN: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_folders_do_not_stay_open() {
        let root = tempfile::tempdir().unwrap();
        let folders = Folders::default();
        for number in 0..3 * MAX_OPEN {
            let path = root.path().canonicalize().unwrap().join(number.to_string());
            std::fs::create_dir(&path).unwrap();
            let folder = Folder::open(&path).unwrap();
            folders.learn(&path, &folder);
            folders.note(&folder);
            assert!(folders.known(&path).is_some(), "{number}");
        }
        let waiting = folders.changed.lock().unwrap().len();
        let open = folders.open.lock().unwrap().len();
        assert!(
            (1..=MAX_OPEN).contains(&waiting) && (1..=MAX_OPEN).contains(&open),
            "{waiting}, {open}"
        );
        folders.sync();
        assert!(folders.changed.lock().unwrap().is_empty());
    }
}
