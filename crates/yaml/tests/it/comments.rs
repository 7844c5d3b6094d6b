//! The collection of each comment, as the YAML store of sops 3.13.3 sees it (recorded from it).

use yaml::{Item, NodeId, NodeKind, Stream};

/// `path|text` for each comment in walk order; `|=` in front of the text of an inline one.
fn comments(text: &str) -> Vec<String> {
    let stream = crate::parse(text);
    let mut out = Vec::new();
    for document in stream.documents() {
        walk(&stream, document.root, "", &mut out);
        out.extend(
            document
                .loose_comments
                .iter()
                .map(|&id| format!("loose|{}", &text[stream.comment(id).span.clone()])),
        );
    }
    out
}

fn walk(stream: &Stream<'_>, id: NodeId, path: &str, out: &mut Vec<String>) {
    for item in stream.items(id) {
        match *item {
            Item::Comment(comment) => {
                let comment = stream.comment(comment);
                let inline = if comment.inline { "=" } else { "" };
                out.push(format!("{path}|{inline}{}", &stream.text()[comment.span.clone()]));
            }
            Item::Entry(key, value) => {
                out.push(stream.value(key).into_owned());
                walk(stream, value, &format!("{path}/{}", stream.value(key)), out);
            }
            Item::Element(value) => {
                if let NodeKind::Scalar(_) = stream.node(value).kind {
                    out.push(stream.value(value).into_owned());
                }
                walk(stream, value, path, out);
            }
        }
    }
}

#[test]
fn comments_belong_where_sops_puts_them() {
    let cases: &[(&str, &str, &[&str])] = &[
        ("above a key", "# x\n\na: 1\n", &["|# x", "a"]),
        ("behind a value", "a: 1 # x\nb: 2\n", &["|=# x", "a", "b"]),
        ("behind a key", "a: # x\n  b: 1\n", &["|# x", "a", "b"]),
        (
            "behind a key without value",
            "a: # x\nb: 1\n",
            &["|# x", "a", "b"],
        ),
        (
            "behind a key, value an indentless list",
            "a: # x\n- b\n",
            &["|# x", "a", "b"],
        ),
        (
            "behind the colon of a question mark, value below",
            "? a\n: # x\n  - b\n? c\n:   # y\n  d: e\n",
            &["|# x", "a", "b", "|# y", "c", "d"],
        ),
        ("behind an anchor", "a: &n # x\n  b: 1\n", &["a", "/a|# x", "b"]),
        ("behind brackets", "a: {b: 1} # x\n", &["a", "/a|# x", "b"]),
        (
            "inside brackets",
            "a: [1, # x\n  # y\n  2]\n",
            &["a", "/a|=# x", "1", "/a|# y", "2"],
        ),
        ("behind a block header", "a: | # x\n  y\n", &["|=# x", "a"]),
        (
            "before a nested mapping",
            "a:\n# x\n  b: 1\n",
            &["a", "/a|# x", "b"],
        ),
        ("before a value below", "a:\n  # x\n  b\n", &["|# x", "a"]),
        (
            "after the last entry",
            "a:\n  b: 1\n  # x\nc: 2\n",
            &["a", "b", "/a|# x", "c"],
        ),
        (
            "deeper than the last entry",
            "a:\n  b: 1\n     # x\nc: 2\n",
            &["a", "b", "/a|# x", "c"],
        ),
        (
            "at the ancestor's column",
            "a:\n  b: 1\n# x\nc: 2\n",
            &["a", "b", "|# x", "c"],
        ),
        (
            "at no level",
            "a:\n  b: 1\n # x\nc: 2\n",
            &["a", "b", "/a|# x", "c"],
        ),
        (
            "two levels end, middle column",
            "a:\n  b:\n    c: 1\n  # x\nd: 2\n",
            &["a", "b", "c", "/a/b|# x", "d"],
        ),
        (
            "left of the next key",
            "a:\n  b:\n    c: 1\n# x\n  d: 2\n",
            &["a", "b", "c", "/a/b|# x", "d"],
        ),
        (
            "a stair down",
            "a:\n  b:\n    - 1\n    # x\n  # y\n# z\n",
            &["a", "b", "1", "/a/b|# x", "/a|# y", "|# z"],
        ),
        (
            "a list",
            "a:\n  # x\n  - b # y\n  # z\n  - c: d\n    # u\n    e: f\n  # v\n# w\n",
            &[
                "a", "/a|# x", "/a|=# y", "b", "/a|# z", "c", "/a|# u", "e", "/a|# v", "|# w",
            ],
        ),
        ("behind a dash", "a:\n  - # x\n    b: 1\n", &["a", "/a|# x", "b"]),
        (
            "cut off by a blank line",
            "a:\n- b\n# x\n\n# y\nc: 1\n",
            &["a", "b", "/a|# x", "|# y", "c"],
        ),
        (
            "around the marker",
            "# x\n---\n# y\na: 1\n# z\n",
            &["|# x", "|# y", "a", "|# z"],
        ),
        (
            "explicit key",
            "? a # x\n: b # y\n? c\n# z\n: d\n",
            &["|# x", "|=# y", "a", "|# z", "c"],
        ),
        (
            "second document",
            "a: 1\n...\n# x\n---\nb: 1\n",
            &["a", "|# x", "b"],
        ),
        ("comments only", "# x\n# y\n", &["loose|# x", "loose|# y"]),
        ("behind the end", "a: 1\n...\n# x\n", &["a", "loose|# x"]),
    ];
    for (name, text, wanted) in cases {
        assert_eq!(comments(text), *wanted, "case: {name}");
    }
}

#[test]
fn a_comment_ends_before_its_line_break() {
    let text = "a: 1 # x\r\n# y\r\n";
    let stream = crate::parse(text);
    let Some(&Item::Comment(first)) = stream.items(stream.documents()[0].root).first() else {
        panic!("a comment")
    };
    assert_eq!(&text[stream.comment(first).span.clone()], "# x");
}
