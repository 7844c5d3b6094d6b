//! A YAML stream cut at its `---` lines, so that one bad document does not hide the others.

use super::place::{Base, Cursor};

/// A part of a stream: its `---` line, if it has one, to the next one.
pub(super) struct Chunk<'t> {
    pub(super) text: &'t str,
    pub(super) base: Base,
    /// It begins with `---` (directives before it aside).
    marked: bool,
}

impl Chunk<'_> {
    /// Comments and blank lines before the first `---`: no document.
    pub(super) fn is_idle(&self) -> bool {
        !self.marked && lines(self.text).all(|(_, line)| is_idle(line))
    }
}

/// Cuts a stream into parts.
pub(super) fn chunks(text: &str) -> Vec<Chunk<'_>> {
    let mut cursor = Cursor::new(text, Base::START);
    let mut chunks = Vec::new();
    let (mut start, mut marked) = (0, false);
    // Directives belong to the document behind them. They may stand at the start and behind `...`.
    let (mut directives_fit, mut directives) = (true, None);
    for (at, line) in lines(text) {
        if is_marker(line) {
            let cut = directives.take().unwrap_or(at);
            if cut > start {
                let part = text.get(start..cut).unwrap_or("");
                chunks.push(Chunk {
                    text: part,
                    base: cursor.base(start),
                    marked,
                });
                start = cut;
            }
            marked = true;
            directives_fit = false;
        } else if line.trim_end() == "..." {
            directives_fit = true;
            directives = None;
        } else if line.starts_with('%') && directives_fit {
            directives.get_or_insert(at);
        } else if !is_idle(line) {
            directives_fit = false;
            directives = None;
        }
    }
    chunks.push(Chunk {
        text: text.get(start..).unwrap_or(""),
        base: cursor.base(start),
        marked,
    });
    chunks
}

/// The lines of a text with their first bytes, line breaks included.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split_inclusive('\n').map(move |line| {
        let start = at;
        at += line.len();
        (start, line)
    })
}

fn is_marker(line: &str) -> bool {
    let line = line.strip_prefix('\u{feff}').unwrap_or(line);
    line.strip_prefix("---")
        .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))
}

fn is_idle(line: &str) -> bool {
    let line = line.strip_prefix('\u{feff}').unwrap_or(line).trim();
    line.is_empty() || line.starts_with('#')
}
