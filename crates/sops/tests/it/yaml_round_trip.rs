//! YAML: what is encrypted comes back byte for byte, and the ciphertext stands in the style of the document.

use sops::Store::Yaml;

use crate::support::{open, seal, text};

/// Documents that must come back as they were.
const SAME: &[(&str, &str)] = &[
    (
        "a clear block scalar, then a comment without a line break",
        "a: x\nk_unencrypted: |\n  a\n  b\n# end",
    ),
    ("plain", "a: b\n"),
    (
        "types",
        "i: 5\nf: 1.5\nb: true\nn: null\nt: 2020-01-02T03:04:05Z\ne: ''\nnothing:\n",
    ),
    (
        "spelled floats",
        "a: 1.10\nb: .5\nc: 1e3\nd: 123456789012345678901234567890\ne: 1000000.0\nf: +1.5\n",
    ),
    ("spelled integers", "a: +5\nb: 00000\n"),
    ("spelled booleans", "a: TRUE\nb: FALSE\n"),
    ("quotes", "a: 'x'\nb: \"y\"\nc: 'it''s'\nd: \"tab\\there\"\n"),
    (
        "texts that look like others",
        "a: 'true'\nb: \"5\"\nc: '1.10'\nd: \"null\"\ne: 'yes'\n",
    ),
    ("nested", "a:\n  b:\n    c: d\n  e: f\n"),
    ("four columns", "a:\n    b:\n        c: d\n"),
    ("lists", "a:\n- x\n- y\n-\n  - z\n- k: v\n  l: w\n"),
    ("indented lists", "a:\n  - x\n  - - y\n    - z\n"),
    ("literal", "a: |\n  one\n  two\nb: c\n"),
    ("literal, four columns", "a: |\n    one\n    two\nb: c\n"),
    ("literal, stripped", "x:\n  a: |-\n    one\n    two\n  b: c\n"),
    ("literal, kept", "x:\n  a: |+\n    one\n    two\n\n\n  b: c\n"),
    (
        "literal, blank lines after it",
        "x:\n  a: |\n    one\n    two\n\n\n  b: c\n",
    ),
    (
        "literal with blank lines inside",
        "x:\n  a: |\n    one\n\n    two\n",
    ),
    (
        "literal in a list",
        "a:\n  - |\n    one\n    two\n  - k: |\n      one\n      two\n",
    ),
    (
        "literal with a comment in its header",
        "x:\n  a: | # why\n    one\n    two\n",
    ),
    ("literal at the end, kept", "x:\n  a: |+\n    one\n    two\n\n"),
    (
        "comments",
        "# top\n\na: b # behind\n# before c\nc:\n  # inside\n  d: e\n  # after\n# end\n",
    ),
    (
        "comments in lists",
        "a:\n  # first\n  - x # behind\n  # between\n  - y\n  # last\n",
    ),
    ("blank lines", "\n\na: b\n\n\nc: d\n\n"),
    (
        "flow",
        "a: {b: \"c\", d: 5, e: [1, 2.5, true, null]}\nf: []\ng: {}\n",
    ),
    ("flow on lines", "a: [\n  \"x\",\n  'y' , # why\n]\n"),
    ("flow at the top", "{\"a\": \"b\", \"c\": {\"d\": 5}}\n"),
    (
        "flow at the top, on lines",
        "{\n  \"a\": \"b\",\n  \"c\": [\"d\"]\n}\n",
    ),
    ("flow at the top, empty", "{}\n"),
    ("flow at the top, comma at the end", "{a: 5,}\n"),
    ("anchors", "a: &x b\nc: &y\n  d: e\n"),
    ("foreign tags", "a: !foo 'b'\nc: !bar\n  d: e\n"),
    ("string tag", "a: !!str 123\nb: !!str 'x'\n"),
    ("quoted keys", "\"a b\": c\n'd': e\n? f\n: g\n"),
    ("CRLF", "a: b\r\nc:\r\n  d: e\r\n"),
    ("CRLF, literal", "c:\r\n  d: |\r\n    one\r\n    two\r\n"),
    ("byte order mark", "\u{feff}a: b\n"),
    ("no line break at the end", "a: b\nc: d"),
    ("no line break at the end, comment", "a: b\n# end"),
    ("no line break at the end, quoted", "a: 'b'"),
    ("document marker", "---\na: b\n"),
    ("end marker", "---\na: b\n...\n"),
    ("directive", "%YAML 1.2\n---\na: b\n"),
    ("documents", "a: b\n---\nc: d\n---\n# nothing\n---\ne: f\n"),
    ("documents, no line break at the end", "a: b\n---\nc: d"),
    ("top indented", "  a: b\n  c: d\n"),
    (
        "unencrypted",
        "a_unencrypted: b\nc_unencrypted:\n  - 0x1F\n  - 2001-01-01\n  - 0777\nd: e\n",
    ),
    ("unencrypted literal at the end", "a: b\nc_unencrypted: |\n  x\n"),
    (
        "unencrypted kept literal at the end",
        "a: b\nc_unencrypted: |+\n  x\n\n",
    ),
    ("clear literal cut off", "a: b\nc_unencrypted: |+\n  x"),
    ("clear literal cut off, clipped", "a: b\nc_unencrypted: |\n  x"),
    ("clear literal cut off, stripped", "a: b\nc_unencrypted: |-\n  x"),
    ("clear folded text cut off", "a: b\nc_unencrypted: >\n  x"),
    ("two lines cut off", "a: b\nc: |+\n  x\n  y"),
    ("two lines cut off, clipped", "a: b\nc: |\n  x\n  y"),
    ("two lines cut off, stripped", "a: b\nc: |-\n  x\n  y"),
    (
        "two lines cut off, Windows, a comment",
        "a: b\r\nc: | # d\r\n  x\r\n  y",
    ),
    (
        "two lines cut off in the last document",
        "{a: \"b\"}\n---\nc:\n  d: |\n    x\n    y",
    ),
    (
        "question mark, four columns",
        "? k\n:\n    a: |\n        x\n        y\n",
    ),
    (
        "question mark and list, four columns",
        "a: |\n    x\n    y\n? k\n:\n    - l\n",
    ),
    ("key with an anchor", "k:\n    &long a: |\n        x\n        y\n"),
    (
        "literals deeper than collections",
        "k:\n  l: m\na: |\n    x\n    y\n",
    ),
    (
        "literals flatter than collections",
        "k:\n    l: m\na: |\n  x\n  y\n",
    ),
    ("literals in items", "k:\n  - a: |\n      x\n      y\n    b: c\n"),
    (
        "comments above an item and behind its first key",
        "k:\n  # b\n  # a\n  - l: # a\n      m: n\n    o: p\n  - q: r\n",
    ),
    (
        "comments above an item and behind its dash",
        "k:\n# b\n\n- # a\n  l: m\n",
    ),
    ("emoji", "a: 'x 😀'\nb: ü\n"),
    ("merge key", "a: &x\n  b_unencrypted: c\nd:\n  <<: *x\n  e: f\n"),
    (
        "alias to clear values",
        "a_unencrypted: &x b\nc_unencrypted: *x\n",
    ),
    ("alias in the same list", "a:\n  - &x b\n  - *x\n"),
    ("trailing blanks", "a: b  \nc: 'd' \n"),
    ("tight comments", "a: b #c\nd: e\t# f\n"),
    ("key with colon", "a:b: c\n\"d:e\":\n  f: g\n"),
    (
        "long",
        "a: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx yyyyyy\n",
    ),
];

#[test]
fn what_was_encrypted_comes_back_byte_for_byte() {
    let mut failed = Vec::new();
    for (name, plain) in SAME {
        let sealed = text(&seal(Yaml, plain).file);
        assert_ne!(&sealed, plain, "case: {name}");
        let back = std::panic::catch_unwind(|| open(Yaml, &sealed)).unwrap_or_default();
        if &back != plain {
            failed.push(format!("case: {name}\n{sealed}\n want {plain:?}\n have {back:?}"));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// Documents whose values come back in the spelling of SOPS.
const RESPELLED: &[(&str, &str, &str)] = &[
    ("True", "a: True\n", "a: true\n"),
    ("octal", "a: 0777\n", "a: 511\n"),
    ("hex", "a: 0x1F\n", "a: 31\n"),
    ("underscore", "a: 1_0\n", "a: 10\n"),
    ("date", "a: 2001-01-01\n", "a: 2001-01-01T00:00:00Z\n"),
    ("infinity", "a: .Inf\n", "a: .inf\n"),
    ("plain in flow", "a: [x, y]\n", "a: [\"x\", \"y\"]\n"),
    (
        "folded",
        "x:\n  a: >\n    one\n    two\n  b: c\n",
        "x:\n  a: |\n    one two\n  b: c\n",
    ),
    ("two lines, plain", "a: one\n  two\nb: c\n", "a: one two\nb: c\n"),
    (
        "two lines, quoted",
        "a: 'one\n\n  two'\nb: c\n",
        "a: |-\n    one\n    two\nb: c\n",
    ),
    ("literal cut off", "a: b\nc: |+\n  x", "a: b\nc: x"),
    ("integer tag", "a: !!int 5\n", "a: 5\n"),
    (
        "digit in a header",
        "x:\n  a: |2\n    one\n    two\n",
        "x:\n  a: |\n    one\n    two\n",
    ),
    (
        "deeper comment behind two quoted lines",
        "a: 'one\n\n  two'\n       # deep\nb: c\n",
        "a: \"one\\ntwo\"\n       # deep\nb: c\n",
    ),
];

#[test]
fn what_cannot_come_back_as_it_was_has_the_same_value() {
    for (name, plain, want) in RESPELLED {
        let sealed = text(&seal(Yaml, plain).file);
        assert_eq!(&open(Yaml, &sealed), want, "case: {name}\n{sealed}");
    }
}
