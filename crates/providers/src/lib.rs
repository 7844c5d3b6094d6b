//! Everyone who holds a key: asks outside parties to wrap or open shares of data keys.
//!
//! Knows no file format, no cluster and no command line. Settings arrive as values.
//!
//! ```text
//! lock    data key ─ one share per key group ─ wrapped for every master key of the group
//! unlock  each group: the first master key that opens ─ shares ─ data key
//! ```

#![forbid(unsafe_code)]

#[cfg(feature = "age")]
pub mod age;
mod error;
mod lock;
mod name;
pub mod random;
mod service;
mod settings;
mod unlock;

pub use error::{Attempt, LockError, ProviderError, SettingsError, UnlockError};
pub use lock::Mixing;
pub use name::{holds_private_key, looks_private, public_name};
pub use service::{BoxFuture, Effort, KeyService, KeyServices};
pub use settings::{Environment, Prompt, Settings};
