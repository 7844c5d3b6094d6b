//! One age file: header, MAC and payload, read strictly (C2SP age.md).
//!
//! ```text
//! age-encryption.org/v1
//! -> TYPE ARGUMENT …          one stanza or more; the body ends with a line shorter than 64
//! BODY
//! --- MAC                     HMAC over everything up to and including "---"
//! 16 bytes of nonce, then the payload in chunks of 64 KiB and a tag
//! ```
//!
//! The envelope is ours because the crate's reader takes two outdated stanza forms and its writer adds a random
//! stanza to every file; how a file key is wrapped stays behind the crate's two traits.

use age::{DecryptError, Identity, Recipient};
use age_core::format::{FILE_KEY_BYTES, FileKey, Stanza, read};
use age_core::primitives::hkdf;
use age_core::secrecy::ExposeSecret;
use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hmac;
use base64::prelude::{BASE64_STANDARD_NO_PAD, Engine};
use secrecy::SecretString;
use thiserror::Error;
use zeroize::Zeroizing;

use super::armor;
use super::identity;
use crate::random;

/// Why an age file did not open.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileError {
    /// The armor is not the canonical one.
    #[error("the ASCII armor is damaged")]
    Armor,
    /// The header is not one of version 1, or a stanza for us is malformed.
    #[error("the age header is damaged")]
    Header,
    /// An identity could not be used; in words without key material.
    #[error("{0}")]
    Identity(String),
    /// The file key was found, but it does not authenticate the header.
    #[error("the age header was changed after it was written")]
    Mac,
    /// No identity opens any stanza.
    #[error("no identity opens it")]
    NoMatch,
    /// The payload is cut, longer than it was, or changed.
    #[error("the age payload is damaged")]
    Payload,
}

/// Opens a binary age file with identities given as text, or with passphrases.
///
/// Plugin identities are not run here. This is the whole of age for callers that have a key at hand;
/// SOPS files go through [`crate::KeyServices`].
///
/// # Errors
///
/// What is wrong with the file, or that nothing opens it.
pub fn open(
    file: &[u8],
    identities: &str,
    passphrases: Vec<SecretString>,
) -> Result<Zeroizing<Vec<u8>>, FileError> {
    let keys = identity::read_plain(identities).map_err(|error| FileError::Identity(error.to_string()))?;
    let passphrases: Vec<_> = passphrases.into_iter().map(passphrase_identity).collect();
    let keys = keys.iter().map(|held| held.identity.as_ref() as &dyn Identity);
    AgeFile::parse(file)?.open(keys.chain(passphrases.iter().map(|identity| identity as &dyn Identity)))
}

/// Opens an age file in ASCII armor, as [`open`] does.
///
/// # Errors
///
/// [`FileError::Armor`], and those of [`open`].
pub fn open_armored(
    text: &[u8],
    identities: &str,
    passphrases: Vec<SecretString>,
) -> Result<Zeroizing<Vec<u8>>, FileError> {
    open(&armor::decode(text)?, identities, passphrases)
}

/// A passphrase, with a bound on the work that a file may ask for.
pub(crate) fn passphrase_identity(passphrase: SecretString) -> age::scrypt::Identity {
    let mut identity = age::scrypt::Identity::new(passphrase);
    identity.set_max_work_factor(MAX_WORK_FACTOR);
    identity
}

/// A parsed file: what identities look at, and what the file key opens.
pub(crate) struct AgeFile<'f> {
    stanzas: Vec<Stanza>,
    authenticated: &'f [u8],
    mac: [u8; 32],
    nonce: &'f [u8],
    payload: &'f [u8],
}

impl<'f> AgeFile<'f> {
    /// Reads the header of a binary file.
    ///
    /// # Errors
    ///
    /// [`FileError::Header`].
    pub(crate) fn parse(file: &'f [u8]) -> Result<Self, FileError> {
        let mut rest = file.strip_prefix(VERSION_LINE).ok_or(FileError::Header)?;
        let mut stanzas = Vec::new();
        while rest.starts_with(b"-> ") {
            let (behind, stanza) = read::age_stanza(rest).map_err(|_| FileError::Header)?;
            stanzas.push(Stanza::from(stanza));
            rest = behind;
        }
        let rest = rest.strip_prefix(MAC_MARK).ok_or(FileError::Header)?;
        let authenticated = &file[..file.len() - rest.len()];
        let rest = rest.strip_prefix(b" ").ok_or(FileError::Header)?;
        let end = rest
            .iter()
            .position(|byte| *byte == b'\n')
            .ok_or(FileError::Header)?;
        let mac = unpadded(&rest[..end])
            .and_then(|mac| mac.try_into().ok())
            .ok_or(FileError::Header)?;
        let (nonce, payload) = rest[end + 1..]
            .split_at_checked(NONCE_BYTES)
            .ok_or(FileError::Header)?;
        let alone = stanzas.len() == 1;
        if stanzas.is_empty() || (!alone && stanzas.iter().any(|stanza| stanza.tag == PASSPHRASE_TAG)) {
            return Err(FileError::Header);
        }
        Ok(Self {
            stanzas,
            authenticated,
            mac,
            nonce,
            payload,
        })
    }

    /// The stanzas, for identities that look before they ask.
    pub(crate) fn stanzas(&self) -> &[Stanza] {
        &self.stanzas
    }

    /// Opens with the first identity that has the file key.
    ///
    /// # Errors
    ///
    /// See [`FileError`].
    pub(crate) fn open<'i>(
        &self,
        identities: impl IntoIterator<Item = &'i dyn Identity>,
    ) -> Result<Zeroizing<Vec<u8>>, FileError> {
        let mut why = FileError::NoMatch;
        for identity in identities {
            match identity.unwrap_stanzas(&self.stanzas) {
                None => {}
                Some(Ok(key)) => return self.open_with(&key),
                Some(Err(error)) => why = explain(error),
            }
        }
        Err(why)
    }

    fn open_with(&self, key: &FileKey) -> Result<Zeroizing<Vec<u8>>, FileError> {
        hmac::verify(&mac_key(key), self.authenticated, &self.mac).map_err(|_| FileError::Mac)?;
        let key = payload_key(key, self.nonce);
        let sealed_chunk = CHUNK_BYTES + CHACHA20_POLY1305.tag_len();
        let tags = self.payload.len().div_ceil(sealed_chunk) * CHACHA20_POLY1305.tag_len();
        // The exact size: growing or shrinking would leave a copy that nobody wipes.
        let mut plain = Zeroizing::new(Vec::with_capacity(self.payload.len().saturating_sub(tags)));
        let mut chunks = self.payload.chunks(sealed_chunk).enumerate().peekable();
        if chunks.peek().is_none() {
            return Err(FileError::Payload);
        }
        while let Some((number, chunk)) = chunks.next() {
            let last = chunks.peek().is_none();
            let mut buffer = Zeroizing::new(chunk.to_vec());
            let opened = key
                .open_in_place(chunk_nonce(number, last), Aad::empty(), &mut buffer)
                .map_err(|_| FileError::Payload)?;
            // Only an empty payload ends with an empty chunk.
            if opened.is_empty() && number > 0 {
                return Err(FileError::Payload);
            }
            plain.extend_from_slice(opened);
        }
        Ok(plain)
    }
}

/// Why a file was not written: the words of the recipient, without key material.
#[derive(Debug, Error)]
#[error("{0}")]
pub(crate) struct SealError(pub(crate) String);

/// Encrypts for one recipient; binary.
pub(crate) fn seal(recipient: &dyn Recipient, plain: &[u8]) -> Result<Vec<u8>, SealError> {
    seal_for(&[recipient], plain)
}

/// Encrypts for several recipients, each of whom can open it; binary.
pub(crate) fn seal_for(recipients: &[&dyn Recipient], plain: &[u8]) -> Result<Vec<u8>, SealError> {
    let no_random = |_| SealError("the system gave no random bytes".to_owned());
    let key = FileKey::try_init_with_mut(|key| random::fill(key)).map_err(no_random)?;
    let mut nonce = [0; NONCE_BYTES];
    random::fill(&mut nonce).map_err(no_random)?;
    let mut stanzas = Vec::new();
    for recipient in recipients {
        let (wrapped, _labels) = recipient.wrap_file_key(&key).map_err(|error| match error {
            age::EncryptError::Io(error) => SealError(error.to_string()),
            _ => SealError("the recipient cannot wrap a key".to_owned()),
        })?;
        stanzas.extend(wrapped);
    }

    let mut file = VERSION_LINE.to_vec();
    for stanza in &stanzas {
        write_stanza(&mut file, &stanza.tag, &stanza.args, &stanza.body);
    }
    file.extend_from_slice(MAC_MARK);
    let mac = hmac::sign(&mac_key(&key), &file);
    file.push(b' ');
    file.extend_from_slice(BASE64_STANDARD_NO_PAD.encode(mac.as_ref()).as_bytes());
    file.push(b'\n');
    file.extend_from_slice(&nonce);

    let key = payload_key(&key, &nonce);
    let count = plain.len().div_ceil(CHUNK_BYTES).max(1);
    for number in 0..count {
        let chunk = &plain[number * CHUNK_BYTES..plain.len().min((number + 1) * CHUNK_BYTES)];
        let mut buffer = Zeroizing::new(chunk.to_vec());
        let tag = key
            .seal_in_place_separate_tag(
                chunk_nonce(number, number + 1 == count),
                Aad::empty(),
                &mut buffer,
            )
            .map_err(|_| SealError("the cipher refused the payload".to_owned()))?;
        file.extend_from_slice(&buffer);
        file.extend_from_slice(tag.as_ref());
    }
    Ok(file)
}

/// Writes one stanza; also the form in which plugins are spoken to.
pub(crate) fn write_stanza<S: AsRef<str>>(out: &mut Vec<u8>, tag: &str, args: &[S], body: &[u8]) {
    out.extend_from_slice(b"-> ");
    out.extend_from_slice(tag.as_bytes());
    for arg in args {
        out.push(b' ');
        out.extend_from_slice(arg.as_ref().as_bytes());
    }
    out.push(b'\n');
    let body = Zeroizing::new(BASE64_STANDARD_NO_PAD.encode(body));
    let mut rest = body.as_bytes();
    while rest.len() >= STANZA_COLUMNS {
        let (line, behind) = rest.split_at(STANZA_COLUMNS);
        out.extend_from_slice(line);
        out.push(b'\n');
        rest = behind;
    }
    out.extend_from_slice(rest);
    out.push(b'\n');
}

/// Canonical base64 without padding; `None` for any other text.
pub(crate) fn unpadded(text: &[u8]) -> Option<Vec<u8>> {
    BASE64_STANDARD_NO_PAD.decode(text).ok()
}

fn explain(error: DecryptError) -> FileError {
    match error {
        // The plugin client's own words come this way.
        DecryptError::Io(error) => FileError::Identity(error.to_string()),
        DecryptError::ExcessiveWork { .. } | DecryptError::InvalidHeader => FileError::Header,
        // A wrong passphrase, or a key id that two keys share.
        _ => FileError::NoMatch,
    }
}

fn mac_key(key: &FileKey) -> hmac::Key {
    let bytes = Zeroizing::new(hkdf(&[], b"header", key.expose_secret()));
    hmac::Key::new(hmac::HMAC_SHA256, bytes.as_slice())
}

fn payload_key(key: &FileKey, nonce: &[u8]) -> LessSafeKey {
    let bytes = Zeroizing::new(hkdf(nonce, b"payload", key.expose_secret()));
    LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, bytes.as_slice()).expect("32 bytes"))
}

/// Eleven bytes of counter, one that marks the last chunk. The key was made for this one payload.
fn chunk_nonce(number: usize, last: bool) -> Nonce {
    let mut nonce = [0; 12];
    nonce[3..11].copy_from_slice(&(number as u64).to_be_bytes());
    nonce[11] = u8::from(last);
    Nonce::assume_unique_for_key(nonce)
}

/// The stanza type of passphrases; it must be alone in its header.
pub(crate) const PASSPHRASE_TAG: &str = "scrypt";
/// Length of a wrapped file key: the key and a Poly1305 tag.
pub(crate) const WRAPPED_KEY_BYTES: usize = FILE_KEY_BYTES + 16;
/// First line of every file of version 1.
pub(crate) const VERSION_LINE: &[u8] = b"age-encryption.org/v1\n";
const MAC_MARK: &[u8] = b"---";
const NONCE_BYTES: usize = 16;
const CHUNK_BYTES: usize = 64 * 1024;
const STANZA_COLUMNS: usize = 64;
/// 2^22 blocks of 1 KiB: 4 GiB, some fifteen seconds.
const MAX_WORK_FACTOR: u8 = 22;
