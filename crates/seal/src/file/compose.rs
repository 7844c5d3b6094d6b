//! Writing a mapping from pieces of another: lines that stay are moved as they are, the rest is written anew.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use serde_json::{Map, Value};
use yaml::emit::{Emit, EmitItem, Layout, Literals, value as emit_value};
use yaml::scalar::{Context, write_key, write_str_as};
use yaml::{NodeKind, ScalarStyle};
use zeroize::Zeroizing;

use super::FileError;
use super::block::{Block, Piece};
use super::lines::{line_break, next_line};
use super::nodes::Nodes;

/// The text that is being written.
pub(super) struct Writer<'n, 's, 't> {
    pub(super) nodes: &'n Nodes<'s, 't>,
    pub(super) out: Zeroizing<String>,
    pub(super) layout: Layout,
    /// Comments of what went, with their column: they go before what comes next.
    pending: Vec<(Range<usize>, usize)>,
}

/// What a piece is for the mapping that is being written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Claim {
    /// It goes in here.
    Here,
    /// It goes in elsewhere, with its comments.
    Elsewhere,
    /// It goes; its comments stay here.
    Nowhere,
}

/// Pieces that a mapping may be written from, and what they hold as data.
pub(super) struct Source<'b> {
    pub(super) block: Option<&'b Block>,
    /// The entry whose value it was, where its own line goes: its comments go above the first piece.
    pub(super) above: Option<&'b Piece>,
    /// `None`: every value is written anew.
    pub(super) values: Option<&'b Value>,
}

impl<'n, 's, 't> Writer<'n, 's, 't> {
    pub(super) fn new(nodes: &'n Nodes<'s, 't>, capacity: usize) -> Self {
        let stream = nodes.stream;
        Self {
            nodes,
            out: Zeroizing::new(String::with_capacity(capacity)),
            layout: Layout {
                line_break: line_break(stream.text()),
                // Blank lines may follow, which `|+` would take.
                literals: Literals::Clipped,
                ..yaml::edit::layout_of(stream)
            },
            pending: Vec::new(),
        }
    }

    /// Writes the entries of a mapping at a column: the pieces that it has, in their order, then what is missing.
    pub(super) fn entries(
        &mut self,
        sources: &[Source<'_>],
        claim: &dyn Fn(usize, &Piece) -> Claim,
        target: &Map<String, Value>,
        column: usize,
    ) -> Result<(), FileError> {
        let mut done = BTreeSet::new();
        for (at, source) in sources.iter().enumerate() {
            if let Some(piece) = source.above {
                self.keep_comments(piece);
                self.keep_line_comment(piece);
            }
            let Some(block) = source.block else { continue };
            for piece in &block.pieces {
                match (claim(at, piece), target.get(&piece.name)) {
                    (Claim::Elsewhere, _) => {}
                    (Claim::Here, Some(new)) if done.insert(piece.name.as_str()) => {
                        let old = source.values.and_then(|values| values.get(&piece.name));
                        self.leading(piece, column);
                        self.entry(piece, old, new, column)?;
                    }
                    (Claim::Here, Some(_)) => {
                        // A second of this name.
                        self.keep_comments(piece);
                        self.keep_line_comment(piece);
                    }
                    (Claim::Here | Claim::Nowhere, _) => self.keep_comments(piece),
                }
            }
            let own = claim_tail(block, at, claim);
            if own {
                self.lines(block.tail.clone(), block.column, column);
            }
        }
        for (name, new) in target {
            if !done.contains(name.as_str()) {
                self.flush(column);
                self.fresh(name, new, column);
            }
        }
        self.flush(column);
        Ok(())
    }

    /// The comments above a piece, behind those that wait.
    pub(super) fn leading(&mut self, piece: &Piece, column: usize) {
        self.flush(column);
        self.lines(piece.leading.clone(), piece.column, column);
    }

    /// Keeps the comments above a piece that goes.
    pub(super) fn keep_comments(&mut self, piece: &Piece) {
        let lines = self.nodes.stream.text().get(piece.leading.clone()).unwrap_or("");
        if lines.contains('#') {
            self.pending.push((piece.leading.clone(), piece.column));
        }
    }

    /// Keeps the comment beside a piece that goes, on a line of its own.
    fn keep_line_comment(&mut self, piece: &Piece) {
        let comment = piece.comment(self.nodes);
        let text = self.nodes.stream.text().get(comment.clone()).unwrap_or("");
        if !text.is_empty() {
            self.pending
                .push((comment.end - text.trim_start().len()..comment.end, 0));
        }
    }

    /// One entry from its piece: as it is, in part, or with another value.
    pub(super) fn entry(
        &mut self,
        piece: &Piece,
        old: Option<&Value>,
        new: &Value,
        column: usize,
    ) -> Result<(), FileError> {
        if old == Some(new) {
            self.lines_from(piece.start, piece.end, piece.column, column);
            return Ok(());
        }
        if let (Some(Value::Object(_)), Value::Object(inner)) = (old, new)
            && !inner.is_empty()
            && let Some(block) = piece.block(self.nodes)?
        {
            let header = next_line(
                self.nodes.stream.text(),
                self.nodes.stream.node(piece.key).span.end,
            );
            self.lines_from(piece.start, header, piece.column, column);
            let deeper = column + block.column.saturating_sub(piece.column);
            let source = Source {
                block: Some(&block),
                above: None,
                values: old,
            };
            return self.entries(&[source], &|_, _| Claim::Here, inner, deeper.max(column + 1));
        }
        self.replaced(piece, new, column, old.is_some());
        Ok(())
    }

    /// An entry with the key of a piece and another value; comments beside and below it stay.
    fn replaced(&mut self, piece: &Piece, new: &Value, column: usize, keep_style: bool) {
        let stream = self.nodes.stream;
        let text = stream.text();
        let old = &stream.node(piece.value).kind;
        let styled = match (old, new) {
            (
                NodeKind::Scalar(style @ (ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted)),
                Value::String(new),
            ) if keep_style => write_str_as(new, *style, Context::Flow, "\n"),
            _ => None,
        };
        let emit = match styled {
            Some(styled) => Emit::Raw(styled.into()),
            None => emit_of(new),
        };
        let key = text
            .get(piece.start..stream.node(piece.key).span.end)
            .unwrap_or("");
        let comment = text.get(piece.comment(self.nodes)).unwrap_or("");
        self.flush(column);
        self.put(key, &emit, comment, column, piece.below < piece.end);
        self.lines(piece.below..piece.end, piece.column, column);
    }

    /// An entry that no piece has.
    pub(super) fn fresh(&mut self, name: &str, new: &Value, column: usize) {
        self.put(&write_key(name), &emit_of(new), "", column, false);
    }

    /// The line of a key whose entries follow.
    pub(super) fn header(&mut self, name: &str, comment: Range<usize>, column: usize) {
        self.flush(column);
        let comment = self.nodes.stream.text().get(comment).unwrap_or("");
        self.out.extend(std::iter::repeat_n(' ', column));
        self.out.push_str(name);
        self.out.push(':');
        self.out.push_str(comment);
        self.out.push_str(self.layout.line_break);
    }

    fn put(&mut self, key: &str, new: &Emit<'_>, comment: &str, column: usize, comments_below: bool) {
        let layout = Layout {
            literals: if comments_below {
                Literals::None
            } else {
                self.layout.literals
            },
            ..self.layout.clone()
        };
        let value = Zeroizing::new(emit_value(new, column, &layout));
        let (head, body) = match value.find(layout.line_break) {
            Some(at) => value.split_at(at),
            None => (value.as_str(), ""),
        };
        self.out.extend(std::iter::repeat_n(' ', column));
        for part in [key, ":", head, comment, body, layout.line_break] {
            self.out.push_str(part);
        }
    }

    /// The comments that wait, at a column.
    pub(super) fn flush(&mut self, column: usize) {
        for (lines, from) in std::mem::take(&mut self.pending) {
            self.lines(lines, from, column);
        }
    }

    /// Whole lines, moved from one column to another.
    pub(super) fn lines(&mut self, range: Range<usize>, from: usize, to: usize) {
        let text = self.nodes.stream.text();
        let lines = text.get(range).unwrap_or("");
        for line in lines.split_inclusive('\n') {
            let content = line.trim_end_matches(['\n', '\r']);
            if content.is_empty() {
                self.out.push_str(line);
                continue;
            }
            let spaces = content.len() - content.trim_start_matches(' ').len();
            let indent = (spaces + to).saturating_sub(from);
            self.out.extend(std::iter::repeat_n(' ', indent));
            self.out.push_str(content.get(spaces..).unwrap_or(""));
            self.close(line);
        }
    }

    /// The same, but the first line begins with its content.
    fn lines_from(&mut self, start: usize, end: usize, from: usize, to: usize) {
        let text = self.nodes.stream.text();
        let second = next_line(text, start).min(end);
        let first = text.get(start..second).unwrap_or("");
        self.out.extend(std::iter::repeat_n(' ', to));
        self.out.push_str(first.trim_end_matches(['\n', '\r']));
        self.close(first);
        self.lines(second..end, from, to);
    }

    /// The line break of a line; the last one of a text may have none.
    fn close(&mut self, line: &str) {
        let content = line.trim_end_matches(['\n', '\r']).len();
        self.out.push_str(match line.get(content..) {
            Some("") | None => self.layout.line_break,
            Some(found) => found,
        });
    }
}

/// Comments at the end of a block stay with the mapping that takes its last piece.
fn claim_tail(block: &Block, at: usize, claim: &dyn Fn(usize, &Piece) -> Claim) -> bool {
    block
        .pieces
        .last()
        .is_some_and(|last| claim(at, last) != Claim::Elsewhere)
}

/// A JSON value as a node to be written.
pub(super) fn emit_of(value: &Value) -> Emit<'_> {
    match value {
        Value::Null => Emit::Raw("null".into()),
        Value::Bool(true) => Emit::Raw("true".into()),
        Value::Bool(false) => Emit::Raw("false".into()),
        Value::Number(number) => Emit::Raw(number.to_string().into()),
        Value::String(text) => Emit::Str(Cow::Borrowed(text)),
        Value::Array(all) => Emit::Sequence(all.iter().map(|one| EmitItem::Element(emit_of(one))).collect()),
        Value::Object(all) => {
            let entries = all
                .iter()
                .map(|(key, value)| EmitItem::Entry(key.into(), emit_of(value)));
            Emit::Mapping(entries.collect())
        }
    }
}
