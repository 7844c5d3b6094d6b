//! Small questions about lines of a text. Lines end in LF or CR LF.

use std::ops::Range;

use zeroize::Zeroizing;

/// Texts to be put in the place of ranges. The texts are wiped.
pub(super) type Patches = Vec<(Range<usize>, Zeroizing<String>)>;

/// Puts texts in the place of ranges; nothing if two of them overlap.
pub(super) fn patched(text: &str, mut patches: Patches) -> Option<Zeroizing<String>> {
    patches.sort_by_key(|(range, _)| (range.start, range.end));
    let added: usize = patches.iter().map(|(_, new)| new.len()).sum();
    let mut out = Zeroizing::new(String::with_capacity(text.len() + added));
    let mut at = 0;
    for (range, new) in &patches {
        out.push_str(text.get(at..range.start)?);
        out.push_str(new);
        at = range.end;
    }
    out.push_str(text.get(at..)?);
    Some(out)
}

/// First byte of the line of a place.
pub(super) fn line_start(text: &str, at: usize) -> usize {
    text.get(..at)
        .and_then(|head| head.rfind('\n'))
        .map_or(0, |found| found + 1)
}

/// First bytes of all lines.
pub(super) fn line_starts(text: &str) -> Vec<usize> {
    let breaks = text.bytes().enumerate().filter(|&(_, byte)| byte == b'\n');
    std::iter::once(0).chain(breaks.map(|(at, _)| at + 1)).collect()
}

/// First byte of the next line, or the end of the text.
pub(super) fn next_line(text: &str, at: usize) -> usize {
    let tail = text.get(at..).unwrap_or("");
    tail.find('\n').map_or(text.len(), |found| at + found + 1)
}

/// End of the line of a place, its line break excluded.
pub(super) fn line_end(text: &str, at: usize) -> usize {
    let line = text.get(at..next_line(text, at)).unwrap_or("");
    at + line.trim_end_matches(['\n', '\r']).len()
}

/// First place from `at` that is no space.
pub(super) fn skip_spaces(text: &str, at: usize) -> usize {
    let tail = text.as_bytes().get(at..).unwrap_or(&[]);
    at + tail.iter().take_while(|&&byte| byte == b' ').count()
}

/// Whether only spaces (and a byte order mark) stand in a range.
pub(super) fn only_spaces(text: &str, range: Range<usize>) -> bool {
    let slice = text.get(range).unwrap_or("x");
    slice
        .trim_start_matches('\u{feff}')
        .bytes()
        .all(|byte| byte == b' ')
}

/// Column of a place in characters, from 0; a byte order mark is no character.
pub(super) fn column(text: &str, at: usize) -> usize {
    let line = text.get(line_start(text, at)..at).unwrap_or("");
    line.chars().filter(|&c| c != '\u{feff}').count()
}

/// Whether whole lines hold nothing but blanks and comments.
pub(super) fn only_comments(text: &str, range: Range<usize>) -> bool {
    let lines = text.get(range).unwrap_or("");
    lines.lines().all(|line| {
        let line = line.trim();
        line.is_empty() || line.starts_with('#')
    })
}

/// Number of line breaks.
pub(super) fn count(text: &str) -> usize {
    text.bytes().filter(|&byte| byte == b'\n').count()
}

/// The line of a byte, from 1.
pub(super) fn line_of(text: &str, at: usize) -> usize {
    count(text.get(..at).unwrap_or("")) + 1
}

/// The line break that a text uses first.
pub(super) fn line_break(text: &str) -> &'static str {
    match text.find('\n') {
        Some(at) if text.get(..at).is_some_and(|head| head.ends_with('\r')) => "\r\n",
        _ => "\n",
    }
}
