//! `SealedSecret` of `bitnami.com/v1alpha1` (spec/sealed-secrets §3).
//!
//! Holds ciphertext and public data only. Metadata stay as they were read, unknown fields included.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

/// A Secret whose values only one cluster can open.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SealedSecret {
    /// `SealedSecret`. Not checked: old files lack it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// `bitnami.com/v1alpha1`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub api_version: String,
    /// Its own metadata: what label and scope come from.
    #[serde(default, deserialize_with = "or_default")]
    pub metadata: Map<String, Value>,
    /// What is sealed, and into what it is unsealed.
    #[serde(default, deserialize_with = "or_default")]
    pub spec: SealedSecretSpec,
}

/// What is sealed, and into what it is unsealed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SealedSecretSpec {
    /// Shape of the Secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<SecretTemplate>,
    /// The deprecated single blob, base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// Item name to envelope in base64. What is not a string counts as an empty one.
    #[serde(default, deserialize_with = "texts_only")]
    pub encrypted_data: BTreeMap<String, String>,
}

/// Shape of the Secret.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretTemplate {
    /// Copied to the Secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Map<String, Value>>,
    /// Type of the Secret.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub type_: Option<String>,
    /// Whether the Secret can be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub immutable: Option<bool>,
    /// Item name to Go template; null leaves the item out of the Secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<BTreeMap<String, Option<String>>>,
}

/// Old files say `metadata: null`.
fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(from: D) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(from)?.unwrap_or_default())
}

fn texts_only<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, String>, D::Error> {
    let read = Option::<BTreeMap<String, Value>>::deserialize(from)?.unwrap_or_default();
    Ok(read
        .into_iter()
        .map(|(name, value)| match value {
            Value::String(text) => (name, text),
            _ => (name, String::new()),
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::SealedSecret;

    #[test]
    fn nulls_of_old_files_are_read() {
        let read: SealedSecret = serde_json::from_value(json!({
            "kind": "SealedSecret",
            "metadata": null,
            "spec": {
                "data": null,
                "template": {"metadata": null, "type": null, "immutable": null, "data": null},
                "encryptedData": null,
            },
            "status": {},
        }))
        .unwrap();
        assert!(read.metadata.is_empty() && read.spec.encrypted_data.is_empty());
        assert_eq!(read.spec.data, None);
        let template = read.spec.template.unwrap();
        assert!(template.metadata.is_none() && template.data.is_none() && template.type_.is_none());
        let bare: SealedSecret = serde_json::from_value(json!({"spec": null})).unwrap();
        assert_eq!(bare, SealedSecret::default());
    }

    #[test]
    fn items_that_are_no_texts_count_as_empty() {
        let read: SealedSecret = serde_json::from_value(json!({
            "spec": {"encryptedData": {"a": null, "b": 7, "c": {"d": 1}, "e": "text"}},
        }))
        .unwrap();
        let items: Vec<(&str, &str)> = read
            .spec
            .encrypted_data
            .iter()
            .map(|(item, text)| (item.as_str(), text.as_str()))
            .collect();
        assert_eq!(items, [("a", ""), ("b", ""), ("c", ""), ("e", "text")]);
    }

    #[test]
    fn a_template_tells_null_from_empty_and_takes_texts_only() {
        let read: SealedSecret = serde_json::from_value(json!({
            "spec": {"template": {"data": {"gone": null, "empty": "", "text": "t"}}},
        }))
        .unwrap();
        let data = read.spec.template.as_ref().unwrap().data.as_ref().unwrap();
        assert_eq!((&data["gone"], data["empty"].as_deref()), (&None, Some("")));
        let again: SealedSecret = serde_json::from_value(serde_json::to_value(&read).unwrap()).unwrap();
        assert_eq!(again, read);
        let number = json!({"spec": {"template": {"data": {"n": 1}}}});
        assert!(serde_json::from_value::<SealedSecret>(number).is_err());
    }

    #[test]
    fn fields_are_written_in_the_peers_order() {
        let text =
            r#"{"kind":"SealedSecret","apiVersion":"bitnami.com/v1alpha1","metadata":{"name":"n","x":1},"#
                .to_owned()
                + r#""spec":{"template":{"metadata":{"name":"n"},"type":"t","immutable":true,"data":{"d":"x"}},"#
                + r#""data":"AA==","encryptedData":{"a":"b"}}}"#;
        let read: SealedSecret = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
    }
}
