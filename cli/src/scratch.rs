//! A private place for plaintext that a program must see as a file (spec/security S-5).
//!
//! A folder of mode 0700 with one file of mode 0600, in memory where the machine has such a folder. Everything in
//! the folder is overwritten and removed when the value is dropped, and when a signal ends the process.

use std::ffi::OsStr;
use std::fs::{self, DirEntry, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use zeroize::Zeroizing;

use crate::error::CliError;
use crate::files;
use crate::io::Io;
use crate::signals;

/// One file in a folder of its own.
pub struct Scratch {
    folder: PathBuf,
    file: PathBuf,
    /// Let go only after the folder was wiped.
    _guard: signals::Guard,
}

impl Scratch {
    /// Makes the folder and the file, which gets the given name so that editors know what is in it.
    ///
    /// # Errors
    ///
    /// No folder takes it: the last failure.
    pub fn create(name: &OsStr, content: &[u8], io: &Io) -> io::Result<Self> {
        let mut failure = io::Error::other("no folder for temporary files");
        for parent in parents(io) {
            match Self::create_in(&parent, name, content) {
                Ok(scratch) => return Ok(scratch),
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    fn create_in(parent: &Path, name: &OsStr, content: &[u8]) -> io::Result<Self> {
        // Private from its first moment: a umask of 000 must not open it to anybody, not even for an instant.
        let mut builder = tempfile::Builder::new();
        builder.prefix(PREFIX).permissions(Permissions::from_mode(0o700));
        let folder = builder.tempdir_in(parent)?.keep();
        let guard = {
            let folder = folder.clone();
            signals::on_signal(move || wipe(&folder))
        };
        let scratch = Self {
            file: folder.join(name),
            folder,
            _guard: guard,
        };
        // Whatever the umask says.
        fs::set_permissions(&scratch.folder, Permissions::from_mode(0o700))?;
        let mut file = new_file(&scratch.file)?;
        file.set_permissions(Permissions::from_mode(0o600))?;
        file.write_all(content)?;
        Ok(scratch)
    }

    /// The file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// What is in the file now. Editors may have replaced it.
    ///
    /// # Errors
    ///
    /// It is gone, not a file, or larger than `max` bytes.
    pub fn read(&self, max: u64) -> Result<Zeroizing<Vec<u8>>, CliError> {
        files::read(
            &self.file,
            Path::new(self.file.file_name().unwrap_or_default()),
            max,
        )
    }

    /// Puts other content into the file.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub fn write(&self, content: &[u8]) -> io::Result<()> {
        let flags = OFlags::NOFOLLOW.bits().cast_signed();
        let mut file = OpenOptions::new()
            .write(true)
            .truncate(true)
            .custom_flags(flags)
            .open(&self.file)?;
        file.write_all(content)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        wipe(&self.folder);
    }
}

/// Overwrites every file in a folder, then removes all of it. Failures are nobody's business any more: whatever can
/// be removed is removed.
fn wipe(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => wipe(&entry.path()),
            Ok(kind) if kind.is_file() => {
                let _ = overwrite(&entry);
                let _ = fs::remove_file(entry.path());
            }
            _ => {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
    let _ = fs::remove_dir(folder);
}

fn overwrite(entry: &DirEntry) -> io::Result<()> {
    let path = entry.path();
    let metadata = entry.metadata()?;
    // A second name of the file is somebody else's.
    if metadata.nlink() > 1 {
        return Ok(());
    }
    fs::set_permissions(&path, Permissions::from_mode(0o600))?;
    let flags = OFlags::NOFOLLOW.bits().cast_signed();
    let mut file = OpenOptions::new().write(true).custom_flags(flags).open(&path)?;
    let zeros = [0; 4096];
    let mut left = metadata.len();
    while left > 0 {
        let now = usize::try_from(left).unwrap_or(usize::MAX).min(zeros.len());
        file.write_all(&zeros[..now])?;
        left -= now as u64;
    }
    file.sync_data()
}

fn new_file(path: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW.bits().cast_signed();
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .custom_flags(flags)
        .open(path)
}

/// Folders to try, the best first.
fn parents(io: &Io) -> Vec<PathBuf> {
    let runtime = io.env("XDG_RUNTIME_DIR").map(PathBuf::from);
    let in_memory = runtime.into_iter().chain([PathBuf::from(SHARED_MEMORY)]);
    let temporary = io
        .env("TMPDIR")
        .filter(|folder| !folder.is_empty())
        .map(|folder| io.resolve(Path::new(&folder)));
    in_memory
        .filter(|folder| folder.is_absolute() && is_in_memory(folder))
        .chain(temporary)
        .chain([PathBuf::from(TEMPORARY)])
        .collect()
}

#[cfg(target_os = "linux")]
fn is_in_memory(folder: &Path) -> bool {
    const TMPFS: i64 = 0x0102_1994;
    const RAMFS: i64 = 0x8584_58f6;
    #[allow(
        clippy::useless_conversion,
        reason = "the type of f_type differs between platforms"
    )]
    rustix::fs::statfs(folder).is_ok_and(|found| matches!(i64::from(found.f_type), TMPFS | RAMFS))
}

#[cfg(not(target_os = "linux"))]
fn is_in_memory(_: &Path) -> bool {
    false
}

const PREFIX: &str = "gitseal-";
const SHARED_MEMORY: &str = "/dev/shm";
const TEMPORARY: &str = "/tmp";

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn everything_in_the_folder_goes_away() {
        let parent = tempfile::tempdir().unwrap();
        let scratch = Scratch::create_in(parent.path(), OsStr::new("db.yaml"), b"secret: 1\n").unwrap();
        assert_eq!(mode(scratch.file()), 0o600);
        assert_eq!(mode(&scratch.folder), 0o700);
        assert_eq!(scratch.file().file_name(), Some(OsStr::new("db.yaml")));
        fs::write(scratch.folder.join(".db.yaml.swp"), "secret: 1\n").unwrap();
        fs::create_dir(scratch.folder.join("backup")).unwrap();
        fs::write(scratch.folder.join("backup/db.yaml"), "secret: 1\n").unwrap();
        drop(scratch);
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
    }

    #[test]
    fn content_is_overwritten_before_it_is_removed() {
        let parent = tempfile::tempdir().unwrap();
        let scratch = Scratch::create_in(parent.path(), OsStr::new("db.yaml"), &[b'x'; 9000]).unwrap();
        // An open handle still sees the bytes of a file without a name.
        let mut seen = File::open(scratch.file()).unwrap();
        drop(scratch);
        let mut bytes = Vec::new();
        io::Read::read_to_end(&mut seen, &mut bytes).unwrap();
        assert_eq!(bytes, [0; 9000]);
    }

    #[test]
    fn a_second_name_of_a_file_keeps_its_content() {
        let parent = tempfile::tempdir().unwrap();
        let kept = parent.path().join("kept");
        fs::write(&kept, "mine").unwrap();
        let scratch = Scratch::create_in(parent.path(), OsStr::new("db.yaml"), b"").unwrap();
        fs::hard_link(&kept, scratch.folder.join("link")).unwrap();
        std::os::unix::fs::symlink(&kept, scratch.folder.join("symlink")).unwrap();
        drop(scratch);
        assert_eq!(fs::read_to_string(&kept).unwrap(), "mine");
    }
}
