//! Text as the peers write it. The expected texts were made by their libraries (sigs.k8s.io/yaml 1.6.0, Go 1.26).

use manifest::write;
use serde_json::{Value, json};

fn yaml(value: &Value) -> String {
    write::yaml(value).strip_prefix("---\n").unwrap().to_owned()
}

#[test]
fn strings_are_quoted_only_where_another_reading_is_possible() {
    let cases = [
        ("", "\"\""),
        ("word", "word"),
        ("a b", "a b"),
        ("y", "\"y\""),
        ("No", "\"No\""),
        ("yEs", "yEs"),
        ("~", "\"~\""),
        ("null", "\"null\""),
        ("0755", "\"0755\""),
        ("08", "\"08\""),
        ("1_000", "\"1_000\""),
        ("0b-1", "\"0b-1\""),
        ("1e3", "\"1e3\""),
        (".5", "\".5\""),
        (".inf", "\".inf\""),
        ("1:30", "\"1:30\""),
        ("12:30:45", "\"12:30:45\""),
        ("190:20:30.15", "\"190:20:30.15\""),
        ("12:60", "12:60"),
        ("1:2:", "'1:2:'"),
        ("2024-01-01", "\"2024-01-01\""),
        ("2024-13-01", "2024-13-01"),
        ("1.2.3", "1.2.3"),
        ("=", "="),
        ("- x", "'- x'"),
        ("-x", "-x"),
        ("-", "'-'"),
        ("---", "'---'"),
        ("...", "'...'"),
        ("?x", "?x"),
        ("? x", "'? x'"),
        (":x", ":x"),
        ("a: b", "'a: b'"),
        ("a:b", "a:b"),
        ("a:", "'a:'"),
        ("a #b", "'a #b'"),
        ("a#b", "a#b"),
        ("#x", "'#x'"),
        ("*x", "'*x'"),
        ("@x", "'@x'"),
        ("%x", "'%x'"),
        ("{a}", "'{a}'"),
        ("a,b]", "a,b]"),
        (" x", "' x'"),
        ("x ", "'x '"),
        ("it's", "it's"),
        ("'x'", "'''x'''"),
        ("<a&b>", "<a&b>"),
        ("a\\b", "a\\b"),
        ("a\tb", "\"a\\tb\""),
        ("\u{7}", "\"\\a\""),
        ("\u{7f}", "\"\\x7F\""),
        ("é☃", "é☃"),
        ("😀", "\"\\U0001F600\""),
        ("a\rb", "\"a\\rb\""),
        ("\u{85}", "\"\\N\""),
        ("\u{fffd}", "\u{fffd}"),
        ("a\u{2028}b", "'a\u{2028}    b'"),
        ("a\nb", "|-\n    a\n    b"),
        ("a\nb\n", "|\n    a\n    b"),
        ("a\n\n", "|+\n    a\n"),
        ("\n", "|2+\n"),
        ("  a\nb", "|2-\n      a\n    b"),
        ("\na", "|2-\n\n    a"),
        ("a \nb", "\"a \\nb\""),
        ("a\nb ", "\"a\\nb \""),
        ("a\n\u{1b}", "\"a\\n\\e\""),
    ];
    for (text, want) in cases {
        assert_eq!(
            yaml(&json!({ "k": { "v": text } })),
            format!("k:\n  v: {want}\n"),
            "case: {text:?}"
        );
    }
}

#[test]
fn blocks_are_laid_out_as_by_the_peer() {
    let long = "k".repeat(129);
    let cases = [
        (
            json!({"b": {"c": []}, "a": [1, {"y": 2, "x": {}}, [3, [4]]]}),
            "a:\n- 1\n- x: {}\n  \"y\": 2\n- - 3\n  - - 4\nb:\n  c: []\n".to_owned(),
        ),
        (
            json!([{"a": [1]}, null, true, "x"]),
            "- a:\n  - 1\n- null\n- true\n- x\n".to_owned(),
        ),
        (
            json!({"a10": 1, "a2": 2, "b": 3, "A": 4, "1": 5}),
            "\"1\": 5\nA: 4\na2: 2\na10: 1\nb: 3\n".to_owned(),
        ),
        (json!({ &long: "v" }), format!("? {long}\n: v\n")),
        (
            json!({ &long: [1, {"a": 1}], "b": {} }),
            format!("b: {{}}\n? {long}\n: - 1\n  - a: 1\n"),
        ),
        (json!({"a\nb": {"x": 1}}), "? |-\n  a\n  b\n: x: 1\n".to_owned()),
        (
            json!({"true": 1, "": 2, "a: b": 3}),
            "\"\": 2\n'a: b': 3\n\"true\": 1\n".to_owned(),
        ),
        (
            json!({"a": "x\n", "b": ["y\n\n", "z"]}),
            "a: |\n  x\nb:\n- |+\n  y\n\n- z\n".to_owned(),
        ),
        (json!("text"), "text\n".to_owned()),
        (json!({}), "{}\n".to_owned()),
        (json!({"<<": "<<"}), "\"<<\": \"<<\"\n".to_owned()),
    ];
    for (value, want) in cases {
        assert_eq!(yaml(&value), want);
    }
}

#[test]
fn long_text_is_folded_at_single_blanks_behind_column_80() {
    let words = "word ".repeat(20);
    let cases = [
        (
            words.trim_end().to_owned(),
            format!("a: {}\n  word word word word\n", "word ".repeat(16).trim_end()),
        ),
        (
            words.clone(),
            format!("a: '{}\n  word word word word '\n", "word ".repeat(16).trim_end()),
        ),
        (
            format!("{}b", "a  ".repeat(40)),
            format!("a: {}b\n", "a  ".repeat(40)),
        ),
        ("x".repeat(200), format!("a: {}\n", "x".repeat(200))),
        (
            format!("{}\t b  c", "y".repeat(80)),
            format!("a: \"{}\\t\n  b  c\"\n", "y".repeat(80)),
        ),
    ];
    for (text, want) in cases {
        assert_eq!(yaml(&json!({ "a": text })), want);
    }
    // A key is never folded.
    let key = "word ".repeat(20).trim_end().to_owned();
    assert_eq!(yaml(&json!({ &key: 1 })), format!("{key}: 1\n"));
}

#[test]
fn numbers_are_written_as_go_writes_them() {
    let cases = [
        (json!(0), "0", "0"),
        (json!(-7), "-7", "-7"),
        (
            json!(18446744073709551615_u64),
            "18446744073709551615",
            "18446744073709551615",
        ),
        (json!(1.0), "1", "1"),
        (json!(1.5), "1.5", "1.5"),
        (json!(123456789.5), "123456789.5", "1.234567895e+08"),
        (json!(100000.25), "100000.25", "100000.25"),
        (json!(1e20), "100000000000000000000", "1e+20"),
        (json!(1e21), "1e+21", "1e+21"),
        (json!(1e-6), "0.000001", "1e-06"),
        (json!(1e-7), "1e-7", "1e-07"),
        (json!(1.5e-300), "1.5e-300", "1.5e-300"),
        (json!(-0.0), "-0", "0"),
    ];
    for (value, in_json, in_yaml) in cases {
        assert_eq!(write::compact_json(&value).as_str(), in_json, "JSON of {value}");
        assert_eq!(yaml(&value), format!("{in_yaml}\n"), "YAML of {value}");
    }
}

#[test]
fn json_is_indented_and_escaped_as_by_go() {
    let value = json!({"b": [], "a": {"x": [1, {"y": null}], "e": {}}, "t": "<a&b>\u{2028}\u{2029}\u{7f}\"\\\n\u{8}\u{c}\u{1}é😀"});
    let want = "{\n  \"b\": [],\n  \"a\": {\n    \"x\": [\n      1,\n      {\n        \"y\": null\n      }\n    ],\n    \"e\": {}\n  },\n  \
                \"t\": \"\\u003ca\\u0026b\\u003e\\u2028\\u2029\u{7f}\\\"\\\\\\n\\b\\f\\u0001é😀\"\n}\n";
    assert_eq!(write::json(&value).as_str(), want);
    assert_eq!(
        write::compact_json(&json!({"a": [1, 2], "b": {"c": true}})).as_str(),
        r#"{"a":[1,2],"b":{"c":true}}"#
    );
}
