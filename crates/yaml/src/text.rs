//! Small questions about places in a text. Offsets outside of it, or inside a character, find nothing.

use std::ops::Range;

/// The bytes of a range, or nothing if it is not one of the text.
pub(crate) fn slice(text: &str, range: Range<usize>) -> &str {
    text.get(range).unwrap_or("")
}

/// The byte at a place; zero behind the end.
pub(crate) fn byte(text: &str, at: usize) -> u8 {
    text.as_bytes().get(at).copied().unwrap_or(0)
}

/// Whether a byte ends a line.
pub(crate) fn is_break(byte: u8) -> bool {
    byte == b'\n' || byte == b'\r'
}

/// Whether a byte is a space or a tab.
pub(crate) fn is_space(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

/// Whether an indicator before this place would stand alone: white space or the end follows.
pub(crate) fn is_blank_or_end(text: &str, at: usize) -> bool {
    text.as_bytes()
        .get(at)
        .is_none_or(|&byte| is_space(byte) || is_break(byte))
}

/// First byte of the line of a place.
pub(crate) fn line_start(text: &str, at: usize) -> usize {
    let head = text.as_bytes().get(..at.min(text.len())).unwrap_or(&[]);
    head.iter()
        .rposition(|&byte| is_break(byte))
        .map_or(0, |found| found + 1)
}

/// End of the line of a place, its line break excluded.
pub(crate) fn line_end(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    let tail = text.as_bytes().get(at..).unwrap_or(&[]);
    tail.iter()
        .position(|&byte| is_break(byte))
        .map_or(text.len(), |found| at + found)
}

/// Length of the line break at a place: 0, 1, or 2 for CR LF.
pub(crate) fn break_len(text: &str, at: usize) -> usize {
    match (byte(text, at), byte(text, at + 1)) {
        (b'\r', b'\n') => 2,
        (b'\r' | b'\n', _) => 1,
        _ => 0,
    }
}

/// Start of the next line, or the end of the text.
pub(crate) fn next_line(text: &str, at: usize) -> usize {
    let end = line_end(text, at);
    end + break_len(text, end)
}

/// A place without the line break right before it.
pub(crate) fn before_break(text: &str, at: usize) -> usize {
    let head = slice(text, 0..at);
    head.strip_suffix("\r\n")
        .or_else(|| head.strip_suffix(['\n', '\r']))
        .map_or(at, str::len)
}

/// Column of a place in characters, from 0; a byte order mark is no character.
pub(crate) fn column(text: &str, at: usize) -> usize {
    slice(text, line_start(text, at)..at)
        .chars()
        .filter(|&c| c != '\u{feff}')
        .count()
}

/// Whether only spaces and tabs stand between two places.
pub(crate) fn only_spaces(text: &str, range: Range<usize>) -> bool {
    slice(text, range).bytes().all(is_space)
}

/// Whether no line break stands between two places.
pub(crate) fn same_line(text: &str, from: usize, to: usize) -> bool {
    !slice(text, from..to).bytes().any(is_break)
}

/// First place from `at` that is no space or tab.
pub(crate) fn skip_spaces(text: &str, at: usize) -> usize {
    let tail = text.as_bytes().get(at..).unwrap_or(&[]);
    at + tail.iter().take_while(|&&byte| is_space(byte)).count()
}

/// Skips white space, line breaks, byte order marks and comments.
pub(crate) fn skip_gap(text: &str, mut at: usize) -> usize {
    loop {
        at = skip_spaces(text, at);
        match byte(text, at) {
            b'\n' | b'\r' => at += 1,
            0xEF if slice(text, at..text.len()).starts_with('\u{feff}') => at += '\u{feff}'.len_utf8(),
            b'#' if begins_comment(text, at) => at = line_end(text, at),
            _ => return at,
        }
    }
}

/// Whether a `#` here stands behind white space, or first in the text.
fn begins_comment(text: &str, at: usize) -> bool {
    let head = slice(text, 0..at);
    let before = head.strip_prefix('\u{feff}').unwrap_or(head);
    before.is_empty() || before.ends_with([' ', '\t', '\n', '\r'])
}
