//! One store in, another out: types travel through the tree. And a layout that is asked for.

use sops::Store::{Binary, Dotenv, Ini, Json, Yaml};
use sops::{Header, Layout, MacCheck, Previous, Store, decrypt, encrypt};

use crate::support::{Counter, header, key, later, now, read, seal, text};

/// Encrypts `plain` of one store into another, decrypts it there into a third.
fn through(from: Store, plain: &str, over: Store, to: Store) -> String {
    let document = from.read_plain(plain.as_bytes()).unwrap();
    let sealed = encrypt(document, &key(), header(), None, now(), &mut Counter(1)).unwrap();
    let bytes = over.write_encrypted(&sealed.file, &Layout::default()).unwrap();
    let file = over
        .read_encrypted(&bytes)
        .unwrap_or_else(|error| panic!("{error}"));
    let (document, _) = decrypt(&file, &key(), MacCheck::Verify).unwrap();
    String::from_utf8(to.write_plain(&document, &Layout::default()).unwrap().to_vec()).unwrap()
}

#[test]
fn values_and_types_survive_a_change_of_store() {
    let cases = [
        (
            Yaml,
            "a: 1.5\nb:\n- true\n- x\nc: |\n  l\n  m\n",
            Json,
            Yaml,
            "a: 1.5\nb:\n    - true\n    - x\nc: |\n    l\n    m\n",
        ),
        (
            Yaml,
            "a: 5\nb: true\n",
            Dotenv,
            Json,
            "{\n\t\"a\": 5,\n\t\"b\": true\n}\n",
        ),
        (
            Json,
            "{\"a\": [1, {\"b\": \"yes\"}]}",
            Yaml,
            Yaml,
            "a:\n    - 1\n    - b: \"yes\"\n",
        ),
        (Dotenv, "A=5\nB=x y\n", Yaml, Dotenv, "A=5\nB=x y\n"),
        (Ini, "[s]\na = 5\n", Json, Yaml, "DEFAULT: {}\ns:\n    a: \"5\"\n"),
        (Binary, "any\nbytes", Yaml, Binary, "any\nbytes"),
        (Binary, "", Binary, Binary, ""),
    ];
    for (from, plain, over, to, want) in cases {
        let have = through(from, plain, over, to);
        assert_eq!(have, want, "{from:?} over {over:?} to {to:?}");
    }
}

#[test]
fn a_layout_that_is_asked_for_is_used() {
    let sealed = text(&seal(Yaml, "a:\n  b: [x]\n").file);
    let (document, _) = decrypt(&read(Yaml, &sealed), &key(), MacCheck::Verify).unwrap();
    let layout = Layout {
        indent: Some(3),
        relayout: true,
    };
    let plain = Yaml.write_plain(&document, &layout).unwrap();
    assert_eq!(std::str::from_utf8(&plain).unwrap(), "a:\n   b:\n      - x\n");
    let kept = Layout {
        indent: Some(3),
        relayout: false,
    };
    let plain = Yaml.write_plain(&document, &kept).unwrap();
    assert_eq!(std::str::from_utf8(&plain).unwrap(), "a:\n  b: [\"x\"]\n");
}

#[test]
fn a_binary_file_that_did_not_change_is_not_written_anew() {
    let sealed = text(&seal(Binary, "some bytes").file);
    let file = read(Binary, &sealed);
    let previous = Previous::open(&file, &key()).unwrap();
    for (plain, changed) in [("some bytes", false), ("other bytes", true)] {
        let document = Binary.read_plain(plain.as_bytes()).unwrap();
        let header = Header::of(file.metadata());
        let again = encrypt(
            document,
            &key(),
            header,
            Some(&previous),
            later(),
            &mut Counter(5),
        )
        .unwrap();
        assert_eq!(again.changed, changed, "{plain}");
        assert_eq!(text(&again.file) == sealed, !changed, "{plain}");
        let (document, _) = decrypt(&read(Binary, &text(&again.file)), &key(), MacCheck::Verify).unwrap();
        assert_eq!(
            &*Binary.write_plain(&document, &Layout::default()).unwrap(),
            plain.as_bytes()
        );
    }
}

#[test]
fn types_by_name() {
    let cases = [
        ("a.yaml", Yaml),
        ("a.yml", Yaml),
        ("b/c.json", Json),
        (".env", Dotenv),
        ("x.env", Dotenv),
        ("a.ini", Ini),
        ("yaml", Binary),
        ("a.yaml.bak", Binary),
        ("a.YAML", Binary),
    ];
    for (name, want) in cases {
        assert_eq!(Store::for_path(std::path::Path::new(name)), want, "{name}");
    }
    assert_eq!(Store::from_word("dotenv"), Some(Dotenv));
    assert_eq!(Store::from_word("env"), None);
}
