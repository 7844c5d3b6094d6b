//! The file of a cluster's certificate, and what a fetched certificate is to it.

use std::path::PathBuf;

use ::seal::SealingCert;

use super::MAX_BYTES;
use crate::args::ReplaceArgs;
use crate::error::{CliError, Kind};
use crate::files::{self, Secrecy};

/// What a certificate is to the one that is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// None is stored, or one that cannot be read.
    First,
    /// The same bytes.
    None,
    /// Another certificate of the same key: nothing has to be sealed anew.
    SameKey,
    /// Another key.
    NewKey,
}

impl Change {
    /// Compares what is stored with what was fetched.
    pub(super) fn between(old: Option<&Old>, new: &SealingCert, bytes: &[u8]) -> Self {
        let Some(old) = old else { return Self::First };
        match &old.cert {
            _ if old.bytes == bytes => Self::None,
            Some(cert) if cert.fingerprint() == new.fingerprint() => Self::SameKey,
            Some(_) => Self::NewKey,
            None => Self::First,
        }
    }

    /// One word for the report.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::First => "stored",
            Self::None => "unchanged",
            Self::SameKey => "renewed",
            Self::NewKey => "replaced",
        }
    }
}

/// The file of a cluster's certificate.
pub(super) struct Stored {
    /// Absolute.
    pub(super) path: PathBuf,
    /// As the user would write it.
    pub(super) shown: PathBuf,
}

/// What is stored.
pub(super) struct Old {
    bytes: Vec<u8>,
    /// Nothing if it is no certificate.
    pub(super) cert: Option<SealingCert>,
}

impl Stored {
    /// What it holds, if it is there.
    pub(super) fn read(&self) -> Result<Option<Old>, CliError> {
        if !self.path.exists() {
            return Ok(None);
        }
        let bytes = files::read(&self.path, &self.shown, MAX_BYTES)?.to_vec();
        let cert = SealingCert::from_pem(&bytes).ok();
        Ok(Some(Old { bytes, cert }))
    }

    /// Writes it, with its folder.
    pub(super) fn write(&self, bytes: &[u8]) -> Result<(), CliError> {
        if let Some(folder) = self.path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| {
                CliError::new(
                    Kind::WriteOutput,
                    format!("cannot write {}", self.shown.display()),
                )
                .because(error)
            })?;
        }
        files::write_new(
            &self.path,
            &self.shown,
            bytes,
            Secrecy::Sealed,
            ReplaceArgs::default(),
        )
    }
}
