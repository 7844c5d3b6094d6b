//! Why there is no program.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why a program could not be had.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ToolError {
    /// Go built nothing.
    #[error("building {peer} failed: {command}\n{output}")]
    Build {
        /// The module in `tests/tools/`.
        peer: &'static str,
        /// What was run.
        command: String,
        /// The end of what Go said.
        output: String,
    },
    /// A file of the cache or of `tests/tools/` could not be used.
    #[error("{what} {}", path.display())]
    File {
        /// What was tried, in words that end before the path.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// There is no Go.
    #[error("go could not be started; install it (Debian: apt-get install golang-go, 1.25.8 or newer)")]
    NoGo(#[source] io::Error),
    /// Neither a cache folder nor a home is set.
    #[error("set GITSEAL_TOOLS_CACHE or HOME: there is no folder for the built programs")]
    NoCache,
    /// An override names something that is not a file.
    #[error("{variable} names {}, which is no file", path.display())]
    Override {
        /// The variable.
        variable: String,
        /// Its value.
        path: PathBuf,
    },
}

/// An error with all its causes, one a line.
pub(super) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text.push_str(&format!("\n  cause: {next}"));
        cause = next.source();
    }
    text
}
