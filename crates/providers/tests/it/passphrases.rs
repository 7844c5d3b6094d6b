//! Identities behind a passphrase: files that age encrypted, SSH keys, the agent, and when nobody is asked.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex};

use gitseal_tests::tools;

use crate::support::{User, failure, identity, lock, opens, run, ssh_keygen};

const PASSPHRASE: &str = "correct horse";

/// The identity, encrypted by the real age.
fn encrypted(user: &User, key: &str, armored: bool) -> Vec<u8> {
    let mut command = Command::new(tools::age());
    let folder = tools::age_plugin_batchpass().parent().unwrap().to_owned();
    command
        .args(["-e", "-j", "batchpass"])
        .args(armored.then_some("-a"))
        .current_dir(user.path(""))
        .env("PATH", folder)
        .env("AGE_PASSPHRASE", PASSPHRASE)
        .env("AGE_PASSPHRASE_WORK_FACTOR", "10");
    run(&mut command, key.as_bytes())
}

#[test]
fn an_encrypted_identity_file_asks_once() {
    for armored in [false, true] {
        let mut user = User::new();
        let (key, recipient) = identity();
        let locked = lock(&user, &[&[&recipient]], 0).unwrap();
        let file = user.write("keys.age", encrypted(&user, &format!("# mine\n{key}\n"), armored));
        user.set("SOPS_AGE_KEY_FILE", &file);
        user.answers(Some(PASSPHRASE));
        let services = user.services();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| opens(&services, &locked).unwrap());
            }
        });
        let question = format!(
            "Enter passphrase for identity 'SOPS_AGE_KEY_FILE ({})':",
            file.display()
        );
        assert_eq!(user.questions(), [question], "armored: {armored}");
    }
}

#[test]
fn nobody_is_asked_while_a_plain_key_opens() {
    let mut user = User::new();
    let (key, recipient) = identity();
    let (hidden, other) = identity();
    // The first recipient's key is the locked one.
    let locked = lock(&user, &[&[&other, &recipient]], 0).unwrap();
    user.write(".config/sops/age/keys.txt", encrypted(&user, &hidden, true));
    user.set("SOPS_AGE_KEY", key);
    user.answers(Some(PASSPHRASE));
    opens(&user.services(), &locked).unwrap();
    assert!(user.questions().is_empty());
}

#[test]
fn a_passphrase_that_does_not_come_is_an_error() {
    let cases: [(&str, Option<Option<&str>>, &str); 3] = [
        (
            "no terminal",
            None,
            "encrypted with a passphrase; no terminal to ask for the passphrase",
        ),
        (
            "no answer",
            Some(None),
            "encrypted with a passphrase; no passphrase was given",
        ),
        (
            "wrong",
            Some(Some("battery staple")),
            "encrypted with a passphrase; wrong passphrase",
        ),
    ];
    for (name, answer, want) in cases {
        let mut user = User::new();
        let (key, recipient) = identity();
        let locked = lock(&user, &[&[&recipient]], 0).unwrap();
        let file = user.write(".config/sops/age/keys.txt", encrypted(&user, &key, true));
        if let Some(answer) = answer {
            user.answers(answer);
        }
        let services = user.services();
        for _ in 0..2 {
            let (_, looked) = failure(&services, &locked);
            assert!(
                looked.contains(&format!("{}: {want}", file.display())),
                "case: {name}: {looked:?}"
            );
        }
        assert!(user.questions().len() <= 1, "case: {name}");
    }
}

#[test]
fn a_file_for_a_recipient_is_no_identity_file() {
    let mut user = User::new();
    let (_, recipient) = identity();
    let locked = lock(&user, &[&[&recipient]], 0).unwrap();
    let file = user.write("keys.age", locked.key_groups[0].0[0].enc());
    user.identity_files.push(file.clone());
    user.answers(Some(PASSPHRASE));
    let (_, looked) = failure(&user.services(), &locked);
    assert!(
        looked.contains(&format!(
            "{}: encrypted, but not with a passphrase",
            file.display()
        )),
        "{looked:?}"
    );
    assert!(user.questions().is_empty());
}

#[test]
fn an_encrypted_ssh_key_asks_only_for_its_own_files() {
    for args in [
        &["-t", "ed25519"][..],
        &["-t", "rsa", "-b", "2048"],
        &["-t", "ed25519", "-Z", "aes256-gcm@openssh.com"],
    ] {
        let mut user = User::new();
        let path = user.path(".ssh/id_ed25519");
        let public = ssh_keygen(&path, args, PASSPHRASE);
        let (_, other) = identity();
        let foreign = lock(&user, &[&[&other]], 0).unwrap();
        let mine = lock(&user, &[&[&other, &public]], 0).unwrap();
        user.answers(Some(PASSPHRASE));
        let services = user.services();
        let (_, looked) = failure(&services, &foreign);
        assert!(user.questions().is_empty(), "{args:?}");
        let said = looked
            .iter()
            .find_map(|line| line.strip_prefix(&format!("{}: ", path.display())))
            .unwrap();
        assert!(
            said.starts_with("ssh-") && said.ends_with(", with a passphrase; not opened"),
            "{said}"
        );
        opens(&services, &mine).unwrap_or_else(|error| panic!("{args:?}: {error}"));
        opens(&services, &mine).unwrap();
        assert_eq!(
            user.questions(),
            [format!("Enter passphrase for identity '{}':", path.display())],
            "{args:?}"
        );
    }
}

/// A gpg-agent that answers `GET_PASSPHRASE` with these lines in turn; gives what it was told.
fn agent(user: &User, answers: &[&str]) -> (PathBuf, Arc<Mutex<Vec<String>>>) {
    let socket = user.write("gnupg/S.gpg-agent", "");
    std::fs::remove_file(&socket).unwrap();
    let listener = UnixListener::bind(&socket).unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&told);
    let mut answers: Vec<String> = answers.iter().rev().map(|line| (*line).to_owned()).collect();
    // The thread ends with the test's process.
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            stream.write_all(b"# hello\nOK Pleased to meet you\n").unwrap();
            for line in BufReader::new(stream.try_clone().unwrap()).lines() {
                let Ok(line) = line else { break };
                let answer = if line.starts_with("GET_PASSPHRASE ") {
                    answers.pop().unwrap_or_else(|| "ERR 67109139 Unknown".into())
                } else {
                    "OK".into()
                };
                heard.lock().unwrap().push(line);
                stream
                    .write_all(format!("S PROGRESS\n{answer}\n").as_bytes())
                    .unwrap();
            }
        }
    });
    (socket, told)
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02X}")).collect()
}

#[test]
fn the_agent_is_asked_first() {
    let good = format!("OK {}", hex(PASSPHRASE));
    let wrong = format!("OK {}", hex("wrong"));
    let cases = [
        ("it knows", good.as_str(), true, 0, false),
        ("it knows a wrong one", wrong.as_str(), false, 0, true),
        (
            "the person said no",
            "ERR 83886179 Operation cancelled <Pinentry>",
            false,
            0,
            false,
        ),
        (
            "it has no way to ask",
            "ERR 83886165 No pinentry <Pinentry>",
            true,
            1,
            false,
        ),
    ];
    for (name, answer, want, questions, cleared) in cases {
        let mut user = User::new();
        let (key, recipient) = identity();
        let locked = lock(&user, &[&[&recipient]], 0).unwrap();
        user.write(".config/sops/age/keys.txt", encrypted(&user, &key, true));
        user.answers(Some(PASSPHRASE));
        let (_, told) = agent(&user, &[answer]);
        assert_eq!(opens(&user.services(), &locked).is_ok(), want, "case: {name}");
        assert_eq!(user.questions().len(), questions, "case: {name}");
        let told = told.lock().unwrap();
        let asked = told
            .iter()
            .find(|line| line.starts_with("GET_PASSPHRASE "))
            .unwrap();
        assert!(
            asked.starts_with("GET_PASSPHRASE SopsAge"),
            "case: {name}: {asked}"
        );
        assert!(
            asked.contains("Enter+passphrase+for+identity+'"),
            "case: {name}: {asked}"
        );
        let id = asked.split(' ').nth(1).unwrap();
        assert_eq!(id.len(), "SopsAge".len() + 40, "case: {name}");
        assert_eq!(
            told.contains(&format!("CLEAR_PASSPHRASE {id}")),
            cleared,
            "case: {name}: {told:?}"
        );
    }
}
