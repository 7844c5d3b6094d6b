//! Generated values and texts.

use gitseal_tests::drawn;
use manifest::read::read_each;
use manifest::{Limits, Secret, write};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::{Map, Number, Value};

use crate::support::objects;

fn run<S: Strategy>(strategy: S, check: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    TestRunner::new(drawn::cases(500)).run(&strategy, check).unwrap();
}

fn text() -> impl Strategy<Value = String> {
    let words = vec![
        "y",
        "no",
        "~",
        "0755",
        "1e3",
        "1:30",
        "2024-01-01",
        "- x",
        "a: b",
        "a #b",
        "---",
        "x ",
        " x",
        "it's",
        "\"",
        "\n",
        "a\n",
        "a\nb",
        "\n\na",
        " a\nb",
        "a \nb",
        "a\n b",
        "<<",
        "=",
        "\t",
        "\u{85}",
        "\u{2028}",
        "\u{feff}",
        "😀",
        "{a}",
        "[",
        "?",
        "|",
    ];
    prop_oneof![
        prop::sample::select(words.clone()).prop_map(str::to_owned),
        prop::collection::vec(prop::sample::select(words), 0..4).prop_map(|words| words.concat()),
        "[ -~\n]{0,12}",
        "([a-z']{1,9} {1,2}){10,40}[a-z]",
        any::<String>(),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        4 => text().prop_map(Value::String),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<u64>().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
        1 => any::<f64>().prop_map(|float| Number::from_f64(float).map_or(Value::Null, Value::Number)),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            prop::collection::vec((text(), inner), 0..5)
                .prop_map(|entries| Value::Object(entries.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Numbers without a fraction are integers to YAML and to Go; the rest is the same value.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}

fn wrapped(value: &Value) -> Value {
    serde_json::json!({ "value": value })
}

#[test]
fn what_is_written_as_json_reads_back() {
    run(value(), |value| {
        let value = wrapped(&value);
        for text in [write::json(&value), write::compact_json(&value)] {
            let read = objects(&text);
            prop_assert!(read.len() == 1 && same(read[0].value(), &value), "{}", *text);
        }
        Ok(())
    });
}

#[test]
fn what_is_written_as_yaml_reads_back() {
    run(value(), |value| {
        let value = wrapped(&value);
        let text = write::yaml(&value);
        // Line separators inside are breaks to YAML 1.1 and none to 1.2: the peer's own form is kept.
        prop_assume!(!text.contains(['\u{2028}', '\u{2029}']));
        let read = objects(&text);
        prop_assert!(read.len() == 1 && same(read[0].value(), &value), "{}", *text);
        Ok(())
    });
}

#[test]
fn nothing_panics_and_no_error_quotes_the_text() {
    let pieces = vec![
        "a: ",
        "hunter2",
        "\n",
        "---\n",
        "- ",
        "{",
        "}",
        "[",
        "]",
        "\"",
        "'",
        ": ",
        "<<: ",
        "&x ",
        "*x",
        "!!int ",
        "|\n  ",
        "? ",
        "{\"a\":",
        "1",
        ",",
        "%YAML 1.2\n",
        "...\n",
        "#",
        " ",
        "\u{feff}",
        "items:\n",
        "kind: List\n",
    ];
    run(
        prop::collection::vec(prop::sample::select(pieces), 0..14),
        |pieces| {
            let text = pieces.concat();
            for document in read_each(text.as_bytes(), &Limits::default()).unwrap_or_default() {
                match document {
                    Ok(object) => {
                        drop(Secret::from_object(&object));
                        let place = manifest::read::locate(text.as_bytes(), &object, &["a", "0"]);
                        prop_assert!(place.is_none_or(|place| place.line > 0));
                    }
                    Err(problem) => prop_assert!(!problem.what.contains("hunter2"), "{problem}"),
                }
            }
            Ok(())
        },
    );
}
