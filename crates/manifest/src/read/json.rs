//! JSON values one behind the other.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use yaml::Position;

use super::place::{Base, Cursor};
use super::{Document, Limits, whole};
use crate::{Object, Origin, Problem};

/// What was read before the end or the first error.
pub(super) struct Read {
    /// The values.
    pub(super) documents: Vec<Document>,
    /// Byte behind the last value.
    pub(super) end: usize,
    /// What ended it early: behind it nothing can be found again.
    pub(super) problem: Option<Problem>,
}

/// Reads values until the text ends or one is broken.
pub(super) fn read(text: &str, limits: &Limits) -> Read {
    let start = usize::from(text.starts_with('\u{feff}')) * 3;
    let mut cursor = Cursor::new(text, Base::START);
    let mut read = Read {
        documents: Vec::new(),
        end: start,
        problem: None,
    };
    let mut number = 0;
    loop {
        let rest = text.get(read.end..).unwrap_or("");
        let body = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        if body.is_empty() {
            return read;
        }
        let at = read.end + rest.len() - body.len();
        let mut source = serde_json::Deserializer::from_str(body);
        match Plain::deserialize(&mut source) {
            Ok(Plain(value)) => {
                let position = cursor.position(at);
                if depth(&value) > usize::from(limits.depth) {
                    read.problem = Some(whole(number, position, "nested too deeply"));
                    return read;
                }
                read.end = at + source.into_iter::<IgnoredAny>().byte_offset();
                // A document of nothing is left out, as in YAML, but counts.
                if !value.is_null() {
                    let origin = Origin {
                        document: number,
                        item: None,
                        position,
                    };
                    read.documents.push(Ok(Object::new(value, origin)));
                }
                number += 1;
            }
            Err(error) => {
                let inside = Position {
                    line: error.line().max(1),
                    column: error.column().max(1),
                };
                let position = cursor.base(at).shift(in_characters(body, inside));
                read.problem = Some(whole(number, position, &what(&error)));
                return read;
            }
        }
    }
}

/// The parser counts columns in bytes.
fn in_characters(text: &str, at: Position) -> Position {
    let line = text.split('\n').nth(at.line - 1).unwrap_or("");
    let before = line.as_bytes().get(..at.column - 1).unwrap_or(line.as_bytes());
    let column = before.iter().filter(|byte| !(0x80..0xc0).contains(*byte)).count() + 1;
    Position {
        line: at.line,
        column,
    }
}

/// The parser's words without its position. They hold no content: values are taken as they come.
fn what(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let words = text.split(" at line ").next().unwrap_or("");
    match words {
        "recursion limit exceeded" => "nested too deeply".to_owned(),
        TWICE => TWICE.to_owned(),
        _ => format!("not well-formed JSON: {words}"),
    }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// Any value; a key given twice is refused, as two readers may take two different ones.
struct Plain(Value);

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Any).map(Self)
    }
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Plain(item)) = from.next_element()? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some(name) = from.next_key::<String>()? {
            if fields.contains_key(&name) {
                return Err(A::Error::custom(TWICE));
            }
            let Plain(value) = from.next_value()?;
            fields.insert(name, value);
        }
        Ok(Value::Object(fields))
    }
}

const TWICE: &str = "key given twice";
