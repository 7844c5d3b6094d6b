//! Kubernetes objects as data: everything that can be decided about them without a cluster.
//!
//! - [`read`]: YAML and JSON streams to [`Object`]s, all errors at once, each with its line;
//! - [`Secret`]: the typed, redacting view of a v1 Secret;
//! - [`write`](mod@write): objects as `kubectl` and `kubeseal` print them;
//! - [`template`]: Go templates over secret values, without functions that reach outside.

#![forbid(unsafe_code)]

mod base64;
mod error;
mod metadata;
mod object;
pub mod read;
mod scalar;
mod secret;
pub mod template;
pub mod text;
mod typed;
pub mod write;

pub use base64::decode_base64;
pub use error::{Problem, ReadErrors};
pub use metadata::Metadata;
pub use object::{Object, Origin};
pub use read::{Format, Limits, read_objects};
pub use secret::{Secret, SecretError};
pub use yaml::Position;
