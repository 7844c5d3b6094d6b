//! Nothing that comes from outside makes us panic, and no changed file opens to something else.

use gitseal_tests::drawn;
use proptest::prelude::*;
use providers::age;

use crate::support::{KEY_BYTES, User, file_of, identity, lock, opens};

proptest! {
    #![proptest_config(drawn::cases(256))]

    #[test]
    fn arbitrary_bytes_are_refused_quietly(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(age::open(&bytes, "", vec![]).is_err());
        prop_assert!(age::open_armored(&bytes, "", vec![]).is_err());
        let header = [b"age-encryption.org/v1\n-> X25519 ".as_slice(), &bytes].concat();
        prop_assert!(age::open(&header, "", vec![]).is_err());
    }

    #[test]
    fn arbitrary_texts_are_no_keys(text in "(age1|age1pq1|ssh-rsa |ssh-ed25519 |AGE-SECRET-KEY-1|AGE-PLUGIN-)?\\PC{0,80}") {
        prop_assert!(age::recipient_kind(&text).is_err());
        let read = age::recipients_of(&text);
        prop_assert!(read.is_err() || read.is_ok_and(|found| found.is_empty()));
    }
}

#[test]
fn no_changed_byte_opens() {
    let (key, recipient) = identity();
    let mut user = User::new();
    user.set("SOPS_AGE_KEY", &key);
    let services = user.services();
    let locked = lock(&user, &[&[&recipient]], 0).unwrap();
    let enc = locked.key_groups[0].0[0].enc().to_owned();
    assert!(opens(&services, &locked).is_ok());
    let file = dearmor(&enc);
    assert_eq!(*age::open(&file, &key, vec![]).unwrap(), KEY_BYTES);
    for at in 0..file.len() {
        for bit in [0x01, 0x20, 0x80] {
            let mut changed = file.clone();
            changed[at] ^= bit;
            assert!(
                age::open(&changed, &key, vec![]).is_err(),
                "byte {at}, bit {bit:#x}"
            );
        }
    }
    for len in 0..file.len() {
        assert!(age::open(&file[..len], &key, vec![]).is_err(), "cut to {len}");
    }
    assert!(
        opens(
            &services,
            &file_of(&[(&recipient, &enc.replacen('\n', "\r\n", 3))])
        )
        .is_ok(),
        "line ends are free"
    );
}

fn dearmor(text: &str) -> Vec<u8> {
    use base64::prelude::{BASE64_STANDARD, Engine};
    let body: String = text.lines().filter(|line| !line.starts_with('-')).collect();
    BASE64_STANDARD.decode(body).unwrap()
}
