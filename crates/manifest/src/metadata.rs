//! Metadata of an object: the fields of Kubernetes' ObjectMeta, as JSON.

use serde_json::{Map, Value};

use crate::SecretError;
use crate::typed::{Decoder, Field, Kind};

/// Metadata of an object, unknown fields included until [`retain_known`](Self::retain_known).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metadata(pub Map<String, Value>);

impl Metadata {
    /// `name`, empty where it has none.
    pub fn name(&self) -> &str {
        self.text("name")
    }

    /// `namespace`, empty where it has none.
    pub fn namespace(&self) -> &str {
        self.text("namespace")
    }

    /// One annotation.
    pub fn annotation(&self, name: &str) -> Option<&str> {
        self.0.get("annotations")?.get(name)?.as_str()
    }

    /// Sets a text field; a new known one goes to its place in Go's order.
    pub fn set(&mut self, field: &str, text: &str) {
        self.put(field, Value::String(text.to_owned()));
    }

    /// Sets one annotation.
    pub fn set_annotation(&mut self, name: &str, value: &str) {
        if !matches!(self.0.get("annotations"), Some(Value::Object(_))) {
            self.put("annotations", Value::Object(Map::new()));
        }
        if let Some(Value::Object(annotations)) = self.0.get_mut("annotations") {
            annotations.insert(name.to_owned(), Value::String(value.to_owned()));
            annotations.sort_keys();
        }
    }

    /// Removes one annotation, and the whole map with its last one. Whether it was there.
    pub fn remove_annotation(&mut self, name: &str) -> bool {
        let Some(Value::Object(annotations)) = self.0.get_mut("annotations") else {
            return false;
        };
        let was_there = annotations.shift_remove(name).is_some();
        if annotations.is_empty() {
            self.0.shift_remove("annotations");
        }
        was_there
    }

    /// Drops what ObjectMeta does not know, and puts the rest into the order in which Go prints it
    /// (name, generateName, namespace, …); maps inside sorted by key. What is empty or of another type goes too.
    pub fn retain_known(&mut self) {
        let mut decoder = Decoder::lenient();
        let all = Value::Object(std::mem::take(&mut self.0));
        self.0 = decoder.fields(OBJECT_META, &all).unwrap_or_default();
    }

    /// Reads metadata as the peers decode them; the same shape as after [`retain_known`](Self::retain_known).
    pub(crate) fn decode(value: &Value, decoder: &mut Decoder) -> Result<Self, SecretError> {
        decoder.fields(OBJECT_META, value).map(Self)
    }

    fn put(&mut self, name: &str, value: Value) {
        let place = |name: &str| OBJECT_META.iter().position(|field| field.name == name);
        let new = !self.0.contains_key(name);
        let at = place(name).and_then(|own| {
            let behind = |other: &String| place(other).is_some_and(|other| other > own);
            self.0.keys().position(behind)
        });
        match at {
            Some(at) if new => {
                self.0.shift_insert(at, name.to_owned(), value);
            }
            _ => {
                self.0.insert(name.to_owned(), value);
            }
        }
    }

    fn text(&self, field: &str) -> &str {
        self.0.get(field).and_then(Value::as_str).unwrap_or("")
    }
}

const fn field(name: &'static str, kind: Kind) -> Field {
    Field { name, kind }
}

/// ObjectMeta in Go's order.
const OBJECT_META: &[Field] = &[
    field("name", Kind::Text),
    field("generateName", Kind::Text),
    field("namespace", Kind::Text),
    field("selfLink", Kind::Text),
    field("uid", Kind::Text),
    field("resourceVersion", Kind::Text),
    field("generation", Kind::Count),
    field("creationTimestamp", Kind::Time),
    field("deletionTimestamp", Kind::Time),
    field("deletionGracePeriodSeconds", Kind::Integer),
    field("labels", Kind::Texts),
    field("annotations", Kind::Texts),
    field("ownerReferences", Kind::Objects(OWNER_REFERENCE)),
    field("finalizers", Kind::TextList),
    field("managedFields", Kind::Objects(MANAGED_FIELDS)),
];

const OWNER_REFERENCE: &[Field] = &[
    field("apiVersion", Kind::NeededText),
    field("kind", Kind::NeededText),
    field("name", Kind::NeededText),
    field("uid", Kind::NeededText),
    field("controller", Kind::Bool),
    field("blockOwnerDeletion", Kind::Bool),
];

const MANAGED_FIELDS: &[Field] = &[
    field("manager", Kind::Text),
    field("operation", Kind::Text),
    field("apiVersion", Kind::Text),
    field("time", Kind::Time),
    field("fieldsType", Kind::Text),
    field("fieldsV1", Kind::Any),
    field("subresource", Kind::Text),
];
