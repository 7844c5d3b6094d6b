//! RSA-OAEP-SHA-256 with a label. The only file that names the RSA library.
//!
//! AWS-LC draws the seed of the padding and the primes of a new key itself (architecture §3.3).

use std::fmt;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{
    KeySize, OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, OaepPublicEncryptingKey, PrivateDecryptingKey,
    PublicEncryptingKey,
};
use zeroize::Zeroizing;

/// Most bytes of an RSA block: 8192 bits.
pub(crate) const MAX_RSA_BYTES: usize = 1024;

/// Room for what comes out of an RSA block.
pub(crate) type Unwrapped = Zeroizing<[u8; MAX_RSA_BYTES]>;

/// The RSA library refused.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refused;

/// A public key that wraps session keys.
pub(crate) struct WrappingKey(OaepPublicEncryptingKey);

impl WrappingKey {
    /// From SubjectPublicKeyInfo in DER.
    pub(crate) fn from_spki(der: &[u8]) -> Result<Self, Refused> {
        let key = PublicEncryptingKey::from_der(der).map_err(|_| Refused)?;
        OaepPublicEncryptingKey::new(key).map(Self).map_err(|_| Refused)
    }

    /// Length of its blocks.
    pub(crate) fn block_bytes(&self) -> usize {
        self.0.ciphertext_size()
    }

    /// Wraps a session key into `block`, which has [`block_bytes`](Self::block_bytes).
    pub(crate) fn wrap(&self, session_key: &[u8], label: &[u8], block: &mut [u8]) -> Result<(), Refused> {
        let wrapped = self
            .0
            .encrypt(&OAEP_SHA256_MGF1SHA256, session_key, block, Some(label));
        wrapped.map(|_| ()).map_err(|_| Refused)
    }
}

impl fmt::Debug for WrappingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WrappingKey({} bits)", self.0.key_size_bits())
    }
}

/// A private key that unwraps session keys. Parsed and checked once.
pub(crate) struct UnwrappingKey {
    private: PrivateDecryptingKey,
    oaep: OaepPrivateDecryptingKey,
}

impl UnwrappingKey {
    /// From PKCS#8 in DER; the library checks that the parts of the key belong together.
    pub(crate) fn from_pkcs8(der: &[u8]) -> Result<Self, Refused> {
        Self::new(PrivateDecryptingKey::from_pkcs8(der).map_err(|_| Refused)?)
    }

    /// Makes a new key; `None` for a size that is not made (2048, 3072, 4096, 8192 are).
    pub(crate) fn generate(bits: usize) -> Option<Result<Self, Refused>> {
        let size = match bits {
            2048 => KeySize::Rsa2048,
            3072 => KeySize::Rsa3072,
            4096 => KeySize::Rsa4096,
            8192 => KeySize::Rsa8192,
            _ => return None,
        };
        Some(
            PrivateDecryptingKey::generate(size)
                .map_err(|_| Refused)
                .and_then(Self::new),
        )
    }

    fn new(private: PrivateDecryptingKey) -> Result<Self, Refused> {
        // The clone shares the key in the library's memory.
        let oaep = OaepPrivateDecryptingKey::new(private.clone()).map_err(|_| Refused)?;
        Ok(Self { private, oaep })
    }

    /// Length of its blocks.
    pub(crate) fn block_bytes(&self) -> usize {
        self.oaep.key_size_bytes()
    }

    /// Unwraps a block; gives the length of what stands in `out`.
    pub(crate) fn unwrap(&self, block: &[u8], label: &[u8], out: &mut Unwrapped) -> Result<usize, Refused> {
        let opened = self
            .oaep
            .decrypt(&OAEP_SHA256_MGF1SHA256, block, &mut out[..], Some(label));
        opened.map(|plain| plain.len()).map_err(|_| Refused)
    }

    /// The key as PKCS#8 in DER.
    pub(crate) fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, Refused> {
        let der: Pkcs8V1Der<'_> = self.private.as_der().map_err(|_| Refused)?;
        Ok(Zeroizing::new(der.as_ref().to_vec()))
    }
}
