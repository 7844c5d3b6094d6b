//! `ENC[AES256_GCM,…]`: one encrypted value, its text form, AES-256-GCM with a 32-byte nonce.

use aes_gcm::aead::consts::{U12, U16, U32};
use aes_gcm::aead::{AeadInOut, array::ArraySize};
use aes_gcm::aes::Aes256;
use aes_gcm::{AesGcm, Key, KeyInit, Nonce, Tag};
use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use secrecy::ExposeSecret;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::{DATA_KEY_BYTES, DataKey, Random, RandomError};

/// Length of the nonces that are written, in bytes.
pub const NONCE_BYTES: usize = 32;

/// Length of a GCM tag, in bytes.
pub const TAG_BYTES: usize = 16;

/// The text form of one value, taken apart. Ciphertext only.
///
/// The form is `ENC[AES256_GCM,data:D,iv:N,tag:T,type:K]`; `D`, `N` and `T` are padded standard base64.
/// Source: spec/sops-format §3.1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncryptedValue<'t> {
    /// Ciphertext.
    pub data: Vec<u8>,
    /// The GCM nonce: 32 bytes where SOPS wrote it.
    pub iv: Vec<u8>,
    /// The GCM tag.
    pub tag: [u8; TAG_BYTES],
    /// `str`, `int`, … as written; not authenticated.
    pub type_tag: &'t str,
}

/// Why a text is not an encrypted value. Names the field, never its content: what is *almost* encrypted may hold
/// plaintext in the very place that failed.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseError {
    /// A field is absent or empty.
    #[error("encrypted value lacks {0}")]
    MissingField(&'static str),
    /// A field is not base64.
    #[error("encrypted value: {0} is not base64")]
    NotBase64(&'static str),
    /// Does not begin as an encrypted value does.
    #[error("not an encrypted value")]
    NotEncrypted,
    /// A tag of another length than 16 bytes.
    #[error("encrypted value: the tag has {0} bytes, expected 16")]
    TagLength(usize),
}

impl ParseError {
    /// The same without numbers, for errors that carry a fixed text.
    pub fn text(self) -> &'static str {
        match self {
            Self::MissingField("iv") => "encrypted value lacks iv",
            Self::MissingField("tag") => "encrypted value lacks tag",
            Self::MissingField("type") => "encrypted value lacks type",
            Self::MissingField(_) => "encrypted value lacks data",
            Self::NotBase64("iv") => "encrypted value: iv is not base64",
            Self::NotBase64("tag") => "encrypted value: tag is not base64",
            Self::NotBase64(_) => "encrypted value: data is not base64",
            Self::NotEncrypted => "expected an encrypted value, found plain text",
            Self::TagLength(_) => "encrypted value: the tag is not 16 bytes long",
        }
    }
}

/// Why a value does not open.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpenError {
    /// A nonce of a length that nothing writes.
    #[error("nonce of {0} bytes: only 12, 16 and 32 are supported")]
    NonceLength(usize),
    /// Wrong key, or changed or moved since it was encrypted.
    #[error("the value does not open: wrong key, or changed or moved since it was encrypted")]
    Tag,
}

impl OpenError {
    /// The same without numbers, for errors that carry a fixed text.
    pub fn text(self) -> &'static str {
        match self {
            Self::NonceLength(_) => "the nonce is not 12, 16 or 32 bytes long",
            Self::Tag => "the value does not open: wrong key, or changed or moved since it was encrypted",
        }
    }
}

/// Whether a text looks encrypted: a cheap test of its beginning, no promise that it parses.
pub fn is_encrypted(text: impl AsRef<[u8]>) -> bool {
    text.as_ref().starts_with(PREFIX)
}

impl<'t> EncryptedValue<'t> {
    /// Parses the text form.
    ///
    /// Anchored at the start only: text after the last `]` of the line is ignored, as SOPS does. Line breaks inside
    /// base64 cannot occur on one line; they are stripped all the same, and unused bits of a last character may be
    /// set, as in Go's decoder.
    ///
    /// # Errors
    ///
    /// Names the field.
    pub fn parse(text: &'t (impl AsRef<[u8]> + ?Sized)) -> Result<Self, ParseError> {
        let rest = text
            .as_ref()
            .strip_prefix(PREFIX)
            .ok_or(ParseError::NotEncrypted)?;
        let line = rest.split(|b| *b == b'\n').next().unwrap_or_default();
        let close = line
            .iter()
            .rposition(|b| *b == b']')
            .ok_or(ParseError::MissingField("type"))?;
        let (body, type_tag) = rsplit(&line[..close], b",type:").ok_or(ParseError::MissingField("type"))?;
        let (body, tag) = rsplit(body, b",tag:").ok_or(ParseError::MissingField("tag"))?;
        let (data, iv) = rsplit(body, b",iv:").ok_or(ParseError::MissingField("iv"))?;
        if data.is_empty() {
            return Err(ParseError::MissingField("data"));
        }
        let tag = decode("tag", tag)?;
        Ok(Self {
            data: decode("data", data)?,
            iv: decode("iv", iv)?,
            tag: tag
                .try_into()
                .map_err(|tag: Vec<u8>| ParseError::TagLength(tag.len()))?,
            // A type that is not even UTF-8 is no type we know.
            type_tag: std::str::from_utf8(type_tag).unwrap_or("?"),
        })
    }

    /// The nonce, if it may be used again (only nonces of 32 bytes: SOPS crashes on others).
    pub fn reusable_nonce(&self) -> Option<[u8; NONCE_BYTES]> {
        self.iv.as_slice().try_into().ok()
    }
}

impl std::fmt::Display for EncryptedValue<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&assemble(&self.data, &self.iv, &self.tag, self.type_tag))
    }
}

/// The cipher of one file: the key schedule is made once.
pub struct ValueCipher {
    cipher: AesGcm<Aes256, U32>,
    /// For values of foreign writers with other nonce lengths.
    key: Zeroizing<[u8; DATA_KEY_BYTES]>,
}

impl ValueCipher {
    /// Makes the key schedule.
    pub fn new(key: &DataKey) -> Self {
        let key = Zeroizing::new(*key.expose_secret());
        Self {
            cipher: AesGcm::new(&Key::<AesGcm<Aes256, U32>>::from(*key)),
            key,
        }
    }

    /// Encrypts one value and gives its text form. An empty `plain` must not come here: SOPS leaves it empty.
    ///
    /// # Panics
    ///
    /// Never: AES-GCM refuses only inputs above 64 GiB.
    pub fn seal(&self, nonce: &[u8; NONCE_BYTES], aad: &[u8], plain: &[u8], type_tag: &str) -> String {
        let mut buffer = Zeroizing::new(plain.to_vec());
        let tag = self
            .cipher
            .encrypt_inout_detached(&Nonce::<U32>::from(*nonce), aad, buffer.as_mut_slice().into())
            .expect("a value is shorter than 64 GiB");
        assemble(&buffer, nonce, &tag, type_tag)
    }

    /// Decrypts one value.
    ///
    /// # Errors
    ///
    /// [`OpenError::Tag`] whatever the cause: wrong key, wrong path, changed bytes.
    pub fn open(&self, value: &EncryptedValue<'_>, aad: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let mut buffer = Zeroizing::new(value.data.clone());
        match value.iv.len() {
            32 => open_with::<U32>(&self.cipher, value, aad, &mut buffer)?,
            12 => open_with::<U12>(&self.other(), value, aad, &mut buffer)?,
            16 => open_with::<U16>(&self.other(), value, aad, &mut buffer)?,
            length => return Err(OpenError::NonceLength(length)),
        }
        Ok(buffer)
    }

    fn other<N: ArraySize>(&self) -> AesGcm<Aes256, N> {
        AesGcm::new(&Key::<AesGcm<Aes256, N>>::from(*self.key))
    }
}

/// Fresh nonces, drawn from the caller's generator in blocks.
#[derive(Default)]
pub struct Nonces {
    block: Vec<u8>,
    used: usize,
}

impl Nonces {
    /// Draws nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The next nonce. The first block is small, because most files are.
    ///
    /// # Errors
    ///
    /// When the random source fails.
    pub fn next(&mut self, random: &mut dyn Random) -> Result<[u8; NONCE_BYTES], RandomError> {
        if self.used == self.block.len() {
            let size = if self.block.is_empty() { FIRST_BLOCK } else { BLOCK };
            self.block.resize(size, 0);
            // Nothing of a half-filled block may be used, should the source fail.
            self.used = size;
            random.fill(&mut self.block)?;
            self.used = 0;
        }
        let mut nonce = [0; NONCE_BYTES];
        nonce.copy_from_slice(&self.block[self.used..self.used + NONCE_BYTES]);
        self.used += NONCE_BYTES;
        Ok(nonce)
    }
}

fn open_with<N: ArraySize>(
    cipher: &AesGcm<Aes256, N>,
    value: &EncryptedValue<'_>,
    aad: &[u8],
    buffer: &mut [u8],
) -> Result<(), OpenError> {
    let nonce =
        Nonce::<N>::try_from(value.iv.as_slice()).map_err(|_| OpenError::NonceLength(value.iv.len()))?;
    cipher
        .decrypt_inout_detached(&nonce, aad, buffer.into(), &Tag::from(value.tag))
        .map_err(|_| OpenError::Tag)
}

/// Base64 goes straight into the result, which has the right size from the start.
fn assemble(data: &[u8], iv: &[u8], tag: &[u8], type_tag: &str) -> String {
    let base64 = |bytes: &[u8]| bytes.len().div_ceil(3) * 4;
    let length =
        PREFIX.len() + base64(data) + base64(iv) + base64(tag) + type_tag.len() + ",iv:,tag:,type:]".len();
    let mut text = String::with_capacity(length);
    text.push_str("ENC[AES256_GCM,data:");
    STANDARD.encode_string(data, &mut text);
    text.push_str(",iv:");
    STANDARD.encode_string(iv, &mut text);
    text.push_str(",tag:");
    STANDARD.encode_string(tag, &mut text);
    text.push_str(",type:");
    text.push_str(type_tag);
    text.push(']');
    text
}

/// Splits at the last separator; `None` also where the text behind it is empty.
fn rsplit<'t>(text: &'t [u8], separator: &[u8]) -> Option<(&'t [u8], &'t [u8])> {
    let last = text.len().checked_sub(separator.len() + 1)?;
    let at = (0..=last)
        .rev()
        .find(|at| text[*at] == b',' && text[*at..].starts_with(separator))?;
    Some((&text[..at], &text[at + separator.len()..]))
}

fn decode(field: &'static str, text: &[u8]) -> Result<Vec<u8>, ParseError> {
    let decoded = if text.contains(&b'\r') {
        LENIENT.decode(text.iter().copied().filter(|b| *b != b'\r').collect::<Vec<u8>>())
    } else {
        LENIENT.decode(text)
    };
    decoded.map_err(|_| ParseError::NotBase64(field))
}

const PREFIX: &[u8] = b"ENC[AES256_GCM,data:";

/// Bytes of the first block of nonces.
const FIRST_BLOCK: usize = 32 * NONCE_BYTES;

/// Bytes of every further block of nonces.
const BLOCK: usize = 1024 * NONCE_BYTES;

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

#[cfg(test)]
mod tests {
    use super::ParseError::{MissingField, NotBase64, NotEncrypted, TagLength};
    use super::*;

    #[test]
    fn parse_accepts_and_refuses() {
        let tag = "AAAAAAAAAAAAAAAAAAAAAA==";
        let cases = [
            (
                "canonical",
                format!("ENC[AES256_GCM,data:AA==,iv:AA==,tag:{tag},type:str]"),
                None,
            ),
            (
                "text after the bracket",
                format!("ENC[AES256_GCM,data:AA==,iv:AA==,tag:{tag},type:int] x"),
                None,
            ),
            (
                "line after the bracket",
                format!("ENC[AES256_GCM,data:AA==,iv:AA==,tag:{tag},type:int]\n]"),
                None,
            ),
            (
                "unused bits set",
                format!("ENC[AES256_GCM,data:AB==,iv:AA==,tag:{tag},type:str]"),
                None,
            ),
            (
                "carriage return",
                format!("ENC[AES256_GCM,data:A\rA==,iv:AA==,tag:{tag},type:str]"),
                None,
            ),
            ("empty", String::new(), Some(NotEncrypted)),
            ("plain text", "hunter2".into(), Some(NotEncrypted)),
            (
                "text in front",
                format!(" ENC[AES256_GCM,data:AA==,iv:AA==,tag:{tag},type:str]"),
                Some(NotEncrypted),
            ),
            (
                "no bracket",
                format!("ENC[AES256_GCM,data:AA==,iv:AA==,tag:{tag},type:str"),
                Some(MissingField("type")),
            ),
            (
                "empty type",
                format!("ENC[AES256_GCM,data:AA==,iv:AA==,tag:{tag},type:]"),
                Some(MissingField("type")),
            ),
            (
                "no nonce",
                format!("ENC[AES256_GCM,data:AA==,tag:{tag},type:str]"),
                Some(MissingField("iv")),
            ),
            (
                "no data",
                format!("ENC[AES256_GCM,data:,iv:AA==,tag:{tag},type:str]"),
                Some(MissingField("data")),
            ),
            (
                "line break inside",
                format!("ENC[AES256_GCM,data:AA\n==,iv:AA==,tag:{tag},type:str]"),
                Some(MissingField("type")),
            ),
            (
                "url-safe base64",
                format!("ENC[AES256_GCM,data:_w==,iv:AA==,tag:{tag},type:str]"),
                Some(NotBase64("data")),
            ),
            (
                "no padding",
                format!("ENC[AES256_GCM,data:AA,iv:AA==,tag:{tag},type:str]"),
                Some(NotBase64("data")),
            ),
            (
                "short tag",
                "ENC[AES256_GCM,data:AA==,iv:AA==,tag:AA==,type:str]".into(),
                Some(TagLength(1)),
            ),
        ];
        for (name, text, want) in cases {
            assert_eq!(EncryptedValue::parse(text.as_bytes()).err(), want, "case: {name}");
        }
    }

    #[test]
    fn a_value_opens_only_under_its_own_path_and_key() {
        let cipher = ValueCipher::new(&DataKey::from_bytes(&[1; 32]).unwrap());
        let text = cipher.seal(&[9; 32], b"a:", b"plain", "str");
        let value = EncryptedValue::parse(text.as_bytes()).unwrap();
        assert_eq!(value.to_string(), text);
        assert_eq!(value.reusable_nonce(), Some([9; 32]));
        assert_eq!(cipher.open(&value, b"a:").unwrap().as_slice(), b"plain");
        assert_eq!(cipher.open(&value, b"b:").err(), Some(OpenError::Tag));
        let other = ValueCipher::new(&DataKey::from_bytes(&[2; 32]).unwrap());
        assert_eq!(other.open(&value, b"a:").err(), Some(OpenError::Tag));
    }

    #[test]
    fn foreign_nonce_lengths_open_or_are_named() {
        let key = DataKey::from_bytes(&[1; 32]).unwrap();
        let cipher = ValueCipher::new(&key);
        let mut buffer = b"plain".to_vec();
        let twelve: AesGcm<Aes256, U12> = cipher.other();
        let tag = twelve
            .encrypt_inout_detached(&Nonce::<U12>::from([3; 12]), b"a:", buffer.as_mut_slice().into())
            .unwrap();
        let mut value = EncryptedValue {
            data: buffer,
            iv: vec![3; 12],
            tag: tag.into(),
            type_tag: "str",
        };
        assert_eq!(cipher.open(&value, b"a:").unwrap().as_slice(), b"plain");
        assert_eq!(value.reusable_nonce(), None);
        value.iv = vec![3; 13];
        assert_eq!(cipher.open(&value, b"a:").err(), Some(OpenError::NonceLength(13)));
    }

    #[test]
    fn nonces_differ_and_a_failing_source_gives_none() {
        struct Counter(u8);
        impl Random for Counter {
            fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RandomError> {
                if self.0 == 2 {
                    return Err(RandomError);
                }
                bytes.chunks_mut(NONCE_BYTES).enumerate().for_each(|(i, chunk)| {
                    chunk[..8].copy_from_slice(&(i as u64).to_le_bytes());
                    chunk[8] = self.0;
                });
                self.0 += 1;
                Ok(())
            }
        }
        let (mut nonces, mut random) = (Nonces::new(), Counter(0));
        let drawn: std::collections::BTreeSet<_> = (0..32 + 1024)
            .map(|_| nonces.next(&mut random).unwrap())
            .collect();
        assert_eq!(drawn.len(), 32 + 1024);
        assert!(nonces.next(&mut random).is_err());
        assert!(nonces.next(&mut random).is_err());
    }
}
