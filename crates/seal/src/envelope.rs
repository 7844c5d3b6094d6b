//! One sealed value: length, RSA block, AES-256-GCM (spec/sealed-secrets §1).

use aws_lc_rs::aead::{
    AES_128_GCM, AES_192_GCM, AES_256_GCM, Aad, Algorithm, LessSafeKey, NONCE_LEN, Nonce, UnboundKey,
};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use secrecy::SecretSlice;
use zeroize::Zeroizing;

use crate::oaep::{MAX_RSA_BYTES, Unwrapped};
use crate::{Base64Error, KeyRing, Label, OpenError, SealError, SealingCert, SealingKey};

/// The random source failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RandomError;

/// Fills a buffer with random bytes of the operating system.
pub type Random<'a> = dyn FnMut(&mut [u8]) -> Result<(), RandomError> + 'a;

/// An envelope. Public.
///
/// ```text
/// N (2 bytes, big-endian) │ RSA-OAEP(session key), N bytes │ AES-256-GCM(value) │ tag, 16 bytes
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedValue(Vec<u8>);

impl SealedValue {
    /// Reads the text form: CR and LF are skipped, everything else is strict.
    ///
    /// # Errors
    ///
    /// See [`Base64Error`].
    pub fn from_base64(text: &str) -> Result<Self, Base64Error> {
        match manifest::decode_base64(text) {
            Ok(mut bytes) => Ok(Self(std::mem::take(&mut *bytes))),
            Err(at) => Err(Base64Error { at }),
        }
    }

    /// The text form.
    pub fn to_base64(&self) -> String {
        BASE64_STANDARD.encode(&self.0)
    }

    /// Length of the RSA block as its first two bytes say; `None` if there are none.
    pub fn rsa_bytes(&self) -> Option<usize> {
        let length = self.0.first_chunk::<LENGTH_BYTES>()?;
        Some(usize::from(u16::from_be_bytes(*length)))
    }

    /// The whole envelope.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// RSA block, encrypted value, tag.
    pub(crate) fn parts(&self) -> Option<(&[u8], &[u8], &[u8])> {
        let (block, rest) = self.0.get(LENGTH_BYTES..)?.split_at_checked(self.rsa_bytes()?)?;
        let (value, tag) = rest.split_at_checked(rest.len().checked_sub(TAG_BYTES)?)?;
        Some((block, value, tag))
    }
}

/// Seals one value under a fresh session key.
///
/// # Errors
///
/// See [`SealError`].
pub fn seal_value(
    plain: &[u8],
    label: &Label,
    cert: &SealingCert,
    random: &mut Random<'_>,
) -> Result<SealedValue, SealError> {
    let mut session_key = Zeroizing::new([0; SESSION_KEY_BYTES]);
    random(&mut session_key[..]).map_err(|RandomError| SealError::Random)?;

    let key = cert.wrapping_key();
    let length = u16::try_from(key.block_bytes()).map_err(|_| SealError::Rsa)?;
    let rsa_end = LENGTH_BYTES + key.block_bytes();
    // At once in full size: what a growing buffer left behind would be clear text.
    let mut sealed = Zeroizing::new(Vec::with_capacity(rsa_end + plain.len() + TAG_BYTES));
    sealed.extend_from_slice(&length.to_be_bytes());
    sealed.resize(rsa_end, 0);
    key.wrap(
        &session_key[..],
        label.as_bytes(),
        &mut sealed[LENGTH_BYTES..rsa_end],
    )
    .map_err(|_| SealError::Rsa)?;
    sealed.extend_from_slice(plain);
    let tag = cipher(&AES_256_GCM, &session_key[..])
        .and_then(|cipher| {
            cipher
                .seal_in_place_separate_tag(zero_nonce(), Aad::empty(), &mut sealed[rsa_end..])
                .ok()
        })
        .ok_or(SealError::Rsa)?;
    sealed.extend_from_slice(tag.as_ref());
    Ok(SealedValue(std::mem::take(&mut *sealed)))
}

/// Opens one value with the first key of the ring that fits; gives the value and the index of that key.
/// `hint`, a fingerprint, is tried first. Keys whose size is not that of the RSA block are passed over: it is public.
///
/// # Errors
///
/// [`OpenError::NoKey`].
pub fn open_value(
    sealed: &SealedValue,
    label: &Label,
    ring: &KeyRing,
    hint: Option<&str>,
) -> Result<(SecretSlice<u8>, usize), OpenError> {
    let hinted = hint.and_then(|hint| ring.keys().iter().position(|key| key.fingerprint() == hint));
    let others = (0..ring.keys().len()).filter(|index| Some(*index) != hinted);
    hinted
        .into_iter()
        .chain(others)
        .find_map(|index| Some((open_with(sealed, label, &ring.keys()[index])?, index)))
        .ok_or(OpenError::NoKey)
}

/// Opens one value with one key. Wrong key, wrong label and wrong tag take the same way (S-54): the value is decrypted
/// even where the RSA block gave nothing, with a key of zeros, and the result thrown away.
pub(crate) fn open_with(sealed: &SealedValue, label: &Label, key: &SealingKey) -> Option<SecretSlice<u8>> {
    let (block, value, tag) = sealed.parts()?;
    let key = key.unwrapping_key();
    if block.len() != key.block_bytes() {
        return None;
    }
    let mut unwrapped = Unwrapped::new([0; MAX_RSA_BYTES]);
    let unwrapped_bytes = key.unwrap(block, label.as_bytes(), &mut unwrapped);
    let algorithm = match unwrapped_bytes {
        Ok(16) => Some(&AES_128_GCM),
        Ok(24) => Some(&AES_192_GCM),
        Ok(SESSION_KEY_BYTES) => Some(&AES_256_GCM),
        Ok(_) | Err(_) => None,
    };
    let cipher = match algorithm {
        Some(algorithm) => cipher(algorithm, &unwrapped[..algorithm.key_len()]),
        None => cipher(&AES_256_GCM, &[0; SESSION_KEY_BYTES]),
    }?;
    let mut plain = Zeroizing::new(vec![0; value.len()]);
    let opened = cipher.open_separate_gather(zero_nonce(), Aad::empty(), value, tag, &mut plain);
    if opened.is_err() || algorithm.is_none() {
        return None;
    }
    Some(std::mem::take(&mut *plain).into())
}

fn cipher(algorithm: &'static Algorithm, key: &[u8]) -> Option<LessSafeKey> {
    Some(LessSafeKey::new(UnboundKey::new(algorithm, key).ok()?))
}

/// Safe here: each session key is made for one message (S-52).
fn zero_nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; NONCE_LEN])
}

/// Bytes of the length in front of the RSA block.
const LENGTH_BYTES: usize = 2;

/// Bytes of a session key, as written; 16 and 24 are read too.
const SESSION_KEY_BYTES: usize = 32;

/// Bytes of the GCM tag.
pub(crate) const TAG_BYTES: usize = 16;
