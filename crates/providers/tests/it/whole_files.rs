//! Whole files encrypted by age, not by way of a SOPS file.

use providers::age::{generate_hybrid, generate_x25519, open_armored, seal};
use secrecy::ExposeSecret;
use sops::MasterKey;

fn keys(names: &[&str]) -> Vec<MasterKey> {
    names.iter().map(|name| MasterKey::age(*name)).collect()
}

#[test]
fn every_recipient_opens_a_file_and_nobody_else() {
    let people: Vec<_> = (0..3).map(|_| generate_x25519().unwrap()).collect();
    for size in [0, 5, 64 * 1024, 200_000] {
        let content: Vec<u8> = (0..size).map(|at| at as u8).collect();
        let text = seal(&keys(&[&people[0].1, &people[1].1]), &content).unwrap();
        let opened = |at: usize| open_armored(text.as_bytes(), people[at].0.expose_secret(), Vec::new());
        for at in [0, 1] {
            assert!(*opened(at).unwrap() == content, "{size} bytes, recipient {at}");
        }
        assert!(opened(2).is_err(), "{size} bytes");
    }
}

#[test]
fn recipients_that_cannot_be_meant_are_refused() {
    let classical = generate_x25519().unwrap().1;
    let strong = generate_hybrid().unwrap().1;
    let cases: [(&str, &[&str], &str); 5] = [
        ("nobody", &[], "no recipient"),
        ("mixed", &[&classical, &strong], "post-quantum"),
        ("a typo", &[&classical[..30]], "malformed recipient"),
        ("a private key", &["AGE-SECRET-KEY-1QQQQ"], "private key"),
        ("no recipient", &["somebody"], "somebody"),
    ];
    for (name, names, want) in cases {
        let error = seal(&keys(names), b"content").unwrap_err().to_string();
        assert!(
            error.contains(want) && !error.contains("QQQQ"),
            "case: {name}: {error}"
        );
    }
    let pgp = MasterKey::Pgp {
        fingerprint: "AAAA".to_owned(),
        created_at: String::new(),
        enc: String::new(),
    };
    assert!(seal([&pgp], b"content").is_err());
    assert!(seal(&keys(&[&strong]), b"content").is_ok());
}
