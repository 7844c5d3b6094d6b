//! Errors of our commands in the words of sops that scripts look for. Where there are none, our own words in one line.

use std::error::Error;

use ::sops::{ConfigError, DecryptError, EditError, EncryptError, ReadError, TreePathError, WriteError};
use providers::{LockError, UnlockError};

use super::report;
use crate::error::{CliError, Kind};
use crate::ui::one_line;

/// The exit code of sops for an error.
pub(super) fn exit_code(error: &CliError) -> u8 {
    // 2 is for our own verbs; sops knows no code for a wrong command line.
    if error.kind == Kind::Usage {
        1
    } else {
        error.kind.exit_code()
    }
}

/// What sops would write to standard error; nothing for a reader that went away.
pub(super) fn phrase(error: &CliError) -> String {
    match error.kind {
        Kind::BrokenPipe => return String::new(),
        Kind::Unchanged => return "File has not changed, exiting.".into(),
        Kind::AlreadyEncrypted => return ALREADY_ENCRYPTED.into(),
        _ => {}
    }
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(cause) = next {
        if let Some(text) = known(cause, error.kind) {
            return text;
        }
        next = cause.source();
    }
    let mut parts = vec![error.message.clone()];
    parts.extend(error.causes());
    // What stands before the words of sops is ours, and left out.
    let in_peer_words = |part: &String| PEER_WORDS.iter().any(|words| part.starts_with(words));
    match parts.iter().position(in_peer_words) {
        Some(at) => one_line(&parts[at..].join(": ")),
        None => with_hints(&one_line(&parts.join(": ")), error),
    }
}

/// The text for a cause of a type that sops has words for. Alone, without advice: scripts compare the whole line.
fn known(cause: &(dyn Error + 'static), kind: Kind) -> Option<String> {
    if let Some(error) = cause.downcast_ref::<UnlockError>() {
        return Some(report::failed_to_unlock(error));
    }
    if let Some(ReadError::MetadataNotFound { .. }) = cause.downcast_ref::<ReadError>() {
        return Some("sops metadata not found".into());
    }
    if let Some(error) = cause.downcast_ref::<DecryptError>() {
        return Some(match error {
            DecryptError::BadValue { .. } | DecryptError::NonStringKey { .. } => {
                format!("Error decrypting tree: {error}")
            }
            other => capital(&other.to_string()),
        });
    }
    if let Some(error) = cause.downcast_ref::<EncryptError>() {
        return Some(match error {
            EncryptError::AlreadyEncrypted => ALREADY_ENCRYPTED.into(),
            other => format!("Error encrypting tree: {other}"),
        });
    }
    if let Some(error) = cause.downcast_ref::<EditError>() {
        return Some(match error {
            EditError::KeyNotFound { key } => {
                format!("error truncating tree: component ['{}'] not found", one_line(key))
            }
            EditError::OutOfBounds { index, .. } => {
                format!("error truncating tree: component [{index}] accesses out of bounds")
            }
            EditError::ReservedKey => ALREADY_ENCRYPTED.into(),
            EditError::Write(inner) => format!("Error dumping tree: {}", at_path(&inner.to_string())),
            other => at_path(&other.to_string()),
        });
    }
    if let Some(error) = cause.downcast_ref::<WriteError>() {
        return Some(format!("Error dumping file: {}", at_path(&error.to_string())));
    }
    if let Some(error) = cause.downcast_ref::<TreePathError>() {
        return Some(match kind {
            Kind::ExtractPath => format!("error parsing --extract path: {error}"),
            _ => format!("Invalid set index format: {error}"),
        });
    }
    if let Some(error) = cause.downcast_ref::<LockError>() {
        let each = match error {
            LockError::Failed { attempts } => {
                let each = attempts.iter().map(|attempt| {
                    let name = one_line(&attempt.name);
                    format!(
                        "failed to encrypt new data key with master key \"{name}\": {}",
                        attempt.source
                    )
                });
                each.collect::<Vec<_>>().join(" ")
            }
            other => other.to_string(),
        };
        return Some(format!("Could not generate data key: [{}]", one_line(&each)));
    }
    cause
        .downcast_ref::<ConfigError>()
        .map(|error| format!("error loading config: {error}"))
}

/// An error at the top of the tree has an empty path in front.
fn at_path(text: &str) -> String {
    one_line(text.strip_prefix(": ").unwrap_or(text))
}

/// Advice stays where the words are our own: a person needs it, and no script knows the line.
fn with_hints(text: &str, error: &CliError) -> String {
    let hints = error
        .hints
        .iter()
        .map(|hint| format!("\n  hint: {}", one_line(hint)));
    text.to_owned() + &hints.collect::<String>()
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(characters).collect()
    })
}

/// Beginnings of messages that our commands have in the words of sops already.
const PEER_WORDS: [&str; 8] = [
    "Index ",
    "Key not found: ",
    "Invalid KMS encryption context format",
    "cannot use more than one of",
    "config file not found",
    "error loading config: ",
    "failed updating",
    "sops metadata not found",
];

const ALREADY_ENCRYPTED: &str = "The file has a top-level entry called 'sops' (or entries that begin with 'sops_'): \
    it is already encrypted.\nTo change it use `sops edit`; if it is a plain file, give that entry another name.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_causes_have_the_words_of_sops() {
        let error = |source: Box<dyn Error + Send + Sync>| {
            phrase(&CliError::new(Kind::Generic, "cannot do it").because(source))
        };
        let cases: Vec<(&str, Box<dyn Error + Send + Sync>, &str)> = vec![
            (
                "no block",
                Box::new(ReadError::MetadataNotFound {
                    block_in_document: None,
                }),
                "sops metadata not found",
            ),
            ("mac", Box::new(DecryptError::MacMismatch), "MAC mismatch"),
            (
                "mac that does not open",
                Box::new(DecryptError::MacUnreadable("bad tag")),
                "Cannot decrypt MAC: bad tag",
            ),
            (
                "no key in a group",
                Box::new(LockError::EmptyGroup),
                "Could not generate data key: [empty key group provided]",
            ),
            (
                "config",
                Box::new(ConfigError {
                    line: 2,
                    column: 3,
                    what: "not a list".into(),
                }),
                "error loading config: line 2, column 3: not a list",
            ),
            (
                "anything else",
                "the disk is full".into(),
                "cannot do it: the disk is full",
            ),
        ];
        for (name, source, want) in cases {
            assert_eq!(error(source), want, "case: {name}");
        }
    }

    #[test]
    fn a_cause_is_found_behind_others() {
        let inner = CliError::new(Kind::Generic, "cannot read a.yaml").because(ReadError::MetadataNotFound {
            block_in_document: None,
        });
        let outer = CliError::new(Kind::Generic, "cannot decrypt a.yaml")
            .because(inner)
            .hint("encrypt it first");
        assert_eq!(phrase(&outer), "sops metadata not found");
    }

    #[test]
    fn advice_stays_behind_our_own_words_only() {
        let ours = CliError::new(Kind::WriteOutput, "cannot write a.yaml").hint("make room");
        assert_eq!(phrase(&ours), "cannot write a.yaml\n  hint: make room");
        let theirs = CliError::new(Kind::Generic, "config file not found").hint("write one");
        assert_eq!(phrase(&theirs), "config file not found");
        let inside = CliError::new(Kind::Generic, "cannot unset a value in a.yaml").because(theirs);
        assert_eq!(phrase(&inside), "config file not found");
    }

    #[test]
    fn kinds_have_the_exit_codes_of_sops() {
        for (kind, code) in [(Kind::Usage, 1), (Kind::ReadInput, 2), (Kind::Unchanged, 200)] {
            assert_eq!(exit_code(&CliError::new(kind, "")), code, "{kind:?}");
        }
    }
}
