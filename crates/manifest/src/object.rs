//! One object of a stream, and where it stands. `Debug` shows its id only: it may be a Secret.

use std::fmt;

use serde_json::Value;
use yaml::Position;

/// Where an object stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Index of the document in the stream, from 0 (empty documents count).
    pub document: usize,
    /// Index in the `items` of a List, where it comes from one.
    pub item: Option<usize>,
    /// First byte of its content.
    pub position: Position,
}

/// One object: JSON, and where it stood.
pub struct Object {
    value: Value,
    origin: Origin,
    /// Where its document begins, the list that it comes from included.
    document_position: Position,
    /// Where its `items` stand, if it is a list.
    items: Vec<Position>,
}

impl Object {
    /// Puts an object together.
    pub fn new(value: Value, origin: Origin) -> Self {
        Self {
            value,
            origin,
            document_position: origin.position,
            items: Vec::new(),
        }
    }

    /// The JSON value. May hold secrets.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The JSON value itself.
    pub fn into_value(self) -> Value {
        self.value
    }

    /// Where it stood.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// `kind`, empty where it has none.
    pub fn kind(&self) -> &str {
        self.text("kind")
    }

    /// `apiVersion`, empty where it has none.
    pub fn api_version(&self) -> &str {
        self.text("apiVersion")
    }

    pub(crate) fn with_items(mut self, items: Vec<Position>) -> Self {
        self.items = items;
        self
    }

    pub(crate) fn inside(mut self, document: Position) -> Self {
        self.document_position = document;
        self
    }

    pub(crate) fn document_position(&self) -> Position {
        self.document_position
    }

    pub(crate) fn item_position(&self, number: usize) -> Option<Position> {
        self.items.get(number).copied()
    }

    /// Takes a list out of the object; nothing if the field is no list.
    pub(crate) fn take_list(&mut self, name: &str) -> Option<Vec<Value>> {
        match self.value.get_mut(name)? {
            Value::Array(items) => Some(std::mem::take(items)),
            _ => None,
        }
    }

    fn text(&self, key: &str) -> &str {
        self.value.get(key).and_then(Value::as_str).unwrap_or("")
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Object")
            .field("kind", &self.kind())
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}
