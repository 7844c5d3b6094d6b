//! A whole Secret to a SealedSecret (spec/sealed-secrets §11.1, steps 4, 6 and 7).

use std::collections::BTreeMap;

use crds::{SealedSecret, SealedSecretSpec, SecretTemplate};
use manifest::{Metadata, Secret};

use crate::{Label, Random, Scope, SealError, SealingCert, seal_value};

/// What is decided before sealing.
#[derive(Clone, Copy, Debug)]
pub struct Sealing<'a> {
    /// To whom.
    pub cert: &'a SealingCert,
    /// `None`: the Secret's own annotations decide (the peer's `--scope strict`). A scope replaces both annotations.
    pub scope: Option<Scope>,
}

/// Seals a Secret whose name and namespace are settled in its metadata: clears the fields of §11.1 step 6, moves the
/// scope annotation, seals `data` and then `stringData`. The result has kind and apiVersion, metadata, template
/// and encryptedData, nothing else.
///
/// # Errors
///
/// See [`SealError`].
pub fn seal_secret(
    secret: &Secret,
    sealing: Sealing<'_>,
    random: &mut Random<'_>,
) -> Result<SealedSecret, SealError> {
    let mut template = secret.metadata.clone();
    if let Some(scope) = sealing.scope {
        replace_scope(&mut template, scope);
    }
    clear(&mut template);
    let scope = Scope::of_metadata(&template.0);
    let label = Label::new(scope, template.namespace(), template.name());

    let mut encrypted_data = BTreeMap::new();
    for (item, plain) in secret.items() {
        let sealed = seal_value(plain, &label, sealing.cert, random)?;
        encrypted_data.insert(item.to_owned(), sealed.to_base64());
    }
    Ok(SealedSecret {
        kind: KIND.to_owned(),
        api_version: API_VERSION.to_owned(),
        metadata: own_metadata(&template, scope).0,
        spec: SealedSecretSpec {
            template: Some(SecretTemplate {
                metadata: Some(template.0),
                type_: secret.type_.clone().filter(|type_| !type_.is_empty()),
                immutable: secret.immutable,
                data: None,
            }),
            data: None,
            encrypted_data,
        },
    })
}

/// The SealedSecret's own metadata: name, namespace, and the scope annotation that counts.
fn own_metadata(template: &Metadata, scope: Scope) -> Metadata {
    let mut own = Metadata::default();
    for (field, text) in [("name", template.name()), ("namespace", template.namespace())] {
        if !text.is_empty() {
            own.set(field, text);
        }
    }
    if let Some(annotation) = scope.annotation() {
        own.set_annotation(annotation, "true");
    }
    own
}

fn replace_scope(metadata: &mut Metadata, scope: Scope) {
    for annotation in Scope::ALL.into_iter().filter_map(Scope::annotation) {
        metadata.remove_annotation(annotation);
    }
    if let Some(annotation) = scope.annotation() {
        metadata.set_annotation(annotation, "true");
    }
}

/// Takes away what belongs to the object in a cluster, and what could hold its values in clear (§16, no. 227).
fn clear(metadata: &mut Metadata) {
    for field in CLUSTERS_OWN {
        metadata.0.shift_remove(field);
    }
    for annotation in LAST_APPLIED {
        metadata.remove_annotation(annotation);
    }
    metadata.retain_known();
}

pub(crate) const KIND: &str = "SealedSecret";
pub(crate) const API_VERSION: &str = "bitnami.com/v1alpha1";

/// Fields of metadata that only a cluster writes.
const CLUSTERS_OWN: [&str; 8] = [
    "selfLink",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "ownerReferences",
];

/// Annotations that repeat the whole object.
const LAST_APPLIED: [&str; 2] = [
    "kubectl.kubernetes.io/last-applied-configuration",
    "kubecfg.ksonnet.io/last-applied-configuration",
];
