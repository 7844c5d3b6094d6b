//! Vectors, keys and random bytes for tests.

use std::path::PathBuf;

use crds::SealedSecret;
use jiff::Timestamp;
use seal::{KeyRing, RandomError, SealedValue, SealingCert, SealingKey};
use serde_json::Value;

/// Bytes of a file of `tests/vectors/sealed`.
#[expect(clippy::disallowed_methods, reason = "vectors are files")]
pub(crate) fn vector(name: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/sealed");
    std::fs::read(folder.join(name)).unwrap()
}

/// A file of vectors as JSON.
pub(crate) fn json(name: &str) -> Value {
    serde_json::from_slice(&vector(name)).unwrap()
}

/// The cases of a file of vectors.
pub(crate) fn cases(name: &str) -> Vec<Value> {
    json(name)["cases"].as_array().unwrap().clone()
}

/// One text field of a case.
pub(crate) fn text<'a>(case: &'a Value, field: &str) -> &'a str {
    case[field].as_str().unwrap()
}

/// A private key of the vectors, with its certificate.
pub(crate) fn key(name: &str) -> SealingKey {
    let [key, cert] = ["key", "crt"].map(|kind| vector(&format!("{name}.{kind}.pem")));
    SealingKey::from_pem(&key, Some(&cert), &mut no_passphrase).unwrap()
}

/// A certificate of the vectors.
pub(crate) fn cert(name: &str) -> SealingCert {
    SealingCert::from_pem(&vector(&format!("{name}.crt.pem"))).unwrap()
}

/// A ring of keys of the vectors.
pub(crate) fn ring(names: &[&str]) -> KeyRing {
    KeyRing::newest_first(names.iter().map(|name| key(name)).collect())
}

/// For keys that are not encrypted.
pub(crate) fn no_passphrase() -> Option<secrecy::SecretString> {
    panic!("no passphrase was to be asked for")
}

/// A generator that counts: no two calls give the same bytes.
pub(crate) fn counting() -> impl FnMut(&mut [u8]) -> Result<(), RandomError> {
    let mut next = 0_u8;
    move |bytes| {
        for byte in bytes {
            next = next.wrapping_mul(5).wrapping_add(17);
            *byte = next;
        }
        Ok(())
    }
}

/// A SealedSecret from JSON.
pub(crate) fn sealed(value: Value) -> SealedSecret {
    serde_json::from_value(value).unwrap()
}

/// An envelope from its text.
pub(crate) fn envelope(text: &str) -> SealedValue {
    SealedValue::from_base64(text).unwrap()
}

/// A time in seconds since 1970.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}
