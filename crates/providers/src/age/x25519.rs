//! X25519 recipients and identities (`age1…`, stanza `X25519`), on AWS-LC.
//!
//! Ours, not the crate's: the public half is computed once for an identity and not once for a stanza, which halves
//! the work of opening a file.

use std::collections::HashSet;
use std::io;

use age::{DecryptError, EncryptError};
use age_core::format::{FILE_KEY_BYTES, FileKey, Stanza};
use age_core::primitives::{aead_decrypt, aead_encrypt, hkdf};
use age_core::secrecy::ExposeSecret;
use aws_lc_rs::agreement::{self, PrivateKey, UnparsedPublicKey, X25519};
use base64::prelude::{BASE64_STANDARD_NO_PAD, Engine};
use secrecy::SecretString;
use zeroize::Zeroizing;

use super::encoding;
use super::file::{WRAPPED_KEY_BYTES, unpadded};
use crate::random;

/// A public key, 32 bytes.
pub(crate) struct X25519Recipient([u8; 32]);

impl X25519Recipient {
    /// Reads `age1…`; `None` for anything else.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let (hrp, bytes) = encoding::decode(text)?;
        (hrp == PUBLIC_PREFIX).then_some(())?;
        bytes.as_slice().try_into().ok().map(Self)
    }

    /// `age1…`
    pub(crate) fn to_text(&self) -> String {
        encoding::encode_public(PUBLIC_PREFIX, &self.0)
    }
}

impl age::Recipient for X25519Recipient {
    fn wrap_file_key(&self, key: &FileKey) -> Result<(Vec<Stanza>, HashSet<String>), EncryptError> {
        let failed = || EncryptError::Io(io::Error::other("the recipient is not a usable key"));
        let ephemeral = ephemeral().ok_or_else(failed)?;
        let share = ephemeral.compute_public_key().map_err(|_| failed())?;
        let shared = agree(&ephemeral, &self.0).ok_or_else(failed)?;
        let wrapping = wrapping_key(share.as_ref(), &self.0, &shared);
        let args = vec![BASE64_STANDARD_NO_PAD.encode(share.as_ref())];
        let body = aead_encrypt(&wrapping, key.expose_secret());
        Ok((
            vec![Stanza {
                tag: TAG.to_owned(),
                args,
                body,
            }],
            HashSet::new(),
        ))
    }
}

/// A private key with its public half.
pub(crate) struct X25519Identity {
    key: PrivateKey,
    public: X25519Recipient,
}

impl X25519Identity {
    /// Reads `AGE-SECRET-KEY-1…`; `None` for anything else.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        Self::from_seed(&*encoding::decode_seed(text, SECRET_PREFIX)?)
    }

    fn from_seed(seed: &[u8; 32]) -> Option<Self> {
        let key = PrivateKey::from_private_key(&X25519, seed).ok()?;
        let public = X25519Recipient(key.compute_public_key().ok()?.as_ref().try_into().ok()?);
        Some(Self { key, public })
    }

    /// The public half.
    pub(crate) fn recipient(&self) -> &X25519Recipient {
        &self.public
    }
}

impl age::Identity for X25519Identity {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, DecryptError>> {
        if stanza.tag != TAG {
            return None;
        }
        let share = match stanza.args.as_slice() {
            [share] if stanza.body.len() == WRAPPED_KEY_BYTES => unpadded(share.as_bytes()),
            _ => None,
        };
        let shared = share
            .filter(|share| share.len() == 32)
            .and_then(|share| Some((agree(&self.key, &share)?, share)));
        let Some((shared, share)) = shared else {
            return Some(Err(DecryptError::InvalidHeader));
        };
        let wrapping = wrapping_key(&share, &self.public.0, &shared);
        // Which identity a stanza is for is not said: one that does not open is "not mine", not an error.
        let key = Zeroizing::new(aead_decrypt(&wrapping, FILE_KEY_BYTES, &stanza.body).ok()?);
        Some(Ok(FileKey::init_with_mut(|file_key| {
            file_key.copy_from_slice(&key)
        })))
    }
}

/// Draws a new identity; gives its text and its recipient.
pub(crate) fn generate() -> Result<(SecretString, String), sops::RandomError> {
    let mut seed = Zeroizing::new([0; 32]);
    random::fill(seed.as_mut_slice())?;
    let identity = X25519Identity::from_seed(&seed).ok_or(sops::RandomError)?;
    Ok((
        encoding::encode_secret(SECRET_PREFIX, seed.as_slice()),
        identity.public.to_text(),
    ))
}

/// A fresh key pair for one stanza.
pub(crate) fn ephemeral() -> Option<PrivateKey> {
    let mut seed = Zeroizing::new([0; 32]);
    random::fill(seed.as_mut_slice()).ok()?;
    PrivateKey::from_private_key(&X25519, seed.as_slice()).ok()
}

/// X25519. `None`: their share is of small order, so that the result would be zero (spec/security S-55).
pub(crate) fn agree(mine: &PrivateKey, theirs: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    agreement::agree(mine, UnparsedPublicKey::new(&X25519, theirs), (), |shared| {
        let mut kept = Zeroizing::new([0; 32]);
        kept.copy_from_slice(shared);
        Ok(kept)
    })
    .ok()
}

fn wrapping_key(share: &[u8], recipient: &[u8; 32], shared: &[u8; 32]) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(hkdf(&[share, recipient].concat(), INFO, shared))
}

/// The stanza type.
pub(crate) const TAG: &str = "X25519";
const INFO: &[u8] = b"age-encryption.org/v1/X25519";
const PUBLIC_PREFIX: &str = "age";
const SECRET_PREFIX: &str = "age-secret-key-";
