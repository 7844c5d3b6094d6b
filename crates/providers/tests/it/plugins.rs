//! Plugins: spoken to as the real age speaks, found only where they should be, run only when trusted.

use std::path::Path;
use std::process::Command;

use gitseal_tests::tools;

use crate::support::{KEY_BYTES, User, failure, file_of, identity, lock, opens, run};

/// A plugin that wraps by not wrapping at all. `LOG` counts its runs.
///
/// The real age sends commands that mean nothing, at random, with bodies of several lines: a body ends with its first
/// line shorter than 64.
const ECHO: &str = r#"
echo run >> LOG
read_body() {
    text=
    while read -r line; do
        text=$text$line
        [ ${#line} -eq 64 ] || break
    done
}
body=
while read -r arrow command rest; do
    read_body
    case "$command" in
        wrap-file-key) body=$text ;;
        recipient-stanza) case "$rest" in "0 echo"*) body=$text ;; esac ;;
        done) break ;;
    esac
done
case "$1" in
    --age-plugin=recipient-v1) printf -- '-> msg\naGVsbG8\n'; read -r a; read -r a
        printf -- '-> recipient-stanza 0 echo arg\n%s\n' "$body"; read -r a; read -r a ;;
    --age-plugin=identity-v1) if [ -n "$body" ]; then
        printf -- '-> file-key 0\n%s\n' "$body"; read -r a; read -r a; fi ;;
esac
printf -- '-> done\n\n'
"#;

/// `age1echo1…` and `AGE-PLUGIN-ECHO-1…` without data.
fn echo_texts() -> (String, String) {
    let encode = |hrp: &str| bech32::encode::<bech32::Bech32>(bech32::Hrp::parse(hrp).unwrap(), &[]).unwrap();
    (encode("age1echo"), encode("age-plugin-echo-").to_uppercase())
}

/// A user with the plugin in a folder of `PATH`.
fn with_echo() -> User {
    let mut user = User::new();
    let log = user.path("log").display().to_string();
    user.program("bin/age-plugin-echo", &ECHO.replace("LOG", &log));
    let path = format!("{}:/usr/bin:/bin", user.path("bin").display());
    user.set("PATH", path);
    user
}

fn runs(user: &User) -> usize {
    std::fs::read_to_string(user.path("log")).map_or(0, |log| log.lines().count())
}

#[test]
fn a_plugin_wraps_and_opens_as_under_the_real_age() {
    let (recipient, key) = echo_texts();
    let mut user = with_echo();
    user.trusted.push("echo".into());
    let keys = user.write(".config/sops/age/keys.txt", &key);
    let path = format!("{}:/usr/bin:/bin", user.path("bin").display());
    // Ours to ours, ours to age, age to ours.
    let locked = lock(&user, &[&[&recipient]], 0).unwrap();
    opens(&user.services(), &locked).unwrap();
    let enc = locked.key_groups[0].0[0].enc();
    assert_eq!(
        run(
            Command::new(tools::age())
                .env("PATH", &path)
                .args(["-d", "-i"])
                .arg(keys),
            enc.as_bytes()
        ),
        KEY_BYTES
    );
    let enc = run(
        Command::new(tools::age())
            .env("PATH", &path)
            .args(["-a", "-r", &recipient]),
        &KEY_BYTES,
    );
    opens(
        &user.services(),
        &file_of(&[(&recipient, std::str::from_utf8(&enc).unwrap())]),
    )
    .unwrap();
}

#[test]
fn the_real_batchpass_opens() {
    let mut user = User::new();
    let real = tools::age_plugin_batchpass();
    let mut command = Command::new(tools::age());
    command
        .args(["-e", "-a", "-j", "batchpass"])
        .env("PATH", real.parent().unwrap())
        .env("AGE_PASSPHRASE", "correct horse")
        .env("AGE_PASSPHRASE_WORK_FACTOR", "10");
    let enc = String::from_utf8(run(&mut command, &KEY_BYTES)).unwrap();
    let script = format!("AGE_PASSPHRASE='correct horse' exec '{}' \"$@\"", real.display());
    user.program("bin/age-plugin-batchpass", &script);
    user.set("PATH", user.path("bin"));
    let hrp = bech32::Hrp::parse("age-plugin-batchpass-").unwrap();
    user.set(
        "SOPS_AGE_KEY",
        bech32::encode::<bech32::Bech32>(hrp, &[]).unwrap().to_uppercase(),
    );
    let (_, any) = identity();
    opens(&user.services(), &file_of(&[(&any, &enc)])).unwrap();
}

#[test]
fn only_trusted_plugins_wrap() {
    let (recipient, key) = echo_texts();
    let not_run =
        "age-plugin-echo is not run: neither a flag, the matching rule nor an identity of yours names it";
    type Prepare = fn(&mut User, &str);
    let cases: [(&str, Prepare, Option<&str>); 6] = [
        ("nobody names it", |_, _| {}, Some(not_run)),
        (
            "another is named",
            |user, _| user.trusted.push("other".into()),
            Some(not_run),
        ),
        (
            "a rule names it",
            |user, _| user.trusted.push("echo".into()),
            None,
        ),
        (
            "an identity names it",
            |user, key| user.set("SOPS_AGE_KEY", key),
            None,
        ),
        (
            "switched off",
            |user, key| {
                user.set("SOPS_AGE_KEY", key);
                user.set("GITSEAL_AGE_PLUGINS", "off");
            },
            Some("age-plugin-echo: age plugins are switched off (GITSEAL_AGE_PLUGINS=off)"),
        ),
        (
            "not there",
            |user, _| {
                user.trusted.push("echo".into());
                user.set("PATH", "/usr/bin");
            },
            Some("age-plugin-echo: age-plugin-echo is not in any folder of PATH"),
        ),
    ];
    for (name, prepare, want) in cases {
        let mut user = with_echo();
        prepare(&mut user, &key);
        match (lock(&user, &[&[&recipient]], 0), want) {
            (Ok(_), None) => assert_eq!(runs(&user), 1, "case: {name}"),
            (Err(providers::LockError::Failed { attempts }), Some(want)) => {
                assert_eq!(attempts[0].source.to_string(), want, "case: {name}");
                assert_eq!(runs(&user), 0, "case: {name}");
            }
            (got, _) => panic!("case: {name}: {:?}", got.map(|_| ())),
        }
    }
}

#[test]
fn a_file_cannot_make_a_plugin_run() {
    let (recipient, _) = echo_texts();
    let mut trusting = with_echo();
    trusting.trusted.push("echo".into());
    let locked = lock(&trusting, &[&[&recipient]], 0).unwrap();
    // The program is there, the rule names it for wrapping; but no identity of the user does.
    let before = runs(&trusting);
    assert!(opens(&trusting.services(), &locked).is_err());
    assert_eq!(runs(&trusting), before);
}

#[test]
fn no_plugin_comes_out_of_the_current_folder() {
    let (recipient, _) = echo_texts();
    let here = std::env::current_dir().unwrap();
    let mut user = with_echo();
    user.trusted.push("echo".into());
    let found = user.path("bin");
    // The same folder, named relative to the current one.
    let up = "../".repeat(here.components().count() - 1);
    let relative = format!("{up}{}", found.strip_prefix("/").unwrap().display());
    assert!(Path::new(&relative).join("age-plugin-echo").is_file());
    for path in [relative.as_str(), ".", "", ":", "./bin"] {
        user.set("PATH", path);
        assert!(lock(&user, &[&[&recipient]], 0).is_err(), "PATH={path}");
    }
    assert_eq!(runs(&user), 0);
}

#[test]
fn a_plugin_that_misbehaves_is_an_error_of_its_own() {
    let (recipient, key) = echo_texts();
    let drain =
        "while read -r a c r; do case \"$c\" in done) read -r a; break ;; *) read -r a ;; esac; done\n";
    let cases = [
        (
            "says nothing",
            "exit 0".to_owned(),
            "age-plugin-echo: ended before it was done",
        ),
        (
            "speaks something else",
            format!("{drain}echo hello; echo"),
            "age-plugin-echo: speaks no age plugin protocol",
        ),
        (
            "has an error that quotes a key",
            // "bad AGE-PLUGIN-ECHO-1ABC reader"
            format!(
                "{drain}printf -- '-> error internal\\nYmFkIEFHRS1QTFVHSU4tRUNITy0xQUJDIHJlYWRlcg\\n-> done\\n\\n'; read -r a"
            ),
            "age-plugin-echo: bad [removed] reader",
        ),
    ];
    for (name, script, want) in cases {
        let mut user = with_echo();
        user.trusted.push("echo".into());
        user.set("SOPS_AGE_KEY", &key);
        let locked = lock(&user, &[&[&recipient]], 0).unwrap();
        user.program("bin/age-plugin-echo", &script);
        let (attempts, _) = failure(&user.services(), &locked);
        assert_eq!(attempts, [want], "case: {name}");
    }
}
