//! Secrets and metadata as the peers decode and print them. The expected texts are those of the peers' own libraries.

use manifest::{Metadata, Secret, SecretError, decode_base64, write};
use serde_json::{Value, json};

use crate::support::{secret, vectors};

#[test]
fn a_secret_is_decoded_as_the_peer_does() {
    let cases = [
        (
            "text places",
            "stringData: {a: 0755, b: yes, c: 1.0, d: ~, e: 2024-01-01, f: 1.23456789}",
            r#""stringData":{"a":"493","b":"true","c":"1","d":"","e":"2024-01-01","f":"1.2345679"}"#,
            vec![
                "stringData.a",
                "stringData.b",
                "stringData.c",
                "stringData.d",
                "stringData.f",
            ],
        ),
        (
            "data",
            "data: {b: YWI=, a: ~}",
            r#""data":{"a":"","b":"YWI="}"#,
            vec![],
        ),
        (
            "other case",
            "DATA: {b: YQ==}\nTYPE: x\ntype: z",
            r#""data":{"b":"YQ=="},"type":"z""#,
            vec![],
        ),
        (
            "null beside another case",
            "TYPE: x\ntype: ~",
            r#""type":"x""#,
            vec![],
        ),
        (
            "order",
            "type: Opaque\nstringData: {}\ndata: {a: YQ==}\nimmutable: no",
            r#""immutable":false,"data":{"a":"YQ=="},"type":"Opaque""#,
            vec![],
        ),
        ("type is a number", "type: 1e3", r#""type":"1000""#, vec!["type"]),
        ("unknown field", "foo: {bar: 1}\nspec: 1", "", vec![]),
    ];
    for (name, text, want, converted) in cases {
        let read = secret(&format!("kind: Secret\n{text}\n")).unwrap();
        let comma = if want.is_empty() { "" } else { "," };
        let want = format!(r#"{{"kind":"Secret","metadata":{{}}{comma}{want}}}"#);
        assert_eq!(
            write::compact_json(&read.to_value()).as_str(),
            want,
            "case: {name}"
        );
        assert_eq!(read.converted, converted, "case: {name}");
    }
}

#[test]
fn a_secret_that_is_none_is_refused_with_its_path() {
    let wrong = |path: &str, expected, found| SecretError::Type {
        path: path.into(),
        expected,
        found,
    };
    let cases = [
        ("data: {a: 5}", wrong("data.a", "base64 text", "a number")),
        ("data: [1]", wrong("data", "a mapping", "a list")),
        (
            "stringData: {tls.key: {}}",
            wrong("stringData.tls.key", "text", "a mapping"),
        ),
        ("immutable: 'true'", wrong("immutable", "a boolean", "text")),
        ("apiVersion: 1", wrong("apiVersion", "text", "a number")),
        ("metadata: x", wrong("metadata", "a mapping", "text")),
        (
            "metadata: {labels: {a: []}}",
            wrong("metadata.labels.a", "text", "a list"),
        ),
        (
            "metadata: {generation: x}",
            wrong("metadata.generation", "an integer", "text"),
        ),
        (
            "metadata: {ownerReferences: [{controller: 1}]}",
            wrong("metadata.ownerReferences.0.controller", "a boolean", "a number"),
        ),
        (
            "data: {a: 'YQ', b: '!!'}",
            SecretError::Base64 {
                item: "a".into(),
                at: 0,
            },
        ),
        (
            "data: {a: 'YWJj!'}",
            SecretError::Base64 {
                item: "a".into(),
                at: 4,
            },
        ),
        ("hello", SecretError::NoObject),
    ];
    for (text, want) in cases {
        assert_eq!(secret(text).unwrap_err(), want, "case: {text}");
    }
    assert_eq!(
        secret("data: {a: '!!'}").unwrap_err().to_string(),
        "data.a: illegal base64 data at input byte 0"
    );
}

#[test]
fn absent_null_and_empty_are_told_apart() {
    let read = secret("data: {}\nstringData: ~\n").unwrap();
    assert!(read.data.is_some_and(|data| data.is_empty()));
    assert!(read.string_data.is_none());
    assert_eq!((read.type_, read.immutable), (None, None));
}

#[test]
fn string_data_wins_over_data() {
    let read = secret("data: {a: YQ==, b: Yg==}\nstringData: {b: x, c: z}\n").unwrap();
    let items: Vec<_> = read.items().into_iter().collect();
    assert_eq!(items, [("a", b"a".as_slice()), ("b", b"x"), ("c", b"z")]);
}

#[test]
fn a_secret_does_not_print_its_values() {
    let read = secret("data: {user: aHVudGVyMg==}\nstringData: {pass: hunter2}\n").unwrap();
    let printed = format!("{read:?} {read:#?}");
    assert!(printed.contains("user") && printed.contains("pass"), "{printed}");
    assert!(
        !printed.contains("hunter2") && !printed.contains("104, 117"),
        "{printed}"
    );
    let refused = secret("stringData: {pass: [hunter2]}").unwrap_err();
    assert!(!format!("{refused:?} {refused}").contains("hunter2"));
}

#[test]
fn base64_breaks_where_go_says() {
    let cases: [(&str, Result<&[u8], usize>); 16] = [
        ("", Ok(b"")),
        ("YWJj", Ok(b"abc")),
        ("YWI=", Ok(b"ab")),
        ("YQ==", Ok(b"a")),
        ("Y\nQ=\r\n=\n", Ok(b"a")),
        ("YR==", Ok(b"a")),
        ("YQ", Err(0)),
        ("YQ=", Err(3)),
        ("YWJjY", Err(4)),
        ("YWJj=", Err(4)),
        ("YQ==YQ==", Err(4)),
        ("YQ=x", Err(2)),
        ("Y Q=", Err(1)),
        ("Y-==", Err(1)),
        ("=", Err(0)),
        ("YWI=\nx", Err(5)),
    ];
    for (text, want) in cases {
        let read = decode_base64(text);
        assert_eq!(
            read.as_ref().map(|bytes| bytes.as_slice()).map_err(|at| *at),
            want,
            "case: {text:?}"
        );
    }
    for case in vectors("base64.json")["cases"].as_array().unwrap() {
        let ok = decode_base64(case["value"].as_str().unwrap()).is_ok();
        assert_eq!(ok, case["ok"].as_bool().unwrap(), "case: {}", case["id"]);
    }
}

#[test]
fn metadata_keep_what_is_known_in_the_order_of_go() {
    let given = json!({
        "zz": 1, "managedFields": [{"time": null, "fieldsV1": {"b": 1, "a": 2}, "manager": "m", "x": 1}],
        "ownerReferences": [{"controller": true, "uid": "u", "x": 1}, {"uid": {}}], "finalizers": ["f", 1, {}],
        "annotations": {"b": true, "a": "x", "c": []}, "labels": {}, "deletionGracePeriodSeconds": 0,
        "generation": 0, "creationTimestamp": null, "uid": "", "namespace": 7, "name": "n", "selfLink": [],
    });
    let mut metadata = Metadata(given.as_object().unwrap().clone());
    metadata.retain_known();
    let want = concat!(
        r#"{"name":"n","namespace":"7","deletionGracePeriodSeconds":0,"annotations":{"a":"x","b":"true"},"#,
        r#""ownerReferences":[{"apiVersion":"","kind":"","name":"","uid":"u","controller":true},"#,
        r#"{"apiVersion":"","kind":"","name":"","uid":""}],"finalizers":["f","1"],"#,
        r#""managedFields":[{"manager":"m","fieldsV1":{"a":2,"b":1}}]}"#
    );
    assert_eq!(write::compact_json(&Value::Object(metadata.0)).as_str(), want);
}

#[test]
fn annotations_come_and_go() {
    let mut metadata = Metadata::default();
    metadata.set_annotation("b", "1");
    metadata.set_annotation("a", "2");
    metadata.set("namespace", "n");
    metadata.set("name", "x");
    metadata.set("name", "y");
    let text = write::compact_json(&Value::Object(metadata.0.clone()));
    assert_eq!(
        text.as_str(),
        r#"{"name":"y","namespace":"n","annotations":{"a":"2","b":"1"}}"#
    );
    assert_eq!(
        (metadata.annotation("a"), metadata.annotation("c")),
        (Some("2"), None)
    );
    assert!(metadata.remove_annotation("a"));
    assert!(!metadata.remove_annotation("a"));
    assert!(metadata.remove_annotation("b"));
    assert!(!metadata.0.contains_key("annotations"));
    assert!(Secret::from_value(&json!([])).is_err());
}
