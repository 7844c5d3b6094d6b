//! Texts that are small and want to become large: refused before anything is built.

use std::fmt::Write as _;

use yaml::{Budget, Stream};

fn laughs(levels: usize) -> String {
    let mut text = String::from("a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n");
    for level in 1..levels {
        let alias = format!("*a{}", level - 1);
        let _ = writeln!(text, "a{level}: &a{level} [{}]", [alias.as_str(); 10].join(", "));
    }
    text
}

fn merges(levels: usize) -> String {
    let mut text = String::from("a0: &a0 {k: v, l: w}\n");
    for level in 1..levels {
        let before = level - 1;
        let _ = writeln!(
            text,
            "a{level}: &a{level}\n  <<: [*a{before}, *a{before}, *a{before}]\n  x{level}: *a{before}"
        );
    }
    text
}

#[test]
fn bombs_are_refused() {
    let long = "x".repeat(20_000);
    let cases = [
        ("billion laughs", laughs(9), "aliases expand to too much"),
        (
            "quadratic, bytes",
            format!("a: &a {long}\nb:\n{}", "- *a\n".repeat(20_000)),
            "aliases expand to too much",
        ),
        (
            "quadratic, nodes",
            format!("a: &a [{}]\nb:\n{}", "x,".repeat(900), "- *a\n".repeat(900)),
            "aliases expand to too much",
        ),
        ("merges", merges(20), "aliases expand to too much"),
        ("deep flow", "[".repeat(100_000), "nested too deeply"),
        ("deep flow mappings", "{a: ".repeat(100_000), "nested too deeply"),
        (
            "deep block",
            (0..2_000).map(|n| format!("{}a:\n", " ".repeat(n))).collect(),
            "nested too deeply",
        ),
        ("deep dashes", "- ".repeat(100_000), "nested too deeply"),
        ("deep ?", "? ".repeat(100_000), "nested too deeply"),
        (
            "deep through aliases",
            deep_aliases(),
            "nested too deeply when aliases are expanded",
        ),
        ("wide", format!("[{}]", "a,".repeat(1_100_000)), "too many nodes"),
        ("wide with comments", "#\n".repeat(1_100_000), "too many nodes"),
        (
            "wide keys",
            (0..600_000).fold(String::new(), |mut text, n| {
                let _ = writeln!(text, "{n}:");
                text
            }),
            "too many nodes",
        ),
        (
            "wide, quoted",
            format!("a: [{}]", "\"b\", ".repeat(800_000) + &"c,".repeat(300_000)),
            "too many nodes",
        ),
        ("huge tag", format!("a: !{long} b\n"), "tag is too long"),
        ("huge key", format!("{long}: b\n"), NOT_A_MAPPING),
        ("huge explicit key", format!("? {long}\n: b\n"), "key is too long"),
        (
            "huge key of brackets",
            format!("? [{}]\n: b\n", "abc, ".repeat(2_000)),
            "key is too long",
        ),
        ("cycle", "a: &a [*a]\n".into(), "anchor contains itself"),
        (
            "cycle through a mapping",
            "a: &a\n  b: &b\n    c: *a\n".into(),
            "anchor contains itself",
        ),
        ("many documents", "---\n".repeat(1_001), "too many documents"),
        ("large", "a".repeat((5 << 20) + 1), "text is too large"),
    ];
    for (name, text, wanted) in cases {
        let error = Stream::parse(&text, &Budget::default())
            .err()
            .unwrap_or_else(|| panic!("accepted: {name}"));
        assert_eq!(error.what, wanted, "case: {name}");
    }
}

const NOT_A_MAPPING: &str =
    "mapping is not allowed here: wrong indentation, ': ' inside a value, or a key too long";

/// Each anchor is flat enough; each hangs at the bottom of the next.
fn deep_aliases() -> String {
    let mut text = String::from("a0: &a0 x\n");
    for level in 1..10 {
        let (open, close) = ("[".repeat(30), "]".repeat(30));
        let _ = writeln!(text, "a{level}: &a{level} {open}*a{}{close}", level - 1);
    }
    text
}

/// The quick look that refuses wide texts counts nothing that may be text.
#[test]
fn texts_of_as_many_nodes_as_allowed_are_accepted() {
    let cases = [
        ("list", "- a\n- b\n", 3),
        ("list of keys", "- a: b\n  c:\n  - d\n", 7),
        ("value of several lines", "a: b\n - c\n - d\n - e\n - f\n", 3),
        ("value below its key", "a:\n  b\n  - c\n  - d\n  - e\n", 3),
        ("top of several lines", "a\n- b\n- c\n", 1),
        ("block at the top", "--- |\n- a\n- b\n", 1),
        ("block", "a: |\n - b\n - c\n", 3),
        ("quotes", "a: '\n - b\n - c'\n", 3),
        ("comment", "# a\n- b # - c\n", 4),
        ("comment, carriage return", "# a\r'b: c\n- d\n- e'\n", 2),
        ("brackets", "[a, \"b,c\", {d: e, f}, g: \"h,\"]\n", 11),
        ("quotes in a word", "[a\"b, c\"]\n", 3),
        ("key in quotes", "{\"a\":\"b,c\",\"d\\\",e\":{}}\n", 5),
        ("documents", "---\na: b\n---\nc\n- d\n", 4),
    ];
    for (name, text, nodes) in cases {
        let budget = |nodes| Budget {
            nodes,
            ..Budget::default()
        };
        let told = Stream::parse(text, &budget(nodes)).err().map(|error| error.what);
        assert_eq!(told, None, "case: {name}");
        let told = Stream::parse(text, &budget(nodes - 1))
            .err()
            .map(|error| error.what);
        assert_eq!(told, Some("too many nodes"), "case: {name}");
    }
}

#[test]
fn real_sizes_are_accepted() {
    let mut keys = String::new();
    for n in 0..6_000 {
        let _ = writeln!(
            keys,
            "key_{n}: ENC[AES256_GCM,data:{},iv:x,tag:y,type:str]",
            "A".repeat(120)
        );
    }
    let aliases = format!("a: &a {}\nb:\n{}", "x".repeat(100), "- *a\n".repeat(5_000));
    let nodes = format!("[{}]", "a,".repeat(300_000));
    let cases = [
        ("6,000 values", keys),
        ("5,000 aliases", aliases),
        ("300,000 nodes", nodes),
        ("depth 200", format!("{}{}", "[".repeat(200), "]".repeat(200))),
        ("1,000 documents", "--- a\n".repeat(1_000)),
        (
            "1,000 comments before a key",
            format!("a:\n{}  b: 1\n", "  # c\n".repeat(1_000)),
        ),
        ("key of 4 KiB", format!("{}: b\n", "k".repeat(4_096))),
    ];
    for (name, text) in cases {
        if let Err(error) = Stream::parse(&text, &Budget::default()) {
            panic!("{name}: {error}");
        }
    }
}

#[test]
fn errors_say_where_and_never_what() {
    let cases = [
        ("tab", "a:\n\tb: hunter2\n", 2),
        ("quote", "a: 1\nb: \"hunter2\n", 3),
        ("two colons", "a: 1\nb: hunter2: x\n", 2),
        (
            "conflict",
            "a: 1\n<<<<<<< HEAD\nb: hunter2\n=======\nb: 2\n>>>>>>> x\n",
            2,
        ),
        (
            "conflict in brackets",
            "{\n<<<<<<< HEAD\n\"b\": hunter2,\n=======\n\"b\": 2,\n>>>>>>> x\n}\n",
            2,
        ),
        ("half a conflict", "a: 1\n=======\nb: hunter2\n", 2),
        ("unknown alias", "a: *hunter2\n", 1),
        ("bracket", "a: [hunter2\nb: 1\n", 2),
        ("unknown tag handle", "a: !e!hunter2 x\n", 1),
        ("directive", "%hunter2\na: 1\n", 2),
    ];
    for (name, text, line) in cases {
        let error = Stream::parse(text, &Budget::default())
            .err()
            .unwrap_or_else(|| panic!("accepted: {name}"));
        assert_eq!(error.at.line, line, "case: {name}: {error}");
        assert!(!error.to_string().contains("hunter2"), "case: {name}");
        assert_eq!(
            error.what.contains("conflict"),
            name.contains("conflict"),
            "case: {name}: {error}"
        );
    }
}

#[test]
fn conflict_markers_inside_values_are_text() {
    let text = "a: |\n  <<<<<<< HEAD\n  =======\n";
    assert!(Stream::parse(text, &Budget::default()).is_ok());
    assert!(Stream::parse("\"x\n<<<<<<< y\"\n", &Budget::default()).is_ok());
}
