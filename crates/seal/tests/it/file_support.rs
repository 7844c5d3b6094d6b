//! Helpers of the tests of `seal::file`: no cryptography, items are made-up texts.

use std::collections::BTreeMap;

use crds::{SealedSecret, SealedSecretSpec, SecretTemplate};
use manifest::{Limits, Secret};
use seal::file::{FileError, Kind, Place, SealedFile};
use secrecy::{SecretSlice, SecretString};
use serde_json::{Map, Value};

/// Parses a text that must be readable.
pub(crate) fn parse(text: &str) -> SealedFile {
    SealedFile::parse(text, &Limits::default()).unwrap()
}

/// The first object of a kind.
pub(crate) fn first(file: &SealedFile, kind: Kind) -> Place {
    let found = file.objects().into_iter().find(|(_, found, _)| *found == kind);
    found.unwrap().0
}

/// Makes one edit on the first SealedSecret of a text; gives the new text.
pub(crate) fn edited(
    text: &str,
    edit: impl FnOnce(&mut SealedFile, Place) -> Result<(), FileError>,
) -> Result<String, FileError> {
    let mut file = parse(text);
    let place = first(&file, Kind::SealedSecret);
    edit(&mut file, place)?;
    Ok(file.into_text().to_string())
}

/// What sealing makes of a Secret (spec/sealed-secrets §11.1), with made-up ciphertexts.
pub(crate) fn sealed_like(secret: &Value) -> SealedSecret {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let mut template = secret["metadata"].as_object().cloned().unwrap_or_default();
    template.shift_remove("creationTimestamp");
    let mut own = Map::new();
    for field in ["name", "namespace"] {
        if let Some(value) = template.get(field) {
            own.insert(field.into(), value.clone());
        }
    }
    own.insert(
        "annotations".into(),
        serde_json::json!({ "gitseal.dev/sealed-by": "SHA256:x strict prod/db" }),
    );
    if let Some(Value::Object(annotations)) = template.get_mut("annotations") {
        annotations.shift_remove("kubectl.kubernetes.io/last-applied-configuration");
        if annotations.is_empty() {
            template.shift_remove("annotations");
        }
    }
    let items = ["data", "stringData"]
        .into_iter()
        .filter_map(|field| secret[field].as_object());
    SealedSecret {
        kind: "SealedSecret".into(),
        api_version: "bitnami.com/v1alpha1".into(),
        metadata: own,
        spec: SealedSecretSpec {
            template: Some(SecretTemplate {
                metadata: Some(template),
                type_: text(&secret["type"]),
                immutable: secret["immutable"].as_bool(),
                data: None,
            }),
            data: None,
            encrypted_data: items
                .flat_map(Map::keys)
                .map(|item| (item.clone(), format!("AgSEALED{}", item.len())))
                .collect(),
        },
    }
}

/// What unsealing makes of a SealedSecret: items under `text` become `stringData`.
pub(crate) fn opened_like(sealed: &SealedSecret, text: &[&str]) -> Secret {
    let template = sealed.spec.template.clone().unwrap_or_default();
    let mut metadata = template.metadata.unwrap_or_default();
    for field in ["name", "namespace"] {
        if let Some(value) = sealed.metadata.get(field) {
            metadata.insert(field.into(), value.clone());
        }
    }
    let mut data: BTreeMap<String, SecretSlice<u8>> = BTreeMap::new();
    let mut string_data: BTreeMap<String, SecretString> = BTreeMap::new();
    for item in sealed.spec.encrypted_data.keys() {
        if text.contains(&item.as_str()) {
            string_data.insert(item.clone(), format!("first {item}\nsecond\n").into());
        } else {
            data.insert(item.clone(), item.clone().into_bytes().into());
        }
    }
    Secret {
        api_version: "v1".into(),
        kind: "Secret".into(),
        metadata: manifest::Metadata(metadata),
        type_: template.type_,
        immutable: template.immutable,
        data: (!data.is_empty()).then_some(data),
        string_data: (!string_data.is_empty()).then_some(string_data),
        converted: Vec::new(),
    }
}
