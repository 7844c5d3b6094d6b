//! `set`, `unset` and `extract` (spec/sops-cli §5).

use sops::Store::{Json, Yaml};
use sops::{Document, EditError, Extracted, Layout, NewValue, Store, TreePath, Value};

fn document(text: &str) -> Document {
    Yaml.read_plain(text.as_bytes()).unwrap()
}

fn plain(document: &Document) -> String {
    String::from_utf8(Yaml.write_plain(document, &Layout::default()).unwrap().to_vec()).unwrap()
}

fn path(text: &str) -> TreePath {
    TreePath::parse(text).unwrap()
}

fn word(text: &str) -> NewValue {
    NewValue::Scalar(Value::str(text))
}

#[test]
fn set_replaces_appends_and_creates() {
    let object = || {
        NewValue::Object(vec![
            ("x".into(), NewValue::Scalar(Value::Int(5))),
            ("v".into(), word("z")),
        ])
    };
    let cases = [
        ("replaces", "a: b # c\n", "['a']", word("x"), "a: x # c\n"),
        (
            "keeps the others",
            "a: 'b'\n# c\nd: \"e\"\n",
            "['d']",
            word("x"),
            "a: 'b'\n# c\nd: \"x\"\n",
        ),
        (
            "keeps single quotes",
            "a: 'b' # c\n",
            "['a']",
            word("it's"),
            "a: 'it''s' # c\n",
        ),
        (
            "several lines leave the quotes",
            "a: 'b'\n",
            "['a']",
            word("b\nc\n"),
            "a: |\n    b\n    c\n",
        ),
        (
            "takes the line of a comment in a list",
            "a:\n  # c\n  - b\n",
            "['a'][0]",
            word("x"),
            "a:\n  - x\n  - b\n",
        ),
        ("appends", "a: b\n", "['c']", word("d"), "a: b\nc: d\n"),
        (
            "quotes where needed",
            "a: b\n",
            "['a']",
            word("true"),
            "a: \"true\"\n",
        ),
        (
            "a number",
            "a: b\n",
            "['a']",
            NewValue::Scalar(Value::Float(5.0)),
            "a: 5\n",
        ),
        (
            "null",
            "a: b\n",
            "['a']",
            NewValue::Scalar(Value::Null),
            "a: null\n",
        ),
        (
            "nested, in the document's steps",
            "a:\n  b: c\n",
            "['a']['d']",
            word("e"),
            "a:\n  b: c\n  d: e\n",
        ),
        (
            "parents",
            "a:\n  b: c\n",
            "['d']['e']",
            word("f"),
            "a:\n  b: c\nd:\n  e: f\n",
        ),
        (
            "an object",
            "a:\n  b: c\n",
            "['d']",
            object(),
            "a:\n  b: c\nd:\n  x: 5\n  v: z\n",
        ),
        (
            "an element",
            "a:\n- b\n- c\n",
            "['a'][1]",
            word("x"),
            "a:\n- b\n- x\n",
        ),
        (
            "an element at the end",
            "a:\n- b\n",
            "['a'][9]",
            word("x"),
            "a:\n- b\n- x\n",
        ),
        (
            "a list of one",
            "a: b\n",
            "['c'][3]",
            word("x"),
            "a: b\nc:\n    - x\n",
        ),
        (
            "a scalar makes room",
            "a: b\nc: d\n",
            "['a']['x']",
            word("z"),
            "a:\n    x: z\nc: d\n",
        ),
        (
            "in flow",
            "a: {b: c}\n",
            "['a']['d']",
            word("e"),
            "a: {b: c, d: e}\n",
        ),
        (
            "document 0",
            "a: b\n---\na: c\n",
            "['a']",
            word("x"),
            "a: x\n---\na: c\n",
        ),
        (
            "before the end marker",
            "a: b\n...\n",
            "['c']",
            word("d"),
            "a: b\nc: d\n...\n",
        ),
        (
            "several lines",
            "a:\n  b: c\n",
            "['a']['b']",
            word("x\ny\n"),
            "a:\n  b: |\n    x\n    y\n",
        ),
        (
            "a block scalar",
            "a: |\n  x\n  y\nb: c\n",
            "['a']",
            word("z"),
            "a: z\nb: c\n",
        ),
    ];
    for (name, text, at, value, want) in cases {
        let mut document = document(text);
        assert!(document.set(&path(at), value).unwrap(), "case: {name}");
        assert_eq!(plain(&document), want, "case: {name}");
    }
}

#[test]
fn set_to_the_same_changes_nothing_and_types_count() {
    let mut document = document("a: b\nn: 5\no: {x: 1}\n");
    assert!(!document.set(&path("['a']"), word("b")).unwrap());
    assert!(
        !document
            .set(&path("['n']"), NewValue::Scalar(Value::Int(5)))
            .unwrap()
    );
    let object = NewValue::Object(vec![("x".into(), NewValue::Scalar(Value::Int(1)))]);
    assert!(!document.set(&path("['o']"), object).unwrap());
    assert!(
        document
            .set(&path("['n']"), NewValue::Scalar(Value::Float(5.0)))
            .unwrap()
    );
    assert!(
        !document
            .set(&path("['n']"), NewValue::Scalar(Value::Float(5.0)))
            .unwrap(),
        "the type was kept"
    );
}

#[test]
fn set_refuses() {
    let cases = [
        ("nothing", "", "a: b\n"),
        ("the block", "['sops']", "a: b\n"),
        ("below the block", "['sops']['mac']", "a: b\n"),
        ("a key on a list", "['a']['b']", "a: [x]\n"),
        ("an index on a mapping", "[0]", "a: b\n"),
        ("through an alias", "['c']['d']", "a: &x {b: c}\nc: *x\n"),
    ];
    for (name, at, text) in cases {
        assert!(document(text).set(&path(at), word("x")).is_err(), "case: {name}");
    }
}

#[test]
fn unset_removes_what_is_there() {
    let cases = [
        ("a key", "a: b\nc: d\n", "['a']", Some("c: d\n")),
        ("not there", "a: b\n", "['x']", None),
        ("parent not there", "a: b\n", "['x']['y']", None),
        ("an element", "a:\n- b\n- c\n", "['a'][0]", Some("a:\n- c\n")),
        ("not so many", "a:\n- b\n", "['a'][1]", None),
        (
            "the last one stays a list",
            "a:\n- b\nc: d\n",
            "['a'][0]",
            Some("a: []\nc: d\n"),
        ),
        (
            "a comment in a list",
            "a:\n- b\n# x\n- c\n",
            "['a'][1]",
            Some("a:\n- b\n- c\n"),
        ),
        ("a block scalar", "a: |\n  x\nb: c\n", "['a']", Some("b: c\n")),
    ];
    for (name, text, at, want) in cases {
        let mut document = document(text);
        assert_eq!(document.unset(&path(at)).unwrap(), want.is_some(), "case: {name}");
        assert_eq!(plain(&document), want.unwrap_or(text), "case: {name}");
    }
    assert!(matches!(
        document("a: b\n").unset(&path("['a']['b']")),
        Err(EditError::Shape { .. })
    ));
}

#[test]
fn extract_writes_values_for_the_output() {
    let text = "s: \"x\\ny\"\nn: 5\nf: 1.5\nb: true\nz: null\nl:\n- a\n# note\n- b\nm:\n  k: v\n---\nd: e\n";
    let cases: &[(&str, &str, Store, &str)] = &[
        ("a text has no line break of its own", "['s']", Yaml, "x\ny"),
        ("a text is the same for all", "['s']", Json, "x\ny"),
        ("a number", "['n']", Yaml, "5\n"),
        ("a number in JSON", "['n']", Json, "5"),
        ("a boolean", "['b']", Yaml, "true\n"),
        ("null", "['z']", Yaml, "null\n"),
        ("a list", "['l']", Yaml, "- a\n# note\n- b\n"),
        ("comments count", "['l'][2]", Yaml, "b"),
        (
            "a mapping takes the place of the document",
            "['m']",
            Yaml,
            "k: v\n---\nd: e\n",
        ),
    ];
    let document = document(text);
    for (name, at, output, want) in cases {
        let bytes = match document.extract(&path(at), *output, &Layout::default()).unwrap() {
            Extracted::Bytes(bytes) | Extracted::Text(bytes) => bytes,
        };
        assert_eq!(std::str::from_utf8(&bytes).unwrap(), *want, "case: {name}");
    }
    for at in ["['x']", "['l'][3]", "['l']['x']", "['m'][0]", "['s']['x']"] {
        assert!(
            document.extract(&path(at), Yaml, &Layout::default()).is_err(),
            "{at}"
        );
    }
    assert!(
        document
            .extract(&path("['n']"), Store::Dotenv, &Layout::default())
            .is_err()
    );
}
