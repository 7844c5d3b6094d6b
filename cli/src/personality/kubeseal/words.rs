//! What kubeseal says when it fails. Scripts look for these words, so they are the peer's where it has any.

use std::path::Path;

use crate::certificate::{FetchError, plain_words};
use crate::cluster::ClusterError;
use crate::error::{CliError, Kind};

/// Why a run failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// `error: TEXT` on standard error, exit 1.
    Text(String),
    /// The reader of standard output went away: a quiet success.
    Quiet,
}

impl Failure {
    /// A failure with its text.
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A file that cannot be opened.
    pub(super) fn open(path: &Path, error: &std::io::Error) -> Self {
        Self::Text(format!("open {}: {}", path.display(), plain_words(error)))
    }

    /// A file that one of our own functions did not read.
    pub(super) fn read(path: &Path, error: &CliError) -> Self {
        if error.kind == Kind::NoFile {
            return Self::Text(format!("open {}: no such file or directory", path.display()));
        }
        match error.source.as_deref().and_then(|source| source.downcast_ref()) {
            Some(source) => Self::open(path, source),
            None => Self::Text(error.message.clone()),
        }
    }
}

impl From<CliError> for Failure {
    fn from(error: CliError) -> Self {
        if error.kind == Kind::BrokenPipe {
            return Self::Quiet;
        }
        let mut text = error.message.clone();
        for cause in error.causes() {
            text.push_str(": ");
            text.push_str(&cause);
        }
        Self::Text(text)
    }
}

impl From<FetchError> for Failure {
    fn from(error: FetchError) -> Self {
        match error {
            FetchError::File { path, source } => Self::open(&path, &source),
            FetchError::Network { url, why } => Self::Text(format!("Get \"{url}\": {why}")),
            other => Self::Text(other.to_string()),
        }
    }
}

/// The text of a cluster's failure; `call` says what was asked of the controller.
pub(super) fn cluster(error: &ClusterError, call: &str) -> Failure {
    Failure::Text(match error {
        ClusterError::Service(reason) => {
            format!("cannot get sealed secret service: {reason}.\n{SERVICE_HINT}")
        }
        ClusterError::Call { reason, .. } => format!("{call}: {reason}"),
        other => other.to_string(),
    })
}

const SERVICE_HINT: &str = "Please, use the flag --controller-name and --controller-namespace to set up the name and \
                            namespace of the sealed secrets controller";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_as_go_does() {
        for (number, want) in [
            (2, "open x: no such file or directory"),
            (13, "open x: permission denied"),
            (40, "open x: too many levels of symbolic links"),
        ] {
            let error = std::io::Error::from_raw_os_error(number);
            assert_eq!(Failure::open(Path::new("x"), &error), Failure::text(want));
        }
    }

    #[test]
    fn a_reader_that_went_away_is_no_error() {
        assert_eq!(Failure::from(CliError::broken_pipe()), Failure::Quiet);
    }
}
