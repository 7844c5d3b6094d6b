//! One SOPS file: read it, open it, change it, close it, write it; byte-compatible with SOPS.
//!
//! Pure functions of bytes, keys, time and randomness. Who holds a master key is the business of `providers`.
//!
//! The way of a file:
//!
//! ```text
//! bytes ─ Store::read_plain ─► Document ─ encrypt ─► EncryptedFile ─ Store::write_encrypted ─► bytes
//! bytes ─ Store::read_encrypted ─► EncryptedFile ─ decrypt ─► Document ─ Store::write_plain ─► bytes
//! ```
//!
//! A [`Document`] keeps the text it was read from, so that writing changes only the values that changed.

#![forbid(unsafe_code)]

pub mod cipher;
pub mod config;
mod data_key;
mod decrypt;
mod encrypt;
mod error;
mod graft;
pub mod mac;
mod master_key;
mod metadata;
mod previous;
mod seal;
pub mod selector;
pub mod shamir;
pub mod store;
pub mod tree;
mod tree_edit;
pub mod value;
mod walk;

pub use config::Config;
pub use data_key::{DATA_KEY_BYTES, DataKey, KeyShare};
pub use decrypt::{MacCheck, decrypt};
pub use encrypt::{Encrypted, Header, encrypt};
pub use error::{
    ConfigError, DecryptError, EditError, EncryptError, ReadError, TreePathError, Warning, WarningKind,
    WriteError,
};
pub use master_key::{KeyGroup, KeyKind, MasterKey};
pub use metadata::Metadata;
pub use previous::{Previous, open_mixed};
pub use selector::Selector;
pub use store::{EncryptedFile, Layout, Store};
pub use tree::{Document, Extracted, NewValue, TreePath};
pub use value::Value;

/// The newest sops release that the tests compare with; written as `version` into new files.
pub const SOPS_VERSION: &str = "3.13.3";

/// A source of random bytes, handed in by the caller (the operating system in the programs, a fixed one in tests).
pub trait Random {
    /// Fills the whole buffer.
    ///
    /// # Errors
    ///
    /// When the system has no randomness to give; nothing may be encrypted then.
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RandomError>;
}

/// The random source failed.
#[derive(Debug, thiserror::Error)]
#[error("the system gave no random bytes")]
pub struct RandomError;
