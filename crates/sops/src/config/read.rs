//! Taking typed fields out of a YAML text, with the place of everything that is wrong.

use std::collections::BTreeSet;

use yaml::scalar::{Resolved, resolve};
use yaml::{Item, NodeId, NodeKind, Stream};

use super::ConfigWarning;
use crate::ConfigError;

/// A text that is being read, and what was strange so far.
pub(super) struct Reader<'t> {
    pub(super) stream: Stream<'t>,
    pub(super) warnings: Vec<ConfigWarning>,
}

/// An entry of a mapping.
#[derive(Clone)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) key: NodeId,
    pub(super) value: NodeId,
}

impl Reader<'_> {
    /// An error at a node.
    pub(super) fn error(&self, at: NodeId, what: impl Into<String>) -> ConfigError {
        let position = self.stream.position(self.stream.node(at).span.start);
        ConfigError {
            line: position.line,
            column: position.column,
            what: what.into(),
        }
    }

    pub(super) fn line(&self, at: NodeId) -> usize {
        self.stream.position(self.stream.node(at).span.start).line
    }

    pub(super) fn warn(&mut self, at: NodeId, message: String) {
        let position = self.stream.position(self.stream.node(at).span.start);
        self.warnings.push(ConfigWarning {
            line: position.line,
            column: position.column,
            message,
        });
    }

    pub(super) fn is_null(&self, node: NodeId) -> bool {
        matches!(self.resolved(node), Some(Resolved::Null))
    }

    /// What a scalar means; `None` for a collection.
    pub(super) fn resolved(&self, node: NodeId) -> Option<Resolved> {
        let node = self.stream.resolve(node);
        match self.stream.node(node).kind {
            NodeKind::Scalar(style) => Some(resolve(self.stream.tag(node), style, &self.stream.value(node))),
            NodeKind::Mapping(_) | NodeKind::Sequence(_) | NodeKind::Alias(_) => None,
        }
    }

    /// The fields of a mapping, those merged in with `<<` last; null is an empty mapping.
    pub(super) fn mapping(&self, node: NodeId, what: &str) -> Result<Vec<Field>, ConfigError> {
        let mut fields = Vec::new();
        self.collect(node, what, &mut fields, 0)?;
        Ok(fields)
    }

    fn collect(&self, at: NodeId, what: &str, fields: &mut Vec<Field>, depth: u8) -> Result<(), ConfigError> {
        let node = self.stream.resolve(at);
        if self.is_null(node) {
            return Ok(());
        }
        if !matches!(self.stream.node(node).kind, NodeKind::Mapping(_)) {
            return Err(self.error(at, format!("{what} must be a mapping")));
        }
        if depth > MAX_MERGES {
            return Err(self.error(at, "merge keys nested too deeply"));
        }
        let (mut own, mut merged) = (BTreeSet::new(), Vec::new());
        for item in self.stream.items(node) {
            let Item::Entry(key, value) = *item else { continue };
            match self.resolved(key) {
                Some(Resolved::Merge) => merged.push(value),
                Some(_) => {
                    let name = self.stream.value(self.stream.resolve(key)).into_owned();
                    if !own.insert(name.clone()) {
                        return Err(self.error(key, format!("the key {name} is there twice")));
                    }
                    if !fields.iter().any(|field| field.name == name) {
                        fields.push(Field { name, key, value });
                    }
                }
                None => return Err(self.error(key, "a key must be a text")),
            }
        }
        for value in merged {
            let target = self.stream.resolve(value);
            if matches!(self.stream.node(target).kind, NodeKind::Sequence(_)) {
                for element in self.elements(target) {
                    self.collect(element, "a merged value", fields, depth + 1)?;
                }
            } else {
                self.collect(value, "a merged value", fields, depth + 1)?;
            }
        }
        Ok(())
    }

    /// The elements of a list; null is an empty list.
    pub(super) fn list(&self, node: NodeId, what: &str) -> Result<Vec<NodeId>, ConfigError> {
        let target = self.stream.resolve(node);
        if self.is_null(target) {
            return Ok(Vec::new());
        }
        match self.stream.node(target).kind {
            NodeKind::Sequence(_) => Ok(self.elements(target)),
            NodeKind::Scalar(_) | NodeKind::Mapping(_) | NodeKind::Alias(_) => {
                Err(self.error(node, format!("{what} must be a list")))
            }
        }
    }

    pub(super) fn is_list(&self, node: NodeId) -> bool {
        matches!(
            self.stream.node(self.stream.resolve(node)).kind,
            NodeKind::Sequence(_)
        )
    }

    fn elements(&self, list: NodeId) -> Vec<NodeId> {
        let items = self.stream.items(list).iter();
        items
            .filter_map(|item| match item {
                Item::Element(node) => Some(*node),
                Item::Comment(_) | Item::Entry(..) => None,
            })
            .collect()
    }

    /// A text: any scalar as it is written; null is empty.
    pub(super) fn text(&self, node: NodeId, what: &str) -> Result<String, ConfigError> {
        match self.resolved(node) {
            None => Err(self.error(node, format!("{what} must be a text"))),
            Some(Resolved::Null) => Ok(String::new()),
            Some(_) => Ok(self.stream.value(self.stream.resolve(node)).into_owned()),
        }
    }

    /// An integer; null is 0.
    pub(super) fn int(&self, node: NodeId, what: &str) -> Result<i64, ConfigError> {
        match self.resolved(node) {
            Some(Resolved::Null) => Ok(0),
            Some(Resolved::Int(int)) => Ok(int),
            _ => Err(self.error(node, format!("{what} must be an integer"))),
        }
    }

    /// A boolean, also in the words of YAML 1.1; null is false.
    pub(super) fn flag(&self, node: NodeId, what: &str) -> Result<bool, ConfigError> {
        match self.resolved(node) {
            Some(Resolved::Null) => return Ok(false),
            Some(Resolved::Bool(flag)) => return Ok(flag),
            Some(Resolved::Str) => {}
            _ => return Err(self.error(node, format!("{what} must be true or false"))),
        }
        match &*self.stream.value(self.stream.resolve(node)) {
            "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Ok(true),
            "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Ok(false),
            _ => Err(self.error(node, format!("{what} must be true or false"))),
        }
    }

    /// Warns of a field that nobody reads, and names the one that may be meant.
    pub(super) fn unknown(&mut self, field: &Field, place: &str, known: &[&str]) {
        let near = known
            .iter()
            .map(|name| (distance(&field.name, name), name))
            .min()
            .filter(|(distance, name)| *distance <= 2.max(name.len() / 4));
        let hint = near
            .map(|(_, name)| format!("; is {name} meant?"))
            .unwrap_or_default();
        self.warn(
            field.key,
            format!("unknown field {} in {place} is ignored{hint}", field.name),
        );
    }

    /// Whether there is an anchor in a value: then it is a place to keep keys for aliases, and no mistake.
    pub(super) fn has_anchor(&self, node: NodeId) -> bool {
        let mut stack = vec![node];
        while let Some(id) = stack.pop() {
            if self.stream.node(id).anchor.is_some() {
                return true;
            }
            for item in self.stream.items(id) {
                match item {
                    Item::Entry(_, value) => stack.push(*value),
                    Item::Element(node) => stack.push(*node),
                    Item::Comment(_) => {}
                }
            }
        }
        false
    }
}

/// Edits of single characters from one word to the other. Long words are all equally far.
fn distance(a: &str, b: &str) -> usize {
    if a.len() > MAX_WORD {
        return usize::MAX;
    }
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let cost = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = cost.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

/// Bytes of a field name that is compared with the known ones.
const MAX_WORD: usize = 64;

/// Levels of mappings that merge mappings.
const MAX_MERGES: u8 = 20;
