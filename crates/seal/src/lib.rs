//! One sealed value, and whole SealedSecrets, compatible with Bitnami Sealed Secrets.
//!
//! ```text
//! Secret ── seal_secret(cert) ──► SealedSecret ── unseal(ring) ──► Secret
//!             per value: session key → RSA-OAEP(label) ‖ AES-256-GCM
//! ```
//!
//! - [`seal_value`], [`open_value`]: one envelope;
//! - [`seal_secret`], [`unseal`], [`reseal_items`]: whole objects;
//! - [`SealingCert`], [`SealingKey`], [`KeyRing`]: keys; [`backup`]: the files that hold them;
//! - [`file`]: a text with SealedSecrets in it, edited so that no other byte moves;
//! - [`explain`]: why something does not open, from public data.
//!
//! ```
//! use seal::{KeyRing, Label, Scope, SealingKey, open_value, seal_value};
//! use secrecy::ExposeSecret;
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let pem = include_bytes!("../../../tests/vectors/sealed/key-a-2048.key.pem");
//! # let crt = include_bytes!("../../../tests/vectors/sealed/key-a-2048.crt.pem");
//! let key = SealingKey::from_pem(pem, Some(crt), &mut || None)?;
//! let ring = KeyRing::newest_first(vec![key]);
//! let cert = ring.current().ok_or("no certificate")?;
//!
//! let label = Label::new(Scope::Strict, "shop", "db");
//! let sealed = seal_value(b"hunter2", &label, cert, &mut |bytes| {
//!     bytes.fill(7); // The operating system's random bytes, of course.
//!     Ok(())
//! })?;
//! let (plain, _) = open_value(&sealed, &label, &ring, None)?;
//! assert_eq!(plain.expose_secret(), b"hunter2");
//!
//! let renamed = Label::new(Scope::Strict, "shop", "database");
//! assert!(open_value(&sealed, &renamed, &ring, None).is_err());
//! # Ok(())
//! # }
//! ```
//!
//! Pure: bytes, time and randomness come in (RSA padding and key generation excepted, see `oaep.rs`).

#![forbid(unsafe_code)]

pub mod backup;
mod cert;
mod envelope;
mod error;
pub mod explain;
pub mod file;
mod fingerprint;
mod key;
mod oaep;
mod pem_block;
mod reseal;
mod ring;
mod scope;
mod seal;
mod sealed_by;
mod unseal;

pub use cert::{SealingCert, Validity};
pub use envelope::{Random, RandomError, SealedValue, open_value, seal_value};
pub use error::{Base64Error, CertError, ItemError, KeyError, OpenError, SealError, UnsealError};
pub use key::SealingKey;
pub use reseal::{ResealError, Resealed, reseal_items};
pub use ring::KeyRing;
pub use scope::{Label, Scope};
pub use seal::{Sealing, seal_secret};
pub use sealed_by::{SEALED_BY, SealedBy, SealedByEntry};
pub use unseal::{Opened, Templates, assemble, open_item, unseal};

/// Prefix of the peer's annotations.
pub const ANNOTATION_PREFIX: &str = "sealedsecrets.bitnami.com/";
