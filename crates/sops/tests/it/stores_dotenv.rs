//! dotenv: lines stay, the block comes and goes without a trace.

use proptest::prelude::*;
use sops::tree::NewValue;
use sops::{Layout, ReadError, Selector, Store, TreePath, Value};

use crate::support::{again, changed_lines, header_with, open, read, seal, seal_with, text};
use gitseal_tests::drawn;

fn sealed(plain: &str) -> String {
    text(&seal(Store::Dotenv, plain).file)
}

#[test]
fn decrypting_gives_the_original_bytes() {
    let cases = [
        ("plain", "A=1\nB=two words\n"),
        ("empty lines", "\nA=1\n\n\nB=2\n\n"),
        ("comments", "# one\n#two\nA=1\n#\n# three\n"),
        ("no final line feed", "A=1\nB=2"),
        ("no final line feed, comment", "A=1\n# end"),
        ("carriage returns", "A=1\r\nB=2\r\n"),
        ("quotes are text", "A=\"x\"\nB='y'\n"),
        ("spaces in keys and values", "export A =  x \n  # x=1\n"),
        ("line feeds", "A=l1\\nl2\\n\n"),
        ("equals in the value", "A=b=c\n"),
        ("empty value", "A=\nB=2\n"),
        ("not ASCII", "Ä=é😀\n"),
        ("same key twice", "A=1\nA=2\n"),
        ("clear", "A_unencrypted=1\nB=2\n"),
    ];
    for (name, plain) in cases {
        let sealed = sealed(plain);
        assert_eq!(open(Store::Dotenv, &sealed), plain, "case: {name}\n{sealed}");
        assert!(sealed.contains("\nsops_mac=ENC["), "case: {name}");
    }
}

#[test]
fn values_that_are_not_utf8_survive() {
    let document = Store::Dotenv.read_plain(b"A=\xff\xfe\n").unwrap();
    let file = sops::encrypt(
        document,
        &crate::support::key(),
        crate::support::header(),
        None,
        crate::support::now(),
        &mut crate::support::Counter(1),
    )
    .unwrap()
    .file;
    let written = Store::Dotenv.write_encrypted(&file, &Layout::default()).unwrap();
    let file = Store::Dotenv.read_encrypted(&written).unwrap();
    let (document, _) = sops::decrypt(&file, &crate::support::key(), sops::MacCheck::Verify).unwrap();
    assert_eq!(
        Store::Dotenv
            .write_plain(&document, &Layout::default())
            .unwrap()
            .as_slice(),
        b"A=\xff\xfe\n"
    );
}

#[test]
fn only_what_changed_changes() {
    let plain = "# c\nA=1\nB=2\n";
    let old = sealed(plain);
    assert_eq!(again(Store::Dotenv, &old, plain).1, old);
    let changed = changed_lines(&old, &again(Store::Dotenv, &old, "# c\nA=1\nB=3\n").1);
    assert_eq!(changed.len(), 3, "{changed:?}");
    assert!(changed[0].starts_with("B=ENC["));
    assert!(changed[1].starts_with("sops_lastmodified="));
    assert!(changed[2].starts_with("sops_mac="));
}

#[test]
fn comments_cover_the_next_line() {
    let header = header_with(Selector::EncryptedCommentRegex("sops:enc".into()));
    let sealed = text(&seal_with(Store::Dotenv, "A=1\n# sops:enc\nB=2\nC=3\n", header).file);
    let lines: Vec<&str> = sealed.lines().take(4).collect();
    assert_eq!((lines[0], lines[1], lines[3]), ("A=1", "# sops:enc", "C=3"));
    assert!(lines[2].starts_with("B=ENC["));
}

#[test]
fn a_block_is_found_wherever_its_lines_stand() {
    let sealed = sealed("A=1\nB=2\n");
    let (block, data): (Vec<&str>, Vec<&str>) = sealed.lines().partition(|line| line.starts_with("sops_"));
    let mixed = format!(
        "{}\n{}\n{}\n{}\n",
        block[..2].join("\n"),
        data[0],
        block[2..].join("\n"),
        data[1]
    );
    assert_eq!(open(Store::Dotenv, &mixed), "A=1\nB=2\n");
    assert_eq!(
        read(Store::Dotenv, &mixed).metadata(),
        read(Store::Dotenv, &sealed).metadata()
    );
}

#[test]
fn the_layout_of_sops_for_a_tree_from_elsewhere() {
    let document = Store::Yaml
        .read_plain(b"# c\na: 1.0\nb: true\nc: ~\nd: \"l1\\nl2\"\ne: 2020-01-02T03:04:05.5Z\nf: 1e6\n")
        .unwrap();
    let written = Store::Dotenv.write_plain(&document, &Layout::default()).unwrap();
    let want = "# c\na=1.0\nb=true\nc=<nil>\nd=l1\\nl2\ne=2020-01-02T03:04:05Z\nf=1E+06\n";
    assert_eq!(std::str::from_utf8(&written).unwrap(), want);
    for (text, message) in [
        ("a: {b: 1}\n", "a: cannot use complex value in dotenv file"),
        (
            "a=b: 1\n",
            "a=b: a dotenv key cannot hold = or a line break, nor begin with #",
        ),
        (
            "'#a': 1\n",
            "#a: a dotenv key cannot hold = or a line break, nor begin with #",
        ),
        ("a: 1\n---\nb: 2\n", "a dotenv file holds one document only"),
    ] {
        let document = Store::Yaml.read_plain(text.as_bytes()).unwrap();
        let error = Store::Dotenv
            .write_plain(&document, &Layout::default())
            .err()
            .unwrap();
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn bad_lines_are_refused_with_their_place_and_without_content() {
    for (text, place) in [("A=1\nsecret\n", 2), ("   \n", 1), ("A=1\r\n\r\n", 2)] {
        match Store::Dotenv.read_plain(text.as_bytes()).err() {
            Some(error @ ReadError::Syntax { line, .. }) => {
                assert_eq!(line, place, "{text}");
                assert!(!error.to_string().contains("secret"));
            }
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn edits_touch_one_line() {
    let text_value = |text: &str| NewValue::Scalar(Value::str(text));
    let cases = [
        ("A=1\nB=2\n", "[\"A\"]", text_value("x\ny"), "A=x\\ny\nB=2\n"),
        ("A=1\n", "[\"N\"]", text_value("x"), "A=1\nN=x\n"),
        ("A=1", "[\"N\"]", text_value("x"), "A=1\nN=x"),
        ("", "[\"N\"]", NewValue::Scalar(Value::Float(5.0)), "N=5.0\n"),
    ];
    for (plain, path, value, want) in cases {
        let mut document = Store::Dotenv.read_plain(plain.as_bytes()).unwrap();
        document.set(&TreePath::parse(path).unwrap(), value).unwrap();
        let written = Store::Dotenv.write_plain(&document, &Layout::default()).unwrap();
        assert_eq!(std::str::from_utf8(&written).unwrap(), want, "{path} in {plain}");
    }
    for (plain, path, want) in [("A=1\nB=2\n", "[\"A\"]", "B=2\n"), ("A=1\nB=2", "[\"B\"]", "A=1")] {
        let mut document = Store::Dotenv.read_plain(plain.as_bytes()).unwrap();
        assert!(document.unset(&TreePath::parse(path).unwrap()).unwrap());
        let written = Store::Dotenv.write_plain(&document, &Layout::default()).unwrap();
        assert_eq!(std::str::from_utf8(&written).unwrap(), want, "{path} in {plain}");
    }
    let mut document = Store::Dotenv.read_plain(b"A=1\n").unwrap();
    for path in ["[\"sops_x\"]", "[\"A\"][\"b\"]", "[0]", "[\"a=b\"]"] {
        assert!(
            document
                .set(&TreePath::parse(path).unwrap(), text_value("x"))
                .is_err(),
            "{path}"
        );
    }
}

proptest! {
    #![proptest_config(drawn::cases(256))]

    #[test]
    fn any_lines_come_back_byte_for_byte(
        lines in prop::collection::vec("#[^\n]{0,8}|[A-Z ]{1,4}=([^\n\\\\]|\\\\n){0,12}|", 1..8),
        end in prop::bool::ANY,
    ) {
        let plain = format!("{}{}", lines.join("\n"), if end { "\n" } else { "" });
        prop_assume!(!plain.is_empty());
        let sealed = sealed(&plain);
        prop_assert_eq!(open(Store::Dotenv, &sealed), plain);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(b"#=\nsops_A".to_vec())], 0..60)) {
        let _ = Store::Dotenv.read_plain(&bytes);
        let _ = Store::Dotenv.read_encrypted(&bytes);
    }
}
