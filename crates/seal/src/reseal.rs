//! Items under old keys to the current one; nothing else of an object changes (spec/sealed-secrets §19.7).

use std::collections::BTreeMap;

use crds::SealedSecret;
use secrecy::{ExposeSecret, SecretSlice};
use thiserror::Error;

use crate::unseal::refuse_blob;
use crate::{
    ItemError, KeyRing, Label, OpenError, Random, SealError, SealedBy, SealedValue, SealingCert, UnsealError,
    open_value, seal_value,
};

/// What became of the items of one object.
#[derive(Debug, Default)]
pub struct Resealed {
    /// New ciphertexts, by item.
    pub changed: BTreeMap<String, String>,
    /// Items that lie under the wanted key already.
    pub kept: Vec<String>,
}

/// Opens what does not lie under `cert` and seals it to it, label and scope unchanged.
///
/// Which items lie under the wanted key already:
///
/// - the ring holds its private key: those that it opens, proved by opening; the annotation is not looked at;
/// - the ring does not hold it (a backup of old keys): those that no key of the ring opens **and** whose RSA block has
///   the wanted key's size **and** which the annotation says are sealed by it. The annotation alone never keeps an
///   item: what an old key opens is sealed anew whatever it says.
///
/// Every other item must open with a key of the ring. The annotation also says which key is tried first.
///
/// # Errors
///
/// Every item that does not open (all of them are told, nothing is changed), or a failing random source.
pub fn reseal_items(
    sealed: &SealedSecret,
    ring: &KeyRing,
    cert: &SealingCert,
    random: &mut Random<'_>,
) -> Result<Resealed, ResealError> {
    refuse_blob(sealed).map_err(ResealError::Open)?;
    let label = Label::of(sealed);
    let hints = SealedBy::of_object(sealed);
    let mut resealed = Resealed::default();
    let mut plain: Vec<(&String, SecretSlice<u8>)> = Vec::new();
    let mut errors = Vec::new();
    for (item, text) in &sealed.spec.encrypted_data {
        let hint = hints.of(item).map(|entry| entry.fingerprint.as_str());
        match look(text, &label, ring, cert, hint) {
            Ok(Some(value)) => plain.push((item, value)),
            Ok(None) => resealed.kept.push(item.clone()),
            Err(error) => errors.push(ItemError {
                item: item.clone(),
                text: error.to_string(),
            }),
        }
    }
    if !errors.is_empty() {
        return Err(ResealError::Open(UnsealError {
            items: errors,
            whole: None,
        }));
    }
    for (item, value) in plain {
        let value = seal_value(value.expose_secret(), &label, cert, random).map_err(ResealError::Seal)?;
        resealed.changed.insert(item.clone(), value.to_base64());
    }
    Ok(resealed)
}

/// The value of an item that lies under an old key; `None` for one that is kept.
fn look(
    text: &str,
    label: &Label,
    ring: &KeyRing,
    cert: &SealingCert,
    hint: Option<&str>,
) -> Result<Option<SecretSlice<u8>>, OpenError> {
    let value = SealedValue::from_base64(text)?;
    match open_value(&value, label, ring, hint) {
        Ok((plain, index)) => {
            let wanted = ring.keys()[index].fingerprint() == cert.fingerprint();
            Ok((!wanted).then_some(plain))
        }
        Err(error) => {
            let unknown = ring.find(cert.fingerprint()).is_none();
            let fits = value.rsa_bytes() == Some(cert.wrapping_key().block_bytes());
            let said = hint == Some(cert.fingerprint());
            (unknown && fits && said).then_some(None).ok_or(error)
        }
    }
}

/// Why an object was not resealed.
#[derive(Debug, Error)]
pub enum ResealError {
    /// Items that do not open.
    #[error(transparent)]
    Open(UnsealError),
    /// Sealing failed.
    #[error(transparent)]
    Seal(SealError),
}
