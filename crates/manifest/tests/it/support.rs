//! What the tests share.

use manifest::{Limits, Object, Secret, SecretError, read_objects};
use serde_json::Value;

/// The objects of a stream that is fine.
pub(crate) fn objects(text: &str) -> Vec<Object> {
    read_objects(text.as_bytes(), &Limits::default()).unwrap_or_else(|errors| panic!("{errors}"))
}

/// The first object as a Secret.
pub(crate) fn secret(text: &str) -> Result<Secret, SecretError> {
    Secret::from_object(&objects(text)[0])
}

/// A file of vectors.
pub(crate) fn vectors(name: &str) -> Value {
    let text = match name {
        "kubeseal-cli.json" => include_str!("../../../../tests/vectors/sealed/kubeseal-cli.json"),
        "base64.json" => include_str!("../../../../tests/vectors/sealed/base64.json"),
        _ => panic!("no such vectors: {name}"),
    };
    let read: Value = serde_json::from_str(text).unwrap();
    match read {
        Value::Array(_) => serde_json::json!({ "cases": read }),
        other => other,
    }
}
