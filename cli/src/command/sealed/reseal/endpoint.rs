//! The controller as the one who opens: it gets the items to renew, and of its answer only their texts are taken.

use std::collections::BTreeMap;

use crds::{SealedSecret, SealedSecretSpec};
use seal::{ANNOTATION_PREFIX, SealedValue, SealingCert};
use serde_json::{Map, Value};

use crate::cluster::{ClusterError, Connection, Controller, Session};
use crate::command::sealed::connection;
use crate::error::{CliError, Kind};
use crate::io::Io;

/// A controller that answers.
pub(super) struct Endpoint {
    session: Session,
    /// What it seals to now.
    cert: SealingCert,
}

impl Endpoint {
    /// Calls the first of these controllers that is there.
    ///
    /// # Errors
    ///
    /// None is there, or its certificate is none.
    pub(super) fn open(
        connection: &Connection,
        controllers: &[Controller],
        io: &Io,
    ) -> Result<Self, CliError> {
        let (session, bytes) = connection::open(connection, controllers, io)?;
        let cert = SealingCert::from_pem(&bytes).map_err(|error| {
            CliError::new(Kind::Generic, "the controller has no certificate to seal to").because(error)
        })?;
        Ok(Self { session, cert })
    }

    /// Refuses another certificate than the one that it seals to: what it gives back could not be what was asked for.
    ///
    /// # Errors
    ///
    /// The two differ.
    pub(super) fn expect(&self, cert: &SealingCert) -> Result<(), CliError> {
        if self.cert.fingerprint() == cert.fingerprint() {
            return Ok(());
        }
        let mut error = CliError::new(
            Kind::Generic,
            "the controller seals to another certificate than the one named",
        );
        error.tried = vec![
            format!("named       {}", cert.fingerprint()),
            format!("controller  {}", self.cert.fingerprint()),
        ];
        Err(error
            .hint("gitseal fetch-cert stores the current certificate; --key reseals without the controller"))
    }

    /// New texts of these items.
    ///
    /// # Errors
    ///
    /// The controller cannot open one, does not answer, or answers something else.
    pub(super) fn renew(
        &mut self,
        sealed: &SealedSecret,
        items: &[String],
    ) -> Result<BTreeMap<String, String>, String> {
        let request = serde_json::to_vec(&request(sealed, items)).map_err(|error| error.to_string())?;
        let answer = self.session.rotate(&request).map_err(|error| reason(&error))?;
        taken(&answer, sealed, items, self.cert.bits() / 8).map_err(str::to_owned)
    }
}

/// What the controller gets: name, namespace, scope and the items. No template, as old controllers render them here, and
/// take what they give for the value of an item of that name (spec/sealed-secrets §7, §16).
fn request(sealed: &SealedSecret, items: &[String]) -> SealedSecret {
    let mut metadata = Map::new();
    for field in ["name", "namespace"] {
        if let Some(text) = sealed.metadata.get(field) {
            metadata.insert(field.to_owned(), text.clone());
        }
    }
    let annotations = sealed
        .metadata
        .get("annotations")
        .and_then(Value::as_object)
        .into_iter()
        .flatten();
    let scopes: Map<String, Value> = annotations
        .filter(|(name, _)| name.starts_with(ANNOTATION_PREFIX))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    if !scopes.is_empty() {
        metadata.insert("annotations".to_owned(), Value::Object(scopes));
    }
    let wanted = |(item, _): &(&String, &String)| items.contains(item);
    let texts = sealed.spec.encrypted_data.iter().filter(wanted);
    SealedSecret {
        kind: "SealedSecret".to_owned(),
        api_version: "bitnami.com/v1alpha1".to_owned(),
        metadata,
        spec: SealedSecretSpec {
            encrypted_data: texts.map(|(item, text)| (item.clone(), text.clone())).collect(),
            ..SealedSecretSpec::default()
        },
    }
}

/// The texts of the answer; each must be a value of its own under a key of the right size.
fn taken(
    answer: &[u8],
    sealed: &SealedSecret,
    items: &[String],
    block: usize,
) -> Result<BTreeMap<String, String>, &'static str> {
    let answer: SealedSecret =
        serde_json::from_slice(answer).map_err(|_| "the answer of the controller is no SealedSecret")?;
    let mut new = BTreeMap::new();
    for item in items {
        let text = answer
            .spec
            .encrypted_data
            .get(item)
            .ok_or("the answer of the controller lacks an item")?;
        let fits = SealedValue::from_base64(text).is_ok_and(|value| value.rsa_bytes() == Some(block));
        if !fits || sealed.spec.encrypted_data.get(item) == Some(text) {
            return Err("the answer of the controller holds something else than a value that is sealed anew");
        }
        new.insert(item.clone(), text.clone());
    }
    Ok(new)
}

fn reason(error: &ClusterError) -> String {
    match error {
        // What the peer answers to everything that it cannot do.
        ClusterError::Call { status: Some(500), .. } => {
            "the controller did not reseal it; it says no more (an item that does not open is the usual reason)".to_owned()
        }
        other => other.to_string(),
    }
}

/// Another thread stopped in the middle of a call.
pub(super) fn broken() -> CliError {
    CliError::new(Kind::Generic, "the connection to the controller is broken")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sealed(value: Value) -> SealedSecret {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn only_what_binds_and_the_items_are_sent() {
        let whole = sealed(json!({
            "kind": "SealedSecret", "apiVersion": "bitnami.com/v1alpha1",
            "metadata": {"name": "n", "namespace": "ns", "labels": {"a": "b"}, "annotations": {
                "sealedsecrets.bitnami.com/namespace-wide": "true", "gitseal.dev/sealed-by": "x", "note": "private"}},
            "spec": {"encryptedData": {"a": "AAAA", "b": "BBBB"}, "template": {"data": {"a": "{{ .b }}"}}},
        }));
        let sent = serde_json::to_value(request(&whole, &["b".to_owned()])).unwrap();
        let want = json!({
            "kind": "SealedSecret", "apiVersion": "bitnami.com/v1alpha1",
            "metadata": {"name": "n", "namespace": "ns",
                "annotations": {"sealedsecrets.bitnami.com/namespace-wide": "true"}},
            "spec": {"encryptedData": {"b": "BBBB"}},
        });
        assert_eq!(sent, want);
    }

    #[test]
    fn of_an_answer_only_fitting_texts_are_taken() {
        let old = sealed(json!({"spec": {"encryptedData": {"a": "AAI="}}}));
        // Two bytes of length, two of the block, 16 of the tag.
        let good = "AAIBAgMEBQYHCAkKCwwNDg8QERI=";
        let cases = [
            (
                "good",
                json!({"spec": {"encryptedData": {"a": good, "b": "else"}}}).to_string(),
                true,
            ),
            (
                "no item",
                json!({"spec": {"encryptedData": {"b": good}}}).to_string(),
                false,
            ),
            (
                "not base64",
                json!({"spec": {"encryptedData": {"a": "%"}}}).to_string(),
                false,
            ),
            (
                "another size",
                json!({"spec": {"encryptedData": {"a": "AAMBAgMEBQYHCAkKCwwNDg8QERIT"}}}).to_string(),
                false,
            ),
            ("no object", "ok".to_owned(), false),
        ];
        for (name, answer, fine) in cases {
            let got = taken(answer.as_bytes(), &old, &["a".to_owned()], 2);
            assert_eq!(got.is_ok(), fine, "case: {name}");
            if let Ok(texts) = got {
                assert_eq!(
                    texts.into_iter().collect::<Vec<_>>(),
                    [("a".to_owned(), good.to_owned())]
                );
            }
        }
        let same = json!({"spec": {"encryptedData": {"a": good}}});
        assert!(
            taken(same.to_string().as_bytes(), &sealed(same), &["a".to_owned()], 2).is_err(),
            "the old text"
        );
    }
}
