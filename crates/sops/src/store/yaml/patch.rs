//! Changed leaves as bytes to replace, in the style of the place where they stand (spec/sops-format §8.7).

use std::borrow::Cow;
use std::ops::Range;

use yaml::ScalarStyle;
use yaml::scalar::{self, Context, Resolved, resolve};
use zeroize::Zeroizing;

use super::emit::emitted;
use super::{AliasSite, Kind, Place, Shape, words};
use crate::store::BytePatch;
use crate::tree::{self, Branch, Element, Entry, Leaf, Node};
use crate::{Value, WriteError, cipher};

/// What must be replaced in the source so that it says what the tree says.
pub(crate) fn patches(
    source: &[u8],
    branches: &[Branch],
    shape: &Shape,
) -> Result<Vec<BytePatch>, WriteError> {
    let text = std::str::from_utf8(source).map_err(|_| WriteError::Unsupported {
        path: String::new(),
        what: "the text is not UTF-8",
    })?;
    let mut patcher = Patcher {
        text,
        shape,
        patches: Vec::new(),
    };
    for branch in branches {
        patcher.entries(&branch.entries);
    }
    let mut patches = patcher.patches;
    for site in shape.aliases.iter().filter(|site| site.replace) {
        patches.extend(copy_of_target(text, branches, site)?);
    }
    Ok(patches)
}

struct Patcher<'a> {
    text: &'a str,
    shape: &'a Shape,
    patches: Vec<BytePatch>,
}

impl Patcher<'_> {
    fn entries(&mut self, entries: &[Entry]) {
        for entry in entries {
            match entry {
                Entry::Pair(_, node) => self.node(node),
                Entry::Comment(leaf) => self.comment(leaf),
            }
        }
    }

    fn node(&mut self, node: &Node) {
        match node {
            Node::Mapping(entries) => self.entries(entries),
            Node::Sequence(elements) => self.elements(elements),
            Node::Leaf(leaf) => self.scalar(leaf),
        }
    }

    fn elements(&mut self, elements: &[Element]) {
        let only_comments = elements
            .iter()
            .all(|element| matches!(element, Element::Comment(_)));
        for (at, element) in elements.iter().enumerate() {
            match element {
                Element::Node(Node::Leaf(leaf)) if is_comment(leaf) => self.item_of_comment(leaf),
                Element::Node(node) => self.node(node),
                Element::Comment(leaf) if is_comment(leaf) => self.comment(leaf),
                // A list of comments alone needs something to be a list.
                Element::Comment(leaf) => {
                    self.comment_of_item(leaf, only_comments && at + 1 == elements.len())
                }
            }
        }
    }

    fn comment(&mut self, leaf: &Leaf) {
        if let Some(place) = changed(leaf) {
            self.put(
                place.range.clone(),
                self.comment_text(leaf, place.range.start - 1),
            );
        }
    }

    /// Text behind `#`; further lines get a `#` of their own, in the column of the first.
    fn comment_text(&self, leaf: &Leaf, hash: usize) -> String {
        let Value::Str(bytes) = &leaf.value else {
            return String::new();
        };
        let text = String::from_utf8_lossy(bytes);
        if !text.contains('\n') {
            return text.into_owned();
        }
        let column = hash - self.line_start(hash);
        let front = format!("{}{}#", self.shape.line_break(), " ".repeat(column));
        text.trim_end_matches('\n').replace('\n', &front)
    }

    /// A list item that was an encrypted comment: the dash goes, a comment line takes its place.
    fn comment_of_item(&mut self, leaf: &Leaf, needs_list: bool) {
        let Some(place) = changed(leaf) else { return };
        let front = self.text.get(..place.range.start).unwrap_or_default();
        let line_break = self.shape.line_break();
        if place.flow {
            let rest = self.text.get(place.range.end..).unwrap_or_default();
            let comma = rest
                .trim_start()
                .strip_prefix(',')
                .map_or(0, |after| rest.len() - after.len());
            let text = format!("#{}{line_break} ", self.comment_text(leaf, place.range.start));
            self.put(place.range.start..place.range.end + comma, text);
            return;
        }
        let dash = front
            .trim_end_matches([' ', '\t'])
            .strip_suffix('-')
            .map_or(place.range.start, str::len);
        let mut text = format!("#{}", self.comment_text(leaf, dash));
        if needs_list {
            text.push_str(line_break);
            text.push_str(&" ".repeat(dash - self.line_start(dash)));
            text.push_str("[]");
        }
        self.put(dash..place.range.end, text);
    }

    /// A comment in a list that SOPS takes for a value (trap T16).
    fn item_of_comment(&mut self, leaf: &Leaf) {
        let Some(place) = changed(leaf) else { return };
        let hash = place.range.start - 1;
        let alone = self.text[self.line_start(hash)..hash]
            .bytes()
            .all(|byte| byte == b' ');
        if place.flow || !alone {
            self.put(place.range.clone(), self.comment_text(leaf, hash));
        } else {
            let text = self.scalar_text(leaf, place);
            let one_line = text.lines().next().unwrap_or_default();
            let text = if text.lines().count() > 1 {
                String::from("|-")
            } else {
                one_line.to_owned()
            };
            self.put(hash..place.range.end, format!("- {text}"));
        }
    }

    fn scalar(&mut self, leaf: &Leaf) {
        let Some(place) = changed(leaf) else { return };
        let text = self.scalar_text(leaf, place);
        if let Some(tag) = &place.tag
            && drops_tag(self.text.get(tag.clone()).unwrap_or_default(), &leaf.value)
        {
            let behind = self.text.get(tag.end..).unwrap_or_default();
            let blanks = behind.len() - behind.trim_start_matches([' ', '\t']).len();
            self.put(tag.start..tag.end + blanks, String::new());
        }
        let (head, body) = match text.find('\n') {
            Some(at) if text.starts_with(['|', '!']) => {
                text.split_at(if text[..at].ends_with('\r') { at - 1 } else { at })
            }
            _ => (text.as_str(), ""),
        };
        if let Some(comment) = &place.header_comment {
            let front = self.text[place.range.start..comment.start].trim_end().len();
            self.put(place.range.start..place.range.start + front, head.to_owned());
            self.put(comment.end..place.range.end, body.to_owned());
        } else if place.kind == Kind::Block || body.is_empty() {
            self.put(place.range.clone(), text);
        } else {
            // What follows on the line (a comment, blanks) stays in the header line.
            self.put(place.range.clone(), head.to_owned());
            let rest = &self.text[place.range.end..];
            let line = rest.find('\n').map_or(rest, |at| &rest[..at]);
            let end = place.range.end + line.strip_suffix('\r').unwrap_or(line).len();
            self.put(end..end, body.to_owned());
        }
    }

    /// The scalar as it goes into the text; a literal block carries its lines.
    fn scalar_text(&self, leaf: &Leaf, place: &Place) -> String {
        let tag = place.tag.clone().and_then(|tag| self.text.get(tag));
        let context = if place.flow {
            Context::Flow
        } else {
            Context::Block {
                indent: self.shape.content_column(place.under),
            }
        };
        let line_break = self.shape.line_break();
        let Value::Str(bytes) = &leaf.value else {
            let text = leaf
                .spelling
                .as_ref()
                .map_or_else(|| plain_text(&leaf.value), |text| text.as_str().into());
            if reads_back(tag, &text, &leaf.value) {
                return text.into_owned();
            }
            return yaml_text(&leaf.value).into_owned();
        };
        let Ok(value) = std::str::from_utf8(bytes) else {
            return scalar::write_binary(bytes, context, line_break);
        };
        let lines = self.text[place.range.clone()].contains('\n');
        if cipher::is_encrypted(value.as_bytes()) && !value.contains(['\n', '\'', '"']) {
            return match place.kind {
                Kind::Flow(ScalarStyle::SingleQuoted) if !lines => format!("'{value}'"),
                Kind::Flow(ScalarStyle::DoubleQuoted) if !lines => format!("\"{value}\""),
                _ if place.flow => format!("\"{value}\""),
                _ => value.to_owned(),
            };
        }
        let style = match place.kind {
            Kind::Flow(style) => style,
            Kind::Block | Kind::Comment => ScalarStyle::Literal,
        };
        // A tag makes a text of what would be a number without it.
        let tagged = tag.is_some() && style == ScalarStyle::Plain && is_word(value);
        if tagged && reads_back(tag, value, &leaf.value) {
            return value.to_owned();
        }
        let bare = self.shape.words && style == ScalarStyle::Plain && !place.flow && tag.is_none();
        if bare && words::is_word(value) {
            return value.to_owned();
        }
        let text = scalar::write_str_as(value, style, context, line_break)
            .unwrap_or_else(|| scalar::write_str(value, context, line_break));
        if text.starts_with('|') && self.would_grow(&text, place) {
            return scalar::write_str_as(value, ScalarStyle::DoubleQuoted, context, line_break)
                .unwrap_or(text);
        }
        text
    }

    /// Whether a literal block would take what follows it for its own: blank lines, deeper comments.
    fn would_grow(&self, literal: &str, place: &Place) -> bool {
        let keep = literal
            .split(['\r', '\n'])
            .next()
            .is_some_and(|header| header.contains('+'));
        let content = self.shape.content_column(place.under);
        let behind = self.text.get(place.range.end..).unwrap_or_default();
        let mut lines = behind.split('\n').skip(1).peekable();
        while let Some(line) = lines.next() {
            let start = line.trim_start_matches(' ');
            if !start.trim_end().is_empty() {
                return start.starts_with('#') && line.len() - start.len() >= content;
            }
            if keep && lines.peek().is_some() {
                return true;
            }
        }
        false
    }

    fn put(&mut self, range: Range<usize>, text: String) {
        self.patches.push(BytePatch {
            range,
            bytes: Zeroizing::new(text.into_bytes()),
        });
    }

    fn line_start(&self, at: usize) -> usize {
        self.text[..at].rfind('\n').map_or(0, |at| at + 1)
    }
}

/// The place of a leaf that must be written; not of one that is only seen through an alias.
fn changed(leaf: &Leaf) -> Option<&Place> {
    match &leaf.place {
        tree::Place::Yaml(place) if leaf.changed && place.copy.is_none() => Some(place),
        _ => None,
    }
}

fn is_comment(leaf: &Leaf) -> bool {
    matches!(
        &leaf.place,
        tree::Place::Yaml(Place {
            kind: Kind::Comment,
            ..
        })
    )
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'+'))
}

/// A core tag such as `!!int` in front of a ciphertext is an error for SOPS.
fn drops_tag(tag: &str, value: &Value) -> bool {
    let core = tag.starts_with("!!") || tag.contains("tag:yaml.org,2002:");
    match value {
        Value::Str(bytes) => {
            core && !tag.trim_end_matches('>').ends_with("str") && bytes.starts_with(b"ENC[")
        }
        _ => false,
    }
}

/// The text of a typed value that needs no thought about YAML: what the cipher holds, but for booleans.
fn plain_text(value: &Value) -> Cow<'static, str> {
    match value {
        Value::Bool(true) => "true".into(),
        Value::Bool(false) => "false".into(),
        value => String::from_utf8_lossy(&value.canonical()).into_owned().into(),
    }
}

/// How SOPS writes a typed value in YAML (spec/sops-format §8.1).
pub(crate) fn yaml_text(value: &Value) -> Cow<'static, str> {
    match value {
        Value::Null => "null".into(),
        Value::Float(number) => scalar::write_float(*number).into(),
        Value::Uint64(number) => number.to_string().into(),
        value => plain_text(value),
    }
}

fn reads_back(tag: Option<&str>, text: &str, value: &Value) -> bool {
    let read = match resolve(tag, ScalarStyle::Plain, text) {
        Resolved::Null => Value::Null,
        Resolved::Bool(value) => Value::Bool(value),
        Resolved::Int(value) => Value::Int(value),
        Resolved::Uint64(value) => Value::Uint64(value),
        Resolved::Float(value) => Value::Float(value),
        Resolved::Timestamp => match Value::time_from_yaml(text) {
            Some(value) => value,
            None => return false,
        },
        Resolved::Str => Value::str(text.as_bytes()),
        Resolved::Merge | Resolved::Binary(_) | Resolved::Mismatch => return false,
    };
    read.same(value)
}

/// An alias whose target cannot stand for it: the target as the tree has it now, written out.
fn copy_of_target(text: &str, branches: &[Branch], site: &AliasSite) -> Result<Vec<BytePatch>, WriteError> {
    let lost = || WriteError::Unsupported {
        path: String::new(),
        what: "an alias is not where it was",
    };
    let (first, way) = site.way.split_first().ok_or_else(lost)?;
    let mut entries = &branches.get(*first).ok_or_else(lost)?.entries;
    let mut node: Option<&Node> = None;
    for step in way {
        match node {
            None => {}
            Some(Node::Mapping(inner)) => entries = inner,
            Some(Node::Sequence(elements)) => {
                let Some(Element::Node(element)) = elements.get(*step) else {
                    return Err(lost());
                };
                node = Some(element);
                continue;
            }
            Some(Node::Leaf(_)) => return Err(lost()),
        }
        let Some(Entry::Pair(_, value)) = entries.get(*step) else {
            return Err(lost());
        };
        node = Some(value);
    }
    let node = node.ok_or_else(lost)?;
    let budget = yaml::Budget {
        bytes: usize::MAX,
        ..yaml::Budget::default()
    };
    let stream = yaml::Stream::parse(text, &budget).map_err(|_| lost())?;
    let alias = alias_at(&stream, site.span.start).ok_or_else(lost)?;
    let emit = emitted(node, site.flow);
    let patches = yaml::edit::replace(&stream, alias, &emit, true).map_err(|_| lost())?;
    Ok(patches
        .into_iter()
        .map(|patch| BytePatch {
            range: patch.range,
            bytes: Zeroizing::new(patch.text.into_bytes()),
        })
        .collect())
}

fn alias_at(stream: &yaml::Stream<'_>, at: usize) -> Option<yaml::NodeId> {
    let mut open: Vec<yaml::NodeId> = stream.documents().iter().map(|document| document.root).collect();
    while let Some(id) = open.pop() {
        let node = stream.node(id);
        if matches!(node.kind, yaml::NodeKind::Alias(_)) && node.span.start == at {
            return Some(id);
        }
        open.extend(stream.items(id).iter().filter_map(|item| match *item {
            yaml::Item::Entry(_, value) | yaml::Item::Element(value) => Some(value),
            yaml::Item::Comment(_) => None,
        }));
    }
    None
}
