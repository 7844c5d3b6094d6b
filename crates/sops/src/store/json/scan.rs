//! Reading JSON into a tree, without recursion and within a budget; and walking a text that was read before.

use std::ops::Range;

use crate::store::text::{MAX_DEPTH, MAX_KEY_BYTES, count, read_leaf, refuse_wide_text, syntax};
use crate::tree::{Branch, Element, Entry, Key, Node, Place};
use crate::{ReadError, Value};
use zeroize::Zeroizing;

/// Reads a whole text: one object, and nothing behind it (SOPS ignores what follows; it would stay in clear here).
///
/// Duplicate keys are kept. Bytes that are not UTF-8 and lone surrogates become U+FFFD. Numbers that fit a signed
/// 64-bit integer are integers, all others doubles.
///
/// # Errors
///
/// Line, column and what is wrong; nothing of the text.
pub(crate) fn read(source: &[u8]) -> Result<Vec<Branch>, ReadError> {
    refuse_wide_text(source)?;
    if source.starts_with(b"\xEF\xBB\xBF") {
        return Err(syntax(
            source,
            0,
            "a byte order mark is not allowed in JSON: remove the first three bytes",
        ));
    }
    let mut scan = Scan {
        source,
        at: 0,
        nodes: 0,
    };
    scan.blanks();
    if scan.peek() != Some(b'{') {
        return Err(scan.error("expected an object at the top"));
    }
    let Node::Mapping(entries) = scan.value()? else {
        return Err(scan.error("expected an object at the top"));
    };
    scan.blanks();
    if scan.at < source.len() {
        return Err(scan.error("text behind the object at the top"));
    }
    Ok(vec![Branch { entries }])
}

struct Scan<'s> {
    source: &'s [u8],
    at: usize,
    nodes: usize,
}

/// A collection whose end was not reached yet.
enum Open {
    Mapping(Vec<Entry>, Key),
    Sequence(Vec<Element>),
}

impl Scan<'_> {
    /// One value with all that is in it.
    fn value(&mut self) -> Result<Node, ReadError> {
        let mut stack: Vec<Open> = Vec::new();
        loop {
            self.blanks();
            count(&mut self.nodes, self.source, self.at)?;
            let mut done = match self.peek() {
                Some(b'{') => {
                    self.deeper(stack.len())?;
                    if self.closes(b'}') {
                        Node::Mapping(Vec::new())
                    } else {
                        stack.push(Open::Mapping(Vec::new(), self.key()?));
                        continue;
                    }
                }
                Some(b'[') => {
                    self.deeper(stack.len())?;
                    if self.closes(b']') {
                        Node::Sequence(Vec::new())
                    } else {
                        stack.push(Open::Sequence(Vec::new()));
                        continue;
                    }
                }
                _ => self.leaf()?,
            };
            loop {
                self.blanks();
                match stack.pop() {
                    None => return Ok(done),
                    Some(Open::Mapping(mut entries, key)) => {
                        entries.push(Entry::Pair(key, done));
                        if self.more(b'}')? {
                            stack.push(Open::Mapping(entries, self.key()?));
                            break;
                        }
                        done = Node::Mapping(entries);
                    }
                    Some(Open::Sequence(mut elements)) => {
                        elements.push(Element::Node(done));
                        if self.more(b']')? {
                            stack.push(Open::Sequence(elements));
                            break;
                        }
                        done = Node::Sequence(elements);
                    }
                }
            }
        }
    }

    fn deeper(&mut self, depth: usize) -> Result<(), ReadError> {
        if depth >= MAX_DEPTH {
            return Err(self.error("more than 200 levels"));
        }
        self.at += 1;
        self.blanks();
        Ok(())
    }

    fn closes(&mut self, bracket: u8) -> bool {
        let closes = self.peek() == Some(bracket);
        self.at += usize::from(closes);
        closes
    }

    /// Behind a value: true for a comma, false for the closing bracket.
    fn more(&mut self, bracket: u8) -> Result<bool, ReadError> {
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                self.blanks();
                Ok(true)
            }
            Some(byte) if byte == bracket => {
                self.at += 1;
                Ok(false)
            }
            None => Err(self.error("the file ends inside a value")),
            Some(_) => Err(self.error("expected a comma or a closing bracket")),
        }
    }

    fn key(&mut self) -> Result<Key, ReadError> {
        let at = self.at;
        if self.peek() != Some(b'"') {
            return Err(self.error(if self.peek().is_none() {
                "the file ends inside a value"
            } else {
                "expected a key in quotes"
            }));
        }
        let text = self.string()?;
        if text.len() > MAX_KEY_BYTES {
            return Err(syntax(self.source, at, "a key of more than 4 KiB"));
        }
        // Always UTF-8: `string` replaced what is not.
        let text = Zeroizing::new(String::from_utf8_lossy(&text).into_owned());
        self.blanks();
        if self.peek() != Some(b':') {
            return Err(self.error("expected a colon behind the key"));
        }
        self.at += 1;
        Ok(Key {
            text,
            is_string: true,
            at,
        })
    }

    fn leaf(&mut self) -> Result<Node, ReadError> {
        let start = self.at;
        let (value, spelling) = match self.peek() {
            None => return Err(self.error("the file ends inside a value")),
            Some(b'"') => (Value::Str(self.string()?), None),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(_) => (self.word()?, None),
        };
        let mut leaf = read_leaf(value, Place::Json(start..self.at));
        leaf.spelling = spelling;
        Ok(Node::Leaf(leaf))
    }

    fn word(&mut self) -> Result<Value, ReadError> {
        let rest = &self.source[self.at..];
        let words = [
            (&b"true"[..], Value::Bool(true)),
            (b"false", Value::Bool(false)),
            (b"null", Value::Null),
        ];
        for (word, value) in words {
            if rest.starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(self.error("expected a value"))
    }

    fn number(&mut self) -> Result<(Value, Option<Zeroizing<String>>), ReadError> {
        let length = number_length(&self.source[self.at..]).ok_or_else(|| self.error("not a number"))?;
        let literal = String::from_utf8_lossy(&self.source[self.at..self.at + length]).into_owned();
        let value =
            number_value(&literal).ok_or_else(|| self.error("a number beyond the range of a double"))?;
        self.at += length;
        let spelled = *value.canonical() != *literal.as_bytes();
        Ok((value, spelled.then(|| Zeroizing::new(literal))))
    }

    /// The text of a string, at its opening quote.
    fn string(&mut self) -> Result<Zeroizing<Vec<u8>>, ReadError> {
        self.at += 1;
        let rest = &self.source[self.at..];
        let length = rest
            .iter()
            .position(|b| matches!(b, b'"' | b'\\' | 0..=0x1F))
            .unwrap_or(rest.len());
        let mut text = Zeroizing::new(Vec::new());
        if rest.get(length) != Some(&b'"') {
            // The longest it can become: from here to the end of the literal.
            let end = string_end(self.source, self.at - 1).unwrap_or(self.at + length);
            text.reserve_exact((end - self.at) * 3);
        }
        loop {
            let rest = &self.source[self.at..];
            let length = rest
                .iter()
                .position(|b| matches!(b, b'"' | b'\\' | 0..=0x1F))
                .unwrap_or(rest.len());
            push_lossy(&mut text, &rest[..length]);
            self.at += length;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some(b'\\') => self.escape(&mut text)?,
                Some(_) => return Err(self.error("a control character inside a string")),
                None => return Err(self.error("the file ends inside a string")),
            }
        }
    }

    fn escape(&mut self, text: &mut Vec<u8>) -> Result<(), ReadError> {
        let byte = match self.source.get(self.at + 1) {
            Some(byte @ (b'"' | b'\\' | b'/')) => *byte,
            Some(b'b') => 8,
            Some(b'f') => 12,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'u') => {
                let c = self
                    .unicode_escape()
                    .ok_or_else(|| self.error("\\u is not followed by four hex digits"))?;
                text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                return Ok(());
            }
            Some(_) => return Err(self.error("an unknown escape in a string")),
            None => return Err(self.error("the file ends inside a string")),
        };
        text.push(byte);
        self.at += 2;
        Ok(())
    }

    /// One `\uXXXX`, or two that make a surrogate pair.
    fn unicode_escape(&mut self) -> Option<char> {
        let first = hex4(self.source, self.at)?;
        self.at += 6;
        if let Some(c) = char::from_u32(first) {
            return Some(c);
        }
        let second = hex4(self.source, self.at).filter(|low| (0xDC00..0xE000).contains(low));
        if let (0xD800..0xDC00, Some(low)) = (first, second) {
            self.at += 6;
            return char::from_u32(0x1_0000 + ((first - 0xD800) << 10) + (low - 0xDC00));
        }
        Some(char::REPLACEMENT_CHARACTER)
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.source.get(self.at).copied()
    }

    fn error(&self, what: &str) -> ReadError {
        syntax(self.source, self.at, what)
    }
}

/// The value of a number literal; `None` beyond the range of a double.
pub(super) fn number_value(literal: &str) -> Option<Value> {
    match literal.parse::<i64>() {
        Ok(int) => Some(Value::Int(int)),
        Err(_) => literal
            .parse()
            .ok()
            .filter(|float: &f64| float.is_finite())
            .map(Value::Float),
    }
}

/// How many bytes at the start are a JSON number; `None` if there is none.
pub(super) fn number_length(text: &[u8]) -> Option<usize> {
    let digits = |at: usize| {
        text.get(at..)
            .unwrap_or_default()
            .iter()
            .take_while(|b| b.is_ascii_digit())
            .count()
    };
    let start = usize::from(text.first() == Some(&b'-'));
    let mut at = match (text.get(start)?, digits(start)) {
        (_, 0) => return None,
        (b'0', _) => start + 1,
        (_, length) => start + length,
    };
    if text.get(at) == Some(&b'.') {
        at += match digits(at + 1) {
            0 => return None,
            length => length + 1,
        };
    }
    if matches!(text.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(text.get(at + 1), Some(b'+' | b'-')));
        at += match digits(at + 1 + sign) {
            0 => return None,
            length => 1 + sign + length,
        };
    }
    // `01` and `1x` are no numbers followed by something, but no numbers.
    let clean =
        !matches!(text.get(at), Some(b) if b.is_ascii_alphanumeric() || matches!(b, b'.' | b'+' | b'-'));
    clean.then_some(at)
}

fn hex4(source: &[u8], at: usize) -> Option<u32> {
    let digits = source.get(at..at + 6)?.strip_prefix(b"\\u")?;
    digits
        .iter()
        .try_fold(0, |sum, digit| Some(sum * 16 + char::from(*digit).to_digit(16)?))
}

/// Each byte that is not UTF-8 becomes a U+FFFD of its own, as in Go.
fn push_lossy(text: &mut Vec<u8>, bytes: &[u8]) {
    for chunk in bytes.utf8_chunks() {
        text.extend_from_slice(chunk.valid().as_bytes());
        for _ in chunk.invalid() {
            text.extend_from_slice("\u{FFFD}".as_bytes());
        }
    }
}

/// Offset of the closing quote of the string that begins at `at`.
fn string_end(source: &[u8], at: usize) -> Option<usize> {
    let mut at = at + 1;
    loop {
        match source.get(at)? {
            b'"' => return Some(at),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// A place in a text that was read without error.
pub(super) struct Cursor<'s> {
    source: &'s [u8],
    at: usize,
}

/// An entry of an object, or (without key) an element of an array.
pub(super) struct Item {
    /// From the key, if there is one.
    pub(super) start: usize,
    /// The key with its quotes; empty for an element.
    pub(super) key: Range<usize>,
    /// The value.
    pub(super) value: Range<usize>,
}

impl<'s> Cursor<'s> {
    pub(super) fn new(source: &'s [u8], at: usize) -> Self {
        Self { source, at }
    }

    /// The entry that begins here with its key.
    pub(super) fn entry(&mut self) -> Option<Item> {
        let key = self.at..string_end(self.source, self.at)? + 1;
        self.at = key.end;
        self.skip(b": \t\r\n");
        let value = self.value()?;
        Some(Item {
            start: key.start,
            key,
            value,
        })
    }

    /// Where the next item begins, if a comma follows; else here.
    pub(super) fn after_comma(mut self) -> usize {
        let here = self.at;
        self.skip(b" \t\r\n");
        if self.source.get(self.at) != Some(&b',') {
            return here;
        }
        self.skip(b", \t\r\n");
        self.at
    }

    /// The items of the collection that begins here.
    pub(super) fn items(mut self) -> Vec<Item> {
        let is_mapping = self.source.get(self.at) == Some(&b'{');
        let mut items = Vec::new();
        self.at += 1;
        loop {
            self.skip(b", \t\r\n");
            if matches!(self.source.get(self.at), None | Some(b'}' | b']')) {
                return items;
            }
            let start = self.at;
            let item = if is_mapping {
                self.entry()
            } else {
                self.value().map(|value| Item {
                    start,
                    key: start..start,
                    value,
                })
            };
            match item {
                Some(item) => items.push(item),
                None => return items,
            }
        }
    }

    /// The bytes of the value that begins here; the cursor stands behind it then.
    fn value(&mut self) -> Option<Range<usize>> {
        let start = self.at;
        let mut depth = 0usize;
        loop {
            match self.source.get(self.at)? {
                b'"' => self.at = string_end(self.source, self.at)? + 1,
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1)?;
                    self.at += 1;
                }
                b',' | b':' | b' ' | b'\t' | b'\r' | b'\n' => self.at += 1,
                _ => self.scalar(),
            }
            if depth == 0 {
                return Some(start..self.at);
            }
        }
    }

    fn scalar(&mut self) {
        let rest = &self.source[self.at..];
        let ends = |b: &u8| matches!(b, b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n');
        self.at += rest.iter().position(ends).unwrap_or(rest.len());
    }

    fn skip(&mut self, bytes: &[u8]) {
        while self.source.get(self.at).is_some_and(|b| bytes.contains(b)) {
            self.at += 1;
        }
    }
}
