//! The vectors of spec/sops-format §12, all of them, by name.

use proptest::prelude::*;
use secrecy::ExposeSecret;
use serde_json::Value as Json;
use sops::cipher::{EncryptedValue, ValueCipher};
use sops::mac::{self, MacHasher};
use sops::{DataKey, Value, shamir};

use gitseal_tests::drawn;

fn vectors() -> Json {
    serde_json::from_str(include_str!("../../../../tests/vectors/sops/sops-vectors.json")).unwrap()
}

fn real_values() -> Json {
    serde_json::from_str(include_str!("../../../../tests/vectors/sops/real-values.json")).unwrap()
}

fn hex(text: &Json) -> Vec<u8> {
    let text = text.as_str().unwrap();
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

fn data_key(vectors: &Json) -> DataKey {
    DataKey::from_bytes(&hex(&vectors["data_key_hex"])).unwrap()
}

#[test]
fn values_seal_to_the_recorded_text_and_open_again() {
    let vectors = vectors();
    let cipher = ValueCipher::new(&data_key(&vectors));
    let values = vectors["values"].as_array().unwrap();
    assert_eq!(values.len(), 16);
    for vector in values {
        let name = vector["name"].as_str().unwrap();
        let (plain, aad) = (
            vector["plaintext"].as_str().unwrap(),
            vector["aad"].as_str().unwrap(),
        );
        let (enc, tag) = (vector["enc"].as_str().unwrap(), vector["type"].as_str().unwrap());
        if plain.is_empty() {
            // An empty text is not encrypted at all.
            assert!(!sops::cipher::is_encrypted(enc), "vector: {name}");
            continue;
        }
        let nonce: [u8; 32] = hex(&vector["iv_hex"]).try_into().unwrap();
        assert_eq!(
            cipher.seal(&nonce, aad.as_bytes(), plain.as_bytes(), tag),
            enc,
            "vector: {name}"
        );
        let value = EncryptedValue::parse(enc).unwrap();
        assert_eq!(value.type_tag, tag, "vector: {name}");
        assert_eq!(value.reusable_nonce(), Some(nonce), "vector: {name}");
        assert_eq!(
            cipher.open(&value, aad.as_bytes()).unwrap().as_slice(),
            plain.as_bytes(),
            "vector: {name}"
        );
        let restored = Value::restore(tag, plain.as_bytes()).unwrap();
        assert_eq!(&*restored.canonical(), plain.as_bytes(), "vector: {name}");
    }
}

#[test]
fn values_from_real_files_open() {
    let vectors = real_values();
    let values = vectors["values"].as_array().unwrap();
    assert_eq!(values.len(), 9);
    for vector in values {
        let name = format!("{}, {}", vector["written_by"], vector["aad"]);
        let cipher = ValueCipher::new(&data_key(vector));
        let (enc, aad) = (vector["enc"].as_str().unwrap(), vector["aad"].as_str().unwrap());
        let value = EncryptedValue::parse(enc).unwrap();
        let plain = cipher
            .open(&value, aad.as_bytes())
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(
            plain.as_slice(),
            vector["plaintext"].as_str().unwrap().as_bytes(),
            "{name}"
        );
        assert_eq!(value.to_string(), enc, "{name}");
    }
}

#[test]
fn floats_have_the_recorded_text() {
    let vectors = vectors();
    let floats = vectors["floats"].as_array().unwrap();
    assert_eq!(floats.len(), 11);
    for vector in floats {
        let float: f64 = vector["repr"].as_str().unwrap().parse().unwrap();
        let text = vector["text"].as_str().unwrap();
        assert_eq!(&*Value::Float(float).canonical(), text.as_bytes());
        let restored = Value::restore("float", text.as_bytes()).unwrap();
        assert!(restored.same(&Value::Float(float)), "{text}");
    }
}

#[test]
fn macs_are_the_recorded_ones() {
    let vectors = vectors();
    let cipher = ValueCipher::new(&data_key(&vectors));
    // ` top` is a comment; then a, b.c, b.d_unencrypted, l[0], l[1] (empty), l[2] (null), l[3][0], t, z.
    let leaves = [
        (Value::Int(1), true),
        (Value::str("x"), true),
        (Value::Float(2.5), false),
        (Value::Bool(true), true),
        (Value::str(""), true),
        (Value::Null, true),
        (Value::str("y"), true),
        (Value::restore("time", b"2024-01-01T00:00:00Z").unwrap(), true),
        (Value::str("second doc"), true),
    ];
    for (name, only_encrypted) in [("mac_default", false), ("mac_mac_only", true)] {
        let vector = &vectors[name];
        let mut hasher = MacHasher::new(only_encrypted);
        for (leaf, encrypted) in &leaves {
            hasher.add(&leaf.canonical(), *encrypted);
        }
        let hash = hasher.finish();
        let (text, enc) = (
            vector["mac"].as_str().unwrap(),
            vector["mac_enc"].as_str().unwrap(),
        );
        let last_modified = vector["lastmodified"].as_str().unwrap();
        assert!(hash.matches(text.as_bytes()), "{name}");
        let nonce = EncryptedValue::parse(enc).unwrap().reusable_nonce().unwrap();
        assert_eq!(
            hash.seal(&cipher, &nonce, last_modified).as_deref(),
            Some(enc),
            "{name}"
        );
        assert!(
            hash.matches(&mac::open(&cipher, enc, last_modified).unwrap()),
            "{name}"
        );
        assert!(
            mac::open(&cipher, enc, "2024-05-06T07:08:10Z").is_err(),
            "{name}: bound to its date"
        );
    }
}

#[test]
fn any_two_of_the_recorded_shares_give_the_key() {
    let vectors = vectors();
    let shares: Vec<Vec<u8>> = vectors["shamir_3_of_which_2"]
        .as_array()
        .unwrap()
        .iter()
        .map(hex)
        .collect();
    let key = data_key(&vectors);
    for (a, b) in [(0, 1), (0, 2), (1, 2), (2, 0)] {
        let recovered = shamir::combine(&[&shares[a], &shares[b]]).unwrap();
        assert!(
            recovered.expose_secret() == key.expose_secret(),
            "shares {a} and {b}"
        );
    }
    let all: Vec<&[u8]> = shares.iter().map(Vec::as_slice).collect();
    assert!(shamir::combine(&all).unwrap().expose_secret() == key.expose_secret());
}

#[test]
fn formats_of_the_table() {
    // spec/sops-format §12.5; the YAML column is tested in crates/yaml, the floats of the others in value/number.rs.
    let time = || Value::restore("time", b"2020-01-02T03:04:05.5+01:00").unwrap();
    let cases = [
        ("float", Value::Float(1.0), "1", Some("1"), "1.0"),
        (
            "exponent",
            Value::Float(1e21),
            "1000000000000000000000",
            Some("1e+21"),
            "1E+21",
        ),
        ("infinity", Value::Float(f64::INFINITY), "+Inf", None, "+Inf"),
        ("true", Value::Bool(true), "True", Some("true"), "true"),
        (
            "time",
            time(),
            "2020-01-02T03:04:05.5+01:00",
            Some("\"2020-01-02T03:04:05.5+01:00\""),
            "2020-01-02T03:04:05+01:00",
        ),
        ("null", Value::Null, "", Some("null"), "<nil>"),
        ("int", Value::Int(-7), "-7", Some("-7"), "-7"),
    ];
    for (name, value, cipher, json, simple) in cases {
        assert_eq!(&*value.canonical(), cipher.as_bytes(), "{name}");
        assert_eq!(
            value.json_text().map(|text| text.to_string()).as_deref(),
            json,
            "{name}"
        );
        assert_eq!(value.simple_text().as_slice(), simple.as_bytes(), "{name}");
    }
}

#[test]
fn restore_refuses_what_the_type_does_not_allow() {
    let cases = [
        ("int", "1.5"),
        ("int", ""),
        ("int", "9223372036854775808"),
        ("int", "0x10"),
        ("bool", "yes"),
        ("bool", ""),
        ("float", "1_0"),
        ("float", "x"),
        ("time", "2020-01-02"),
        ("set", "x"),
        ("", "x"),
        ("STR", "x"),
    ];
    for (tag, text) in cases {
        assert!(Value::restore(tag, text.as_bytes()).is_none(), "{tag} {text}");
    }
    let cases = [
        ("int", "+5"),
        ("int", "007"),
        ("bool", "t"),
        ("bytes", "x"),
        ("comment", " x"),
        ("float", "0x1p-2"),
    ];
    for (tag, text) in cases {
        assert!(Value::restore(tag, text.as_bytes()).is_some(), "{tag} {text}");
    }
}

proptest! {
    #![proptest_config(drawn::cases(256))]

    #[test]
    fn any_value_opens_again_and_only_unchanged(
        plain in prop::collection::vec(any::<u8>(), 1..80),
        aad in prop::collection::vec(any::<u8>(), 0..20),
        nonce in any::<[u8; 32]>(),
        at in any::<prop::sample::Index>(),
    ) {
        let cipher = ValueCipher::new(&DataKey::from_bytes(&[5; 32]).unwrap());
        let text = cipher.seal(&nonce, &aad, &plain, "str");
        let mut value = EncryptedValue::parse(&text).unwrap();
        prop_assert_eq!(value.to_string(), text.clone());
        let opened = cipher.open(&value, &aad).unwrap();
        prop_assert_eq!(opened.as_slice(), plain.as_slice());
        let byte = at.index(value.data.len());
        value.data[byte] ^= 1;
        prop_assert!(cipher.open(&value, &aad).is_err());
    }

    #[test]
    fn any_text_is_a_value_or_refused(
        middle in "(data:|,iv:|,tag:|,type:|[A-Za-z0-9+/=\\]\n\r é]{0,3}){0,12}",
        bytes in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        let text = [b"ENC[AES256_GCM,data:", middle.as_bytes(), &bytes].concat();
        if let Ok(value) = EncryptedValue::parse(&text) {
            // Written anew it is the same value in the canonical form.
            let written = value.to_string();
            prop_assert_eq!(EncryptedValue::parse(&written).unwrap(), value);
        }
    }
}
