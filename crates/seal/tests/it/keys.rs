//! Certificates, private keys, rings.

use seal::{
    CertError, KeyError, KeyRing, Label, Scope, SealingCert, SealingKey, Validity, open_value, seal_value,
};
use secrecy::{ExposeSecret, SecretString};

use crate::support::{at, cert, counting, json, key, no_passphrase, vector};

const DAY: i64 = 86_400;

fn from_pem(pem: &[u8]) -> Result<SealingKey, KeyError> {
    SealingKey::from_pem(pem, None, &mut no_passphrase)
}

/// A key has no `Debug`: what is compared is its fingerprint.
fn outcome(read: Result<SealingKey, KeyError>) -> Result<String, KeyError> {
    read.map(|key| key.fingerprint().to_owned())
}

#[test]
fn fingerprints_are_those_of_ssh() {
    let known = json("envelope.json")["fingerprints"].clone();
    for name in ["key-a-2048", "key-b-2048", "key-c-4096"] {
        let known = known[name].as_str().unwrap();
        assert_eq!(cert(name).fingerprint(), known);
        for form in ["key", "pkcs8"] {
            let key = from_pem(&vector(&format!("{name}.{form}.pem")));
            assert_eq!(outcome(key).as_deref(), Ok(known), "{name}.{form}");
        }
    }
}

#[test]
fn the_first_certificate_of_a_chain_counts() {
    let cert = SealingCert::from_pem(&vector("chain-b-then-a.crt.pem")).unwrap();
    assert_eq!(cert.fingerprint(), key("key-b-2048").fingerprint());
    assert_eq!(cert.to_pem().as_bytes(), vector("key-b-2048.crt.pem"));
    assert_eq!(cert.bits(), 2048);
}

#[test]
fn what_is_no_rsa_certificate_is_refused() {
    let refused = |pem: &[u8]| SealingCert::from_pem(pem).map(|cert| cert.bits()).unwrap_err();
    assert_eq!(
        refused(&vector("ec-p256.crt.pem")).to_string(),
        "expected RSA public key but found *ecdsa.PublicKey"
    );
    for (text, error) in [
        (&b""[..], CertError::None),
        (b"<html><body>404</body></html>", CertError::None),
        (&vector("key-a-2048.key.pem"), CertError::None),
        (b"-----BEGIN CERTIFICATE-----\nMIIB\n", CertError::None),
        (
            b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
            CertError::Malformed,
        ),
        (
            b"-----BEGIN CERTIFICATE-----\n<!>\n-----END CERTIFICATE-----\n",
            CertError::Malformed,
        ),
    ] {
        assert_eq!(refused(text), error, "{}", String::from_utf8_lossy(text));
    }
    let small = SealingCert::from_pem(&vector("small-1024.crt.pem")).map(|cert| cert.bits());
    assert_eq!(small, Err(CertError::Size { bits: 1024 }));
}

#[test]
fn line_ends_and_words_around_a_certificate_do_not_matter() {
    let pem = String::from_utf8(vector("key-a-2048.crt.pem")).unwrap();
    let spoilt = format!("subject: nobody\r\n{}\r\n", pem.replace('\n', " \r\n"));
    let cert = SealingCert::from_pem(spoilt.as_bytes()).unwrap();
    assert_eq!(cert.to_pem(), pem);
}

#[test]
fn validity_follows_the_clock() {
    let expired = cert("expired-2048");
    assert_eq!(
        expired.validity(at(1_800_000_000)),
        Validity::Expired(expired.not_after())
    );

    let key = SealingKey::generate(2048, "", at(1_000 * DAY), at(1_100 * DAY), [1; 16]);
    let made = key.map_err(|_| ()).unwrap();
    let cert = made.cert().unwrap();
    for (day, expected) in [
        (999, Validity::NotYet(at(1_000 * DAY))),
        (1_000, Validity::Good),
        (1_069, Validity::Good),
        (1_070, Validity::EndsSoon(at(1_100 * DAY))),
        (1_100, Validity::EndsSoon(at(1_100 * DAY))),
        (1_101, Validity::Expired(at(1_100 * DAY))),
    ] {
        assert_eq!(cert.validity(at(day * DAY)), expected, "day {day}");
    }
}

#[test]
fn private_keys_of_other_kinds_are_refused_with_their_reason() {
    for (file, error) in [
        ("ec-p256.key.pem", KeyError::NotRsa),
        ("key-a-2048.crt.pem", KeyError::None),
        ("key-a-2048.old-encryption.pem", KeyError::OldEncryption),
        ("small-1024.key.pem", KeyError::Size { bits: 1024 }),
        ("ed25519.key.pem", KeyError::NotRsa),
        ("key-a-2048.pbes1.pem", KeyError::UnsupportedEncryption),
    ] {
        assert_eq!(outcome(from_pem(&vector(file))), Err(error), "{file}");
    }
    let pem = String::from_utf8(vector("key-a-2048.key.pem")).unwrap();
    let damaged = pem.replacen("MIIE", "MIIF", 1);
    assert_eq!(outcome(from_pem(damaged.as_bytes())), Err(KeyError::Malformed));
    let inconsistent = pem.replacen("CAQEA", "CAQEB", 1);
    assert_eq!(
        outcome(from_pem(inconsistent.as_bytes())),
        Err(KeyError::Malformed)
    );
}

#[test]
fn encrypted_keys_ask_once_and_open_with_the_passphrase() {
    for file in ["key-a-2048.pbkdf2.pem", "key-a-2048.scrypt.pem"] {
        for (passphrase, expected) in [
            (
                Some("correct horse"),
                Ok(key("key-a-2048").fingerprint().to_owned()),
            ),
            (Some("wrong"), Err(KeyError::Passphrase)),
            (None, Err(KeyError::Passphrase)),
        ] {
            let mut asked = 0;
            let mut ask = || {
                asked += 1;
                passphrase.map(SecretString::from)
            };
            let twice = [vector(file), vector(file)].concat();
            let read = SealingKey::from_pem(&twice, None, &mut ask);
            assert_eq!(outcome(read), expected, "{file}");
            assert_eq!(asked, 1, "{file}");
        }
    }
}

#[test]
fn the_first_usable_block_counts() {
    let ec_first = [
        vector("ec-p256.key.pem"),
        vector("key-a-2048.crt.pem"),
        vector("key-a-2048.key.pem"),
    ]
    .concat();
    let read = from_pem(&ec_first).map_err(|error| error.to_string()).map(|key| {
        assert!(key.matches_cert());
        assert!(key.cert().is_some());
        key.fingerprint().to_owned()
    });
    assert_eq!(read.as_deref(), Ok(key("key-a-2048").fingerprint()));
}

#[test]
fn a_foreign_certificate_is_told_apart() {
    let [pem, foreign] = ["key-a-2048.key.pem", "key-b-2048.crt.pem"].map(vector);
    let key = SealingKey::from_pem(&pem, Some(&foreign), &mut no_passphrase)
        .map_err(|_| ())
        .unwrap();
    assert!(!key.matches_cert());
    let broken = SealingKey::from_pem(&pem, Some(b"nothing"), &mut no_passphrase);
    assert_eq!(outcome(broken), Err(KeyError::Cert(CertError::None)));
}

#[test]
fn a_key_is_written_as_it_was_read() {
    for form in ["key", "pkcs8"] {
        let key = from_pem(&vector(&format!("key-a-2048.{form}.pem")))
            .map_err(|_| ())
            .unwrap();
        assert_eq!(
            key.to_pem().expose_secret(),
            vector("key-a-2048.key.pem"),
            "{form}"
        );
    }
}

#[test]
fn a_key_of_our_own_is_shaped_as_the_controllers() {
    let serial = [0xFF; 16];
    for common_name in ["", "sealed for tests"] {
        let key = SealingKey::generate(2048, common_name, at(1_000 * DAY), at(4_650 * DAY), serial);
        let key = key.map_err(|_| ()).unwrap();
        assert!(key.matches_cert());
        let cert = key.cert().unwrap();
        assert_eq!(
            (cert.not_before(), cert.not_after()),
            (at(1_000 * DAY), at(4_650 * DAY))
        );

        let pem = cert.to_pem();
        let (_, pem) = x509_parser::pem::parse_x509_pem(pem.as_bytes()).unwrap();
        let x509 = pem.parse_x509().unwrap();
        assert_eq!(x509.version, x509_parser::x509::X509Version::V3);
        assert_eq!(x509.raw_serial(), [&[0][..], &serial].concat());
        assert_eq!(
            x509.signature_algorithm.algorithm.to_id_string(),
            "1.2.840.113549.1.1.11"
        );
        assert_eq!(x509.subject().as_raw(), x509.issuer().as_raw());
        let names: Vec<_> = x509
            .subject()
            .iter_common_name()
            .map(|cn| cn.as_str().unwrap())
            .collect();
        assert_eq!(names.concat(), common_name);
        if common_name.is_empty() {
            assert_eq!(x509.subject().as_raw(), [0x30, 0]);
        }
        let mut extensions: Vec<_> = x509
            .extensions()
            .iter()
            .map(|extension| (extension.oid.to_id_string(), extension.critical))
            .collect();
        extensions.sort();
        let expected = [("2.5.29.14", false), ("2.5.29.15", true), ("2.5.29.19", true)];
        assert_eq!(
            extensions,
            expected.map(|(oid, critical)| (oid.to_owned(), critical))
        );
        let usage = x509
            .extensions()
            .iter()
            .find(|extension| extension.oid.to_id_string() == "2.5.29.15");
        assert_eq!(usage.unwrap().value, [0x03, 0x02, 0x00, 0x01]);
        assert!(x509.basic_constraints().unwrap().unwrap().value.ca);
        assert_eq!(
            x509.basic_constraints()
                .unwrap()
                .unwrap()
                .value
                .path_len_constraint,
            None
        );

        let again = from_pem(key.to_pem().expose_secret());
        assert_eq!(outcome(again).as_deref(), Ok(key.fingerprint()));
    }
    let odd = SealingKey::generate(1024, "", at(0), at(DAY), serial);
    assert_eq!(outcome(odd), Err(KeyError::Size { bits: 1024 }));
}

#[test]
fn keys_of_8192_bits_open_values() {
    let pem = vector("large-8192.key.pem");
    let cert = SealingCert::from_pem(&vector("large-8192.crt.pem")).unwrap();
    let ring = KeyRing::newest_first(vec![from_pem(&pem).map_err(|error| error.to_string()).unwrap()]);
    let label = Label::new(Scope::Strict, "a", "b");
    let value = seal_value(b"x", &label, &cert, &mut counting()).unwrap();
    assert_eq!(value.rsa_bytes(), Some(1024));
    let opened = open_value(&value, &label, &ring, None).map(|(plain, _)| plain.expose_secret().to_vec());
    assert_eq!(opened.as_deref(), Ok(&b"x"[..]));
}

#[test]
fn a_ring_is_newest_first_without_duplicates() {
    let bare = from_pem(&vector("expired-2048.key.pem")).map_err(|_| ()).unwrap();
    let fingerprint = bare.fingerprint().to_owned();
    let keys = vec![
        bare,
        key("key-a-2048"),
        key("key-c-4096"),
        key("key-b-2048"),
        key("key-a-2048"),
    ];
    let ring = KeyRing::newest_first(keys);
    let order: Vec<&str> = ring.keys().iter().map(SealingKey::fingerprint).collect();
    let expected = ["key-c-4096", "key-b-2048", "key-a-2048"].map(|name| cert(name).fingerprint().to_owned());
    assert_eq!(order[..3], expected);
    assert_eq!(order[3..], [fingerprint]);
    assert_eq!(ring.current().unwrap().fingerprint(), expected[0]);
    assert!(ring.find(&expected[2]).is_some());
    assert!(ring.find("SHA256:none").is_none());
}

#[test]
fn rings_are_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<KeyRing>();
    shared::<SealingCert>();
}
