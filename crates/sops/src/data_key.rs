//! The key of one file, and the shares that master keys wrap.

use std::fmt;

use secrecy::{ExposeSecret, ExposeSecretMut, SecretBox, SecretSlice};

use crate::{Random, RandomError};

/// Length of a data key, in bytes (AES-256).
pub const DATA_KEY_BYTES: usize = 32;

/// The symmetric key that encrypts all values of one SOPS file.
///
/// Wiped from memory on drop. There is no `Clone`, no `PartialEq` and no `Serialize`: the only way to the bytes is
/// [`ExposeSecret`], so a reviewer finds every use of the key with one search.
pub struct DataKey(SecretBox<[u8; DATA_KEY_BYTES]>);

impl DataKey {
    /// Draws a fresh key.
    ///
    /// # Errors
    ///
    /// When the random source fails.
    pub fn generate(random: &mut dyn Random) -> Result<Self, RandomError> {
        let mut key = SecretBox::new(Box::new([0; DATA_KEY_BYTES]));
        random.fill(key.expose_secret_mut())?;
        Ok(Self(key))
    }

    /// Takes 32 bytes that a master key held; `None` for any other length.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; DATA_KEY_BYTES] = bytes.try_into().ok()?;
        let mut key = SecretBox::new(Box::new([0; DATA_KEY_BYTES]));
        key.expose_secret_mut().copy_from_slice(bytes);
        Some(Self(key))
    }
}

impl ExposeSecret<[u8; DATA_KEY_BYTES]> for DataKey {
    fn expose_secret(&self) -> &[u8; DATA_KEY_BYTES] {
        self.0.expose_secret()
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey([redacted])")
    }
}

/// What one master key wraps: the data key itself (one key group), or one Shamir share of it (33 bytes, x last).
pub struct KeyShare(SecretSlice<u8>);

impl KeyShare {
    /// Takes over bytes that were wrapped or split.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }
}

impl From<&DataKey> for KeyShare {
    fn from(key: &DataKey) -> Self {
        Self::new(key.expose_secret().to_vec())
    }
}

impl ExposeSecret<[u8]> for KeyShare {
    fn expose_secret(&self) -> &[u8] {
        self.0.expose_secret()
    }
}

impl fmt::Debug for KeyShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyShare([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Constant(u8);

    impl Random for Constant {
        fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RandomError> {
            bytes.fill(self.0);
            Ok(())
        }
    }

    #[test]
    fn debug_never_shows_key_bytes() {
        let key = DataKey::generate(&mut Constant(0xA5)).unwrap();
        assert_eq!(format!("{key:?}"), "DataKey([redacted])");
        assert_eq!(format!("{:#?}", KeyShare::from(&key)), "KeyShare([redacted])");
        assert_eq!(key.expose_secret(), &[0xA5; 32]);
    }

    #[test]
    fn a_data_key_has_32_bytes() {
        assert!(DataKey::from_bytes(&[7; 32]).is_some());
        assert!(DataKey::from_bytes(&[7; 31]).is_none());
        assert!(DataKey::from_bytes(&[7; 33]).is_none());
    }
}
