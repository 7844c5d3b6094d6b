//! Places that a value may have been sealed for.

use std::collections::{BTreeSet, HashSet};

use crds::SealedSecret;
use serde_json::{Map, Value};

use crate::{Label, Scope, SealedBy};

/// What a label is made of.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) scope: Scope,
    pub(super) namespace: String,
    pub(super) name: String,
}

impl Place {
    /// The place that metadata name.
    pub(super) fn of(metadata: &Map<String, Value>) -> Self {
        let text = |field| {
            metadata
                .get(field)
                .and_then(Value::as_str)
                .unwrap_or("")
                .to_owned()
        };
        Self {
            scope: Scope::of_metadata(metadata),
            namespace: text("namespace"),
            name: text("name"),
        }
    }

    pub(super) fn label(&self) -> Label {
        Label::new(self.scope, &self.namespace, &self.name)
    }
}

/// Places to try, likeliest first; none twice, and never the object's own.
pub(super) struct Guesses(Vec<Place>);

impl Guesses {
    /// The annotation's places, then every scope over the names and namespaces of the object, its template and the
    /// annotation, then each pair that the caller names, also with the object's own name or namespace.
    pub(super) fn new(
        sealed: &SealedSecret,
        own: &Place,
        hints: &SealedBy,
        pairs: &[(String, String)],
    ) -> Self {
        let mut guesses = Self(Vec::new());
        let mut namespaces = BTreeSet::from([own.namespace.clone()]);
        let mut names = BTreeSet::from([own.name.clone()]);
        for entry in &hints.entries {
            let place = Place {
                scope: entry.scope,
                namespace: entry.namespace.clone().unwrap_or_default(),
                name: entry.name.clone().unwrap_or_default(),
            };
            namespaces.extend(entry.namespace.clone());
            names.extend(entry.name.clone());
            guesses.0.push(place);
        }
        let template = sealed.spec.template.as_ref();
        if let Some(metadata) = template.and_then(|template| template.metadata.as_ref()) {
            let place = Place::of(metadata);
            namespaces.insert(place.namespace);
            names.insert(place.name);
        }
        guesses.push(Scope::ClusterWide, "", "");
        for namespace in &namespaces {
            guesses.push(Scope::NamespaceWide, namespace, "");
            for name in &names {
                guesses.push(Scope::Strict, namespace, name);
            }
        }
        for (namespace, name) in pairs {
            guesses.push(Scope::Strict, namespace, name);
            guesses.push(Scope::Strict, &own.namespace, name);
            guesses.push(Scope::Strict, namespace, &own.name);
            guesses.push(Scope::NamespaceWide, namespace, "");
        }
        let mut seen = HashSet::from([own.label()]);
        guesses.0.retain(|place| seen.insert(place.label()));
        guesses
    }

    pub(super) fn places(&self) -> impl Iterator<Item = &Place> {
        self.0.iter()
    }

    /// What opened one item opens the next one most likely: it is tried first from now on.
    pub(super) fn prefer(&mut self, index: usize) {
        self.0[..=index].rotate_right(1);
    }

    fn push(&mut self, scope: Scope, namespace: &str, name: &str) {
        self.0.push(Place {
            scope,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        });
    }
}
