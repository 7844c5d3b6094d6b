//! Where results go: standard output as they come, or a file that is replaced at the end and only on success
//! (spec/sealed-secrets §11.9).

use std::path::{Path, PathBuf};

use serde_json::Value;
use zeroize::Zeroizing;

use super::session::{Format, Session};
use super::words::Failure;
use crate::args::ReplaceArgs;
use crate::files::{Secrecy, write_new};
use crate::io::Io;

/// Where results go.
pub(super) enum Output {
    /// Standard output.
    Stream,
    /// A file, and what it will hold.
    File {
        /// As the user named it.
        shown: PathBuf,
        /// What was written so far; `None` for a mode that writes nothing.
        content: Option<Zeroizing<Vec<u8>>>,
        /// Whether the content is plaintext.
        secrecy: Secrecy,
    },
}

impl Output {
    /// Looks whether the file can be there before any work is done.
    ///
    /// # Errors
    ///
    /// Its folder is not there.
    pub(super) fn open(session: &Session<'_>, io: &Io) -> Result<Self, Failure> {
        let Some(shown) = session.output() else {
            return Ok(Self::Stream);
        };
        let path = io.resolve(shown);
        if let Some(Err(error)) = path.parent().map(std::fs::metadata) {
            return Err(Failure::open(shown, &error));
        }
        Ok(Self::File {
            shown: shown.to_owned(),
            content: None,
            secrecy: if session.parsed.on("recovery-unseal") {
                Secrecy::Plain
            } else {
                Secrecy::Sealed
            },
        })
    }

    /// Writes more.
    ///
    /// # Errors
    ///
    /// Standard output is closed.
    pub(super) fn write(&mut self, bytes: &[u8], io: &mut Io) -> Result<(), Failure> {
        match self {
            Self::Stream => Ok(io.write_stdout(bytes)?),
            Self::File { content, .. } => {
                let content = content.get_or_insert_default();
                let needed = content.len() + bytes.len();
                if needed > content.capacity() {
                    // Growing in place would leave a copy that nobody wipes.
                    let mut larger = Zeroizing::new(Vec::with_capacity(needed * 2));
                    larger.extend_from_slice(content);
                    *content = larger;
                }
                content.extend_from_slice(bytes);
                Ok(())
            }
        }
    }

    /// Puts the file in its place. An existing one keeps its mode unless plaintext goes into it; a new one is for its
    /// owner alone, as the peer does.
    ///
    /// # Errors
    ///
    /// It cannot be written; what was there stays.
    pub(super) fn finish(self, io: &Io) -> Result<(), Failure> {
        let Self::File {
            shown,
            content: Some(content),
            secrecy,
        } = self
        else {
            return Ok(());
        };
        let path = io.resolve(&shown);
        let secrecy = if path.exists() { secrecy } else { Secrecy::Plain };
        Ok(write_new(
            &path,
            &shown,
            &content,
            secrecy,
            ReplaceArgs::default(),
        )?)
    }
}

/// One object in the format asked for.
pub(super) fn text(value: &Value, format: Format) -> Zeroizing<String> {
    match format {
        Format::Json => manifest::write::json(value),
        Format::Yaml => manifest::write::yaml(value),
    }
}

/// The bytes of a file to read.
///
/// # Errors
///
/// In the words of the peer.
pub(super) fn read(path: &Path, max: u64, io: &Io) -> Result<Zeroizing<Vec<u8>>, Failure> {
    crate::files::read(&io.resolve(path), path, max).map_err(|error| Failure::read(path, &error))
}
