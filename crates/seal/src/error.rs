//! What can go wrong; names, counts and positions, never content.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use thiserror::Error;

/// Text that is not the base64 of spec/sealed-secrets §1.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("illegal base64 data at input byte {at}")]
pub struct Base64Error {
    /// Offset of the first bad byte, from 0.
    pub at: usize,
}

/// Why a certificate cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CertError {
    /// No `CERTIFICATE` block.
    #[error("data does not contain any valid RSA or ECDSA certificates")]
    None,
    /// The block is not a certificate.
    #[error("the CERTIFICATE block is no X.509 certificate")]
    Malformed,
    /// Another kind of key than RSA.
    #[error("expected RSA public key but found {found}")]
    NotRsa {
        /// The kind, as Go names it: `*ecdsa.PublicKey`, …
        found: String,
    },
    /// An RSA key of a size that is not read (2048 to 8192).
    #[error("RSA keys of {bits} bits are not supported")]
    Size {
        /// Its size.
        bits: usize,
    },
}

/// Why a private key cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KeyError {
    /// No private key block.
    #[error("no private key found")]
    None,
    /// The block is damaged.
    #[error("the private key is damaged")]
    Malformed,
    /// Another kind than RSA.
    #[error("private key is not an RSA key")]
    NotRsa,
    /// `Proc-Type: 4,ENCRYPTED`.
    #[error("the private key is encrypted in the old form of OpenSSL")]
    OldEncryption,
    /// Encrypted, and no or the wrong passphrase.
    #[error("the passphrase does not open the private key")]
    Passphrase,
    /// Encrypted PKCS#8 by other means than PBES2 with scrypt or PBKDF2-SHA-2 and AES, or with absurd costs.
    #[error("the encryption of the private key is not supported")]
    UnsupportedEncryption,
    /// A size that is not read.
    #[error("RSA keys of {bits} bits are not supported")]
    Size {
        /// Its size.
        bits: usize,
    },
    /// The certificate beside it is of another key, or unreadable.
    #[error("the certificate beside the private key cannot be used: {0}")]
    Cert(CertError),
}

/// Why a value cannot be sealed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SealError {
    /// The system gave no random bytes.
    #[error("the system gave no random bytes")]
    Random,
    /// The RSA library refused.
    #[error("the certificate's key cannot encrypt")]
    Rsa,
}

/// Why one value does not open. Wrong key, wrong label and wrong tag are one answer (S-54).
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Not base64.
    #[error(transparent)]
    Base64(#[from] Base64Error),
    /// No key opens it (also: too short).
    #[error("no key could decrypt secret")]
    NoKey,
}

/// One item that does not open, or whose template fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemError {
    /// Item name.
    pub item: String,
    /// Why, in the peer's words (spec/sealed-secrets §5.3). Of a template: what its author made it say.
    pub text: String,
}

/// Why a SealedSecret does not open: every item that failed. `Display` is the peer's text of §5.3, items sorted.
#[derive(Debug)]
pub struct UnsealError {
    /// The items; empty for an error of the whole object.
    pub items: Vec<ItemError>,
    /// An error of the whole object (deprecated blob, …), in the peer's words.
    pub whole: Option<String>,
}

impl UnsealError {
    /// An error of the whole object.
    pub(crate) fn whole(text: &str) -> Self {
        Self {
            items: Vec::new(),
            whole: Some(text.to_owned()),
        }
    }
}

impl fmt::Display for UnsealError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut by_text: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for error in &self.items {
            by_text.entry(&error.text).or_default().insert(&error.item);
        }
        let lines = by_text.into_iter().map(|(text, items)| {
            let items: Vec<&str> = items.into_iter().collect();
            format!("{text} ({})", items.join(", "))
        });
        let lines: Vec<String> = self.whole.iter().cloned().chain(lines).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for UnsealError {}

#[cfg(test)]
mod tests {
    use super::{ItemError, UnsealError};

    #[test]
    fn equal_texts_are_joined_and_items_sorted() {
        let item = |item: &str, text: &str| ItemError {
            item: item.to_owned(),
            text: text.to_owned(),
        };
        let error = UnsealError {
            items: vec![item("z", "no"), item("b", "bad"), item("a", "no")],
            whole: None,
        };
        assert_eq!(error.to_string(), "bad (b)\nno (a, z)");
    }
}
