//! The annotation that says by which certificate, for which place, a file was sealed (spec/sealed-secrets §19.5).
//! A hint, never evidence.

use std::collections::BTreeSet;

use crds::SealedSecret;

use crate::{Label, Scope};

/// Name of the annotation.
pub const SEALED_BY: &str = "gitseal.dev/sealed-by";

/// `FINGERPRINT SCOPE [NAMESPACE[/NAME]]`, with further entries for single items.
///
/// ```text
/// SHA256:AbC… strict shop/db; SHA256:dEf… strict shop/db: password,token
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SealedBy {
    /// The entries. One without items is for all items that no other one names; it is the first, if there is one. A
    /// file that had no annotation and got one item has entries with items only.
    pub entries: Vec<SealedByEntry>,
}

/// One entry of the annotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedByEntry {
    /// Fingerprint of the public key.
    pub fingerprint: String,
    /// Scope.
    pub scope: Scope,
    /// Namespace, where the scope has one.
    pub namespace: Option<String>,
    /// Name, for strict.
    pub name: Option<String>,
    /// The items it is for; empty for the first entry.
    pub items: Vec<String>,
}

impl SealedBy {
    /// Reads the annotation; `None` for a text of another shape (it is only a hint).
    pub fn parse(text: &str) -> Option<Self> {
        let entries: Option<Vec<_>> = text.split(';').map(|entry| parse_entry(entry.trim())).collect();
        let entries = entries?;
        let general_elsewhere = entries.iter().skip(1).any(|entry| entry.items.is_empty());
        (!general_elsewhere).then_some(Self { entries })
    }

    /// The annotation of an object; nothing for an object without, or with one of another shape.
    pub fn of_object(sealed: &SealedSecret) -> Self {
        let text = || sealed.metadata.get("annotations")?.get(SEALED_BY)?.as_str();
        text().and_then(Self::parse).unwrap_or_default()
    }

    /// The annotation of an object that is sealed anew as a whole.
    pub fn whole(fingerprint: &str, scope: Scope, namespace: &str, name: &str) -> Self {
        Self {
            entries: vec![SealedByEntry::new(fingerprint, scope, namespace, name)],
        }
    }

    /// The text of the annotation.
    pub fn to_text(&self) -> String {
        let entries: Vec<String> = self.entries.iter().map(SealedByEntry::to_text).collect();
        entries.join("; ")
    }

    /// The entry that counts for an item.
    pub fn of(&self, item: &str) -> Option<&SealedByEntry> {
        let named = |entry: &&SealedByEntry| entry.items.iter().any(|named| named == item);
        self.entries.iter().find(named).or_else(|| self.general())
    }

    /// Notes that one item was sealed (again) by a key for a place; entries that fall together become one. Items whose
    /// names cannot stand in the annotation (no API server takes such names) are left out.
    pub fn note(&mut self, item: &str, entry: SealedByEntry) {
        self.forget(item);
        if self.general().is_some_and(|general| general.same_place(&entry)) || !writable(item) {
            return;
        }
        let same = self
            .entries
            .iter_mut()
            .find(|other| !other.items.is_empty() && other.same_place(&entry));
        match same {
            Some(same) => {
                same.items.push(item.to_owned());
                same.items.sort();
            }
            None => self.entries.push(SealedByEntry {
                items: vec![item.to_owned()],
                ..entry
            }),
        }
    }

    /// Forgets one item (it was removed).
    pub fn forget(&mut self, item: &str) {
        self.entries.retain_mut(|entry| {
            let general = entry.items.is_empty();
            entry.items.retain(|named| named != item);
            general || !entry.items.is_empty()
        });
    }

    /// An item was renamed.
    pub fn rename(&mut self, old: &str, new: &str) {
        let Some(entry) = self.of(old).cloned() else {
            return;
        };
        self.forget(old);
        self.note(new, entry);
    }

    /// Brings it into the shortest form for an object with these items: forgets items that are gone, drops a general
    /// entry that no item needs, and makes the entry of the most items the general one if every item has one.
    pub fn tidy<'a>(&mut self, items: impl IntoIterator<Item = &'a str>) {
        let items: BTreeSet<&str> = items.into_iter().collect();
        let named: Vec<String> = self
            .entries
            .iter()
            .flat_map(|entry| entry.items.clone())
            .collect();
        for gone in named.iter().filter(|item| !items.contains(item.as_str())) {
            self.forget(gone);
        }
        let named: BTreeSet<&str> = self
            .entries
            .iter()
            .flat_map(|entry| entry.items.iter().map(String::as_str))
            .collect();
        if items.is_empty() || named != items {
            return;
        }
        self.entries.retain(|entry| !entry.items.is_empty());
        let most = (0..self.entries.len())
            .max_by_key(|index| (self.entries[*index].items.len(), usize::MAX - index));
        if let Some(most) = most {
            let mut general = self.entries.remove(most);
            general.items.clear();
            self.entries.insert(0, general);
        }
    }

    fn general(&self) -> Option<&SealedByEntry> {
        self.entries.iter().find(|entry| entry.items.is_empty())
    }
}

impl SealedByEntry {
    /// An entry without items; of namespace and name, what the scope binds.
    pub fn new(fingerprint: &str, scope: Scope, namespace: &str, name: &str) -> Self {
        Self {
            fingerprint: fingerprint.to_owned(),
            scope,
            namespace: (scope != Scope::ClusterWide).then(|| namespace.to_owned()),
            name: (scope == Scope::Strict).then(|| name.to_owned()),
            items: Vec::new(),
        }
    }

    /// The label that it was sealed under.
    pub fn label(&self) -> Label {
        let text = |field: &Option<String>| field.clone().unwrap_or_default();
        Label::new(self.scope, &text(&self.namespace), &text(&self.name))
    }

    fn same_place(&self, other: &Self) -> bool {
        self.fingerprint == other.fingerprint
            && self.scope == other.scope
            && self.namespace == other.namespace
            && self.name == other.name
    }

    fn to_text(&self) -> String {
        let mut text = format!("{} {}", self.fingerprint, self.scope);
        if let Some(namespace) = &self.namespace {
            text.push(' ');
            text.push_str(namespace);
        }
        if let Some(name) = &self.name {
            text.push('/');
            text.push_str(name);
        }
        if !self.items.is_empty() {
            text.push_str(": ");
            text.push_str(&self.items.join(","));
        }
        text
    }
}

fn parse_entry(text: &str) -> Option<SealedByEntry> {
    let (head, items) = match text.split_once(": ") {
        Some((head, items)) => (
            head,
            items.split(',').map(|item| item.trim().to_owned()).collect(),
        ),
        None => (text, Vec::new()),
    };
    if items.iter().any(|item| !writable(item)) {
        return None;
    }
    let mut words = head.split_whitespace();
    let fingerprint = words.next().filter(|word| word.starts_with("SHA256:"))?;
    let scope: Scope = words.next()?.parse().ok()?;
    let place = words.next();
    // No name in a cluster has a colon: a list of items without an item, or something else altogether.
    if words.next().is_some() || place.is_some_and(|place| place.contains(':')) {
        return None;
    }
    let (namespace, name) = match (scope, place) {
        (Scope::ClusterWide, None) => ("", ""),
        (Scope::NamespaceWide, Some(namespace)) => (namespace, ""),
        (Scope::Strict, Some(place)) => place.split_once('/')?,
        _ => return None,
    };
    Some(SealedByEntry {
        items,
        ..SealedByEntry::new(fingerprint, scope, namespace, name)
    })
}

/// Whether an item's name can stand in the annotation: the characters that Kubernetes allows.
fn writable(item: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    !item.is_empty() && item.bytes().all(allowed)
}
