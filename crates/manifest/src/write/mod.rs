//! Objects as the peers print them (spec/sealed-secrets §12).

mod json;
mod order;
mod text;
mod yaml;

pub use json::{compact_json, json};
pub use yaml::yaml;

use serde_json::Value;

/// About how many bytes a value takes when written, so that its buffer need not grow: a buffer that grows leaves copies.
fn capacity(value: &Value, depth: usize) -> usize {
    let line = 2 * depth + 8;
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 24,
        Value::String(text) => text.len() + text.len() / 8 + 8 + text.matches('\n').count() * line,
        Value::Array(items) => {
            items
                .iter()
                .map(|item| line + capacity(item, depth + 1))
                .sum::<usize>()
                + line
        }
        Value::Object(fields) => {
            let field = |(name, value): (&String, &Value)| name.len() + line + capacity(value, depth + 1);
            fields.iter().map(field).sum::<usize>() + line
        }
    }
}
