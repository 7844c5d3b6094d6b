//! The typed view of a v1 Secret. Values are secret types; `Debug` shows names only.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use serde_json::{Map, Value};
use thiserror::Error;

use crate::base64::decode_base64;
use crate::typed::{Decoder, same_name};
use crate::{Metadata, Object};

/// A v1 Secret.
#[derive(Debug, Default)]
pub struct Secret {
    /// `apiVersion` as it was read; not checked.
    pub api_version: String,
    /// `kind` as it was read; not checked here.
    pub kind: String,
    /// Metadata.
    pub metadata: Metadata,
    /// `type`.
    pub type_: Option<String>,
    /// `immutable`.
    pub immutable: Option<bool>,
    /// `data`, decoded. `None` where the field is absent or null.
    pub data: Option<BTreeMap<String, SecretSlice<u8>>>,
    /// `stringData`. `None` where the field is absent or null.
    pub string_data: Option<BTreeMap<String, SecretString>>,
    /// Paths of scalars that YAML 1.1 reads as something else than text and that became text
    /// (`0755` → `493`): to be warned about.
    pub converted: Vec<String>,
}

/// Why an object is no Secret. No content.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SecretError {
    /// A value under `data` is not base64.
    #[error("data.{item}: illegal base64 data at input byte {at}")]
    Base64 {
        /// Item name.
        item: String,
        /// Offset of the first bad byte, from 0.
        at: usize,
    },
    /// A field has another type than a Secret's.
    #[error("{path}: expected {expected}, found {found}")]
    Type {
        /// Path of the field, dotted.
        path: String,
        /// What a Secret has there.
        expected: &'static str,
        /// What stands there: `a number`, `a list`, …
        found: &'static str,
    },
    /// The object is not a mapping.
    #[error("the document is no object")]
    NoObject,
}

impl Secret {
    /// Reads a Secret as the peer decodes it: names of fields in any case, scalars in places for text become text,
    /// unknown fields are dropped. `data` takes text only: a number there is no base64 to the peer either.
    ///
    /// # Errors
    ///
    /// See [`SecretError`].
    pub fn from_object(object: &Object) -> Result<Self, SecretError> {
        Self::from_value(object.value())
    }

    /// The same for a JSON value.
    ///
    /// # Errors
    ///
    /// See [`SecretError`].
    pub fn from_value(value: &Value) -> Result<Self, SecretError> {
        let Value::Object(fields) = value else {
            return Err(SecretError::NoObject);
        };
        let mut secret = Self::default();
        let mut decoder = Decoder::default();
        let field_of = |name: &str| FIELDS.iter().copied().find(|field| same_name(field, name));
        let known = fields
            .iter()
            .filter_map(|(name, value)| Some((field_of(name)?, name, value)));
        let mut given: Vec<_> = known.filter(|(_, _, value)| !value.is_null()).collect();
        // Of a field given in two spellings, the exact one wins, as it comes last in this order.
        given.sort_by_key(|(_, name, _)| *name);
        for (field, _, value) in given {
            decoder.at(field, |inner| secret.take(field, value, inner))?;
        }
        secret.converted = decoder.converted;
        Ok(secret)
    }

    fn take(&mut self, field: &str, value: &Value, decoder: &mut Decoder) -> Result<(), SecretError> {
        match field {
            "apiVersion" => self.api_version = decoder.plain_text(value)?,
            "kind" => self.kind = decoder.plain_text(value)?,
            "metadata" => self.metadata = Metadata::decode(value, decoder)?,
            "type" => self.type_ = Some(decoder.text(value)?).filter(|name| !name.is_empty()),
            "immutable" => self.immutable = Some(decoder.bool(value)?),
            "data" => {
                let items = self.data.get_or_insert_default();
                for (name, value) in decoder.object(value)? {
                    items.insert(name.clone(), decoder.at(name, |inner| bytes(name, value, inner))?);
                }
            }
            _ => {
                let items = self.string_data.get_or_insert_default();
                for (name, value) in decoder.object(value)? {
                    let text = decoder.at(name, |inner| inner.item_text(value))?;
                    items.insert(name.clone(), SecretString::from(text));
                }
            }
        }
        Ok(())
    }

    /// All items, `stringData` over `data`, in order of their names.
    pub fn items(&self) -> BTreeMap<&str, &[u8]> {
        let data = self.data.iter().flatten();
        let texts = self.string_data.iter().flatten();
        let mut items: BTreeMap<&str, &[u8]> = data
            .map(|(name, value)| (name.as_str(), value.expose_secret()))
            .collect();
        items.extend(texts.map(|(name, value)| (name.as_str(), value.expose_secret().as_bytes())));
        items
    }

    /// As JSON in the order in which Go prints it: kind, apiVersion, metadata, immutable, data (base64), stringData,
    /// type. Fields that are empty are left out, metadata never.
    pub fn to_value(&self) -> Value {
        let mut out = Map::new();
        let text = |name: &str, text: &str, out: &mut Map<String, Value>| {
            if !text.is_empty() {
                out.insert(name.to_owned(), Value::String(text.to_owned()));
            }
        };
        text("kind", &self.kind, &mut out);
        text("apiVersion", &self.api_version, &mut out);
        out.insert("metadata".to_owned(), Value::Object(self.metadata.0.clone()));
        if let Some(immutable) = self.immutable {
            out.insert("immutable".to_owned(), Value::Bool(immutable));
        }
        if let Some(data) = self.data.as_ref().filter(|data| !data.is_empty()) {
            let item = |(name, value): (&String, &SecretSlice<u8>)| {
                (
                    name.clone(),
                    Value::String(STANDARD.encode(value.expose_secret())),
                )
            };
            out.insert("data".to_owned(), Value::Object(data.iter().map(item).collect()));
        }
        if let Some(texts) = self.string_data.as_ref().filter(|texts| !texts.is_empty()) {
            let item = |(name, value): (&String, &SecretString)| {
                (name.clone(), Value::String(value.expose_secret().to_owned()))
            };
            out.insert(
                "stringData".to_owned(),
                Value::Object(texts.iter().map(item).collect()),
            );
        }
        text("type", self.type_.as_deref().unwrap_or(""), &mut out);
        Value::Object(out)
    }
}

/// One value of `data`; null is an empty one.
fn bytes(item: &str, value: &Value, decoder: &Decoder) -> Result<SecretSlice<u8>, SecretError> {
    match value {
        Value::Null => Ok(SecretSlice::from(Vec::new())),
        Value::String(text) => {
            let decoded = decode_base64(text).map_err(|at| SecretError::Base64 {
                item: item.to_owned(),
                at,
            })?;
            // A copy of the exact length: shortening a vector in place may leave its old bytes behind.
            Ok(SecretSlice::from(decoded.to_vec()))
        }
        _ => Err(decoder.wrong("base64 text", value)),
    }
}

const FIELDS: [&str; 7] = [
    "apiVersion",
    "kind",
    "metadata",
    "type",
    "immutable",
    "data",
    "stringData",
];
