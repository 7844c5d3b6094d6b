//! JSON as Go's encoder writes it.

use serde_json::{Number, Value};
use zeroize::Zeroizing;

use super::capacity;
use crate::scalar::float_json;

/// JSON, indented by 2, `<>&` escaped, keys in the order given, one line break at the end.
pub fn json(value: &Value) -> Zeroizing<String> {
    let mut out = Zeroizing::new(String::with_capacity(capacity(value, 1) + 1));
    write(value, Some(0), &mut out);
    out.push('\n');
    out
}

/// The same on one line, without a line break.
pub fn compact_json(value: &Value) -> Zeroizing<String> {
    let mut out = Zeroizing::new(String::with_capacity(capacity(value, 1)));
    write(value, None, &mut out);
    out
}

/// Writes a value; `depth` is the nesting, or nothing for one line.
fn write(value: &Value, depth: Option<usize>, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => out.push_str(&number_text(number)),
        Value::String(text) => string(text, out),
        Value::Array(items) if items.is_empty() => out.push_str("[]"),
        Value::Object(fields) if fields.is_empty() => out.push_str("{}"),
        Value::Array(items) => {
            out.push('[');
            let inner = depth.map(|depth| depth + 1);
            for (number, item) in items.iter().enumerate() {
                separate(number > 0, inner, out);
                write(item, inner, out);
            }
            line(depth, out);
            out.push(']');
        }
        Value::Object(fields) => {
            out.push('{');
            let inner = depth.map(|depth| depth + 1);
            for (number, (name, field)) in fields.iter().enumerate() {
                separate(number > 0, inner, out);
                string(name, out);
                out.push_str(if depth.is_some() { ": " } else { ":" });
                write(field, inner, out);
            }
            line(depth, out);
            out.push('}');
        }
    }
}

fn separate(comma: bool, depth: Option<usize>, out: &mut String) {
    if comma {
        out.push(',');
    }
    line(depth, out);
}

fn line(depth: Option<usize>, out: &mut String) {
    if let Some(depth) = depth {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    }
}

/// A number as Go writes it.
pub(super) fn number_text(number: &Number) -> String {
    match number.as_f64() {
        Some(value) if number.is_f64() => float_json(value),
        _ => number.to_string(),
    }
}

fn string(text: &str, out: &mut String) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| escaped(c)) {
        let (plain, special) = rest.split_at(at);
        out.push_str(plain);
        let mut chars = special.chars();
        if let Some(c) = chars.next() {
            escape(c, out);
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
    out.push('"');
}

fn escaped(c: char) -> bool {
    matches!(
        c,
        '\0'..='\u{1f}' | '"' | '\\' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}'
    )
}

fn escape(c: char, out: &mut String) {
    let short = match c {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\u{8}' => "\\b",
        '\u{c}' => "\\f",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        _ => "",
    };
    out.push_str(short);
    if short.is_empty() {
        out.push_str("\\u");
        for shift in [12, 8, 4, 0] {
            out.push(char::from_digit((u32::from(c) >> shift) & 15, 16).unwrap_or('0'));
        }
    }
}
