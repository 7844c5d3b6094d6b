//! The lines that people, scripts and CI jobs write: the same line with the real `sops` and with a
//! link named `sops` to our binary, in two copies of one folder; then everything is compared.
//!
//! Compared are the exit code, standard output, and every file. Where something is encrypted, both
//! are opened by the real sops and the values and recipients compared. Standard error is compared
//! only where scripts match on it: a row names the words that both must say.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::OnceLock;

use gitseal_tests::program::gitseal;
use gitseal_tests::sandbox::{Outcome, Sandbox, path_with};
use gitseal_tests::{EXAMPLE_RECIPIENT, example_identity, tools};

/// A line, the exit code of both, and what both must say on standard error.
type Row = (&'static str, i32, &'static [&'static str]);

#[test]
fn decrypting() {
    check(&[
        ("sops -d secret.yaml", 0, &[]),
        ("sops --decrypt secret.yaml", 0, &[]),
        ("sops decrypt secret.yaml", 0, &[]),
        ("sops -d secret.json", 0, &[]),
        ("sops -d secret.env", 0, &[]),
        ("sops -d secret.ini", 0, &[]),
        ("sops -d secret.bin", 0, &[]),
        ("sops -d stream.yaml", 0, &[]),
        ("sops -d secret.yaml > out.yaml", 0, &[]),
        ("sops -d --output out.yaml secret.yaml", 0, &[]),
        ("sops decrypt --output out.yaml secret.yaml", 0, &[]),
        ("sops decrypt -i secret.yaml", 0, &[]),
        ("sops -d -i secret.json", 0, &[]),
        ("sops -d --in-place secret.env", 0, &[]),
        ("sops -d --extract '[\"db\"][\"password\"]' secret.yaml", 0, &[]),
        ("sops decrypt --extract '[\"db\"]' secret.yaml", 0, &[]),
        ("sops decrypt --extract '[\"ports\"][1]' secret.yaml", 0, &[]),
        ("sops decrypt --extract '[\"ports\"]' secret.yaml", 0, &[]),
        ("sops decrypt --extract \"['user']\" secret.yaml", 0, &[]),
        ("sops decrypt --extract '[\"count\"]' secret.yaml", 0, &[]),
        ("sops decrypt --extract '[\"count\"]' secret.json", 0, &[]),
        (
            "sops decrypt --extract '[\"nothing\"]' secret.yaml",
            1,
            &["component ['nothing'] not found"],
        ),
        ("sops decrypt --extract '[\"ports\"][9]' secret.yaml", 1, &[]),
        ("sops decrypt --extract 'db.password' secret.yaml", 91, &[]),
        ("sops -d --output-type json secret.yaml", 0, &[]),
        ("sops decrypt --output-type yaml secret.json", 0, &[]),
        ("sops decrypt --output-type yaml secret.env", 0, &[]),
        ("sops decrypt --output-type dotenv secret.json", 4, &[]),
        ("sops decrypt --output-type dotenv flat.yaml", 0, &[]),
        ("sops decrypt --output-type dotenv secret.yaml", 4, &[]),
        (
            "sops decrypt --input-type yaml --output-type yaml < secret.yaml",
            0,
            &[],
        ),
        (
            "cat secret.yaml | sops decrypt --filename-override x.yaml",
            0,
            &[],
        ),
        (
            "sops -d --input-type yaml --output-type yaml /dev/stdin < secret.yaml",
            0,
            &[],
        ),
        (
            "cp secret.yaml secret; sops -d --input-type yaml --output-type json secret",
            0,
            &[],
        ),
        ("sops -d tampered.yaml", 25, &[]),
        ("sops -d no-mac.yaml", 51, &["MAC mismatch"]),
        ("sops decrypt --ignore-mac no-mac.yaml", 0, &[]),
        ("sops -d --ignore-mac no-mac.yaml", 0, &[]),
        ("sops -d plain.yaml", 1, &["sops metadata not found"]),
        ("sops -d absent.yaml", 100, &[]),
        ("sops -d", 100, &[]),
        (
            "sops -d foreign.yaml",
            128,
            &["Failed to get the data key required to decrypt the SOPS file."],
        ),
        (
            "unset SOPS_AGE_KEY_FILE; sops -d secret.yaml",
            128,
            &["Group 0: FAILED"],
        ),
        ("SOPS_AGE_KEY=$(cat keys/other.txt) sops -d foreign.yaml", 0, &[]),
        (
            "unset SOPS_AGE_KEY_FILE; SOPS_AGE_KEY_CMD='cat keys/other.txt' sops -d foreign.yaml",
            0,
            &[],
        ),
        (
            "mkdir -p $HOME/.config/sops/age; cp keys/other.txt $HOME/.config/sops/age/keys.txt; sops -d foreign.yaml",
            0,
            &[],
        ),
        ("mkdir sub; cd sub; sops -d ../secret.yaml", 0, &[]),
        ("sops --verbose -d secret.yaml 2>/dev/null", 0, &[]),
        ("sops -d -i --output x secret.yaml", 8, &[]),
    ]);
}

#[test]
fn encrypting() {
    check(&[
        ("sops -e plain.yaml", 0, &[]),
        ("sops --encrypt plain.json", 0, &[]),
        ("sops encrypt plain.env", 0, &[]),
        ("sops encrypt plain.ini", 0, &[]),
        ("sops -e plain.bin", 0, &[]),
        ("sops -e -i plain.yaml", 0, &[]),
        ("sops -i -e plain.json", 0, &[]),
        ("sops encrypt --in-place plain.env", 0, &[]),
        ("sops encrypt -i plain.ini", 0, &[]),
        ("sops -e --output out.yaml plain.yaml", 0, &[]),
        ("sops -e plain.yaml > out.yaml", 0, &[]),
        ("sops encrypt --filename-override x.yaml < plain.yaml", 0, &[]),
        ("sops encrypt < plain.yaml", 8, &[]),
        (
            "sops encrypt --filename-override x.json --input-type yaml < plain.yaml",
            0,
            &[],
        ),
        ("sops -e --input-type json --output-type json plain.json", 0, &[]),
        ("sops -e --output-type json plain.yaml", 0, &[]),
        ("sops encrypt --encrypted-regex '^(password)$' plain.yaml", 0, &[]),
        ("sops -e --unencrypted-regex '^user' plain.yaml", 0, &[]),
        ("sops -e --encrypted-suffix word plain.yaml", 0, &[]),
        ("sops -e --unencrypted-suffix word plain.yaml", 0, &[]),
        (
            "sops -e --unencrypted-suffix a --encrypted-suffix b plain.yaml",
            8,
            &[],
        ),
        ("sops -e --unencrypted-comment-regex 'first' plain.yaml", 0, &[]),
        (
            "sops --mac-only-encrypted encrypt --encrypted-regex pass plain.yaml",
            0,
            &[],
        ),
        ("sops --indent 2 encrypt plain.yaml", 0, &[]),
        (
            "SOPS_AGE_RECIPIENTS=$(cat keys/other.pub) sops -e plain.yaml",
            0,
            &[],
        ),
        (
            "sops encrypt --age $(cat keys/other.pub),$(cat keys/example.pub) plain.yaml",
            0,
            &[],
        ),
        ("sops --config none.yaml encrypt plain.yaml", 1, &[]),
        (
            "rm .sops.yaml; sops -e plain.yaml",
            1,
            &[
                "config file not found, or has no creation rules, and no keys provided through command line options",
            ],
        ),
        (
            "rm .sops.yaml; sops -e --age $(cat keys/example.pub) plain.yaml",
            0,
            &[],
        ),
        (
            "printf 'creation_rules:\\n  - path_regex: never\\n    age: x\\n' > .sops.yaml; sops -e plain.yaml",
            1,
            &["error loading config: no matching creation rules found"],
        ),
        (
            "printf 'creation_rules: [' > .sops.yaml; sops -e plain.yaml",
            1,
            &[],
        ),
        (
            "printf 'creation_rules:\\n  - pgp: \"\"\\n' > .sops.yaml; sops -e plain.yaml",
            1,
            &["empty key group provided"],
        ),
        ("sops -e secret.yaml", 203, &[]),
        ("sops encrypt -i secret.json", 203, &[]),
        ("sops -e secret.env", 203, &[]),
        ("sops -e absent.yaml", 100, &[]),
        ("sops -e", 100, &[]),
        (": > empty.yaml; sops -e empty.yaml", 92, &[]),
        (": > empty.bin; sops -e empty.bin", 0, &[]),
        ("printf -- '- a\\n' > list.yaml; sops -e list.yaml", 2, &[]),
        ("printf '[1]' > list.json; sops -e list.json", 2, &[]),
        ("printf 'a: [' > bad.yaml; sops -e bad.yaml", 2, &[]),
        ("printf 'a: 1\\na: 2\\n' > twice.yaml; sops -e twice.yaml", 2, &[]),
        ("printf '1: a\\n' > number.yaml; sops -e number.yaml", 23, &[]),
        ("cp plain.yaml two-keys.yaml; sops -e two-keys.yaml", 0, &[]),
        ("cp plain.yaml groups.yaml; sops -e groups.yaml", 0, &[]),
        ("cp plain.yaml regex.yaml; sops -e regex.yaml", 0, &[]),
        ("ln plain.yaml x.txt; sops -e --input-type yaml x.txt", 0, &[]),
        ("sops -e -d plain.yaml", 1, &["sops metadata not found"]),
    ]);
}

#[test]
fn setting() {
    check(&[
        ("sops set secret.yaml '[\"user\"]' '\"mallory\"'", 0, &[]),
        ("sops set secret.json '[\"db\"][\"password\"]' '\"x\"'", 0, &[]),
        ("sops set secret.env '[\"NEW\"]' '\"x y\"'", 0, &[]),
        ("sops set secret.ini '[\"db\"][\"host\"]' '\"h\"'", 0, &[]),
        (
            "sops set secret.yaml '[\"new\"][\"deep\"]' '{\"a\": 1, \"b\": \"x\"}'",
            0,
            &[],
        ),
        ("sops set secret.yaml '[\"ports\"][0]' '9'", 0, &[]),
        ("sops set secret.yaml '[\"ports\"][7]' '9'", 0, &[]),
        ("sops set secret.yaml '[\"flag\"]' 'null'", 0, &[]),
        ("sops set secret.yaml '[\"x\"]' '[1]'", 7, &[]),
        ("sops set secret.yaml '[\"x\"]' 'not json'", 7, &[]),
        ("sops set secret.yaml 'x' '\"v\"'", 7, &[]),
        ("sops set secret.yaml '[\"sops\"]' '\"v\"'", 203, &[]),
        ("sops set absent.yaml '[\"x\"]' '\"v\"'", 2, &[]),
        ("sops set secret.yaml '[\"user\"]'", 100, &[]),
        (
            "sops set --idempotent secret.yaml '[\"user\"]' '\"alice\"'",
            0,
            &[],
        ),
        (
            "printf '\"from file\"' > v; sops set --value-file secret.yaml '[\"user\"]' v",
            0,
            &[],
        ),
        (
            "printf '\"from stdin\"' | sops set --value-stdin secret.yaml '[\"user\"]'",
            0,
            &[],
        ),
        ("sops --set '[\"user\"] \"bob\"' secret.yaml", 0, &[]),
        (
            "sops --set '[\"db\"][\"password\"] \"with ] bracket\"' secret.yaml",
            0,
            &[],
        ),
        ("sops --set '[\"user\"]' secret.yaml", 7, &[]),
        ("sops set foreign.yaml '[\"a\"]' '1'", 128, &[]),
        ("sops unset secret.yaml '[\"user\"]'", 0, &[]),
        ("sops unset secret.yaml '[\"db\"][\"password\"]'", 0, &[]),
        ("sops unset secret.yaml '[\"ports\"][0]'", 0, &[]),
        ("sops unset secret.json '[\"user\"]'", 0, &[]),
        ("sops unset secret.env '[\"USER\"]'", 0, &[]),
        (
            "sops unset secret.yaml '[\"nothing\"]'",
            1,
            &["Key not found: nothing"],
        ),
        (
            "sops unset secret.yaml '[\"ports\"][9]'",
            1,
            &["Index 9 out of bounds"],
        ),
        ("sops unset --idempotent secret.yaml '[\"nothing\"]'", 0, &[]),
        ("sops unset secret.yaml 'x'", 7, &[]),
    ]);
}

#[test]
fn rotating_and_changing_keys() {
    check(&[
        ("sops rotate secret.yaml", 0, &[]),
        ("sops rotate -i secret.yaml", 0, &[]),
        ("sops -r -i secret.json", 0, &[]),
        ("sops -r secret.env", 0, &[]),
        (
            "sops rotate -i --add-age $(cat keys/other.pub) secret.yaml",
            0,
            &[],
        ),
        ("sops -r -i --add-age $(cat keys/other.pub) secret.yaml", 0, &[]),
        (
            "sops rotate -i --add-age $(cat keys/other.pub) --rm-age $(cat keys/example.pub) secret.yaml",
            0,
            &[],
        ),
        ("sops rotate -i no-mac.yaml", 51, &[]),
        ("sops rotate absent.yaml", 2, &[]),
        ("sops -r --add-age x absent.yaml", 49, &[]),
        ("sops updatekeys -y secret.yaml", 0, &[]),
        ("sops updatekeys -y moved.yaml", 0, &[]),
        ("printf 'y\\n' | sops updatekeys moved.yaml", 0, &[]),
        ("printf 'n\\n' | sops updatekeys moved.yaml", 0, &[]),
        ("sops updatekeys -y moved.yaml secret.yaml", 0, &[]),
        ("sops updatekeys -y moved.yaml plain.yaml", 1, &[]),
        ("sops updatekeys -y keys", 1, &[]),
        ("rm .sops.yaml; sops updatekeys -y secret.yaml", 1, &[]),
        ("sops filestatus secret.yaml", 0, &[]),
        ("sops filestatus plain.yaml", 0, &[]),
        ("sops filestatus secret.bin", 0, &[]),
        ("sops filestatus secret.env", 0, &[]),
        ("sops filestatus secret.ini", 0, &[]),
        ("sops filestatus absent.yaml", 1, &[]),
        ("cp secret.yaml s; sops filestatus --input-type yaml s", 0, &[]),
    ]);
}

#[test]
fn editing() {
    check(&[
        ("EDITOR='sed -i s/alice/bob/' sops secret.yaml", 0, &[]),
        ("EDITOR='sed -i s/alice/bob/' sops edit secret.json", 0, &[]),
        ("EDITOR='sed -i s/alice/bob/' sops edit secret.env", 0, &[]),
        ("EDITOR='sed -i s/alice/bob/' sops edit secret.ini", 0, &[]),
        (
            "SOPS_EDITOR='sed -i s/alice/eve/' EDITOR=false sops secret.yaml",
            0,
            &[],
        ),
        (
            "EDITOR=true sops secret.yaml",
            200,
            &["File has not changed, exiting."],
        ),
        ("EDITOR=false sops secret.yaml", 201, &[]),
        ("EDITOR=/nonexistent/editor sops secret.yaml", 201, &[]),
        (
            "EDITOR='sh -c \"echo x: 1 > $1\" --' sops edit new.yaml; cat new.yaml >/dev/null",
            0,
            &[],
        ),
        ("EDITOR='sh edit-new.sh' sops new.yaml", 0, &[]),
        ("EDITOR='sh edit-new.sh' sops edit new.json", 0, &[]),
        ("EDITOR=true sops new.yaml; test ! -e new.yaml", 0, &[]),
        ("echo | EDITOR='sh edit-broken-once.sh' sops secret.yaml", 0, &[]),
        ("EDITOR='sed -i s/alice/bob/' sops foreign.yaml", 128, &[]),
        ("EDITOR='sed -i s/alice/bob/' sops no-mac.yaml", 51, &[]),
        (
            "EDITOR='sed -i s/alice/bob/' sops edit --ignore-mac no-mac.yaml",
            0,
            &[],
        ),
        ("EDITOR='sh edit-look.sh' sops secret.yaml; cat seen", 0, &[]),
    ]);
}

#[test]
fn words_and_streams() {
    check(&[
        ("sops --version --disable-version-check", 0, &[]),
        ("sops -v", 0, &[]),
        (
            "sops --no-such-flag 2>&1 >/dev/null | grep -c level=fatal",
            0,
            &[],
        ),
        (
            "sops --no-such-flag >/dev/null",
            1,
            &["flag provided but not defined: -no-such-flag"],
        ),
        ("sops decrypt --no-such-flag secret.yaml >/dev/null", 1, &[]),
        ("sops -de secret.yaml >/dev/null", 1, &[]),
        ("sops -d --decrypt secret.yaml >/dev/null", 1, &[]),
        ("sops --decrypt=true secret.yaml", 0, &[]),
        ("sops --d secret.yaml", 0, &[]),
        ("sops -d -- secret.yaml", 0, &[]),
        ("sops -d secret.yaml --extract x", 0, &[]),
        ("sops set secret.yaml --idempotent '[\"a\"]' '1'", 7, &[]),
        ("sops --help >/dev/null", 0, &[]),
        ("sops help >/dev/null", 0, &[]),
        ("sops encrypt --help >/dev/null", 0, &[]),
        ("sops completion bash >/dev/null", 0, &[]),
        ("sops completion zsh >/dev/null", 0, &[]),
        ("sops --extract '[\"user\"]' decrypt secret.yaml", 0, &[]),
        ("SOPS_CONFIG=keys/config.yaml sops encrypt plain.yaml", 0, &[]),
        ("sops --config keys/config.yaml -e plain.yaml", 0, &[]),
        (
            "for f in secret.yaml secret.json; do sops -d $f > $f.dec || exit 9; done",
            0,
            &[],
        ),
        ("sops -d secret.yaml | grep -q password && echo found", 0, &[]),
        (
            "set -e; x=$(sops -d --extract '[\"db\"][\"password\"]' secret.yaml); test \"$x\" = 'p4ss word'",
            0,
            &[],
        ),
    ]);
}

#[test]
fn what_comes_later_is_refused_by_name() {
    for verb in ["groups", "exec-env", "exec-file", "publish", "keyservice"] {
        let sandbox = desk(&gitseal());
        let told = line(&sandbox, &format!("sops {verb} secret.yaml true"));
        assert_ne!(told.code, Some(0), "{}", told.told());
        assert!(
            told.err().contains(verb),
            "the refusal does not name {verb}\n{}",
            told.told()
        );
    }
}

/// Runs each row on both desks.
fn check(rows: &[Row]) {
    let mut wrong = String::new();
    for (script, code, says) in rows {
        let theirs = desk(&tools::sops());
        let ours = desk(&gitseal());
        let reference = line(&theirs, script);
        let told = line(&ours, script);
        // The table itself is checked first: a row that the real sops does not fulfil is no row.
        if let Some(what) = is_no_row(&reference, *code, says) {
            wrong.push_str(&format!(
                "\n===== {script}\nthe real sops {what}\n{}",
                reference.told()
            ));
            continue;
        }
        if let Err(what) = compare(&ours, &told, &theirs, &reference, says) {
            wrong.push_str(&format!(
                "\n===== {script}\n{what}\n--- ours\n{}\n--- sops\n{}",
                told.told(),
                reference.told()
            ));
        }
    }
    let count = wrong.matches("\n===== ").count();
    assert!(wrong.is_empty(), "{count} of {} rows differ{wrong}", rows.len());
}

fn is_no_row(reference: &Outcome, code: i32, says: &[&str]) -> Option<String> {
    if reference.code != Some(code) {
        return Some(format!("exits with {:?}, not {code}", reference.code));
    }
    let silent = says.iter().find(|word| !reference.err().contains(**word))?;
    Some(format!("does not say {silent:?}"))
}

fn compare(
    ours: &Sandbox,
    told: &Outcome,
    theirs: &Sandbox,
    reference: &Outcome,
    says: &[&str],
) -> Result<(), String> {
    if told.code != reference.code {
        return Err(format!(
            "exit code {:?} instead of {:?}",
            told.code, reference.code
        ));
    }
    if let Some(word) = says.iter().find(|word| !told.err().contains(**word)) {
        return Err(format!("does not say {word:?}"));
    }
    alike(
        "standard output",
        (ours, &told.stdout),
        (theirs, &reference.stdout),
    )?;
    if ours.files() != theirs.files() {
        return Err(format!(
            "files {:?} instead of {:?}",
            ours.files(),
            theirs.files()
        ));
    }
    for name in ours.files() {
        alike(&name, (ours, &ours.read(&name)), (theirs, &theirs.read(&name)))?;
    }
    let left = fs::read_dir(ours.tmp()).unwrap().count();
    if left > 0 {
        Err(format!("{left} files left in TMPDIR"))
    } else {
        Ok(())
    }
}

/// The same bytes, or two ciphertexts of the same, or two layouts of the same.
fn alike(what: &str, ours: (&Sandbox, &[u8]), theirs: (&Sandbox, &[u8])) -> Result<(), String> {
    let place = |(sandbox, bytes): (&Sandbox, &[u8])| {
        let root = sandbox.root().display().to_string();
        String::from_utf8_lossy(bytes).replace(&root, "@")
    };
    let (one, other) = (place(ours), place(theirs));
    if ours.1 == theirs.1 || one == other {
        return Ok(());
    }
    let sealed = |text: &str| text.contains("ENC[AES256_GCM");
    let differs = || format!("{what} differs\n--- ours\n{one}\n--- sops\n{other}");
    if sealed(&one) != sealed(&other) {
        return Err(differs());
    }
    let name = kind_of(&one);
    if !sealed(&one) {
        // Plain texts in two layouts: through the real sops both have one.
        return match (seen_by_sops(&name, ours.1), seen_by_sops(&name, theirs.1)) {
            (Some(one), Some(other)) if one == other => Ok(()),
            _ => Err(differs()),
        };
    }
    if recipients(&one) != recipients(&other) {
        return Err(format!("the recipients of {what} differ\n{}", differs()));
    }
    match (opened(&name, ours.1), opened(&name, theirs.1)) {
        (Some(one), Some(other)) if one == other => Ok(()),
        (one, other) => Err(format!(
            "{}\n--- opened\n{}\n--- opened\n{}",
            differs(),
            one.map_or_else(
                || "not at all".to_owned(),
                |bytes| String::from_utf8_lossy(&bytes).into_owned()
            ),
            other.map_or_else(
                || "not at all".to_owned(),
                |bytes| String::from_utf8_lossy(&bytes).into_owned()
            ),
        )),
    }
}

fn opened(name: &str, bytes: &[u8]) -> Option<Vec<u8>> {
    let sandbox = desk(&tools::sops());
    sandbox.write(name, bytes);
    let script = format!("SOPS_AGE_KEY=$(cat keys/other.txt) sops -d {name}");
    let told = line(&sandbox, &script);
    (told.code == Some(0)).then_some(told.stdout)
}

fn seen_by_sops(name: &str, bytes: &[u8]) -> Option<Vec<u8>> {
    let sandbox = desk(&tools::sops());
    sandbox.write(name, bytes);
    let told = line(&sandbox, &format!("sops -e -i {name} && sops -d {name}"));
    (told.code == Some(0)).then_some(told.stdout)
}

/// A file name whose ending fits the text.
fn kind_of(text: &str) -> String {
    let end = match text {
        _ if text.starts_with('{') => "json",
        _ if text.contains("\nsops_version=") => "env",
        _ if text.contains("\n[sops]") => "ini",
        _ => "yaml",
    };
    format!("judged.{end}")
}

/// Every age recipient in a text, in order.
fn recipients(text: &str) -> Vec<&str> {
    text.match_indices("age1")
        .map(|(at, _)| {
            let rest = &text[at..];
            &rest[..rest
                .find(|c: char| !c.is_ascii_alphanumeric())
                .unwrap_or(rest.len())]
        })
        .collect()
}

/// Runs one line of shell in the folder, with `sops` on the path.
fn line(sandbox: &Sandbox, script: &str) -> Outcome {
    sandbox
        .run("sh")
        .args(["-c", script])
        .env("PATH", path_with(&sandbox.root().join("bin")))
        .with_example_identity()
        .go()
}

/// A fresh copy of the folder that every row starts with, and `sops` as the given program.
fn desk(program: &Path) -> Sandbox {
    static MODEL: OnceLock<Sandbox> = OnceLock::new();
    let model = MODEL.get_or_init(lay_out);
    let sandbox = Sandbox::new();
    for name in model.files() {
        sandbox.write(&name, model.read(&name));
    }
    link_sops(&sandbox, program);
    sandbox
}

fn link_sops(sandbox: &Sandbox, program: &Path) {
    fs::create_dir(sandbox.root().join("bin")).unwrap();
    symlink(program, sandbox.root().join("bin/sops")).unwrap();
}

/// Plain files, the same encrypted by the real sops, and damaged ones.
fn lay_out() -> Sandbox {
    let sandbox = Sandbox::new();
    link_sops(&sandbox, &tools::sops());
    sandbox.write("keys/example.pub", EXAMPLE_RECIPIENT);
    let made = sandbox.run(tools::age_keygen()).go().expect(0);
    sandbox.write("keys/other.txt", &made.stdout);
    let public = sandbox
        .run(tools::age_keygen())
        .args(["-y", "keys/other.txt"])
        .go()
        .expect(0)
        .out();
    let public = public.trim();
    sandbox.write("keys/other.pub", public);
    sandbox.write("keys/example.txt", fs::read(example_identity()).unwrap());
    let example = EXAMPLE_RECIPIENT;
    sandbox.write(
        "keys/config.yaml",
        format!("creation_rules:\n  - age: {public},{example}\n"),
    );
    sandbox.write(
        ".sops.yaml",
        format!(
            "creation_rules:
  - path_regex: ^two-keys
    age: {example},{public}
  - path_regex: ^moved
    age: {example},{public}
  - path_regex: ^groups
    shamir_threshold: 2
    key_groups:
      - age: [{example}]
      - age: [{public}]
  - path_regex: ^regex
    encrypted_regex: ^(db|user)$
    mac_only_encrypted: true
    age: [{example}]
  - age: {example}
"
        ),
    );
    let plain = [
        (
            "yaml",
            "# first\nuser: alice\ndb:\n    host: h1 # beside\n    password: p4ss word\nports:\n    # in a list\n    - 80\n    - 443\ncount: 7\nratio: 1.5\nflag: true\nnothing_here: null\nnote: |\n    two\n    lines\n",
        ),
        (
            "json",
            "{\n\t\"user\": \"alice\",\n\t\"db\": {\n\t\t\"password\": \"p4ss word\"\n\t},\n\t\"count\": 7,\n\t\"list\": [\n\t\t1.5,\n\t\ttrue,\n\t\tnull\n\t]\n}\n",
        ),
        ("env", "# first\nUSER=alice\nPASSWORD=p4ss word\nEMPTY=\n"),
        ("ini", "; first\n[db]\nuser     = alice\npassword = p4ss word\n"),
        ("bin", "alice\0\u{1}binary\n"),
    ];
    for (end, text) in plain {
        sandbox.write(format!("plain.{end}"), text);
        sandbox.write(format!("secret.{end}"), text);
    }
    sandbox.write("flat.yaml", "a: alice\nn: 5\nb: true\n");
    sandbox.write("stream.yaml", "user: alice\n---\nuser: bob\n");
    sandbox.write("foreign.yaml", "user: alice\n");
    sandbox.write(
        "edit-new.sh",
        "case $1 in *.json) echo '{\"made\": 1}' > $1;; *) echo 'made: alice' > $1;; esac\n",
    );
    sandbox.write(
        "edit-broken-once.sh",
        "if [ -e been-here ]; then sed -i '/never closed/d;/^#.*error/d' $1; sed -i s/alice/bob/ $1; rm been-here\nelse touch been-here; echo 'x: \"never closed' >> $1; fi\n",
    );
    sandbox.write(
        "edit-look.sh",
        "basename $1 > seen; stat -c %a $1 >> seen; stat -c %a $(dirname $1) >> seen; echo more: 1 >> $1\n",
    );
    let names = [
        "secret.yaml",
        "secret.json",
        "secret.env",
        "secret.ini",
        "secret.bin",
        "flat.yaml",
        "stream.yaml",
    ];
    for name in names {
        line(&sandbox, &format!("sops -e -i {name}")).expect(0);
    }
    line(&sandbox, &format!("sops -e -i --age {public} foreign.yaml")).expect(0);
    let secret = String::from_utf8(sandbox.read("secret.yaml")).unwrap();
    // As encrypted before the rule named a second key.
    sandbox.write("moved.yaml", &secret);
    sandbox.write(
        "tampered.yaml",
        with_other_digit(&secret, "password: ENC[AES256_GCM,data:"),
    );
    let without: String = secret
        .lines()
        .filter(|line| !line.starts_with("    mac:"))
        .map(|line| format!("{line}\n"))
        .collect();
    sandbox.write("no-mac.yaml", without);
    fs::remove_dir_all(sandbox.root().join("bin")).unwrap();
    sandbox
}

/// The text with the base64 digit behind `mark` changed.
fn with_other_digit(text: &str, mark: &str) -> String {
    let at = text.find(mark).unwrap() + mark.len();
    let other = if text[at..].starts_with('A') { "B" } else { "A" };
    format!("{}{other}{}", &text[..at], &text[at + 1..])
}
