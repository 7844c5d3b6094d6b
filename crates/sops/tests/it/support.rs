//! What several test files need: a generator that repeats, a header, one-line ways through the crate.

use sops::{
    DataKey, Encrypted, EncryptedFile, Header, KeyGroup, Layout, MacCheck, MasterKey, Previous, Random,
    RandomError, Selector, Store, decrypt, encrypt,
};

/// Bytes that differ from call to call and are the same in every run.
pub(crate) struct Counter(pub(crate) u64);

impl Random for Counter {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RandomError> {
        for byte in bytes {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            *byte = self.0.to_be_bytes()[0];
        }
        Ok(())
    }
}

pub(crate) fn key() -> DataKey {
    DataKey::from_bytes(&std::array::from_fn::<u8, 32, _>(|at| at as u8)).unwrap()
}

pub(crate) fn other_key() -> DataKey {
    DataKey::from_bytes(&[7; 32]).unwrap()
}

pub(crate) fn header() -> Header {
    header_with(Selector::default())
}

pub(crate) fn header_with(selector: Selector) -> Header {
    let key = MasterKey::Age {
        recipient: "age1example".into(),
        enc: "-----BEGIN-----\nYWJj\n-----END-----\n".into(),
    };
    Header {
        key_groups: vec![KeyGroup(vec![key])],
        shamir_threshold: 0,
        selector,
        mac_only_encrypted: false,
        version: sops::SOPS_VERSION.into(),
    }
}

pub(crate) fn now() -> jiff::Timestamp {
    "2026-01-02T03:04:05Z".parse().unwrap()
}

pub(crate) fn later() -> jiff::Timestamp {
    "2026-02-03T04:05:06Z".parse().unwrap()
}

/// Encrypts a plain text of a store.
pub(crate) fn seal(store: Store, plain: &str) -> Encrypted {
    seal_with(store, plain, header())
}

pub(crate) fn seal_with(store: Store, plain: &str, header: Header) -> Encrypted {
    let document = store
        .read_plain(plain.as_bytes())
        .unwrap_or_else(|error| panic!("{error}: {plain}"));
    encrypt(document, &key(), header, None, now(), &mut Counter(1))
        .unwrap_or_else(|error| panic!("{error}: {plain}"))
}

/// The text of an encrypted file.
pub(crate) fn text(file: &EncryptedFile) -> String {
    String::from_utf8(file.store().write_encrypted(file, &Layout::default()).unwrap()).unwrap()
}

/// Reads an encrypted text.
pub(crate) fn read(store: Store, text: &str) -> EncryptedFile {
    store
        .read_encrypted(text.as_bytes())
        .unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Decrypts an encrypted text, MAC and all, to plain text.
pub(crate) fn open(store: Store, text: &str) -> String {
    let file = read(store, text);
    let (document, _) =
        decrypt(&file, &key(), MacCheck::Verify).unwrap_or_else(|error| panic!("{error}: {text}"));
    let plain = store.write_plain(&document, &Layout::default()).unwrap();
    String::from_utf8(plain.to_vec()).unwrap()
}

/// Encrypts an edited plain text with its former version.
pub(crate) fn again(store: Store, former: &str, plain: &str) -> (Encrypted, String) {
    let file = read(store, former);
    let previous = Previous::open(&file, &key()).unwrap();
    let document = store
        .read_plain(plain.as_bytes())
        .unwrap_or_else(|error| panic!("{error}: {plain}"));
    let header = Header::of(file.metadata());
    let encrypted = encrypt(
        document,
        &key(),
        header,
        Some(&previous),
        later(),
        &mut Counter(99),
    )
    .unwrap();
    let written = text(&encrypted.file);
    (encrypted, written)
}

/// Lines that only one of two texts has.
pub(crate) fn changed_lines(old: &str, new: &str) -> Vec<String> {
    let (old, new): (Vec<_>, Vec<_>) = (old.lines().collect(), new.lines().collect());
    new.iter()
        .filter(|line| !old.contains(line))
        .map(|line| line.trim().to_owned())
        .collect()
}
