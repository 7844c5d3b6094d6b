//! Sealing certificates: the public half that the laptop uses (spec/sealed-secrets §2, §11.2).

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use x509_parser::der_parser::oid;
use x509_parser::public_key::PublicKey;
use x509_parser::time::ASN1Time;
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::CertError;
use crate::fingerprint::PublicNumbers;
use crate::oaep::WrappingKey;
use crate::pem_block::{pem_blocks, to_pem};

/// A certificate to seal to. Public. A clone shares the parsed key.
#[derive(Clone, Debug)]
pub struct SealingCert {
    fingerprint: String,
    not_before: Timestamp,
    not_after: Timestamp,
    bits: usize,
    der: Vec<u8>,
    key: Arc<WrappingKey>,
}

/// Whether a certificate may be used at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validity {
    /// Before its notBefore.
    NotYet(Timestamp),
    /// In its time, and for longer than 30 days.
    Good,
    /// It ends within 30 days.
    EndsSoon(Timestamp),
    /// Past its notAfter.
    Expired(Timestamp),
}

impl SealingCert {
    /// The first `CERTIFICATE` block of a PEM text. Neither chain nor usage nor name are looked at (as the peer).
    ///
    /// # Errors
    ///
    /// See [`CertError`].
    pub fn from_pem(pem: &[u8]) -> Result<Self, CertError> {
        let block = pem_blocks(pem)
            .into_iter()
            .find(|block| block.label == CERTIFICATE)
            .ok_or(CertError::None)?;
        Self::from_der(&block.der.ok_or(CertError::Malformed)?)
    }

    /// The certificate itself, in DER.
    ///
    /// # Errors
    ///
    /// See [`CertError`].
    pub fn from_der(der: &[u8]) -> Result<Self, CertError> {
        let (rest, cert) = x509_parser::parse_x509_certificate(der).map_err(|_| CertError::Malformed)?;
        if !rest.is_empty() {
            return Err(CertError::Malformed);
        }
        let spki = cert.public_key();
        let key = spki.parsed().map_err(|_| CertError::Malformed)?;
        let PublicKey::RSA(key) = key else {
            return Err(CertError::NotRsa {
                found: name_of(spki, &key).to_owned(),
            });
        };
        let numbers = PublicNumbers::new(key.modulus, key.exponent);
        if let Some(bits) = numbers.bad_size() {
            return Err(CertError::Size { bits });
        }
        Ok(Self {
            fingerprint: numbers.fingerprint(),
            not_before: timestamp(cert.validity().not_before),
            not_after: timestamp(cert.validity().not_after),
            bits: numbers.bits(),
            der: der.to_vec(),
            key: Arc::new(WrappingKey::from_spki(spki.raw).map_err(|_| CertError::Malformed)?),
        })
    }

    /// `SHA256:` and the unpadded base64 of SHA-256 over the SSH wire form of the public key.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Whether it may be used at a time.
    pub fn validity(&self, now: Timestamp) -> Validity {
        if now > self.not_after {
            return Validity::Expired(self.not_after);
        }
        if now < self.not_before {
            return Validity::NotYet(self.not_before);
        }
        if self.not_after.duration_since(now) <= SOON {
            return Validity::EndsSoon(self.not_after);
        }
        Validity::Good
    }

    /// Start of its validity.
    pub fn not_before(&self) -> Timestamp {
        self.not_before
    }

    /// End of its validity.
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// Size of the key in bits.
    pub fn bits(&self) -> usize {
        self.bits
    }

    /// Its `CERTIFICATE` block alone, as PEM.
    pub fn to_pem(&self) -> String {
        to_pem(CERTIFICATE, &self.der).as_str().to_owned()
    }

    pub(crate) fn wrapping_key(&self) -> &WrappingKey {
        &self.key
    }
}

/// The kind of a key, as Go names it.
fn name_of(spki: &SubjectPublicKeyInfo<'_>, key: &PublicKey<'_>) -> &'static str {
    match key {
        PublicKey::EC(_) => "*ecdsa.PublicKey",
        PublicKey::DSA(_) => "*dsa.PublicKey",
        _ if spki.algorithm.algorithm == oid!(1.3.101.112) => "ed25519.PublicKey",
        _ if spki.algorithm.algorithm == oid!(1.3.101.110) => "*ecdh.PublicKey",
        _ => "<nil>",
    }
}

/// "No end" is written as the last second of the year 9999, which is later than the last timestamp there is.
fn timestamp(time: ASN1Time) -> Timestamp {
    Timestamp::from_second(time.timestamp()).unwrap_or(Timestamp::MAX)
}

/// Name of the PEM blocks.
const CERTIFICATE: &str = "CERTIFICATE";

/// How long before its end a certificate is told about.
const SOON: SignedDuration = SignedDuration::from_hours(30 * 24);
