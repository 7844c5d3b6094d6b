//! Bad input, as a table: one clear error, the right exit code, an unchanged file, no secret anywhere.
//!
//! Every value and key in these files is a canary; it may stand in the input files and nowhere else.

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;
use std::sync::OnceLock;

use gitseal_tests::canary::Canary;
use gitseal_tests::program::gitseal;
use gitseal_tests::sandbox::{Outcome, Run, Sandbox};
use gitseal_tests::{EXAMPLE_RECIPIENT, example_identity, tools};

/// One bad input.
struct Row {
    name: &'static str,
    /// Makes the input.
    input: fn(&Sandbox),
    /// What is run. Words of our own verbs; `sops …` for the personality.
    line: &'static [&'static str],
    /// Exit codes that are right.
    codes: &'static [i32],
    /// What the error must name: the file, the key, the line, the way out.
    names: &'static [&'static str],
}

#[test]
fn damaged_files() {
    check(&[
        Row {
            name: "cut in half",
            input: |desk| edit(desk, "s.yaml", |text| text[..text.len() / 2].to_owned()),
            line: &["decrypt", "s.yaml"],
            codes: &[1, 2, 25, 51],
            names: &["s.yaml"],
        },
        Row {
            name: "cut in a value",
            input: |desk| {
                edit(desk, "s.yaml", |text| {
                    text[..text.find(",iv:").unwrap()].to_owned()
                })
            },
            line: &["decrypt", "s.yaml"],
            codes: &[1, 2],
            names: &["s.yaml"],
        },
        Row {
            name: "value tampered with",
            input: |desk| {
                edit(desk, "s.yaml", |text| {
                    other_digit(text, "password: ENC[AES256_GCM,data:")
                })
            },
            line: &["decrypt", "s.yaml"],
            codes: &[25],
            names: &["s.yaml", "password"],
        },
        Row {
            name: "tag tampered with",
            input: |desk| edit(desk, "s.yaml", |text| other_digit(text, ",tag:")),
            line: &["decrypt", "s.yaml"],
            codes: &[25],
            names: &["s.yaml", "password"],
        },
        Row {
            name: "value tampered with, in place",
            input: |desk| {
                edit(desk, "s.yaml", |text| {
                    other_digit(text, "password: ENC[AES256_GCM,data:")
                })
            },
            line: &["decrypt", "-i", "s.yaml"],
            codes: &[25],
            names: &["s.yaml"],
        },
        Row {
            name: "MAC tampered with",
            input: |desk| {
                edit(desk, "s.yaml", |text| {
                    other_digit(text, "mac: ENC[AES256_GCM,data:")
                })
            },
            line: &["decrypt", "s.yaml"],
            codes: &[51],
            names: &["s.yaml", "MAC"],
        },
        Row {
            name: "MAC missing",
            input: |desk| edit(desk, "s.yaml", |text| without_line(text, "    mac:")),
            line: &["decrypt", "s.yaml"],
            codes: &[51],
            names: &["s.yaml", "MAC"],
        },
        Row {
            name: "MAC missing, set",
            input: |desk| edit(desk, "s.yaml", |text| without_line(text, "    mac:")),
            line: &["set", "s.yaml", "[\"a\"]", "\"x\""],
            codes: &[51],
            names: &["s.yaml", "MAC"],
        },
        Row {
            name: "MAC missing, rotate",
            input: |desk| edit(desk, "s.yaml", |text| without_line(text, "    mac:")),
            line: &["rotate", "-i", "s.yaml"],
            codes: &[51],
            names: &["s.yaml", "MAC"],
        },
        Row {
            name: "values swapped between keys",
            input: |desk| {
                edit(desk, "s.yaml", |text| {
                    text.replace("password:", "TMP:")
                        .replace("token:", "password:")
                        .replace("TMP:", "token:")
                })
            },
            line: &["decrypt", "s.yaml"],
            codes: &[25],
            names: &["s.yaml", "token"],
        },
        Row {
            name: "list items swapped",
            input: |desk| edit(desk, "s.yaml", swap_items),
            line: &["decrypt", "s.yaml"],
            codes: &[51],
            names: &["s.yaml", "MAC"],
        },
        Row {
            name: "unknown type",
            input: |desk| {
                edit(desk, "s.yaml", |text| {
                    text.replacen(",type:str]", ",type:set]", 1)
                })
            },
            line: &["decrypt", "s.yaml"],
            codes: &[25],
            names: &["s.yaml", "password"],
        },
        Row {
            name: "type changed to int",
            input: |desk| {
                edit(desk, "s.yaml", |text| {
                    text.replacen(",type:str]", ",type:int]", 1)
                })
            },
            line: &["decrypt", "s.yaml"],
            codes: &[25],
            names: &["s.yaml", "password"],
        },
        Row {
            name: "a plain value among encrypted ones",
            input: |desk| {
                edit(desk, "s.yaml", |text| {
                    format!("added: {}\n{text}", value("added"))
                })
            },
            line: &["decrypt", "s.yaml"],
            codes: &[25],
            names: &["s.yaml", "added"],
        },
        Row {
            name: "date changed",
            input: |desk| {
                edit(desk, "s.yaml", |text| {
                    text.replacen("lastmodified: \"20", "lastmodified: \"19", 1)
                })
            },
            line: &["decrypt", "s.yaml"],
            codes: &[51],
            names: &["s.yaml", "MAC"],
        },
        Row {
            name: "date unreadable",
            input: |desk| {
                edit(desk, "s.yaml", |text| {
                    text.replacen("lastmodified: \"2", "lastmodified: \"x", 1)
                })
            },
            line: &["decrypt", "s.yaml"],
            codes: &[1],
            names: &["s.yaml", "lastmodified"],
        },
        Row {
            name: "block without keys",
            input: |desk| edit(desk, "s.yaml", without_age),
            line: &["decrypt", "s.yaml"],
            codes: &[1, 128],
            names: &["s.yaml"],
        },
        Row {
            name: "conflict markers",
            input: |desk| {
                edit(desk, "s.yaml", |text| {
                    format!("<<<<<<< ours\n{text}=======\n{text}>>>>>>> theirs\n")
                })
            },
            line: &["decrypt", "s.yaml"],
            codes: &[1, 2],
            names: &["s.yaml", "conflict"],
        },
        Row {
            name: "JSON cut",
            input: |desk| edit(desk, "s.json", |text| text[..text.len() * 2 / 3].to_owned()),
            line: &["decrypt", "s.json"],
            codes: &[1, 2],
            names: &["s.json"],
        },
        Row {
            name: "plain text to decrypt",
            input: |_| {},
            line: &["decrypt", "plain.yaml"],
            codes: &[1],
            names: &["plain.yaml", "sops metadata not found"],
        },
        Row {
            name: "plain text to rotate",
            input: |_| {},
            line: &["rotate", "-i", "plain.yaml"],
            codes: &[1],
            names: &["plain.yaml"],
        },
        Row {
            name: "value tampered with, personality",
            input: |desk| {
                edit(desk, "s.yaml", |text| {
                    other_digit(text, "password: ENC[AES256_GCM,data:")
                })
            },
            line: &["sops", "-d", "s.yaml"],
            codes: &[25],
            names: &["password"],
        },
        Row {
            name: "MAC tampered with, personality",
            input: |desk| {
                edit(desk, "s.yaml", |text| {
                    other_digit(text, "mac: ENC[AES256_GCM,data:")
                })
            },
            line: &["sops", "-d", "s.yaml"],
            codes: &[51],
            names: &["MAC"],
        },
        Row {
            name: "a plain value among encrypted ones, personality",
            input: |desk| {
                edit(desk, "s.yaml", |text| {
                    format!("added: {}\n{text}", value("added"))
                })
            },
            line: &["sops", "-d", "s.yaml"],
            codes: &[25],
            names: &["added"],
        },
        Row {
            name: "encrypted file to encrypt, personality",
            input: |_| {},
            line: &["sops", "-e", "-i", "s.yaml"],
            codes: &[203],
            names: &[],
        },
    ]);
}

#[test]
fn malformed_plain_files() {
    check(&[
        Row {
            name: "duplicate keys",
            input: |desk| plain(desk, "p.yaml", format!("a: {0}\nb: 1\na: {0}\n", value("p"))),
            line: &["encrypt", "-i", "p.yaml"],
            codes: &[2],
            names: &["p.yaml", "3"],
        },
        Row {
            name: "not YAML",
            input: |desk| plain(desk, "p.yaml", format!("a: 1\nb: [{}\n", value("p"))),
            line: &["encrypt", "-i", "p.yaml"],
            codes: &[2],
            names: &["p.yaml"],
        },
        Row {
            name: "a list at the top",
            input: |desk| plain(desk, "p.yaml", format!("- {}\n", value("p"))),
            line: &["encrypt", "-i", "p.yaml"],
            codes: &[2],
            names: &["p.yaml"],
        },
        Row {
            name: "an alias to nothing",
            input: |desk| {
                plain(
                    desk,
                    "p.yaml",
                    format!("a: {}\npassword: *cAnArY8Zq7LwKx\n", value("p")),
                )
            },
            line: &["encrypt", "-i", "p.yaml"],
            codes: &[2],
            names: &["p.yaml", "2"],
        },
        Row {
            name: "a tag that does not fit",
            input: |desk| plain(desk, "p.yaml", format!("a: 1\npassword: !!int {}\n", value("p"))),
            line: &["encrypt", "-i", "p.yaml"],
            codes: &[2, 23],
            names: &["p.yaml", "2"],
        },
        Row {
            name: "a number as a key",
            input: |desk| plain(desk, "p.yaml", format!("1: {}\n", value("p"))),
            line: &["encrypt", "-i", "p.yaml"],
            codes: &[2, 23],
            names: &["p.yaml"],
        },
        Row {
            name: "not UTF-8",
            input: |desk| {
                plain(
                    desk,
                    "p.yaml",
                    [b"a: ".as_slice(), value("p").as_bytes(), b" \xff\xfe\n"].concat(),
                )
            },
            line: &["encrypt", "-i", "p.yaml"],
            codes: &[2],
            names: &["p.yaml"],
        },
        Row {
            name: "UTF-16",
            input: |desk| plain(desk, "p.yaml", b"\xff\xfea\0:\0 \x001\0\n\0"),
            line: &["encrypt", "-i", "p.yaml"],
            codes: &[2],
            names: &["p.yaml", "UTF-16"],
        },
        Row {
            name: "conflict markers",
            input: |desk| {
                plain(
                    desk,
                    "p.yaml",
                    format!(
                        "a: 1\n<<<<<<< HEAD\nb: {0}\n=======\nb: {0}\n>>>>>>> other\n",
                        value("p")
                    ),
                )
            },
            line: &["encrypt", "-i", "p.yaml"],
            codes: &[1, 2],
            names: &["p.yaml", "2", "conflict"],
        },
        Row {
            name: "ciphertext without a block",
            input: |desk| {
                edit(desk, "s.yaml", |text| {
                    text[..text.find("sops:").unwrap()].to_owned()
                })
            },
            line: &["encrypt", "-i", "s.yaml"],
            codes: &[1, 2, 203],
            names: &["s.yaml"],
        },
        Row {
            name: "empty file",
            input: |desk| plain(desk, "p.yaml", ""),
            line: &["encrypt", "-i", "p.yaml"],
            codes: &[92],
            names: &["p.yaml"],
        },
        Row {
            name: "JSON cut",
            input: |desk| {
                plain(
                    desk,
                    "p.json",
                    format!("{{\"a\": \"{}\", \"b\": \"{}", value("p"), value("p")),
                )
            },
            line: &["encrypt", "-i", "p.json"],
            codes: &[2],
            names: &["p.json"],
        },
        Row {
            name: "JSON list",
            input: |desk| plain(desk, "p.json", format!("[\"{}\"]", value("p"))),
            line: &["encrypt", "-i", "p.json"],
            codes: &[2],
            names: &["p.json"],
        },
        Row {
            name: "dotenv line without =",
            input: |desk| plain(desk, "p.env", format!("A=1\n{}\n", value("p"))),
            line: &["encrypt", "-i", "p.env"],
            codes: &[2],
            names: &["p.env", "2"],
        },
        Row {
            name: "dotenv line without =, personality",
            input: |desk| plain(desk, "p.env", format!("A=1\n{}\n", value("p"))),
            line: &["sops", "-e", "-i", "p.env"],
            codes: &[2],
            names: &[],
        },
        Row {
            name: "INI line without a delimiter",
            input: |desk| plain(desk, "p.ini", format!("[a]\nb = 1\n{}\n", value("p"))),
            line: &["encrypt", "-i", "p.ini"],
            codes: &[2],
            names: &["p.ini", "3"],
        },
        Row {
            name: "a folder",
            input: |desk| fs::create_dir(desk.path("d")).unwrap(),
            line: &["set", "d", "[\"a\"]", "1"],
            codes: &[1, 2, 3],
            names: &["d", "folder"],
        },
        Row {
            name: "a folder without -i",
            input: |desk| plain(desk, "d/p.yaml", "a: 1\n"),
            line: &["encrypt", "d"],
            codes: &[8],
            names: &["-i"],
        },
        Row {
            name: "absent",
            input: |_| {},
            line: &["encrypt", "absent.yaml"],
            codes: &[100],
            names: &["absent.yaml"],
        },
        Row {
            name: "absent, set",
            input: |_| {},
            line: &["set", "absent.yaml", "[\"a\"]", "1"],
            codes: &[2],
            names: &["absent.yaml"],
        },
    ]);
}

#[test]
fn bombs_are_refused_at_once() {
    check(&[
        Row {
            name: "deep YAML",
            input: |desk| {
                plain(
                    desk,
                    "p.yaml",
                    format!("a: {}{}\n", "[".repeat(50_000), "]".repeat(50_000)),
                )
            },
            line: &["encrypt", "-i", "p.yaml"],
            codes: &[2],
            names: &["p.yaml"],
        },
        Row {
            name: "deep JSON",
            input: |desk| {
                plain(
                    desk,
                    "p.json",
                    format!("{{\"a\": {}{}}}\n", "[".repeat(100_000), "]".repeat(100_000)),
                )
            },
            line: &["encrypt", "-i", "p.json"],
            codes: &[2],
            names: &["p.json"],
        },
        Row {
            name: "aliases",
            input: |desk| plain(desk, "p.yaml", alias_bomb()),
            line: &["encrypt", "-i", "p.yaml"],
            codes: &[2],
            names: &["p.yaml"],
        },
        Row {
            name: "an anchor inside itself",
            input: |desk| plain(desk, "p.yaml", "a: &a\n  b: *a\n"),
            line: &["encrypt", "-i", "p.yaml"],
            codes: &[2],
            names: &["p.yaml"],
        },
        Row {
            name: "6 MiB of YAML",
            input: |desk| plain(desk, "p.yaml", format!("a: {}\n", "x".repeat(6 << 20))),
            line: &["encrypt", "-i", "p.yaml"],
            codes: &[2],
            names: &["p.yaml", "GITSEAL_MAX_BYTES"],
        },
        Row {
            name: "1 GiB",
            input: |desk| sparse(desk, "p.yaml"),
            line: &["encrypt", "-i", "p.yaml"],
            codes: &[2],
            names: &["p.yaml", "GITSEAL_MAX_BYTES"],
        },
        Row {
            name: "1 GiB of binary",
            input: |desk| sparse(desk, "p.bin"),
            line: &["encrypt", "-i", "p.bin"],
            codes: &[2],
            names: &["p.bin", "GITSEAL_MAX_BYTES"],
        },
        Row {
            name: "1 GiB to decrypt",
            input: |desk| sparse(desk, "p.yaml"),
            line: &["decrypt", "p.yaml"],
            codes: &[1, 2],
            names: &["p.yaml", "GITSEAL_MAX_BYTES"],
        },
        Row {
            name: "a regex bomb in the rules",
            input: |desk| {
                rules(
                    desk,
                    "creation_rules:\n  - path_regex: ((((a{1,100}){1,100}){1,100}){1,100})\n    age: x\n",
                )
            },
            line: &["encrypt", "-i", "plain.yaml"],
            codes: &[1],
            names: &[".sops.yaml", "2"],
        },
    ]);
}

#[test]
fn keys_and_rules() {
    check(&[
        Row {
            name: "no identity",
            input: |_| {},
            line: &["env", "-u", "SOPS_AGE_KEY_FILE", "decrypt", "s.yaml"],
            codes: &[128],
            names: &["s.yaml", EXAMPLE_RECIPIENT, "SOPS_AGE_KEY_FILE", "keys.txt"],
        },
        Row {
            name: "wrong identity",
            input: |_| {},
            line: &["decrypt", "foreign.yaml"],
            codes: &[128],
            names: &["foreign.yaml", "SOPS_AGE_KEY_FILE", EXAMPLE_RECIPIENT],
        },
        Row {
            name: "wrong identity, in place",
            input: |_| {},
            line: &["decrypt", "-i", "foreign.yaml"],
            codes: &[128],
            names: &["foreign.yaml"],
        },
        Row {
            name: "wrong identity, set",
            input: |_| {},
            line: &["set", "foreign.yaml", "[\"a\"]", "1"],
            codes: &[128],
            names: &["foreign.yaml"],
        },
        Row {
            name: "identity that is none",
            input: |_| {},
            line: &[
                "env",
                "SOPS_AGE_KEY=AGE-SECRET-KEY-cAnArY8Zq7LwKx",
                "decrypt",
                "foreign.yaml",
            ],
            codes: &[128],
            names: &["SOPS_AGE_KEY"],
        },
        Row {
            name: "identity file that is absent",
            input: |_| {},
            line: &["env", "SOPS_AGE_KEY_FILE=nowhere.txt", "decrypt", "s.yaml"],
            codes: &[128],
            names: &["nowhere.txt"],
        },
        Row {
            name: "identity file that is a folder",
            input: |desk| fs::create_dir(desk.path("d")).unwrap(),
            line: &["env", "SOPS_AGE_KEY_FILE=d", "decrypt", "s.yaml"],
            codes: &[128],
            names: &["d"],
        },
        Row {
            name: "a private key as recipient",
            input: |desk| rules(desk, &format!("creation_rules:\n  - age: {}\n", secret_key())),
            line: &["encrypt", "-i", "plain.yaml"],
            codes: &[1],
            names: &["private"],
        },
        Row {
            name: "a private key as recipient, personality",
            input: |desk| rules(desk, &format!("creation_rules:\n  - age: {}\n", secret_key())),
            line: &["sops", "-e", "-i", "plain.yaml"],
            codes: &[1],
            names: &[],
        },
        Row {
            name: "a recipient that is none",
            input: |_| {},
            line: &["encrypt", "-i", "--age", "age1nothing", "plain.yaml"],
            codes: &[1],
            names: &["age1nothing"],
        },
        Row {
            name: "rules that are no YAML",
            input: |desk| rules(desk, "creation_rules:\n  - age: [\n"),
            line: &["encrypt", "-i", "plain.yaml"],
            codes: &[1],
            names: &[".sops.yaml"],
        },
        Row {
            name: "rules of the wrong shape",
            input: |desk| rules(desk, "creation_rules:\n  - age: {a: b}\n"),
            line: &["encrypt", "-i", "plain.yaml"],
            codes: &[1],
            names: &[".sops.yaml", "2"],
        },
        Row {
            name: "a regex that is none",
            input: |desk| rules(desk, "creation_rules:\n  - path_regex: '('\n    age: x\n"),
            line: &["encrypt", "-i", "plain.yaml"],
            codes: &[1],
            names: &[".sops.yaml", "2"],
        },
        Row {
            name: "two selectors",
            input: |desk| {
                rules(
                    desk,
                    &format!(
                        "creation_rules:\n  - age: {EXAMPLE_RECIPIENT}\n    encrypted_regex: a\n    unencrypted_regex: b\n"
                    ),
                )
            },
            line: &["encrypt", "-i", "plain.yaml"],
            codes: &[1, 8],
            names: &[".sops.yaml"],
        },
        Row {
            name: "no rule fits",
            input: |desk| rules(desk, "creation_rules:\n  - path_regex: never\n    age: x\n"),
            line: &["encrypt", "-i", "plain.yaml"],
            codes: &[1],
            names: &["no matching creation rules found"],
        },
        Row {
            name: "no rules at all",
            input: |desk| fs::remove_file(desk.path(".sops.yaml")).unwrap(),
            line: &["encrypt", "-i", "plain.yaml"],
            codes: &[1],
            names: &[".sops.yaml"],
        },
        Row {
            name: "a value that is no JSON",
            input: |_| {},
            line: &["set", "s.yaml", "[\"a\"]", "cAnArY8Zq7LwKx"],
            codes: &[7],
            names: &[],
        },
        Row {
            name: "a path that is none",
            input: |_| {},
            line: &["set", "s.yaml", "a.b", "1"],
            codes: &[7],
            names: &["path"],
        },
        Row {
            name: "a path into a scalar",
            input: |_| {},
            line: &["decrypt", "--extract", "[\"password\"][\"x\"]", "s.yaml"],
            codes: &[1],
            names: &["password"],
        },
        Row {
            name: "a path to nothing",
            input: |_| {},
            line: &["get", "s.yaml", "[\"nothing\"]"],
            codes: &[1],
            names: &["nothing"],
        },
    ]);
}

#[test]
fn a_link_out_of_the_tree_is_refused_by_its_target() {
    let desk = desk();
    let outside = desk.root().join("outside.yaml");
    fs::copy(desk.path("s.yaml"), &outside).unwrap();
    symlink(&outside, desk.path("link.yaml")).unwrap();
    let before = fs::read(&outside).unwrap();
    for verb in [
        &["set", "link.yaml", "[\"a\"]", "1"][..],
        &["decrypt", "-i", "link.yaml"],
        &["rotate", "-i", "link.yaml"],
    ] {
        let told = run(&desk, verb).go();
        assert_ne!(told.code, Some(0), "{}", told.told());
        assert!(
            told.err().contains("outside.yaml"),
            "the target is not named\n{}",
            told.told()
        );
        assert_eq!(fs::read(&outside).unwrap(), before);
        assert!(
            desk.path("link.yaml").is_symlink(),
            "the link itself was replaced"
        );
    }
}

#[test]
fn a_link_inside_the_tree_is_followed() {
    let desk = desk();
    fs::create_dir(desk.path(".git")).unwrap();
    fs::create_dir(desk.path("real")).unwrap();
    fs::rename(desk.path("s.yaml"), desk.path("real/s.yaml")).unwrap();
    symlink("real/s.yaml", desk.path("link.yaml")).unwrap();
    run(&desk, &["set", "link.yaml", "[\"added\"]", "\"x\""])
        .go()
        .expect(0);
    assert!(desk.path("link.yaml").is_symlink());
    assert!(
        String::from_utf8(desk.read("real/s.yaml"))
            .unwrap()
            .contains("added: ENC[")
    );
}

#[test]
fn a_read_only_folder_changes_nothing_and_is_named() {
    let desk = desk();
    let before = desk.read("s.yaml");
    let line = ["set", "s.yaml", "[\"a\"]", "1"];
    let told = if rustix_is_root() {
        // Permission bits do not hold root: the folder is mounted read-only, in a namespace of its own.
        let script = "mount --bind . . && mount -o remount,bind,ro . && cd \"$PWD\" && exec \"$@\"";
        desk.run("unshare")
            .args(["-m", "sh", "-c", script, "sh"])
            .arg(gitseal())
            .args(line)
            .with_example_identity()
            .go()
    } else {
        fs::set_permissions(desk.work(), fs::Permissions::from_mode(0o555)).unwrap();
        let told = run(&desk, &line).go();
        fs::set_permissions(desk.work(), fs::Permissions::from_mode(0o755)).unwrap();
        told
    };
    told.keeps(canary());
    let told = told.expect(3);
    assert!(told.err().contains("s.yaml"), "{}", told.told());
    assert_eq!(desk.read("s.yaml"), before);
    assert_eq!(desk.files(), self::desk().files(), "something was left");
}

#[test]
fn plaintext_files_are_for_their_owner_alone() {
    let desk = desk();
    // The mask that hides nothing: what is private must be made private.
    let script = "umask 000; exec \"$@\"";
    let verbs: [&[&str]; 3] = [
        &["decrypt", "--output", "out.yaml", "s.yaml"],
        &["sops", "-d", "--output", "out2.yaml", "s.yaml"],
        &["keygen", "--output", "out3.txt"],
    ];
    for (verb, name) in verbs.iter().zip(["out.yaml", "out2.yaml", "out3.txt"]) {
        let told = desk
            .run("sh")
            .args(["-c", script, "sh"])
            .arg(gitseal())
            .args(*verb)
            .with_example_identity()
            .go();
        told.expect(0);
        let mode = fs::metadata(desk.path(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{name} has mode {mode:o}");
    }
}

#[test]
fn a_key_file_is_never_written_over() {
    let desk = desk();
    desk.write("mine.txt", "keep me");
    let told = run(&desk, &["keygen", "--output", "mine.txt"]).go();
    assert_ne!(told.code, Some(0), "{}", told.told());
    assert_eq!(desk.read("mine.txt"), b"keep me");
}

#[test]
fn our_own_verb_leaves_an_encrypted_file_alone() {
    let desk = desk();
    let before = desk.read("s.yaml");
    let told = desk
        .run(gitseal())
        .args(["encrypt", "-i", "s.yaml"])
        .go()
        .expect(0);
    told.keeps(canary());
    assert_eq!(desk.read("s.yaml"), before);
}

#[test]
fn one_bad_file_does_not_stop_the_others() {
    let desk = desk();
    plain(&desk, "many/a.yaml", format!("a: {}\n", value("a")));
    plain(&desk, "many/b.yaml", format!("b: [{}\n", value("b")));
    plain(&desk, "many/c.yaml", format!("c: {}\n", value("c")));
    let told = run(&desk, &["encrypt", "-i", "many"]).go().expect(1);
    told.keeps(canary());
    assert!(told.err().contains("b.yaml"), "{}", told.told());
    for name in ["many/a.yaml", "many/c.yaml"] {
        assert!(
            String::from_utf8(desk.read(name)).unwrap().contains("ENC["),
            "{name} is still plain"
        );
    }
    assert!(
        String::from_utf8(desk.read("many/b.yaml"))
            .unwrap()
            .starts_with("b: [cAnArY")
    );
}

#[test]
fn a_mac_error_shows_no_digest() {
    let desk = desk();
    edit(&desk, "s.yaml", swap_items);
    for line in [&["decrypt", "s.yaml"][..], &["sops", "-d", "s.yaml"]] {
        let told = run(&desk, line).go().expect(51);
        let runs = told.err();
        let longest = runs.split(|c: char| !c.is_ascii_hexdigit()).map(str::len).max();
        assert!(longest < Some(16), "a digest is shown\n{}", told.told());
    }
}

/// Runs the rows, each on its own desk.
fn check(rows: &[Row]) {
    let mut wrong = String::new();
    for row in rows {
        let desk = desk();
        (row.input)(&desk);
        let names = desk.files();
        let before: Vec<Vec<u8>> = names.iter().map(|name| small(&desk, name)).collect();
        let told = run(&desk, row.line).go();
        for problem in problems(row, &desk, &told, &names, &before) {
            wrong.push_str(&format!("\n===== {}: {problem}\n{}", row.name, told.told()));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

fn problems(row: &Row, desk: &Sandbox, told: &Outcome, names: &[String], before: &[Vec<u8>]) -> Vec<String> {
    let mut found = Vec::new();
    if !told.code.is_some_and(|code| row.codes.contains(&code)) {
        found.push(format!(
            "ended with {:?}, signal {:?}, not {:?}",
            told.code, told.signal, row.codes
        ));
    }
    if told.err().trim().is_empty() {
        found.push("says nothing".to_owned());
    }
    found.extend(
        row.names
            .iter()
            .filter(|name| !told.err().contains(**name))
            .map(|name| format!("does not name {name}")),
    );
    for (stream, bytes) in [("stdout", &told.stdout), ("stderr", &told.stderr)] {
        found.extend(
            canary()
                .find(bytes)
                .map(|coat| format!("leaks the canary on {stream} ({coat})")),
        );
        found.extend(
            key_canary()
                .find(bytes)
                .map(|coat| format!("leaks a private key on {stream} ({coat})")),
        );
    }
    if told.err().contains("panicked") {
        found.push("panicked".to_owned());
    }
    if desk.files() != names {
        found.push(format!("the files are now {:?}", desk.files()));
    } else {
        let changed = names
            .iter()
            .zip(before)
            .filter(|(name, bytes)| small(desk, name) != **bytes);
        found.extend(changed.map(|(name, _)| format!("{name} was changed")));
    }
    found.extend(canary().find_below(&desk.tmp()));
    found
}

/// The bytes of a file; of a huge one the size.
fn small(desk: &Sandbox, name: &str) -> Vec<u8> {
    let size = fs::metadata(desk.path(name)).map_or(0, |meta| meta.len());
    if size > 64 << 20 {
        size.to_le_bytes().to_vec()
    } else {
        desk.read(name)
    }
}

/// Our binary with the example identity; `env NAME=value` or `env -u NAME` in front changes that.
fn run(desk: &Sandbox, line: &[&str]) -> Run {
    match line {
        ["env", "-u", _, rest @ ..] => desk.run(gitseal()).args(rest),
        ["env", setting, rest @ ..] => {
            let (name, value) = setting.split_once('=').unwrap();
            desk.run(gitseal()).args(rest).env(name, value)
        }
        rest => desk.run(gitseal()).args(rest).with_example_identity(),
    }
}

/// The canary of all values here.
fn canary() -> &'static Canary {
    static CANARY: OnceLock<Canary> = OnceLock::new();
    CANARY.get_or_init(|| Canary::of(MARK.to_owned()))
}

/// A value that holds the canary.
fn value(name: &str) -> String {
    format!("{MARK}-{name}")
}

/// What every value here begins with.
const MARK: &str = "cAnArY8Zq7LwKx";

/// A private key that opens nothing, made once a run.
fn secret_key() -> &'static str {
    static KEY: OnceLock<String> = OnceLock::new();
    KEY.get_or_init(|| {
        let desk = Sandbox::new();
        let made = desk.run(tools::age_keygen()).go().expect(0).out();
        made.lines()
            .find(|line| line.starts_with("AGE-SECRET-KEY-"))
            .unwrap()
            .to_owned()
    })
}

fn key_canary() -> &'static Canary {
    static CANARY: OnceLock<Canary> = OnceLock::new();
    CANARY.get_or_init(|| Canary::of(secret_key().trim_start_matches("AGE-SECRET-KEY-1").to_owned()))
}

/// A fresh folder: rules, a plain file, and files that the real sops encrypted.
fn desk() -> Sandbox {
    static MODEL: OnceLock<Sandbox> = OnceLock::new();
    let model = MODEL.get_or_init(lay_out);
    let desk = Sandbox::new();
    for name in model.files() {
        desk.write(&name, model.read(&name));
    }
    desk
}

fn lay_out() -> Sandbox {
    let desk = Sandbox::new();
    rules(&desk, &format!("creation_rules:\n  - age: {EXAMPLE_RECIPIENT}\n"));
    let text = format!(
        "password: {}\ntoken: {}\nlist:\n    - {}\n    - {}\nnumber: 5\n",
        value("password"),
        value("token"),
        value("first"),
        value("second")
    );
    plain(&desk, "plain.yaml", &text);
    plain(&desk, "s.yaml", &text);
    plain(
        &desk,
        "s.json",
        format!(
            "{{\"password\": \"{}\", \"list\": [\"{}\"]}}",
            value("j"),
            value("k")
        ),
    );
    plain(&desk, "foreign.yaml", format!("password: {}\n", value("foreign")));
    let sops = || desk.run(tools::sops()).args(["-e", "-i"]);
    sops().arg("s.yaml").go().expect(0);
    sops().arg("s.json").go().expect(0);
    let key = desk.write("made.txt", secret_key());
    let public = desk
        .run(tools::age_keygen())
        .arg("-y")
        .arg(&key)
        .go()
        .expect(0)
        .out();
    sops()
        .args(["--age", public.trim()])
        .arg("foreign.yaml")
        .go()
        .expect(0);
    fs::remove_file(key).unwrap();
    desk
}

fn rules(desk: &Sandbox, text: &str) {
    plain(desk, ".sops.yaml", text);
}

fn plain(desk: &Sandbox, name: &str, content: impl AsRef<[u8]>) {
    let _: PathBuf = desk.write(name, content);
}

fn edit(desk: &Sandbox, name: &str, change: impl FnOnce(&str) -> String) {
    let before = String::from_utf8(desk.read(name)).unwrap();
    let after = change(&before);
    assert_ne!(before, after, "the input was not made bad");
    plain(desk, name, after);
}

fn sparse(desk: &Sandbox, name: &str) {
    File::create(desk.path(name)).unwrap().set_len(1 << 30).unwrap();
}

/// The text with the base64 digit behind `mark` changed.
fn other_digit(text: &str, mark: &str) -> String {
    let at = text.find(mark).unwrap() + mark.len();
    let other = if text[at..].starts_with('A') { "B" } else { "A" };
    format!("{}{other}{}", &text[..at], &text[at + 1..])
}

fn without_line(text: &str, start: &str) -> String {
    text.lines()
        .filter(|line| !line.starts_with(start))
        .map(|line| format!("{line}\n"))
        .collect()
}

fn without_age(text: &str) -> String {
    let from = text.find("    age:").unwrap();
    let to = text.find("    lastmodified:").unwrap();
    format!("{}{}", &text[..from], &text[to..])
}

fn swap_items(text: &str) -> String {
    let items: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("    - ENC["))
        .collect();
    let [first, second] = items[..] else {
        panic!("two items are expected")
    };
    text.replace(first, "@")
        .replace(second, first)
        .replace('@', second)
}

fn alias_bomb() -> String {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..10 {
        let before = level - 1;
        let row = format!("*a{before}, ").repeat(9);
        text.push_str(&format!("a{level}: &a{level} [{row}*a{before}]\n"));
    }
    text
}

fn rustix_is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[test]
fn the_identity_of_these_tests_is_the_published_one() {
    let text = fs::read_to_string(example_identity()).unwrap();
    assert!(
        text.contains(EXAMPLE_RECIPIENT),
        "keys-example/age.txt and the harness differ"
    );
}
