//! YAML documents to JSON values.

use std::collections::HashSet;

use ::yaml::{Budget, Item, NodeId, NodeKind, Position, Stream};
use serde_json::{Map, Number, Value};

use super::place::{Base, Cursor};
use super::{Document, Limits, split, whole};
use crate::scalar::{Scalar, float_text, resolve};
use crate::{Object, Origin, Problem};

/// Reads the documents of a text that begins at a place; `first` is the number of its first one.
pub(super) fn read(text: &str, base: Base, first: usize, limits: &Limits) -> Vec<Document> {
    let mut found = Vec::new();
    let mut number = first;
    for chunk in split::chunks(text) {
        if chunk.is_idle() {
            continue;
        }
        let base = base.then(chunk.base);
        let budget = Budget {
            bytes: limits.bytes,
            depth: limits.depth,
            documents: limits.documents,
            ..Budget::default()
        };
        match Stream::parse(chunk.text, &budget) {
            Ok(stream) => {
                for document in stream.documents() {
                    found.extend(read_document(&stream, document.root, base, number));
                    number += 1;
                }
            }
            Err(error) => {
                found.push(Err(vec![whole(number, base.shift(error.at), error.what)]));
                number += 1;
            }
        }
    }
    found
}

/// One document; nothing if it is empty.
fn read_document(stream: &Stream<'_>, root: NodeId, base: Base, document: usize) -> Option<Document> {
    let mut reader = Reader {
        stream,
        cursor: Cursor::new(stream.text(), base),
        document,
        path: Vec::new(),
        problems: Vec::new(),
    };
    let value = reader.value(root);
    if !reader.problems.is_empty() {
        return Some(Err(reader.problems));
    }
    if value.is_null() {
        return None;
    }
    let position = reader.position(root);
    let items = match value.get("items") {
        Some(Value::Array(_)) => reader.item_positions(root),
        _ => Vec::new(),
    };
    let origin = Origin {
        document,
        item: None,
        position,
    };
    Some(Ok(Object::new(value, origin).with_items(items)))
}

/// The node at a path, or the nearest one around it.
pub(super) fn find(stream: &Stream<'_>, root: NodeId, path: &[&str]) -> NodeId {
    let mut at = root;
    for name in path {
        let next = match stream.node(stream.resolve(at)).kind {
            NodeKind::Sequence(_) => name.parse().ok().and_then(|index: usize| {
                let elements = |item: &Item| {
                    if let Item::Element(id) = item {
                        Some(*id)
                    } else {
                        None
                    }
                };
                stream
                    .items(stream.resolve(at))
                    .iter()
                    .filter_map(elements)
                    .nth(index)
            }),
            _ => stream
                .items(stream.resolve(at))
                .iter()
                .find_map(|item| match item {
                    Item::Entry(key, value) if key_text(stream, *key).as_deref() == Ok(*name) => Some(*value),
                    _ => None,
                }),
        };
        let Some(next) = next else { break };
        at = next;
    }
    at
}

struct Reader<'s, 't> {
    stream: &'s Stream<'t>,
    cursor: Cursor<'t>,
    document: usize,
    path: Vec<Step>,
    problems: Vec<Problem>,
}

enum Step {
    Key(NodeId),
    Index(usize),
}

impl Reader<'_, '_> {
    fn value(&mut self, id: NodeId) -> Value {
        let stream = self.stream;
        let id = stream.resolve(id);
        match stream.node(id).kind {
            NodeKind::Scalar(_) => self.scalar(id),
            NodeKind::Mapping(_) => {
                let mut fields = Map::with_capacity(stream.items(id).len());
                self.mapping(id, &mut fields);
                Value::Object(fields)
            }
            NodeKind::Sequence(_) => {
                let mut items = Vec::with_capacity(stream.items(id).len());
                for item in stream.items(id) {
                    if let Item::Element(element) = item {
                        self.path.push(Step::Index(items.len()));
                        items.push(self.value(*element));
                        self.path.pop();
                    }
                }
                Value::Array(items)
            }
            // Resolved above; the parser makes no alias of an alias.
            NodeKind::Alias(_) => Value::Null,
        }
    }

    /// Puts the entries of a mapping into an object. A key given twice is refused; keys that come by `<<` replace what
    /// stands before them and give way to what follows, as with the peers.
    fn mapping(&mut self, id: NodeId, fields: &mut Map<String, Value>) {
        let entries = || {
            self.stream.items(id).iter().filter_map(|item| match item {
                Item::Entry(key, value) => Some((*key, *value)),
                _ => None,
            })
        };
        // Only beside merged keys it matters which ones are this mapping's own.
        let merged = !fields.is_empty() || entries().any(|(key, _)| self.is_merge(key));
        let mut own = HashSet::new();
        for (key, value) in entries().collect::<Vec<_>>() {
            if self.is_merge(key) {
                self.merge(value, fields);
                continue;
            }
            let name = match key_text(self.stream, key) {
                Ok(name) => name,
                Err(what) => {
                    self.refuse(key, what);
                    continue;
                }
            };
            self.path.push(Step::Key(key));
            let value = self.value(value);
            let twice = if merged { !own.insert(name.clone()) } else { false };
            if (fields.insert(name, value).is_some() && !merged) || twice {
                self.refuse(key, "key given twice");
            }
            self.path.pop();
        }
    }

    fn is_merge(&self, key: NodeId) -> bool {
        let node = self.stream.node(key);
        let NodeKind::Scalar(style) = node.kind else {
            return false;
        };
        self.stream.text().get(node.span.clone()) == Some("<<")
            && matches!(resolve(self.stream.tag(key), style, "<<"), Scalar::Merge)
    }

    fn merge(&mut self, value: NodeId, fields: &mut Map<String, Value>) {
        let value = self.stream.resolve(value);
        match self.stream.node(value).kind {
            NodeKind::Mapping(_) => self.mapping(value, fields),
            // The first one of a list wins.
            NodeKind::Sequence(_) => {
                for item in self.stream.items(value).iter().rev() {
                    let Item::Element(element) = item else { continue };
                    let element = self.stream.resolve(*element);
                    if matches!(self.stream.node(element).kind, NodeKind::Mapping(_)) {
                        self.mapping(element, fields);
                    } else {
                        self.refuse(element, NO_MERGE);
                    }
                }
            }
            _ => self.refuse(value, NO_MERGE),
        }
    }

    fn scalar(&mut self, id: NodeId) -> Value {
        let NodeKind::Scalar(style) = self.stream.node(id).kind else {
            return Value::Null;
        };
        let text = self.stream.value(id);
        match resolve(self.stream.tag(id), style, &text) {
            Scalar::Null => Value::Null,
            Scalar::Bool(value) => Value::Bool(value),
            Scalar::Int(value) => Value::Number(value.into()),
            Scalar::Uint(value) => Value::Number(value.into()),
            Scalar::Float(value) => match Number::from_f64(value) {
                Some(number) => Value::Number(number),
                None => self.refused(id, "infinity or not a number: put it in quotes if it is a text"),
            },
            Scalar::Text | Scalar::Merge => Value::String(text.into_owned()),
            Scalar::Binary(bytes) => match String::from_utf8(bytes) {
                Ok(text) => Value::String(text),
                Err(_) => self.refused(id, "binary value that is no text"),
            },
            Scalar::Mismatch => self.refused(id, "value does not fit its tag"),
        }
    }

    fn refused(&mut self, id: NodeId, what: &str) -> Value {
        self.refuse(id, what);
        Value::Null
    }

    fn refuse(&mut self, id: NodeId, what: &str) {
        if self.problems.len() < MOST_PROBLEMS {
            let problem = Problem {
                document: self.document,
                position: self.position(id),
                path: self.path_text(),
                what: what.to_owned(),
            };
            self.problems.push(problem);
        }
    }

    fn path_text(&self) -> String {
        let mut out = String::new();
        for step in &self.path {
            match step {
                Step::Key(key) => {
                    if !out.is_empty() {
                        out.push('.');
                    }
                    out.push_str(&key_text(self.stream, *key).unwrap_or_default());
                }
                Step::Index(index) => out.push_str(&format!("[{index}]")),
            }
        }
        out
    }

    fn position(&mut self, id: NodeId) -> Position {
        self.cursor.position(self.stream.node(id).span.start)
    }

    /// Where the elements of the top field `items` stand.
    fn item_positions(&mut self, root: NodeId) -> Vec<Position> {
        let list = self.stream.resolve(find(self.stream, root, &["items"]));
        let elements: Vec<NodeId> = (self.stream.items(list).iter())
            .filter_map(|item| {
                if let Item::Element(id) = item {
                    Some(*id)
                } else {
                    None
                }
            })
            .collect();
        elements
            .into_iter()
            .map(|element| self.position(element))
            .collect()
    }
}

/// A key as text: `y` is `true`, `0755` is `493`.
fn key_text(stream: &Stream<'_>, key: NodeId) -> Result<String, &'static str> {
    let key = stream.resolve(key);
    let NodeKind::Scalar(style) = stream.node(key).kind else {
        return Err("key is a list or a mapping");
    };
    let text = stream.value(key);
    match resolve(stream.tag(key), style, &text) {
        Scalar::Null => Err("key is null"),
        Scalar::Bool(value) => Ok(value.to_string()),
        Scalar::Int(value) => Ok(value.to_string()),
        Scalar::Uint(value) => Ok(value.to_string()),
        Scalar::Float(value) if value.is_nan() => Ok(".nan".to_owned()),
        Scalar::Float(value) => Ok(match float_text(value).as_str() {
            "+Inf" => ".inf".to_owned(),
            "-Inf" => "-.inf".to_owned(),
            finite => finite.to_owned(),
        }),
        Scalar::Text | Scalar::Merge => Ok(text.into_owned()),
        Scalar::Binary(bytes) => String::from_utf8(bytes).map_err(|_| "key is binary and no text"),
        Scalar::Mismatch => Err("key does not fit its tag"),
    }
}

const NO_MERGE: &str = "'<<' takes a mapping or a list of mappings";
/// Of one document; the rest would say the same.
const MOST_PROBLEMS: usize = 100;
