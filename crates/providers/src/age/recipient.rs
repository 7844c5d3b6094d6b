//! Recipients as text: what kind they are, and wrapping for them.

use age::Recipient;
use thiserror::Error;

use super::encoding;
use super::hybrid::HybridRecipient;
use super::plugin::valid_name;
use super::ssh_key;
use super::x25519::X25519Recipient;
use crate::name::looks_secret;

/// The kinds of age recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecipientKind {
    /// `age1pq1…`: ML-KEM-768 with X25519.
    Hybrid,
    /// `age1NAME1…`: a program `age-plugin-NAME` wraps.
    Plugin(
        /// The name.
        String,
    ),
    /// `ssh-ed25519 AAAA…`
    SshEd25519,
    /// `ssh-rsa AAAA…`
    SshRsa,
    /// `age1…`
    X25519,
}

impl RecipientKind {
    /// Whether a file for such a recipient stays closed to a quantum computer.
    ///
    /// What a plugin does is its own business. By the custom of age the names of post-quantum plugins end in `pq`
    /// (`tagpq`); any other counts as classical, so that a doubt is asked about, not passed over.
    pub fn is_post_quantum(&self) -> bool {
        match self {
            Self::Hybrid => true,
            Self::Plugin(name) => name.ends_with("pq"),
            Self::SshEd25519 | Self::SshRsa | Self::X25519 => false,
        }
    }
}

/// Why a text is not an age recipient.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecipientError {
    /// The prefix is right, the rest is not.
    #[error("malformed recipient \"{text}\": {what}")]
    Malformed {
        /// The text: public, since its prefix is that of a recipient.
        text: String,
        /// What is wrong with it.
        what: String,
    },
    /// A private key in the place of a recipient. It is not repeated.
    #[error("this is a private key, not a recipient")]
    PrivateKey,
    /// No prefix of a recipient.
    #[error("failed to parse input, unknown recipient type: \"{0}\"")]
    Unknown(
        /// The text.
        String,
    ),
}

/// Reads one recipient, whole, and says what kind it is.
///
/// # Errors
///
/// What is wrong with the text. It is quoted, unless it looks like a private key.
pub fn recipient_kind(text: &str) -> Result<RecipientKind, RecipientError> {
    parse(text).map(|(kind, _)| kind)
}

/// Reads one recipient. What wraps for it comes along, but for plugins: their programs are found when they are needed.
pub(crate) fn parse(text: &str) -> Result<(RecipientKind, Option<Box<dyn Recipient>>), RecipientError> {
    if looks_secret(text) {
        return Err(RecipientError::PrivateKey);
    }
    let malformed = |what: &str| RecipientError::Malformed {
        text: text.to_owned(),
        what: what.to_owned(),
    };
    if text.starts_with("age1pq1") {
        let recipient = HybridRecipient::from_text(text).ok_or_else(|| malformed(TYPO))?;
        return Ok((RecipientKind::Hybrid, Some(Box::new(recipient))));
    }
    if text.starts_with("age1") && text.matches('1').count() > 1 {
        let (hrp, _) = encoding::decode(text).ok_or_else(|| malformed(TYPO))?;
        let name = hrp
            .strip_prefix("age1")
            .filter(|name| valid_name(name))
            .ok_or_else(|| malformed(PLUGIN_NAME))?;
        return Ok((RecipientKind::Plugin(name.to_owned()), None));
    }
    if text.starts_with("age1") {
        let recipient = X25519Recipient::from_text(text).ok_or_else(|| malformed(TYPO))?;
        return Ok((RecipientKind::X25519, Some(Box::new(recipient))));
    }
    if text.starts_with("ssh-") {
        let kind = match text.split_whitespace().next() {
            Some("ssh-ed25519") => RecipientKind::SshEd25519,
            Some("ssh-rsa") => RecipientKind::SshRsa,
            _ => return Err(malformed("only ssh-ed25519 and ssh-rsa can be used with age")),
        };
        let recipient = ssh_key::read_public(text).map_err(|what| malformed(&what))?;
        return Ok((kind, Some(recipient)));
    }
    Err(RecipientError::Unknown(text.to_owned()))
}

/// Whether both texts name the same key: SSH keys may carry a comment.
pub(crate) fn same_key(one: &str, other: &str) -> bool {
    let key = |text: &str| -> Vec<String> {
        let words = if text.starts_with("ssh-") { 2 } else { usize::MAX };
        text.split_whitespace().take(words).map(str::to_owned).collect()
    };
    one == other || (one.starts_with("ssh-") && key(one) == key(other))
}

const TYPO: &str = "a character was lost or changed";
const PLUGIN_NAME: &str = "a plugin name has letters, digits and + . _ - only";

#[cfg(test)]
mod tests {
    use super::*;

    const X25519: &str = "age1t7rxyev2z3rw82stdlrrepyc39nvn86l5078zqkf5uasdy86jp6svpy7pa";
    const ED25519: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB0duM5H1D0bjuc0/5EYOu4Ww4Yz2LHp1vNk5rvqpYdB";

    #[test]
    fn recipient_kind_accepts_and_refuses() {
        let hybrid = super::super::generate_hybrid().unwrap().1;
        let plugin = encoding::encode_public("age1foobar", &[1, 2, 3]);
        let path = encoding::encode_public("age1../evil", &[1, 2, 3]);
        let cases = [
            ("x25519", X25519.to_owned(), Ok(RecipientKind::X25519)),
            ("hybrid", hybrid.clone(), Ok(RecipientKind::Hybrid)),
            ("plugin", plugin, Ok(RecipientKind::Plugin("foobar".into()))),
            ("plugin with a path", path, Err("malformed")),
            ("plugin, broken", "age1foobar1xyz".into(), Err("malformed")),
            (
                "x25519, last character lost",
                X25519[..61].to_owned(),
                Err("malformed"),
            ),
            (
                "hybrid, last character lost",
                hybrid[..hybrid.len() - 1].to_owned(),
                Err("malformed"),
            ),
            (
                "upper case",
                X25519.to_uppercase(),
                Err("failed to parse input, unknown recipient type: \"AGE1T7"),
            ),
            (
                "empty",
                String::new(),
                Err("failed to parse input, unknown recipient type: \"\""),
            ),
            (
                "word",
                "alice".into(),
                Err("failed to parse input, unknown recipient type: \"alice\""),
            ),
            ("ecdsa", "ssh-ecdsa AAAA".into(), Err("malformed")),
            ("ssh without key", "ssh-ed25519".into(), Err("malformed")),
            (
                "identity",
                "AGE-SECRET-KEY-1XYZ".into(),
                Err("this is a private key, not a recipient"),
            ),
            (
                "identity, lower case",
                "age-secret-key-1xyz".into(),
                Err("this is a private key, not a recipient"),
            ),
            (
                "pem",
                "-----BEGIN OPENSSH PRIVATE KEY-----".into(),
                Err("this is a private key, not a recipient"),
            ),
        ];
        for (name, text, want) in cases {
            match (recipient_kind(&text), want) {
                (Ok(kind), Ok(want)) => assert_eq!(kind, want, "case: {name}"),
                (Err(error), Err(want)) => {
                    let said = error.to_string();
                    assert!(said.starts_with(want), "case: {name}: {said}");
                    assert!(
                        !said.contains("KEY-1XYZ") && !said.contains("key-1xyz"),
                        "case: {name}"
                    );
                }
                (got, want) => panic!("case: {name}: {got:?}, expected {want:?}"),
            }
        }
    }

    #[test]
    fn ssh_comments_do_not_make_another_key() {
        assert!(same_key(ED25519, &format!("{ED25519} alice@laptop")));
        assert!(!same_key(ED25519, X25519));
        assert!(!same_key(
            &format!("{ED25519} x"),
            &format!("{}C x", &ED25519[..79])
        ));
    }
}
