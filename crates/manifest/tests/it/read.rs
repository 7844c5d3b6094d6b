//! Streams to objects: YAML 1.1, JSON, places of errors, limits.

use manifest::read::{locate, open_lists, read_each};
use manifest::{Format, Limits, Object, Position, ReadErrors, read_objects, write};
use serde_json::Value;

use crate::support::{objects, vectors};

fn errors(text: &str) -> ReadErrors {
    read_objects(text.as_bytes(), &Limits::default()).unwrap_err()
}

#[test]
fn scalars_and_keys_are_those_of_yaml_1_1() {
    let cases = [
        (
            "a: [y, Yes, ON, n, No, off, yEs]",
            r#"{"a":[true,true,true,false,false,false,"yEs"]}"#,
        ),
        ("a: [~, null, '', ]", r#"{"a":[null,null,""]}"#),
        (
            "a: [0755, 0o17, 0x1F, 0b11, 0b-1, 1_000, -0, 08]",
            r#"{"a":[493,15,31,3,-1,1000,0,8]}"#,
        ),
        (
            "a: [1.0, 1e3, .5, ._5, 1:30, 12345678901234567890]",
            r#"{"a":[1,1000,0.5,"._5","1:30",12345678901234567890]}"#,
        ),
        (
            "a: [2024-01-01, 2024-01-01T10:00:00Z]",
            r#"{"a":["2024-01-01","2024-01-01T10:00:00Z"]}"#,
        ),
        (
            "a: ['no', \"1\", !!str 1, ! 1, !foo yes]",
            r#"{"a":["no","1","1","1","yes"]}"#,
        ),
        (
            "a: [!!int '7', !!float 1, !!binary YQ==, !!bool yes]",
            r#"{"a":[7,1,"a",true]}"#,
        ),
        (
            "y: 1\n0755: 2\n1.50: 3\n'n': 4\n1.23456789: 5",
            r#"{"true":1,"493":2,"1.5":3,"n":4,"1.2345679":5}"#,
        ),
        ("a: &x {b: 1}\nc: *x", r#"{"a":{"b":1},"c":{"b":1}}"#),
        (
            "a: 0\n<<: [{a: 1, b: 1}, {b: 2, c: 2}]\nc: 3",
            r#"{"a":1,"b":1,"c":3}"#,
        ),
        ("a: <<", r#"{"a":"\u003c\u003c"}"#),
    ];
    for (text, want) in cases {
        let read = objects(text);
        assert_eq!(
            write::compact_json(read[0].value()).as_str(),
            want,
            "case: {text}"
        );
    }
}

#[test]
fn documents_are_split_counted_and_empty_ones_left_out() {
    // Document, line, column.
    type Place = (usize, usize, usize);
    let cases: [(&str, &[Place]); 12] = [
        ("", &[]),
        ("# only a comment\n", &[]),
        ("---\n---\n~\n---\n", &[]),
        ("# before\n---\na: 1\n---\nb: 2\n", &[(0, 3, 1), (1, 5, 1)]),
        ("---\n---\na: 1\n---\n", &[(1, 3, 1)]),
        ("a: 1\n---\nb: 2", &[(0, 1, 1), (1, 3, 1)]),
        ("a: 1\n...\nb: 2\n---\nc: 3\n", &[(0, 1, 1), (1, 3, 1), (2, 5, 1)]),
        ("a: 1\r\n--- # c\r\nb: 2\r\n", &[(0, 1, 1), (1, 3, 1)]),
        ("\u{feff}a: 1\n---\n  b: 2\n", &[(0, 1, 1), (1, 3, 3)]),
        (
            "%YAML 1.1\n---\na: 1\n...\n%YAML 1.1\n---\nb: 2\n",
            &[(0, 3, 1), (1, 7, 1)],
        ),
        (
            "{\"a\":1}{\"a\":2}\n \t{\"a\":3} ",
            &[(0, 1, 1), (1, 1, 8), (2, 2, 3)],
        ),
        ("\u{feff} {\"a\":1}\n---\nb: 2\n", &[(0, 1, 2), (1, 3, 1)]),
    ];
    for (text, want) in cases {
        let places: Vec<_> = objects(text)
            .iter()
            .map(|object| {
                (
                    object.origin().document,
                    object.origin().position.line,
                    object.origin().position.column,
                )
            })
            .collect();
        assert_eq!(places, want, "case: {text:?}");
    }
}

#[test]
fn yaml_that_begins_with_a_brace_is_yaml() {
    assert_eq!(Format::of(b" \n{a: b}"), Format::Json);
    let read = objects("{a: yes}\n---\nb: 1\n");
    assert_eq!(write::compact_json(read[0].value()).as_str(), r#"{"a":true}"#);
    assert_eq!(read.len(), 2);
}

#[test]
fn every_problem_is_told_at_once_with_its_place_and_without_content() {
    let text = "a: 1\na: hunter2\n---\nb: [hunter2\n---\nc: 3\n---\nd:\n- hunter2\n- {e: .inf}\n? [x]\n: 1\n";
    let told = errors(text).to_string();
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines.len(), 4, "{told}");
    assert_eq!(lines[0], "line 2, column 1: a: key given twice");
    assert_eq!(lines[1], "line 4, column 4: bracket is not closed");
    assert_eq!(
        lines[2],
        "line 10, column 7: d[1].e: infinity or not a number: put it in quotes if it is a text"
    );
    assert_eq!(lines[3], "line 11, column 3: key is a list or a mapping");
    assert!(!told.contains("hunter2"), "{told}");
}

#[test]
fn refused_is_what_cannot_be_read_one_way() {
    let deep = format!("{}1{}", "[".repeat(300), "]".repeat(300));
    let deep_json = format!("{{\"a\":{}1{}}}", "[".repeat(300), "]".repeat(300));
    let cases = [
        (
            "JSON key twice",
            "{\"a\":1,\n \"é\":1,\"a\":2}",
            "line 2, column 10: key given twice",
        ),
        (
            "JSON cut off",
            "{\"kind\":\"Secret\",\"metadata\":",
            "line 1, column 28: not well-formed JSON: EOF while parsing a value",
        ),
        (
            "third JSON value",
            "{\"a\":1}{\"a\":2}\n{a: 3}",
            "line 2, column 2: not well-formed JSON: key must be a string",
        ),
        ("deep YAML", &deep, "line 1, column 202: nested too deeply"),
        ("deep JSON", &deep_json, "line 1, column 132: nested too deeply"),
        ("null key", "~: 1", "line 1, column 1: key is null"),
        (
            "merge of text",
            "<<: x",
            "line 1, column 5: '<<' takes a mapping or a list of mappings",
        ),
        (
            "tag that does not fit",
            "a: !!int x",
            "line 1, column 10: a: value does not fit its tag",
        ),
        (
            "binary that is no text",
            "a: !!binary /w==",
            "line 1, column 13: a: binary value that is no text",
        ),
    ];
    for (name, text, want) in cases {
        assert_eq!(errors(text).to_string(), want, "case: {name}");
    }
}

#[test]
fn a_stream_that_is_no_text_or_too_large_is_refused_as_a_whole() {
    let limits = Limits {
        bytes: 12,
        depth: 10,
        documents: 2,
    };
    let cases: [(&[u8], &str); 4] = [
        (b"a: 1\nb: \xff\n", "line 2, column 4: the stream is not UTF-8"),
        (
            b"\xff\xfea\0:\0",
            "line 1, column 1: the stream is UTF-16, not UTF-8",
        ),
        (b"a: 1\nb: 2\nc: 3\n", "line 1, column 1: the stream is too large"),
        (b"{}{}\n{}", "line 2, column 1: too many documents"),
    ];
    for (bytes, want) in cases {
        assert_eq!(read_each(bytes, &limits).unwrap_err().to_string(), want);
    }
}

#[test]
fn a_bad_document_does_not_hide_the_others() {
    let read = read_each(b"a: 1\n---\nb: [\n---\nhello\n", &Limits::default()).unwrap();
    let shape: Vec<_> = read
        .iter()
        .map(|document| document.as_ref().map(|object| object.value().is_object()))
        .collect();
    assert_eq!(shape[0], Ok(true));
    assert_eq!(shape[1].map_err(|problem| problem.document), Err(1));
    assert_eq!(shape[2], Ok(false));
}

#[test]
fn lists_are_opened_and_their_items_know_their_place() {
    let text = "a: 1\n---\nkind: SecretList\napiVersion: v1\nitems:\n- metadata: {name: x}\n- kind: Secret\n  apiVersion: v2\n\
                ---\nkind: List\nitems:\n- kind: List\n  items: [{kind: A}, {}]\n- kind: B\n---\nkind: AllowList\n";
    let opened = open_lists(objects(text));
    let shape: Vec<_> = opened
        .iter()
        .map(|object| {
            (
                object.kind(),
                object.api_version(),
                object.origin().item,
                object.origin().position.line,
            )
        })
        .collect();
    let want = [
        ("", "", None, 1),
        ("Secret", "v1", Some(0), 6),
        ("Secret", "v2", Some(1), 7),
        ("A", "", Some(0), 12),
        ("", "", Some(0), 12),
        ("B", "", Some(1), 14),
        ("AllowList", "", None, 16),
    ];
    assert_eq!(shape, want);
}

#[test]
fn a_path_of_an_object_is_found_again() {
    let yaml = "# c\n---\na: 1\n---\ndata:\n  tls.key: x\n  y: z\nlist: [1, {b: 2}]\n---\nkind: List\nitems:\n- {}\n- a:\n    b: 1\n";
    let json = "\u{feff}{\"a\": 1}\n  {\"a\":\n {\"é\": 1, \"b\": [0, 1]}}";
    let at = |line, column| Some(Position { line, column });
    let cases = [
        (yaml, 1, &["data", "tls.key"][..], at(6, 12)),
        (yaml, 1, &["data", "true"], at(7, 6)),
        (yaml, 1, &["list", "1", "b"], at(8, 15)),
        (yaml, 1, &["data", "none"], at(6, 3)),
        (yaml, 1, &[], at(5, 1)),
        (yaml, 3, &["a", "b"], at(14, 8)),
        (json, 0, &["a"], at(1, 7)),
        (json, 1, &["a", "b", "1"], at(3, 20)),
    ];
    for (text, index, path, want) in cases {
        let mut read = objects(text);
        if index == 3 {
            read = open_lists(read);
        }
        assert_eq!(
            locate(text.as_bytes(), &read[index], path),
            want,
            "case: {path:?}"
        );
    }
}

#[test]
fn an_object_does_not_print_its_values() {
    let printed = format!("{:?}", objects("kind: Secret\nstringData: {a: hunter2}\n"));
    assert!(
        printed.contains("Secret") && !printed.contains("hunter2"),
        "{printed}"
    );
}

/// What kubeseal printed, read and written again, is the same text.
#[test]
fn output_of_the_peer_comes_back_byte_for_byte() {
    let mut seen = 0;
    for case in vectors("kubeseal-cli.json")["cases"].as_array().unwrap() {
        let stdout = case["stdout"].as_str().unwrap_or("");
        let text = without_placeholders(stdout);
        let read = || -> Vec<Object> { read_objects(text.as_bytes(), &Limits::default()).unwrap() };
        let again: String = if text.starts_with("---\n") {
            read()
                .iter()
                .map(|object| write::yaml(object.value()).to_string())
                .collect()
        } else if text.starts_with("{\n") {
            read()
                .iter()
                .map(|object| write::json(object.value()).to_string())
                .collect()
        } else {
            continue;
        };
        assert_eq!(again, text, "case: {}", case["id"]);
        seen += 1;
    }
    assert!(seen > 40, "only {seen}");
}

/// `<SEALED …>` stands for an envelope.
fn without_placeholders(text: &str) -> String {
    let mut out = String::new();
    let mut parts = text.split("<SEALED ");
    out.push_str(parts.next().unwrap());
    for part in parts {
        let (_, rest) = part.split_once('>').unwrap();
        out.push_str("AgBy3i4O");
        out.push_str(rest);
    }
    out
}

#[test]
fn a_thousand_documents_are_read_in_order() {
    let text: String = (0..1_000)
        .map(|n| format!("---\nmetadata:\n  name: s{n}\nstringData:\n  a: b\n"))
        .collect();
    let read = objects(&text);
    assert_eq!(read.len(), 1_000);
    assert_eq!(read[999].value()["metadata"]["name"], Value::from("s999"));
    assert_eq!(read[999].origin().position.line, 999 * 5 + 2);
}
