//! The nodes of one parsed document: found by key, and guarded against aliases and merge keys.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use yaml::{Item, NodeId, NodeKind, ScalarStyle, Stream};

use super::FileError;
use super::lines::line_of;

/// A document and the nodes that its aliases share.
pub(super) struct Nodes<'s, 't> {
    pub(super) stream: &'s Stream<'t>,
    root: NodeId,
    /// Nodes that an alias stands for.
    shared: BTreeSet<NodeId>,
    /// The items of the List, once they were asked for.
    items: OnceCell<Vec<NodeId>>,
}

impl<'s, 't> Nodes<'s, 't> {
    /// Finds the one document that has content.
    pub(super) fn of(stream: &'s Stream<'t>) -> Result<Self, FileError> {
        let mut roots = stream
            .documents()
            .iter()
            .map(|document| document.root)
            .filter(|&root| !stream.node(root).span.is_empty());
        let root = roots.next().ok_or(FileError::Form {
            line: 1,
            what: "the document is empty",
        })?;
        let nodes = Self {
            stream,
            root,
            shared: shared(stream, root),
            items: OnceCell::new(),
        };
        match roots.next() {
            Some(second) => Err(nodes.form(second, "a second document without a '---' line before it")),
            None => Ok(nodes),
        }
    }

    /// The object: the document, or an item of its List.
    pub(super) fn object(&self, item: Option<usize>) -> Result<NodeId, FileError> {
        let Some(item) = item else {
            self.editable(self.root)?;
            return Ok(self.root);
        };
        let items = match self.items.get() {
            Some(items) => items,
            None => {
                let items = self.list()?;
                self.items.get_or_init(|| items)
            }
        };
        let found = items.get(item).copied();
        let found = found.ok_or_else(|| self.form(self.root, "the items of the List are not found"))?;
        self.editable(found)?;
        Ok(found)
    }

    fn list(&self) -> Result<Vec<NodeId>, FileError> {
        let (_, items) = self
            .entry(self.root, "items")?
            .ok_or_else(|| self.form(self.root, "the items of the List are not found"))?;
        self.editable(items)?;
        let elements = self.stream.items(items).iter().filter_map(|item| match *item {
            Item::Element(node) => Some(node),
            Item::Comment(_) | Item::Entry(..) => None,
        });
        Ok(elements.collect())
    }

    /// Key and value of an entry of a mapping.
    pub(super) fn entry(&self, mapping: NodeId, key: &str) -> Result<Option<(NodeId, NodeId)>, FileError> {
        let mut found = None;
        for item in self.stream.items(mapping) {
            let Item::Entry(name, value) = *item else { continue };
            if self.is_merge(name) {
                return Err(self.form(name, "a merge key ('<<') is not edited: write the entries out"));
            }
            if self.name(name) == key && found.replace((name, value)).is_some() {
                return Err(self.form(name, "this key stands there twice"));
            }
        }
        Ok(found)
    }

    /// Refuses a node that is an alias, or that an alias shares.
    pub(super) fn editable(&self, node: NodeId) -> Result<(), FileError> {
        if matches!(self.stream.node(node).kind, NodeKind::Alias(_)) {
            return Err(self.form(node, "an alias is not edited: write the value out"));
        }
        if self.shared.contains(&node) {
            return Err(self.form(node, "an alias shares this value: write it out at both places"));
        }
        Ok(())
    }

    /// Refuses an object with an alias or a merge key in it, or with a node that an alias outside shares.
    pub(super) fn unshared(&self, object: NodeId) -> Result<(), FileError> {
        let mut open = vec![object];
        while let Some(node) = open.pop() {
            self.editable(node)?;
            for item in self.stream.items(node) {
                match *item {
                    Item::Entry(key, _) if self.is_merge(key) => {
                        return Err(self.form(key, "a merge key ('<<') is not edited: write the entries out"));
                    }
                    Item::Entry(key, value) => open.extend([key, value]),
                    Item::Element(value) => open.push(value),
                    Item::Comment(_) => {}
                }
            }
        }
        Ok(())
    }

    pub(super) fn is_mapping(&self, node: NodeId) -> bool {
        matches!(self.stream.node(node).kind, NodeKind::Mapping(_))
    }

    /// Whether a node is written in brackets.
    pub(super) fn is_flow(&self, node: NodeId) -> bool {
        match &self.stream.node(node).kind {
            NodeKind::Mapping(inner) | NodeKind::Sequence(inner) => inner.flow,
            NodeKind::Scalar(_) | NodeKind::Alias(_) => false,
        }
    }

    /// A value that counts as missing: nothing, or null.
    pub(super) fn is_null(&self, node: NodeId) -> bool {
        self.stream.node(node).kind == NodeKind::Scalar(ScalarStyle::Plain)
            && matches!(
                self.stream.value(node).as_ref(),
                "" | "~" | "null" | "Null" | "NULL"
            )
    }

    /// A key as the peer reads it: under YAML 1.1 `y` is `true` (spec/sealed-secrets §12).
    pub(super) fn name(&self, key: NodeId) -> String {
        let text = self.stream.value(key).into_owned();
        if self.stream.node(key).kind != NodeKind::Scalar(ScalarStyle::Plain)
            || self.stream.tag(key).is_some()
        {
            return text;
        }
        match text.as_str() {
            "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "True" | "TRUE" => "true".into(),
            "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" | "False" | "FALSE" => "false".into(),
            _ => text,
        }
    }

    /// First byte of a node with its anchor and tag.
    pub(super) fn start(&self, node: NodeId) -> usize {
        let node = self.stream.node(node);
        let anchor = node.anchor.as_ref().map(|anchor| anchor.start.saturating_sub(1));
        let tag = node.tag.as_ref().map(|tag| tag.start);
        [anchor, tag]
            .into_iter()
            .flatten()
            .fold(node.span.start, usize::min)
    }

    /// An error at a node.
    pub(super) fn form(&self, node: NodeId, what: &'static str) -> FileError {
        FileError::Form {
            line: line_of(self.stream.text(), self.stream.node(node).span.start),
            what,
        }
    }

    fn is_merge(&self, key: NodeId) -> bool {
        let plain = self.stream.node(key).kind == NodeKind::Scalar(ScalarStyle::Plain);
        plain && self.stream.value(key) == "<<" && self.stream.tag(key) != Some("!!str")
    }
}

fn shared(stream: &Stream<'_>, root: NodeId) -> BTreeSet<NodeId> {
    // No alias is written without its star.
    if !stream.text().contains('*') {
        return BTreeSet::new();
    }
    let mut found = BTreeSet::new();
    let mut open = vec![root];
    while let Some(node) = open.pop() {
        if let NodeKind::Alias(target) = stream.node(node).kind {
            found.insert(target);
        }
        for item in stream.items(node) {
            match *item {
                Item::Entry(key, value) => open.extend([key, value]),
                Item::Element(value) => open.push(value),
                Item::Comment(_) => {}
            }
        }
    }
    found
}
