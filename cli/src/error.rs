//! What a command reports when it fails: a kind that decides the exit code, a cause, and advice.

use std::error::Error;
use std::fmt;

/// What kind of failure it is; decides the exit code (spec/sops-cli §6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// Anything not listed: configuration, metadata not found, extract not found, …
    Generic,
    /// A command line that is not understood: 2 for our own verbs.
    Usage,
    /// The reader of standard output went away: a quiet success.
    BrokenPipe,
    /// Input that is unreadable, or not parsable as a plain file.
    ReadInput,
    /// The output, or the file in place, cannot be written.
    WriteOutput,
    /// The result cannot be written in the output format.
    DumpTree,
    /// A bad `--encryption-context`.
    EncryptionContext,
    /// A bad path or value of set and unset.
    SetFormat,
    /// Flags that exclude each other.
    Conflicting,
    /// The MAC cannot be encrypted.
    EncryptMac,
    /// A tree that cannot be encrypted.
    EncryptTree,
    /// A value that does not open.
    DecryptTree,
    /// Keys of a file that does not exist.
    KeysOfMissingFile,
    /// The MAC differs, is absent or does not open.
    MacMismatch,
    /// A bad path of `--extract`.
    ExtractPath,
    /// An empty file.
    NoDocument,
    /// No file named, or it does not exist.
    NoFile,
    /// A type twice in the decryption order.
    DuplicateOrder,
    /// The data key was not recovered.
    NoDataKey,
    /// The editor changed nothing.
    Unchanged,
    /// No editor, or it failed.
    NoEditor,
    /// The `version` of the file is not a version.
    VersionCompare,
    /// The file is encrypted already.
    AlreadyEncrypted,
    /// Some of several files failed; each is in [`CliError::failures`].
    Several,
    /// Whatever a child program said.
    Child(u8),
}

impl Kind {
    /// The exit code of the process.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::BrokenPipe => 0,
            Self::Generic | Self::Several => 1,
            Self::Usage | Self::ReadInput => 2,
            Self::WriteOutput => 3,
            Self::DumpTree => 4,
            Self::EncryptionContext => 6,
            Self::SetFormat => 7,
            Self::Conflicting => 8,
            Self::EncryptMac => 21,
            Self::EncryptTree => 23,
            Self::DecryptTree => 25,
            Self::KeysOfMissingFile => 49,
            Self::MacMismatch => 51,
            Self::ExtractPath => 91,
            Self::NoDocument => 92,
            Self::NoFile => 100,
            Self::DuplicateOrder => 112,
            Self::NoDataKey => 128,
            Self::Unchanged => 200,
            Self::NoEditor => 201,
            Self::VersionCompare => 202,
            Self::AlreadyEncrypted => 203,
            Self::Child(code) => code,
        }
    }

    /// One stable word, for `--json`.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Generic => "Failed",
            Self::Usage => "Usage",
            Self::BrokenPipe => "BrokenPipe",
            Self::ReadInput => "CouldNotReadInput",
            Self::WriteOutput => "CouldNotWriteOutput",
            Self::DumpTree => "CouldNotDumpTree",
            Self::EncryptionContext => "InvalidEncryptionContext",
            Self::SetFormat => "InvalidSetFormat",
            Self::Conflicting => "ConflictingParameters",
            Self::EncryptMac => "CouldNotEncryptMac",
            Self::EncryptTree => "CouldNotEncryptTree",
            Self::DecryptTree => "CouldNotDecryptTree",
            Self::KeysOfMissingFile => "CannotChangeKeysOfMissingFile",
            Self::MacMismatch => "MacMismatch",
            Self::ExtractPath => "InvalidTreePath",
            Self::NoDocument => "NoDocument",
            Self::NoFile => "NoFile",
            Self::DuplicateOrder => "DuplicateDecryptionOrder",
            Self::NoDataKey => "NoMatchingKey",
            Self::Unchanged => "FileHasNotBeenModified",
            Self::NoEditor => "NoEditor",
            Self::VersionCompare => "FailedToCompareVersions",
            Self::AlreadyEncrypted => "FileAlreadyEncrypted",
            Self::Several => "SeveralFailed",
            Self::Child(_) => "ProgramFailed",
        }
    }
}

/// Why a command failed. Holds names, counts and places; never content of a file.
#[derive(Debug)]
pub struct CliError {
    /// Decides the exit code.
    pub kind: Kind,
    /// What could not be done, with the name of the file: `cannot decrypt prod/db.yaml`.
    pub message: String,
    /// Why. The personality looks at its type to say it in the peer's words.
    pub source: Option<Box<dyn Error + Send + Sync>>,
    /// Master keys that were tried, and places that were looked at.
    pub tried: Vec<String>,
    /// What the person can do next.
    pub hints: Vec<String>,
    /// For [`Kind::Several`]: one per file, in the order of the input.
    pub failures: Vec<Self>,
}

impl CliError {
    /// An error without a cause.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            source: None,
            tried: Vec::new(),
            hints: Vec::new(),
            failures: Vec::new(),
        }
    }

    /// The quiet end of a command whose reader went away.
    pub fn broken_pipe() -> Self {
        Self::new(Kind::BrokenPipe, "the reader of standard output went away")
    }

    /// Adds the cause.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Adds a line of advice.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Several files failed.
    pub fn several(done: usize, failures: Vec<Self>) -> Self {
        let all = done + failures.len();
        let mut error = Self::new(Kind::Several, format!("{} of {all} files failed", failures.len()));
        error.failures = failures;
        error
    }

    /// The causes, outermost first, each in one line.
    pub fn causes(&self) -> Vec<String> {
        let mut causes = Vec::new();
        let mut next: Option<&(dyn Error + 'static)> = self.source.as_deref().map(|e| e as _);
        while let Some(error) = next {
            let text = error.to_string();
            if causes.last() != Some(&text) {
                causes.push(text);
            }
            next = error.source();
        }
        causes
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for CliError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|e| e as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_told_once_each() {
        let inner = CliError::new(Kind::Generic, "no such key");
        let outer = CliError::new(Kind::Generic, "cannot open a.yaml").because(inner);
        let top = CliError::new(Kind::Generic, "cannot rotate a.yaml").because(outer);
        assert_eq!(top.causes(), ["cannot open a.yaml", "no such key"]);
    }

    #[test]
    fn exit_codes_are_those_of_the_table() {
        for (kind, code) in [
            (Kind::BrokenPipe, 0),
            (Kind::Generic, 1),
            (Kind::Usage, 2),
            (Kind::WriteOutput, 3),
            (Kind::Conflicting, 8),
            (Kind::MacMismatch, 51),
            (Kind::NoFile, 100),
            (Kind::NoDataKey, 128),
            (Kind::AlreadyEncrypted, 203),
            (Kind::Child(7), 7),
        ] {
            assert_eq!(kind.exit_code(), code, "{}", kind.reason());
        }
    }
}
