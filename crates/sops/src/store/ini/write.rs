//! Writing INI: one value so that it reads back, whole sections as SOPS lays them out.

use zeroize::Zeroizing;

use super::scan::read_value;
use super::{COMPLEX, DEFAULT, Place};
use crate::WriteError;
use crate::store::text::{below, unsupported};
use crate::tree::{Entry, Node};

/// The text of a value: between the quotes that stand at its place; else bare, or in the quotes that SOPS chooses. Only
/// what reads back is taken.
pub(super) fn value_text(
    source: &[u8],
    place: Option<&Place>,
    text: &[u8],
) -> Result<Zeroizing<Vec<u8>>, WriteError> {
    let tail = place.map_or(&b""[..], |place| {
        let rest = &source[place.range.end..];
        &rest[..rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len())]
    });
    let wrap = |before: &[u8], after: &[u8]| Zeroizing::new([before, text, after].concat());
    // What may stand behind the closing quote is not part of the value, and goes.
    let quote = place.map(|place| &source[place.range.start..place.inner.start]);
    let there = quote
        .filter(|quote| !quote.is_empty())
        .map(|quote| wrap(quote, quote));
    let has = |bytes: &[u8]| text.iter().any(|b| bytes.contains(b));
    let sops = if has(b"\n`") {
        wrap(b"\"\"\"", b"\"\"\"")
    } else if has(b"#;") {
        wrap(b"`", b"`")
    } else if text.trim_ascii().len() != text.len() {
        wrap(b"\"", b"\"")
    } else {
        wrap(b"", b"")
    };
    let others = [
        wrap(b"\"", b"\""),
        wrap(b"`", b"`"),
        wrap(b"'", b"'"),
        wrap(b"\"\"\"", b"\"\"\""),
    ];
    there
        .into_iter()
        .chain([sops])
        .chain(others)
        .find(|candidate| reads_back(candidate, tail, text))
        .ok_or_else(|| unsupported("a text that an INI value cannot hold"))
}

fn reads_back(candidate: &[u8], tail: &[u8], text: &[u8]) -> bool {
    let line = Zeroizing::new([candidate, tail, b"\n"].concat());
    read_value(&line, 0).is_some_and(|read| {
        // The comment behind the value must be the one that was there before, or none.
        let comment = read
            .comment
            .is_none_or(|comment| comment.start >= candidate.len());
        read.value.as_slice() == text && read.next == line.len() && comment
    })
}

/// A key, in backticks or three quotes where it would end too early.
pub(super) fn key_text(key: &str) -> Result<String, WriteError> {
    let text = if key.contains('`') {
        format!("\"\"\"{key}\"\"\"")
    } else if key.contains(['"', '=', ':']) {
        format!("`{key}`")
    } else {
        key.to_owned()
    };
    let line = format!("{text} = x\n");
    let read = super::sections(line.as_bytes())
        .ok()
        .and_then(|mut sections| sections.pop()?.keys.pop());
    match read {
        Some(item) if item.name == key && item.lines == (0..line.len()) => Ok(text),
        _ => Err(unsupported("a key that an INI file cannot hold")),
    }
}

/// A header line; a name that would end too early is refused.
pub(super) fn header_text(name: &str, line_break: &str) -> Result<String, WriteError> {
    let line = format!("[{name}]{line_break}");
    let read = super::sections(line.as_bytes())
        .ok()
        .and_then(|mut sections| sections.pop());
    match read {
        Some(section) if section.name == name => Ok(line),
        _ => Err(unsupported("a name that an INI section cannot have")),
    }
}

/// A section of plain texts.
pub(super) fn section_text(
    name: &str,
    pairs: &[(String, String)],
    line_break: &str,
) -> Result<String, WriteError> {
    let mut out = header_text(name, line_break)?;
    let width = pairs.iter().map(|(key, _)| key.len()).max().unwrap_or(0);
    for (key, text) in pairs {
        let value = value_text(b"", None, text.as_bytes()).map_err(|error| below(key, error))?;
        let value = String::from_utf8_lossy(&value).into_owned();
        out.push_str(&format!("{key:width$} = {value}{line_break}"));
    }
    Ok(out)
}

/// A section of a tree, with an empty line before it if it is not the first.
pub(super) fn push_section(
    out: &mut Vec<u8>,
    name: &str,
    entries: &[Entry],
    line_break: &str,
) -> Result<(), WriteError> {
    let is_default = name == DEFAULT && out.is_empty();
    if is_default && entries.is_empty() {
        return Ok(());
    }
    if !out.is_empty() {
        out.extend_from_slice(line_break.as_bytes());
    }
    let head = entries
        .iter()
        .take_while(|entry| matches!(entry, Entry::Comment(_)))
        .count();
    push_comments(out, &entries[..head], line_break);
    if !is_default {
        out.extend_from_slice(header_text(name, line_break)?.as_bytes());
    }
    let keys = entries.iter().filter_map(|entry| match entry {
        Entry::Pair(key, _) => Some(key_text(&key.text).map_err(|error| below(&key.text, error))),
        Entry::Comment(_) => None,
    });
    let keys: Vec<String> = keys.collect::<Result<_, _>>()?;
    let width = keys.iter().map(String::len).max().unwrap_or(0);
    let mut keys = keys.iter();
    let mut rest = &entries[head..];
    while let [Entry::Pair(key, node), after @ ..] = rest {
        let count = after
            .iter()
            .take_while(|entry| matches!(entry, Entry::Comment(_)))
            .count();
        push_comments(out, &after[..count], line_break);
        rest = &after[count..];
        let Node::Leaf(leaf) = node else {
            return Err(below(&key.text, unsupported(COMPLEX)));
        };
        let value =
            value_text(b"", None, &leaf.value.simple_text()).map_err(|error| below(&key.text, error))?;
        if let Some(text) = keys.next() {
            out.extend_from_slice(format!("{text:width$} = ").as_bytes());
            out.extend_from_slice(&value);
            out.extend_from_slice(line_break.as_bytes());
        }
    }
    Ok(())
}

/// Comment lines: those without a comment character get one.
fn push_comments(out: &mut Vec<u8>, comments: &[Entry], line_break: &str) {
    for comment in comments {
        let Entry::Comment(leaf) = comment else { continue };
        for line in leaf.value.simple_text().split(|b| *b == b'\n') {
            let line = line.trim_ascii();
            match line {
                [mark @ (b'#' | b';'), text @ ..] => {
                    out.extend_from_slice(&[*mark, b' ']);
                    out.extend_from_slice(text.trim_ascii());
                }
                _ => {
                    out.extend_from_slice(b"; ");
                    out.extend_from_slice(line);
                }
            }
            out.extend_from_slice(line_break.as_bytes());
        }
    }
}
