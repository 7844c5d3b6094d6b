//! Files that hold keys, in every shape.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use seal::backup::{self, Backup, BrokenKind};
use seal::{CertError, KeyError};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::support::{cases, cert, no_passphrase, vector};

fn read(bytes: &[u8]) -> Backup {
    backup::read(bytes, &mut no_passphrase)
}

fn fingerprints(backup: &Backup) -> Vec<&str> {
    backup.keys.iter().map(|found| found.key.fingerprint()).collect()
}

fn broken(backup: &Backup) -> Vec<(&str, BrokenKind)> {
    let broken = backup.broken.iter();
    broken
        .map(|broken| (broken.place.as_str(), broken.why.clone()))
        .collect()
}

/// A key Secret as the controller writes it.
fn key_secret(name: &str) -> Value {
    let [crt, key] = ["crt", "key"].map(|kind| BASE64_STANDARD.encode(vector(&format!("{name}.{kind}.pem"))));
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": format!("of-{name}"),
            "namespace": "kube-system",
            "creationTimestamp": "2024-01-01T00:00:00Z",
            "labels": {"sealedsecrets.bitnami.com/sealed-secrets-key": "active"},
        },
        "type": "kubernetes.io/tls",
        "data": {"tls.crt": crt, "tls.key": key},
    })
}

#[test]
fn every_shape_of_the_vectors() {
    for case in cases("key-backups.json") {
        let mut expected: Vec<String> = case["keys"]
            .as_array()
            .unwrap()
            .iter()
            .map(|name| cert(name.as_str().unwrap()).fingerprint().to_owned())
            .collect();
        for text in [
            case["file"].to_string(),
            serde_json::to_string_pretty(&case["file"]).unwrap(),
        ] {
            let backup = read(text.as_bytes());
            let mut found = fingerprints(&backup);
            found.sort_unstable();
            expected.sort_unstable();
            assert_eq!(found, expected, "{}", case["id"]);
            assert_eq!(broken(&backup), [], "{}", case["id"]);
        }
    }
}

#[test]
fn a_list_and_secrets_behind_it_are_all_read() {
    let list = json!({"apiVersion": "v1", "kind": "List", "items": [key_secret("key-a-2048")]});
    let stream = format!(
        "---\n{list}\n---\n# the old key\n{}\n---\n",
        key_secret("key-b-2048")
    );
    let backup = read(stream.as_bytes());
    assert_eq!(
        fingerprints(&backup),
        ["key-a-2048", "key-b-2048"].map(|name| cert(name).fingerprint().to_owned())
    );
    let found = &backup.keys[1];
    assert_eq!(
        (found.name.as_str(), found.namespace.as_str()),
        ("of-key-b-2048", "kube-system")
    );
    assert_eq!(found.state.as_deref(), Some("active"));
    assert_eq!(found.created.as_deref(), Some("2024-01-01T00:00:00Z"));
    assert!(found.key.matches_cert() && found.key.cert().is_some());
}

#[test]
fn pem_with_several_blocks() {
    let files = [
        "key-a-2048.crt.pem",
        "key-b-2048.key.pem",
        "ec-p256.key.pem",
        "key-a-2048.pkcs8.pem",
        "key-b-2048.key.pem",
    ];
    let backup = read(&files.map(vector).concat());
    let [a, b] = ["key-a-2048", "key-b-2048"].map(|name| cert(name).fingerprint().to_owned());
    assert_eq!(fingerprints(&backup), [&b, &a, &b].map(String::as_str));
    let certs: Vec<bool> = backup
        .keys
        .iter()
        .map(|found| found.key.cert().is_some())
        .collect();
    assert_eq!(certs, [false, true, false]);
    assert_eq!(
        broken(&backup),
        [("PEM block 3", BrokenKind::Key(KeyError::NotRsa))]
    );
}

#[test]
fn encrypted_blocks_ask_each_for_their_passphrase() {
    let two = ["key-a-2048.pbkdf2.pem", "key-a-2048.scrypt.pem"]
        .map(vector)
        .concat();
    let mut asked = 0;
    let backup = backup::read(&two, &mut || {
        asked += 1;
        (asked == 2).then(|| SecretString::from("correct horse"))
    });
    assert_eq!(asked, 2);
    assert_eq!(fingerprints(&backup), [cert("key-a-2048").fingerprint()]);
    assert_eq!(
        broken(&backup),
        [("PEM block 1", BrokenKind::Key(KeyError::Passphrase))]
    );
}

#[test]
fn broken_parts_are_told_with_their_place_and_cost_no_other_key() {
    let with = |field: &str, value: Value| {
        let mut secret = key_secret("key-a-2048");
        secret["data"][field] = value;
        secret
    };
    let mut no_key = key_secret("key-a-2048");
    no_key["data"].as_object_mut().unwrap().remove("tls.key");
    let documents = [
        json!({"kind": "ConfigMap", "metadata": {"name": "c"}}),
        no_key,
        with("tls.key", json!("%%%")),
        with("tls.key", json!("")),
        with(
            "tls.key",
            json!(BASE64_STANDARD.encode(vector("ec-p256.key.pem"))),
        ),
        with("tls.crt", json!("bm90aGluZw==")),
        with("tls.crt", json!(7)),
        with("tls.crt", json!("")),
        json!({"kind": "SecretList"}),
    ];
    let stream: String = documents
        .iter()
        .map(|document| format!("---\n{document}\n"))
        .collect();
    let backup = read(stream.as_bytes());
    assert_eq!(fingerprints(&backup), [cert("key-a-2048").fingerprint(); 3]);
    let named = "Secret kube-system/of-key-a-2048";
    assert_eq!(
        broken(&backup),
        [
            ("line 2, Secret c", BrokenKind::Unreadable),
            (&*format!("line 4, {named}"), BrokenKind::NoTlsKey),
            (&*format!("line 6, {named}"), BrokenKind::Base64),
            (&*format!("line 8, {named}"), BrokenKind::Key(KeyError::None)),
            (&*format!("line 10, {named}"), BrokenKind::Key(KeyError::NotRsa)),
            (
                &*format!("line 12, {named}, tls.crt"),
                BrokenKind::Key(KeyError::Cert(CertError::None))
            ),
            (&*format!("line 14, {named}, tls.crt"), BrokenKind::Base64),
        ]
    );
}

#[test]
fn a_document_that_cannot_be_read_costs_no_other() {
    let stream = format!("a: [\n---\n{}\n", key_secret("key-a-2048"));
    let backup = read(stream.as_bytes());
    assert_eq!(fingerprints(&backup), [cert("key-a-2048").fingerprint()]);
    assert_eq!(backup.broken.len(), 1);
    assert_eq!(backup.broken[0].why, BrokenKind::Unreadable);
}

#[test]
fn files_without_a_key_give_nothing() {
    for bytes in [
        &b""[..],
        b"\n\n",
        b"hello",
        b"\xff\xfe\x00",
        &vector("key-a-2048.crt.pem"),
    ] {
        assert!(read(bytes).keys.is_empty());
    }
}

#[test]
fn string_data_counts_as_in_a_cluster() {
    let pem = String::from_utf8(vector("key-a-2048.key.pem")).unwrap();
    let secret = json!({"kind": "Secret", "metadata": {"name": "k"}, "stringData": {"tls.key": pem}});
    assert_eq!(
        fingerprints(&read(secret.to_string().as_bytes())),
        [cert("key-a-2048").fingerprint()]
    );
}

#[test]
fn what_is_written_is_read_again() {
    let list = json!({"items": [key_secret("key-a-2048"), key_secret("key-b-2048")]});
    let mut backup = read(list.to_string().as_bytes());
    backup.keys[1].state = Some("compromised".to_owned());
    backup
        .keys
        .append(&mut read(&vector("expired-2048.key.pem")).keys);
    let written = backup::write(&backup.keys);
    let again = read(written.expose_secret());
    assert_eq!(broken(&again), []);
    assert_eq!(fingerprints(&again), fingerprints(&backup));
    for (before, after) in backup.keys.iter().zip(&again.keys).take(2) {
        assert_eq!((&after.name, &after.namespace), (&before.name, &before.namespace));
        assert_eq!((&after.state, &after.created), (&before.state, &before.created));
        assert_eq!(
            after.key.cert().map(|cert| cert.to_pem()),
            before.key.cert().map(|cert| cert.to_pem())
        );
    }
    let made = &again.keys[2];
    assert!(
        made.name.starts_with("sealed-secrets-key") && made.name.len() == 23,
        "{}",
        made.name
    );
    assert!(made.state.is_none() && made.key.cert().is_none());
    let yaml = std::str::from_utf8(written.expose_secret()).unwrap();
    assert!(
        yaml.contains("type: kubernetes.io/tls") && yaml.contains("kind: List"),
        "{yaml}"
    );
}
