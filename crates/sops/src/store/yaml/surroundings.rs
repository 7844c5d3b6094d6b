//! What of a text is not in its tree: where the block stands, how wide a level of indentation is.

use std::collections::HashMap;
use std::ops::Range;

use yaml::{Item, NodeId, NodeKind, ScalarStyle};

use super::read::{Context, Reader};
use super::{BlockPlace, Under, emit};
use crate::store::BlockFields;

impl Reader<'_, '_> {
    /// Finds the `sops` entry of a top mapping in the text. `marked`: `---` stands in front of the document, or another
    /// one does.
    pub(super) fn block_place(&mut self, root: NodeId, marked: bool) -> Option<BlockPlace> {
        let stream = self.stream;
        let NodeKind::Mapping(collection) = &stream.node(root).kind else {
            return None;
        };
        let mut comma = false;
        let entries = stream
            .items(root)
            .iter()
            .filter(|item| matches!(item, Item::Entry(..)))
            .count();
        for item in stream.items(root) {
            let Item::Entry(key, value) = *item else { continue };
            if stream.value(stream.resolve(key)) != "sops" {
                comma = true;
                continue;
            }
            let start = stream.node(key).span.start;
            let end = stream.node(value).span.end.max(stream.node(key).span.end);
            let range = if collection.flow {
                self.flow_entry(start, end, comma)
            } else {
                self.lines(start, end)
            };
            let column = self.column(start);
            if let Some(Item::Entry(first, _)) = stream
                .items(value)
                .iter()
                .find(|item| matches!(item, Item::Entry(..)))
                && !collection.flow
            {
                let inner = self.column(stream.node(*first).span.start);
                self.block_step = self
                    .block_step
                    .or_else(|| inner.checked_sub(column).filter(|step| STEPS.contains(step)));
            }
            let flow = collection.flow;
            return Some(BlockPlace {
                range,
                fields: self.fields(value),
                flow,
                comma,
                column,
                close: stream.node(root).span.end,
                alone: !marked && !flow && entries == 1,
            });
        }
        None
    }

    pub(super) fn fields(&self, block: NodeId) -> BlockFields {
        let mut fields = BlockFields::default();
        for item in self.stream.items(block) {
            let Item::Entry(key, value) = *item else { continue };
            let node = self.stream.node(value);
            let one_line = matches!(
                node.kind,
                NodeKind::Scalar(ScalarStyle::Plain | ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted)
            ) && !node.span.is_empty();
            if !one_line {
                continue;
            }
            match &*self.stream.value(key) {
                "lastmodified" => fields.last_modified = Some(node.span.clone()),
                "mac" => fields.mac = Some(node.span.clone()),
                "version" => fields.version = Some(node.span.clone()),
                _ => {}
            }
        }
        fields
    }

    /// Whole lines of a block entry. Where the text ends without a line break, the one in front goes with it:
    /// it was put there with the block.
    pub(super) fn lines(&self, start: usize, end: usize) -> Range<usize> {
        let line = start - self.column(start);
        let blank = self
            .text
            .get(line..start)
            .is_some_and(|front| front.bytes().all(|byte| byte == b' '));
        let mut from = if blank { line } else { start };
        let to = if self.text[..end].ends_with('\n') {
            end
        } else {
            self.line_end(end).1
        };
        if to == self.text.len() && !self.text.ends_with('\n') && from > 0 {
            from -= 1;
            if self.text[..from].ends_with('\r') {
                from -= 1;
            }
        }
        from..to
    }

    pub(super) fn flow_entry(&self, start: usize, end: usize, comma: bool) -> Range<usize> {
        let front = self.text.get(..start).unwrap_or_default();
        if comma && let Some(at) = front.trim_end().strip_suffix(',').map(str::len) {
            return at..end;
        }
        let rest = self.text.get(end..).unwrap_or_default();
        let after = rest.trim_start();
        if comma || !after.starts_with(',') {
            return start..end;
        }
        let behind = after[1..].trim_start_matches([' ', '\t']);
        start..self.text.len() - behind.len()
    }

    /// End of the line of a byte: before and after its line break.
    pub(super) fn line_end(&self, at: usize) -> (usize, usize) {
        match self.text[at..].find('\n') {
            Some(ahead) if self.text[..at + ahead].ends_with('\r') && ahead > 0 => {
                (at + ahead - 1, at + ahead + 1)
            }
            Some(ahead) => (at + ahead, at + ahead + 1),
            None => (self.text.len(), self.text.len()),
        }
    }

    /// Columns (from 0, in bytes) in front of a byte on its line. Block context only: lines there are short.
    pub(super) fn column(&self, at: usize) -> usize {
        let front = self.text.get(..at).unwrap_or_default();
        let line = front.rfind('\n').map_or(0, |at| at + 1);
        let mark = if line == 0 && front.starts_with('\u{feff}') {
            3
        } else {
            0
        };
        front.len() - line - mark
    }

    pub(super) fn vote(&mut self, context: Context, start: usize) {
        if context.block || context.copy.is_some() {
            return;
        }
        if let Under::Key(column) = context.under
            && let Some(step) = self.column(start).checked_sub(column)
            && STEPS.contains(&step)
        {
            *self.steps.entry(step).or_default() += 1;
        }
    }

    /// Columns of one level that a block scalar agrees with, see [`Shape::content_column`].
    ///
    /// [`Shape::content_column`]: super::Shape::content_column
    pub(super) fn vote_literal(&mut self, under: Under, range: &Range<usize>) {
        let lines = self.text.get(range.clone()).unwrap_or_default().lines().skip(1);
        let indents = lines
            .filter(|line| !line.trim().is_empty())
            .map(|line| line.len() - line.trim_start().len());
        let Some(indent) = indents.min() else { return };
        for step in STEPS.filter(|step| under.content_column(*step) == indent) {
            *self.literal_steps.entry(step).or_default() += 1;
        }
    }

    /// The indentation of block scalars: that of the block, which was written with the step of the plain file; else
    /// what most of them have, else that of nested collections, else what SOPS writes.
    pub(super) fn step(&self) -> usize {
        let votes = |votes: &HashMap<usize, usize>, step| votes.get(&step).copied().unwrap_or_default();
        let most = STEPS
            .map(|step| {
                let literals = votes(&self.literal_steps, step);
                (literals, votes(&self.steps, step), step)
            })
            .filter(|(literals, collections, _)| literals + collections > 0)
            .max_by_key(|(literals, collections, step)| (*literals, *collections, usize::MAX - step))
            .map(|(_, _, step)| step);
        self.block_step.or(most).unwrap_or(emit::SOPS_STEP)
    }

    /// Where an entry begins: at the `?` of its key, or at what is in front of the key.
    pub(super) fn entry_column(&self, key: usize) -> usize {
        let start = key - self.column(key);
        let mut column = key;
        let mut front = self
            .text
            .get(start..key)
            .unwrap_or_default()
            .trim_end_matches([' ', '\t']);
        while !front.is_empty() {
            let word = front.rfind([' ', '\t']).map_or(0, |blank| blank + 1);
            match &front[word..] {
                "?" => return word,
                property if property.starts_with(['&', '!']) => column = start + word,
                _ => break,
            }
            front = front[..word].trim_end_matches([' ', '\t']);
        }
        column - start
    }

    pub(super) fn tail(&self) -> Option<Range<usize>> {
        if self.text.is_empty() || self.text.ends_with('\n') {
            return None;
        }
        let mut id = self.stream.documents().last()?.root;
        loop {
            let node = self.stream.node(id);
            match node.kind {
                NodeKind::Scalar(ScalarStyle::Literal | ScalarStyle::Folded) => {
                    // A comment or a line of spaces below it ends its last line.
                    let last = self.text.rsplit('\n').next().unwrap_or_default();
                    let open = node.span.end == self.text.len() && !last.trim_matches(' ').is_empty();
                    return open.then(|| node.span.clone());
                }
                NodeKind::Scalar(_) | NodeKind::Alias(_) => return None,
                NodeKind::Mapping(_) | NodeKind::Sequence(_) => {
                    id = self.stream.items(id).iter().rev().find_map(|item| match *item {
                        Item::Entry(_, value) | Item::Element(value) => Some(value),
                        Item::Comment(_) => None,
                    })?;
                }
            }
        }
    }
}

/// Columns of one level that are taken for a style.
const STEPS: std::ops::RangeInclusive<usize> = 2..=9;
