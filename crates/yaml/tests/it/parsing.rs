//! Every corner of the syntax: what is where, and what it means.

use yaml::{Budget, Item, NodeId, NodeKind, ScalarStyle, Stream};

use crate::parse;

/// A tree in one line: `{k: v}` and `[e]`, plain text as it is, `"` `'` `|` `>` before other styles, `*`, `&a`, `!t`.
fn tree(stream: &Stream<'_>, id: NodeId) -> String {
    let node = stream.node(id);
    let text = stream.text();
    let anchor = node
        .anchor
        .clone()
        .map_or_else(String::new, |name| format!("&{} ", &text[name]));
    let tag = stream.tag(id).map_or_else(String::new, |tag| format!("{tag} "));
    let items = || {
        let parts: Vec<_> = stream
            .items(id)
            .iter()
            .map(|item| match *item {
                Item::Comment(comment) => text[stream.comment(comment).span.clone()].to_owned(),
                Item::Entry(key, value) => format!("{}: {}", tree(stream, key), tree(stream, value)),
                Item::Element(value) => tree(stream, value),
            })
            .collect();
        parts.join(", ")
    };
    let content = match &node.kind {
        NodeKind::Mapping(_) => format!("{{{}}}", items()),
        NodeKind::Sequence(_) => format!("[{}]", items()),
        NodeKind::Alias(target) => format!("*{}", &text[stream.node(*target).anchor.clone().unwrap()]),
        NodeKind::Scalar(style) => {
            let mark = match style {
                ScalarStyle::Plain => "",
                ScalarStyle::SingleQuoted => "'",
                ScalarStyle::DoubleQuoted => "\"",
                ScalarStyle::Literal => "|",
                ScalarStyle::Folded => ">",
            };
            format!("{mark}{}", stream.value(id).replace('\n', "\\n"))
        }
    };
    format!("{anchor}{tag}{content}")
}

fn trees(text: &str) -> String {
    let stream = parse(text);
    let documents: Vec<_> = stream
        .documents()
        .iter()
        .map(|document| tree(&stream, document.root))
        .collect();
    documents.join(" --- ")
}

#[test]
fn every_corner_is_read() {
    let cases = [
        (
            "nested",
            "a:\n  b: c\n  d:\n  - e\n  - f: g\n",
            "{a: {b: c, d: [e, {f: g}]}}",
        ),
        (
            "four spaces, ragged",
            "a:\n    b: 1\nc:\n   d: 2\n",
            "{a: {b: 1}, c: {d: 2}}",
        ),
        (
            "carriage returns",
            "a: 1\r\nb: |\r\n  x\r\n  y\r\nc: 'p\r\n  q'\r\n",
            "{a: 1, b: |x\\ny\\n, c: 'p q}",
        ),
        ("byte order mark", "\u{feff}a: 1\n", "{a: 1}"),
        ("tabs in brackets", "a: {\tb:\t1,\tc: 2\t}\n", "{a: {b: 1, c: 2}}"),
        ("no final line break", "a: |\n  x", "{a: |x\\n}"),
        (
            "documents",
            "a: 1\n---\nb: 2\n...\n---\n---\nc: 3\n",
            "{a: 1} --- {b: 2} ---  --- {c: 3}",
        ),
        (
            "directives",
            "%YAML 1.2\n%TAG !e! tag:e,2000:\n---\na: !e!x 1\n",
            "{a: !e!x 1}",
        ),
        ("markers only", "---\n...\n", ""),
        (
            "explicit keys",
            "? a\n: b\n? - c\n: d\n? e\n",
            "{a: b, [c]: d, e: }",
        ),
        ("quoted keys", "\"a b\": 1\n'c': 2\n", "{\"a b: 1, 'c: 2}"),
        (
            "brackets",
            "a: {b: 1, \"c\":2, d}\ne: [1, [2], f: g]\n",
            "{a: {b: 1, \"c: 2, d: }, e: [1, [2], {f: g}]}",
        ),
        (
            "literal",
            "a: |\n  x\n   y\n\n  z\n\nb: 1\n",
            "{a: |x\\n y\\n\\nz\\n, b: 1}",
        ),
        (
            "literal, chomped",
            "a: |-\n  x\n\nb: |+\n  y\n\nc: |\n",
            "{a: |x, b: |y\\n\\n, c: |}",
        ),
        ("literal, digit", "a: |2\n   x\n  y\n", "{a: | x\\ny\\n}"),
        ("folded", "a: >\n  x\n  y\n\n  z\n", "{a: >x y\\nz\\n}"),
        (
            "anchors",
            "a: &x 1\nb: *x\nc: &y {d: *x}\n",
            "{a: &x 1, b: *x, c: &y {d: *x}}",
        ),
        ("anchor on a key", "&x a: 1\n*x : 2\n", "{&x a: 1, *x: 2}"),
        (
            "merge",
            "a: &x {b: 1}\nc:\n  <<: *x\n",
            "{a: &x {b: 1}, c: {<<: *x}}",
        ),
        (
            "tags",
            "a: !!str 5\nb: !local [1]\nc: !<x:y> d\ne: !f\n",
            "{a: !!str 5, b: !local [1], c: !<x:y> d, e: !f }",
        ),
        ("empty values", "a:\nb: &x\n-x:\n", "{a: , b: &x , -x: }"),
        ("empty elements", "-\n- # c\n-\n", "[, # c, , ]"),
        (
            "several lines",
            "a: one\n  two\nb: \"x\\\n  y\"\n",
            "{a: one two, b: \"xy}",
        ),
        ("value below", "a:\n  b\nc: &x\n  d\n", "{a: b, c: &x d}"),
        ("indentless", "a:\n- b\n- c\nd:\n- - e\n", "{a: [b, c], d: [[e]]}"),
        ("root scalar", "--- foo\n", "foo"),
        ("root literal", "--- |\nfoo\n", "|foo\\n"),
        ("comments only", "# a\n# b\n", ""),
        ("white space only", "\n\n", ""),
    ];
    for (name, text, wanted) in cases {
        assert_eq!(trees(text), wanted, "case: {name}");
    }
    assert!(parse("").documents().is_empty());
}

#[test]
fn values_are_borrowed_where_nothing_is_decoded() {
    let text = "a: plain\nb: 'single'\nc: \"double\"\nd: \"esc\\n\"\ne: 'it''s'\nf: |\n  x\n";
    let stream = parse(text);
    for (key, borrowed) in [
        ("a", true),
        ("b", true),
        ("c", true),
        ("d", false),
        ("e", false),
        ("f", false),
    ] {
        let value = stream.value(crate::at(&stream, &[key]));
        assert_eq!(
            matches!(value, std::borrow::Cow::Borrowed(_)),
            borrowed,
            "case: {key}"
        );
    }
}

/// The bytes of the node under `a`, or of the document.
#[test]
fn spans_are_exact() {
    let cases = [
        ("plain", "a: x y # c\n", "x y"),
        ("quoted", "a: \"x\" # c\n", "\"x\""),
        ("properties", "a: &n !t x\n", "x"),
        ("brackets", "a: &n [x, y] # c\n", "[x, y]"),
        ("clip", "a: | # c\n  x\n\n\nb: 1\n", "| # c\n  x\n"),
        ("strip", "a: >-\n  x\n\n# c\nb: 1\n", ">-\n  x\n"),
        ("keep", "a: |+\n  x\n\n\nb: 1\n", "|+\n  x\n\n\n"),
        ("deeper blank line", "a: |\n  x\n     \nb: 1\n", "|\n  x\n     \n"),
        ("shallow blank line", "a: |\n  x\n \nb: 1\n", "|\n  x\n"),
        ("digit", "a: |1\n  x\nb: 1\n", "|1\n  x\n"),
        ("empty block", "a: |\n\nb: 1\n", "|\n"),
        ("comment below", "a: |\n  x\n # c\nb: 1\n", "|\n  x\n"),
        ("at the end", "a: |\n  x", "|\n  x"),
        ("block mapping", "a:\n  # c\n  b: 1 # d\n  # e\n", "b: 1"),
        ("block sequence", "a: # c\n- b\n-\n# d\n", "- b\n-"),
        ("several lines", "a: x\n  y\nb: 1\n", "x\n  y"),
    ];
    for (name, text, wanted) in cases {
        let stream = parse(text);
        let node = stream.node(crate::at(&stream, &["a"]));
        assert_eq!(&text[node.span.clone()], wanted, "case: {name}");
    }
}

#[test]
fn empty_nodes_are_where_a_value_would_be_written() {
    let cases = [
        ("value", "a: # c\nb: 1\n", 2),
        ("value with properties", "a: !t &x # c\nb: 1\n", 8),
        ("last value", "a:", 2),
        ("in braces", "{a: , b: 1}", 3),
        ("in braces, alone", "{a, b: 1}", 2),
        ("explicit", "? a\n", 3),
    ];
    for (name, text, wanted) in cases {
        let stream = parse(text);
        assert_eq!(
            stream.node(crate::at(&stream, &["a"])).span,
            wanted..wanted,
            "case: {name}"
        );
    }
    let stream = parse("- a\n-   # c\n-");
    assert_eq!(stream.node(crate::at(&stream, &["1"])).span, 5..5);
    assert_eq!(stream.node(crate::at(&stream, &["2"])).span, 13..13);
}

#[test]
fn documents_know_their_markers() {
    let text = "# a\n--- # b\nx: 1\n...\n# c\n---\ny: 2\n";
    let stream = parse(text);
    let [first, second] = stream.documents() else {
        panic!("two documents")
    };
    assert_eq!((first.span.clone(), second.span.clone()), (0..21, 21..text.len()));
    assert_eq!(&text[first.start_marker.clone().unwrap()], "--- # b");
    assert_eq!(&text[first.end_marker.clone().unwrap()], "...");
    assert_eq!(&text[second.start_marker.clone().unwrap()], "---");
    assert_eq!(second.end_marker, None);
}

#[test]
fn positions_count_characters_from_one() {
    let text = "\u{feff}ä: 1\r\nöö: x\rz: 1\n";
    let stream = parse(text);
    for (what, line, column) in [("ä", 1, 1), ("1", 1, 4), ("x", 2, 5), ("z", 3, 1)] {
        let found = stream.position(text.find(what).unwrap());
        assert_eq!((found.line, found.column), (line, column), "case: {what}");
    }
}

#[test]
fn budgets_can_be_tightened() {
    let text = "a: &x [1, 2]\nb: *x\n";
    type Set = fn(&mut Budget);
    let tight: [(&str, Set); 5] = [
        ("bytes", |budget| budget.bytes = 10),
        ("depth", |budget| budget.depth = 1),
        ("nodes", |budget| budget.nodes = 7),
        ("documents", |budget| budget.documents = 0),
        ("keys", |budget| budget.key_bytes = 0),
    ];
    for (name, set) in tight {
        let mut budget = Budget::default();
        set(&mut budget);
        assert!(Stream::parse(text, &budget).is_err(), "case: {name}");
    }
}
