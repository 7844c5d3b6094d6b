//! Decoding JSON into known fields as the peers do: names in any case, scalars that become text where text is wanted,
//! null for nothing, unknown fields dropped.

use serde_json::{Map, Value};

use crate::SecretError;
use crate::scalar::float_text;

/// What a field holds, and when it is left out.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// Text, left out when empty.
    Text,
    /// Text, always written.
    NeededText,
    /// An integer, left out when 0.
    Count,
    /// An integer or nothing.
    Integer,
    /// A boolean or nothing.
    Bool,
    /// A time as text, or nothing.
    Time,
    /// Text by name, left out when empty.
    Texts,
    /// A list of text, left out when empty.
    TextList,
    /// A list of objects with known fields, left out when empty.
    Objects(&'static [Field]),
    /// Whatever stands there.
    Any,
}

/// A known field.
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
}

/// A decoding: where it is, and what became text on the way.
#[derive(Default)]
pub(crate) struct Decoder {
    path: Vec<String>,
    /// Drop what does not fit instead of refusing it.
    lenient: bool,
    /// Paths of scalars that became text.
    pub(crate) converted: Vec<String>,
}

impl Decoder {
    /// One that drops what does not fit.
    pub(crate) fn lenient() -> Self {
        Self {
            lenient: true,
            ..Self::default()
        }
    }

    /// Does something one level down.
    pub(crate) fn at<T>(&mut self, name: &str, work: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(name.to_owned());
        let done = work(self);
        self.path.pop();
        done
    }

    /// The known fields of an object, in their order; what is empty is left out.
    pub(crate) fn fields(
        &mut self,
        known: &[Field],
        value: &Value,
    ) -> Result<Map<String, Value>, SecretError> {
        let mut given: Vec<_> = self
            .object(value)?
            .filter(|(_, value)| !value.is_null())
            .collect();
        // Of a field given in two spellings, the exact one wins, as it comes last in this order.
        given.sort_by_key(|(name, _)| *name);
        let mut slots: Vec<Option<Value>> = known.iter().map(|_| None).collect();
        for (name, value) in given {
            let Some((field, slot)) = known
                .iter()
                .zip(&mut slots)
                .find(|(field, _)| same_name(field.name, name))
            else {
                continue;
            };
            match self.at(field.name, |inner| inner.field(field.kind, value)) {
                Ok(decoded) => *slot = decoded,
                Err(_) if self.lenient => {}
                Err(error) => return Err(error),
            }
        }
        let mut out = Map::new();
        for (field, slot) in known.iter().zip(slots) {
            let empty = || matches!(field.kind, Kind::NeededText).then(|| Value::String(String::new()));
            if let Some(value) = slot.or_else(empty) {
                out.insert(field.name.to_owned(), value);
            }
        }
        Ok(out)
    }

    fn field(&mut self, kind: Kind, value: &Value) -> Result<Option<Value>, SecretError> {
        Ok(match kind {
            Kind::Text | Kind::NeededText => {
                let text = self.text(value)?;
                (!text.is_empty()).then_some(Value::String(text))
            }
            Kind::Count | Kind::Integer => {
                let number = integer(value).ok_or_else(|| self.wrong("an integer", value))?;
                (number != 0 || matches!(kind, Kind::Integer)).then(|| Value::Number(number.into()))
            }
            Kind::Bool => Some(Value::Bool(self.bool(value)?)),
            Kind::Time => match value {
                Value::String(_) => Some(value.clone()),
                _ => return Err(self.wrong("a time", value)),
            },
            Kind::Texts => {
                let mut texts = Map::new();
                for (name, value) in self.object(value)? {
                    match self.at(name, |inner| inner.item_text(value)) {
                        Ok(text) => texts.insert(name.clone(), Value::String(text)),
                        Err(_) if self.lenient => None,
                        Err(error) => return Err(error),
                    };
                }
                texts.sort_keys();
                (!texts.is_empty()).then_some(Value::Object(texts))
            }
            Kind::TextList => {
                let texts = self.each(value, |inner, value| inner.item_text(value).map(Value::String))?;
                (!texts.is_empty()).then_some(Value::Array(texts))
            }
            Kind::Objects(known) => {
                let objects = self.each(value, |inner, value| {
                    inner.fields(known, value).map(Value::Object)
                })?;
                (!objects.is_empty()).then_some(Value::Array(objects))
            }
            Kind::Any => {
                let mut value = value.clone();
                value.sort_all_objects();
                Some(value)
            }
        })
    }

    fn each(
        &mut self,
        value: &Value,
        one: impl Fn(&mut Self, &Value) -> Result<Value, SecretError>,
    ) -> Result<Vec<Value>, SecretError> {
        let Value::Array(items) = value else {
            return Err(self.wrong("a list", value));
        };
        let mut out = Vec::with_capacity(items.len());
        for (number, item) in items.iter().enumerate() {
            match self.at(&number.to_string(), |inner| one(inner, item)) {
                Ok(value) => out.push(value),
                Err(_) if self.lenient => {}
                Err(error) => return Err(error),
            }
        }
        Ok(out)
    }

    /// An object; null is an empty one.
    pub(crate) fn object<'v>(
        &self,
        value: &'v Value,
    ) -> Result<impl Iterator<Item = (&'v String, &'v Value)> + use<'v>, SecretError> {
        match value {
            Value::Object(fields) => Ok(Some(fields).into_iter().flatten()),
            Value::Null => Ok(None.into_iter().flatten()),
            _ => Err(self.wrong("a mapping", value)),
        }
    }

    /// Text, or a scalar that becomes text; null is empty text.
    pub(crate) fn text(&mut self, value: &Value) -> Result<String, SecretError> {
        let text = match value {
            Value::String(text) => return Ok(text.clone()),
            Value::Null => return Ok(String::new()),
            Value::Bool(value) => value.to_string(),
            Value::Number(number) => match number.as_f64() {
                Some(value) if number.is_f64() => float_text(value),
                _ => number.to_string(),
            },
            Value::Array(_) | Value::Object(_) => return Err(self.wrong("text", value)),
        };
        self.converted.push(self.path.join("."));
        Ok(text)
    }

    /// The same for an item of a map or list, where a null is told too: the item is there, and empty.
    pub(crate) fn item_text(&mut self, value: &Value) -> Result<String, SecretError> {
        if value.is_null() {
            self.converted.push(self.path.join("."));
        }
        self.text(value)
    }

    /// Text and nothing that would have to become text: `kind` and `apiVersion`, as with the peers.
    pub(crate) fn plain_text(&self, value: &Value) -> Result<String, SecretError> {
        value
            .as_str()
            .map(str::to_owned)
            .ok_or_else(|| self.wrong("text", value))
    }

    /// A boolean.
    pub(crate) fn bool(&self, value: &Value) -> Result<bool, SecretError> {
        value.as_bool().ok_or_else(|| self.wrong("a boolean", value))
    }

    /// The error for another type than expected.
    pub(crate) fn wrong(&self, expected: &'static str, value: &Value) -> SecretError {
        let found = match value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "text",
            Value::Array(_) => "a list",
            Value::Object(_) => "a mapping",
        };
        SecretError::Type {
            path: self.path.join("."),
            expected,
            found,
        }
    }
}

/// Whether a name given stands for a field: case is not looked at, as in Go.
pub(crate) fn same_name(field: &str, given: &str) -> bool {
    field.eq_ignore_ascii_case(given)
}

/// A whole number, `3.0` included.
fn integer(value: &Value) -> Option<i64> {
    let whole = |value: f64| (value.fract() == 0.0 && value.abs() < 9e18).then_some(value as i64);
    value.as_i64().or_else(|| value.as_f64().and_then(whole))
}
