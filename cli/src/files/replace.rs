//! Replacing a file: the old bytes or the new bytes, at every moment (spec/security S-30).
//!
//! A temp file in the same folder, owner, mode and extended attributes of the old one, `fsync`, a last look whether the
//! old one is still what was read, `rename`, `fsync` of the folder. The temp file has no name until it is complete
//! where the system can do that; a signal removes it otherwise. In a run over many files the steps of several are taken
//! together: see `prepared`.

use std::fs::File;
use std::io::Write;
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use rustix::fs::{Gid, Mode, Uid, XattrFlags};
use rustix::io::Errno;

use super::folders::Folder;
use super::target::{Target, open_target};
use super::temp::Temp;
use super::turn::Turn;
use crate::args::ReplaceArgs;
use crate::error::{CliError, Kind};

/// Whether a new file holds plaintext.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrecy {
    /// Readable by its owner alone, whatever the umask says.
    Plain,
    /// The usual mode of new files.
    Sealed,
}

impl Target {
    /// Puts new content in place of what was read.
    ///
    /// # Errors
    ///
    /// The file changed meanwhile, has further hard links, an owner that cannot be kept, is a mount point; a full
    /// disk: exit 3, and the old content stays.
    pub fn replace(&self, bytes: &[u8], allow: ReplaceArgs) -> Result<(), CliError> {
        self.replace_as(bytes, allow, None)
    }

    fn replace_as(&self, bytes: &[u8], allow: ReplaceArgs, mode: Option<Mode>) -> Result<(), CliError> {
        let temp = self.write_temp(bytes, allow, mode)?;
        self.sync_temp(&temp)?;
        self.put_temp(temp)
    }

    /// The first step: the new content beside the old one, complete with all that is kept of it.
    pub(super) fn write_temp(
        &self,
        bytes: &[u8],
        allow: ReplaceArgs,
        mode: Option<Mode>,
    ) -> Result<Temp, CliError> {
        let meta = self.file.metadata().map_err(|error| self.failed(error))?;
        if meta.nlink() > 1 && !allow.allow_new_inode {
            return Err(self.error(format!("{} has {} hard links", self.shown.display(), meta.nlink())).hint(
                "replacing it would leave the other names with the old content: --allow-new-inode does so",
            ));
        }
        let temp =
            Temp::create(&self.folder, Mode::RUSR | Mode::WUSR).map_err(|errno| self.failed(errno.into()))?;
        temp.write(bytes).map_err(|error| self.failed(error))?;
        self.keep_attributes(&temp, &meta, mode, allow)?;
        Ok(temp)
    }

    /// The second step: the new content is on the disk.
    pub(super) fn sync_temp(&self, temp: &Temp) -> Result<(), CliError> {
        temp.sync().map_err(|error| self.failed(error))
    }

    /// The last step: the new content takes the place of what was read, if that is still there.
    pub(super) fn put_temp(&self, temp: Temp) -> Result<(), CliError> {
        let name = temp.named().map_err(|errno| self.failed(errno.into()))?;
        if !self.is_current() {
            return Err(self
                .error(format!(
                    "{} was changed by somebody else meanwhile",
                    self.shown.display()
                ))
                .hint("nothing was written; run the command again"));
        }
        name.rename(&self.name, self.folders.as_deref())
            .map_err(|errno| self.failed(errno.into()))
    }

    fn keep_attributes(
        &self,
        temp: &Temp,
        meta: &std::fs::Metadata,
        mode: Option<Mode>,
        allow: ReplaceArgs,
    ) -> Result<(), CliError> {
        let file = temp.file.as_fd();
        let new = temp.file.metadata().map_err(|error| self.failed(error))?;
        if (new.uid(), new.gid()) != (meta.uid(), meta.gid()) {
            let (uid, gid) = (Uid::from_raw(meta.uid()), Gid::from_raw(meta.gid()));
            if rustix::fs::fchown(file, Some(uid), Some(gid)).is_err() && !allow.allow_new_inode {
                return Err(self
                    .error(format!("the owner of {} cannot be kept", self.shown.display()))
                    .hint("run as its owner, or replace it all the same with --allow-new-inode"));
            }
        }
        if self.copy_xattrs(temp).is_err() && !allow.allow_new_inode {
            return Err(self
                .error(format!(
                    "the extended attributes of {} cannot be kept",
                    self.shown.display()
                ))
                .hint("replace it all the same with --allow-new-inode"));
        }
        // After chown, which clears some bits, and after the ACL, which may set some.
        let mode = mode.unwrap_or_else(|| Mode::from_raw_mode(meta.mode() & 0o7777));
        rustix::fs::fchmod(file, mode).map_err(|errno| self.failed(errno.into()))
    }

    fn copy_xattrs(&self, temp: &Temp) -> Result<(), Errno> {
        // Most files have none, which is seen without making room for them.
        match rustix::fs::flistxattr(&self.file, &mut [0; 1][..]) {
            Ok(0) | Err(Errno::NOTSUP) => return Ok(()),
            Ok(_) | Err(Errno::RANGE) => {}
            Err(errno) => return Err(errno),
        }
        let mut names = vec![0; XATTR_BYTES];
        let length = rustix::fs::flistxattr(&self.file, &mut names[..])?;
        for name in names[..length]
            .split(|byte| *byte == 0)
            .filter(|name| !name.is_empty())
        {
            // Labels of the security module are the system's to give; the new file has got its own.
            if name.starts_with(b"security.") || name.starts_with(b"trusted.") {
                continue;
            }
            let mut value = vec![0; XATTR_BYTES];
            let length = rustix::fs::fgetxattr(&self.file, name, &mut value[..])?;
            rustix::fs::fsetxattr(&temp.file, name, &value[..length], XattrFlags::empty())?;
        }
        Ok(())
    }

    fn error(&self, message: String) -> CliError {
        CliError::new(Kind::WriteOutput, message)
    }

    fn failed(&self, error: std::io::Error) -> CliError {
        cannot_write(&self.shown, error)
    }
}

/// Writes a file that `--output` names; an existing one is replaced as a whole. Pipes and devices are written to.
///
/// # Errors
///
/// Exit 3, and an existing file stays as it is.
pub fn write_new(
    path: &Path,
    shown: &Path,
    bytes: &[u8],
    secrecy: Secrecy,
    allow: ReplaceArgs,
) -> Result<(), CliError> {
    let failed = |error: std::io::Error| cannot_write(shown, error);
    match std::fs::metadata(path) {
        Ok(meta) if meta.is_dir() => {
            return Err(CliError::new(
                Kind::WriteOutput,
                format!("{} is a folder", shown.display()),
            ));
        }
        Ok(meta) if meta.file_type().is_fifo() || meta.file_type().is_char_device() => {
            let mut out = File::options().write(true).open(path).map_err(failed)?;
            return match out.write_all(bytes) {
                Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Err(CliError::broken_pipe()),
                done => done.map_err(failed),
            };
        }
        Ok(_) => {
            let target = open_target(path, shown, None, &Turn::alone())?;
            let mode = (secrecy == Secrecy::Plain).then_some(Mode::RUSR | Mode::WUSR);
            return target.replace_as(bytes, allow, mode);
        }
        Err(_) if path.is_symlink() => {
            return Err(CliError::new(
                Kind::WriteOutput,
                format!("{} is a link to nothing", shown.display()),
            ));
        }
        Err(_) => {}
    }
    let parent = path.parent().unwrap_or_else(|| Path::new("/"));
    let name = path.file_name().ok_or_else(|| {
        CliError::new(
            Kind::WriteOutput,
            format!("{} is not the name of a file", shown.display()),
        )
    })?;
    let real = parent.canonicalize().map_err(failed)?;
    let folder = Folder::open(&real).map_err(|errno| failed(errno.into()))?;
    let mode = match secrecy {
        Secrecy::Plain => Mode::RUSR | Mode::WUSR,
        Secrecy::Sealed => Mode::from_raw_mode(0o666),
    };
    let temp = Temp::create(&folder, mode).map_err(|errno| failed(errno.into()))?;
    temp.write(bytes).map_err(failed)?;
    if secrecy == Secrecy::Plain {
        // A folder's default ACL may have widened it.
        rustix::fs::fchmod(&temp.file, mode).map_err(|errno| failed(errno.into()))?;
    }
    temp.sync().map_err(failed)?;
    let temp_name = temp.named().map_err(|errno| failed(errno.into()))?;
    temp_name.rename(name, None).map_err(|errno| failed(errno.into()))
}

fn cannot_write(shown: &Path, error: std::io::Error) -> CliError {
    let hint = match Errno::from_io_error(&error) {
        Some(Errno::NOSPC | Errno::DQUOT) => Some("free some space; the file is as it was"),
        Some(Errno::ACCESS | Errno::PERM | Errno::ROFS) => {
            Some("the folder must be writable; the file is as it was")
        }
        Some(Errno::BUSY | Errno::XDEV) => Some(
            "the file itself is a mount point and cannot be replaced: mount its folder, or write to standard output",
        ),
        _ => None,
    };
    let failed = CliError::new(Kind::WriteOutput, format!("cannot write {}", shown.display())).because(error);
    match hint {
        Some(hint) => failed.hint(hint),
        None => failed,
    }
}

/// Most bytes of the names, and of one value, of extended attributes (the kernel's own limit).
const XATTR_BYTES: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;

    use super::super::{Lock, Opened, open_for_update};
    use super::*;

    fn file(mode: u32) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.yaml");
        std::fs::write(&path, "old").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        (folder, path)
    }

    fn open(path: &Path) -> Opened {
        open_for_update(path, path, None, 1000, Lock::Hold).unwrap()
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn the_mode_stays_and_no_temp_file_remains() {
        for mode in [0o644, 0o600, 0o664, 0o755] {
            let (folder, path) = file(mode);
            open(&path)
                .target
                .replace(b"new", ReplaceArgs::default())
                .unwrap();
            assert_eq!(std::fs::read(&path).unwrap(), b"new");
            assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o7777, mode);
            assert_eq!(names(folder.path()), ["a.yaml"]);
        }
    }

    #[test]
    fn user_attributes_stay() {
        let (_folder, path) = file(0o644);
        let old = File::open(&path).unwrap();
        if rustix::fs::fsetxattr(&old, c"user.note", b"kept", XattrFlags::empty()) == Err(Errno::NOTSUP) {
            return; // a file system without them has nothing to keep
        }
        open(&path)
            .target
            .replace(b"new", ReplaceArgs::default())
            .unwrap();
        let mut value = [0; 10];
        let length = rustix::fs::fgetxattr(File::open(&path).unwrap(), c"user.note", &mut value).unwrap();
        assert_eq!(&value[..length], b"kept");
    }

    #[test]
    fn further_hard_links_are_refused_unless_allowed() {
        let (folder, path) = file(0o644);
        std::fs::hard_link(&path, folder.path().join("b.yaml")).unwrap();
        let opened = open(&path);
        let error = opened.target.replace(b"new", ReplaceArgs::default()).unwrap_err();
        assert_eq!(error.kind, Kind::WriteOutput);
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        opened
            .target
            .replace(
                b"new",
                ReplaceArgs {
                    allow_new_inode: true,
                },
            )
            .unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(std::fs::read(folder.path().join("b.yaml")).unwrap(), b"old");
    }

    #[test]
    fn a_file_that_changed_meanwhile_is_left_alone() {
        let (folder, path) = file(0o644);
        let opened = open(&path);
        std::fs::write(&path, "theirs").unwrap();
        let error = opened.target.replace(b"new", ReplaceArgs::default()).unwrap_err();
        assert_eq!(error.kind, Kind::WriteOutput);
        assert_eq!(std::fs::read(&path).unwrap(), b"theirs");
        assert_eq!(names(folder.path()), ["a.yaml"]);
    }

    #[test]
    fn two_writers_come_one_after_the_other() {
        let (_folder, path) = file(0o644);
        std::fs::write(&path, "0").unwrap();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..25 {
                        let opened = open(&path);
                        let number: u32 = std::str::from_utf8(&opened.bytes).unwrap().parse().unwrap();
                        opened
                            .target
                            .replace((number + 1).to_string().as_bytes(), ReplaceArgs::default())
                            .unwrap();
                    }
                });
            }
        });
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "200");
    }

    #[test]
    fn new_plaintext_is_for_its_owner_alone() {
        let (folder, path) = file(0o644);
        let allow = ReplaceArgs::default();
        for (name, secrecy) in [("new", Secrecy::Plain), ("a.yaml", Secrecy::Plain)] {
            let path = folder.path().join(name);
            write_new(&path, &path, b"secret", secrecy, allow).unwrap();
            assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600, "{name}");
        }
        write_new(&path, &path, b"sealed", Secrecy::Sealed, allow).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"sealed");
        assert_eq!(names(folder.path()), ["a.yaml", "new"]);
    }
}
