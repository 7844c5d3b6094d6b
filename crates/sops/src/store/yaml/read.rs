//! Text to tree: places of leaves, aliases expanded, the rules of SOPS about what a file may hold.

use std::collections::HashMap;
use std::ops::Range;

use yaml::scalar::{Resolved, resolve};
use yaml::{Budget, Item, NodeId, NodeKind, ScalarStyle, Stream};
use zeroize::Zeroizing;

use super::{AliasSite, Append, BlockPlace, DocumentShape, Ending, Kind, Place, Shape, Under};
use crate::tree::{self, Branch, Element, Entry, Key, Leaf, Node};
use crate::{ReadError, Value};

/// Reads a stream of documents; a `sops` entry stays in the tree.
pub(crate) fn read(bytes: &[u8]) -> Result<(Vec<Branch>, Shape), ReadError> {
    let text = text_of(bytes)?;
    // How many bytes are read at all is the business of whoever reads them.
    let defaults = Budget::default();
    let budget = Budget {
        bytes: defaults.bytes.max(text.len()),
        ..defaults
    };
    let stream = Stream::parse(text, &budget).map_err(|error| ReadError::Syntax {
        line: error.at.line,
        column: error.at.column,
        what: error.what.to_owned(),
    })?;
    let mut reader = Reader {
        stream: &stream,
        text,
        first: true,
        steps: HashMap::new(),
        literal_steps: HashMap::new(),
        block_step: None,
        aliases: Vec::new(),
        way: Vec::new(),
    };
    let mut branches = Vec::with_capacity(stream.documents().len());
    let mut documents = Vec::with_capacity(stream.documents().len());
    for (number, document) in stream.documents().iter().enumerate() {
        reader.first = number == 0;
        reader.way = vec![number];
        let (branch, shape) = reader.document(document)?;
        branches.push(branch);
        documents.push(shape);
    }
    if documents.is_empty() && text.bytes().any(|byte| byte == b'#') {
        return Err(ReadError::Syntax {
            line: 1,
            column: 1,
            what: "the file has only comments".into(),
        });
    }
    let last_block = documents.last().and_then(|document| document.block.as_ref());
    let tail = reader.tail();
    let ending = match last_block {
        Some(block) => Ending::said_by(text, block),
        None => tail.clone().map_or(Ending::Plain, |tail| Ending::of(text, tail)),
    };
    let single_quoted = |block: &BlockPlace| {
        let token = block
            .fields
            .last_modified
            .clone()
            .and_then(|range| text.get(range));
        token.is_some_and(|token| token.starts_with('\''))
    };
    let words = documents
        .first()
        .and_then(|document| document.block.as_ref())
        .is_some_and(single_quoted);
    let shape = Shape {
        words,
        step: reader.step(),
        step_of_literals: !reader.literal_steps.is_empty(),
        tail,
        ending,
        aliases: reader.aliases,
        crlf: text.matches("\r\n").count() * 2 > text.bytes().filter(|byte| *byte == b'\n').count(),
        documents,
    };
    Ok((branches, shape))
}

/// The text, if it is UTF-8.
pub(crate) fn text_of(bytes: &[u8]) -> Result<&str, ReadError> {
    let utf16 = "UTF-16, not UTF-8: convert it with `iconv -f UTF-16 -t UTF-8`";
    let utf32 = "UTF-32, not UTF-8: convert it with `iconv -f UTF-32 -t UTF-8`";
    match bytes {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => Err(ReadError::NotText { what: utf32 }),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Err(ReadError::NotText { what: utf16 }),
        // Letters with a zero byte beside each: the same without a mark.
        [a, b, ..] if (*a == 0) != (*b == 0) => Err(ReadError::NotText { what: utf16 }),
        _ => std::str::from_utf8(bytes).map_err(|_| ReadError::NotText {
            what: "not UTF-8 (binary data, or an old encoding: convert it with `iconv -t UTF-8`)",
        }),
    }
}

pub(super) struct Reader<'s, 't> {
    pub(super) stream: &'s Stream<'t>,
    pub(super) text: &'t str,
    /// In the first document: the stricter rules of SOPS hold.
    first: bool,
    /// How often nested collections are indented by so many columns.
    pub(super) steps: HashMap<usize, usize>,
    /// The same of block scalars.
    pub(super) literal_steps: HashMap<usize, usize>,
    pub(super) block_step: Option<usize>,
    aliases: Vec<AliasSite>,
    way: Vec<usize>,
}

/// What a node inherits from where it stands.
#[derive(Clone, Copy)]
pub(super) struct Context {
    pub(super) under: Under,
    pub(super) flow: bool,
    pub(super) copy: Option<u32>,
    /// Inside the `sops` entry: says nothing about the style of the document.
    pub(super) block: bool,
    /// Directly an item of a block sequence.
    pub(super) item: bool,
}

impl Reader<'_, '_> {
    fn document(&mut self, document: &yaml::Document) -> Result<(Branch, DocumentShape), ReadError> {
        let root = self.stream.resolve(document.root);
        let node = self.stream.node(root);
        let end = document
            .end_marker
            .as_ref()
            .map_or(document.span.end, |marker| marker.start.min(document.span.end));
        let at_end = |column| Append::Lines { at: end, column };
        let (entries, append) = match &node.kind {
            NodeKind::Mapping(collection) => {
                let column = self.column(node.span.start);
                let append = if collection.flow {
                    let last = self.stream.items(root).iter().rev().find_map(|item| match item {
                        Item::Entry(key, value) => Some(
                            self.stream
                                .node(*value)
                                .span
                                .end
                                .max(self.stream.node(*key).span.end),
                        ),
                        Item::Comment(_) | Item::Element(_) => None,
                    });
                    match last {
                        Some(at) => Append::Flow {
                            at,
                            first: false,
                            close: node.span.end,
                        },
                        None => Append::Flow {
                            at: node.span.start + 1,
                            first: true,
                            close: node.span.end,
                        },
                    }
                } else {
                    at_end(column)
                };
                let context = Context {
                    under: Under::Key(column),
                    flow: collection.flow,
                    copy: None,
                    block: false,
                    item: false,
                };
                (self.entries(root, context, true)?, append)
            }
            NodeKind::Scalar(style)
                if document.root == root
                    && resolve(self.stream.tag(root), *style, &self.stream.value(root)) == Resolved::Null =>
            {
                let append = if node.span.is_empty() {
                    at_end(0)
                } else {
                    Append::Instead(node.span.clone())
                };
                if self.first && node.span.is_empty() && document.start_marker.is_none() {
                    return Err(self.refuse(document.span.start, "the file has only comments"));
                }
                let context = Context {
                    under: Under::Key(0),
                    flow: false,
                    copy: None,
                    block: false,
                    item: false,
                };
                let comments = document.loose_comments.iter();
                (
                    comments
                        .map(|id| Entry::Comment(self.comment(*id, context)))
                        .collect(),
                    append,
                )
            }
            NodeKind::Scalar(_) | NodeKind::Sequence(_) | NodeKind::Alias(_) => {
                return Err(self.refuse(node.span.start, "the top level is not a mapping"));
            }
        };
        let marked = document.start_marker.is_some() || !self.first;
        let block = self.block_place(root, marked);
        Ok((Branch { entries }, DocumentShape { append, block }))
    }

    fn entries(&mut self, mapping: NodeId, context: Context, top: bool) -> Result<Vec<Entry>, ReadError> {
        let stream = self.stream;
        let items = stream.items(mapping);
        if self.first && context.copy.is_none() {
            self.refuse_duplicates(items)?;
        }
        let mut entries = Vec::with_capacity(items.len());
        let mut covers_nothing = None;
        for item in items {
            match *item {
                Item::Comment(id) if self.behind_opening(mapping, id) => covers_nothing = Some(id),
                Item::Comment(id) => entries.push(Entry::Comment(self.comment(id, context))),
                Item::Entry(key, value) => {
                    let (key, merge) = self.key(key)?;
                    let block = context.block || top && key.is_string && key.text.as_str() == "sops";
                    let under = match context {
                        Context {
                            flow: true, under, ..
                        } => under,
                        Context { item: true, .. } => Under::ItemKey(self.entry_column(key.at)),
                        Context { .. } => Under::Key(self.entry_column(key.at)),
                    };
                    self.way.push(entries.len());
                    let node = self.node(
                        value,
                        Context {
                            under,
                            block,
                            item: false,
                            ..context
                        },
                    )?;
                    self.way.pop();
                    if merge && self.first && !mergeable(&node) {
                        return Err(self.refuse(key.at, "a merge key takes a mapping or a list of mappings"));
                    }
                    entries.push(Entry::Pair(key, node));
                }
                Item::Element(_) => {}
            }
        }
        entries.extend(covers_nothing.map(|id| Entry::Comment(self.comment(id, context))));
        Ok(entries)
    }

    fn key(&self, id: NodeId) -> Result<(Key, bool), ReadError> {
        let at = self.stream.node(id).span.start;
        let target = self.stream.resolve(id);
        let NodeKind::Scalar(style) = self.stream.node(target).kind else {
            if self.first {
                return Err(self.refuse(at, "a mapping or list as a key"));
            }
            return Ok((
                Key {
                    text: Zeroizing::default(),
                    is_string: false,
                    at,
                },
                false,
            ));
        };
        let text = self.stream.value(target);
        let resolved = resolve(self.stream.tag(target), style, &text);
        let merge = resolved == Resolved::Merge;
        let is_string = merge || resolved == Resolved::Str;
        Ok((
            Key {
                text: Zeroizing::new(text.into_owned()),
                is_string,
                at,
            },
            merge,
        ))
    }

    fn refuse_duplicates(&self, items: &[Item]) -> Result<(), ReadError> {
        let mut seen: HashMap<std::borrow::Cow<'_, str>, NodeId> = HashMap::with_capacity(items.len());
        for item in items {
            let Item::Entry(key, _) = *item else { continue };
            let target = self.stream.resolve(key);
            if !matches!(self.stream.node(target).kind, NodeKind::Scalar(_)) {
                continue;
            }
            if let Some(earlier) = seen.insert(self.stream.value(target), key) {
                let line = self.stream.position(self.stream.node(earlier).span.start).line;
                let at = self.stream.position(self.stream.node(key).span.start);
                let what = format!("the same key as in line {line}");
                return Err(ReadError::Syntax {
                    line: at.line,
                    column: at.column,
                    what,
                });
            }
        }
        Ok(())
    }

    fn node(&mut self, id: NodeId, context: Context) -> Result<Node, ReadError> {
        let stream = self.stream;
        let node = stream.node(id);
        match &node.kind {
            NodeKind::Alias(target) => {
                let copy = context.copy.or_else(|| u32::try_from(self.aliases.len()).ok());
                if context.copy.is_none() {
                    self.aliases.push(AliasSite {
                        span: node.span.clone(),
                        flow: context.flow,
                        way: self.way.clone(),
                        replace: false,
                    });
                }
                self.node(*target, Context { copy, ..context })
            }
            NodeKind::Mapping(collection) => {
                let flow = context.flow || collection.flow;
                if !collection.flow {
                    self.vote(context, node.span.start);
                }
                Ok(Node::Mapping(self.entries(
                    id,
                    Context { flow, ..context },
                    false,
                )?))
            }
            NodeKind::Sequence(collection) => {
                let flow = context.flow || collection.flow;
                if !collection.flow {
                    self.vote(context, node.span.start);
                }
                let under = if flow {
                    context.under
                } else {
                    Under::Dash(self.column(node.span.start))
                };
                let inside = Context {
                    under,
                    flow,
                    item: !flow,
                    ..context
                };
                let items = stream.items(id);
                let mut elements = Vec::with_capacity(items.len());
                let mut covers_nothing = None;
                for item in items {
                    match *item {
                        Item::Comment(comment) if self.behind_opening(id, comment) => {
                            covers_nothing = Some(comment);
                        }
                        Item::Comment(comment) => {
                            elements.push(Element::Comment(self.comment(comment, inside)))
                        }
                        Item::Element(element) => {
                            self.way.push(elements.len());
                            let node = self.node(element, inside)?;
                            self.way.pop();
                            elements.push(Element::Node(node));
                        }
                        Item::Entry(..) => {}
                    }
                }
                let comment = covers_nothing.map(|comment| self.comment(comment, inside));
                elements.extend(comment.map(Element::Comment));
                Ok(Node::Sequence(elements))
            }
            NodeKind::Scalar(style) => self.scalar(id, *style, context).map(Node::Leaf),
        }
    }

    fn scalar(&mut self, id: NodeId, style: ScalarStyle, context: Context) -> Result<Leaf, ReadError> {
        let node = self.stream.node(id);
        let mut text = self.stream.value(id);
        let block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
        if block && node.span.end == self.text.len() {
            let last = self.text.rsplit('\n').next().unwrap_or_default();
            if !last.trim_matches(' ').is_empty()
                && let Some(cut) = text.strip_suffix('\n')
            {
                // Without a last line break in the text there is none in the value, for SOPS.
                text = cut.to_owned().into();
            }
        }
        let mut spelling = None;
        let value = match resolve(self.stream.tag(id), style, &text) {
            Resolved::Null => Value::Null,
            Resolved::Bool(value) => Value::Bool(value),
            Resolved::Int(value) => Value::Int(value),
            Resolved::Uint64(value) => Value::Uint64(value),
            Resolved::Float(value) => Value::Float(value),
            Resolved::Timestamp => Value::time_from_yaml(&text)
                .ok_or_else(|| self.refuse(node.span.start, "not a valid date"))?,
            Resolved::Str | Resolved::Merge => Value::str(text.as_bytes()),
            Resolved::Binary(bytes) => Value::str(bytes),
            Resolved::Mismatch => return Err(self.refuse(node.span.start, "the text does not fit its tag")),
        };
        match value {
            Value::Null | Value::Str(_) => {}
            // The two spellings that SOPS does not tell apart.
            Value::Bool(_) if matches!(&*text, "true" | "false" | "True" | "False") => {}
            _ if *value.canonical() != *text.as_bytes() => spelling = Some(Zeroizing::new(text.into_owned())),
            _ => {}
        }
        let (kind, range, header_comment) = match style {
            ScalarStyle::Plain | ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => {
                (Kind::Flow(style), node.span.clone(), None)
            }
            ScalarStyle::Literal | ScalarStyle::Folded => {
                let (range, comment) = block_scalar(self.text, &node.span);
                if !context.flow && !context.block && context.copy.is_none() {
                    self.vote_literal(context.under, &range);
                }
                (Kind::Block, range, comment)
            }
        };
        let place = Place {
            range,
            kind,
            flow: context.flow,
            under: context.under,
            tag: node.tag.clone(),
            header_comment,
            copy: context.copy,
        };
        Ok(Leaf {
            value,
            spelling,
            changed: false,
            place: tree::Place::Yaml(place),
            inline: false,
            stays_encrypted: false,
        })
    }

    /// `[ # here`: SOPS loses such a comment when it reads, so it must not cover the first entry. It goes to the end of
    /// the collection, where it covers nothing.
    fn behind_opening(&self, collection: NodeId, comment: yaml::CommentId) -> bool {
        let start = self.stream.node(collection).span.start;
        let between = self.text.get(start..self.stream.comment(comment).span.start);
        between
            .and_then(|text| text.strip_prefix(['[', '{']))
            .is_some_and(|text| text.bytes().all(|byte| matches!(byte, b' ' | b'\t')))
    }

    fn comment(&self, id: yaml::CommentId, context: Context) -> Leaf {
        let comment = self.stream.comment(id);
        let range = comment.span.start + 1..comment.span.end;
        let place = Place {
            range: range.clone(),
            kind: Kind::Comment,
            flow: context.flow,
            under: context.under,
            tag: None,
            header_comment: None,
            copy: context.copy,
        };
        Leaf {
            value: Value::str(self.text.get(range).unwrap_or_default().as_bytes()),
            spelling: None,
            changed: false,
            place: tree::Place::Yaml(place),
            inline: comment.inline,
            stays_encrypted: false,
        }
    }

    fn refuse(&self, at: usize, what: &str) -> ReadError {
        let at = self.stream.position(at);
        ReadError::Syntax {
            line: at.line,
            column: at.column,
            what: what.to_owned(),
        }
    }
}

fn mergeable(node: &Node) -> bool {
    match node {
        Node::Mapping(_) => true,
        Node::Sequence(elements) => elements
            .iter()
            .all(|element| !matches!(element, Element::Node(Node::Leaf(_) | Node::Sequence(_)))),
        Node::Leaf(_) => false,
    }
}

/// The bytes of a block scalar without its last line break and without the blank lines that are not part of its
/// value, and the comment in its header line.
fn block_scalar(text: &str, span: &Range<usize>) -> (Range<usize>, Option<Range<usize>>) {
    let whole = text.get(span.clone()).unwrap_or_default();
    let header = whole.find('\n').map_or(whole, |at| &whole[..at]);
    let header = header.strip_suffix('\r').unwrap_or(header);
    let keep = header
        .bytes()
        .take_while(|byte| !matches!(byte, b' ' | b'\t'))
        .any(|byte| byte == b'+');
    let comment = header
        .find('#')
        .map(|at| span.start + at..span.start + header.len());
    let mut body = whole;
    while let Some(rest) = body.strip_suffix('\n') {
        let rest = rest.strip_suffix('\r').unwrap_or(rest);
        body = rest;
        let line = rest.rfind('\n').map_or(0, |at| at + 1);
        if keep || line == 0 || rest[line..].bytes().any(|byte| byte != b' ') {
            break;
        }
        body = &rest[..line];
    }
    (span.start..span.start + body.len().max(header.len()), comment)
}
