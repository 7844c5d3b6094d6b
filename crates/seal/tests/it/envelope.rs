//! Single values: vectors of another program, properties, refusals.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use proptest::prelude::{any, proptest};
use proptest::{collection, prop_assert, prop_assert_eq, prop_oneof, strategy::Just};
use seal::{KeyRing, Label, OpenError, RandomError, Scope, SealError, SealedValue, open_value, seal_value};
use secrecy::ExposeSecret;

use crate::support::{cases, cert, counting, envelope, key, ring, text};
use gitseal_tests::drawn;

/// The three labels as scopes make them; `label` is given as text in the vectors.
fn label(text: &str) -> Label {
    match text.split_once('/') {
        Some((namespace, name)) => Label::new(Scope::Strict, namespace, name),
        None if text.is_empty() => Label::new(Scope::ClusterWide, "", ""),
        None => Label::new(Scope::NamespaceWide, text, ""),
    }
}

fn open(value: &SealedValue, label: &Label, ring: &KeyRing) -> Option<Vec<u8>> {
    let (plain, _) = open_value(value, label, ring, None).ok()?;
    Some(plain.expose_secret().to_vec())
}

#[test]
fn opens_what_another_program_sealed() {
    for case in cases("envelope.json") {
        let value = envelope(text(&case, "sealed_b64"));
        let opened = open(&value, &label(text(&case, "label")), &ring(&[text(&case, "key")]));
        let plain = BASE64_STANDARD.decode(text(&case, "plaintext_b64")).unwrap();
        assert_eq!(opened, Some(plain), "{}", case["id"]);
        assert_eq!(value.rsa_bytes(), case["rsa_len"].as_u64().map(|n| n as usize));
    }
}

#[test]
fn refuses_every_negative_vector() {
    let (a, b) = (ring(&["key-a-2048"]), ring(&["key-b-2048"]));
    for case in cases("envelope-negative.json") {
        let ring = if text(&case, "key") == "key-a-2048" {
            &a
        } else {
            &b
        };
        let value = envelope(text(&case, "sealed_b64"));
        let error = open_value(&value, &label(text(&case, "label")), ring, None).map(|_| ());
        assert_eq!(error, Err(OpenError::NoKey), "{}", case["id"]);
    }
}

#[test]
fn reads_base64_as_the_peer() {
    let vectors = crate::support::json("base64.json");
    let ring = ring(&[text(&vectors, "key")]);
    for case in cases("base64.json") {
        let read = SealedValue::from_base64(text(&case, "value"));
        assert_eq!(read.is_ok(), case["ok"].as_bool().unwrap(), "{}", case["id"]);
        match read {
            Ok(value) => {
                let plain = open(&value, &label(text(&vectors, "label")), &ring);
                assert_eq!(plain.as_deref(), Some(text(&vectors, "plaintext").as_bytes()));
            }
            Err(error) => {
                if let Some(words) = case["error"].as_str() {
                    assert_eq!(error.to_string(), words);
                }
            }
        }
    }
}

#[test]
fn writes_the_form_of_the_peer() {
    let value = seal_value(b"", &label("a/b"), &cert("key-c-4096"), &mut counting()).unwrap();
    assert_eq!(value.as_bytes().len(), 2 + 512 + 16);
    assert_eq!(value.to_base64().len(), 708);
    assert!(value.to_base64().starts_with("Ag"));
}

#[test]
fn the_value_is_encrypted_by_the_key_that_the_generator_gave() {
    // AES-256-GCM of "hunter2" under the session key of the vector `strict`: everything behind the RSA block.
    let case = &cases("envelope.json")[0];
    let session_key: Vec<u8> = (0..32)
        .map(|at| u8::from_str_radix(&text(case, "session_key_hex")[2 * at..2 * at + 2], 16).unwrap())
        .collect();
    let mut random = |bytes: &mut [u8]| {
        bytes.copy_from_slice(&session_key);
        Ok(())
    };
    let plain = BASE64_STANDARD.decode(text(case, "plaintext_b64")).unwrap();
    let ours = seal_value(
        &plain,
        &label(text(case, "label")),
        &cert("key-a-2048"),
        &mut random,
    )
    .unwrap();
    let theirs = envelope(text(case, "sealed_b64"));
    assert_eq!(ours.as_bytes()[258..], theirs.as_bytes()[258..]);
    assert_ne!(ours.as_bytes()[2..258], theirs.as_bytes()[2..258]);
}

#[test]
fn a_failing_generator_seals_nothing() {
    let mut none = |_: &mut [u8]| Err(RandomError);
    let sealed = seal_value(b"x", &label("a/b"), &cert("key-a-2048"), &mut none);
    assert!(matches!(sealed, Err(SealError::Random)));
}

#[test]
fn tells_the_key_that_opened_and_tries_the_hinted_one_first() {
    let ring = ring(&["key-a-2048", "key-b-2048", "key-c-4096"]);
    let place = label("a/b");
    for name in ["key-a-2048", "key-b-2048", "key-c-4096"] {
        let value = seal_value(b"x", &place, &cert(name), &mut counting()).unwrap();
        for hint in [
            None,
            Some("SHA256:unknown"),
            Some(key("key-b-2048").fingerprint()),
        ] {
            let (_, index) = open_value(&value, &place, &ring, hint).map_err(|_| hint).unwrap();
            assert_eq!(ring.keys()[index].fingerprint(), cert(name).fingerprint());
        }
    }
}

#[test]
fn an_empty_ring_opens_nothing() {
    let value = envelope(text(&cases("envelope.json")[0], "sealed_b64"));
    let opened = open_value(&value, &label("default/mysecret"), &KeyRing::default(), None);
    assert_eq!(opened.map(|_| ()), Err(OpenError::NoKey));
}

#[test]
fn a_value_of_a_mebibyte_opens() {
    let plain: Vec<u8> = (0..1 << 20).map(|at: u32| (at % 251) as u8).collect();
    let value = seal_value(&plain, &label("a/b"), &cert("key-a-2048"), &mut counting()).unwrap();
    let read = SealedValue::from_base64(&value.to_base64()).unwrap();
    assert_eq!(open(&read, &label("a/b"), &ring(&["key-a-2048"])), Some(plain));
}

proptest! {
    #![proptest_config(drawn::cases(48))]

    #[test]
    fn what_is_sealed_opens_to_the_same_bytes(
        plain in collection::vec(any::<u8>(), 0..400),
        scope in prop_oneof![Just(Scope::Strict), Just(Scope::NamespaceWide), Just(Scope::ClusterWide)],
        namespace in "[a-z0-9-]{1,20}",
        name in "[a-z0-9.-]{1,30}",
    ) {
        let label = Label::new(scope, &namespace, &name);
        let value = seal_value(&plain, &label, &cert("key-a-2048"), &mut counting()).unwrap();
        let read = SealedValue::from_base64(&value.to_base64()).unwrap();
        let ring = ring(&["key-b-2048", "key-a-2048"]);
        prop_assert_eq!(open(&read, &label, &ring), Some(plain));
        for other in Scope::ALL {
            let moved = Label::new(other, &format!("{namespace}x"), &name);
            let opens = open(&read, &moved, &ring).is_some();
            prop_assert_eq!(opens, moved == label);
        }
    }

    #[test]
    fn a_flipped_bit_is_noticed(plain in collection::vec(any::<u8>(), 0..40), at in any::<proptest::sample::Index>(), bit in 0..8) {
        let place = label("a/b");
        let value = seal_value(&plain, &place, &cert("key-a-2048"), &mut counting()).unwrap();
        let mut bytes = value.as_bytes().to_vec();
        let at = at.index(bytes.len());
        bytes[at] ^= 1_u8 << bit;
        let damaged = envelope(&BASE64_STANDARD.encode(&bytes));
        prop_assert_eq!(open(&damaged, &place, &ring(&["key-a-2048"])), None);
    }

    #[test]
    fn any_bytes_are_no_reason_to_panic(bytes in collection::vec(any::<u8>(), 0..600), text in ".{0,80}") {
        let value = envelope(&BASE64_STANDARD.encode(&bytes));
        prop_assert!(open(&value, &label("a/b"), &ring(&["key-a-2048"])).is_none());
        drop(SealedValue::from_base64(&text));
    }
}
