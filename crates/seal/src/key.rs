//! Sealing keys: the private half (spec/sealed-secrets §2.1 to 2.3).

use std::ops::RangeInclusive;

use jiff::Timestamp;
use pkcs8::der::asn1::{AnyRef, OctetStringRef, UintRef};
use pkcs8::der::{Decode, Encode, Header, SliceReader, Tag};
use pkcs8::pkcs5::pbes2::Kdf;
use pkcs8::{AlgorithmIdentifierRef, EncryptedPrivateKeyInfoRef, ObjectIdentifier, PrivateKeyInfoRef};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, KeyUsagePurpose, PKCS_RSA_SHA256,
};
use rustls_pki_types::PrivatePkcs8KeyDer;
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::fingerprint::PublicNumbers;
use crate::oaep::UnwrappingKey;
use crate::pem_block::{PemBlock, pem_blocks, to_pem};
use crate::{CertError, KeyError, SealingCert};

/// An RSA private key and its certificate. No `Debug` of content, no `Clone`.
///
/// The key is parsed and checked once; opening a value costs the RSA operation alone.
pub struct SealingKey {
    key: UnwrappingKey,
    pkcs1: SecretSlice<u8>,
    fingerprint: String,
    cert: Option<SealingCert>,
}

impl SealingKey {
    /// The first usable private key among PEM blocks (PKCS#1, PKCS#8, encrypted PKCS#8), with its certificate: the one
    /// given, else the first `CERTIFICATE` block that stands in the same text and can be read. Without a certificate it
    /// has no validity; its fingerprint comes from the key.
    /// The certificate is not checked against the key (the peer does not), but [`matches_cert`](Self::matches_cert)
    /// tells.
    ///
    /// # Errors
    ///
    /// See [`KeyError`]; where several blocks cannot be used, it is about the first. `passphrase` is asked at most once,
    /// only for an encrypted key.
    pub fn from_pem(
        key: &[u8],
        cert: Option<&[u8]>,
        passphrase: &mut dyn FnMut() -> Option<SecretString>,
    ) -> Result<Self, KeyError> {
        let mut given = None;
        let mut ask = || given.get_or_insert_with(&mut *passphrase).clone();
        let mut first_error = None;
        for block in pem_blocks(key) {
            let found = match Self::from_block(&block, &mut ask) {
                None => continue,
                Some(Err(error)) => {
                    first_error.get_or_insert(error);
                    continue;
                }
                Some(Ok(found)) => found,
            };
            let cert = match cert {
                Some(cert) => Some(SealingCert::from_pem(cert).map_err(KeyError::Cert)?),
                None => SealingCert::from_pem(key).ok(),
            };
            return Ok(Self { cert, ..found });
        }
        Err(first_error.unwrap_or(KeyError::None))
    }

    /// The key of one block; `None` for a block that is no private key.
    pub(crate) fn from_block(
        block: &PemBlock,
        passphrase: &mut dyn FnMut() -> Option<SecretString>,
    ) -> Option<Result<Self, KeyError>> {
        let read = match block.label.as_str() {
            "RSA PRIVATE KEY" => Self::from_pkcs1,
            "PRIVATE KEY" => Self::from_pkcs8,
            "ENCRYPTED PRIVATE KEY" => |der: &[u8]| Self::from_pkcs8(der),
            "EC PRIVATE KEY" | "DSA PRIVATE KEY" => return Some(Err(KeyError::NotRsa)),
            _ => return None,
        };
        if block.encrypted {
            return Some(Err(KeyError::OldEncryption));
        }
        let Some(der) = &block.der else {
            return Some(Err(KeyError::Malformed));
        };
        if block.label != "ENCRYPTED PRIVATE KEY" {
            return Some(read(der));
        }
        Some(decrypt(der, passphrase).and_then(|der| read(&der)))
    }

    fn from_pkcs8(der: &[u8]) -> Result<Self, KeyError> {
        let info = PrivateKeyInfoRef::try_from(der).map_err(|_| KeyError::Malformed)?;
        if info.algorithm.oid != RSA {
            return Err(KeyError::NotRsa);
        }
        Self::from_pkcs1(info.private_key.as_bytes())
    }

    fn from_pkcs1(der: &[u8]) -> Result<Self, KeyError> {
        let numbers = public_numbers(der).map_err(|_| KeyError::Malformed)?;
        if let Some(bits) = numbers.bad_size() {
            return Err(KeyError::Size { bits });
        }
        let pkcs8 = as_pkcs8(der).map_err(|_| KeyError::Malformed)?;
        Ok(Self {
            key: UnwrappingKey::from_pkcs8(&pkcs8).map_err(|_| KeyError::Malformed)?,
            pkcs1: der.to_vec().into(),
            fingerprint: numbers.fingerprint(),
            cert: None,
        })
    }

    /// Makes a new key (2048, 3072, 4096 or 8192 bits) and its certificate as the controller does (§2.1). An empty
    /// common name makes an empty name. Slow: seconds.
    ///
    /// # Errors
    ///
    /// [`KeyError::Size`] for another size; [`KeyError::Malformed`] if the RSA library refused.
    pub fn generate(
        bits: usize,
        common_name: &str,
        not_before: Timestamp,
        not_after: Timestamp,
        serial: [u8; 16],
    ) -> Result<Self, KeyError> {
        let key = UnwrappingKey::generate(bits).ok_or(KeyError::Size { bits })?;
        let pkcs8 = key
            .and_then(|key| key.to_pkcs8())
            .map_err(|_| KeyError::Malformed)?;
        let cert = self_signed(&pkcs8, common_name, [not_before, not_after], serial)?;
        Ok(Self {
            cert: Some(SealingCert::from_der(&cert).map_err(KeyError::Cert)?),
            ..Self::from_pkcs8(&pkcs8)?
        })
    }

    /// Fingerprint of the public key.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Size of the key in bits.
    pub fn bits(&self) -> usize {
        self.key.block_bytes() * 8
    }

    /// Its certificate, where it has one.
    pub fn cert(&self) -> Option<&SealingCert> {
        self.cert.as_ref()
    }

    /// Whether the certificate is of this key; `true` without one.
    pub fn matches_cert(&self) -> bool {
        self.cert
            .as_ref()
            .is_none_or(|cert| cert.fingerprint() == self.fingerprint)
    }

    /// The private key as PEM `RSA PRIVATE KEY`, as the controller writes it.
    pub fn to_pem(&self) -> SecretSlice<u8> {
        let pem = to_pem("RSA PRIVATE KEY", self.pkcs1.expose_secret());
        pem.as_bytes().to_vec().into()
    }

    pub(crate) fn with_cert(self, cert: Option<SealingCert>) -> Self {
        Self { cert, ..self }
    }

    pub(crate) fn unwrapping_key(&self) -> &UnwrappingKey {
        &self.key
    }
}

fn decrypt(
    der: &[u8],
    passphrase: &mut dyn FnMut() -> Option<SecretString>,
) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let info = EncryptedPrivateKeyInfoRef::try_from(der).map_err(|_| KeyError::UnsupportedEncryption)?;
    let scheme = info.encryption_algorithm.pbes2();
    if !scheme.is_some_and(|scheme| affordable(&scheme.kdf)) {
        return Err(KeyError::UnsupportedEncryption);
    }
    let passphrase = passphrase().ok_or(KeyError::Passphrase)?;
    let plain = info.decrypt(passphrase.expose_secret().as_bytes());
    let plain = plain.map_err(|_| KeyError::Passphrase)?;
    Ok(Zeroizing::new(plain.as_bytes().to_vec()))
}

/// Whoever wrote the file chose the costs: a file must not keep a machine busy for hours.
fn affordable(kdf: &Kdf) -> bool {
    match kdf {
        Kdf::Pbkdf2(params) => MAX_PBKDF2_ROUNDS.contains(&params.iteration_count),
        Kdf::Scrypt(params) => {
            let bytes = u128::from(params.cost_parameter) * u128::from(params.block_size) * 128;
            bytes * u128::from(params.parallelization) <= MAX_SCRYPT_BYTES
        }
        _ => false,
    }
}

/// Modulus and public exponent of a PKCS#1 key.
fn public_numbers(pkcs1: &[u8]) -> pkcs8::der::Result<PublicNumbers<'_>> {
    let mut reader = SliceReader::new(pkcs1)?;
    Header::decode(&mut reader)?.tag().assert_eq(Tag::Sequence)?;
    let _version = u8::decode(&mut reader)?;
    let modulus = UintRef::decode(&mut reader)?;
    let exponent = UintRef::decode(&mut reader)?;
    Ok(PublicNumbers::new(modulus.as_bytes(), exponent.as_bytes()))
}

/// The library reads PKCS#8 only: PKCS#1 inside a frame.
fn as_pkcs8(pkcs1: &[u8]) -> pkcs8::der::Result<Zeroizing<Vec<u8>>> {
    let algorithm = AlgorithmIdentifierRef {
        oid: RSA,
        parameters: Some(AnyRef::NULL),
    };
    let info = PrivateKeyInfoRef::new(algorithm, OctetStringRef::new(pkcs1)?);
    info.to_der().map(Zeroizing::new)
}

/// A certificate as the controller makes them (§2.1), in DER.
fn self_signed(
    pkcs8: &[u8],
    common_name: &str,
    [not_before, not_after]: [Timestamp; 2],
    serial: [u8; 16],
) -> Result<Vec<u8>, KeyError> {
    let unusable = || KeyError::Cert(CertError::Malformed);
    let time = |at: Timestamp| OffsetDateTime::from_unix_timestamp(at.as_second()).map_err(|_| unusable());
    let pair = PrivatePkcs8KeyDer::from(pkcs8);
    let pair = rcgen::KeyPair::from_pkcs8_der_and_sign_algo(&pair, &PKCS_RSA_SHA256)
        .map_err(|_| KeyError::Malformed)?;

    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    if !common_name.is_empty() {
        params.distinguished_name.push(DnType::CommonName, common_name);
    }
    params.serial_number = Some(serial.to_vec().into());
    params.not_before = time(not_before)?;
    params.not_after = time(not_after)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::EncipherOnly];
    let cert = params.self_signed(&pair).map_err(|_| unusable())?;
    Ok(cert.der().to_vec())
}

/// rsaEncryption (RFC 8017).
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// Rounds of PBKDF2 that are computed for a file.
const MAX_PBKDF2_ROUNDS: RangeInclusive<u32> = 1..=10_000_000;

/// Work of scrypt that is done for a file, in bytes of memory filled.
const MAX_SCRYPT_BYTES: u128 = 1 << 30;
