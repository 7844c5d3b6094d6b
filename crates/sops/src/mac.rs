//! The MAC of a file: SHA-512 over the plaintext of its leaves, in walk order, encrypted like a value.

use aws_lc_rs::digest;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::cipher::{EncryptedValue, NONCE_BYTES, OpenError, ParseError, ValueCipher};
use crate::value;

/// The running hash over the leaves of a file. Comments and nulls never come here.
///
/// Source: spec/sops-format §4.
pub struct MacHasher {
    context: digest::Context,
    only_encrypted: bool,
}

impl MacHasher {
    /// Starts a hash; with `mac_only_encrypted` it begins with fixed bytes and clear leaves are left out.
    pub fn new(mac_only_encrypted: bool) -> Self {
        let mut context = digest::Context::new(&digest::SHA512);
        if mac_only_encrypted {
            context.update(digest::digest(&digest::SHA256, b"sops").as_ref());
        }
        Self {
            context,
            only_encrypted: mac_only_encrypted,
        }
    }

    /// Adds the canonical bytes of one leaf. `encrypted`: whether the leaf stands at an encrypted position.
    pub fn add(&mut self, canonical: &[u8], encrypted: bool) {
        if encrypted || !self.only_encrypted {
            self.context.update(canonical);
        }
    }

    /// The hash.
    pub fn finish(self) -> Mac {
        let digest = self.context.finish();
        let mut text = Zeroizing::new([0; MAC_TEXT_BYTES]);
        for (pair, byte) in text.chunks_exact_mut(2).zip(digest.as_ref()) {
            pair[0] = HEX[usize::from(byte >> 4)];
            pair[1] = HEX[usize::from(byte & 15)];
        }
        Mac(text)
    }
}

/// The hash of a file: 128 upper-case hex digits. A secret, because the digest of a short value can be reversed
/// (spec/security S-3): no `Debug`, no `PartialEq`.
pub struct Mac(Zeroizing<[u8; MAC_TEXT_BYTES]>);

impl Mac {
    /// Compares with the text from a file, in constant time.
    pub fn matches(&self, text: &[u8]) -> bool {
        self.0.ct_eq(text).into()
    }

    /// Encrypts it; `None` if `last_modified` is not RFC 3339.
    pub fn seal(
        &self,
        cipher: &ValueCipher,
        nonce: &[u8; NONCE_BYTES],
        last_modified: &str,
    ) -> Option<String> {
        Some(cipher.seal(nonce, aad(last_modified)?.as_bytes(), self.0.as_slice(), "str"))
    }
}

/// Why the `mac` field does not open. Its [`text`](Self::text) is fixed.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum MacOpenError {
    /// `lastmodified` is not RFC 3339.
    #[error("lastmodified is not an RFC 3339 time")]
    LastModified,
    /// Does not decrypt.
    #[error(transparent)]
    Open(OpenError),
    /// Not an encrypted value.
    #[error(transparent)]
    Parse(ParseError),
}

impl MacOpenError {
    /// The message as a fixed text.
    pub fn text(self) -> &'static str {
        match self {
            Self::LastModified => "lastmodified is not an RFC 3339 time",
            Self::Open(error) => error.text(),
            Self::Parse(error) => error.text(),
        }
    }
}

/// Decrypts the `mac` field of a file, to be given to [`Mac::matches`].
///
/// # Errors
///
/// When it is not an encrypted value, or does not open under `last_modified`.
pub fn open(
    cipher: &ValueCipher,
    mac: &str,
    last_modified: &str,
) -> Result<Zeroizing<Vec<u8>>, MacOpenError> {
    let aad = aad(last_modified).ok_or(MacOpenError::LastModified)?;
    let value = EncryptedValue::parse(mac.as_bytes()).map_err(MacOpenError::Parse)?;
    cipher.open(&value, aad.as_bytes()).map_err(MacOpenError::Open)
}

/// What the MAC is bound to: `lastmodified` re-formatted with seconds precision, its offset kept, `Z` for zero.
pub fn aad(last_modified: &str) -> Option<String> {
    value::seconds_rfc3339(last_modified)
}

/// Length of the text form, in bytes.
pub const MAC_TEXT_BYTES: usize = 128;

const HEX: &[u8; 16] = b"0123456789ABCDEF";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_aad_is_the_time_in_seconds() {
        let cases = [
            ("2024-05-06T07:08:09Z", Some("2024-05-06T07:08:09Z")),
            ("2024-05-06T07:08:09.987Z", Some("2024-05-06T07:08:09Z")),
            ("2024-05-06T07:08:09+00:00", Some("2024-05-06T07:08:09Z")),
            ("2024-05-06T07:08:09.5+02:30", Some("2024-05-06T07:08:09+02:30")),
            ("2024-05-06", None),
            ("", None),
        ];
        for (text, want) in cases {
            assert_eq!(aad(text).as_deref(), want, "{text}");
        }
    }

    #[test]
    fn a_mac_matches_only_its_own_text() {
        let hash = |leaf: &[u8]| {
            let mut hasher = MacHasher::new(false);
            hasher.add(leaf, true);
            hasher.finish()
        };
        let text = *hash(b"bar").0;
        assert!(hash(b"bar").matches(&text));
        assert!(!hash(b"baz").matches(&text));
        assert!(!hash(b"bar").matches(&text[..127]));
        assert!(!hash(b"bar").matches(b""));
    }

    #[test]
    fn clear_leaves_count_only_without_mac_only_encrypted() {
        let hash = |only, clear: &[u8]| {
            let mut hasher = MacHasher::new(only);
            hasher.add(b"secret", true);
            hasher.add(clear, false);
            hasher.finish()
        };
        assert!(hash(true, b"x").matches(hash(true, b"y").0.as_slice()));
        assert!(!hash(false, b"x").matches(hash(false, b"y").0.as_slice()));
    }
}
