//! Reading INI: sections, keys, values in five kinds of quoting, comments that belong to what follows them.

use std::collections::HashMap;
use std::ops::Range;

use zeroize::Zeroizing;

use super::{DEFAULT, Place};
use crate::store::text::{MAX_KEY_BYTES, count, read_leaf, refuse_wide_text, syntax};
use crate::tree::{self, Branch, Entry, Key, Leaf, Node};
use crate::{ReadError, Value};

/// A section as it stands.
pub(super) struct Section {
    pub(super) name: String,
    /// Its header line with line break; empty for the implicit first section.
    pub(super) header: Range<usize>,
    pub(super) keys: Vec<Item>,
    /// Where each name is in `keys`.
    index: HashMap<String, usize>,
    comments: Vec<Leaf>,
    /// Comments behind the last key, at the end of the file.
    trailing: Vec<Leaf>,
}

/// A key as it stands.
pub(super) struct Item {
    pub(super) name: String,
    /// All its lines, with line break.
    pub(super) lines: Range<usize>,
    pub(super) place: Place,
    value: Zeroizing<Vec<u8>>,
    comments: Vec<Leaf>,
}

impl Section {
    /// Where its last line ends.
    pub(super) fn end(&self) -> usize {
        self.keys
            .iter()
            .map(|key| key.lines.end)
            .max()
            .unwrap_or(self.header.end)
    }
}

/// Reads a whole text. The implicit first section is there always, under its name `DEFAULT`.
///
/// # Errors
///
/// Line, column and what is wrong; no content.
pub(crate) fn read(source: &[u8]) -> Result<Vec<Branch>, ReadError> {
    let entries = sections(source)?.into_iter().map(|section| {
        let mut entries: Vec<Entry> = section.comments.into_iter().map(Entry::Comment).collect();
        for item in section.keys {
            let leaf = read_leaf(Value::Str(item.value), tree::Place::Ini(item.place));
            entries.push(Entry::Pair(key(item.name, item.lines.start), Node::Leaf(leaf)));
            entries.extend(item.comments.into_iter().map(Entry::Comment));
        }
        entries.extend(section.trailing.into_iter().map(Entry::Comment));
        Entry::Pair(key(section.name, section.header.start), Node::Mapping(entries))
    });
    Ok(vec![Branch {
        entries: entries.collect(),
    }])
}

fn key(text: String, at: usize) -> Key {
    Key {
        text: Zeroizing::new(text),
        is_string: true,
        at,
    }
}

/// Reads the sections of a text.
pub(super) fn sections(source: &[u8]) -> Result<Vec<Section>, ReadError> {
    refuse_wide_text(source)?;
    let mut at = if source.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
    let mut done = Vec::new();
    let mut section = Section::new(DEFAULT.to_owned(), at..at);
    let (mut pending, mut nodes, mut number) = (Pending::default(), 0, 1);
    while at < source.len() {
        let end = line_end(source, at);
        let start = at + blanks(&source[at..end]);
        at = end;
        if start == end {
            continue;
        }
        count(&mut nodes, source, start)?;
        match source[start] {
            b'#' | b';' => pending.lines.push(start..end),
            b'[' => {
                let close = source[start..end].iter().rposition(|b| *b == b']');
                let close =
                    close.ok_or_else(|| syntax(source, start, "a section without closing bracket"))? + start;
                let name = text(source, start + 1..close, "the name of a section")?;
                if name.is_empty() {
                    return Err(syntax(source, start, "a section without a name"));
                }
                pending.behind = marker(source, close + 1..end);
                pending.header = Some(start);
                let header = start..end;
                done.push(std::mem::replace(&mut section, Section::new(name, header)));
                section.comments.extend(pending.take(source));
                number = 1;
            }
            _ => {
                let (mut name, value_at) = key_name(source, start..end)?;
                if name == "-" {
                    name = format!("#{number}");
                    number += 1;
                }
                let value = read_value(source, value_at)
                    .ok_or_else(|| syntax(source, start, "a value whose closing quote is missing"))?;
                at = value.next;
                pending.behind = value.comment.clone();
                pending.value_end = value.outer.end;
                section.put(name, start..value.next, value, pending.take(source));
            }
        }
    }
    section.trailing.extend(pending.take(source));
    done.push(section);
    Ok(done)
}

impl Section {
    fn new(name: String, header: Range<usize>) -> Self {
        Self {
            name,
            header,
            keys: Vec::new(),
            index: HashMap::new(),
            comments: Vec::new(),
            trailing: Vec::new(),
        }
    }

    /// A key that is there already keeps its place in the order; the new value counts. The old one must not stay in
    /// clear when the new one is encrypted.
    fn put(&mut self, name: String, lines: Range<usize>, value: ReadValue, comment: Option<Leaf>) {
        let mut place = Place {
            range: value.outer,
            inner: value.inner,
            also: Vec::new(),
            own_line: false,
        };
        let found = self.index.get(&name).and_then(|at| self.keys.get_mut(*at));
        match found {
            Some(item) => {
                std::mem::swap(&mut item.place, &mut place);
                item.place.also = place.also;
                item.place.also.push(place.range);
                item.value = value.value;
                item.comments.extend(comment);
            }
            None => {
                self.index.insert(name.clone(), self.keys.len());
                self.keys.push(Item {
                    name,
                    lines,
                    place,
                    value: value.value,
                    comments: comment.into_iter().collect(),
                });
            }
        }
    }
}

/// Comments that wait for the section or key they belong to.
#[derive(Default)]
struct Pending {
    /// Whole lines, from the comment character, line break included.
    lines: Vec<Range<usize>>,
    /// Behind a value or a section header.
    behind: Option<Range<usize>>,
    /// Where the section header begins that it is for.
    header: Option<usize>,
    /// Where the value ends that it is behind: nothing before that is taken away with it.
    value_end: usize,
}

impl Pending {
    /// One comment of all of it: the marker and blanks of the first line are not part of the text.
    fn take(&mut self, source: &[u8]) -> Option<Leaf> {
        let (lines, behind, header, value_end) = (
            std::mem::take(&mut self.lines),
            self.behind.take(),
            self.header.take(),
            std::mem::take(&mut self.value_end),
        );
        let pieces: Vec<Range<usize>> = lines.iter().chain(&behind).cloned().collect();
        let first = pieces.first()?;
        let mut all = Zeroizing::new(Vec::with_capacity(pieces.iter().map(Range::len).sum()));
        pieces
            .iter()
            .for_each(|piece| all.extend_from_slice(&source[piece.clone()]));
        let mark = all[0];
        let lead = all.iter().take_while(|b| **b == mark || **b == b' ').count();
        let text = trim_end(&all[lead.min(all.len())..]);
        let last = lines.last().unwrap_or(first);
        let end = last.start + trim_end(&source[last.clone()]).len();
        let start = (first.start + lead).min(end);
        // Ciphertext ends with a bracket, and a header with the last one of its line: it goes above the header.
        let above = header.filter(|_| lines.is_empty());
        let range = above.map_or(start..end, |header| header..header);
        let also = match behind {
            // The blanks before it go with it.
            Some(behind) if above.is_some() || !lines.is_empty() => {
                let before = trim_blanks_end(&source[..behind.start]).len().max(value_end);
                let end = behind.start + trim_end(&source[behind]).len();
                std::iter::once(before..end).collect()
            }
            _ => Vec::new(),
        };
        let place = Place {
            inner: range.clone(),
            range,
            also,
            own_line: above.is_some(),
        };
        Some(read_leaf(Value::str(text), tree::Place::Ini(place)))
    }
}

/// Name of a key, and where its value begins.
fn key_name(source: &[u8], line: Range<usize>) -> Result<(String, usize), ReadError> {
    let bytes = &source[line.clone()];
    let quote: &[u8] = match bytes {
        [b'"', b'"', b'"', _, _, _, _, ..] => b"\"\"\"",
        [b'"', ..] => b"\"",
        [b'`', ..] => b"`",
        _ => b"",
    };
    let no_delimiter = || syntax(source, line.start, "expected key = value, a section or a comment");
    let (name, after) = if quote.is_empty() {
        let at = bytes
            .iter()
            .position(|b| matches!(b, b'=' | b':'))
            .ok_or_else(no_delimiter)?;
        (0..at, at)
    } else {
        let start = quote.len();
        let end = find(&bytes[start..], quote)
            .ok_or_else(|| syntax(source, line.start, "a key whose closing quote is missing"))?
            + start;
        let after = bytes.get(end + start..).unwrap_or_default();
        let at = after
            .iter()
            .position(|b| matches!(b, b'=' | b':'))
            .ok_or_else(no_delimiter)?;
        (start..end, end + start + at)
    };
    let name = text(source, line.start + name.start..line.start + name.end, "a key")?;
    let name = name.trim();
    if name.is_empty() {
        return Err(syntax(source, line.start, "a key without a name"));
    }
    if name.len() > MAX_KEY_BYTES {
        return Err(syntax(source, line.start, "a key of more than 4 KiB"));
    }
    Ok((name.to_owned(), line.start + after + 1))
}

/// A value as it stands.
pub(super) struct ReadValue {
    pub(super) value: Zeroizing<Vec<u8>>,
    /// With quotes.
    pub(super) outer: Range<usize>,
    /// Without.
    pub(super) inner: Range<usize>,
    /// Behind it, from its comment character.
    pub(super) comment: Option<Range<usize>>,
    /// Where the next line begins.
    pub(super) next: usize,
}

/// Reads a value that begins behind the delimiter. `None`: a quote is not closed.
pub(super) fn read_value(source: &[u8], at: usize) -> Option<ReadValue> {
    let next = line_end(source, at);
    let start = at + blanks(&source[at..next]);
    if start == next {
        let at = empty_value(source, at);
        return Some(ReadValue {
            value: Zeroizing::default(),
            outer: at.clone(),
            inner: at,
            comment: None,
            next,
        });
    }
    let line = &source[start..next];
    let quote: &[u8] = match line {
        [b'"', b'"', b'"', _, ..] => b"\"\"\"",
        [b'`', ..] => b"`",
        _ => return Some(plain_value(source, at, start, next)),
    };
    let inner = start + quote.len();
    let (close, next) = match rfind(&source[inner..next], quote) {
        Some(close) => (inner + close, next),
        None => closing_line(source, next, quote)?,
    };
    let after = close + quote.len();
    let comment = marker(source, after..next);
    // What stands behind the quote and is no comment is not part of anything: it goes when the value goes.
    let rest_end = comment.as_ref().map_or(next, |comment| comment.start);
    let outer = start..after + trim_end(&source[after..rest_end]).len();
    let value = Zeroizing::new(source[inner..close].to_vec());
    Some(ReadValue {
        value,
        outer,
        inner: inner..close,
        comment,
        next,
    })
}

/// The line that closes a value of several lines: offset of its last quote, and where the next line begins.
fn closing_line(source: &[u8], mut at: usize, quote: &[u8]) -> Option<(usize, usize)> {
    while at < source.len() {
        let next = line_end(source, at);
        if let Some(close) = rfind(&source[at..next], quote) {
            return Some((at + close, next));
        }
        at = next;
    }
    None
}

/// Where a value goes that is not there: one blank behind the delimiter is kept before it.
fn empty_value(source: &[u8], at: usize) -> Range<usize> {
    let at = at + usize::from(matches!(source.get(at), Some(b' ' | b'\t')));
    at..at
}

fn plain_value(source: &[u8], at: usize, start: usize, next: usize) -> ReadValue {
    let trimmed = trim_end(&source[start..next]);
    if let Some(first) = trimmed.strip_suffix(b"\\") {
        return continued_value(source, start, first, next);
    }
    let mark = trimmed.iter().position(|b| matches!(b, b'#' | b';'));
    let text = trim_end(&trimmed[..mark.unwrap_or(trimmed.len())]);
    let comment = mark.map(|mark| start + mark..next);
    let outer = if text.is_empty() {
        empty_value(source, at)
    } else {
        start..start + text.len()
    };
    let quoted = |quote: u8| {
        text.len() >= 2
            && text[0] == quote
            && text[1..].iter().position(|b| *b == quote) == Some(text.len() - 2)
    };
    let inner = if quoted(b'\'') || quoted(b'"') {
        outer.start + 1..outer.end - 1
    } else {
        outer.clone()
    };
    ReadValue {
        value: Zeroizing::new(source[inner.clone()].to_vec()),
        outer,
        inner,
        comment,
        next,
    }
}

/// Lines joined by a backslash at their ends; an empty line ends them, too.
fn continued_value(source: &[u8], start: usize, first: &[u8], next: usize) -> ReadValue {
    let mut value = Zeroizing::new(first.to_vec());
    let (mut at, mut end) = (next, start + first.len() + 1);
    loop {
        let line_start = at;
        at = line_end(source, at);
        let line = &source[line_start..at];
        let lead = blanks(line);
        let text = trim_end(&line[lead..]);
        if text.is_empty() {
            break;
        }
        end = line_start + lead + text.len();
        match text.strip_suffix(b"\\") {
            Some(text) => value.extend_from_slice(text),
            None => {
                value.extend_from_slice(text);
                break;
            }
        }
    }
    ReadValue {
        value,
        outer: start..end,
        inner: start..end,
        comment: None,
        next: at,
    }
}

/// The comment in a piece of a line, from its first `#` or `;`.
fn marker(source: &[u8], piece: Range<usize>) -> Option<Range<usize>> {
    let at = source[piece.clone()]
        .iter()
        .position(|b| matches!(b, b'#' | b';'))?;
    Some(piece.start + at..piece.end)
}

fn text(source: &[u8], range: Range<usize>, what: &str) -> Result<String, ReadError> {
    let text = std::str::from_utf8(&source[range.clone()]);
    text.map(str::to_owned)
        .map_err(|_| syntax(source, range.start, &format!("{what} is not UTF-8")))
}

/// Where the next line begins.
fn line_end(source: &[u8], at: usize) -> usize {
    source[at..]
        .iter()
        .position(|b| *b == b'\n')
        .map_or(source.len(), |end| at + end + 1)
}

/// Bytes of white space (also beyond ASCII, as in Go) at the start.
fn blanks(bytes: &[u8]) -> usize {
    match bytes.utf8_chunks().next() {
        Some(chunk) => chunk.valid().len() - chunk.valid().trim_start().len(),
        None => 0,
    }
}

/// Without white space at the end.
pub(super) fn trim_end(bytes: &[u8]) -> &[u8] {
    let tail = bytes
        .utf8_chunks()
        .last()
        .filter(|chunk| chunk.invalid().is_empty());
    match tail {
        Some(chunk) => &bytes[..bytes.len() - (chunk.valid().len() - chunk.valid().trim_end().len())],
        None => bytes,
    }
}

fn trim_blanks_end(bytes: &[u8]) -> &[u8] {
    let end = bytes
        .iter()
        .rposition(|b| !matches!(b, b' ' | b'\t'))
        .map_or(0, |last| last + 1);
    &bytes[..end]
}

fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).position(|window| window == needle)
}

fn rfind(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).rposition(|window| window == needle)
}
