//! `out`: where the SealedSecret of a cluster is written, as a path with places for namespace and name.

use std::path::{Component, Path, PathBuf};

/// A pattern such as `clusters/prod/{namespace}/{name}.yaml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutPattern(String);

impl OutPattern {
    /// Reads a pattern: relative, with `{name}`, possibly `{namespace}`, and no other place.
    ///
    /// # Errors
    ///
    /// What is wrong with it, in words.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let without = text.replace("{namespace}", "").replace("{name}", "");
        if without.contains(['{', '}']) {
            return Err("the places are {namespace} and {name}");
        }
        if !text.contains("{name}") {
            return Err("has no {name}: all Secrets would be written to one file");
        }
        let fine = |part| {
            matches!(
                part,
                Component::Normal(_) | Component::CurDir | Component::ParentDir
            )
        };
        if !Path::new(text).components().all(fine) {
            return Err("is a path seen from the folder of this file");
        }
        if !(text.ends_with(".yaml") || text.ends_with(".yml") || text.ends_with(".json")) {
            return Err("ends with .yaml, .yml or .json");
        }
        Ok(Self(text.to_owned()))
    }

    /// The path for one Secret. Nothing where the pattern needs a namespace and there is none.
    ///
    /// Both are names that Kubernetes takes: without slashes, and no `..`.
    pub fn path(&self, namespace: &str, name: &str) -> Option<PathBuf> {
        if namespace.is_empty() && self.0.contains("{namespace}") {
            return None;
        }
        Some(PathBuf::from(
            self.0.replace("{namespace}", namespace).replace("{name}", name),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_places_are_filled() {
        let path = |text: &str, namespace: &str| OutPattern::parse(text).unwrap().path(namespace, "db");
        assert_eq!(
            path("a/{namespace}/{name}.yaml", "shop"),
            Some(PathBuf::from("a/shop/db.yaml"))
        );
        assert_eq!(path("a/{namespace}/{name}.yaml", ""), None);
        assert_eq!(path("a-{name}.json", ""), Some(PathBuf::from("a-db.json")));
    }
}
