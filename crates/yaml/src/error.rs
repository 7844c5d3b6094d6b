//! What can be wrong with a text or an edit: kind and place, never content.

use std::fmt;

use thiserror::Error;

/// A place in a text, both from 1, column in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// Why a text is not read. Display gives `line:column: what`.
#[derive(Debug, Error)]
#[error("{at}: {what}")]
pub struct SyntaxError {
    /// Where.
    pub at: Position,
    /// What, in words of ours: no byte of the text is in it.
    pub what: &'static str,
}

/// Why an edit cannot be made.
#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum EditError {
    /// Two patches touch the same bytes.
    #[error("two edits overlap at byte {at}")]
    Overlap {
        /// Start of the second patch.
        at: usize,
    },
    /// The node is not of a kind that this edit changes.
    #[error("node is {found}, expected {expected}")]
    WrongKind {
        /// What it is.
        found: &'static str,
        /// What it should be.
        expected: &'static str,
    },
}

/// Line and column of a byte of a text.
pub(crate) fn position_of(text: &str, byte: usize) -> Position {
    let mut byte = byte.min(text.len());
    while !text.is_char_boundary(byte) {
        byte -= 1;
    }
    let head = text.get(..byte).unwrap_or("");
    let (mut line, mut start) = (1, 0);
    for (at, &b) in head.as_bytes().iter().enumerate() {
        // CR LF is one line break: the LF counts.
        if b == b'\n' || (b == b'\r' && text.as_bytes().get(at + 1) != Some(&b'\n')) {
            line += 1;
            start = at + 1;
        }
    }
    let column = head
        .get(start..)
        .unwrap_or("")
        .chars()
        .filter(|&c| c != '\u{feff}')
        .count()
        + 1;
    Position { line, column }
}
