//! JSON: the style of the file stays, the block comes and goes without a trace, edits are local, bad input is refused.

use proptest::prelude::*;
use sops::tree::NewValue;
use sops::{Layout, ReadError, Store, TreePath, Value};

use crate::support::{again, changed_lines, open, seal, text};
use gitseal_tests::drawn;

fn sealed(plain: &str) -> String {
    text(&seal(Store::Json, plain).file)
}

#[test]
fn decrypting_gives_the_original_bytes() {
    let cases = [
        (
            "two spaces",
            "{\n  \"a\": \"x\",\n  \"b\": {\n    \"c\": [1, 2.50, true, null, \"\"]\n  }\n}\n",
        ),
        ("tabs", "{\n\t\"a\": \"x\"\n}\n"),
        ("one line", "{\"a\":\"x\",\"b\":1}"),
        ("one line with blanks", "{ \"a\" : \"x\" , \"b\" : [ 1 , 2 ] }\n"),
        ("empty", "{}"),
        ("empty with line break", "{\n}\n"),
        ("carriage returns", "{\r\n  \"a\": 1\r\n}\r\n"),
        ("no final line feed", "{\n  \"a\": 1\n}"),
        ("no indentation", "{\n\"a\": 1\n}\n"),
        ("duplicate keys", "{\"a\": 1, \"a\": 2}"),
        (
            "numbers as written",
            "{\"a\": 1.10, \"b\": 1e3, \"c\": -0, \"d\": 123456789012345678901234567890, \"e\": 0.0, \"f\": 100000000000000000000000000000, \"g\": 0.0000001}",
        ),
        ("characters that sops escapes", "{\"a\": \"<&>\u{2028}é😀\"}"),
        (
            "clear values keep their spelling",
            "{\"a_unencrypted\": \"\\u00e9\\/\", \"b\": \"x\"}",
        ),
        ("empty collections", "{\"a\": {}, \"b\": [], \"c\": [[], {}]}"),
        ("final blanks", "{\"a\": 1 }\n\n"),
    ];
    for (name, plain) in cases {
        let sealed = sealed(plain);
        assert_eq!(open(Store::Json, &sealed), plain, "case: {name}\n{sealed}");
        let value: serde_json::Value = serde_json::from_str(&sealed).unwrap();
        assert!(value["sops"]["mac"].is_string(), "case: {name}");
    }
}

#[test]
fn the_block_has_the_indentation_of_the_file() {
    let sealed = sealed("{\n  \"a_unencrypted\": 1\n}\n");
    let lines: Vec<&str> = sealed.lines().collect();
    assert_eq!(
        lines[..5],
        [
            "{",
            "  \"a_unencrypted\": 1,",
            "  \"sops\": {",
            "    \"age\": [",
            "      {"
        ]
    );
    assert_eq!(lines[lines.len() - 2..], ["  }", "}"]);
}

#[test]
fn only_what_changed_changes() {
    let plain = "{\n  \"a\": \"x\",\n  \"b\": [1, 2],\n  \"c\": {\"d\": true}\n}\n";
    let old = sealed(plain);
    let (unchanged, same) = again(Store::Json, &old, plain);
    assert!(!unchanged.changed);
    assert_eq!(same, old);
    let (_, new) = again(Store::Json, &old, &plain.replace('x', "y"));
    let changed = changed_lines(&old, &new);
    assert_eq!(changed.len(), 3, "{changed:?}");
    assert!(changed[0].starts_with("\"a\": \"ENC["), "{changed:?}");
    assert!(changed[1].starts_with("\"lastmodified\""), "{changed:?}");
    assert!(changed[2].starts_with("\"mac\""), "{changed:?}");
}

#[test]
fn the_layout_of_sops_for_a_tree_from_elsewhere() {
    let document = Store::Yaml
        .read_plain(b"a: 1.0\nb: {c: <x>}\nd: []\n# gone\ne: [~, 2020-01-02]\nf: {}\n")
        .unwrap();
    let indented = |indent| {
        let layout = Layout {
            indent,
            relayout: true,
        };
        String::from_utf8(Store::Json.write_plain(&document, &layout).unwrap().to_vec()).unwrap()
    };
    let want = "{\n\t\"a\": 1,\n\t\"b\": {\n\t\t\"c\": \"\\u003cx\\u003e\"\n\t},\n\t\"d\": [],\n\t\"e\": [\n\t\tnull,\n\t\t\"2020-01-02T00:00:00Z\"\n\t],\n\t\"f\": {}\n}\n";
    assert_eq!(indented(None), want);
    assert_eq!(indented(Some(-1)), want);
    assert_eq!(indented(Some(2)), want.replace('\t', "  "));
    assert_eq!(indented(Some(0)), want.replace('\t', ""));
    assert!(
        Store::Json
            .write_plain(
                &document,
                &Layout {
                    indent: Some(-2),
                    relayout: true
                }
            )
            .is_err()
    );
    let infinite = Store::Yaml.read_plain(b"a: [{b: .inf}]\n").unwrap();
    let error = Store::Json
        .write_plain(&infinite, &Layout::default())
        .err()
        .unwrap();
    assert_eq!(error.to_string(), "a[0].b: JSON has no infinity and no NaN");
    let two = Store::Yaml.read_plain(b"a: 1\n---\nb: 2\n").unwrap();
    assert!(Store::Json.write_plain(&two, &Layout::default()).is_err());
}

#[test]
fn bad_input_is_refused_with_its_place() {
    let cases = [
        ("nothing", "", "1:1"),
        ("not an object", "[]", "1:1"),
        ("truncated", "{\"a\": ", "1:7"),
        ("truncated list", "{\"a\": [1,", "1:10"),
        ("truncated text", "{\"a\": \"x", "1:9"),
        ("text behind", "{} x", "1:4"),
        ("two objects", "{}\n{}", "2:1"),
        ("trailing comma", "{\"a\": 1,}", "1:9"),
        ("single quotes", "{'a': 1}", "1:2"),
        ("comment", "{\n  // c\n}", "2:3"),
        ("leading zero", "{\"a\": 01}", "1:7"),
        ("bare word", "{\"é\": nul}", "1:7"),
        ("out of range", "{\"a\": 1e400}", "1:7"),
        ("control character", "{\"a\": \"\u{1}\"}", "1:8"),
        ("bad escape", "{\"a\": \"\\x\"}", "1:8"),
        ("bad unicode escape", "{\"a\": \"\\u12G4\"}", "1:8"),
        ("byte order mark", "\u{feff}{}", "1:1"),
        ("no comma", "{\"a\": 1 \"b\": 2}", "1:9"),
        ("wrong bracket", "{\"a\": [1}}", "1:9"),
    ];
    for (name, text, place) in cases {
        match Store::Json.read_plain(text.as_bytes()).err() {
            Some(ReadError::Syntax { line, column, .. }) => {
                assert_eq!(format!("{line}:{column}"), place, "case: {name}");
            }
            other => panic!("case: {name}: {other:?}"),
        }
    }
    assert!(matches!(
        Store::Json.read_plain(b"\xff\xfe{\0}\0"),
        Err(ReadError::NotText { .. })
    ));
}

#[test]
fn bombs_are_refused() {
    let nested = |open: &str, depth: usize| format!("{{\"a\": {}", open.repeat(depth));
    assert!(Store::Json.read_plain(nested("[", 100_000).as_bytes()).is_err());
    assert!(
        Store::Json
            .read_plain(nested("{\"a\":", 100_000).as_bytes())
            .is_err()
    );
    let deep = |depth: usize| format!("{{\"a\": {}{}}}", "[".repeat(depth), "]".repeat(depth));
    assert!(Store::Json.read_plain(deep(199).as_bytes()).is_ok());
    assert!(Store::Json.read_plain(deep(200).as_bytes()).is_err());
    let wide = format!("{{\"a\": [{}0]}}", "0,".repeat(1_000_000));
    assert!(Store::Json.read_plain(wide.as_bytes()).is_err());
    let key = format!("{{\"{}\": 1}}", "k".repeat(4097));
    assert!(Store::Json.read_plain(key.as_bytes()).is_err());
}

#[test]
fn a_block_must_be_one_mapping() {
    for text in [
        "{\"sops\": 1}",
        "{\"sops\": {}, \"sops\": {}}",
        "{\"sops\": []}",
        "{\"sops\": {}}",
    ] {
        assert!(Store::Json.read_encrypted(text.as_bytes()).is_err(), "{text}");
    }
    assert!(matches!(
        Store::Json.read_encrypted(b"{}"),
        Err(ReadError::MetadataNotFound { .. })
    ));
}

#[test]
fn a_block_that_is_not_last_is_taken_out_as_well() {
    let sealed = sealed("{\"a\": \"x\", \"b_unencrypted\": 1}");
    let value: serde_json::Value = serde_json::from_str(&sealed).unwrap();
    let (a, block) = (&value["a"], &value["sops"]);
    let first = format!("{{\"sops\": {block}, \"a\": {a}, \"b_unencrypted\": 1}}");
    assert_eq!(open(Store::Json, &first), "{\"a\": \"x\", \"b_unencrypted\": 1}");
    let middle = format!("{{\"a\": {a}, \"sops\": {block}, \"b_unencrypted\": 1}}");
    assert_eq!(open(Store::Json, &middle), "{\"a\": \"x\", \"b_unencrypted\": 1}");
}

fn edited(plain: &str, path: &str, value: NewValue) -> Result<String, String> {
    let mut document = Store::Json.read_plain(plain.as_bytes()).unwrap();
    let path = TreePath::parse(path).unwrap();
    document.set(&path, value).map_err(|error| error.to_string())?;
    let text = Store::Json.write_plain(&document, &Layout::default()).unwrap();
    Ok(String::from_utf8(text.to_vec()).unwrap())
}

#[test]
fn set_keeps_the_style() {
    let scalar = |text: &str| NewValue::Scalar(Value::str(text));
    let object = || NewValue::Object(vec![("k".into(), NewValue::Scalar(Value::Int(1)))]);
    let lines = "{\n  \"a\": \"x\",\n  \"b\": {\n    \"c\": [1, 2]\n  }\n}\n";
    let cases = [
        (lines, "[\"a\"]", scalar("y"), lines.replace("\"x\"", "\"y\"")),
        (
            lines,
            "[\"n\"]",
            scalar("y"),
            lines.replace("\n  }\n}", "\n  },\n  \"n\": \"y\"\n}"),
        ),
        (
            lines,
            "[\"b\"][\"n\"]",
            scalar("y"),
            lines.replace("2]\n", "2],\n    \"n\": \"y\"\n"),
        ),
        (
            lines,
            "[\"b\"][\"c\"][1]",
            scalar("y"),
            lines.replace("1, 2", "1, \"y\""),
        ),
        (
            lines,
            "[\"b\"][\"c\"][9]",
            scalar("y"),
            lines.replace("1, 2", "1, 2, \"y\""),
        ),
        (
            lines,
            "[\"a\"]",
            object(),
            lines.replace("\"x\"", "{\n    \"k\": 1\n  }"),
        ),
        (
            lines,
            "[\"a\"][\"k\"]",
            NewValue::Scalar(Value::Int(1)),
            lines.replace("\"x\"", "{\n    \"k\": 1\n  }"),
        ),
        (
            "{\"a\":1}",
            "[\"b\"]",
            scalar("y"),
            "{\"a\":1, \"b\": \"y\"}".into(),
        ),
        (
            "{\"a\":1, \"c\":2}",
            "[\"b\"]",
            scalar("y"),
            "{\"a\":1, \"c\":2, \"b\": \"y\"}".into(),
        ),
        ("{}", "[\"b\"]", scalar("y"), "{\"b\": \"y\"}".into()),
        (
            "{\"\\u0061\": 1}",
            "[\"a\"]",
            scalar("y"),
            "{\"\\u0061\": \"y\"}".into(),
        ),
    ];
    for (plain, path, value, want) in cases {
        assert_eq!(
            edited(plain, path, value).as_deref(),
            Ok(want.as_str()),
            "{path} in {plain}"
        );
    }
    assert!(edited(lines, "[\"b\"][\"c\"][\"k\"]", scalar("y")).is_err());
    assert!(edited(lines, "[\"sops\"]", scalar("y")).is_err());
}

#[test]
fn unset_takes_one_comma() {
    let cases = [
        (
            "{\"a\": 1, \"b\": 2, \"c\": 3}",
            "[\"a\"]",
            "{\"b\": 2, \"c\": 3}",
        ),
        (
            "{\"a\": 1, \"b\": 2, \"c\": 3}",
            "[\"b\"]",
            "{\"a\": 1, \"c\": 3}",
        ),
        (
            "{\"a\": 1, \"b\": 2, \"c\": 3}",
            "[\"c\"]",
            "{\"a\": 1, \"b\": 2}",
        ),
        ("{\n  \"a\": 1\n}\n", "[\"a\"]", "{}\n"),
        ("{\"a\": [1, 2]}", "[\"a\"][1]", "{\"a\": [1]}"),
        ("{\"a\": [1, 2]}", "[\"a\"][0]", "{\"a\": [2]}"),
    ];
    for (plain, path, want) in cases {
        let mut document = Store::Json.read_plain(plain.as_bytes()).unwrap();
        assert!(document.unset(&TreePath::parse(path).unwrap()).unwrap(), "{path}");
        let text = Store::Json.write_plain(&document, &Layout::default()).unwrap();
        assert_eq!(std::str::from_utf8(&text).unwrap(), want, "{path} in {plain}");
    }
}

/// Objects as text, with blanks in odd places.
fn object() -> impl Strategy<Value = String> {
    let blank = prop_oneof![Just(""), Just(" "), Just("\n  "), Just("\r\n\t")];
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|b| b.to_string()),
        any::<i64>().prop_map(|i| i.to_string()),
        "-?[1-9][0-9]{0,3}\\.[0-9]{1,4}(e-?[0-9])?",
        any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
    ];
    let value = leaf.prop_recursive(3, 20, 4, move |inner| {
        let items = prop::collection::vec((blank.clone(), inner), 0..4);
        prop_oneof![
            items.clone().prop_map(|items| {
                let items: Vec<String> = items
                    .into_iter()
                    .map(|(blank, item)| format!("{blank}{item}{blank}"))
                    .collect();
                format!("[{}]", items.join(","))
            }),
            items.prop_map(|items| {
                let pair =
                    |(at, (blank, item)): (usize, (&str, String))| format!("{blank}\"k{at}\"{blank}:{item}");
                let items: Vec<String> = items.into_iter().enumerate().map(pair).collect();
                format!("{{{}}}", items.join(","))
            }),
        ]
    });
    (
        "[ \n\t]{0,2}",
        prop::collection::vec(("[a-z]{1,3}(_unencrypted)?", value), 0..5),
    )
        .prop_map(|(blanks, pairs)| {
            let pairs: Vec<String> = pairs
                .into_iter()
                .map(|(key, value)| format!("{blanks}\"{key}\": {value}"))
                .collect();
            format!("{{{}{blanks}}}{blanks}", pairs.join(","))
        })
}

proptest! {
    #![proptest_config(drawn::cases(256))]

    #[test]
    fn any_object_comes_back_byte_for_byte(plain in object()) {
        // Texts come back with as few escapes as possible: generated ones have no others.
        let sealed = sealed(&plain);
        prop_assert_eq!(open(Store::Json, &sealed), plain);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(b"{}[]\",:\\u0123e-. \n".to_vec())], 0..60)) {
        let _ = Store::Json.read_plain(&bytes);
        let _ = Store::Json.read_encrypted(&bytes);
    }
}
