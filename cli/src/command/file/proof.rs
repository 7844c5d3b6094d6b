//! The last look before a file is replaced: what will stand there must open again.
//!
//! The old file may be the only copy of a password. A defect in writing must not cost it, so the new bytes are read
//! and opened in memory, MAC included, before they take its place.

use sops::{DataKey, MacCheck, Store};

use crate::error::{CliError, Kind};

/// Reads and opens what is about to be written.
///
/// # Errors
///
/// Exit 23; the file stays as it is.
pub fn opens_again(bytes: &[u8], store: Store, key: &DataKey, what: &str) -> Result<(), CliError> {
    if does_open(bytes, store, key) {
        return Ok(());
    }
    Err(CliError::new(
        Kind::EncryptTree,
        format!("{what}: the result would not open again"),
    )
    .hint("the file is as it was; this is a defect of gitseal: please report the shape of the document"))
}

/// Whether an encrypted file opens with a data key, MAC included.
pub fn does_open(bytes: &[u8], store: Store, key: &DataKey) -> bool {
    store
        .read_encrypted(bytes)
        .is_ok_and(|file| sops::decrypt(&file, key, MacCheck::Verify).is_ok())
}

#[cfg(test)]
mod tests {
    use sops::{Header, Random, RandomError, Selector};

    use super::*;

    struct Counter(u8);

    impl Random for Counter {
        fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RandomError> {
            self.0 += 1;
            bytes.fill(self.0);
            Ok(())
        }
    }

    #[test]
    fn a_file_that_lost_a_value_does_not_pass() {
        let key = DataKey::generate(&mut Counter(0)).unwrap();
        let header = Header {
            key_groups: vec![sops::KeyGroup(vec![sops::MasterKey::age("age1example")])],
            shamir_threshold: 0,
            selector: Selector::EncryptedSuffix("_secret".to_owned()),
            mac_only_encrypted: false,
            version: sops::SOPS_VERSION.to_owned(),
        };
        let document = Store::Yaml.read_plain(b"a_secret: b\nc: d\n").unwrap();
        let now = jiff::Timestamp::UNIX_EPOCH;
        let sealed = sops::encrypt(document, &key, header, None, now, &mut Counter(9)).unwrap();
        let bytes = Store::Yaml
            .write_encrypted(&sealed.file, &sops::Layout::default())
            .unwrap();
        assert!(does_open(&bytes, Store::Yaml, &key));

        let lost = String::from_utf8(bytes).unwrap().replace("c: d\n", "");
        let error =
            opens_again(lost.as_bytes(), Store::Yaml, &key, "cannot set a value in x.yaml").unwrap_err();
        assert_eq!(error.kind.exit_code(), 23);
    }
}
