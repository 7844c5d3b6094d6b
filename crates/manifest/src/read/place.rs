//! Places in a stream.

use ::yaml::{Budget, Position, Stream};

use super::{Format, split, yaml as reader};
use crate::Object;

/// Where a part of a stream begins in the whole.
#[derive(Clone, Copy)]
pub(super) struct Base {
    line: usize,
    column: usize,
}

impl Base {
    pub(super) const START: Self = Self { line: 1, column: 1 };

    /// The place of a byte of a text.
    pub(super) fn of(text: &str, byte: usize) -> Self {
        Cursor::new(text, Self::START).base(byte)
    }

    /// A place in the part as a place in the whole.
    pub(super) fn shift(self, inside: Position) -> Position {
        let column = if inside.line == 1 {
            inside.column + self.column - 1
        } else {
            inside.column
        };
        Position {
            line: inside.line + self.line - 1,
            column,
        }
    }

    /// The place of a part inside this one.
    pub(super) fn then(self, part: Self) -> Self {
        let Position { line, column } = self.shift(part.position());
        Self { line, column }
    }

    /// Where it begins itself.
    pub(super) fn position(self) -> Position {
        Position {
            line: self.line,
            column: self.column,
        }
    }
}

/// Positions of bytes in ascending order, in one pass over the text.
pub(super) struct Cursor<'t> {
    text: &'t str,
    base: Base,
    byte: usize,
    at: Position,
}

impl<'t> Cursor<'t> {
    pub(super) fn new(text: &'t str, base: Base) -> Self {
        Self {
            text,
            base,
            byte: 0,
            at: Position { line: 1, column: 1 },
        }
    }

    /// The same, as the start of a part.
    pub(super) fn base(&mut self, byte: usize) -> Base {
        let Position { line, column } = self.position(byte);
        Base { line, column }
    }

    /// Line and column of a byte; one before the last asked costs a new pass.
    pub(super) fn position(&mut self, byte: usize) -> Position {
        if byte < self.byte {
            *self = Self::new(self.text, self.base);
        }
        let mut chars = self.text.get(self.byte..).unwrap_or("").chars().peekable();
        while self.byte < byte {
            let Some(c) = chars.next() else { break };
            self.byte += c.len_utf8();
            match c {
                '\n' => {
                    self.at = Position {
                        line: self.at.line + 1,
                        column: 1,
                    }
                }
                // CR LF is one line break: the LF counts.
                '\r' if chars.peek() != Some(&'\n') => {
                    self.at = Position {
                        line: self.at.line + 1,
                        column: 1,
                    }
                }
                '\u{feff}' => {}
                _ => self.at.column += 1,
            }
        }
        self.base.shift(self.at)
    }
}

/// Where the value at a path stands, or the nearest one around it, by reading the document again: for messages about an
/// object that was read from these bytes. Names of a path are keys, or numbers from 0 in lists.
pub fn locate(bytes: &[u8], object: &Object, path: &[&str]) -> Option<Position> {
    let text = std::str::from_utf8(bytes).ok()?;
    let start = object.document_position();
    let (part, base) = match json_value(bytes, text, start) {
        Some(found) => found,
        None => {
            let line = byte_at(text, Position { column: 1, ..start })?;
            let chunk = split::chunks(text.get(line..)?)
                .into_iter()
                .find(|chunk| !chunk.is_idle())?;
            (
                chunk.text,
                Base {
                    line: start.line,
                    column: 1,
                }
                .then(chunk.base),
            )
        }
    };
    let budget = Budget {
        bytes: part.len(),
        ..Budget::default()
    };
    let stream = Stream::parse(part, &budget).ok()?;
    let root = stream.documents().first()?.root;
    let item = object.origin().item.map(|item| item.to_string());
    let around = item.iter().flat_map(|item| ["items", item.as_str()]);
    let names: Vec<&str> = around.chain(path.iter().copied()).collect();
    let found = reader::find(&stream, root, &names);
    Some(base.shift(stream.position(stream.node(found).span.start)))
}

/// The JSON value that begins at a place, if the stream is JSON and it is one.
fn json_value<'t>(bytes: &[u8], text: &'t str, start: Position) -> Option<(&'t str, Base)> {
    if Format::of(bytes) == Format::Yaml {
        return None;
    }
    let at = byte_at(text, start)?;
    let rest = text.get(at..)?;
    let mut values = serde_json::Deserializer::from_str(rest).into_iter::<serde_json::Value>();
    values.next()?.ok()?;
    Some((
        rest.get(..values.byte_offset())?,
        Base {
            line: start.line,
            column: start.column,
        },
    ))
}

/// The byte at a line and column.
fn byte_at(text: &str, wanted: Position) -> Option<usize> {
    let mut line = 1;
    let mut start = 0;
    let mut chars = text.char_indices().peekable();
    while line < wanted.line {
        let (at, c) = chars.next()?;
        let next = chars.peek().map(|(_, next)| *next);
        if c == '\n' || (c == '\r' && next != Some('\n')) {
            line += 1;
            start = at + 1;
        }
    }
    let mut rest = text
        .get(start..)?
        .char_indices()
        .filter(|(_, c)| *c != '\u{feff}');
    rest.nth(wanted.column - 1).map(|(at, _)| start + at)
}
