//! A file that will be replaced: which one it is, and that it is still the same later.
//!
//! Everything happens relative to an open handle of its folder, so that a folder that is moved or swapped for a link
//! between reading and writing cannot lead the write elsewhere (spec/security S-31).

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;
use zeroize::Zeroizing;

use super::folders::{Folder, Folders};
use super::limit;
use super::turn::{Lock, PATIENCE, Turn};
use crate::error::{CliError, Kind};

/// A file that was read in order to be replaced.
pub struct Opened {
    /// Its content.
    pub bytes: Zeroizing<Vec<u8>>,
    /// Where the new content goes.
    pub target: Target,
}

/// What was read, and must be there still when it is replaced.
pub struct Target {
    pub(super) folder: Arc<Folder>,
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
    modified: (i64, u64),
}

impl Seen {
    #[allow(
        clippy::unnecessary_cast,
        reason = "the types of the fields differ by processor"
    )]
    pub(super) fn of(stat: &Stat) -> Self {
        Self {
            device: stat.st_dev as u64,
            inode: stat.st_ino as u64,
            size: stat.st_size as u64,
            modified: (stat.st_mtime as i64, stat.st_mtime_nsec as u64),
        }
    }

    /// Whether it is the same file, changed or not.
    fn is_same_file(&self, other: &Self) -> bool {
        (self.device, self.inode) == (other.device, other.inode)
    }
}

/// Opens a file in order to replace it later. A link is followed, once, to a target inside the tree.
///
/// # Errors
///
/// Missing: exit 100. A folder or device, a link out of the tree, unreadable, too large:
/// exit 2. Read-only, or locked by another program for too long: exit 3.
pub fn open_for_update(
    path: &Path,
    shown: &Path,
    tree: Option<&Path>,
    max: u64,
    lock: Lock,
) -> Result<Opened, CliError> {
    open_in_turn(path, shown, tree, max, &Turn::new(lock, None))
}

/// The same for a file of a run over many.
///
/// # Errors
///
/// As for [`open_for_update`]; see also [`Turn::met_lock`].
pub fn open_in_turn(
    path: &Path,
    shown: &Path,
    tree: Option<&Path>,
    max: u64,
    turn: &Turn,
) -> Result<Opened, CliError> {
    open_target(path, shown, tree, turn)?.read(max)
}

/// The same without reading.
pub(super) fn open_target(
    path: &Path,
    shown: &Path,
    tree: Option<&Path>,
    turn: &Turn,
) -> Result<Target, CliError> {
    // A file that another process replaced while we waited for its lock is opened anew.
    for _ in 0..MAX_REOPENS {
        let mut target = open(path, shown, tree, turn)?;
        if turn.lock == Lock::None {
            return Ok(target);
        }
        if !turn.take(&target.file) {
            return Err(locked(shown));
        }
        // It may have been written in place while we waited.
        if let Some(now) = target.named_now().filter(|now| now.is_same_file(&target.seen)) {
            target.seen = now;
            return Ok(target);
        }
    }
    Err(CliError::new(
        Kind::WriteOutput,
        format!("{} keeps being replaced by others", shown.display()),
    )
    .hint("run the command again when the other program is done"))
}

fn open(path: &Path, shown: &Path, tree: Option<&Path>, turn: &Turn) -> Result<Target, CliError> {
    let unreadable = |error| limit::cannot_open(shown, error);
    let named_folder = path.parent().unwrap_or_else(|| Path::new("/"));
    let mut folder = real_folder(named_folder, path, shown, turn.folders.as_deref())?;
    let mut name = path.file_name().map(ToOwned::to_owned);
    let mut opened = match &name {
        Some(name) => open_in(&folder, name),
        None => Err(Errno::LOOP),
    };
    if matches!(opened, Err(Errno::LOOP)) {
        let real = link_target(path, shown, tree, &folder.path)?;
        let (Some(real_folder), Some(real_name)) = (real.parent(), real.file_name()) else {
            return Err(limit::is_folder(shown));
        };
        folder = Folder::open(real_folder).map_err(|errno| unreadable(errno.into()))?;
        opened = open_in(&folder, real_name);
        name = Some(real_name.to_owned());
    }
    let file = opened.map_err(|errno| unreadable(errno.into()))?;
    let stat = rustix::fs::fstat(&file).map_err(|errno| unreadable(errno.into()))?;
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => {}
        FileType::Directory => return Err(limit::is_folder(shown)),
        _ => {
            return Err(CliError::new(
                Kind::ReadInput,
                format!("{} is not a regular file", shown.display()),
            )
            .hint("only a regular file can be changed in place"));
        }
    }
    let name = name.unwrap_or_default();
    check_writable(&folder, &name, &stat, shown)?;
    Ok(Target {
        folder,
        name,
        seen: Seen::of(&stat),
        file,
        shown: shown.to_owned(),
        folders: turn.folders.clone(),
    })
}

/// Never through a link, and without waiting for the other end of a pipe.
fn open_in(folder: &Folder, name: &OsStr) -> Result<File, Errno> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    rustix::fs::openat(&folder.handle, name, flags, Mode::empty()).map(File::from)
}

impl Target {
    fn read(mut self, max: u64) -> Result<Opened, CliError> {
        let size = self.seen.size;
        if size > max {
            return Err(limit::too_large(&self.shown, Some(size), max));
        }
        let bytes = limit::read_at_once(&mut self.file, size, max, &self.shown)?;
        Ok(Opened { bytes, target: self })
    }

    /// Whether the name still leads to the file that was read, unchanged.
    pub(super) fn is_current(&self) -> bool {
        self.named_now().is_some_and(|now| now == self.seen)
    }

    /// What the name leads to now.
    fn named_now(&self) -> Option<Seen> {
        let stat = rustix::fs::statat(&self.folder.handle, &self.name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
        Some(Seen::of(&stat))
    }

    /// The real path of the file.
    pub fn path(&self) -> PathBuf {
        self.folder.path.join(&self.name)
    }

    /// The name under which the user knows it.
    pub fn shown(&self) -> &Path {
        &self.shown
    }
}

/// The folder that a file is named in, opened by its canonical path. Files of one run that are named in the same folder
/// share it.
fn real_folder(
    named: &Path,
    path: &Path,
    shown: &Path,
    folders: Option<&Folders>,
) -> Result<Arc<Folder>, CliError> {
    let unreadable = |error| limit::cannot_open(shown, error);
    if let Some(known) = folders.and_then(|folders| folders.known(named)) {
        return Ok(known);
    }
    // A link above the tree (a home folder that is one) is not the file's affair: compare real paths.
    let real = named.canonicalize().map_err(unreadable)?;
    if real != crate::config::clean(named) {
        refuse_folder_link(named, &real, path, shown)?;
    }
    let folder = Folder::open(&real).map_err(|errno| unreadable(errno.into()))?;
    if let Some(folders) = folders {
        folders.learn(named, &folder);
    }
    Ok(folder)
}

/// Where a link leads. Spec/sops-cli §15.4: anywhere inside the tree, which is the nearest folder above with `.git`,
/// else the folder named. `parent`: the real folder of the link.
fn link_target(path: &Path, shown: &Path, tree: Option<&Path>, parent: &Path) -> Result<PathBuf, CliError> {
    let unreadable = |error| limit::cannot_open(shown, error);
    let real = path.canonicalize().map_err(unreadable)?;
    if real.parent() == Some(parent) {
        return Ok(real);
    }
    let named = match tree {
        Some(tree) => &tree.canonicalize().map_err(unreadable)?,
        None => parent,
    };
    let tree = named
        .ancestors()
        .find(|folder| folder.join(".git").exists())
        .unwrap_or(named);
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

fn locked(shown: &Path) -> CliError {
    CliError::new(
        Kind::WriteOutput,
        format!("{} is locked by another program", shown.display()),
    )
    .hint(format!(
        "it was waited for, {} seconds at most; run the command again when the other program is done",
        PATIENCE.as_secs()
    ))
}

/// Renaming over a file needs no right on the file itself; who made it read-only meant it.
fn check_writable(folder: &Folder, name: &OsStr, stat: &Stat, shown: &Path) -> Result<(), CliError> {
    use rustix::fs::{Access, accessat};
    let allowed = accessat(&folder.handle, name, Access::WRITE_OK, AtFlags::EACCESS);
    // Root may write anything: no write bit at all is a statement all the same.
    let denied =
        stat.st_mode & 0o222 == 0 || matches!(allowed, Err(Errno::ACCESS | Errno::PERM | Errno::ROFS));
    let refused = |what: String| {
        Err(CliError::new(Kind::WriteOutput, what)
            .hint("make it writable, or write the result elsewhere with --output"))
    };
    if denied {
        return refused(format!("{} is read-only", shown.display()));
    }
    if !folder.writable {
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
