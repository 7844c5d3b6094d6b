//! Edits, one row each: before, after.

use yaml::edit::{append_element, insert_entry, layout_of, remove, replace};
use yaml::emit::{Emit, EmitItem, Layout, document, value};
use yaml::{EditError, Patch, apply};

use crate::{at, parse};

fn text(value: &'static str) -> Emit<'static> {
    Emit::Str(value.into())
}

fn pair() -> Emit<'static> {
    let entry = |key: &'static str, value| EmitItem::Entry(key.into(), value);
    Emit::Mapping(vec![
        entry("k", text("v")),
        entry("l", Emit::Sequence(vec![EmitItem::Element(text("w"))])),
    ])
}

#[test]
fn replace_changes_the_value_only() {
    let lines = || text("x\ny\n");
    let raw = |value: &'static str| Emit::Raw(value.into());
    let cases = [
        ("plain", "a: b # c\n", &["a"][..], text("d"), "a: d # c\n"),
        ("quotes needed", "a: b\n", &["a"], text("yes"), "a: \"yes\"\n"),
        ("empty", "a: # c\n", &["a"], text("d"), "a: d # c\n"),
        ("empty, end of text", "a:", &["a"], text("d"), "a: d"),
        ("anchor stays", "a: &x !t b\n", &["a"], text("d"), "a: &x d\n"),
        ("alias", "a: &x 1\nb: *x\n", &["b"], text("d"), "a: &x 1\nb: d\n"),
        (
            "to lines",
            "a: b # c\nd: e\n",
            &["a"],
            lines(),
            "a: | # c\n    x\n    y\nd: e\n",
        ),
        (
            "to lines, carriage returns",
            "a: b\r\nd: e\r\n",
            &["a"],
            lines(),
            "a: |\r\n    x\r\n    y\r\nd: e\r\n",
        ),
        (
            "to lines, end of text",
            "a: b",
            &["a"],
            lines(),
            "a: |\n    x\n    y\n",
        ),
        (
            "to lines before deeper comments",
            "a: b\n    # c\n",
            &["a"],
            lines(),
            "a: \"x\\ny\\n\"\n    # c\n",
        ),
        (
            "from lines",
            "a: | # c\n  x\n\nb: 1\n",
            &["a"],
            raw("ENC[1,2]"),
            "a: ENC[1,2] # c\n\nb: 1\n",
        ),
        (
            "from lines, kept",
            "a: |+\n  x\n\nb: 1\n",
            &["a"],
            raw("1"),
            "a: 1\nb: 1\n",
        ),
        (
            "lines to lines",
            "a: >- # c\n  p\nb: 1\n",
            &["a"],
            lines(),
            "a: | # c\n    x\n    y\nb: 1\n",
        ),
        (
            "to a mapping",
            "a: b # c\n",
            &["a"],
            pair(),
            "a: # c\n    k: v\n    l:\n        - w\n",
        ),
        (
            "to a mapping in a list",
            "- b\n",
            &["0"],
            pair(),
            "- k: v\n  l:\n    - w\n",
        ),
        (
            "to a mapping in a list, comment",
            "- b # c\n",
            &["0"],
            pair(),
            "- # c\n  k: v\n  l:\n    - w\n",
        ),
        (
            "from a mapping",
            "a: # c\n  b: 1 # d\n  e: 2 # f\ng: 1\n",
            &["a"],
            text("x"),
            "a: x # c\ng: 1\n",
        ),
        (
            "from a mapping in a list",
            "- b: 1\n  c: 2\n- d\n",
            &["0"],
            text("x"),
            "- x\n- d\n",
        ),
        (
            "from an indentless list",
            "a:\n- b\nc: 1\n",
            &["a"],
            text("x"),
            "a: x\nc: 1\n",
        ),
        (
            "in brackets",
            "a: [b, {c: d}]\n",
            &["a", "1", "c"],
            raw("ENC[1,2]"),
            "a: [b, {c: \"ENC[1,2]\"}]\n",
        ),
        (
            "in brackets, a mapping",
            "a: [b]\n",
            &["a", "0"],
            pair(),
            "a: [{k: v, l: [w]}]\n",
        ),
        (
            "in brackets, alone",
            "a: {b, c}\n",
            &["a", "b"],
            text("d"),
            "a: {b : d, c}\n",
        ),
        ("value below", "a:\n  b # c\n", &["a"], text("d"), "a:\n  d # c\n"),
        (
            "explicit key",
            "? a\nb: 1\n",
            &["a"],
            text("d"),
            "? a\n: d\nb: 1\n",
        ),
        ("top", "--- b # c\n", &[], text("d"), "--- d # c\n"),
    ];
    for (name, before, path, new, wanted) in cases {
        let stream = parse(before);
        let patches = replace(&stream, at(&stream, path), &new, true).unwrap();
        assert_eq!(apply(before, patches).unwrap(), wanted, "case: {name}");
    }
}

#[test]
fn keys_are_replaced_by_one_line() {
    let cases = [
        ("plain", "a: 1\n", "yes", "\"yes\": 1\n"),
        ("tagged", "!t a: 1\n", "b", "b: 1\n"),
        ("block scalar", "? |\n  x\n: 1\n", "b", "? b\n: 1\n"),
        (
            "list at the column of the mapping",
            "?\n- x\n: 1\n",
            "b",
            "?\n b\n: 1\n",
        ),
    ];
    for (name, before, key, wanted) in cases {
        let stream = parse(before);
        let root = at(&stream, &[]);
        let Some(&yaml::Item::Entry(node, _)) = stream.items(root).first() else {
            panic!("{name}")
        };
        let patches = replace(&stream, node, &Emit::Str(key.into()), true).unwrap();
        assert_eq!(apply(before, patches).unwrap(), wanted, "case: {name}");
    }
    let stream = parse(": 1\n");
    let Some(&yaml::Item::Entry(node, _)) = stream.items(at(&stream, &[])).first() else {
        panic!("an entry")
    };
    assert!(replace(&stream, node, &text("d"), true).is_err());
}

#[test]
fn a_tag_stays_unless_asked() {
    let before = "a: !t b\n";
    let stream = parse(before);
    let patches = replace(&stream, at(&stream, &["a"]), &text("d"), false).unwrap();
    assert_eq!(apply(before, patches).unwrap(), "a: !t d\n");
}

#[test]
fn insert_follows_the_neighbours() {
    let cases = [
        ("block", "a: 1\n", &[][..], text("v"), "a: 1\nm: v\n"),
        ("no final line break", "a: 1", &[], text("v"), "a: 1\nm: v"),
        (
            "carriage returns",
            "a: 1\r\n",
            &[],
            pair(),
            "a: 1\r\nm:\r\n    k: v\r\n    l:\r\n        - w\r\n",
        ),
        (
            "step and lists of the text",
            "a:\n  b:\n  - c\n",
            &[],
            pair(),
            "a:\n  b:\n  - c\nm:\n  k: v\n  l:\n  - w\n",
        ),
        (
            "nested",
            "a:\n   b: 1\nc: 2\n",
            &["a"],
            text("v"),
            "a:\n   b: 1\n   m: v\nc: 2\n",
        ),
        (
            "behind its own comments",
            "a:\n  b: 1 # x\n  # y\n# z\n",
            &["a"],
            text("v"),
            "a:\n  b: 1 # x\n  # y\n  m: v\n# z\n",
        ),
        (
            "behind a kept block",
            "a: |+\n  x\n\n",
            &[],
            text("v"),
            "a: |+\n  x\n\nm: v\n",
        ),
        (
            "before the blank lines behind a block",
            "a: |\n  x\n\n\nb: 1\n",
            &[],
            text("v"),
            "a: |\n  x\n\n\nb: 1\nm: v\n",
        ),
        (
            "in a list's mapping",
            "- a: 1\n- b\n",
            &["0"],
            text("v"),
            "- a: 1\n  m: v\n- b\n",
        ),
        (
            "before the end marker",
            "a: 1\n...\n",
            &[],
            text("v"),
            "a: 1\nm: v\n...\n",
        ),
        (
            "before the next document",
            "a: 1\n---\nb: 2\n",
            &[],
            text("v"),
            "a: 1\nm: v\n---\nb: 2\n",
        ),
        ("braces", "{a: 1}\n", &[], text("v"), "{a: 1, m: v}\n"),
        ("empty braces", "a: {}\n", &["a"], text("v"), "a: {m: v}\n"),
        (
            "braces on lines",
            "{\n  \"a\": 1\n}\n",
            &[],
            text("v"),
            "{\n  \"a\": 1,\n  m: v\n}\n",
        ),
        (
            "braces on lines, comma",
            "{\n  a: 1, # c\n}\n",
            &[],
            text("v"),
            "{\n  a: 1, # c\n  m: v,\n}\n",
        ),
        (
            "empty text of comments",
            "# a\n\n# b\n",
            &[],
            text("v"),
            "# a\n\n# b\nm: v\n",
        ),
        ("empty document", "---\n", &[], text("v"), "---\nm: v\n"),
        ("blank text", "\n", &[], text("v"), "m: v\n"),
    ];
    for (name, before, path, new, wanted) in cases {
        let stream = parse(before);
        let patches = insert_entry(&stream, at(&stream, path), "m", &new).unwrap();
        assert_eq!(apply(before, patches).unwrap(), wanted, "case: {name}");
    }
}

#[test]
fn append_follows_the_neighbours() {
    let cases = [
        (
            "block",
            "a:\n  - b # c\nd: 1\n",
            &["a"][..],
            text("v"),
            "a:\n  - b # c\n  - v\nd: 1\n",
        ),
        (
            "indentless",
            "a:\n- b\n",
            &["a"],
            pair(),
            "a:\n- b\n- k: v\n  l:\n  - w\n",
        ),
        ("brackets", "a: [b, c,]\n", &["a"], text("v"), "a: [b, c, v]\n"),
        ("empty brackets", "a: []\n", &["a"], text("v"), "a: [v]\n"),
    ];
    for (name, before, path, new, wanted) in cases {
        let stream = parse(before);
        let patches = append_element(&stream, at(&stream, path), &new).unwrap();
        assert_eq!(apply(before, patches).unwrap(), wanted, "case: {name}");
    }
}

#[test]
fn remove_takes_its_own_lines() {
    let cases = [
        ("first", "# x\na: 1 # y\nb: 2\n", &[][..], "a", "# x\nb: 2\n"),
        ("last", "a: 1\nb: 2\n", &[], "b", "a: 1\n"),
        ("last, no final line break", "a: 1\nb: 2", &[], "b", "a: 1"),
        (
            "nested value and its comments",
            "a: 1\nb:\n  c: 1\n  # x\n# y\nd: 2\n",
            &[],
            "b",
            "a: 1\n# y\nd: 2\n",
        ),
        ("block scalar", "a: |\n  x\n\nb: 2\n", &[], "a", "\nb: 2\n"),
        (
            "only one",
            "a: # x\n  b: 1 # y\nc: 2\n",
            &["a"],
            "b",
            "a: {} # x\nc: 2\n",
        ),
        ("only one of all", "a: 1\n", &[], "a", "{}\n"),
        ("behind a dash", "- a: 1\n  b: 2\n", &["0"], "a", "- b: 2\n"),
        ("element", "- a\n- b # x\n- c\n", &[], "1", "- a\n- c\n"),
        ("only element", "a:\n- b\n", &["a"], "0", "a: []\n"),
        ("brackets, first", "[a, b]\n", &[], "0", "[b]\n"),
        ("brackets, last", "[a, b]\n", &[], "1", "[a]\n"),
        ("brackets, only", "{a: 1}\n", &[], "a", "{}\n"),
        (
            "brackets on lines",
            "{\n  a: 1, # x\n  b: 2\n}\n",
            &[],
            "a",
            "{\n  b: 2\n}\n",
        ),
        (
            "brackets on lines, last",
            "{\n  a: 1,\n  b: 2\n}\n",
            &[],
            "b",
            "{\n  a: 1\n}\n",
        ),
    ];
    for (name, before, path, key, wanted) in cases {
        let stream = parse(before);
        let collection = at(&stream, path);
        let value = at(&stream, &[path, &[key]].concat());
        let patches = remove(&stream, collection, value).unwrap();
        assert_eq!(apply(before, patches).unwrap(), wanted, "case: {name}");
    }
}

#[test]
fn an_entry_put_in_and_taken_out_leaves_no_trace() {
    for before in [
        "a: 1\n",
        "a: 1",
        "a: 1\n# x\n",
        "a: |+\n  x\n\n",
        "---\na: 1\n...\n",
        "a: {b: 1}\r\n",
        "{a: 1}\n",
    ] {
        let stream = parse(before);
        let patches = insert_entry(&stream, at(&stream, &[]), "n", &pair()).unwrap();
        let between = apply(before, patches).unwrap();
        let stream = parse(&between);
        let patches = remove(&stream, at(&stream, &[]), at(&stream, &["n"])).unwrap();
        assert_eq!(apply(&between, patches).unwrap(), before);
    }
}

#[test]
fn patches_may_come_in_any_order_but_not_overlap() {
    let patch = |range, text: &str| Patch {
        range,
        text: text.into(),
    };
    let cases = [
        ("none", vec![], Ok("abcd")),
        ("backwards", vec![patch(3..4, "D"), patch(0..1, "A")], Ok("AbcD")),
        ("touching", vec![patch(1..2, "B"), patch(2..3, "C")], Ok("aBCd")),
        (
            "two insertions",
            vec![patch(1..1, "x"), patch(1..1, "y")],
            Ok("axybcd"),
        ),
        (
            "overlap",
            vec![patch(0..2, ""), patch(1..3, "")],
            Err(EditError::Overlap { at: 1 }),
        ),
        (
            "outside",
            vec![patch(3..9, "")],
            Err(EditError::Overlap { at: 3 }),
        ),
    ];
    for (name, patches, wanted) in cases {
        assert_eq!(
            apply("abcd", patches).as_deref(),
            wanted.as_deref(),
            "case: {name}"
        );
    }
    assert!(apply("ä", vec![patch(1..1, "x")]).is_err());
}

#[test]
fn edits_of_the_wrong_kind_are_refused() {
    let stream = parse("a: b\nc: [d: e]\n");
    let scalar = at(&stream, &["a"]);
    assert_eq!(
        insert_entry(&stream, scalar, "k", &text("v")),
        Err(EditError::WrongKind {
            found: "a scalar",
            expected: "a mapping"
        })
    );
    assert!(append_element(&stream, at(&stream, &[]), &text("v")).is_err());
    assert!(insert_entry(&stream, at(&stream, &["c", "0"]), "k", &text("v")).is_err());
    assert!(remove(&stream, at(&stream, &["c"]), scalar).is_err());
}

#[test]
fn layout_is_learnt_from_the_text() {
    let cases = [
        ("nothing to learn", "a: 1\n", (4, true, "\n")),
        ("two", "a:\n  b: 1\n", (2, true, "\n")),
        ("indentless", "a:\n- b:\n    c: 1\n", (2, false, "\n")),
        ("indented list", "a:\n  - b\n", (2, true, "\n")),
        ("carriage returns", "a:\r\n   b: 1\r\n", (3, true, "\r\n")),
    ];
    for (name, before, wanted) in cases {
        let layout = layout_of(&parse(before));
        assert_eq!(
            (layout.step, layout.indent_sequences, layout.line_break),
            wanted,
            "case: {name}"
        );
    }
}

/// The layout of spec/sops-format §8.1, "Writing".
#[test]
fn documents_look_like_those_of_sops() {
    let comment = |text: &'static str, inline| EmitItem::Comment {
        text: text.into(),
        inline,
    };
    let entry = |key: &'static str, value| EmitItem::Entry(key.into(), value);
    let element = EmitItem::Element;
    let root = Emit::Mapping(vec![
        comment(" head", false),
        entry(
            "a",
            Emit::Sequence(vec![
                comment(" in the list", false),
                element(Emit::Mapping(vec![
                    entry("k", text("v")),
                    entry("m", Emit::Sequence(vec![element(Emit::Raw("1".into()))])),
                ])),
                element(Emit::Sequence(vec![element(text("x\ny"))])),
                comment(" tail", false),
            ]),
        ),
        comment(" line", true),
        entry("b", text("x\ny\n")),
        entry("c", Emit::Mapping(Vec::new())),
        entry("<<", Emit::Mapping(vec![entry("d", Emit::Sequence(Vec::new()))])),
        entry("e", Emit::Binary(vec![0xFF].into())),
        comment("two\nlines", false),
    ]);
    let wanted = "\
# head
a:
    # in the list
    - k: v
      m:
        - 1
    - - |-
        x
        y
    # tail
b: | # line
    x
    y
c: {}
!!merge <<:
    d: []
e: !!binary /w==
#two
#lines
";
    assert_eq!(document(&root, &Layout::default()), wanted);
    parse(wanted);
    assert_eq!(document(&text("x"), &Layout::default()), "x\n");
    assert_eq!(value(&text("x"), 4, &Layout::default()), " x");
    assert_eq!(
        value(&pair(), 4, &Layout::default()),
        "\n        k: v\n        l:\n            - w"
    );
}

#[test]
fn a_long_key_gets_a_question_mark() {
    let long = "k".repeat(200);
    let root = Emit::Mapping(vec![EmitItem::Entry(long.as_str().into(), text("v"))]);
    let written = document(&root, &Layout::default());
    assert_eq!(written, format!("? {long}\n: v\n"));
    let stream = parse(&written);
    assert_eq!(stream.value(at(&stream, &[&long])), "v");
}
