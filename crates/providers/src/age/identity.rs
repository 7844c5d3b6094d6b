//! Identities as text: reading them, making them, and the recipients that belong to them.

use age_core::format::{FileKey, Stanza};
use secrecy::SecretString;
use thiserror::Error;

use super::encoding;
use super::hybrid::{self, HybridIdentity};
use super::plugin::{PluginIdentity, Plugins};
use super::x25519::{self, X25519Identity};

/// An identity of any type, shared by all threads of a run.
pub(crate) type BoxIdentity = Box<dyn age::Identity + Send + Sync>;

/// An identity and what may be told about it.
pub(crate) struct Held {
    /// Its public recipient, or the name of its plugin.
    pub(crate) name: String,
    /// The plugin that it needs.
    pub(crate) plugin: Option<String>,
    pub(crate) identity: BoxIdentity,
}

impl age::Identity for Held {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, age::DecryptError>> {
        self.identity.unwrap_stanza(stanza)
    }

    fn unwrap_stanzas(&self, stanzas: &[Stanza]) -> Option<Result<FileKey, age::DecryptError>> {
        self.identity.unwrap_stanzas(stanzas)
    }
}

/// Why a text is not a list of identities. The content is never shown.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum IdentityError {
    /// The prefix is right, the rest is not: a character lost or changed.
    #[error("line {line}: malformed identity")]
    Malformed {
        /// Number of the line, from 1.
        line: usize,
    },
    /// Only the plugin knows which recipient belongs to its identity.
    #[error("line {line}: the recipient of a plugin identity is known to its plugin only")]
    OfPlugin {
        /// Number of the line, from 1.
        line: usize,
    },
    /// No prefix of an identity.
    #[error("line {line}: unknown identity type")]
    UnknownType {
        /// Number of the line, from 1.
        line: usize,
    },
}

/// Draws a new X25519 identity; gives its text (`AGE-SECRET-KEY-1…`) and its recipient (`age1…`).
///
/// # Errors
///
/// When the system has no randomness to give.
pub fn generate_x25519() -> Result<(SecretString, String), sops::RandomError> {
    x25519::generate()
}

/// Draws a new post-quantum identity; gives its text (`AGE-SECRET-KEY-PQ-1…`) and its recipient (`age1pq1…`).
///
/// # Errors
///
/// When the system has no randomness to give.
pub fn generate_hybrid() -> Result<(SecretString, String), sops::RandomError> {
    hybrid::generate()
}

/// The recipients that belong to the identities in a text, in its order. Empty lines and `#` comments are skipped.
///
/// # Errors
///
/// The first line that is no identity, or one of a plugin.
pub fn recipients_of(identities: &str) -> Result<Vec<String>, IdentityError> {
    Ok(read_plain(identities)?
        .into_iter()
        .map(|held| held.name)
        .collect())
}

/// Reads identities that need no plugin.
pub(crate) fn read_plain(text: &str) -> Result<Vec<Held>, IdentityError> {
    read(text, |line, _, _| Err(IdentityError::OfPlugin { line }))
}

/// Reads identities of every type. Several may stand on one line.
pub(crate) fn read_all(text: &str, plugins: &Plugins) -> Result<Vec<Held>, IdentityError> {
    read(text, |_, name, text| {
        let identity = PluginIdentity::new(name.clone(), text, plugins.clone());
        Ok(Held {
            name: format!("plugin {name}"),
            plugin: Some(name),
            identity: Box::new(identity),
        })
    })
}

fn read(
    text: &str,
    mut of_plugin: impl FnMut(usize, String, &str) -> Result<Held, IdentityError>,
) -> Result<Vec<Held>, IdentityError> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if line.trim_start().starts_with('#') {
            continue;
        }
        for word in line.split_whitespace() {
            let line = number + 1;
            let malformed = IdentityError::Malformed { line };
            found.push(if word.starts_with("AGE-SECRET-KEY-PQ-1") {
                let identity = HybridIdentity::from_text(word).ok_or(malformed)?;
                Held {
                    name: identity.recipient().to_text(),
                    plugin: None,
                    identity: Box::new(identity),
                }
            } else if word.starts_with("AGE-SECRET-KEY-1") {
                let identity = X25519Identity::from_text(word).ok_or(malformed)?;
                Held {
                    name: identity.recipient().to_text(),
                    plugin: None,
                    identity: Box::new(identity),
                }
            } else if word.starts_with("AGE-PLUGIN-") {
                let (hrp, _) = encoding::decode(word).ok_or(malformed)?;
                let name = hrp
                    .strip_prefix("age-plugin-")
                    .and_then(|rest| rest.strip_suffix('-'))
                    .ok_or(malformed)?;
                of_plugin(line, name.to_owned(), word)?
            } else {
                return Err(IdentityError::UnknownType { line });
            });
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_new_identity_names_its_recipient() {
        for (name, (text, recipient)) in [
            ("x25519", generate_x25519().unwrap()),
            ("hybrid", generate_hybrid().unwrap()),
        ] {
            assert_eq!(
                recipients_of(text.expose_secret()).unwrap(),
                [recipient],
                "case: {name}"
            );
        }
    }

    #[test]
    fn recipients_of_accepts_and_refuses() {
        let key = "AGE-SECRET-KEY-1GQ9778VQXMMJVE8SK7J6VT8UJ4HDQAJUVSFCWCM02D8GEWQ72PVQ2Y5J33";
        let recipient = "age1t7rxyev2z3rw82stdlrrepyc39nvn86l5078zqkf5uasdy86jp6svpy7pa";
        let cases = [
            ("one", key.to_owned(), Ok(1)),
            ("none", "# nothing here\n\n".to_owned(), Ok(0)),
            (
                "comment, CRLF, indent",
                format!("# created: today\r\n\r\n  {key}\r\n"),
                Ok(1),
            ),
            ("two on one line", format!("{key} {key}"), Ok(2)),
            (
                "lower case",
                key.to_lowercase(),
                Err(IdentityError::UnknownType { line: 1 }),
            ),
            (
                "cut",
                format!("\n{}", &key[..60]),
                Err(IdentityError::Malformed { line: 2 }),
            ),
            (
                "a recipient",
                recipient.to_owned(),
                Err(IdentityError::UnknownType { line: 1 }),
            ),
            (
                "a plugin's",
                "AGE-PLUGIN-FOOBAR-1QVHULF".to_owned(),
                Err(IdentityError::OfPlugin { line: 1 }),
            ),
        ];
        for (name, text, want) in cases {
            assert_eq!(
                recipients_of(&text).map(|found| found.len()),
                want,
                "case: {name}"
            );
        }
        assert_eq!(recipients_of(key).unwrap(), [recipient]);
    }
}
