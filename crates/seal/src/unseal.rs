//! A SealedSecret to a Secret (spec/sealed-secrets §5).

use std::collections::{BTreeMap, BTreeSet};

use crds::SealedSecret;
use manifest::{Metadata, Secret, template};
use secrecy::SecretSlice;
use serde_json::{Value, json};

use crate::seal::{API_VERSION, KIND};
use crate::{
    ANNOTATION_PREFIX, ItemError, KeyRing, Label, OpenError, SealedBy, SealedValue, UnsealError, open_value,
};

/// What became of each item: its value and the index of the key that opened it.
pub type Opened = BTreeMap<String, Result<(SecretSlice<u8>, usize), OpenError>>;

/// Whether templates are rendered; `verify` and `rotate` of a controller never do (§16).
#[derive(Clone, Copy)]
pub enum Templates<'a> {
    /// Render, with these means.
    Render(&'a template::Outside<'a>, template::Limits),
    /// Leave them out.
    Ignore,
}

/// Opens every item and puts the Secret together: all of it, or every error. Items one after the other; a caller with
/// many cores opens them itself with [`open_item`] and calls [`assemble`].
///
/// # Errors
///
/// See [`UnsealError`].
pub fn unseal(
    sealed: &SealedSecret,
    ring: &KeyRing,
    templates: Templates<'_>,
) -> Result<Secret, UnsealError> {
    refuse_blob(sealed)?;
    let (label, hints) = (Label::of(sealed), SealedBy::of_object(sealed));
    let items = sealed.spec.encrypted_data.iter();
    let opened = items
        .map(|(item, text)| (item.clone(), open_item(item, text, &label, ring, &hints)))
        .collect();
    assemble(sealed, opened, templates)
}

/// Opens one item; the annotation says which key is tried first, and no more.
///
/// # Errors
///
/// See [`OpenError`].
pub fn open_item(
    item: &str,
    text: &str,
    label: &Label,
    ring: &KeyRing,
    hints: &SealedBy,
) -> Result<(SecretSlice<u8>, usize), OpenError> {
    let hint = hints.of(item).map(|entry| entry.fingerprint.as_str());
    open_value(&SealedValue::from_base64(text)?, label, ring, hint)
}

/// Steps 2 to 7 of §5.1 with items that are open already: metadata of the template, data, templates, name and namespace,
/// ownerReferences (§11.7: uid of the object or empty).
///
/// # Errors
///
/// See [`UnsealError`].
pub fn assemble(
    sealed: &SealedSecret,
    opened: Opened,
    templates: Templates<'_>,
) -> Result<Secret, UnsealError> {
    refuse_blob(sealed)?;
    let mut errors = Vec::new();
    let mut data = BTreeMap::new();
    for (item, opened) in opened {
        match opened {
            Ok((value, _)) => {
                data.insert(item, value);
            }
            Err(error) => errors.push(ItemError {
                item,
                text: error.to_string(),
            }),
        }
    }
    if let Templates::Render(outside, limits) = templates {
        render(sealed, &mut data, &mut errors, outside, &limits);
    }
    if !errors.is_empty() {
        return Err(UnsealError {
            items: errors,
            whole: None,
        });
    }
    let template = sealed.spec.template.as_ref();
    Ok(Secret {
        api_version: "v1".to_owned(),
        kind: "Secret".to_owned(),
        metadata: metadata(sealed),
        type_: template
            .and_then(|template| template.type_.clone())
            .filter(|type_| !type_.is_empty()),
        immutable: template.and_then(|template| template.immutable),
        data: (!data.is_empty()).then_some(data),
        ..Secret::default()
    })
}

/// Step 4 of §5.1, by the rules of 0.40: templates see each other's source; null leaves an item out; an item that was
/// sealed wins over a template of its name, whose errors count all the same.
fn render(
    sealed: &SealedSecret,
    data: &mut BTreeMap<String, SecretSlice<u8>>,
    errors: &mut Vec<ItemError>,
    outside: &template::Outside<'_>,
    limits: &template::Limits,
) {
    let Some(templates) = sealed
        .spec
        .template
        .as_ref()
        .and_then(|template| template.data.as_ref())
    else {
        return;
    };
    for (item, source) in templates {
        if let Some(source) = source
            && !data.contains_key(item)
        {
            data.insert(item.clone(), source.as_bytes().to_vec().into());
        }
    }
    let mut rendered = BTreeMap::new();
    for (item, source) in templates {
        let Some(source) = source else { continue };
        match template::render(item, source, data, outside, limits) {
            Ok(bytes) => {
                rendered.insert(item, bytes);
            }
            Err(error) => errors.push(ItemError {
                item: item.clone(),
                text: error.to_string(),
            }),
        }
    }
    let left_out: BTreeSet<&String> = templates
        .iter()
        .filter_map(|(item, source)| source.is_none().then_some(item))
        .collect();
    data.retain(|item, _| !left_out.contains(item));
    for (item, bytes) in rendered {
        if !sealed.spec.encrypted_data.contains_key(item) {
            data.insert(item.clone(), bytes);
        }
    }
}

/// Steps 2, 6 and 7 of §5.1.
fn metadata(sealed: &SealedSecret) -> Metadata {
    let template = sealed.spec.template.as_ref();
    let mut metadata = Metadata(
        template
            .and_then(|template| template.metadata.clone())
            .unwrap_or_default(),
    );
    let own = |field: &str| sealed.metadata.get(field).and_then(Value::as_str).unwrap_or("");
    for field in ["name", "namespace"] {
        if own(field).is_empty() {
            metadata.0.shift_remove(field);
        } else {
            metadata.set(field, own(field));
        }
    }
    // Old files have `creationTimestamp: null` (§18 no. 6).
    metadata.0.retain(|_, value| !value.is_null());
    let skip = format!("{ANNOTATION_PREFIX}skip-set-owner-references");
    if metadata.annotation(&skip) != Some("true") {
        let owner = json!([{
            "apiVersion": API_VERSION,
            "kind": KIND,
            "name": own("name"),
            "uid": own("uid"),
            "controller": true,
        }]);
        metadata.0.insert("ownerReferences".to_owned(), owner);
    }
    metadata.retain_known();
    metadata
}

/// The single blob of §5.4. A controller that accepts it opens it before it comes here.
pub(crate) fn refuse_blob(sealed: &SealedSecret) -> Result<(), UnsealError> {
    match sealed.spec.data {
        Some(_) => Err(UnsealError::whole(BLOB_REFUSED)),
        None => Ok(()),
    }
}

/// The peer's words.
const BLOB_REFUSED: &str = "using deprecated 'data' field, use 'encryptedData' or flip the feature flag";
