//! Post-quantum age: X-Wing recipients and identities (`age1pq1…`, stanza `mlkem768x25519`).
//!
//! The stanza has one argument, the HPKE encapsulation (1,088 bytes of ML-KEM-768, then a share of X25519), and as
//! body the file key, sealed with HKDF-SHA-256 and ChaCha20-Poly1305. Source: spec/sops-format §9.1.

use std::collections::HashSet;
use std::io;

use age::{DecryptError, EncryptError};
use age_core::format::{FILE_KEY_BYTES, FileKey, Stanza};
use age_core::secrecy::ExposeSecret;
use aws_lc_rs::agreement::{PrivateKey, X25519};
use base64::prelude::{BASE64_STANDARD_NO_PAD, Engine};
use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::XWing;
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable};
use secrecy::SecretString;
use zeroize::Zeroizing;

use super::encoding;
use super::file::{WRAPPED_KEY_BYTES, unpadded};
use super::x25519::agree;

/// A post-quantum public key, 1,216 bytes.
pub(crate) struct HybridRecipient(<XWing as Kem>::PublicKey);

impl HybridRecipient {
    /// Reads `age1pq1…`; `None` for anything else.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let (hrp, bytes) = encoding::decode(text)?;
        (hrp == PUBLIC_PREFIX).then_some(())?;
        <XWing as Kem>::PublicKey::from_bytes(&bytes).ok().map(Self)
    }

    /// `age1pq1…`
    pub(crate) fn to_text(&self) -> String {
        encoding::encode_public(PUBLIC_PREFIX, &self.0.to_bytes())
    }
}

impl age::Recipient for HybridRecipient {
    fn wrap_file_key(&self, key: &FileKey) -> Result<(Vec<Stanza>, HashSet<String>), EncryptError> {
        let (share, body) = hpke::single_shot_seal::<ChaCha20Poly1305, HkdfSha256, XWing>(
            &OpModeS::Base,
            &self.0,
            INFO,
            key.expose_secret(),
            b"",
        )
        .map_err(|_| EncryptError::Io(io::Error::other("the post-quantum key cannot wrap")))?;
        let args = vec![BASE64_STANDARD_NO_PAD.encode(share.to_bytes())];
        // The label keeps classical recipients out of the same header.
        Ok((
            vec![Stanza {
                tag: TAG.to_owned(),
                args,
                body,
            }],
            HashSet::from(["postquantum".to_owned()]),
        ))
    }
}

/// A post-quantum private key, from a seed of 32 bytes.
pub(crate) struct HybridIdentity(<XWing as Kem>::PrivateKey);

impl HybridIdentity {
    /// Reads `AGE-SECRET-KEY-PQ-1…`; `None` for anything else.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let seed = encoding::decode_seed(text, SECRET_PREFIX)?;
        <XWing as Kem>::PrivateKey::from_bytes(seed.as_slice())
            .ok()
            .map(Self)
    }

    /// The public half.
    pub(crate) fn recipient(&self) -> HybridRecipient {
        HybridRecipient(XWing::sk_to_pk(&self.0))
    }
}

impl age::Identity for HybridIdentity {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, DecryptError>> {
        if stanza.tag != TAG {
            return None;
        }
        let Some(share) = encapsulation(stanza) else {
            return Some(Err(DecryptError::InvalidHeader));
        };
        let key = hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, XWing>(
            &OpModeR::Base,
            &self.0,
            &share,
            INFO,
            &stanza.body,
            b"",
        )
        .ok()?; // a wrong key is "not mine", not an error
        let key = Zeroizing::new(key);
        if key.len() != FILE_KEY_BYTES {
            return Some(Err(DecryptError::InvalidHeader));
        }
        Some(Ok(FileKey::init_with_mut(|file_key| {
            file_key.copy_from_slice(&key)
        })))
    }
}

/// Draws a new identity; gives its text and its recipient.
pub(crate) fn generate() -> Result<(SecretString, String), sops::RandomError> {
    let mut seed = Zeroizing::new([0; 32]);
    crate::random::fill(seed.as_mut_slice())?;
    let key = <XWing as Kem>::PrivateKey::from_bytes(seed.as_slice()).map_err(|_| sops::RandomError)?;
    let recipient = HybridIdentity(key).recipient().to_text();
    Ok((encoding::encode_secret(SECRET_PREFIX, seed.as_slice()), recipient))
}

fn encapsulation(stanza: &Stanza) -> Option<<XWing as Kem>::EncappedKey> {
    let [arg] = stanza.args.as_slice() else {
        return None;
    };
    let bytes = unpadded(arg.as_bytes())?;
    let share = bytes.get(KEM_BYTES..)?;
    (stanza.body.len() == WRAPPED_KEY_BYTES && contributory(share)).then_some(())?;
    <XWing as Kem>::EncappedKey::from_bytes(&bytes).ok()
}

/// Whether a share of X25519 is of large order (spec/security S-55). hpke does not look; AWS-LC fails where the result
/// is all zero, which for a small-order share is so with any private key: this one is no secret.
fn contributory(share: &[u8]) -> bool {
    PrivateKey::from_private_key(&X25519, &[0x42; 32]).is_ok_and(|key| agree(&key, share).is_some())
}

/// The stanza type.
pub(crate) const TAG: &str = "mlkem768x25519";
const INFO: &[u8] = b"age-encryption.org/mlkem768x25519";
const PUBLIC_PREFIX: &str = "age1pq";
const SECRET_PREFIX: &str = "age-secret-key-pq-";
const KEM_BYTES: usize = 1088;
