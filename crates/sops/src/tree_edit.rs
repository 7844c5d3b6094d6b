//! `set`, `unset` and `extract` on a document (spec/sops-cli §5).

use zeroize::Zeroizing;

use crate::store::{BytePatch, apply, binary, dotenv, emit, ini, json, yaml};
use crate::tree::{Branch, Element, Entry, Extracted, Leaf, NewValue, Node, Step, TreePath};
use crate::{Document, EditError, Layout, Store, Value, WriteError};

impl Document {
    /// Replaces or adds a value in document 0 (spec/sops-cli §5 `set`). True if something changed (type included).
    ///
    /// # Errors
    ///
    /// Empty path, string component on a list, a new top-level `sops` key, a store that cannot hold it.
    pub fn set(&mut self, path: &TreePath, value: NewValue) -> Result<bool, EditError> {
        match path.0.first() {
            None => return Err(shape(path, 0, "the path is empty")),
            Some(Step::Key(key)) if self.store.reserves(key) => return Err(EditError::ReservedKey),
            Some(_) => {}
        }
        if find(&self.branches, path).is_ok_and(|found| is(&found, &value)) {
            return Ok(false);
        }
        let plain = self.plain_text()?;
        let patches = match self.store {
            Store::Binary => binary::set(&plain.source, &plain.branches, path, &value)?,
            Store::Dotenv => dotenv::set(&plain.source, &plain.branches, path, &value)?,
            Store::Ini => ini::set(&plain.source, &plain.branches, path, &value)?,
            Store::Json => json::set(&plain.source, &plain.branches, path, &value)?,
            Store::Yaml => yaml::set(&plain.source, path, &value)?,
        };
        *self = edited(&plain, patches)?;
        if let Some(branch) = self.branches.first_mut()
            && let Some(node) = find_mut(branch, path)
        {
            override_types(node, value);
        }
        Ok(true)
    }

    /// Removes a key or element of document 0. False if it was not there.
    ///
    /// # Errors
    ///
    /// A path into a scalar; a string component on a list.
    pub fn unset(&mut self, path: &TreePath) -> Result<bool, EditError> {
        let plain = self.plain_text()?;
        let patches = match self.store {
            Store::Binary => binary::unset(&plain.source, &plain.branches, path),
            Store::Dotenv => dotenv::unset(&plain.source, &plain.branches, path),
            Store::Ini => ini::unset(&plain.source, &plain.branches, path),
            Store::Json => json::unset(&plain.source, &plain.branches, path),
            Store::Yaml => yaml::unset(&plain.source, path),
        };
        let patches = match patches {
            Err(EditError::KeyNotFound { .. } | EditError::OutOfBounds { .. }) => return Ok(false),
            Ok(patches) if patches.is_empty() => return Ok(false),
            patches => patches?,
        };
        *self = edited(&plain, patches)?;
        Ok(true)
    }

    /// The value at a path of document 0, written for `output` (spec/sops-cli §5 `extract`).
    ///
    /// # Errors
    ///
    /// Not found, out of bounds, or not writable in that store.
    pub fn extract(&self, path: &TreePath, output: Store, layout: &Layout) -> Result<Extracted, EditError> {
        let layout = Layout {
            relayout: true,
            ..*layout
        };
        if path.0.is_empty() {
            return Ok(Extracted::Text(output.write_plain(self, &layout)?));
        }
        match find(&self.branches, path)? {
            Found::Node(Node::Leaf(Leaf {
                value: Value::Str(bytes),
                ..
            }))
            | Found::Comment(Leaf {
                value: Value::Str(bytes),
                ..
            }) => Ok(Extracted::Bytes(Zeroizing::new(bytes.to_vec()))),
            Found::Node(Node::Mapping(entries)) => {
                let entries = entries.iter().map(Entry::duplicate).collect();
                let rest = self.branches.iter().skip(1).map(Branch::duplicate);
                let branches: Vec<Branch> = std::iter::once(Branch { entries }).chain(rest).collect();
                Ok(Extracted::Text(emit(output, &branches, None, &layout)?))
            }
            Found::Node(node) => Ok(Extracted::Text(match output {
                Store::Yaml => yaml::emit_value(node, &layout),
                Store::Ini | Store::Json => json::emit_value(node, &layout)?,
                Store::Binary | Store::Dotenv => {
                    let what = "this file type holds only texts: choose another output type";
                    return Err(WriteError::Unsupported {
                        path: path.to_string(),
                        what,
                    }
                    .into());
                }
            })),
            Found::Comment(_) => Err(shape(path, path.0.len(), "a comment")),
        }
    }

    /// The document as its own plain text says it.
    fn plain_text(&self) -> Result<Self, EditError> {
        let text = self.store.write_plain(self, &Layout::default())?;
        self.store.read_plain(&text).map_err(|_| unreadable())
    }
}

fn edited(plain: &Document, mut patches: Vec<BytePatch>) -> Result<Document, EditError> {
    let text = apply(&plain.source, &mut patches)?;
    plain.store.read_plain(&text).map_err(|_| unreadable())
}

fn unreadable() -> EditError {
    EditError::Write(WriteError::Unsupported {
        path: String::new(),
        what: "what would be written does not read back",
    })
}

/// What is at the end of a path.
enum Found<'a> {
    Node(&'a Node),
    Comment(&'a Leaf),
}

fn find<'a>(branches: &'a [Branch], path: &TreePath) -> Result<Found<'a>, EditError> {
    let mut entries = branches.first().map(|branch| branch.entries.as_slice());
    let mut node: Option<&'a Node> = None;
    for (at, step) in path.0.iter().enumerate() {
        if let Some(Node::Mapping(inner)) = node {
            entries = Some(inner);
        } else if node.is_some() {
            entries = None;
        }
        node = match (step, entries, node) {
            (Step::Key(key), Some(entries), _) => {
                let found = entries.iter().find_map(|entry| match entry {
                    Entry::Pair(other, node) if other.text.as_str() == key => Some(node),
                    _ => None,
                });
                Some(found.ok_or_else(|| EditError::KeyNotFound { key: key.clone() })?)
            }
            (Step::Index(index), None, Some(Node::Sequence(elements))) => match elements.get(*index) {
                Some(Element::Node(node)) => Some(node),
                Some(Element::Comment(leaf)) if at + 1 == path.0.len() => return Ok(Found::Comment(leaf)),
                Some(Element::Comment(_)) => return Err(shape(path, at, "the path goes into a comment")),
                None => {
                    return Err(EditError::OutOfBounds {
                        index: *index,
                        length: elements.len(),
                    });
                }
            },
            (Step::Index(_), Some(_), _) => return Err(shape(path, at, "an index on a mapping")),
            (Step::Key(_), None, Some(Node::Sequence(_))) => return Err(shape(path, at, "a key on a list")),
            _ => return Err(shape(path, at, "the path goes into a scalar")),
        };
    }
    node.map(Found::Node)
        .ok_or_else(|| shape(path, 0, "the path is empty"))
}

/// The node that `set` has put there; an index beyond the end means the last element.
fn find_mut<'a>(branch: &'a mut Branch, path: &TreePath) -> Option<&'a mut Node> {
    let (first, rest) = path.0.split_first()?;
    let mut node = in_entries(&mut branch.entries, first)?;
    for step in rest {
        node = match (node, step) {
            (Node::Mapping(entries), step) => in_entries(entries, step)?,
            (Node::Sequence(elements), Step::Index(index)) => {
                let last = elements.len().checked_sub(1)?;
                match elements.get_mut((*index).min(last))? {
                    Element::Node(node) => node,
                    Element::Comment(_) => return None,
                }
            }
            _ => return None,
        };
    }
    Some(node)
}

fn in_entries<'a>(entries: &'a mut [Entry], step: &Step) -> Option<&'a mut Node> {
    let Step::Key(key) = step else { return None };
    entries.iter_mut().find_map(|entry| match entry {
        Entry::Pair(other, node) if other.text.as_str() == key => Some(node),
        _ => None,
    })
}

/// Same type, same content.
fn is(found: &Found<'_>, value: &NewValue) -> bool {
    match found {
        Found::Node(node) => same(node, value),
        Found::Comment(_) => false,
    }
}

fn same(node: &Node, value: &NewValue) -> bool {
    match (node, value) {
        (Node::Leaf(leaf), NewValue::Scalar(value)) => leaf.value.same(value),
        (Node::Mapping(entries), NewValue::Object(wanted)) => {
            entries.len() == wanted.len()
                && entries
                    .iter()
                    .zip(wanted)
                    .all(|(entry, (key, value))| match entry {
                        Entry::Pair(other, node) => other.text.as_str() == key && same(node, value),
                        Entry::Comment(_) => false,
                    })
        }
        (Node::Sequence(elements), NewValue::Array(wanted)) => {
            elements.len() == wanted.len()
                && elements.iter().zip(wanted).all(|(element, value)| match element {
                    Element::Node(node) => same(node, value),
                    Element::Comment(_) => false,
                })
        }
        _ => false,
    }
}

/// Numbers from `set` are floats, whatever the text says: the type asked for goes over the one read.
fn override_types(node: &mut Node, value: NewValue) {
    match (node, value) {
        // Stores that hold only texts keep the text.
        (Node::Leaf(leaf), NewValue::Scalar(value))
            if !leaf.value.same(&value)
                && !matches!(value, Value::Null)
                && (matches!(value, Value::Str(_)) || !matches!(leaf.value, Value::Str(_))) =>
        {
            leaf.value = value;
            leaf.spelling = None;
            leaf.changed = true;
        }
        (Node::Mapping(entries), NewValue::Object(wanted)) => {
            for (entry, (_, value)) in entries.iter_mut().zip(wanted) {
                if let Entry::Pair(_, node) = entry {
                    override_types(node, value);
                }
            }
        }
        (Node::Sequence(elements), NewValue::Array(wanted)) => {
            for (element, value) in elements.iter_mut().zip(wanted) {
                if let Element::Node(node) = element {
                    override_types(node, value);
                }
            }
        }
        _ => {}
    }
}

fn shape(path: &TreePath, at: usize, what: &'static str) -> EditError {
    let known = path.0.get(..at).unwrap_or(&path.0);
    EditError::Shape {
        path: TreePath(known.to_vec()).to_string(),
        what,
    }
}
