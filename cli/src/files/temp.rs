//! A temp file in the folder of its target: without a name until it is complete, where the system can do that.
//!
//! Killed at any moment, it leaves nothing, or a complete file under a name that walks leave out; a signal that can be
//! caught removes that too.

use std::fs::File;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;

use rustix::fs::{Advice, AtFlags, CWD, Gid, Mode, OFlags, Uid};
use rustix::io::Errno;

use super::folders::{Folder, Folders};
use crate::signals;

/// How every temp file begins; a walk leaves them out.
pub(super) const TEMP_PREFIX: &str = ".gitseal-";

/// A file that is being written. Removed when dropped, unless it was renamed.
pub(super) struct Temp {
    folder: Arc<Folder>,
    pub(super) file: File,
    name: Option<TempName>,
}

/// The name of a temp file; the file goes away with this value.
pub(super) struct TempName {
    name: String,
    folder: Arc<Folder>,
    /// False once the file was renamed, or if it never was ours.
    ours: bool,
    _guard: signals::Guard,
}

impl Temp {
    /// Makes one, with these rights at most.
    pub(super) fn create(folder: &Arc<Folder>, mode: Mode) -> Result<Self, Errno> {
        // Without a name nothing can stay behind, whatever happens to us.
        let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
        match rustix::fs::openat(&folder.handle, c".", flags, mode) {
            Ok(file) => Ok(Self {
                folder: Arc::clone(folder),
                file: file.into(),
                name: None,
            }),
            Err(errno @ (Errno::NOSPC | Errno::DQUOT | Errno::ACCESS | Errno::ROFS | Errno::IO)) => {
                Err(errno)
            }
            // The file system cannot do it.
            Err(_) => Self::create_named(folder, mode),
        }
    }

    fn create_named(folder: &Arc<Folder>, mode: Mode) -> Result<Self, Errno> {
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::RDWR | OFlags::CLOEXEC;
        for _ in 0..MAX_NAMES {
            let mut name = TempName::new(folder);
            match rustix::fs::openat(&folder.handle, &name.name, flags, mode) {
                Ok(file) => {
                    name.ours = true;
                    return Ok(Self {
                        folder: Arc::clone(folder),
                        file: file.into(),
                        name: Some(name),
                    });
                }
                Err(Errno::EXIST) => {}
                Err(errno) => return Err(errno),
            }
        }
        Err(Errno::EXIST)
    }

    /// Writes all of it.
    pub(super) fn write(&self, bytes: &[u8]) -> std::io::Result<()> {
        (&self.file).write_all(bytes)
    }

    /// Has the system start to write it to the disk, without waiting. Only advice (it will not be read again), so it
    /// cannot fail.
    pub(super) fn start_writing(&self) {
        let _ = rustix::fs::fadvise(&self.file, 0, None, Advice::DontNeed);
    }

    /// Waits until it is on the disk.
    pub(super) fn sync(&self) -> std::io::Result<()> {
        self.file.sync_all()
    }

    /// Gives the complete file a name beside its target.
    pub(super) fn named(self) -> Result<TempName, Errno> {
        if let Some(name) = self.name {
            return Ok(name);
        }
        for _ in 0..MAX_NAMES {
            let mut name = TempName::new(&self.folder);
            match self.link(&name.name) {
                Ok(()) => {
                    name.ours = true;
                    return Ok(name);
                }
                Err(Errno::EXIST) => {}
                // No /proc here.
                Err(_) => return self.copied(),
            }
        }
        Err(Errno::EXIST)
    }

    fn link(&self, name: &str) -> Result<(), Errno> {
        let folder = &self.folder.handle;
        match rustix::fs::linkat(&self.file, c"", folder, name, AtFlags::EMPTY_PATH) {
            Ok(()) => Ok(()),
            Err(Errno::EXIST) => Err(Errno::EXIST),
            // Older kernels let only root do that; the way through /proc is open to all.
            Err(_) => {
                let this = format!("/proc/self/fd/{}", self.file.as_raw_fd());
                rustix::fs::linkat(CWD, this, folder, name, AtFlags::SYMLINK_FOLLOW)
            }
        }
    }

    /// Copies the content into a file that has a name from the start.
    fn copied(self) -> Result<TempName, Errno> {
        let failed = |error: std::io::Error| Errno::from_io_error(&error).unwrap_or(Errno::IO);
        let meta = self.file.metadata().map_err(failed)?;
        let copy = Self::create_named(&self.folder, Mode::RUSR | Mode::WUSR)?;
        let mut at = 0;
        while at < meta.len() {
            let rest = usize::try_from(meta.len() - at).unwrap_or(usize::MAX);
            if rustix::fs::sendfile(&copy.file, &self.file, Some(&mut at), rest)? == 0 {
                return Err(Errno::IO);
            }
        }
        // Whether the owner must be kept was decided when the first file got it.
        let _ = rustix::fs::fchown(
            &copy.file,
            Some(Uid::from_raw(meta.uid())),
            Some(Gid::from_raw(meta.gid())),
        );
        rustix::fs::fchmod(&copy.file, Mode::from_raw_mode(meta.mode() & 0o7777))?;
        copy.sync().map_err(failed)?;
        copy.named()
    }
}

impl TempName {
    fn new(folder: &Arc<Folder>) -> Self {
        let mut random = [0; 8];
        // A clash is tried again, so a failing source costs nothing but tries.
        let _ = providers::random::fill(&mut random);
        let name = format!("{TEMP_PREFIX}{:016x}.tmp", u64::from_ne_bytes(random));
        let path = folder.path.join(&name);
        let guard = signals::on_signal(move || {
            let _ = std::fs::remove_file(path);
        });
        Self {
            name,
            folder: Arc::clone(folder),
            ours: false,
            _guard: guard,
        }
    }

    /// Puts the file in the place of another one of the same folder, which is synced now or with the others.
    pub(super) fn rename(mut self, to: &std::ffi::OsStr, later: Option<&Folders>) -> Result<(), Errno> {
        rustix::fs::renameat(&self.folder.handle, &self.name, &self.folder.handle, to)?;
        self.ours = false;
        match later {
            Some(later) => later.note(&self.folder),
            None => self.folder.sync(),
        }
        Ok(())
    }
}

impl Drop for TempName {
    fn drop(&mut self) {
        if self.ours {
            let _ = rustix::fs::unlinkat(&self.folder.handle, &self.name, AtFlags::empty());
        }
    }
}

/// How many random names are tried.
const MAX_NAMES: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_of_making_one_ends_in_the_same_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().canonicalize().unwrap();
        let handle = Folder::open(&path).unwrap();
        let mode = Mode::RUSR | Mode::WUSR | Mode::RGRP;
        let count = || std::fs::read_dir(&path).unwrap().count();
        for way in ["usual", "named from the start", "copied at the end"] {
            let temp = match way {
                "named from the start" => Temp::create_named(&handle, mode).unwrap(),
                _ => Temp::create(&handle, mode).unwrap(),
            };
            temp.write(b"content").unwrap();
            rustix::fs::fchmod(&temp.file, mode).unwrap();
            let name = if way == "copied at the end" {
                temp.copied()
            } else {
                temp.named()
            }
            .unwrap();
            name.rename("result".as_ref(), None).unwrap();
            assert_eq!(std::fs::read(path.join("result")).unwrap(), b"content", "{way}");
            assert_eq!(
                std::fs::metadata(path.join("result")).unwrap().mode() & 0o777,
                0o640,
                "{way}"
            );
            assert_eq!(count(), 1, "{way}");
            std::fs::remove_file(path.join("result")).unwrap();
        }
    }

    #[test]
    fn what_is_not_renamed_goes_away() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().canonicalize().unwrap();
        let handle = Folder::open(&path).unwrap();
        drop(Temp::create(&handle, Mode::RUSR).unwrap());
        drop(Temp::create_named(&handle, Mode::RUSR).unwrap());
        drop(Temp::create(&handle, Mode::RUSR).unwrap().named().unwrap());
        assert_eq!(std::fs::read_dir(&path).unwrap().count(), 0);
    }
}
