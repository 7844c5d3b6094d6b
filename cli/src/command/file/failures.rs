//! What to say when a step fails, or worked but for something: library errors and warnings in words for people.

use std::path::Path;

use sops::{DecryptError, EditError, EncryptError, Metadata, ReadError, Store, Warning, WriteError};

use crate::error::{CliError, Kind};

/// What to say about a file that is not read.
pub fn cannot_read(error: ReadError, what: &str, store: Store, kind: Kind) -> CliError {
    let hint = match &error {
        ReadError::MetadataNotFound {
            block_in_document: Some(number),
        } => Some(format!(
            "document {number} has the sops block, but SOPS reads that of the first document only"
        )),
        ReadError::MetadataNotFound {
            block_in_document: None,
        } if store == Store::Binary => {
            Some("it is not encrypted, or of another type: name it with --input-type".to_owned())
        }
        ReadError::MetadataNotFound {
            block_in_document: None,
        } => Some("the file is not encrypted: gitseal encrypt -i encrypts it".to_owned()),
        ReadError::Syntax { .. } if store == Store::Binary => {
            Some("the name of the file says binary; name its type with --input-type".to_owned())
        }
        ReadError::Syntax { .. } => Some(format!(
            "it is read as {}; correct that line, or take the last good version out of Git",
            store.word()
        )),
        ReadError::BadMetadata { .. } | ReadError::NoKeys => {
            Some("take the sops block of the last good version out of Git".to_owned())
        }
        _ => None,
    };
    let failed = CliError::new(kind, what).because(error);
    match hint {
        Some(hint) => failed.hint(hint),
        None => failed,
    }
}

/// What to say about a file that does not open.
pub fn cannot_decrypt(error: DecryptError, what: &str) -> CliError {
    let (kind, hint) = match &error {
        DecryptError::MacMismatch | DecryptError::MacMissing | DecryptError::MacUnreadable(_) => (
            Kind::MacMismatch,
            "somebody changed the file without SOPS: compare it with its last good version; gitseal decrypt \
             --ignore-mac shows it as it is",
        ),
        DecryptError::BadValue { .. } => (
            Kind::DecryptTree,
            "the value was changed, or moved to another key: compare the file with its last good version",
        ),
        _ => (Kind::DecryptTree, "compare the file with its last good version"),
    };
    CliError::new(kind, what).because(error).hint(hint)
}

/// What to say about a document that is not encrypted.
pub fn cannot_encrypt(error: EncryptError, what: &str) -> CliError {
    let kind = match &error {
        EncryptError::AlreadyEncrypted => Kind::AlreadyEncrypted,
        EncryptError::NoDocument => Kind::NoDocument,
        EncryptError::Random(_) => Kind::Generic,
        _ => Kind::EncryptTree,
    };
    CliError::new(kind, what).because(error)
}

/// What to say about a result that is not written.
pub fn cannot_write(error: WriteError, what: &str) -> CliError {
    CliError::new(Kind::DumpTree, what)
        .because(error)
        .hint("another --output-type can hold it")
}

/// What to say about a value that is not found, set or removed.
pub fn cannot_edit(error: EditError, what: &str) -> CliError {
    let kind = match &error {
        EditError::ReservedKey => Kind::AlreadyEncrypted,
        EditError::Write(_) => Kind::DumpTree,
        _ => Kind::Generic,
    };
    CliError::new(kind, what).because(error)
}

/// A file of post-quantum and classical recipients is as weak as its weakest (spec/security S-17).
pub fn mixed_warning(metadata: &Metadata, shown: &Path) -> Option<String> {
    is_mixed(metadata).then(|| {
        format!(
            "{}: post-quantum and classical age recipients are mixed on this file",
            shown.display()
        )
    })
}

#[cfg(feature = "age")]
fn is_mixed(metadata: &Metadata) -> bool {
    providers::age::is_mixed(metadata)
}

#[cfg(not(feature = "age"))]
fn is_mixed(_: &Metadata) -> bool {
    false
}

/// Gives an error of a missing file the exit code of the command at hand.
pub fn missing_is(kind: Kind) -> impl Fn(CliError) -> CliError {
    move |error| {
        if error.kind == Kind::NoFile {
            CliError { kind, ..error }
        } else {
            error
        }
    }
}

/// Warnings as lines with file and line.
pub fn told(warnings: &[Warning], shown: &Path) -> Vec<String> {
    warnings.iter().map(|warning| tell(warning, shown)).collect()
}

fn tell(warning: &Warning, shown: &Path) -> String {
    use sops::WarningKind as W;
    let what = match warning.kind {
        W::RespelledScalar => "this spelling of a number, boolean or date does not survive: quote it",
        W::AliasReplaced => {
            "the alias was replaced by a copy of its value: SOPS opens no alias to an encrypted value"
        }
        W::TagLikeText => "this reads as a YAML tag and stays in clear: quote it",
        W::ClearComment => "the comment is not encrypted, or does not open",
        W::PlainLeaf => "the value was plain in an encrypted file, and is encrypted now",
        W::IgnoredSelection => "a binary file is encrypted as a whole: the selection of values has no effect",
        _ => "take a look at it",
    };
    let mut line = shown.display().to_string();
    if warning.line > 0 {
        line.push_str(&format!(":{}", warning.line));
    }
    if !warning.path.is_empty() {
        line.push_str(&format!(": {}", warning.path));
    }
    format!("{line}: {what}")
}
