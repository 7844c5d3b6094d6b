//! One file per word of the command line: an `Args` struct whose doc comment is the help, and `run`.

pub mod completions;
pub mod file;
pub mod man;
#[cfg(feature = "seal")]
pub mod sealed;
pub mod tour;
