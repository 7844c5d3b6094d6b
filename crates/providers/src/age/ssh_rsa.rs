//! `ssh-rsa` recipients and identities: RSA-OAEP with SHA-256, by AWS-LC (D6). The only file that knows RSA.

use std::collections::HashSet;
use std::io;
use std::sync::OnceLock;

use age::{DecryptError, EncryptError};
use age_core::format::{FILE_KEY_BYTES, FileKey, Stanza};
use age_core::secrecy::ExposeSecret;
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{
    KeyPair, KeyPairComponents, OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, OaepPublicEncryptingKey,
    PrivateDecryptingKey, PublicEncryptingKey, PublicKeyComponents,
};
use aws_lc_rs::signature::KeyPair as _;
use crypto_bigint::{BoxedUint, NonZero};
use ssh_key::private::{KeypairData, RsaKeypair};
use ssh_key::public::{KeyData, RsaPublicKey};
use zeroize::Zeroizing;

use super::ssh_key::key_tag;

/// An SSH public key of type RSA, 2,048 to 8,192 bits.
pub(crate) struct SshRsaRecipient {
    wire: Vec<u8>,
    key: OaepPublicEncryptingKey,
}

impl SshRsaRecipient {
    /// `wire` is the SSH wire form of `key`. `None`: not RSA, or of a size that is not supported.
    pub(crate) fn new(wire: Vec<u8>, key: &KeyData) -> Option<Self> {
        let key = key.rsa()?;
        let components = PublicKeyComponents {
            n: key.n().as_positive_bytes()?,
            e: key.e().as_positive_bytes()?,
        };
        let key: PublicEncryptingKey = components.try_into().ok()?;
        let key = OaepPublicEncryptingKey::new(key).ok()?;
        Some(Self { wire, key })
    }
}

impl age::Recipient for SshRsaRecipient {
    fn wrap_file_key(&self, key: &FileKey) -> Result<(Vec<Stanza>, HashSet<String>), EncryptError> {
        let mut body = vec![0; self.key.ciphertext_size()];
        self.key
            .encrypt(
                &OAEP_SHA256_MGF1SHA256,
                key.expose_secret(),
                &mut body,
                Some(LABEL),
            )
            .map_err(|_| EncryptError::Io(io::Error::other("the SSH key cannot wrap")))?;
        Ok((
            vec![Stanza {
                tag: TAG.to_owned(),
                args: vec![key_tag(&self.wire)],
                body,
            }],
            HashSet::new(),
        ))
    }
}

/// An SSH private key of type RSA.
///
/// It is checked and loaded when the first stanza for it comes: that takes milliseconds, and the key in the default
/// place is rarely the one that is needed.
pub(crate) struct SshRsaIdentity {
    wire: Vec<u8>,
    source: Source,
    loaded: OnceLock<Option<OaepPrivateDecryptingKey>>,
}

enum Source {
    OpenSsh(Box<RsaKeypair>),
    Loaded(Zeroizing<Vec<u8>>),
}

impl SshRsaIdentity {
    /// Takes a key of an OpenSSH file; `None`: of another type.
    pub(crate) fn from_openssh(wire: Vec<u8>, key: &KeypairData) -> Option<Self> {
        let source = Source::OpenSsh(Box::new(key.rsa()?.clone()));
        Some(Self {
            wire,
            source,
            loaded: OnceLock::new(),
        })
    }

    /// Takes PKCS#1 or PKCS#8 in DER; gives the public key too. `None`: of another type, or refused.
    pub(crate) fn from_der(der: &[u8], pkcs1: bool) -> Option<(Self, KeyData)> {
        let pair = if pkcs1 {
            KeyPair::from_der(der)
        } else {
            KeyPair::from_pkcs8(der)
        }
        .ok()?;
        let (n, e) = public_parts(pair.public_key().as_ref())?;
        let public = RsaPublicKey::new(positive(e), positive(n)).ok()?;
        let public = KeyData::from(public);
        let wire = ssh_key::PublicKey::from(public.clone()).to_bytes().ok()?;
        let source = Source::Loaded(to_pkcs8(&pair)?);
        Some((
            Self {
                wire,
                source,
                loaded: OnceLock::new(),
            },
            public,
        ))
    }

    fn load(&self) -> Option<OaepPrivateDecryptingKey> {
        let pkcs8 = match &self.source {
            Source::OpenSsh(pair) => &to_pkcs8(&complete(pair)?)?,
            Source::Loaded(pkcs8) => pkcs8,
        };
        OaepPrivateDecryptingKey::new(PrivateDecryptingKey::from_pkcs8(pkcs8).ok()?).ok()
    }
}

impl age::Identity for SshRsaIdentity {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, DecryptError>> {
        if stanza.tag != TAG {
            return None;
        }
        let [tag] = stanza.args.as_slice() else {
            return Some(Err(DecryptError::InvalidHeader));
        };
        if *tag != key_tag(&self.wire) {
            return None;
        }
        let Some(key) = self.loaded.get_or_init(|| self.load()) else {
            return Some(Err(DecryptError::Io(io::Error::other(
                "the SSH key is inconsistent or of an unsupported size",
            ))));
        };
        if stanza.body.len() != key.key_size_bytes() {
            return Some(Err(DecryptError::InvalidHeader));
        }
        let mut plain = Zeroizing::new(vec![0; key.min_output_size()]);
        let opened = key.decrypt(&OAEP_SHA256_MGF1SHA256, &stanza.body, &mut plain, Some(LABEL));
        let Ok(opened) = opened.map(|opened| &*opened) else {
            return Some(Err(DecryptError::DecryptionFailed));
        };
        if opened.len() != FILE_KEY_BYTES {
            return Some(Err(DecryptError::InvalidHeader));
        }
        Some(Ok(FileKey::init_with_mut(|file_key| {
            file_key.copy_from_slice(opened)
        })))
    }
}

/// OpenSSH leaves the two CRT exponents out; they are remainders of the private exponent.
fn complete(pair: &RsaKeypair) -> Option<KeyPair> {
    let (public, private) = (pair.public(), pair.private());
    let d = private.d().as_positive_bytes()?;
    let p = private.p().as_positive_bytes()?;
    let q = private.q().as_positive_bytes()?;
    KeyPair::from_components(&KeyPairComponents {
        public_key: PublicKeyComponents {
            n: public.n().as_positive_bytes()?,
            e: public.e().as_positive_bytes()?,
        },
        d,
        p,
        q,
        dP: &crt_exponent(d, p)?,
        dQ: &crt_exponent(d, q)?,
        qInv: private.iqmp().as_positive_bytes()?,
    })
    .ok()
}

/// `d mod (prime − 1)`. The time it takes depends on the lengths of both, not on their values.
fn crt_exponent(d: &[u8], prime: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let number = |bytes: &[u8]| {
        let bits = u32::try_from(bytes.len()).ok()?.checked_mul(8)?;
        BoxedUint::from_be_slice(bytes, bits.next_multiple_of(64))
            .ok()
            .map(Zeroizing::new)
    };
    let d = number(d)?;
    let prime = number(prime)?;
    let modulus = Zeroizing::new(prime.wrapping_sub(BoxedUint::one_with_precision(prime.bits_precision())));
    let modulus = NonZero::new((*modulus).clone()).into_option()?;
    let rest = Zeroizing::new(d.rem(&modulus));
    Some(Zeroizing::new(rest.to_be_bytes().into_vec()))
}

fn to_pkcs8(pair: &KeyPair) -> Option<Zeroizing<Vec<u8>>> {
    let der: Pkcs8V1Der<'_> = pair.as_der().ok()?;
    Some(Zeroizing::new(der.as_ref().to_vec()))
}

fn positive(bytes: &[u8]) -> ssh_key::Mpint {
    ssh_key::Mpint::from_positive_bytes(bytes)
}

/// Modulus and exponent out of `RSAPublicKey ::= SEQUENCE { INTEGER, INTEGER }`, as AWS-LC writes it.
fn public_parts(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (body, _) = element(der, 0x30)?;
    let (n, rest) = element(body, 0x02)?;
    let (e, _) = element(rest, 0x02)?;
    Some((n, e))
}

/// One DER element of this tag, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    (*found == tag).then_some(())?;
    let (len, rest) = match usize::from(*first) {
        len @ 0..0x80 => (len, rest),
        more => {
            let (len, rest) = rest.split_at_checked(more - 0x80)?;
            (
                len.iter().try_fold(0_usize, |all, byte| {
                    all.checked_mul(256)?.checked_add(usize::from(*byte))
                })?,
                rest,
            )
        }
    };
    rest.split_at_checked(len)
}

const TAG: &str = "ssh-rsa";
const LABEL: &[u8] = b"age-encryption.org/v1/ssh-rsa";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crt_exponents_are_remainders() {
        let cases: [(&str, u128, u128, u128); 4] = [
            ("small", 17, 11, 7),
            ("equal to the modulus", 10, 11, 0),
            (
                "longer than the prime",
                0x1234_5678_9abc_def0_1234_5678,
                0xffff_fffb,
                0x1234_5678_9abc_def0_1234_5678 % 0xffff_fffa,
            ),
            ("shorter than the prime", 3, u128::MAX, 3),
        ];
        for (name, d, prime, want) in cases {
            let got = crt_exponent(&d.to_be_bytes(), &prime.to_be_bytes()).unwrap();
            let got = got
                .iter()
                .fold(0_u128, |all, byte| (all << 8) | u128::from(*byte));
            assert_eq!(got, want, "case: {name}");
        }
    }

    #[test]
    fn a_prime_of_one_is_refused() {
        assert!(crt_exponent(&[5], &[1]).is_none());
    }
}
