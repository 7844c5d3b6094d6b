//! Reading within limits: the size is asked before anything is read (spec/security S-20).

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use sops::Store;
use zeroize::Zeroizing;

use crate::error::{CliError, Kind};
use crate::io::Io;

/// Most bytes of a text file.
const MAX_TEXT_BYTES: u64 = 5 << 20;
/// Most bytes of content of the binary store.
const MAX_BINARY_BYTES: u64 = 64 << 20;
/// What the JSON around the content of an encrypted binary file may take.
const BINARY_FRAME_BYTES: u64 = 1 << 20;
/// How much of the end of a too large file is looked at.
const TAIL_BYTES: usize = 64 << 10;

/// How much is read at most. `GITSEAL_MAX_BYTES` raises both limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    text: u64,
    binary: u64,
}

impl Limits {
    /// The limits of this run.
    ///
    /// # Errors
    ///
    /// `GITSEAL_MAX_BYTES` is not a number.
    pub fn of(io: &Io) -> Result<Self, CliError> {
        let Some(text) = io.env_text("GITSEAL_MAX_BYTES") else {
            return Ok(Self::default());
        };
        let raised: u64 = text.parse().map_err(|_| {
            CliError::new(Kind::Generic, "GITSEAL_MAX_BYTES is not a number of bytes")
                .hint("write it in digits, for example GITSEAL_MAX_BYTES=104857600")
        })?;
        Ok(Self {
            text: raised.max(MAX_TEXT_BYTES),
            binary: raised.max(MAX_BINARY_BYTES),
        })
    }

    /// Most bytes of a plain file of that store.
    pub fn plain(self, store: Store) -> u64 {
        if store == Store::Binary {
            self.binary
        } else {
            self.text
        }
    }

    /// Most bytes of an encrypted file of that store; a binary one holds its content in base64.
    pub fn encrypted(self, store: Store) -> u64 {
        if store == Store::Binary {
            self.binary / 3 * 4 + BINARY_FRAME_BYTES
        } else {
            self.text
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            text: MAX_TEXT_BYTES,
            binary: MAX_BINARY_BYTES,
        }
    }
}

/// Reads a file for a command that does not write it. Pipes and devices are read too, within the limit.
///
/// # Errors
///
/// Missing: exit 100. A folder, unreadable, too large: exit 2.
pub fn read(path: &Path, shown: &Path, max: u64) -> Result<Zeroizing<Vec<u8>>, CliError> {
    let mut file = File::open(path).map_err(|error| cannot_open(shown, error))?;
    let meta = file.metadata().map_err(|error| cannot_open(shown, error))?;
    if meta.is_dir() {
        return Err(is_folder(shown));
    }
    if meta.is_file() && meta.len() > max {
        return Err(too_large(shown, Some(meta.len()), max));
    }
    if meta.file_type().is_socket() {
        return Err(CliError::new(
            Kind::ReadInput,
            format!("{} is a socket, not a file", shown.display()),
        ));
    }
    read_at_once(&mut file, meta.len(), max, shown)
}

/// Whether the last part of a file holds these bytes: a look at a file that is too large to be read.
pub fn tail_has(path: &Path, bytes: &[u8]) -> bool {
    use std::os::unix::fs::FileExt;
    let Ok(file) = File::open(path) else { return false };
    let size = file.metadata().map_or(0, |meta| meta.len());
    let mut tail = vec![0; TAIL_BYTES];
    let Ok(read) = file.read_at(&mut tail, size.saturating_sub(TAIL_BYTES as u64)) else {
        return false;
    };
    tail[..read].windows(bytes.len()).any(|window| window == bytes)
}

/// Reads a stream to its end, but no more than `max` bytes.
///
/// # Errors
///
/// Too large, or unreadable: exit 2.
pub fn read_limited(from: &mut dyn Read, max: u64, shown: &Path) -> Result<Zeroizing<Vec<u8>>, CliError> {
    read_at_once(from, 64 << 10, max, shown)
}

/// Reads into one buffer. Growing it by doubling would leave copies; they are wiped by hand.
pub(super) fn read_at_once(
    from: &mut dyn Read,
    expected: u64,
    max: u64,
    shown: &Path,
) -> Result<Zeroizing<Vec<u8>>, CliError> {
    // One more byte than expected, so that the end is seen without growing.
    let first = usize::try_from(expected.min(max)).unwrap_or(0) + 1;
    let mut bytes = Zeroizing::new(vec![0; first]);
    let mut filled = 0;
    loop {
        if filled == bytes.len() {
            let mut larger = Zeroizing::new(vec![0; bytes.len() * 2]);
            larger[..filled].copy_from_slice(&bytes);
            bytes = larger;
        }
        match from.read(&mut bytes[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(cannot_open(shown, error)),
        }
        if filled as u64 > max {
            return Err(too_large(shown, None, max));
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

pub(super) fn cannot_open(shown: &Path, error: std::io::Error) -> CliError {
    match error.kind() {
        ErrorKind::NotFound => CliError::new(Kind::NoFile, format!("{} does not exist", shown.display())),
        ErrorKind::IsADirectory => is_folder(shown),
        _ => CliError::new(Kind::ReadInput, format!("cannot read {}", shown.display())).because(error),
    }
}

pub(super) fn is_folder(shown: &Path) -> CliError {
    CliError::new(
        Kind::ReadInput,
        format!("{} is a folder, not a file", shown.display()),
    )
    .hint("name a file in it; encrypt, decrypt, rotate, updatekeys and filestatus also take folders")
}

/// What to say about a file beyond the limit.
pub fn too_large(shown: &Path, size: Option<u64>, max: u64) -> CliError {
    let what = match size {
        Some(size) => format!(
            "{} is too large: {size} bytes, at most {max} are read",
            shown.display()
        ),
        None => format!("{} is too large: at most {max} bytes are read", shown.display()),
    };
    CliError::new(Kind::ReadInput, what).hint("GITSEAL_MAX_BYTES raises the limit")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_read_whole_up_to_the_limit() {
        for (name, size, max, fits) in [
            ("empty", 0, 10, true),
            ("small", 3, 10, true),
            ("exactly the limit", 10, 10, true),
            ("one over", 11, 10, false),
            ("larger than the first buffer", 200_000, 300_000, true),
        ] {
            let source = vec![7; size];
            let read = read_limited(&mut source.as_slice(), max, Path::new("x"));
            assert_eq!(
                read.as_ref().map(|bytes| bytes.len()).ok(),
                fits.then_some(size),
                "case: {name}"
            );
        }
    }

    #[test]
    fn the_size_is_asked_before_reading() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("big.yaml");
        // Sparse: reading it would take a gigabyte, asking does not.
        File::create(&path).unwrap().set_len(1 << 30).unwrap();
        let error = read(&path, Path::new("big.yaml"), MAX_TEXT_BYTES).unwrap_err();
        assert_eq!(error.kind, Kind::ReadInput);
        assert_eq!(
            error.message,
            "big.yaml is too large: 1073741824 bytes, at most 5242880 are read"
        );
    }

    #[test]
    fn a_folder_is_not_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let error = read(folder.path(), Path::new("d"), 10).unwrap_err();
        assert_eq!(
            (error.kind, error.message.as_str()),
            (Kind::ReadInput, "d is a folder, not a file")
        );
    }
}
