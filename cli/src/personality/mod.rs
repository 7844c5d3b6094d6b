//! Behaving as another program: its flags, streams, texts and exit codes over our own commands (decision D1).

mod flags;
#[cfg(feature = "seal")]
pub mod kubeseal;
pub mod sops;
