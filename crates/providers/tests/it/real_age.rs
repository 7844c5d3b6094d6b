//! The real age opens what we wrap, and we open what it wraps, for each kind of recipient.

use std::process::Command;

use gitseal_tests::tools;
use sops::MasterKey;

use crate::support::{KEY_BYTES, User, file_of, lock, opens, run, ssh_keygen};

/// Makes a key with the real tool, and puts it where it is found by default. Gives its recipient.
type MakeKey = fn(&User) -> (String, &'static str);

const KINDS: [(&str, MakeKey); 7] = [
    ("x25519", |user| keygen(user, &[])),
    ("hybrid", |user| keygen(user, &["-pq"])),
    ("ssh-ed25519", |user| {
        (
            ssh_keygen(&user.path(".ssh/id_ed25519"), &["-t", "ed25519"], ""),
            ".ssh/id_ed25519",
        )
    }),
    ("ssh-rsa 2048", |user| rsa(user, &["-b", "2048"])),
    ("ssh-rsa 3072", |user| rsa(user, &["-b", "3072"])),
    ("ssh-rsa 4096, PKCS#1", |user| {
        rsa(user, &["-b", "4096", "-m", "PEM"])
    }),
    ("ssh-rsa 2048, PKCS#8", |user| {
        rsa(user, &["-b", "2048", "-m", "PKCS8"])
    }),
];

fn keygen(user: &User, args: &[&str]) -> (String, &'static str) {
    let text = String::from_utf8(run(Command::new(tools::age_keygen()).args(args), b"")).unwrap();
    let recipient = text
        .lines()
        .find_map(|line| line.strip_prefix("# public key: "))
        .unwrap()
        .to_owned();
    user.write(".config/sops/age/keys.txt", text);
    (recipient, ".config/sops/age/keys.txt")
}

fn rsa(user: &User, args: &[&str]) -> (String, &'static str) {
    let args = [&["-t", "rsa"], args].concat();
    (ssh_keygen(&user.path(".ssh/id_rsa"), &args, ""), ".ssh/id_rsa")
}

#[test]
fn age_opens_what_we_wrap() {
    for (name, make) in KINDS {
        let user = User::new();
        let (recipient, file) = make(&user);
        let locked = lock(&user, &[&[&recipient]], 0).unwrap();
        let [MasterKey::Age { enc, .. }] = locked.key_groups[0].0.as_slice() else {
            panic!("case: {name}")
        };
        assert!(
            enc.ends_with("-----END AGE ENCRYPTED FILE-----\n"),
            "case: {name}"
        );
        let opened = run(
            Command::new(tools::age()).args(["-d", "-i"]).arg(user.path(file)),
            enc.as_bytes(),
        );
        assert_eq!(opened, KEY_BYTES, "case: {name}");
        opens(&user.services(), &locked).unwrap_or_else(|error| panic!("case: {name}: {error}"));
    }
}

#[test]
fn we_open_what_age_wraps() {
    for (name, make) in KINDS {
        let user = User::new();
        let (recipient, _) = make(&user);
        let enc = run(
            Command::new(tools::age()).args(["-a", "-r", &recipient]),
            &KEY_BYTES,
        );
        let enc = String::from_utf8(enc).unwrap();
        opens(&user.services(), &file_of(&[(&recipient, &enc)]))
            .unwrap_or_else(|error| panic!("case: {name}: {error}"));
    }
}

#[test]
fn keys_of_ours_are_keys_of_age() {
    use secrecy::ExposeSecret;
    for (name, (text, recipient)) in [
        ("x25519", providers::age::generate_x25519().unwrap()),
        ("hybrid", providers::age::generate_hybrid().unwrap()),
    ] {
        let said = run(
            Command::new(tools::age_keygen()).arg("-y"),
            text.expose_secret().as_bytes(),
        );
        assert_eq!(String::from_utf8(said).unwrap().trim(), recipient, "case: {name}");
    }
}

#[test]
fn an_ed25519_key_in_pkcs8_opens() {
    let user = User::new();
    let path = user.path(".ssh/id_ed25519");
    let public = ssh_keygen(&path, &["-t", "ed25519"], "");
    let locked = lock(&user, &[&[&public]], 0).unwrap();
    // RFC 8410: a fixed frame around the 32 bytes of the seed, which OpenSSH keeps behind the public key.
    let seed = ed25519_seed(&std::fs::read_to_string(&path).unwrap());
    let mut der = vec![
        0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
    ];
    der.extend(seed);
    use base64::prelude::{BASE64_STANDARD, Engine};
    let pem = format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        BASE64_STANDARD.encode(der)
    );
    std::fs::write(&path, pem).unwrap();
    opens(&user.services(), &locked).unwrap();
}

fn ed25519_seed(openssh: &str) -> Vec<u8> {
    let key = ssh_key::PrivateKey::from_openssh(openssh).unwrap();
    key.key_data().ed25519().unwrap().private.to_bytes().to_vec()
}
