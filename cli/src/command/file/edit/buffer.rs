//! The text in the editor: what is wrong with it, told in comments at its top.
//!
//! ```text
//! # gitseal: line 8, column 4: …          ◄ the note, cut off again before the text is read
//! # gitseal: these lines are removed.
//! key: value                              ◄ the text
//! ```

use std::fmt;

use sops::{EncryptError, ReadError, Store, WriteError};
use zeroize::Zeroizing;

/// Why the text cannot become the new file. The person is shown it and edits again.
#[derive(Debug)]
pub struct Problem {
    /// Line in the text, from 1; `None` for the whole of it.
    line: Option<usize>,
    column: Option<usize>,
    what: String,
}

impl Problem {
    /// Something that concerns the text as a whole.
    pub fn whole(what: impl Into<String>) -> Self {
        Self {
            line: None,
            column: None,
            what: what.into(),
        }
    }

    /// Something in one line, from 1.
    pub fn at(line: usize, what: impl Into<String>) -> Self {
        Self {
            line: Some(line),
            column: None,
            what: what.into(),
        }
    }

    /// The same, for a text that stands so many lines lower.
    fn moved_down(&self, lines: usize) -> Self {
        Self {
            line: self.line.map(|line| line + lines),
            column: self.column,
            what: self.what.clone(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, self.column) {
            (Some(line), Some(column)) => write!(f, "line {line}, column {column}: {}", self.what),
            (Some(line), None) => write!(f, "line {line}: {}", self.what),
            (None, _) => f.write_str(&self.what),
        }
    }
}

impl std::error::Error for Problem {}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Syntax { line, column, what } => Self {
                line: Some(line),
                column: Some(column),
                what,
            },
            other => Self::whole(other.to_string()),
        }
    }
}

impl From<EncryptError> for Problem {
    fn from(error: EncryptError) -> Self {
        match error {
            EncryptError::NonStringKey { line } => Self::at(line, "a key is not a string: quote it"),
            EncryptError::Unsupported { line, path, what } => Self::at(line, format!("{path}: {what}")),
            EncryptError::AlreadyEncrypted => Self::whole(RESERVED),
            other => Self::whole(other.to_string()),
        }
    }
}

impl From<WriteError> for Problem {
    fn from(error: WriteError) -> Self {
        Self::whole(error.to_string())
    }
}

/// The comment character of a store; `None` if it has no comments.
fn comment(store: Store) -> Option<&'static str> {
    match store {
        Store::Dotenv | Store::Yaml => Some("#"),
        Store::Ini => Some(";"),
        Store::Binary | Store::Json => None,
    }
}

/// Whether a note can stand in the text.
pub(super) fn takes_notes(store: Store) -> bool {
    comment(store).is_some()
}

/// The text with the note above it. The lines that the note names are those of the result.
pub(super) fn with_note(store: Store, problem: &Problem, text: &[u8]) -> Zeroizing<Vec<u8>> {
    let Some(comment) = comment(store) else {
        return Zeroizing::new(text.to_vec());
    };
    let (mark, text) = split_mark(text);
    let problem = crate::ui::one_line(&problem.moved_down(NOTE_LINES).to_string());
    let note = format!("{comment}{SIGN}{problem}\n{comment}{SIGN}{ADVICE}\n");
    Zeroizing::new([mark, note.as_bytes(), text].concat())
}

/// The text without the note above it, whatever the editor did to its lines.
pub(super) fn without_note(store: Store, text: &[u8]) -> Zeroizing<Vec<u8>> {
    let Some(comment) = comment(store) else {
        return Zeroizing::new(text.to_vec());
    };
    let sign = format!("{comment}{SIGN}");
    let (mark, mut rest) = split_mark(text);
    while rest.starts_with(sign.as_bytes()) {
        let end = rest
            .iter()
            .position(|byte| *byte == b'\n')
            .map_or(rest.len(), |at| at + 1);
        rest = &rest[end..];
    }
    Zeroizing::new([mark, rest].concat())
}

/// The byte order mark, which must stay first, and the rest.
fn split_mark(text: &[u8]) -> (&[u8], &[u8]) {
    if text.starts_with(BYTE_ORDER_MARK) {
        text.split_at(BYTE_ORDER_MARK.len())
    } else {
        (&[], text)
    }
}

/// What is wrong with a text that has a sops block.
pub(super) const RESERVED: &str = "the key sops is reserved for the encryption: remove or rename it";

/// Lines of a note.
const NOTE_LINES: usize = 2;
/// Begins each line of a note, behind the comment character.
const SIGN: &str = " gitseal: ";
const ADVICE: &str = "correct it and save; these two lines are removed.";
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

#[cfg(test)]
mod tests {
    use super::*;

    fn problem() -> Problem {
        ReadError::Syntax {
            line: 2,
            column: 3,
            what: "a bracket is not closed".into(),
        }
        .into()
    }

    #[test]
    fn a_note_names_the_lines_that_the_editor_shows() {
        let text = with_note(Store::Yaml, &problem(), b"a: 1\nb: [\n");
        let text = std::str::from_utf8(&text).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "# gitseal: line 4, column 3: a bracket is not closed");
        assert_eq!(lines[3], "b: [");
    }

    #[test]
    fn notes_come_and_go_without_a_trace() {
        for (name, store, text) in [
            ("yaml", Store::Yaml, &b"# mine\na: [\n"[..]),
            ("byte order mark", Store::Yaml, b"\xef\xbb\xbfa: [\n"),
            ("ini", Store::Ini, b"; mine\n[a\n"),
            ("dotenv", Store::Dotenv, b"a\n"),
            ("json has no comments", Store::Json, b"{\n"),
            ("empty", Store::Yaml, b""),
        ] {
            let noted = with_note(store, &problem(), text);
            assert_eq!(*noted == text, !takes_notes(store), "case: {name}");
            assert_eq!(without_note(store, &noted).as_slice(), text, "case: {name}");
        }
    }

    #[test]
    fn an_editor_may_change_the_line_ends_of_a_note() {
        let noted = with_note(Store::Yaml, &problem(), b"a: [\n");
        let text = String::from_utf8(noted.to_vec()).unwrap().replace('\n', "\r\n");
        assert_eq!(without_note(Store::Yaml, text.as_bytes()).as_slice(), b"a: [\r\n");
        assert_eq!(
            without_note(Store::Yaml, b"# gitseal: no line break").as_slice(),
            b""
        );
    }
}
