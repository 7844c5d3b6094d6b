//! Templates against what the peer and its function library gave for them.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use manifest::template::{Limits, Outside, TemplateError, render};
use secrecy::{ExposeSecret, SecretSlice};
use serde_json::Value;

/// Renders with made-up time and randomness.
pub(crate) fn run(
    template: &str,
    items: &BTreeMap<String, Vec<u8>>,
    limits: &Limits,
) -> Result<Vec<u8>, TemplateError> {
    let items: BTreeMap<String, SecretSlice<u8>> = items
        .iter()
        .map(|(name, value)| (name.clone(), value.clone().into()))
        .collect();
    let random = |buffer: &mut [u8]| {
        for (byte, index) in buffer.iter_mut().zip(0u8..=255) {
            *byte = index.wrapping_mul(37).wrapping_add(5);
        }
        true
    };
    let outside = Outside {
        now: (1_795_000_000, 5),
        random: &random,
    };
    render("out", template, &items, &outside, limits).map(|output| output.expose_secret().to_vec())
}

/// Renders over nothing.
pub(crate) fn alone(template: &str) -> Result<String, String> {
    let output = run(template, &BTreeMap::new(), &Limits::default()).map_err(|error| error.to_string())?;
    Ok(String::from_utf8(output).unwrap())
}

fn vectors(text: &str) -> (BTreeMap<String, Vec<u8>>, Vec<Value>) {
    let vectors: Value = serde_json::from_str(text).unwrap();
    let data = vectors["data"].as_object().unwrap();
    let data = data
        .iter()
        .map(|(name, value)| (name.clone(), value.as_str().unwrap().into()))
        .collect();
    (data, vectors["cases"].as_array().unwrap().clone())
}

#[test]
fn the_peers_vectors() {
    let (data, cases) = vectors(include_str!("../../../../tests/vectors/sealed/templates.json"));
    assert_eq!(cases.len(), 95);
    for case in &cases {
        let template = case["template"].as_str().unwrap();
        let mut items = data.clone();
        items.insert("out".to_owned(), template.into());
        let result = run(template, &items, &Limits::default());
        match case["output"].as_str() {
            // Two bytes of a character are recorded as two replacement characters.
            Some(output) => assert_eq!(String::from_utf8_lossy(&result.unwrap()), output, "{template}"),
            None => {
                let error = case["error"].as_str().unwrap().strip_suffix(" (out)").unwrap();
                assert_eq!(result.unwrap_err().to_string(), error, "{template}");
            }
        }
    }
}

#[test]
fn every_function_as_the_library_has_it() {
    let (data, cases) = vectors(include_str!("../../../../tests/vectors/templates/functions.json"));
    assert!(cases.len() > 480);
    for case in &cases {
        let template = case["template"].as_str().unwrap();
        let mut items = data.clone();
        items.insert("bin".to_owned(), b"\xff\x00\xfea".to_vec());
        items.insert("out".to_owned(), template.into());
        let result = run(template, &items, &Limits::default()).map_err(|error| error.to_string());
        let expected = match (&case["output"], &case["output_base64"], &case["error"]) {
            (Value::String(text), ..) => Ok(text.clone().into_bytes()),
            (_, Value::String(text), _) => Ok(STANDARD.decode(text).unwrap()),
            (.., error) => Err(error.as_str().unwrap().to_owned()),
        };
        assert_eq!(result, expected, "{template}");
    }
}

#[test]
fn bytes_stay_bytes() {
    let items = BTreeMap::from([("bin".to_owned(), vec![0xff, 0, 0xc3])]);
    let limits = Limits::default();
    assert_eq!(
        run("{{ .bin }}{{ b64enc .bin }}", &items, &limits).unwrap(),
        b"\xff\x00\xc3/wDD"
    );
    for template in ["{{ toJson . }}", "{{ .bin | upper }}", "{{ js .bin }}"] {
        let error = run(template, &items, &limits).unwrap_err().to_string();
        assert!(error.contains("not UTF-8"), "{error}");
    }
}

#[test]
fn messages_hold_no_values() {
    let items = BTreeMap::from([("key".to_owned(), b"hunter2".to_vec())]);
    for template in [
        "{{ range .key }}{{ end }}",
        "{{ .key | call }}",
        "{{ eq (list .key) (list .key) }}",
        "{{ eq (dict \"a\" .key) (list .key) }}",
        "{{ mustToDate \"2006\" .key }}",
        "{{ mustDateModify .key now }}",
        "{{ semver .key }}",
        "{{ semverCompare .key \"1.0.0\" }}",
        "{{ urlParse (printf \"://%s\" .key) }}",
        "{{ urlParse (printf \"http://h:%s\" .key) }}",
        "{{ urlJoin (dict \"userinfo\" (cat .key .key)) }}",
        "{{ genSelfSignedCert \"a\" (list .key) nil 1 }}",
        "{{ genCAWithKey \"a\" 1 .key }}",
        "{{ mustFromJson .key }}",
        "{{ index .key .key }}",
        "{{ until .key }}",
        "{{ template \"x\" .key }}",
    ] {
        let error = run(template, &items, &Limits::default()).unwrap_err().to_string();
        assert!(!error.contains("hunter2"), "{error}");
    }
}
