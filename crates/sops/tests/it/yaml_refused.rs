//! What is refused, with place and without content; what is warned about.

use sops::Store::Yaml;
use sops::{EncryptError, MacCheck, ReadError, Selector, WarningKind, decrypt, encrypt};

use crate::support::{Counter, header, header_with, key, now, open, other_key, read, seal, seal_with, text};

#[test]
fn texts_that_are_no_files() {
    let cases: &[(&str, &[u8], &str)] = &[
        ("UTF-16", b"\xff\xfea\0:\0", "UTF-16"),
        ("UTF-16 without a mark", b"a\0:\0 \0b\0", "UTF-16"),
        ("Latin-1", b"a: \xe9\n", "UTF-8"),
        ("list at the top", b"- a\n", "line 1"),
        ("scalar at the top", b"canary\n", "line 1"),
        ("comments only", b"# a\n", "comments"),
        (
            "same key",
            b"a: 1\nb: 2\na: 3\n",
            "line 3, column 1: the same key as in line 1",
        ),
        ("same key inside", b"x:\n  a: 1\n  'a': 2\n", "line 3, column 3"),
        ("merge of a scalar", b"<<: canary\n", "line 1"),
        ("mapping as a key", b"? {a: b}\n: c\n", "line 1"),
        ("tag that does not fit", b"a: !!int canary\n", "line 1"),
        ("unclosed", b"a: \"canary\n", "line"),
    ];
    for (name, bytes, want) in cases {
        let error = Yaml
            .read_plain(bytes)
            .err()
            .unwrap_or_else(|| panic!("case: {name}"))
            .to_string();
        assert!(error.contains(want), "case: {name}: {error}");
        assert!(!error.contains("canary"), "case: {name}: {error}");
    }
}

#[test]
fn trees_that_are_not_encrypted() {
    let cases = [
        ("number as a key", "a:\n  1: x\n", "line 2"),
        ("null as a key", "~: x\n", "line 1"),
        ("large integer", "a: 18446744073709551615\n", "line 1: a: "),
        ("block", "a: b\nsops: c\n", "already"),
        ("block in a later document", "a: b\n---\nsops: {}\n", "document 2"),
        ("nothing", "", "one document"),
    ];
    for (name, text, want) in cases {
        let document = Yaml.read_plain(text.as_bytes()).unwrap();
        let error = encrypt(document, &key(), header(), None, now(), &mut Counter(1))
            .err()
            .unwrap()
            .to_string();
        assert!(error.contains(want), "case: {name}: {error}");
    }
}

#[test]
fn a_block_in_a_later_document_only_is_told() {
    let sealed = text(&seal(Yaml, "a: b\n").file);
    match Yaml.read_encrypted(format!("x: y\n---\n{sealed}").as_bytes()) {
        Err(ReadError::MetadataNotFound {
            block_in_document: Some(2),
        }) => {}
        other => panic!("{:?}", other.map(|_| ()).map_err(|error| error.to_string())),
    }
    match Yaml.read_encrypted(b"x: y\n") {
        Err(ReadError::MetadataNotFound {
            block_in_document: None,
        }) => {}
        other => panic!("{:?}", other.map(|_| ()).map_err(|error| error.to_string())),
    }
}

#[test]
fn files_that_were_tampered_with_do_not_open() {
    let sealed = text(&seal(Yaml, "a: one\nb: two\nc_unencrypted: three\nl:\n- x\n- y\n").file);
    let lines: Vec<&str> = sealed.lines().collect();
    let token = |line: usize| lines[line].rsplit_once(' ').unwrap().1;
    let swap = |one: usize, two: usize| {
        sealed
            .replace(token(one), "\u{0}")
            .replace(token(two), token(one))
            .replace('\u{0}', token(two))
    };
    let mac = sealed.lines().find(|line| line.contains("mac: ")).unwrap();
    let cases = [
        ("values swapped between keys", swap(0, 1), "line 1: a"),
        ("items of a list swapped", swap(4, 5), "MAC mismatch"),
        (
            "clear value changed",
            sealed.replace("three", "four"),
            "MAC mismatch",
        ),
        ("plain text", sealed.replace(token(0), "canary"), "line 1: a"),
        ("number", sealed.replace(token(0), "5"), "line 1: a"),
        (
            "value removed",
            sealed.replace(&format!("{}\n", lines[0]), ""),
            "MAC mismatch",
        ),
        (
            "type changed",
            sealed.replace(token(0), &token(0).replace("type:str", "type:int")),
            "line 1: a",
        ),
        (
            "unknown type",
            sealed.replace(token(0), &token(0).replace("type:str", "type:set")),
            "line 1: a",
        ),
        (
            "date changed",
            sealed.replace("2026-01-02", "2026-01-03"),
            "cannot decrypt MAC",
        ),
        ("MAC empty", sealed.replace(mac, "    mac: ''"), "no MAC"),
        ("MAC missing", sealed.replace(&format!("{mac}\n"), ""), "no MAC"),
    ];
    for (name, text, want) in cases {
        assert_ne!(text, sealed, "case: {name}");
        let file = read(Yaml, &text);
        let error = decrypt(&file, &key(), MacCheck::Verify)
            .err()
            .unwrap_or_else(|| panic!("case: {name}"))
            .to_string();
        assert!(error.contains(want), "case: {name}: {error}");
        assert!(
            !error.contains("canary") && !error.contains("one"),
            "case: {name}: {error}"
        );
    }
    assert!(
        decrypt(&read(Yaml, &sealed), &other_key(), MacCheck::Ignore).is_err(),
        "another key"
    );
    let ignored = decrypt(
        &read(Yaml, &sealed.replace("three", "four")),
        &key(),
        MacCheck::Ignore,
    );
    assert!(ignored.is_ok(), "--ignore-mac");
}

#[test]
fn what_is_warned_about() {
    let cases = [
        (
            "octal",
            "a: 1\nb: 0777\n",
            vec![(2, "b", WarningKind::RespelledScalar)],
        ),
        (
            "hex, in a list",
            "a:\n- 0x1F\n",
            vec![(2, "a[0]", WarningKind::RespelledScalar)],
        ),
        (
            "date",
            "a: 2001-01-01\n",
            vec![(1, "a", WarningKind::RespelledScalar)],
        ),
        ("clear", "a_unencrypted: 0777\n", vec![]),
        ("quoted", "a: '0777'\n", vec![]),
        ("kept", "a: 1.10\nb: 007\n", vec![]),
        (
            "tag",
            "a: !word\nb: !pass word\n",
            vec![(2, "b", WarningKind::TagLikeText)],
        ),
        (
            "alias",
            "a: &x {k: v}\nb: *x\n",
            vec![(2, "b.k", WarningKind::AliasReplaced)],
        ),
    ];
    for (name, plain, want) in cases {
        let warnings = seal(Yaml, plain).warnings;
        let warnings: Vec<_> = warnings
            .iter()
            .map(|w| (w.line, w.path.as_str(), w.kind))
            .collect();
        assert_eq!(warnings, want, "case: {name}");
    }
}

#[test]
fn aliases_become_copies_only_where_they_must() {
    let cases = [
        ("other path", "a: &x\n  k: v\nb: *x\n", 2, 0),
        ("same list", "l:\n- &x v\n- *x\n", 1, 1),
        ("clear", "a_unencrypted: &x v\nb_unencrypted: *x\nc: d\n", 1, 1),
        (
            "clear here, encrypted there",
            "a_unencrypted: &x v\nb: *x\n",
            1,
            0,
        ),
        (
            "encrypted here, clear there",
            "a: &x v\nb_unencrypted: *x\n",
            1,
            0,
        ),
        ("in flow", "a: &x {k: v}\nb: [*x]\n", 2, 0),
        ("merge key", "a: &x {k: v}\nb:\n  <<: *x\n  c: d\n", 3, 0),
    ];
    for (name, plain, values, aliases) in cases {
        let sealed = text(&seal(Yaml, plain).file);
        let (data, _) = sealed.split_once("sops:").unwrap();
        assert_eq!(data.matches("ENC[").count(), values, "case: {name}\n{data}");
        assert_eq!(data.matches("*x").count(), aliases, "case: {name}\n{data}");
        open(Yaml, &sealed);
    }
}

#[test]
fn comments_mark_what_they_cover() {
    let rule = || header_with(Selector::EncryptedCommentRegex("sops:enc".into()));
    let plain = "a: b\n# sops:enc\n# secret\nc: d\ne: f\nl:\n  # sops:enc\n  - x\n  - y\n";
    let sealed = text(&seal_with(Yaml, plain, rule()).file);
    let encrypted: Vec<&str> = sealed
        .lines()
        .take(9)
        .filter(|line| line.contains("ENC["))
        .collect();
    assert_eq!(encrypted.len(), 3, "{sealed}");
    assert_eq!(open(Yaml, &sealed), plain);
    let matching = header_with(Selector::UnencryptedCommentRegex("type:comment".into()));
    let document = Yaml.read_plain(b"# note\na: b\n").unwrap();
    let refused = encrypt(document, &key(), matching, None, now(), &mut Counter(1));
    assert!(matches!(refused, Err(EncryptError::Unsupported { line: 1, .. })));
}

#[test]
fn a_comment_below_a_block_scalar_opens_and_stays_encrypted() {
    // The scalar is one line when it is encrypted: then the comment reads as one of `d`, which nothing selects.
    let rule = || header_with(Selector::EncryptedCommentRegex("secret".into()));
    let plain = "r:\n  d:\n    # secret\n    k:\n      a: |+\n        x\n\n    # tail\n\n  e: f\n";
    let sealed = text(&seal_with(Yaml, plain, rule()).file);
    assert!(!sealed.contains("tail"), "{sealed}");
    assert_eq!(open(Yaml, &sealed), plain);
    let (document, _) = decrypt(&read(Yaml, &sealed), &key(), MacCheck::Verify).unwrap();
    let again = encrypt(document, &key(), rule(), None, now(), &mut Counter(9)).unwrap();
    let again = text(&again.file);
    assert!(!again.contains("tail"), "{again}");
    assert_eq!(open(Yaml, &again), plain);
}

#[test]
fn old_files_with_clear_comments_open_with_a_warning() {
    let sealed = text(&seal(Yaml, "a: b\n").file);
    let file = read(Yaml, &format!("# clear\n{sealed}"));
    let (_, warnings) = decrypt(&file, &key(), MacCheck::Verify).unwrap();
    assert_eq!(
        warnings.iter().map(|w| (w.line, w.kind)).collect::<Vec<_>>(),
        [(1, WarningKind::ClearComment)]
    );
}

#[test]
fn a_comment_that_stands_elsewhere_than_thought_opens_all_the_same() {
    let sealed = text(&seal(Yaml, "a:\n  # note\n  b: c\nd: e\n").file);
    let line = sealed.lines().nth(1).unwrap();
    let moved = sealed
        .replace(&format!("{line}\n"), "")
        .replace("\nd: ", &format!("\n{}\nd: ", line.trim()));
    assert_eq!(open(Yaml, &moved), "a:\n  b: c\n# note\nd: e\n");
}
