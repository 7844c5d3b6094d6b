//! Why a SealedSecret opens or not, from public data; with keys also by trying (spec/security S-54: on the laptop).

mod finding;
mod guess;

use crds::SealedSecret;
use serde_json::{Map, Value};

pub use finding::{Base64Fault, Finding};
use guess::{Guesses, Place};

use crate::envelope::{TAG_BYTES, open_with};
use crate::{KeyRing, Label, Scope, SealedBy, SealedValue, sealed_by::SealedByEntry};

/// What is known about one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Scope by its own annotations.
    pub scope: Scope,
    /// Its own namespace.
    pub namespace: String,
    /// Its own name.
    pub name: String,
    /// About the object as a whole.
    pub findings: Vec<Finding>,
    /// About each item, in order.
    pub items: Vec<(String, Vec<Finding>)>,
}

/// Says all that public data say; with a ring, also which key opens which item, and under which other label
/// (template's name, annotation's place, the names in `guesses`: pairs of namespace and name).
///
/// Costs without a ring: a base64 pass over each value. With one: an RSA operation for each item and key that fits; only
/// for items that do not open under their own label, one more for each key and label to guess.
pub fn explain(sealed: &SealedSecret, ring: Option<&KeyRing>, guesses: &[(String, String)]) -> Explanation {
    let own = Place::of(&sealed.metadata);
    let hints = SealedBy::of_object(sealed);
    let mut guesses = Guesses::new(sealed, &own, &hints, guesses);
    let items = sealed.spec.encrypted_data.iter().map(|(item, text)| {
        let hint = hints.of(item);
        let mut findings: Vec<Finding> = hint
            .filter(|hint| !hint.items.is_empty())
            .map_or_else(Vec::new, |hint| hinted(hint, &own, ring));
        match readable(text) {
            Err(fault) => findings.push(fault),
            Ok(value) => {
                if let Some(ring) = ring.filter(|ring| !ring.is_empty()) {
                    findings.push(tried(&value, &own, ring, hint, &mut guesses));
                }
            }
        }
        (item.clone(), findings)
    });
    Explanation {
        items: items.collect(),
        findings: whole(sealed, &own, &hints, ring),
        scope: own.scope,
        namespace: own.namespace.clone(),
        name: own.name.clone(),
    }
}

/// What is to be said about the object as a whole.
fn whole(sealed: &SealedSecret, own: &Place, hints: &SealedBy, ring: Option<&KeyRing>) -> Vec<Finding> {
    let mut findings = Vec::new();
    if sealed.spec.data.is_some() {
        findings.push(Finding::DeprecatedBlob);
    } else if sealed.spec.encrypted_data.is_empty() {
        findings.push(Finding::Empty);
    }
    if own.scope != Scope::ClusterWide && own.namespace.is_empty() {
        findings.push(Finding::Missing { field: "namespace" });
    }
    if own.scope == Scope::Strict && own.name.is_empty() {
        findings.push(Finding::Missing { field: "name" });
    }
    for annotation in Scope::ALL.into_iter().filter_map(Scope::annotation) {
        if not_quite_true(&sealed.metadata, annotation) {
            findings.push(Finding::ScopeNotTrue {
                annotation: annotation.to_owned(),
            });
        }
    }
    let template = sealed.spec.template.as_ref();
    if let Some(metadata) = template.and_then(|template| template.metadata.as_ref()) {
        let scope = Scope::of_metadata(metadata);
        if scope > own.scope {
            findings.push(Finding::ScopeInTemplateOnly { scope });
        }
    }
    for entry in hints.entries.iter().filter(|entry| entry.items.is_empty()) {
        findings.extend(hinted(entry, own, ring));
    }
    findings
}

/// An annotation that was meant to count and does not. `false` and nothing are meant as they are.
fn not_quite_true(metadata: &Map<String, Value>, annotation: &str) -> bool {
    let value = || metadata.get("annotations")?.get(annotation);
    match value() {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(Value::String(text)) => !matches!(text.as_str(), "true" | "false" | ""),
        Some(_) => true,
    }
}

/// What the annotation says.
fn hinted(entry: &SealedByEntry, own: &Place, ring: Option<&KeyRing>) -> Vec<Finding> {
    let mut findings = vec![Finding::SealedBy {
        fingerprint: entry.fingerprint.clone(),
        have_key: ring.is_some_and(|ring| ring.find(&entry.fingerprint).is_some()),
    }];
    if entry.label() != own.label() {
        findings.push(Finding::SealedFor {
            scope: entry.scope,
            namespace: entry.namespace.clone().unwrap_or_default(),
            name: entry.name.clone().unwrap_or_default(),
        });
    }
    findings
}

/// The envelope, if its public form is whole.
fn readable(text: &str) -> Result<SealedValue, Finding> {
    let value = SealedValue::from_base64(text).map_err(|error| Finding::base64(text, error))?;
    let bytes = value.as_bytes().len();
    let Some(rsa_bytes) = value.rsa_bytes() else {
        return Err(Finding::Truncated { bytes, needed: 2 });
    };
    if !RSA_BYTES.contains(&rsa_bytes) || rsa_bytes % 8 != 0 {
        return Err(Finding::RsaLength { bytes: rsa_bytes });
    }
    let needed = 2 + rsa_bytes + TAG_BYTES;
    if bytes < needed {
        return Err(Finding::Truncated { bytes, needed });
    }
    Ok(value)
}

/// What the keys say.
fn tried(
    value: &SealedValue,
    own: &Place,
    ring: &KeyRing,
    hint: Option<&SealedByEntry>,
    guesses: &mut Guesses,
) -> Finding {
    let block = value.rsa_bytes().unwrap_or(0);
    let mut keys: Vec<_> = ring
        .keys()
        .iter()
        .filter(|key| key.unwrapping_key().block_bytes() == block)
        .collect();
    if keys.is_empty() {
        return Finding::NoKeyOfThisSize { bits: block * 8 };
    }
    keys.sort_by_key(|key| hint.is_none_or(|hint| hint.fingerprint != key.fingerprint()));
    let opens = |label: &Label| keys.iter().find(|key| open_with(value, label, key).is_some());
    if let Some(key) = opens(&own.label()) {
        return Finding::Opens {
            fingerprint: key.fingerprint().to_owned(),
        };
    }
    let found = guesses
        .places()
        .enumerate()
        .find_map(|(index, place)| Some((index, place.clone(), opens(&place.label())?)));
    let Some((index, place, key)) = found else {
        return Finding::OpensNever;
    };
    guesses.prefer(index);
    Finding::OpensAs {
        fingerprint: key.fingerprint().to_owned(),
        scope: place.scope,
        namespace: place.namespace,
        name: place.name,
    }
}

/// Lengths of RSA blocks that keys have: 1024 (old, not read here) to 8192 bits.
const RSA_BYTES: std::ops::RangeInclusive<usize> = 128..=1024;
