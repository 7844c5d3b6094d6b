//! `ssh-ed25519` recipients and identities, stanza of the same name.
//!
//! X25519 with the Montgomery form of the SSH key, times a scalar that binds the result to the SSH wire form.
//! Source: crates.md §2, C2SP age.md; checked against the real age.

use std::collections::HashSet;
use std::io;

use age::{DecryptError, EncryptError};
use age_core::format::{FILE_KEY_BYTES, FileKey, Stanza};
use age_core::primitives::{aead_decrypt, aead_encrypt, hkdf};
use age_core::secrecy::ExposeSecret;
use aws_lc_rs::agreement::{PrivateKey, X25519};
use aws_lc_rs::digest;
use base64::prelude::{BASE64_STANDARD_NO_PAD, Engine};
use curve25519_dalek::edwards::CompressedEdwardsY;
use zeroize::Zeroizing;

use super::file::{WRAPPED_KEY_BYTES, unpadded};
use super::ssh_key::key_tag;
use super::x25519::{self, agree};

/// An SSH public key of type Ed25519.
pub(crate) struct SshEd25519Recipient {
    wire: Vec<u8>,
    montgomery: [u8; 32],
}

impl SshEd25519Recipient {
    /// `wire` is the SSH wire form, `point` the Edwards point inside it. `None`: the point is not on the curve.
    pub(crate) fn new(wire: Vec<u8>, point: &[u8; 32]) -> Option<Self> {
        let point = CompressedEdwardsY(*point).decompress()?;
        Some(Self {
            wire,
            montgomery: point.to_montgomery().0,
        })
    }
}

impl age::Recipient for SshEd25519Recipient {
    fn wrap_file_key(&self, key: &FileKey) -> Result<(Vec<Stanza>, HashSet<String>), EncryptError> {
        let failed = || EncryptError::Io(io::Error::other("the SSH key cannot wrap"));
        let ephemeral = x25519::ephemeral().ok_or_else(failed)?;
        let public = ephemeral.compute_public_key().map_err(|_| failed())?;
        let shared = exchange(&ephemeral, &self.montgomery, &self.wire).ok_or_else(failed)?;
        let wrapping = wrapping_key(public.as_ref(), &self.montgomery, &shared);
        let stanza = Stanza {
            tag: TAG.to_owned(),
            args: vec![
                key_tag(&self.wire),
                BASE64_STANDARD_NO_PAD.encode(public.as_ref()),
            ],
            body: aead_encrypt(&wrapping, key.expose_secret()),
        };
        Ok((vec![stanza], HashSet::new()))
    }
}

/// An SSH private key of type Ed25519.
pub(crate) struct SshEd25519Identity {
    public: SshEd25519Recipient,
    scalar: PrivateKey,
}

impl SshEd25519Identity {
    /// `seed` is the private half of the Edwards key. `None`: the public half is not on the curve.
    pub(crate) fn new(public: SshEd25519Recipient, seed: &[u8; 32]) -> Option<Self> {
        let hash = digest::digest(&digest::SHA512, seed);
        let scalar = Zeroizing::new(hash.as_ref()[..32].to_vec());
        let scalar = PrivateKey::from_private_key(&X25519, &scalar).ok()?;
        // A file whose two halves do not belong together would never open anything, and without a word.
        let own = scalar.compute_public_key().ok()?;
        (own.as_ref() == public.montgomery).then_some(Self { public, scalar })
    }
}

impl age::Identity for SshEd25519Identity {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, DecryptError>> {
        if stanza.tag != TAG {
            return None;
        }
        let invalid = || Some(Err(DecryptError::InvalidHeader));
        let [tag, share] = stanza.args.as_slice() else {
            return invalid();
        };
        let Some(share) = unpadded(share.as_bytes()).filter(|share| share.len() == 32) else {
            return invalid();
        };
        if *tag != key_tag(&self.public.wire) {
            return None;
        }
        if stanza.body.len() != WRAPPED_KEY_BYTES {
            return invalid();
        }
        let Some(shared) = exchange(&self.scalar, &share, &self.public.wire) else {
            return invalid();
        };
        let wrapping = wrapping_key(&share, &self.public.montgomery, &shared);
        let key = Zeroizing::new(aead_decrypt(&wrapping, FILE_KEY_BYTES, &stanza.body).ok()?);
        Some(Ok(FileKey::init_with_mut(|file_key| {
            file_key.copy_from_slice(&key)
        })))
    }
}

/// X25519, then once more with the scalar that the wire form gives. `None`: a share of small order.
fn exchange(mine: &PrivateKey, theirs: &[u8], wire: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    let shared = agree(mine, theirs)?;
    let tweak = Zeroizing::new(hkdf(wire, INFO, &[]));
    let tweak = PrivateKey::from_private_key(&X25519, tweak.as_slice()).ok()?;
    agree(&tweak, shared.as_slice())
}

fn wrapping_key(share: &[u8], recipient: &[u8; 32], shared: &[u8; 32]) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(hkdf(&[share, recipient].concat(), INFO, shared))
}

const TAG: &str = "ssh-ed25519";
const INFO: &[u8] = b"age-encryption.org/v1/ssh-ed25519";
