//! Where identities come from, what is said about each place, and that each is read once.

use std::path::Path;

use crate::support::{User, failure, file_of, identity, lock, opens, ssh_keygen};

/// Puts a key into one place.
type Place = fn(&mut User, &str);

#[test]
fn every_place_is_looked_at() {
    let cases: [(&str, Place); 7] = [
        ("SOPS_AGE_KEY", |user, key| user.set("SOPS_AGE_KEY", key)),
        ("SOPS_AGE_KEY, behind another", |user, key| {
            user.set("SOPS_AGE_KEY", format!("{} {key}", identity().0));
        }),
        ("SOPS_AGE_KEY_FILE", |user, key| {
            let file = user.write("my keys", format!("# created: today\n{key}\n"));
            user.set("SOPS_AGE_KEY_FILE", file);
        }),
        ("SOPS_AGE_KEY_CMD", |user, key| {
            let file = user.write("my keys", key);
            user.set("SOPS_AGE_KEY_CMD", format!("cat '{}' # comment", file.display()));
        }),
        ("default file", |user, key| {
            user.write(".config/sops/age/keys.txt", format!("{key}\r\n"));
        }),
        ("named by a flag", |user, key| {
            let file = user.write("flag", key);
            user.identity_files.push(file);
        }),
        ("two places, one broken", |user, key| {
            user.set("SOPS_AGE_KEY_FILE", "/does/not/exist");
            user.set("SOPS_AGE_KEY", key);
        }),
    ];
    for (name, put) in cases {
        let (key, recipient) = identity();
        let mut user = User::new();
        let locked = lock(&user, &[&[&recipient]], 0).unwrap();
        assert!(opens(&user.services(), &locked).is_err(), "case: {name}");
        put(&mut user, &key);
        opens(&user.services(), &locked).unwrap_or_else(|error| panic!("case: {name}: {error}"));
    }
}

#[test]
fn every_place_of_ssh_keys_is_looked_at() {
    let cases: [(&str, &str, Place); 4] = [
        ("id_ed25519", ".ssh/id_ed25519", |_, _| {}),
        ("id_rsa, whatever type it is", ".ssh/id_rsa", |_, _| {}),
        ("SOPS_AGE_SSH_PRIVATE_KEY_FILE", "elsewhere", |user, file| {
            user.set("SOPS_AGE_SSH_PRIVATE_KEY_FILE", file)
        }),
        ("SOPS_AGE_SSH_PRIVATE_KEY_CMD", "elsewhere", |user, file| {
            user.set("SOPS_AGE_SSH_PRIVATE_KEY_CMD", format!("cat {file}"));
        }),
    ];
    for (name, file, put) in cases {
        let mut user = User::new();
        let public = ssh_keygen(&user.path(file), &["-t", "ed25519"], "");
        let locked = lock(&user, &[&[&public]], 0).unwrap();
        let path = user.path(file).display().to_string();
        put(&mut user, &path);
        opens(&user.services(), &locked).unwrap_or_else(|error| panic!("case: {name}: {error}"));
    }
}

#[test]
fn a_failure_tells_every_place() {
    let mut user = User::new();
    let (key, holds) = identity();
    let (_, wanted) = identity();
    let locked = lock(&user, &[&[&wanted]], 0).unwrap();
    user.set("SOPS_AGE_KEY", &key);
    user.set("SOPS_AGE_KEY_FILE", "/does/not/exist");
    user.set("SOPS_AGE_KEY_CMD", "false");
    user.write(".config/sops/age/keys.txt", "\n");
    let broken = user.write("broken", format!("# x\n{}", &key[..50]));
    user.identity_files.push(broken.clone());
    let (attempts, looked) = failure(&user.services(), &locked);
    assert_eq!(attempts, ["identity not available"]);
    let home = |name: &str| user.path(name).display().to_string();
    assert_eq!(
        looked,
        [
            "SOPS_AGE_SSH_PRIVATE_KEY_FILE: not set".to_owned(),
            format!("{}: not found", home(".ssh/id_ed25519")),
            format!("{}: not found", home(".ssh/id_rsa")),
            format!("{}: line 2: malformed identity", broken.display()),
            format!("SOPS_AGE_KEY: 1 identity, for {holds}"),
            "SOPS_AGE_KEY_FILE (/does/not/exist): cannot be read: entity not found".to_owned(),
            format!("{}: empty", home(".config/sops/age/keys.txt")),
            "SOPS_AGE_SSH_PRIVATE_KEY_CMD: not set".to_owned(),
            "SOPS_AGE_KEY_CMD: the command failed: exit status: 1".to_owned(),
        ]
    );
    assert!(
        !looked.concat().contains(&key[16..]),
        "key material in the report"
    );
}

#[test]
fn bad_sources_say_what_is_wrong() {
    let (key, _) = identity();
    let (_, wanted) = identity();
    let cases: [(&str, &[u8], &str); 8] = [
        ("a word", b"hello", "line 1: unknown identity type"),
        ("a recipient", wanted.as_bytes(), "line 1: unknown identity type"),
        ("comments only", b"# nothing\n", "no identity in it"),
        ("not text", b"\xff\xfe\x00", "neither text nor an age file"),
        (
            "broken armor",
            b"-----BEGIN AGE ENCRYPTED FILE-----\n",
            "the ASCII armor is damaged",
        ),
        (
            "broken age file",
            b"age-encryption.org/v1\n",
            "the age header is damaged",
        ),
        (
            "an SSH key that is none",
            b"-----BEGIN OPENSSH PRIVATE KEY-----\nAA\n",
            "not a private key that can be read",
        ),
        (
            "an old encrypted key",
            b"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n",
            "encrypted in an old form",
        ),
    ];
    for (name, content, want) in cases {
        let mut user = User::new();
        let locked = lock(&user, &[&[&wanted]], 0).unwrap();
        let file = user.write("source", content);
        user.identity_files.push(file.clone());
        let (_, looked) = failure(&user.services(), &locked);
        let line = looked
            .iter()
            .find_map(|line| line.strip_prefix(&format!("{}: ", file.display())))
            .unwrap();
        assert!(line.starts_with(want), "case: {name}: {line}");
        assert!(!line.contains(&key), "case: {name}");
    }
}

#[test]
fn a_large_file_is_refused() {
    let mut user = User::new();
    let (_, wanted) = identity();
    let locked = lock(&user, &[&[&wanted]], 0).unwrap();
    // Endless, and still an answer.
    user.identity_files.push(Path::new("/dev/zero").to_owned());
    let (_, looked) = failure(&user.services(), &locked);
    assert!(
        looked.contains(&"/dev/zero: cannot be read: file too large".to_owned()),
        "{looked:?}"
    );
}

#[test]
fn a_command_runs_once_for_a_recipient_and_is_told_which() {
    let mut user = User::new();
    let (key, recipient) = identity();
    let (_, other) = identity();
    let keys = user.write("keys", &key);
    let log = user.path("log");
    let script = format!(
        "echo \"$SOPS_AGE_RECIPIENT\" >> '{}'\ncat '{}'",
        log.display(),
        keys.display()
    );
    let program = user.program("give", &script);
    user.set("SOPS_AGE_KEY_CMD", program);
    let services = user.services();
    let mine = lock(&user, &[&[&recipient]], 0).unwrap();
    let both = lock(&user, &[&[&other, &recipient]], 0).unwrap();
    let foreign = lock(&user, &[&[&other]], 0).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| opens(&services, &mine).unwrap());
        }
    });
    opens(&services, &both).unwrap();
    assert_eq!(std::fs::read_to_string(&log).unwrap(), format!("{recipient}\n"));
    for _ in 0..2 {
        assert!(opens(&services, &foreign).is_err());
    }
    assert_eq!(
        std::fs::read_to_string(&log).unwrap(),
        format!("{recipient}\n{other}\n")
    );
}

#[test]
fn a_file_with_very_many_keys_does_not_start_as_many_programs() {
    let mut user = User::new();
    let log = user.path("log");
    let program = user.program("give", &format!("echo >> '{}'", log.display()));
    user.set("SOPS_AGE_KEY_CMD", program);
    let names: Vec<String> = (0..300).map(|number| format!("age1{number}")).collect();
    let keys: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "")).collect();
    let (attempts, _) = failure(&user.services(), &file_of(&keys));
    assert_eq!(std::fs::read_to_string(&log).unwrap().lines().count(), 256);
    assert_eq!(attempts.len(), 300);
}

#[test]
fn no_command_runs_while_a_file_has_the_key() {
    let mut user = User::new();
    let (key, recipient) = identity();
    let (_, other) = identity();
    let log = user.path("log");
    let program = user.program("give", &format!("touch '{}'", log.display()));
    user.set("SOPS_AGE_KEY_CMD", program);
    user.write(".config/sops/age/keys.txt", key);
    opens(
        &user.services(),
        &lock(&user, &[&[&other, &recipient]], 0).unwrap(),
    )
    .unwrap();
    assert!(!log.exists());
}

#[test]
fn places_are_read_once() {
    let user = User::new();
    let (key, recipient) = identity();
    let file = user.write(".config/sops/age/keys.txt", key);
    let services = user.services();
    let locked = lock(&user, &[&[&recipient]], 0).unwrap();
    opens(&services, &locked).unwrap();
    std::fs::remove_file(file).unwrap();
    opens(&services, &locked).unwrap();
}

#[test]
fn one_set_of_services_serves_all_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    let services = User::new().services();
    shared(&services);
    fn sent<T: Send>(_: &T) {}
    sent(&services.unlock(&crate::support::metadata(vec![], 0)));
}
