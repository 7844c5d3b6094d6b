//! Custom resources as Rust types, and nothing they do.
//!
//! Floor 0: serde only; no client, no cryptography, no IO.

#![forbid(unsafe_code)]

mod sealed_secret;

pub use sealed_secret::{SealedSecret, SealedSecretSpec, SecretTemplate};
