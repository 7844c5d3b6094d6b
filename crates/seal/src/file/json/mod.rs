//! JSON as it stands: values with their bytes. The text was read by `manifest` before; here only places are found.

pub(super) mod edit;
mod render;

use std::ops::Range;

use super::lines;

/// One value.
pub(super) struct Json {
    pub(super) span: Range<usize>,
    pub(super) kind: JsonKind,
}

/// What a value is.
pub(super) enum JsonKind {
    Object(Vec<Member>),
    Array(Vec<Json>),
    /// Text, number, boolean or null.
    Leaf,
}

/// One entry of an object.
pub(super) struct Member {
    /// The key with its quotes.
    pub(super) key: Range<usize>,
    pub(super) name: String,
    pub(super) value: Json,
}

/// The value that a document is, if it is JSON: alone, or behind a `---` line.
pub(super) fn document(text: &str) -> Option<Json> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim_start_matches('\u{feff}').trim();
        if !content.is_empty() && content != "---" && !content.starts_with('#') {
            break;
        }
        at += line.len();
    }
    at += usize::from(text.get(at..)?.starts_with('\u{feff}')) * '\u{feff}'.len_utf8();
    let mut scan = Scan { text, at };
    scan.blanks();
    if scan.peek() != Some(b'{') {
        return None;
    }
    let value = scan.value(0)?;
    text.get(scan.at..)?.trim().is_empty().then_some(value)
}

/// Where the values of a stream end, but for the last. `None` if they cannot be told apart.
pub(super) fn ends(text: &str) -> Option<Vec<usize>> {
    let mut ends = Vec::new();
    let at = usize::from(text.starts_with('\u{feff}')) * '\u{feff}'.len_utf8();
    let mut scan = Scan { text, at };
    loop {
        scan.blanks();
        if scan.at == text.len() {
            ends.pop();
            return Some(ends);
        }
        scan.value(0)?;
        // The line break behind a value is its own.
        let next = lines::next_line(text, scan.at);
        let rest = text.get(scan.at..next).unwrap_or("x");
        ends.push(if rest.trim().is_empty() { next } else { scan.at });
    }
}

struct Scan<'t> {
    text: &'t str,
    at: usize,
}

impl Scan<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn value(&mut self, depth: u16) -> Option<Json> {
        if depth > MAX_DEPTH {
            return None;
        }
        self.blanks();
        let start = self.at;
        let kind = match self.peek()? {
            b'{' => JsonKind::Object(self.members(depth)?),
            b'[' => JsonKind::Array(self.elements(depth)?),
            b'"' => {
                self.string()?;
                JsonKind::Leaf
            }
            _ => {
                let word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.');
                while self.peek().is_some_and(word) {
                    self.at += 1;
                }
                let text = self.text.get(start..self.at)?;
                serde_json::from_str::<serde_json::Value>(text).ok()?;
                JsonKind::Leaf
            }
        };
        Some(Json {
            span: start..self.at,
            kind,
        })
    }

    fn members(&mut self, depth: u16) -> Option<Vec<Member>> {
        let mut members = Vec::new();
        self.at += 1;
        self.blanks();
        if self.take(b'}') {
            return Some(members);
        }
        loop {
            self.blanks();
            let key = self.string()?;
            let name = serde_json::from_str(self.text.get(key.clone())?).ok()?;
            self.blanks();
            if !self.take(b':') {
                return None;
            }
            let value = self.value(depth + 1)?;
            members.push(Member { key, name, value });
            self.blanks();
            if self.take(b'}') {
                return Some(members);
            }
            if !self.take(b',') {
                return None;
            }
        }
    }

    fn elements(&mut self, depth: u16) -> Option<Vec<Json>> {
        let mut elements = Vec::new();
        self.at += 1;
        self.blanks();
        if self.take(b']') {
            return Some(elements);
        }
        loop {
            elements.push(self.value(depth + 1)?);
            self.blanks();
            if self.take(b']') {
                return Some(elements);
            }
            if !self.take(b',') {
                return None;
            }
        }
    }

    /// A text in quotes.
    fn string(&mut self) -> Option<Range<usize>> {
        let start = self.at;
        if !self.take(b'"') {
            return None;
        }
        loop {
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return Some(start..self.at);
                }
                b'\\' => self.at += 2,
                0..0x20 => return None,
                _ => self.at += 1,
            }
        }
    }
}

/// Levels of nesting: `manifest` refuses what is deeper before.
const MAX_DEPTH: u16 = 250;
