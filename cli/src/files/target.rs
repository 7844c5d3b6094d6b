//! A file that will be replaced: which one it is, and that it is still the same later.
//!
//! Everything happens relative to an open handle of its folder, so that a folder that is moved or swapped for a link
//! between reading and writing cannot lead the write elsewhere (spec/security S-31).

use std::ffi::OsString;
use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{CWD, FlockOperation, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;
use zeroize::Zeroizing;

use super::folders::Folders;
use super::limit;
use crate::error::{CliError, Kind};

/// Whether other writers of the same file wait for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// From reading to replacing: two processes that change the same file do it one after the other.
    Hold,
    /// No lock, for as long as an editor is open; a change by somebody else meanwhile is an error when writing.
    None,
}

/// A file that was read in order to be replaced.
pub struct Opened {
    /// Its content.
    pub bytes: Zeroizing<Vec<u8>>,
    /// Where the new content goes.
    pub target: Target,
}

/// What was read, and must be there still when it is replaced.
pub struct Target {
    pub(super) folder: OwnedFd,
    pub(super) folder_path: PathBuf,
    pub(super) name: OsString,
    pub(super) seen: Seen,
    /// Keeps the lock, and gives mode, owner and extended attributes.
    pub(super) file: File,
    /// As the user named it, for messages.
    pub(super) shown: PathBuf,
    /// Where the folder waits for its sync, in a run over many files.
    pub(super) folders: Option<Arc<Folders>>,
}

/// What tells one version of a file from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
}

impl Seen {
    pub(super) fn of(meta: &std::fs::Metadata) -> Self {
        Self {
            device: meta.dev(),
            inode: meta.ino(),
            size: meta.size(),
            modified: (meta.mtime(), meta.mtime_nsec()),
        }
    }
}

/// Opens a file in order to replace it later. A link is followed, once, to a target inside the tree.
///
/// # Errors
///
/// Missing: exit 100. A folder or device, a link out of the tree, unreadable, too large:
/// exit 2. Read-only: exit 3.
pub fn open_for_update(
    path: &Path,
    shown: &Path,
    tree: Option<&Path>,
    max: u64,
    lock: Lock,
) -> Result<Opened, CliError> {
    open_target(path, shown, tree, lock)?.read(max)
}

/// The same without reading.
pub(super) fn open_target(
    path: &Path,
    shown: &Path,
    tree: Option<&Path>,
    lock: Lock,
) -> Result<Target, CliError> {
    // A file that another process replaced while we waited for its lock is opened anew.
    for _ in 0..MAX_REOPENS {
        let target = open(path, shown, tree)?;
        if lock == Lock::None {
            return Ok(target);
        }
        // A file system without locks: the check when writing is what remains.
        let _ = rustix::io::retry_on_intr(|| rustix::fs::flock(&target.file, FlockOperation::LockExclusive));
        if target.is_named() {
            return Ok(target);
        }
    }
    Err(CliError::new(
        Kind::WriteOutput,
        format!("{} keeps being replaced by others", shown.display()),
    )
    .hint("run the command again when the other program is done"))
}

fn open(path: &Path, shown: &Path, tree: Option<&Path>) -> Result<Target, CliError> {
    let unreadable = |error| limit::cannot_open(shown, error);
    let real = real_path(path, shown, tree)?;
    let (Some(folder_path), Some(name)) = (real.parent(), real.file_name()) else {
        return Err(limit::is_folder(shown));
    };
    let folder = open_folder(folder_path).map_err(|errno| unreadable(errno.into()))?;
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file =
        rustix::fs::openat(&folder, name, flags, Mode::empty()).map_err(|errno| unreadable(errno.into()))?;
    let file = File::from(file);
    let meta = file.metadata().map_err(unreadable)?;
    if meta.is_dir() {
        return Err(limit::is_folder(shown));
    }
    if !meta.is_file() {
        return Err(CliError::new(
            Kind::ReadInput,
            format!("{} is not a regular file", shown.display()),
        )
        .hint("only a regular file can be changed in place"));
    }
    check_writable(&folder, name, &meta, shown)?;
    Ok(Target {
        folder,
        folder_path: folder_path.to_owned(),
        name: name.to_owned(),
        seen: Seen::of(&meta),
        file,
        shown: shown.to_owned(),
        folders: None,
    })
}

impl Target {
    fn read(mut self, max: u64) -> Result<Opened, CliError> {
        let meta = self
            .file
            .metadata()
            .map_err(|error| limit::cannot_open(&self.shown, error))?;
        if meta.len() > max {
            return Err(limit::too_large(&self.shown, Some(meta.len()), max));
        }
        self.seen = Seen::of(&meta);
        let bytes = limit::read_at_once(&mut self.file, meta.len(), max, &self.shown)?;
        Ok(Opened { bytes, target: self })
    }

    /// Whether the name still leads to the file that was read, unchanged.
    pub(super) fn is_current(&self) -> bool {
        self.named_now().is_some_and(|now| now == self.seen)
    }

    /// Whether the name still leads to the file that was opened.
    fn is_named(&self) -> bool {
        self.named_now()
            .is_some_and(|now| (now.device, now.inode) == (self.seen.device, self.seen.inode))
    }

    fn named_now(&self) -> Option<Seen> {
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let now = rustix::fs::openat(&self.folder, &self.name, flags, Mode::empty()).ok()?;
        Some(Seen::of(&File::from(now).metadata().ok()?))
    }

    /// Leaves the sync of the folder to the end of the run.
    pub fn sync_later(&mut self, folders: &Arc<Folders>) {
        self.folders = Some(Arc::clone(folders));
    }

    /// The real path of the file.
    pub fn path(&self) -> PathBuf {
        self.folder_path.join(&self.name)
    }

    /// The name under which the user knows it.
    pub fn shown(&self) -> &Path {
        &self.shown
    }
}

/// Opens a folder by its canonical path; a link that appeared in it since is refused.
pub(super) fn open_folder(path: &Path) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    match rustix::fs::openat2(CWD, path, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS) {
        // Kernels and sandboxes without openat2.
        Err(Errno::NOSYS | Errno::PERM | Errno::INVAL) => {
            rustix::fs::openat(CWD, path, flags | OFlags::NOFOLLOW, Mode::empty())
        }
        done => done,
    }
}

/// Where a path leads. Spec/sops-cli §15.4: a link may lead anywhere inside the tree, which is the nearest folder above
/// with `.git`, else the folder named.
fn real_path(path: &Path, shown: &Path, tree: Option<&Path>) -> Result<PathBuf, CliError> {
    let unreadable = |error| limit::cannot_open(shown, error);
    // A link above the tree (a home folder that is one) is not the file's affair: compare real paths.
    let named_parent = path.parent().unwrap_or_else(|| Path::new("/"));
    let parent = named_parent.canonicalize().map_err(unreadable)?;
    if parent != crate::config::clean(named_parent) {
        refuse_folder_link(named_parent, &parent, path, shown)?;
    }
    if let Some(name) = path.file_name()
        && !path.symlink_metadata().map_err(unreadable)?.is_symlink()
    {
        return Ok(parent.join(name));
    }
    let real = path.canonicalize().map_err(unreadable)?;
    if real.parent() == Some(&parent) {
        return Ok(real);
    }
    let named = match tree {
        Some(tree) => tree
            .canonicalize()
            .map_err(|error| limit::cannot_open(shown, error))?,
        None => parent,
    };
    let tree = named
        .ancestors()
        .find(|folder| folder.join(".git").exists())
        .unwrap_or(&named);
    if real.starts_with(tree) {
        return Ok(real);
    }
    Err(leaves_the_tree(shown, &real))
}

/// A folder on the way that is a link out of the tree leads out of it just as a file does.
fn refuse_folder_link(named: &Path, real: &Path, path: &Path, shown: &Path) -> Result<(), CliError> {
    let Some(tree) = named.ancestors().find(|folder| folder.join(".git").exists()) else {
        return Ok(());
    };
    let tree = tree
        .canonicalize()
        .map_err(|error| limit::cannot_open(shown, error))?;
    if real.starts_with(tree) {
        return Ok(());
    }
    Err(leaves_the_tree(
        shown,
        &real.join(path.file_name().unwrap_or_default()),
    ))
}

fn leaves_the_tree(shown: &Path, real: &Path) -> CliError {
    CliError::new(
        Kind::ReadInput,
        format!(
            "{} is a link that leaves the tree: it points to {}",
            shown.display(),
            real.display()
        ),
    )
    .hint(format!("name the target itself: {}", real.display()))
}

/// Renaming over a file needs no right on the file itself; who made it read-only meant it.
fn check_writable(
    folder: &OwnedFd,
    name: &std::ffi::OsStr,
    meta: &std::fs::Metadata,
    shown: &Path,
) -> Result<(), CliError> {
    use rustix::fs::{Access, AtFlags, accessat};
    let allowed = accessat(folder, name, Access::WRITE_OK, AtFlags::EACCESS);
    // Root may write anything: no write bit at all is a statement all the same.
    let denied =
        meta.mode() & 0o222 == 0 || matches!(allowed, Err(Errno::ACCESS | Errno::PERM | Errno::ROFS));
    let refused = |what: String| {
        Err(CliError::new(Kind::WriteOutput, what)
            .hint("make it writable, or write the result elsewhere with --output"))
    };
    if denied {
        return refused(format!("{} is read-only", shown.display()));
    }
    if rustix::fs::fstat(folder).is_ok_and(|stat| stat.st_mode & 0o222 == 0) {
        return refused(format!("the folder of {} is read-only", shown.display()));
    }
    Ok(())
}

/// How often a file is opened again because others replaced it.
const MAX_REOPENS: usize = 100;

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn open_at(path: &Path) -> Result<Opened, CliError> {
        open_for_update(path, path, None, 1000, Lock::Hold)
    }

    #[test]
    fn a_link_is_followed_inside_the_tree_only() {
        let outer = tempfile::tempdir().unwrap();
        let tree = outer.path().join("repo");
        std::fs::create_dir_all(tree.join("a")).unwrap();
        std::fs::create_dir_all(tree.join("b")).unwrap();
        std::fs::write(tree.join("b/real.yaml"), "in").unwrap();
        std::fs::write(outer.path().join("out.yaml"), "out").unwrap();
        symlink("../b/real.yaml", tree.join("a/in.yaml")).unwrap();
        symlink("../../out.yaml", tree.join("a/out.yaml")).unwrap();

        // Without .git the tree of a single file is its own folder.
        assert!(open_at(&tree.join("a/in.yaml")).is_err());
        std::fs::create_dir(tree.join(".git")).unwrap();
        let opened = open_at(&tree.join("a/in.yaml")).unwrap();
        assert_eq!(opened.bytes.as_slice(), b"in");
        assert!(opened.target.path().ends_with("b/real.yaml"));
        drop(opened); // and its lock
        symlink(outer.path(), tree.join("folder")).unwrap();
        symlink("b", tree.join("inside")).unwrap();
        assert!(open_at(&tree.join("folder/out.yaml")).is_err());
        assert!(open_at(&tree.join("inside/real.yaml")).is_ok());
        let error = open_at(&tree.join("a/out.yaml")).err().unwrap();
        let outside = outer.path().canonicalize().unwrap().join("out.yaml");
        assert!(
            error.message.contains(outside.to_str().unwrap()),
            "{}",
            error.message
        );
    }

    #[test]
    fn what_is_not_a_writable_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.yaml");
        std::fs::write(&file, "a: 1\n").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o444)).unwrap();
        assert_eq!(open_at(&file).err().unwrap().kind, Kind::WriteOutput);
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o555)).unwrap();
        assert_eq!(open_at(&file).err().unwrap().kind, Kind::WriteOutput);
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(open_at(folder.path()).err().unwrap().kind, Kind::ReadInput);
        assert_eq!(
            open_at(&folder.path().join("none")).err().unwrap().kind,
            Kind::NoFile
        );
    }
}
